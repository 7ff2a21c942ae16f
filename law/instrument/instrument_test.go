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

// What the terms say is what the page says.
func TestRenderFillsTermsIn(t *testing.T) {
	for _, test := range []struct {
		template, clause string
		change           func(*instrument.Terms)
		want, not        string
	}{
		{"baa", "baa.report", func(t *instrument.Terms) { t.BreachHours = 72 }, "at most 72 hours after discovery", "sixty"},
		{"baa", "baa.report", func(t *instrument.Terms) { t.BreachHours = 0 }, "at most sixty days after discovery", "hours"},
		{"baa", "baa.report", func(t *instrument.Terms) { t.Coordination = "the hospital leads" }, "; the hospital leads.", ""},
		{"baa", "baa.report", func(t *instrument.Terms) { t.Coordination = "" }, "after discovery.", ";"},
		{"baa", "baa.safeguards", func(t *instrument.Terms) { t.Safeguards = []string{"locks", "guards"} }, ", among them: locks; guards", ""},
		{"baa", "baa.safeguards", func(t *instrument.Terms) { t.Safeguards = nil }, "", "among them"},
		{"baa", "baa.safeguards", func(t *instrument.Terms) { t.Transfer = []string{"portal"} }, "; it is transferred only by: portal", ""},
		{"baa", "baa.safeguards", func(t *instrument.Terms) { t.Transfer = nil }, "", "transferred only"},
		{"baa", "baa.safeguards", func(t *instrument.Terms) { t.Residency = []string{"US"} }, "; it rests only in: US", ""},
		{"baa", "baa.safeguards", func(t *instrument.Terms) { t.Residency = nil }, "", "rests only"},
		{"baa", "baa.uses", func(t *instrument.Terms) { t.Activities = []purpose.Activity{purpose.PeerReview} }, ", namely reviewing the competence of professionals", ""},
		{"baa", "baa.uses", func(t *instrument.Terms) { t.Activities = nil }, "health care operations", "namely"},
		{"baa", "baa.subcontractors", func(t *instrument.Terms) { t.FlowDown = true }, "Vendor may use subcontractors", "no subcontractor"},
		{"baa", "baa.subcontractors", func(t *instrument.Terms) { t.FlowDown = false }, "Vendor uses no subcontractor", "may use"},
		{"participation", "consortium.reports", func(t *instrument.Terms) { t.SmallCell = 20 }, "no count below 20", ""},
		{"participation", "consortium.reports", func(t *instrument.Terms) { t.SmallCell = 0 }, "no count below 11", ""},
		{"participation", "consortium.reports", func(t *instrument.Terms) { t.Recipients = []string{"north", "south"} }, "only to north, south", "the parties"},
		{"participation", "consortium.reports", func(t *instrument.Terms) { t.Recipients = nil }, "only to the parties", ""},
	} {
		in, _ := instrument.Template(test.template)
		test.change(&in.Terms)
		for _, s := range instrument.Render(in, "Hospital", "Vendor") {
			if s.ID == test.clause && (!strings.Contains(s.Text, test.want) || test.not != "" && strings.Contains(s.Text, test.not)) {
				t.Errorf("%s: %q, want %q and not %q", s.ID, s.Text, test.want, test.not)
			}
		}
	}
}

// The limits themselves are allowed.
func TestLimitsOfTerms(t *testing.T) {
	flags := func(in instrument.Instrument, term, words string) bool {
		return slices.ContainsFunc(instrument.Broad(in), func(f instrument.Flag) bool { return f.Term == term && strings.Contains(f.Text, words) })
	}
	in, _ := instrument.Template("baa")
	in.Terms.BreachHours, in.Terms.DataFrom, in.Terms.DataUntil = 60*24, 10, 10
	if missing := instrument.Check(in); len(missing) > 0 {
		t.Errorf("a report after sixty days and data of one day: %+v", missing)
	}
	in.Terms.BreachHours, in.Terms.DataUntil = -1, 0
	if missing := instrument.Check(in); len(missing) != 1 || missing[0].Term != "terms.breach_hours" {
		t.Errorf("a report before discovery: %+v", missing)
	}
	in.Terms.BreachHours = 240
	if flags(in, "terms.breach_hours", "ten days") {
		t.Error("ten days to report are flagged")
	}
	in.Terms.Purposes = []purpose.Kind{purpose.Treatment, purpose.Payment, purpose.Operations, purpose.PublicHealth}
	if flags(in, "terms.purposes", "more than four") {
		t.Error("four purposes are flagged")
	}
	in.Terms.Purposes = append(in.Terms.Purposes, purpose.Oversight)
	if !flags(in, "terms.purposes", "more than four") {
		t.Error("five purposes are not flagged")
	}
	in.Terms.Classes, in.Terms.Elements = []phi.Class{phi.Part2}, []string{"clinical.substance-use"}
	if flags(in, "terms.classes", "name the elements") || flags(in, "terms.elements", "") {
		t.Error("substance-use records are flagged though the elements are named")
	}
}

// Complete answers as Check does, clause by clause and term by term.
func TestCompleteIsCheck(t *testing.T) {
	for _, name := range append(instrument.Templates(), "lease") {
		whole, _ := instrument.Template(name)
		all := []instrument.Instrument{whole}
		for i := range whole.Clauses {
			less, more, other := whole, whole, whole
			less.Clauses = slices.Delete(slices.Clone(whole.Clauses), i, i+1)
			more.Clauses = slices.Insert(slices.Clone(whole.Clauses), i, "dua.uses", "lease.rent")
			other.Clauses = append(slices.Clone(whole.Clauses[i:]), whole.Clauses[:i]...)
			all = append(all, less, more, other)
		}
		silent := whole
		silent.Terms.AtEnd, silent.Terms.Purposes = "", nil
		for _, in := range append(all, silent) {
			if got, want := instrument.Complete(in), len(instrument.Check(in)) == 0; got != want {
				t.Errorf("%s with %v: Complete %v, Check %v", name, in.Clauses, got, want)
			}
		}
	}
}

// Which kinds of agreement a flag is about.
func TestFlagsByKind(t *testing.T) {
	bare := func(t *instrument.Instrument) {
		t.Terms.BreachHours, t.Terms.Residency, t.Terms.FlowDown = 0, nil, true
	}
	for _, test := range []struct {
		template string
		want     []string
	}{
		{"baa", []string{"terms.breach_hours", "terms.residency"}},
		{"subcontractor", []string{"terms.breach_hours", "terms.residency"}},
		{"dua", []string{"terms.flow_down"}}, // no clause there binds subcontractors
		{"participation", nil},
	} {
		in, _ := instrument.Template(test.template)
		bare(&in)
		var got []string
		for _, f := range instrument.Broad(in) {
			if f.Term == "terms.breach_hours" || f.Term == "terms.residency" || f.Term == "terms.flow_down" {
				got = append(got, f.Term)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.template, got, test.want)
		}
	}
	in, _ := instrument.Template("baa")
	in.Clauses = slices.DeleteFunc(slices.Clone(in.Clauses), func(c string) bool { return c == "baa.subcontractors" })
	if !slices.ContainsFunc(instrument.Broad(in), func(f instrument.Flag) bool { return f.Term == "terms.flow_down" }) {
		t.Error("subcontractors without the clause that binds them are not flagged")
	}
}
