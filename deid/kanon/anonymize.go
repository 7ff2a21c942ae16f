package kanon

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A Goal says what the result must be.
type Goal struct {
	K        int     // rows that every class must have; at least 2
	Models   []Model // what else every class must satisfy
	Suppress float64 // the share of rows that may be suppressed, 0 to 1; Optimal only
	// Progress is told from time to time how many of the combinations of levels were
	// visited; the search may end before the last. It may be nil.
	Progress func(visited, all int)
}

// tick looks at the context and tells the progress, every 64 combinations.
func (g Goal) tick(ctx context.Context, visited, all int) error {
	if visited%64 != 0 {
		return nil
	}
	if g.Progress != nil {
		g.Progress(visited, all)
	}
	return ctx.Err()
}

// A Result is an anonymized table.
type Result struct {
	Levels     []int   // by column: the level of every row, for Optimal; nil for Sweep
	Suppressed int     // rows
	Classes    int     // of the rows that are released
	Smallest   int     // rows of the smallest class
	Utility    float64 // one minus the mean loss; 1 is the input
	table      *Table
	combos     [][]int // by tuple: the levels of its values, nil if suppressed
}

// ErrNone is the error when no combination of levels reaches the goal.
var ErrNone = errors.New("kanon: no combination of levels reaches the goal; allow more suppression, or a smaller k")

func (t *Table) check(g Goal) error {
	switch {
	case g.K < 2:
		return errors.New("kanon: k must be at least 2")
	case g.Suppress < 0 || g.Suppress > 1:
		return errors.New("kanon: the share to suppress lies between 0 and 1")
	case len(g.Models) > 0 && len(t.values) == 0:
		return errors.New("kanon: the model speaks of sensitive values, and the table has none")
	case t.rows == 0 || len(t.hierarchies) == 0:
		return errors.New("kanon: the table is empty")
	}
	return nil
}

// Optimal returns the combination of levels with the least loss that reaches the goal.
// Generalizing further never suppresses more rows, so the combinations that reach the
// goal are those above a border of the lattice. Where few do, they are all visited from
// the top; where many do, combinations are visited in the order of a bound on their
// loss, until the bound passes the best loss found.
func (t *Table) Optimal(ctx context.Context, g Goal) (Result, error) {
	if err := t.check(g); err != nil {
		return Result{}, err
	}
	e := t.engine(g.K, g.Models)
	nodes := e.lattice()
	limit := int(g.Suppress*float64(t.rows) + 1e-9)
	best, found := node{}, false
	least := 0.0
	try := func(n node) bool {
		suppressed, loss := e.evaluate(n.levels, limit)
		if suppressed > limit {
			return false
		}
		if !found || loss < least {
			best, least, found = n, loss, true
		}
		return true
	}
	if e.few(nodes, limit) {
		if err := e.fromTop(ctx, g, try); err != nil {
			return Result{}, err
		}
	} else {
		for i, n := range nodes {
			if found && n.bound >= least {
				break
			}
			if err := g.tick(ctx, i, len(nodes)); err != nil {
				return Result{}, err
			}
			try(n)
		}
	}
	if !found {
		return Result{}, ErrNone
	}
	e.group(best.levels, nil)
	e.judge(nil)
	combos := make([][]int, len(t.leaves))
	for i, s := range e.slot {
		if e.released(s) {
			combos[i] = best.levels
		}
	}
	r := t.result(combos)
	r.Levels = best.levels
	return r, nil
}

// probes is how many combinations are tried to tell how many reach the goal.
const probes = 60

// few reports whether few combinations reach the goal.
func (e *engine) few(nodes []node, limit int) bool {
	pass := 0
	for i := range probes {
		if s, _ := e.evaluate(nodes[(2*i+1)*len(nodes)/(2*probes)].levels, -1); s <= limit {
			pass++
		}
	}
	return pass*6 < probes
}

