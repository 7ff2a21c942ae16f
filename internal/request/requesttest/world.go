// Package requesttest sets up requests for tests: a real ledger, a hospital and a
// quality collaborative with an agreement between them that lives in a stream of its
// own and can end, and a stranger who is party to nothing.
//
// The agreement's stream is what makes the tests worth having: facts are read from it
// as the program reads them, so that an append is refused when it moved.
package requesttest

import (
	"context"
	"slices"
	"testing"
	"time"

	"chaperone.example/internal/request"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/cohort"
	"chaperone.example/law/instrument"
	"chaperone.example/law/overlay"
	"chaperone.example/law/purpose"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/phi"
)

// The people of the tests.
var (
	Coordinator = ledger.Actor{ID: "u-coordinator", Org: "o-collaborative", Role: string(phi.QualityCoordinator)}
	Analyst     = ledger.Actor{ID: "u-analyst", Org: "o-collaborative", Role: string(phi.Analyst)}
	Steward     = ledger.Actor{ID: "u-steward", Org: "o-hospital", Role: string(phi.DataSteward)}
	Officer     = ledger.Actor{ID: "u-officer", Org: "o-hospital", Role: string(phi.PrivacyOfficer)}
	Ward        = ledger.Actor{ID: "u-ward", Org: "o-hospital", Role: string(phi.QualityCoordinator)}
	Stranger    = ledger.Actor{ID: "u-stranger", Org: "o-stranger", Role: string(phi.DataSteward)}
)

// Pact is the agreement's stream.
const Pact = "a-1"

// Signed and Ended are what happens to the agreement.
type (
	Signed struct {
		Lacks  string   `json:"lacks,omitempty"`  // a required clause that the text does not have
		Covers []string `json:"covers,omitempty"` // elements it is about; empty: any
	}
	Ended struct{}
)

// A Deal is the state of the agreement.
type Deal struct{ law.Agreement }

// Deals is the kind of the agreement's stream.
var Deals = ledger.Kind[Deal]{
	Name: "pact",
	Apply: func(d Deal, r ledger.Record, e ledger.Event) Deal {
		switch e := e.(type) {
		case Signed:
			in, _ := instrument.Template("baa")
			in.Clauses = slices.DeleteFunc(in.Clauses, func(c string) bool { return c == e.Lacks })
			in.Terms.Elements = e.Covers
			d.Agreement = law.Agreement{ID: Pact, Version: r.Version, From: Steward.Org, To: Coordinator.Org, Instrument: in, Signed: civil.On(r.Time), Start: civil.On(r.Time)}
		case Ended:
			d.Version, d.Terminated = r.Version, civil.On(r.Time)
		}
		return d
	},
	Sees: func(Deal) []string { return []string{Steward.Org, Coordinator.Org} },
}

type sign struct{ Signed }

func (sign) Action() string { return "pact.sign" }
func (sign) Begins()        {}
func (s sign) Decide(Deal, ledger.Moment) ([]ledger.Event, error) {
	return []ledger.Event{s.Signed}, nil
}

type mend struct{ Signed }

func (mend) Action() string { return "pact.sign" }
func (s mend) Decide(Deal, ledger.Moment) ([]ledger.Event, error) {
	return []ledger.Event{s.Signed}, nil
}

type end struct{}

func (end) Action() string                                     { return "pact.end" }
func (end) Decide(Deal, ledger.Moment) ([]ledger.Event, error) { return []ledger.Event{Ended{}}, nil }

// A World is a ledger with neighbours.
type World struct {
	Desk    *ledger.Desk
	Clock   *ledgertest.Clock
	Sources request.Sources
	// Between, if set, runs once after the facts were read and before the append: what
	// somebody else does in that moment.
	Between func()
	// Untrained says that the person who asks has let the training lapse.
	Untrained bool
	// Cohorts are the patients of the hospital's data, if anything is known of them.
	Cohorts []cohort.Set
	// Overlays are the rules that the hospital adopted.
	Overlays []overlay.Pack
}

