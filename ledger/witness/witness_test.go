package witness_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/witness"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A fake witness is strict in what C2SP tlog-witness asks of one. Witnesses of others
// are tried in the module tools.
type fake struct {
	*proof.CosignKey
	log  *proof.Policy
	mu   sync.Mutex
	seen tlog.Tree
	mute bool
}

// silence has the witness hang, or answer again.
func (f *fake) silence(mute bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mute = mute
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	mute := f.mute
	f.mu.Unlock()
	if mute {
		<-r.Context().Done() // it hangs
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	head, signed, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	var old int64
	if _, err := fmt.Sscanf(lines[0], "old %d", &old); err != nil || !ok || r.URL.Path != "/w/add-checkpoint" {
		http.Error(w, "malformed", http.StatusBadRequest)
		return
	}
	s, err := f.log.Open(signed)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	if old != f.seen.N {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", f.seen.N)
		return
	}
	var p tlog.TreeProof
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.DecodeString(l)
		if err != nil {
			http.Error(w, "malformed", http.StatusBadRequest)
			return
		}
		p = append(p, tlog.Hash(h))
	}
	if old > 0 && tlog.CheckTree(p, s.Tree.N, s.Tree.Hash, old, f.seen.Hash) != nil {
		http.Error(w, "rewritten", http.StatusUnprocessableEntity)
		return
	}
	f.seen = s.Tree
	out, err := note.Sign(&note.Note{Text: s.Checkpoint.String()}, f)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, answer, _ := bytes.Cut(out, []byte("\n\n"))
	w.Write(answer)
}

