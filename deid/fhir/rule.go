package fhir

import (
	"strings"

	"chaperone.example/deid/r4"
)

// A rule is what is done at a path.
type rule uint8

const (
	ruleDrop      rule = iota // remove
	ruleObject                // go on with its members
	ruleResource              // a resource inside a resource
	ruleExtension             // keep if listed
	ruleBool
	ruleNumber
	ruleCode      // a code of the bound value set
	ruleCoding    // a coding of a standard system, or a code of the bound value set
	ruleText      // the text of a concept: stays if it repeats a display that stays
	ruleQuantity  // a value with its unit; ages over 89 aggregated
	ruleDate      // to its year, or whole
	ruleMoment    // an instant or time of day: whole or nothing
	ruleBirth     // to its year unless that tells of an age over 89
	ruleID        // the id of a resource: recode
	ruleReference // recode
	ruleFullURL   // the address of an entry of a Bundle: recode
	ruleProfile   // a published profile
	ruleState
	ruleCountry
	ruleZIP
	ruleCity
	ruleResult  // a string result: stays if it is a plain number or a known word
	ruleInteger // an integer result: may be an age
	ruleSamples // numbers in a string
	ruleLocal   // an id that is local to the resource or a UID: recode
)

// container reports whether the rule hands the decision on to what is inside.
func (r rule) container() bool {
	return r == ruleObject || r == ruleResource
}

// byType is the rule of every data type that is not simply gone through; types that
// are in no table are removed.
var byType = map[string]rule{
	"boolean": ruleBool, "integer": ruleNumber, "decimal": ruleNumber, "positiveInt": ruleNumber, "unsignedInt": ruleNumber,
	"code": ruleCode, "Coding": ruleCoding, "CodeableConcept": ruleObject, "Reference": ruleReference, "Extension": ruleExtension,
	"date": ruleDate, "dateTime": ruleDate, "instant": ruleMoment, "time": ruleMoment,
	"Quantity": ruleQuantity, "Age": ruleQuantity, "Duration": ruleQuantity, "Count": ruleQuantity, "Distance": ruleQuantity,
	"Money": ruleObject, "Period": ruleObject, "Range": ruleObject, "Ratio": ruleObject, "SampledData": ruleObject,
	"Timing": ruleObject, "Timing.repeat": ruleObject, "Dosage": ruleObject, "Dosage.doseAndRate": ruleObject,
	"Address": ruleObject, "Attachment": ruleObject, "Meta": ruleObject,
}

// byPath is the rule of single paths, by parent type and name, where it is not the
// rule of their type.
var byPath = map[string]rule{
	"Meta.profile": ruleProfile, "Meta.lastUpdated": ruleDrop,
	"Address.state": ruleState, "Address.country": ruleCountry, "Address.postalCode": ruleZIP, "Address.city": ruleCity,
	"Address.extension":    ruleDrop, // geolocation
	"Attachment.size":      ruleDrop, // with its hash and address, the size tells files apart
	"CodeableConcept.text": ruleText,
	"SampledData.data":     ruleSamples,

	"Patient.birthDate": ruleBirth, "RelatedPerson.birthDate": ruleBirth, "Person.birthDate": ruleBirth,
	"FamilyMemberHistory.bornDate": ruleBirth, "Practitioner.birthDate": ruleDrop,
	"Patient.contact": ruleDrop, // relatives and contact persons
	"Patient.photo":   ruleDrop, "RelatedPerson.photo": ruleDrop, "Person.photo": ruleDrop, "Practitioner.photo": ruleDrop,
	"Location.position": ruleDrop,

	"Observation.valueString": ruleResult, "Observation.component.valueString": ruleResult,
	"Observation.valueInteger": ruleInteger, "Observation.component.valueInteger": ruleInteger,
	"QuestionnaireResponse.item.linkId": ruleLocal, "Questionnaire.item.linkId": ruleLocal,
	"ImagingStudy.series.uid": ruleLocal, "ImagingStudy.series.instance.uid": ruleLocal,
	// The meaning of an answer is in a question that only the member knows: a number
	// may be a telephone number.
	"QuestionnaireResponse.item.answer.valueInteger": ruleResult, "QuestionnaireResponse.item.answer.valueDecimal": ruleResult,

	"Bundle.entry.fullUrl": ruleFullURL, "Bundle.entry.request": ruleDrop, "Bundle.entry.response": ruleDrop, "Bundle.link": ruleDrop,
}

// ruleOf decides what is done at field f of the type of node parent.
func ruleOf(d *r4.Definitions, parent *node, f r4.Field) rule {
	owner := d.Types[parent.typ]
	if r, ok := byPath[owner.Name+"."+f.Name]; ok {
		return r
	}
	if f.Name == "id" {
		if owner.Resource {
			return ruleID
		}
		return ruleDrop // the id of an element serves only references inside the document
	}
	if f.Type < 0 {
		return ruleResource
	}
	if owner.Name == "Parameters.parameter" && f.Name != "part" {
		return ruleDrop // what a parameter means is known to its operation only
	}
	if f.Name == "modifierExtension" || f.Name == "extension" {
		return ruleExtension
	}
	name := d.Types[f.Type].Name
	if r, ok := byType[name]; ok {
		return r
	}
	if strings.Contains(name, ".") { // a part of a resource
		return ruleObject
	}
	return ruleDrop // strings, addresses, identifiers, names, attachments' data, whatever is new
}
