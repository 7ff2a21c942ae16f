// Package history shows an organization its own part of the ledger: the records
// that it is a party of, and a proof of each that anybody verifies offline
// (LED-1). Nobody sees the records of others; all see the head.
package history

import (
	"context"

	"chaperone.example/ledger"
	"golang.org/x/mod/sumdb/tlog"
)

// A Chapter is a stretch of an organization's records, newest first.
type Chapter struct {
	Origin  string
	Head    tlog.Tree
	Records []ledger.Record
	Older   int64 // ask again with Before at this position; -1 if there are none
}

// Recent asks for the newest records of one's own.
type Recent struct {
	Origin string
	Stream string // only of this stream, unless empty
	Before int64  // only before this position; negative for the end
	Limit  int
}

// Action implements [ledger.Question].
func (Recent) Action() string { return "ledger.see" }

// Answer implements [ledger.Question].
func (q Recent) Answer(ctx context.Context, r *ledger.Reading) (Chapter, error) {
	c := Chapter{Origin: q.Origin, Older: -1}
	var err error
	if c.Head, err = r.Head(ctx); err != nil {
		return c, err
	}
	if c.Records, err = r.Own(ctx, q.Stream, q.Before, q.Limit+1); err != nil {
		return c, err
	}
	if len(c.Records) > q.Limit {
		c.Records = c.Records[:q.Limit]
		c.Older = c.Records[q.Limit-1].Seq
	}
	return c, nil
}

// One asks for one record of one's own.
type One struct{ Seq int64 }

// Action implements [ledger.Question].
func (One) Action() string { return "ledger.see" }

// Answer implements [ledger.Question].
func (q One) Answer(ctx context.Context, r *ledger.Reading) (ledger.Record, error) {
	return r.Record(ctx, q.Seq)
}

// Proof asks for the proof of one record of one's own, as a C2SP tlog-proof.
type Proof struct{ Seq int64 }

// Action implements [ledger.Question].
func (Proof) Action() string { return "ledger.prove" }

// Answer implements [ledger.Question].
func (q Proof) Answer(ctx context.Context, r *ledger.Reading) ([]byte, error) {
	return r.Prove(ctx, q.Seq)
}

// A Directory knows what things are called.
type Directory interface {
	// Titles returns what streams ("request/q-…"), organizations and users are called, by
	// stream or id, as far as the actor may know.
	Titles(ctx context.Context, r *ledger.Reading, ids []string) (map[string]string, error)
}

// Titles asks what the things are called that records speak of.
type Titles struct {
	IDs       []string // streams, organizations, users
	Directory Directory
}

// Action implements [ledger.Question].
func (Titles) Action() string { return "ledger.see" }

// Answer implements [ledger.Question].
func (q Titles) Answer(ctx context.Context, r *ledger.Reading) (map[string]string, error) {
	return q.Directory.Titles(ctx, r, q.IDs)
}
