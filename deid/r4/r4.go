// Package r4 holds what de-identification needs of the definitions of FHIR R4 (4.0.1):
// every type with its members and the value sets they are bound to, and the codes of
// the value sets and of HL7's code systems.
//
// The table is compiled from HL7's StructureDefinitions by gen; see there.
package r4

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"io"
	"math/bits"
	"strings"
	"sync"

	"chaperone.example/deid/term"
)

// r4gz holds the types, value sets and code systems of FHIR R4, compiled by gen.
//
//go:embed r4.gz
var r4gz []byte

// Load returns the definitions. They are read once and shared.
var Load = sync.OnceValue(read)

// Definitions are the facts of FHIR R4 that decide what may stay. They are not
// modified after they are read.
type Definitions struct {
	Types    []Type
	Fields   []Field
	byName   map[string]int // types
	members  pairs          // (type, name) → field
	systems  map[string]int // URL → number in codes
	codes    pairs          // (system, code) → 1
	setCodes pairs          // (set, code) → 1
	sets     []valueSet
	profiles map[string]bool
}

// A Type is a resource, a data type, or an anonymous part of one, such as
// "Patient.contact".
type Type struct {
	Name     string
	Resource bool
	First, N int // its members are Fields[First:First+N]
}

// A Field is a member of a type. A choice of types is one field for each.
type Field struct {
	Name string
	Type int // index of its type, -1 for any resource
	Set  int // number of the value set it is bound to, -1 for none
}

// A valueSet is the codes listed in setCodes, all codes of some listed systems, and
// codes of systems that are not listed here.
type valueSet struct {
	systems  []int
	external []string
}

// read reads the embedded table, which is ours and well formed; see
// gen/main.go for its form.
func read() *Definitions {
	z, err := gzip.NewReader(bytes.NewReader(r4gz))
	if err != nil {
		panic("fhir: embedded definitions: " + err.Error())
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic("fhir: embedded definitions: " + err.Error())
	}
	d := &Definitions{byName: map[string]int{}, systems: map[string]int{}, profiles: map[string]bool{}}
	setIndex := map[string]int{}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for _, line := range lines { // names first: fields refer to types and sets that come later
		kind, rest, _ := strings.Cut(line, "\t")
		name, rest, _ := strings.Cut(rest, "\t")
		switch kind {
		case "type":
			d.byName[name] = len(d.Types)
			d.Types = append(d.Types, Type{Name: name, Resource: rest == "resource"})
		case "set":
			setIndex[name] = len(d.sets)
			d.sets = append(d.sets, valueSet{})
		case "system":
			d.systems[name] = len(d.systems)
		case "profile":
			d.profiles[name] = true
		}
	}
	current := 0
	for _, line := range lines {
		part := strings.Split(line, "\t")
		switch part[0] {
		case "type":
			current = d.byName[part[1]]
			d.Types[current].First = len(d.Fields)
		case "field":
			typ, ok := d.byName[part[2]]
			if !ok {
				typ = -1 // Resource: any
			}
			set := -1
			if part[3] != "-" {
				set = setIndex[part[3]]
			}
			d.members.put(current, part[1], len(d.Fields))
			d.Fields = append(d.Fields, Field{part[1], typ, set})
			d.Types[current].N++
		case "system":
			for _, c := range part[3:] {
				d.codes.put(d.systems[part[1]], c, 1)
			}
		case "set":
			i := setIndex[part[1]]
			for _, c := range part[2:] {
				switch c[0] {
				case '+':
					if s, ok := d.systems[c[1:]]; ok {
						d.sets[i].systems = append(d.sets[i].systems, s)
					}
				case '~':
					d.sets[i].external = append(d.sets[i].external, c[1:])
				default:
					d.setCodes.put(i, c, 1)
				}
			}
		}
	}
	return d
}

// Type returns the index of a type.
func (d *Definitions) Type(name []byte) (int, bool) {
	t, ok := d.byName[string(name)]
	return t, ok
}

// Resource returns the index of a resource type.
func (d *Definitions) Resource(name []byte) (int, bool) {
	t, ok := d.byName[string(name)]
	return t, ok && d.Types[t].Resource
}

// Member returns which field of a type has the name, counted from the type's first.
func (d *Definitions) Member(typ int, name []byte) (int, bool) {
	f, ok := d.members.get(typ, name)
	return f - d.Types[typ].First, ok
}

// Profile reports whether url is the address of a profile or type that R4 or US Core
// publishes.
func (d *Definitions) Profile(url []byte) bool {
	return d.profiles[string(url)]
}

// Published reports whether a code is one of a published code system: one whose codes
// R4 lists, or one whose codes package term knows by their form.
func (d *Definitions) Published(system, code []byte) bool {
	if check, ok := term.System(string(system)); ok {
		return check(code)
	}
	s, ok := d.systems[string(system)]
	if ok {
		_, ok = d.codes.get(s, code)
	}
	return ok
}

// Holds reports whether a value set has the code, under whatever system.
func (d *Definitions) Holds(set int, code []byte) bool {
	if set < 0 {
		return false
	}
	if _, ok := d.setCodes.get(set, code); ok {
		return true
	}
	for _, s := range d.sets[set].systems {
		if _, ok := d.codes.get(s, code); ok {
			return true
		}
	}
	for _, url := range d.sets[set].external {
		if check, ok := term.System(url); ok && check(code) {
			return true
		}
	}
	return false
}

// pairs is a hash table from (number, string) to a number, for look-ups by bytes
// without allocation. A map[string]int cannot be asked with a compound key of bytes.
type pairs struct {
	slots []pair
	n     int
}

type pair struct {
	id    uint32
	value uint32 // plus one; zero marks a free slot
	key   string
}

func (p *pairs) put(id int, key string, value int) {
	if p.n*2 >= len(p.slots) {
		old := p.slots
		p.slots = make([]pair, max(64, 2*len(old)))
		for _, s := range old {
			if s.value != 0 {
				*p.slot(s.id, []byte(s.key)) = s
			}
		}
	}
	s := p.slot(uint32(id), []byte(key))
	if s.value == 0 {
		p.n++
	}
	*s = pair{uint32(id), uint32(value + 1), key}
}

func (p *pairs) get(id int, key []byte) (int, bool) {
	if p.n == 0 {
		return 0, false
	}
	s := p.slot(uint32(id), key)
	return int(s.value) - 1, s.value != 0
}

// slot finds the slot of a key, or the free one where it belongs.
func (p *pairs) slot(id uint32, key []byte) *pair {
	mask := uint32(len(p.slots) - 1)
	for i := hash(id, key) & mask; ; i = (i + 1) & mask {
		s := &p.slots[i]
		if s.value == 0 || s.id == id && s.key == string(key) {
			return s
		}
	}
}

// hash mixes the length, the first and last eight bytes and the number. Keys of one
// table differ there almost always, and the caller compares in full.
func hash(id uint32, key []byte) uint32 {
	var a, b uint64
	if n := len(key); n >= 8 {
		a = binary.LittleEndian.Uint64(key)
		b = binary.LittleEndian.Uint64(key[n-8:])
	} else {
		for i, c := range key {
			a |= uint64(c) << (8 * i)
		}
	}
	a ^= uint64(len(key)) << 56
	b ^= uint64(id) * 0x9E3779B97F4A7C15
	hi, lo := bits.Mul64(a^0xA0761D6478BD642F, b^0xE7037ED1A0B428DB)
	return uint32(hi ^ lo ^ (hi >> 32))
}
