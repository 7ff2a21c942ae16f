// Package history shows an organization its own part of the ledger: the records
// that it is a party of, and a proof of each that anybody verifies offline
// (LED-1). Nobody sees the records of others; all see the head.
package history

import (
	"context"
	"slices"
	"time"

	"chaperone.example/ledger"
	"golang.org/x/mod/sumdb/tlog"
)

// A Chapter is a stretch of an organization's records, newest first.
type Chapter struct {
	Origin  string
	Head    tlog.Tree
	Records []Entry
	Older   int64 // ask again with Before at this position; -1 if there are none
}

// An Entry is a record, on two clocks.
type Entry struct {
	ledger.Record
	Happened time.Time // when it says that it happened: when it was recorded, or before
}

func entries(r *ledger.Reading, records []ledger.Record) ([]Entry, error) {
	out := make([]Entry, len(records))
	for i, rec := range records {
		at, err := r.Happened(rec)
		if err != nil {
			return nil, err
		}
		out[i] = Entry{rec, at}
	}
	return out, nil
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
	own, err := r.Own(ctx, q.Stream, q.Before, q.Limit+1)
	if err != nil {
		return c, err
	}
	if c.Records, err = entries(r, own); err != nil {
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
func (q One) Answer(ctx context.Context, r *ledger.Reading) (Entry, error) {
	rec, err := r.Record(ctx, q.Seq)
	if err != nil {
		return Entry{}, err
	}
	all, err := entries(r, []ledger.Record{rec})
	if err != nil {
		return Entry{}, err
	}
	return all[0], nil
}

// MaxBehind is how many records behind one thing are proved at a time: the newest.
const MaxBehind = 1000

// Behind asks for the records of one's own behind a thing, oldest first. A thing that
// one knows nothing of is answered like one that does not exist.
type Behind struct {
	Stream string // empty: that of one's own organization
	Limit  int    // at most the newest so many; zero: [MaxBehind]
}

// Action implements [ledger.Question].
func (Behind) Action() string { return "ledger.prove" }

// Answer implements [ledger.Question].
func (q Behind) Answer(ctx context.Context, r *ledger.Reading) ([]Entry, error) {
	own, err := q.records(ctx, r)
	if err != nil {
		return nil, err
	}
	return entries(r, own)
}

func (q Behind) records(ctx context.Context, r *ledger.Reading) ([]ledger.Record, error) {
	if q.Stream == "" {
		q.Stream = "organization/" + r.Scope().Org
	}
	limit := q.Limit
	if limit < 1 || limit > MaxBehind {
		limit = MaxBehind
	}
	own, err := r.Own(ctx, q.Stream, -1, limit)
	if err == nil && len(own) == 0 {
		err = ledger.Unknown("record")
	}
	slices.Reverse(own)
	return own, err
}

// Proofs asks for the proof of each record behind a thing.
type Proofs struct{ Behind }

// A Proven is a record and its proof, as a C2SP tlog-proof.
type Proven struct {
	Seq  int64
	File []byte
}

// Answer implements [ledger.Question].
func (q Proofs) Answer(ctx context.Context, r *ledger.Reading) ([]Proven, error) {
	own, err := q.records(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []Proven
	for _, rec := range own {
		file, err := r.Prove(ctx, rec.Seq)
		if err != nil {
			return nil, err
		}
		out = append(out, Proven{rec.Seq, file})
	}
	return out, nil
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
