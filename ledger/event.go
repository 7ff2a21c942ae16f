package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"chaperone.example/ledger/leaf"
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

// registry maps event types to their names and back.
type registry struct {
	name  map[reflect.Type]string
	typ   map[string]reflect.Type
	newer map[reflect.Type]Upcast // from old versions
}

func newRegistry(tables []Types) (*registry, error) {
	r := &registry{name: map[reflect.Type]string{}, typ: map[string]reflect.Type{}}
	for _, t := range tables {
		for name, e := range t {
			rt := reflect.TypeOf(e)
			if rt == nil || rt.Kind() != reflect.Struct {
				return nil, fmt.Errorf("ledger: event type %q is not a struct", name)
			}
			if _, dup := r.typ[name]; dup {
				return nil, fmt.Errorf("ledger: event type %q declared twice", name)
			}
			if other, dup := r.name[rt]; dup {
				return nil, fmt.Errorf("ledger: %v is both %q and %q", rt, other, name)
			}
			r.name[rt], r.typ[name] = name, rt
		}
	}
	return r, nil
}

func (r *registry) encode(e Event) (name string, body []byte, err error) {
	name, ok := r.name[reflect.TypeOf(e)]
	if !ok {
		return "", nil, fmt.Errorf("ledger: undeclared event type %T", e)
	}
	if _, old := r.newer[reflect.TypeOf(e)]; old {
		return "", nil, fmt.Errorf("ledger: %T is an old version: record the newest", e)
	}
	body, err = leaf.Marshal(e)
	return name, body, err
}

// decode refuses an unknown type: an event that is not understood must not be
// skipped, or the state would be wrong.
func (r *registry) decode(rec Record) (Event, error) {
	rt, ok := r.typ[rec.Type]
	if !ok {
		return nil, fmt.Errorf("ledger: record %d has the unknown event type %q", rec.Seq, rec.Type)
	}
	p := reflect.New(rt)
	d := json.NewDecoder(bytes.NewReader(rec.Body))
	d.DisallowUnknownFields()
	if err := d.Decode(p.Interface()); err != nil {
		return nil, fmt.Errorf("ledger: record %d, %s: %w", rec.Seq, rec.Type, err)
	}
	return r.newest(p.Elem().Interface()), nil
}
