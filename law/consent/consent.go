// Package consent reads what a patient has signed: the authorization of 45 CFR
// 164.508 (PAT-1) and the written consent of 42 CFR 2.31 (PAT-2).
//
// It knows the elements each has to contain and says in what a document is
// defective on a given day. Whether a valid document covers a given disclosure is
// asked with its methods; what follows from it is for package law.
package consent

import (
	"slices"
	"strings"

	"chaperone.example/law/civil"
	"chaperone.example/law/purpose"
)

// An Item is an element or statement that a document has to contain.
type Item struct {
	ID       string
	Title    string
	Citation string
}

// authorizationItems are the core elements and statements of an authorization.
var authorizationItems = []Item{
	{"description", "specific description of the information", "45 CFR 164.508(c)(1)(i)"},
	{"discloser", "who may disclose", "45 CFR 164.508(c)(1)(ii)"},
	{"recipient", "who may receive", "45 CFR 164.508(c)(1)(iii)"},
	{"purpose", "each purpose, or \"at the request of the individual\"", "45 CFR 164.508(c)(1)(iv)"},
	{"expiration", "expiration date or event", "45 CFR 164.508(c)(1)(v)"},
	{"signature", "signature and date, with a representative's authority", "45 CFR 164.508(c)(1)(vi)"},
	{"revocation", "the right to revoke, its exceptions and how", "45 CFR 164.508(c)(2)(i)"},
	{"conditioning", "whether treatment or payment is conditioned on signing", "45 CFR 164.508(c)(2)(ii)"},
	{"redisclosure", "that the recipient may disclose further", "45 CFR 164.508(c)(2)(iii)"},
}

// part2Items are the ten elements of a written consent for substance-use records.
var part2Items = []Item{
	{"patient", "name of the patient", "42 CFR 2.31(a)(1)"},
	{"discloser", "name or class of who may disclose", "42 CFR 2.31(a)(2)"},
	{"information", "specific and meaningful description of the information", "42 CFR 2.31(a)(3)"},
	{"recipient", "name or class of who may receive", "42 CFR 2.31(a)(4)"},
	{"purpose", "each purpose, or \"at the request of the patient\"", "42 CFR 2.31(a)(5)"},
	{"revocation", "the right to revoke in writing, and how", "42 CFR 2.31(a)(6)"},
	{"expiration", "expiration date or event, or \"none\"", "42 CFR 2.31(a)(7)"},
	{"signature", "signature", "42 CFR 2.31(a)(8)"},
	{"date", "date of the signature", "42 CFR 2.31(a)(9)"},
	{"redisclosure", "for treatment, payment and operations: the statements on redisclosure and on refusing", "42 CFR 2.31(a)(10)"},
}

// AuthorizationItems lists what an authorization has to contain.
func AuthorizationItems() []Item { return slices.Clone(authorizationItems) }

// Part2Items lists what a Part 2 consent has to contain.
func Part2Items() []Item { return slices.Clone(part2Items) }

// ids returns the ids of the items.
func ids(items []Item) []string {
	var out []string
	for _, it := range items {
		out = append(out, it.ID)
	}
	return out
}

// AllAuthorizationItems and AllPart2Items list the ids, for a form that has them all.
func AllAuthorizationItems() []string { return ids(authorizationItems) }

// AllPart2Items lists the ids of the ten elements.
func AllPart2Items() []string { return ids(part2Items) }

// A Defect is why a document is not valid on a day.
type Defect struct {
	Item     string `json:"item"`
	Citation string `json:"citation"`
	Text     string `json:"text"`
}

// Expiry is when a document ends: on a day, or with an event.
type Expiry struct {
	On       civil.Date `json:"on,omitzero"`       // last day
	Event    string     `json:"event,omitempty"`   // such as "end of treatment", "end of the research study", "none"
	Happened civil.Date `json:"happened,omitzero"` // day the event happened; none: not yet
}

// stated reports whether the document says when it ends.
func (e Expiry) stated() bool { return e.On != 0 || e.Event != "" }

// over reports whether the document has ended on the day.
func (e Expiry) over(day civil.Date) bool {
	return e.On != 0 && day > e.On || e.Happened != 0 && day > e.Happened
}

