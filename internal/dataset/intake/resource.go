package intake

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"chaperone.example/deid/input"
	"chaperone.example/law/cohort"
	"chaperone.example/phi"
)

// Bounds of the paths that are told apart in one file; what lies deeper counts for
// the path above it.
const (
	maxPaths = 20_000
	maxTold  = 8 // steps of a path

	maxMembers = 256 // of one object; the largest type of R4 has fewer than a hundred
)

// A node is a path of a resource.
type node struct {
	path    string
	depth   int
	element phi.Element
	field   *Field // the path that stands for this one: the nearest above with the same element
	blind   bool   // what lies below is not told apart
	members map[string]*node
}

// resourceCheck checks a FHIR export line by line.
type resourceCheck struct {
	rules  Rules
	n      *notes
	s      scan
	line   int64
	nodes  int
	roots  map[string]*node
	fields []*Field
	told   map[string]bool // unknown members that were reported
	ids    *seen
	key    []byte

	coder  cohort.Coder
	people *cohort.Tally

	records     int64
	types       map[string]int64
	first, last []byte
}

// directory lists the types that describe who and where. Exports made from one
// document a patient repeat them, and counting them twice does no harm.
var directory = map[string]bool{"Organization": true, "Practitioner": true, "PractitionerRole": true, "Location": true, "HealthcareService": true, "Endpoint": true, "Medication": true}

const repair = "repair the record or leave it out; every line is one FHIR R4 resource in JSON"

