package kanon

import (
	"math"
	"slices"
)

// An engine evaluates combinations of levels over the distinct tuples of a table.
type engine struct {
	*Table
	k      int
	models []Model
	keys   []uint64 // by tuple, of the combination evaluated last
	slot   []int32  // by tuple: its class, a slot of the hash table
	hkey   []uint64
	count  []int32  // by slot: rows
	stamp  []uint32 // by slot: when it was used last
	now    uint32
	used   []int32 // slots in use
	shift  uint
	hist   []int32 // by slot and sensitive value
	whole  []int32
	fits   []bool // by slot
}

func (t *Table) engine(k int, models []Model) *engine {
	size := 16
	shift := uint(60)
	for size < 2*len(t.leaves) {
		size *= 2
		shift--
	}
	e := &engine{Table: t, k: k, models: models, keys: make([]uint64, len(t.leaves)), slot: make([]int32, len(t.leaves)),
		hkey: make([]uint64, size), count: make([]int32, size), stamp: make([]uint32, size), shift: shift}
	if len(models) > 0 {
		e.hist, e.fits = make([]int32, size*len(t.values)), make([]bool, size)
		e.whole = make([]int32, len(t.values))
		for i, s := range t.sensitive {
			e.whole[s] += t.weight[i]
		}
	}
	return e
}

// group puts the tuples into the classes of a combination of levels.
func (e *engine) group(levels []int, tuples []int32) {
	if tuples == nil {
		copy(e.keys, e.key[0][levels[0]])
		for c := 1; c < len(levels); c++ {
			column := e.key[c][levels[c]]
			for i := range e.keys {
				e.keys[i] |= column[i]
			}
		}
	} else {
		for c := range levels {
			column := e.key[c][levels[c]]
			if c == 0 {
				for _, i := range tuples {
					e.keys[i] = column[i]
				}
				continue
			}
			for _, i := range tuples {
				e.keys[i] |= column[i]
			}
		}
	}
	e.now++
	e.used = e.used[:0]
	if tuples == nil {
		for i := range e.keys {
			e.enter(int32(i))
		}
	} else {
		for _, i := range tuples {
			e.enter(i)
		}
	}
}

// enter puts tuple i into its class.
func (e *engine) enter(i int32) {
	key := e.keys[i]
	mask := int32(len(e.hkey) - 1)
	s := int32(key * 0x9E3779B97F4A7C15 >> e.shift)
	for {
		if e.stamp[s] != e.now {
			e.stamp[s], e.hkey[s], e.count[s] = e.now, key, e.weight[i]
			e.used = append(e.used, s)
			break
		}
		if e.hkey[s] == key {
			e.count[s] += e.weight[i]
			break
		}
		s = (s + 1) & mask
	}
	e.slot[i] = s
}

// judge decides about every class in use.
func (e *engine) judge(tuples []int32) {
	if len(e.models) == 0 {
		return
	}
	n := len(e.values)
	for _, s := range e.used {
		clear(e.hist[int(s)*n : int(s)*n+n])
	}
	if tuples == nil {
		for i := range e.slot {
			e.hist[int(e.slot[i])*n+int(e.sensitive[i])] += e.weight[i]
		}
	} else {
		for _, i := range tuples {
			e.hist[int(e.slot[i])*n+int(e.sensitive[i])] += e.weight[i]
		}
	}
	for _, s := range e.used {
		ok := int(e.count[s]) >= e.k
		for _, m := range e.models {
			ok = ok && m.Satisfied(e.hist[int(s)*n:int(s)*n+n], e.whole, int(e.count[s]), e.rows)
		}
		e.fits[s] = ok
	}
}

// released reports whether the class in a slot may be released.
func (e *engine) released(s int32) bool {
	if len(e.models) > 0 {
		return e.fits[s]
	}
	return int(e.count[s]) >= e.k
}

// evaluate returns how many rows a combination suppresses, and its loss if they are not
// more than limit.
func (e *engine) evaluate(levels []int, limit int) (suppressed int, loss float64) {
	e.group(levels, nil)
	e.judge(nil)
	for _, s := range e.used {
		if !e.released(s) {
			suppressed += int(e.count[s])
		}
	}
	if suppressed > limit {
		return suppressed, 0
	}
	column := make([]float64, len(levels))
	for c, l := range levels {
		column[c] = e.total[c][l]
	}
	if suppressed > 0 {
		for i, s := range e.slot {
			if !e.released(s) {
				w := float64(e.weight[i])
				for c, l := range levels {
					column[c] += w * (1 - e.loss[c][l][i])
				}
			}
		}
	}
	return suppressed, e.aggregate(column)
}

// aggregate is ARX's Loss of the sums of loss by column.
func (e *engine) aggregate(column []float64) float64 {
	product := 1.0
	for _, v := range column {
		product *= v/float64(e.rows) + 1
	}
	return math.Pow(product, 1/float64(len(column))) - 1
}

// A node is a combination of levels with a bound from below on its loss: that without
// any suppression.
type node struct {
	levels []int
	bound  float64
	mean   float64 // the mean over columns
}

// lattice lists all combinations in the order of their bounds.
func (e *engine) lattice() []node {
	var nodes []node
	levels := make([]int, len(e.hierarchies))
	column := make([]float64, len(levels))
	for {
		mean := 0.0
		for c, l := range levels {
			column[c] = e.total[c][l]
			mean += column[c]
		}
		nodes = append(nodes, node{slices.Clone(levels), e.aggregate(column), mean})
		c := 0
		for c < len(levels) {
			if levels[c]++; levels[c] < e.hierarchies[c].Levels() {
				break
			}
			levels[c] = 0
			c++
		}
		if c == len(levels) {
			break
		}
	}
	slices.SortStableFunc(nodes, func(a, b node) int {
		switch {
		case a.bound < b.bound:
			return -1
		case a.bound > b.bound:
			return 1
		}
		return 0
	})
	return nodes
}
