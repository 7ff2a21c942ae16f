package fhir

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"chaperone.example/deid/input"
	"chaperone.example/deid/method"
	"chaperone.example/deid/r4"
	"chaperone.example/deid/scan"
	"chaperone.example/deid/tally"
)

// A trap hides an identifier (the word Canary77x, or what gone names) where tools
// forget to look, beside what must stay.
var traps = []struct {
	name string
	in   string
	have []string // must be in the output
	gone []string // must not, beside the canary
}{
	{name: "an escaped key", in: `{"resourceType":"Patient","\u006eame":[{"family":"Canary77x"}],"\u0067ender":"male"}`, have: []string{`"gender":"male"`}},
	{name: "an escaped resourceType", in: `{"resource\u0054ype":"Pati\u0065nt","name":[{"family":"Canary77x"}],"gender":"male"}`, have: []string{`"resourceType":"Patient"`, `"gender":"male"`}},
	{name: "a key in other case", in: `{"resourceType":"Patient","Gender":"Canary77x","NAME":"Canary77x","birthdate":"Canary77x","gender":"female"}`, have: []string{`"gender":"female"`}},
	{name: "a key that is itself the identifier", in: `{"resourceType":"Patient","Canary77x":1}`},
	{name: "resourceType last", in: `{"id":"Canary77x","birthDate":"1950-03-04","resourceType":"Patient"}`, have: []string{`"birthDate":"1950"`, `"resourceType":"Patient"`}},
	{name: "an escaped code", in: `{"resourceType":"Patient","gender":"\u0066emale","language":"Canary77x"}`, have: []string{`"gender":"female"`}},
	{name: "a code that is not in its value set", in: `{"resourceType":"Observation","status":"Canary77x"}`},
	{name: "a string where a number belongs", in: `{"resourceType":"Observation","valueQuantity":{"value":"Canary77x","unit":"mg/dL"}}`},
	{name: "an object where a string belongs", in: `{"resourceType":"Patient","birthDate":{"x":"Canary77x"},"gender":["Canary77x",{"a":"Canary77x"}]}`},
	{name: "an array where one value belongs", in: `{"resourceType":"Observation","code":[[{"text":"Canary77x"}]],"status":"final"}`, have: []string{`"status":"final"`}},
	{name: "siblings of primitives", in: `{"resourceType":"Patient","birthDate":"1950-03-04","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1950-03-04T05:06:07Z"}]},"_gender":{"id":"Canary77x"}}`,
		have: []string{`"birthDate":"1950"`}, gone: []string{"05:06", "-03"}},
	{name: "a contained resource", in: `{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"Canary77x","name":[{"text":"Canary77x"}],"gender":"male"}],"subject":{"reference":"#Canary77x"}}`, have: []string{`"gender":"male"`, `"reference":"#`}},
	{name: "contained in contained", in: `{"resourceType":"Observation","contained":[{"resourceType":"Observation","contained":[{"resourceType":"Canary77x","x":"Canary77x"}],"status":"final"}]}`},
	{name: "a display that holds a number", in: `{"resourceType":"Condition","code":{"coding":[{"system":"http://loinc.org","code":"2345-7","display":"for MRN 48151623"}]}}`, have: []string{"2345-7"}, gone: []string{"48151623"}},
	{name: "a display that holds a date, a telephone, an address", in: `{"resourceType":"Condition","code":{"coding":[{"system":"http://loinc.org","code":"2345-7","display":"on 03/14/2024"},{"system":"http://loinc.org","code":"718-7","display":"call 617-555-0100"},{"system":"http://loinc.org","code":"4548-4","display":"ann@x.example"},{"system":"http://loinc.org","code":"2160-0","display":"Glucose 4815x"}]}}`,
		have: []string{"2345-7", "718-7", "4548-4"}, gone: []string{"03/14", "555", "ann@", "4815x"}},
	{name: "an identifier as a code of a standard system", in: `{"resourceType":"Condition","code":{"coding":[{"system":"http://snomed.info/sct","code":"123456789"},{"system":"http://loinc.org","code":"Canary77x"},{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"Canary77x"},{"system":"http://snomed.info/sct","code":"44054006"}]}}`,
		have: []string{"44054006"}, gone: []string{"123456789"}},
	{name: "a system that only looks standard", in: `{"resourceType":"Condition","code":{"coding":[{"system":"http://loinc.org/Canary77x","code":"2345-7"},{"system":"urn:x","code":"home"}]}}`, gone: []string{"2345-7", "home"}},
	{name: "text before its display", in: `{"resourceType":"Condition","code":{"text":"Hypertension","coding":[{"system":"http://snomed.info/sct","code":"59621000","display":"Hypertension"}]}}`, have: []string{`"text":"Hypertension"`}},
	{name: "text that is not the display", in: `{"resourceType":"Condition","code":{"coding":[{"system":"http://snomed.info/sct","code":"59621000","display":"Hypertension"}],"text":"Hypertension of Canary77x"}}`, have: []string{`"display":"Hypertension"`}, gone: []string{`"text"`}},
	{name: "a unit", in: `{"resourceType":"Observation","valueQuantity":{"value":5,"unit":"Canary77x","system":"http://unitsofmeasure.org","code":"Canary77x"}}`, have: []string{`"value":5`}},
	{name: "an annotation of a unit", in: `{"resourceType":"Observation","valueQuantity":{"value":5,"unit":"{Canary77x}/min","code":"mg/{Canary77x}"}}`, have: []string{`"value":5`}},
	{name: "identifiers inside addresses of the web", in: `{"resourceType":"Observation","subject":{"reference":"Patient?identifier=http://h|Canary77x"},"performer":[{"reference":"http://h.example/fhir/Practitioner/Canary77x"},{"reference":"http://h.example/Canary77x"}],"derivedFrom":[{"reference":"Observation/Canary77x/_history/2"}]}`,
		have: []string{`"reference":"Practitioner/`, `"reference":"Observation/`}, gone: []string{"h.example", "_history"}},
	{name: "a type of a reference", in: `{"resourceType":"Observation","subject":{"reference":"Patient/1","type":"Canary77x"},"encounter":{"reference":"Encounter/1","type":"Encounter"}}`, have: []string{`"type":"Encounter"`}},
	{name: "a profile of the hospital", in: `{"resourceType":"Patient","meta":{"profile":["http://h.example/Canary77x","http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|3.1"],"source":"Canary77x","versionId":"Canary77x","security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]}}`,
		have: []string{`us-core-patient"`, `"code":"R"`}},
	{name: "a published profile by its form only", in: `{"resourceType":"Patient","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/Canary77x","http://hl7.org/fhir/us/core/StructureDefinition/us-core-Canary77x"]}}`},
	{name: "a string result", in: `{"resourceType":"Observation","valueString":"Canary77x","component":[{"valueString":"less than 1.8"},{"valueString":"617-555-0100"},{"valueString":"02139"}]}`, have: []string{"less than 1.8"}, gone: []string{"555", "02139"}},
	{name: "an answer", in: `{"resourceType":"QuestionnaireResponse","questionnaire":"http://h/Canary77x","item":[{"linkId":"Canary77x","text":"Canary77x","answer":[{"valueString":"Canary77x"},{"valueInteger":6175550100},{"valueInteger":7},{"valueUri":"Canary77x"},{"valueBoolean":true}]}]}`,
		have: []string{`"valueInteger":7`, `"valueBoolean":true`}, gone: []string{"6175550100"}},
	{name: "extensions", in: `{"resourceType":"Patient","extension":[{"url":"http://x/Canary77x","valueString":"Canary77x"},{"valueCode":"F","url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex","x":"Canary77x"},{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"text","valueString":"Canary77x"},{"url":"detailed","valueCoding":{"system":"urn:oid:2.16.840.1.113883.6.238","code":"1041-3"}},{"url":"Canary77x","valueCoding":{"code":"x"}}]}]}`,
		have: []string{`"valueCode":"F"`, "1041-3"}},
	{name: "an extension in the form of another type", in: `{"resourceType":"Patient","extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex","valueCode":"Canary77x"},{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex","valueString":"Canary77x"},{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":"Canary77x"}]}`},
	{name: "coordinates of a home and a place", in: `{"resourceType":"Location","position":{"latitude":44.123456,"longitude":-72.65},"address":{"state":"VT","district":"Canary77x","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/geolocation","extension":[{"url":"latitude","valueDecimal":44.123456}]}]}}`, have: []string{`"state":"VT"`}, gone: []string{"44.12", "72.65"}},
	{name: "a city in the place of the State", in: `{"resourceType":"Patient","address":[{"state":"Canary77x","country":"Canary77x","postalCode":"Canary77x"}]}`, have: []string{`"postalCode":"000"`}},
	{name: "attachments and their traces", in: `{"resourceType":"DocumentReference","content":[{"attachment":{"contentType":"application/Canary77x","data":"Q2FuYXJ5Nzd4","hash":"Q2FuYXJ5Nzd4","url":"Binary/Canary77x","size":48151623,"title":"Canary77x","creation":"2024-03-04"}}]}`, have: []string{`"creation":"2024"`}, gone: []string{"Q2Fu", "48151623"}},
	{name: "a binary", in: `{"resourceType":"Binary","contentType":"application/pdf","data":"Q2FuYXJ5Nzd4"}`, have: []string{"application/pdf"}, gone: []string{"Q2Fu"}},
	{name: "a signature and a query", in: `{"resourceType":"AuditEvent","recorded":"2024-03-04T05:06:07Z","agent":[{"name":"Canary77x","network":{"address":"10.1.2.3"},"requestor":true}],"entity":[{"query":"Q2FuYXJ5Nzd4"}]}`, have: []string{`"requestor":true`}, gone: []string{"10.1.2.3", "Q2Fu", "2024-03"}},
	{name: "images and their numbers", in: `{"resourceType":"ImagingStudy","identifier":[{"value":"Canary77x"}],"series":[{"uid":"1.2.840.99999999.1.24619348","instance":[{"uid":"1.2.840.99999999.1.1","sopClass":{"system":"urn:ietf:rfc:3986","code":"1.2.840.10008.5.1.4.1.1.1.1"},"title":"Canary77x"}]}]}`, have: []string{"1.2.840.10008.5.1.4.1.1.1.1"}, gone: []string{"1.2.840.99999999"}},
	{name: "dates of every grain", in: `{"resourceType":"Observation","effectiveDateTime":"2024-03","issued":"2024-03-04T05:06:07.123Z","valueTime":"05:06:07","valuePeriod":{"start":"2024-03-04","end":"Canary77x"}}`, have: []string{`"effectiveDateTime":"2024"`, `"start":"2024"`}, gone: []string{"-03", "05:06"}},
	{name: "times of a dose", in: `{"resourceType":"MedicationRequest","dosageInstruction":[{"text":"Canary77x","timing":{"event":["2024-03-04"],"repeat":{"frequency":2,"period":1,"periodUnit":"d","timeOfDay":["05:06:00"]}}}]}`, have: []string{`"frequency":2`, `"periodUnit":"d"`}, gone: []string{"05:06", "-03"}},
	{name: "what came before the age of 90", in: `{"resourceType":"Condition","onsetDateTime":"1931-04-17","recordedDate":"2024-01-01"}`, have: []string{`"recordedDate":"2024"`}, gone: []string{"1931"}},
	{name: "birth of somebody over 89 at the as-of date", in: `{"resourceType":"Patient","birthDate":"1936-06-30","gender":"male"}`, gone: []string{"1936"}},
	{name: "birth of somebody not yet 90", in: `{"resourceType":"Patient","birthDate":"1936-07-02"}`, have: []string{`"birthDate":"1936"`}},
	{name: "birth of somebody who died at 70", in: `{"resourceType":"Patient","birthDate":"1920-05-05","deceasedDateTime":"1990-06"}`, have: []string{`"birthDate":"1920"`, `"deceasedDateTime":"1990"`}},
	{name: "birth of somebody who died at 92", in: `{"deceasedDateTime":"2024-02-29T11:00:00Z","resourceType":"Patient","birthDate":"1931-04-17"}`, have: []string{`"deceasedDateTime":"2024"`}, gone: []string{"1931"}},
	{name: "birth of a relative over 89", in: `{"resourceType":"FamilyMemberHistory","bornDate":"1930","deceasedAge":{"value":93,"unit":"a"},"name":"Canary77x"}`, have: []string{`"value":90,"comparator":">="`}, gone: []string{"1930", "93"}},
	{name: "an age in months", in: `{"resourceType":"Condition","onsetAge":{"value":1092,"unit":"months","system":"http://unitsofmeasure.org","code":"mo"}}`, have: []string{`"value":90`}, gone: []string{"1092"}},
	{name: "an age of a child in months", in: `{"resourceType":"Condition","onsetAge":{"value":109,"unit":"months","system":"http://unitsofmeasure.org","code":"mo"}}`, have: []string{`"value":109`}},
	{name: "an age without a unit", in: `{"resourceType":"Condition","onsetAge":{"value":97.5}}`, have: []string{`"value":90`}, gone: []string{"97"}},
	{name: "an age of 89", in: `{"resourceType":"Condition","onsetAge":{"value":89,"unit":"a"}}`, have: []string{`"value":89,"unit":"a"`}},
	{name: "a range of ages", in: `{"resourceType":"Condition","onsetRange":{"low":{"value":91,"unit":"years"},"high":{"value":95,"unit":"years"}}}`, have: []string{`"value":90`}, gone: []string{"91", "95"}},
	{name: "an age observation as an integer", in: `{"resourceType":"Observation","valueInteger":97,"code":{"coding":[{"system":"http://loinc.org","code":"30525-0"}]}}`, have: []string{`"valueQuantity":{"value":90,"comparator":">="`}, gone: []string{"97", "valueInteger"}},
	{name: "an age observation as a string", in: `{"resourceType":"Observation","valueString":"97","code":{"coding":[{"system":"http://loinc.org","code":"30525-0"}]}}`, gone: []string{"97"}},
	{name: "an age observation without a unit", in: `{"resourceType":"Observation","valueQuantity":{"value":97},"code":{"coding":[{"code":"x"},{"system":"http://loinc.org","code":"21612-7"}]}}`, have: []string{`"value":90`}, gone: []string{"97"}},
	{name: "an age among components", in: `{"resourceType":"Observation","component":[{"code":{"coding":[{"system":"http://loinc.org","code":"30525-0"}]},"valueQuantity":{"value":1188,"unit":"mo"}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":97}}]}`, have: []string{`"value":90`, `"value":97`}, gone: []string{"1188"}},
	{name: "a number over 89 that is no age", in: `{"resourceType":"Observation","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":142,"unit":"mm[Hg]"}}`, have: []string{`"value":142`}},
	{name: "parameters", in: `{"resourceType":"Parameters","parameter":[{"name":"Canary77x","valueString":"Canary77x","valueInteger":6175550100},{"resource":{"resourceType":"Patient","gender":"male","name":[{"text":"Canary77x"}]}}]}`, have: []string{`"gender":"male"`}, gone: []string{"6175550100"}},
	{name: "a Bundle", in: `{"resourceType":"Bundle","type":"transaction","identifier":{"value":"Canary77x"},"link":[{"url":"http://h/Canary77x"}],"entry":[{"fullUrl":"http://h/Patient/Canary77x","request":{"method":"PUT","url":"Patient?identifier=Canary77x"},"resource":{"resourceType":"Patient","id":"Canary77x","gender":"male"}},{"fullUrl":"urn:uuid:Canary77x","resource":{"resourceType":"Canary77x"}}]}`,
		have: []string{`"type":"transaction"`, `"gender":"male"`, "https://deidentified.invalid/Patient/"}},
	{name: "waves", in: `{"resourceType":"Observation","valueSampledData":{"origin":{"value":0},"period":10,"dimensions":1,"data":"1 2.5 E -3 L U"},"component":[{"valueSampledData":{"origin":{"value":0},"data":"Canary77x 6175550100"}}]}`, have: []string{`"data":"1 2.5 E -3 L U"`}, gone: []string{"6175550100"}},
}

