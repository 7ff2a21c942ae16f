package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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

func (s *SealedDetails) commitment() []byte { return sealing(s.Salt, s.Subject, s.Ciphertext) }

// columns repeats parts of a record for the indexes.
type columns struct {
	stream, typ, time string
	version           int
}

// Leaf returns the bytes that the tree hashes.
func (e Entry) Leaf() ([]byte, error) { return opening{e.Salt, e.Tags, e.Event}.leaf(e.Seq) }

// Record returns what was recorded, read strictly.
func (e Entry) Record() (Record, error) {
	var rec Record
	if err := strict(e.Event, &rec); err != nil {
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
	if err == nil && e.columns != (columns{rec.Stream, rec.Type, rec.Time.Format(timeFormat), rec.Version}) {
		err = errors.New("its columns differ from the event that is committed to")
	}
	return err
}

// Stored yields the records of a database as they are stored, from position seq on.
func Stored(ctx context.Context, db Reader, seq int64) iter.Seq2[Entry, error] {
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
				e.Tags, err = unpackTags(packed)
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

// strict decodes JSON that must be exactly what marshal makes of the value.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New("not the JSON of this format")
	}
	again, err := marshal(v)
	if err != nil || !bytes.Equal(again, data) {
		return errors.New("not in canonical form")
	}
	return nil
}
