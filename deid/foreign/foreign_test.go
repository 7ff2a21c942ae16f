package foreign

import (
	"strings"
	"testing"

	"chaperone.example/deid"
	"chaperone.example/deid/zip3"
	"github.com/google/go-cmp/cmp"
)

// strict earns Safe Harbor in Microsoft's language, but for the ids.
const strict = `{
  "fhirVersion": "R4",
  "fhirPathRules": [
    {"path": "nodesByType('Extension')", "method": "redact"},
    {"path": "nodesByType('HumanName')", "method": "redact"},
    {"path": "nodesByType('ContactPoint')", "method": "redact"},
    {"path": "nodesByType('Address').state", "method": "keep"},
    {"path": "nodesByType('Address').postalCode", "method": "redact"},
    {"path": "nodesByType('Address')", "method": "redact"},
    {"path": "nodesByType('Identifier')", "method": "redact"},
    {"path": "nodesByType('Attachment')", "method": "redact"},
    {"path": "nodesByType('Narrative')", "method": "redact"},
    {"path": "nodesByType('date')", "method": "redact"},
    {"path": "nodesByType('dateTime')", "method": "redact"},
    {"path": "nodesByType('instant')", "method": "redact"},
    {"path": "Resource.id", "method": "redact"},
    {"path": "nodesByType('Coding')", "method": "keep"}
  ],
  "parameters": {"enablePartialDatesForRedact": true, "enablePartialZipCodesForRedact": true, "enablePartialAgesForRedact": true}
}`

func TestMicrosoft(t *testing.T) {
	got, err := Microsoft([]byte(strict), "ours")
	if err != nil {
		t.Fatal(err)
	}
	want := deid.Profile{Name: "ours", Version: "1", Form: deid.SafeHarbor, Dates: deid.YearOnly, Ages: deid.Aggregated, ZIP: zip3.Census2020, Codes: deid.Random}
	if diff := cmp.Diff(want, got.Profile); diff != "" || len(got.Barred) > 0 {
		t.Errorf("(-want +got):\n%s%v", diff, got.Barred)
	}
	if len(got.Rules) != 14 {
		t.Fatalf("%d rules are reported, want all 14", len(got.Rules))
	}
	for i, r := range got.Rules {
		if r.Line != 4+i || r.Why == "" {
			t.Errorf("rule %d: line %d, %q", i, r.Line, r.Why)
		}
	}
	for i, want := range map[int]string{0: Looser, 1: Taken, 3: Taken, 4: Taken, 5: Taken, 9: Taken, 12: Looser, 13: Taken} {
		if got.Rules[i].Became != want {
			t.Errorf("%s %s (%s), want %s", got.Rules[i].Rule, got.Rules[i].Became, got.Rules[i].Why, want)
		}
	}
}

