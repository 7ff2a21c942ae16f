package org

import (
	"maps"
	"slices"
	"strings"
	"time"

	"chaperone.example/law"
	"chaperone.example/ledger"
)

// A Member is an organization of the hub.
type Member struct {
	ID       string
	Name     string
	Is       []law.Status
	State    string
	Operator string // who runs the hub
	Closed   bool
	Since    time.Time
	Officers map[Duty]Officer
	Engages  []string // organizations that handle PHI for this one, sorted
}

// An Officer is who has a duty, and since when.
type Officer struct {
	User  string
	Since time.Time
}

// Kind is the stream of an organization: "organization/o-…".
var Kind = ledger.Kind[Member]{
	Name:  "organization",
	Apply: apply,
	Sees: func(m Member) []string {
		return slices.Compact(slices.Sorted(slices.Values([]string{m.ID, m.Operator})))
	},
}

func apply(m Member, r ledger.Record, e ledger.Event) Member {
	switch e := e.(type) {
	case Registered:
		return Member{ID: r.ID(), Name: e.Name, Is: e.Is, State: e.State, Operator: e.Operator, Since: r.Time}
	case OfficerDesignated:
		m.Officers = maps.Clone(m.Officers)
		if m.Officers == nil {
			m.Officers = map[Duty]Officer{}
		}
		m.Officers[e.Duty] = Officer{e.User, r.Time}
	case Engaged:
		m.Engages = slices.Sorted(slices.Values(append(slices.Clone(m.Engages), e.Organization)))
	case EngagementEnded:
		m.Engages = slices.DeleteFunc(slices.Clone(m.Engages), func(id string) bool { return id == e.Organization })
	case Closed:
		m.Closed = true
	case Reopened:
		m.Closed = false
	}
	return m
}

// Runs reports whether the organization runs the hub.
func (m Member) Runs() bool { return m.ID != "" && m.ID == m.Operator }

// Law returns the organization as the rules see it.
func (m Member) Law() law.Organization {
	return law.Organization{ID: m.ID, Is: m.Is, Inactive: m.Closed, State: m.State}
}

// Owes returns the duties that the law asks this organization to give to somebody.
func (m Member) Owes() []Duty {
	var out []Duty
	if m.covered() {
		out = append(out, Privacy, Contact)
	}
	if m.covered() || slices.Contains(m.Is, law.Associate) || slices.Contains(m.Is, law.SubcontractorOrg) {
		out = append(out, Security)
	}
	return out
}

func (m Member) covered() bool {
	return slices.Contains(m.Is, law.CoveredEntity) || slices.Contains(m.Is, law.HealthPlan)
}

// A Gap is something that an organization lacks.
type Gap struct {
	What     string // "No security official is designated."
	Citation string
	Do       string // what closes it
}

// Gaps returns what the workspace lacks, of the people that count reports as still
// able to act; nil counts everybody.
func (m Member) Gaps(count func(user string) bool) []Gap {
	var out []Gap
	for _, d := range m.Owes() {
		o, ok := m.Officers[d]
		title := strings.ToLower(d.Title())
		switch {
		case !ok:
			out = append(out, Gap{"No " + title + " is designated.", d.Citation(), "An administrator or officer designates one on this page."})
		case count != nil && !count(o.User):
			out = append(out, Gap{"The " + title + " has no active account any more.", d.Citation(), "An administrator or officer designates somebody else on this page."})
		}
	}
	return out
}

// A Choice is something that an organization can register as.
type Choice struct {
	Is    law.Status
	Title string
	Hint  string
}

// Choices lists what an organization can register as.
func Choices() []Choice {
	return []Choice{
		{law.CoveredEntity, "Covered entity", "A health plan, a clearinghouse, or a provider that bills electronically (45 CFR 160.103)."},
		{law.Provider, "Health care provider", "Furnishes, bills or is paid for health care."},
		{law.HealthPlan, "Health plan", "Provides or pays the cost of medical care."},
		{law.Associate, "Business associate", "Handles protected health information for a covered entity (45 CFR 160.103)."},
		{law.SubcontractorOrg, "Subcontractor", "Handles it for a business associate, to any depth."},
		{law.CommunityPartner, "Community partner", "Housing, food, transport and other services; not bound by HIPAA itself."},
		{law.Aggregator, "Aggregator", "Combines the data of several covered entities."},
		{law.PublicHealthOrg, "Public health authority", "Authorized by law to collect for public health (45 CFR 164.512(b))."},
		{law.OversightAgency, "Regulator", "Health oversight agency (45 CFR 164.512(d))."},
		{law.Researcher, "Researcher", "Conducts research (45 CFR 164.512(i))."},
		{law.Part2Program, "Part 2 program", "Provides treatment for substance use disorder (42 CFR 2.11)."},
		{law.Intermediary, "Intermediary", "Passes Part 2 records on to treating providers (42 CFR 2.11)."},
	}
}

// Title returns what an organization is in words: "Covered entity".
func Title(s law.Status) string {
	for _, c := range Choices() {
		if c.Is == s {
			return c.Title
		}
	}
	return string(s)
}

// Titles returns several in a row: "Covered entity, health care provider".
func Titles(is []law.Status) string {
	var out []string
	for i, s := range is {
		t := Title(s)
		if i > 0 && s != law.Part2Program {
			t = strings.ToLower(t[:1]) + t[1:]
		}
		out = append(out, t)
	}
	return strings.Join(out, ", ")
}
