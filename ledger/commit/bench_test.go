package commit_test

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"chaperone.example/ledger/commit"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/notary"
	"chaperone.example/ledger/record"
	"chaperone.example/ledger/store"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var rounds = flag.Int("rounds", 0, "measure the ledger against the same schema without a Merkle tree, in so many interleaved rounds")

// writer returns a writer on an empty database.
func writer(t testing.TB, s ledgertest.Store) *commit.Writer {
	t.Helper()
	return watched(t, s, func(tlog.Tree) error { return nil })
}

// watched is a writer that tells each head that it commits.
func watched(t testing.TB, s ledgertest.Store, committed func(tlog.Tree) error) *commit.Writer {
	t.Helper()
	db := s.Open(t, s.Fresh(t))
	d, err := store.DialectOf(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Prepare(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	skey, _, err := note.GenerateKey(rand.Reader, ledgertest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	w, err := commit.New(t.Context(), commit.Config{DB: db, Dialect: d, Now: time.Now, Rand: rand.Reader, Secret: make([]byte, 32),
		Notary: notary.New(db, ledgertest.Origin, signer), Committed: committed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// event is one of the size that the product's events have: some 500 bytes as a record.
var event = commit.Event{Type: "release.downloaded", Body: []byte(`{"package":"pkg-4f1c09b2a77e4c5d","recipient":"key-9b3e71c05d2f4a68","bytes":1834022,"manifest":"sha256:7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069","basis":"45 CFR 164.506(c)(4)"}`)}

func appendOne(ctx context.Context, w *commit.Writer, stream string) (commit.Receipt, error) {
	return w.Append(ctx, &commit.Request{Stream: stream, Version: commit.AnyVersion, Parties: []string{"north", "south"},
		Actor: record.Actor{ID: "p-7d1f", Org: "north", Role: "steward", Reason: "request/5ac1"}, Events: []commit.Event{event}})
}

// measure returns appends a second, and the processor time of each in microseconds. Each
// appender waits for its own acknowledgement, and begins a new stream after eight events.
func measure(t *testing.T, w *commit.Writer, appenders int, tag string) (rate, cpu float64) {
	t.Helper()
	const span = 1500 * time.Millisecond
	begin, used := time.Now(), processor()
	counts := make([]int, appenders)
	var wg sync.WaitGroup
	for i := range appenders {
		wg.Go(func() {
			for time.Since(begin) < span {
				if _, err := appendOne(context.Background(), w, fmt.Sprintf("count/%s-%d-%d", tag, i, counts[i]/8)); err != nil {
					t.Error(err)
					return
				}
				counts[i]++
			}
		})
	}
	wg.Wait()
	n := 0
	for _, c := range counts {
		n += c
	}
	return float64(n) / time.Since(begin).Seconds(), float64((processor() - used).Microseconds()) / float64(n)
}

func processor() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// LED-1, bar 5: the evidence costs at most a fifth, at 64 appenders and more. The other
// side is this very writer without it: the same rows, stream versions, idempotency,
// hand-off and acknowledgement, and neither tags nor leaves, tree, tiles or root. Both run
// in turn, so that a busy machine hinders both.
func TestWhatTheTreeCosts(t *testing.T) {
	if *rounds == 0 {
		t.Skip("skipped: a measurement; run it with -rounds 5 on a quiet machine")
	}
	ledgertest.Each(t, func(t *testing.T, s ledgertest.Store) {
		for _, appenders := range []int{1, 64, 512, 2000} {
			with, without := writer(t, s), writer(t, s)
			commit.Bare(without)
			with.Start()
			without.Start()
			var ratios, rates, bare, cpus, bares, work []float64
			for r := range *rounds {
				a, ca := measure(t, with, appenders, fmt.Sprint(r))
				b, cb := measure(t, without, appenders, fmt.Sprint(r))
				ratios, rates, bare, cpus, bares, work = append(ratios, a/b), append(rates, a), append(bare, b), append(cpus, ca), append(bares, cb), append(work, cb/ca)
			}
			t.Logf("%4d appenders: ratio %.2f [%.2f..%.2f], %.0f/s with the tree, %.0f/s without; processor %.1f and %.1f µs an event, ratio %.2f", appenders,
				median(ratios), slices.Min(ratios), slices.Max(ratios), median(rates), median(bare), median(cpus), median(bares), median(work))
			if appenders >= 64 && median(ratios) < 0.8 {
				t.Errorf("%d appenders: less than 0.8 of the same schema without a tree", appenders)
			}
		}
	})
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
