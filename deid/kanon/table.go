package kanon

import (
	"errors"
	"fmt"
	"math/bits"
)

// A Hierarchy is the levels of generalization of one column.
type Hierarchy struct {
	leaf   map[string]int
	values [][]string  // by level, by leaf
	codes  [][]uint32  // by level, by leaf: a number for the value
	share  [][]float64 // by level, by leaf: the share of leaves the value stands for
	bits   int         // that the numbers of any level need
}

// NewHierarchy reads a hierarchy: a row for each leaf, with its value at every level,
// the leaf itself first.
func NewHierarchy(rows [][]string) (*Hierarchy, error) {
	if len(rows) == 0 || len(rows[0]) == 0 {
		return nil, errors.New("kanon: a hierarchy needs a row for each value")
	}
	h := &Hierarchy{leaf: map[string]int{}}
	levels := len(rows[0])
	for i, row := range rows {
		if len(row) != levels {
			return nil, fmt.Errorf("kanon: row %d of the hierarchy has %d levels, the first has %d", i+1, len(row), levels)
		}
		if _, twice := h.leaf[row[0]]; twice {
			return nil, fmt.Errorf("kanon: row %d of the hierarchy has a value that stands in a row before", i+1)
		}
		h.leaf[row[0]] = i
	}
	for l := range levels {
		number := map[string]uint32{}
		count := map[string]int{}
		var values []string
		var codes []uint32
		for _, row := range rows {
			v := row[l]
			if _, ok := number[v]; !ok {
				number[v] = uint32(len(number))
			}
			count[v]++
			values, codes = append(values, v), append(codes, number[v])
		}
		shares := make([]float64, len(rows))
		for i, v := range values {
			shares[i] = float64(count[v]) / float64(len(rows))
		}
		if l > 0 {
			for i := range rows {
				for j := range rows[:i] {
					if h.codes[l-1][i] == h.codes[l-1][j] && codes[i] != codes[j] {
						return nil, fmt.Errorf("kanon: rows %d and %d of the hierarchy agree at level %d and part again at level %d", j+1, i+1, l-1, l)
					}
				}
			}
		}
		h.values, h.codes, h.share = append(h.values, values), append(h.codes, codes), append(h.share, shares)
		h.bits = max(h.bits, bits.Len(uint(len(number)-1)))
	}
	return h, nil
}

// Levels is the number of levels.
func (h *Hierarchy) Levels() int { return len(h.values) }

// A Table is rows of quasi-identifiers, and perhaps a sensitive value for each.
type Table struct {
	hierarchies []*Hierarchy
	rows        int
	tuple       []int32 // by row: its distinct tuple
	leaves      [][]int // by tuple: its leaves
	weight      []int32 // by tuple: its rows
	sensitive   []int32 // by tuple: its sensitive value
	values      []string
	loss        [][][]float64 // by column, level, tuple: the scaled loss of its value
	total       [][]float64   // by column, level: the loss of all rows
	key         [][][]uint64  // by column, level, tuple: its value's number, in its place of the key
}

// NewTable makes a table of rows, whose columns have the hierarchies in order. Sensitive
// is nil or has a value for each row. Errors name the row and column and no value.
func NewTable(hierarchies []*Hierarchy, rows [][]string, sensitive []string) (*Table, error) {
	t := &Table{hierarchies: hierarchies, rows: len(rows)}
	total := 0
	for _, h := range hierarchies {
		total += h.bits
	}
	if total > 64 {
		return nil, fmt.Errorf("kanon: the columns need %d bits together, more than 64; generalize the largest before", total)
	}
	if sensitive != nil && len(sensitive) != len(rows) {
		return nil, errors.New("kanon: there must be a sensitive value for each row")
	}
	index := map[string]int32{}
	numbers := map[string]int32{}
	var id []byte
	for r, row := range rows {
		if len(row) != len(hierarchies) {
			return nil, fmt.Errorf("kanon: row %d has %d columns, there are %d hierarchies", r+1, len(row), len(hierarchies))
		}
		id = id[:0]
		leaves := make([]int, len(row))
		for c, v := range row {
			leaf, ok := hierarchies[c].leaf[v]
			if !ok {
				return nil, fmt.Errorf("kanon: row %d, column %d: the value is not in its hierarchy", r+1, c+1)
			}
			leaves[c] = leaf
			id = append(id, byte(leaf), byte(leaf>>8), byte(leaf>>16))
		}
		s := int32(0)
		if sensitive != nil {
			n, ok := numbers[sensitive[r]]
			if !ok {
				n = int32(len(numbers))
				numbers[sensitive[r]] = n
				t.values = append(t.values, sensitive[r])
			}
			s = n
			id = append(id, byte(s), byte(s>>8), byte(s>>16))
		}
		i, ok := index[string(id)]
		if !ok {
			i = int32(len(t.leaves))
			index[string(id)] = i
			t.leaves, t.weight, t.sensitive = append(t.leaves, leaves), append(t.weight, 0), append(t.sensitive, s)
		}
		t.weight[i]++
		t.tuple = append(t.tuple, i)
	}
	t.prepare()
	return t, nil
}

// prepare computes, for every column and level, the loss and key of each tuple.
func (t *Table) prepare() {
	shift := 0
	for c, h := range t.hierarchies {
		loss, key, total := make([][]float64, h.Levels()), make([][]uint64, h.Levels()), make([]float64, h.Levels())
		n := float64(len(h.leaf))
		for l := range h.Levels() {
			loss[l], key[l] = make([]float64, len(t.leaves)), make([]uint64, len(t.leaves))
			for i, leaves := range t.leaves {
				leaf := leaves[c]
				key[l][i] = uint64(h.codes[l][leaf]) << shift
				if n > 1 {
					loss[l][i] = (h.share[l][leaf] - 1/n) / (1 - 1/n)
					total[l] += loss[l][i] * float64(t.weight[i])
				}
			}
		}
		t.loss, t.key, t.total = append(t.loss, loss), append(t.key, key), append(t.total, total)
		shift += h.bits
	}
}

// Rows is the number of rows.
func (t *Table) Rows() int { return t.rows }
