package ledger

import (
	"fmt"

	"chaperone.example/ledger/record"
	"chaperone.example/ledger/vocabulary"
)

// An Event is a fact that a module records: a plain struct. Its JSON form is
// committed to and kept for ever, so it holds no personal detail and its fields
// never change meaning: a new meaning is a new type.
type Event any

// Types names the event types of a module: "agreement.signed" → Signed{}.
type Types map[string]Event

// A Sealed event has details that the ledger must be able to forget. Decide
// returns it in place of the bare event.
type Sealed struct {
	Event   Event
	Subject string // whose key seals the details: destroying it disposes of them
	Details any    // marshalled to JSON and sealed
}

// What an event is in its place, and who it concerns.
type (
	Actor  = record.Actor
	Party  = record.Party
	Record = record.Record
)

// An Upcast turns an event of an old version into one of the next. What was recorded is
// never written again: the old type stays in [Types] under the name it was recorded with,
// the new one has a name of its own ("agreement.signed.2"), and states and views only
// meet the newest.
type Upcast = vocabulary.Upcast

// Upcasting makes an [Upcast] of a pure function.
func Upcasting[From, To any](turn func(From) To) Upcast { return vocabulary.Upcasting(turn) }

func wordsOf(tables []Types, older []Upcast) (*vocabulary.Vocabulary, error) {
	v := vocabulary.New()
	for _, t := range tables {
		for name, e := range t {
			if err := v.Declare(name, e); err != nil {
				return nil, fmt.Errorf("ledger: %w", err)
			}
		}
	}
	if err := v.Upcasts(older); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return v, nil
}

// decode reads the event of a record.
func (l *Log) decode(r Record) (Event, error) {
	e, err := l.types.Decode(r.Type, r.Body)
	if err != nil {
		return nil, fmt.Errorf("ledger: record %d: %w", r.Seq, err)
	}
	return e, nil
}
