package ledgertest

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

	"chaperone.example/ledger"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/store"
)

var rounds = flag.Int("rounds", 0, "measure the ledger against the same schema without a Merkle tree, in so many interleaved rounds")

// An appending is something that appends an event durably.
type appending func(ctx context.Context, stream string) error

// viewed records an access, which is the shortest way through the door to an append.
type viewed struct{ stream string }

func (viewed) Action() string                                          { return "count.see" }
func (viewed) Answer(context.Context, *ledger.Reading) (string, error) { return "", nil }
func (q viewed) Accesses(string, ledger.Moment) []ledger.Access {
	return []ledger.Access{{Stream: q.stream, Event: Added{By: 1}, Parties: []string{"north", "south"}}}
}

func withTree(t *testing.T, s Store) appending {
	c, _ := Counting(t, s.Open(t, s.Fresh(t)))
	c.Views = nil
	d := Desk(t, c)
	return func(ctx context.Context, stream string) error {
		_, err := ledger.Ask(ctx, d, Alice, viewed{stream})
		return err
	}
}

// withoutTree is a group commit into the same tables, with the same rows, that keeps no
// tree: what a careful program would do that wanted no proofs.
func withoutTree(t *testing.T, s Store) appending {
	ctx := context.Background()
	db := s.Open(t, s.Fresh(t))
	d, err := store.DialectOf(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Prepare(ctx, db); err != nil {
		t.Fatal(err)
	}
	session, err := d.Session(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	type request struct {
		stream string
		done   chan error
	}
	queue := make(chan request)
	var seq int64
	write := func(batch []request) error {
		if _, err := session.ExecContext(ctx, d.Begin); err != nil {
			return err
		}
		if _, _, err := store.Head(ctx, session, d.Head); err != nil {
			return err
		}
		var streams []string
		for _, r := range batch {
			streams = append(streams, r.stream)
		}
		versions, err := d.Versions(ctx, session, streams)
		if err != nil {
			return err
		}
		var records, sees [][]any
		for _, r := range batch {
			versions[r.stream]++
			body, err := leaf.Marshal(Added{By: 1})
			if err != nil {
				return err
			}
			now := time.Now().UTC()
			salt, tags := make([]byte, leaf.SaltSize), make([]byte, 2*leaf.TagSize)
			rand.Read(salt)
			event, err := leaf.Marshal(ledger.Record{Seq: seq, Stream: r.stream, Version: versions[r.stream], Type: "count.added", Time: now, Actor: Alice,
				Parties: []ledger.Party{{Org: "north", N: seq + 1}, {Org: "south", N: seq + 1}}, Body: body})
			if err != nil {
				return err
			}
			records = append(records, []any{seq, r.stream, int64(versions[r.stream]), "count.added", now.Format(store.TimeFormat), salt, tags, event})
			sees = append(sees, []any{r.stream, "north"}, []any{r.stream, "south"})
			seq++
		}
		for _, w := range []struct {
			store.Table
			rows [][]any
		}{{store.Record, records}, {store.Sees, sees}, {store.Party, [][]any{{"north", seq}, {"south", seq}}}} {
			if err := d.Insert(ctx, session, w.Table, w.rows); err != nil {
				return err
			}
		}
		if _, err := session.ExecContext(ctx, `update head set size = $1, time = $2 where id = 1`, seq, time.Now().UTC().Format(store.TimeFormat)); err != nil {
			return err
		}
		_, err = session.ExecContext(ctx, `commit`)
		return err
	}
	stop := make(chan struct{})
	stopped := make(chan struct{})
	t.Cleanup(func() { close(stop); <-stopped; session.Discard() })
	go func() {
		defer close(stopped)
		for {
			var batch []request
			select {
			case <-stop:
				return
			case r := <-queue:
				batch = append(batch, r)
			}
		drain:
			for len(batch) < 1024 {
				select {
				case r := <-queue:
					batch = append(batch, r)
				default:
					break drain
				}
			}
			err := write(batch)
			for _, r := range batch {
				r.done <- err
			}
		}
	}()
	return func(_ context.Context, stream string) error {
		r := request{stream, make(chan error, 1)}
		queue <- r
		return <-r.done
	}
}

// measure returns appends a second, and the processor time of each.
func measure(t *testing.T, do appending, appenders int, tag string) (rate, cpu float64) {
	t.Helper()
	const span = 1500 * time.Millisecond
	begin, used := time.Now(), processor()
	counts := make([]int, appenders)
	var wg sync.WaitGroup
	for i := range appenders {
		wg.Go(func() {
			for time.Since(begin) < span {
				if err := do(context.Background(), fmt.Sprintf("count/%s-%d-%d", tag, i, counts[i]/8)); err != nil {
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

// Bar 5: the tree, the proofs and the party tags cost at most a fifth, at 64 appenders
// and more. Both run in turn, so that a busy machine hinders both.
func TestWhatTheTreeCosts(t *testing.T) {
	if *rounds == 0 {
		t.Skip("skipped: a measurement; run it with -rounds 5 on a quiet machine")
	}
	Each(t, func(t *testing.T, s Store) {
		for _, appenders := range []int{1, 64, 512, 2000} {
			with, without := withTree(t, s), withoutTree(t, s)
			var ratios, rates, bare, cpus, bares []float64
			for r := range *rounds {
				a, ca := measure(t, with, appenders, fmt.Sprint(r))
				b, cb := measure(t, without, appenders, fmt.Sprint(r))
				ratios, rates, bare, cpus, bares = append(ratios, a/b), append(rates, a), append(bare, b), append(cpus, ca), append(bares, cb)
			}
			t.Logf("%4d appenders: ratio %.2f [%.2f..%.2f], %.0f/s with the tree, %.0f/s without; processor %.0f and %.0f µs an event", appenders,
				median(ratios), slices.Min(ratios), slices.Max(ratios), median(rates), median(bare), median(cpus), median(bares))
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
