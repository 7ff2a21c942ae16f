package law_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"chaperone.example/law"
	"chaperone.example/law/casefile"
)

func init() {
	law.Cases = func(t *testing.T) []*law.Case {
		var out []*law.Case
		for _, c := range scenarios(t) {
			out = append(out, law.Prepare(&c.Request, &c.Facts))
		}
		return out
	}
}

// scenarios reads every disclosure scenario.
func scenarios(t *testing.T) []*casefile.Disclosure {
	t.Helper()
	files, err := filepath.Glob("testdata/disclosures/*.yaml")
	if err != nil || len(files) < 31 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	var out []*casefile.Disclosure
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := casefile.ReadDisclosure(filepath.Base(file), data)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// Every disclosure scenario decides as its file says (DEC-1, DEC-2, REQ-2, PAT-1, PAT-2).
func TestDisclosures(t *testing.T) {
	for _, c := range scenarios(t) {
		t.Run(c.Case, func(t *testing.T) {
			if c.Expect == nil {
				t.Fatal("the scenario expects nothing")
			}
			d := law.Decide(c.Request, c.Facts)
			for _, miss := range c.Expect.Misses(d) {
				t.Error(miss)
			}
			check(t, d, c.Expect.Outcome)
			if t.Failed() {
				for _, r := range d.Reasons {
					t.Logf("%s %s: %s %v %v", r.Rule, r.Citation, r.Class, r.Facts, r.Documents)
				}
				for _, r := range d.Remedies {
					t.Logf("remedy: %v", r.Changes)
				}
			}
			if d.Outcome == law.Deny && !slices.ContainsFunc(d.Bases, func(b law.Basis) bool { return b.Fact != "" }) {
				t.Error("no failing basis is told")
			}
		})
	}
}
