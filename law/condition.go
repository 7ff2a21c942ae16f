package law

import "fmt"

// A Condition is a yes-or-no fact that rules read. Conditions that permit are
// true only when known to be so; conditions that restrict are true also when
// nothing is known.
type Condition uint8

// The conditions, by what they are about.
const (
	always Condition = iota

	// The parties and the person.
	partiesFit // parties active, and the person active and trained
	partiesActive
	personActive
	personTrained
	personVerified
	sourceCovered
	sourceProgram
	holderIsAssociate
	holderPermitted
	ownUse
	recipientCovered
	recipientProvider
	recipientPlan
	recipientCoveredOrProvider
	sameOHCA
	actsForSource
	actsThroughSubcontractor
	principalBound

	// Purpose and activity.
	forTreatment
	forPayment
	forOperations
	forManagement
	forCare // treatment, payment or operations
	limitedPurpose
	activityShared
	combines
	consortium

	// The patients.
	sourceRelated
	recipientRelated
	pertains
	part2Record
	part2Labelled

	// Agreements.
	chainSigned
	chainInForce
	chainComplete
	chainScope
	chainAggregates
	chainUnviolated
	duaSigned
	duaInForce
	duaComplete
	duaScope
	participates
	mayDeidentify

	// What is wanted.
	wantsIdentified
	wantsLimited
	wantsDeidentified
	wantsExpert
	expertHolds
	commercial

	// What the decision itself found.
	exemptBasis
	exemptPHI // exempt basis, identifiable data
	accountedBasis
	notPHI
	getsLimited
	getsIdentified
	getsCodes
	profileRoutine
	limitsTransfer
	limitsRegion
	limitsTime
	withheld

	conditionCount
)

// ruleNone marks a condition that no rule of its own governs.
const ruleNone = ""

type conditionEntry struct {
	name   string // stable, for records and case files
	yes    string // plain words when it is true
	no     string // plain words when it is false
	rule   string // the rule that governs it, named when a basis rests on it
	remedy string // the smallest change that makes it true; empty if nobody can make it so
}

