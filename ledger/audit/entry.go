package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"chaperone.example/ledger"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/store"
)

// An Entry is a record as it is stored: with what shows that its leaf is about it, and
// with its sealed details.
type Entry struct {
	Seq    int64
	Salt   []byte
	Tags   [][]byte
	Event  []byte         // the JSON of the record
	Sealed *SealedDetails // nil: there are none, or they were disposed of

	columns // as the database repeats them beside the event; zero elsewhere
}

// SealedDetails is the ciphertext that an event commits to.
type SealedDetails struct {
	Subject    string
	Salt       []byte
	Ciphertext []byte
}

// Matches reports whether the details are those that a record commits to.
func (s *SealedDetails) Matches(commitment []byte) bool {
	return len(s.Salt) == leaf.SaltSize && bytes.Equal(leaf.Sealing(s.Salt, s.Subject, s.Ciphertext), commitment)
}

// columns repeats parts of a record for the indexes.
type columns struct {
	stream, typ, time string
	version           int
}

// Leaf returns the bytes that the tree hashes.
func (e Entry) Leaf() ([]byte, error) {
	return leaf.Opening{Salt: e.Salt, Tags: e.Tags, Event: e.Event}.Bytes(e.Seq)
}

// Record returns what was recorded, read strictly.
func (e Entry) Record() (ledger.Record, error) {
	var rec ledger.Record
	if err := leaf.Strict(e.Event, &rec); err != nil {
		return rec, err
	}
	if rec.Seq != e.Seq {
		return rec, fmt.Errorf("it says it is record %d", rec.Seq)
	}
	return rec, nil
}

// matches compares the columns of the database with the event.
func (e Entry) matches() error {
	rec, err := e.Record()
	if err == nil && e.columns != (columns{rec.Stream, rec.Type, rec.Time.Format(store.TimeFormat), rec.Version}) {
		err = errors.New("its columns differ from the event that is committed to")
	}
	return err
}

// Stored yields the records of a database as they are stored, from position seq on.
func Stored(ctx context.Context, db store.Querier, seq int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		rs, err := db.QueryContext(ctx, `select r.seq, r.stream, r.version, r.type, r.time, r.salt, r.tags, r.event, s.subject, s.salt, s.ciphertext
			from record r left join sealed s on s.seq = r.seq where r.seq >= $1 order by r.seq`, seq)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer rs.Close()
		for rs.Next() {
			var e Entry
			var s SealedDetails
			var packed []byte
			var subject *string
			err := rs.Scan(&e.Seq, &e.stream, &e.version, &e.typ, &e.time, &e.Salt, &packed, &e.Event, &subject, &s.Salt, &s.Ciphertext)
			if err == nil {
				e.Tags, err = leaf.UnpackTags(packed)
			}
			if subject != nil {
				s.Subject, e.Sealed = *subject, &s
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
		if err := rs.Err(); err != nil {
			yield(Entry{}, err)
		}
	}
}
