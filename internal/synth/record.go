package synth

import (
	"encoding/base64"
	"strconv"
	"time"

	"chaperone.example/internal/synth/chance"
	"chaperone.example/internal/synth/cohort"
)

// stay writes the resources of an encounter. Those of a Part 2 program say so in
// meta.security and in who provided the service.
func (b *bundle) stay(p *cohort.Person, s *cohort.Stay, m cohort.Membership, first bool, d *chance.Draw) {
	security := list{}
	if s.Program {
		security = list{object{"system", actCode, "code", "42CFRPart2", "display", "42 CFR Part2"}, object{"system", hl7 + "v3-Confidentiality", "code", "R", "display", "restricted"}}
	}
	b.encounter(s, m, security)
	on := s.Admit.Format("2006-01-02")
	for i, x := range s.Diagnoses {
		b.condition(s.Key+"-dx"+strconv.Itoa(i+1), m, s, x.Code, "encounter-diagnosis", on, security)
	}
	for i, x := range s.Procedures {
		b.add(object{"resourceType", "Procedure", "id", s.Key + "-pr" + strconv.Itoa(i+1), "meta", object{"security", security}, "status", "completed",
			"code", concept(icd10pcs, x.Code, cohort.Title(x.Code)), "subject", ref("Patient", m.ID), "encounter", ref("Encounter", s.Key),
			"performedDateTime", x.Date.Format("2006-01-02")})
	}
	b.observations(p, s, m, security, d)
	b.medications(p, s, m, first, security, d)
	if first && d.Yes(.6) {
		code, name := "140", "Influenza, seasonal, injectable, preservative free"
		switch {
		case p.Traits&cohort.Born != 0:
			code, name = "08", "Hep B, adolescent or pediatric"
		case p.Traits&cohort.Mother != 0:
			code, name = "115", "Tdap"
		}
		b.add(object{"resourceType", "Immunization", "id", s.Key + "-imm", "status", "completed", "vaccineCode", concept("http://hl7.org/fhir/sid/cvx", code, name),
			"patient", ref("Patient", m.ID), "encounter", ref("Encounter", s.Key), "occurrenceDateTime", s.Admit.Format(timestamp), "primarySource", true,
			"lotNumber", "LOT" + strconv.Itoa(d.Between(1000, 9999))})
	}
	if wantsNote(s, d) {
		b.document(p, s, m, security, d)
	}
	b.claim(p.Payer(p.AgeAt(b.world.Start)), s, m, security)
}

func (b *bundle) encounter(s *cohort.Stay, m cohort.Membership, security list) {
	h := b.hospital
	class, className := actClass(s.Class)
	provider := h.Slug
	if s.Program {
		provider = b.programID()
	}
	diagnoses := make(list, len(s.Diagnoses))
	role := "DD" // discharge diagnosis; the others are comorbidities
	for i := range s.Diagnoses {
		diagnoses[i] = object{"condition", ref("Condition", s.Key+"-dx"+strconv.Itoa(i+1)), "use", term("diagnosis-role", role), "rank", i + 1}
		role = "CM"
	}
	admitSource := raw("")
	switch {
	case s.Category == 15 && s.Class == 'I':
		admitSource = term("admit-source", "born")
	case s.Origin == "4":
		admitSource = term("admit-source", "hosp-trans")
	case !s.EDArrival.IsZero():
		admitSource = term("admit-source", "emd")
	}
	b.add(object{"resourceType", "Encounter", "id", s.Key, "meta", object{"security", security},
		"identifier", list{object{"system", memberSystem + h.Slug + "/encounter", "value", s.Key}}, "status", "finished", "class", coding(actCode, class, className),
		"type", list{object{"text", s.Why}}, "subject", ref("Patient", m.ID),
		"participant", list{object{"individual", ref("Practitioner", h.Staff[s.Staff].ID)}},
		"period", object{"start", s.Admit.Format(timestamp), "end", s.Discharge.Format(timestamp)},
		"length", object{"value", s.Days, "unit", "day", "system", ucum, "code", "d"},
		"diagnosis", diagnoses,
		"hospitalization", object{"admitSource", admitSource, "dischargeDisposition", term("discharge-disposition", dispositionCode(s.Disposition))},
		"location", list{object{"location", ref("Location", h.Slug+"-"+h.Units[s.Ward].ID)}},
		"serviceProvider", ref("Organization", provider)})
}

// actClass returns the code and name of HL7's ActCode for a class of encounter.
func actClass(class byte) (code, name string) {
	switch class {
	case 'I':
		return "IMP", "inpatient encounter"
	case 'E':
		return "EMER", "emergency"
	case 'B':
		return "OBSENC", "observation encounter"
	}
	return "AMB", "ambulatory"
}

// dispositionCode returns HL7's discharge disposition for a UB-04 status.
func dispositionCode(status string) string {
	switch status {
	case "02":
		return "other-hcf"
	case "03":
		return "snf"
	case "07":
		return "aadvice"
	case "20":
		return "exp"
	case "50", "51":
		return "hosp"
	case "62":
		return "rehab"
	}
	return "home"
}

