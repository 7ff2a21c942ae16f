package release_test

import (
	"strings"
	"testing"

	"chaperone.example/deid"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/release"
	"chaperone.example/internal/release/releasetest"
	"chaperone.example/law/cohort"
	"chaperone.example/law/fact"
	"github.com/google/go-cmp/cmp"
)

// canary is a code that only the patients who must be left out have: if it is in a
// package, so are they.
const canary = "Z9981"

// mixed is an extract in which one row of a patient shows substance use, and another
// of the same patient does not.
const mixed = `encounter_key,patient_token,mrn,hospital_id,class,admit_dt,discharge_dt,age_years,sex,dx1,dx2,los_days
k1,p1,,h,I,2024-03-01T08:00:00-05:00,2024-03-03T08:00:00-05:00,44,F,I5023,Z9981,2
k2,p1,,h,I,2024-04-01T08:00:00-05:00,2024-04-03T08:00:00-05:00,44,F,F1120,Z9981,2
k3,p2,,h,I,2024-03-05T08:00:00-05:00,2024-03-09T08:00:00-05:00,61,M,I10,,4
k4,p3,,h,I,2024-03-06T08:00:00-05:00,2024-03-09T08:00:00-05:00,35,M,B20,,3
k5,,m4,h,I,2024-03-07T08:00:00-05:00,2024-03-09T08:00:00-05:00,52,M,F1020,Z9981,2
k6,,m4,h,I,2024-05-07T08:00:00-05:00,2024-05-09T08:00:00-05:00,52,M,J189,Z9981,2
k7,,,h,I,2024-03-08T08:00:00-05:00,2024-03-09T08:00:00-05:00,33,M,F1020,Z9981,1
`

// released builds a package of the mixed extract and returns it with its files.
func released(t *testing.T, n *cohort.Inclusion, program fact.Answer) (release.Offer, map[string][]byte) {
	t.Helper()
	w := releasetest.Open(t)
	w.Put("d-mixed", deid.CSV, []byte(mixed))
	s := w.Sources["d-mixed"]
	s.Program = program
	w.Sources["d-mixed"] = s
	p := releasetest.Permit()
	p.Datasets, p.Form, p.Patients = []string{"d-mixed"}, "limited", n
	w.Grant("q-1", p)
	o := w.Release("r-1", "q-1")
	sealed, err := w.Fetch(releasetest.Coordinator, "r-1")
	if err != nil {
		t.Fatal(err)
	}
	return o, unpack(t, sealed, w.Persons[releasetest.Coordinator.ID])
}

// PAT-2: no row of a patient of a class that the decision denied leaves, whichever row
// shows it and by which identifier; they are counted in tens, and nothing in the
// package tells their number more exactly.
func TestPart2PatientsAreLeftOut(t *testing.T) {
	o, files := released(t, &cohort.Inclusion{Classes: []string{cohort.General, cohort.Uncertain}}, fact.Unknown)
	if got := rows(t, files["data-1.csv"]); len(got) != 2 {
		t.Errorf("%d rows, want those of two patients", len(got))
	}
	for name, data := range files {
		if strings.Contains(string(data), canary) {
			t.Errorf("%s holds a row of a patient who had to be left out", name)
		}
	}
	if d := cmp.Diff([]cohort.Left{{Class: cohort.Protected, Patients: 10}}, o.LeftOut); d != "" {
		t.Errorf("suppression report: %s", d)
	}
	if o.Patients != 2 || o.Files[0].Excluded != 10 {
		t.Errorf("%d patients, %d rows excluded: want 2, and 10 for 5", o.Patients, o.Files[0].Excluded)
	}
	if m := string(files["data-1.manifest.json"]); !strings.Contains(m, `"filtered": 10`) && !strings.Contains(m, `"filtered":10`) {
		t.Errorf("the manifest tells how many rows were left out: %s", m)
	}
	for _, words := range []string{"Left out by the decision: Patients with substance-use records under 42 CFR Part 2 (1 to 10).", "Labels of sensitivity (HL7), of anything in it: HIV."} {
		if !strings.Contains(string(files["README.txt"]), words) {
			t.Errorf("README.txt does not say %q:\n%s", words, files["README.txt"])
		}
	}
}

