package app_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/app"
	"chaperone.example/internal/release"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/phi"
)

// What has expired goes, and nothing else: packages whose time is over, with a record of
// it; objects that were sealed when the program was killed before it recorded so;
// sessions that have ended (REL-1, SEC-1). What a record cites stays.
func TestSweep(t *testing.T) {
	ctx := t.Context()
	w, err := build(ctx, app.Place{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	objects := func() map[string]bool {
		t.Helper()
		files, err := os.ReadDir(filepath.Join(w.dir, "vault", "objects"))
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]bool{}
		for _, f := range files {
			out[f.Name()] = true
		}
		return out
	}
	offer := func(id string) release.Offer {
		t.Helper()
		o, err := ledger.Ask(ctx, &ledger.Desk{Log: w.Log, Gate: ledgertest.Gate{}}, one(alder, phi.DataSteward).Actor, offered(id))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	// age makes every object two days old, by the clock of the hub.
	age := func() {
		t.Helper()
		at := w.clock.now().Add(-48 * time.Hour)
		for name := range objects() {
			if err := os.Chtimes(filepath.Join(w.dir, "vault", "objects", name), at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	orphan := func() string {
		t.Helper()
		x, err := w.Vault.Create(ctx, alder)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(x, "sealed, and then the power went"); err != nil {
			t.Fatal(err)
		}
		if err := x.Commit(); err != nil {
			t.Fatal(err)
		}
		return x.ID
	}
	before := objects()
	old := orphan()
	cut, err := w.Vault.Create(ctx, alder) // and one that was not finished
	if err != nil {
		t.Fatal(err)
	}
	defer cut.Abort()
	age()
	young := orphan()
	now := w.clock.now()
	if err := os.Chtimes(filepath.Join(w.dir, "vault", "objects", young), now, now); err != nil {
		t.Fatal(err)
	}
	w.Sweep(ctx)
	after := objects()
	for name := range before {
		if !after[name] {
			t.Errorf("an object that a record cites is gone: %s", name)
		}
	}
	if after[old] || after[cut.ID+".part"] {
		t.Errorf("an object that nobody cites is still there: %v %v", after[old], after[cut.ID+".part"])
	}
	if !after[young] || len(after) != len(before)+1 {
		t.Errorf("of %d objects and a young one %d are left", len(before), len(after))
	}

	// Two weeks later.
	id := w.of[alder]["release"][0]
	o := offer(id)
	w.clock.pass(release.Lifetime + time.Hour)
	w.Sweep(ctx)
	after = objects()
	switch now := offer(id); {
	case after[o.Package]:
		t.Error("the package is still there after its time")
	case !after[o.Index]:
		t.Error("the index that the accounting of disclosures needs is gone")
	case now.Destroyed.IsZero() || now.Status(w.clock.now()) != release.Expired:
		t.Errorf("it is not on record: %+v", now)
	}
	head, err := w.Log.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w.Sweep(ctx)
	if again, err := w.Log.Head(ctx); err != nil || again != head {
		t.Errorf("sweeping twice recorded something: %v, %v", again, err)
	}
	if a := w.ask(t, one(alder, phi.DataSteward), http.MethodGet, "/releases/"+id, body{}); a.Code != http.StatusOK {
		t.Errorf("the page of the release is answered %d", a.Code)
	}
	if text := mainWords(w.ask(t, one(alder, phi.PrivacyOfficer), http.MethodGet, "/ledger?stream=release%2F"+id, body{})); !strings.Contains(text, "Package destroyed after its time") {
		t.Errorf("the organization does not find it in its ledger: %.600s", text)
	}
	if text := mainWords(w.ask(t, one(alder, phi.Administrator), http.MethodGet, "/status", body{})); strings.Contains(text, "Failed") || strings.Contains(text, "Not yet") {
		t.Errorf("the status page says %.800s", text)
	}
	ledgertest.CheckRebuild(t, w.Log)
	if strings.Contains(w.log.String(), "level=ERROR") {
		t.Error(w.log.String())
	}
}

// offered asks for an offer.
type offered string

func (offered) Action() string { return "release.see" }

func (q offered) Answer(ctx context.Context, r *ledger.Reading) (release.Offer, error) {
	return ledger.See(ctx, r, release.Kind, string(q))
}