// DEI-1, issue 5 bar 1.
func TestOwnTraps(t *testing.T) {
	for _, tt := range traps {
		t.Run(tt.name, func(t *testing.T) {
			out, _ := transform(t, Job{Method: safeHarbor(t)}, tt.in)
			if !json.Valid([]byte(out)) {
				t.Fatalf("output is not JSON: %s", out)
			}
			for _, s := range tt.have {
				if !strings.Contains(out, s) {
					t.Errorf("%s should stay: %s", s, out)
				}
			}
			for _, s := range append(tt.gone, "Canary77x", "Q2FuYXJ5Nzd4") {
				if strings.Contains(out, s) {
					t.Errorf("%s should be gone: %s", s, out)
				}
			}
		})
	}
}

// A generator writes a resource with every member that R4 knows, every string of
// which is a canary.
type generator struct {
	defs *r4.Definitions
	n    int
	out  bytes.Buffer
}

func (g *generator) canary() string {
	g.n++
	return fmt.Sprintf("Canary%dx", 10000+g.n)
}

func (g *generator) object(typ, depth int) {
	s := g.defs.Types[typ]
	g.out.WriteByte('{')
	comma := false
	if s.Resource {
		fmt.Fprintf(&g.out, `"resourceType":%q`, s.Name)
		comma = true
	}
	for _, f := range g.defs.Fields[s.First : s.First+s.N] {
		if f.Type < 0 || depth == 0 && !g.primitive(f.Type) {
			continue
		}
		if comma {
			g.out.WriteByte(',')
		}
		comma = true
		fmt.Fprintf(&g.out, "%q:", f.Name)
		if g.primitive(f.Type) {
			g.leaf(g.defs.Types[f.Type].Name)
			fmt.Fprintf(&g.out, `,"_%s":{"id":%q}`, f.Name, g.canary())
			continue
		}
		g.out.WriteByte('[')
		g.object(f.Type, depth-1)
		g.out.WriteByte(']')
	}
	g.out.WriteByte('}')
}

