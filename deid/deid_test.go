package deid

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/deid/code"
	"chaperone.example/deid/day"
	"chaperone.example/deid/fhir"
	"chaperone.example/deid/input"
	"chaperone.example/deid/table"
)

func profile(t testing.TB, form Form) Profile {
	t.Helper()
	p, err := Standard(form)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func job(t testing.TB, format Format, form Form) Job {
	t.Helper()
	return Job{Format: format, Profile: profile(t, form), AsOf: day.Date{Year: 2026, Month: 7, Day: 1}, Codes: code.NewBook(rand.NewChaCha8([32]byte{1})), Build: "test"}
}

// The story of doc.go with one patient, as a person would read it.
func TestTransform(t *testing.T) {
	const in = `{"resourceType":"Patient","id":"p1","name":[{"family":"Roe"}],"birthDate":"1950-03-04","address":[{"city":"Newport","state":"VT","postalCode":"05855"}]}
{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"IMP"},"subject":{"reference":"Patient/p1","display":"Roe"},"period":{"start":"2024-05-01T10:00:00Z"},"favourite":"blue"}
`
	for _, tt := range []struct {
		form      Form
		have, not []string
	}{
		{SafeHarbor, []string{`"birthDate":"1950"`, `"postalCode":"058"`, `"state":"VT"`, `"start":"2024"`}, []string{"Roe", "p1", "e1", "Newport", "03-04", "blue"}},
		{LimitedDataSet, []string{`"birthDate":"1950-03-04"`, `"city":"Newport"`, `"postalCode":"05855"`, `"start":"2024-05-01T10:00:00Z"`}, []string{"Roe", `"p1"`, "/p1", `"e1"`, "blue"}},
	} {
		var out bytes.Buffer
		m, err := Transform(context.Background(), job(t, FHIR, tt.form), strings.NewReader(in), &out)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range tt.have {
			if !strings.Contains(out.String(), s) {
				t.Errorf("%s: %s should stay: %s", tt.form, s, out.String())
			}
		}
		for _, s := range tt.not {
			if strings.Contains(out.String(), s) {
				t.Errorf("%s: %s should be gone: %s", tt.form, s, out.String())
			}
		}
		b, err := m.JSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"Roe", "Newport", "05855", "1950", "favourite", "blue"} {
			if bytes.Contains(b, []byte(s)) {
				t.Errorf("%s: the manifest holds %q", tt.form, s)
			}
		}
		if m.Records != (Records{"resources", 2, 0, 2}) || len(m.Unknown) != 1 || m.Unknown[0] != "Encounter.(unknown)" {
			t.Errorf("%s: records %+v, unknown %v", tt.form, m.Records, m.Unknown)
		}
		if m.Output.Bytes != int64(out.Len()) || m.Input.Bytes != int64(len(in)) {
			t.Errorf("%s: input %+v, output %+v", tt.form, m.Input, m.Output)
		}
	}
}

// REQ-2, REQ-3: a decision names elements; nothing else leaves, in either format.
func TestElements(t *testing.T) {
	j := job(t, FHIR, SafeHarbor)
	j.Elements = []string{"clinical.condition", "patient.sex", "patient.token"}
	const in = `{"resourceType":"Patient","id":"p1","gender":"female","birthDate":"1950-03-04"}
{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"E11.9"}]},"recordedDate":"2024-01-01"}
{"resourceType":"Observation","id":"o1","status":"final","subject":{"reference":"Patient/p1"},"valueInteger":7}
`
	var out bytes.Buffer
	m, err := Transform(context.Background(), j, strings.NewReader(in), &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"1950", "2024", "Observation", "final", "birthDate"} {
		if strings.Contains(out.String(), s) {
			t.Errorf("%s was not decided: %s", s, out.String())
		}
	}
	for _, s := range []string{`"gender":"female"`, "E11.9", `"reference":"Patient/`} {
		if !strings.Contains(out.String(), s) {
			t.Errorf("%s was decided and is gone: %s", s, out.String())
		}
	}
	if m.Records.Out != 2 {
		t.Errorf("%d resources out, want 2", m.Records.Out)
	}
	j.Elements = []string{"patient.shoe-size"}
	if _, err := Transform(context.Background(), j, strings.NewReader(in), &out); err == nil {
		t.Error("an element that is not in the catalogue was accepted")
	}
}

// 45 CFR 164.514(c).
func TestSafeHarborRefusesDerivedCodes(t *testing.T) {
	keyed, err := code.NewKeyed(bytes.Repeat([]byte{1}, 32), "recipient")
	if err != nil {
		t.Fatal(err)
	}
	j := job(t, CSV, SafeHarbor)
	j.Codes = keyed
	if _, err := Transform(context.Background(), j, strings.NewReader("sex\nF\n"), &bytes.Buffer{}); !errors.Is(err, ErrDerivedCodes) {
		t.Errorf("Safe Harbor with keyed codes: %v, want ErrDerivedCodes", err)
	}
	j = job(t, CSV, LimitedDataSet)
	j.Codes = keyed
	m, err := Transform(context.Background(), j, strings.NewReader("sex\nF\n"), &bytes.Buffer{})
	if err != nil || m.Codes != "keyed" {
		t.Errorf("limited data set with keyed codes: %q, %v", m.Codes, err)
	}
}

