// Package fault classifies the errors a person can act on. Anything that is not
// a fault is a defect or an outage: it is logged whole, and shown to the person
// only as "internal".
//
// A fault's message is read by the person who caused it. It says what was wrong,
// where, and what to do, and it never repeats a value that could identify a
// patient.
package fault

import (
	"errors"
	"fmt"
)

// A Kind says what the caller can do about a fault. Kinds are errors, so
// errors.Is(err, fault.Invalid) works through any wrapping.
type Kind string

const (
	Invalid   Kind = "invalid"   // the request is malformed: correct it
	Refused   Kind = "refused"   // a rule of the domain forbids it now
	Forbidden Kind = "forbidden" // the actor may not do this
	NotFound  Kind = "not found" // no such thing, or none the actor may see
	Conflict  Kind = "conflict"  // somebody else changed it meanwhile: look again
)

// Error returns the name of the kind.
func (k Kind) Error() string { return string(k) }

type fault struct {
	kind Kind
	msg  string
}

func (f *fault) Error() string        { return f.msg }
func (f *fault) Is(target error) bool { return target == f.kind }

// New returns a fault of kind k. The message is shown to the person.
func New(k Kind, format string, a ...any) error { return &fault{k, fmt.Sprintf(format, a...)} }

// Of returns the kind and the message of err, and false if err is no fault.
func Of(err error) (Kind, string, bool) {
	var f *fault
	if errors.As(err, &f) {
		return f.kind, f.msg, true
	}
	return "", "", false
}