func (g *generator) primitive(typ int) bool {
	return g.defs.Types[typ].N == 0 || g.defs.Types[typ].Name[0] >= 'a'
}

func (g *generator) leaf(name string) {
	switch name {
	case "boolean":
		g.out.WriteString("true")
	case "integer", "positiveInt", "unsignedInt", "decimal":
		g.out.WriteString("7")
	case "date", "dateTime":
		g.out.WriteString(`"2023-11-05"`)
	case "instant":
		g.out.WriteString(`"2023-11-05T01:02:03Z"`)
	case "base64Binary":
		fmt.Fprintf(&g.out, "%q", base64.StdEncoding.EncodeToString([]byte(g.canary())))
	default:
		fmt.Fprintf(&g.out, "%q", g.canary())
	}
}

// Every string at every path of every resource of R4 is an identifier: none comes
// through, under either form.
func TestEveryPath(t *testing.T) {
	d := r4.Load()
	for typ, s := range d.Types {
		if s.N > 256 {
			t.Errorf("%s has %d members, more than members can remember", s.Name, s.N)
		}
		if !s.Resource || testing.Short() && typ%16 != 0 {
			continue
		}
		g := &generator{defs: d}
		g.object(typ, 3)
		for _, m := range []method.Method{safeHarbor(t), method.LimitedDataSet(asOf)} {
			var out bytes.Buffer
			if _, err := Transform(context.Background(), Job{Method: m, Codes: book(), MaxLine: 256 << 20}, bytes.NewReader(g.out.Bytes()), &out); err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
			var v any
			if err := json.Unmarshal(out.Bytes(), &v); err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
			for _, text := range visible(t, out.Bytes()) {
				if strings.Contains(text, "Canary") {
					t.Fatalf("%s: a canary leaked: %s", s.Name, text)
				}
				if m.Dates == method.Years && fineDate.MatchString(text) {
					t.Fatalf("%s: a date leaked: %s", s.Name, text)
				}
			}
		}
	}
}

