package fhir

import (
	"bytes"
	"strconv"

	"chaperone.example/deid/code"
	"chaperone.example/deid/day"
	"chaperone.example/deid/fhir/plan"
	"chaperone.example/deid/method"
	"chaperone.example/deid/place"
	"chaperone.example/deid/r4"
	"chaperone.example/deid/scan"
	"chaperone.example/deid/tally"
	"chaperone.example/deid/term"
)

// leaf writes what may stay of a string and counts what was done.
func (m *machine) leaf(n *plan.Node, p scan.Span) bool {
	b := m.Bytes(p)
	switch n.Rule {
	case plan.Code:
		if len(b) > 0 && string(b) == string(n.Last) {
			return m.write(n, tally.Kept, b)
		}
		if n.Only != "" && term.Listed(n.Only, b) || n.Only == "" && m.Defs.Holds(n.Set, b) {
			n.Last = append(n.Last[:0], b...)
			return m.write(n, tally.Kept, b)
		}
		m.Note(n, tally.Local)
		return false
	case plan.Date, plan.Birth, plan.Moment:
		return m.date(n, b)
	case plan.ID:
		if !r4.SmallUUID(b) && !r4.ValidID(b) {
			break
		}
		m.Note(n, tally.Recoded)
		space := m.current
		if m.contained > 0 {
			space = "contained" // such an id is reached by "#id" only
		}
		m.out = append(m.out, '"')
		m.gap(space, b)
		m.out = append(m.out, '"')
		return true
	case plan.Local:
		m.Note(n, tally.Recoded)
		m.out = append(m.out, '"')
		m.gap("local", b)
		m.out = append(m.out, '"')
		return true
	case plan.Note:
		return m.scrub(n, b)
	case plan.File:
		return m.file(n, b)
	case plan.FullURL:
		return m.address(n, b, true)
	case plan.Profile:
		if i := bytes.IndexByte(b, '|'); i >= 0 { // a version
			b = b[:i]
		}
		if len(b) > 0 && string(b) == string(n.Last) {
			return m.write(n, tally.Kept, b)
		}
		if m.Defs.Profile(b) || term.USCoreProfile(b) {
			n.Last = append(n.Last[:0], b...)
			return m.write(n, tally.Kept, b)
		}
		m.Note(n, tally.Local)
		return false
	case plan.State:
		if place.State(b) {
			return m.write(n, tally.Kept, b)
		}
	case plan.Country:
		if place.Country(b) {
			return m.write(n, tally.Kept, b)
		}
	case plan.ZIP:
		if m.Method.ZIP == nil {
			if term.Every(b, 3, 10, func(c byte) bool { return term.Digit(c) || term.Letter(c) || c == '-' || c == ' ' }) {
				return m.write(n, tally.Kept, b)
			}
			break
		}
		if zip := m.Method.ZIP.Generalize(b); zip != "" {
			m.Note(n, tally.Generalized)
			m.out = append(append(append(m.out, '"'), zip...), '"')
			return true
		}
	case plan.City:
		if m.Method.Cities && term.Every(b, 1, 60, func(c byte) bool { return term.Letter(c) || c >= 0x80 || c == ' ' || c == '-' || c == '.' || c == '\'' }) {
			return m.write(n, tally.Kept, b)
		}
		m.Note(n, tally.Dropped)
		return false
	case plan.Samples:
		if term.Samples(b) {
			return m.write(n, tally.Kept, b)
		}
	}
	m.Note(n, tally.Malformed)
	return false
}

// write writes a string and counts the action.
func (m *machine) write(n *plan.Node, a tally.Action, b []byte) bool {
	m.Note(n, a)
	m.out = append(m.out, '"')
	m.out = scan.Quote(m.out, b)
	m.out = append(m.out, '"')
	return true
}

// date writes what may stay of a date.
func (m *machine) date(n *plan.Node, b []byte) bool {
	d, ok := day.ParseFHIR(b)
	if !ok {
		if n.Rule == plan.Moment && day.Clock(b) { // a time of day is an element of a date
			if m.Method.Dates == method.Full || m.Method.Dates == method.Shifted && m.moves {
				return m.write(n, tally.Kept, b)
			}
			m.Note(n, tally.Dropped)
			return false
		}
		m.Note(n, tally.Malformed)
		return false
	}
	if n.Rule == plan.Birth {
		if !m.Method.AllAges && day.Age(d, m.death()) >= day.Aggregate {
			m.Note(n, tally.Aggregated)
			return false
		}
	} else if m.Method.Old(d) {
		m.Note(n, tally.Aggregated)
		return false
	}
	if m.Method.Dates == method.Full {
		return m.write(n, tally.Kept, b)
	}
	if m.Method.Dates == method.Shifted {
		return m.shifted(n, b)
	}
	if n.Rule == plan.Moment { // R4 has no instant of a year alone
		m.Note(n, tally.Dropped)
		return false
	}
	m.Note(n, tally.Generalized)
	m.out = append(m.out, '"', b[0], b[1], b[2], b[3], '"')
	return true
}

