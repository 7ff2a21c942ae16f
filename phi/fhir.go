package phi

import "strings"

// A fhirKind says which elements the resources of one FHIR R4 type stand for.
type fhirKind struct {
	home string // what the resource as a whole is
	date string // what its dates are
}

// fhirKinds lists the resource types with a home of their own; every other type of
// R4 is administrative and stands for record.technical.
var fhirKinds = map[string]fhirKind{
	"Patient":                  {"patient.token", "patient.other-identifier"},
	"RelatedPerson":            {"patient.contact-person", "patient.contact-person"},
	"Person":                   {"patient.contact-person", "patient.contact-person"},
	"Encounter":                {"encounter.key", "encounter.admit-date"},
	"EpisodeOfCare":            {"encounter.key", "encounter.admit-date"},
	"Account":                  {"patient.account", "clinical.other-date"},
	"Condition":                {"clinical.condition", "clinical.condition-date"},
	"FamilyMemberHistory":      {"clinical.condition", "clinical.condition-date"},
	"AdverseEvent":             {"clinical.condition", "clinical.condition-date"},
	"ClinicalImpression":       {"clinical.condition", "clinical.condition-date"},
	"DetectedIssue":            {"clinical.condition", "clinical.condition-date"},
	"RiskAssessment":           {"clinical.condition", "clinical.condition-date"},
	"Observation":              {"clinical.observation", "clinical.observation-date"},
	"DiagnosticReport":         {"clinical.observation", "clinical.observation-date"},
	"Specimen":                 {"clinical.observation", "clinical.observation-date"},
	"MolecularSequence":        {"clinical.sensitive", "clinical.observation-date"},
	"QuestionnaireResponse":    {"clinical.observation", "clinical.observation-date"},
	"VisionPrescription":       {"clinical.observation", "clinical.observation-date"},
	"BodyStructure":            {"clinical.observation", "clinical.observation-date"},
	"Medication":               {"clinical.medication", "clinical.medication-date"},
	"MedicationAdministration": {"clinical.medication", "clinical.medication-date"},
	"MedicationDispense":       {"clinical.medication", "clinical.medication-date"},
	"MedicationRequest":        {"clinical.medication", "clinical.medication-date"},
	"MedicationStatement":      {"clinical.medication", "clinical.medication-date"},
	"Procedure":                {"clinical.procedure", "clinical.procedure-date"},
	"Immunization":             {"clinical.immunization", "clinical.other-date"},
	"ImmunizationEvaluation":   {"clinical.immunization", "clinical.other-date"},
	"ImmunizationRecommendation": {
		"clinical.immunization", "clinical.other-date"},
	"AllergyIntolerance":          {"clinical.allergy", "clinical.other-date"},
	"CarePlan":                    {"clinical.care-plan", "clinical.other-date"},
	"CareTeam":                    {"clinical.care-plan", "clinical.other-date"},
	"Goal":                        {"clinical.care-plan", "clinical.other-date"},
	"ServiceRequest":              {"clinical.care-plan", "clinical.other-date"},
	"RequestGroup":                {"clinical.care-plan", "clinical.other-date"},
	"NutritionOrder":              {"clinical.care-plan", "clinical.other-date"},
	"DeviceRequest":               {"clinical.care-plan", "clinical.other-date"},
	"DeviceUseStatement":          {"clinical.care-plan", "clinical.other-date"},
	"SupplyRequest":               {"clinical.care-plan", "clinical.other-date"},
	"SupplyDelivery":              {"clinical.care-plan", "clinical.other-date"},
	"Appointment":                 {"clinical.care-plan", "clinical.other-date"},
	"AppointmentResponse":         {"clinical.care-plan", "clinical.other-date"},
	"Task":                        {"clinical.care-plan", "clinical.other-date"},
	"Flag":                        {"clinical.care-plan", "clinical.other-date"},
	"GuidanceResponse":            {"clinical.care-plan", "clinical.other-date"},
	"ImagingStudy":                {"clinical.imaging", "clinical.other-date"},
	"Media":                       {"clinical.imaging", "clinical.other-date"},
	"DocumentReference":           {"clinical.document", "clinical.other-date"},
	"DocumentManifest":            {"clinical.document", "clinical.other-date"},
	"Composition":                 {"clinical.document", "clinical.other-date"},
	"Binary":                      {"clinical.document", "clinical.other-date"},
	"Consent":                     {"clinical.document", "clinical.other-date"},
	"Communication":               {"clinical.note", "clinical.other-date"},
	"CommunicationRequest":        {"clinical.note", "clinical.other-date"},
	"Practitioner":                {"clinical.practitioner", "clinical.other-date"},
	"PractitionerRole":            {"clinical.practitioner", "clinical.other-date"},
	"Organization":                {"encounter.hospital", "clinical.other-date"},
	"OrganizationAffiliation":     {"encounter.hospital", "clinical.other-date"},
	"HealthcareService":           {"encounter.hospital", "clinical.other-date"},
	"Location":                    {"encounter.location", "clinical.other-date"},
	"Coverage":                    {"clinical.coverage", "clinical.other-date"},
	"CoverageEligibilityRequest":  {"clinical.coverage", "clinical.other-date"},
	"CoverageEligibilityResponse": {"clinical.coverage", "clinical.other-date"},
	"EnrollmentRequest":           {"clinical.coverage", "clinical.other-date"},
	"EnrollmentResponse":          {"clinical.coverage", "clinical.other-date"},
	"InsurancePlan":               {"clinical.coverage", "clinical.other-date"},
	"Claim":                       {"clinical.claim", "clinical.other-date"},
	"ClaimResponse":               {"clinical.claim", "clinical.other-date"},
	"ExplanationOfBenefit":        {"clinical.claim", "clinical.other-date"},
	"ChargeItem":                  {"clinical.claim", "clinical.other-date"},
	"Contract":                    {"clinical.claim", "clinical.other-date"},
	"Invoice":                     {"clinical.claim", "clinical.other-date"},
	"PaymentNotice":               {"clinical.claim", "clinical.other-date"},
	"PaymentReconciliation":       {"clinical.claim", "clinical.other-date"},
	"Device":                      {"patient.device", "clinical.other-date"},
	"DeviceMetric":                {"patient.device", "clinical.other-date"},
}

