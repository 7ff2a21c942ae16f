// Package unique finds the small groups of people whom a few of their characteristics
// tell apart although every identifier is gone, and treats them (DEI-4).
//
// A group is rare if fewer than k rows share the values of some columns. It is special if
// that is so for as few columns as possible: no part of the combination is rare already
// (special uniques; Elliot, Manning, Ford, "A computational algorithm for handling the
// special uniques problem", International Journal of Uncertainty, Fuzziness and
// Knowledge-Based Systems 10, 2002). An inherited disease in a village is special; the
// same person's height beside it adds nothing. k-anonymity asks that the combination of
// all quasi-identifiers be frequent, and so destroys wide tables; this asks it of every
// combination of a few, which is what somebody may know of a neighbour, over any columns,
// clinical ones included.
//
// Treating withholds cells, those of the columns that the caller would rather do
// without, until no rare combination is left. A withheld cell takes part in none.
package unique

import (
	"context"
	"errors"
	"slices"
)

// Withheld stands in a cell whose value is not published.
const Withheld = "*"

// A Search says what is rare.
type Search struct {
	K    int // rows that share a combination; fewer are rare
	Size int // columns in a combination, at most; 1 to 4
}

// A Group is the special combinations over some columns.
type Group struct {
	Columns []int `json:"columns"`
	Groups  int   `json:"groups"` // different combinations of values
	Rows    int   `json:"rows"`   // that they tell apart
	Single  int   `json:"single"` // of those, that stand alone
}

// A Table is cells by row and column. All rows have the same number of columns.
type Table struct {
	cells [][]int32 // by column, row: a number for the value; -1 withheld
	rows  int
}

// MaxRows and MaxColumns bound what is searched, for memory: a search keeps four bytes for
// each cell and one bit for each row and combination of columns.
const (
	MaxRows    = 20_000_000
	MaxColumns = 24
)

// NewTable numbers the cells of rows.
func NewTable(rows [][]string) (*Table, error) {
	if len(rows) == 0 || len(rows[0]) == 0 {
		return nil, errors.New("unique: the table is empty")
	}
	if len(rows) > MaxRows || len(rows[0]) > MaxColumns {
		return nil, errors.New("unique: at most 24 columns and 20 million rows are searched; leave out columns that nobody could know")
	}
	t := &Table{rows: len(rows), cells: make([][]int32, len(rows[0]))}
	for c := range t.cells {
		number := map[string]int32{}
		t.cells[c] = make([]int32, len(rows))
		for r, row := range rows {
			if len(row) != len(t.cells) {
				return nil, errors.New("unique: the rows have different numbers of columns")
			}
			if row[c] == Withheld || row[c] == "" {
				t.cells[c][r] = -1
				continue
			}
			n, ok := number[row[c]]
			if !ok {
				n = int32(len(number))
				number[row[c]] = n
			}
			t.cells[c][r] = n
		}
	}
	return t, nil
}

func (s Search) check() error {
	if s.K < 2 || s.Size < 1 || s.Size > 4 {
		return errors.New("unique: k is at least 2, and combinations are of 1 to 4 columns")
	}
	return nil
}

// Find returns the special combinations, those of the fewest columns first.
func (t *Table) Find(ctx context.Context, s Search) ([]Group, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var out []Group
	err := t.search(ctx, s, func(columns []int, rare []int32, sizes map[[4]int32]int) {
		g := Group{Columns: slices.Clone(columns)}
		seen := map[[4]int32]bool{}
		for _, r := range rare {
			key := t.key(columns, r)
			g.Rows++
			if sizes[key] == 1 {
				g.Single++
			}
			seen[key] = true
		}
		g.Groups = len(seen)
		out = append(out, g)
	})
	return out, err
}

