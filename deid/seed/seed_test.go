package seed

import (
	"slices"
	"strings"
	"testing"
)

const roe = `{"resourceType":"Patient","id":"P1","name":[{"family":"Roe","given":["Jane","Q"]}],"telecom":[{"value":"413-555-0100"}],
	"address":[{"line":["1 Elm St"],"city":"Springfield"}],"identifier":[{"value":"MRN48151623"}],"contact":[{"name":{"family":"Quist"},"telecom":[{"value":"978-555-0142"}]}]}`

// DEI-1: the patient's own names, numbers and addresses, in every form of input.
func TestFHIR(t *testing.T) {
	want := []string{"Roe", "Jane", "Quist", "413-555-0100", "978-555-0142", "1 Elm St", "Springfield", "MRN48151623"}
	for form, in := range map[string]string{
		"ndjson": `{"resourceType":"Observation","id":"P1","name":"x"}` + "\n" + strings.ReplaceAll(roe, "\n", "") + "\n",
		"pretty": roe,
		"bundle": `{"entry":[{"resource":{"resourceType":"Organization","id":"P1","name":"Elm Clinic"}},{"resource":` + roe + `}],"resourceType":"Bundle"}`,
	} {
		s, err := FHIR(strings.NewReader(in))
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		got := s.Of([]byte("p1"))
		slices.Sort(got)
		if w := slices.Sorted(slices.Values(want)); !slices.Equal(got, w) {
			t.Errorf("%s: %q, want %q", form, got, w)
		}
	}
}

func TestBadInput(t *testing.T) {
	for _, in := range []string{"[1]", `{"id":"Secret77x"`, `{"entry":1}`, "Secret77x", `{"entry":[{]}`} {
		if _, err := FHIR(strings.NewReader(in)); err == nil || strings.Contains(err.Error(), "Secret77x") {
			t.Errorf("%s: error %v", in, err)
		}
	}
	if got := (*Seeds)(nil).Of([]byte("x")); got != nil {
		t.Errorf("no seeds know %q", got)
	}
}

func FuzzFHIR(f *testing.F) {
	f.Add(roe)
	f.Add(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"a"}}]}`)
	f.Fuzz(func(t *testing.T, in string) {
		if s, err := FHIR(strings.NewReader(in)); err == nil {
			s.Of([]byte("a"))
		}
	})
}
