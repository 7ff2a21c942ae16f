package population

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/fault"
)

const export = `{"resourceType":"Patient","id":"p1","birthDate":"1950-06-01","identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"M1"},{"type":{"coding":[{"code":"SS"}]},"value":"078-05-1120"},{"value":"T1"}]}
{"resourceType":"Patient","id":"p2","birthDate":"2010-06-01"}
{"resourceType":"Encounter","id":"e1","class":{"code":"IMP"},"subject":{"reference":"Patient/p1"},"period":{"start":"2025-01-30","end":"2025-02-03T10:00:00Z"}}
{"resourceType":"Encounter","id":"e2","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"},"period":{"start":"2025-02-10","end":"2025-02-10"}}
{"resourceType":"Encounter","id":"e3","class":{"code":"IMP"},"subject":{"reference":"Patient/p2"},"period":{"start":"2025-02-10","end":"2025-02-12"}}
{"resourceType":"Encounter","id":"e4","class":{"code":"IMP"},"subject":{"reference":"http://hub.example/fhir/Patient/p2"},"period":{"start":"2025-04-10","end":"2025-04-12"},"reasonCode":[{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"J45.20"}]}]}
{"resourceType":"Condition","subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"I50.9"}]}}
{"resourceType":"Condition","subject":{"reference":"Patient/p2"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"E11.9"}]}}
{"resourceType":"DocumentReference","subject":{"reference":"Patient/p1"},"context":{"encounter":[{"reference":"Encounter/e2"}]}}
{"resourceType":"Coverage","class":[{"value":"x"}],"beneficiary":{"reference":"Patient/p1"}}
{"resourceType":"Organization","id":"o1","name":"x"}
`

func everyone() Criteria { return Criteria{MaxAge: -1} }

func TestFind(t *testing.T) {
	for _, x := range []struct {
		name       string
		change     func(*Criteria)
		encounters []string
		identities []string
	}{
		{"inpatients", func(c *Criteria) { c.Classes = []string{"I"} }, []string{"e1", "e3", "e4"}, []string{"M1", "Patient/p1", "Patient/p2", "T1"}},
		{"discharged in a month", func(c *Criteria) { c.From, c.Until = "2025-02-01", "2025-02-28" }, []string{"e1", "e2", "e3"}, []string{"M1", "Patient/p1", "Patient/p2", "T1"}},
		{"adults", func(c *Criteria) { c.MinAge = 18 }, []string{"e1", "e2"}, []string{"M1", "Patient/p1", "T1"}},
		{"children", func(c *Criteria) { c.MaxAge = 17 }, []string{"e3", "e4"}, []string{"Patient/p2"}},
		{"a diagnosis of the stay", func(c *Criteria) { c.Diagnoses = []string{"I50"} }, []string{"e1"}, []string{"M1", "Patient/p1", "T1"}},
		{"a diagnosis of the patient", func(c *Criteria) { c.Diagnoses = []string{"E119"} }, []string{"e3", "e4"}, []string{"Patient/p2"}},
		{"a reason of the stay", func(c *Criteria) { c.Diagnoses = []string{"J45"} }, []string{"e4"}, []string{"Patient/p2"}},
		{"nobody", func(c *Criteria) { c.Classes = []string{"B"} }, nil, nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := everyone()
			x.change(&c)
			g, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			n, err := g.Find(strings.NewReader(export), 0)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for id := range n.encounters {
				got = append(got, id)
			}
			if slices.Sort(got); !slices.Equal(got, x.encounters) {
				t.Errorf("encounters %v, want %v", got, x.encounters)
			}
			if got := g.Identifiers(); !slices.Equal(got, x.identities) {
				t.Errorf("identifiers %v, want %v", got, x.identities)
			}
		})
	}
}

// Where nothing narrows the population, patients without an encounter are in it, too.
func TestEverybody(t *testing.T) {
	g, err := New(everyone())
	if err != nil {
		t.Fatal(err)
	}
	n, err := g.Find(strings.NewReader(`{"resourceType":"Patient","id":"p9"}`+"\n"), 0)
	if err != nil || !n.Patient([]byte("p9")) || g.Count() != 1 {
		t.Errorf("%v, %v, %d", n, err, g.Count())
	}
}

func TestSift(t *testing.T) {
	c := everyone()
	c.Classes = []string{"I"}
	g, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	n, err := g.Find(strings.NewReader(export), 0)
	if err != nil {
		t.Fatal(err)
	}
	s := Sift(strings.NewReader(export), n)
	out, err := io.ReadAll(s)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out, []byte(`"id":"e2"`)) || bytes.Contains(out, []byte("DocumentReference")) || s.Dropped() != 2 {
		t.Errorf("dropped %d: the outpatient visit and its document are not in the population:\n%s", s.Dropped(), out)
	}
	for _, stays := range []string{`"id":"e1"`, "Coverage", "Organization", `"id":"p2"`} {
		if !bytes.Contains(out, []byte(stays)) {
			t.Errorf("%s is gone", stays)
		}
	}
}

// Memory is bounded: a line that is too long is refused, wherever it stands.
func TestLongLine(t *testing.T) {
	long := io.MultiReader(strings.NewReader(export), strings.NewReader(`{"x":"`), io.LimitReader(endless{}, maxLine+10))
	g, err := New(everyone())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Find(long, 0); !fault.Is(err, fault.Invalid) {
		t.Errorf("Find: %v", err)
	}
	if _, err := io.Copy(io.Discard, Sift(io.LimitReader(endless{}, maxLine+10), Selection{})); !fault.Is(err, fault.Invalid) {
		t.Errorf("Sift: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestPeople(t *testing.T) {
	p := people{}
	for _, ids := range [][]string{{"a", "b"}, {"", "c"}, {"d"}, {"b", "c"}, {"d", "d"}, {"a", "c"}} {
		if !p.add(ids...) {
			t.Errorf("add(%v) found no identifier", ids)
		}
	}
	if p.add("", "") {
		t.Error("nobody was added")
	}
	if p.count() != 2 || p.root("a") != p.root("c") || p.root("a") == p.root("d") {
		t.Errorf("%d people: %v", p.count(), p)
	}
}

func TestDates(t *testing.T) {
	c := everyone()
	c.Until = "Mary Smith"
	if _, err := New(c); err == nil || strings.Contains(err.Error(), "Mary") {
		t.Errorf("New: %v", err)
	}
}

func FuzzFind(f *testing.F) {
	for line := range strings.Lines(export) {
		f.Add([]byte(line))
	}
	f.Add([]byte(export))
	f.Add([]byte("{\"resourceType\":\"Encounter\",\"class\":[],\"period\":{\"end\":7}}\n\n{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := New(Criteria{From: "2025-01-01", Classes: []string{"I"}, Diagnoses: []string{"I50"}, MinAge: 18, MaxAge: -1})
		if err != nil {
			t.Fatal(err)
		}
		n, err := g.Find(bytes.NewReader(data), 0)
		if err != nil {
			return
		}
		out, err := io.ReadAll(Sift(bytes.NewReader(data), n))
		if err != nil {
			t.Fatal(err)
		}
		if len(out) > len(data)+1 {
			t.Errorf("%d bytes came out of %d", len(out), len(data))
		}
		for line := range bytes.Lines(out) {
			if x, ok := read(line); ok && x.ResourceType == "Encounter" && !n.encounters[x.ID] {
				t.Error("an encounter passed that is not in the population")
			}
		}
	})
}