// Issue 2: bad input gets an error that names line and remedy, and no value.
func TestBadInput(t *testing.T) {
	const ok = `{"resourceType":"Patient","id":"a"}` + "\n"
	deep := strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)
	for _, tt := range []struct {
		name, in string
		line     int64
	}{
		{"not an object", ok + `["Secret77x"]`, 2},
		{"no resourceType", ok + `{"id":"Secret77x"}`, 2},
		{"resourceType is no string", ok + `{"resourceType":{"Secret77x":1}}`, 2},
		{"cut off", ok + `{"resourceType":"Patient","id":"Secret77x`, 2},
		{"cut off after a value", ok + `{"resourceType":"Patient","id":"Secret77x"`, 2},
		{"the same key twice", ok + `{"resourceType":"Patient","id":"Secret77x","id":"b"}`, 2},
		{"the same key twice, once escaped", ok + `{"resourceType":"Patient","id":"Secret77x","\u0069d":"b"}`, 2},
		{"resourceType twice", ok + `{"resourceType":"Patient","resourceType":"Observation"}`, 2},
		{"the same key twice in what is removed", ok + `{"resourceType":"Patient","name":[{"family":"Secret77x","family":"b"}]}`, 2},
		{"the same key twice in a coding", ok + `{"resourceType":"Condition","code":{"coding":[{"code":"Secret77x","code":"b"}]}}`, 2},
		{"the same unknown key twice", ok + `{"resourceType":"Patient","Secret77x":1,"Secret77x":2}`, 2},
		{"a NUL byte", ok + "{\"resourceType\":\"Patient\",\"id\":\"Secret77x\x00\"}", 2},
		{"a NUL byte after the record", ok + "{\"resourceType\":\"Patient\"}\x00", 2},
		{"a control character", ok + "{\"resourceType\":\"Patient\",\"name\":\"Secret77x\x01\"}", 2},
		{"not UTF-8", ok + "{\"resourceType\":\"Patient\",\"id\":\"Secret77x\xff\"}", 2},
		{"an unknown escape", ok + `{"resourceType":"Patient","id":"Secret77x\q"}`, 2},
		{"two records on a line", ok + `{"resourceType":"Patient"}{"resourceType":"Patient"}`, 2},
		{"a number with a leading zero", ok + `{"resourceType":"Patient","multipleBirthInteger":01}`, 2},
		{"a word that is no literal", ok + `{"resourceType":"Patient","active":Secret77x}`, 2},
		{"a missing colon", ok + `{"resourceType":"Patient","active" true}`, 2},
		{"a trailing comma", ok + `{"resourceType":"Patient","active":true,}`, 2},
		{"too deep", ok + `{"resourceType":"Patient","name":` + deep + `}`, 2},
		{"a document cut off", "{\n\"resourceType\":\"Patient\",\n\"id\":\"Secret77x\"", 3},
		{"a document with the same key twice", "{\n\"resourceType\":\"Patient\",\n\"id\":\"Secret77x\",\n\"id\":1}", 4},
		{"a Bundle with the same key twice", "{\n\"resourceType\":\"Bundle\",\n\"type\":\"batch\",\n\"type\":\"batch\"}", 4},
		{"a Bundle with a bad entry", "{\n\"resourceType\":\"Bundle\",\n\"entry\":[\n{\"resource\":{\"resourceType\":\"Patient\",\n\"id\":Secret77x}}]}", 5},
	} {
		var out bytes.Buffer
		_, err := Transform(context.Background(), Job{Method: safeHarbor(t), Codes: book()}, strings.NewReader(tt.in), &out)
		var flaw *input.Error
		switch {
		case !errors.As(err, &flaw):
			t.Errorf("%s: err = %v, want an input.Error", tt.name, err)
		case flaw.Line != tt.line:
			t.Errorf("%s: at line %d, want %d (%v)", tt.name, flaw.Line, tt.line, err)
		case flaw.Remedy == "" || strings.Contains(err.Error(), "Secret77x"):
			t.Errorf("%s: %v: want a remedy and no value", tt.name, err)
		}
	}
}

