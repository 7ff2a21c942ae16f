package kanon

import (
	"fmt"
	"math"
	"sort"
)

// A Model says what a class must satisfy beyond its size.
type Model interface {
	// Satisfied reports whether a class satisfies the model: histogram counts its rows by
	// sensitive value, whole those of the table.
	Satisfied(histogram, whole []int32, size, rows int) bool
	// Monotone reports whether a union of satisfying classes always satisfies.
	Monotone() bool
}

// Distinct asks for L different sensitive values in a class.
type Distinct struct{ L int }

// Satisfied counts the values.
func (d Distinct) Satisfied(histogram, _ []int32, _, _ int) bool {
	n := 0
	for _, c := range histogram {
		if c > 0 {
			n++
		}
	}
	return n >= d.L
}

// Monotone reports true.
func (Distinct) Monotone() bool { return true }

// Entropy asks for an entropy of the sensitive values of at least log L.
type Entropy struct{ L float64 }

// Satisfied compares the entropy.
func (e Entropy) Satisfied(histogram, _ []int32, size, _ int) bool {
	h := 0.0
	for _, c := range histogram {
		if c > 0 {
			p := float64(c) / float64(size)
			h -= p * math.Log(p)
		}
	}
	return h >= math.Log(e.L)-1e-12
}

// Monotone reports true.
func (Entropy) Monotone() bool { return true }

// Recursive is recursive (c,l)-diversity: the most frequent sensitive value stands in
// fewer rows than C times those of the L-th and all rarer together.
type Recursive struct {
	C float64
	L int
}

// Satisfied compares the frequencies.
func (r Recursive) Satisfied(histogram, _ []int32, _, _ int) bool {
	var counts []int
	for _, c := range histogram {
		if c > 0 {
			counts = append(counts, int(c))
		}
	}
	if len(counts) < r.L {
		return false
	}
	sort.Sort(sort.Reverse(sort.IntSlice(counts)))
	tail := 0
	for _, c := range counts[r.L-1:] {
		tail += c
	}
	return float64(counts[0]) < r.C*float64(tail)
}

// Monotone reports true.
func (Recursive) Monotone() bool { return true }

// Closeness is t-closeness: the earth mover's distance between the sensitive values of
// a class and of the table is at most T. Ground says how far two values are apart.
type Closeness struct {
	T      float64
	Ground Ground
}

// A Ground is the distance between sensitive values.
type Ground interface {
	// Distance is the earth mover's distance between two distributions.
	Distance(p, q []float64) float64
}

// Satisfied compares the distance.
func (c Closeness) Satisfied(histogram, whole []int32, size, rows int) bool {
	p, q := make([]float64, len(whole)), make([]float64, len(whole))
	for i := range whole {
		p[i] = float64(histogram[i]) / float64(size)
		q[i] = float64(whole[i]) / float64(rows)
	}
	return c.Ground.Distance(p, q) <= c.T
}

// Monotone reports true: the distance is convex.
func (Closeness) Monotone() bool { return true }

// Equal is the ground in which all different values are equally far apart.
type Equal struct{}

// Distance is half the sum of the differences.
func (Equal) Distance(p, q []float64) float64 {
	d := 0.0
	for i := range p {
		d += math.Abs(p[i] - q[i])
	}
	return d / 2
}

// Ordered is the ground of values in an order, such as ages.
type Ordered struct {
	Order []int // the numbers of the values, as the table counts them, in their order
}

// Distance is the mean of the cumulated differences.
func (o Ordered) Distance(p, q []float64) float64 {
	d, sum := 0.0, 0.0
	for _, i := range o.Order {
		sum += p[i] - q[i]
		d += math.Abs(sum)
	}
	if len(o.Order) > 1 {
		d /= float64(len(o.Order) - 1)
	}
	return d
}

// Tree is the ground of values in a hierarchy: two are as far apart as the level at
// which they meet, divided by the number of levels above the leaves (Li et al. 2007,
// section 5).
type Tree struct {
	levels [][]int // by level: the group of each sensitive value
}

// NewTree returns the ground of a hierarchy for the sensitive values of a table.
func (t *Table) NewTree(h *Hierarchy) (Tree, error) {
	var tree Tree
	for l := range h.Levels() {
		groups := make([]int, len(t.values))
		for i, v := range t.values {
			leaf, ok := h.leaf[v]
			if !ok {
				return Tree{}, fmt.Errorf("kanon: sensitive value number %d is not in its hierarchy", i+1)
			}
			groups[i] = int(h.codes[l][leaf])
		}
		tree.levels = append(tree.levels, groups)
	}
	return tree, nil
}

// Distance moves what is left over at each level up to the next.
func (t Tree) Distance(p, q []float64) float64 {
	extra := make([]float64, len(p)) // by group of the level
	for i := range p {
		extra[i] = p[i] - q[i]
	}
	group := func(l, i int) int { return t.levels[l][i] }
	// At the leaves every value is its own group.
	at := make(map[int]float64, len(p))
	for i := range p {
		at[group(0, i)] += extra[i]
	}
	height := len(t.levels) - 1
	d := 0.0
	for l := 1; l <= height; l++ {
		plus, minus, net := map[int]float64{}, map[int]float64{}, map[int]float64{}
		done := map[int]bool{}
		for i := range p {
			low, high := group(l-1, i), group(l, i)
			if done[low] {
				continue
			}
			done[low] = true
			if e := at[low]; e > 0 {
				plus[high] += e
			} else {
				minus[high] -= e
			}
			net[high] += at[low]
		}
		for high, a := range plus {
			d += float64(l) / float64(height) * min(a, minus[high])
		}
		at = net
	}
	return d
}
