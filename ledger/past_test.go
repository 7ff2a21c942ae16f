package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	. "chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/ledgertest"
	"golang.org/x/mod/sumdb/tlog"
)

type total string

func (total) Action() string { return "count.see" }
func (q total) Answer(ctx context.Context, r *Reading) (string, error) {
	c, err := See(ctx, r, ledgertest.Counts, string(q))
	if err != nil {
		return "", err
	}
	var n int
	err = r.DB().QueryRowContext(ctx, `select total from count_total where id = $1`, string(q)).Scan(&n)
	return fmt.Sprint(c.Total, " ", n, " at ", r.Now().Format(time.RFC3339)), err
}

// DEC-1, LED-1, bar 7: a ledger as it stood, at a hundred random positions and times, has
// the tables and the tree of a ledger that stopped there, on each database.
func TestThePastEqualsALedgerThatStopped(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, s ledgertest.Store) {
		c, _ := ledgertest.Counting(t, s.Open(t, s.Fresh(t)))
		clock := &ledgertest.Clock{}
		clock.Advance(1000 * time.Hour)
		c.Now = clock.Now
		d := ledgertest.Desk(t, c)
		const n = 120
		var states []map[string][]byte // after each record
		var times []time.Time          // of each record
		for i := range n {
			clock.Advance(time.Minute + time.Duration(i%3)*time.Millisecond)
			id := fmt.Sprint(i % 4)
			if i < 4 {
				ledgertest.Do(t, d, id, ledgertest.Begin{With: "south"})
			} else {
				ledgertest.Do(t, d, id, ledgertest.Add{By: i, Note: "note", Who: "s"})
			}
			states = append(states, must[map[string][]byte](t)(audit.Views(t.Context(), d.Log)))
			times = append(times, clock.Now())
		}
		// Half of the points are named by their place, half by a time between two records.
		const points = 100
		places := make([]int64, points)
		for i := range places {
			places[i] = 1 + rand.Int64N(n)
		}
		slices.Sort(places)
		into := s.Open(t, s.Fresh(t))
		for i, at := range places {
			if s.Name == "SQLite" { // elsewhere a database costs more than the past: it is carried on
				into = s.Open(t, s.Fresh(t))
			}
			when := AsOf{Records: at}
			if i%2 == 1 {
				when = must[AsOf](t)(d.Log.AsOfTime(t.Context(), times[at-1].Add(rand.N(time.Minute))))
			}
			past := must[*Log](t)(d.Log.Past(t.Context(), into, when))
			got := must[map[string][]byte](t)(audit.Views(t.Context(), past))
			if len(got) != len(states[at-1]) {
				t.Errorf("as of %d: %d tables, want %d", at, len(got), len(states[at-1]))
			}
			for table, want := range states[at-1] {
				if string(got[table]) != string(want) {
					t.Errorf("as of %d (%v), %s differs", at, when, table)
				}
			}
			h := must[tlog.Tree](t)(past.Head(t.Context()))
			if root := must[tlog.Hash](t)(d.Log.Root(t.Context(), at)); h.N != at || h.Hash != root {
				t.Errorf("as of %d: head %v, want %v", at, h, root)
			}
		}
		// Two clocks: what was known then, and for when.
		var third time.Time
		for r, err := range d.Log.All(t.Context(), 5) {
			if err != nil {
				t.Fatal(err)
			}
			third = r.Time
			break
		}
		for _, c := range []struct {
			at   time.Time
			want int64
		}{{third, 6}, {third.Add(-time.Microsecond), 5}, {third.Add(time.Hour * 1000), n}, {third.Add(-time.Hour), 0}} {
			if got, err := d.Log.AsOfTime(t.Context(), c.at); err != nil || got.Records != c.want {
				t.Errorf("at %v: %+v, %v, want %d", c.at, got, err, c.want)
			}
		}
		past := must[*Log](t)(d.Log.Past(t.Context(), s.Open(t, s.Fresh(t)), AsOf{Records: 6, Happens: third.Add(time.Hour)}))
		answer := must[string](t)(Ask(At(t.Context(), past), d, ledgertest.Alice, total("1")))
		if want := "5 5 at " + third.Add(time.Hour).Format(time.RFC3339); answer != want {
			t.Errorf("as of record 6: %q, want %q", answer, want)
		}
		if _, err := Do(t.Context(), &Desk{Log: past, Gate: d.Gate}, ledgertest.Alice, ledgertest.Counts, "1", ledgertest.Add{By: 1}); err == nil {
			t.Error("the past was changed")
		}
		if _, err := d.Log.Past(t.Context(), s.Open(t, s.Fresh(t)), AsOf{Records: n + 1}); err == nil {
			t.Error("the future was computed")
		}
		// What was disposed of since is gone from the past too.
		if _, err := d.Log.Dispose(t.Context(), ledgertest.Alice, Disposal{Subject: "s", Reason: "retention"}); err != nil {
			t.Fatal(err)
		}
		for r, err := range past.All(t.Context(), 5) {
			var note string
			if err != nil {
				t.Fatal(err)
			}
			if err := past.Details(t.Context(), r, &note); !errors.Is(err, ErrDisposed) {
				t.Errorf("record %d of the past still says %q (%v)", r.Seq, note, err)
			}
		}
	})
}
