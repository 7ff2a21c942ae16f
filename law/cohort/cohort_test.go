package cohort

import (
	"fmt"
	"strings"
	"testing"

	"chaperone.example/law/fact"
	"chaperone.example/law/label"
	"chaperone.example/law/overlay"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func split(line string) [][]byte {
	var out [][]byte
	for v := range strings.SplitSeq(line, ",") {
		out = append(out, []byte(v))
	}
	return out
}

// count reads an extract as intake and release do.
func count(extract string) (*Tally, []Count) {
	var k Coder
	t := NewTally()
	lines := strings.Split(strings.TrimSpace(extract), "\n")
	c := Header(strings.Split(lines[0], ","))
	for _, line := range lines[1:] {
		m, ids := c.Row(&k, split(line))
		t.Add(m, ids[:]...)
	}
	return t, t.Counts()
}

const extract = `encounter_key,patient_token,mrn,age_years,dx1,dx2,pr1,ms_drg
e1,p1,m1,40,I5023,,,291
e2,p1,,41,J449,F1120,,190
e3,p2,,17,B20,,,974
e4,p3,,50,I10,,HZ2ZZZZ,305
e5,,,60,I10,,,305
e6,,m1,42,E119,,,637
`

// PAT-2: what one row shows is known of the patient, under every identifier that the
// rows give; a row that tells nobody stands for itself.
func TestCounts(t *testing.T) {
	tally, got := count(extract)
	want := []Count{
		{[]label.Label{label.Substance}, fact.No, 2},
		{nil, fact.No, 1},
		{[]label.Label{label.HIV}, fact.Yes, 1},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, id := range []Identifier{{'t', []byte("p1")}, {'m', []byte("m1")}} {
		if m := tally.Of(0, id); !m.Has(label.Substance) {
			t.Errorf("identifier %s: the code of another row is not known", id.Value)
		}
	}
	if m := tally.Of(0, Identifier{'m', []byte("p1")}); m != 0 {
		t.Error("a record number passes as a token")
	}
}

func TestRead(t *testing.T) {
	for _, x := range []struct {
		name, line, patient string
		labels              []label.Label
	}{
		{"a condition", `{"resourceType":"Condition","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"F11.20"}]},"subject":{"reference":"Patient/p1"}}`, "p1", []label.Label{label.Substance}},
		{"the code before its system", `{"subject":{"reference":"urn:uuid:p1"},"code":{"coding":[{"code":"B20","system":"http:\/\/hl7.org\/fhir\/sid\/icd-10-cm"}]},"resourceType":"Condition"}`, "p1", []label.Label{label.HIV}},
		{"a security label of the source", `{"resourceType":"Observation","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"42CFRPart2"}]},"subject":{"reference":"Patient/p1"}}`, "p1", []label.Label{label.Part2}},
		{"a claim", `{"resourceType":"Claim","patient":{"reference":"https://ehr.example/fhir/Patient/p1"},"item":[{"productOrService":{"coding":[{"system":"https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets","code":"H0020"}]}}]}`, "p1", []label.Label{label.Substance}},
		{"the patient", `{"resourceType":"Patient","id":"p1","identifier":[{"value":"M7"}]}`, "p1", nil},
		{"another code", `{"resourceType":"Condition","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"I10"}]},"subject":{"reference":"Patient/p1"}}`, "p1", nil},
		{"nobody's", `{"resourceType":"Organization","id":"o1"}`, "", nil},
		{"no JSON", `{"resourceType":`, "", nil},
	} {
		var k Coder
		r := k.Read([]byte(x.line))
		if r.Patient != x.patient {
			t.Errorf("%s: patient %q, want %q", x.name, r.Patient, x.patient)
		}
		if d := cmp.Diff(x.labels, r.Marks.Labels()); d != "" {
			t.Errorf("%s: %s", x.name, d)
		}
	}
}

// PAT-2: provenance and code are kept apart; what is not known restricts.
func TestPart2(t *testing.T) {
	sud := of(label.Substance)
	for _, x := range []struct {
		name    string
		marks   Marks
		program fact.Answer
		want    fact.Answer
	}{
		{"a program's record without any code", 0, fact.Yes, fact.Yes},
		{"a code, and no program", sud, fact.No, fact.No},
		{"a code, and nobody knows", sud, fact.Unknown, fact.Yes},
		{"no code, and nobody knows", 0, fact.Unknown, fact.Unknown},
		{"labelled by its source, whatever is declared", of(label.Part2), fact.No, fact.Yes},
	} {
		if got := x.marks.Part2(x.program); got != x.want {
			t.Errorf("%s: %v, want %v", x.name, got, x.want)
		}
	}
}

func TestClasses(t *testing.T) {
	_, counts := count(extract)
	sets := []Set{{fact.Unknown, counts}, {fact.No, []Count{{nil, fact.No, 5000}, {[]label.Label{label.Substance}, fact.No, 300}}}}
	got := Division{}.Classes(sets...)
	want := []fact.Class{
		{ID: General, Count: 5300, Part2: fact.No, Minor: fact.No, Labels: []string{"ETH"}},
		{ID: Protected, Count: 10, Part2: fact.Yes, Minor: fact.No, Labels: []string{"ETH"}},
		{ID: Uncertain, Count: 10, Part2: fact.Unknown, Labels: []string{"HIV"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	packs := []overlay.Pack{{Rules: []overlay.Rule{{Labels: []string{"HIV"}}, {Minors: true}}}}
	var names []string
	for _, c := range Divide(packs).Classes(sets...) {
		names = append(names, c.ID)
	}
	if d := cmp.Diff([]string{"general", "part2", "part2-unknown", "part2-unknown+HIV+minor"}, names); d != "" {
		t.Error(d)
	}
}

// DEC-1: a hundred thousand patients are few classes, and none is lost.
func TestFewClasses(t *testing.T) {
	tally := NewTally()
	for i := range 100_000 {
		tally.Add(Marks(i*7919%256)|Aged(i%90), Identifier{'t', fmt.Append(nil, i)})
	}
	counts, all := tally.Counts(), 0
	for _, c := range counts {
		all += c.Patients
	}
	if all != 100_000 {
		t.Errorf("%d patients", all)
	}
	if n := len(Division{}.Classes(Set{fact.Unknown, counts})); n != 2 {
		t.Errorf("%d classes, want 2", n)
	}
}

// Whatever the marks, a patient's class is one of those that the counts gave, and
// its count is at least as large as the truth, by less than ten.
func TestClassesHoldEverybody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tally := NewTally()
		marks := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Marks {
			return Marks(rapid.IntRange(0, 255).Draw(t, "labels")) | Aged(rapid.IntRange(0, 90).Draw(t, "age"))
		}), 1, 50).Draw(t, "patients")
		for i, m := range marks {
			tally.Add(m, Identifier{'t', fmt.Append(nil, i)})
		}
		program := fact.Answer(rapid.IntRange(0, 2).Draw(t, "program"))
		d := Division{Labels: []label.Label{label.HIV}, Minors: rapid.Bool().Draw(t, "minors")}
		truth := map[string]int{}
		for i := range marks {
			truth[d.Class(tally.Of(0, Identifier{'t', fmt.Append(nil, i)}), program)]++
		}
		classes := d.Classes(Set{program, tally.Counts()})
		if len(classes) != len(truth) {
			t.Fatalf("%d classes, want %d", len(classes), len(truth))
		}
		for _, c := range classes {
			if n := truth[c.ID]; c.Count < n || c.Count >= n+10 || n == 0 {
				t.Fatalf("class %s: %d, truly %d", c.ID, c.Count, n)
			}
		}
	})
}

func TestShown(t *testing.T) {
	for n, want := range map[int]string{0: "none", 1: "1 to 10", 3: "1 to 10", 10: "1 to 10", 20: "up to 20", 5430: "up to 5,430", 1234560: "up to 1,234,560"} {
		if got := Shown(n); got != want {
			t.Errorf("Shown(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestTitle(t *testing.T) {
	for class, want := range map[string]string{
		"part2": "Patients with substance-use records under 42 CFR Part 2", "all": "All patients",
		"general+HIV+minor": "Patients without records of a substance-use program, labelled HIV, minors or of unknown age", "of-a-file": "of-a-file",
	} {
		if got := Title(class); got != want {
			t.Errorf("Title(%s) = %q, want %q", class, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Condition","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"F1120"}]},"subject":{"reference":"Patient/p1"}}`))
	f.Add([]byte(`{"a":[[[{}]],"\u0041\\"],"id":`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var k Coder
		r := k.Read(line)
		if r.Patient == "" && len(r.Identifiers()) > 0 {
			t.Error("nobody has identifiers")
		}
	})
}
