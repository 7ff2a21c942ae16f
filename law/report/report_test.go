package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/law"
	"chaperone.example/law/breach"
	"chaperone.example/law/casefile"
	"chaperone.example/law/report"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := "testdata/" + name
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not as recorded (go test -update writes it):\n%s", file, got)
	}
}

// hashes are left out of the golden files: they change with every word of the book.
func withoutHashes(b []byte) []byte {
	var out []string
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "Law as of") {
			out = append(out, line)
		}
	}
	return []byte(strings.Join(out, ""))
}

func TestDecision(t *testing.T) {
	for _, name := range []string{"D01", "D07", "D29"} {
		data, err := os.ReadFile("../testdata/disclosures/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		c, err := casefile.ReadDisclosure(name, data)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := report.Decision(&b, law.Decide(c.Request, c.Facts)); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", withoutHashes(b.Bytes()))
	}
}

func TestAssessment(t *testing.T) {
	for _, name := range []string{"B07", "B12"} {
		data, err := os.ReadFile("../testdata/incidents/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		c, err := casefile.ReadIncident(name, data)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := report.Assessment(&b, breach.Assess(c.Facts, c.Packs)); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", b.Bytes())
	}
}

// proofs maps a rule to the scenarios that expect it by name, or else to the first
// three in whose decision it is named.
func proofs(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../testdata/disclosures/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	out, named := map[string][]string{}, map[string][]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := casefile.ReadDisclosure(file, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range c.Expect.Rules {
			out[id] = append(out[id], c.Case)
		}
		d := law.Prepare(&c.Request, &c.Facts).Explain()
		here := map[string]bool{}
		for _, r := range d.Reasons {
			here[r.Rule] = true
		}
		for _, o := range d.Obligations {
			here[o.Rule] = true
		}
		for id := range here {
			if len(named[id]) < 3 {
				named[id] = append(named[id], c.Case)
			}
		}
	}
	for id, cases := range named {
		if len(out[id]) == 0 {
			out[id] = cases
		}
	}
	return out
}

// The program names the scenarios that prove each rule, as they are today; only a rule
// about what no case file can say has none.
func TestProofs(t *testing.T) {
	want := proofs(t)
	var b bytes.Buffer
	for _, r := range law.Rules() {
		if cases := want[r.ID]; len(cases) > 0 {
			b.WriteString(r.ID + ": " + strings.Join(cases, ", ") + "\n")
		} else if r.ID != "F14" { // an element of no catalogue: law.TestUnknownElement
			t.Errorf("no scenario proves rule %s", r.ID)
		}
	}
	golden(t, "../proofs.txt", b.Bytes())
	for id, cases := range report.Proofs() {
		if strings.Join(cases, ", ") != strings.Join(want[id], ", ") {
			t.Errorf("rule %s: the program names %v, the scenarios are %v", id, cases, want[id])
		}
	}
}

// docs/law/rule-book.txt is the rule book, with the scenarios that prove each rule.
func TestRuleBookPage(t *testing.T) {
	var b bytes.Buffer
	if err := report.Book(&b, proofs(t)); err != nil {
		t.Fatal(err)
	}
	golden(t, "../../../docs/law/rule-book.txt", b.Bytes())
}

// The rule book tells every rule with its citation and text.
func TestBook(t *testing.T) {
	var b bytes.Buffer
	if err := report.Book(&b, map[string][]string{"B05": {"D01", "D02"}}); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, r := range law.Rules() {
		for _, want := range []string{r.ID + " v", r.Title, r.Citation, strings.Join(strings.Fields(r.Text), " ")} {
			if !strings.Contains(text, want) {
				t.Errorf("rule %s: %q is not in the book", r.ID, want)
			}
		}
	}
	if !strings.Contains(text, "proved by D01, D02") {
		t.Error("the scenarios of B05 are not told")
	}
}