// An Authorization is a document under 45 CFR 164.508.
type Authorization struct {
	ID            string         `json:"id"`
	Version       int            `json:"version"`
	Items         []string       `json:"items"`                // ids of AuthorizationItems that it contains
	Disclosers    []string       `json:"disclosers,omitempty"` // organizations, or what they are; empty: any
	Recipients    []string       `json:"recipients"`           // organizations, or what they are
	Purposes      []purpose.Kind `json:"purposes,omitempty"`   // empty: at the request of the individual
	Elements      []string       `json:"elements,omitempty"`   // empty: all but psychotherapy notes
	Expires       Expiry         `json:"expires,omitzero"`
	Signed        civil.Date     `json:"signed,omitzero"`
	Revoked       civil.Date     `json:"revoked,omitzero"`        // written revocation received
	Psychotherapy bool           `json:"psychotherapy,omitempty"` // for psychotherapy notes alone
	Remuneration  bool           `json:"remuneration,omitempty"`  // states that the discloser is paid, 164.508(a)(4)
	Marketing     bool           `json:"marketing,omitempty"`     // for marketing, stating any remuneration, 164.508(a)(3)
	Compound      bool           `json:"compound,omitempty"`      // combined with another document against (b)(3)
	Conditioned   bool           `json:"conditioned,omitempty"`   // conditioned against (b)(4)
	KnownFalse    bool           `json:"known_false,omitempty"`   // material information in it is known to be false
}

// Check names the defects of the authorization on the day, 164.508(b)(2).
func (a Authorization) Check(day civil.Date) []Defect {
	out := missing(authorizationItems, a.Items, "45 CFR 164.508(b)(2)(ii)")
	add := func(bad bool, item, citation, text string) {
		if bad && !slices.ContainsFunc(out, func(d Defect) bool { return d.Item == item }) {
			out = append(out, Defect{item, citation, text})
		}
	}
	add(!a.Expires.stated(), "expiration", "45 CFR 164.508(b)(2)(ii), (c)(1)(v)", "the authorization lacks: expiration date or event")
	add(a.Signed == 0 || a.Signed > day, "signature", "45 CFR 164.508(c)(1)(vi)", "the authorization is not signed")
	add(a.Expires.over(day), "expired", "45 CFR 164.508(b)(2)(i)", "the authorization has expired")
	add(a.Revoked != 0 && a.Revoked <= day, "revoked", "45 CFR 164.508(b)(2)(iii), (b)(5)", "the authorization was revoked; reliance covers only what was done before")
	add(a.Compound, "compound", "45 CFR 164.508(b)(2)(iv), (b)(3)", "the authorization is combined with another document in a way that is not allowed")
	add(a.Conditioned, "conditioned", "45 CFR 164.508(b)(2)(iv), (b)(4)", "signing was made a condition in a way that is not allowed")
	add(a.KnownFalse, "false", "45 CFR 164.508(b)(2)(v)", "material information in the authorization is known to be false")
	return out
}

// Names reports whether the authorization lets discloser disclose to recipient,
// each given by its id and by what it is.
func (a Authorization) Names(discloser, recipient []string) bool {
	return (len(a.Disclosers) == 0 || overlap(a.Disclosers, discloser)) && overlap(a.Recipients, recipient)
}

// For reports whether the authorization covers the purpose.
func (a Authorization) For(k purpose.Kind) bool {
	return len(a.Purposes) == 0 || slices.Contains(a.Purposes, k) || k == purpose.Authorization
}

// A Kind is what a Part 2 consent is for.
type Kind string

// The kinds of Part 2 consent.
const (
	Care        Kind = "tpo"         // treatment, payment and health care operations, once and for all
	Named       Kind = "named"       // a named recipient and purpose
	Proceedings Kind = "proceedings" // use in proceedings against the patient, 2.31(d)
	Counseling  Kind = "counseling"  // SUD counseling notes, 2.31(b)
)

// Kinds lists the kinds of Part 2 consent.
func Kinds() []Kind { return []Kind{Care, Named, Proceedings, Counseling} }

// NewForm is the day from which 2.31 as amended in 2024 has to be met.
var NewForm = civil.Of(2026, 2, 16)