// Open returns a world in which the agreement is signed.
func Open(t testing.TB) *World {
	t.Helper()
	w := &World{}
	w.Desk, w.Clock = ledgertest.Open(t, []ledger.Types{request.Types, {"pact.signed": Signed{}, "pact.ended": Ended{}}}, request.View())
	w.Sources = request.Sources{Facts: w, Directory: w, Datasets: w, Can: law.Duties()}
	w.Sign(t, "")
	return w
}

// Sign signs the agreement, or signs it anew, without the clause named, and about no
// more than the elements named.
func (w *World) Sign(t testing.TB, lacks string, covers ...string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if _, err := ledger.Do(ctx, w.Desk, Officer, Deals, Pact, sign{Signed{lacks, covers}}); err == nil {
		return
	}
	if _, err := ledger.Do(ctx, w.Desk, Officer, Deals, Pact, mend{Signed{lacks, covers}}); err != nil {
		t.Fatal(err)
	}
}

// End terminates the agreement.
func (w *World) End(t testing.TB) {
	t.Helper()
	if _, err := ledger.Do(context.WithoutCancel(t.Context()), w.Desk, Officer, Deals, Pact, end{}); err != nil {
		t.Fatal(err)
	}
}

// Ask is what the collaborative asks the hospital for: too much.
func Ask() request.Ask {
	return request.Ask{Discloser: Steward.Org, Purpose: purpose.Operations, Activity: purpose.QualityAssessment, Basis: "B07",
		Population: request.Population{Classes: []request.Class{request.Inpatient}, MinAge: 18, Diagnoses: []string{"I50"}},
		Window:     law.Window{From: civil.Of(2025, time.January, 1), Until: civil.Of(2025, time.December, 31)},
		Elements: []string{"patient.name", "patient.ssn", "patient.mrn", "patient.token", "patient.age", "patient.sex", "patient.zip", "patient.street",
			"encounter.key", "encounter.class", "encounter.admit-date", "encounter.discharge-date", "encounter.diagnosis", "encounter.disposition",
			"encounter.length-of-stay", "encounter.cost", "clinical.note", "clinical.substance-use"},
		Form: law.Identified, Recipients: []string{Analyst.ID}, Retention: 180}
}

// Words are the words of that request.
func Words() request.Details {
	return request.Details{Project: "Readmissions after heart failure", Statement: "Compare readmission within thirty days between members, to find practices worth copying.",
		WhyMore: "Days between discharge and readmission have to be counted."}
}

// Submit asks as the coordinator and fails the test if that is not possible.
func (w *World) Submit(t testing.TB, id string, a request.Ask) request.File {
	t.Helper()
	if _, err := ledger.Do(t.Context(), w.Desk, Coordinator, request.Kind, id, request.Submit{Ask: a, Details: Words(), Sources: w.Sources}); err != nil {
		t.Fatal(err)
	}
	return w.See(t, Coordinator, id)
}

