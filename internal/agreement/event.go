// Package agreement keeps the agreements between organizations: drafted from a
// template, negotiated version by version, signed by both, in force, amended,
// renewed, ended (AGR-1, AGR-2, AGR-3).
//
// # The law
//
// A covered entity may let a business associate have protected health information
// only under a written agreement with the terms of 45 CFR 164.504(e) and 164.314(a);
// a business associate binds its subcontractors the same way (164.504(e)(5)), and a
// limited data set goes only to who signed a data use agreement (164.514(e)(4)).
// Package chaperone.example/law/instrument knows the terms; this package knows the
// life: who proposed what, who signed which version, from which day, until when.
//
// # The life of a contract
//
// One party offers a draft ([Offered]). Each party may propose a changed version
// ([Amended]); a new version voids the signatures under the one before it. A version
// holds once both parties have signed that same version ([Signed]), and a version
// that lacks a required term cannot be signed. While an amendment is negotiated the
// version signed before stays in force. A renewal ([Renewed]) is an amendment of the
// days alone. A draft is taken back or declined ([Withdrawn]); an agreement that was
// signed ends on its last day or is terminated ([Terminated]), which makes return or
// destruction of the data due ([ReturnDue], 164.504(e)(2)(ii)(J)). Each party keeps
// its own reviews, counsel's among them, out of the other's sight ([Reviewed]).
//
// Days are days in UTC, as the ledger counts them.
package agreement

import (
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/ledger"
)

// Types declares the events of the module. None holds a name or free text: what a
// party says to the other, and what its counsel says to it, is sealed beside them.
var Types = ledger.Types{
	"agreement.offered":    Offered{},
	"agreement.amended":    Amended{},
	"agreement.renewed":    Renewed{},
	"agreement.signed":     Signed{},
	"agreement.withdrawn":  Withdrawn{},
	"agreement.terminated": Terminated{},
	"agreement.return-due": ReturnDue{},
	"agreement.reviewed":   Reviewed{},
}

type (
	// Offered starts a contract with its first version.
	Offered struct {
		Upstream   string                `json:"upstream"`   // organization whose data it is
		Downstream string                `json:"downstream"` // organization that receives
		By         string                `json:"by"`         // which of the two offered
		Instrument instrument.Instrument `json:"instrument"`
		Start      civil.Date            `json:"start,omitzero"` // first day; none: when both have signed
		End        civil.Date            `json:"end,omitzero"`   // last day; none: until it is terminated
	}
	// Amended proposes the next version.
	Amended struct {
		Version    int                   `json:"version"` // the new one
		By         string                `json:"by"`
		Instrument instrument.Instrument `json:"instrument"`
		Start      civil.Date            `json:"start,omitzero"`
		End        civil.Date            `json:"end,omitzero"`
	}
	// Renewed proposes the terms last signed for longer, as the next version.
	Renewed struct {
		Version int        `json:"version"` // the new one
		Of      int        `json:"of"`      // the version whose terms go on
		By      string     `json:"by"`
		Start   civil.Date `json:"start,omitzero"`
		End     civil.Date `json:"end,omitzero"`
	}
	// Signed is one party's signature under one version.
	Signed struct {
		Version int    `json:"version"`
		Org     string `json:"org"`    // for whom the actor signed
		Digest  string `json:"digest"` // [Contract.Digest] of the version
	}
	// Withdrawn takes back, or declines, a version that was not yet signed by both.
	Withdrawn struct {
		Version int    `json:"version"`
		By      string `json:"by"`
	}
	// Terminated ends a contract that both had signed.
	Terminated struct {
		By        string     `json:"by"`
		Reason    Cause      `json:"reason"`
		Effective civil.Date `json:"effective"` // first day on which it no longer holds
	}
	// ReturnDue starts the duty to return or destroy the data.
	ReturnDue struct {
		Org string           `json:"org"` // who has the duty
		How instrument.AtEnd `json:"how"` // as the terms in force say
		Due civil.Date       `json:"due"` // last day on which to have done it
	}
	// Reviewed is one party's own review of a version, on a stream that only that
	// party sees.
	Reviewed struct {
		Agreement string  `json:"agreement"` // id
		Version   int     `json:"version"`
		Org       string  `json:"org"`
		Reviewer  Reader  `json:"reviewer"`
		Finding   Finding `json:"finding"`
	}
)

// A Note is what one party says to the other with an offer, an amendment or an end.
// It is sealed under the key of the agreement.
type Note struct {
	Note string `json:"note"`
}

// A Cause is why a contract was terminated.
type Cause string

// The causes.
const (
	EndOfTerm      Cause = "end-of-term"     // it is not renewed
	MaterialBreach Cause = "material-breach" // 45 CFR 164.504(e)(2)(iii), (e)(1)(ii)-(iii)
	Convenience    Cause = "convenience"     // no reason need be given
)

// Title returns the cause in plain words, empty if it is unknown.
func (c Cause) Title() string {
	switch c {
	case EndOfTerm:
		return "End of the term"
	case MaterialBreach:
		return "Material breach"
	case Convenience:
		return "Convenience"
	}
	return ""
}

// A Reader is who reviewed a version.
type Reader string

// The reviewers.
const (
	Counsel Reader = "counsel"
	Officer Reader = "privacy-officer"
)

// Title returns who that is in plain words, empty if it is unknown.
func (r Reader) Title() string {
	switch r {
	case Counsel:
		return "Counsel"
	case Officer:
		return "Privacy officer"
	}
	return ""
}

// A Finding is what a review came to.
type Finding string

// The findings.
const (
	Acceptable Finding = "acceptable"
	Objections Finding = "objections"
)

// Title returns the finding in plain words, empty if it is unknown.
func (f Finding) Title() string {
	switch f {
	case Acceptable:
		return "Acceptable as it is"
	case Objections:
		return "Changes needed"
	}
	return ""
}
