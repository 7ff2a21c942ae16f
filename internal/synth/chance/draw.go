// Package chance draws pseudo-random numbers that are the same on every machine.
package chance

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// A Draw is a stream of pseudo-random numbers. Every person, hospital and
// unit-month has its own, keyed by the seed and by what it is for, so that any of
// them can be made again alone and in any order.
//
// Only PCG's raw output is used, which the Go 1 promise fixes; the distributions
// are ours, in arithmetic that rounds the same on every machine: products are
// converted before they are added, so that no compiler fuses them, and exp and
// log are our own because the ones of package math differ by architecture.
type Draw struct{ pcg *rand.PCG }

// The purposes a stream can be keyed by.
const (
	ForHospital uint64 = iota + 1
	ForEffects
	ForPerson
	ForUnit
	ForTokens
	ForRecord
)

// New returns the stream of a seed for a purpose; which tells streams of one purpose
// apart.
func New(seed, purpose, which uint64) *Draw {
	a := Mix(seed ^ Mix(purpose))
	return &Draw{rand.NewPCG(a, Mix(a^Mix(which+0x9e3779b97f4a7c15)))}
}

// Mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func Mix(z uint64) uint64 {
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// Uint64 returns 64 random bits.
func (d *Draw) Uint64() uint64 { return d.pcg.Uint64() }

// Below returns a number in [0, n). The bias of n in 2^64 does not matter here.
func (d *Draw) Below(n int) int {
	hi, _ := bits.Mul64(d.pcg.Uint64(), uint64(n))
	return int(hi)
}

// Between returns a number in [lo, hi], both included.
func (d *Draw) Between(lo, hi int) int { return lo + d.Below(hi-lo+1) }

// Unit returns a number in [0, 1).
func (d *Draw) Unit() float64 { return float64(d.pcg.Uint64()>>11) / (1 << 53) }

// Yes is true with probability p.
func (d *Draw) Yes(p float64) bool { return d.Unit() < p }

// Normal returns an approximately standard normal number: the sum of twelve
// uniform ones (Irwin and Hall), which never leaves [-6, 6].
func (d *Draw) Normal() float64 {
	sum := -6.0
	for range 12 {
		sum += d.Unit()
	}
	return sum
}

// Exponential returns a waiting time with the given mean.
func (d *Draw) Exponential(mean float64) float64 { return float64(-ln(1-d.Unit()) * mean) }

// Lognormal returns a positive number around the median with the given spread on
// the log scale.
func (d *Draw) Lognormal(median, spread float64) float64 {
	return float64(median * Exp(float64(d.Normal()*spread)))
}

// Poisson returns a count with the given mean (Knuth's method: the means here are
// Below twenty).
func (d *Draw) Poisson(mean float64) int {
	limit, product := Exp(-mean), d.Unit()
	n := 0
	for product > limit && n < 1000 {
		product *= d.Unit()
		n++
	}
	return n
}

// Pick returns one of the values, all as likely.
func Pick[T any](d *Draw, from []T) T { return from[d.Below(len(from))] }

// Weighted returns an index of weights with probability in proportion to it.
func (d *Draw) Weighted(weights []int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	n := d.Below(total)
	for i, w := range weights {
		if n < w {
			return i
		}
		n -= w
	}
	return len(weights) - 1
}

// Expit turns log-odds into a probability.
func Expit(x float64) float64 { return 1 / (1 + Exp(-x)) }

// Exp is e to the x for |x| < 700.
func Exp(x float64) float64 {
	k := math.Floor(x/math.Ln2 + 0.5)
	r := x - float64(k*math.Ln2)
	sum, term := 1.0, 1.0
	for n := 1; n < 20; n++ {
		term = float64(term*r) / float64(n)
		sum += term
	}
	return math.Ldexp(sum, int(k))
}

// ln is the natural logarithm of x > 0, by the series of artanh.
func ln(x float64) float64 {
	f, e := math.Frexp(x)
	s := (f - 1) / (f + 1)
	square, power, sum := float64(s*s), s, 0.0
	for n := 1; n < 45; n += 2 {
		sum += power / float64(n)
		power *= square
	}
	return float64(2*sum) + float64(float64(e)*math.Ln2)
}