// shifted writes a date moved as all dates of its patient move. Without a patient it
// does not stay: it may be somebody's all the same.
func (m *machine) shifted(n *plan.Node, b []byte) bool {
	if !m.moves {
		m.Note(n, tally.Dropped)
		return false
	}
	m.out, _ = day.Move(append(m.out, '"'), b, m.Method.AsOf.Year, m.days) // it was read before
	m.out = append(m.out, '"')
	m.Note(n, tally.Shifted)
	return true
}

// death returns the day at which the age of the person is judged whose resource the
// position is in: that of death, else the as-of date.
func (m *machine) death() day.Date {
	for _, name := range []string{"deceasedDateTime", "deceasedDate"} {
		value, found, ok := m.Find(m.starts[len(m.starts)-1], name, len(m.starts))
		if !ok || !found || m.In[value] != '"' {
			continue
		}
		was := m.Pos
		m.Pos = value
		p, ok := m.Text()
		m.Pos = was
		if !ok {
			continue
		}
		if d, ok := day.ParseFHIR(m.Bytes(p)); ok {
			return d
		}
	}
	return m.Method.AsOf
}

// gap leaves room for the code of an id.
func (m *machine) gap(space string, id []byte) {
	start := len(m.ids)
	m.ids = append(m.ids, id...)
	if r4.SmallUUID(id) {
		space = "uuid"
	} else if r4.LowerUUID(m.ids[start:]) { // such an id is the same whatever points at it: urn:uuid names no type
		space = "uuid"
	}
	m.codes = append(m.codes, pending{at: len(m.out), space: space, start: start, end: len(m.ids)})
	m.out = append(m.out, gapText...)
}

var gapText = bytes.Repeat([]byte{'-'}, code.Size)

// address recodes the address of a resource, as references and entries of a Bundle
// use it. It keeps the type that the address names and nothing else of it.
func (m *machine) address(n *plan.Node, b []byte, full bool) bool {
	if rest, ok := bytes.CutPrefix(b, []byte("#")); ok && !full {
		if len(rest) == 0 {
			return m.write(n, tally.Kept, b)
		}
		if r4.ValidID(rest) {
			m.Note(n, tally.Recoded)
			m.out = append(m.out, `"#`...)
			m.gap("contained", rest)
			m.out = append(m.out, '"')
			return true
		}
	}
	if len(b) > 4 && string(b[:4]) == "urn:" {
		rest, ok := bytes.CutPrefix(b, []byte("urn:uuid:"))
		if !ok {
			rest, ok = bytes.CutPrefix(b, []byte("urn:oid:"))
		}
		if ok && (r4.SmallUUID(rest) || r4.ValidID(rest)) {
			m.Note(n, tally.Recoded)
			m.out = append(m.out, `"urn:uuid:`...)
			m.gap("urn", rest)
			m.out = append(m.out, '"')
			return true
		}
	}
	if typ, id, ok := m.Defs.Target(b); ok {
		m.Note(n, tally.Recoded)
		m.out = append(m.out, '"')
		if full {
			m.out = append(m.out, "https://deidentified.invalid/"...)
		}
		m.out = append(append(m.out, typ...), '/')
		m.gap(typ, id)
		m.out = append(m.out, '"')
		return true
	}
	m.Note(n, tally.Dropped) // a search, an identifier, an address that names no resource
	return false
}

// result reads the value of an observation or answer that is a string or a bare
// number: it stays if it is a plain result.
func (m *machine) result(n *plan.Node, depth int) (kept, ok bool) {
	c := m.Space()
	var p scan.Span
	switch {
	case c == '"':
		p, ok = m.Text()
	case c == '-' || term.Digit(c):
		p, ok = m.Number()
	default:
		return m.malformed(n, depth)
	}
	if !ok {
		return false, false
	}
	b := m.Bytes(p)
	if !term.Result(b) || m.aged(b) {
		m.Note(n, tally.Dropped)
		return false, true
	}
	if c == '"' {
		return m.write(n, tally.Kept, b), true
	}
	return m.keep(n, p), true
}

// aged reports whether a bare number may be an age over 89: it is one, and it is the
// value of an age.
func (m *machine) aged(b []byte) bool {
	v, err := strconv.ParseFloat(string(b), 64)
	return err == nil && v > 89 && !m.Method.AllAges && m.ageCoded()
}
