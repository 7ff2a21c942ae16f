package unique

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// village is forty people of whom one has a rare disease, and two, each alone, live in a
// village and are of a faith that many others have too.
func village() [][]string {
	var rows [][]string
	for i := range 40 {
		rows = append(rows, []string{fmt.Sprint("town ", i%2), []string{"F", "M"}[i/2%2], "common"})
	}
	rows[7][2] = "rare"
	return rows
}

func TestFind(t *testing.T) {
	rows := village()
	rows[9][0] = "hamlet"
	rows[9][1], rows[13][0] = "F", "hamlet"
	rows[13][1] = "M"
	table, err := NewTable(rows)
	if err != nil {
		t.Fatal(err)
	}
	got, err := table.Find(context.Background(), Search{K: 2, Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	// The disease alone is rare, so that its combinations are not special; of the hamlet
	// only with the sex.
	want := []Group{{Columns: []int{2}, Groups: 1, Rows: 1, Single: 1}, {Columns: []int{0, 1}, Groups: 2, Rows: 2, Single: 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTreat(t *testing.T) {
	rows := village()
	table, err := NewTable(rows)
	if err != nil {
		t.Fatal(err)
	}
	s := Search{K: 5, Size: 3}
	if _, err := table.Treat(context.Background(), s, []int{0, 1}); !errors.Is(err, ErrStuck) {
		t.Errorf("a rare disease that may not be withheld: %v", err)
	}
	if table, err = NewTable(rows); err != nil {
		t.Fatal(err)
	}
	cells, err := table.Treat(context.Background(), s, []int{0, 1, 2})
	if err != nil || cmp.Diff([]Cell{{7, 2}}, cells) != "" {
		t.Errorf("withheld %v, %v; want the disease alone", cells, err)
	}
}

// After treating nothing rare is left, by a count that shares no code with the search.
func TestNothingRareIsLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "rows")
		var rows [][]string
		for range n {
			rows = append(rows, []string{fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "a")), fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "b")), fmt.Sprint(rapid.IntRange(0, 2).Draw(t, "c"))})
		}
		k := rapid.IntRange(2, 5).Draw(t, "k")
		table, err := NewTable(rows)
		if err != nil {
			t.Fatal(err)
		}
		cells, err := table.Treat(context.Background(), Search{K: k, Size: 3}, []int{1, 0, 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cells {
			if rows[c.Row][c.Column] == Withheld {
				t.Fatal("a cell is withheld twice")
			}
			rows[c.Row][c.Column] = Withheld
		}
		for set := 1; set < 8; set++ {
			for _, a := range rows {
				same, whole := 0, true
				for c := range 3 {
					whole = whole && (set>>c&1 == 0 || a[c] != Withheld)
				}
				for _, b := range rows {
					equal := true
					for c := range 3 {
						equal = equal && (set>>c&1 == 0 || a[c] == b[c])
					}
					if equal {
						same++
					}
				}
				if whole && same < k {
					t.Fatalf("columns %b: %d rows share %v", set, same, a)
				}
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	table, err := NewTable(village())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []Search{{1, 2}, {5, 0}, {5, 5}} {
		if _, err := table.Find(context.Background(), s); err == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
	if _, err := table.Treat(context.Background(), Search{5, 2}, []int{3}); err == nil {
		t.Error("a column that is not there may be withheld")
	}
	for _, rows := range [][][]string{nil, {{}}, {{"a"}, {"a", "b"}}, {make([]string, MaxColumns+1)}} {
		if _, err := NewTable(rows); err == nil {
			t.Errorf("a table of %d rows is accepted", len(rows))
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := table.Find(ctx, Search{2, 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancelling: %v", err)
	}
}