// See returns the request as an actor sees it.
func (w *World) See(t testing.TB, a ledger.Actor, id string) request.File {
	t.Helper()
	f, err := ledger.Ask(t.Context(), w.Desk, a, request.One{ID: id, Sources: w.Sources})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// For implements [request.Facts].
func (w *World) For(ctx context.Context, r *ledger.Reading, m request.Matter) (law.Facts, error) {
	deal, err := ledger.Read(ctx, r, Deals, Pact)
	if err != nil {
		return law.Facts{}, err
	}
	if f := w.Between; f != nil {
		w.Between = nil
		f()
	}
	f := law.Facts{Organizations: []law.Organization{
		{ID: Steward.Org, Is: []law.Status{law.CoveredEntity, law.Provider}},
		{ID: Coordinator.Org, Is: []law.Status{law.Associate, law.Aggregator}},
		{ID: Stranger.Org, Is: []law.Status{law.CommunityPartner}},
	}, Person: law.Person{ID: m.Who.ID, Active: true, Trained: !w.Untrained, Verified: true}}
	f.Overlays = w.Overlays
	f.Classes = cohort.Divide(f.Overlays).Classes(w.Cohorts...)
	if deal.Signed != 0 {
		f.Agreements = []law.Agreement{deal.Agreement}
	}
	return f, nil
}

// Organizations implements [request.Directory].
func (*World) Organizations(context.Context, *ledger.Reading) ([]request.Organization, error) {
	return []request.Organization{{ID: Coordinator.Org, Name: "Lakeside Quality Collaborative"}, {ID: Steward.Org, Name: "Harbor Hospital"}}, nil
}

// Recipients implements [request.Directory].
func (*World) Recipients(_ context.Context, r *ledger.Reading) ([]request.Recipient, error) {
	switch r.Scope().Org {
	case Ward.Org:
		return []request.Recipient{{ID: Ward.ID, Name: "Noor Sample", Role: phi.QualityCoordinator, Key: "age1qqqqward"}}, nil
	case Stranger.Org:
		return nil, nil
	}
	return []request.Recipient{
		{ID: Coordinator.ID, Name: "Robin Sample", Role: phi.QualityCoordinator, Key: "age1qqqqcoordinator"},
		{ID: Analyst.ID, Name: "Sasha Sample", Role: phi.Analyst, Key: "age1qqqqanalyst"},
	}, nil
}

// Names implements [request.Directory].
func (*World) Names(context.Context, *ledger.Reading, []string) (map[string]string, error) {
	return map[string]string{Coordinator.Org: "Lakeside Quality Collaborative", Steward.Org: "Harbor Hospital", Coordinator.ID: "Robin Sample", Analyst.ID: "Sasha Sample", Steward.ID: "Jordan Sample"}, nil
}

var sets = []request.Dataset{
	{ID: "d-encounters", Name: "Encounter extract 2025", Format: "csv", Records: 48120, Window: law.Window{From: civil.Of(2025, time.January, 1), Until: civil.Of(2025, time.December, 31)},
		Elements: []string{"patient.token", "patient.age", "patient.sex", "patient.zip", "encounter.key", "encounter.class", "encounter.admit-date", "encounter.discharge-date",
			"encounter.diagnosis", "encounter.disposition", "encounter.length-of-stay", "encounter.cost"}},
	{ID: "d-half", Name: "Extract without costs and dispositions", Format: "csv", Records: 900, Window: law.Window{From: civil.Of(2025, time.January, 1), Until: civil.Of(2025, time.June, 30)},
		Elements: []string{"patient.token", "patient.age", "patient.sex", "encounter.key", "encounter.class", "encounter.admit-date", "encounter.discharge-date", "encounter.diagnosis"}},
	{ID: "d-units", Name: "Unit months", Format: "csv", Records: 240, Elements: []string{"unit.month", "unit.count"}},
	{ID: "d-old", Name: "Encounter extract 2019", Format: "csv", Records: 31000, Window: law.Window{From: civil.Of(2019, time.January, 1), Until: civil.Of(2019, time.December, 31)},
		Elements: []string{"patient.token", "patient.age", "patient.sex", "patient.zip", "encounter.key", "encounter.class", "encounter.admit-date", "encounter.discharge-date",
			"encounter.diagnosis", "encounter.disposition", "encounter.length-of-stay", "encounter.cost"}},
}

// Available implements [request.Datasets].
func (*World) Available(_ context.Context, r *ledger.Reading) ([]request.Dataset, error) {
	if r.Scope().Org != Steward.Org {
		return nil, nil
	}
	return sets, nil
}

// Dataset implements [request.Datasets].
func (*World) Dataset(_ context.Context, r *ledger.Reading, id string) (request.Dataset, error) {
	i := slices.IndexFunc(sets, func(d request.Dataset) bool { return d.ID == id })
	if i < 0 || r.Scope().Org != Steward.Org {
		return request.Dataset{}, ledger.Unknown("dataset")
	}
	return sets[i], nil
}
