// Package org keeps the organizations of a hub: what each is under the law, who its
// officers are, whom it lets handle protected health information, and the chain of
// custody that follows (ORG-1, ORG-2).
//
// Every organization keeps its own workspace and all of its duties; joining a hub
// or a consortium transfers none of them. A covered entity designates a privacy
// official and a contact person (45 CFR 164.530(a)(1)); covered entities and
// business associates, and so subcontractors, designate a security official
// (45 CFR 164.308(a)(2)).
//
// The directory (name and kind) is open to every member, since nobody can make an
// agreement with an organization that cannot be found. The workspace (officers, what
// is missing, engagements) answers to the organization itself. The operator of the
// hub is a party to the stream, because it registers and closes organizations: it
// sees that an officer was designated, by an opaque id, and not who that is.
package org

import (
	"chaperone.example/law"
	"chaperone.example/ledger"
)

// Registered: an organization joined the hub. Its name is public.
type Registered struct {
	Name     string       `json:"name"`
	Is       []law.Status `json:"is"`
	State    string       `json:"state,omitempty"` // two letters; picks the state overlays
	Operator string       `json:"operator"`        // id of the organization that runs the hub
}

// OfficerDesignated: a person took over a duty, from whoever had it before.
type OfficerDesignated struct {
	Duty Duty   `json:"duty"`
	User string `json:"user"`
}

// Engaged: the organization lets another one handle protected health information on
// its behalf. That needs an agreement (45 CFR 164.502(e)); this event is none.
type Engaged struct {
	Organization string `json:"organization"`
}

// EngagementEnded: the other one no longer does.
type EngagementEnded struct {
	Organization string `json:"organization"`
}

// Closed: the organization left the hub. Nothing flows to or from it any more; its
// records stay.
type Closed struct{}

// Reopened: it came back.
type Reopened struct{}

// Types are the events of this module.
var Types = ledger.Types{
	"organization.registered":         Registered{},
	"organization.officer-designated": OfficerDesignated{},
	"organization.engaged":            Engaged{},
	"organization.engagement-ended":   EngagementEnded{},
	"organization.closed":             Closed{},
	"organization.reopened":           Reopened{},
}

// A Duty is what an officer is designated for.
type Duty string

// The duties.
const (
	Privacy  Duty = "privacy"  // 45 CFR 164.530(a)(1)(i)
	Security Duty = "security" // 45 CFR 164.308(a)(2)
	Contact  Duty = "contact"  // receives complaints, 45 CFR 164.530(a)(1)(ii)
)

// Duties lists them in the order of the law.
func Duties() []Duty { return []Duty{Privacy, Contact, Security} }

// Title returns a duty in words.
func (d Duty) Title() string {
	switch d {
	case Privacy:
		return "Privacy official"
	case Security:
		return "Security official"
	case Contact:
		return "Contact person for complaints"
	}
	return string(d)
}

// Citation returns the section that asks for the duty.
func (d Duty) Citation() string {
	switch d {
	case Privacy:
		return "45 CFR 164.530(a)(1)(i)"
	case Security:
		return "45 CFR 164.308(a)(2)"
	case Contact:
		return "45 CFR 164.530(a)(1)(ii)"
	}
	return ""
}
