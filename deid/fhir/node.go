package fhir

import (
	"strings"

	"chaperone.example/deid/method"
	"chaperone.example/deid/r4"
	"chaperone.example/deid/tally"
	"chaperone.example/phi"
)

// A node is one path of R4 as met in the input: what is done there, and how often it
// was. Nodes are made when first met; a type that contains itself (an extension of an
// extension, an item of an item) leads back to its own node, so that their number is
// bounded by the definitions and not by the input.
type node struct {
	path   string
	up     *node
	typ    int    // index of the type, -1 for any resource
	set    int    // value set, or -1
	only   string // for a code: the codes that may stay, between bars, instead of a value set
	rule   rule
	wanted bool
	kids   []*node // by field of the type
	counts tally.Counts
}

// A tree holds the nodes met so far and decides what is wanted. It is used by one
// goroutine.
type tree struct {
	defs     *r4.Definitions
	method   method.Method
	elements map[string]bool // nil: all
	roots    []*node         // by type
	values   map[valueKey]*node
	sheet    tally.Sheet // what has no node: unknown members and resources
}

func newTree(m method.Method, elements map[string]bool) *tree {
	d := r4.Load()
	return &tree{defs: d, method: m, elements: elements, roots: make([]*node, len(d.Types)), values: map[valueKey]*node{}, sheet: tally.Sheet{}}
}

// A valueKey names the value of an extension at a path.
type valueKey struct {
	at    *node
	value string
	codes string
}

// extensionValue returns the node of the value of a listed extension at n.
func (t *tree) extensionValue(n *node, spec extension) *node {
	key := valueKey{n, spec.value, spec.codes}
	if k := t.values[key]; k != nil {
		return k
	}
	ext, _ := t.defs.Type([]byte("Extension"))
	i, ok := t.defs.Member(ext, []byte(spec.value))
	if !ok {
		panic("fhir: extension.go names a value that R4 does not have: " + spec.value)
	}
	typ := t.defs.Fields[t.defs.Types[ext].First+i].Type
	k := &node{path: n.path + "." + spec.value, up: n, typ: typ, set: -1, only: spec.codes, rule: spec.rule, wanted: true}
	k.kids = make([]*node, t.defs.Types[typ].N)
	t.values[key] = k
	return k
}

// root returns the node of a resource type.
func (t *tree) root(typ int) *node {
	if n := t.roots[typ]; n != nil {
		return n
	}
	s := t.defs.Types[typ]
	n := &node{path: s.Name, typ: typ, set: -1, rule: ruleObject, wanted: t.wantsResource(s.Name), kids: make([]*node, s.N)}
	t.roots[typ] = n
	return n
}

// kid returns the node of the i-th field of the type of n.
func (t *tree) kid(n *node, i int) *node {
	if k := n.kids[i]; k != nil {
		return k
	}
	f := t.defs.Fields[t.defs.Types[n.typ].First+i]
	k := &node{path: n.path + "." + f.Name, up: n, typ: f.Type, set: f.Set}
	k.rule = ruleOf(t.defs, n, f)
	if f.Name == "coding" && n.concept(t.defs) {
		k.set = n.set // the binding is on the concept
	}
	if k.rule == ruleObject {
		for a := n; a != nil; a = a.up {
			if a.typ == k.typ {
				k = a
				break
			}
		}
		if k.kids == nil {
			k.kids = make([]*node, t.defs.Types[k.typ].N)
		}
	}
	k.wanted = k.wanted || k.rule.container() || t.wants(k)
	n.kids[i] = k
	return k
}

// wants reports whether a leaf is among the elements that were decided. The ids of
// resources and the references between them are the frame of the data and stay,
// except those of patients and encounters, which are elements of their own.
func (t *tree) wants(n *node) bool {
	if t.elements == nil {
		return true
	}
	e, ok := phi.FHIRElement(n.path)
	if !ok {
		return false
	}
	if strings.HasPrefix(n.path, "Bundle.") || strings.HasPrefix(n.path, "Parameters.") {
		return true // the envelope
	}
	if t.elements[e.ID] {
		return true
	}
	return n.rule == ruleID && e.ID != "patient.token" && e.ID != "encounter.key"
}

// wantsResource reports whether resources of a type are among the elements that were
// decided: what they are as a whole, or, for a patient or an encounter, anything of
// them.
func (t *tree) wantsResource(name string) bool {
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
func (t *tree) tally(sheet tally.Sheet) {
	var visit func(*node)
	visit = func(n *node) {
		if n.counts != (tally.Counts{}) {
			sheet.Merge(tally.Sheet{n.path: n.counts})
		}
		for _, k := range n.kids {
			if k != nil && k.up == n { // not back up the recursion
				visit(k)
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
