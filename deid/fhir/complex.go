package fhir

import (
	"bytes"
	"strconv"

	"chaperone.example/deid/fhir/plan"
	"chaperone.example/deid/r4"
	"chaperone.example/deid/scan"
	"chaperone.example/deid/tally"
	"chaperone.example/deid/term"
)

// parts reads the members of a small object into spans, by name; members that are
// not asked for are skipped, and counted if R4 does not know them. The scan.Span of a
// string is what is between its quotes; that of a number or literal is all of it.
// Objects and arrays in the place of a part count as malformed.
func (m *machine) parts(n *plan.Node, depth int, names []string, got []part) bool {
	if !m.Deeper(depth) {
		return false
	}
	m.Pos++
	if m.Space() == '}' {
		m.Pos++
		return true
	}
	first := len(m.Keys)
	defer func() { m.Keys = m.Keys[:first] }()
	for {
		key, ok := m.Key()
		if !ok || !m.unknownKey(key, first) {
			return false
		}
		name := m.Bytes(key)
		which := -1
		for i, want := range names {
			if string(name) == want {
				which = i
				break
			}
		}
		switch c := m.Space(); {
		case which >= 0 && c == '"':
			got[which].kind = c
			got[which].Span, ok = m.Text()
		case which >= 0 && (c == '-' || term.Digit(c)):
			got[which].kind = '0'
			got[which].Span, ok = m.Number()
		case which >= 0 && (c == 't' || c == 'f'):
			got[which].kind = c
			got[which].Span, ok = m.Literal()
		default:
			if which >= 0 {
				if c != 'n' {
					m.Note(n, tally.Malformed)
				}
			} else if !m.sibling(n, bytes.TrimPrefix(name, []byte("_"))) {
				m.NoteAt(n.Path+".(unknown)", tally.Unknown)
			}
			ok = m.Skip(depth + 1)
		}
		if !ok {
			return false
		}
		more, ok := m.Next('}')
		if !more {
			return ok
		}
	}
}

type part struct {
	scan.Span
	kind byte // '"', '0', 't', 'f' or 0
}

var codingParts = []string{"system", "code", "display"}

// coding reads a Coding. It stays as a whole or not at all.
func (m *machine) coding(n *plan.Node, depth int) (kept, ok bool) {
	var got [3]part
	if !m.parts(n, depth, codingParts, got[:]) {
		return false, false
	}
	system, codeP, display := got[0], got[1], got[2]
	if codeP.kind != '"' || system.kind != '"' && system.kind != 0 {
		m.Note(n, tally.Local)
		return false, true
	}
	v := m.judge(n, system, codeP, display)
	if !v.Code {
		m.Note(n, tally.Local)
		return false, true
	}
	m.Note(n, tally.Kept)
	m.out = append(m.out, '{')
	if system.kind == '"' {
		m.member("system", false)
		m.string(system.Span)
	}
	m.member("code", system.kind == '"')
	m.string(codeP.Span)
	if display.kind == '"' {
		if v.Display {
			m.member("display", true)
			m.string(display.Span)
			m.displays = append(m.displays, display.Span)
		} else {
			m.NoteAt(n.Path+".display", tally.Malformed)
		}
	}
	m.out = append(m.out, '}')
	return true, true
}

// judge decides on a coding: a code without a system must be in the value set that R4
// binds the path to.
func (m *machine) judge(n *plan.Node, system, codeP, display part) r4.Verdict {
	if system.kind == 0 {
		return r4.Verdict{Code: m.Defs.Holds(n.Set, m.Bytes(codeP.Span)), Display: display.kind == '"' && term.Plain(m.Bytes(display.Span))}
	}
	if system.Escaped || codeP.Escaped || display.Escaped {
		m.aside = append(m.aside[:0], m.Bytes(system.Span)...)
		ok := m.Defs.Published(m.aside, m.Bytes(codeP.Span))
		return r4.Verdict{Code: ok, Display: ok && display.kind == '"' && term.Plain(m.Bytes(display.Span))}
	}
	return m.verdicts.Coding(m.In[system.Start:system.End], m.In[codeP.Start:codeP.End], m.In[display.Start:display.End])
}

var quantityParts = []string{"value", "comparator", "unit", "system", "code"}