// A Part2 is a written consent under 42 CFR 2.31.
type Part2 struct {
	ID         string         `json:"id"`
	Version    int            `json:"version"`
	Kind       Kind           `json:"kind"`
	Items      []string       `json:"items"` // ids of Part2Items that it contains
	Disclosers []string       `json:"disclosers,omitempty"`
	Recipients []string       `json:"recipients,omitempty"` // empty on a TPO consent: treating providers, health plans, payers and who helps operate the program
	Purposes   []purpose.Kind `json:"purposes,omitempty"`
	Elements   []string       `json:"elements,omitempty"` // empty: all but counseling notes
	Expires    Expiry         `json:"expires,omitzero"`
	Signed     civil.Date     `json:"signed,omitzero"`
	SignedBy   []string       `json:"signed_by,omitempty"` // patient, minor, parent, representative; empty: patient
	Revoked    civil.Date     `json:"revoked,omitzero"`
	KnownFalse bool           `json:"known_false,omitempty"`
}

// Check names the defects of the consent on the day, 2.31(a) and (c).
//
// A consent signed before 16 February 2026 is read by the elements in force when
// it was signed, which knew no TPO consent: it lacks nothing for want of the
// statements of (a)(10), but it is valid only as a named consent. Where the law is
// unsure about old forms this is the default (reject is the stricter setting).
func (c Part2) Check(day civil.Date, reject bool) []Defect {
	items := part2Items
	old := c.Signed != 0 && c.Signed < NewForm
	if c.Kind != Care || old {
		items = part2Items[:9]
	}
	out := missing(items, c.Items, "42 CFR 2.31(c)")
	add := func(bad bool, item, citation, text string) {
		if bad && !slices.ContainsFunc(out, func(d Defect) bool { return d.Item == item }) {
			out = append(out, Defect{item, citation, text})
		}
	}
	add(!c.Expires.stated(), "expiration", "42 CFR 2.31(a)(7)", "the consent lacks: expiration date or event")
	add(c.Signed == 0 || c.Signed > day, "signature", "42 CFR 2.31(a)(8)-(9)", "the consent is not signed")
	add(c.Expires.over(day), "expired", "42 CFR 2.31(a)(7), (c)(1)", "the consent has expired")
	add(c.Revoked != 0 && c.Revoked <= day, "revoked", "42 CFR 2.31(a)(6), (c)(3)", "the consent was revoked")
	add(c.KnownFalse, "false", "42 CFR 2.31(c)(4)", "the consent is known to be materially false")
	add(c.Kind == Care && old, "form", "42 CFR 2.31, compliance 16 February 2026", "the form is older than the consent for treatment, payment and operations")
	add(old && reject, "form", "42 CFR 2.31, compliance 16 February 2026", "consents on the form before 16 February 2026 are not accepted here")
	return out
}

// Names reports whether the consent covers the recipient, given by its id and by
// what it is.
func (c Part2) Names(discloser, recipient []string) bool {
	if len(c.Disclosers) > 0 && !overlap(c.Disclosers, discloser) {
		return false
	}
	if c.Kind == Care && len(c.Recipients) == 0 {
		return overlap(recipient, []string{"provider", "health-plan", "covered-entity", "business-associate", "subcontractor"})
	}
	return overlap(c.Recipients, recipient)
}

// For reports whether the consent covers the purpose.
func (c Part2) For(k purpose.Kind) bool {
	switch c.Kind {
	case Care:
		return k == purpose.Treatment || k == purpose.Payment || k == purpose.Operations
	case Proceedings:
		return k == purpose.Judicial || k == purpose.LawEnforcement || k == purpose.Oversight
	}
	return len(c.Purposes) == 0 || slices.Contains(c.Purposes, k)
}

// SignedRightly reports whether who signed could, 42 CFR 2.14: a minor alone where
// State law lets the minor seek treatment alone, else minor and parent together.
func (c Part2) SignedRightly(minor, alone bool) bool {
	has := func(who string) bool { return slices.Contains(c.SignedBy, who) }
	if !minor {
		return len(c.SignedBy) == 0 || has("patient") || has("representative")
	}
	return has("minor") && (alone || has("parent"))
}

// missing names the items that a document does not contain.
func missing(items []Item, has []string, citation string) []Defect {
	var out []Defect
	for _, it := range items {
		if !slices.Contains(has, it.ID) {
			out = append(out, Defect{it.ID, citation + ", " + strings.TrimPrefix(strings.TrimPrefix(it.Citation, "45 CFR "), "42 CFR "), "it lacks: " + it.Title})
		}
	}
	return out
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
