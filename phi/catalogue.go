package phi

import "strings"

// The role sets of the catalogue: who ordinarily needs what for their task.
var (
	care    = []Role{CareCoordinator}
	caring  = []Role{CareCoordinator, QualityCoordinator}
	quality = []Role{CareCoordinator, QualityCoordinator, Analyst}
	all     = []Role{CareCoordinator, QualityCoordinator, Analyst, DataSteward}
	tech    = []Role{DataSteward, Technician}
)

// catalogue lists every element, by ID. A field that is not in it is refused at
// intake (DAT-5).
var catalogue = []Element{
	{ID: "patient.name", Title: "Name", Class: Direct, Identifier: Name, Roles: care},
	{ID: "patient.contact-person", Title: "Relatives and contact persons", Class: Direct, Identifier: Name, Roles: care},
	{ID: "patient.birth-date", Title: "Date of birth", Class: Quasi, Identifier: Date, Roles: care},
	{ID: "patient.death-date", Title: "Date of death", Class: Quasi, Identifier: Date, Roles: quality},
	{ID: "patient.age", Title: "Age in years", Class: Quasi, Identifier: Date, Roles: quality},
	{ID: "patient.sex", Title: "Sex", Class: Quasi, Roles: quality},
	{ID: "patient.race-ethnicity", Title: "Race and ethnicity", Class: Quasi, Roles: []Role{QualityCoordinator, Analyst}},
	{ID: "patient.language", Title: "Language", Class: Quasi, Roles: caring},
	{ID: "patient.marital-status", Title: "Marital status", Class: Quasi, Roles: care},
	{ID: "patient.street", Title: "Street address", Class: Direct, Identifier: Geographic, Street: true, Roles: care},
	{ID: "patient.city", Title: "Town or city", Class: Quasi, Identifier: Geographic, Roles: care},
	{ID: "patient.county", Title: "County", Class: Quasi, Identifier: Geographic, Street: true, Roles: care},
	{ID: "patient.state", Title: "State", Class: Quasi, Roles: quality},
	{ID: "patient.zip", Title: "ZIP code", Class: Quasi, Identifier: Geographic, Roles: caring},
	{ID: "patient.coordinates", Title: "Home coordinates", Class: Direct, Identifier: Geographic, Street: true},
	{ID: "patient.telephone", Title: "Telephone", Class: Direct, Identifier: Telephone, Roles: care},
	{ID: "patient.fax", Title: "Fax", Class: Direct, Identifier: Fax},
	{ID: "patient.email", Title: "Email address", Class: Direct, Identifier: Email, Roles: care},
	{ID: "patient.ssn", Title: "Social security number", Class: Direct, Identifier: SocialSecurity},
	{ID: "patient.mrn", Title: "Medical record number", Class: Direct, Identifier: MedicalRecord, Roles: care},
	{ID: "patient.plan-number", Title: "Health plan beneficiary number", Class: Direct, Identifier: Beneficiary},
	{ID: "patient.account", Title: "Account number", Class: Direct, Identifier: Account},
	{ID: "patient.licence", Title: "Certificate or licence number", Class: Direct, Identifier: Licence},
	{ID: "patient.vehicle", Title: "Vehicle identifier", Class: Direct, Identifier: Vehicle},
	{ID: "patient.device", Title: "Device identifier or serial number", Class: Direct, Identifier: Device},
	{ID: "patient.url", Title: "Web address", Class: Direct, Identifier: URL},
	{ID: "patient.ip-address", Title: "Internet address", Class: Direct, Identifier: InternetAddress},
	{ID: "patient.biometric", Title: "Biometric identifier", Class: Direct, Identifier: Biometric},
	{ID: "patient.photograph", Title: "Full-face photograph", Class: Direct, Identifier: FullFace},
	{ID: "patient.token", Title: "Patient token", Class: Direct, Identifier: OtherUnique, Roles: all},
	{ID: "patient.other-identifier", Title: "Other unique identifier", Class: Direct, Identifier: OtherUnique},

	{ID: "encounter.key", Title: "Encounter key", Class: Direct, Identifier: OtherUnique, Roles: all},
	{ID: "encounter.class", Title: "Encounter class", Class: Operational, Roles: all},
	{ID: "encounter.admit-date", Title: "Admission", Class: Quasi, Identifier: Date, Roles: quality},
	{ID: "encounter.discharge-date", Title: "Discharge", Class: Quasi, Identifier: Date, Roles: quality},
	{ID: "encounter.ed-times", Title: "Emergency department times", Class: Quasi, Identifier: Date, Roles: quality},
	{ID: "encounter.admission-type", Title: "Admission type and origin", Class: Operational, Roles: quality},
	{ID: "encounter.disposition", Title: "Discharge disposition", Class: Clinical, Roles: quality},
	{ID: "encounter.diagnosis", Title: "Diagnoses", Class: Clinical, Roles: quality},
	{ID: "encounter.procedure", Title: "Procedures", Class: Clinical, Roles: quality},
	{ID: "encounter.procedure-date", Title: "Procedure dates", Class: Quasi, Identifier: Date, Roles: quality},
	{ID: "encounter.drg", Title: "Diagnosis-related group", Class: Operational, Roles: quality},
	{ID: "encounter.length-of-stay", Title: "Length of stay", Class: Operational, Roles: quality},
	{ID: "encounter.cost", Title: "Charges and cost", Class: Operational, Roles: []Role{Analyst, QualityCoordinator}},
	{ID: "encounter.payer", Title: "Payer category", Class: Operational, Roles: []Role{Analyst, QualityCoordinator}},
	{ID: "encounter.obstetric", Title: "Parity and gestational age", Class: Clinical, Roles: quality},
	{ID: "encounter.intensive-care", Title: "Intensive care and ventilation", Class: Clinical, Roles: quality},
	{ID: "encounter.location", Title: "Unit or location", Class: Operational, Roles: caring},
	{ID: "encounter.hospital", Title: "Hospital", Class: Operational, Roles: all},
	{ID: "encounter.status", Title: "Record status", Class: Operational, Roles: all},

	{ID: "clinical.condition", Title: "Conditions", Class: Clinical, Roles: quality},
	{ID: "clinical.condition-date", Title: "Condition dates", Class: Quasi, Identifier: Date, Roles: quality},
	{ID: "clinical.observation", Title: "Observations and results", Class: Clinical, Roles: quality},
	{ID: "clinical.observation-date", Title: "Observation dates", Class: Quasi, Identifier: Date, Roles: quality},
	{ID: "clinical.medication", Title: "Medications", Class: Clinical, Roles: quality},
	{ID: "clinical.medication-date", Title: "Medication dates", Class: Quasi, Identifier: Date, Roles: quality},
	{ID: "clinical.procedure", Title: "Procedures performed", Class: Clinical, Roles: quality},
	{ID: "clinical.procedure-date", Title: "Procedure dates", Class: Quasi, Identifier: Date, Roles: quality},
	{ID: "clinical.immunization", Title: "Immunizations", Class: Clinical, Roles: quality},
	{ID: "clinical.other-date", Title: "Dates of other clinical records", Class: Quasi, Identifier: Date, Roles: quality},
	{ID: "clinical.allergy", Title: "Allergies", Class: Clinical, Roles: caring},
	{ID: "clinical.care-plan", Title: "Care plans and goals", Class: Clinical, Roles: caring},
	{ID: "clinical.imaging", Title: "Imaging studies", Class: Clinical, Roles: caring},
	{ID: "clinical.document", Title: "Documents and attachments", Class: Clinical, FreeText: true, Roles: care},
	{ID: "clinical.note", Title: "Clinical notes", Class: Clinical, FreeText: true, Roles: care},
	{ID: "clinical.psychotherapy-note", Title: "Psychotherapy notes", Class: Sensitive, FreeText: true},
	{ID: "clinical.counseling-note", Title: "Substance-use counseling notes", Class: Part2, FreeText: true},
	{ID: "clinical.substance-use", Title: "Substance-use records", Class: Part2, Roles: care},
	{ID: "clinical.sensitive", Title: "Records of a sensitive category", Class: Sensitive, Roles: care},
	{ID: "clinical.practitioner", Title: "Treating practitioner", Class: Operational, Roles: caring},
	{ID: "clinical.coverage", Title: "Insurance coverage", Class: Operational, Roles: []Role{Analyst, QualityCoordinator}},
	{ID: "clinical.claim", Title: "Claims", Class: Operational, Roles: []Role{Analyst, QualityCoordinator}},

	{ID: "unit.month", Title: "Unit and month", Class: Operational, Roles: all},
	{ID: "unit.count", Title: "Unit counts and rates", Class: Operational, Roles: all},
	{ID: "record.technical", Title: "Technical fields of the record", Class: Operational, Roles: tech},
}

