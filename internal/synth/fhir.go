package synth

import (
	"io"
	"strconv"
	"strings"

	"chaperone.example/internal/synth/chance"
	"chaperone.example/internal/synth/cohort"
)

// The code systems of the resources.
const (
	actCode      = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	hl7          = "http://terminology.hl7.org/CodeSystem/"
	icd10cm      = "http://hl7.org/fhir/sid/icd-10-cm"
	icd10pcs     = "http://www.cms.gov/Medicare/Coding/ICD10"
	loinc        = "http://loinc.org"
	rxnorm       = "http://www.nlm.nih.gov/research/umls/rxnorm"
	ucum         = "http://unitsofmeasure.org"
	core         = "http://hl7.org/fhir/us/core/StructureDefinition/"
	tokenSystem  = "https://chaperone.example/id/patient-token"
	memberSystem = "https://chaperone.example/id/"
)

// A bundle writes the FHIR export of a hospital and, since they hold the same text,
// its notes.
type bundle struct {
	out, notes io.Writer
	world      *cohort.World
	hospital   *cohort.Hospital
	buf, lines []byte
	resources  int
	written    int // notes
}

func (b *bundle) add(o object) {
	b.buf = append(appendJSON(b.buf, o), '\n')
	b.resources++
}

func (b *bundle) flush() error {
	if _, err := b.out.Write(b.buf); err != nil {
		return err
	}
	if _, err := b.notes.Write(b.lines); err != nil {
		return err
	}
	b.buf, b.lines = b.buf[:0], b.lines[:0]
	return nil
}

func coding(system, code, display string) raw {
	buf := appendString(append(make([]byte, 0, 192), `{"system":"`+system+`","code":"`+code+`","display":`...), display)
	return raw(append(buf, '}'))
}

func concept(system, code, display string) raw {
	buf := append(make([]byte, 0, 256), `{"coding":[`...)
	buf = append(append(buf, coding(system, code, display)...), `],"text":`...)
	return raw(append(appendString(buf, display), '}'))
}

// term is a code of one of HL7's own systems.
func term(system, code string) raw {
	return raw(`{"coding":[{"system":"` + hl7 + system + `","code":"` + code + `"}]}`)
}

// ref refers to a resource of the file. Ids are of hexadecimal digits, letters and hyphens.
func ref(kind, id string) raw { return raw(`{"reference":"` + kind + "/" + id + `"}`) }

// narrative is the human-readable part; s is put where XML wants it escaped.
func narrative(s string) object {
	s = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
	return object{"status", "generated", "div", `<div xmlns="http://www.w3.org/1999/xhtml">` + s + "</div>"}
}

func dollars(cents int64) object {
	return object{"value", raw(appendCents(nil, cents)), "currency", "USD"}
}

func (b *bundle) programID() string { return b.hospital.Slug + "-otp" }

var payers = []string{"", "Medicare", "Medicaid", "Private insurance", "Self-pay", "No charge", "Other payer"}

func payerID(payer int) string { return "payer-" + strconv.Itoa(payer) }

