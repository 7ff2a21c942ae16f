package rule

import "slices"

import "fmt"

// A Condition is a yes-or-no fact that rules read. Conditions that permit are
// true only when known to be so; conditions that restrict are true also when
// nothing is known.
type Condition uint8

// The conditions, by what they are about. Their texts are in the table below.
const (
	Always Condition = iota

	// The parties and the person.
	PartiesFit
	PartiesActive
	PersonActive
	PersonTrained
	PersonVerified
	SourceCovered
	SourceProgram
	HolderIsAssociate
	HolderPermitted
	OwnUse
	RecipientCovered
	RecipientProvider
	RecipientPlan
	RecipientCoveredOrProvider
	RecipientPatient
	RecipientAuthority
	RecipientAbuseAgency
	RecipientOversight
	RecipientPolice
	RecipientCoroner
	RecipientOrganBank
	RecipientFunction
	RecipientHHS
	RecipientIntermediary
	SameOHCA
	ActsForSource
	ThroughSubcontractor
	PrincipalBound
	CaringRole

	// Purpose and activity.
	ForTreatment
	ForPayment
	ForOperations
	ForCare
	ForIndividual
	ForManagement
	ForRequiredByLaw
	ForPublicHealth
	ForAbuse
	ForOversight
	ForProceedings
	ForJudicial
	ForPolice
	ForDecedent
	ForOrgan
	ForResearch
	ForThreat
	ForFunction
	ForFamily
	ForHHS
	AttestationPurpose
	RequiringPurpose
	AuditPurpose
	ForMarketing
	ForFundraising
	ForUnderwriting
	LimitedPurpose
	ActivityShared
	Combines
	Consortium
	Commercial
	BreakGlass

	// Agreements.
	ChainSigned
	ChainInForce
	ChainComplete
	ChainScope
	ChainAggregates
	ChainUnviolated
	DUASigned
	DUAInForce
	DUAComplete
	DUAScope
	Participates
	MayDeidentify
	QSOInForce
	HolderContract

	// The patients.
	SourceRelated
	RecipientRelated
	Pertains
	OutsideRule
	Died
	Minor
	OptedOut
	OtherAddress
	PaidRestriction
	AgreedRestriction
	EmergencyTreatment
	EndedRestriction
	LabelHIV
	LabelMental
	LabelGenetic
	LabelReproductive
	OverlayApplies
	OverlayStrips
	MemberStrips

	// Documents the patient signed.
	AuthorizationNames
	AuthorizationValid
	AuthorizationFor
	AuthorizationPaid
	AuthorizationMarketing
	AuthorizationNotes

	// Substance-use records.
	Part2Record
	Part2Labelled
	Part2Basis
	CareConsent
	CareConsentValid
	NamedConsent
	NamedConsentFor
	NamedConsentValid
	ConsentSigner
	ProceedingsConsent
	CounselingConsent
	ReceivedByCare
	ReceivedAsHolder
	DiscloserCoveredOrAssociate
	CareConsentRevoked
	Redisclosure
	NoticeDue
	Part2AccountingOn

	// Findings of people.
	FoundStatute
	FoundMinimum
	FoundEntire
	AsksEntire
	FoundAbuse
	FoundReportable
	FoundOrder
	FoundSubpoena
	FoundAssurances
	ProcessOrdered
	FoundPolice
	FoundLocate
	FoundResearch
	WaiverComplete
	FoundPreparatory
	FoundThreat
	FoundFunction
	FoundPreference
	FoundEmergency
	PatientRefuses
	FoundPart2Order
	FoundPart2Research
	FoundPart2Audit
	FoundPart2Crime
	FoundRepresentative
	FoundEndangerment
	FoundSuspension
	FoundAttestation
	FoundSaleException
	FoundMarketingException
	FoundLongTermCare
	FoundLitigation
	FoundOriginator

	// What is wanted.
	WantsIdentified
	WantsLimited
	WantsDeidentified
	WantsExpert
	ExpertHolds

	// What the decision itself found.
	ExemptBasis
	ExemptPHI
	AccountedBasis
	NotPHI
	GetsLimited
	GetsIdentified
	GetsCodes
	GetsPart2
	ByConsent
	ByEmergency
	AlertDue
	ByBreakGlass
	ProfileRoutine
	LimitsTransfer
	LimitsRegion
	LimitsTime
	Withheld

	conditionCount
)

