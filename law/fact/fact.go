// Package fact holds what a disclosure decision is made of: the request, and the
// facts about organizations, agreements, people, patients and documents that it is
// judged by. They are plain values with stable JSON names, so that a recorded
// decision can be made again from what was recorded.
//
// A fact that is absent is unknown. What is unknown permits nothing, and
// restricts as if it were so.
package fact

import (
	"slices"
	"strings"
	"time"

	"chaperone.example/law/civil"
	"chaperone.example/law/consent"
	"chaperone.example/law/instrument"
	"chaperone.example/law/overlay"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// A Request asks for data. It holds no free text and no value of a patient.
type Request struct {
	At         time.Time        `json:"at"`                     // the moment of the decision; its date picks the law in force
	Discloser  string           `json:"discloser"`              // organization that holds the data and would disclose them
	Source     string           `json:"source,omitempty"`       // covered entity whose data they are; empty: the discloser
	Recipient  string           `json:"recipient"`              // organization that would receive them
	OnBehalfOf []string         `json:"on_behalf_of,omitempty"` // for whom the recipient acts, from the covered entity down; empty: see [Facts]
	Role       phi.Role         `json:"role"`                   // task of the person who asks
	Purpose    purpose.Kind     `json:"purpose"`
	Activity   purpose.Activity `json:"activity,omitempty"`    // for operations: which of them
	Form       Form             `json:"form"`                  // form wanted
	Elements   []string         `json:"elements"`              // phi element ids asked for
	Window     Window           `json:"window,omitzero"`       // dates of service asked for
	BreakGlass bool             `json:"break_glass,omitempty"` // emergency access is claimed
	Paid       bool             `json:"paid,omitempty"`        // the discloser is paid for the data
	Can        []Duty           `json:"can"`                   // obligations that the enforcement point is able to fulfil; see [Duties]
}

// A Form is how identifying the data are, from least to most.
type Form uint8

// The forms (REQ-3).
const (
	NoForm     Form = iota
	SafeHarbor      // de-identified by 45 CFR 164.514(b)(2)
	Expert          // de-identified by expert determination, 45 CFR 164.514(b)(1)
	Limited         // limited data set, 45 CFR 164.514(e)
	Identified      // identifiable
)

var formNames = [...]string{"", "safe-harbor", "expert", "limited", "identified"}

// String returns the name of the form: safe-harbor, expert, limited, identified.
func (f Form) String() string {
	if int(f) < len(formNames) {
		return formNames[f]
	}
	return ""
}

// ParseForm reads what String writes.
func ParseForm(s string) (Form, bool) {
	i := slices.Index(formNames[1:], s)
	return Form(i + 1), i >= 0
}

// MarshalText writes the name of the form.
func (f Form) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads the name of a form.
func (f *Form) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*f = NoForm
		return nil
	}
	v, ok := ParseForm(string(b))
	if !ok {
		return notAmong("form", formNames[1:])
	}
	*f = v
	return nil
}

// A Window is a span of days, both ends included; a zero end is open.
type Window struct {
	From  civil.Date `json:"from,omitzero"`
	Until civil.Date `json:"until,omitzero"`
}

// Narrow returns the part of w inside o, and whether it is smaller than w.
func (w Window) Narrow(o Window) (Window, bool) {
	n := w
	if o.From != 0 && o.From > n.From {
		n.From = o.From
	}
	if o.Until != 0 && (n.Until == 0 || o.Until < n.Until) {
		n.Until = o.Until
	}
	return n, n != w
}

// Empty reports whether no day is in the window.
func (w Window) Empty() bool { return w.Until != 0 && w.From > w.Until }

// An Answer is yes, no, or not known. What is not known is no permission, and is
// a restriction.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota
	No
	Yes
)

var answerNames = [...]string{"unknown", "no", "yes"}

// String returns unknown, no or yes.
func (a Answer) String() string { return answerNames[min(int(a), 2)] }

