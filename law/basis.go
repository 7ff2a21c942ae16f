package law

// The information-blocking exceptions that refusals rest on, 45 CFR part 171.
const (
	exceptionHarm          = "45 CFR 171.201"
	exceptionPrecondition  = "45 CFR 171.202(b)"
	exceptionAccess        = "45 CFR 171.202(d)"
	exceptionPatient       = "45 CFR 171.202(e)"
	exceptionSecurity      = "45 CFR 171.203"
	exceptionInfeasibility = "45 CFR 171.204"
	exceptionManner        = "45 CFR 171.301"
)

var exceptionTitles = map[string]string{
	exceptionHarm:          "Preventing harm",
	exceptionPrecondition:  "Privacy: a precondition of the law is not satisfied",
	exceptionAccess:        "Privacy: denial of an individual's access as the Privacy Rule allows",
	exceptionPatient:       "Privacy: the individual asked that the information not be shared",
	exceptionSecurity:      "Security",
	exceptionInfeasibility: "Infeasibility: what may be shared cannot be separated from what may not",
	exceptionManner:        "Manner: another manner is offered",
}

// bars refuse, whatever the basis.
var bars = []Rule{
	{ID: "G02", Version: 1, Title: "Known parties, active and trained", Citation: "45 CFR 164.308(a)(3)-(5)", Effect: Bars,
		Text:   "Data flow only between parties that are known and active, at the request of a person whose account is active and whose training is current.",
		Unless: []Condition{partiesFit}, Exception: exceptionSecurity},
	{ID: "G03", Version: 1, Title: "Verified identity and authority", Citation: "45 CFR 164.514(h)", Effect: Bars,
		Text:   "The identity and authority of whoever asks are verified before anything is disclosed.",
		Unless: []Condition{personVerified}, Exception: exceptionSecurity},
	{ID: "G04", Version: 1, Title: "A business associate does only what its agreement permits", Citation: "45 CFR 164.502(a)(3), 164.504(e)(2)(i)", Effect: Bars,
		Text: "Whoever holds another entity's data uses and discloses them only as the agreement with that entity permits, and only as the entity could itself.",
		When: []Condition{holderIsAssociate}, Unless: []Condition{holderPermitted}, Exception: exceptionPrecondition},
	{ID: "A07", Version: 1, Title: "Participation agreement", Citation: "platform; participation agreement", Effect: Bars,
		Text: "Data of a member flow to its consortium only while its participation agreement is in force.",
		When: []Condition{consortium}, Unless: []Condition{participates}, Exception: exceptionPrecondition},
	{ID: "A08", Version: 1, Title: "Known violation", Citation: "45 CFR 164.504(e)(1)(ii)-(iii), 164.514(e)(4)(iii)", Effect: Bars,
		Text:   "Nothing flows over an agreement of which an uncured pattern of violation is known.",
		Unless: []Condition{chainUnviolated}, Exception: exceptionPrecondition},
	{ID: "X01", Version: 1, Title: "No sale of protected health information", Citation: "45 CFR 164.502(a)(5)(ii), 164.508(a)(4)", Effect: Bars,
		Text: "Protected health information is not disclosed for payment, unless the individual signed an authorization that states it, or an exception of 164.502(a)(5)(ii)(B) applies.",
		When: []Condition{commercial}, Unless: []Condition{wantsDeidentified}, Exception: exceptionPrecondition},
}

