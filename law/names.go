package law

import (
	"chaperone.example/law/fact"
	"chaperone.example/law/purpose"
	"chaperone.example/law/rule"
	"chaperone.example/law/scene"
	"chaperone.example/phi"
)

// The vocabulary of requests, facts and rules, under the names that callers use;
// one import suffices to ask for a decision.
type (
	Request       = fact.Request
	Facts         = fact.Facts
	Form          = fact.Form
	Window        = fact.Window
	Answer        = fact.Answer
	Organization  = fact.Organization
	Status        = fact.Status
	Agreement     = fact.Agreement
	Person        = fact.Person
	Profile       = fact.Profile
	Need          = fact.Need
	Dataset       = fact.Dataset
	Project       = fact.Project
	Determination = fact.Determination
	Finding       = fact.Finding
	Settings      = fact.Settings
	Class         = fact.Class
	Restriction   = fact.Restriction
	Duty          = fact.Duty
	Rule          = rule.Rule
	Effect        = rule.Effect
	Condition     = rule.Condition
)

// The forms, answers and statuses.
const (
	NoForm     = fact.NoForm
	SafeHarbor = fact.SafeHarbor
	Expert     = fact.Expert
	Limited    = fact.Limited
	Identified = fact.Identified

	Unknown = fact.Unknown
	No      = fact.No
	Yes     = fact.Yes

	CoveredEntity     = fact.CoveredEntity
	Provider          = fact.Provider
	HealthPlan        = fact.HealthPlan
	Associate         = fact.Associate
	SubcontractorOrg  = fact.SubcontractorOrg
	CommunityPartner  = fact.CommunityPartner
	Aggregator        = fact.Aggregator
	PublicHealthOrg   = fact.PublicHealthOrg
	OversightAgency   = fact.OversightAgency
	HHS               = fact.HHS
	LawEnforcementOrg = fact.LawEnforcementOrg
	Court             = fact.Court
	AbuseAgency       = fact.AbuseAgency
	Coroner           = fact.Coroner
	FuneralDirector   = fact.FuneralDirector
	OrganBank         = fact.OrganBank
	Researcher        = fact.Researcher
	GovernmentProgram = fact.GovernmentProgram
	CorrectionalOrg   = fact.CorrectionalOrg
	CompPayer         = fact.CompPayer
	Part2Program      = fact.Part2Program
	Intermediary      = fact.Intermediary
	DataBroker        = fact.DataBroker
	ThePatient        = fact.ThePatient
	FamilyMember      = fact.FamilyMember
)

// The effects of rules.
const (
	Grants    = rule.Grants
	GrantsSUD = rule.GrantsSUD
	Validates = rule.Validates
	Filters   = rule.Filters
	Bars      = rule.Bars
	Obliges   = rule.Obliges
)

// The duties.
const (
	Approve            = fact.Approve
	Log                = fact.Log
	Account            = fact.Account
	Encrypt            = fact.Encrypt
	Pseudonymize       = fact.Pseudonymize
	Watermark          = fact.Watermark
	NoReidentification = fact.NoReidentification
	SmallCells         = fact.SmallCells
	DataUseTerms       = fact.DataUseTerms
	DestroyBy          = fact.DestroyBy
	KeepWithin         = fact.KeepWithin
	TransferBy         = fact.TransferBy
	SuppressionReport  = fact.SuppressionReport
	Part2Notice        = fact.Part2Notice
	ConsentCopy        = fact.ConsentCopy
	KeepLabel          = fact.KeepLabel
	EmergencyRecord    = fact.EmergencyRecord
	AlertOfficer       = fact.AlertOfficer
	AfterReview        = fact.AfterReview
	AskNoRedisclosure  = fact.AskNoRedisclosure
	InformVictim       = fact.InformVictim
	OtherAddress       = fact.OtherAddress
	NoRemoval          = fact.NoRemoval
	SuspendAccounting  = fact.SuspendAccounting
	IntermediaryList   = fact.IntermediaryList
	Part2Account       = fact.Part2Account
	Part2Breach        = fact.Part2Breach
	OptOut             = fact.OptOut
	LabelSensitive     = fact.LabelSensitive
)

// Is turns a known truth into an Answer.
func Is(b bool) Answer { return fact.Is(b) }

// ParseForm reads the name of a form: safe-harbor, expert, limited, identified.
func ParseForm(s string) (Form, bool) { return fact.ParseForm(s) }

// Statuses lists what an organization can be.
func Statuses() []Status { return fact.Statuses() }

// Duties lists every duty, for an enforcement point that can fulfil them all.
func Duties() []Duty { return fact.Duties() }

// StandardProfile is the minimum-necessary profile that holds where no profile of
// the facts fits.
func StandardProfile(role phi.Role, k purpose.Kind, a purpose.Activity) Profile {
	return scene.StandardProfile(role, k, a)
}

// theBook is the rule book; it never changes while the program runs.
var theBook = rule.Compile(rule.All())

// Rules returns the rule book, in its order.
func Rules() []Rule { return rule.All() }

// Lookup returns the rule with the id.
func Lookup(id string) (Rule, bool) {
	r, ok := theBook.Lookup(id)
	if !ok {
		return Rule{}, false
	}
	return *r, true
}

// RuleBook returns the hash of the rule book: of every rule, condition and
// element, so that a recorded decision names the law it was made under.
func RuleBook() string { return theBook.Hash }