// condition writes a diagnosis: of a stay, or on the problem list if s is nil.
func (b *bundle) condition(id string, m cohort.Membership, s *cohort.Stay, code, category, onset string, security list) {
	encounter := raw("")
	if s != nil {
		encounter = ref("Encounter", s.Key)
	}
	b.add(object{"resourceType", "Condition", "id", id, "meta", object{"security", security}, "clinicalStatus", term("condition-clinical", "active"),
		"verificationStatus", term("condition-ver-status", "confirmed"), "category", list{term("condition-category", category)},
		"code", concept(icd10cm, cohort.Dotted(code), cohort.Title(code)), "subject", ref("Patient", m.ID), "encounter", encounter, "onsetDateTime", onset})
}

// A lab is a result that is drawn around a usual value.
type lab struct {
	code, name, unit string // LOINC, UCUM
	low, high        int    // in the last digit
	digits           int
}

var (
	vitals = []lab{{"8867-4", "Heart rate", "/min", 58, 104, 0}, {"8310-5", "Body temperature", "Cel", 361, 384, 1}, {"2708-6", "Oxygen saturation in arterial blood", "%", 90, 99, 0}}
	blood  = []lab{{"2160-0", "Creatinine", "mg/dL", 60, 190, 2}, {"718-7", "Hemoglobin", "g/dL", 92, 154, 1}, {"2951-2", "Sodium", "mmol/L", 129, 145, 0},
		{"2823-3", "Potassium", "mmol/L", 33, 52, 1}, {"6690-2", "Leukocytes", "10*3/uL", 42, 168, 1}}
	sugar = lab{"4548-4", "Hemoglobin A1c", "%", 58, 108, 1}
	viral = lab{"20447-9", "HIV 1 RNA [copies/volume] in plasma", "{copies}/mL", 20, 9800, 0}
)

func (b *bundle) observations(p *cohort.Person, s *cohort.Stay, m cohort.Membership, security list, d *chance.Draw) {
	n := 0
	observe := func(category, code, name string, rest ...any) {
		n++
		b.add(append(object{"resourceType", "Observation", "id", s.Key + "-obs" + strconv.Itoa(n), "meta", object{"security", security}, "status", "final",
			"category", list{term("observation-category", category)}, "code", concept(loinc, code, name), "subject", ref("Patient", m.ID),
			"encounter", ref("Encounter", s.Key), "effectiveDateTime", s.Admit.Add(40 * time.Minute).Format(timestamp)}, rest...))
	}
	measure := func(category string, l lab) {
		observe(category, l.code, l.name, "valueQuantity", quantity(fixed(d.Between(l.low, l.high), l.digits), l.unit))
	}
	systolic := d.Between(98, 172)
	part := func(code, name string, v int) object {
		return object{"code", concept(loinc, code, name), "valueQuantity", quantity(strconv.Itoa(v), "mm[Hg]")}
	}
	observe("vital-signs", "85354-9", "Blood pressure panel", "component", list{part("8480-6", "Systolic blood pressure", systolic),
		part("8462-4", "Diastolic blood pressure", systolic*6/10)})
	if s.Class != 'O' {
		for _, v := range vitals {
			measure("vital-signs", v)
		}
	}
	if s.Class == 'I' || s.Class == 'B' {
		for _, l := range blood {
			measure("laboratory", l)
		}
		observe("survey", "30525-0", "Age", "valueQuantity", quantity(strconv.Itoa(p.AgeAt(s.Admit)), "a"))
	}
	if s.Has("E11") {
		measure("laboratory", sugar)
	}
	if s.Has("B20") {
		measure("laboratory", viral)
	}
	if s.Program {
		result := chance.Pick(d, []string{"Not detected", "Detected"})
		observe("laboratory", "19295-5", "Opiates [Presence] in urine by screen method", "valueCodeableConcept", object{"text", result})
	}
	if s.Obstetric {
		observe("exam", "18185-9", "Gestational age", "valueQuantity", quantity(strconv.Itoa(s.Weeks), "wk"))
		observe("exam", "11977-6", "[#] Parity", "valueInteger", s.Parity)
		observe("exam", "11996-6", "[#] Pregnancies", "valueInteger", s.Gravida)
	}
}

func quantity(value, unit string) raw {
	return raw(`{"value":` + value + `,"unit":"` + unit + `","system":"` + ucum + `","code":"` + unit + `"}`)
}

// fixed writes n with a number of its digits after the point.
func fixed(n, digits int) string {
	s := strconv.Itoa(n)
	for len(s) <= digits {
		s = "0" + s
	}
	if digits == 0 {
		return s
	}
	return s[:len(s)-digits] + "." + s[len(s)-digits:]
}