// The same rows go out where no program made them, and none where one made them all.
func TestProvenanceDecides(t *testing.T) {
	general := &cohort.Inclusion{Classes: []string{cohort.General}}
	o, files := released(t, general, fact.No)
	if got := rows(t, files["data-1.csv"]); len(got) != 7 || len(o.LeftOut) != 0 {
		t.Errorf("%d rows, left out %v: want all 7", len(got), o.LeftOut)
	}
	w := releasetest.Open(t)
	w.Put("d-mixed", deid.CSV, []byte(mixed))
	s := w.Sources["d-mixed"]
	s.Program = fact.Yes
	w.Sources["d-mixed"] = s
	p := releasetest.Permit()
	p.Datasets, p.Patients = []string{"d-mixed"}, general
	w.Grant("q-1", p)
	if _, err := w.Builder.Release(t.Context(), releasetest.Steward, "r-1", "q-1", release.Lifetime); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "leaves out every patient") {
		t.Errorf("of a program: %v", err)
	}
}

// A class that the decision did not know stays out.
func TestUnknownClassStaysOut(t *testing.T) {
	n := &cohort.Inclusion{Division: cohort.Division{Minors: true}, Classes: []string{cohort.General}}
	w := releasetest.Open(t)
	w.Put("d-mixed", deid.CSV, []byte(strings.ReplaceAll(mixed, ",61,M,", ",,M,")))
	s := w.Sources["d-mixed"]
	s.Program = fact.No
	w.Sources["d-mixed"] = s
	p := releasetest.Permit()
	p.Datasets, p.Patients, p.MinAge = []string{"d-mixed"}, n, 0
	w.Grant("q-1", p)
	o := w.Release("r-1", "q-1")
	if d := cmp.Diff([]cohort.Left{{Class: "general+minor", Patients: 10}}, o.LeftOut); d != "" {
		t.Error(d)
	}
}

// PAT-2: in a FHIR export, too, all resources of such a patient stay out.
func TestPart2PatientsOfAnExportAreLeftOut(t *testing.T) {
	const export = `{"resourceType":"Patient","id":"p1","birthDate":"1980-01-01","gender":"female"}
{"resourceType":"Patient","id":"p2","birthDate":"1970-01-01","gender":"male"}
{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"IMP"},"subject":{"reference":"Patient/p1"},"period":{"start":"2024-03-01","end":"2024-03-04"}}
{"resourceType":"Encounter","id":"e2","status":"finished","class":{"code":"IMP"},"subject":{"reference":"Patient/p2"},"period":{"start":"2024-03-01","end":"2024-03-04"}}
{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"Z99.81"}]}}
{"resourceType":"Condition","id":"c2","subject":{"reference":"Patient/p2"},"encounter":{"reference":"Encounter/e2"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"I50.9"}]}}
{"resourceType":"MedicationRequest","id":"m1","status":"active","intent":"order","subject":{"reference":"Patient/p1"},"medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"6813"}]}}
`
	w := releasetest.Open(t)
	w.Put("d-export", deid.FHIR, []byte(export))
	p := releasetest.Permit()
	p.Datasets, p.Form, p.Patients = []string{"d-export"}, "limited", &cohort.Inclusion{Classes: []string{cohort.Uncertain}}
	p.Elements = []string{"patient.sex", "encounter.class", "encounter.discharge-date", "clinical.condition", "clinical.medication"}
	w.Grant("q-1", p)
	o := w.Release("r-1", "q-1")
	sealed, err := w.Fetch(releasetest.Coordinator, "r-1")
	if err != nil {
		t.Fatal(err)
	}
	files := unpack(t, sealed, w.Persons[releasetest.Coordinator.ID])
	data := string(files["data-1.ndjson"])
	if strings.Contains(data, "Z99.81") || strings.Contains(data, "6813") || !strings.Contains(data, "I50.9") {
		t.Errorf("the export holds what it must not, or lacks what it must have:\n%s", data)
	}
	if o.Patients != 1 || len(o.LeftOut) != 1 {
		t.Errorf("%d patients, left out %v", o.Patients, o.LeftOut)
	}
}
