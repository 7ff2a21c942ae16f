package fhir

import (
	"strings"

	"chaperone.example/deid/fhir/plan"
	"chaperone.example/deid/method"
	"chaperone.example/deid/r4"
	"chaperone.example/deid/scan"
	"chaperone.example/deid/tally"
	"chaperone.example/deid/term"
	"chaperone.example/deid/text"
)

// A machine rewrites one record at a time. It is used by one goroutine.
//
// Its methods that read a value return whether anything of it stays (is in out) and
// whether reading went well; what is written for a value that does not stay is taken
// back by the caller.
type machine struct {
	scan.Scanner
	*plan.Tree
	output
	starts    []int       // where the objects begin that the position is in
	displays  []scan.Span // the displays that stay, of the concept the position is in
	contained int         // how deep in contained resources
	current   string      // the type of the resource the position is in
	resources uint64      // written
	aside     []byte      // a string to compare with
	verdicts  r4.Verdicts // on codings and units
	recent    *plan.Node  // of the resource read last
	job       Job
	begins    int            // where the resource begins that the position is in, or that contains it
	about     string         // its type
	scrubber  *text.Scrubber // made when first needed
	seeds     []string       // of the patient of the resource that begins at seeded
	seeded    int
	days      int  // by which the dates of the resource move
	moves     bool // they do: its patient is known
}

// A pending code is a gap of code.Size bytes in out, to be filled with the code of an
// id. Codes are filled in by the caller in the order of the input, so that the same
// randomness gives the same output however many machines work.
type pending struct {
	at         int
	space      string
	start, end int // in ids
}

func newMachine(job Job) *machine {
	t := plan.New(job.Method, job.Elements)
	return &machine{Tree: t, job: job, verdicts: r4.Verdicts{Definitions: t.Defs}}
}

// begin makes room for new output.
func (m *machine) begin() {
	m.out, m.codes, m.ids = m.out[:0], m.codes[:0], m.ids[:0]
}

// read makes the machine ready for a record, whose output is appended to what is
// there. It reports whether the record is UTF-8.
func (m *machine) read(in []byte) (valid bool) {
	m.starts, m.displays, m.contained = m.starts[:0], m.displays[:0], 0
	m.seeded = -1
	return m.Reset(in)
}

// record rewrites the record and reports whether anything stays.
func (m *machine) record() (kept, ok bool) {
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
	n := m.recent
	if n == nil || !m.At(`{"resourceType":"`) || !m.named(n) {
		if n, ok = m.typed(depth); !ok || n == nil {
			return false, ok
		}
	}
	if !n.Wanted {
		m.Note(n, tally.Unneeded)
		return false, m.Skip(depth)
	}
	outer, begins, about, days, moves := m.current, m.begins, m.about, m.days, m.moves
	m.current = n.Path
	if m.contained == 0 { // what is contained is about the same patient
		m.begins, m.about = m.Pos, n.Path
		if m.Method.Dates == method.Shifted && !m.settle(n.Path) {
			return false, false
		}
	}
	kept, ok = m.object(n, depth, true)
	m.current, m.begins, m.about, m.days, m.moves = outer, begins, about, days, moves
	m.resources++
	return kept, ok
}

// named reports whether the resource at the position begins by saying that it is of
// the type of n.
func (m *machine) named(n *plan.Node) bool {
	rest := m.In[m.Pos+len(`{"resourceType":"`):]
	return len(rest) > len(n.Path) && string(rest[:len(n.Path)]) == n.Path && rest[len(n.Path)] == '"'
}

// typed looks for the type of the resource at the position and returns its node. It
// skips a resource of a type that is not known, and returns nil.
func (m *machine) typed(depth int) (n *plan.Node, ok bool) {
	start := m.Pos
	value, found, ok := m.Find(start, "resourceType", len(m.starts))
	if !ok {
		return nil, false
	}
	if !found || m.In[value] != '"' {
		return nil, m.Fail("the record has no resourceType", "every record must be a FHIR R4 resource; remove what is not")
	}
	m.Pos = value
	name, _ := m.Text()
	m.Pos = start
	typ, known := m.Defs.Resource(m.Bytes(name))
	if !known {
		m.NoteAt("(unknown resource type)", tally.Unknown)
		return nil, m.Skip(depth)
	}
	m.recent = m.Tree.Root(typ)
	return m.recent, true
}

