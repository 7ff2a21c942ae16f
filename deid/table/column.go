package table

import (
	"bytes"
	"strings"

	"chaperone.example/deid/day"
	"chaperone.example/deid/zip3"
	"chaperone.example/phi"
)

// A Treatment is what is done to the values of a column.
type Treatment string

const (
	Remove    Treatment = "remove"     // the column goes
	BirthDate Treatment = "birth date" // a date, unless it tells of an age over 89
	Date      Treatment = "date"
	Age       Treatment = "age"      // whole years
	AgeDays   Treatment = "age-days" // whole days, of children under one
	ZIP       Treatment = "zip"
	City      Treatment = "city"
	State     Treatment = "state"
	Token     Treatment = "token"    // a key: recoded
	Code      Treatment = "code"     // a diagnosis or procedure code
	Number    Treatment = "number"   // an amount, count or measurement, or a word for none
	Category  Treatment = "category" // a short word or code
	Scrub     Treatment = "scrub"    // a note, of which what identifies is replaced; only where the method scrubs
)

// A Column says what a column is.
type Column struct {
	Name      string // as in the header
	Element   string // ID of the phi element it stands for; "" if none is known
	Treatment Treatment
	Guessed   bool // suggested by the values, not known by the name: to be confirmed
}

// names lists names of columns, in lower case without signs, that stand for elements
// beyond those of the encounter extract.
var names = map[string]string{
	"mrn": "patient.mrn", "medicalrecordnumber": "patient.mrn", "patientid": "patient.mrn", "patid": "patient.mrn", "pid": "patient.mrn",
	"name": "patient.name", "patientname": "patient.name", "firstname": "patient.name", "lastname": "patient.name", "middlename": "patient.name",
	"fname": "patient.name", "lname": "patient.name", "maidenname": "patient.name", "givenname": "patient.name", "familyname": "patient.name", "surname": "patient.name",
	"ssn": "patient.ssn", "socialsecuritynumber": "patient.ssn", "socialsecurity": "patient.ssn",
	"dob": "patient.birth-date", "birthdate": "patient.birth-date", "dateofbirth": "patient.birth-date", "birth": "patient.birth-date",
	"death": "patient.death-date", "dod": "patient.death-date", "deathdate": "patient.death-date", "dateofdeath": "patient.death-date", "deceased": "patient.death-date", "deceaseddate": "patient.death-date",
	"age": "patient.age", "ageyears": "patient.age", "ageatadmission": "patient.age",
	"sex": "patient.sex", "gender": "patient.sex", "race": "patient.race-ethnicity", "ethnicity": "patient.race-ethnicity", "raceethnicity": "patient.race-ethnicity",
	"language": "patient.language", "maritalstatus": "patient.marital-status",
	"street": "patient.street", "address": "patient.street", "address1": "patient.street", "address2": "patient.street", "addressline": "patient.street", "streetaddress": "patient.street",
	"city": "patient.city", "town": "patient.city", "county": "patient.county", "state": "patient.state", "zip": "patient.zip", "zipcode": "patient.zip", "postalcode": "patient.zip",
	"latitude": "patient.coordinates", "longitude": "patient.coordinates", "lat": "patient.coordinates", "lon": "patient.coordinates", "lng": "patient.coordinates", "geocode": "patient.coordinates", "censustract": "patient.coordinates",
	"phone": "patient.telephone", "telephone": "patient.telephone", "mobile": "patient.telephone", "cell": "patient.telephone", "homephone": "patient.telephone", "workphone": "patient.telephone", "phonenumber": "patient.telephone",
	"fax": "patient.fax", "email": "patient.email", "emailaddress": "patient.email",
	"planid": "patient.plan-number", "plannumber": "patient.plan-number", "memberid": "patient.plan-number", "subscriberid": "patient.plan-number", "mbi": "patient.plan-number", "insuranceid": "patient.plan-number", "policynumber": "patient.plan-number", "medicaidid": "patient.plan-number",
	"acct": "patient.account", "account": "patient.account", "accountnumber": "patient.account", "acctno": "patient.account", "creditcard": "patient.account",
	"license": "patient.licence", "licence": "patient.licence", "licensenumber": "patient.licence", "driverslicense": "patient.licence", "certificate": "patient.licence", "passport": "patient.licence",
	"plate": "patient.vehicle", "licenseplate": "patient.vehicle", "vin": "patient.vehicle", "vehicle": "patient.vehicle",
	"device": "patient.device", "devicesn": "patient.device", "deviceid": "patient.device", "serial": "patient.device", "serialnumber": "patient.device", "udi": "patient.device",
	"url": "patient.url", "website": "patient.url", "ip": "patient.ip-address", "ipaddress": "patient.ip-address",
	"fingerprint": "patient.biometric", "voiceprint": "patient.biometric", "photo": "patient.photograph", "photograph": "patient.photograph",
	"nextofkin": "patient.contact-person", "emergencycontact": "patient.contact-person", "guarantor": "patient.contact-person", "spouse": "patient.contact-person", "employer": "patient.contact-person", "mothersmaidenname": "patient.contact-person",
	"comment": "clinical.note", "comments": "clinical.note", "note": "clinical.note", "notes": "clinical.note", "remarks": "clinical.note", "freetext": "clinical.note", "narrative": "clinical.note", "text": "clinical.note", "chiefcomplaint": "clinical.note",
	"admit": "encounter.admit-date", "admitdate": "encounter.admit-date", "admission": "encounter.admit-date", "admissiondate": "encounter.admit-date",
	"discharge": "encounter.discharge-date", "dischargedate": "encounter.discharge-date",
	"servicedate": "clinical.other-date", "dateofservice": "clinical.other-date", "dos": "clinical.other-date", "visitdate": "clinical.other-date",
	"encounterid": "encounter.key", "visitid": "encounter.key", "patienttoken": "patient.token",
	"diagnosis": "encounter.diagnosis", "icd10": "encounter.diagnosis", "principaldx": "encounter.diagnosis", "dxcode": "encounter.diagnosis", "procedure": "encounter.procedure", "cpt": "encounter.procedure",
	"drg": "encounter.drg", "los": "encounter.length-of-stay", "lengthofstay": "encounter.length-of-stay",
	"charge": "encounter.cost", "charges": "encounter.cost", "cost": "encounter.cost", "amount": "encounter.cost", "totalcharge": "encounter.cost",
	"payer": "encounter.payer", "insurance": "encounter.payer", "unit": "encounter.location", "ward": "encounter.location", "department": "encounter.location",
	"hospital": "encounter.hospital", "facility": "encounter.hospital", "provider": "clinical.practitioner", "physician": "clinical.practitioner", "attending": "clinical.practitioner", "npi": "clinical.practitioner",
	"dischargedisposition": "encounter.disposition", "status": "encounter.status",
	"unitid": "encounter.location", "unittype": "encounter.location", "month": "unit.month",
	"patientdays": "unit.count", "centrallinedays": "unit.count", "catheterdays": "unit.count", "clabsi": "unit.count", "cauti": "unit.count", "cdi": "unit.count",
	"falls": "unit.count", "injuryfalls": "unit.count", "predictedclabsi": "unit.count", "predictedcauti": "unit.count", "nursinghours": "unit.count",
}

