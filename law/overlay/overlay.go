// Package overlay holds rules that a State or a member adds to federal law, as
// data in a closed vocabulary (45 CFR 160.203(b); platform).
//
// An overlay can only narrow: withhold elements, add duties, or refuse. There is
// no word in it that permits, so a pack cannot widen what federal law allows, and
// [Pack.Check] refuses one that tries to say something else. Packs carry their
// source and the date it was read, and whether counsel has confirmed them; what
// ships is marked "confirm with counsel".
package overlay

import (
	"fmt"
	"slices"

	"chaperone.example/law/civil"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// A Level says whose rules a pack holds.
type Level string

// The levels.
const (
	State  Level = "state"
	Member Level = "member"
)

// A Pack is a set of overlay rules with their source.
type Pack struct {
	ID        string     `json:"id"`
	Version   int        `json:"version"`
	Level     Level      `json:"level"`
	State     string     `json:"state,omitempty"`  // two letters: applies where the source is in that State
	Member    string     `json:"member,omitempty"` // organization: applies to its data
	Source    string     `json:"source"`           // where the rules were read
	Read      civil.Date `json:"read,omitzero"`    // when
	Confirmed bool       `json:"confirmed"`        // counsel has confirmed it; until then it is marked
	Broken    bool       `json:"broken,omitempty"` // could not be read: everything it would apply to is refused (N02)
	Rules     []Rule     `json:"rules"`
}

// A Rule narrows disclosures that match it. An empty list matches everything.
type Rule struct {
	ID         string         `json:"id"`
	Citation   string         `json:"citation"`
	Text       string         `json:"text"`
	From       civil.Date     `json:"from,omitzero"`
	To         civil.Date     `json:"to,omitzero"`
	Purposes   []purpose.Kind `json:"purposes,omitempty"`   // of these
	Except     []purpose.Kind `json:"except,omitempty"`     // but not of these
	Recipients []string       `json:"recipients,omitempty"` // what the recipient is
	Labels     []string       `json:"labels,omitempty"`     // sensitivity labels of the class of patients
	Minors     bool           `json:"minors,omitempty"`     // minors only; unknown counts as a minor

	Strip        []string    `json:"strip,omitempty"`         // elements withheld
	StripClasses []phi.Class `json:"strip_classes,omitempty"` // classes of elements withheld
	Oblige       []string    `json:"oblige,omitempty"`        // duties, by name
	Deny         bool        `json:"deny,omitempty"`
}

// Check names what is wrong with the pack; an empty answer means it may be loaded.
// duties, labels and recipients are the words those lists may use.
func (p Pack) Check(duties, labels, recipients []string) []string {
	var out []string
	add := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	if p.ID == "" || p.Version < 1 {
		add("a pack has an id and a version from 1")
	}
	switch {
	case p.Level == State && len(p.State) != 2:
		add("pack %s: a state pack names its state in two letters", p.ID)
	case p.Level == Member && p.Member == "":
		add("pack %s: a member pack names its member", p.ID)
	case p.Level != State && p.Level != Member:
		add("pack %s: level is state or member", p.ID)
	}
	if p.Source == "" || p.Read == 0 {
		add("pack %s: say where the rules were read (source) and when (read)", p.ID)
	}
	seen := map[string]bool{}
	for _, r := range p.Rules {
		name := p.ID + "/" + r.ID
		if r.ID == "" || seen[r.ID] {
			add("pack %s: every rule has an id of its own", p.ID)
		}
		seen[r.ID] = true
		if r.Citation == "" || r.Text == "" {
			add("rule %s: give its citation and its text", name)
		}
		if len(r.Strip)+len(r.StripClasses)+len(r.Oblige) == 0 && !r.Deny {
			add("rule %s narrows nothing: say strip, oblige or deny", name)
		}
		for _, k := range slices.Concat(r.Purposes, r.Except) {
			if _, ok := k.Index(); !ok {
				add("rule %s: %q is no purpose", name, k)
			}
		}
		words(r.Recipients, recipients, func(s string) { add("rule %s: %q is nothing an organization can be", name, s) })
		words(r.Labels, labels, func(s string) { add("rule %s: %q is no sensitivity label", name, s) })
		words(r.Oblige, duties, func(s string) { add("rule %s: %q is no duty", name, s) })
		for _, id := range r.Strip {
			if _, ok := phi.Lookup(id); !ok {
				add("rule %s: %q is no element", name, id)
			}
		}
		for _, c := range r.StripClasses {
			if !slices.Contains([]phi.Class{phi.Direct, phi.Quasi, phi.Sensitive, phi.Part2, phi.Clinical, phi.Operational}, c) {
				add("rule %s: %q is no class of elements", name, c)
			}
		}
	}
	return out
}

// words calls bad for each of list that is not among known.
func words(list, known []string, bad func(string)) {
	for _, s := range list {
		if !slices.Contains(known, s) {
			bad(s)
		}
	}
}

// A Case is what a rule is matched against.
type Case struct {
	Day       civil.Date
	Purpose   purpose.Kind
	Recipient []string // what the recipient is
	Labels    []string // of the class of patients
	Minor     bool
}

// AppliesTo reports whether the pack is about the source's data.
func (p Pack) AppliesTo(source, state string) bool {
	if p.Level == State {
		return p.State == state
	}
	return p.Member == source
}

// Matches reports whether the rule is about the case.
func (r Rule) Matches(c Case) bool {
	return c.Day.Within(r.From, r.To) &&
		(len(r.Purposes) == 0 || slices.Contains(r.Purposes, c.Purpose)) && !slices.Contains(r.Except, c.Purpose) &&
		(len(r.Recipients) == 0 || overlap(r.Recipients, c.Recipient)) &&
		(len(r.Labels) == 0 || overlap(r.Labels, c.Labels)) && (!r.Minors || c.Minor)
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// Example is an empty pack for a State, to start from.
func Example(state string) Pack {
	return Pack{ID: "example-" + state, Version: 1, Level: State, State: state, Source: "none yet: confirm with counsel", Read: civil.Of(2026, 11, 1)}
}