// fhirPaths lists what single paths stand for where that differs from their
// resource's home; a path stands for everything below it, the longest wins.
var fhirPaths = map[string]string{
	"Patient.id": "patient.token", "Patient.link": "patient.token", "Patient.active": "record.technical",
	"Patient.identifier": "patient.mrn", "Patient.name": "patient.name", "Patient.telecom": "patient.telephone",
	"Patient.gender": "patient.sex", "Patient.birthDate": "patient.birth-date",
	"Patient.deceasedBoolean": "patient.death-date", "Patient.deceasedDateTime": "patient.death-date",
	"Patient.address": "patient.street", "Patient.address.city": "patient.city", "Patient.address.district": "patient.county",
	"Patient.address.state": "patient.state", "Patient.address.country": "patient.state", "Patient.address.postalCode": "patient.zip",
	"Patient.address.extension": "patient.coordinates", "Patient.address.use": "patient.state", "Patient.address.type": "patient.state",
	"Patient.maritalStatus": "patient.marital-status", "Patient.photo": "patient.photograph", "Patient.contact": "patient.contact-person",
	"Patient.communication": "patient.language", "Patient.extension": "patient.race-ethnicity",
	"Patient.multipleBirthBoolean": "patient.sex", "Patient.multipleBirthInteger": "patient.sex",
	"Patient.generalPractitioner": "clinical.practitioner", "Patient.managingOrganization": "encounter.hospital",

	"Encounter.id": "encounter.key", "Encounter.status": "encounter.status", "Encounter.class": "encounter.class",
	"Encounter.classHistory": "encounter.class", "Encounter.statusHistory": "encounter.status",
	"Encounter.classHistory.period": "encounter.admit-date", "Encounter.statusHistory.period": "encounter.admit-date",
	"Encounter.type": "encounter.class", "Encounter.serviceType": "encounter.class", "Encounter.priority": "encounter.admission-type",
	"Encounter.period.start": "encounter.admit-date", "Encounter.period.end": "encounter.discharge-date",
	"Encounter.length": "encounter.length-of-stay", "Encounter.reasonCode": "encounter.diagnosis", "Encounter.reasonReference": "encounter.diagnosis",
	"Encounter.diagnosis": "encounter.diagnosis", "Encounter.hospitalization": "encounter.admission-type",
	"Encounter.hospitalization.dischargeDisposition": "encounter.disposition",
	"Encounter.hospitalization.destination":          "encounter.disposition",
	"Encounter.location":                             "encounter.location", "Encounter.location.period": "encounter.admit-date",
	"Encounter.serviceProvider": "encounter.hospital", "Encounter.account": "patient.account",

	"DiagnosticReport.presentedForm": "clinical.document", "DiagnosticReport.conclusion": "clinical.note",
}

