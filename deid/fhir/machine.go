package fhir

import (
	"strings"

	"chaperone.example/deid/r4"
	"chaperone.example/deid/scan"
	"chaperone.example/deid/tally"
	"chaperone.example/deid/term"
)

// A machine rewrites one record at a time. It is used by one goroutine.
//
// Its methods that read a value return whether anything of it stays (is in out) and
// whether reading went well; what is written for a value that does not stay is taken
// back by the caller.
type machine struct {
	scan.Scanner
	*tree
	out       []byte
	codes     []pending   // ids whose codes are not yet known
	ids       []byte      // the text of those ids
	starts    []int       // where the objects begin that the position is in
	displays  []scan.Span // the displays that stay, of the concept the position is in
	contained int         // how deep in contained resources
	current   string      // the type of the resource the position is in
	resources uint64      // written
	aside     []byte      // a string to compare with
	verdicts  r4.Verdicts // on codings and units
}

// A pending code is a gap of code.Size bytes in out, to be filled with the code of an
// id. Codes are filled in by the caller in the order of the input, so that the same
// randomness gives the same output however many machines work.
type pending struct {
	at         int
	space      string
	start, end int // in ids
}

func newMachine(t *tree) *machine {
	return &machine{tree: t, verdicts: r4.Verdicts{Definitions: t.defs}}
}

// begin makes the machine ready for a record.
func (m *machine) begin(in []byte) {
	m.Reset(in)
	m.out, m.codes, m.ids = m.out[:0], m.codes[:0], m.ids[:0]
	m.starts, m.displays, m.contained = m.starts[:0], m.displays[:0], 0
}

// record rewrites the record that in holds into out and reports whether anything
// stays.
func (m *machine) record(in []byte) (kept, ok bool) {
	m.begin(in)
	if m.Space() != '{' {
		return false, m.Syntax("a record must be a JSON object")
	}
	kept, ok = m.resource(0)
	if ok && m.Space() != 0 {
		return false, m.Syntax("there is something after the end of the record")
	}
	if ok && m.Pos < len(m.In) {
		return false, m.Syntax("a record holds a NUL byte")
	}
	return kept, ok
}

// resource reads a resource. Its type may stand anywhere in it.
func (m *machine) resource(depth int) (kept, ok bool) {
	start := m.Pos
	value, found, ok := m.Find(start, "resourceType", len(m.starts))
	if !ok {
		return false, false
	}
	if !found || m.In[value] != '"' {
		return false, m.Fail("the record has no resourceType", "every record must be a FHIR R4 resource; remove what is not")
	}
	m.Pos = value
	name, _ := m.Text()
	m.Pos = start
	typ, known := m.defs.Resource(m.Bytes(name))
	if !known {
		m.sheet.Add("(unknown resource type)", tally.Unknown, 1)
		return false, m.Skip(depth)
	}
	n := m.root(typ)
	if !n.wanted {
		n.counts[tally.Unneeded]++
		return false, m.Skip(depth)
	}
	outer := m.current
	m.current = n.path
	kept, ok = m.object(n, depth, true)
	m.current = outer
	m.resources++
	return kept, ok
}

// object reads an object whose members are those of the type of n.
func (m *machine) object(n *node, depth int, isResource bool) (kept, ok bool) {
	if !m.Deeper(depth) {
		return false, false
	}
	m.starts = append(m.starts, m.Pos)
	firstKey, firstDisplay := len(m.Keys), len(m.displays)
	kept, ok = m.members(n, depth, isResource, firstKey, firstDisplay)
	m.starts = m.starts[:len(m.starts)-1]
	m.Keys = m.Keys[:firstKey]
	if n.concept(m.defs) {
		m.displays = m.displays[:firstDisplay]
	}
	return kept, ok
}

func (n *node) concept(d *r4.Definitions) bool { return d.Types[n.typ].Name == "CodeableConcept" }

