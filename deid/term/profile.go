package term

import "bytes"

// USCore is where the definitions of US Core have their addresses.
const USCore = "http://hl7.org/fhir/us/core/StructureDefinition/"

// usCoreProfiles lists the profiles of US Core, versions 3 to 7.
const usCoreProfiles = "|adi-documentreference|allergyintolerance|average-blood-pressure|birthsex|blood-pressure|bmi|bmi-for-age|body-height|body-temperature|body-weight|care-experience-preference|careplan|careteam|" +
	"condition|condition-encounter-diagnosis|condition-problems-health-concerns|coverage|diagnosticreport-lab|diagnosticreport-note|direct|documentreference|encounter|ethnicity|genderIdentity|goal|head-circumference|" +
	"head-occipital-frontal-circumference-percentile|heart-rate|immunization|implantable-device|location|medication|medicationdispense|medicationrequest|observation-adi-documentation|observation-clinical-result|observation-clinical-test|" +
	"observation-imaging|observation-lab|observation-occupation|observation-pregnancyintent|observation-pregnancystatus|observation-screening-assessment|observation-sdoh-assessment|observation-sexual-orientation|observation-social-history|observation-survey|" +
	"organization|patient|pediatric-bmi-for-age|pediatric-head-occipital-frontal-circumference-percentile|pediatric-weight-for-height|practitioner|practitionerrole|procedure|provenance|pulse-oximetry|questionnaireresponse|race|relatedperson|respiratory-rate|" +
	"servicerequest|sex|simple-observation|smokingstatus|specimen|treatment-intervention-preference|vital-signs|"

// USCoreProfile reports whether b is the address of a profile of US Core.
func USCoreProfile(b []byte) bool {
	name, ok := bytes.CutPrefix(b, []byte(USCore+"us-core-"))
	return ok && Listed(usCoreProfiles, name)
}