// fhirMembers lists what members of any resource stand for, by their name.
var fhirMembers = map[string]string{
	"meta": "record.technical", "implicitRules": "record.technical", "language": "record.technical", "contained": "record.technical",
	"text": "clinical.note", "note": "clinical.note", "identifier": "patient.other-identifier",
	"subject": "patient.token", "patient": "patient.token", "beneficiary": "patient.token", "subscriber": "patient.token",
	"encounter": "encounter.key", "context": "encounter.key", "participant": "clinical.practitioner", "performer": "clinical.practitioner",
	"requester": "clinical.practitioner", "recorder": "clinical.practitioner", "asserter": "clinical.practitioner", "author": "clinical.practitioner",
	"location": "encounter.location", "serviceProvider": "encounter.hospital", "managingOrganization": "encounter.hospital",
}

// FHIRElement returns the element that a path of a FHIR R4 resource stands for, and
// false when the path does not start with the name of a resource type. Paths are
// written as in the StructureDefinitions, with a choice of types spelt out:
// "Patient.address.postalCode", "Observation.effectiveDateTime".
//
// Every path of a known resource stands for some element: what is not named in
// particular stands for what its resource is, and its dates for the resource's
// dates.
func FHIRElement(path string) (Element, bool) {
	resource, rest, nested := strings.Cut(path, ".")
	if resource == "" || resource[0] < 'A' || resource[0] > 'Z' {
		return Element{}, false
	}
	kind, ok := fhirKinds[resource]
	if !ok {
		kind = fhirKind{"record.technical", "record.technical"}
	}
	if !nested {
		return Lookup(kind.home)
	}
	for p := path; p != resource; p = p[:strings.LastIndexByte(p, '.')] {
		if id, ok := fhirPaths[p]; ok {
			return Lookup(id)
		}
	}
	member, _, _ := strings.Cut(rest, ".")
	if id, ok := fhirMembers[member]; ok {
		return Lookup(id)
	}
	for name := range strings.SplitSeq(rest, ".") {
		if fhirDate(name) {
			return Lookup(kind.date)
		}
	}
	return Lookup(kind.home)
}

// fhirDate reports whether R4 uses the name for dates and times.
func fhirDate(name string) bool {
	for _, suffix := range []string{"DateTime", "Date", "Period", "Instant", "Time"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	switch name {
	case "date", "period", "issued", "recorded", "authoredOn", "created", "started", "start", "end", "sent", "received", "time",
		"whenPrepared", "whenHandedOver", "dateAsserted", "dateWritten", "lastUpdated", "lastModified", "timestamp", "when", "occurred":
		return true
	}
	return false
}
