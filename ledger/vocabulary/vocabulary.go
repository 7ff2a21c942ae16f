// Package vocabulary knows the types of a ledger's events by name: it writes an event
// under the name of its type, and reads what was ever written, old versions as the newest.
package vocabulary

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"chaperone.example/ledger/leaf"
)

// A Vocabulary maps event types to their names and back.
type Vocabulary struct {
	name  map[reflect.Type]string
	typ   map[string]reflect.Type
	newer map[reflect.Type]Upcast // from old versions
}

// New returns a vocabulary without words.
func New() *Vocabulary {
	return &Vocabulary{name: map[reflect.Type]string{}, typ: map[string]reflect.Type{}, newer: map[reflect.Type]Upcast{}}
}

// Declare names the type of an event, which is a struct.
func (v *Vocabulary) Declare(name string, event any) error {
	t := reflect.TypeOf(event)
	if t == nil || t.Kind() != reflect.Struct {
		return fmt.Errorf("event type %q is not a struct", name)
	}
	if _, dup := v.typ[name]; dup {
		return fmt.Errorf("event type %q declared twice", name)
	}
	if other, dup := v.name[t]; dup {
		return fmt.Errorf("%v is both %q and %q", t, other, name)
	}
	v.name[t], v.typ[name] = name, t
	return nil
}

// An Upcast turns an event of an old version into one of the next.
type Upcast struct {
	From, To reflect.Type
	Turn     func(any) any
}

// Upcasting makes an [Upcast] of a pure function.
func Upcasting[From, To any](turn func(From) To) Upcast {
	return Upcast{reflect.TypeFor[From](), reflect.TypeFor[To](), func(e any) any { return turn(e.(From)) }}
}

// Upcasts adds upcasts. Both versions must be declared, and a chain must end.
func (v *Vocabulary) Upcasts(all []Upcast) error {
	for _, u := range all {
		for _, t := range []reflect.Type{u.From, u.To} {
			if _, ok := v.name[t]; !ok {
				return fmt.Errorf("upcast from %v to %v: undeclared event type %v", u.From, u.To, t)
			}
		}
		if _, twice := v.newer[u.From]; twice {
			return fmt.Errorf("two upcasts from %v", u.From)
		}
		v.newer[u.From] = u
	}
	for _, u := range all {
		t := u.To
		for range all {
			t = v.newer[t].To
			if t == nil {
				break
			}
		}
		if t != nil {
			return fmt.Errorf("the upcasts from %v go round in a circle", u.From)
		}
	}
	return nil
}

// Names returns the names of the types that implement an interface, sorted.
func (v *Vocabulary) Names(iface reflect.Type) []string {
	var names []string
	for name, t := range v.typ {
		for u, old := v.newer[t]; old; u, old = v.newer[t] {
			t = u.To // what is read is the newest
		}
		if t.Implements(iface) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Encode returns the name of an event's type and the JSON to commit to. Only the newest
// version is written.
func (v *Vocabulary) Encode(event any) (name string, body []byte, err error) {
	name, ok := v.name[reflect.TypeOf(event)]
	if !ok {
		return "", nil, fmt.Errorf("undeclared event type %T", event)
	}
	if _, old := v.newer[reflect.TypeOf(event)]; old {
		return "", nil, fmt.Errorf("%T is an old version: record the newest", event)
	}
	body, err = leaf.Marshal(event)
	return name, body, err
}

// Decode reads an event as its newest version. It refuses an unknown type: an event that
// is not understood must not be skipped, or the state would be wrong.
func (v *Vocabulary) Decode(name string, body []byte) (any, error) {
	t, ok := v.typ[name]
	if !ok {
		return nil, fmt.Errorf("unknown event type %q", name)
	}
	p := reflect.New(t)
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(p.Interface()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for e := p.Elem().Interface(); ; {
		u, old := v.newer[reflect.TypeOf(e)]
		if !old {
			return e, nil
		}
		e = u.Turn(e)
	}
}