// A configuration never gets a stronger label than its own rules earn, and what cannot be
// expressed is named by line (DEI-5).
func TestLabelsAreNotStrongerThanTheRules(t *testing.T) {
	for name, tt := range map[string]struct {
		old, new string
		barred   string
		became   string // of the rule in line 13
		check    func(deid.Profile) bool
	}{
		"dates are shifted":         {`"nodesByType('date')", "method": "redact"`, `"nodesByType('date')", "method": "dateShift"`, "shifted", Lost, func(p deid.Profile) bool { return p.Dates == deid.YearOnly }},
		"dates are kept":            {`"nodesByType('date')", "method": "redact"`, `"nodesByType('date')", "method": "keep"`, "dates are kept", Taken, func(p deid.Profile) bool { return p.Dates == deid.YearOnly }},
		"ids are hashed":            {`"Resource.id", "method": "redact"`, `"Resource.id", "method": "cryptoHash"`, "164.514(c)", "", func(p deid.Profile) bool { return p.Codes == deid.Keyed }},
		"ids are encrypted":         {`"Resource.id", "method": "redact"`, `"Resource.id", "method": "encrypt"`, "164.514(c)", "", nil},
		"no rule for ids":           {`{"path": "Resource.id", "method": "redact"},`, ``, "no rule removes ids", "", nil},
		"no rule for instants":      {`{"path": "nodesByType('instant')", "method": "redact"},`, ``, "every instant", "", nil},
		"postal codes are kept":     {`.postalCode", "method": "redact"`, `.postalCode", "method": "keep"`, "postal codes are kept", "", func(p deid.Profile) bool { return p.ZIP == deid.Whole }},
		"towns are kept":            {`nodesByType('Address').state`, `nodesByType('Address').city`, "towns are kept", "", func(p deid.Profile) bool { return p.Cities }},
		"a condition":               {`nodesByType('Coding')", "method": "keep"`, `Patient.where(active = true)", "method": "keep"`, "cannot be judged", "", nil},
		"one birth date is kept":    {`{"path": "nodesByType('Coding')", "method": "keep"}`, `{"path": "Patient.birthDate", "method": "keep"}`, "dates are kept", "", func(p deid.Profile) bool { return p.Dates == deid.YearOnly }},
		"some other name is masked": {`{"path": "nodesByType('Coding')", "method": "keep"}`, `{"path": "Patient.name", "method": "substitute"}`, "names are not removed", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			doc := strings.Replace(strict, tt.old, tt.new, 1)
			if doc == strict {
				t.Fatal("nothing was replaced")
			}
			got, err := Microsoft([]byte(doc), "ours")
			if err != nil {
				t.Fatal(err)
			}
			if got.Profile.Form != deid.LimitedDataSet || !strings.Contains(strings.Join(got.Barred, "; "), tt.barred) {
				t.Errorf("label %s, barred %q", got.Profile.Form, got.Barred)
			}
			if tt.check != nil && !tt.check(got.Profile) {
				t.Errorf("the profile is %+v", got.Profile)
			}
			if r := got.Rules[9]; tt.became != "" && (r.Line != 13 || r.Became != tt.became) {
				t.Errorf("line %d: %s, want %s", r.Line, r.Became, tt.became)
			}
		})
	}
}

// Without a rule for one of the sixteen, there is no label at all: their tool keeps what no
// rule names.
func TestConfigurationsThatEarnNothing(t *testing.T) {
	for _, typ := range []string{"HumanName", "ContactPoint", "Identifier", "Attachment", "Narrative"} {
		for _, method := range []string{"keep", "cryptoHash"} {
			doc := strings.Replace(strict, `nodesByType('`+typ+`')", "method": "redact"`, `nodesByType('`+typ+`')", "method": "`+method+`"`, 1)
			if got, err := Microsoft([]byte(doc), "ours"); err == nil || !strings.Contains(err.Error(), "earns no label") {
				t.Errorf("%s of %s: label %s, %v", method, typ, got.Profile.Form, err)
			}
		}
	}
	// Names of patients alone are not all names.
	doc := strings.Replace(strict, "nodesByType('HumanName')", "Patient.name", 1)
	if _, err := Microsoft([]byte(doc), "ours"); err == nil {
		t.Error("a rule about the names of patients alone earns a label")
	}
}

func TestRestrictedListsAreNotTrusted(t *testing.T) {
	doc := strings.Replace(strict, `"parameters": {`, `"parameters": {"restrictedZipCodeTabulationAreas": ["036"], `, 1)
	got, err := Microsoft([]byte(doc), "ours")
	if err != nil || got.Profile.ZIP != zip3.Union {
		t.Fatalf("%+v, %v", got.Profile, err)
	}
	if last := got.Rules[len(got.Rules)-1]; last.Became != Stricter || last.Line != 19 {
		t.Errorf("%+v", last)
	}
}

