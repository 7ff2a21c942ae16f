package law

import (
	"slices"
	"time"

	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
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
	Activity   purpose.Activity `json:"activity,omitempty"` // for operations: which of them
	Form       Form             `json:"form"`               // form wanted
	Elements   []string         `json:"elements"`           // phi element ids asked for
	Window     Window           `json:"window,omitzero"`    // dates of service asked for
	BreakGlass bool             `json:"break_glass,omitempty"`
	Can        []Duty           `json:"can"` // obligations that the enforcement point is able to fulfil; see [Duties]
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
		return unknownWord("form", formNames[1:])
	}
	*f = v
	return nil
}

// A Window is a span of days, both ends included; a zero end is open.
type Window struct {
	From  civil.Date `json:"from,omitzero"`
	Until civil.Date `json:"until,omitzero"`
}

// narrow returns the part of w inside o, and whether it is smaller than w.
func (w Window) narrow(o Window) (Window, bool) {
	n := w
	if o.From != 0 && o.From > n.From {
		n.From = o.From
	}
	if o.Until != 0 && (n.Until == 0 || o.Until < n.Until) {
		n.Until = o.Until
	}
	return n, n != w
}

// empty reports whether no day is in the window.
func (w Window) empty() bool { return w.Until != 0 && w.From > w.Until }

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
		return unknownWord("answer", answerNames[:])
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
	Profiles       []Profile       `json:"profiles,omitempty"` // minimum-necessary profiles; [StandardProfile] where none fits
	Dataset        Dataset         `json:"dataset,omitzero"`
	Project        Project         `json:"project,omitzero"`
	Determinations []Determination `json:"determinations,omitempty"`
	Classes        []Class         `json:"classes,omitempty"` // patients grouped by the same facts; none: one class of which nothing is known
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

// has reports whether the organization has the status.
func (o *Organization) has(s Status) bool { return slices.Contains(o.Is, s) }

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

// survives reports whether, after its end, the agreement still lets the recipient
// use what it could not return for the purpose, 164.504(e)(2)(ii)(J).
func (a *Agreement) survives(day civil.Date, k purpose.Kind) bool {
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
}

// A Project is what the request belongs to.
type Project struct {
	ID         string   `json:"id,omitempty"`
	Consortium string   `json:"consortium,omitempty"` // organization that runs it; participation agreements are then needed
	Combines   []string `json:"combines,omitempty"`   // covered entities whose data are combined with the source's
}

// Settings are the documented defaults where the law is unsure, and the
// platform's own limits. The zero value is the default.
type Settings struct {
	SmallCell int `json:"small_cell,omitempty"` // smallest count shown; zero: 11
}

// A Class is a group of patients, or of records, of whom the same facts hold.
type Class struct {
	ID       string   `json:"id"`
	Count    int      `json:"count,omitempty"`
	Related  []string `json:"related,omitempty"` // organizations that have or had a relationship with them
	Pertains Answer   `json:"pertains,omitzero"` // the data pertain to those relationships, 164.506(c)(4)
	Window   Window   `json:"window,omitzero"`   // dates the recipient's relationship covers
	Part2    Answer   `json:"part2,omitzero"`    // the records come from a Part 2 program; unknown: those labelled so do
}

// A Determination is a signed human finding that a rule rests on.
type Determination struct {
	Kind     Finding    `json:"kind"`
	By       string     `json:"by,omitempty"`
	On       civil.Date `json:"on,omitzero"`
	Until    civil.Date `json:"until,omitzero"`
	Document string     `json:"document,omitempty"`
	Elements []string   `json:"elements,omitempty"`
}

// A Finding is a kind of determination.
type Finding string