func (m *machine) members(n *node, depth int, isResource bool, firstKey, firstDisplay int) (kept, ok bool) {
	m.Pos++
	m.out = append(m.out, '{')
	if m.Space() == '}' {
		m.Pos++
		return false, true
	}
	var seen [4]uint64 // fields of the type that were met
	var text scan.Span // the text of a concept, which waits for its displays
	var textNode *node
	resource := false // a resource inside stays
	typ := m.defs.Types[n.typ]
	for {
		key, ok := m.Key()
		if !ok {
			return false, false
		}
		name := m.Bytes(key)
		i, known := m.defs.Member(n.typ, name)
		switch {
		case known:
			if seen[i>>6]&(1<<(i&63)) != 0 {
				m.Pos = key.Start
				return false, m.Duplicate()
			}
			seen[i>>6] |= 1 << (i & 63)
			k := m.kid(n, i)
			switch {
			case !k.wanted:
				k.counts[tally.Unneeded]++
				ok = m.Skip(depth + 1)
			case k.rule == ruleDrop:
				k.counts[tally.Dropped]++
				ok = m.Skip(depth + 1)
			case k.rule == ruleText:
				m.Space()
				start := m.Pos
				if ok = m.Skip(depth + 1); ok && m.In[start] == '"' {
					m.Pos = start
					text, _ = m.Text()
					textNode = k
				} else {
					k.counts[tally.Malformed]++
				}
			case k.rule == ruleInteger:
				var stays bool
				if stays, ok = m.integer(k, depth, kept); stays {
					kept = true
				}
			default:
				mark := len(m.out)
				m.member(m.defs.Fields[typ.First+i].Name, kept)
				var stays bool
				if stays, ok = m.value(k, depth+1); stays {
					kept = true
					resource = resource || k.rule == ruleResource
				} else {
					m.cut(mark)
				}
			}
		case isResource && string(name) == "resourceType":
			if !m.unknownKey(key, firstKey) {
				return false, false
			}
			m.member("resourceType", kept)
			m.out = append(m.out, '"')
			m.out = append(m.out, m.current...)
			m.out = append(m.out, '"')
			kept = true
			ok = m.Skip(depth + 1)
		default:
			if !m.unknownKey(key, firstKey) {
				return false, false
			}
			if len(name) > 1 && name[0] == '_' && m.sibling(n, name[1:]) {
				// The extension of a primitive, such as the time of birth beside the date.
				m.sheet.Add(n.path+"._"+string(name[1:]), tally.Dropped, 1)
			} else {
				// The name is not repeated: it may be anything.
				m.sheet.Add(n.path+".(unknown)", tally.Unknown, 1)
			}
			ok = m.Skip(depth + 1)
		}
		if !ok {
			return false, false
		}
		more, ok := m.Next('}')
		if !ok {
			return false, false
		}
		if !more {
			break
		}
	}
	if textNode != nil && m.repeats(text, textNode, firstDisplay) {
		m.member("text", kept)
		m.string(text)
		kept = true
	}
	m.out = append(m.out, '}')
	if n.path == "Bundle.entry" && !resource {
		return false, true // an address without its resource
	}
	return kept, true
}

// unknownKey remembers a key that is not a field of the type and refuses it the
// second time.
func (m *machine) unknownKey(key scan.Span, first int) bool {
	for _, k := range m.Keys[first:] {
		if m.Same(k, key) {
			m.Pos = key.Start
			return m.Duplicate()
		}
	}
	m.Keys = append(m.Keys, key)
	return true
}

// sibling reports whether name is a field of the type of n.
func (m *machine) sibling(n *node, name []byte) bool {
	_, ok := m.defs.Member(n.typ, name)
	return ok
}

// repeats reports whether the text of a concept is one of the displays that stay in
// it.
func (m *machine) repeats(text scan.Span, n *node, firstDisplay int) bool {
	m.aside = append(m.aside[:0], m.Bytes(text)...)
	for _, d := range m.displays[firstDisplay:] {
		if string(m.aside) == string(m.Bytes(d)) {
			n.counts[tally.Kept]++
			return true
		}
	}
	n.counts[tally.Dropped]++
	return false
}

