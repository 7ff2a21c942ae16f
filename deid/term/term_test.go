package term

import "testing"

func TestSystem(t *testing.T) {
	for _, tt := range []struct {
		url, code string
		want      bool
	}{
		{"http://snomed.info/sct", "44054006", true},
		{"http://snomed.info/sct", "428191000124101", true},
		{"http://snomed.info/sct", "44054007", false}, // check digit
		{"http://snomed.info/sct", "33094445", false}, // a record number
		{"http://loinc.org", "2345-7", true},
		{"http://loinc.org", "LA6576-8", true},
		{"http://loinc.org", "617-555-0100", false},
		{"http://loinc.org", "Roe", false},
		{"http://hl7.org/fhir/sid/icd-10-cm", "S72.001A", true},
		{"http://hl7.org/fhir/sid/icd-10-cm", "Roe", false},
		{"http://www.nlm.nih.gov/research/umls/rxnorm", "999967", true},
		{"http://www.nlm.nih.gov/research/umls/rxnorm", "1234567890", false},
		{"http://hl7.org/fhir/sid/ndc", "0002-1433-80", true},
		{"http://hl7.org/fhir/sid/ndc", "617-555-0100", true}, // the form of an NDC: a limit of checking by form
		{"http://hl7.org/fhir/sid/ndc", "123-45-67890", true},
		{"urn:oid:2.16.840.1.113883.6.238", "2106-3", true},
		{"urn:ietf:bcp:47", "en-US", true},
		{"urn:ietf:bcp:47", "zh-Hant-TW", true},
		{"urn:ietf:bcp:47", "Jonathan", false},
		{"urn:ietf:bcp:13", "text/plain; charset=UTF-8", true},
		{"urn:ietf:bcp:13", "text/roe", false},
		{"urn:ietf:rfc:3986", "1.2.840.10008.5.1.4.1.1.1.1", true},
		{"urn:ietf:rfc:3986", "urn:oid:1.2.3", false},
		{"http://www.whocc.no/atc", "A10BA02", true},
		{"http://www.whocc.no/atc", "JANEROE", false},
		{"http://www.genenames.org", "HGNC:1100", true},
		{"http://dicom.nema.org/resources/ontology/DCM", "DX", true},
		{"http://dicom.nema.org/resources/ontology/DCM", "ROE", false},
		{"http://www.ama-assn.org/go/cpt", "99213", true},
		{"http://www.ama-assn.org/go/cpt", "SMITH", false},
		{"https://bluebutton.cms.gov/resources/variables/line_cms_type_srvc_cd", "1", true},
		{"https://bluebutton.cms.gov/resources/codesystem/adjudication", "https://bluebutton.cms.gov/resources/variables/line_coinsrnc_amt", true},
		{"http://hospital.example", "1", false},
	} {
		check, ok := System(tt.url)
		if got := ok && check([]byte(tt.code)); got != tt.want {
			t.Errorf("%s|%s: %v, want %v", tt.url, tt.code, got, tt.want)
		}
	}
}

func TestUnit(t *testing.T) {
	for _, u := range []string{"mg/dL", "mm[Hg]", "kg/m2", "10*3/uL", "{score}", "mL/min/{1.73_m2}", "%", "Cel", "a", "/min", "beats/minute", "g/dL", "mmol/L", "ug/L", "[IU]/L", "{T-score}", "10*6/uL",
		"fL", "pg", "U/L", "meq/L", "years", "mm[Hg].min", "(8.h)", "ng/mL{FEU}", "kcal/[oz_av]", "{#}/{visit}", "breaths per minute", "mL/min/1.73m2", "[degF]", "cm", "in", "lb", "/100{WBC}", "d", "L/min", "m2"} {
		if !Unit([]byte(u)) {
			t.Errorf("%s is a unit", u)
		}
	}
	for _, u := range []string{"", "Roe", "{Roe}", "mg/Roe", "617-555-0100", "33094445", "ann@x.example", "2024-03-04", "mg{33094445}", "]mg[", "Jane Roe", "05901"} {
		if Unit([]byte(u)) {
			t.Errorf("%q is no unit", u)
		}
	}
}

func TestPlain(t *testing.T) {
	for _, s := range []string{"Diabetes mellitus type 2", "Glucose [Mass/volume] in Serum or Plasma", "amLODIPine 5 MG / Hydrochlorothiazide 12.5 MG / Olmesartan medoxomil 20 MG Oral Tablet",
		"NDA020800 0.3 ML Epinephrine 1 MG/ML Auto-Injector", "10000 UNT/ML", "2000MG", "Influenza, seasonal, 2019-20", "Maintain blood pressure below 140/90", "CD4+ cells", "25-hydroxyvitamin D3", "SARS-CoV-2", "1,25-dihydroxy", "ICD-10", "Encounter for check up (procedure)"} {
		if !Plain([]byte(s)) {
			t.Errorf("%q is a term", s)
		}
	}
	for _, s := range []string{"", "MRN 48151623", "on 03/14/2024", "on 2024-03-14", "call 617-555-0100", "555-0100", "ann@x.example", "http://x", "SN190920", "123-45-6789", "10.0.199.81"} {
		if Plain([]byte(s)) {
			t.Errorf("%q is no term", s)
		}
	}
}

func TestResult(t *testing.T) {
	for _, s := range []string{"less than 1.8", "<0.5", ">= 90", "Positive", "not detected", "120 mg/dL", "1.25", "trace", "7"} {
		if !Result([]byte(s)) {
			t.Errorf("%q is a plain result", s)
		}
	}
	for _, s := range []string{"", "Roe", "617-555-0100", "02139", "12345", "2024-03-04", "see Dr. Roe", "1.2345678"} {
		if Result([]byte(s)) {
			t.Errorf("%q is no plain result", s)
		}
	}
}

func TestSamples(t *testing.T) {
	for s, want := range map[string]bool{"1 2.5 -3 E L U": true, "": false, "1 x": false, "6175550100": false, "1  2": false} {
		if got := Samples([]byte(s)); got != want {
			t.Errorf("Samples(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestPerYear(t *testing.T) {
	for s, want := range map[string]float64{"a": 1, "Years": 1, "mo": 12, "mg": 0, "": 0} {
		if got := PerYear([]byte(s)); got != want {
			t.Errorf("PerYear(%q) = %v, want %v", s, got, want)
		}
	}
}

func FuzzForms(f *testing.F) {
	for _, s := range []string{"mL/min/{1.73_m2}", "44054006", "<0.5 mg", "{", "[", "10*", "text/plain;"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		Unit(b)
		Plain(b)
		Result(b)
		Samples(b)
		for url := range standard {
			check, _ := System(url)
			check(b)
		}
	})
}
