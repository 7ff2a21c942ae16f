// Package releasetest sets up releases for tests: a real ledger and a real vault, the
// synthetic data of a hospital, recipients with age keys, and requests whose
// permission lives in a stream of its own and can end.
//
// The permission's stream is what makes the tests worth having: it is read as the
// program reads requests and agreements, so that an append is refused when it moved.
package releasetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"chaperone.example/deid"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/release"
	"chaperone.example/internal/synth"
	"chaperone.example/internal/vault"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/phi"
	"filippo.io/age"
)

// The people of the tests.
var (
	Steward     = ledger.Actor{ID: "u-steward", Org: "o-hospital", Role: string(phi.DataSteward)}
	Officer     = ledger.Actor{ID: "u-officer", Org: "o-hospital", Role: string(phi.PrivacyOfficer)}
	Coordinator = ledger.Actor{ID: "u-coordinator", Org: "o-collaborative", Role: string(phi.QualityCoordinator)}
	Analyst     = ledger.Actor{ID: "u-analyst", Org: "o-collaborative", Role: string(phi.Analyst)}   // a recipient, too
	Colleague   = ledger.Actor{ID: "u-colleague", Org: "o-collaborative", Role: string(phi.Analyst)} // not a recipient
	Overseer    = ledger.Actor{ID: "u-overseer", Org: "o-collaborative", Role: string(phi.PrivacyOfficer)}
	University  = ledger.Actor{ID: "u-university", Org: "o-university", Role: string(phi.Analyst)} // the other recipient
	Stranger    = ledger.Actor{ID: "u-stranger", Org: "o-stranger", Role: string(phi.DataSteward)}
)

// The datasets of the hospital.
const (
	Encounters = "d-encounters"
	Resources  = "d-resources"
)

// Granted and Ended are what happens to a permission.
type (
	Granted struct{ release.Permit }
	Ended   struct{}
)

// A Pact is the state of a permission, under the id of its request.
type Pact struct {
	release.Permit
	Ended bool
}

// Pacts is the kind of the permissions' streams.
var Pacts = ledger.Kind[Pact]{
	Name: "pact",
	Apply: func(p Pact, _ ledger.Record, e ledger.Event) Pact {
		switch e := e.(type) {
		case Granted:
			p = Pact{Permit: e.Permit}
		case Ended:
			p.Ended = true
		}
		return p
	},
	Sees: func(p Pact) []string { return slices.Compact([]string{p.Discloser, p.Recipient}) },
}

type grant struct{ Granted }

func (grant) Action() string { return "pact.grant" }
func (grant) Begins()        {}
func (g grant) Decide(Pact, ledger.Moment) ([]ledger.Event, error) {
	return []ledger.Event{g.Granted}, nil
}

type change struct{ e ledger.Event }

func (change) Action() string                                       { return "pact.change" }
func (c change) Decide(Pact, ledger.Moment) ([]ledger.Event, error) { return []ledger.Event{c.e}, nil }

// A World is a hospital that releases.
type World struct {
	*release.Builder
	Clock   *ledgertest.Clock
	Truth   synth.Truth
	Sources map[string]release.Source
	Persons map[string]*age.X25519Identity // of the recipients who registered a key
	// Between, if set, runs once after the permission was read: what somebody else does in
	// that moment.
	Between func()
	// Opening, if set, runs once when a dataset is opened.
	Opening func()

	t     testing.TB
	vault string // folder
	files map[string][]byte
}

