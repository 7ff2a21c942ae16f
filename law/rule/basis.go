package rule

import (
	"chaperone.example/law/civil"
	"chaperone.example/law/fact"
)

// The information-blocking exceptions that refusals rest on, 45 CFR part 171.
const (
	Harm          = "45 CFR 171.201"
	Precondition  = "45 CFR 171.202(b)"
	DeniedAccess  = "45 CFR 171.202(d)"
	PatientAsked  = "45 CFR 171.202(e)"
	Security      = "45 CFR 171.203"
	Infeasibility = "45 CFR 171.204"
	Manner        = "45 CFR 171.301"
)

// ExceptionTitle is the plain name of an information-blocking exception.
func ExceptionTitle(citation string) string {
	return map[string]string{
		Harm:          "Preventing harm",
		Precondition:  "Privacy: a precondition of the law is not satisfied",
		DeniedAccess:  "Privacy: denial of an individual's access as the Privacy Rule allows",
		PatientAsked:  "Privacy: the individual asked that the information not be shared",
		Security:      "Security",
		Infeasibility: "Infeasibility: what may be shared cannot be separated from what may not",
		Manner:        "Manner: another manner is offered",
	}[citation]
}

// bars refuse, whatever the basis.
var bars = []Rule{
	{ID: "G02", Version: 1, Title: "Known parties, active and trained", Citation: "45 CFR 164.308(a)(3)-(5)", Effect: Bars, Exception: Security,
		Text:   "Data flow only between parties that are known and active, at the request of a person whose account is active and whose training is current.",
		Unless: []Condition{PartiesFit}},
	{ID: "G03", Version: 1, Title: "Verified identity and authority", Citation: "45 CFR 164.514(h)", Effect: Bars, Exception: Security,
		Text:   "The identity and authority of whoever asks are verified before anything is disclosed.",
		Unless: []Condition{PersonVerified}},
	{ID: "G04", Version: 1, Title: "A business associate does only what its agreement permits", Citation: "45 CFR 164.502(a)(3), 164.504(e)(2)(i)", Effect: Bars, Exception: Precondition,
		Text: "Whoever holds another entity's data uses and discloses them only as the agreement with that entity permits, and only as the entity could itself.",
		When: []Condition{HolderIsAssociate}, Unless: []Condition{HolderPermitted}},
	{ID: "A07", Version: 1, Title: "Participation agreement", Citation: "platform; participation agreement", Effect: Bars, Exception: Precondition,
		Text: "Data of a member flow to its consortium only while its participation agreement is in force.",
		When: []Condition{Consortium}, Unless: []Condition{Participates}},
	{ID: "A08", Version: 1, Title: "Known violation", Citation: "45 CFR 164.504(e)(1)(ii)-(iii), 164.514(e)(4)(iii)", Effect: Bars, Exception: Precondition,
		Text:   "Nothing flows over an agreement of which an uncured pattern of violation is known.",
		Unless: []Condition{ChainUnviolated}},
	{ID: "X01", Version: 1, Title: "No sale of protected health information", Citation: "45 CFR 164.502(a)(5)(ii), 164.508(a)(4)", Effect: Bars, Exception: Precondition,
		Text: "Protected health information is not disclosed for payment, unless the patient signed an authorization that states it, or an exception of 164.502(a)(5)(ii)(B) applies.",
		When: []Condition{Commercial}, Unless: []Condition{WantsDeidentified, AuthorizationPaid, FoundSaleException}},
	{ID: "X02", Version: 1, Title: "Marketing needs an authorization", Citation: "45 CFR 164.508(a)(3)", Effect: Bars, Exception: Precondition,
		Text: "Marketing needs the patient's authorization, except face to face or for a gift of nominal value.",
		When: []Condition{ForMarketing}, Unless: []Condition{WantsDeidentified, AuthorizationMarketing, FoundMarketingException}},
	{ID: "X03", Version: 1, Title: "Fundraising and opting out", Citation: "45 CFR 164.514(f)(2)", Effect: Bars, Exception: PatientAsked,
		Text: "No fundraising to patients who opted out, or of whom it is not known.",
		When: []Condition{ForFundraising, OptedOut}, Unless: []Condition{WantsDeidentified}},
	{ID: "X04", Version: 1, Title: "No genetic information for underwriting", Citation: "45 CFR 164.502(a)(5)(i)", Effect: Bars, Exception: Precondition,
		Text: "A health plan, other than an issuer of long-term care policies, does not use or disclose genetic information for underwriting; no authorization changes that.",
		When: []Condition{ForUnderwriting, LabelGenetic}, Unless: []Condition{FoundLongTermCare, WantsDeidentified}},
	{ID: "R05", Version: 1, Title: "Representative who endangers the patient", Citation: "45 CFR 164.502(g)(5)", Effect: Bars, Exception: Harm,
		Text: "A person is not treated as the representative when a professional finds that the patient is or may be subject to violence, abuse, neglect or endangerment by that person.",
		When: []Condition{ForIndividual, FoundRepresentative, FoundEndangerment}},
	{ID: "N05", Version: 1, Title: "Emergency access is for treatment", Citation: "45 CFR 164.312(a)(2)(ii)", Effect: Bars, Exception: Security,
		Text: "Emergency access is claimed for treatment only.",
		When: []Condition{BreakGlass}, Unless: []Condition{ForTreatment}},
	{ID: "T02", Version: 1, Title: "Attestation for reproductive health information", Citation: "45 CFR 164.509 (vacated 18 June 2025, Purl v. HHS, N.D. Tex. 2:24-cv-228)", Effect: Bars, Exception: Precondition,
		Text: "From 23 December 2024 until it was vacated on 18 June 2025, the rule asked for a signed attestation before information potentially related to reproductive health went to oversight, proceedings, law enforcement or coroners.",
		From: civil.Of(2024, 12, 23), To: civil.Of(2025, 6, 17),
		When: []Condition{LabelReproductive, AttestationPurpose}, Unless: []Condition{FoundAttestation, WantsDeidentified}},
}

