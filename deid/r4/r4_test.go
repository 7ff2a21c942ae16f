package r4

import "testing"

func TestDefinitions(t *testing.T) {
	d := Load()
	resources := 0
	for _, typ := range d.Types {
		if typ.Resource {
			resources++
		}
	}
	if resources != 147 {
		t.Errorf("%d resource types, want the 147 concrete ones of R4", resources)
	}
	patient, ok := d.Resource([]byte("Patient"))
	if !ok {
		t.Fatal("no Patient")
	}
	i, ok := d.Member(patient, []byte("gender"))
	if !ok {
		t.Fatal("no Patient.gender")
	}
	gender := d.Fields[d.Types[patient].First+i]
	if d.Types[gender.Type].Name != "code" {
		t.Errorf("Patient.gender is a %s, want code", d.Types[gender.Type].Name)
	}
	for code, want := range map[string]bool{"male": true, "unknown": true, "Male": false, "Roe": false, "": false} {
		if got := d.Holds(gender.Set, []byte(code)); got != want {
			t.Errorf("Patient.gender holds %q: %v, want %v", code, got, want)
		}
	}
	if _, ok := d.Member(patient, []byte("Gender")); ok {
		t.Error("Patient.Gender is not a member")
	}
	if _, ok := d.Resource([]byte("HumanName")); ok {
		t.Error("HumanName is not a resource")
	}
	encounter, _ := d.Resource([]byte("Encounter"))
	i, _ = d.Member(encounter, []byte("class"))
	if class := d.Fields[d.Types[encounter].First+i]; !d.Holds(class.Set, []byte("IMP")) || d.Holds(class.Set, []byte("CASH")) {
		t.Error("Encounter.class is bound to the encounter codes below _ActEncounterCode")
	}
}

func TestPublished(t *testing.T) {
	d := Load()
	for _, tt := range []struct {
		system, code string
		want         bool
	}{
		{"http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB", true},
		{"http://terminology.hl7.org/CodeSystem/v3-ActCode", "Roe", false},
		{"http://terminology.hl7.org/CodeSystem/v2-0203", "MR", true},
		{"http://terminology.hl7.org/CodeSystem/condition-clinical", "active", true},
		{"http://loinc.org", "2345-7", true},
		{"http://hospital.example", "active", false},
		{"", "active", false},
	} {
		if got := d.Published([]byte(tt.system), []byte(tt.code)); got != tt.want {
			t.Errorf("%s|%s: %v, want %v", tt.system, tt.code, got, tt.want)
		}
	}
	if !d.Profile([]byte("http://hl7.org/fhir/StructureDefinition/vitalsigns")) || d.Profile([]byte("http://hl7.org/fhir/StructureDefinition/Roe")) {
		t.Error("profiles are those that are published")
	}
}