// drugs are given for a diagnosis, by prefix. RxNorm codes name the product.
var drugs = []struct{ diagnosis, code, name string }{
	{"I1", "314076", "lisinopril 10 MG Oral Tablet"}, {"E11", "860975", "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet"},
	{"E785", "312961", "simvastatin 20 MG Oral Tablet"}, {"I50", "313988", "furosemide 40 MG Oral Tablet"}, {"I21", "309362", "clopidogrel 75 MG Oral Tablet"},
	{"I48", "855332", "warfarin sodium 5 MG Oral Tablet"}, {"I2510", "243670", "aspirin 81 MG Oral Tablet"}, {"J4", "245314", "albuterol 5 MG/ML Inhalation Solution"},
}

func (b *bundle) medications(p *cohort.Person, s *cohort.Stay, m cohort.Membership, first bool, security list, d *chance.Draw) {
	n := 0
	order := func(medication any) {
		n++
		b.add(object{"resourceType", "MedicationRequest", "id", s.Key + "-rx" + strconv.Itoa(n), "meta", object{"security", security}, "status", "active", "intent", "order",
			"medicationCodeableConcept", medication, "subject", ref("Patient", m.ID), "encounter", ref("Encounter", s.Key),
			"authoredOn", s.Admit.Format(timestamp), "requester", ref("Practitioner", b.hospital.Staff[s.Staff].ID),
			"dosageInstruction", list{object{"text", chance.Pick(d, []string{"once daily", "twice daily", "once daily at bedtime"})}}})
	}
	if s.Program {
		order(object{"coding", list{coding(rxnorm, "6813", "methadone")}, "text", "methadone, observed daily dose"})
		return
	}
	if !first && s.Class != 'I' {
		return
	}
	for _, drug := range drugs {
		if s.Has(drug.diagnosis) {
			order(concept(rxnorm, drug.code, drug.name))
		}
	}
}

// document writes the note as a DocumentReference and as a line of notes.jsonl.
func (b *bundle) document(p *cohort.Person, s *cohort.Stay, m cohort.Membership, security list, d *chance.Draw) {
	n := write(b.hospital, p, s, m, d)
	if s.Therapy {
		security = list{object{"system", actCode, "code", "PSYTHPN", "display", "psychotherapy note information sensitivity"}}
	}
	b.add(object{"resourceType", "DocumentReference", "id", n.id, "meta", object{"security", security}, "status", "current",
		"type", object{"coding", list{object{"system", loinc, "code", n.loinc}}, "text", n.kind}, "subject", ref("Patient", m.ID),
		"date", s.Discharge.Format(timestamp), "author", list{ref("Practitioner", b.hospital.Staff[s.Staff].ID)},
		"content", list{object{"attachment", object{"contentType", "text/plain; charset=utf-8", "data", base64.StdEncoding.EncodeToString([]byte(n.text.String()))}}},
		"context", object{"encounter", list{ref("Encounter", s.Key)}}})
	b.lines = append(appendJSON(b.lines, n.json(m.ID, s.Key)), '\n')
	b.written++
}

func (b *bundle) claim(payer int, s *cohort.Stay, m cohort.Membership, security list) {
	diagnoses := make(list, 0, 3)
	for i := range min(3, len(s.Diagnoses)) {
		diagnoses = append(diagnoses, object{"sequence", i + 1, "diagnosisReference", ref("Condition", s.Key+"-dx"+strconv.Itoa(i+1))})
	}
	common := object{"meta", object{"security", security}, "status", "active", "type", term("claim-type", "institutional"), "use", "claim", "patient", ref("Patient", m.ID),
		"billablePeriod", object{"start", s.Admit.Format(timestamp), "end", s.Discharge.Format(timestamp)}, "created", s.Discharge.Format(timestamp)}
	service := any(object{"text", s.Why})
	if s.Program {
		service = concept("http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "H0020", "Methadone administration and service")
	}
	b.add(append(append(object{"resourceType", "Claim", "id", s.Key + "-claim"}, common...), "provider", ref("Organization", b.hospital.Slug), "priority", term("processpriority", "normal"),
		"diagnosis", diagnoses, "insurance", list{object{"sequence", 1, "focal", true, "coverage", ref("Coverage", coverageID(m))}},
		"item", list{object{"sequence", 1, "productOrService", service, "encounter", list{ref("Encounter", s.Key)}, "net", dollars(s.Charges)}}, "total", dollars(s.Charges)))
	if s.Class != 'I' {
		return
	}
	b.add(append(append(object{"resourceType", "ExplanationOfBenefit", "id", s.Key + "-eob"}, common...), "insurer", ref("Organization", payerID(payer)), "provider", ref("Organization", b.hospital.Slug),
		"claim", ref("Claim", s.Key+"-claim"), "outcome", "complete", "insurance", list{object{"focal", true, "coverage", ref("Coverage", coverageID(m))}},
		"total", list{object{"category", term("adjudication", "submitted"), "amount", dollars(s.Charges)}, object{"category", term("adjudication", "benefit"), "amount", dollars(s.Cost)}}))
}
