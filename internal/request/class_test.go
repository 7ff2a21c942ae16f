package request_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/request"
	"chaperone.example/internal/request/requesttest"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/cohort"
	"chaperone.example/law/fact"
	"chaperone.example/law/label"
	"chaperone.example/law/overlay"
	"chaperone.example/ledger"
	"github.com/google/go-cmp/cmp"
)

// hospital is the data of a hospital that did not say where its records come from:
// three patients have a code of substance use, one of them is a minor with HIV.
var hospital = []cohort.Set{{Program: fact.Unknown, Counts: []cohort.Count{
	{Minor: fact.No, Patients: 4812},
	{Labels: []label.Label{label.Substance}, Minor: fact.No, Patients: 2},
	{Labels: []label.Label{label.Substance, label.HIV}, Minor: fact.Yes, Patients: 1},
}}}

// limitedAsk asks for a limited data set.
func limitedAsk() request.Ask {
	a := requesttest.Ask()
	a.Form = law.Limited
	a.Elements = slices.DeleteFunc(a.Elements, func(e string) bool { return e == "clinical.substance-use" })
	return a
}

// PAT-2, DEC-1: patients with records under Part 2 are left out of what goes to the
// collaborative without consent, and counted in tens; the others are not concerned.
func TestClassesAreWeighed(t *testing.T) {
	w := requesttest.Open(t)
	w.Cohorts = hospital
	f := w.Submit(t, "q-1", limitedAsk())
	if f.Decision.Outcome != law.RightSize || len(f.Decision.Parts) != 2 {
		t.Fatalf("%s with %d classes", f.Decision.Outcome, len(f.Decision.Parts))
	}
	want := []cohort.Suppression{{Class: "Patients with substance-use records under 42 CFR Part 2", Patients: "1 to 10", Rule: "P02",
		Title: "Substance-use records need a basis of their own", Citation: "42 CFR 2.12, 2.13"}}
	if d := cmp.Diff(want, cohort.Suppressions(f.Decision)); d != "" {
		t.Error(d)
	}
	ruling, err := ledger.Ask(t.Context(), w.Desk, requesttest.Coordinator, request.Ruling{ID: "q-1"})
	if err != nil {
		t.Fatal(err)
	}
	var known law.Facts
	if err := json.Unmarshal(ruling.Known, &known); err != nil {
		t.Fatal(err)
	}
	for _, c := range known.Classes {
		if c.Count%10 != 0 {
			t.Errorf("class %s: the one who asks reads an exact count, %d", c.ID, c.Count)
		}
	}
	if err := do(t, w, requesttest.Steward, "q-1", approve(w, "d-encounters")); err != nil {
		t.Fatal(err)
	}
	n, err := ledger.Ask(t.Context(), w.Desk, requesttest.Steward, inclusion{"q-1", w.Sources})
	if err != nil || n == nil || !slices.Equal(n.Classes, []string{cohort.Uncertain}) {
		t.Errorf("goes out: %+v, %v", n, err)
	}
}

// A request that was approved before a class was barred cannot be released any more:
// its package holds those patients.
func TestBarredClassEndsTheApproval(t *testing.T) {
	w := requesttest.Open(t)
	w.Cohorts = []cohort.Set{{Program: fact.No, Counts: hospital[0].Counts}}
	w.Submit(t, "q-1", limitedAsk())
	if err := do(t, w, requesttest.Steward, "q-1", approve(w, "d-encounters")); err != nil {
		t.Fatal(err)
	}
	w.Overlays = []overlay.Pack{{ID: "m", Version: 1, Level: overlay.Member, Member: requesttest.Steward.Org, Source: "policy 7", Read: civil.Of(2026, 1, 1),
		Rules: []overlay.Rule{{ID: "m1", Citation: "policy 7", Text: "No data leave.", Deny: true}}}}
	if _, err := ledger.Ask(t.Context(), w.Desk, requesttest.Steward, inclusion{"q-1", w.Sources}); !fault.Is(err, fault.Refused) {
		t.Errorf("still stands: %v", err)
	}
}

// An overlay that speaks of a label tells its patients apart: they lose what it
// withholds, and where everybody shares a package, so do all.
func TestOverlayTellsClassesApart(t *testing.T) {
	w := requesttest.Open(t)
	w.Cohorts = []cohort.Set{{Program: fact.No, Counts: hospital[0].Counts}}
	w.Overlays = []overlay.Pack{{ID: "m", Version: 1, Level: overlay.Member, Member: requesttest.Steward.Org, Source: "policy 7", Read: civil.Of(2026, 1, 1),
		Rules: []overlay.Rule{{ID: "m1", Citation: "policy 7", Text: "HIV records stay here.", Labels: []string{"HIV"}, Deny: true}}}}
	f := w.Submit(t, "q-1", limitedAsk())
	got := cohort.Suppressions(f.Decision)
	if len(got) != 1 || got[0].Rule != "N02" || !strings.Contains(got[0].Class, "labelled HIV") || len(got[0].Withheld) > 0 {
		t.Errorf("%+v", got)
	}
}

type inclusion struct {
	id      string
	sources request.Sources
}

func (inclusion) Action() string { return "release.build" }

func (s inclusion) Answer(ctx context.Context, r *ledger.Reading) (*cohort.Inclusion, error) {
	q, err := ledger.See(ctx, r, request.Kind, s.id)
	if err != nil {
		return nil, err
	}
	_, n, err := s.sources.Standing(ctx, r, q)
	return n, err
}