// quantity reads a Quantity or one of its kinds. Ages over 89 are aggregated. It is
// bare when its number may be any, as its unit is none of time.
func (m *machine) quantity(n *plan.Node, depth int) (kept, bare, ok bool) {
	var got [5]part
	if !m.parts(n, depth, quantityParts, got[:]) {
		return false, false, false
	}
	value, comparator, unitP, system, codeP := got[0], got[1], got[2], got[3], got[4]
	unitOK := unitP.kind == '"' && m.unit(unitP)
	codeOK := codeP.kind == '"' && m.unitCode(n, system, codeP)
	years := m.perYear(unitP, codeP)
	bare = m.Method.AllAges || years == 0 && (unitOK || codeOK) // a unit, but not of time
	if value.kind == '0' && !bare && m.over89(n, value, years) {
		m.Note(n, tally.Aggregated)
		m.out = append(m.out, aggregated...)
		return true, false, true
	}
	m.out = append(m.out, '{')
	if value.kind == '0' {
		kept = true
		m.member("value", false)
		m.out = append(m.out, m.In[value.Start:value.End]...)
	}
	if comparator.kind == '"' && kept {
		switch c := string(m.Bytes(comparator.Span)); c {
		case "<", "<=", ">=", ">":
			m.member("comparator", true)
			m.out = append(append(append(m.out, '"'), c...), '"')
		}
	}
	if unitOK {
		m.member("unit", kept)
		m.string(unitP.Span)
		kept = true
	}
	if codeOK {
		if system.kind == '"' {
			m.member("system", kept)
			m.string(system.Span)
			kept = true
		}
		m.member("code", kept)
		m.string(codeP.Span)
		kept = true
	}
	if unitP.kind != 0 && !unitOK || codeP.kind != 0 && !codeOK {
		m.NoteAt(n.Path+".unit", tally.Local)
	}
	if kept {
		m.Note(n, tally.Kept)
	}
	m.out = append(m.out, '}')
	return kept, bare, true
}

const aggregated = `{"value":90,"comparator":">=","unit":"years","system":"http://unitsofmeasure.org","code":"a"}`

// unitCode reports whether the code of a quantity is one of a unit or of a published
// system.
func (m *machine) unitCode(n *plan.Node, system, codeP part) bool {
	if system.kind == 0 {
		return m.unit(codeP)
	}
	return system.kind == '"' && m.judge(n, system, codeP, part{}).Code
}

// unit reports whether a string is a unit.
func (m *machine) unit(p part) bool {
	if p.Escaped {
		return term.Unit(m.Bytes(p.Span))
	}
	return m.verdicts.Unit(m.In[p.Start:p.End])
}

// perYear says how many of the unit of a quantity make a year; zero if it is none of
// time.
func (m *machine) perYear(unitP, codeP part) float64 {
	years := 0.0
	if codeP.kind == '"' {
		years = term.PerYear(m.Bytes(codeP.Span))
	}
	if years == 0 && unitP.kind == '"' {
		years = term.PerYear(m.Bytes(unitP.Span))
	}
	return years
}

// over89 reports whether a quantity is an age over 89: any number of years over 89,
// an age in another unit of time, or a number without a usable unit under the code
// of an age.
func (m *machine) over89(n *plan.Node, value part, years float64) bool {
	v, err := strconv.ParseFloat(string(m.In[value.Start:value.End]), 64)
	if err != nil || v <= 89 {
		return false
	}
	if years == 1 {
		return int(v) > 89
	}
	if m.Defs.Types[n.Type].Name != "Age" && !m.ageCoded() {
		return false
	}
	if years == 0 {
		years = 1
	}
	return int(v/years) > 89
}

// ageCodes lists the codes of observations whose value is an age of the person.
const ageCodes = "|30525-0|21611-9|21612-7|29553-5|35659-2|39016-1|63900-5|66174-4|74728-7|" + // LOINC
	"397669002|424144002|445518008|105727008|397659008|" // SNOMED CT

// ageCoded reports whether the value at the position is that of an observation (or
// component, or a range in it) whose code says age.
func (m *machine) ageCoded() bool {
	for i := len(m.starts) - 1; i >= 0 && i >= len(m.starts)-2; i-- {
		value, found, ok := m.Find(m.starts[i], "code", len(m.starts))
		if ok && found && m.In[value] == '{' && m.codedAge(value) {
			return true
		}
	}
	return false
}

// codedAge looks through the codings of the concept that begins at start.
func (m *machine) codedAge(start int) bool {
	value, found, ok := m.Find(start, "coding", len(m.starts))
	if !ok || !found {
		return false
	}
	was := m.Pos
	defer func() { m.Pos = was }()
	m.Pos = value
	if m.In[value] == '[' {
		m.Pos++
	}
	for m.Space() == '{' {
		at, found, ok := m.Find(m.Pos, "code", len(m.starts))
		if ok && found && m.In[at] == '"' {
			here := m.Pos
			m.Pos = at
			if p, ok := m.Text(); ok && term.Listed(ageCodes, m.Bytes(p)) {
				return true
			}
			m.Pos = here
		}
		if !m.Skip(len(m.starts) + 2) {
			return false
		}
		if m.Space() != ',' {
			return false
		}
		m.Pos++
	}
	return false
}

