package fhir

import "chaperone.example/deid/term"

// An extension is one that may stay: where its value is, and what is done with it.
type extension struct {
	value string // the name of the member that holds the value; "" when parts hold it
	rule  rule
	codes string               // for a code: those that stay, between bars
	parts map[string]extension // nested extensions, by their address
}

const ombCategories = "|White|Black or African American|Asian|American Indian or Alaska Native|Native Hawaiian or Other Pacific Islander|Other Race|Other|Unknown|Asked but no answer|" +
	"Hispanic or Latino|Not Hispanic or Latino|Non Hispanic or Latino|Mixed|"

var ombParts = map[string]extension{
	"ombCategory": {value: "valueCoding", rule: ruleCoding},
	"detailed":    {value: "valueCoding", rule: ruleCoding},
	"text":        {value: "valueString", rule: ruleCode, codes: ombCategories},
}

// Synthea's measures of burden and of the use of services are plain numbers.
const synthea = "http://synthetichealth.github.io/synthea/"

// extensions lists the extensions that may stay, by address. Every other is removed:
// an extension can hold anything, and does (places of birth, maiden names, times of
// birth, coordinates).
var extensions = map[string]extension{
	term.USCore + "us-core-race":           {parts: ombParts},
	term.USCore + "us-core-ethnicity":      {parts: ombParts},
	term.USCore + "us-core-birthsex":       {value: "valueCode", rule: ruleCode, codes: "|F|M|UNK|OTH|ASKU|"},
	term.USCore + "us-core-sex":            {value: "valueCode", rule: ruleCode, codes: "|248152002|248153007|asked-declined|unknown|"},
	term.USCore + "us-core-genderIdentity": {value: "valueCodeableConcept", rule: ruleObject},

	"http://hl7.org/fhir/StructureDefinition/data-absent-reason": {value: "valueCode", rule: ruleCode,
		codes: "|unknown|asked-unknown|temp-unknown|not-asked|asked-declined|masked|not-applicable|unsupported|as-text|error|not-a-number|negative-infinity|positive-infinity|not-performed|not-permitted|"},

	synthea + "disability-adjusted-life-years":      {value: "valueDecimal", rule: ruleNumber},
	synthea + "quality-adjusted-life-years":         {value: "valueDecimal", rule: ruleNumber},
	synthea + "utilization-encounters-extension":    {value: "valueInteger", rule: ruleNumber},
	synthea + "utilization-procedures-extension":    {value: "valueInteger", rule: ruleNumber},
	synthea + "utilization-labs-extension":          {value: "valueInteger", rule: ruleNumber},
	synthea + "utilization-prescriptions-extension": {value: "valueInteger", rule: ruleNumber},
}
