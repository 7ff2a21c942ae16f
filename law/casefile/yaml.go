package casefile

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// limit is the largest case file read, in bytes.
const limit = 1 << 20

// An Error says what is wrong in a case file, where, and what to do.
type Error struct {
	File         string
	Line, Column int // from 1; zero where the whole file is meant
	Text         string
	Remedy       string
}

// Error returns file, line, column, text and remedy in one line.
func (e *Error) Error() string {
	where := e.File
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column)
	}
	if e.Remedy == "" {
		return where + ": " + e.Text
	}
	return where + ": " + e.Text + ": " + e.Remedy
}

// A node is a part of a case file that is read later.
type node struct{ ast.Node }

// A decoder reads one file strictly: a key that the type does not have, a key
// twice, a word outside a closed list, an anchor or a tag is an error with its
// place. It collects every error rather than stop at the first.
type decoder struct {
	file   string
	errors []error
	depth  int
}

// parse reads the one document of a file.
func (d *decoder) parse(data []byte) ast.Node {
	whole := func(text, remedy string) ast.Node {
		d.errors = append(d.errors, &Error{File: d.file, Text: text, Remedy: remedy})
		return nil
	}
	switch {
	case len(data) > limit:
		return whole("the file is larger than 1 MB", "a case is a page of text: split it")
	case !utf8.Valid(data):
		return whole("the file is not UTF-8 text", "save it as UTF-8")
	}
	if deep(data) {
		return whole("the file nests more than 64 levels deep", "write it flatter")
	}
	f, err := parseYAML(data)
	var syntax yaml.Error
	switch {
	case errors.As(err, &syntax) && syntax.GetToken() != nil && syntax.GetToken().Position != nil:
		p := syntax.GetToken().Position
		d.errors = append(d.errors, &Error{d.file, p.Line, p.Column, "this is not YAML: " + firstLine(syntax.GetMessage()), "check indentation, colons and quotes near this line"})
		return nil
	case err != nil:
		return whole("this is not YAML", "check indentation, colons and quotes")
	case len(f.Docs) != 1 || f.Docs[0].Body == nil:
		return whole(fmt.Sprintf("the file holds %d documents", len(f.Docs)), "write exactly one case, without --- lines between")
	}
	return f.Docs[0].Body
}

// deep reports whether flow brackets or indentation go deeper than a case ever
// does, so that the parser's recursion stays bounded.
func deep(data []byte) bool {
	level := 0
	for line := range strings.Lines(string(data)) {
		indent := len(line) - len(strings.TrimLeft(line, " -?:\t"))
		if indent > 256 {
			return true
		}
		for _, c := range []byte(line) {
			switch c {
			case '[', '{':
				level++
			case ']', '}':
				level = max(level-1, 0)
			}
			if level > 64 {
				return true
			}
		}
	}
	return false
}

// parseYAML turns a panic of the parser, which is not ours, into an error.
func parseYAML(data []byte) (f *ast.File, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the parser gave up")
		}
	}()
	return parser.ParseBytes(data, 0)
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// fail records an error at a node.
func (d *decoder) fail(n ast.Node, remedy, format string, a ...any) {
	e := &Error{File: d.file, Text: fmt.Sprintf(format, a...), Remedy: remedy}
	if n != nil {
		if t := n.GetToken(); t != nil && t.Position != nil {
			e.Line, e.Column = t.Position.Line, t.Position.Column
		}
	}
	d.errors = append(d.errors, e)
}

// field is where a key of a mapping goes.
type field struct {
	value reflect.Value
	name  string
}

// fields lists the keys of a struct by their JSON names; an outer field hides one
// of the same name in an embedded struct.
func fields(v reflect.Value) []field {
	var own, embedded []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			embedded = append(embedded, fields(v.Field(i))...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "-" && name != "" {
			own = append(own, field{v.Field(i), name})
		}
	}
	for _, e := range embedded {
		if !slices.ContainsFunc(own, func(f field) bool { return f.name == e.name }) {
			own = append(own, e)
		}
	}
	return own
}

var (
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
	nodeType = reflect.TypeFor[node]()
	timeType = reflect.TypeFor[time.Time]()
)

// decode reads n into v; key is the name it was found under.
func (d *decoder) decode(n ast.Node, v reflect.Value, key string) {
	if d.depth++; d.depth > 64 {
		d.fail(n, "write it flatter", "nested too deeply")
		d.depth--
		return
	}
	defer func() { d.depth-- }()
	if n == nil {
		return
	}
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		d.fail(n, "write the value out", "anchors, aliases and tags are not used in case files")
		return
	case *ast.NullNode:
		return // a key with nothing after it says nothing
	}
	switch {
	case v.Type() == nodeType:
		v.Set(reflect.ValueOf(node{n}))
	case v.Type() == timeType:
		d.time(n, v)
	case reflect.PointerTo(v.Type()).Implements(textType):
		if s, ok := d.scalar(n, key); ok {
			if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(answer(v, s))); err != nil {
				d.fail(n, err.Error(), "%s is not understood", key)
			}
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(n, v.Elem(), key)
	case v.Kind() == reflect.Struct:
		d.mapping(n, v, key)
	case v.Kind() == reflect.Slice:
		d.list(n, v, key)
	case v.Kind() == reflect.Map:
		d.table(n, v, key)
	default:
		d.value(n, v, key)
	}
}

