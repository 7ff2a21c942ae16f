package rulebook

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"chaperone.example/internal/fault"
	"chaperone.example/law"
	"chaperone.example/law/casefile"
	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
	"chaperone.example/ledger"
)

// Parties knows organizations.
type Parties interface {
	Organization(ctx context.Context, r *ledger.Reading, id string) (law.Organization, error)
}

// Bounds of a pack.
const (
	maxRules = 200
	maxText  = 2000 // bytes of a text
	maxAhead = 366  // days that a pack may take effect later
)

// Adopt adds the rules of a pack to decisions about the data of the actor's
// organization. It starts the pack's stream, [ID].
type Adopt struct {
	Pack      overlay.Pack `json:"pack"`
	Effective civil.Date   `json:"effective"` // not in the past: decisions that were made stay as they are
	Parties   Parties      `json:"-"`

	state string // of the organization
}

// Action implements [ledger.Command].
func (Adopt) Action() string { return "rulebook.adopt" }

// Begins implements [ledger.Beginning].
func (Adopt) Begins() {}

// Gather implements [ledger.Gatherer].
func (c Adopt) Gather(ctx context.Context, r *ledger.Reading, _ Shelf) (ledger.Command[Shelf], error) {
	var err error
	c.state, err = home(ctx, r, c.Parties)
	return c, err
}

// home is the State of the actor's organization.
func home(ctx context.Context, r *ledger.Reading, p Parties) (string, error) {
	if p == nil {
		return "", nil
	}
	o, err := p.Organization(ctx, r, r.Scope().Org)
	return o.State, err
}

// Decide implements [ledger.Command].
func (c Adopt) Decide(_ Shelf, m ledger.Moment) ([]ledger.Event, error) {
	if err := fits(c.Pack, c.Effective, c.state, m); err != nil {
		return nil, err
	}
	if c.Pack.Version != 1 {
		return nil, fault.New(fault.Invalid, "a pack that is new here has version 1: correct the version, or the id if a pack of yours is meant")
	}
	return []ledger.Event{Adopted{m.Actor.Org, c.Pack, c.Effective}}, nil
}

// Replace adopts the next version of a pack, also of one that was retired.
type Replace struct {
	Pack      overlay.Pack `json:"pack"`
	Effective civil.Date   `json:"effective"`
	Parties   Parties      `json:"-"`

	state string
}

// Action implements [ledger.Command].
func (Replace) Action() string { return "rulebook.adopt" }

// Gather implements [ledger.Gatherer].
func (c Replace) Gather(ctx context.Context, r *ledger.Reading, _ Shelf) (ledger.Command[Shelf], error) {
	var err error
	c.state, err = home(ctx, r, c.Parties)
	return c, err
}

// Decide implements [ledger.Command].
func (c Replace) Decide(s Shelf, m ledger.Moment) ([]ledger.Event, error) {
	if err := fits(c.Pack, c.Effective, c.state, m); err != nil {
		return nil, err
	}
	if c.Pack.ID != s.Newest().Pack.ID {
		return nil, fault.New(fault.Invalid, "this is another pack: a version has the id of its pack, %s", s.Newest().Pack.ID)
	}
	if want := s.Newest().Pack.Version + 1; c.Pack.Version != want {
		return nil, fault.New(fault.Invalid, "the newest version of pack %s is %d: give the new one version %d", c.Pack.ID, want-1, want)
	}
	return []ledger.Event{Adopted{m.Actor.Org, c.Pack, c.Effective}}, nil
}

// fits reports why a pack cannot be adopted by the actor's organization.
func fits(p overlay.Pack, effective civil.Date, state string, m ledger.Moment) error {
	if wrong := Check(p); len(wrong) > 0 {
		return fault.New(fault.Invalid, "the pack cannot be adopted: %s", strings.Join(wrong, "; "))
	}
	today := civil.On(m.Now)
	switch {
	case p.Level == overlay.Member && p.Member != m.Actor.Org:
		return fault.New(fault.Refused, "the pack is about another organization's data: an organization adopts rules for its own")
	case p.Level == overlay.State && state == "":
		return fault.New(fault.Refused, "the State of your organization is not on record, so a State's pack would never apply: have the administrator of the hub record it")
	case p.Level == overlay.State && p.State != state:
		return fault.New(fault.Refused, "the pack is of %s and your organization is in %s: it would never apply to your data", p.State, state)
	case effective < today:
		return fault.New(fault.Invalid, "a pack takes effect today or later: decisions that were made are not changed")
	case effective > civil.On(m.Now.AddDate(0, 0, maxAhead)):
		return fault.New(fault.Invalid, "a pack takes effect within a year: adopt it nearer to the day")
	}
	return nil
}

// Check names what is wrong with a pack, in the vocabulary of the rule book and the
// bounds of what is recorded; an empty answer means it may be adopted.
func Check(p overlay.Pack) []string {
	wrong := p.Check(casefile.CheckWords())
	if p.Broken {
		wrong = append(wrong, "a pack that is marked broken refuses everything: leave the mark out")
	}
	if len(p.Rules) == 0 {
		wrong = append(wrong, "the pack has no rule: write at least one")
	}
	if len(p.Rules) > maxRules {
		wrong = append(wrong, fmt.Sprintf("the pack has more than %d rules: split it", maxRules))
	}
	texts := []string{p.ID, p.Source}
	for _, r := range p.Rules {
		texts = append(texts, r.ID, r.Citation, r.Text)
	}
	if slices.ContainsFunc(texts, func(s string) bool { return len(s) > maxText }) {
		wrong = append(wrong, fmt.Sprintf("a text is longer than %d bytes: shorten it", maxText))
	}
	return wrong
}

// Retire ends the use of a pack from a day on.
type Retire struct {
	Effective civil.Date `json:"effective"`
}

// Action implements [ledger.Command].
func (Retire) Action() string { return "rulebook.retire" }

// Decide implements [ledger.Command].
func (c Retire) Decide(s Shelf, m ledger.Moment) ([]ledger.Event, error) {
	today := civil.On(m.Now)
	switch {
	case s.Retired != 0 && s.Retired <= c.Effective:
		return nil, fault.New(fault.Refused, "the pack is retired already")
	case c.Effective < today:
		return nil, fault.New(fault.Invalid, "a pack is retired today or later: decisions that were made are not changed")
	case c.Effective > civil.On(m.Now.AddDate(0, 0, maxAhead)):
		return nil, fault.New(fault.Invalid, "a pack is retired within a year: do it nearer to the day")
	}
	return []ledger.Event{Retired(c)}, nil
}
