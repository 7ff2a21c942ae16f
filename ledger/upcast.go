package ledger

import (
	"fmt"
	"reflect"
)

// An Upcast turns an event of an old version into one of the next. What was recorded is
// never written again: the old type stays in [Types] under the name it was recorded with,
// the new one has a name of its own ("agreement.signed.2"), and states and views only
// meet the newest.
type Upcast struct {
	from, to reflect.Type
	turn     func(Event) Event
}

// Upcasting makes an [Upcast] of a pure function.
func Upcasting[From, To any](turn func(From) To) Upcast {
	return Upcast{reflect.TypeFor[From](), reflect.TypeFor[To](), func(e Event) Event { return turn(e.(From)) }}
}

// upcasts adds them to a registry: both versions must be declared, and a chain must end.
func (r *registry) upcasts(all []Upcast) error {
	r.newer = map[reflect.Type]Upcast{}
	for _, u := range all {
		for _, t := range []reflect.Type{u.from, u.to} {
			if _, ok := r.name[t]; !ok {
				return fmt.Errorf("ledger: upcast from %v to %v: undeclared event type %v", u.from, u.to, t)
			}
		}
		if _, twice := r.newer[u.from]; twice {
			return fmt.Errorf("ledger: two upcasts from %v", u.from)
		}
		r.newer[u.from] = u
	}
	for _, u := range all {
		t := u.to
		for range all {
			t = r.newer[t].to
			if t == nil {
				break
			}
		}
		if t != nil {
			return fmt.Errorf("ledger: the upcasts from %v go round in a circle", u.from)
		}
	}
	return nil
}

// newest turns an event into its newest version.
func (r *registry) newest(e Event) Event {
	for {
		u, old := r.newer[reflect.TypeOf(e)]
		if !old {
			return e
		}
		e = u.turn(e)
	}
}
