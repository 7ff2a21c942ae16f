package casefile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/law"
	"chaperone.example/law/breach"
	"chaperone.example/law/casefile"
	"chaperone.example/law/report"
)

const whole = `case: C1
organizations:
  - {id: a, is: [covered-entity, provider]}
  - {id: b, is: [covered-entity, provider]}
person: {active: yes, trained: yes, verified: yes}
request:
  at: 2026-11-15
  discloser: a
  recipient: b
  role: care-coordinator
  purpose: treatment
  form: identified
  elements: [patient.name]
`

// Every error names file and line, and says what to do.
func TestErrorsSayWhereAndWhatToDo(t *testing.T) {
	for _, test := range []struct{ name, from, to, line, want string }{
		{"unknown key", "recipient: b", "reciever: b", "c.yaml:9:3:", "use one of: activity, at,"},
		{"doubled key", "discloser: a", "discloser: a\n  discloser: b", "c.yaml:9:3:", "already defined"},
		{"unknown purpose", "purpose: treatment", "purpose: fun", "c.yaml:11:12:", "use one of: treatment"},
		{"unknown element", "[patient.name]", "[patient.shoe]", "c.yaml:13:14:", "use one of: patient.name"},
		{"unknown status", "provider]}\n  - {id: b", "wizard]}\n  - {id: b", "c.yaml:3:", "use one of: covered-entity"},
		{"unknown role", "care-coordinator", "boss", "c.yaml:10:9:", "privacy-officer"},
		{"no such form", "form: identified", "form: naked", "c.yaml:12:9:", "safe-harbor, expert, limited, identified"},
		{"not a date", "at: 2026-11-15", "at: yesterday", "c.yaml:7:7:", "write it like 2026-11-15"},
		{"neither yes nor no", "active: yes", "active: maybe", "c.yaml:5:18:", "write yes or no"},
		{"a list for a word", "purpose: treatment", "purpose: [treatment]", "c.yaml:11:", "plain word"},
		{"a word for a mapping", "person: {active: yes, trained: yes, verified: yes}", "person: me", "c.yaml:5:9:", "name: value"},
		{"no request", "  at: 2026-11-15\n", "", "c.yaml:", "when it is made"},
		{"stranger", "recipient: b", "recipient: z", "c.yaml:", "list it under organizations"},
		{"an overlay that permits", "request:", "overlays:\n  - {id: o, version: 1, level: member, member: a, source: s, read: 2026-01-01, rules: [{id: r, citation: c, text: t, permit: [patient.name]}]}\nrequest:", "c.yaml:7:", "can only strip, oblige or deny"},
		{"an overlay that narrows nothing", "request:", "overlays:\n  - {id: o, version: 1, level: member, member: a, source: s, read: 2026-01-01, rules: [{id: r, citation: c, text: t}]}\nrequest:", "c.yaml:", "narrows nothing"},
		{"an anchor", "discloser: a", "discloser: &x a", "c.yaml:8:", "write the value out"},
		{"no template", "request:", "agreements: [{id: g, template: lease, from: a, to: b}]\nrequest:", "c.yaml:", "is no template"},
		{"two documents", "case: C1", "case: C1\n---\ncase: C2", "c.yaml:", "exactly one case"},
		{"not YAML", "request:", "request: [", "c.yaml:", "check indentation"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(whole, test.from, test.to, 1)
			if text == whole {
				t.Fatal("the test changes nothing")
			}
			_, err := casefile.ReadDisclosure("c.yaml", []byte(text))
			if err == nil {
				t.Fatal("no error")
			}
			var e *casefile.Error
			if !errors.As(err, &e) || e.Remedy == "" {
				t.Errorf("no remedy: %v", err)
			}
			if !strings.Contains(err.Error(), test.line) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got\n%v\nwant %q and %q", err, test.line, test.want)
			}
		})
	}
}

func TestWhatIsNotText(t *testing.T) {
	for _, bad := range [][]byte{nil, {0xff, 0xfe}, bytes.Repeat([]byte("a: "), 500), bytes.Repeat([]byte("["), 1000), make([]byte, 2<<20)} {
		if _, err := casefile.ReadDisclosure("c.yaml", bad); err == nil || !strings.Contains(err.Error(), "c.yaml") {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
}

func TestIncidentErrors(t *testing.T) {
	for text, want := range map[string]string{
		"case: X\n":                     "names no party",
		"parties: [{id: a}, {id: a}]\n": "same id",
		"parties: [{id: a, counts: [{total: 3, residents: {TX: 4}}]}]\n":  "more residents",
		"parties: [{id: a}]\nedges: [{from: a, to: b}]\n":                 "not in this case",
		"parties: [{id: a}]\nholds: [{from: 2026-01-01, written: yes}]\n": "until",
		"parties: [{id: a}]\npacks: [ZZ]\n":                               "no pack",
		"parties: [{id: a}]\nfactors: {nature: tiny}\n":                   "use one of: low",
		"parties: [{id: a}]\nstate_packs: [{state: TX, rules: []}]\n":     "source",
		"parties: [{id: a, counts: [{total: 9999999999999999999999}]}]\n": "whole number",
		"parties: [{id: a, knew: [{on: 2026-02-30}]}]\n":                  "write it like",
	} {
		_, err := casefile.ReadIncident("i.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "i.yaml") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// seeds are the scenarios of both kinds.
func seeds(tb testing.TB) [][]byte {
	files, err := filepath.Glob("../testdata/*/*.yaml")
	if err != nil || len(files) == 0 {
		tb.Fatal("no scenarios", err)
	}
	var out [][]byte
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, data)
	}
	return out
}

// FuzzDisclosure: no file makes the reader or the rules panic, and what is read
// decides the same twice.
func FuzzDisclosure(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := casefile.ReadDisclosure("f.yaml", data)
		if err != nil {
			if !strings.Contains(err.Error(), "f.yaml") {
				t.Errorf("an error without its file: %v", err)
			}
			return
		}
		d := law.Decide(c.Request, c.Facts)
		if again := law.Decide(c.Request, c.Facts); again.ID != d.ID {
			t.Error("two decisions of the same case differ")
		}
		var b bytes.Buffer
		if err := report.Decision(&b, d); err != nil || b.Len() == 0 {
			t.Error("nothing printed", err)
		}
	})
}

// FuzzIncident does the same for incidents.
func FuzzIncident(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := casefile.ReadIncident("f.yaml", data)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := report.Assessment(&b, breach.Assess(c.Facts, c.Packs)); err != nil || b.Len() == 0 {
			t.Error("nothing printed", err)
		}
	})
}