// Named returns what is known of a column by its name alone. An Element of "" means
// that the name is not known.
func Named(name string) Column {
	c := Column{Name: name, Treatment: Remove}
	e, ok := phi.EncounterColumn(name)
	if len(name)-len(strings.TrimRight(name, "0123456789")) > 2 {
		ok = false // dx25 is the highest number of a column; a longer one may be somebody's
	}
	if !ok {
		if id, known := names[plainName(name)]; known {
			e, ok = phi.Lookup(id)
		}
	}
	if ok {
		c.Element, c.Treatment = e.ID, treatment(e, name)
	}
	return c
}

// plainName is a name in lower case, its letters and digits only.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// treatment says what is done to the columns of an element.
func treatment(e phi.Element, name string) Treatment {
	switch e.ID {
	case "patient.birth-date":
		return BirthDate
	case "patient.age":
		if strings.HasSuffix(plainName(name), "days") {
			return AgeDays
		}
		return Age
	case "patient.zip":
		return ZIP
	case "patient.city":
		return City
	case "patient.state":
		return State
	case "patient.token", "encounter.key":
		return Token
	case "encounter.diagnosis", "encounter.procedure":
		if strings.HasPrefix(plainName(name), "poa") {
			return Category
		}
		return Code
	case "encounter.cost", "encounter.length-of-stay", "encounter.drg", "encounter.obstetric", "encounter.intensive-care", "unit.count":
		return Number
	case "unit.month":
		return Date
	case "clinical.practitioner":
		return Remove // the name or number of a person
	}
	switch {
	case e.FreeText || e.Street || e.Class == phi.Direct:
		return Remove
	case e.Identifier == phi.Date:
		return Date
	case e.Identifier != 0:
		return Remove
	}
	return Category
}