type world struct {
	desk      *ledger.Desk
	config    ledger.Config
	policy    *proof.Policy
	witnesses []*fake
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := ledgertest.Stores()[0]
	c, vkey := ledgertest.Counting(t, s.Open(t, s.Fresh(t)))
	second, err := proof.NewMLDSA44(ledgertest.Origin, bytes.Repeat([]byte{9}, 32), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	c.Second = second
	w := &world{config: c, desk: ledgertest.Desk(t, c)}
	trust, err := proof.ParsePolicy(proof.FormatPolicy(vkey))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("log " + vkey + "\n")
	for i := range 3 {
		key, err := proof.NewCosignEd25519(fmt.Sprint("w", i), bytes.Repeat([]byte{byte(i)}, 32), time.Now)
		if i == 1 {
			key, err = proof.NewMLDSA44(fmt.Sprint("w", i), bytes.Repeat([]byte{byte(i)}, 32), time.Now)
		}
		if err != nil {
			t.Fatal(err)
		}
		f := &fake{CosignKey: key, log: trust}
		f.seen.Hash, _ = tlog.TreeHash(0, nil)
		srv := httptest.NewServer(f)
		t.Cleanup(srv.Close)
		w.witnesses = append(w.witnesses, f)
		fmt.Fprintf(&text, "witness w%d %s %s/w/\n", i, key.VerifierKey(), srv.URL)
	}
	if w.policy, err = proof.ParsePolicy([]byte(text.String() + "group two 2 w0 w1 w2\nquorum two\n")); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) collector(report func(string, error)) *witness.Collector {
	return &witness.Collector{Log: w.desk.Log, Policy: w.policy, Client: &http.Client{Timeout: 300 * time.Millisecond}, Report: report, Pause: 20 * time.Millisecond}
}

type proofOf int64

func (proofOf) Action() string { return "ledger.prove" }
func (q proofOf) Answer(ctx context.Context, r *ledger.Reading) ([]byte, error) {
	return r.Prove(ctx, int64(q))
}

// verify proves a record against the policy of two witnesses of three.
func (w *world) verify(t *testing.T, seq int64) (audit.Verdict, error) {
	t.Helper()
	data, err := ledger.Ask(t.Context(), w.desk, ledgertest.Alice, proofOf(seq))
	if err != nil {
		t.Fatal(err)
	}
	p, err := proof.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return audit.Proof(w.policy, p)
}

// LED-1: a proof is cosigned by a quorum of witnesses; one that is down, or hangs, does
// not matter; when too few are up, appends go on and the proof says what it lacks.
func TestQuorumOfWitnesses(t *testing.T) {
	w := newWorld(t)
	c := w.collector(nil)
	ledgertest.Do(t, w.desk, "1", ledgertest.Begin{With: "south"})
	if _, err := w.verify(t, 0); err == nil {
		t.Error("a proof without cosignatures satisfied the policy")
	}
	collect := func() {
		t.Helper()
		if err := c.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	collect()
	if v, err := w.verify(t, 0); err != nil || len(v.Witnesses) != 3 || time.Since(v.Since) > time.Minute {
		t.Errorf("%+v, %v", v, err)
	}
	w.witnesses[0].silence(true)
	ledgertest.Do(t, w.desk, "1", ledgertest.Add{By: 1})
	collect()
	if v, err := w.verify(t, 1); err != nil || len(v.Witnesses) != 2 || v.Tree.N != 2 {
		t.Errorf("one is down: %+v, %v", v, err)
	}
	w.witnesses[1].silence(true)
	ledgertest.Do(t, w.desk, "1", ledgertest.Add{By: 1})
	collect()
	if _, err := w.verify(t, 2); err == nil {
		t.Error("one of three satisfied two of three")
	}
	if v, err := w.verify(t, 1); err != nil || v.Tree.N != 2 {
		t.Errorf("an older record lost its cosigned proof: %+v, %v", v, err)
	}
	w.witnesses[0].silence(false)
	w.witnesses[1].silence(false)
	c = w.collector(nil) // restarted: it does not know what the witnesses saw
	collect()
	if v, err := w.verify(t, 2); err != nil || len(v.Witnesses) != 3 {
		t.Errorf("all are back: %+v, %v", v, err)
	}
}

// A rewritten history gets no cosignature, and the operator hears of it.
func TestAForkIsRefused(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		ledgertest.Do(t, w.desk, fmt.Sprint(i), ledgertest.Begin{With: "south"})
	}
	if err := w.collector(nil).Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.desk.Log.Close()
	for name, n := range map[string]int{"shorter": 3, "longer, rewritten": 9} {
		s := ledgertest.Stores()[0]
		w.config.DB = s.Open(t, s.Fresh(t))
		w.desk = ledgertest.Desk(t, w.config)
		for i := range n {
			ledgertest.Do(t, w.desk, fmt.Sprint(i), ledgertest.Begin{With: "east"})
		}
		var mu sync.Mutex
		alarms := 0
		c := w.collector(func(_ string, err error) {
			mu.Lock()
			defer mu.Unlock()
			if r, ok := err.(*witness.Refusal); ok && r.Rewritten() {
				alarms++
			}
		})
		if err := c.Collect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if alarms != 3 {
			t.Errorf("%s: %d of 3 witnesses raised the alarm", name, alarms)
		}
		if _, err := w.verify(t, 0); err == nil {
			t.Errorf("%s: it was cosigned", name)
		}
	}
}

// Bar 6: a record has a cosigned proof within two seconds, and the collector does not
// slow the appends down when all witnesses hang.
func TestCosignedWithinTwoSeconds(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { w.collector(nil).Run(ctx) })
	defer done.Wait()
	defer stop()
	r := ledgertest.Do(t, w.desk, "1", ledgertest.Begin{With: "south"})
	begin := time.Now()
	for {
		if _, err := w.verify(t, r.First); err == nil {
			break
		}
		if time.Since(begin) > 2*time.Second {
			t.Fatal("no cosigned proof within two seconds")
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("cosigned after %v", time.Since(begin).Round(time.Millisecond))
	for _, f := range w.witnesses {
		f.silence(true)
	}
	begin = time.Now()
	for range 20 {
		ledgertest.Do(t, w.desk, "1", ledgertest.Add{By: 1})
	}
	if took := time.Since(begin); took > 20*300*time.Millisecond {
		t.Errorf("20 appends took %v while the witnesses hang", took)
	}
}