// bases permit, in order of preference: the first that holds is taken, and all are
// reported. These are of the patient, of care and of the entity's own work.
var bases = []Rule{
	{ID: "G05", Version: 1, Title: "De-identified data", Citation: "45 CFR 164.502(d), 164.514(a)-(c)", Effect: Grants, Cap: fact.Expert, Exempt: true,
		Text: "Data de-identified by Safe Harbor or expert determination are not protected health information. Whoever de-identifies needs the right to do so.",
		When: []Condition{WantsDeidentified, MayDeidentify, ExpertHolds}},
	{ID: "G06", Version: 1, Title: "Not protected health information", Citation: "45 CFR 160.103, 164.502(f)", Effect: Grants, Cap: fact.Identified, Exempt: true,
		Text: "Records of people dead for more than fifty years, employment records and education records are not protected health information.",
		When: []Condition{OutsideRule}},
	{ID: "B01", Version: 1, Title: "The patient", Citation: "45 CFR 164.502(a)(1)(i), (a)(2)(i), 164.502(g), 164.524", Effect: Grants, Cap: fact.Identified, Exempt: true,
		Text: "The patient, or a personal representative, gets access; psychotherapy notes and what was compiled for a proceeding are excepted.",
		When: []Condition{ForIndividual, RecipientPatient}, Unless: []Condition{FoundLitigation}},
	{ID: "N04", Version: 1, Title: "Emergency access", Citation: "45 CFR 164.312(a)(2)(ii), 164.506(c)(1)-(2)", Effect: Grants, Cap: fact.Identified, Exempt: true, Duties: []fact.Duty{fact.AfterReview},
		Text: "In a documented emergency somebody whose role cares for patients gets what treatment needs, whatever the profile says; it is reviewed afterwards.",
		When: []Condition{BreakGlass, ForTreatment, CaringRole, FoundEmergency, SourceCovered}},
	{ID: "B03", Version: 2, Title: "Treatment", Citation: "45 CFR 164.506(c)(2)", Effect: Grants, Cap: fact.Identified, Exempt: true,
		Text: "A covered entity may disclose for the treatment activities of any other health care provider. Whoever works for the entity itself is its business associate.",
		When: []Condition{ForTreatment, SourceCovered, RecipientProvider, PrincipalBound}, Unless: []Condition{OwnUse, ActsForSource}},
	{ID: "B02", Version: 1, Title: "Own treatment, payment and operations", Citation: "45 CFR 164.506(c)(1), 164.514(d)(2)", Effect: Grants, Cap: fact.Identified,
		Text: "A covered entity may use its own data for its own treatment, payment and health care operations; its workforce sees what its roles need.",
		When: []Condition{ForCare, SourceCovered, OwnUse}},
	{ID: "B04", Version: 2, Title: "Payment", Citation: "45 CFR 164.506(c)(3)", Effect: Grants, Cap: fact.Identified,
		Text: "A covered entity may disclose for the payment activities of another covered entity or of a health care provider.",
		When: []Condition{ForPayment, SourceCovered, RecipientCoveredOrProvider, PrincipalBound}, Unless: []Condition{OwnUse, ActsForSource}},
	{ID: "B06", Version: 1, Title: "Operations of an organized health care arrangement", Citation: "45 CFR 164.506(c)(5), 160.103", Effect: Grants, Cap: fact.Identified,
		Text: "Members of an organized health care arrangement may disclose to one another for any health care operations of the arrangement; no relationship with each patient is needed.",
		When: []Condition{ForOperations, SourceCovered, SameOHCA, PrincipalBound}, Unless: []Condition{OwnUse}},
	{ID: "B05", Version: 2, Title: "Operations of another covered entity", Citation: "45 CFR 164.506(c)(4), 164.501", Effect: Grants, Cap: fact.Identified,
		Text: "A covered entity may disclose for quality assessment, review of professionals, fraud detection or compliance of another covered entity, if each has or had a relationship with the patient and the data pertain to it.",
		When: []Condition{ForOperations, SourceCovered, RecipientCovered, ActivityShared, SourceRelated, RecipientRelated, Pertains, PrincipalBound}, Unless: []Condition{OwnUse, ActsForSource}},
}

