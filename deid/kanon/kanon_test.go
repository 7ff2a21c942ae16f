package kanon

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func twoColumns(t testing.TB) []*Hierarchy {
	t.Helper()
	age, err := NewHierarchy([][]string{{"31", "30-39", "*"}, {"35", "30-39", "*"}, {"42", "40-49", "*"}, {"47", "40-49", "*"}})
	if err != nil {
		t.Fatal(err)
	}
	sex, err := NewHierarchy([][]string{{"F", "*"}, {"M", "*"}})
	if err != nil {
		t.Fatal(err)
	}
	return []*Hierarchy{age, sex}
}

func TestHierarchyIsChecked(t *testing.T) {
	for name, rows := range map[string][][]string{
		"no rows":                nil,
		"a shorter row":          {{"a", "*"}, {"b"}},
		"a value twice":          {{"a", "*"}, {"a", "*"}},
		"groups that part again": {{"a", "x", "1"}, {"b", "x", "2"}},
	} {
		if _, err := NewHierarchy(rows); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTableIsChecked(t *testing.T) {
	hs := twoColumns(t)
	for name, rows := range map[string][][]string{
		"a value that is not in the hierarchy": {{"Secret77x", "F"}},
		"a row that is too short":              {{"31"}},
	} {
		if _, err := NewTable(hs, rows, nil); err == nil || strings.Contains(err.Error(), "Secret77x") {
			t.Errorf("%s: %v", name, err)
		}
	}
	table, err := NewTable(hs, [][]string{{"31", "F"}, {"42", "M"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, g := range map[string]Goal{"k of one": {K: 1}, "suppression over one": {K: 2, Suppress: 2}, "a model without sensitive values": {K: 2, Models: []Model{Distinct{2}}}} {
		if _, err := table.Optimal(context.Background(), g); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := table.Optimal(context.Background(), Goal{K: 3}); !errors.Is(err, ErrNone) {
		t.Errorf("three of two rows: %v, want ErrNone", err)
	}
}

// What a person would do by hand.
func TestByHand(t *testing.T) {
	rows := [][]string{{"31", "F"}, {"35", "F"}, {"42", "M"}, {"47", "M"}, {"47", "F"}}
	table, err := NewTable(twoColumns(t), rows, []string{"flu", "flu", "flu", "asthma", "flu"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := table.Optimal(context.Background(), Goal{K: 2})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range rows {
		got = append(got, strings.Join(r.Row(nil, i), " "))
	}
	// Giving up age altogether costs less than giving up sex and half of age.
	if want := "* F|* F|* M|* M|* F"; strings.Join(got, "|") != want {
		t.Errorf("k=2: %v, want %s", got, want)
	}
	if r.Classes != 2 || r.Smallest != 2 || r.Suppressed != 0 {
		t.Errorf("k=2: %v", r)
	}
	// Nobody in the thirties has anything but flu.
	r, err = table.Optimal(context.Background(), Goal{K: 2, Models: []Model{Distinct{2}}, Suppress: .5})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(r.Row(nil, 0), " "); got != "* *" || r.Suppressed != 2 {
		t.Errorf("2-diversity: the first row is %q, %d suppressed", got, r.Suppressed)
	}
}

// Whatever the table, the published classes have k rows or are suppressed, no more is
// suppressed than allowed, and local recoding loses no more than global.
func TestGoalIsReached(t *testing.T) {
	hs := twoColumns(t)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "n")
		rows := make([][]string, n)
		sick := make([]string, n)
		for i := range rows {
			rows[i] = []string{rapid.SampledFrom([]string{"31", "35", "42", "47"}).Draw(t, "age"), rapid.SampledFrom([]string{"F", "M"}).Draw(t, "sex")}
			sick[i] = rapid.SampledFrom([]string{"flu", "asthma", "none"}).Draw(t, "sick")
		}
		table, err := NewTable(hs, rows, sick)
		if err != nil {
			t.Fatal(err)
		}
		g := Goal{K: rapid.IntRange(2, 5).Draw(t, "k"), Suppress: rapid.SampledFrom([]float64{0, .2, 1}).Draw(t, "suppress")}
		if rapid.Bool().Draw(t, "diverse") {
			g.Models = []Model{Distinct{2}}
		}
		optimal, err := table.Optimal(context.Background(), g)
		if errors.Is(err, ErrNone) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		local, err := table.Sweep(context.Background(), g)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []Result{optimal, local} {
			classes := map[string]map[string]int{}
			for i := range rows {
				key := strings.Join(r.Row(nil, i), ";")
				if classes[key] == nil {
					classes[key] = map[string]int{}
				}
				classes[key][sick[i]]++
			}
			for key, values := range classes {
				size := 0
				for _, c := range values {
					size += c
				}
				if key == "*;*" && r.Suppressed > 0 {
					continue
				}
				if size < g.K || len(g.Models) > 0 && len(values) < 2 {
					t.Fatalf("class %s has %d rows and %d values", key, size, len(values))
				}
			}
		}
		if float64(optimal.Suppressed) > g.Suppress*float64(n)+1e-9 {
			t.Fatalf("%d of %d rows suppressed", optimal.Suppressed, n)
		}
	})
}

func TestModels(t *testing.T) {
	whole := []int32{50, 30, 20}
	for _, tt := range []struct {
		name      string
		m         Model
		histogram []int32
		want      bool
	}{
		{"two values", Distinct{2}, []int32{1, 0, 1}, true},
		{"one value", Distinct{2}, []int32{5, 0, 0}, false},
		{"even", Entropy{3}, []int32{2, 2, 2}, true},
		{"uneven", Entropy{3}, []int32{3, 2, 2}, false},
		{"4 < 2 (1+1)? no", Recursive{2, 2}, []int32{4, 1, 1}, false},
		{"3 < 2 (1+1)", Recursive{2, 2}, []int32{3, 1, 1}, true},
		{"as the table", Closeness{0, Equal{}}, []int32{5, 3, 2}, true},
		{"all of one kind", Closeness{.49, Equal{}}, []int32{10, 0, 0}, false},
		{"half away", Closeness{.51, Equal{}}, []int32{10, 0, 0}, true},
		{"ordered: .5 then .2 over two steps", Closeness{.351, Ordered{[]int{0, 1, 2}}}, []int32{10, 0, 0}, true},
		{"ordered, below", Closeness{.349, Ordered{[]int{0, 1, 2}}}, []int32{10, 0, 0}, false},
	} {
		size := 0
		for _, c := range tt.histogram {
			size += int(c)
		}
		if got := tt.m.Satisfied(tt.histogram, whole, size, 100); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Values of one group are half as far apart as values of two.
func TestTreeDistance(t *testing.T) {
	h, err := NewHierarchy([][]string{{"a", "x", "*"}, {"b", "x", "*"}, {"c", "y", "*"}})
	if err != nil {
		t.Fatal(err)
	}
	table, err := NewTable(twoColumns(t), [][]string{{"31", "F"}, {"31", "F"}, {"31", "F"}}, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := table.NewTree(h)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		p, q []float64
		want float64
	}{
		{[]float64{1, 0, 0}, []float64{0, 1, 0}, .5},
		{[]float64{1, 0, 0}, []float64{0, 0, 1}, 1},
		{[]float64{1, 0, 0}, []float64{1, 0, 0}, 0},
		{[]float64{.5, .5, 0}, []float64{0, .5, .5}, .5},
	} {
		if got := tree.Distance(tt.p, tt.q); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("Distance(%v, %v) = %g, want %g", tt.p, tt.q, got, tt.want)
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	table, err := NewTable(twoColumns(t), [][]string{{"31", "F"}, {"31", "F"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Optimal(ctx, Goal{K: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("Optimal: %v", err)
	}
	if _, err := table.Sweep(ctx, Goal{K: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("Sweep: %v", err)
	}
}
