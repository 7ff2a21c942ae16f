package label_test

import (
	"encoding/csv"
	"os"
	"slices"
	"testing"

	"chaperone.example/law/label"
)

// Recall against the list of CMS of April 2026 is at least 99 % (PAT-2).
func TestRecall(t *testing.T) {
	f, err := os.Open("../../../shared/data/sud_codes_merged.csv")
	if os.IsNotExist(err) {
		t.Skip("the code list ../shared/data/sud_codes_merged.csv is not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	listed, found := 0, 0
	for _, r := range rows[1:] {
		if r[2] != "1" {
			continue
		}
		listed++
		if slices.Contains(label.Sensitive(r[0], r[1]), label.Substance) {
			found++
		} else {
			t.Logf("missed: %s %s", r[0], r[1])
		}
	}
	if listed < 600 || found*100 < listed*99 {
		t.Errorf("recall %d of %d", found, listed)
	}
}

func TestLabels(t *testing.T) {
	for _, test := range []struct {
		system, code string
		want         []label.Label
		category     label.Category
	}{
		{"ICD10CM", "F11.20", []label.Label{label.Substance}, label.Disorder},
		{"http://hl7.org/fhir/sid/icd-10-cm", "f1120", []label.Label{label.Substance}, label.Disorder},
		{"ICD10CM", "F17.210", nil, label.Nicotine},
		{"ICD9CM", "305.1", nil, label.Nicotine},
		{"ICD9CM", "305.00", []label.Label{label.Substance}, label.Disorder},
		{"ICD10CM", "T40.5X1A", nil, label.Poisoning},
		{"ICD10CM", "B20", []label.Label{label.HIV}, label.Other},
		{"ICD10CM", "F32.9", []label.Label{label.Mental}, label.Other},
		{"ICD10CM", "D57.1", []label.Label{label.Sickle}, label.Other},
		{"HCPCS", "H0020", []label.Label{label.Substance}, label.Treatment},
		{"HCPCS", "H0021", nil, label.Other},
		{"ICD10CM", "I10", nil, label.Other},
		{"nowhere", "F1120", nil, label.Other},
		{"ICD10CM", "", nil, label.Other},
	} {
		if got := label.Sensitive(test.system, test.code); !slices.Equal(got, test.want) {
			t.Errorf("Sensitive(%s, %s) = %v, want %v", test.system, test.code, got, test.want)
		}
		got := label.Other
		if f := label.Of(test.system, test.code); len(f) > 0 {
			got = f[0].Category
			if f[0].Source == "" {
				t.Errorf("%s %s has no source", test.system, test.code)
			}
		}
		if got != test.category {
			t.Errorf("category of %s %s = %q, want %q", test.system, test.code, got, test.category)
		}
	}
}

// The source decides, not the code; unknown counts as protected where a code
// shows substance use.
func TestProvenanceIsKeptApart(t *testing.T) {
	sud, none := []label.Label{label.Substance}, []label.Label(nil)
	for _, test := range []struct {
		p      label.Provenance
		labels []label.Label
		want   bool
	}{
		{label.Provenance{Program: true, Known: true}, none, true},
		{label.Provenance{Known: true}, sud, false},
		{label.Provenance{}, sud, true},
		{label.Provenance{}, none, false},
	} {
		if got := test.p.Protected(test.labels); got != test.want {
			t.Errorf("%+v.Protected(%v) = %v", test.p, test.labels, got)
		}
	}
	for _, l := range label.Of("ICD10CM", "F1120") {
		if l.Label == label.Part2 {
			t.Error("a code gave the policy label of a program")
		}
	}
}

func TestReportCounts(t *testing.T) {
	r := label.NewReport()
	held := []label.Label{label.Substance, label.HIV}
	if !r.Look([]label.Label{label.Substance, label.HIV}, held) || r.Look([]label.Label{label.Mental}, held) || r.Look(nil, held) {
		t.Error("the wrong rows are withheld")
	}
	if r.Rows != 3 || r.Dropped[label.Substance] != 1 || r.Dropped[label.HIV] != 1 || r.Dropped[label.Mental] != 0 {
		t.Errorf("%+v", r)
	}
}
