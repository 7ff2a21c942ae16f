package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

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

// An Actor is who acts: a person or a service, for an organization.
type Actor struct {
	ID     string `json:"id"`               // opaque: never a name
	Org    string `json:"org,omitempty"`    // the organization acted for
	Role   string `json:"role,omitempty"`   // the task, in the vocabulary of the gate
	Reason string `json:"reason,omitempty"` // what the access rests on: a work item's id
}

// A Party is an organization that an event concerns, with the number of the event
// among its own.
type Party struct {
	Org string `json:"org"`
	N   int64  `json:"n"` // dense from 1 for each organization
}

// A Record is an event in its place in the ledger. Its JSON form is what the leaf
// commits to; the field order is part of the format.
type Record struct {
	Seq     int64           `json:"seq"`     // position in the ledger, dense from 0
	Stream  string          `json:"stream"`  // what it is about: kind/id
	Version int             `json:"version"` // position in the stream, dense from 1
	Type    string          `json:"type"`    // name in [Types]
	Time    time.Time       `json:"time"`    // UTC, when it was recorded
	Actor   Actor           `json:"actor"`
	Parties []Party         `json:"parties,omitempty"`
	Sealed  []byte          `json:"sealed,omitempty"` // commitment to the sealed details
	Body    json.RawMessage `json:"body"`             // the event
}

// ID returns what follows the kind in the name of the stream.
func (r Record) ID() string {
	_, id, _ := strings.Cut(r.Stream, "/")
	return id
}

// party reports whether org is a party of the record.
func (r Record) party(org string) bool {
	return slices.ContainsFunc(r.Parties, func(p Party) bool { return p.Org == org })
}

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
