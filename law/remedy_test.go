package law_test

import (
	"slices"
	"testing"

	"chaperone.example/law"
	"chaperone.example/law/casefile"
	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
)

// worse makes a case worse in one way, and reports whether there was anything to spoil.
var worse = map[string]func(*casefile.Disclosure) bool{
	"as it is":      func(*casefile.Disclosure) bool { return true },
	"untrained":     func(c *casefile.Disclosure) bool { c.Facts.Person.Trained = false; return true },
	"unverified":    func(c *casefile.Disclosure) bool { c.Facts.Person.Verified = false; return true },
	"nothing known": func(c *casefile.Disclosure) bool { c.Facts.Classes = nil; return true },
	"nothing found": func(c *casefile.Disclosure) bool { c.Facts.Determinations = nil; return true },
	"no agreements": func(c *casefile.Disclosure) bool { c.Facts.Agreements = nil; return true },
	"not signed":    func(c *casefile.Disclosure) bool { return each(c, func(a *law.Agreement) { a.Signed = 0 }) },
	"terminated": func(c *casefile.Disclosure) bool {
		return each(c, func(a *law.Agreement) { a.Terminated = civil.On(c.Request.At) })
	},
	"violated": func(c *casefile.Disclosure) bool { return each(c, func(a *law.Agreement) { a.Violated = true }) },
	"no clauses": func(c *casefile.Disclosure) bool {
		return each(c, func(a *law.Agreement) { a.Instrument.Clauses = nil })
	},
	"identified":        func(c *casefile.Disclosure) bool { c.Request.Form = law.Identified; return true },
	"nothing fulfilled": func(c *casefile.Disclosure) bool { c.Request.Can = nil; return true },
	"of a program": func(c *casefile.Disclosure) bool {
		for i := range c.Facts.Classes {
			c.Facts.Classes[i].Part2 = law.Yes
		}
		return true
	},
}

func each(c *casefile.Disclosure, change func(*law.Agreement)) bool {
	c.Facts.Agreements = slices.Clone(c.Facts.Agreements)
	for i := range c.Facts.Agreements {
		change(&c.Facts.Agreements[i])
	}
	return len(c.Facts.Agreements) > 0
}

// An overlay may oblige to anything there is a duty for, also where no agreement gives it
// its values; what is not known is left out, and nothing fails. Found by the comparison
// with the encoding in Rego.
func TestOverlayObligesToEveryDuty(t *testing.T) {
	for _, c := range scenarios(t) {
		for _, duty := range law.Duties() {
			f := c.Facts
			pack := overlay.Pack{ID: "m", Version: 1, Level: overlay.Member, Member: c.Request.Source, Rules: []overlay.Rule{{ID: "1", Citation: "c", Text: "t", Oblige: []string{string(duty)}}}}
			if pack.Member == "" {
				pack.Member = c.Request.Discloser
			}
			f.Overlays = append(slices.Clone(f.Overlays), pack)
			d := law.Prepare(&c.Request, &f).Explain()
			if d.Outcome != law.Deny && !slices.ContainsFunc(d.Obligations, func(o law.Obligation) bool { return o.Duty == duty }) {
				t.Errorf("%s: the overlay's %s is not among the obligations", c.Case, duty)
			}
			for _, o := range d.Obligations {
				for _, p := range o.Params {
					if p.Value == "" || p.Value == "0" {
						t.Errorf("%s: %s without its %s", c.Case, o.Duty, p.Name)
					}
				}
			}
		}
	}
}

// Remedies are minimal: none asks for all that another asks for, and more; there are at
// most six, fewest changes first; each leads somewhere.
func TestRemediesAreMinimal(t *testing.T) {
	remedies := 0
	for name, spoil := range worse {
		for _, c := range scenarios(t) {
			if !spoil(c) {
				continue
			}
			d := law.Prepare(&c.Request, &c.Facts).Explain()
			if len(d.Remedies) > 6 {
				t.Errorf("%s, %s: %d remedies", c.Case, name, len(d.Remedies))
			}
			for i, r := range d.Remedies {
				remedies++
				if len(r.Changes) == 0 || r.Outcome == law.Deny || r.Rule == "" {
					t.Errorf("%s, %s: remedy %+v leads nowhere", c.Case, name, r)
				}
				if i > 0 && len(r.Changes) < len(d.Remedies[i-1].Changes) {
					t.Errorf("%s, %s: a smaller remedy comes after %v", c.Case, name, d.Remedies[i-1].Changes)
				}
				for j, o := range d.Remedies {
					if i != j && !slices.ContainsFunc(o.Changes, func(s string) bool { return !slices.Contains(r.Changes, s) }) {
						t.Errorf("%s, %s: %v asks for more than %v does", c.Case, name, r.Changes, o.Changes)
					}
				}
			}
		}
	}
	if remedies < 500 {
		t.Errorf("only %d remedies were looked at", remedies)
	}
}
