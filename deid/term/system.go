// Package term tells published codes, units and terms from what only looks like them.
//
// A code that stands under the name of a standard terminology may stay in
// de-identified data, so whatever could hide there must be kept out by its form: a
// medical record number is no SNOMED CT identifier, a name is no unit.
package term

import (
	"bytes"
	"strings"

	"chaperone.example/deid/place"
)

// A Check decides whether a code may be one of a system, by its form.
type Check func(code []byte) bool

// standard lists the code systems whose codes R4 does not list but which are
// published terminologies, not a member's own; with them the form of their codes, so
// that an identifier in the place of a code does not pass.
var standard = map[string]Check{
	"http://loinc.org":                                           loinc,
	"http://snomed.info/sct":                                     snomed,
	"http://www.nlm.nih.gov/research/umls/rxnorm":                number(1, 8),
	"http://hl7.org/fhir/sid/ndc":                                ndc,
	"http://hl7.org/fhir/sid/cvx":                                number(1, 3),
	"http://hl7.org/fhir/sid/mvx":                                upper(2, 4),
	"http://hl7.org/fhir/sid/icd-10":                             icd10,
	"http://hl7.org/fhir/sid/icd-10-cm":                          icd10,
	"http://hl7.org/fhir/sid/icd-10-us":                          icd10,
	"http://hl7.org/fhir/sid/icd-10-pcs":                         coded(7, 7),
	"http://www.cms.gov/Medicare/Coding/ICD10":                   coded(7, 7),
	"http://hl7.org/fhir/sid/icd-9-cm":                           icd9,
	"http://hl7.org/fhir/sid/icd-9":                              icd9,
	"http://hl7.org/fhir/sid/icd-11":                             coded(4, 7),
	"http://id.who.int/icd11/mms":                                coded(4, 7),
	"http://hl7.org/fhir/sid/icf":                                mixed(2, 7),
	"http://hl7.org/fhir/sid/dsm5":                               icd10,
	"http://hl7.org/fhir/sid/icpc-2":                             coded(3, 3),
	"http://unitsofmeasure.org":                                  Unit,
	"http://www.ama-assn.org/go/cpt":                             coded(5, 5),
	"http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets":    coded(5, 5),
	"urn:oid:2.16.840.1.113883.6.285":                            coded(5, 5), // HCPCS
	"http://www.ada.org/cdt":                                     coded(5, 5),
	"http://ada.org/snodent":                                     coded(5, 8),
	"http://nucc.org/provider-taxonomy":                          coded(10, 10),
	"http://www.nubc.org/patient-discharge":                      mixed(1, 2),
	"https://www.nubc.org/CodeSystem/PatDischargeStatus":         mixed(1, 2),
	"https://www.nubc.org/CodeSystem/PriorityTypeOfAdmitOrVisit": mixed(1, 2),
	"https://www.nubc.org/CodeSystem/PointOfOrigin":              mixed(1, 2),
	"https://www.nubc.org/CodeSystem/RevenueCodes":               number(3, 4),
	"https://www.nubc.org/CodeSystem/TypeOfBill":                 coded(3, 4),
	"https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software": number(1, 3),
	"https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set":                                number(1, 2),
	"https://nahdo.org/sopt":                                                     number(1, 5),
	"http://www.nlm.nih.gov/research/umls/mdr":                                   number(8, 8),
	"http://www.nlm.nih.gov/research/umls/mthspl":                                coded(10, 10),
	"http://fdasis.nlm.nih.gov":                                                  coded(10, 10),
	"http://www.whocc.no/atc":                                                    atc,
	"http://hl7.org/fhir/ndfrt":                                                  coded(4, 11),
	"http://ncit.nci.nih.gov":                                                    coded(3, 8),
	"http://ncimeta.nci.nih.gov":                                                 coded(3, 8),
	"http://www.genenames.org":                                                   hgnc,
	"http://www.ncbi.nlm.nih.gov/clinvar":                                        number(1, 8),
	"http://www.radlex.org":                                                      coded(3, 8),
	"http://dicom.nema.org/resources/ontology/DCM":                               dicom,
	"urn:iso:std:iso:11073:10101":                                                number(1, 6),
	"urn:oid:2.16.840.1.113883.6.238":                                            race,
	"urn:ietf:bcp:47":                                                            language,
	"urn:ietf:bcp:13":                                                            mime,
	"urn:ietf:rfc:3986":                                                          dicomClass,
	"urn:iso:std:iso:3166":                                                       upper(2, 3),
	"urn:iso:std:iso:3166:-2":                                                    subdivision,
	"urn:iso:std:iso:4217":                                                       upper(3, 3),
	"https://www.usps.com/":                                                      place.State,
	"http://hl7.org/fhir/ValueSet/usps-state":                                    place.State,
	"http://unstats.un.org/unsd/methods/m49/m49.htm":                             number(3, 3),
	"http://hl7.org/fhir/us/core/CodeSystem/careplan-category":                   one("|assess-plan|"),
	"http://hl7.org/fhir/us/core/CodeSystem/condition-category":                  one("|problem-list-item|encounter-diagnosis|health-concern|"),
	"http://hl7.org/fhir/us/core/CodeSystem/us-core-category":                    one("|sdoh|functional-status|disability-status|cognitive-status|treatment-intervention-preference|care-experience-preference|observation-adi-documentation|"),
	"http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category":  one("|clinical-note|"),
	"http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type": one("|transmitter|"),
	"http://hl7.org/fhir/us/core/CodeSystem/us-core-observation-category":        one("|clinical-test|"),
	"http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication":                one("|coinsurance|noncovered|memberliability|discount|drugcost|paidtoprovider|paidtopatient|paidbypatient|paidbypatientcash|paidbypatientother|paidbypatienthealthaccount|allowedunits|inoutnetwork|priorpayerpaid|benefitpaymentstatus|denialreason|billingnetworkstatus|renderingnetworkstatus|"),
	"http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimCareTeamRole":           one("|referring|attending|operating|otheroperating|rendering|site|performing|prescribing|pcp|performing|primary|"),
	"http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBInstitutionalClaimSubType":   one("|inpatient|outpatient|"),
	"http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimDiagnosisType":          one("|principal|patientreasonforvisit|other|externalcauseofinjury|admitting|secondary|"),
	"http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudicationDiscriminator":   one("|billingnetworkstatus|renderingnetworkstatus|benefitpaymentstatus|inoutnetwork|denialreason|allowedunits|"),
	"http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBPayerAdjudicationStatus":     one("|innetwork|outofnetwork|other|contracted|noncontracted|paid|denied|partiallypaid|"),
	"https://bluebutton.cms.gov/resources/codesystem/adjudication":               blueButton,
}

