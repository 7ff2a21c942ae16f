package law_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/law/overlay"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

func day(s string) civil.Date {
	d, err := civil.Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

func orgs() []law.Organization {
	hospital := []law.Status{law.CoveredEntity, law.Provider}
	return []law.Organization{
		{ID: "hospital-a", Is: hospital}, {ID: "hospital-b", Is: hospital}, {ID: "hospital-c", Is: hospital},
		{ID: "collaborative", Is: []law.Status{law.Associate, law.Aggregator}},
		{ID: "msp", Is: []law.Status{law.Associate}}, {ID: "cloud", Is: []law.Status{law.SubcontractorOrg}},
		{ID: "plan-p", Is: []law.Status{law.CoveredEntity, law.HealthPlan}},
		{ID: "group", Is: hospital},
	}
}

func agreement(id, from, to, template string) law.Agreement {
	in, ok := instrument.Template(template)
	if !ok {
		panic(template)
	}
	return law.Agreement{ID: id, Version: 1, From: from, To: to, Instrument: in, Signed: day("2026-01-05"), Start: day("2026-01-05")}
}

func facts(agreements ...law.Agreement) law.Facts {
	return law.Facts{Organizations: orgs(), Agreements: agreements, Person: law.Person{Active: true, Trained: true, Verified: true}}
}

func request(from, to string) law.Request {
	return law.Request{At: time.Date(2026, 11, 15, 9, 0, 0, 0, time.UTC), Discloser: from, Recipient: to, Role: phi.QualityCoordinator,
		Purpose: purpose.Operations, Activity: purpose.QualityAssessment, Form: law.Identified, Can: law.Duties(),
		Elements: []string{"patient.name", "patient.ssn", "patient.age", "encounter.admit-date", "encounter.discharge-date", "encounter.diagnosis", "clinical.note"}}
}

func line(d law.Decision, element string) law.Line {
	for _, l := range d.Lines {
		if l.Element == element {
			return l
		}
	}
	return law.Line{}
}

func rules(d law.Decision) []string {
	var out []string
	for _, r := range d.Reasons {
		out = append(out, r.Rule)
	}
	for _, b := range d.Bases {
		out = append(out, b.Rule)
	}
	return out
}

func check(t *testing.T, d law.Decision, outcome law.Outcome, named ...string) {
	t.Helper()
	if d.Outcome != outcome {
		t.Errorf("outcome = %s, want %s; reasons %+v", d.Outcome, outcome, d.Reasons)
	}
	for _, id := range named {
		if !slices.Contains(rules(d), id) {
			t.Errorf("rule %s is not named: %v", id, rules(d))
		}
	}
	if outcome == law.Deny {
		if d.Exception == nil {
			t.Error("the refusal rests on no information-blocking exception")
		}
		for _, l := range d.Lines {
			if l.Treatment != law.Dropped {
				t.Errorf("%s: %s in a refusal", l.Element, l.Treatment)
			}
		}
	} else if d.Basis == "" {
		t.Error("no basis")
	}
	for _, l := range d.Lines {
		if l.Rule == "" || l.Citation == "" || l.Reason == "" {
			t.Errorf("%s: a line without rule, citation or reason: %+v", l.Element, l)
		}
	}
}

// D01, D02, D03: operations between covered entities.
func TestOperationsBetweenCoveredEntities(t *testing.T) {
	f := facts()
	f.Classes = []law.Class{{ID: "shared", Count: 200, Related: []string{"hospital-a", "hospital-b"}, Pertains: law.Yes}}
	r := request("hospital-a", "hospital-b")
	d := law.Decide(r, f)
	check(t, d, law.RightSize, "B05", "F01", "O02")
	for _, id := range []string{"patient.name", "patient.ssn", "clinical.note"} {
		if l := line(d, id); l.Treatment != law.Dropped || l.Rule != "F01" || l.More == "" {
			t.Errorf("%s: %+v, want dropped by F01", id, l)
		}
	}
	if l := line(d, "encounter.admit-date"); l.Treatment != law.Kept || d.Form != law.Limited {
		t.Errorf("admission in form %s: %+v, want kept in a limited data set", d.Form, l)
	}

	r.Activity = purpose.BusinessPlanning
	d = law.Decide(r, f)
	check(t, d, law.Deny, "B05", "G01")
	i := slices.IndexFunc(d.Bases, func(b law.Basis) bool { return b.Rule == "B05" })
	if d.Bases[i].Fact != "activity-shared" {
		t.Errorf("B05 fails by %q, want activity-shared", d.Bases[i].Fact)
	}
	var all []string
	for _, m := range d.Remedies {
		all = append(all, strings.Join(m.Changes, " and "))
	}
	text := strings.Join(all, "\n")
	if !strings.Contains(text, "de-identified") || !strings.Contains(text, "data use agreement") {
		t.Errorf("remedies:\n%s\nwant de-identified data, and a limited data set under a data use agreement", text)
	}

	r = request("hospital-a", "plan-p")
	f.Classes = []law.Class{{ID: "former members", Related: []string{"hospital-a", "plan-p"}, Pertains: law.Yes, Window: law.Window{Until: day("2024-12-31")}, RestrictionsKnown: law.Yes}}
	d = law.Decide(r, f)
	check(t, d, law.RightSize, "B05", "F08")
	if d.Parts[0].Window.Until != day("2024-12-31") {
		t.Errorf("window = %+v, want until 2024-12-31", d.Parts[0].Window)
	}
}

// D04: an organized health care arrangement needs no relationship test.
func TestArrangement(t *testing.T) {
	f := facts(agreement("ohca-1", "hospital-a", "group", "ohca"))
	r := request("hospital-a", "group")
	r.Activity = purpose.PeerReview
	check(t, law.Decide(r, f), law.RightSize, "B06", "F01")
}

// D05, D06, D07: chains of agreements, in time and complete.
func TestAgreements(t *testing.T) {
	f := facts(agreement("baa-1", "hospital-a", "msp", "baa"), agreement("sub-1", "msp", "cloud", "subcontractor"))
	r := request("msp", "cloud")
	r.Source, r.OnBehalfOf = "hospital-a", []string{"hospital-a", "msp"}
	d := law.Decide(r, f)
	check(t, d, law.RightSize, "B07", "B08", "A01", "A02", "A03", "F01")
	i := slices.IndexFunc(d.Reasons, func(x law.Reason) bool { return x.Rule == "A01" })
	if got := d.Reasons[i].Documents; !slices.Equal(got, []string{"baa-1 v1", "sub-1 v1"}) {
		t.Errorf("documents = %v, want both agreements", got)
	}

	r = request("hospital-a", "msp")
	check(t, law.Decide(r, f), law.RightSize, "B07")

	f.Agreements[0].Terminated = day("2026-10-31")
	f.Agreements[0].Infeasible = []purpose.Kind{purpose.RequiredByLaw}
	check(t, law.Decide(r, f), law.Deny, "A02")

	f.Agreements[0].Terminated = 0
	in := &f.Agreements[0].Instrument
	in.Clauses = slices.DeleteFunc(slices.Clone(in.Clauses), func(c string) bool { return c == "baa.report" })
	d = law.Decide(r, f)
	check(t, d, law.Deny, "A01")
	if len(d.Remedies) == 0 || !strings.Contains(d.Remedies[0].Changes[0], "164.504(e)(2)(ii)(C)") {
		t.Errorf("remedies = %+v, want the missing term with its citation", d.Remedies)
	}
}

// D08, D09: aggregation by a business associate, and what a member may not see.
func TestAggregation(t *testing.T) {
	f := facts(agreement("baa-a", "hospital-a", "collaborative", "baa"), agreement("baa-b", "hospital-b", "collaborative", "baa"),
		agreement("part-a", "hospital-a", "collaborative", "participation"))
	f.Project = law.Project{ID: "readmission", Consortium: "collaborative", Combines: []string{"hospital-a", "hospital-b"}}
	r := request("hospital-a", "collaborative")
	d := law.Decide(r, f)
	check(t, d, law.RightSize, "B09", "F12", "N01")
	if d.Basis != "B09" {
		t.Errorf("basis = %s, want B09", d.Basis)
	}
	f.Agreements[1].Instrument.Terms.Aggregate = false
	check(t, law.Decide(r, f), law.Deny, "B09")

	r = request("collaborative", "hospital-a")
	r.Source = "hospital-b"
	f.Project = law.Project{}
	f.Classes = []law.Class{{ID: "outliers", Related: []string{"hospital-b"}}}
	check(t, law.Decide(r, f), law.Deny, "G04", "B05")
}

// D10: the minimum necessary standard does not apply to treatment.
func TestTreatment(t *testing.T) {
	r := request("hospital-a", "hospital-b")
	r.Purpose, r.Activity = purpose.Treatment, ""
	f := facts()
	f.Classes = []law.Class{{ID: "patient", Count: 1, Part2: law.No}}
	check(t, law.Decide(r, f), law.Permit, "B03", "F01", "O02")
}

// N03: an obligation that cannot be met is a no.
func TestObligationMustBeMet(t *testing.T) {
	r := request("hospital-a", "hospital-b")
	r.Purpose, r.Activity = purpose.Treatment, ""
	r.Can = []law.Duty{law.Log}
	d := law.Decide(r, facts())
	check(t, d, law.Deny, "N03")
	if len(d.Remedies) != 1 {
		t.Errorf("remedies = %+v", d.Remedies)
	}
}

func TestSafeHarborNeedsNoBasis(t *testing.T) {
	r := request("hospital-a", "hospital-b")
	r.Form = law.SafeHarbor
	r.Elements = []string{"patient.zip", "patient.age", "encounter.admit-date", "encounter.diagnosis"}
	d := law.Decide(r, facts())
	check(t, d, law.RightSize, "G05", "F06")
	if l := line(d, "patient.zip"); l.Treatment != law.Transformed || l.As == "" {
		t.Errorf("ZIP: %+v, want three digits", l)
	}
}

func TestDecisionIsReplayable(t *testing.T) {
	r, f := request("hospital-a", "msp"), facts(agreement("baa-1", "hospital-a", "msp", "baa"))
	a, b := law.Decide(r, f), law.Decide(r, f)
	if string(a.Canonical()) != string(b.Canonical()) || a.ID != b.ID || a.ID == "" {
		t.Errorf("two decisions of the same facts differ: %s, %s", a.ID, b.ID)
	}
}

// Fewer elements can mean fewer obligations; an overlay must not widen by that.
func TestOverlayDoesNotWidenByFewerObligations(t *testing.T) {
	r := request("hospital-a", "msp")
	r.Form, r.Elements = law.Limited, []string{"patient.token", "encounter.diagnosis"}
	r.Can = slices.DeleteFunc(law.Duties(), func(d law.Duty) bool { return d == law.Pseudonymize })
	f := facts(agreement("baa-1", "hospital-a", "msp", "baa"))
	check(t, law.Decide(r, f), law.Deny, "N03")
	f.Overlays = []overlay.Pack{{ID: "m", Version: 1, Level: overlay.Member, Member: "hospital-a", Rules: []overlay.Rule{{ID: "1", Citation: "c", Text: "t", Strip: []string{"patient.token"}}}}}
	check(t, law.Decide(r, f), law.Deny, "N03")
}
