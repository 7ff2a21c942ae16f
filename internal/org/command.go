package org

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"chaperone.example/internal/fault"
	"chaperone.example/law"
	"chaperone.example/ledger"
)

// Limits of what is entered.
const (
	maxName    = 120 // characters of a name
	maxEngaged = 500 // organizations that one organization engages
)

// Register takes an organization into the hub. The operator does it.
type Register struct {
	Name  string       `json:"name"`
	Is    []law.Status `json:"is"`
	State string       `json:"state,omitempty"`

	actor Member // the actor's organization, gathered
}

// Action implements [ledger.Command].
func (Register) Action() string { return "org.register" }

// Begins implements [ledger.Beginning].
func (Register) Begins() {}

// Gather reads the actor's own organization.
func (c Register) Gather(ctx context.Context, r *ledger.Reading, _ Member) (ledger.Command[Member], error) {
	var err error
	c.actor, err = ledger.Read(ctx, r, Kind, r.Scope().Org)
	return c, err
}

// Decide implements [ledger.Command].
func (c Register) Decide(_ Member, _ ledger.Moment) ([]ledger.Event, error) {
	if !c.actor.Runs() {
		return nil, fault.New(fault.Forbidden, "only the organization that runs the hub registers others: ask its administrator")
	}
	return registered(c.Name, c.Is, c.State, c.actor.ID)
}

func registered(name string, is []law.Status, state, operator string) ([]ledger.Event, error) {
	name, err := cleanName(name)
	if err != nil {
		return nil, err
	}
	if len(is) == 0 {
		return nil, fault.New(fault.Invalid, "say what the organization is: covered entity, business associate …")
	}
	for i, s := range is {
		if rank(s) < 0 {
			return nil, fault.New(fault.Invalid, "item %d of the organization's kinds is none that an organization can register as", i+1)
		}
	}
	if state != "" && (len(state) != 2 || strings.Trim(state, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		return nil, fault.New(fault.Invalid, "the state is two capital letters, such as OH, or left out")
	}
	return []ledger.Event{Registered{name, slices.Compact(slices.SortedFunc(slices.Values(is), func(a, b law.Status) int { return cmp.Compare(rank(a), rank(b)) })), state, operator}}, nil
}

// rank is the place of a status among the choices, or negative.
func rank(s law.Status) int {
	return slices.IndexFunc(Choices(), func(c Choice) bool { return c.Is == s })
}

// cleanName trims a name and refuses one that cannot be shown in a line.
func cleanName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	switch {
	case name == "":
		return "", fault.New(fault.Invalid, "enter the organization's name")
	case utf8.RuneCountInString(name) > maxName:
		return "", fault.New(fault.Invalid, "the organization's name has more than %d characters: shorten it", maxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }):
		return "", fault.New(fault.Invalid, "the organization's name holds characters that cannot be printed: type it anew")
	}
	return name, nil
}

// A Roster knows the people of organizations. Another module keeps them.
type Roster interface {
	// Works returns nil if the user is an active one of the organization, and a
	// not-found fault otherwise, whatever the reason.
	Works(ctx context.Context, r *ledger.Reading, user, org string) error
	// Staff returns the people of the actor's own organization who have access, by id,
	// in words: the name and the role.
	Staff(ctx context.Context, r *ledger.Reading) (map[string]string, error)
}

// Designate gives a duty to a person of the own organization.
type Designate struct {
	Duty   Duty   `json:"duty"`
	User   string `json:"user"`
	Roster Roster `json:"-"`
}

// Action implements [ledger.Command].
func (Designate) Action() string { return "org.manage" }

// Gather makes sure that the person works there.
func (c Designate) Gather(ctx context.Context, r *ledger.Reading, m Member) (ledger.Command[Member], error) {
	if m.ID != r.Scope().Org {
		return nil, ledger.Unknown(Kind.Name)
	}
	return c, c.Roster.Works(ctx, r, c.User, m.ID)
}

// Decide implements [ledger.Command].
func (c Designate) Decide(m Member, now ledger.Moment) ([]ledger.Event, error) {
	switch {
	case m.ID != now.Actor.Org:
		return nil, ledger.Unknown(Kind.Name) // the operator sees the stream, but does not run it
	case !slices.Contains(Duties(), c.Duty):
		return nil, fault.New(fault.Invalid, "choose the duty: privacy, security or contact")
	case c.User == "":
		return nil, fault.New(fault.Invalid, "choose the person")
	case m.Officers[c.Duty].User == c.User:
		return nil, nil
	}
	return []ledger.Event{OfficerDesignated{c.Duty, c.User}}, nil
}

// Engage declares that another organization handles protected health information
// for the own one.
type Engage struct {
	Organization string `json:"organization"`

	other Member
}