func TestJobIsChecked(t *testing.T) {
	for name, change := range map[string]func(*Job){
		"no format":      func(j *Job) { j.Format = "xml" },
		"no coder":       func(j *Job) { j.Codes = nil },
		"no day":         func(j *Job) { j.AsOf = day.Date{} },
		"no form":        func(j *Job) { j.Profile.Form = "" },
		"no such census": func(j *Job) { j.Profile.ZIP = "1990" },
	} {
		j := job(t, CSV, SafeHarbor)
		change(&j)
		if _, err := Transform(context.Background(), j, strings.NewReader("sex\nF\n"), &bytes.Buffer{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Standard("anonymous"); err == nil {
		t.Error("Standard(anonymous) gave no error")
	}
}

// The manifest of a release is the same, byte for byte, when the release is made again,
// and it tells what was selected.
func TestManifestIsReproducible(t *testing.T) {
	once := func() []byte {
		j := job(t, CSV, SafeHarbor)
		j.Rows = table.Filter{Date: "encounter.discharge-date", From: day.Date{Year: 2024, Month: 1, Day: 1}, Is: map[string][]string{"encounter.class": {"I"}}}
		j.DropUnknown = true
		m, err := Transform(context.Background(), j, strings.NewReader("class,discharge_dt,patient_token,Jane Roe\nI,2024-02-03,A7,x\nE,2024-02-03,A7,x\n"), &bytes.Buffer{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.JSON()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	a, b := once(), once()
	if !bytes.Equal(a, b) {
		t.Errorf("two manifests of one release:\n%s\n%s", a, b)
	}
	for _, s := range []string{`"selection":{"date":"encounter.discharge-date","from":"2024-01-01","is":{"encounter.class":["I"]}}`, `"filtered":1`, `"zip_vintage":"2020"`, `"unknown":["(unknown column 4)"]`} {
		if !bytes.Contains(a, []byte(s)) {
			t.Errorf("the manifest lacks %s: %s", s, a)
		}
	}
	if bytes.Contains(a, []byte("Roe")) {
		t.Errorf("the manifest holds a name that stood in the header: %s", a)
	}
	var back Manifest
	if err := json.Unmarshal(a, &back); err != nil {
		t.Fatal(err)
	}
	if again, _ := back.JSON(); !bytes.Equal(a, again) {
		t.Errorf("the manifest does not survive reading: %s", again)
	}
}

func TestResourcesOfSomePatients(t *testing.T) {
	j := job(t, FHIR, SafeHarbor)
	j.Resources = fhir.Filter{Patients: func(id []byte) bool { return string(id) == "p1" }, From: day.Date{Year: 2024, Month: 1, Day: 1}}
	const in = `{"resourceType":"Patient","id":"p1"}
{"resourceType":"Patient","id":"p2"}
{"resourceType":"Observation","id":"o1","subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-03-01"}
{"resourceType":"Observation","id":"o2","subject":{"reference":"Patient/p2"},"effectiveDateTime":"2024-03-01"}
{"effectiveDateTime":"2023-03-01","resourceType":"Observation","id":"o3","subject":{"reference":"Patient/p1"}}
{"resourceType":"Organization","id":"h"}
`
	m, err := Transform(context.Background(), j, strings.NewReader(in), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Records != (Records{"resources", 6, 3, 3}) {
		t.Errorf("records %+v, want 6 in, 3 filtered, 3 out", m.Records)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		format Format
		in     string
	}{{FHIR, strings.Repeat(`{"resourceType":"Patient","id":"a"}`+"\n", 5000)}, {CSV, "sex\n" + strings.Repeat("F\n", 5000)}} {
		if _, err := Transform(ctx, job(t, tt.format, SafeHarbor), strings.NewReader(tt.in), &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", tt.format, err)
		}
	}
}

func TestProgress(t *testing.T) {
	var last int64
	j := job(t, CSV, SafeHarbor)
	j.Progress = func(n int64) { last = n }
	in := "sex\n" + strings.Repeat("F\n", 1<<20)
	if _, err := Transform(context.Background(), j, strings.NewReader(in), &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	if last != int64(len(in)) {
		t.Errorf("progress ended at %d of %d bytes", last, len(in))
	}
}

// Issue 2: the whole sample through the front door.
func TestSample(t *testing.T) {
	in, err := os.ReadFile(filepath.Join("..", "..", "shared", "data", "fhir-r4", "sample.ndjson"))
	if err != nil {
		t.Skipf("shared data is not here: %v", err)
	}
	m, err := Transform(context.Background(), job(t, FHIR, SafeHarbor), bytes.NewReader(in), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Records.Out != 5298 {
		t.Errorf("%d resources out, want 5298", m.Records.Out)
	}
	var flaw *input.Error
	if _, err := Transform(context.Background(), job(t, FHIR, SafeHarbor), bytes.NewReader(in[:len(in)-100]), &bytes.Buffer{}); !errors.As(err, &flaw) || flaw.Line != 5298 {
		t.Errorf("cut off: %v, want an error at line 5298", err)
	}
}