// MarshalText writes unknown, no or yes.
func (a Answer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads unknown, no or yes.
func (a *Answer) UnmarshalText(b []byte) error {
	i := slices.Index(answerNames[:], string(b))
	if i < 0 {
		return notAmong("answer", answerNames[:])
	}
	*a = Answer(i)
	return nil
}

// Is turns a known truth into an Answer.
func Is(b bool) Answer {
	if b {
		return Yes
	}
	return No
}

// Facts are what a decision needs to know beside the request. A fact that is
// absent is unknown: it permits nothing.
//
// Agreements form a graph. When a request does not say for whom the recipient
// acts and the recipient is no covered entity, the shortest chain of business
// associate agreements from the source to the recipient is taken, signed or not.
type Facts struct {
	Organizations  []Organization  `json:"organizations,omitempty"`
	Agreements     []Agreement     `json:"agreements,omitempty"`
	Person         Person          `json:"person,omitzero"`
	Profiles       []Profile       `json:"profiles,omitempty"` // minimum-necessary profiles; a standard one where none fits
	Dataset        Dataset         `json:"dataset,omitzero"`
	Project        Project         `json:"project,omitzero"`
	Determinations []Determination `json:"determinations,omitempty"`
	Classes        []Class         `json:"classes,omitempty"` // patients grouped by the same facts; none: one class of which nothing is known
	Overlays       []overlay.Pack  `json:"overlays,omitempty"`
	Settings       Settings        `json:"settings,omitzero"`
}

// A Status is what an organization is under the law; it may be several things.
type Status string

// What an organization can be.
const (
	CoveredEntity     Status = "covered-entity"
	Provider          Status = "provider" // health care provider, covered or not
	HealthPlan        Status = "health-plan"
	Associate         Status = "business-associate"
	SubcontractorOrg  Status = "subcontractor"
	CommunityPartner  Status = "community-partner"
	Aggregator        Status = "aggregator"
	PublicHealthOrg   Status = "public-health-authority"
	OversightAgency   Status = "oversight-agency"
	HHS               Status = "hhs"
	LawEnforcementOrg Status = "law-enforcement"
	Court             Status = "court"
	AbuseAgency       Status = "abuse-agency"
	Coroner           Status = "coroner"
	FuneralDirector   Status = "funeral-director"
	OrganBank         Status = "organ-procurement"
	Researcher        Status = "researcher"
	GovernmentProgram Status = "government-program"
	CorrectionalOrg   Status = "correctional-institution"
	CompPayer         Status = "workers-comp"
	Part2Program      Status = "part2-program"
	Intermediary      Status = "intermediary" // 42 CFR 2.11
	DataBroker        Status = "data-broker"
	ThePatient        Status = "patient" // the individual or a personal representative
	FamilyMember      Status = "family"
)

// Statuses lists what an organization can be.
func Statuses() []Status {
	return []Status{CoveredEntity, Provider, HealthPlan, Associate, SubcontractorOrg, CommunityPartner, Aggregator, PublicHealthOrg, OversightAgency, HHS,
		LawEnforcementOrg, Court, AbuseAgency, Coroner, FuneralDirector, OrganBank, Researcher, GovernmentProgram, CorrectionalOrg, CompPayer,
		Part2Program, Intermediary, DataBroker, ThePatient, FamilyMember}
}

// An Organization is a party.
type Organization struct {
	ID       string   `json:"id"`
	Is       []Status `json:"is"`
	Inactive bool     `json:"inactive,omitempty"`
	State    string   `json:"state,omitempty"` // two letters, for overlays
	OHCA     []string `json:"ohca,omitempty"`  // documented organized health care arrangements it belongs to
}

// Has reports whether the organization has the status.
func (o *Organization) Has(s Status) bool { return slices.Contains(o.Is, s) }

// An Agreement is an instrument between two organizations, and its life so far.
type Agreement struct {
	ID         string                `json:"id"`
	Version    int                   `json:"version"`
	From       string                `json:"from"` // upstream: whose data
	To         string                `json:"to"`   // downstream: who receives
	Instrument instrument.Instrument `json:"instrument"`
	Signed     civil.Date            `json:"signed,omitzero"` // by both; none: not signed
	Start      civil.Date            `json:"start,omitzero"`
	End        civil.Date            `json:"end,omitzero"`        // last day; none: open
	Terminated civil.Date            `json:"terminated,omitzero"` // first day it no longer holds
	Infeasible []purpose.Kind        `json:"infeasible,omitempty"`
	Violated   bool                  `json:"violated,omitempty"` // a known pattern of violation that is not cured, 164.504(e)(1)(ii)-(iii)
}

// InForce reports whether the agreement is signed and holds on the day.
func (a *Agreement) InForce(day civil.Date) bool {
	return a.Signed != 0 && a.Signed <= day && day.Within(a.Start, a.End) && (a.Terminated == 0 || day < a.Terminated)
}

// Standing says why the agreement is not in force on the day, to be put after its name;
// empty when it is.
func (a *Agreement) Standing(day civil.Date) string {
	switch {
	case a.InForce(day):
		return ""
	case a.Signed == 0 || a.Signed > day:
		return " is not signed"
	case a.Terminated != 0 && day >= a.Terminated:
		return " was terminated on " + a.Terminated.String()
	case a.End != 0 && day > a.End:
		return " ended on " + a.End.String()
	}
	return " starts on " + a.Start.String()
}

// Survives reports whether, after its end, the agreement still lets the recipient
// use what it could not return for the purpose, 164.504(e)(2)(ii)(J).
func (a *Agreement) Survives(day civil.Date, k purpose.Kind) bool {
	ended := a.Terminated != 0 && day >= a.Terminated || a.End != 0 && day > a.End
	return a.Signed != 0 && ended && slices.Contains(a.Infeasible, k)
}

// A Person is who asks. What is not stated is not so.
type Person struct {
	ID       string `json:"id,omitempty"`
	Active   bool   `json:"active,omitempty"`
	Trained  bool   `json:"trained,omitempty"`  // required training is current
	Verified bool   `json:"verified,omitempty"` // identity and authority, 164.514(h)
}

// A Profile says which elements a task needs for a purpose, and how precisely
// (45 CFR 164.514(d)).
type Profile struct {
	ID       string           `json:"id"`
	Version  int              `json:"version"`
	Role     phi.Role         `json:"role,omitempty"` // empty: any
	Purpose  purpose.Kind     `json:"purpose"`
	Activity purpose.Activity `json:"activity,omitempty"` // empty: any
	Routine  bool             `json:"routine,omitempty"`  // standard protocol: no review of the single request, 164.514(d)(3)(i)
	Needs    []Need           `json:"needs"`
}

// A Need is one element of a profile.
type Need struct {
	Element string `json:"element"`
	Form    Form   `json:"form,omitempty"` // least form in which it serves the purpose; none: safe harbor
	Why     string `json:"why,omitempty"`  // plain words of the profile's author, for the line of the decision
}

// A Dataset is what the request draws on.
type Dataset struct {
	ID          string     `json:"id,omitempty"`
	Window      Window     `json:"window,omitzero"`       // dates of service it holds
	ExpertUntil civil.Date `json:"expert_until,omitzero"` // an expert determination holds until that day; none: there is none
	ExpertKeeps []string   `json:"expert_keeps,omitempty"`
	Record      Record     `json:"record,omitempty"` // empty: health records
}

// A Record is what kind of record a dataset holds, where that takes it outside
// the Privacy Rule (45 CFR 160.103).
type Record string

// The kinds of record that are not protected health information.
const (
	Employment Record = "employment" // held by a covered entity as an employer
	Education  Record = "education"  // under FERPA
)

// A Project is what the request belongs to.
type Project struct {
	ID         string   `json:"id,omitempty"`
	Consortium string   `json:"consortium,omitempty"` // organization that runs it; participation agreements are then needed
	Combines   []string `json:"combines,omitempty"`   // covered entities whose data are combined with the source's
}

// Settings are the choices where the law is unsure, and the platform's own
// limits. The zero value is the documented default.
type Settings struct {
	SmallCell int `json:"small_cell,omitempty"` // smallest count shown; zero: 11

	// RevokedOnward lets a covered entity that received substance-use records
	// before a TPO consent was revoked disclose them further. Default: it keeps its
	// own treatment use and discloses no further (42 CFR 2.33(a)(2) and (b)(1) can be
	// read both ways).
	RevokedOnward bool `json:"revoked_onward,omitempty"`
	// NoticeOnFirstOnly leaves the notice of 42 CFR 2.32 off when a covered entity
	// or business associate discloses further under HIPAA. Default: it rides on.
	NoticeOnFirstOnly bool `json:"notice_on_first_only,omitempty"`
	// RejectOldConsents refuses Part 2 consents signed before 16 February 2026.
	// Default: they are valid for the recipients they name until they end.
	RejectOldConsents bool `json:"reject_old_consents,omitempty"`
	// Part2Accounting applies the accounting of 42 CFR 2.25, whose date waits for a
	// revised 45 CFR 164.528. Default: not yet.
	Part2Accounting bool `json:"part2_accounting,omitempty"`
	// EmergencyOverRefusal lets the emergency basis of 42 CFR 2.51 hold although a
	// capable patient refuses. Default: it does not.
	EmergencyOverRefusal bool `json:"emergency_over_refusal,omitempty"`
}

// How the discloser came by substance-use records.
type Received string

// The ways, 42 CFR 2.12(d), 2.33.
const (
	AsProgram   Received = "program"     // it is the program, or holds for it
	ByCare      Received = "tpo-consent" // under a consent for treatment, payment and operations
	ByNamed     Received = "named"       // under a consent that names it
	AsHolder    Received = "lawful-holder"
	ByEmergency Received = "emergency"
)

// A Class is a group of patients, or of records, of whom the same facts hold.
type Class struct {
	ID       string   `json:"id"`
	Count    int      `json:"count,omitempty"`
	Related  []string `json:"related,omitempty"` // organizations that have or had a relationship with them
	Pertains Answer   `json:"pertains,omitzero"` // the data pertain to those relationships, 164.506(c)(4)
	Window   Window   `json:"window,omitzero"`   // dates the recipient's relationship covers
	Part2    Answer   `json:"part2,omitzero"`    // the records come from a Part 2 program; unknown: those labelled so do
	Received Received `json:"received,omitempty"`
	Labels   []string `json:"labels,omitempty"` // sensitivity labels, HL7 codes: HIV, PSY, GDIS, SEX, ETH …

	Died              civil.Date              `json:"died,omitzero"`
	Minor             Answer                  `json:"minor,omitzero"`
	ConsentsAlone     Answer                  `json:"consents_alone,omitzero"` // State law lets the minor consent to this care alone
	OptedOut          Answer                  `json:"opted_out,omitzero"`      // of fundraising
	OtherAddress      bool                    `json:"other_address,omitempty"` // confidential communications were asked for and accommodated
	Authorizations    []consent.Authorization `json:"authorizations,omitempty"`
	Consents          []consent.Part2         `json:"consents,omitempty"`
	Restrictions      []Restriction           `json:"restrictions,omitempty"`
	RestrictionsKnown Answer                  `json:"restrictions_known,omitzero"` // yes: the list is known to be whole; else a health plan gets nothing for payment or operations that a patient might have paid for
}

// A Restriction is what a patient asked not to be disclosed, 45 CFR 164.522(a).
type Restriction struct {
	ID         string         `json:"id"`
	PaidInFull bool           `json:"paid_in_full,omitempty"` // the provider must agree, and cannot end it alone, 164.522(a)(1)(vi)
	Recipients []string       `json:"recipients,omitempty"`   // organizations, or what they are; empty: any but the patient
	Purposes   []purpose.Kind `json:"purposes,omitempty"`     // empty: treatment, payment, operations and family
	Elements   []string       `json:"elements,omitempty"`     // empty: everything
	Agreed     civil.Date     `json:"agreed,omitzero"`
	Ended      civil.Date     `json:"ended,omitzero"` // first day it no longer binds
}

// A Determination is a signed human finding that a rule rests on.
type Determination struct {
	Kind     Finding    `json:"kind"`
	By       string     `json:"by,omitempty"`       // who found it
	On       civil.Date `json:"on,omitzero"`        // first day it holds
	Until    civil.Date `json:"until,omitzero"`     // last day; none: open
	Document string     `json:"document,omitempty"` // reference to the signed record
	Elements []string   `json:"elements,omitempty"` // what it is limited to; empty: not limited
	Items    []string   `json:"items,omitempty"`    // for a waiver: which of its documents are there, see [WaiverItems]
}

// A Finding is a kind of determination.
type Finding string

// The findings.
const (
	Statute            Finding = "statute"                    // a law requires the disclosure; elements: what it asks for
	PublicAuthority    Finding = "public-health-authority"    // the recipient acts for a public health authority
	StatedMinimum      Finding = "stated-minimum"             // the requester states that what is asked is the minimum
	EntireRecord       Finding = "entire-record"              // the entire record is specifically justified
	AbuseBelief        Finding = "abuse-belief"               // reasonable belief that the patient is a victim
	AbuseReportable    Finding = "abuse-agreed-or-required"   // the patient agrees, or a law requires or expressly permits it
	CourtOrder         Finding = "court-order"                // elements: what it orders
	Subpoena           Finding = "subpoena"                   // subpoena, discovery request or other process
	Assurances         Finding = "assurances"                 // notice to the patient, or a qualified protective order
	Process            Finding = "legal-process"              // warrant, grand-jury subpoena, administrative request
	LocateRequest      Finding = "identify-or-locate"         //
	CrimeVictim        Finding = "crime-victim"               // who agrees, or cannot and conditions are met
	SuspiciousDeath    Finding = "suspicious-death"           //
	CrimeOnPremises    Finding = "crime-on-premises"          //
	CrimeInEmergency   Finding = "crime-in-emergency"         //
	Waiver             Finding = "research-waiver"            // by an IRB or privacy board
	Preparatory        Finding = "research-preparatory"       //
	ResearchDecedents  Finding = "research-decedents"         //
	ThreatBelief       Finding = "serious-threat"             //
	FunctionStated     Finding = "government-function"        // military, security, protective services, custody, compensation law
	Preference         Finding = "preference"                 // the patient agreed or did not object, or professional judgement
	Emergency          Finding = "emergency"                  //
	PatientRefuses     Finding = "capable-patient-refuses"    //
	ProtectionOrder    Finding = "part2-court-order"          // 42 CFR 2.61-2.67
	Part2Research      Finding = "part2-research"             // 42 CFR 2.52
	Part2Audit         Finding = "part2-audit"                // 42 CFR 2.53 agreement
	Part2Crime         Finding = "part2-crime-or-child-abuse" // 42 CFR 2.12(c)(5)-(6)
	Representative     Finding = "representative"             // authority of a personal representative
	Endangerment       Finding = "endangerment"               // by the representative
	Suspension         Finding = "accounting-suspended"       // statement of an agency or official
	Attestation        Finding = "reproductive-attestation"   // 45 CFR 164.509, while it was in force
	SaleException      Finding = "sale-exception"             // 164.502(a)(5)(ii)(B)
	MarketingException Finding = "marketing-exception"        // face to face, or a gift of nominal value
	LongTermCare       Finding = "long-term-care-issuer"      //
	Litigation         Finding = "litigation-compilation"     //
	Originator         Finding = "originator"                 // the recipient wrote the psychotherapy notes and treats the patient
)

var findings = [...]Finding{Statute, PublicAuthority, StatedMinimum, EntireRecord, AbuseBelief, AbuseReportable, CourtOrder, Subpoena, Assurances, Process,
	LocateRequest, CrimeVictim, SuspiciousDeath, CrimeOnPremises, CrimeInEmergency, Waiver, Preparatory, ResearchDecedents, ThreatBelief, FunctionStated,
	Preference, Emergency, PatientRefuses, ProtectionOrder, Part2Research, Part2Audit, Part2Crime, Representative, Endangerment, Suspension, Attestation,
	SaleException, MarketingException, LongTermCare, Litigation, Originator}

// Findings lists every finding.
func Findings() []Finding { return slices.Clone(findings[:]) }

// WaiverItems lists the documents of a waiver, 45 CFR 164.512(i)(2).
func WaiverItems() []string {
	return []string{"board-and-date", "criteria", "phi-needed", "procedure", "signature"}
}

// Found returns the determination of the kind that holds on the day, nil if there is none.
func (f *Facts) Found(k Finding, day civil.Date) *Determination {
	for i := range f.Determinations {
		if d := &f.Determinations[i]; d.Kind == k && day.Within(d.On, d.Until) {
			return d
		}
	}
	return nil
}

// Org finds an organization, nil if it is not known.
func (f *Facts) Org(id string) *Organization {
	for i := range f.Organizations {
		if f.Organizations[i].ID == id {
			return &f.Organizations[i]
		}
	}
	return nil
}

// Names returns the id of an organization and what it is, as documents may name it.
func (f *Facts) Names(id string) []string {
	out := []string{id}
	if o := f.Org(id); o != nil {
		for _, s := range o.Is {
			out = append(out, string(s))
		}
	}
	return out
}

// A wordError reports a word that is not in a closed list.
type wordError struct {
	what  string
	among []string
}

func (e *wordError) Error() string {
	return "not a known " + e.what + ": use one of " + strings.Join(e.among, ", ")
}

func notAmong(what string, among []string) error { return &wordError{what, among} }
