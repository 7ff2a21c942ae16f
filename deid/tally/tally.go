// Package tally counts what was done to data, by the place it was done at and
// without repeating any of it, for the manifest of a release.
package tally

import (
	"encoding/json"
	"maps"
	"slices"
)

// An Action is what was done to one value.
type Action uint8

const (
	Kept        Action = iota // as it stood
	Dropped                   // removed, because the profile says so
	Generalized               // made coarser: a date to its year, a ZIP code to three digits
	Aggregated                // an age over 89 to "90 or older"
	Recoded                   // an identifier replaced by a code
	Malformed                 // removed, because it is not what its place calls for
	Local                     // removed: a code of a system that is not standard, or not in its value set
	Unneeded                  // removed: not among the elements that were decided
	Unknown                   // removed: no such place is known
	Scrubbed                  // a note, of which what identifies was replaced
	Shifted                   // a date moved with all others of its patient
	Actions                   // the number of actions
)

var names = [Actions]string{"kept", "dropped", "generalized", "aggregated", "recoded", "malformed", "local", "unneeded", "unknown", "scrubbed", "shifted"}

// String returns the name of the action as manifests print it.
func (a Action) String() string { return names[a] }

// Counts says how often each action was taken at one place.
type Counts [Actions]uint64

// MarshalJSON writes the counts that are not zero, by name.
func (c Counts) MarshalJSON() ([]byte, error) {
	m := map[string]uint64{}
	for a, n := range c {
		if n > 0 {
			m[names[a]] = n
		}
	}
	return json.Marshal(m)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Counts) UnmarshalJSON(b []byte) error {
	var m map[string]uint64
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	*c = Counts{}
	for a, name := range names {
		c[a] = m[name]
	}
	return nil
}

// A Sheet is a tally by place: the path of a FHIR element, the column of a table.
type Sheet map[string]Counts

// Add counts n actions at a place.
func (s Sheet) Add(place string, a Action, n uint64) {
	c := s[place]
	c[a] += n
	s[place] = c
}

// Merge adds all counts of another sheet.
func (s Sheet) Merge(other Sheet) {
	for place, counts := range other {
		c := s[place]
		for a, n := range counts {
			c[a] += n
		}
		s[place] = c
	}
}

// Total is the sum over all places.
func (s Sheet) Total() Counts {
	var t Counts
	for _, counts := range s {
		for a, n := range counts {
			t[a] += n
		}
	}
	return t
}

// Places lists the places in order.
func (s Sheet) Places() []string { return slices.Sorted(maps.Keys(s)) }
