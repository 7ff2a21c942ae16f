// Package request takes requests for data: what is asked for, what the law makes of
// it, and what the organization that holds the data decides (REQ-1, REQ-2, REQ-3,
// DEC-1).
//
// A request states its purpose, the population and time frame, the elements, who
// shall receive them, in which form and for how long. It is decided by package law
// in the same append that records it: element by element kept, changed or withheld,
// each line with its rule (minimum necessary, 45 CFR 164.502(b) and 164.514(d);
// least sensitive form first, 164.514(a)-(e)). The question put to the law and the
// facts it was answered from are recorded with the answer, byte for byte, so that
// anybody entitled can decide it again and compare.
//
// Where the law wants a review of the single request (164.514(d)(3)(ii)), a data
// steward or the privacy officer of the organization asked approves or refuses it,
// and never the person who asked. At that moment the law is asked again on the facts
// as they stand: an agreement that ended meanwhile ends the request. A refusal names
// its reason and the information-blocking exception it rests on (45 CFR part 171).
//
// A request only ever narrows: an amendment asks for less. Whoever wants more asks
// again.
//
// No event holds personal detail or free text. The project's name, the purpose
// statement and the notes of a refusal are sealed under the key of the request.
package request

import (
	"encoding/json"

	"chaperone.example/law"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Types are the events of this module.
var Types = ledger.Types{
	"request.submitted": Submitted{},
	"request.amended":   Amended{},
	"request.decided":   Decided{},
	"request.approved":  Approved{},
	"request.refused":   Refused{},
	"request.withdrawn": Withdrawn{},
}

// Submitted records a request. Its [Details] are sealed beside it.
type Submitted struct {
	By        string   `json:"by"`        // user who asks
	Role      phi.Role `json:"role"`      // task of that user
	Recipient string   `json:"recipient"` // organization that asks
	Ask       Ask      `json:"ask"`
}

// Amended records a narrower version of the request, with its own sealed [Details].
type Amended struct {
	By      string `json:"by"`
	Version int    `json:"version"` // of the request from now on; the first was 1
	Ask     Ask    `json:"ask"`
}

// Decided records the law's answer with all it was computed from.
type Decided struct {
	Version  int             `json:"version"` // of the request
	Cause    Cause           `json:"cause"`
	ID       string          `json:"id"` // hash of the decision
	Outcome  law.Outcome     `json:"outcome"`
	Form     law.Form        `json:"form"`
	RuleBook string          `json:"rule_book"` // hash of the rule book applied
	Facts    string          `json:"facts"`     // hash of the facts below
	Asked    json.RawMessage `json:"asked"`     // law.Request as it was put
	Known    json.RawMessage `json:"known"`     // law.Facts as they were
	Answer   json.RawMessage `json:"answer"`    // law.Decision in its canonical bytes
}

// A Cause is the occasion on which the law was asked.
type Cause string

// The causes.
const (
	AtSubmission      Cause = "submission"
	AtAmendment       Cause = "amendment"
	AtReconsideration Cause = "reconsideration"
	AtApproval        Cause = "approval"
)

// Approved records that the organization asked agreed, and from which of its
// datasets the data shall come.
type Approved struct {
	By       string   `json:"by"`
	Version  int      `json:"version"`
	Decision string   `json:"decision"` // the decision of the moment, recorded just before
	Datasets []string `json:"datasets"`
	Missing  []string `json:"missing,omitempty"` // elements permitted that none of the datasets holds
}

// Refused records that the organization asked declined. A [Note] for the person who
// asked may be sealed beside it.
type Refused struct {
	By      string `json:"by"`
	Version int    `json:"version"`
	Reason  Ground `json:"reason"`
}

// Withdrawn records that the organization that asked no longer does.
type Withdrawn struct {
	By      string `json:"by"`
	Version int    `json:"version"`
}