// integer reads the integer value of an observation. An age over 89 becomes the
// quantity "90 or more", as an integer has no comparator.
func (m *machine) integer(n *plan.Node, depth int, comma bool) (kept, ok bool) {
	c := m.Space()
	if c != '-' && !term.Digit(c) {
		_, ok = m.malformed(n, depth+1)
		return false, ok
	}
	p, ok := m.Number()
	if !ok {
		return false, false
	}
	if m.aged(m.In[p.Start:p.End]) {
		if _, found, ok := m.Find(m.starts[len(m.starts)-1], "valueQuantity", len(m.starts)); !ok || found {
			m.Note(n, tally.Malformed) // two values: which is it?
			return false, ok
		}
		m.Note(n, tally.Aggregated)
		m.member("valueQuantity", comma)
		m.out = append(m.out, aggregated...)
		return true, true
	}
	m.member("valueInteger", comma)
	return m.keep(n, p), true
}

var referenceParts = []string{"reference", "type"}

// reference reads a Reference: the address gets its new name, display and identifier
// go.
func (m *machine) reference(n *plan.Node, depth int) (kept, ok bool) {
	var got [2]part
	if p, ok := m.usual(depth); ok {
		got[0] = p
	} else if !m.parts(n, depth, referenceParts, got[:]) {
		return false, false
	}
	if got[0].kind != '"' {
		m.Note(n, tally.Dropped)
		return false, true
	}
	m.out = append(m.out, '{')
	m.member("reference", false)
	if !m.address(n, m.Bytes(got[0].Span), false) {
		return false, true
	}
	if got[1].kind == '"' {
		if _, known := m.Defs.Resource(m.Bytes(got[1].Span)); known {
			m.member("type", true)
			m.string(got[1].Span)
		}
	}
	m.out = append(m.out, '}')
	return true, true
}

// usual reads a reference that is written as most are: an address, perhaps a display.
// Otherwise the position stays.
func (m *machine) usual(depth int) (p part, ok bool) {
	const address, display = `{"reference":"`, `,"display":"`
	start := m.Pos
	if depth >= scan.MaxDepth || !m.At(address) {
		return part{}, false
	}
	m.Pos += len(address) - 1
	p.kind = '"'
	if p.Span, ok = m.Text(); ok && m.At(display) {
		m.Pos += len(display) - 1
		_, ok = m.Text()
	}
	if ok = ok && !p.Escaped && m.At("}"); ok {
		m.Pos++
		return p, true
	}
	m.Pos, m.Problem, m.Remedy = start, "", ""
	return part{}, false
}

// extension reads an extension and keeps what is listed of it.
func (m *machine) extension(n *plan.Node, list map[string]plan.Listed, depth int) (kept, ok bool) {
	start := m.Pos
	at, found, ok := m.Find(start, "url", len(m.starts))
	if !ok {
		return false, false
	}
	var spec plan.Listed
	var url scan.Span
	if found && m.In[at] == '"' {
		m.Pos = at
		url, _ = m.Text()
		m.Pos = start
		spec, found = list[string(m.Bytes(url))]
	}
	if !found {
		m.Note(n, tally.Unknown)
		return false, m.Skip(depth)
	}
	name := spec.Value
	if spec.Parts != nil {
		name = "extension"
	}
	value, found, ok := m.Find(start, name, len(m.starts))
	if !ok {
		return false, false
	}
	if !m.Skip(depth) { // checks all of it once
		return false, false
	}
	if !found {
		return false, true
	}
	end := m.Pos
	m.Pos = value
	m.out = append(m.out, '{')
	m.member("url", false)
	m.string(url)
	m.member(name, true)
	if spec.Parts != nil {
		kept, ok = m.partsOf(n, spec.Parts, depth)
	} else {
		kept, ok = m.single(m.ExtensionValue(n, spec), depth+1)
	}
	m.Pos = end
	m.out = append(m.out, '}')
	return kept, ok
}

// partsOf reads the array of extensions nested in an extension.
func (m *machine) partsOf(n *plan.Node, list map[string]plan.Listed, depth int) (kept, ok bool) {
	if m.In[m.Pos] != '[' {
		m.Note(n, tally.Malformed)
		return false, true
	}
	m.Pos++
	m.out = append(m.out, '[')
	for m.Space() == '{' {
		mark := len(m.out)
		if kept {
			m.out = append(m.out, ',')
		}
		stays, ok := m.extension(n, list, depth+2)
		if !ok {
			return false, false
		}
		if stays {
			kept = true
		} else {
			m.cut(mark)
		}
		if m.Space() != ',' {
			break
		}
		m.Pos++
	}
	m.out = append(m.out, ']')
	return kept, true
}
