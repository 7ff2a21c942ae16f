package witness_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/witness"
)

type world struct {
	desk      *ledger.Desk
	config    ledger.Config
	policy    *proof.Policy
	witnesses []*ledgertest.Witness
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
		f := ledgertest.NewWitness(t, key, trust)
		w.witnesses = append(w.witnesses, f)
		text.WriteString(f.Line())
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
	w.witnesses[0].Silence(true)
	ledgertest.Do(t, w.desk, "1", ledgertest.Add{By: 1})
	collect()
	if v, err := w.verify(t, 1); err != nil || len(v.Witnesses) != 2 || v.Tree.N != 2 {
		t.Errorf("one is down: %+v, %v", v, err)
	}
	w.witnesses[1].Silence(true)
	ledgertest.Do(t, w.desk, "1", ledgertest.Add{By: 1})
	collect()
	if _, err := w.verify(t, 2); err == nil {
		t.Error("one of three satisfied two of three")
	}
	if v, err := w.verify(t, 1); err != nil || v.Tree.N != 2 {
		t.Errorf("an older record lost its cosigned proof: %+v, %v", v, err)
	}
	w.witnesses[0].Silence(false)
	w.witnesses[1].Silence(false)
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
		f.Silence(true)
	}
	begin = time.Now()
	for range 20 {
		ledgertest.Do(t, w.desk, "1", ledgertest.Add{By: 1})
	}
	if took := time.Since(begin); took > 20*300*time.Millisecond {
		t.Errorf("20 appends took %v while the witnesses hang", took)
	}
}

// At the start, a database that is behind what a witness saw, or is another one, is
// found out: by one witness, whatever the quorum; and a lost database too. Growth, an
// unknown witness and one that is down are no reason to stop.
func TestCompare(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		ledgertest.Do(t, w.desk, fmt.Sprint(i), ledgertest.Begin{With: "south"})
	}
	compare := func() error { return w.collector(nil).Compare(t.Context()) }
	w.witnesses[1].Silence(true)
	w.witnesses[2].Silence(true)
	if err := compare(); err != nil {
		t.Errorf("growth, and two are down: %v", err)
	}
	w.desk.Log.Close()
	for name, tt := range map[string]struct {
		n    int
		want string
	}{
		"lost": {0, "holds 0 records, but witness w0 saw 5"}, "restored from a backup": {3, "holds 3 records, but witness w0 saw 5"},
		"another": {5, "not those that witness w0 saw"}, "another that is longer": {9, "not those that witness w0 saw"},
	} {
		s := ledgertest.Stores()[0]
		w.config.DB = s.Open(t, s.Fresh(t))
		w.desk = ledgertest.Desk(t, w.config)
		for i := range tt.n {
			ledgertest.Do(t, w.desk, fmt.Sprint(i), ledgertest.Begin{With: "east"})
		}
		if err := compare(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		w.desk.Log.Close()
	}
}

// Two processes share a ledger: what the other had cosigned meanwhile is no fork.
func TestAnotherProcessWasFaster(t *testing.T) {
	w := newWorld(t)
	ledgertest.Do(t, w.desk, "1", ledgertest.Begin{With: "south"})
	late := &late{Log: w.desk.Log}
	late.old, _ = w.desk.Log.Checkpoint(t.Context())
	ledgertest.Do(t, w.desk, "1", ledgertest.Add{By: 1})
	if err := w.collector(nil).Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := w.collector(func(name string, err error) { t.Errorf("%s: %v", name, err) })
	c.Log = late
	if err := c.Compare(t.Context()); err != nil {
		t.Errorf("at the start: %v", err)
	}
}

// A late process reads the head once before the other appended.
type late struct {
	*ledger.Log
	old []byte
}

func (l *late) Checkpoint(ctx context.Context) ([]byte, error) {
	if old := l.old; old != nil {
		l.old = nil
		return old, nil
	}
	return l.Log.Checkpoint(ctx)
}