// house writes what belongs to the hospital: the organization, its opioid treatment
// program, the payers, the units and the practitioners.
func (b *bundle) house() error {
	h := b.hospital
	seat := h.Region.Towns[0]
	address := object{"line", list{"1 Hospital Drive"}, "city", seat.City, "state", seat.State, "postalCode", seat.ZIP, "country", "US"}
	organization := func(id, name, kind, text string) object {
		return object{"resourceType", "Organization", "id", id, "identifier", list{object{"system", memberSystem + "hospital", "value", id}}, "active", true,
			"type", list{object{"coding", list{object{"system", hl7 + "organization-type", "code", kind}}, "text", text}}, "name", name}
	}
	b.add(append(organization(h.Slug, h.Name, "prov", "Hospital"),
		"telecom", list{object{"system", "phone", "value", "800-555-01" + strconv.Itoa(10+h.Index%90)}}, "address", list{address}))
	if h.Program {
		b.add(append(organization(b.programID(), h.Name+", Opioid Treatment Program", "prov", "Opioid treatment program (42 CFR Part 2 program)"), "partOf", ref("Organization", h.Slug)))
	}
	for i, name := range payers {
		if i > 0 {
			b.add(organization(payerID(i), name, "pay", "Payer"))
		}
	}
	for _, u := range h.Units {
		b.add(object{"resourceType", "Location", "id", h.Slug + "-" + u.ID, "status", "active", "name", u.Name,
			"type", list{object{"coding", list{object{"system", "https://www.cdc.gov/nhsn/cdaportal/terminology/codesystem/hsloc.html", "code", u.Kind}}}},
			"address", address, "managingOrganization", ref("Organization", h.Slug)})
	}
	for _, s := range h.Staff {
		b.add(object{"resourceType", "Practitioner", "id", s.ID, "identifier", list{object{"system", "http://hl7.org/fhir/sid/us-npi", "value", s.NPI}},
			"active", true, "name", list{object{"family", s.Family, "given", list{s.Given}, "prefix", list{"Dr."}}}})
	}
	return b.flush()
}

// patient writes a patient's resources and notes.
func (b *bundle) patient(p *cohort.Person) error {
	m, _ := p.At(b.hospital.Index)
	d := chance.New(b.world.Config.Seed, chance.ForRecord, uint64(p.Ordinal*b.world.Config.Hospitals+b.hospital.Index))
	b.demographics(p, m, d)
	b.coverage(p, m)
	b.problems(p, m, d)
	first := true
	for i := range p.Stays {
		if s := &p.Stays[i]; s.Hospital == b.hospital.Index {
			b.stay(p, s, m, first, d)
			first = false
		}
	}
	return b.flush()
}

func (b *bundle) demographics(p *cohort.Person, m cohort.Membership, d *chance.Draw) {
	identifier := func(kind, text, system, value string) object {
		if value == "" {
			return nil
		}
		return object{"type", object{"coding", list{coding(hl7+"v2-0203", kind, text)}, "text", text}, "system", system, "value", value}
	}
	token := object(nil)
	if p.Token != "" {
		token = object{"system", tokenSystem, "value", p.Token}
	}
	age := p.AgeAt(b.world.Start)
	mbi, licence := "", ""
	if p.Payer(age) == 1 {
		mbi = p.Plan
	}
	if age >= 18 {
		licence = p.Licence
	}
	gender := "female"
	if p.Male {
		gender = "male"
	}
	language := coding("urn:ietf:bcp:47", "en-US", "English")
	if p.Spanish {
		language = coding("urn:ietf:bcp:47", "es", "Spanish")
	}
	marital := "S"
	if p.Married {
		marital = "M"
	}
	o := object{"resourceType", "Patient", "id", m.ID, "meta", object{"profile", list{core + "us-core-patient"}},
		"text", narrative(p.Given + " " + p.Family + ", born " + p.Birth.Format("2006-01-02") + ", " + p.Street + ", " + p.Town.City + ", tel " + p.Phone),
		"extension", append(raceExtensions(p), object{"url", core + "us-core-birthsex", "valueCode", p.Sex()}),
		"identifier", list{
			identifier("MR", "Medical Record Number", memberSystem+b.hospital.Slug+"/mrn", m.MRN),
			identifier("SS", "Social Security Number", "http://hl7.org/fhir/sid/us-ssn", p.SSN),
			identifier("DL", "Driver's License", "urn:oid:2.16.840.1.113883.4.3.25", licence),
			identifier("MC", "Patient's Medicare Number", "http://hl7.org/fhir/sid/us-mbi", mbi),
			token,
		},
		"active", true,
		"name", list{object{"use", "official", "text", p.Given + " " + p.Family, "family", p.Family, "given", list{p.Given, p.Middle}}},
		"telecom", list{object{"system", "phone", "value", p.Phone, "use", "home"}, object{"system", "email", "value", p.Email},
			object{"system", "url", "value", p.Portal}},
		"gender", gender, "birthDate", p.Birth.Format("2006-01-02")}
	if !p.Death.IsZero() {
		o = append(o, "deceasedDateTime", p.Death.Format("2006-01-02"))
	}
	o = append(o,
		"address", list{object{"extension", list{object{"url", "http://hl7.org/fhir/StructureDefinition/geolocation", "extension", list{
			object{"url", "latitude", "valueDecimal", raw(p.Town.Latitude + strconv.Itoa(d.Between(1000, 9999)))},
			object{"url", "longitude", "valueDecimal", raw(p.Town.Longitude + strconv.Itoa(d.Between(1000, 9999)))}}}},
			"use", "home", "line", list{p.Street}, "city", p.Town.City, "district", p.Town.County, "state", p.Town.State, "postalCode", p.Town.ZIP, "country", "US"}},
		"maritalStatus", term("v3-MaritalStatus", marital),
		"contact", list{object{"relationship", list{object{"text", p.Contact.Relation}}, "name", object{"family", p.Contact.Family, "given", list{p.Contact.Given}},
			"telecom", list{object{"system", "phone", "value", p.Contact.Phone}}}},
		"communication", list{object{"language", object{"coding", list{language}}}},
		"managingOrganization", ref("Organization", b.hospital.Slug))
	b.add(o)
}

