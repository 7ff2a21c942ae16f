package phi

import (
	"strings"
	"testing"
)

func TestCatalogueIsSound(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Elements() {
		if seen[e.ID] {
			t.Errorf("%s: listed twice", e.ID)
		}
		seen[e.ID] = true
		if _, _, ok := strings.Cut(e.ID, "."); !ok || e.ID != strings.ToLower(e.ID) {
			t.Errorf("%q: want subject.what in lower case", e.ID)
		}
		if e.Title == "" || e.Class == "" {
			t.Errorf("%s: no title or class", e.ID)
		}
		if e.Class == Direct && e.Identifier == 0 {
			t.Errorf("%s: a direct identifier is one of the eighteen", e.ID)
		}
		if e.Street && e.Identifier != Geographic {
			t.Errorf("%s: finer than town, but not geographic", e.ID)
		}
	}
}

// 45 CFR 164.514(e)(2) lists sixteen identifiers; dates and other unique codes are
// not among them, and of the geographic ones only the parts finer than town are.
func TestLimitedDataSetIdentifiers(t *testing.T) {
	for i := Name; i <= OtherUnique; i++ {
		want := i == Geographic || i == Date || i == OtherUnique
		if got := i.InLimitedDataSet(); got != want {
			t.Errorf("%c.InLimitedDataSet() = %v, want %v", i, got, want)
		}
	}
}

func TestEncounterColumn(t *testing.T) {
	for column, want := range map[string]string{"dx1": "encounter.diagnosis", "dx25": "encounter.diagnosis", "poa3": "encounter.diagnosis",
		"pr_date2": "encounter.procedure-date", "admit_dt": "encounter.admit-date", "favourite_colour": ""} {
		if e, _ := EncounterColumn(column); e.ID != want {
			t.Errorf("EncounterColumn(%q) = %q, want %q", column, e.ID, want)
		}
	}
}

func TestEveryColumnHasAnElement(t *testing.T) {
	for column, id := range encounterColumns {
		if _, ok := Lookup(id); !ok {
			t.Errorf("%s: no element %s", column, id)
		}
	}
}
