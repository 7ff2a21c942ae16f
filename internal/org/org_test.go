package org

import (
	"context"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/fault"
	"chaperone.example/law"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/scenario"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestScenarios(t *testing.T) {
	scenario.Run(t, Kind, Types, ledger.Command[Member](Register{}), Designate{}, Engage{}, Disengage{}, Close{}, Reopen{})
}

func TestEventsFrozen(t *testing.T) { scenario.Frozen(t, Types) }

// A roster in which each user works where the map says.
type roster map[string]string

func (p roster) Works(_ context.Context, _ *ledger.Reading, user, org string) error {
	if p[user] != org {
		return ledger.Unknown("user")
	}
	return nil
}

func (p roster) Staff(_ context.Context, r *ledger.Reading) (map[string]string, error) {
	out := map[string]string{}
	for user, org := range p {
		if org == r.Scope().Org {
			out[user] = "Name of " + user
		}
	}
	return out, nil
}

// hub opens a ledger with an operator and two hospitals.
func hub(t *testing.T) *ledger.Desk {
	t.Helper()
	desk, _ := ledgertest.Open(t, []ledger.Types{Types}, View())
	if _, err := Found(t.Context(), desk.Log, "o-hub", "Quality Collaborative", "OH", law.Associate); err != nil {
		t.Fatal(err)
	}
	register(t, desk, "o-a", "Alder Valley Hospital", law.CoveredEntity, law.Provider)
	register(t, desk, "o-b", "birch County Hospital", law.CoveredEntity)
	return desk
}

var operator = ledger.Actor{ID: "u-0", Org: "o-hub", Role: "administrator"}

func at(org string) ledger.Actor {
	return ledger.Actor{ID: "u-" + org, Org: org, Role: "privacy-officer"}
}

func register(t *testing.T, d *ledger.Desk, id, name string, is ...law.Status) {
	t.Helper()
	if _, err := ledger.Do(t.Context(), d, operator, Kind, id, Register{Name: name, Is: is}); err != nil {
		t.Fatal(err)
	}
}

func TestFoundOnce(t *testing.T) {
	desk := hub(t)
	_, err := Found(t.Context(), desk.Log, "o-x", "Second Operator", "", law.Associate)
	if !fault.Is(err, fault.Refused) {
		t.Errorf("a second founding: %v, want refused", err)
	}
}

// No role can be granted the founding: the door to it permits nothing else, and the
// program's table does not know it.
func TestFounderPermitsNothingElse(t *testing.T) {
	desk := hub(t)
	_, err := ledger.Do(t.Context(), &ledger.Desk{Log: desk.Log, Gate: founder{}}, ledger.Actor{ID: "set-up", Org: "o-hub"}, Kind, "o-c", Register{Name: "C", Is: []law.Status{law.Provider}})
	if !fault.Is(err, fault.Forbidden) {
		t.Errorf("registering through the founder's gate: %v, want forbidden", err)
	}
}