// conditions describes every condition.
var conditions = [conditionCount]conditionEntry{
	always: {"always", "", "", ruleNone, ""},

	partiesFit:                 {"parties-fit", "parties and person are active and trained", "a party or the person is not active, or training is not current", "G02", ""},
	partiesActive:              {"parties-active", "every party is known and active", "a party is unknown or not active", "G02", "register the organization and activate it"},
	personActive:               {"person-active", "the person's account is active", "the person's account is not known to be active", "G02", "activate the person's account"},
	personTrained:              {"person-trained", "the person's training is current", "the person's training is not known to be current", "G02", "complete the required training"},
	personVerified:             {"person-verified", "the person's identity and authority are verified", "the person's identity and authority are not verified", "G03", "verify the identity and authority of the person who asks"},
	sourceCovered:              {"source-covered", "the source is a covered entity", "the source is not known to be a covered entity", ruleNone, ""},
	sourceProgram:              {"source-part2-program", "the source is a Part 2 program", "the source is no Part 2 program", ruleNone, ""},
	holderIsAssociate:          {"holder-is-associate", "the discloser holds another entity's data", "the discloser holds its own data", ruleNone, ""},
	holderPermitted:            {"holder-permitted", "the discloser's agreement with the source permits this purpose", "no agreement in force lets the discloser use the source's data for this purpose", "G04", "amend or renew the agreement between source and discloser so that it permits this purpose"},
	ownUse:                     {"own-use", "the data stay within the entity", "the recipient is another organization", ruleNone, ""},
	recipientCovered:           {"recipient-covered", "the recipient is a covered entity", "the recipient is not known to be a covered entity", ruleNone, ""},
	recipientProvider:          {"recipient-provider", "the recipient is a health care provider", "the recipient is not known to be a health care provider", ruleNone, ""},
	recipientPlan:              {"recipient-plan", "the recipient is a health plan", "the recipient is no health plan", ruleNone, ""},
	recipientCoveredOrProvider: {"recipient-covered-or-provider", "the recipient is a covered entity or provider", "the recipient is neither a covered entity nor a provider", ruleNone, ""},
	sameOHCA:                   {"same-ohca", "both take part in the same organized health care arrangement", "no documented organized health care arrangement joins them", ruleNone, ""},
	actsForSource:              {"acts-for-source", "the recipient acts for the source", "the recipient does not act for the source under a business associate agreement", "B07", "sign a business associate agreement under which the recipient works for the source"},
	actsThroughSubcontractor:   {"acts-through-subcontractor", "the recipient is a subcontractor", "the recipient is no subcontractor in a chain from the source", ruleNone, ""},

	principalBound: {"principal-bound", "the recipient acts for itself, or under agreements in force with whom it acts for", "the recipient has no agreement in force and in scope with whom it acts for", "A02", "sign or renew the agreement between the recipient and the entity it acts for"},

	forTreatment:   {"for-treatment", "the purpose is treatment", "the purpose is not treatment", ruleNone, ""},
	forPayment:     {"for-payment", "the purpose is payment", "the purpose is not payment", ruleNone, ""},
	forCare:        {"for-care", "the purpose is treatment, payment or operations", "the purpose is not treatment, payment or operations", ruleNone, ""},
	forOperations:  {"for-operations", "the purpose is health care operations", "the purpose is not health care operations", ruleNone, ""},
	forManagement:  {"for-management", "the purpose is the associate's own management", "the purpose is not the associate's own management", ruleNone, ""},
	limitedPurpose: {"limited-purpose", "the purpose is research, public health or operations", "the purpose is not research, public health or operations", ruleNone, ""},
	activityShared: {"activity-shared", "the activity is one that covered entities may share data for", "the activity is not in paragraph (1) or (2) of the definition of operations, nor fraud detection or compliance", ruleNone, ""},
	combines:       {"combines", "data of several covered entities are combined", "no other entity's data are combined with these", ruleNone, ""},
	consortium:     {"consortium", "the request belongs to a consortium", "no consortium is involved", ruleNone, ""},

	sourceRelated:    {"source-related", "the source has or had a relationship with the patients", "no relationship of the source with the patients is known", ruleNone, ""},
	recipientRelated: {"recipient-related", "the recipient has or had a relationship with the patients", "no relationship of the recipient with the patients is known", ruleNone, ""},
	pertains:         {"pertains", "the data pertain to the shared relationship", "the data are not known to pertain to the shared relationship", ruleNone, ""},
	part2Record:      {"part2-record", "the records come from a Part 2 program", "the records come from no Part 2 program", ruleNone, ""},
	part2Labelled:    {"part2-labelled", "elements labelled as substance-use records may come from a Part 2 program", "no Part 2 provenance", ruleNone, ""},

	chainSigned:     {"agreements-signed", "every link between source and recipient has a signed agreement", "a link between source and recipient has no signed agreement", "A02", "sign the missing agreement"},
	chainInForce:    {"agreements-in-force", "every agreement of the chain is in force for this purpose", "an agreement of the chain is not in force", "A02", "renew the agreement, or sign a new one"},
	chainComplete:   {"agreements-complete", "every agreement of the chain holds the required terms", "an agreement of the chain lacks a required term", "A01", "amend the agreement to add the missing term"},
	chainScope:      {"agreements-scope", "every agreement of the chain permits the purpose", "an agreement of the chain does not permit this purpose or activity", "A03", "amend the agreement to permit this purpose and activity"},
	chainAggregates: {"aggregation-permitted", "every agreement permits data aggregation", "an agreement does not permit data aggregation", "B09", "add the data aggregation clause to the agreement of every contributing entity"},
	chainUnviolated: {"agreements-unviolated", "no uncured violation of the agreements is known", "a known violation of an agreement is not cured", "A08", "cure the violation, or terminate the agreement"},
	duaSigned:       {"dua-signed", "a data use agreement is signed", "no data use agreement with the recipient is signed", "B22", "sign a data use agreement for a limited data set"},
	duaInForce:      {"dua-in-force", "the data use agreement is in force", "the data use agreement is not in force", "B22", "renew the data use agreement"},
	duaComplete:     {"dua-complete", "the data use agreement holds the required terms", "the data use agreement lacks a required term", "A04", "amend the data use agreement to add the missing term"},
	duaScope:        {"dua-scope", "the data use agreement permits the purpose", "the data use agreement does not permit this purpose or activity", "A04", "amend the data use agreement to permit this purpose and activity"},
	participates:    {"participates", "the source takes part in the consortium under an agreement in force", "no participation agreement of the source with the consortium is in force", "A07", "sign the participation agreement of the consortium"},
	mayDeidentify:   {"may-deidentify", "whoever de-identifies may do so", "the agreement with the source does not let the discloser de-identify", "G05", "add the de-identification clause to the agreement with the source"},

	wantsIdentified:   {"wants-identified", "identifiable data are asked for", "no identifiable data are asked for", ruleNone, ""},
	wantsLimited:      {"wants-limited", "a limited data set, or less, is asked for", "more than a limited data set is asked for", ruleNone, ""},
	wantsDeidentified: {"wants-de-identified", "de-identified data are asked for", "more than de-identified data are asked for", ruleNone, ""},
	wantsExpert:       {"wants-expert", "data de-identified by expert determination are asked for", "no expert form is asked for", ruleNone, ""},
	expertHolds:       {"expert-holds", "an expert determination is in force, where one is asked for", "the expert determination asked for is not in force", "G05", "obtain an expert determination for the dataset"},
	commercial:        {"commercial", "the discloser would be paid for the data", "the discloser is not paid for the data", ruleNone, "take no payment for the data"},

	exemptBasis:    {"exempt-basis", "the minimum necessary standard does not apply to this basis", "the minimum necessary standard applies", ruleNone, ""},
	exemptPHI:      {"exempt-phi", "the minimum necessary standard does not apply, and the data are identifiable", "a review of the single request is due", ruleNone, ""},
	accountedBasis: {"accounted-basis", "a disclosure on this basis is accounted for", "a disclosure on this basis is exempt from the accounting", ruleNone, ""},
	notPHI:         {"not-phi", "de-identified data are not protected health information", "the data are protected health information", ruleNone, ""},
	getsLimited:    {"gets-limited", "a limited data set is released", "no limited data set is released", ruleNone, ""},
	getsIdentified: {"gets-identified", "identifiable data are released", "no identifiable data are released", ruleNone, ""},
	getsCodes:      {"gets-codes", "record numbers are replaced by codes of the recipient's own", "no record numbers are released", ruleNone, ""},
	profileRoutine: {"profile-routine", "a standard protocol covers the request", "no standard protocol covers the request", ruleNone, ""},
	limitsTransfer: {"limits-transfer", "the agreement names methods of transfer", "no method of transfer is named", ruleNone, ""},
	limitsRegion:   {"limits-region", "the agreement names regions", "no region is named", ruleNone, ""},
	limitsTime:     {"limits-time", "the agreement limits how long the data are kept", "no time is limited", ruleNone, ""},
	withheld:       {"withheld", "something asked for is withheld", "nothing asked for is withheld", ruleNone, ""},
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

// marks is a set of conditions.
type marks [4]uint64

func (m *marks) set(c Condition, on bool) {
	if on {
		m[c>>6] |= 1 << (c & 63)
	} else {
		m[c>>6] &^= 1 << (c & 63)
	}
}
func (m *marks) has(c Condition) bool { return m[c>>6]>>(c&63)&1 == 1 }

// all reports whether every mark of o is in m; none, whether no mark of o is.
func (m *marks) all(o *marks) bool {
	return o[0]&^m[0]|o[1]&^m[1]|o[2]&^m[2]|o[3]&^m[3] == 0
}
func (m *marks) none(o *marks) bool {
	return o[0]&m[0]|o[1]&m[1]|o[2]&m[2]|o[3]&m[3] == 0
}

// A wordError reports a word that is not in a closed list.
type wordError struct {
	what  string
	among []string
}

func (e *wordError) Error() string {
	return fmt.Sprintf("not a known %s: use one of %v", e.what, e.among)
}

func unknownWord(what string, among []string) error { return &wordError{what, among} }
