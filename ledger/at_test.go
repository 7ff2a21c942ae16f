package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	. "chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/ledgertest"
	"golang.org/x/mod/sumdb/tlog"
)

// A fall is reported, some time after it happened, and is looked into. Whoever is named
// with it may see it, until somebody else is.
type (
	fell struct {
		On  time.Time `json:"on,omitzero"`
		Who []string  `json:"who"`
	}
	calm struct{}
	fall struct {
		who   []string
		found int
	}
	report  struct{ E Event }
	inquire struct{ E Event }
	falls   struct{}
)

func (e fell) Happened() time.Time { return e.On }

var fallKind = Kind[fall]{
	Name: "fall",
	Apply: func(f fall, _ Record, e Event) fall {
		if e, ok := e.(fell); ok {
			f.who = e.Who
		}
		f.found++
		return f
	},
	Sees: func(f fall) []string { return f.who },
}

var fallView = View{
	Name:   "fall",
	Schema: "create table if not exists fall_seen (id text primary key, n integer not null);",
	Apply: func(ctx context.Context, tx Tx, r Record, _ Event) error {
		_, err := tx.ExecContext(ctx, `insert into fall_seen (id, n) values ($1, 1) on conflict (id) do update set n = fall_seen.n + 1`, r.ID())
		return err
	},
}

func (report) Action() string                          { return "fall.report" }
func (report) Begins()                                 {}
func (c report) Decide(fall, Moment) ([]Event, error)  { return []Event{c.E}, nil }
func (inquire) Action() string                         { return "fall.look" }
func (c inquire) Decide(fall, Moment) ([]Event, error) { return []Event{c.E}, nil }

