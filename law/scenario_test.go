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

// Every rule of the book is named by a scenario, and passed over by another: it
// fires, and it is refused.
func TestEveryRuleFiresAndIsRefused(t *testing.T) {
	named, passed := map[string]bool{}, map[string]bool{}
	for _, c := range scenarios(t) {
		d := law.Decide(c.Request, c.Facts)
		here := map[string]bool{}
		for _, r := range d.Reasons {
			here[r.Rule] = true
		}
		for _, o := range d.Obligations {
			here[o.Rule] = true
		}
		for _, b := range d.Bases {
			if !b.Holds {
				passed[b.Rule] = true
			}
		}
		for _, r := range law.Rules() {
			if here[r.ID] {
				named[r.ID] = true
			} else {
				passed[r.ID] = true
			}
		}
	}
	always := map[string]bool{"O01": true, "O06": true, "O12": true} // attached whenever anything is released
	for _, r := range law.Rules() {
		if !named[r.ID] && r.ID != "F14" { // a case file cannot ask for an element that is in no catalogue; see TestUnknownElement
			t.Errorf("no scenario in which rule %s, %s, is named", r.ID, r.Title)
		}
		if !passed[r.ID] && !always[r.ID] {
			t.Errorf("no scenario in which rule %s, %s, is not", r.ID, r.Title)
		}
	}
}

func TestUnknownElement(t *testing.T) {
	r := request("hospital-a", "hospital-b")
	r.Purpose, r.Activity, r.Elements = "treatment", "", []string{"patient.name", "patient.shoe-size"}
	d := law.Decide(r, facts())
	check(t, d, law.RightSize, "F14")
	if l := line(d, "patient.shoe-size"); l.Treatment != law.Dropped || l.Rule != "F14" {
		t.Errorf("%+v", l)
	}
}