// raceExtensions are US Core's: race and ethnicity are two questions there.
func raceExtensions(p *cohort.Person) list {
	const omb = "urn:oid:2.16.840.1.113883.6.238"
	answer := func(url, code, name string) object {
		o := object{"url", core + url, "extension", list{
			object{"url", "ombCategory", "valueCoding", coding(omb, code, name)}, object{"url", "text", "valueString", name}}}
		if code == "" {
			o[3] = o[3].(list)[1:]
		}
		return o
	}
	switch p.Race.Code {
	case "2135-2":
		return list{answer("us-core-ethnicity", p.Race.Code, p.Race.Name)}
	case "2131-1":
		return list{answer("us-core-race", "", p.Race.Name)}
	}
	return list{answer("us-core-race", p.Race.Code, p.Race.Name), answer("us-core-ethnicity", "2186-5", "Not Hispanic or Latino")}
}

func (b *bundle) coverage(p *cohort.Person, m cohort.Membership) {
	payer := p.Payer(p.AgeAt(b.world.Start))
	b.add(object{"resourceType", "Coverage", "id", coverageID(m), "status", "active", "subscriberId", p.Plan, "beneficiary", ref("Patient", m.ID),
		"relationship", term("subscriber-relationship", "self"), "payor", list{ref("Organization", payerID(payer))}})
}

func coverageID(m cohort.Membership) string { return "coverage-" + m.ID }

// problems writes what a patient carries from visit to visit: the problem list,
// allergies, immunizations.
func (b *bundle) problems(p *cohort.Person, m cohort.Membership, d *chance.Draw) {
	for i, c := range p.Chronic {
		b.condition("problem-"+m.ID+"-"+strconv.Itoa(i+1), m, nil, c.Code, "problem-list-item", p.Birth.AddDate(min(p.AgeAt(b.world.Start), d.Between(30, 60)), d.Below(12), d.Below(28)).Format("2006-01-02"), nil)
	}
	if d.Yes(.25) {
		drug := chance.Pick(d, []raw{concept(rxnorm, "7980", "penicillin G"), concept(rxnorm, "10180", "sulfamethoxazole")})
		b.add(object{"resourceType", "AllergyIntolerance", "id", "allergy-" + m.ID, "clinicalStatus", term("allergyintolerance-clinical", "active"),
			"verificationStatus", term("allergyintolerance-verification", "confirmed"), "type", "allergy", "category", list{"medication"},
			"code", drug, "patient", ref("Patient", m.ID)})
	}
}
