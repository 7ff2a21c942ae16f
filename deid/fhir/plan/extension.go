package plan

import "chaperone.example/deid/term"

// A Listed extension is one that may stay: where its value is, and what is done with it.
type Listed struct {
	Value string // the name of the member that holds the value; "" when parts hold it
	Rule  Rule
	Codes string            // for a code: those that stay, between bars
	Parts map[string]Listed // nested extensions, by their address
}

const ombCategories = "|White|Black or African American|Asian|American Indian or Alaska Native|Native Hawaiian or Other Pacific Islander|Other Race|Other|Unknown|Asked but no answer|" +
	"Hispanic or Latino|Not Hispanic or Latino|Non Hispanic or Latino|Mixed|"

var ombParts = map[string]Listed{
	"ombCategory": {Value: "valueCoding", Rule: Coding},
	"detailed":    {Value: "valueCoding", Rule: Coding},
	"text":        {Value: "valueString", Rule: Code, Codes: ombCategories},
}

// Synthea's measures of burden and of the use of services are plain numbers.
const synthea = "http://synthetichealth.github.io/synthea/"

// Extensions lists the extensions that may stay, by address. Every other is removed:
// an extension can hold anything, and does (places of birth, maiden names, times of
// birth, coordinates).
var Extensions = map[string]Listed{
	term.USCore + "us-core-race":           {Parts: ombParts},
	term.USCore + "us-core-ethnicity":      {Parts: ombParts},
	term.USCore + "us-core-birthsex":       {Value: "valueCode", Rule: Code, Codes: "|F|M|UNK|OTH|ASKU|"},
	term.USCore + "us-core-sex":            {Value: "valueCode", Rule: Code, Codes: "|248152002|248153007|asked-declined|unknown|"},
	term.USCore + "us-core-genderIdentity": {Value: "valueCodeableConcept", Rule: Object},

	"http://hl7.org/fhir/StructureDefinition/data-absent-reason": {Value: "valueCode", Rule: Code,
		Codes: "|unknown|asked-unknown|temp-unknown|not-asked|asked-declined|masked|not-applicable|unsupported|as-text|error|not-a-number|negative-infinity|positive-infinity|not-performed|not-permitted|"},

	synthea + "disability-adjusted-life-years":      {Value: "valueDecimal", Rule: Number},
	synthea + "quality-adjusted-life-years":         {Value: "valueDecimal", Rule: Number},
	synthea + "utilization-encounters-extension":    {Value: "valueInteger", Rule: Number},
	synthea + "utilization-procedures-extension":    {Value: "valueInteger", Rule: Number},
	synthea + "utilization-labs-extension":          {Value: "valueInteger", Rule: Number},
	synthea + "utilization-prescriptions-extension": {Value: "valueInteger", Rule: Number},
}
