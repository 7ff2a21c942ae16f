// Package scenario tests decisions with plain text files that a privacy officer
// can read: given these events, when this command, then these events or this
// refusal.
//
// A file is a txtar archive. Its comment says in a sentence what is true. The part
// "given" holds one event a line: its type and its JSON, optionally after a time
// (2026-03-01T00:00:00Z) and after "by" and the id of another person; "when" holds a command: its Go type name and its JSON;
// "then" holds what follows. With -update the expectations are rewritten.
package scenario

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the 'then' part of the scenarios")

// Now is the time at which every scenario happens.
var Now = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

// Actor is who acts in a scenario, unless its part "actor" holds another as JSON.
var Actor = ledger.Actor{ID: "u-1", Org: "o-1", Role: "privacy-officer"}

// ID is the id of the stream.
const ID = "x-1"

// Run plays testdata/*.txtar against kind. Commands are named by their type.
func Run[S any](t *testing.T, kind ledger.Kind[S], types ledger.Types, commands ...ledger.Command[S]) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios in testdata")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(bytes.TrimSpace(a.Comment)) == 0 {
				t.Error("the scenario does not say what it shows")
			}
			part := func(name string) *txtar.File {
				if i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == name }); i >= 0 {
					return &a.Files[i]
				}
				return nil
			}
			need := func(name string) *txtar.File {
				p := part(name)
				if p == nil {
					t.Fatalf("no %q part", name)
				}
				return p
			}
			actor := Actor
			if p := part("actor"); p != nil {
				if err := json.Unmarshal(p.Data, &actor); err != nil {
					t.Fatalf("actor: %v", err)
				}
			}
			var state S
			version := 0
			for line := range strings.Lines(string(need("given").Data)) {
				if strings.TrimSpace(line) == "" {
					continue
				}
				at := Now
				if first, rest, ok := strings.Cut(line, " "); ok {
					if when, err := time.Parse(time.RFC3339, first); err == nil {
						at, line = when, rest
					}
				}
				by := actor
				if rest, ok := strings.CutPrefix(line, "by "); ok {
					by.ID, line, _ = strings.Cut(rest, " ")
				}
				version++
				name, e := parse(t, line, func(n string) any { return types[n] })
				state = kind.Apply(state, ledger.Record{Stream: kind.Name + "/" + ID, Version: version, Type: name, Time: at, Actor: by}, e)
			}
			_, v := parse(t, string(need("when").Data), func(n string) any {
				for _, c := range commands {
					if reflect.TypeOf(c).Name() == n {
						return c
					}
				}
				return nil
			})
			events, err := v.(ledger.Command[S]).Decide(state, ledger.Moment{Now: Now, ID: ID, Actor: actor})
			got := outcome(t, types, events, err)
			then := need("then")
			if *update {
				then.Data = got
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if !bytes.Equal(got, then.Data) {
				t.Errorf("%s\ngot:\n%swant:\n%s", strings.TrimSpace(string(a.Comment)), got, then.Data)
			}
		})
	}
}

func parse(t *testing.T, line string, lookup func(string) any) (string, any) {
	t.Helper()
	name, data, _ := strings.Cut(strings.TrimSpace(line), " ")
	proto := lookup(name)
	if proto == nil {
		t.Fatalf("unknown name %q", name)
	}
	v := reflect.New(reflect.TypeOf(proto))
	if data != "" {
		d := json.NewDecoder(strings.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(v.Interface()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return name, v.Elem().Interface()
}

func outcome(t *testing.T, types ledger.Types, events []ledger.Event, err error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err != nil {
		kind, msg, ok := fault.Of(err)
		if !ok {
			t.Fatalf("not a fault: %v", err)
		}
		fmt.Fprintf(&b, "%s: %s\n", kind, msg)
	} else if len(events) == 0 {
		b.WriteString("nothing\n")
	}
	for _, e := range events {
		var details any
		if s, ok := e.(ledger.Sealed); ok {
			e, details = s.Event, s.Details
		}
		name := nameOf(types, e)
		if name == "" {
			t.Fatalf("undeclared event %T", e)
		}
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\n", name, data)
		if details != nil {
			data, err := json.Marshal(details)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "  sealed %s\n", data)
		}
	}
	return b.Bytes()
}

func nameOf(types ledger.Types, e ledger.Event) string {
	for name, proto := range types {
		if reflect.TypeOf(proto) == reflect.TypeOf(e) {
			return name
		}
	}
	return ""
}

// Frozen compares the shape of every event type with testdata/events.golden. An
// event that was ever recorded keeps its fields for ever; a new meaning is a new
// type.
func Frozen(t *testing.T, types ledger.Types) {
	t.Helper()
	var b bytes.Buffer
	names := make([]string, 0, len(types))
	for name := range types {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%s\n", name)
		shape(&b, reflect.TypeOf(types[name]), "  ")
	}
	const file = "testdata/events.golden"
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("the shape of an event changed; recorded events cannot. got:\n%s", b.Bytes())
	}
}

func shape(b *bytes.Buffer, t reflect.Type, indent string) {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() {
		return
	}
	for f := range t.Fields() {
		if f.Anonymous && f.Tag.Get("json") == "" { // its fields stand among the others, in JSON
			shape(b, f.Type, indent)
			continue
		}
		fmt.Fprintf(b, "%s%s %s\n", indent, f.Tag.Get("json"), f.Type.Kind())
		shape(b, f.Type, indent+"  ")
	}
}