// bases permit, in order of preference: the first that holds is taken, and all are reported.
var bases = []Rule{
	{ID: "G05", Version: 1, Title: "De-identified data", Citation: "45 CFR 164.502(d), 164.514(a)-(c)", Effect: Grants, Cap: Expert, Exempt: true,
		Text: "Data de-identified by Safe Harbor or expert determination are not protected health information. Whoever de-identifies needs the right to do so.",
		When: []Condition{wantsDeidentified, mayDeidentify, expertHolds}},
	{ID: "B03", Version: 1, Title: "Treatment", Citation: "45 CFR 164.506(c)(2)", Effect: Grants, Cap: Identified, Exempt: true,
		Text: "A covered entity may disclose for the treatment activities of any health care provider.",
		When: []Condition{sourceCovered, forTreatment, recipientProvider, principalBound}, Unless: []Condition{ownUse}},
	{ID: "B02", Version: 1, Title: "Own treatment, payment and operations", Citation: "45 CFR 164.506(c)(1)", Effect: Grants, Cap: Identified,
		Text: "A covered entity may use its own data for its own treatment, payment and health care operations; its workforce sees what its roles need.",
		When: []Condition{sourceCovered, forCare, ownUse}},
	{ID: "B04", Version: 1, Title: "Payment", Citation: "45 CFR 164.506(c)(3)", Effect: Grants, Cap: Identified,
		Text: "A covered entity may disclose for the payment activities of another covered entity or of a health care provider.",
		When: []Condition{sourceCovered, forPayment, recipientCoveredOrProvider, principalBound}, Unless: []Condition{ownUse}},
	{ID: "B06", Version: 1, Title: "Operations of an organized health care arrangement", Citation: "45 CFR 164.506(c)(5), 160.103", Effect: Grants, Cap: Identified,
		Text: "Members of an organized health care arrangement may disclose to one another for any health care operations of the arrangement; no relationship with each patient is needed.",
		When: []Condition{sourceCovered, forOperations, sameOHCA, principalBound}, Unless: []Condition{ownUse}},
	{ID: "B05", Version: 1, Title: "Operations of another covered entity", Citation: "45 CFR 164.506(c)(4), 164.501", Effect: Grants, Cap: Identified,
		Text: "A covered entity may disclose for quality assessment, review of professionals, fraud detection or compliance of another covered entity, if each has or had a relationship with the patient and the data pertain to it.",
		When: []Condition{sourceCovered, forOperations, recipientCovered, activityShared, sourceRelated, recipientRelated, pertains, principalBound}, Unless: []Condition{ownUse}},
	{ID: "B09", Version: 1, Title: "Data aggregation by a business associate", Citation: "45 CFR 164.504(e)(2)(i)(B), 164.501", Effect: Grants, Cap: Identified,
		Text: "A business associate of several covered entities may combine their data for analyses of their operations, if the agreement of every one of them permits data aggregation.",
		When: []Condition{sourceCovered, actsForSource, forOperations, combines, chainSigned, chainInForce, chainComplete, chainScope, chainAggregates}},
	{ID: "B08", Version: 1, Title: "Subcontractor of a business associate", Citation: "45 CFR 164.502(e)(1)(ii), 164.504(e)(5)", Effect: Grants, Cap: Identified,
		Text: "A business associate may let a subcontractor work for the covered entity, to any depth, each link bound by an agreement that holds the required terms; the scope is what all of them permit.",
		When: []Condition{sourceCovered, actsForSource, actsThroughSubcontractor, chainSigned, chainInForce, chainComplete, chainScope}, Unless: []Condition{combines}},
	{ID: "B07", Version: 1, Title: "Business associate", Citation: "45 CFR 164.502(e)(1)(i), 164.504(e)", Effect: Grants, Cap: Identified,
		Text: "A covered entity may let a business associate work for it under an agreement that holds the required terms, is in force, and permits the purpose.",
		When: []Condition{sourceCovered, actsForSource, chainSigned, chainInForce, chainComplete, chainScope}, Unless: []Condition{combines}},
	{ID: "B22", Version: 1, Title: "Limited data set", Citation: "45 CFR 164.514(e)", Effect: Grants, Cap: Limited,
		Text: "A covered entity may disclose a limited data set for research, public health or health care operations under a data use agreement.",
		When: []Condition{wantsLimited, limitedPurpose, duaSigned, duaInForce, duaComplete, duaScope}},
}

// validities govern conditions that bases read; they are named when a basis
// rests on such a condition, and when it fails for lack of it.
var validities = []Rule{
	{ID: "G01", Version: 1, Title: "Nothing without a basis", Citation: "45 CFR 164.502(a)(1)", Effect: Validates, Exception: exceptionPrecondition,
		Text: "Protected health information is not used or disclosed unless a rule permits or requires it."},
	{ID: "A01", Version: 1, Title: "Business associate agreement complete", Citation: "45 CFR 164.504(e)(2), 164.314(a)(2)", Effect: Validates, Exception: exceptionPrecondition,
		Text: "A business associate agreement holds all required terms; over one that lacks a term nothing flows."},
	{ID: "A02", Version: 1, Title: "Agreement in force", Citation: "45 CFR 164.504(e)(1), (e)(2)(ii)(J)", Effect: Validates, Exception: exceptionPrecondition,
		Text: "An agreement carries data from its start to its end. After it has ended, data that could not be returned may be used only for what makes return infeasible."},
	{ID: "A03", Version: 1, Title: "Scope of a chain", Citation: "45 CFR 164.504(e)(2)(ii)(D), (e)(5)", Effect: Validates, Exception: exceptionPrecondition,
		Text: "What a chain of agreements permits is what every one of them permits: purpose, activity and elements."},
	{ID: "A04", Version: 1, Title: "Data use agreement complete", Citation: "45 CFR 164.514(e)(4)(ii)", Effect: Validates, Exception: exceptionPrecondition,
		Text: "A data use agreement holds all required terms and permits the purpose."},
}
