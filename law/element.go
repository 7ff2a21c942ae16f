package law

import (
	"math/bits"

	"chaperone.example/phi"
)

// A set is a set of elements, by their place in the catalogue.
type set [2]uint64

func (s set) has(i int) bool      { return s[i>>6]>>(i&63)&1 == 1 }
func (s *set) add(i int)          { s[i>>6] |= 1 << (i & 63) }
func (s set) and(o set) set       { return set{s[0] & o[0], s[1] & o[1]} }
func (s set) or(o set) set        { return set{s[0] | o[0], s[1] | o[1]} }
func (s set) minus(o set) set     { return set{s[0] &^ o[0], s[1] &^ o[1]} }
func (s set) empty() bool         { return s[0]|s[1] == 0 }
func (s set) len() int            { return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) }
func (s set) each(f func(int))    { eachBit(s[0], 0, f); eachBit(s[1], 64, f) }
func (s set) overlaps(o set) bool { return s[0]&o[0]|s[1]&o[1] != 0 }
func full() set                   { return set{^uint64(0), ^uint64(0)} }
func eachBit(w uint64, base int, f func(int)) {
	for ; w != 0; w &= w - 1 {
		f(base + bits.TrailingZeros64(w))
	}
}

// catalogue is the element catalogue with what the rules need to know of it.
var catalogue = index(phi.Elements())

type elementIndex struct {
	elements []phi.Element
	place    map[string]int
	// What each form keeps as it is, and what it changes; the rest is dropped.
	keeps, changes [Identified + 1]set
	part2          set // labelled as substance-use records
	psychotherapy  set
	counseling     set
	direct         set
	ordinary       set // neither sensitive nor Part 2
}

func index(elements []phi.Element) *elementIndex {
	x := &elementIndex{elements: elements, place: make(map[string]int, len(elements))}
	for i, e := range elements {
		x.place[e.ID] = i
		for f := SafeHarbor; f <= Identified; f++ {
			switch treatment(f, e) {
			case Kept:
				x.keeps[f].add(i)
			case Transformed:
				x.changes[f].add(i)
			}
		}
		if e.Class == phi.Part2 {
			x.part2.add(i)
		}
		if e.Class == phi.Direct {
			x.direct.add(i)
		}
		if e.Class != phi.Part2 && e.Class != phi.Sensitive {
			x.ordinary.add(i)
		}
		switch e.ID {
		case "clinical.psychotherapy-note":
			x.psychotherapy.add(i)
		case "clinical.counseling-note":
			x.counseling.add(i)
		}
	}
	return x
}

// treatment says what becomes of an element in a form. What is not known to be
// harmless is dropped.
//
// Safe Harbor, 45 CFR 164.514(b)(2)(i): dates to the year and ages capped at 90
// (C), ZIP codes to three digits (B), record numbers to codes not derived from
// the person (164.514(c)), the other identifiers and narrative out. An expert
// form keeps what the determination lists, see scene. A limited data set,
// 164.514(e)(2), keeps dates, towns and ZIP codes.
func treatment(f Form, e phi.Element) Treatment {
	coded := e.ID == "patient.token" || e.ID == "encounter.key" // keys that link records, replaced per recipient
	switch {
	case f == Identified:
		return Kept
	case e.FreeText:
		return Dropped
	case coded:
		return Transformed
	case f == Limited:
		if e.Identifier.InLimitedDataSet() && !e.Street && e.Class != phi.Direct {
			return Kept
		}
		return Dropped
	case e.Identifier == 0:
		return Kept
	case e.Identifier == phi.Date || e.ID == "patient.zip":
		return Transformed
	}
	return Dropped
}

// lookup returns the place of an element, and false if the catalogue lacks it.
func (x *elementIndex) lookup(id string) (int, bool) {
	i, ok := x.place[id]
	return i, ok
}
