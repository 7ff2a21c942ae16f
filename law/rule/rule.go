// Package rule is the rule book: what the law says about disclosures, as values.
//
// A [Rule] reads [Condition]s and has one [Effect]. Bars refuse; bases permit;
// validity rules govern conditions that bases rest on; filters take elements,
// days or precision away; obligations attach duties. Package law reads a request
// into conditions and applies the book; this package knows neither.
//
// Every rule has an id that never changes its meaning, a version, its citation,
// the dates it is in force, and a text that a compliance officer can check
// against the section. Where the law is unsure the text says which reading is the
// default, and the setting that changes it.
package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"chaperone.example/law/civil"
	"chaperone.example/law/fact"
	"chaperone.example/phi"
)

// An Effect is what a rule does.
type Effect string

// The effects.
const (
	Grants    Effect = "basis"        // B: a ground that permits
	GrantsSUD Effect = "part-2 basis" // B: a ground of 42 CFR part 2, needed beside one of HIPAA
	Validates Effect = "validity"     // A: what a document or fact must satisfy for a basis to rest on it
	Filters   Effect = "filter"       // F: takes elements, days or precision away
	Bars      Effect = "bar"          // D: refuses, whatever the basis
	Obliges   Effect = "obligation"   // O: attaches a duty
)

// A Rule is one rule of the book, as a value. It applies when all conditions of
// When hold and none of Unless does, on a day it is in force. A validity rule
// governs conditions that other rules read.
type Rule struct {
	ID       string      `json:"id"`
	Version  int         `json:"version"`
	Title    string      `json:"title"`
	Citation string      `json:"citation"`
	Effect   Effect      `json:"effect"`
	Text     string      `json:"text"`          // what the rule says, in plain words
	From     civil.Date  `json:"from,omitzero"` // first day it is in force; none: always was
	To       civil.Date  `json:"to,omitzero"`   // last day
	When     []Condition `json:"when,omitempty"`
	Unless   []Condition `json:"unless,omitempty"`

	Cap       fact.Form   `json:"cap,omitempty"`       // basis: the most identifying form it permits
	Exempt    bool        `json:"exempt,omitempty"`    // basis: the minimum necessary standard does not apply, 164.502(b)(2)
	Accounted bool        `json:"accounted,omitempty"` // basis: disclosures are in the accounting, 164.528(a)(1)
	Keeps     Keeper      `json:"keeps,omitempty"`     // basis, filter: which elements it leaves
	Scope     string      `json:"scope,omitempty"`     // basis: the rule that is named for what it does not leave
	Duties    []fact.Duty `json:"duties,omitempty"`    // what has to be done
	Otherwise string      `json:"otherwise,omitempty"` // what it means that the rule did not apply, where that is worth saying
	More      string      `json:"more,omitempty"`      // filter: what would have to change to get more
	Exception string      `json:"exception,omitempty"` // information-blocking exception a refusal by this rule rests on
}

// A Keeper names which elements a basis or filter leaves; the reading of the facts
// fills them in.
type Keeper uint8

// The keepers.
const (
	KeepsAll             Keeper = iota
	KeepsProfile                // what role and purpose need
	KeepsAgreement              // what every agreement of the chain covers
	KeepsUnprotected            // what is not under Part 2
	KeepsNoCounseling           // all but counseling notes
	KeepsNoPsychotherapy        // all but psychotherapy notes
	KeepsAuthorized             // what the authorization describes
	KeepsConsented              // what the Part 2 consent describes
	KeepsStatute                // what the law requires
	KeepsOrdered                // what the order or assurance covers
	KeepsLocate                 // the items of 164.512(f)(2)
	KeepsFundraising            // the items of 164.514(f)(1)
	KeepsEmergency              // what the emergency needs
	KeepsUnpaid                 // what the patient did not pay for in full
	KeepsUnrestricted           // what no agreed restriction covers
	KeepsOverlay                // what no State overlay withholds
	KeepsMember                 // what no member rule withholds
	KeeperCount
)

// MarshalText writes the condition's stable name.
func (c Condition) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Reads lists the conditions the rule reads or governs, by their stable names.
func (r Rule) Reads() []string {
	var out []string
	for _, c := range slices.Concat(r.When, r.Unless) {
		if c != Always {
			out = append(out, c.String())
		}
	}
	for i := range conditions {
		if conditions[i].rule == r.ID && !slices.Contains(out, conditions[i].name) {
			out = append(out, conditions[i].name)
		}
	}
	return out
}

// InForce reports whether the rule is in force on the day.
func (r Rule) InForce(day civil.Date) bool { return day.Within(r.From, r.To) }

// Failing returns the first condition that keeps the rule from applying, and
// whether it fails by being true; Always when nothing does.
func (r *Rule) Failing(m *Marks) (Condition, bool) {
	for _, c := range r.When {
		if !m.Has(c) {
			return c, false
		}
	}
	for _, c := range r.Unless {
		if m.Has(c) {
			return c, true
		}
	}
	return Always, false
}

