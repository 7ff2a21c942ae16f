package release_test

import (
	"strings"
	"testing"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/release"
	"chaperone.example/internal/release/releasetest"
	"chaperone.example/ledger"
)

// DLP-1: what the transform let through and a second look finds is held. The recipient
// learns nothing of it, the person who built it cannot let it go, the second person
// sees what was found, and the evidence is gone when that is decided.
func TestHeldUntilASecondPersonDecides(t *testing.T) {
	const secret = "Quillfeather"
	for _, tt := range []struct {
		name   string
		decide func(*releasetest.World) error
		fetch  bool
	}{
		{"let go", func(w *releasetest.World) error {
			_, err := w.Clear(t.Context(), releasetest.Officer, "r-1", release.Chance)
			return err
		}, true},
		{"ended", func(w *releasetest.World) error {
			_, err := w.Revoke(t.Context(), releasetest.Officer, "r-1", release.Identifying)
			return err
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := releasetest.Open(t)
			w.Plant("payer", secret)
			p := releasetest.Permit()
			p.Elements = append(p.Elements, "encounter.payer")
			w.Grant("q-1", p)
			o := w.Release("r-1", "q-1")
			if !o.Held() || o.Sure == 0 || o.Status(w.Clock.Now()) != release.Quarantined || len(o.Findings) != 1 {
				t.Fatalf("held %v with %d findings, of which %d listed and %d sure", o.Held(), o.Found, len(o.Findings), o.Sure)
			}
			if f := o.Findings[0]; f.Place != "payer" || f.File != "data-1.csv" || f.Line != 2 || f.Times != o.Found {
				t.Errorf("found at %+v", f)
			}
			if _, err := w.Fetch(releasetest.Coordinator, "r-1"); !isFault(err, fault.NotFound) {
				t.Errorf("fetched while held: %v", err)
			}
			rows, err := ledger.Ask(t.Context(), w.Desk, releasetest.Coordinator, release.List{})
			if err != nil || len(rows) > 0 {
				t.Errorf("the recipient sees %d releases (%v)", len(rows), err)
			}
			if _, err := w.Clear(t.Context(), releasetest.Steward, "r-1", release.Chance); !isFault(err, fault.Forbidden) {
				t.Errorf("who built it lets it go: %v", err)
			}
			for _, a := range []ledger.Actor{releasetest.Overseer, releasetest.Stranger} {
				if _, err := ledger.Ask(t.Context(), w.Desk, a, release.Evidence{Builder: w.Builder, ID: "r-1"}); !isFault(err, fault.NotFound) {
					t.Errorf("%s of another organization asks for the evidence: %v", a.ID, err)
				}
			}
			found, err := ledger.Ask(t.Context(), w.Desk, releasetest.Officer, release.Evidence{Builder: w.Builder, ID: "r-1"})
			if err != nil || len(found) != 1 || found[0].Text != secret {
				t.Fatalf("evidence %v (%v)", found, err)
			}
			before := len(w.Objects())
			if err := tt.decide(w); err != nil {
				t.Fatal(err)
			}
			gone := 1 // the evidence
			if !tt.fetch {
				gone++ // and the package
			}
			if after := len(w.Objects()); after != before-gone {
				t.Errorf("%d objects, before it was decided %d", after, before)
			}
			if found, err := ledger.Ask(t.Context(), w.Desk, releasetest.Officer, release.Evidence{Builder: w.Builder, ID: "r-1"}); err != nil || len(found) > 0 {
				t.Errorf("evidence after the decision: %v (%v)", found, err)
			}
			_, err = w.Fetch(releasetest.Coordinator, "r-1")
			if tt.fetch && err != nil {
				t.Errorf("let go, and cannot be fetched: %v", err)
			}
			if !tt.fetch && err == nil {
				t.Error("ended, and can be fetched")
			}
			looked := false
			for _, s := range w.See(releasetest.Officer, "r-1").Steps {
				looked = looked || s.Type == "release.viewed" && s.By == releasetest.Officer.ID
			}
			if !looked {
				t.Error("the look at the evidence is not on record")
			}
		})
	}
}

// Nothing that was found is in an event: those are for ever.
func TestQuarantineRepeatsNothingInTheLedger(t *testing.T) {
	const secret = "Quillfeather"
	w := releasetest.Open(t)
	w.Plant("payer", secret)
	p := releasetest.Permit()
	p.Elements = append(p.Elements, "encounter.payer")
	w.Grant("q-1", p)
	w.Release("r-1", "q-1")
	for r, err := range w.Desk.Log.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(r.Body), secret) {
			t.Errorf("record %d of type %s repeats what was found", r.Seq, r.Type)
		}
	}
}

func isFault(err error, want fault.Kind) bool {
	kind, _, ok := fault.Of(err)
	return ok && kind == want
}