func checkResources(lines *input.Lines, end *tail, rules Rules, n *notes) (Finding, error) {
	c := &resourceCheck{rules: rules, n: n, roots: map[string]*node{}, told: map[string]bool{}, ids: newSeen(), types: map[string]int64{}, people: cohort.NewTally()}
	for {
		line, err := nextLine(lines)
		if err == io.EOF {
			break
		}
		if err != nil {
			return Finding{}, err
		}
		c.line = lines.Line()
		if err := c.record(line); err != nil {
			var broken *syntax
			if errors.Is(err, errEnough) || !errors.As(err, &broken) {
				return Finding{}, err
			}
			if err := c.problem(broken.pos, "", broken.text, repair); err != nil {
				return Finding{}, err
			}
		}
	}
	if k := len(n.problems); end.last != '\n' && k > 0 && n.problems[k-1].Line == c.line {
		n.cutOff(c.line)
	}
	f := Finding{Records: c.records, First: string(c.first), Last: string(c.last), Patients: c.people.Counts()}
	for name, k := range c.types {
		f.Types = append(f.Types, Tally{name, k})
	}
	slices.SortFunc(f.Types, func(a, b Tally) int { return strings.Compare(a.Name, b.Name) })
	for _, x := range c.fields {
		f.Fields = append(f.Fields, *x)
	}
	slices.SortFunc(f.Fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return f, nil
}

// problem notes what is wrong at a byte of the line.
func (c *resourceCheck) problem(pos int, path, text, remedy string) error {
	return c.n.add(Problem{Line: c.line, Column: int64(pos + 1), Field: path, Text: text, Remedy: remedy, inJSON: true})
}

// record checks one line. A *syntax error is the line's; another one ends the reading.
func (c *resourceCheck) record(line []byte) error {
	c.records++
	c.s = scan{in: line}
	if i := notUTF8(line); i >= 0 {
		return c.problem(i, "", "the record is not UTF-8", "export the file as UTF-8")
	}
	if c.s.peek() != '{' {
		return c.s.fail("the line is not a JSON object")
	}
	if err := c.resource(0); err != nil {
		return err
	}
	if c.s.peek(); c.s.pos < len(line) {
		return c.s.fail("something follows the record on its line")
	}
	if r := c.coder.Read(line); r.Patient != "" {
		c.people.Add(r.Marks, r.Identifiers()...)
	}
	return nil
}

// resource checks the resource at the position: a record, or one contained in it.
func (c *resourceCheck) resource(depth int) error {
	at := c.s.pos
	name, err := c.s.resourceType(depth)
	if err != nil {
		return err
	}
	t := r4()[name]
	switch {
	case name == "":
		return errors.Join(c.problem(at, "", "the object does not say what resource it is", "give it a resourceType"), c.s.skip(depth))
	case t == nil || !t.resource:
		return errors.Join(c.problem(at, "", "the resource is of a type that FHIR R4 does not have", "leave such resources out, or convert them to R4"), c.s.skip(depth))
	case name == "Bundle" || name == "Parameters":
		return errors.Join(c.problem(at, "", "the line is a "+name+", not a single resource", "write each resource in it on a line of its own, as a bulk export does"), c.s.skip(depth))
	}
	if depth == 0 {
		c.types[name]++
	}
	root := c.roots[name]
	if root == nil {
		root = &node{path: name, members: map[string]*node{}}
		root.element, _ = phi.FHIRElement(name)
		c.roots[name] = root
	}
	return c.object(t, root, depth, depth == 0)
}

// object checks an object of a type at a path. In a record, its id must be new.
func (c *resourceCheck) object(t *structure, at *node, depth int, record bool) error {
	if depth > maxDepth {
		return c.s.fail("objects and arrays are nested too deeply")
	}
	var keys [][]byte
	return c.s.object(func(name []byte) error {
		pos := c.s.pos
		for _, k := range keys {
			if bytes.Equal(k, name) {
				return &syntax{pos, "an object has the same key twice: which one counts is ambiguous"}
			}
		}
		if keys = append(keys, name); len(keys) > maxMembers {
			return &syntax{pos, "an object has more members than any type of FHIR"}
		}
		if t.resource && string(name) == "resourceType" {
			return c.s.skip(depth)
		}
		bare, annotation := bytes.CutPrefix(name, []byte("_"))
		m, known := t.members[string(bare)]
		if annotation && known {
			known = m != nil && m.primitive
			m = r4()["Element"]
		}
		if !known {
			return c.unknown(pos, at, name, depth)
		}
		if m == nil { // contained
			return c.each(depth, func(depth int) error {
				if c.s.peek() != '{' {
					return c.s.fail("a resource is expected here")
				}
				return c.resource(depth)
			})
		}
		child, err := c.child(at, bare, pos)
		if err != nil {
			return err
		}
		if child.path == child.field.Name && !annotation {
			child.field.Filled++
		}
		return c.each(depth, func(depth int) error {
			if !m.primitive {
				if c.s.peek() == 'n' { // holds a place beside a primitive of an array
					return c.s.scalar()
				}
				if c.s.peek() != '{' {
					return errors.Join(c.problem(c.s.pos, child.path, "a value stands where FHIR has an object", repair), c.s.skip(depth))
				}
				return c.object(m, child, depth, false)
			}
			return c.primitive(m, child, depth, record && string(bare) == "id", t.name)
		})
	})
}

// each calls value at every value of a member, which may be an array.
func (c *resourceCheck) each(depth int, value func(depth int) error) error {
	if c.s.peek() != '[' {
		return value(depth + 1)
	}
	return c.s.array(func() error { return value(depth + 2) })
}

// primitive checks a string, number or boolean.
func (c *resourceCheck) primitive(t *structure, at *node, depth int, id bool, resource string) error {
	pos := c.s.pos
	wrong := ""
	switch b := c.s.peek(); {
	case b == '"':
		raw, escaped, err := c.s.str()
		if err != nil {
			return err
		}
		switch t.name {
		case "boolean", "decimal", "integer", "positiveInt", "unsignedInt":
			wrong = "a string stands where FHIR has a number or true or false"
		case "date", "dateTime", "instant":
			if escaped || !fhirTime(t.name, raw) {
				wrong = "the value is not a date or time as FHIR writes them"
				break
			}
			switch at.element.ID {
			case "encounter.admit-date", "encounter.discharge-date":
				if len(raw) >= 7 {
					c.first, c.last = widen(c.first, c.last, raw[:7])
				}
			}
		}
		if id && !directory[resource] {
			c.key = append(append(append(c.key[:0], resource...), '/'), raw...)
			if c.ids.add(c.key) {
				return c.problem(pos, at.path, "an earlier record of the type has the same id", "keep one version of each resource")
			}
		}
	case b == '{' || b == '[':
		return errors.Join(c.problem(pos, at.path, "an object or array stands where FHIR has a value", repair), c.s.skip(depth))
	case b == 'n':
		return c.s.scalar()
	default:
		if err := c.s.scalar(); err != nil {
			return err
		}
		boolean := b == 't' || b == 'f'
		switch t.name {
		case "boolean":
			if !boolean {
				wrong = "a number stands where FHIR has true or false"
			}
		case "decimal", "integer", "positiveInt", "unsignedInt":
			if boolean {
				wrong = "true or false stands where FHIR has a number"
			}
		default:
			wrong = "a number, true or false stands where FHIR has a string"
		}
	}
	if wrong != "" {
		return c.problem(pos, at.path, wrong, repair)
	}
	return nil
}

// fhirTime reports whether v is a date (a year, a month or a day), a dateTime (the
// same, or a time with its offset) or an instant (a time with its offset).
func fhirTime(t string, v []byte) bool {
	if t != "instant" {
		switch full := "0000-01-01"; len(v) {
		case 4, 7:
			return isDay([]byte(string(v) + full[len(v):]))
		case 10:
			return isDay(v)
		}
	}
	if t == "date" || len(v) < 20 { // seconds are not optional
		return false
	}
	_, ok := parseMoment(v)
	return ok
}

// unknown reports a member that R4 does not have, once a place and name; the name is
// the file's own and is not repeated.
func (c *resourceCheck) unknown(pos int, at *node, name []byte, depth int) error {
	k := at.path + "\x00" + string(name)
	if !c.told[k] {
		if len(c.told) < maxPaths {
			c.told[k] = true
		}
		if err := c.n.add(Problem{Line: c.line, Column: int64(pos + 1), Field: at.path, Text: at.path + " has a member that FHIR R4 does not know",
			Remedy: "remove it, or carry it in an extension", inJSON: true}); err != nil {
			return err
		}
	}
	return c.s.skip(depth + 1)
}

// child returns the path of a member.
func (c *resourceCheck) child(at *node, name []byte, pos int) (*node, error) {
	if at.blind {
		return at, nil
	}
	if n, ok := at.members[string(name)]; ok {
		return n, nil
	}
	n := &node{path: at.path + "." + string(name), depth: at.depth + 1, members: map[string]*node{}}
	n.element, _ = phi.FHIRElement(n.path)
	if at.field != nil && at.field.Element.ID == n.element.ID {
		n.field = at.field
	} else {
		n.field = &Field{Name: n.path, Element: n.element}
		c.fields = append(c.fields, n.field)
		if c.rules.NoIdentifiers && identifying(n.element) {
			if err := c.problem(pos, n.path, n.path+" holds a "+string(n.element.Class)+", and this environment takes none",
				"leave it out, or register the dataset in the production environment"); err != nil {
				return nil, err
			}
		}
	}
	c.nodes++
	n.blind = n.depth >= maxTold || c.nodes >= maxPaths || string(name) == "extension" || string(name) == "modifierExtension"
	at.members[string(name)] = n
	return n, nil
}
