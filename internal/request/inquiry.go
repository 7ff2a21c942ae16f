package request

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/law"
	"chaperone.example/law/purpose"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// A Status is where a request stands. The names are stable: views and API hold them.
type Status string

// The statuses.
const (
	Denied   Status = "denied"    // by the law
	Awaiting Status = "awaiting"  // the law permits something; the organization asked decides
	Granted  Status = "approved"  //
	Declined Status = "refused"   // by the organization asked
	Gone     Status = "withdrawn" // by the organization that asked
)

// An Inquiry is a request as it stands.
type Inquiry struct {
	ID        string
	Version   int // of the ask: each amendment is the next
	By        string
	Role      phi.Role
	Recipient string // organization that asks
	Ask       Ask
	Status    Status
	Decided   Decided // the newest decision
	Approval  Approved
	Settled   time.Time // when it was approved, refused or withdrawn
	Refusal   Ground
}

// Kind is how requests are kept.
var Kind = ledger.Kind[Inquiry]{
	Name: "request",
	Apply: func(q Inquiry, r ledger.Record, e ledger.Event) Inquiry {
		switch e := e.(type) {
		case Submitted:
			q = Inquiry{ID: r.ID(), Version: 1, By: e.By, Role: e.Role, Recipient: e.Recipient, Ask: e.Ask}
		case Amended:
			q.Version, q.Ask, q.Approval, q.Refusal = e.Version, e.Ask, Approved{}, ""
		case Decided:
			q.Decided = e
			q.Decided.Asked, q.Decided.Known = nil, nil // large, and in the record and the view
			q.Status = Awaiting
			if e.Outcome == law.Deny {
				q.Status = Denied
			}
		case Approved:
			q.Status, q.Approval, q.Settled = Granted, e, r.Time
		case Refused:
			q.Status, q.Refusal, q.Settled = Declined, e.Reason, r.Time
		case Withdrawn:
			q.Status, q.Settled = Gone, r.Time
		}
		return q
	},
	Sees: func(q Inquiry) []string { return slices.Compact([]string{q.Recipient, q.Ask.Discloser}) },
}

// who is the person who asked, as an actor.
func (q Inquiry) who() ledger.Actor {
	return ledger.Actor{ID: q.By, Org: q.Recipient, Role: string(q.Role)}
}

// Decision returns the newest decision.
func (q Inquiry) Decision() (law.Decision, error) { return q.Decided.Decision() }

// Decision returns what was decided, from its canonical bytes.
func (d Decided) Decision() (law.Decision, error) {
	var out law.Decision
	if err := json.Unmarshal(d.Answer, &out); err != nil {
		return out, fmt.Errorf("request: decision %s: %w", d.ID, err)
	}
	out.ID = d.ID
	return out, nil
}

// A Grant is one element that may be released.
type Grant struct {
	Element   string        `json:"element"`
	Treatment law.Treatment `json:"treatment"` // kept or transformed
	As        string        `json:"as,omitempty"`
	Form      law.Form      `json:"form"`
}

// A Permit is what an approved request allows to be released, and under which terms.
type Permit struct {
	Request     string           `json:"request"`
	Version     int              `json:"version"`
	Discloser   string           `json:"discloser"`
	Recipient   string           `json:"recipient"`  // organization
	Requester   string           `json:"requester"`  // user
	Recipients  []string         `json:"recipients"` // users
	Purpose     purpose.Kind     `json:"purpose"`
	Activity    purpose.Activity `json:"activity,omitempty"`
	Datasets    []string         `json:"datasets"`
	Form        law.Form         `json:"form"`
	Elements    []Grant          `json:"elements"`
	Missing     []string         `json:"missing,omitempty"` // granted, but in none of the datasets
	Population  Population       `json:"population"`
	Window      law.Window       `json:"window"` // dates of discharge released
	Parts       []law.Part       `json:"parts"`  // class by class: patients of a denied class are left out
	Basis       string           `json:"basis"`  // rule
	Citation    string           `json:"citation"`
	Obligations []law.Obligation `json:"obligations"`
	Retention   int              `json:"retention"` // days from the release: the shorter of what was asked and what the agreements say
	Decision    string           `json:"decision"`  // id
	LawAsOf     string           `json:"law_as_of"`
	ApprovedBy  string           `json:"approved_by"`
	ApprovedAt  time.Time        `json:"approved_at"`
}

// Permit returns what may be released; only an approved request permits anything.
func (q Inquiry) Permit() (Permit, error) {
	if q.Status != Granted {
		return Permit{}, fault.New(fault.Refused, "the request is not approved: nothing can be released on it")
	}
	d, err := q.Decision()
	if err != nil {
		return Permit{}, err
	}
	p := Permit{Request: q.ID, Version: q.Version, Discloser: q.Ask.Discloser, Recipient: q.Recipient, Requester: q.By, Recipients: q.Ask.Recipients,
		Purpose: q.Ask.Purpose, Activity: q.Ask.Activity, Datasets: q.Approval.Datasets, Form: d.Form, Missing: q.Approval.Missing,
		Population: q.Ask.Population, Window: q.Ask.Window, Parts: d.Parts, Basis: d.Basis, Obligations: d.Obligations,
		Retention: retention(q.Ask, d), Decision: d.ID, LawAsOf: d.LawAsOf, ApprovedBy: q.Approval.By, ApprovedAt: q.Settled}
	for _, b := range d.Bases {
		if b.Rule == d.Basis {
			p.Citation = b.Citation
		}
	}
	for _, l := range d.Lines {
		if l.Treatment != law.Dropped {
			p.Elements = append(p.Elements, Grant{l.Element, l.Treatment, l.As, l.Form})
		}
	}
	p.Window = window(d)
	return p, nil
}

// window spans the days that any part of the decision releases.
func window(d law.Decision) law.Window {
	var w law.Window
	first := true
	for _, p := range d.Parts {
		if p.Outcome == law.Deny {
			continue
		}
		if first {
			w, first = p.Window, false
			continue
		}
		w.From = min(w.From, p.Window.From)
		if w.Until != 0 && (p.Window.Until == 0 || p.Window.Until > w.Until) {
			w.Until = p.Window.Until
		}
	}
	return w
}

// retention is the shorter of what was asked for and what the agreements allow, in days.
func retention(a Ask, d law.Decision) int {
	days := a.Retention
	for _, o := range d.Obligations {
		for _, p := range o.Params {
			if n, err := strconv.Atoi(p.Value); o.Duty == law.DestroyBy && p.Name == "days" && err == nil && n > 0 {
				days = min(days, n)
			}
		}
	}
	return days
}
