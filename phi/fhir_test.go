package phi

import "testing"

// DAT-2: every path of a FHIR export stands for an element of the catalogue.
func TestFHIRElement(t *testing.T) {
	for path, want := range map[string]string{
		"Patient":                       "patient.token",
		"Patient.id":                    "patient.token",
		"Patient.name.family":           "patient.name",
		"Patient.address.line":          "patient.street",
		"Patient.address.postalCode":    "patient.zip",
		"Patient.birthDate":             "patient.birth-date",
		"Patient.somethingNew":          "patient.token",
		"Encounter.period.start":        "encounter.admit-date",
		"Encounter.period.end":          "encounter.discharge-date",
		"Encounter.class":               "encounter.class",
		"Encounter.subject":             "patient.token",
		"Observation.valueQuantity":     "clinical.observation",
		"Observation.effectiveDateTime": "clinical.observation-date",
		"Observation.note.text":         "clinical.note",
		"Observation.encounter":         "encounter.key",
		"Condition.onsetDateTime":       "clinical.condition-date",
		"Condition.code.coding.code":    "clinical.condition",
		"Procedure.performedPeriod.end": "clinical.procedure-date",
		"Immunization.occurrenceString": "clinical.immunization",
		"Claim.created":                 "clinical.other-date",
		"StructureMap.group":            "record.technical",
	} {
		got, ok := FHIRElement(path)
		if !ok || got.ID != want {
			t.Errorf("FHIRElement(%s) = %q, %v, want %s", path, got.ID, ok, want)
		}
	}
	for _, path := range []string{"", "patient.name", ".x"} {
		if e, ok := FHIRElement(path); ok {
			t.Errorf("FHIRElement(%q) = %s, want none", path, e.ID)
		}
	}
}

// The tables name only elements that exist.
func TestFHIRTables(t *testing.T) {
	for typ, k := range fhirKinds {
		for _, id := range []string{k.home, k.date} {
			if _, ok := Lookup(id); !ok {
				t.Errorf("%s: no element %q", typ, id)
			}
		}
	}
	for _, table := range []map[string]string{fhirPaths, fhirMembers} {
		for path, id := range table {
			if _, ok := Lookup(id); !ok {
				t.Errorf("%s: no element %q", path, id)
			}
		}
	}
}