// A Bundle and a resource written over lines are read like NDJSON.
func TestDocuments(t *testing.T) {
	const patient = `{"resourceType":"Patient","id":"p","gender":"male","name":[{"family":"Roe"}]}`
	const visit = `{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/p"},"status":"finished"}`
	var pretty, bundle bytes.Buffer
	if err := json.Indent(&pretty, []byte(patient), "", "  "); err != nil {
		t.Fatal(err)
	}
	if err := json.Indent(&bundle, []byte(`{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://h/Patient/p","resource":`+patient+`},{"resource":{"resourceType":"X"}},{"resource":`+visit+`}],"total":2}`), "", "  "); err != nil {
		t.Fatal(err)
	}
	out, res := transform(t, Job{Method: safeHarbor(t)}, "\ufeff"+pretty.String())
	if res.In != 1 || res.Out != 1 || !strings.Contains(out, `"gender":"male"`) || strings.Contains(out, "Roe") {
		t.Errorf("a pretty resource: %+v, %s", res, out)
	}
	out, res = transform(t, Job{Method: safeHarbor(t)}, bundle.String())
	if res.In != 3 || res.Out != 2 || strings.Contains(out, "Roe") {
		t.Errorf("a pretty Bundle: %+v, %s", res, out)
	}
	var got struct {
		ResourceType, Type string
		Total              int
		Entry              []struct {
			FullURL  string
			Resource struct {
				ResourceType, ID string
				Subject          struct{ Reference string }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got.ResourceType != "Bundle" || got.Type != "collection" || got.Total != 2 || len(got.Entry) != 2 {
		t.Fatalf("Bundle out: %s", out)
	}
	id := got.Entry[0].Resource.ID
	if got.Entry[1].Resource.Subject.Reference != "Patient/"+id || !strings.HasSuffix(got.Entry[0].FullURL, "/Patient/"+id) {
		t.Errorf("the references of the Bundle do not resolve: %s", out)
	}
	if out, res := transform(t, Job{Method: safeHarbor(t), Filter: Filter{Patients: func(id []byte) bool { return false }}}, bundle.String()); res.Filtered != 2 || strings.Contains(out, "entry") {
		t.Errorf("no patients wanted: %+v, %s", res, out)
	}
	// One long line: a Bundle far over the limit for records, whose entries are not.
	var long strings.Builder
	long.WriteString(`{"resourceType":"Bundle","type":"collection","entry":[`)
	for i := range 2000 {
		if i > 0 {
			long.WriteByte(',')
		}
		fmt.Fprintf(&long, `{"resource":{"resourceType":"Patient","id":"p%d","gender":"male"}}`, i)
	}
	long.WriteString("]}")
	if _, res := transform(t, Job{Method: safeHarbor(t), MaxLine: 1000}, long.String()); res.Out != 2000 {
		t.Errorf("%d of 2000 entries of a long line", res.Out)
	}
}

// An unknown resource type is removed and counted, and its name is not repeated.
func TestUnknownResource(t *testing.T) {
	out, res := transform(t, Job{Method: safeHarbor(t)}, `{"resourceType":"Canary77x","id":"x"}`+"\n"+`{"resourceType":"Patient","id":"x"}`)
	if res.In != 2 || res.Out != 1 || strings.Contains(out, "Canary77x") {
		t.Errorf("%+v, %s", res, out)
	}
	if res.Sheet["(unknown resource type)"][tally.Unknown] != 1 {
		t.Errorf("counts %v", res.Sheet)
	}
	for place := range res.Sheet {
		if strings.Contains(place, "Canary") {
			t.Errorf("the tally repeats a name of the input: %s", place)
		}
	}
}

// Whatever comes in, what goes out is JSON, holds no canary, and what is accepted is
// JSON too; the same input gives the same output.
func FuzzTransform(f *testing.F) {
	for _, tt := range traps {
		f.Add([]byte(tt.in))
	}
	f.Add([]byte("{\n\"resourceType\":\"Bundle\",\"entry\":[{}]}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		job := func() Job { return Job{Method: safeHarbor(t), Codes: book(), MaxLine: 1 << 16} }
		var out bytes.Buffer
		if _, err := Transform(context.Background(), job(), bytes.NewReader(in), &out); err != nil {
			if strings.Contains(err.Error(), "Canary") {
				t.Errorf("the error repeats the input: %v", err)
			}
			return
		}
		d := json.NewDecoder(bytes.NewReader(out.Bytes()))
		for d.More() {
			var v map[string]any
			if err := d.Decode(&v); err != nil {
				t.Fatalf("output is not JSON: %v: %s", err, out.Bytes())
			}
		}
		if bytes.Contains(out.Bytes(), []byte("Canary77")) {
			t.Errorf("a canary leaked: %s", out.Bytes())
		}
		for line := range bytes.Lines(bytes.TrimPrefix(in, []byte("\ufeff"))) {
			if document, _ := scan.Form(in); !document && len(bytes.TrimSpace(line)) > 0 && !json.Valid(line) {
				t.Errorf("a line that is not JSON was accepted: %q", line)
			}
		}
		var again bytes.Buffer
		if _, err := Transform(context.Background(), job(), bytes.NewReader(in), &again); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
			t.Error("a second run gave another result")
		}
	})
}
