package deid

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// DLP-1: a clean release passes the second look, and one with a planted identifier does
// not, in both formats and forms.
func TestSecondLook(t *testing.T) {
	const table = "name,mrn,patient_token,dob,zip,sex,admit\n\"Roe, Jane\",33094445,A-7781-22,1950-03-04,05855,F,2024-05-01\n"
	const resources = `{"resourceType":"Patient","id":"p-33094445","name":[{"family":"Roe","given":["Jane"]}],"birthDate":"1950-03-04","address":[{"city":"Newport","state":"VT","postalCode":"05855"}],"gender":"female"}` + "\n"
	for _, tt := range []struct {
		format Format
		in     string
		plant  func(string) string
	}{
		{CSV, table, func(out string) string { return strings.Replace(out, ",F,", ",Roe,", 1) }},
		{FHIR, resources, func(out string) string {
			return strings.Replace(out, "female", "UG9zdDogMzMwOTQ0NDU=", 1) + "{\"a\":\"p-33094445\"}"
		}},
	} {
		for _, form := range []Form{SafeHarbor, LimitedDataSet} {
			j := job(t, tt.format, form)
			var out bytes.Buffer
			m, err := Transform(context.Background(), j, strings.NewReader(tt.in), &out)
			if err != nil {
				t.Fatal(err)
			}
			known, err := Collect(context.Background(), j, strings.NewReader(tt.in))
			if err != nil || known.Len() < 3 {
				t.Fatalf("%s: %d identifiers collected, %v", tt.format, known.Len(), err)
			}
			r, err := SecondLook(context.Background(), m, known, bytes.NewReader(out.Bytes()), nil)
			if err != nil || !r.Clean() {
				t.Errorf("%s %s: a clean release: %+v, %v\n%s", tt.format, form, r.Findings, err, out.String())
			}
			r, err = SecondLook(context.Background(), m, known, strings.NewReader(tt.plant(out.String())), nil)
			if err != nil || r.Certain == 0 {
				t.Errorf("%s %s: a planted identifier was not found: %v", tt.format, form, err)
			}
		}
	}
}

// The sample and the development table pass their second look.
func TestSecondLookAtSharedData(t *testing.T) {
	for _, tt := range []struct {
		format Format
		path   string
	}{{FHIR, "fhir-r4/sample.ndjson"}, {CSV, "deid-dev/tabular_dev_in.csv"}, {FHIR, "deid-dev/fhir_traps.ndjson"}} {
		in, err := os.ReadFile(filepath.Join("..", "..", "shared", "data", filepath.FromSlash(tt.path)))
		if err != nil {
			t.Skipf("shared data is not here: %v", err)
		}
		j := job(t, tt.format, SafeHarbor)
		var out bytes.Buffer
		m, err := Transform(context.Background(), j, bytes.NewReader(in), &out)
		if err != nil {
			t.Fatal(err)
		}
		known, err := Collect(context.Background(), j, bytes.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		r, err := SecondLook(context.Background(), m, known, &out, nil)
		if err != nil || r.Certain != 0 {
			t.Errorf("%s: %d certain findings %v, %v", tt.path, r.Certain, r.Findings[:min(10, len(r.Findings))], err)
		}
		t.Logf("%s: %d identifiers, %d possible findings by kind %v, classes %+v", tt.path, known.Len(), r.Possible, r.ByKind, r.Classes)
	}
}
