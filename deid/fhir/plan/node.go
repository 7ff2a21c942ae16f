package plan

import (
	"encoding/binary"
	"strings"

	"chaperone.example/deid/method"
	"chaperone.example/deid/r4"
	"chaperone.example/deid/tally"
	"chaperone.example/phi"
)

// A Node is one path of R4 as met in the input: what is done there, and how often it
// was. Nodes are made when first met; a type that contains itself (an extension of an
// extension, an item of an item) leads back to its own node, so that their number is
// bounded by the definitions and not by the input.
type Node struct {
	Path   string
	up     *Node
	Type   int    // index of the type, -1 for any resource
	Set    int    // value set, or -1
	Only   string // for a code: the codes that may stay, between bars, instead of a value set
	Rule   Rule
	Wanted bool
	Counts tally.Counts

	kids  []*Field // by field of the type
	First *Field   // which stood first the last time
	Named *Field   // of a resource: "resourceType"

	Concept bool   // it is a CodeableConcept
	Closed  bool   // what stays of a value follows from the bytes of the value alone
	use     use    // of the memo
	page    *Page  // of the memo that was opened last
	Last    []byte // the code that stayed last: what follows is often the same
	salt    uint64 // keeps its values apart in the memo
}

// A Field is a member of the type of a node, as it is met in the input. Fields expect
// each other: an export writes the members of a type in the same order again and
// again, so that the next key is mostly the one that came next the last time and need
// only be compared.
type Field struct {
	Node *Node  // nil for "resourceType"
	I    int    // which member of the type it is
	Name string // as it is written: a comma, the name in quotes, a colon
	Next *Field // which came after it the last time

	head, mask uint64 // the first eight bytes of the name in its quotes, and which of them count
}

func newField(n *Node, i int, name string) *Field {
	f := &Field{Node: n, I: i, Name: `,"` + name + `":`}
	for i, c := range []byte(f.Name[1:min(len(f.Name)-1, 9)]) {
		f.head |= uint64(c) << (8 * i)
		f.mask |= 0xFF << (8 * i)
	}
	return f
}

// At reports whether the input goes on with the name in its quotes.
func (f *Field) At(in []byte) bool {
	n := len(f.Name) - 2
	if len(in) < max(n, 8) || (binary.LittleEndian.Uint64(in)^f.head)&f.mask != 0 {
		return false
	}
	return n <= 8 || string(in[8:n]) == f.Name[9:len(f.Name)-1]
}

// After returns the name with its colon, and with a comma if something stands before
// it.
func (f *Field) After(kept bool) string {
	if kept {
		return f.Name
	}
	return f.Name[1:]
}

// A Tree holds the nodes met so far and decides what is wanted. It is used by one
// goroutine.
type Tree struct {
	Defs     *r4.Definitions
	Method   method.Method
	elements map[string]bool // nil: all
	roots    []*Node         // by type
	values   map[valueKey]*Node
	nodes    uint64      // how many there are
	sheet    tally.Sheet // what has no node: unknown members and resources
	memo     memo
}

// New returns an empty tree. Elements are the phi elements to keep, by ID; nil: all that
// the method lets stay.
func New(m method.Method, elements map[string]bool) *Tree {
	d := r4.Load()
	return &Tree{Defs: d, Method: m, memo: newMemo(), elements: elements, roots: make([]*Node, len(d.Types)), values: map[valueKey]*Node{}, sheet: tally.Sheet{}}
}

// A valueKey names the value of an extension at a path.
type valueKey struct {
	at    *Node
	value string
	codes string
}

// ExtensionValue returns the node of the value of a listed extension at n.
func (t *Tree) ExtensionValue(n *Node, spec Listed) *Node {
	key := valueKey{n, spec.Value, spec.Codes}
	if k := t.values[key]; k != nil {
		return k
	}
	ext, _ := t.Defs.Type([]byte("Extension"))
	i, ok := t.Defs.Member(ext, []byte(spec.Value))
	if !ok {
		panic("plan: extension.go names a value that R4 does not have: " + spec.Value)
	}
	typ := t.Defs.Fields[t.Defs.Types[ext].First+i].Type
	k := &Node{Path: n.Path + "." + spec.Value, up: n, Type: typ, Set: -1, Only: spec.Codes, Rule: spec.Rule, Wanted: true}
	k.kids = make([]*Field, t.Defs.Types[typ].N)
	t.add(k)
	t.values[key] = k
	return k
}