// answer lets true and false stand for yes and no.
func answer(v reflect.Value, s string) string {
	if v.Type().Name() == "Answer" {
		switch s {
		case "true":
			return "yes"
		case "false":
			return "no"
		}
	}
	return s
}

// pairs returns the entries of a mapping.
func (d *decoder) pairs(n ast.Node, key string) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	d.fail(n, "write it as `name: value` lines", "%s is not a mapping", key)
	return nil, false
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, key string) {
	list, ok := d.pairs(n, key)
	if !ok {
		return
	}
	known := fields(v)
	var names, seen []string
	for _, f := range known {
		names = append(names, f.name)
	}
	slices.Sort(names)
	for _, p := range list {
		name, ok := d.scalar(p.Key, "key")
		if !ok {
			continue
		}
		i := slices.IndexFunc(known, func(f field) bool { return f.name == name })
		switch {
		case slices.Contains(seen, name):
			d.fail(p.Key, "keep one of them", "%q is there twice", short(name))
		case i < 0 && widening(name):
			d.fail(p.Key, "an overlay can only strip, oblige or deny", "%q would widen what the law allows", name)
		case i < 0:
			d.fail(p.Key, "use one of: "+strings.Join(names, ", "), "%q is not known in %s", short(name), key)
		default:
			d.decode(p.Value, known[i].value, name)
		}
		seen = append(seen, name)
	}
}

// widening reports whether a key means to permit something.
func widening(name string) bool {
	return slices.Contains([]string{"permit", "allow", "keep", "grant", "waive", "override", "release"}, name)
}

func (d *decoder) list(n ast.Node, v reflect.Value, key string) {
	if seq, ok := n.(*ast.SequenceNode); ok {
		v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
		for i, e := range seq.Values {
			d.decode(e, v.Index(i), key)
		}
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 1, 1)) // one thing may stand without a dash
	d.decode(n, v.Index(0), key)
}

func (d *decoder) table(n ast.Node, v reflect.Value, key string) {
	list, ok := d.pairs(n, key)
	if !ok {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, p := range list {
		name, ok := d.scalar(p.Key, "key")
		if !ok {
			continue
		}
		at := reflect.ValueOf(name).Convert(v.Type().Key())
		if v.MapIndex(at).IsValid() {
			d.fail(p.Key, "keep one of them", "%q is there twice", short(name))
			continue
		}
		e := reflect.New(v.Type().Elem()).Elem()
		d.decode(p.Value, e, name)
		v.SetMapIndex(at, e)
	}
}

func (d *decoder) value(n ast.Node, v reflect.Value, key string) {
	s, ok := d.scalar(n, key)
	if !ok {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		switch s {
		case "true", "yes":
			v.SetBool(true)
		case "false", "no":
			v.SetBool(false)
		default:
			d.fail(n, "write yes or no", "%s is neither yes nor no", key)
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			d.fail(n, "write digits only, such as 72", "%s is not a whole number", key)
			return
		}
		v.SetInt(i)
	case reflect.String:
		if list := words(v.Type(), key); list != nil && s != "" && !slices.Contains(list, s) {
			d.fail(n, "use one of: "+strings.Join(list, ", "), "%q is no %s", short(s), key)
			return
		}
		v.SetString(s)
	default:
		d.fail(n, "leave it out", "%s cannot be written here", key)
	}
}

// time reads a day, or a moment as in RFC 3339.
func (d *decoder) time(n ast.Node, v reflect.Value) {
	s, ok := d.scalar(n, "at")
	if !ok {
		return
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 0 {
			v.Set(reflect.ValueOf(t))
			return
		}
	}
	d.fail(n, "write it like 2026-11-15 or 2026-11-15T09:00:00Z", "this is not a date")
}

// scalar returns the text of a plain value.
func (d *decoder) scalar(n ast.Node, key string) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		if n.Value != nil {
			return n.Value.Value, true
		}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	case *ast.NullNode:
		return "", true
	}
	d.fail(n, "write a plain word, number or date", "%s is not a plain value", key)
	return "", false
}

// short keeps a quoted word short.
func short(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// words returns the closed list that a value of the type, or under the key, is
// taken from; nil if there is none.
func words(t reflect.Type, key string) []string {
	if list, ok := vocabulary()[t.String()]; ok {
		return list
	}
	if t.Kind() == reflect.String && t.Name() == "string" && slices.Contains([]string{"elements", "element", "strip", "expert_keeps"}, key) {
		var out []string
		for _, e := range phi.Elements() {
			out = append(out, e.ID)
		}
		return out
	}
	return nil
}

func purposes() []string {
	var out []string
	for _, e := range purpose.All() {
		out = append(out, string(e.Kind))
	}
	return out
}
