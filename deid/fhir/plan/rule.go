// Package plan says what is done at every path of FHIR R4, and remembers what became of
// values that come again.
package plan

import (
	"strings"

	"chaperone.example/deid/r4"
)

// A Rule is what is done at a path.
type Rule uint8

const (
	Drop      Rule = iota // remove
	Object                // go on with its members
	Resource              // a resource inside a resource
	Extension             // keep if listed
	Bool
	Number
	Code      // a code of the bound value set
	Coding    // a coding of a standard system, or a code of the bound value set
	Text      // the text of a concept: stays if it repeats a display that stays
	Quantity  // a value with its unit; ages over 89 aggregated
	Date      // to its year, or whole
	Moment    // an instant or time of day: whole or nothing
	Birth     // to its year unless that tells of an age over 89
	ID        // the id of a resource: recode
	Reference // recode
	FullURL   // the address of an entry of a Bundle: recode
	Profile   // a published profile
	State
	Country
	ZIP
	City
	Result  // a string result: stays if it is a plain number or a known word
	Integer // an integer result: may be an age
	Samples // numbers in a string
	Local   // an id that is local to the resource or a UID: recode
	Note    // a note: what identifies in it is replaced
	File    // a note in base64
)

// container reports whether the rule hands the decision on to what is inside.
func (r Rule) container() bool {
	return r == Object || r == Resource
}

// byType is the rule of every data type that is not simply gone through; types that
// are in no table are removed.
var byType = map[string]Rule{
	"boolean": Bool, "integer": Number, "decimal": Number, "positiveInt": Number, "unsignedInt": Number,
	"code": Code, "Coding": Coding, "CodeableConcept": Object, "Reference": Reference, "Extension": Extension,
	"date": Date, "dateTime": Date, "instant": Moment, "time": Moment,
	"Quantity": Quantity, "Age": Quantity, "Duration": Quantity, "Count": Quantity, "Distance": Quantity,
	"Money": Object, "Period": Object, "Range": Object, "Ratio": Object, "SampledData": Object,
	"Timing": Object, "Timing.repeat": Object, "Dosage": Object, "Dosage.doseAndRate": Object,
	"Address": Object, "Attachment": Object, "Meta": Object,
}

// byPath is the rule of single paths, by parent type and name, where it is not the
// rule of their type.
var byPath = map[string]Rule{
	"Meta.profile": Profile, "Meta.lastUpdated": Drop,
	"Address.state": State, "Address.country": Country, "Address.postalCode": ZIP, "Address.city": City,
	"Address.extension":    Drop, // geolocation
	"Attachment.size":      Drop, // with its hash and address, the size tells files apart
	"CodeableConcept.text": Text,
	"SampledData.data":     Samples,

	"Patient.birthDate": Birth, "RelatedPerson.birthDate": Birth, "Person.birthDate": Birth,
	"FamilyMemberHistory.bornDate": Birth, "Practitioner.birthDate": Drop,
	"Patient.contact": Drop, // relatives and contact persons
	"Patient.photo":   Drop, "RelatedPerson.photo": Drop, "Person.photo": Drop, "Practitioner.photo": Drop,
	"Location.position": Drop,

	"Observation.valueString": Result, "Observation.component.valueString": Result,
	"Observation.valueInteger": Integer, "Observation.component.valueInteger": Integer,
	"QuestionnaireResponse.item.linkId": Local, "Questionnaire.item.linkId": Local,
	"ImagingStudy.series.uid": Local, "ImagingStudy.series.instance.uid": Local,
	// The meaning of an answer is in a question that only the member knows: a number
	// may be a telephone number.
	"QuestionnaireResponse.item.answer.valueInteger": Result, "QuestionnaireResponse.item.answer.valueDecimal": Result,

	"Bundle.entry.fullUrl": FullURL, "Bundle.entry.request": Drop, "Bundle.entry.response": Drop, "Bundle.link": Drop,
}

// notes lists the paths of free text that stay, without what identifies, where notes
// are scrubbed. Narrative, names of things and the text of concepts go as ever.
var notes = map[string]Rule{
	"Annotation.text": Note, "DiagnosticReport.conclusion": Note, "ClinicalImpression.summary": Note, "ClinicalImpression.description": Note,
	"CarePlan.description": Note, "AllergyIntolerance.reaction.description": Note, "Communication.payload.contentString": Note,
	"Attachment.data": File, "Binary.data": File,
}

// scrubbed decides the same where notes are scrubbed.
func scrubbed(d *r4.Definitions, parent *Node, f r4.Field) Rule {
	if r, ok := notes[d.Types[parent.Type].Name+"."+f.Name]; ok {
		return r
	}
	if f.Type >= 0 && d.Types[f.Type].Name == "Annotation" {
		return Object
	}
	return ruleOf(d, parent, f)
}

// ruleOf decides what is done at field f of the type of node parent.
func ruleOf(d *r4.Definitions, parent *Node, f r4.Field) Rule {
	owner := d.Types[parent.Type]
	if r, ok := byPath[owner.Name+"."+f.Name]; ok {
		return r
	}
	if f.Name == "id" {
		if owner.Resource {
			return ID
		}
		return Drop // the id of an element serves only references inside the document
	}
	if f.Type < 0 {
		return Resource
	}
	if owner.Name == "Parameters.parameter" && f.Name != "part" {
		return Drop // what a parameter means is known to its operation only
	}
	if f.Name == "modifierExtension" || f.Name == "extension" {
		return Extension
	}
	name := d.Types[f.Type].Name
	if r, ok := byType[name]; ok {
		return r
	}
	if strings.Contains(name, ".") { // a part of a resource
		return Object
	}
	return Drop // strings, addresses, identifiers, names, attachments' data, whatever is new
}