// blueButtonVariables is where CMS keeps the code systems of Blue Button claims, one
// for each variable of its chronic conditions warehouse.
const blueButtonVariables = "https://bluebutton.cms.gov/resources/variables/"

// System returns the form of the codes of a published system whose codes R4 does not
// list, and false for every other system.
func System(url string) (Check, bool) {
	if c, ok := standard[url]; ok {
		return c, true
	}
	if name, ok := strings.CutPrefix(url, blueButtonVariables); ok && variable([]byte(name)) {
		return blueButton, true
	}
	return nil, false
}

// Every reports whether b has low to high bytes and all of them are ok.
func Every(b []byte, low, high int, ok func(byte) bool) bool {
	if len(b) < low || len(b) > high {
		return false
	}
	for _, c := range b {
		if !ok(c) {
			return false
		}
	}
	return true
}

// Digit reports whether c is a decimal digit of ASCII.
func Digit(c byte) bool { return c >= '0' && c <= '9' }

// Letter reports whether c is a letter of ASCII.
func Letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func number(low, high int) Check {
	return func(b []byte) bool { return Every(b, low, high, Digit) }
}

func upper(low, high int) Check {
	return func(b []byte) bool {
		return Every(b, low, high, func(c byte) bool { return c >= 'A' && c <= 'Z' })
	}
}

// mixed is capital letters, digits and dots: most classifications.
func mixed(low, high int) Check {
	return func(b []byte) bool {
		return Every(b, low, high, func(c byte) bool { return Digit(c) || c >= 'A' && c <= 'Z' || c == '.' })
	}
}

// coded is capital letters, digits and dots with at least one digit.
func coded(low, high int) Check {
	form := mixed(low, high)
	return func(b []byte) bool { return form(b) && longestRun(b) > 0 }
}

// one is one of the codes between bars.
func one(list string) Check {
	return func(b []byte) bool { return Listed(list, b) }
}

