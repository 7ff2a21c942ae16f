package commit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/commit"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/proof"
	"golang.org/x/mod/sumdb/tlog"
)

// LED-1, bar 6: the proof is in the reply. Every appender proves what it appended at the
// very commit that acknowledged it, with nothing but its receipt: the database is closed by
// then.
func TestTheProofIsInTheReply(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, s ledgertest.Store) {
		db := s.Open(t, s.Fresh(t))
		c, vkey := ledgertest.Counting(t, db)
		policy, err := proof.ParsePolicy(proof.FormatPolicy(vkey))
		if err != nil {
			t.Fatal(err)
		}
		d := ledgertest.Desk(t, c)
		const appenders, each = 40, 15 // past two full tiles
		receipts := make([][]ledger.Receipt, appenders)
		var wg sync.WaitGroup
		for i := range appenders {
			receipts[i] = append(receipts[i], ledgertest.Do(t, d, fmt.Sprint(i), ledgertest.Begin{With: "south"}))
			wg.Go(func() {
				for range each {
					r, err := ledger.Do(context.Background(), d, ledgertest.Alice, ledgertest.Counts, fmt.Sprint(i), ledgertest.Add{By: 1, Note: "note", Who: "s"})
					if err != nil {
						t.Error(err)
						return
					}
					receipts[i] = append(receipts[i], r)
				}
			})
		}
		wg.Wait()
		once := ledger.Once(t.Context(), "key")
		for range 2 {
			r, err := ledger.Do(once, d, ledgertest.Alice, ledgertest.Counts, "1", ledgertest.Add{By: 1})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Proof(r.First); errors.Is(err, commit.ErrRepeated) != r.Repeated {
				t.Errorf("repeated %v: %v", r.Repeated, err)
			}
		}
		d.Log.Close()
		db.Close()
		shared := map[int64]int{}
		for i, rs := range receipts {
			for _, r := range rs {
				data, err := r.Proof(r.First)
				if err != nil {
					t.Fatal(err)
				}
				p, err := proof.Parse(data)
				if err != nil {
					t.Fatal(err)
				}
				v, err := audit.Proof(policy, p)
				if err != nil || v.Record.Seq != r.First || v.Record.Stream != fmt.Sprint("count/", i) || v.Record.Version != r.Version {
					t.Errorf("record %d: %+v, %v", r.First, v, err)
				}
				if h, err := proof.ReadCheckpoint(p.Checkpoint); err != nil || h.Tree != r.Tree {
					t.Errorf("record %d is proved in %v (%v), and was committed in %v", r.First, h.Tree, err, r.Tree)
				}
				shared[r.Tree.N]++
				if _, err := r.Proof(r.Last + 1); err == nil {
					t.Errorf("the receipt of record %d proved another", r.First)
				}
			}
		}
		if len(shared) == appenders*(each+1) {
			t.Error("no two appends shared a commit")
		}
	})
}

// Who is no party of what it recorded gets no opening of it.
func TestTheProofIsForParties(t *testing.T) {
	w := writer(t, ledgertest.Stores()[0])
	w.Start()
	r, err := w.Append(t.Context(), &commit.Request{Stream: "count/1", Version: commit.AnyVersion, Actor: ledgertest.Alice, Parties: []string{"south"}, Events: []commit.Event{event}})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := r.Proof(r.First); err == nil {
		t.Errorf("north, which is no party, got %s", p)
	}
	if _, err := (commit.Receipt{}).Proof(0); err == nil {
		t.Error("no receipt proved something")
	}
}

// Bar 6: with the proof in hand, 99 of 100 appends took at most as long as two group
// commits: the one that was under way and their own. Each is measured by those two, since
// on a busy machine some commits take much longer than others.
func TestHowLongTheProofTakes(t *testing.T) {
	if *rounds == 0 {
		t.Skip("skipped: a measurement; run it with -rounds 5 on a quiet machine")
	}
	ledgertest.Each(t, func(t *testing.T, s ledgertest.Store) {
		for _, appenders := range []int{1, 64, 512} {
			var mu sync.Mutex
			var ends []time.Time // of the commits
			at := map[int64]int{0: 0}
			w := watched(t, s, func(h tlog.Tree) error {
				mu.Lock()
				defer mu.Unlock()
				at[h.N], ends = len(ends), append(ends, time.Now())
				return nil
			})
			w.Start()
			type wait struct {
				head int64
				took time.Duration
			}
			var waits []wait
			begin := time.Now()
			var wg sync.WaitGroup
			for i := range appenders {
				wg.Go(func() {
					for n := 0; time.Since(begin) < time.Duration(*rounds)*time.Second; n++ {
						asked := time.Now()
						r, err := appendOne(context.Background(), w, fmt.Sprintf("count/%d-%d", i, n/8))
						if err == nil {
							_, err = r.Proof(r.First)
						}
						if err != nil {
							t.Error(err)
							return
						}
						took := time.Since(asked)
						mu.Lock()
						waits = append(waits, wait{r.Tree.N, took})
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			var commits []float64
			for _, x := range waits {
				if k := at[x.head]; k >= 2 {
					commits = append(commits, 2*float64(x.took)/float64(ends[k].Sub(ends[k-2])))
				}
			}
			slices.Sort(commits)
			t.Logf("%4d appenders: an append with its proof takes %.2f group commits in the median, %.2f at the 99th percentile", appenders, median(commits), commits[len(commits)*99/100])
		}
	})
}
