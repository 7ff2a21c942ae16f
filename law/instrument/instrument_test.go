package instrument_test

import (
	"slices"
	"strings"
	"testing"

	"chaperone.example/law/instrument"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

func TestTemplatesAreComplete(t *testing.T) {
	for _, name := range instrument.Templates() {
		in, ok := instrument.Template(name)
		if !ok {
			t.Errorf("Template(%q): not there", name)
			continue
		}
		if missing := instrument.Check(in); len(missing) > 0 {
			t.Errorf("template %s: %+v", name, missing)
		}
		for _, s := range instrument.Render(in, "Hospital", "Collaborative") {
			if strings.ContainsAny(s.Text, "{}") || s.Text == "" {
				t.Errorf("template %s, %s: %q", name, s.ID, s.Text)
			}
		}
	}
	if _, ok := instrument.Template("lease"); ok {
		t.Error("a template for a lease")
	}
}

// 45 CFR 164.504(e)(2) and 164.314(a)(2) ask for fifteen terms; each, taken away,
// is named with its citation.
func TestEveryRequiredTermIsMissed(t *testing.T) {
	if n := len(instrument.Required(instrument.BusinessAssociate)); n != 15 {
		t.Errorf("a business associate agreement has %d required terms, want 15", n)
	}
	for _, name := range instrument.Templates() {
		whole, _ := instrument.Template(name)
		for _, c := range instrument.Required(whole.Kind) {
			in := whole
			in.Clauses = slices.DeleteFunc(slices.Clone(whole.Clauses), func(id string) bool { return id == c.ID })
			missing := instrument.Check(in)
			if len(missing) != 1 || missing[0].Term != c.ID || missing[0].Citation == "" || missing[0].Text == "" {
				t.Errorf("%s without %s: Check = %+v", name, c.ID, missing)
			}
		}
	}
}

func TestTermsThatCannotBeRead(t *testing.T) {
	for _, test := range []struct {
		name, template, term string
		change               func(*instrument.Terms)
	}{
		{"no purpose", "baa", "terms.purposes", func(t *instrument.Terms) { t.Purposes = nil }},
		{"unknown purpose", "baa", "terms.purposes", func(t *instrument.Terms) { t.Purposes = []purpose.Kind{"fun"} }},
		{"limited data set for treatment", "dua", "terms.purposes", func(t *instrument.Terms) { t.Purposes = []purpose.Kind{purpose.Treatment} }},
		{"unknown activity", "baa", "terms.activities", func(t *instrument.Terms) { t.Activities = []purpose.Activity{"dancing"} }},
		{"unknown element", "baa", "terms.elements", func(t *instrument.Terms) { t.Elements = []string{"patient.shoe-size"} }},
		{"name in a limited data set", "dua", "terms.elements", func(t *instrument.Terms) { t.Elements = []string{"patient.name"} }},
		{"breach report after 61 days", "baa", "terms.breach_hours", func(t *instrument.Terms) { t.BreachHours = 61 * 24 }},
		{"nothing about the end", "baa", "terms.at_end", func(t *instrument.Terms) { t.AtEnd = "" }},
		{"odd end", "baa", "terms.at_end", func(t *instrument.Terms) { t.AtEnd = "keep" }},
		{"plain mail", "baa", "terms.transfer", func(t *instrument.Terms) { t.Transfer = []string{"email"} }},
		{"odd further use", "baa", "terms.further_use", func(t *instrument.Terms) { t.FurtherUse = "whatever" }},
		{"dates backwards", "baa", "terms.data_until", func(t *instrument.Terms) { t.DataFrom, t.DataUntil = 20, 10 }},
	} {
		in, _ := instrument.Template(test.template)
		test.change(&in.Terms)
		if missing := instrument.Check(in); len(missing) != 1 || missing[0].Term != test.term {
			t.Errorf("%s: Check = %+v, want %s", test.name, missing, test.term)
		}
	}
}

func TestBroadTermsAreFlagged(t *testing.T) {
	for _, test := range []struct {
		name, term string
		change     func(*instrument.Terms)
	}{
		{"marketing", "terms.purposes", func(t *instrument.Terms) { t.Purposes = append(t.Purposes, purpose.Marketing) }},
		{"all operations", "terms.activities", func(t *instrument.Terms) { t.Activities = nil }},
		{"further use", "terms.further_use", func(t *instrument.Terms) { t.FurtherUse = instrument.Unrestricted }},
		{"no hours", "terms.breach_hours", func(t *instrument.Terms) { t.BreachHours = 0 }},
		{"twenty days", "terms.breach_hours", func(t *instrument.Terms) { t.BreachHours = 480 }},
		{"anybody", "terms.recipients", func(t *instrument.Terms) { t.Recipients = []string{"*"} }},
		{"anywhere", "terms.residency", func(t *instrument.Terms) { t.Residency = nil }},
		{"substance use as a class", "terms.classes", func(t *instrument.Terms) { t.Classes = []phi.Class{phi.Part2} }},
	} {
		in, _ := instrument.Template("baa")
		before := instrument.Broad(in)
		test.change(&in.Terms)
		flags := instrument.Broad(in)
		has := func(list []instrument.Flag) bool {
			return slices.ContainsFunc(list, func(f instrument.Flag) bool { return f.Term == test.term && f.Text != "" })
		}
		if !has(flags) || has(before) {
			t.Errorf("%s: Broad = %+v before and %+v after, want %s in the second only", test.name, before, flags, test.term)
		}
	}
}

func TestSubcontractorClausesCiteTheirOwnParagraph(t *testing.T) {
	c, _ := instrument.Lookup("baa.report")
	if got := c.CitationIn(instrument.Subcontractor); !strings.Contains(got, "164.504(e)(5)") {
		t.Errorf("citation = %s", got)
	}
}