// longestRun is the length of the longest run of digits.
func longestRun(b []byte) int {
	run, longest := 0, 0
	for _, c := range b {
		if Digit(c) {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

// loinc is digits, a hyphen and a check digit, perhaps for an answer or part.
func loinc(b []byte) bool {
	if len(b) > 2 && b[0] == 'L' && Letter(b[1]) {
		b = b[2:]
	}
	n := len(b)
	return n >= 3 && b[n-2] == '-' && Digit(b[n-1]) && Every(b[:n-2], 1, 7, Digit)
}

// snomed is an SCTID: 6 to 18 digits of which the last is Verhoeff's check digit.
func snomed(b []byte) bool {
	if !Every(b, 6, 18, Digit) {
		return false
	}
	const multiply = "0123456789123406789523401789563401289567401239567859876043216598710432765982104387659321049876543210"
	const permute = "01234567891576283094580379614289160435279453126870428657390127938064157046913258"
	c := byte(0)
	for i := range b {
		p := permute[i%8*10+int(b[len(b)-1-i]-'0')] - '0'
		c = multiply[int(c)*10+int(p)] - '0'
	}
	return c == 0
}

func ndc(b []byte) bool {
	n := bytes.Count(b, []byte("-"))
	return Every(b, 10, 13, func(c byte) bool { return Digit(c) || c == '-' }) && (n == 2 || n == 0 && len(b) <= 11)
}

func icd10(b []byte) bool {
	return Every(b, 3, 8, func(c byte) bool { return Digit(c) || Letter(c) || c == '.' }) && Letter(b[0]) && Digit(b[1])
}

func icd9(b []byte) bool {
	return Every(b, 2, 7, func(c byte) bool { return Digit(c) || c == 'V' || c == 'E' || c == '.' })
}

// race is a concept of the CDC's Race and Ethnicity: four digits, hyphen, digit.
func race(b []byte) bool {
	return len(b) == 6 && b[4] == '-' && number(4, 4)(b[:4]) && Digit(b[5])
}

// language is a tag of BCP 47: a language, perhaps a script and a region.
func language(b []byte) bool {
	first, rest, more := bytes.Cut(b, []byte("-"))
	if !Every(first, 2, 3, Letter) {
		return false
	}
	for more {
		first, rest, more = bytes.Cut(rest, []byte("-"))
		if !Every(first, 2, 2, Letter) && !Every(first, 4, 4, Letter) && !Every(first, 3, 3, Digit) {
			return false
		}
	}
	return true
}

// mimeTypes lists the types of content met in health records. A subtype is free text,
// so only known ones pass.
const mimeTypes = "|application/pdf|application/json|application/xml|application/fhir+json|application/fhir+xml|application/fhir+ndjson|application/hl7-v2|application/hl7-v3+xml|application/hl7-sda+xml|" +
	"application/dicom|application/dicom+json|application/dicom+xml|application/zip|application/gzip|application/octet-stream|application/msword|application/rtf|application/jose|application/jwt|application/x-hl7|" +
	"application/vnd.ms-excel|application/vnd.openxmlformats-officedocument.wordprocessingml.document|application/vnd.openxmlformats-officedocument.spreadsheetml.sheet|application/graphql|application/elm+xml|application/elm+json|" +
	"audio/basic|audio/mpeg|audio/mp4|audio/ogg|audio/wav|audio/x-wav|audio/webm|image/jpeg|image/png|image/gif|image/tiff|image/bmp|image/svg+xml|image/webp|image/g3fax|image/jp2|" +
	"text/plain|text/html|text/xml|text/csv|text/rtf|text/markdown|text/cql|text/fhirpath|text/sgml|text/x-hl7-ft|text/x-hl7-text+xml|text/css|" +
	"video/mp4|video/mpeg|video/quicktime|video/webm|video/ogg|video/x-avi|multipart/related|multipart/mixed|multipart/form-data|model/vrml|"

func mime(b []byte) bool {
	typ, parameter, more := bytes.Cut(bytes.ToLower(b), []byte(";"))
	if more {
		switch string(bytes.TrimSpace(parameter)) {
		case "charset=utf-8", "charset=us-ascii", "charset=iso-8859-1", "fhirversion=4.0":
		default:
			return false
		}
	}
	return Listed(mimeTypes, typ)
}

// dicom is a code of the DICOM ontology: six digits, or a modality.
func dicom(b []byte) bool {
	return number(5, 6)(b) || Listed("|AR|BI|BMD|CR|CT|DG|DOC|DX|ECG|EPS|ES|FID|GM|HC|HD|IO|IOL|IVOCT|IVUS|KER|KO|LEN|LS|MG|MR|NM|OAM|OCT|OP|OPM|OPT|OPV|OSS|OT|PLAN|PR|PT|PX|REG|RESP|RF|RG|RTDOSE|RTIMAGE|RTPLAN|RTRECORD|RTSTRUCT|RWV|SEG|SM|SMR|SR|SRF|STAIN|TG|US|VA|XA|XC|", b)
}

// atc is a class of the Anatomical Therapeutic Chemical system: A, A10, A10B, A10BA,
// A10BA02.
func atc(b []byte) bool {
	switch len(b) {
	case 1, 3, 4, 5, 7:
	default:
		return false
	}
	for i, c := range b {
		if wantDigit := i == 1 || i == 2 || i >= 5; wantDigit != Digit(c) || !wantDigit && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// hgnc is the number of a gene.
func hgnc(b []byte) bool {
	rest, ok := bytes.CutPrefix(b, []byte("HGNC:"))
	return ok && number(1, 6)(rest)
}

// dicomClass is a UID of the DICOM standard itself; those of images are identifiers.
func dicomClass(b []byte) bool {
	rest, ok := bytes.CutPrefix(b, []byte("1.2.840.10008."))
	return ok && Every(rest, 1, 40, func(c byte) bool { return Digit(c) || c == '.' })
}

func subdivision(b []byte) bool {
	return len(b) == 5 && b[2] == '-' && string(b[:2]) == "US" && place.State(b[3:])
}

// variable is the name of a Blue Button variable.
func variable(b []byte) bool {
	return Every(b, 1, 60, func(c byte) bool { return c >= 'a' && c <= 'z' || Digit(c) || c == '_' }) && longestRun(b) <= 2
}

func blueButton(b []byte) bool {
	if name, ok := bytes.CutPrefix(b, []byte(blueButtonVariables)); ok {
		return variable(name)
	}
	return coded(1, 4)(b) || variable(b)
}

// Listed reports whether a word stands between bars in a list.
func Listed(list string, word []byte) bool {
	return len(word) > 0 && bytes.IndexByte(word, '|') < 0 && strings.Contains(list, "|"+string(word)+"|")
}

// Plain reports whether the display of a standard coding looks like a term and not
// like something that identifies a person: no address of mail or web, no date, no
// telephone or other long number, no serial number.
func Plain(b []byte) bool {
	if len(b) == 0 || len(b) > 500 || bytes.IndexByte(b, '@') >= 0 || bytes.Contains(b, []byte("://")) {
		return false
	}
	for i := 0; i < len(b); {
		if !Digit(b[i]) && !Letter(b[i]) {
			i++
			continue
		}
		start := i
		letters, digits, run := 0, 0, 0
		for i < len(b) && (Digit(b[i]) || Letter(b[i])) {
			if Digit(b[i]) {
				digits, run = digits+1, run+1
				if run >= 7 {
					return false
				}
			} else {
				letters, run = letters+1, 0
			}
			i++
		}
		strength := Digit(b[start]) && Listed("|mg|mcg|ug|g|kg|ml|l|unt|unit|units|iu|meq|mmol|hr|mm|cm|", bytes.ToLower(bytes.TrimLeft(b[start:i], "0123456789"))) // "1000MG"
		approval := digits == 6 && (letters == 3 && bytes.HasPrefix(b[start:], []byte("NDA")) || letters == 4 && bytes.HasPrefix(b[start:], []byte("ANDA")))
		if digits >= 4 && letters > 0 && !strength && !approval { // approvals of drugs are in RxNorm's names
			return false
		}
		if digits > 0 && letters == 0 && grouped(b[start:]) {
			return false
		}
	}
	return true
}

// grouped reports whether b begins with a date or a telephone or social security
// number: three groups of digits with the same separator, or a group of three, a
// separator and a group of four.
func grouped(b []byte) bool {
	var groups [3]int
	var sep byte
	i := 0
	for g := range groups {
		for i < len(b) && Digit(b[i]) {
			groups[g]++
			i++
		}
		if g == 2 || groups[g] == 0 || i+1 >= len(b) || b[i] != '-' && b[i] != '/' && b[i] != '.' || !Digit(b[i+1]) || g == 1 && b[i] != sep {
			break
		}
		sep = b[i]
		i++
	}
	if groups[2] > 0 {
		return sep != '.' || groups[2] >= 2 && groups[0]+groups[1]+groups[2] >= 6
	}
	return groups[0] == 3 && groups[1] == 4 && sep == '-'
}
