package migrate_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/migrate"
	"chaperone.example/ledger/proof"
)

type proofOf int64

func (proofOf) Action() string { return "ledger.prove" }
func (q proofOf) Answer(ctx context.Context, r *ledger.Reading) ([]byte, error) {
	return r.Prove(ctx, int64(q))
}

// LED-1: a ledger that moves keeps its root, its proofs and its idempotency keys, its
// views are the same when rebuilt, and it goes on where it was.
func TestMovesBetweenAllStores(t *testing.T) {
	for _, from := range ledgertest.Stores() {
		for _, to := range ledgertest.Stores() {
			t.Run(from.Name+" to "+to.Name, func(t *testing.T) {
				src, dst := from.Open(t, from.Fresh(t)), to.Open(t, to.Fresh(t))
				c, vkey := ledgertest.Counting(t, src)
				d := ledgertest.Desk(t, c)
				for i := range 300 {
					id := fmt.Sprint(i % 5)
					if i < 5 {
						ledgertest.Do(t, d, id, ledgertest.Begin{With: "south"})
					} else {
						ledgertest.Do(t, d, id, ledgertest.Add{By: i, Note: "note", Who: fmt.Sprint("s-", i%3)})
					}
				}
				keyed := ledger.Once(t.Context(), "k")
				if _, err := ledger.Do(keyed, d, ledgertest.Alice, ledgertest.Counts, "1", ledgertest.Add{By: 1}); err != nil {
					t.Fatal(err)
				}
				if _, err := d.Log.Dispose(t.Context(), ledgertest.Alice, ledger.Disposal{Subject: "s-1", Reason: "retention"}); err != nil {
					t.Fatal(err)
				}
				old, err := ledger.Ask(t.Context(), d, ledgertest.Alice, proofOf(7))
				if err != nil {
					t.Fatal(err)
				}
				totals := tables(t, src)
				d.Log.Close()

				rep, err := migrate.Copy(t.Context(), src, dst, nil)
				if err != nil {
					t.Fatal(err)
				}
				if rep.Disposed() != 98 {
					t.Errorf("%d disposed of, want 98", rep.Disposed())
				}
				c.DB = dst
				d = ledgertest.Desk(t, c)
				if err := d.Log.Rebuild(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
				if got := tables(t, dst); got != totals {
					t.Errorf("the view says\n%s\nit said\n%s", got, totals)
				}
				if r, err := ledger.Do(keyed, d, ledgertest.Alice, ledgertest.Counts, "1", ledgertest.Add{By: 1}); err != nil || !r.Repeated {
					t.Errorf("an idempotency key was forgotten: %+v, %v", r, err)
				}
				if r := ledgertest.Do(t, d, "1", ledgertest.Add{By: 1}); r.First != rep.Tree.N {
					t.Errorf("it goes on at %d, want %d", r.First, rep.Tree.N)
				}
				policy, err := proof.ParsePolicy(proof.FormatPolicy(vkey))
				if err != nil {
					t.Fatal(err)
				}
				p, err := proof.Parse(old)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := audit.Proof(policy, p); err != nil {
					t.Error(err)
				}
				again, err := ledger.Ask(t.Context(), d, ledgertest.Alice, proofOf(7))
				if err != nil || !bytes.Equal(again[:400], old[:400]) {
					t.Errorf("record 7 is proved otherwise (%v)", err)
				}
				if _, err := migrate.Copy(t.Context(), src, dst, nil); err == nil || !strings.Contains(err.Error(), "already holds") {
					t.Errorf("copied over a ledger: %v", err)
				}
			})
		}
	}
}

func tables(t *testing.T, db ledger.Reader) string {
	t.Helper()
	rs, err := db.QueryContext(t.Context(), `select id, total, at from count_total`)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Close()
	rows := map[string]bool{}
	for rs.Next() {
		var id, at string
		var total int
		if err := rs.Scan(&id, &total, &at); err != nil {
			t.Fatal(err)
		}
		rows[fmt.Sprintln(id, total, at)] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(rows)), "")
}

func TestASourceThatDoesNotVerifyIsNotCopied(t *testing.T) {
	s := ledgertest.Stores()[0]
	src, dst := s.Open(t, s.Fresh(t)), s.Open(t, s.Fresh(t))
	c, _ := ledgertest.Counting(t, src)
	d := ledgertest.Desk(t, c)
	ledgertest.Do(t, d, "1", ledgertest.Begin{With: "south"})
	if _, err := src.Exec(`update tile set hashes = zeroblob(32)`); err != nil {
		t.Fatal(err)
	}
	if _, err := migrate.Copy(t.Context(), src, dst, nil); err == nil {
		t.Error("copied")
	}
}
