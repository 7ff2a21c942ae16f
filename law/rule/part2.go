package rule

import (
	"chaperone.example/law/civil"
	"chaperone.example/law/fact"
)

// consentForCare is the day the consent for treatment, payment and operations took
// effect, 89 FR 12472.
var consentForCare = civil.Of(2024, 4, 16)

// sudBases let substance-use records go, beside a basis of HIPAA.
var sudBases = []Rule{
	{ID: "P21", Version: 1, Title: "Crime on the premises, child abuse", Citation: "42 CFR 2.12(c)(5)-(6)", Effect: GrantsSUD, Cap: fact.Identified,
		Text: "A crime on the premises or against the staff of a program, or child abuse as State law asks, may be reported.",
		When: []Condition{FoundPart2Crime}},
	{ID: "P23", Version: 1, Title: "Court order", Citation: "42 CFR 2.61-2.67", Effect: GrantsSUD, Cap: fact.Identified, Keeps: KeepsOrdered, Scope: "F15",
		Text: "A court order under subpart E permits what it authorizes; it takes a subpoena as well to compel.",
		When: []Condition{ForProceedings, FoundPart2Order}},
	{ID: "P24", Version: 1, Title: "Consent for proceedings", Citation: "42 CFR 2.31(d)", Effect: GrantsSUD, Cap: fact.Identified,
		Text: "A consent for use in proceedings, given apart from any other consent.",
		When: []Condition{ForProceedings, ProceedingsConsent}},
	{ID: "P04", Version: 1, Title: "Consent for treatment, payment and operations", Citation: "42 CFR 2.31(a)(4), 2.33(a)(2)", Effect: GrantsSUD, Cap: fact.Identified, From: consentForCare, Keeps: KeepsConsented, Scope: "P05",
		Text: "One written consent for all future treatment, payment and health care operations, until it is revoked in writing.",
		When: []Condition{ForCare, CareConsent, CareConsentValid, ConsentSigner}},
	{ID: "P05", Version: 1, Title: "Consent that names the recipient", Citation: "42 CFR 2.31(a)(4)(i), 2.33(a)(1)", Effect: GrantsSUD, Cap: fact.Identified, Keeps: KeepsConsented, Scope: "P05", Exception: Precondition,
		Text: "A written consent lets the records it describes go to the recipients it names, for the purpose it states.",
		When: []Condition{NamedConsent, NamedConsentFor, NamedConsentValid, ConsentSigner}, More: "obtain a consent that describes the element"},
	{ID: "P06", Version: 1, Title: "Redisclosure under HIPAA", Citation: "42 CFR 2.33(b)(1)", Effect: GrantsSUD, Cap: fact.Identified, From: consentForCare,
		Text: "A covered entity or business associate that received records under a consent for treatment, payment and operations may disclose them further as HIPAA permits, except for proceedings against the patient. Once the consent is revoked it keeps its own use and discloses no further (setting revoked_onward).",
		When: []Condition{ReceivedByCare, DiscloserCoveredOrAssociate}, Unless: []Condition{CareConsentRevoked, ForProceedings}},
	{ID: "P07", Version: 1, Title: "Other lawful holders", Citation: "42 CFR 2.33(b)(2)-(3), (c)", Effect: GrantsSUD, Cap: fact.Identified,
		Text: "Another lawful holder may let contractors have the records for payment and operations, under a written contract that binds them to Part 2.",
		When: []Condition{ReceivedAsHolder, HolderContract}, Unless: []Condition{ForTreatment, ForProceedings}},
	{ID: "P10", Version: 1, Title: "Medical emergency", Citation: "42 CFR 2.51", Effect: GrantsSUD, Cap: fact.Identified, Keeps: KeepsEmergency, Scope: "P10", Duties: []fact.Duty{fact.EmergencyRecord}, Exception: Precondition,
		Text: "Medical personnel get what a bona fide emergency needs when consent cannot be obtained; it is recorded at once. Where a capable patient refuses, this basis does not hold (setting emergency_over_refusal).",
		When: []Condition{ForTreatment, RecipientProvider, FoundEmergency}, Unless: []Condition{PatientRefuses}, More: "document that the emergency needs the element"},
	{ID: "P11", Version: 1, Title: "Research", Citation: "42 CFR 2.52", Effect: GrantsSUD, Cap: fact.Identified,
		Text: "Research under the conditions of 2.52.", When: []Condition{ForResearch, FoundPart2Research}},
	{ID: "P12", Version: 1, Title: "Audit and evaluation", Citation: "42 CFR 2.53", Effect: GrantsSUD, Cap: fact.Identified,
		Text: "Audits and evaluations by those who agree in writing to the limits of 2.53.", When: []Condition{AuditPurpose, FoundPart2Audit}},
	{ID: "P14", Version: 1, Title: "Qualified service organization", Citation: "42 CFR 2.11, 2.12(c)(4)", Effect: GrantsSUD, Cap: fact.Identified,
		Text: "A program may communicate with a qualified service organization, or with a business associate bound to Part 2, what its services need.",
		When: []Condition{QSOInForce}, Unless: []Condition{ForProceedings}},
	{ID: "P25", Version: 1, Title: "Within the program", Citation: "42 CFR 2.12(c)(3)", Effect: GrantsSUD, Cap: fact.Identified,
		Text: "People of the program, or of whoever has direct administrative control of it, may use the records for the care they give.",
		When: []Condition{OwnUse, ForCare, SourceProgram}},
	{ID: "P13", Version: 1, Title: "Public health: de-identified only", Citation: "42 CFR 2.54", Effect: GrantsSUD, Cap: fact.SafeHarbor, Exception: Precondition,
		Text: "A public health authority gets substance-use records only de-identified under 45 CFR 164.514(b).",
		When: []Condition{ForPublicHealth, MayDeidentify}, More: "obtain the patients' consent under 42 CFR 2.31"},
}