// Infer says what the columns of a header are: by name, or, where the name is not
// known, what the values suggest (Guessed). Rows are some rows of the table. The
// caller shows the result to a person to confirm before it goes into a [Job].
func Infer(header []string, rows [][]string) []Column {
	columns := make([]Column, len(header))
	for i, name := range header {
		columns[i] = Named(name)
		if columns[i].Element != "" {
			continue
		}
		if id := guess(rows, i); id != "" {
			e, _ := phi.Lookup(id)
			columns[i].Element, columns[i].Treatment, columns[i].Guessed = id, treatment(e, name), true
		}
	}
	return columns
}

// guess returns the element that nine of ten values of a column look like.
func guess(rows [][]string, column int) string {
	looks := []struct {
		element string
		like    func([]byte) bool
	}{
		{"patient.email", func(b []byte) bool { return bytes.IndexByte(b, '@') > 0 && bytes.IndexByte(b, ' ') < 0 }},
		{"patient.url", func(b []byte) bool { return bytes.Contains(b, []byte("://")) }},
		{"patient.ssn", func(b []byte) bool { return shape(b) == "999-99-9999" }},
		{"patient.telephone", telephone},
		{"patient.ip-address", func(b []byte) bool { return bytes.Count(b, []byte(".")) == 3 && onlyDigits(b, ".") }},
		{"clinical.other-date", func(b []byte) bool { d, ok := day.Parse(b, 2100); return ok && d.Day > 0 }},
		{"patient.zip", func(b []byte) bool { return zip3.Valid(b) && len(b) != 9 }},
		{"clinical.note", func(b []byte) bool { return len(b) > 40 || bytes.Count(b, []byte(" ")) >= 4 }},
	}
	for _, l := range looks {
		hits, values := 0, 0
		for _, row := range rows {
			if column < len(row) && strings.TrimSpace(row[column]) != "" {
				values++
				if l.like([]byte(strings.TrimSpace(row[column]))) {
					hits++
				}
			}
		}
		if values > 0 && hits*10 >= values*9 {
			return l.element
		}
	}
	return ""
}

func telephone(b []byte) bool {
	n := 0
	for _, c := range b {
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return (n == 10 || n == 11) && len(b) > n && onlyDigits(b, "-+(). ")
}

func onlyDigits(b []byte, and string) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && strings.IndexByte(and, c) < 0 {
			return false
		}
	}
	return len(b) > 0
}

// shape replaces digits by 9 and letters by a.
func shape(b []byte) string {
	s := make([]byte, len(b))
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9':
			s[i] = '9'
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			s[i] = 'a'
		default:
			s[i] = c
		}
	}
	return string(s)
}
