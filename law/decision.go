package law

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// A Decision answers a request. It has stable field names, and [Decision.Canonical]
// gives the same bytes for the same request, facts and rule book, years later.
type Decision struct {
	Outcome     Outcome      `json:"outcome"`
	Form        Form         `json:"form"`            // most identifying form released to any class; none when denied
	Basis       string       `json:"basis,omitempty"` // the basis that holds
	Lines       []Line       `json:"lines"`           // element by element, the strictest over the parts that receive anything
	Parts       []Part       `json:"parts"`           // class by class
	Bases       []Basis      `json:"bases"`           // every basis tried
	Reasons     []Reason     `json:"reasons"`
	Obligations []Obligation `json:"obligations"`
	Remedies    []Remedy     `json:"remedies"`
	Suppressed  []Suppressed `json:"suppressed"`          // what was withheld, counted by rule
	Exception   *Exception   `json:"exception,omitempty"` // what a refusal, whole or in part, rests on under 45 CFR part 171
	LawAsOf     string       `json:"law_as_of"`           // the date whose law was applied
	RuleBook    string       `json:"rule_book"`           // hash of the rule book
	Facts       string       `json:"facts"`               // hash of the facts
	Request     string       `json:"request"`             // hash of the request
	ID          string       `json:"id"`                  // hash of all the above
}

// An Outcome is permit, right-size or deny. Right-size means that something asked
// for was withheld, changed, or given for fewer patients or days.
type Outcome string

// The outcomes.
const (
	Permit    Outcome = "permit"
	RightSize Outcome = "right-size"
	Deny      Outcome = "deny"
)

// A Treatment is what becomes of an element.
type Treatment string

// The treatments.
const (
	Kept        Treatment = "kept"
	Transformed Treatment = "transformed"
	Dropped     Treatment = "dropped"
)

// A Line decides one element that was asked for.
type Line struct {
	Element   string    `json:"element"`
	Title     string    `json:"title"`
	Treatment Treatment `json:"treatment"`
	As        string    `json:"as,omitempty"` // what a transformed element becomes
	Form      Form      `json:"form"`         // form in which it is released; none when dropped
	Rule      string    `json:"rule"`
	Version   int       `json:"version"`
	Citation  string    `json:"citation"`
	Reason    string    `json:"reason"`
	More      string    `json:"more,omitempty"` // what would have to change to get more
}

// A Part is the decision for one class of patients. Patients of a part that is
// denied are left out of a release; the others get the lines of their part.
type Part struct {
	Class      string  `json:"class"`
	Count      int     `json:"count,omitempty"`
	Outcome    Outcome `json:"outcome"`
	Form       Form    `json:"form"`
	Basis      string  `json:"basis,omitempty"`
	Part2Basis string  `json:"part2_basis,omitempty"` // basis of 42 CFR part 2, where substance-use records are released
	Window     Window  `json:"window,omitzero"`       // dates of service released
	Lines      []Line  `json:"lines"`
	Refusal    string  `json:"refusal,omitempty"` // rule that denied the part
}

// A Basis is one ground of disclosure that was tried.
type Basis struct {
	Rule     string `json:"rule"`
	Version  int    `json:"version"`
	Title    string `json:"title"`
	Citation string `json:"citation"`
	Holds    bool   `json:"holds"`
	Fact     string `json:"fact,omitempty"`    // the failing condition, by its stable name
	Failing  string `json:"failing,omitempty"` // and in plain words
	Class    string `json:"class,omitempty"`   // the class in which it fails, when it holds in others
}

// A Reason names a rule that shaped the decision.
type Reason struct {
	Rule      string   `json:"rule"`
	Version   int      `json:"version"`
	Citation  string   `json:"citation"`
	Effect    Effect   `json:"effect"`
	Text      string   `json:"text"`
	Facts     []string `json:"facts,omitempty"`     // conditions it rests on, in plain words
	Documents []string `json:"documents,omitempty"` // agreements and other documents, with version
	Class     string   `json:"class,omitempty"`     // class of patients it is about, when not all
}

// An Obligation has to be fulfilled for the disclosure to be lawful.
type Obligation struct {
	Duty     Duty    `json:"duty"`
	Rule     string  `json:"rule"`
	Version  int     `json:"version"`
	Citation string  `json:"citation"`
	Text     string  `json:"text"`
	Params   []Param `json:"params,omitempty"`
	Class    string  `json:"class,omitempty"` // class of patients it is about, when not all
}

// A Param is a value of an obligation, such as the smallest count shown.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Remedy is a smallest change that would make more lawful. It has been tried:
// with these changes the same rules decide better.
type Remedy struct {
	Changes []string `json:"changes"` // what to change, all of them
	Rule    string   `json:"rule"`    // the basis that would then hold, or the rule that would yield
	Outcome Outcome  `json:"outcome"` // the outcome it would lead to
	Form    Form     `json:"form"`    // the form that would then be released
}

// Suppressed counts what one rule withheld. It acknowledges nobody's record.
type Suppressed struct {
	Rule     string `json:"rule"`
	Patients int    `json:"patients"` // in the classes it touched, where their number is known
	Elements int    `json:"elements"`
}

// An Exception is one of the information-blocking exceptions, 45 CFR part 171
// subparts B and C.
type Exception struct {
	Citation string `json:"citation"`
	Title    string `json:"title"`
	Rule     string `json:"rule"` // the refusing rule that rests on it
}

// Canonical returns the decision's bytes: JSON with fields in the order of the
// type, without the ID that is their hash.
func (d Decision) Canonical() []byte {
	d.ID = ""
	b, err := json.Marshal(d)
	if err != nil {
		panic("law: a decision that is not JSON: " + err.Error()) // cannot happen: strings, numbers and their own text marshalers
	}
	return b
}

// Hash is the hash of the decision's bytes: its ID, if it is as it was decided.
func (d Decision) Hash() string { return hash(d.Canonical()) }

// digest is the hash of a value's JSON.
func digest(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "" // requests and facts are strings, numbers and text marshalers that do not fail
	}
	return hash(b)
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
