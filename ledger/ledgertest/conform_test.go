package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/postgres"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/tail"
	"golang.org/x/mod/sumdb/tlog"
)

// What every database under a ledger must do (LED-1).

func inspect(t testing.TB, db ledger.Reader) audit.Report {
	t.Helper()
	rep, err := audit.Database(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestManyAppenders(t *testing.T) {
	Each(t, func(t *testing.T, s Store) {
		db := s.Open(t, s.Fresh(t))
		c, vkey := Counting(t, db)
		d := Desk(t, c)
		for i := range 8 {
			Do(t, d, fmt.Sprint(i), Begin{"south"})
		}
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				for range 10 {
					for {
						_, err := ledger.Do(context.Background(), d, Alice, Counts, fmt.Sprint(i%8), Add{By: 1})
						if err == nil {
							break
						}
						if _, _, ok := conflict(err); !ok {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		wg.Wait()
		rep := inspect(t, db)
		var total int
		if err := db.QueryRow(`select sum(total) from count_total`).Scan(&total); err != nil || total != 640 || rep.Tree.N != 648 {
			t.Errorf("%d records, the view counts %d (%v)", rep.Tree.N, total, err)
		}
		CheckRebuild(t, d.Log)
		policy, err := proof.ParsePolicy(proof.FormatPolicy(vkey))
		if err != nil {
			t.Fatal(err)
		}
		for _, seq := range []int64{0, 255, 256, 511, 512, 647} {
			data, err := ledger.Ask(t.Context(), d, Alice, proofOf(seq))
			if err != nil {
				t.Fatal(err)
			}
			p, err := proof.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := audit.Proof(policy, p); err != nil || v.Record.Seq != seq {
				t.Errorf("proof of %d: %v", seq, err)
			}
		}
	})
}

type proofOf int64

func (proofOf) Action() string { return "ledger.prove" }
func (q proofOf) Answer(ctx context.Context, r *ledger.Reading) ([]byte, error) {
	return r.Prove(ctx, int64(q))
}

// conflict reports whether err says that somebody else was faster.
func conflict(err error) (kind, msg string, ok bool) {
	var f interface{ Fault() (string, string) }
	if !errors.As(err, &f) {
		return "", "", false
	}
	kind, msg = f.Fault()
	return kind, msg, kind == "conflict"
}

// A view that refuses rejects its own append and no other of the batch.
func TestARefusalStandsAlone(t *testing.T) {
	Each(t, func(t *testing.T, s Store) {
		db := s.Open(t, s.Fresh(t))
		c, _ := Counting(t, db)
		d := Desk(t, c)
		for i := range 16 {
			Do(t, d, fmt.Sprint(i), Begin{"south"})
		}
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				by := 1
				if i%2 == 0 {
					by = 2_000_000 // more than the table takes
				}
				if _, err := ledger.Do(context.Background(), d, Alice, Counts, fmt.Sprint(i), Add{By: by}); (err != nil) != (i%2 == 0) {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if rep := inspect(t, db); rep.Tree.N != 24 {
			t.Errorf("%d records, want 24", rep.Tree.N)
		}
		CheckRebuild(t, d.Log)
	})
}

// What a decision rests on does not change under it: of many that may only be first,
// one is.
func TestGuards(t *testing.T) {
	Each(t, func(t *testing.T, s Store) {
		db := s.Open(t, s.Fresh(t))
		c, _ := Counting(t, db)
		d := Desk(t, c)
		for i := range 9 {
			Do(t, d, fmt.Sprint(i), Begin{"south"})
		}
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() { // each pair may only add while the other is at zero
				me, other := fmt.Sprint(i%2), fmt.Sprint(1-i%2)
				_, err := ledger.Do(context.Background(), d, Alice, Counts, me, Add{By: 1, If: other, Limit: 1})
				if _, _, ok := conflict(err); err != nil && !ok {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var both int
		if err := db.QueryRow(`select count(*) from count_total where total > 0`).Scan(&both); err != nil || both != 1 {
			t.Errorf("%d counts are above zero (%v), want 1", both, err)
		}
		inspect(t, db)
	})
}

func TestKeysAreUsedOnce(t *testing.T) {
	Each(t, func(t *testing.T, s Store) {
		db := s.Open(t, s.Fresh(t))
		c, _ := Counting(t, db)
		d := Desk(t, c)
		Do(t, d, "1", Begin{"south"})
		ctx := ledger.Once(t.Context(), "key")
		var wg sync.WaitGroup
		var mu sync.Mutex
		fresh := 0
		for range 16 {
			wg.Go(func() {
				for {
					r, err := ledger.Do(ctx, d, Alice, Counts, "1", Add{By: 1})
					if _, _, ok := conflict(err); ok {
						continue
					}
					mu.Lock()
					defer mu.Unlock()
					if err != nil || r.First != 1 {
						t.Errorf("%+v, %v", r, err)
					}
					if !r.Repeated {
						fresh++
					}
					return
				}
			})
		}
		wg.Wait()
		if _, err := ledger.Do(ctx, d, Alice, Counts, "1", Add{By: 2}); err == nil {
			t.Error("one key served two commands")
		}
		if rep := inspect(t, db); rep.Tree.N != 2 || fresh != 1 {
			t.Errorf("%d records, %d acknowledged as new", rep.Tree.N, fresh)
		}
	})
}

// REL-3: after a disposal neither the ciphertext nor the key is there, the audit says by
// which record, and a disposal that was interrupted is completed at the next start.
func TestDisposal(t *testing.T) {
	Each(t, func(t *testing.T, s Store) {
		db := s.Open(t, s.Fresh(t))
		c, _ := Counting(t, db)
		d := Desk(t, c)
		Do(t, d, "1", Begin{"south"})
		for i := range 4 {
			Do(t, d, "1", Add{By: 1, Note: "a detail", Who: fmt.Sprint("s-", i%2)})
		}
		r, err := d.Log.Dispose(t.Context(), Alice, ledger.Disposal{Subject: "s-1", Reason: "retention"})
		if err != nil {
			t.Fatal(err)
		}
		rep := inspect(t, db)
		if rep.Sealed != 2 || len(rep.Disposals) != 2 || rep.Disposals[2] != r.First || rep.Disposals[4] != r.First {
			t.Errorf("%+v", rep)
		}
		if held := c.Sealer.(*Sealer).Held(); held != 2 {
			t.Errorf("%d details can be opened", held)
		}
		d.Log.Close()
		// Recorded, and interrupted before the key was destroyed.
		if _, err := db.Exec(`insert into shred (subject) values ('s-0')`); err != nil {
			t.Fatal(err)
		}
		Desk(t, c)
		if held := c.Sealer.(*Sealer).Held(); held != 0 {
			t.Errorf("%d details can be opened after the restart", held)
		}
	})
}

func TestRecordsCannotBeChanged(t *testing.T) {
	Each(t, func(t *testing.T, s Store) {
		db := s.Open(t, s.Fresh(t))
		c, _ := Counting(t, db)
		Do(t, Desk(t, c), "1", Begin{"south"})
		for _, q := range []string{`update record set version = 2`, `delete from record`} {
			if _, err := db.Exec(q); err == nil {
				t.Errorf("%s succeeded", q)
			}
		}
		inspect(t, db)
	})
}

// Two programs on one database: neither overwrites the other, and a reader of either
// sees every record once and in order.
func TestTwoWriters(t *testing.T) {
	Each(t, func(t *testing.T, s Store) {
		address := s.Fresh(t)
		a, _ := Counting(t, s.Open(t, address))
		b := a
		b.DB = s.Open(t, address)
		desks := []*ledger.Desk{Desk(t, a), Desk(t, b)}
		const each, appenders = 20, 8
		for i := range appenders * 2 {
			Do(t, desks[i%2], fmt.Sprint(i), Begin{"south"})
		}
		var waker tail.Waker
		if s.Name == "PostgreSQL" {
			l, err := postgres.Listen(t.Context(), b.DB)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			waker = l.Wait
		}
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		seen := make(chan int64)
		go func() {
			defer close(seen)
			for r, err := range tail.Follow(ctx, desks[1].Log, 0, waker) {
				if err != nil {
					t.Error(err)
					return
				}
				seen <- r.Seq
				if r.Seq == appenders*2*(each+1)-1 {
					return
				}
			}
		}()
		for i := range appenders * 2 {
			go func() {
				for range each {
					if _, err := ledger.Do(context.Background(), desks[i%2], Alice, Counts, fmt.Sprint(i), Add{By: 1}); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		var want int64
		for seq := range seen {
			if seq != want {
				t.Fatalf("the reader sees record %d, want %d", seq, want)
			}
			want++
		}
		if want != appenders*2*(each+1) {
			t.Errorf("the reader saw %d records", want)
		}
		inspect(t, a.DB)
		CheckRebuild(t, desks[0].Log)
	})
}

// script appends the same to any database: the clock, the salts and the ciphertext are
// given.
func script(t testing.TB, s Store, n int) tlog.Tree {
	t.Helper()
	db := s.Open(t, s.Fresh(t))
	c, _ := Counting(t, db)
	var clock Clock
	c.Now, c.Rand, c.Sealer = clock.Now, io.Reader(rand.NewChaCha8([32]byte{7})), plain{}
	d := Desk(t, c)
	clock.Advance(time.Hour)
	for i := range n {
		clock.Advance(1234567 * time.Nanosecond)
		id := fmt.Sprint(i % 7)
		if i < 7 {
			Do(t, d, id, Begin{"söuth\u2028<&>"})
		} else {
			Do(t, d, id, Add{By: i, Note: []string{"", "note"}[i%2], Who: "s-1"})
		}
	}
	return inspect(t, db).Tree
}

type plain struct{}

func (plain) Seal(_ context.Context, subject string, aad, text []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%s %s %s", subject, aad, text), nil
}
func (plain) Open(context.Context, string, []byte, []byte) ([]byte, error) {
	return nil, ledger.ErrDisposed
}

// The same events give the same root, whatever the database.
func TestSameRoot(t *testing.T) {
	stores := Stores()
	want := script(t, stores[0], 300)
	if again := script(t, stores[0], 300); again != want {
		t.Fatal("the script does not repeat itself")
	}
	for _, s := range stores[1:] {
		t.Run(s.Name, func(t *testing.T) {
			if got := script(t, s, 300); got != want {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}