// Action implements [ledger.Command].
func (Engage) Action() string { return "org.manage" }

// Gather reads the other organization.
func (c Engage) Gather(ctx context.Context, r *ledger.Reading, _ Member) (ledger.Command[Member], error) {
	var err error
	c.other, err = ledger.Read(ctx, r, Kind, c.Organization)
	return c, err
}

// Decide implements [ledger.Command].
func (c Engage) Decide(m Member, now ledger.Moment) ([]ledger.Event, error) {
	switch {
	case m.ID != now.Actor.Org:
		return nil, ledger.Unknown(Kind.Name)
	case c.Organization == "":
		return nil, fault.New(fault.Invalid, "choose the organization")
	case c.other.ID == "":
		return nil, ledger.Unknown(Kind.Name)
	case c.other.ID == m.ID:
		return nil, fault.New(fault.Invalid, "an organization does not engage itself: choose another")
	case slices.Contains(m.Engages, c.other.ID):
		return nil, nil
	case c.other.Closed:
		return nil, fault.New(fault.Refused, "that organization has left the hub")
	case len(m.Engages) >= maxEngaged:
		return nil, fault.New(fault.Refused, "no more than %d organizations can be engaged", maxEngaged)
	}
	return []ledger.Event{Engaged{c.other.ID}}, nil
}

// Disengage takes an [Engage] back.
type Disengage struct {
	Organization string `json:"organization"`
}

// Action implements [ledger.Command].
func (Disengage) Action() string { return "org.manage" }

// Decide implements [ledger.Command].
func (c Disengage) Decide(m Member, now ledger.Moment) ([]ledger.Event, error) {
	if m.ID != now.Actor.Org || !slices.Contains(m.Engages, c.Organization) {
		return nil, ledger.Unknown(Kind.Name)
	}
	return []ledger.Event{EngagementEnded(c)}, nil
}

// Close has an organization leave the hub.
type Close struct{}

// Action implements [ledger.Command].
func (Close) Action() string { return "org.register" }

// Decide implements [ledger.Command].
func (Close) Decide(m Member, now ledger.Moment) ([]ledger.Event, error) {
	switch {
	case m.Operator != now.Actor.Org:
		return nil, fault.New(fault.Forbidden, "only the organization that runs the hub closes others: ask its administrator")
	case m.Runs():
		return nil, fault.New(fault.Refused, "the organization that runs the hub cannot leave it")
	case m.Closed:
		return nil, nil
	}
	return []ledger.Event{Closed{}}, nil
}

// Reopen has it come back.
type Reopen struct{}

// Action implements [ledger.Command].
func (Reopen) Action() string { return "org.register" }

// Decide implements [ledger.Command].
func (Reopen) Decide(m Member, now ledger.Moment) ([]ledger.Event, error) {
	switch {
	case m.Operator != now.Actor.Org:
		return nil, fault.New(fault.Forbidden, "only the organization that runs the hub reopens others: ask its administrator")
	case !m.Closed:
		return nil, nil
	}
	return []ledger.Event{Reopened{}}, nil
}

// found registers the operator itself. No role is granted its action: see [Found].
type found struct {
	Name  string       `json:"name"`
	Is    []law.Status `json:"is"`
	State string       `json:"state,omitempty"`

	others int
}

func (found) Action() string { return "org.found" }
func (found) Begins()        {}

func (c found) Gather(ctx context.Context, r *ledger.Reading, _ Member) (ledger.Command[Member], error) {
	return c, r.DB().QueryRowContext(ctx, `select count(*) from org_member`).Scan(&c.others)
}

func (c found) Decide(_ Member, now ledger.Moment) ([]ledger.Event, error) {
	if c.others > 0 {
		return nil, fault.New(fault.Refused, "the hub has an operator already: its administrator registers further organizations")
	}
	return registered(c.Name, c.Is, c.State, now.ID)
}

// founder permits the founding of the hub, and nothing else.
type founder struct{}

func (founder) Permit(_ context.Context, a ledger.Actor, action string) (ledger.Scope, error) {
	if action != (found{}).Action() {
		return ledger.Scope{}, fault.New(fault.Forbidden, "only the founding of the hub is permitted here")
	}
	return ledger.Scope{Actor: a, Org: a.Org}, nil
}

// Found registers the first organization of a hub, which runs it, as id. Whoever
// can start the program on the hub's data can do it, once; no page can.
func Found(ctx context.Context, log *ledger.Log, id, name, state string, is ...law.Status) (ledger.Receipt, error) {
	return ledger.Do(ctx, &ledger.Desk{Log: log, Gate: founder{}}, ledger.Actor{ID: "set-up", Org: id}, Kind, id, found{Name: name, Is: is, State: state})
}
