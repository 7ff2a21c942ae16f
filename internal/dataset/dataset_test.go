package dataset

import (
	"slices"
	"testing"

	"chaperone.example/ledger"
	"chaperone.example/ledger/scenario"
	"chaperone.example/phi"
	"pgregory.net/rapid"
)

func TestScenarios(t *testing.T) {
	scenario.Run(t, Kind, Types, Register{}, Receive{}, Classify{}, Declare{}, Retire{})
}

func TestEventsFrozen(t *testing.T) { scenario.Frozen(t, Types) }

// Stricter is a strict partial order: nothing is stricter than itself, no two are
// stricter than each other, and it can be chained.
func TestStricterIsAnOrder(t *testing.T) {
	any := rapid.SampledFrom(phi.Elements())
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := any.Draw(t, "a"), any.Draw(t, "b"), any.Draw(t, "c")
		if Stricter(a, a) || Stricter(a, b) && Stricter(b, a) {
			t.Fatalf("%s and %s are stricter than each other", a.ID, b.ID)
		}
		if Stricter(a, b) && Stricter(b, c) && !Stricter(a, c) {
			t.Fatalf("%s < %s < %s, but not the first and the last", a.ID, b.ID, c.ID)
		}
	})
}

func TestStricter(t *testing.T) {
	for _, c := range []struct {
		than, e string
		want    bool
	}{
		{"encounter.diagnosis", "clinical.sensitive", true},
		{"encounter.diagnosis", "clinical.substance-use", true},
		{"clinical.sensitive", "clinical.substance-use", true},
		{"clinical.substance-use", "clinical.sensitive", false},
		{"patient.sex", "patient.name", true},
		{"patient.name", "patient.sex", false},
		{"patient.city", "patient.street", true},
		{"clinical.note", "encounter.diagnosis", false},
		{"patient.name", "clinical.sensitive", false}, // an identifier would pass as none
		{"encounter.cost", "encounter.diagnosis", false},
	} {
		than, ok1 := phi.Lookup(c.than)
		e, ok2 := phi.Lookup(c.e)
		if got := Stricter(than, e); got != c.want || !ok1 || !ok2 {
			t.Errorf("Stricter(%s, %s) = %v, want %v", c.than, c.e, got, c.want)
		}
	}
}

func TestRanges(t *testing.T) {
	got := Ranges([]string{"dx1", "poa1", "dx2", "poa2", "dx4", "sex", "Patient.name"})
	if want := []string{"dx1–2", "dx4", "poa1–2", "sex", "Patient.name"}; !slices.Equal(got, want) {
		t.Errorf("Ranges = %q, want %q", got, want)
	}
}

// The label is sealed under a key of its own dataset: disposing of it forgets that
// dataset's title and no other.
func TestLabelSubject(t *testing.T) {
	c := Register{Format: "encounter-csv", Source: HealthRecord, Environment: Production, Repository: "a", Label: Label{"T", "S"}, Approved: []Repository{{"a", "r"}}}
	events, err := c.Decide(Holding{}, ledger.Moment{ID: "d-7", Actor: ledger.Actor{Org: "o-1"}})
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	if s, ok := events[0].(ledger.Sealed); !ok || s.Subject != "dataset/d-7" {
		t.Errorf("%+v is not sealed under its dataset", events[0])
	}
}
