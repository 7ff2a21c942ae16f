package fhir

import (
	"bytes"
	"strconv"

	"chaperone.example/deid/tally"
)

// parts reads the members of a small object into spans, by name; members that are
// not asked for are skipped, and counted if R4 does not know them. The span of a
// string is what is between its quotes; that of a number or literal is all of it.
// Objects and arrays in the place of a part count as malformed.
func (m *machine) parts(n *node, depth int, names []string, got []part) bool {
	if !m.deeper(depth) {
		return false
	}
	m.pos++
	if m.space() == '}' {
		m.pos++
		return true
	}
	first := len(m.keys)
	defer func() { m.keys = m.keys[:first] }()
	for {
		key, ok := m.key()
		if !ok || !m.unknownKey(key, first) {
			return false
		}
		name := m.bytes(key)
		which := -1
		for i, want := range names {
			if string(name) == want {
				which = i
				break
			}
		}
		switch c := m.space(); {
		case which >= 0 && c == '"':
			got[which].kind = c
			got[which].span, ok = m.text()
		case which >= 0 && (c == '-' || digit(c)):
			got[which].kind = '0'
			got[which].span, ok = m.number()
		case which >= 0 && (c == 't' || c == 'f'):
			got[which].kind = c
			got[which].span, ok = m.literal()
		default:
			if which >= 0 {
				if c != 'n' {
					n.counts[tally.Malformed]++
				}
			} else if !m.sibling(n, bytes.TrimPrefix(name, []byte("_"))) {
				m.sheet.Add(n.path+".(unknown)", tally.Unknown, 1)
			}
			ok = m.skip(depth + 1)
		}
		if !ok {
			return false
		}
		more, ok := m.next('}')
		if !more {
			return ok
		}
	}
}

type part struct {
	span
	kind byte // '"', '0', 't', 'f' or 0
}

var codingParts = []string{"system", "code", "display"}

// coding reads a Coding. It stays as a whole or not at all.
func (m *machine) coding(n *node, depth int) (kept, ok bool) {
	var got [3]part
	if !m.parts(n, depth, codingParts, got[:]) {
		return false, false
	}
	system, codeP, display := got[0], got[1], got[2]
	if codeP.kind != '"' || system.kind != '"' && system.kind != 0 {
		n.counts[tally.Local]++
		return false, true
	}
	if !m.standardCode(n, system, codeP) {
		n.counts[tally.Local]++
		return false, true
	}
	n.counts[tally.Kept]++
	m.out = append(m.out, '{')
	if system.kind == '"' {
		m.member("system", false)
		m.string(system.span)
	}
	m.member("code", system.kind == '"')
	m.string(codeP.span)
	if display.kind == '"' {
		if plain(m.bytes(display.span)) {
			m.member("display", true)
			m.string(display.span)
			m.displays = append(m.displays, display.span)
		} else {
			m.sheet.Add(n.path+".display", tally.Malformed, 1)
		}
	}
	m.out = append(m.out, '}')
	return true, true
}

// standardCode reports whether a code belongs to a published system, or, without a
// system, to the value set that R4 binds the path to.
func (m *machine) standardCode(n *node, system, codeP part) bool {
	if system.kind == 0 {
		return m.defs.holds(n.set, m.bytes(codeP.span))
	}
	url := m.bytes(system.span)
	if c, ok := standard[string(url)]; ok {
		return c(m.bytes(codeP.span))
	}
	if s, ok := m.defs.systems[string(url)]; ok {
		_, ok := m.defs.codes.get(s, m.bytes(codeP.span))
		return ok
	}
	c, ok := external(string(url))
	return ok && c(m.bytes(codeP.span))
}

var quantityParts = []string{"value", "comparator", "unit", "system", "code"}

// quantity reads a Quantity or one of its kinds. Ages over 89 are aggregated.
func (m *machine) quantity(n *node, depth int) (kept, ok bool) {
	var got [5]part
	if !m.parts(n, depth, quantityParts, got[:]) {
		return false, false
	}
	value, comparator, unitP, system, codeP := got[0], got[1], got[2], got[3], got[4]
	unitOK := unitP.kind == '"' && unit(m.bytes(unitP.span))
	codeOK := codeP.kind == '"' && m.unitCode(n, system, codeP)
	if value.kind == '0' && !m.method.AllAges && m.over89(n, value, unitP, codeP, unitOK, codeOK) {
		n.counts[tally.Aggregated]++
		m.out = append(m.out, aggregated...)
		return true, true
	}
	m.out = append(m.out, '{')
	if value.kind == '0' {
		kept = true
		m.member("value", false)
		m.out = append(m.out, m.in[value.start:value.end]...)
	}
	if comparator.kind == '"' && kept {
		switch c := string(m.bytes(comparator.span)); c {
		case "<", "<=", ">=", ">":
			m.member("comparator", true)
			m.out = append(append(append(m.out, '"'), c...), '"')
		}
	}
	if unitOK {
		m.member("unit", kept)
		m.string(unitP.span)
		kept = true
	}
	if codeOK {
		if system.kind == '"' {
			m.member("system", kept)
			m.string(system.span)
			kept = true
		}
		m.member("code", kept)
		m.string(codeP.span)
		kept = true
	}
	if unitP.kind != 0 && !unitOK || codeP.kind != 0 && !codeOK {
		m.sheet.Add(n.path+".unit", tally.Local, 1)
	}
	if kept {
		n.counts[tally.Kept]++
	}
	m.out = append(m.out, '}')
	return kept, true
}

