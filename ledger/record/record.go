// Package record is an event in its place in a ledger: its form, which a leaf commits
// to and which is kept for ever, and how it is read from the table record. The package
// comment of ledger specifies the format.
package record

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"chaperone.example/ledger/leaf"
)

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
	Type    string          `json:"type"`    // name of the type of the event
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

// Concerns reports whether org is a party of the record.
func (r Record) Concerns(org string) bool {
	return slices.ContainsFunc(r.Parties, func(p Party) bool { return p.Org == org })
}

// Append appends the stored JSON of the record: what [leaf.Marshal] makes of it, at a
// fraction of the cost. The body must be what leaf.Marshal makes of the event.
func (r Record) Append(b []byte) ([]byte, error) {
	if y := r.Time.Year(); y < 0 || y > 9999 || r.Time.Location() != time.UTC {
		return nil, errors.New("ledger: the time of a record is not in UTC, or beyond the year 9999")
	}
	b = strconv.AppendInt(append(b, `{"seq":`...), r.Seq, 10)
	b = leaf.AppendString(append(b, `,"stream":`...), r.Stream)
	b = strconv.AppendInt(append(b, `,"version":`...), int64(r.Version), 10)
	b = leaf.AppendString(append(b, `,"type":`...), r.Type)
	b = r.Time.AppendFormat(append(b, `,"time":"`...), time.RFC3339Nano)
	b = leaf.AppendString(append(b, `","actor":{"id":`...), r.Actor.ID)
	for _, f := range [...]struct{ name, value string }{{`,"org":`, r.Actor.Org}, {`,"role":`, r.Actor.Role}, {`,"reason":`, r.Actor.Reason}} {
		if f.value != "" {
			b = leaf.AppendString(append(b, f.name...), f.value)
		}
	}
	b = append(b, '}')
	for i, p := range r.Parties {
		if i == 0 {
			b = append(b, `,"parties":[`...)
		} else {
			b = append(b, ',')
		}
		b = leaf.AppendString(append(b, `{"org":`...), p.Org)
		b = append(strconv.AppendInt(append(b, `,"n":`...), p.N, 10), '}')
	}
	if len(r.Parties) > 0 {
		b = append(b, ']')
	}
	if len(r.Sealed) > 0 {
		b = append(base64.StdEncoding.AppendEncode(append(b, `,"sealed":"`...), r.Sealed), '"')
	}
	b = append(b, `,"body":`...)
	if r.Body == nil {
		b = append(b, `null`...)
	}
	return append(append(b, r.Body...), '}'), nil
}