// object reads an object whose members are those of the type of n.
func (m *machine) object(n *plan.Node, depth int, isResource bool) (kept, ok bool) {
	if !m.Deeper(depth) {
		return false, false
	}
	m.starts = append(m.starts, m.Pos)
	firstKey, firstDisplay := len(m.Keys), len(m.displays)
	kept, ok = m.members(n, depth, isResource, firstKey, firstDisplay)
	m.starts = m.starts[:len(m.starts)-1]
	m.Keys = m.Keys[:firstKey]
	if n.Concept {
		m.displays = m.displays[:firstDisplay]
	}
	return kept, ok
}

func (m *machine) members(n *plan.Node, depth int, isResource bool, firstKey, firstDisplay int) (kept, ok bool) {
	m.Pos++
	m.out = append(m.out, '{')
	if m.Space() == '}' {
		m.Pos++
		return false, true
	}
	var seen [4]uint64 // fields of the type that were met
	var text scan.Span // the text of a concept, which waits for its displays
	var textNode *plan.Node
	resource := false // a resource inside stays
	expected := &n.First
	for {
		start := m.Pos
		f := *expected
		if f != nil && f.At(m.In[start:]) {
			m.Pos += len(f.Name) - 2
			if ok = m.Colon(); !ok {
				return false, false
			}
		} else if f, ok = m.field(n, isResource, firstKey); !ok {
			return false, false
		} else if f != nil {
			*expected = f
		}
		if f == nil { // no member that is known
			ok = m.Skip(depth + 1)
		} else {
			if seen[f.I>>6&3]&(1<<(f.I&63)) != 0 {
				m.Pos = start + 1
				return false, m.Duplicate()
			}
			seen[f.I>>6&3] |= 1 << (f.I & 63)
			expected = &f.Next
			k := f.Node
			switch {
			case k == nil:
				m.out = append(append(m.out, f.After(kept)...), '"')
				m.out = append(append(m.out, n.Path...), '"')
				kept = true
				ok = m.Skip(depth + 1)
			case !k.Wanted:
				m.Note(k, tally.Unneeded)
				ok = m.Skip(depth + 1)
			case k.Rule == plan.Drop:
				m.Note(k, tally.Dropped)
				ok = m.Skip(depth + 1)
			case k.Rule == plan.Text:
				m.Space()
				start := m.Pos
				if ok = m.Skip(depth + 1); ok && m.In[start] == '"' {
					m.Pos = start
					text, _ = m.Text()
					textNode = k
				} else {
					m.Note(k, tally.Malformed)
				}
			case k.Rule == plan.Integer:
				var stays bool
				if stays, ok = m.integer(k, depth, kept); stays {
					kept = true
				}
			default:
				mark := len(m.out)
				m.out = append(m.out, f.After(kept)...)
				var stays bool
				if stays, ok = m.value(k, depth+1); stays {
					kept = true
					resource = resource || k.Rule == plan.Resource
				} else {
					m.cut(mark)
				}
			}
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
		m.Space()
	}
	if textNode != nil && m.repeats(text, textNode, firstDisplay) {
		m.member("text", kept)
		m.string(text)
		kept = true
	}
	m.out = append(m.out, '}')
	if n.Path == "Bundle.entry" && !resource {
		return false, true // an address without its resource
	}
	return kept, true
}

// field reads a key with its colon and returns the field that it names, nil when the
// type of n has no such field: this is counted.
func (m *machine) field(n *plan.Node, isResource bool, firstKey int) (f *plan.Field, ok bool) {
	key, ok := m.Key()
	if !ok {
		return nil, false
	}
	name := m.Bytes(key)
	if i, known := m.Defs.Member(n.Type, name); known {
		return m.Kid(n, i), true
	}
	if isResource && string(name) == "resourceType" {
		return n.Named, true
	}
	if !m.unknownKey(key, firstKey) {
		return nil, false
	}
	if len(name) > 1 && name[0] == '_' && m.sibling(n, name[1:]) {
		// The extension of a primitive, such as the time of birth beside the date.
		m.NoteAt(n.Path+"._"+string(name[1:]), tally.Dropped)
	} else {
		// The name is not repeated: it may be anything.
		m.NoteAt(n.Path+".(unknown)", tally.Unknown)
	}
	return nil, true
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
func (m *machine) sibling(n *plan.Node, name []byte) bool {
	_, ok := m.Defs.Member(n.Type, name)
	return ok
}

// repeats reports whether the text of a concept is one of the displays that stay in
// it.
func (m *machine) repeats(text scan.Span, n *plan.Node, firstDisplay int) bool {
	m.aside = append(m.aside[:0], m.Bytes(text)...)
	for _, d := range m.displays[firstDisplay:] {
		if string(m.aside) == string(m.Bytes(d)) {
			m.Note(n, tally.Kept)
			return true
		}
	}
	m.Note(n, tally.Dropped)
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
func (m *machine) value(n *plan.Node, depth int) (kept, ok bool) {
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
			m.Note(n, tally.Malformed)
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
func (m *machine) single(n *plan.Node, depth int) (kept, ok bool) {
	c := m.Space()
	if c == 'n' {
		_, ok = m.Literal()
		return false, ok
	}
	switch n.Rule {
	case plan.Object, plan.Resource, plan.Extension, plan.Coding, plan.Quantity, plan.Reference:
		if c != '{' {
			return m.malformed(n, depth)
		}
	case plan.Bool:
		if c != 't' && c != 'f' {
			return m.malformed(n, depth)
		}
		p, ok := m.Literal()
		return ok && m.keep(n, p), ok
	case plan.Number, plan.Integer:
		if c != '-' && !term.Digit(c) {
			return m.malformed(n, depth)
		}
		p, ok := m.Number()
		return ok && m.keep(n, p), ok
	case plan.Result:
		return m.result(n, depth)
	default:
		if c != '"' {
			return m.malformed(n, depth)
		}
		p, ok := m.Text()
		return ok && m.leaf(n, p), ok
	}
	switch n.Rule {
	case plan.Resource:
		if strings.HasSuffix(n.Path, ".contained") {
			m.contained++
			defer func() { m.contained-- }()
		}
		return m.resource(depth)
	case plan.Extension:
		return m.extension(n, plan.Extensions, depth)
	case plan.Quantity:
		return m.measured(n, depth)
	case plan.Reference:
		return m.reference(n, depth)
	}
	if n.Closed && m.Pays(n) {
		return m.remembered(n, depth)
	}
	return m.whole(n, depth)
}

// whole reads an object or a coding, member by member.
func (m *machine) whole(n *plan.Node, depth int) (kept, ok bool) {
	if n.Rule == plan.Coding {
		return m.coding(n, depth)
	}
	return m.object(n, depth, false)
}

// malformed skips a value of the wrong type.
func (m *machine) malformed(n *plan.Node, depth int) (kept, ok bool) {
	m.Note(n, tally.Malformed)
	return false, m.Skip(depth)
}

// keep writes a part of the input as it stands.
func (m *machine) keep(n *plan.Node, p scan.Span) bool {
	m.Note(n, tally.Kept)
	m.out = append(m.out, m.In[p.Start:p.End]...)
	return true
}

// string writes a string of the input.
func (m *machine) string(p scan.Span) {
	if !p.Escaped {
		m.out = append(m.out, m.In[p.Start-1:p.End+1]...)
		return
	}
	m.out = append(m.out, '"')
	m.out = scan.Quote(m.out, m.Bytes(p))
	m.out = append(m.out, '"')
}