const aggregated = `{"value":90,"comparator":">=","unit":"years","system":"http://unitsofmeasure.org","code":"a"}`

// unitCode reports whether the code of a quantity is one of a unit or of a published
// system.
func (m *machine) unitCode(n *node, system, codeP part) bool {
	if system.kind == 0 {
		return unit(m.bytes(codeP.span))
	}
	return system.kind == '"' && m.standardCode(n, system, codeP)
}

// over89 reports whether a quantity is an age over 89: any number of years over 89,
// an age in another unit of time, or a number without a usable unit under the code
// of an age.
func (m *machine) over89(n *node, value, unitP, codeP part, unitOK, codeOK bool) bool {
	years := 0.0
	if codeP.kind == '"' {
		years = perYear(m.bytes(codeP.span))
	}
	if years == 0 && unitP.kind == '"' {
		years = perYear(m.bytes(unitP.span))
	}
	if years == 0 && (unitOK || codeOK) {
		return false // a unit, but not of time
	}
	v, err := strconv.ParseFloat(string(m.in[value.start:value.end]), 64)
	if err != nil || v <= 89 {
		return false
	}
	if years == 1 {
		return int(v) > 89
	}
	if m.defs.types[n.typ].name != "Age" && !m.ageCoded() {
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
		value, found, ok := m.find(m.starts[i], "code")
		if ok && found && m.in[value] == '{' && m.codedAge(value) {
			return true
		}
	}
	return false
}

// codedAge looks through the codings of the concept that begins at start.
func (m *machine) codedAge(start int) bool {
	value, found, ok := m.find(start, "coding")
	if !ok || !found {
		return false
	}
	was := m.pos
	defer func() { m.pos = was }()
	m.pos = value
	if m.in[value] == '[' {
		m.pos++
	}
	for m.space() == '{' {
		at, found, ok := m.find(m.pos, "code")
		if ok && found && m.in[at] == '"' {
			here := m.pos
			m.pos = at
			if p, ok := m.text(); ok && listed(ageCodes, m.bytes(p)) {
				return true
			}
			m.pos = here
		}
		if !m.skip(len(m.starts) + 2) {
			return false
		}
		if m.space() != ',' {
			return false
		}
		m.pos++
	}
	return false
}

// integer reads the integer value of an observation. An age over 89 becomes the
// quantity "90 or more", as an integer has no comparator.
func (m *machine) integer(n *node, depth int, comma bool) (kept, ok bool) {
	c := m.space()
	if c != '-' && !digit(c) {
		_, ok = m.malformed(n, depth+1)
		return false, ok
	}
	p, ok := m.number()
	if !ok {
		return false, false
	}
	if m.aged(m.in[p.start:p.end]) {
		if _, found, ok := m.find(m.starts[len(m.starts)-1], "valueQuantity"); !ok || found {
			n.counts[tally.Malformed]++ // two values: which is it?
			return false, ok
		}
		n.counts[tally.Aggregated]++
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
func (m *machine) reference(n *node, depth int) (kept, ok bool) {
	var got [2]part
	if !m.parts(n, depth, referenceParts, got[:]) {
		return false, false
	}
	if got[0].kind != '"' {
		n.counts[tally.Dropped]++
		return false, true
	}
	m.out = append(m.out, '{')
	m.member("reference", false)
	if !m.address(n, m.bytes(got[0].span), false) {
		return false, true
	}
	if got[1].kind == '"' {
		if t, known := m.defs.byName[string(m.bytes(got[1].span))]; known && m.defs.types[t].resource {
			m.member("type", true)
			m.string(got[1].span)
		}
	}
	m.out = append(m.out, '}')
	return true, true
}

// extension reads an extension and keeps what is listed of it.
func (m *machine) extension(n *node, list map[string]extension, depth int) (kept, ok bool) {
	start := m.pos
	at, found, ok := m.find(start, "url")
	if !ok {
		return false, false
	}
	var spec extension
	var url span
	if found && m.in[at] == '"' {
		m.pos = at
		url, _ = m.text()
		m.pos = start
		spec, found = list[string(m.bytes(url))]
	}
	if !found {
		n.counts[tally.Unknown]++
		return false, m.skip(depth)
	}
	name := spec.value
	if spec.parts != nil {
		name = "extension"
	}
	value, found, ok := m.find(start, name)
	if !ok {
		return false, false
	}
	if !m.skip(depth) { // checks all of it once
		return false, false
	}
	if !found {
		return false, true
	}
	end := m.pos
	m.pos = value
	m.out = append(m.out, '{')
	m.member("url", false)
	m.string(url)
	m.member(name, true)
	if spec.parts != nil {
		kept, ok = m.partsOf(n, spec.parts, depth)
	} else {
		kept, ok = m.single(m.extensionValue(n, spec), depth+1)
	}
	m.pos = end
	m.out = append(m.out, '}')
	return kept, ok
}

// partsOf reads the array of extensions nested in an extension.
func (m *machine) partsOf(n *node, list map[string]extension, depth int) (kept, ok bool) {
	if m.in[m.pos] != '[' {
		n.counts[tally.Malformed]++
		return false, true
	}
	m.pos++
	m.out = append(m.out, '[')
	for m.space() == '{' {
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
		if m.space() != ',' {
			break
		}
		m.pos++
	}
	m.out = append(m.out, ']')
	return kept, true
}