// fromTop visits all combinations that reach the goal, from the most general down.
func (e *engine) fromTop(ctx context.Context, g Goal, try func(node) bool) error {
	top := make([]int, len(e.hierarchies))
	place := make([]int, len(top)) // of a column in the number of a combination
	size := 1
	for c, h := range e.hierarchies {
		top[c] = h.Levels() - 1
		place[c] = size
		size *= h.Levels()
	}
	seen := make([]bool, size)
	number := func(levels []int) int {
		n := 0
		for c, l := range levels {
			n += l * place[c]
		}
		return n
	}
	queue := [][]int{top}
	seen[number(top)] = true
	for visited := 0; len(queue) > 0; visited++ {
		levels := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if err := g.tick(ctx, visited, size); err != nil {
			return err
		}
		if !try(node{levels: levels}) {
			continue
		}
		for c, l := range levels {
			if l == 0 {
				continue
			}
			below := slices.Clone(levels)
			below[c]--
			if n := number(below); !seen[n] {
				seen[n] = true
				queue = append(queue, below)
			}
		}
	}
	return nil
}

// Sweep recodes locally: it visits the combinations of levels from the least general,
// and releases at each the classes that reach the goal among the rows that are left.
// Rows that are left at the end are suppressed.
func (t *Table) Sweep(ctx context.Context, g Goal) (Result, error) {
	if err := t.check(g); err != nil {
		return Result{}, err
	}
	e := t.engine(g.K, g.Models)
	nodes := e.lattice()
	slices.SortStableFunc(nodes, func(a, b node) int {
		switch {
		case a.mean < b.mean:
			return -1
		case a.mean > b.mean:
			return 1
		}
		return 0
	})
	combos := make([][]int, len(t.leaves))
	left := make([]int32, len(t.leaves))
	for i := range left {
		left[i] = int32(i)
	}
	for i, n := range nodes {
		if err := g.tick(ctx, i, len(nodes)); err != nil {
			return Result{}, err
		}
		if len(left) == 0 {
			break
		}
		e.group(n.levels, left)
		e.judge(left)
		stay := left[:0]
		for _, i := range left {
			if e.released(e.slot[i]) {
				combos[i] = n.levels
			} else {
				stay = append(stay, i)
			}
		}
		left = stay
	}
	return t.result(combos), nil
}

// result sums up what combos does to the table.
func (t *Table) result(combos [][]int) Result {
	r := Result{table: t, combos: combos}
	classes := map[string]int{}
	var id []byte
	loss := 0.0
	for i, levels := range combos {
		w := int(t.weight[i])
		if levels == nil {
			r.Suppressed += w
			loss += float64(w * len(t.hierarchies))
			continue
		}
		id = id[:0]
		for c, l := range levels {
			loss += float64(w) * t.loss[c][l][i]
			id = append(append(id, t.hierarchies[c].values[l][t.leaves[i][c]]...), 0)
		}
		classes[string(id)] += w
	}
	r.Classes = len(classes)
	for _, n := range classes {
		if r.Smallest == 0 || n < r.Smallest {
			r.Smallest = n
		}
	}
	r.Utility = 1 - loss/float64(t.rows*len(t.hierarchies))
	return r
}

// SuppressedRow reports whether the i-th row is suppressed.
func (r Result) SuppressedRow(i int) bool { return r.combos[r.table.tuple[i]] == nil }

// Row appends the values of the i-th row to out, "*" for each value of a suppressed
// row.
func (r Result) Row(out []string, i int) []string {
	tuple := r.table.tuple[i]
	levels := r.combos[tuple]
	for c, h := range r.table.hierarchies {
		if levels == nil {
			out = append(out, "*")
		} else {
			out = append(out, h.values[levels[c]][r.table.leaves[tuple][c]])
		}
	}
	return out
}

// String sums the result up.
func (r Result) String() string {
	return fmt.Sprintf("%d classes, the smallest of %d rows, %d rows suppressed, utility %.4f", r.Classes, r.Smallest, r.Suppressed, r.Utility)
}