// associateBases are of those who work for the source.
var associateBases = []Rule{
	{ID: "B09", Version: 1, Title: "Data aggregation by a business associate", Citation: "45 CFR 164.504(e)(2)(i)(B), 164.501", Effect: Grants, Cap: fact.Identified,
		Text: "A business associate of several covered entities may combine their data for analyses of their operations, if the agreement of every one of them permits data aggregation.",
		When: []Condition{Combines, ForOperations, SourceCovered, ActsForSource, ChainSigned, ChainInForce, ChainComplete, ChainScope, ChainAggregates}},
	{ID: "B08", Version: 1, Title: "Subcontractor of a business associate", Citation: "45 CFR 164.502(e)(1)(ii), 164.504(e)(5)", Effect: Grants, Cap: fact.Identified,
		Text: "A business associate may let a subcontractor work for the covered entity, to any depth, each link bound by an agreement that holds the required terms; the scope is what all of them permit.",
		When: []Condition{SourceCovered, ActsForSource, ThroughSubcontractor, ChainSigned, ChainInForce, ChainComplete, ChainScope}, Unless: []Condition{Combines, ForManagement}},
	{ID: "B07", Version: 1, Title: "Business associate", Citation: "45 CFR 164.502(e)(1)(i), 164.504(e)", Effect: Grants, Cap: fact.Identified,
		Text: "A covered entity may let a business associate work for it under an agreement that holds the required terms, is in force, and permits the purpose.",
		When: []Condition{SourceCovered, ActsForSource, ChainSigned, ChainInForce, ChainComplete, ChainScope}, Unless: []Condition{Combines, ForManagement}},
	{ID: "B10", Version: 1, Title: "A business associate's own management", Citation: "45 CFR 164.504(e)(2)(i)(A), (e)(4)", Effect: Grants, Cap: fact.Identified,
		Text: "A business associate may use the data for its own management and administration and its legal responsibilities, if its agreement says so.",
		When: []Condition{ForManagement, SourceCovered, ActsForSource, ChainSigned, ChainInForce, ChainComplete, ChainScope}},
}