// A Book is the rules, made ready to apply.
type Book struct {
	Rules                              []Rule
	Bars, Bases, SUD, Filters, Obliges []Compiled
	Hash                               string // of every rule, condition and element: it names the law a decision was made under
	Places                             Places
	place                              map[string]int
}

// Places are where the rules stand that deciding itself names.
type Places struct {
	Forms                                    [fact.Identified + 1]uint8 // the filter of each form
	Least, Minimum, Unknown, Coding, Related uint8                      // F02, F01, F14, O13, B05
}

// A Role is what deciding has to know of a basis beside its conditions.
type Role uint8

// The roles.
const (
	Plain            Role = iota
	ByPatientConsent      // records go on the patient's Part 2 consent
	ByRedisclosure        // records go on, received under a consent
	InEmergency           // somebody is told at once
)

// roles of the rules that have one.
var roles = map[string]Role{"P04": ByPatientConsent, "P05": ByPatientConsent, "P06": ByRedisclosure, "P10": InEmergency, "N04": InEmergency}

// A Compiled rule has its conditions as sets.
type Compiled struct {
	when, unless Marks
	from, to     civil.Date
	Duties       fact.DutySet
	Cap          fact.Form
	Keeps        Keeper
	Exempt       bool
	Accounted    bool
	Role         Role
	Place        uint8 // in Book.Rules
	Scope        uint8 // place of the rule named for what Keeps takes
}

// Applies reports whether the rule is in force on the day and its conditions hold.
func (c *Compiled) Applies(m *Marks, day civil.Date) bool {
	return m.all(&c.when) && m.none(&c.unless) && day.Within(c.from, c.to)
}

// InForce reports whether the rule is in force on the day.
func (c *Compiled) InForce(day civil.Date) bool { return day.Within(c.from, c.to) }

// All lists the rules of the book, in its order: bars, bases in order of
// preference, Part 2 bases, validity, filters, obligations.
func All() []Rule {
	return slices.Concat(bars, bases, associateBases, publicBases, sudBases, validities, filters, obligations)
}

// Compile makes rules ready to apply. A rule's place is its order; there are at
// most 255.
func Compile(rules []Rule) *Book {
	b := &Book{Rules: rules, place: make(map[string]int, len(rules))}
	for i, r := range rules {
		b.place[r.ID] = i
	}
	for i, r := range rules {
		c := Compiled{from: r.From, to: r.To, Duties: fact.DutiesOf(r.Duties), Cap: r.Cap, Keeps: r.Keeps,
			Exempt: r.Exempt, Accounted: r.Accounted, Place: uint8(i), Scope: uint8(i), Role: roles[r.ID]}
		if r.Scope != "" {
			c.Scope = uint8(b.place[r.Scope])
		}
		for _, w := range r.When {
			c.when.Set(w, true)
		}
		for _, u := range r.Unless {
			c.unless.Set(u, true)
		}
		switch r.Effect {
		case Bars:
			b.Bars = append(b.Bars, c)
		case Grants:
			b.Bases = append(b.Bases, c)
		case GrantsSUD:
			b.SUD = append(b.SUD, c)
		case Filters:
			b.Filters = append(b.Filters, c)
		case Obliges:
			b.Obliges = append(b.Obliges, c)
		}
	}
	b.Places = Places{Forms: [...]uint8{fact.SafeHarbor: b.At("F06"), fact.Expert: b.At("F16"), fact.Limited: b.At("F05"), fact.Identified: b.At("F02")},
		Least: b.At("F02"), Minimum: b.At("F01"), Unknown: b.At("F14"), Coding: b.At("O13"), Related: b.At("B05")}
	b.Hash = digest(struct {
		Rules      []Rule
		Conditions [][5]string
		Elements   []phi.Element
	}{rules, conditionTexts(), phi.Elements()})
	return b
}

func digest(v any) string {
	j, err := json.Marshal(v)
	if err != nil {
		panic("rule: the book is not JSON: " + err.Error()) // cannot happen: strings, numbers and text marshalers that do not fail
	}
	sum := sha256.Sum256(j)
	return hex.EncodeToString(sum[:])
}

func conditionTexts() [][5]string {
	out := make([][5]string, len(conditions))
	for i, c := range conditions {
		out[i] = [5]string{c.name, c.yes, c.no, c.rule, c.remedy}
	}
	return out
}

// At is the place of a rule that is known to be in the book.
func (b *Book) At(id string) uint8 { return uint8(b.place[id]) }

// Lookup returns the rule with the id.
func (b *Book) Lookup(id string) (*Rule, bool) {
	i, ok := b.place[id]
	if !ok {
		return nil, false
	}
	return &b.Rules[i], true
}