// Open returns a world with data of some patients of one hospital.
func Open(t testing.TB) *World {
	t.Helper()
	dir := t.TempDir()
	w := &World{t: t, vault: filepath.Join(dir, "vault"), files: map[string][]byte{}, Sources: map[string]release.Source{}, Persons: map[string]*age.X25519Identity{}}
	v, err := vault.Open(t.Context(), filepath.Join(dir, "keys"), w.vault)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	var desk *ledger.Desk
	desk, w.Clock = ledgertest.Open(t, []ledger.Types{release.Types, {"pact.granted": Granted{}, "pact.ended": Ended{}}}, release.View())
	w.Builder = &release.Builder{Desk: desk, Vault: v, Requests: w, Datasets: w, Keys: w, Build: "test"}
	out := map[string]*bytes.Buffer{}
	if _, err := synth.Write(synth.Config{Hospitals: 1, Patients: 60, Months: 6, Seed: 7}, func(name string) (io.WriteCloser, error) {
		out[name] = &bytes.Buffer{}
		return nopCloser{out[name]}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if w.Truth, err = synth.ReadTruth(out["truth.json"]); err != nil {
		t.Fatal(err)
	}
	slug := w.Truth.Hospitals[0].ID
	w.Put(Encounters, deid.CSV, out[slug+"/encounters.csv"].Bytes())
	w.Put(Resources, deid.FHIR, out[slug+"/fhir.ndjson"].Bytes())
	for _, a := range []ledger.Actor{Coordinator, Analyst, University} {
		if w.Persons[a.ID], err = age.GenerateX25519Identity(); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// Put makes data a dataset of the hospital.
func (w *World) Put(id string, f deid.Format, data []byte) {
	sum := sha256.Sum256(data)
	w.files[id] = data
	w.Sources[id] = release.Source{ID: id, Format: f, SHA256: hex.EncodeToString(sum[:]), Open: func(context.Context) (io.ReadCloser, error) {
		if f := w.Opening; f != nil {
			w.Opening = nil
			f()
		}
		return io.NopCloser(bytes.NewReader(w.files[id])), nil
	}}
}

// Plant gives the extract a column of names, and puts the name into another column of
// every row as well, where the transform lets it stand: so does a registrar who writes
// a name where the payer is to be written.
func (w *World) Plant(column, name string) {
	w.t.Helper()
	all, err := csv.NewReader(bytes.NewReader(w.File(Encounters))).ReadAll()
	if err != nil {
		w.t.Fatal(err)
	}
	i := slices.Index(all[0], column)
	all[0] = append(all[0], "patient_name")
	for n := range all[1:] {
		all[n+1][i] = name
		all[n+1] = append(all[n+1], name)
	}
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(all); err != nil {
		w.t.Fatal(err)
	}
	w.Put(Encounters, deid.CSV, b.Bytes())
}

// File returns the data of a dataset as it was received.
func (w *World) File(id string) []byte { return w.files[id] }

// Tamper alters what is stored of a dataset, without its being received anew.
func (w *World) Tamper(id string, data []byte) { w.files[id] = data }

// Permit is what the tests release unless they say otherwise: the adult inpatients
// discharged in some months, de-identified.
func Permit() release.Permit {
	return release.Permit{Discloser: Steward.Org, Recipient: Coordinator.Org, People: []string{Coordinator.ID, Analyst.ID}, Datasets: []string{Encounters}, Decision: "decision-1",
		Purpose: "Health care operations: quality assessment", Basis: "B07", Authority: "45 CFR 164.502(e)(1)(i), 164.504(e)", Form: "safe-harbor",
		Elements: []string{"patient.token", "patient.age", "patient.sex", "encounter.key", "encounter.class", "encounter.discharge-date", "encounter.diagnosis", "encounter.length-of-stay"},
		Withheld: []string{"patient.name", "patient.zip"}, From: "2024-02-01", Until: "2024-05-31", Classes: []string{"I"}, MinAge: 18, MaxAge: -1,
		Duties: []string{"log", "encrypt", "pseudonymize", "watermark"}, RetentionDays: 180,
		Terms: []release.Clause{{Title: "No further use", Citation: "45 CFR 164.504(e)(2)(ii)(A)", Text: "The data are used for nothing but the purpose of the agreement."}}}
}

// Grant permits a release on a request.
func (w *World) Grant(request string, p release.Permit) {
	w.t.Helper()
	p.Request = request
	if _, err := ledger.Do(context.WithoutCancel(w.t.Context()), w.Desk, Officer, Pacts, request, grant{Granted{p}}); err != nil {
		w.t.Fatal(err)
	}
}

// Change replaces what a request permits.
func (w *World) Change(request string, p release.Permit) {
	w.t.Helper()
	p.Request = request
	w.change(request, Granted{p})
}

// End ends a permission, as the end of an agreement does.
func (w *World) End(request string) {
	w.t.Helper()
	w.change(request, Ended{})
}

func (w *World) change(request string, e ledger.Event) {
	w.t.Helper()
	if _, err := ledger.Do(context.WithoutCancel(w.t.Context()), w.Desk, Officer, Pacts, request, change{e}); err != nil {
		w.t.Fatal(err)
	}
}

// Release builds a release and fails the test if that is not possible.
func (w *World) Release(id, request string) release.Offer {
	w.t.Helper()
	if _, err := w.Builder.Release(w.t.Context(), Steward, id, request, release.Lifetime); err != nil {
		w.t.Fatal(err)
	}
	return w.See(Steward, id).Offer
}

// See returns the release as an actor sees it.
func (w *World) See(a ledger.Actor, id string) release.Sheet {
	w.t.Helper()
	s, err := ledger.Ask(w.t.Context(), w.Desk, a, release.See{ID: id, Requests: w, Directory: w})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// Fetch downloads a package as an actor.
func (w *World) Fetch(a ledger.Actor, id string) ([]byte, error) {
	var b bytes.Buffer
	err := w.Builder.Fetch(w.t.Context(), a, id, func(release.Offer) io.Writer { return &b })
	return b.Bytes(), err
}

// Objects lists the files of the vault.
func (w *World) Objects() []string {
	w.t.Helper()
	entries, err := os.ReadDir(filepath.Join(w.vault, "objects"))
	if err != nil {
		w.t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// Permit implements [release.Requests].
func (w *World) Permit(ctx context.Context, r *ledger.Reading, request string) (release.Permit, error) {
	p, err := ledger.See(ctx, r, Pacts, request)
	if err != nil {
		return release.Permit{}, ledger.Unknown("request")
	}
	if f := w.Between; f != nil {
		w.Between = nil
		f()
	}
	if p.Ended {
		return release.Permit{}, fault.New(fault.Refused, "the law no longer permits what was approved: the agreement a-1 between %s and %s was terminated on 2026-03-15 (rule B07)", p.Discloser, p.Recipient)
	}
	return p.Permit, nil
}

// Source implements [release.Datasets].
func (w *World) Source(_ context.Context, r *ledger.Reading, id string) (release.Source, error) {
	s, ok := w.Sources[id]
	if !ok || r.Scope().Org != Steward.Org {
		return s, ledger.Unknown("dataset")
	}
	return s, nil
}

// Recipient implements [release.Keys].
func (w *World) Recipient(_ context.Context, _ *ledger.Reading, user string) (string, error) {
	if p := w.Persons[user]; p != nil {
		return p.Recipient().String(), nil
	}
	return "", nil
}

// Names implements [release.Directory]: all organizations, and the people of one's own.
func (w *World) Names(_ context.Context, r *ledger.Reading, ids []string) (map[string]string, error) {
	all := map[string]string{Steward.Org: "Harbor Hospital", Coordinator.Org: "Lakeside Quality Collaborative", University.Org: "Summit University"}
	for a, name := range map[ledger.Actor]string{Steward: "Jordan Sample", Officer: "Alex Sample", Coordinator: "Robin Sample", Analyst: "Sasha Sample", Overseer: "Kim Sample"} {
		if a.Org == r.Scope().Org {
			all[a.ID] = name
		}
	}
	out := map[string]string{}
	for _, id := range ids {
		if n, ok := all[id]; ok {
			out[id] = n
		}
	}
	return out, nil
}