func TestRegister(t *testing.T) {
	desk := hub(t)
	for _, tt := range []struct {
		name  string
		actor ledger.Actor
		c     Register
		want  fault.Kind
	}{
		{"by a member", at("o-a"), Register{Name: "C", Is: []law.Status{law.Provider}}, fault.Forbidden},
		{"without a name", operator, Register{Name: " \t", Is: []law.Status{law.Provider}}, fault.Invalid},
		{"with a name that is too long", operator, Register{Name: strings.Repeat("n", 121), Is: []law.Status{law.Provider}}, fault.Invalid},
		{"with a control character", operator, Register{Name: "C\x1b[2J", Is: []law.Status{law.Provider}}, fault.Invalid},
		{"with text that runs backwards", operator, Register{Name: "C\u202e", Is: []law.Status{law.Provider}}, fault.Invalid},
		{"that is not text", operator, Register{Name: "C\xff", Is: []law.Status{law.Provider}}, fault.Invalid},
		{"of no kind", operator, Register{Name: "C"}, fault.Invalid},
		{"of an unknown kind", operator, Register{Name: "C", Is: []law.Status{"hospital"}}, fault.Invalid},
		{"that is a patient", operator, Register{Name: "C", Is: []law.Status{law.ThePatient}}, fault.Invalid},
		{"in no state", operator, Register{Name: "C", Is: []law.Status{law.Provider}, State: "Ohio"}, fault.Invalid},
	} {
		_, err := ledger.Do(t.Context(), desk, tt.actor, Kind, "o-c", tt.c)
		if !fault.Is(err, tt.want) {
			t.Errorf("an organization %s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestDesignateOwnPeopleOnly(t *testing.T) {
	desk := hub(t)
	people := roster{"u-a": "o-a", "u-b": "o-b"}
	_, foreign := ledger.Do(t.Context(), desk, at("o-a"), Kind, "o-a", Designate{Duty: Security, User: "u-b", Roster: people})
	_, random := ledger.Do(t.Context(), desk, at("o-a"), Kind, "o-a", Designate{Duty: Security, User: "u-z", Roster: people})
	if !fault.Is(foreign, fault.NotFound) || foreign.Error() != random.Error() {
		t.Errorf("designating another hospital's person: %v; a random one: %v; want the same not found", foreign, random)
	}
	if _, err := ledger.Do(t.Context(), desk, at("o-a"), Kind, "o-b", Designate{Duty: Security, User: "u-b", Roster: people}); !fault.Is(err, fault.NotFound) {
		t.Errorf("designating for another hospital: %v, want not found", err)
	}
	if _, err := ledger.Do(t.Context(), desk, operator, Kind, "o-a", Designate{Duty: Security, User: "u-a", Roster: people}); !fault.Is(err, fault.NotFound) {
		t.Errorf("the operator designating for a member: %v, want not found", err)
	}
	if _, err := ledger.Do(t.Context(), desk, at("o-a"), Kind, "o-a", Designate{Duty: Security, User: "u-a", Roster: people}); err != nil {
		t.Errorf("designating an own person: %v", err)
	}
}

func TestWorkspaceIsOwn(t *testing.T) {
	desk := hub(t)
	for _, o := range []string{"o-a", "o-b", "o-hub"} {
		m, err := ledger.Ask(t.Context(), desk, at(o), Workspace{})
		if err != nil || m.ID != o {
			t.Errorf("the workspace that %s sees is of %q, %v", o, m.ID, err)
		}
	}
	if _, err := ledger.Ask(t.Context(), desk, at("o-z"), Workspace{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("the workspace of a stranger: %v, want not found", err)
	}
}

func TestDirectoryShowsNamesAndKinds(t *testing.T) {
	desk := hub(t)
	if _, err := ledger.Do(t.Context(), desk, at("o-a"), Kind, "o-a", Designate{Duty: Security, User: "u-a", Roster: roster{"u-a": "o-a"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Do(t.Context(), desk, operator, Kind, "o-b", Close{}); err != nil {
		t.Fatal(err)
	}
	got, err := ledger.Ask(t.Context(), desk, at("o-b"), Directory{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{ID: "o-a", Name: "Alder Valley Hospital", Is: []law.Status{law.CoveredEntity, law.Provider}},
		{ID: "o-b", Name: "birch County Hospital", Is: []law.Status{law.CoveredEntity}, Closed: true},
		{ID: "o-hub", Name: "Quality Collaborative", Is: []law.Status{law.Associate}, Operator: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the directory (-want +got):\n%s", d)
	}
}

func TestGaps(t *testing.T) {
	all := map[Duty]Officer{Privacy: {User: "u-1"}, Security: {User: "u-2"}, Contact: {User: "u-1"}}
	for _, tt := range []struct {
		name string
		m    Member
		gone string
		want []string // citations
	}{
		{"a covered entity without officers", Member{Is: []law.Status{law.CoveredEntity}}, "", []string{"45 CFR 164.530(a)(1)(i)", "45 CFR 164.530(a)(1)(ii)", "45 CFR 164.308(a)(2)"}},
		{"a business associate without officers", Member{Is: []law.Status{law.Associate}}, "", []string{"45 CFR 164.308(a)(2)"}},
		{"a subcontractor without officers", Member{Is: []law.Status{law.SubcontractorOrg}}, "", []string{"45 CFR 164.308(a)(2)"}},
		{"a community partner", Member{Is: []law.Status{law.CommunityPartner}}, "", nil},
		{"all designated", Member{Is: []law.Status{law.CoveredEntity}, Officers: all}, "", nil},
		{"the security official left", Member{Is: []law.Status{law.CoveredEntity}, Officers: all}, "u-2", []string{"45 CFR 164.308(a)(2)"}},
	} {
		var got []string
		for _, g := range tt.m.Gaps(func(user string) bool { return user != tt.gone }) {
			got = append(got, g.Citation)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: gaps %v, want %v", tt.name, got, tt.want)
		}
	}
}

type edges []Edge

func (e edges) Edges(context.Context, *ledger.Reading) ([]Edge, error) { return e, nil }

// The chain of a hospital, its business associate, and an MSP that keeps the
// associate's files with a cloud provider without an agreement.
func TestChain(t *testing.T) {
	agreements := []Edge{
		{From: "hospital-a", To: "collaborative", Agreement: "a-1", Live: true},
		{From: "hospital-b", To: "collaborative", Agreement: "a-2", Gap: "not signed by both yet"},
		{From: "collaborative", To: "msp", Agreement: "a-3", Live: true},
		{From: "collaborative", To: "msp", Agreement: "a-0", Gap: "terminated"}, // superseded by a-3
	}
	declared := []Edge{{From: "msp", To: "cloud"}, {From: "collaborative", To: "msp"}}
	for _, tt := range []struct {
		viewer   string
		up       []string
		down     string
		gaps     []string
		mustMiss []string
	}{
		{"hospital-a", nil, "collaborative(msp(cloud!))", []string{"msp→cloud: there is no agreement at all"}, []string{"hospital-b"}},
		{"hospital-b", nil, "collaborative!(msp!(cloud!))", []string{"hospital-b→collaborative: not signed by both yet", "msp→cloud: there is no agreement at all"}, []string{"hospital-a"}},
		{"collaborative", []string{"hospital-a", "hospital-b!"}, "msp(cloud!)", []string{"hospital-b→collaborative: not signed by both yet", "msp→cloud: there is no agreement at all"}, nil},
		{"msp", []string{"collaborative"}, "cloud!", []string{"msp→cloud: there is no agreement at all"}, []string{"hospital-a", "hospital-b"}},
		{"stranger", nil, "", nil, []string{"hospital-a", "hospital-b", "collaborative", "msp", "cloud"}},
	} {
		c := Chain(tt.viewer, agreements, declared)
		var up, gaps []string
		for _, l := range c.Up {
			up = append(up, mark(l))
		}
		for _, e := range c.Gaps {
			gaps = append(gaps, e.From+"→"+e.To+": "+e.Gap)
		}
		if !slices.Equal(up, tt.up) || draw(c.Self.Down) != tt.down || !slices.Equal(gaps, tt.gaps) {
			t.Errorf("%s sees above %v, below %s, gaps %v; want %v, %s, %v", tt.viewer, up, draw(c.Self.Down), gaps, tt.up, tt.down, tt.gaps)
		}
		for _, id := range tt.mustMiss {
			if strings.Contains(strings.Join(up, " ")+draw(c.Self.Down)+strings.Join(gaps, " "), id) {
				t.Errorf("%s sees %s", tt.viewer, id)
			}
		}
	}
}

func mark(l Link) string {
	if l.Broken {
		return l.Organization + "!"
	}
	return l.Organization
}

func draw(links []Link) string {
	var out []string
	for _, l := range links {
		s := mark(l)
		if len(l.Down) > 0 {
			s += "(" + draw(l.Down) + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// Whatever the graph: the chain ends, a link is broken if and only if a step above it
// is not live, and every broken step is among the gaps.
func TestChainProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		edge := rapid.Custom(func(t *rapid.T) Edge {
			return Edge{From: name.Draw(t, "from"), To: name.Draw(t, "to"), Live: rapid.Bool().Draw(t, "live"), Agreement: "a"}
		})
		c := Chain("a", rapid.SliceOfN(edge, 0, 12).Draw(t, "agreements"), rapid.SliceOfN(edge, 0, 4).Draw(t, "declared"))
		var walk func(l Link, broken bool)
		walk = func(l Link, broken bool) {
			for _, d := range l.Down {
				if d.Edge.From != l.Organization {
					t.Fatalf("the step %v hangs under %s", d.Edge, l.Organization)
				}
				if want := broken || !d.Edge.Live; d.Broken != want {
					t.Fatalf("%v is broken: %v, want %v", d.Edge, d.Broken, want)
				}
				if !d.Edge.Live && (d.Edge.Gap == "" || !slices.Contains(c.Gaps, d.Edge)) {
					t.Fatalf("%v is no gap", d.Edge)
				}
				walk(d, d.Broken)
			}
		}
		walk(c.Self, false)
	})
}

func TestCustodyQuestion(t *testing.T) {
	desk := hub(t)
	register(t, desk, "o-msp", "Maple Managed Services", law.SubcontractorOrg)
	if _, err := ledger.Do(t.Context(), desk, at("o-hub"), Kind, "o-hub", Engage{Organization: "o-msp"}); err != nil {
		t.Fatal(err)
	}
	source := edges{{From: "o-a", To: "o-hub", Agreement: "a-1", Live: true}, {From: "o-b", To: "o-hub", Agreement: "a-2", Live: true}}
	c, err := ledger.Ask(t.Context(), desk, at("o-a"), Chained{Agreements: source})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := draw(c.Self.Down), "o-hub(o-msp!)"; got != want {
		t.Errorf("the hospital sees %s, want %s", got, want)
	}
	if _, err := ledger.Do(t.Context(), desk, at("o-hub"), Kind, "o-hub", Disengage{Organization: "o-msp"}); err != nil {
		t.Fatal(err)
	}
	if c, err = ledger.Ask(t.Context(), desk, at("o-a"), Chained{Agreements: source}); err != nil || draw(c.Self.Down) != "o-hub" {
		t.Errorf("after the engagement ended: %s, %v", draw(c.Self.Down), err)
	}
}

func TestViewRebuilds(t *testing.T) {
	desk := hub(t)
	if _, err := ledger.Do(t.Context(), desk, at("o-a"), Kind, "o-a", Engage{Organization: "o-hub"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []ledger.Command[Member]{Close{}, Reopen{}, Close{}} {
		if _, err := ledger.Do(t.Context(), desk, operator, Kind, "o-b", c); err != nil {
			t.Fatal(err)
		}
	}
	ledgertest.CheckRebuild(t, desk.Log)
}

func TestSource(t *testing.T) {
	desk := hub(t)
	o, err := ledger.Ask(t.Context(), desk, at("o-b"), probe{"o-a"})
	if err != nil || o.ID != "o-a" || o.Inactive {
		t.Errorf("Organization(o-a) = %+v, %v", o, err)
	}
	if _, err := ledger.Ask(t.Context(), desk, at("o-b"), probe{"o-z"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("Organization(o-z): %v, want not found", err)
	}
}

// A probe asks a source within a reading.
type probe struct{ id string }

func (probe) Action() string { return "probe" }
func (q probe) Answer(ctx context.Context, r *ledger.Reading) (law.Organization, error) {
	return Source{}.Organization(ctx, r, q.id)
}
