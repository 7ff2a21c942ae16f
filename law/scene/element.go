package scene

import (
	"math/bits"

	"chaperone.example/law/fact"
	"chaperone.example/phi"
)

// A Set is a set of elements, by their place in the catalogue.
type Set [2]uint64

// Size is how many elements a Set has room for.
const Size = len(Set{}) * 64

// Has reports whether the element at place i is in the set.
func (s Set) Has(i int) bool { return s[i>>6]>>(i&63)&1 == 1 }

// Add adds the element at place i.
func (s *Set) Add(i int) { s[i>>6] |= 1 << (i & 63) }

// And returns what is in both sets.
func (s Set) And(o Set) Set { return Set{s[0] & o[0], s[1] & o[1]} }

// Or returns what is in either set.
func (s Set) Or(o Set) Set { return Set{s[0] | o[0], s[1] | o[1]} }

// Minus returns what is in s and not in o.
func (s Set) Minus(o Set) Set { return Set{s[0] &^ o[0], s[1] &^ o[1]} }

// Empty reports whether nothing is in the set.
func (s Set) Empty() bool { return s[0]|s[1] == 0 }

// Len is how many elements are in the set.
func (s Set) Len() int { return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) }

// Overlaps reports whether an element is in both sets.
func (s Set) Overlaps(o Set) bool { return s[0]&o[0]|s[1]&o[1] != 0 }

// Full is the set of everything.
func Full() Set { return Set{^uint64(0), ^uint64(0)} }

// Catalogue is the element catalogue with what the rules need to know of it.
var Catalogue = index(phi.Elements())

// An Index is a catalogue made ready: sets by class, and what each form keeps.
type Index struct {
	Elements []phi.Element
	place    map[string]int

	Keeps, Changes [fact.Identified + 1]Set // what each form keeps as it is, and what it changes; the rest is dropped
	Part2          Set                      // labelled as substance-use records
	Direct         Set                      // direct identifiers
	Sensitive      Set
	Clinical       Set

	psychotherapy, counseling, locate, fundraising Set
}

// locateItems are what 164.512(f)(2)(i) lists, as far as the catalogue has it.
var locateItems = map[string]bool{"patient.name": true, "patient.street": true, "patient.city": true, "patient.county": true, "patient.state": true,
	"patient.zip": true, "patient.birth-date": true, "patient.ssn": true, "patient.death-date": true, "patient.age": true, "patient.sex": true,
	"patient.race-ethnicity": true, "encounter.admit-date": true, "encounter.ed-times": true, "encounter.discharge-date": true}

// fundraisingItems are what 164.514(f)(1) lists: demographic data, dates of care,
// department, treating physician, outcome, insurance status.
var fundraisingItems = map[string]bool{"patient.name": true, "patient.street": true, "patient.city": true, "patient.county": true, "patient.state": true,
	"patient.zip": true, "patient.telephone": true, "patient.email": true, "patient.birth-date": true, "patient.age": true, "patient.sex": true,
	"encounter.admit-date": true, "encounter.discharge-date": true, "encounter.location": true, "encounter.disposition": true,
	"clinical.practitioner": true, "encounter.payer": true}

func index(elements []phi.Element) *Index {
	x := &Index{Elements: elements, place: make(map[string]int, len(elements))}
	for i, e := range elements {
		x.place[e.ID] = i
		for f := fact.SafeHarbor; f <= fact.Identified; f++ {
			switch treat(f, e) {
			case keep:
				x.Keeps[f].Add(i)
			case change:
				x.Changes[f].Add(i)
			}
		}
		switch e.Class {
		case phi.Part2:
			x.Part2.Add(i)
		case phi.Direct:
			x.Direct.Add(i)
		case phi.Sensitive:
			x.Sensitive.Add(i)
		case phi.Clinical:
			x.Clinical.Add(i)
		}
		switch e.ID {
		case "clinical.psychotherapy-note":
			x.psychotherapy.Add(i)
		case "clinical.counseling-note":
			x.counseling.Add(i)
		}
		if locateItems[e.ID] {
			x.locate.Add(i)
		}
		if fundraisingItems[e.ID] {
			x.fundraising.Add(i)
		}
	}
	return x
}

// what becomes of an element in a form.
type treatment uint8

const (
	drop treatment = iota
	change
	keep
)

// treat says what becomes of an element in a form. What is not known to be
// harmless is dropped.
//
// Safe Harbor, 45 CFR 164.514(b)(2)(i): dates to the year and ages capped at 90
// (C), ZIP codes to three digits (B), record numbers to codes not derived from
// the person (164.514(c)), the other identifiers and narrative out. An expert
// form keeps what the determination lists, see Scene.Expert. A limited data set,
// 164.514(e)(2), keeps dates, towns and ZIP codes.
func treat(f fact.Form, e phi.Element) treatment {
	coded := e.ID == "patient.token" || e.ID == "encounter.key" // keys that link records, replaced per recipient
	switch {
	case f == fact.Identified:
		return keep
	case e.FreeText:
		return drop
	case coded:
		return change
	case f == fact.Limited:
		if e.Identifier.InLimitedDataSet() && !e.Street && e.Class != phi.Direct {
			return keep
		}
		return drop
	case e.Identifier == 0:
		return keep
	case e.Identifier == phi.Date || e.ID == "patient.zip":
		return change
	}
	return drop
}

// Lookup returns the place of an element, and false if the catalogue lacks it.
func (x *Index) Lookup(id string) (int, bool) {
	i, ok := x.place[id]
	return i, ok
}

// of makes a set of the elements named; words that are no element are left out.
func (x *Index) of(ids []string) Set {
	var s Set
	for _, id := range ids {
		if i, ok := x.place[id]; ok {
			s.Add(i)
		}
	}
	return s
}