func TestGoogle(t *testing.T) {
	got, err := Google([]byte(`{
  "fhir": {"fieldMetadataList": [
    {"paths": ["Patient.name", "HumanName"], "action": "TRANSFORM"},
    {"paths": ["Patient.birthDate"],
     "action": "TRANSFORM"},
    {"paths": ["Observation.value"], "action": "DO_NOT_TRANSFORM"},
    {"paths": ["Observation.note"], "action": "INSPECT_AND_TRANSFORM"}
  ]}
}`), "theirs")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range got.Rules {
		lines = append(lines, r.Became)
	}
	if diff := cmp.Diff([]string{Taken, Taken, Lost, Taken, Stricter}, lines); diff != "" {
		t.Errorf("(-want +got):\n%s%+v", diff, got.Rules)
	}
	if got.Rules[2].Line != 4 || got.Rules[4].Line != 7 {
		t.Errorf("lines %d and %d, want 4 and 7", got.Rules[2].Line, got.Rules[4].Line)
	}
	if got.Profile.Form != deid.LimitedDataSet || len(got.Barred) == 0 {
		t.Errorf("dates are shifted, and the label is %s: %v", got.Profile.Form, got.Barred)
	}
	got, err = Google([]byte(`{"fhirFieldConfig": {"fieldMetadataList": [{"paths": ["HumanName"], "redactField": {}}, {"paths": ["Patient.id"], "cryptoHashField": {}}]}}`), "theirs")
	if err != nil || got.Profile.Codes != deid.Keyed {
		t.Errorf("%+v, %v", got.Profile, err)
	}
	if _, err := Google([]byte(`{"fhir": {"fieldMetadataList": [{"paths": ["HumanName"], "action": "DO_NOT_TRANSFORM"}]}}`), "theirs"); err == nil {
		t.Error("names are kept, and there is a label")
	}
}

func TestBrokenConfigurations(t *testing.T) {
	for name, tt := range map[string]struct{ doc, want string }{
		"not JSON":        {"{\n x", "line 2"},
		"cut off":         {`{"fhirPathRules": [`, "foreign"},
		"no rules":        {`{}`, "no fhirPathRules"},
		"not an array":    {`{"fhirPathRules": {}}`, "not an array"},
		"no path":         {"{\"fhirPathRules\": [\n{\"method\": \"keep\"}]}", "line 2"},
		"unknown method":  {"{\"fhirPathRules\": [\n\n{\"path\": \"Resource\", \"method\": \"shred\"}]}", "line 3"},
		"another version": {`{"fhirVersion": "Stu3", "fhirPathRules": []}`, "Stu3"},
		"not an object":   {`[]`, "foreign"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Microsoft([]byte(tt.doc), "x"); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	for name, doc := range map[string]string{"no list": `{}`, "no paths": `{"fhir":{"fieldMetadataList":[{}]}}`, "no action": `{"fhir":{"fieldMetadataList":[{"paths":["Patient.name"]}]}}`,
		"unknown action": `{"fhir":{"fieldMetadataList":[{"paths":["Patient.name"],"action":"EAT"}]}}`, "cut off": `{"fhir":`} {
		if _, err := Google([]byte(doc), "x"); err == nil {
			t.Errorf("%s: nothing is refused", name)
		}
	}
}

func FuzzMicrosoft(f *testing.F) {
	f.Add([]byte(strict))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := Microsoft(doc, "x")
		if err == nil && len(deid.Lint(got.Profile)) > 0 && got.Profile.Form == deid.SafeHarbor && got.Profile.ZIP == zip3.Census2020 {
			t.Errorf("%v", deid.Lint(got.Profile))
		}
	})
}

func FuzzGoogle(f *testing.F) {
	f.Add([]byte(`{"fhir": {"fieldMetadataList": [{"paths": ["Patient.name"], "action": "TRANSFORM"}]}}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		if got, err := Google(doc, "x"); err == nil && got.Profile.Form == "" {
			t.Error("a profile without a label")
		}
	})
}