func (falls) Action() string { return "fall.list" }
func (falls) Answer(ctx context.Context, r *Reading) ([]string, error) {
	var out []string
	rows, err := r.DB().QueryContext(ctx, `select id, n from fall_seen order by id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, err
		}
		if _, err := See(ctx, r, fallKind, id); err == nil {
			out = append(out, fmt.Sprint(id, "×", n))
		}
	}
	return out, rows.Err()
}

// DEC-1, LED-1: what is known today of a day is what was known then and what was reported
// of it since; on the other clock, it is what was known then.
func TestTwoClocks(t *testing.T) {
	s := ledgertest.Stores()[0]
	c, _ := ledgertest.Counting(t, s.Open(t, s.Fresh(t)))
	clock := &ledgertest.Clock{}
	clock.Advance(1000 * 24 * time.Hour)
	c.Now, c.Types, c.Views = clock.Now, []Types{{"fall.fell": fell{}, "fall.calm": calm{}}}, []View{fallView}
	d := ledgertest.Desk(t, c)
	do := func(id string, cmd Command[fall]) {
		t.Helper()
		if _, err := Do(t.Context(), d, ledgertest.Alice, fallKind, id, cmd); err != nil {
			t.Fatal(err)
		}
		clock.Advance(24 * time.Hour)
	}
	begin := clock.Now()
	north := []string{"north"}
	day := func(n int) time.Time { return begin.Add(time.Duration(n)*24*time.Hour + time.Hour) }
	do("a", report{fell{Who: north}})                  // day 0
	do("b", report{fell{Who: north}})                  // day 1
	do("c", report{fell{On: day(0), Who: north}})      // day 2, of day 0
	do("a", inquire{calm{}})                           // day 3
	do("b", inquire{fell{On: day(0), Who: north}})     // day 4: of day 0, before its stream began
	do("a", inquire{fell{On: day(50), Who: north}})    // day 5: of a time to come
	do("d", report{fell{On: day(1), Who: north}})      // day 6, of day 1
	do("e", report{fell{Who: []string{"north", "x"}}}) // day 7
	do("e", inquire{fell{Who: []string{"x"}}})         // day 8: not for north any more

	ask := func(when AsOf) []string {
		t.Helper()
		past := must[*Log](t)(d.Log.Past(t.Context(), s.Open(t, s.Fresh(t)), when))
		return must[[]string](t)(Ask(At(t.Context(), past), d, ledgertest.Alice, falls{}))
	}
	at := func(n int) AsOf { return must[AsOf](t)(d.Log.AsOfTime(t.Context(), day(n))) }
	for _, tt := range []struct {
		name string
		when AsOf
		want []string
	}{
		{"before the first record", at(-1), nil},
		{"recorded by day 0", at(0), []string{"a×1"}},
		{"recorded by day 1", at(1), []string{"a×1", "b×1"}},
		{"recorded by day 4", at(4), []string{"a×2", "b×2", "c×1"}},
		{"happened by day 0, as known today", AsOf{Records: 1, Happens: day(0), Known: 9}, []string{"a×1", "c×1"}},
		{"happened by day 1, as known today", AsOf{Records: 2, Happens: day(1), Known: 9}, []string{"a×1", "b×2", "c×1", "d×1"}},
		{"happened by day 1, as known on day 5", AsOf{Records: 2, Happens: day(1), Known: 6}, []string{"a×1", "b×2", "c×1"}},
		{"happened by day 0, from the beginning", AsOf{Happens: day(0), Known: 9}, []string{"a×1", "c×1"}},
		// Who may not see it today does not see it in the past.
		{"recorded by day 7", at(7), []string{"a×3", "b×2", "c×1", "d×1"}},
	} {
		if got := ask(tt.when); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if now := must[[]string](t)(Ask(t.Context(), d, ledgertest.Alice, falls{})); !slices.Equal(now, []string{"a×3", "b×2", "c×1", "d×1"}) {
		t.Errorf("now: %q", now)
	}
	for r, err := range d.Log.All(t.Context(), 2) {
		if err != nil {
			t.Fatal(err)
		}
		if got := must[time.Time](t)(d.Log.Happened(r)); !got.Equal(day(0)) {
			t.Errorf("record 2 happened at %v, want %v", got, day(0))
		}
		break
	}
}

// A past is carried on to a later one, and both equal ledgers that stopped there. On a
// context of the past nothing can be done, and a past of another ledger changes nothing.
func TestThePastIsCarriedOn(t *testing.T) {
	s := ledgertest.Stores()[0]
	c, _ := ledgertest.Counting(t, s.Open(t, s.Fresh(t)))
	d := ledgertest.Desk(t, c)
	const n = 700 // more than two tiles
	for i := range n {
		if i < 4 {
			ledgertest.Do(t, d, fmt.Sprint(i), ledgertest.Begin{With: "south"})
		} else {
			ledgertest.Do(t, d, fmt.Sprint(i%4), ledgertest.Add{By: i})
		}
	}
	into := s.Open(t, s.Fresh(t))
	var past *Log
	for _, at := range []int64{0, 1, 255, 256, 300, 300, 699} {
		when := AsOf{Records: at, Happens: time.Now()}
		past = must[*Log](t)(d.Log.Past(t.Context(), into, when))
		fresh := must[*Log](t)(d.Log.Past(t.Context(), s.Open(t, s.Fresh(t)), when))
		want := must[map[string][]byte](t)(audit.Views(t.Context(), fresh))
		got := must[map[string][]byte](t)(audit.Views(t.Context(), past))
		for table := range want {
			if string(got[table]) != string(want[table]) {
				t.Errorf("carried on to %d, %s differs", at, table)
			}
		}
		h := must[tlog.Tree](t)(past.Head(t.Context()))
		if root := must[tlog.Hash](t)(d.Log.Root(t.Context(), at)); h.N != at || h.Hash != root {
			t.Errorf("carried on to %d: head %v, want %v", at, h, root)
		}
	}
	if _, err := d.Log.Past(t.Context(), into, AsOf{Records: 5}); err == nil {
		t.Error("a past was carried back")
	}
	then := At(t.Context(), past)
	if _, err := Do(then, d, ledgertest.Alice, ledgertest.Counts, "1", ledgertest.Add{By: 1}); err == nil {
		t.Error("something was done in the past")
	}
	if _, err := Do(then, d, ledgertest.Alice, ledgertest.Counts, "new", ledgertest.Begin{With: "south"}); err == nil {
		t.Error("something was begun in the past")
	}
	h := must[tlog.Tree](t)(d.Log.Head(t.Context()))
	if h.N != n {
		t.Errorf("the ledger has %d records, want %d", h.N, n)
	}
	// Another ledger's past is none of ours.
	c, _ = ledgertest.Counting(t, s.Open(t, s.Fresh(t)))
	other := ledgertest.Desk(t, c)
	ledgertest.Do(t, other, "1", ledgertest.Begin{With: "south"})
	if got := must[string](t)(Ask(then, other, ledgertest.Alice, total("1"))); got[:3] != "0 0" {
		t.Errorf("asked of another ledger: %q", got)
	}
	ledgertest.Do(t, other, "1", ledgertest.Add{By: 1})
}