// member writes the name of a member. Names of R4 need no escapes.
func (m *machine) member(name string, comma bool) {
	if comma {
		m.out = append(m.out, ',')
	}
	m.out = append(m.out, '"')
	m.out = append(m.out, name...)
	m.out = append(m.out, '"', ':')
}

// cut takes back what was written after mark, with the codes that wait in it.
func (m *machine) cut(mark int) {
	m.out = m.out[:mark]
	for n := len(m.codes); n > 0 && m.codes[n-1].at >= mark; n-- {
		m.ids = m.ids[:m.codes[n-1].start]
		m.codes = m.codes[:n-1]
	}
}

// value reads the value of a member: one, or an array of them.
func (m *machine) value(n *node, depth int) (kept, ok bool) {
	if m.Space() != '[' {
		return m.single(n, depth)
	}
	if !m.Deeper(depth) {
		return false, false
	}
	m.Pos++
	if m.Space() == ']' {
		m.Pos++
		return false, true
	}
	m.out = append(m.out, '[')
	for {
		mark := len(m.out)
		if kept {
			m.out = append(m.out, ',')
		}
		var stays bool
		if m.Space() == '[' {
			n.counts[tally.Malformed]++
			ok = m.Skip(depth + 1)
		} else {
			stays, ok = m.single(n, depth+1)
		}
		if !ok {
			return false, false
		}
		if stays {
			kept = true
		} else {
			m.cut(mark)
		}
		more, ok := m.Next(']')
		if !ok {
			return false, false
		}
		if !more {
			m.out = append(m.out, ']')
			return kept, true
		}
	}
}

// single reads one value.
func (m *machine) single(n *node, depth int) (kept, ok bool) {
	c := m.Space()
	if c == 'n' {
		_, ok = m.Literal()
		return false, ok
	}
	switch n.rule {
	case ruleObject, ruleResource, ruleExtension, ruleCoding, ruleQuantity, ruleReference:
		if c != '{' {
			return m.malformed(n, depth)
		}
	case ruleBool:
		if c != 't' && c != 'f' {
			return m.malformed(n, depth)
		}
		p, ok := m.Literal()
		return ok && m.keep(n, p), ok
	case ruleNumber, ruleInteger:
		if c != '-' && !term.Digit(c) {
			return m.malformed(n, depth)
		}
		p, ok := m.Number()
		return ok && m.keep(n, p), ok
	case ruleResult:
		return m.result(n, depth)
	default:
		if c != '"' {
			return m.malformed(n, depth)
		}
		p, ok := m.Text()
		return ok && m.leaf(n, p), ok
	}
	switch n.rule {
	case ruleResource:
		if strings.HasSuffix(n.path, ".contained") {
			m.contained++
			defer func() { m.contained-- }()
		}
		return m.resource(depth)
	case ruleExtension:
		return m.extension(n, extensions, depth)
	case ruleCoding:
		return m.coding(n, depth)
	case ruleQuantity:
		return m.quantity(n, depth)
	case ruleReference:
		return m.reference(n, depth)
	}
	return m.object(n, depth, false)
}

// malformed skips a value of the wrong type.
func (m *machine) malformed(n *node, depth int) (kept, ok bool) {
	n.counts[tally.Malformed]++
	return false, m.Skip(depth)
}

// keep writes a part of the input as it stands.
func (m *machine) keep(n *node, p scan.Span) bool {
	n.counts[tally.Kept]++
	m.out = append(m.out, m.In[p.Start:p.End]...)
	return true
}

// string writes a string of the input.
func (m *machine) string(p scan.Span) {
	m.out = append(m.out, '"')
	if p.Escaped {
		m.out = scan.Quote(m.out, m.Bytes(p))
	} else {
		m.out = append(m.out, m.In[p.Start:p.End]...)
	}
	m.out = append(m.out, '"')
}