// condition describes a condition.
type condition struct {
	name   string // stable, for records and case files
	yes    string // plain words when it is true
	no     string // plain words when it is false
	rule   string // the rule that governs it, named when a basis rests on it; empty: none
	remedy string // the smallest change that makes it true; empty if nobody can make it so
}

// conditions describes every condition.
var conditions = [conditionCount]condition{
	Always: {name: "always"},

	PartiesFit:                 {"parties-fit", "parties and person are active and trained", "a party or the person is not active, or training is not current", "G02", ""},
	PartiesActive:              {"parties-active", "every party is known and active", "a party is unknown or not active", "G02", "register the organization and activate it"},
	PersonActive:               {"person-active", "the person's account is active", "the person's account is not known to be active", "G02", "activate the person's account"},
	PersonTrained:              {"person-trained", "the person's training is current", "the person's training is not known to be current", "G02", "complete the required training"},
	PersonVerified:             {"person-verified", "the person's identity and authority are verified", "the person's identity and authority are not verified", "G03", "verify the identity and authority of the person who asks"},
	SourceCovered:              {"source-covered", "the source is a covered entity", "the source is not known to be a covered entity", "", ""},
	SourceProgram:              {"source-program", "the source is a Part 2 program", "the source is no Part 2 program", "", ""},
	HolderIsAssociate:          {"holder-is-associate", "the discloser holds another entity's data", "the discloser holds its own data", "", ""},
	HolderPermitted:            {"holder-permitted", "the discloser's agreement with the source permits this purpose", "no agreement in force lets the discloser use the source's data for this purpose", "G04", "amend or renew the agreement between source and discloser so that it permits this purpose"},
	OwnUse:                     {"own-use", "the data stay within the entity", "the recipient is another organization", "", ""},
	RecipientCovered:           {"recipient-covered", "the recipient is a covered entity", "the recipient is not known to be a covered entity", "", ""},
	RecipientProvider:          {"recipient-provider", "the recipient is a health care provider", "the recipient is not known to be a health care provider", "", ""},
	RecipientPlan:              {"recipient-plan", "the recipient is a health plan", "the recipient is no health plan", "", ""},
	RecipientCoveredOrProvider: {"recipient-covered-or-provider", "the recipient is a covered entity or a provider", "the recipient is neither a covered entity nor a provider", "", ""},
	RecipientPatient:           {"recipient-patient", "the recipient is the patient, or a personal representative", "the recipient is not the patient", "", ""},
	RecipientAuthority:         {"recipient-authority", "the recipient is a public health authority, or acts for one", "the recipient is not known to be a public health authority", "", ""},
	RecipientAbuseAgency:       {"recipient-abuse-agency", "the recipient may receive reports of abuse", "the recipient is not known to receive reports of abuse", "", ""},
	RecipientOversight:         {"recipient-oversight", "the recipient is a health oversight agency", "the recipient is not known to be a health oversight agency", "", ""},
	RecipientPolice:            {"recipient-police", "the recipient is a law enforcement official", "the recipient is not known to be a law enforcement official", "", ""},
	RecipientCoroner:           {"recipient-coroner", "the recipient is a coroner, medical examiner or funeral director", "the recipient is not known to be a coroner, medical examiner or funeral director", "", ""},
	RecipientOrganBank:         {"recipient-organ-bank", "the recipient procures organs, eyes or tissue", "the recipient is not known to procure organs, eyes or tissue", "", ""},
	RecipientFunction:          {"recipient-function", "the recipient serves the stated government, custody or compensation function", "the recipient is not known to serve a government, custody or compensation function", "", ""},
	RecipientHHS:               {"recipient-hhs", "the recipient is the Secretary of HHS", "the recipient is not the Secretary of HHS", "", ""},
	RecipientIntermediary:      {"recipient-intermediary", "the recipient is an intermediary", "the recipient is no intermediary", "", ""},
	SameOHCA:                   {"same-ohca", "both take part in the same organized health care arrangement", "no documented organized health care arrangement joins them", "", ""},
	ActsForSource:              {"acts-for-source", "the recipient acts for the source", "the recipient does not act for the source under a business associate agreement", "B07", "sign a business associate agreement under which the recipient works for the source"},
	ThroughSubcontractor:       {"through-subcontractor", "the recipient is a subcontractor", "the recipient is no subcontractor in a chain from the source", "", ""},
	PrincipalBound:             {"principal-bound", "the recipient acts for itself, or under agreements in force with whom it acts for", "the recipient has no agreement in force and in scope with whom it acts for", "A02", "sign or renew the agreement between the recipient and the entity it acts for"},
	CaringRole:                 {"caring-role", "the person's role cares for patients", "the person's role does not care for patients", "", ""},

	ForTreatment:       {"for-treatment", "the purpose is treatment", "the purpose is not treatment", "", ""},
	ForPayment:         {"for-payment", "the purpose is payment", "the purpose is not payment", "", ""},
	ForOperations:      {"for-operations", "the purpose is health care operations", "the purpose is not health care operations", "", ""},
	ForCare:            {"for-care", "the purpose is treatment, payment or operations", "the purpose is not treatment, payment or operations", "", ""},
	ForIndividual:      {"for-individual", "the purpose is the patient's own access", "the purpose is not the patient's own access", "", ""},
	ForManagement:      {"for-management", "the purpose is the associate's own management", "the purpose is not the associate's own management", "", ""},
	ForRequiredByLaw:   {"for-required-by-law", "the purpose is a disclosure required by law", "the purpose is not a disclosure required by law", "", ""},
	ForPublicHealth:    {"for-public-health", "the purpose is public health", "the purpose is not public health", "", ""},
	ForAbuse:           {"for-abuse", "the purpose is a report of abuse or neglect", "the purpose is not a report of abuse or neglect", "", ""},
	ForOversight:       {"for-oversight", "the purpose is health oversight", "the purpose is not health oversight", "", ""},
	ForProceedings:     {"for-proceedings", "the purpose is a proceeding, or to investigate or prosecute", "the purpose is no proceeding", "", ""},
	ForJudicial:        {"for-judicial", "the purpose is a proceeding", "the purpose is not a proceeding", "", ""},
	ForPolice:          {"for-police", "the purpose is law enforcement", "the purpose is not law enforcement", "", ""},
	ForDecedent:        {"for-decedent", "the purpose concerns a decedent", "the purpose does not concern a decedent", "", ""},
	ForOrgan:           {"for-organ", "the purpose is organ donation", "the purpose is not organ donation", "", ""},
	ForResearch:        {"for-research", "the purpose is research", "the purpose is not research", "", ""},
	ForThreat:          {"for-threat", "the purpose is to avert a serious threat", "the purpose is not to avert a serious threat", "", ""},
	ForFunction:        {"for-function", "the purpose is a government, custody or compensation function", "the purpose is not a government, custody or compensation function", "", ""},
	ForFamily:          {"for-family", "the purpose is the directory, or persons involved in care", "the purpose is neither the directory nor persons involved in care", "", ""},
	ForHHS:             {"for-hhs", "the purpose is an investigation by the Secretary", "the purpose is not an investigation by the Secretary", "", ""},
	AttestationPurpose: {"attestation-purpose", "the purpose is oversight, a proceeding, law enforcement or a coroner's", "the purpose needs no attestation", "", ""},
	RequiringPurpose:   {"requiring-purpose", "the purpose is one that a law can require", "the purpose is not one that a law requires", "", ""},
	AuditPurpose:       {"audit-purpose", "the purpose is audit, oversight or operations", "the purpose is neither audit, oversight nor operations", "", ""},
	ForMarketing:       {"for-marketing", "the purpose is marketing", "the purpose is not marketing", "", ""},
	ForFundraising:     {"for-fundraising", "the purpose is fundraising", "the purpose is not fundraising", "", ""},
	ForUnderwriting:    {"for-underwriting", "the purpose is underwriting", "the purpose is not underwriting", "", ""},
	LimitedPurpose:     {"limited-purpose", "the purpose is research, public health or operations", "the purpose is not research, public health or operations", "", ""},
	ActivityShared:     {"activity-shared", "the activity is one that covered entities may share data for", "the activity is not in paragraph (1) or (2) of the definition of operations, nor fraud detection or compliance", "", ""},
	Combines:           {"combines", "data of several covered entities are combined", "no other entity's data are combined with these", "", ""},
	Consortium:         {"consortium", "the request belongs to a consortium", "no consortium is involved", "", ""},
	Commercial:         {"commercial", "the discloser would be paid for the data", "the discloser is not paid for the data", "", ""},
	BreakGlass:         {"break-glass", "emergency access is claimed", "no emergency access is claimed", "", ""},

	ChainSigned:     {"chain-signed", "every link between source and recipient has a signed agreement", "a link between source and recipient has no signed agreement", "A02", "sign the missing agreement"},
	ChainInForce:    {"chain-in-force", "every agreement of the chain is in force for this purpose", "an agreement of the chain is not in force", "A02", "renew the agreement, or sign a new one"},
	ChainComplete:   {"chain-complete", "every agreement of the chain holds the required terms", "an agreement of the chain lacks a required term", "A01", "amend the agreement to add the missing term"},
	ChainScope:      {"chain-scope", "every agreement of the chain permits the purpose", "an agreement of the chain does not permit this purpose or activity", "A03", "amend the agreement to permit this purpose and activity"},
	ChainAggregates: {"chain-aggregates", "every agreement permits data aggregation", "an agreement does not permit data aggregation", "B09", "add the data aggregation clause to the agreement of every contributing entity"},
	ChainUnviolated: {"chain-unviolated", "no uncured violation of the agreements is known", "a known violation of an agreement is not cured", "A08", "cure the violation, or terminate the agreement"},
	DUASigned:       {"dua-signed", "a data use agreement is signed", "no data use agreement with the recipient is signed", "B22", "sign a data use agreement for a limited data set"},
	DUAInForce:      {"dua-in-force", "the data use agreement is in force", "the data use agreement is not in force", "B22", "renew the data use agreement"},
	DUAComplete:     {"dua-complete", "the data use agreement holds the required terms", "the data use agreement lacks a required term", "A04", "amend the data use agreement to add the missing term"},
	DUAScope:        {"dua-scope", "the data use agreement permits the purpose", "the data use agreement does not permit this purpose or activity", "A04", "amend the data use agreement to permit this purpose and activity"},
	Participates:    {"participates", "the source takes part in the consortium under an agreement in force", "no participation agreement of the source with the consortium is in force", "A07", "sign the participation agreement of the consortium"},
	MayDeidentify:   {"may-deidentify", "whoever de-identifies may do so", "the agreement with the source does not let the discloser de-identify", "G05", "add the de-identification clause to the agreement with the source"},
	QSOInForce:      {"qso-in-force", "a qualified service organization agreement is in force", "no qualified service organization agreement is in force", "P14", "sign a qualified service organization agreement"},
	HolderContract:  {"holder-contract", "a written contract binds the recipient to Part 2", "no written contract binds the recipient to Part 2", "P07", "bind the recipient to 42 CFR part 2 in a written contract"},

	SourceRelated:      {"source-related", "the source has or had a relationship with the patients", "no relationship of the source with the patients is known", "", ""},
	RecipientRelated:   {"recipient-related", "the recipient has or had a relationship with the patients", "no relationship of the recipient with the patients is known", "", ""},
	Pertains:           {"pertains", "the data pertain to the shared relationship", "the data are not known to pertain to the shared relationship", "", ""},
	OutsideRule:        {"outside-rule", "the records are no protected health information: fifty years after death, employment or education records", "the records are protected health information", "", ""},
	Died:               {"died", "the patients have died", "the patients are not known to have died", "", ""},
	Minor:              {"minor", "the patients are minors, or may be", "the patients are no minors", "", ""},
	OptedOut:           {"opted-out", "the patients opted out of fundraising, or may have", "the patients did not opt out of fundraising", "", ""},
	OtherAddress:       {"other-address", "the patients asked for confidential communications", "no confidential communications were asked for", "", ""},
	PaidRestriction:    {"paid-restriction", "a visit was paid in full by the patient, who asked that the plan not be told, or this is not known", "no paid-in-full restriction applies", "R01", ""},
	AgreedRestriction:  {"agreed-restriction", "an agreed restriction covers this recipient and purpose", "no agreed restriction covers this recipient and purpose", "R02", ""},
	EmergencyTreatment: {"emergency-treatment", "the purpose is treatment in an emergency", "the purpose is not treatment in an emergency", "", ""},
	EndedRestriction:   {"ended-restriction", "a restriction has ended", "no restriction has ended", "R03", ""},
	LabelHIV:           {"label-hiv", "the records are labelled HIV", "no HIV label", "", ""},
	LabelMental:        {"label-mental", "the records are labelled mental health", "no mental health label", "", ""},
	LabelGenetic:       {"label-genetic", "the records are labelled genetic, or sensitive records that may be genetic are asked for", "no genetic label", "", ""},
	LabelReproductive:  {"label-reproductive", "the records are labelled reproductive health", "no reproductive health label", "", ""},
	OverlayApplies:     {"overlay-applies", "an overlay of a State or member applies", "no overlay applies", "", ""},
	OverlayStrips:      {"overlay-strips", "an overlay of a State withholds elements", "no overlay of a State withholds elements", "", ""},
	MemberStrips:       {"member-strips", "a rule of the member withholds elements, or cannot be read", "no rule of the member withholds elements", "", ""},

	AuthorizationNames:     {"authorization-names", "an authorization names discloser and recipient", "no authorization names discloser and recipient", "B11", "obtain the patient's authorization"},
	AuthorizationValid:     {"authorization-valid", "the authorization is valid", "the authorization is defective", "A05", "obtain a new authorization without the defect"},
	AuthorizationFor:       {"authorization-for", "the authorization covers the purpose", "the authorization does not cover the purpose", "A05", "obtain an authorization that covers the purpose"},
	AuthorizationPaid:      {"authorization-paid", "the authorization states that the discloser is paid", "no valid authorization states that the discloser is paid", "A05", "obtain an authorization that states the remuneration"},
	AuthorizationMarketing: {"authorization-marketing", "the authorization is for marketing", "no valid authorization is for marketing", "A05", "obtain an authorization for marketing that states any remuneration"},
	AuthorizationNotes:     {"authorization-notes", "an authorization for psychotherapy notes alone is valid", "no valid authorization for psychotherapy notes alone", "A05", ""},

	Part2Record:                 {"part2-record", "the records come from a Part 2 program", "the records come from no Part 2 program", "", ""},
	Part2Labelled:               {"part2-labelled", "elements labelled as substance-use records may come from a Part 2 program", "no Part 2 provenance", "", ""},
	Part2Basis:                  {"part2-basis", "a basis of 42 CFR part 2 holds", "no basis of 42 CFR part 2 holds", "", ""},
	CareConsent:                 {"care-consent", "a consent for treatment, payment and operations covers discloser and recipient", "no consent for treatment, payment and operations covers discloser and recipient", "P04", "obtain the patient's consent for treatment, payment and operations (42 CFR 2.31)"},
	CareConsentValid:            {"care-consent-valid", "that consent is valid", "that consent is defective or has ended", "P03", "obtain a new consent without the defect"},
	NamedConsent:                {"named-consent", "a consent names the recipient", "no consent names this recipient", "P05", "obtain a consent that names this recipient (42 CFR 2.31(a)(4))"},
	NamedConsentFor:             {"named-consent-for", "the named consent covers the purpose", "the named consent does not cover the purpose", "P05", "obtain a consent that covers the purpose"},
	NamedConsentValid:           {"named-consent-valid", "the named consent is valid", "the named consent is defective or has ended", "P03", "obtain a new consent without the defect"},
	ConsentSigner:               {"consent-signer", "who signed the consent could", "the consent is not signed by whom 42 CFR 2.14 asks for", "P20", "have the consent signed by the minor, and by the parent where State law asks"},
	ProceedingsConsent:          {"proceedings-consent", "a consent for proceedings is valid", "no valid consent for proceedings", "P09", ""},
	CounselingConsent:           {"counseling-consent", "a consent for counseling notes is valid", "no valid consent for counseling notes alone", "P08", ""},
	ReceivedByCare:              {"received-by-care", "the discloser received the records under a consent for treatment, payment and operations", "the discloser did not receive the records under such a consent", "", ""},
	ReceivedAsHolder:            {"received-as-holder", "the discloser holds the records as another lawful holder", "the discloser is no other lawful holder", "", ""},
	DiscloserCoveredOrAssociate: {"discloser-covered-or-associate", "the discloser is a covered entity or business associate", "the discloser is neither a covered entity nor a business associate", "", ""},
	CareConsentRevoked:          {"care-consent-revoked", "that consent was revoked since", "that consent was not revoked", "", ""},
	Redisclosure:                {"redisclosure", "the records go on under a consent given to somebody else", "the records do not go on under such a consent", "", ""},
	NoticeDue:                   {"notice-due", "the notice of 42 CFR 2.32 is due", "no notice is due", "", ""},
	Part2AccountingOn:           {"part2-accounting-on", "the accounting of 42 CFR 2.25 is in force", "the accounting of 42 CFR 2.25 waits for a revised 45 CFR 164.528", "", ""},

	FoundStatute:            {"found-statute", "a law requires the disclosure", "no law that requires the disclosure is stated", "B12", "state the law that requires the disclosure"},
	FoundMinimum:            {"found-minimum", "the requester stated that this is the minimum necessary", "no statement that this is the minimum necessary", "F03", ""},
	FoundEntire:             {"found-entire", "the entire record is specifically justified", "no specific justification of the entire record", "F04", ""},
	AsksEntire:              {"asks-entire", "the entire record is asked for", "less than the entire record is asked for", "", ""},
	FoundAbuse:              {"found-abuse", "somebody believes with reason that the patient is a victim", "no reasonable belief of abuse is recorded", "B14", "record the reasonable belief that the patient is a victim"},
	FoundReportable:         {"found-reportable", "the patient agrees, or a law requires or permits the report", "neither the patient's agreement nor a law for the report is recorded", "B14", "record the patient's agreement, or the law that requires or permits the report"},
	FoundOrder:              {"found-order", "a court ordered it", "no court order is recorded", "B16", "obtain a court order"},
	FoundSubpoena:           {"found-subpoena", "there is a subpoena or other process", "no subpoena or other process is recorded", "B16", ""},
	FoundAssurances:         {"found-assurances", "satisfactory assurances were given", "no satisfactory assurances were given", "B16", "obtain satisfactory assurance of notice to the patient, or a qualified protective order"},
	ProcessOrdered:          {"process-ordered", "an order compels, or a subpoena comes with assurances", "there is neither an order, nor a subpoena with assurances", "B16", "obtain a court order, or satisfactory assurances for the subpoena"},
	FoundPolice:             {"found-police", "one of the conditions of 164.512(f) is documented", "none of the conditions of 164.512(f) is documented", "B17", "document legal process or another condition of 164.512(f)"},
	FoundLocate:             {"found-locate", "the request is only to identify or locate somebody", "the request is not merely to identify or locate somebody", "", ""},
	FoundResearch:           {"found-research", "a waiver, preparatory review or research on decedents is documented", "neither waiver nor another condition of 164.512(i) is documented", "B19", "obtain a waiver from an IRB or privacy board"},
	WaiverComplete:          {"waiver-complete", "the documents of the waiver are complete", "a document of the waiver is missing", "A06", "complete the documents of the waiver"},
	FoundPreparatory:        {"found-preparatory", "the review is preparatory to research", "the review is not preparatory to research", "", ""},
	FoundThreat:             {"found-threat", "a serious and imminent threat is believed in good faith", "no good-faith belief of a serious and imminent threat is recorded", "B20", "record the belief that there is a serious and imminent threat"},
	FoundFunction:           {"found-function", "the function is stated by who may state it", "the function is not stated by who may state it", "B21", "obtain the statement of the official or the compensation law"},
	FoundPreference:         {"found-preference", "the patient agreed or did not object, or professional judgement was used", "neither the patient's agreement nor professional judgement is recorded", "B24", "ask the patient, or record professional judgement"},
	FoundEmergency:          {"found-emergency", "a medical emergency is documented", "no medical emergency is documented", "P10", ""},
	PatientRefuses:          {"patient-refuses", "the patient is capable and refuses", "no capable patient refuses", "", ""},
	FoundPart2Order:         {"found-part2-order", "a court order under 42 CFR 2.61-2.67 is there", "no court order under 42 CFR 2.61-2.67", "P09", "obtain a court order under 42 CFR part 2 subpart E"},
	FoundPart2Research:      {"found-part2-research", "the conditions of 42 CFR 2.52 are documented", "the conditions of 42 CFR 2.52 are not documented", "P11", "document the conditions of 42 CFR 2.52"},
	FoundPart2Audit:         {"found-part2-audit", "the agreement of 42 CFR 2.53 is there", "no agreement under 42 CFR 2.53", "P12", "obtain the audit agreement of 42 CFR 2.53"},
	FoundPart2Crime:         {"found-part2-crime", "a crime on the premises or child abuse is reported", "no crime on the premises nor child abuse is reported", "P21", ""},
	FoundRepresentative:     {"found-representative", "the representative's authority is documented", "no representative acts", "", ""},
	FoundEndangerment:       {"found-endangerment", "the representative endangers the patient, by professional judgement", "no endangerment by the representative", "R05", ""},
	FoundSuspension:         {"found-suspension", "an agency asked to suspend the accounting", "nobody asked to suspend the accounting", "", ""},
	FoundAttestation:        {"found-attestation", "an attestation was signed", "no attestation was signed", "T02", "obtain a signed attestation"},
	FoundSaleException:      {"found-sale-exception", "an exception to the ban on sale is documented", "no exception to the ban on sale is documented", "X01", ""},
	FoundMarketingException: {"found-marketing-exception", "the communication is face to face, or a gift of nominal value", "no exception for marketing is documented", "X02", ""},
	FoundLongTermCare:       {"found-long-term-care", "the plan issues long-term care policies", "the plan is not known to issue long-term care policies", "", ""},
	FoundLitigation:         {"found-litigation", "the information was compiled for a proceeding", "the information was not compiled for a proceeding", "", ""},
	FoundOriginator:         {"found-originator", "the recipient wrote the notes and treats the patient", "the recipient is not the originator of the notes", "", ""},

	WantsIdentified:   {"wants-identified", "identifiable data are asked for", "no identifiable data are asked for", "", ""},
	WantsLimited:      {"wants-limited", "a limited data set, or less, is asked for", "more than a limited data set is asked for", "", ""},
	WantsDeidentified: {"wants-deidentified", "de-identified data are asked for", "more than de-identified data are asked for", "", ""},
	WantsExpert:       {"wants-expert", "data de-identified by expert determination are asked for", "no expert form is asked for", "", ""},
	ExpertHolds:       {"expert-holds", "an expert determination is in force, where one is asked for", "the expert determination asked for is not in force", "G05", "obtain an expert determination for the dataset"},

	ExemptBasis:    {"exempt-basis", "the minimum necessary standard does not apply to this basis", "the minimum necessary standard applies", "", ""},
	ExemptPHI:      {"exempt-phi", "the minimum necessary standard does not apply, and the data are protected", "a review of the single request is due", "", ""},
	AccountedBasis: {"accounted-basis", "a disclosure on this basis is accounted for", "a disclosure on this basis is exempt from the accounting", "", ""},
	NotPHI:         {"not-phi", "the data are not protected health information", "the data are protected health information", "", ""},
	GetsLimited:    {"gets-limited", "a limited data set is released", "no limited data set is released", "", ""},
	GetsIdentified: {"gets-identified", "identifiable data are released", "no identifiable data are released", "", ""},
	GetsCodes:      {"gets-codes", "record numbers are replaced by codes", "no record numbers are released", "", ""},
	GetsPart2:      {"gets-part2", "substance-use records are released", "no substance-use records are released", "", ""},
	ByConsent:      {"by-consent", "substance-use records go on a consent", "no substance-use records go on a consent", "", ""},
	ByEmergency:    {"by-emergency", "substance-use records go in an emergency", "no substance-use records go in an emergency", "", ""},
	AlertDue:       {"alert-due", "access in an emergency is the basis", "no access in an emergency", "", ""},
	ByBreakGlass:   {"by-break-glass", "emergency access is the basis", "emergency access is not the basis", "", ""},
	ProfileRoutine: {"profile-routine", "a standard protocol covers the request", "no standard protocol covers the request", "", ""},
	LimitsTransfer: {"limits-transfer", "the agreement names methods of transfer", "no method of transfer is named", "", ""},
	LimitsRegion:   {"limits-region", "the agreement names regions", "no region is named", "", ""},
	LimitsTime:     {"limits-time", "the agreement limits how long the data are kept", "no time is limited", "", ""},
	Withheld:       {"withheld", "something asked for is withheld", "nothing asked for is withheld", "", ""},
}