// publicBases are of the patient's authorization, of 164.510 and 164.512, and the
// limited data set.
var publicBases = []Rule{
	{ID: "B11", Version: 1, Title: "Authorization", Citation: "45 CFR 164.508(a)(1)", Effect: Grants, Cap: fact.Identified, Exempt: true, Keeps: KeepsAuthorized, Scope: "F09",
		Text: "A valid authorization permits what it describes, to whom and for what it says.",
		When: []Condition{AuthorizationNames, AuthorizationFor, AuthorizationValid}},
	{ID: "B24", Version: 1, Title: "Directory, and persons involved in care", Citation: "45 CFR 164.510", Effect: Grants, Cap: fact.Identified,
		Text: "For the facility directory and to persons involved in the patient's care, when the patient agreed or did not object, or by professional judgement.",
		When: []Condition{ForFamily, SourceCovered, FoundPreference}},
	{ID: "B12", Version: 1, Title: "Required by law", Citation: "45 CFR 164.512(a)", Effect: Grants, Cap: fact.Identified, Exempt: true, Accounted: true, Keeps: KeepsStatute, Scope: "F15",
		Text: "A disclosure that a law requires, limited to what that law requires.",
		When: []Condition{FoundStatute, RequiringPurpose, SourceCovered}},
	{ID: "B13", Version: 1, Title: "Public health", Citation: "45 CFR 164.512(b)(1)", Effect: Grants, Cap: fact.Identified, Accounted: true,
		Text: "A public health authority that may by law collect information to prevent or control disease, injury or disability gets it.",
		When: []Condition{ForPublicHealth, SourceCovered, RecipientAuthority}},
	{ID: "B14", Version: 1, Title: "Abuse, neglect, domestic violence", Citation: "45 CFR 164.512(b)(1)(ii), (c)", Effect: Grants, Cap: fact.Identified, Accounted: true,
		Text: "An agency that may receive such reports gets information about somebody reasonably believed to be a victim, if the patient agrees or a law requires or permits it.",
		When: []Condition{ForAbuse, SourceCovered, RecipientAbuseAgency, FoundAbuse, FoundReportable}},
	{ID: "B15", Version: 1, Title: "Health oversight", Citation: "45 CFR 164.512(d)", Effect: Grants, Cap: fact.Identified, Accounted: true,
		Text: "A health oversight agency gets what its audits, inspections, licensure and other oversight need.",
		When: []Condition{ForOversight, SourceCovered, RecipientOversight}},
	{ID: "B23", Version: 1, Title: "The Secretary of HHS", Citation: "45 CFR 164.502(a)(2)(ii), 160.310", Effect: Grants, Cap: fact.Identified, Exempt: true, Accounted: true,
		Text: "The Secretary gets what an investigation or review of compliance needs; this disclosure is required.",
		When: []Condition{ForHHS, RecipientHHS}},
	{ID: "B16", Version: 1, Title: "Judicial and administrative proceedings", Citation: "45 CFR 164.512(e)", Effect: Grants, Cap: fact.Identified, Accounted: true, Keeps: KeepsOrdered, Scope: "F15",
		Text: "An order of a court or tribunal permits what it expressly authorizes; a subpoena without an order needs satisfactory assurance of notice or of a protective order.",
		When: []Condition{ForJudicial, SourceCovered, ProcessOrdered}},
	{ID: "B17", Version: 1, Title: "Law enforcement", Citation: "45 CFR 164.512(f)", Effect: Grants, Cap: fact.Identified, Accounted: true,
		Text: "A law enforcement official gets information by legal process, to identify or locate somebody, about a victim, a suspicious death, a crime on the premises or in an emergency, each on its own conditions.",
		When: []Condition{ForPolice, SourceCovered, RecipientPolice, FoundPolice}},
	{ID: "B18", Version: 1, Title: "Decedents", Citation: "45 CFR 164.512(g)", Effect: Grants, Cap: fact.Identified, Accounted: true,
		Text: "Coroners, medical examiners and funeral directors get what their duties about a decedent need.",
		When: []Condition{ForDecedent, SourceCovered, RecipientCoroner}},
	{ID: "B28", Version: 1, Title: "Organ, eye and tissue donation", Citation: "45 CFR 164.512(h)", Effect: Grants, Cap: fact.Identified, Accounted: true,
		Text: "Organ procurement organizations get what donation and transplantation need.",
		When: []Condition{ForOrgan, SourceCovered, RecipientOrganBank}},
	{ID: "B19", Version: 1, Title: "Research without authorization", Citation: "45 CFR 164.512(i)", Effect: Grants, Cap: fact.Identified, Accounted: true,
		Text: "Research with a documented waiver of an IRB or privacy board, reviews preparatory to research, and research on decedents.",
		When: []Condition{ForResearch, SourceCovered, FoundResearch, WaiverComplete}},
	{ID: "B20", Version: 1, Title: "Serious threat", Citation: "45 CFR 164.512(j)", Effect: Grants, Cap: fact.Identified, Accounted: true,
		Text: "What is believed in good faith to be necessary to prevent or lessen a serious and imminent threat, to somebody able to do so.",
		When: []Condition{ForThreat, SourceCovered, FoundThreat}},
	{ID: "B21", Version: 1, Title: "Government functions, custody, workers' compensation", Citation: "45 CFR 164.512(k)-(l)", Effect: Grants, Cap: fact.Identified, Accounted: true,
		Text: "Military, national security, protective services, correctional institutions and workers' compensation, each as far as its paragraph or law provides.",
		When: []Condition{ForFunction, SourceCovered, RecipientFunction, FoundFunction}},
	{ID: "B25", Version: 1, Title: "Own fundraising", Citation: "45 CFR 164.514(f)(1)", Effect: Grants, Cap: fact.Identified, Keeps: KeepsFundraising, Scope: "F17", Duties: []fact.Duty{fact.OptOut},
		Text: "A covered entity may use demographic data, dates of care, department, physician, outcome and insurance status for its own fundraising, and tells how to opt out.",
		When: []Condition{ForFundraising, SourceCovered, OwnUse}},
	{ID: "B26", Version: 1, Title: "Marketing face to face", Citation: "45 CFR 164.508(a)(3)(i)", Effect: Grants, Cap: fact.Identified,
		Text: "A covered entity may use its own data for a face-to-face communication or a promotional gift of nominal value.",
		When: []Condition{ForMarketing, SourceCovered, OwnUse, FoundMarketingException}},
	{ID: "B22", Version: 1, Title: "Limited data set", Citation: "45 CFR 164.514(e)", Effect: Grants, Cap: fact.Limited,
		Text: "A covered entity may disclose a limited data set for research, public health or health care operations under a data use agreement.",
		When: []Condition{WantsLimited, LimitedPurpose, SourceCovered, DUASigned, DUAInForce, DUAComplete, DUAScope}},
}

