package ledgertest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io"
	"testing"
	"time"

	"chaperone.example/ledger"
	"golang.org/x/mod/sumdb/note"
)

// A count is the smallest module: organizations add to a number that they share.

// Added is its only event.
type Added struct {
	By     int      `json:"by"`
	Owners []string `json:"owners,omitempty"` // with the first
}

// Count is its state.
type Count struct {
	Owners []string
	Total  int
	Times  int
}

// CountTypes names its events.
var CountTypes = ledger.Types{"count.added": Added{}}

// Counts is its kind.
var Counts = ledger.Kind[Count]{
	Name: "count",
	Apply: func(c Count, _ ledger.Record, e ledger.Event) Count {
		a := e.(Added)
		if len(a.Owners) > 0 {
			c.Owners = a.Owners
		}
		c.Total, c.Times = c.Total+a.By, c.Times+1
		return c
	},
	Sees: func(c Count) []string { return c.Owners },
}

// CountView keeps the totals in a table.
var CountView = ledger.View{
	Name:   "count",
	Schema: "create table if not exists count_total (id text primary key, total integer not null check (total < 1000000), at text not null);",
	Apply: func(ctx context.Context, tx ledger.Tx, r ledger.Record, e ledger.Event) error {
		a, ok := e.(Added)
		if !ok {
			return nil
		}
		_, err := tx.ExecContext(ctx, `insert into count_total (id, total, at) values ($1, $2, $3) on conflict (id) do update set total = count_total.total + excluded.total, at = excluded.at`, r.ID(), a.By, r.Time.Format(time.RFC3339Nano))
		return err
	},
}

// Begin begins a count that the actor's organization shares with another.
type Begin struct{ With string }

// Action implements [ledger.Command].
func (Begin) Action() string { return "count.start" }

// Begins implements [ledger.Beginning].
func (Begin) Begins() {}

// Decide implements [ledger.Command].
func (c Begin) Decide(_ Count, m ledger.Moment) ([]ledger.Event, error) {
	return []ledger.Event{Added{0, []string{m.Actor.Org, c.With}}}, nil
}

// Add adds to a count, if another has the total that it was seen with.
type Add struct {
	By    int
	If    string // another count, or ""
	Limit int    // Add does nothing when the other's total is at least this
	Note  string // a detail that is sealed for the subject Who
	Who   string
	seen  Count
}

// Action implements [ledger.Command].
func (Add) Action() string { return "count.add" }

// Gather implements [ledger.Gatherer].
func (c Add) Gather(ctx context.Context, r *ledger.Reading, _ Count) (ledger.Command[Count], error) {
	var err error
	if c.If != "" {
		c.seen, err = ledger.Read(ctx, r, Counts, c.If)
	}
	return c, err
}

// Decide implements [ledger.Command].
func (c Add) Decide(Count, ledger.Moment) ([]ledger.Event, error) {
	if c.If != "" && c.seen.Total >= c.Limit {
		return nil, nil
	}
	e := Added{By: c.By}
	if c.Note != "" {
		return []ledger.Event{ledger.Sealed{Event: e, Subject: c.Who, Details: c.Note}}, nil
	}
	return []ledger.Event{e}, nil
}

// Alice acts for the organization north.
var Alice = ledger.Actor{ID: "alice", Org: "north"}

// Origin names the ledgers of tests.
const Origin = "ledger.test"

// Counting returns the configuration of a ledger of counts on a database, and the
// verifier key of its checkpoints. Everything in it may be changed before it is opened.
func Counting(t testing.TB, db *sql.DB) (c ledger.Config, vkey string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, Origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Config{DB: db, Origin: Origin, Now: time.Now, Rand: io.Reader(rand.Reader), Types: []ledger.Types{CountTypes}, Views: []ledger.View{CountView},
		Sealer: &Sealer{details: map[string][]byte{}}, Secret: make([]byte, 32), Signer: signer}, vkey
}

// Desk opens a ledger for a test.
func Desk(t testing.TB, c ledger.Config) *ledger.Desk {
	t.Helper()
	log, err := ledger.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(log.Close)
	return &ledger.Desk{Log: log, Gate: Gate{}}
}

// Do carries out a command on a count for [Alice].
func Do(t testing.TB, d *ledger.Desk, id string, c ledger.Command[Count]) ledger.Receipt {
	t.Helper()
	r, err := ledger.Do(t.Context(), d, Alice, Counts, id, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