// Conditions lists every condition.
func Conditions() []Condition {
	out := make([]Condition, conditionCount)
	for i := range out {
		out[i] = Condition(i)
	}
	return out
}

// String returns the stable name of the condition.
func (c Condition) String() string {
	if c < conditionCount {
		return conditions[c].name
	}
	return fmt.Sprintf("condition-%d", uint8(c))
}

// Text says in plain words that the condition is true, or false.
func (c Condition) Text(holds bool) string {
	if holds {
		return conditions[c].yes
	}
	return conditions[c].no
}

// Governor is the id of the rule that governs the condition, empty if none does.
func (c Condition) Governor() string { return conditions[c].rule }

// Remedy is the smallest change that makes the condition true, empty if nobody can
// make it so.
func (c Condition) Remedy() string { return conditions[c].remedy }

// Marks is a set of conditions.
type Marks [4]uint64

// Set adds the condition, or takes it away.
func (m *Marks) Set(c Condition, on bool) {
	if on {
		m[c>>6] |= 1 << (c & 63)
	} else {
		m[c>>6] &^= 1 << (c & 63)
	}
}

// Has reports whether the condition is in the set.
func (m *Marks) Has(c Condition) bool { return m[c>>6]>>(c&63)&1 == 1 }

// Any reports whether one of the conditions is in the set.
func (m *Marks) Any(list ...Condition) bool {
	return slices.ContainsFunc(list, m.Has)
}

// all reports whether every mark of o is in m; none, whether no mark of o is.
func (m *Marks) all(o *Marks) bool {
	return o[0]&^m[0]|o[1]&^m[1]|o[2]&^m[2]|o[3]&^m[3] == 0
}

func (m *Marks) none(o *Marks) bool {
	return o[0]&m[0]|o[1]&m[1]|o[2]&m[2]|o[3]&m[3] == 0
}
