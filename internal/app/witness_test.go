package app_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chaperone.example/internal/app"
	"chaperone.example/internal/fault"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/proof"
	"chaperone.example/phi"
)

// Witnesses of the policy cosign what a hub records, the pages give out the cosigned
// proof, the status page says who cosigns, one that is down stops nothing, and a
// restored database that a witness knows more of is refused, with both sizes (LED-1,
// bars 1 and 6). A policy of its own asks for the second signature, by ML-DSA-44.
func TestWitnessesOfTheHub(t *testing.T) {
	ctx, c := t.Context(), newClock()
	place := app.Place{Dir: t.TempDir()}
	h, err := openAt(ctx, place, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.populate(ctx, map[string]string{collab: "Collaborative Zyx"}, collab); err != nil {
		t.Fatal(err)
	}
	bare, err := proof.ParsePolicy(h.Policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	ledgerFile, policyFile := filepath.Join(place.Dir, "ledger.db"), filepath.Join(place.Dir, "policy.txt")
	backup, err := os.ReadFile(ledgerFile)
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) *proof.Policy {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(place.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		p, err := proof.ParsePolicy(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	// The hospitals run a witness each, and the operator names them in the policy.
	var text strings.Builder
	text.WriteString(strings.ReplaceAll(string(h.Policy), "quorum none\n", ""))
	var watching []*ledgertest.Witness
	for i, name := range []string{"north", "south"} {
		key, err := proof.NewCosignEd25519(name, bytes.Repeat([]byte{byte(i + 1)}, 32), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		w := ledgertest.NewWitness(t, key, bare)
		watching = append(watching, w)
		text.WriteString(w.Line())
	}
	if err := os.WriteFile(policyFile, []byte(text.String()+"group one any north south\nquorum one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h = reopen(t, place, c)
	runCtx, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { h.Run(runCtx) })

	officer, admin := one(collab, phi.PrivacyOfficer), one(collab, phi.Administrator)
	status := func() string { return mainWords(h.ask(t, admin, http.MethodGet, "/status", body{})) }
	wait := func(what string, ok func() bool) {
		t.Helper()
		for begin := time.Now(); !ok(); time.Sleep(20 * time.Millisecond) {
			if time.Since(begin) > 20*time.Second {
				t.Fatalf("%s: %s", what, status())
			}
		}
	}
	size := func() int64 {
		t.Helper()
		head, err := h.Log.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return head.N
	}
	h.token(t, officer) // signing in is a record
	h.token(t, admin)
	n := size()
	// cosigned returns how much of the ledger has proofs with cosignatures.
	cosigned := func() (size int64) {
		t.Helper()
		if err := h.Log.DB().QueryRowContext(ctx, `select coalesce(max(size), 0) from checkpoint`).Scan(&size); err != nil {
			t.Fatal(err)
		}
		return size
	}
	wait("it is not cosigned", func() bool { return cosigned() >= n && watching[1].Seen().N >= n })
	wait("the status page", func() bool { return strings.Count(status(), "Cosigns") == 2 })

	// The proof that the page gives out, against each policy.
	prove := func() *proof.Proof {
		t.Helper()
		a := h.ask(t, officer, http.MethodGet, fmt.Sprintf("/ledger/%d/proof", n-2), body{})
		if a.Code != http.StatusOK {
			t.Fatalf("the proof is answered %d", a.Code)
		}
		p, err := proof.Parse(a.Body.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return &p
	}
	p := prove()
	quantum := read("policy-post-quantum.txt")
	for name, policy := range map[string]*proof.Policy{"the ledger alone": bare, "a witness": read("policy.txt"), "a witness and the second signature": quantum} {
		if _, err := audit.Proof(policy, *p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	cut := *p
	cut.Checkpoint = without(t, p.Checkpoint, h.Log.Origin(), 2000)
	if _, err := audit.Proof(quantum, cut); err == nil {
		t.Error("without the second signature the proof satisfies the policy that asks for it")
	}
	if _, err := audit.Proof(read("policy.txt"), cut); err != nil {
		t.Errorf("without the second signature: %v", err)
	}

	// One is down: nothing waits for it, and the page says so.
	watching[1].Silence(true)
	began := time.Now()
	h.fresh(t, officer)
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("a record took %v while a witness hangs", took)
	}
	m := size()
	wait("the other witness goes on", func() bool { return cosigned() >= m })
	wait("the status page", func() bool { return strings.Contains(status(), "Does not cosign") })
	if _, err := audit.Proof(read("policy.txt"), *prove()); err != nil {
		t.Errorf("one of two is enough: %v", err)
	}
	stop()
	done.Wait()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}

	// A backup is restored together with its keys, so that no anchor tells.
	for _, name := range []string{ledgerFile + "-wal", ledgerFile + "-shm", filepath.Join(place.Dir, "keys", "anchor")} {
		if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(ledgerFile, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = app.Open(ctx, app.Config{Place: place, Origin: "chaperone.example/test", Existing: true, Watched: true, Now: c.now})
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), fmt.Sprintf("witness north saw %d", watching[0].Seen().N)) || !strings.Contains(err.Error(), "holds ") {
		t.Errorf("a restored backup: %v", err)
	}
}

// without takes the signatures of a name that are longer than some bytes off a
// checkpoint.
func without(t *testing.T, checkpoint []byte, name string, length int) []byte {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(string(checkpoint)) {
		if !strings.HasPrefix(line, "— "+name+" ") || len(line) < length {
			out.WriteString(line)
		}
	}
	if out.Len() == len(checkpoint) {
		t.Fatalf("there is no such signature: %s", checkpoint)
	}
	return []byte(out.String())
}

// reopen starts a hub as "chaperone serve" does.
func reopen(t *testing.T, p app.Place, c *clock) *hub {
	t.Helper()
	h := &hub{dir: p.Dir, clock: c, log: &journal{}, steps: map[string]int64{}, tokens: map[string]string{}, seen: map[string]time.Time{}}
	var err error
	if h.App, err = app.Open(t.Context(), app.Config{Place: p, Origin: "chaperone.example/test", Existing: true, Watched: true, Now: c.now, LogTo: h.log}); err != nil {
		t.Fatal(err)
	}
	return h
}
