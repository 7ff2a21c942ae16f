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

// A Kind says what the caller can do about a fault.
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

func (f *fault) Error() string                 { return f.msg }
func (f *fault) Fault() (kind, message string) { return string(f.kind), f.msg }

// New returns a fault of kind k. The message is shown to the person.
func New(k Kind, format string, a ...any) error { return &fault{k, fmt.Sprintf(format, a...)} }

// Of returns the kind and the message of err, and false if err is no fault.
// The libraries that know nothing of this package take part by a method
// Fault() (kind, message string) on their errors.
func Of(err error) (Kind, string, bool) {
	var f interface {
		error
		Fault() (kind, message string)
	}
	if errors.As(err, &f) {
		kind, msg := f.Fault()
		return Kind(kind), msg, true
	}
	return "", "", false
}

// Is reports whether err is a fault of kind k.
func Is(err error, k Kind) bool {
	kind, _, ok := Of(err)
	return ok && kind == k
}
