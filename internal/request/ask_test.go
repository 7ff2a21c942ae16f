package request

import (
	"slices"
	"strings"
	"testing"

	"chaperone.example/law"
	"chaperone.example/law/civil"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseDiagnoses(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
		ok   bool
	}{
		{"", nil, true},
		{"I50", []string{"I50"}, true},
		{"i50.2, E11.9;J44\n I50.2", []string{"I502", "E119", "J44"}, true},
		{"S72.001A", []string{"S72001A"}, true},
		{"I", nil, false},
		{"I5.0", nil, false},
		{"50I", nil, false},
		{"heart failure", nil, false},
		{"S72.001AB", nil, false},
		{strings.Repeat("I50,", 5000), []string{"I50"}, true},
	} {
		got, err := ParseDiagnoses(c.in)
		if (err == nil) != c.ok || !slices.Equal(got, c.want) {
			t.Errorf("ParseDiagnoses(%.20q) = %v, %v; want %v, ok %v", c.in, got, err, c.want, c.ok)
		}
		if err != nil && strings.Contains(err.Error(), "heart") {
			t.Errorf("the fault repeats what was sent: %v", err)
		}
	}
}

// FuzzParseDiagnoses: what is read is accepted by the check of an ask, and reading it
// again gives the same.
func FuzzParseDiagnoses(f *testing.F) {
	for _, s := range []string{"I50", "i50.2, E11.9", "S72.001A J44", "é50", "I50.", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseDiagnoses(s)
		if err != nil {
			return
		}
		if err := (Population{Diagnoses: got}).check(); err != nil {
			t.Errorf("ParseDiagnoses(%q) = %v, which the check refuses: %v", s, got, err)
		}
		again, err := ParseDiagnoses(strings.Join(got, ","))
		if err != nil || !slices.Equal(got, again) {
			t.Errorf("read again: %v, %v; want %v", again, err, got)
		}
	})
}

func TestNumbersPerson(t *testing.T) {
	for s, want := range map[string]bool{
		"Readmissions 2025":                     false,
		"from 2025-01-01 to 2025-12-31":         false,
		"the 48,120 stays of 2025":              false,
		"MRN 4471238":                           true,
		"078-05-1120":                           true,
		"call 6175550123":                       true,
		"617-555-0123":                          true,
		"20250101":                              true, // without dashes it may be anything
		"version 1-2-3":                         false,
		"Measure 0330 of the National Forum, 6": false,
	} {
		if got := numbersPerson(s); got != want {
			t.Errorf("numbersPerson(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestHull(t *testing.T) {
	day := func(y int) civil.Date { return civil.Of(y, 1, 1) }
	for _, c := range []struct {
		name string
		sets []Dataset
		want law.Window
	}{
		{"none", nil, law.Window{}},
		{"one", []Dataset{{Window: law.Window{From: day(2024), Until: day(2025)}}}, law.Window{From: day(2024), Until: day(2025)}},
		{"two", []Dataset{{Window: law.Window{From: day(2024), Until: day(2025)}}, {Window: law.Window{From: day(2022), Until: day(2023)}}}, law.Window{From: day(2022), Until: day(2025)}},
		{"one is open", []Dataset{{Window: law.Window{From: day(2024), Until: day(2025)}}, {}}, law.Window{}},
		{"open begin", []Dataset{{Window: law.Window{Until: day(2021)}}, {Window: law.Window{From: day(2024), Until: day(2025)}}}, law.Window{Until: day(2025)}},
	} {
		if got := hull(c.sets); got != c.want {
			t.Errorf("%s: hull = %v, want %v", c.name, got, c.want)
		}
	}
}

// The decision's lines are grouped without losing one, whatever they are.
func TestGroupsKeepEveryLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.Custom(func(t *rapid.T) law.Line {
			return law.Line{Element: rapid.StringMatching(`[a-z]{8}`).Draw(t, "element"), Treatment: rapid.SampledFrom([]law.Treatment{law.Kept, law.Transformed, law.Dropped}).Draw(t, "treatment"),
				Rule: rapid.SampledFrom([]string{"F01", "F05", "B07"}).Draw(t, "rule"), Reason: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "reason")}
		})
		d := law.Decision{Lines: rapid.SliceOf(line).Draw(t, "lines")}
		var back []law.Line
		last := -1
		order := map[law.Treatment]int{law.Kept: 0, law.Transformed: 1, law.Dropped: 2}
		for _, g := range Groups(d) {
			if order[g.Treatment] < last {
				t.Fatalf("%s stands after a later treatment", g.Treatment)
			}
			last = order[g.Treatment]
			for _, l := range g.Lines {
				if l.Treatment != g.Treatment || l.Rule != g.Rule || l.Reason != g.Reason {
					t.Fatalf("%+v is in the group of %s", l, g.Rule)
				}
			}
			back = append(back, g.Lines...)
		}
		by := func(a, b law.Line) int {
			return strings.Compare(a.Element+string(a.Treatment)+a.Rule+a.Reason, b.Element+string(b.Treatment)+b.Rule+b.Reason)
		}
		want := slices.Clone(d.Lines)
		slices.SortFunc(back, by)
		slices.SortFunc(want, by)
		if len(back) != len(want) || len(want) > 0 && !cmp.Equal(back, want) {
			t.Fatalf("lines differ: %v", cmp.Diff(want, back))
		}
	})
}

// Whoever is in the narrower population is in the wider one.
func TestCoversMeansContains(t *testing.T) {
	type patient struct {
		class Class
		age   int
		dx    string
	}
	in := func(p Population, x patient) bool {
		return (len(p.Classes) == 0 || slices.Contains(p.Classes, x.class)) && x.age >= p.MinAge && (p.MaxAge == nil || x.age <= *p.MaxAge) &&
			(len(p.Diagnoses) == 0 || slices.ContainsFunc(p.Diagnoses, func(d string) bool { return strings.HasPrefix(x.dx, d) }))
	}
	population := rapid.Custom(func(t *rapid.T) Population {
		p := Population{Classes: rapid.SliceOfNDistinct(rapid.SampledFrom(Classes()), 0, 4, rapid.ID[Class]).Draw(t, "classes"), MinAge: rapid.IntRange(0, 3).Draw(t, "min"),
			Diagnoses: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"I5", "I50", "I502", "E11"}), 0, 3, rapid.ID[string]).Draw(t, "dx")}
		if rapid.Bool().Draw(t, "limited") {
			top := rapid.IntRange(p.MinAge, 5).Draw(t, "max")
			p.MaxAge = &top
		}
		return p
	})
	rapid.Check(t, func(t *rapid.T) {
		wide, small := population.Draw(t, "wide"), population.Draw(t, "small")
		x := patient{rapid.SampledFrom(Classes()).Draw(t, "class"), rapid.IntRange(0, 6).Draw(t, "age"), rapid.SampledFrom([]string{"I501", "I5021", "I519", "E119", "J44"}).Draw(t, "code")}
		if wide.covers(small) && in(small, x) && !in(wide, x) {
			t.Fatalf("%+v covers %+v, but %+v is only in the second", wide, small, x)
		}
		if !wide.covers(wide) {
			t.Fatalf("%+v does not cover itself", wide)
		}
	})
}
