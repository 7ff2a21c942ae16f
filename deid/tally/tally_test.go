package tally

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSheet(t *testing.T) {
	s := Sheet{}
	s.Add("Patient.name", Dropped, 2)
	s.Add("Patient.birthDate", Generalized, 1)
	s.Merge(Sheet{"Patient.name": Counts{Dropped: 1, Malformed: 1}})
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Patient.birthDate":{"generalized":1},"Patient.name":{"dropped":3,"malformed":1}}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	var back Sheet
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s, back); d != "" {
		t.Error(d)
	}
	if got := s.Total(); got != (Counts{Dropped: 3, Malformed: 1, Generalized: 1}) {
		t.Errorf("Total() = %v", got)
	}
	if d := cmp.Diff([]string{"Patient.birthDate", "Patient.name"}, s.Places()); d != "" {
		t.Error(d)
	}
}