// Elements returns the catalogue, in its order.
func Elements() []Element { return append([]Element(nil), catalogue...) }

// Lookup returns the element named id.
func Lookup(id string) (Element, bool) {
	for _, e := range catalogue {
		if e.ID == id {
			return e, true
		}
	}
	return Element{}, false
}

// encounterColumns maps the columns of the encounter extract to elements. The
// numbered columns (dx1 … dx25) are mapped by their stem.
var encounterColumns = map[string]string{
	"encounter_key": "encounter.key", "patient_token": "patient.token", "hospital_id": "encounter.hospital", "class": "encounter.class",
	"admit_dt": "encounter.admit-date", "discharge_dt": "encounter.discharge-date",
	"ed_arrival_dt": "encounter.ed-times", "ed_decision_dt": "encounter.ed-times", "ed_depart_dt": "encounter.ed-times",
	"age_years": "patient.age", "age_days": "patient.age", "sex": "patient.sex", "race_eth": "patient.race-ethnicity", "payer": "encounter.payer",
	"admit_type": "encounter.admission-type", "point_of_origin": "encounter.admission-type", "disposition": "encounter.disposition",
	"dx": "encounter.diagnosis", "poa": "encounter.diagnosis", "pr": "encounter.procedure", "pr_date": "encounter.procedure-date",
	"ms_drg": "encounter.drg", "drg_version": "encounter.drg", "mdc": "encounter.drg", "los_days": "encounter.length-of-stay",
	"total_charges": "encounter.cost", "total_cost": "encounter.cost", "cost_method": "encounter.cost",
	"parity": "encounter.obstetric", "gest_age_wk": "encounter.obstetric", "gravida": "encounter.obstetric",
	"icu_days": "encounter.intensive-care", "vent_hours": "encounter.intensive-care", "unit_at_event": "encounter.location",
	"zip": "patient.zip", "name": "patient.name", "mrn": "patient.mrn", "ssn": "patient.ssn", "birth_date": "patient.birth-date",
	"telephone": "patient.telephone", "email": "patient.email", "street": "patient.street", "city": "patient.city", "state": "patient.state",
}

// EncounterColumn returns the element that a column of the encounter extract
// stands for; numbered columns such as dx7 count as their stem.
func EncounterColumn(column string) (Element, bool) {
	stem := strings.TrimRight(column, "0123456789")
	for _, c := range []string{column, stem} {
		if id, ok := encounterColumns[c]; ok {
			return Lookup(id)
		}
	}
	return Element{}, false
}
