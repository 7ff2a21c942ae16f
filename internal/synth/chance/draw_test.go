package chance

import (
	"math"
	"testing"
)

// The stream must not change with the Go version or the machine: these are its first
// numbers.
func TestStreamIsFixed(t *testing.T) {
	d := New(1, ForPerson, 2)
	for i, want := range []uint64{12090931172905811885, 27365324379855220, 15896760763457740439} {
		if got := d.Uint64(); got != want {
			t.Errorf("number %d = %d, want %d", i, got, want)
		}
	}
}

func TestStreamsDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(20) {
		for purpose := ForHospital; purpose <= ForRecord; purpose++ {
			for which := range uint64(50) {
				n := New(seed, purpose, which).Uint64()
				if seen[n] {
					t.Fatalf("streams %d/%d/%d and another one begin alike", seed, purpose, which)
				}
				seen[n] = true
			}
		}
	}
}

func TestExpAndLnAgreeWithPackageMath(t *testing.T) {
	for x := -30.0; x < 30; x += .0317 {
		if got, want := Exp(x), math.Exp(x); math.Abs(got-want) > 4e-15*want {
			t.Errorf("Exp(%v) = %v, want %v", x, got, want)
		}
	}
	for x := 1e-9; x < 1e6; x *= 1.017 {
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 4e-15*math.Max(1, math.Abs(want)) {
			t.Errorf("ln(%v) = %v, want %v", x, got, want)
		}
	}
}

// The means of the distributions, within five standard errors.
func TestDistributions(t *testing.T) {
	const n = 40_000
	d := New(3, ForPerson, 0)
	for _, c := range []struct {
		name     string
		draw     func() float64
		mean, sd float64
	}{
		{"unit", d.Unit, .5, math.Sqrt(1. / 12)},
		{"normal", d.Normal, 0, 1},
		{"exponential", func() float64 { return d.Exponential(7) }, 7, 7},
		{"poisson", func() float64 { return float64(d.Poisson(2.5)) }, 2.5, math.Sqrt(2.5)},
		{"log of lognormal", func() float64 { return math.Log(d.Lognormal(4, .5)) }, math.Log(4), .5},
		{"yes", func() float64 { return map[bool]float64{true: 1}[d.Yes(.2)] }, .2, .4},
		{"between", func() float64 { return float64(d.Between(3, 7)) }, 5, math.Sqrt(2)},
		{"weighted", func() float64 { return float64(d.Weighted([]int{1, 0, 3})) }, 1.5, math.Sqrt(.75)},
	} {
		sum, squares := 0.0, 0.0
		for range n {
			x := c.draw()
			sum, squares = sum+x, squares+x*x
		}
		mean := sum / n
		if sd := math.Sqrt(squares/n - mean*mean); math.Abs(mean-c.mean) > 5*c.sd/math.Sqrt(n) || math.Abs(sd-c.sd) > .03*c.sd {
			t.Errorf("%s: mean %v, standard deviation %v, want %v, %v", c.name, mean, sd, c.mean, c.sd)
		}
	}
}

func TestExpit(t *testing.T) {
	if got := Expit(0); got != .5 {
		t.Errorf("Expit(0) = %v, want 0.5", got)
	}
	if got := Expit(2) + Expit(-2); math.Abs(got-1) > 1e-15 {
		t.Errorf("Expit(2) + Expit(-2) = %v, want 1", got)
	}
}