// Root returns the node of a resource type.
func (t *Tree) Root(typ int) *Node {
	if n := t.roots[typ]; n != nil {
		return n
	}
	s := t.Defs.Types[typ]
	n := &Node{Path: s.Name, Type: typ, Set: -1, Rule: Object, Wanted: t.wantsResource(s.Name), kids: make([]*Field, s.N)}
	n.Named = newField(nil, s.N, "resourceType")
	t.add(n)
	t.roots[typ] = n
	return n
}

// add fills in what follows from the rest of a new node.
func (t *Tree) add(n *Node) {
	t.nodes++
	n.salt = t.nodes * 0x9E3779B97F4A7C15
	n.Concept = n.Type >= 0 && t.Defs.Types[n.Type].Name == "CodeableConcept"
}

// Kid returns the i-th field of the type of n.
func (t *Tree) Kid(n *Node, i int) *Field {
	if k := n.kids[i]; k != nil {
		return k
	}
	f := t.Defs.Fields[t.Defs.Types[n.Type].First+i]
	k := &Node{Path: n.Path + "." + f.Name, up: n, Type: f.Type, Set: f.Set}
	if k.Rule = ruleOf(t.Defs, n, f); t.Method.Scrub {
		k.Rule = scrubbed(t.Defs, n, f)
	}
	if f.Name == "coding" && n.Concept {
		k.Set = n.Set // the binding is on the concept
	}
	if k.Rule == Object {
		for a := n; a != nil; a = a.up {
			if a.Type == k.Type {
				k = a
				break
			}
		}
		if k.kids == nil {
			k.kids = make([]*Field, t.Defs.Types[k.Type].N)
		}
	}
	if k.salt == 0 {
		t.add(k)
		k.Closed = k.Rule == Object && (k.Concept || t.Defs.Types[k.Type].Name == "Meta") || k.Rule == Coding && !n.Concept
	}
	k.Wanted = k.Wanted || k.Rule.container() || t.wants(k)
	n.kids[i] = newField(k, i, f.Name)
	return n.kids[i]
}

// wants reports whether a leaf is among the elements that were decided. The ids of
// resources and the references between them are the frame of the data and stay,
// except those of patients and encounters, which are elements of their own.
func (t *Tree) wants(n *Node) bool {
	if t.elements == nil {
		return true
	}
	e, ok := phi.FHIRElement(n.Path)
	if !ok {
		return false
	}
	if strings.HasPrefix(n.Path, "Bundle.") || strings.HasPrefix(n.Path, "Parameters.") {
		return true // the envelope
	}
	if t.elements[e.ID] {
		return true
	}
	return n.Rule == ID && e.ID != "patient.token" && e.ID != "encounter.key"
}

// wantsResource reports whether resources of a type are among the elements that were
// decided: what they are as a whole, or, for a patient or an encounter, anything of
// them.
func (t *Tree) wantsResource(name string) bool {
	if t.elements == nil || name == "Bundle" || name == "Parameters" {
		return true
	}
	home, _ := phi.FHIRElement(name)
	if t.elements[home.ID] {
		return true
	}
	var prefix string
	switch name {
	case "Patient":
		prefix = "patient."
	case "Encounter":
		prefix = "encounter."
	default:
		return false
	}
	for id := range t.elements {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return false
}

// tally adds the counts of all nodes to a sheet.
func (t *Tree) tally(sheet tally.Sheet) {
	var visit func(*Node)
	visit = func(n *Node) {
		if n.Counts != (tally.Counts{}) {
			sheet.Merge(tally.Sheet{n.Path: n.Counts})
		}
		for _, k := range n.kids {
			if k != nil && k.Node.up == n { // not back up the recursion
				visit(k.Node)
			}
		}
	}
	for _, n := range t.roots {
		if n != nil {
			visit(n)
		}
	}
	for _, n := range t.values {
		visit(n)
	}
	sheet.Merge(t.sheet)
}