// search calls found with the rows of each set of columns that hold a special
// combination.
func (t *Table) search(ctx context.Context, s Search, found func(columns []int, rare []int32, sizes map[[4]int32]int)) error {
	marks := map[uint32][]uint64{} // by set of columns: the rows that are rare in it, or in a part of it
	for size := 1; size <= min(s.Size, len(t.cells)); size++ {
		for _, columns := range combinations(len(t.cells), size) {
			if err := ctx.Err(); err != nil {
				return err
			}
			set := uint32(0)
			for _, c := range columns {
				set |= 1 << c
			}
			below := make([]uint64, (t.rows+63)/64) // rare in a part already
			if size > 1 {
				for _, c := range columns {
					for i, w := range marks[set&^(1<<c)] {
						below[i] |= w
					}
				}
			}
			sizes := map[[4]int32]int{}
			for r := range int32(t.rows) {
				if t.complete(columns, r) {
					sizes[t.key(columns, r)]++
				}
			}
			var rare []int32
			for r := range int32(t.rows) {
				if !t.complete(columns, r) || sizes[t.key(columns, r)] >= s.K {
					continue
				}
				if below[r/64]>>(r%64)&1 == 0 {
					rare = append(rare, r)
				}
			}
			if len(rare) > 0 {
				found(columns, rare, sizes)
			}
			if size < s.Size {
				for _, r := range rare {
					below[r/64] |= 1 << (r % 64)
				}
				marks[set] = below
			}
		}
	}
	return nil
}

func (t *Table) complete(columns []int, r int32) bool {
	for _, c := range columns {
		if t.cells[c][r] < 0 {
			return false
		}
	}
	return true
}

func (t *Table) key(columns []int, r int32) [4]int32 {
	var k [4]int32
	for i, c := range columns {
		k[i] = t.cells[c][r]
	}
	return k
}

// A Cell is a place of the table.
type Cell struct{ Row, Column int }

// Treat withholds cells until no rare combination is left, and returns which. Order
// lists columns in the order in which they may be withheld, the one that is needed
// least first; only those are. It is an error if that does not suffice.
func (t *Table) Treat(ctx context.Context, s Search, order []int) ([]Cell, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	rank := map[int]int{}
	for i, c := range order {
		if c < 0 || c >= len(t.cells) {
			return nil, errors.New("unique: a column that may be withheld is not in the table")
		}
		rank[c] = i
	}
	var out []Cell
	for { // withholding a cell may leave too few of the others
		withhold := map[Cell]bool{}
		stuck := 0
		err := t.search(ctx, s, func(columns []int, rare []int32, _ map[[4]int32]int) {
			best := -1
			for _, c := range columns {
				if i, may := rank[c]; may && (best < 0 || i < rank[best]) {
					best = c
				}
			}
			if best < 0 {
				stuck += len(rare)
				return
			}
			for _, r := range rare {
				withhold[Cell{int(r), best}] = true
			}
		})
		switch {
		case err != nil:
			return nil, err
		case stuck > 0:
			return nil, ErrStuck
		case len(withhold) == 0:
			slices.SortFunc(out, func(a, b Cell) int {
				if a.Row != b.Row {
					return a.Row - b.Row
				}
				return a.Column - b.Column
			})
			return out, nil
		}
		for c := range withhold {
			t.cells[c.Column][c.Row] = -1
			out = append(out, c)
		}
	}
}

// ErrStuck is the error when rare combinations consist of columns only that may not be
// withheld.
var ErrStuck = errors.New("unique: small groups are left that consist of columns only that may not be withheld; allow one of them, or leave those rows out")

// combinations lists the sets of size columns among n, in order.
func combinations(n, size int) [][]int {
	var out [][]int
	set := make([]int, size)
	for i := range set {
		set[i] = i
	}
	for {
		out = append(out, slices.Clone(set))
		i := size - 1
		for i >= 0 && set[i] == n-size+i {
			i--
		}
		if i < 0 {
			return out
		}
		set[i]++
		for j := i + 1; j < size; j++ {
			set[j] = set[j-1] + 1
		}
	}
}