// validities govern conditions that bases read; they are named when a basis rests
// on such a condition, and when it fails for lack of it.
var validities = []Rule{
	{ID: "G01", Version: 1, Title: "Nothing without a basis", Citation: "45 CFR 164.502(a)(1)", Effect: Validates, Exception: Precondition,
		Text: "Protected health information is not used or disclosed unless a rule permits or requires it."},
	{ID: "A01", Version: 1, Title: "Business associate agreement complete", Citation: "45 CFR 164.504(e)(2), 164.314(a)(2)", Effect: Validates, Exception: Precondition,
		Text: "A business associate agreement holds all required terms; over one that lacks a term nothing flows."},
	{ID: "A02", Version: 1, Title: "Agreement in force", Citation: "45 CFR 164.504(e)(1), (e)(2)(ii)(J)", Effect: Validates, Exception: Precondition,
		Text: "An agreement carries data from its start to its end. After it has ended, data that could not be returned may be used only for what makes return infeasible."},
	{ID: "A03", Version: 1, Title: "Scope of a chain", Citation: "45 CFR 164.504(e)(2)(ii)(D), (e)(5)", Effect: Validates, Exception: Precondition,
		Text: "What a chain of agreements permits is what every one of them permits: purpose, activity and elements."},
	{ID: "A04", Version: 1, Title: "Data use agreement complete", Citation: "45 CFR 164.514(e)(4)(ii)", Effect: Validates, Exception: Precondition,
		Text: "A data use agreement holds all required terms and permits the purpose."},
	{ID: "A05", Version: 1, Title: "Authorization valid", Citation: "45 CFR 164.508(b)-(c)", Effect: Validates, Exception: Precondition,
		Text: "An authorization holds every core element and statement, has not expired, is not revoked, is not combined or conditioned as it may not be, and is not known to be false."},
	{ID: "A06", Version: 1, Title: "Documents of a waiver", Citation: "45 CFR 164.512(i)(2)", Effect: Validates, Exception: Precondition,
		Text: "A waiver names the board and its date, the criteria found, the information needed, the procedure, and is signed."},
	{ID: "P01", Version: 1, Title: "Substance-use records", Citation: "42 CFR 2.11, 2.12(a)-(b)", Effect: Validates, When: []Condition{Part2Record},
		Text: "Records of the identity, diagnosis, prognosis or treatment of a patient that a Part 2 program made are protected wherever they go; the source decides, not the code."},
	{ID: "P03", Version: 1, Title: "Part 2 consent valid", Citation: "42 CFR 2.31(a), (c)", Effect: Validates, Exception: Precondition,
		Text: "A written consent holds its ten elements, has not expired, is not revoked and is not known to be false. A consent on a form from before 16 February 2026 is valid for the recipients it names (setting reject_old_consents)."},
	{ID: "P15", Version: 1, Title: "Intermediaries", Citation: "42 CFR 2.11, 2.24, 2.31(a)(4)(ii)", Effect: Validates, Exception: Precondition, When: []Condition{RecipientIntermediary, Part2Labelled},
		Text: "An intermediary has to be named in the consent, together with its members or the class of treating providers; covered entities and business associates are none."},
	{ID: "P20", Version: 1, Title: "Minors", Citation: "42 CFR 2.14", Effect: Validates, Exception: Precondition,
		Text: "Where State law lets a minor seek treatment alone, only the minor's consent counts; otherwise minor and parent both consent."},
	{ID: "R03", Version: 1, Title: "Restriction ended", Citation: "45 CFR 164.522(a)(2)", Effect: Validates, When: []Condition{EndedRestriction},
		Text: "A restriction that was ended by agreement, or by the entity for later information, no longer binds; a paid-in-full restriction is not ended by the entity alone."},
	{ID: "T01", Version: 1, Title: "Law as of the date", Citation: "platform", Effect: Validates,
		Text: "The rules in force on the date of the request apply."},
	{ID: "N03", Version: 1, Title: "An obligation that cannot be met is a no", Citation: "platform", Effect: Validates, Exception: Infeasibility,
		Text: "Where the system that would release the data cannot fulfil an obligation, the data are not released."},
}
