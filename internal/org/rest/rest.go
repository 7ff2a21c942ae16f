// Package rest is the API of the organizations: the directory, the own workspace and
// the chain of custody.
package rest

import (
	"context"
	"net/http"

	"chaperone.example/internal/access"
	"chaperone.example/internal/org"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/vault"
	"chaperone.example/law"
	"chaperone.example/ledger"
)

// A Newcomer is an organization to register.
type Newcomer struct {
	Body struct {
		Name  string       `json:"name"`
		Is    []law.Status `json:"is" doc:"What it is: covered-entity, provider, health-plan, business-associate, subcontractor, community-partner, aggregator, public-health-authority, oversight-agency …"`
		State string       `json:"state,omitempty" doc:"Two letters"`
	}
}

// An Officer is a designation.
type Officer struct {
	Body struct {
		Duty org.Duty `json:"duty" enum:"privacy,security,contact"`
		User string   `json:"user" doc:"Of the own organization"`
	}
}

// An Engagement names another organization.
type Engagement struct {
	Body struct {
		Organization string `json:"organization"`
	}
}

// A Workspace is the own organization.
type Workspace struct {
	ID       string              `json:"id"`
	Name     string              `json:"name"`
	Is       []law.Status        `json:"is"`
	State    string              `json:"state,omitempty"`
	Officers map[org.Duty]string `json:"officers" doc:"Duty to person"`
	Engages  []string            `json:"engages" doc:"Organizations that handle its data"`
	Gaps     []Gap               `json:"gaps"`
}

// A Gap is something that the organization lacks.
type Gap struct {
	What     string `json:"what"`
	Citation string `json:"citation"`
}

// A Step is one step of the chain of custody.
type Step struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Depth     int    `json:"depth" doc:"Steps below the own organization; 0: it engages the own one"`
	Agreement string `json:"agreement,omitempty"`
	Live      bool   `json:"live"`
	Gap       string `json:"gap,omitempty"`
	Blocked   bool   `json:"blocked" doc:"It or a step above it has a gap"`
}

// Routes adds the operations to the API.
func Routes(api *rest.API, desk *ledger.Desk, agreements org.Agreements, people org.Roster) {
	rest.Get(api, "/organizations", "organizations", "Who takes part", func(ctx context.Context, _ *rest.None) (*rest.Body[[]org.Entry], error) {
		all, err := ledger.Ask(ctx, desk, access.Actor(ctx), org.Directory{})
		if err != nil {
			return nil, err
		}
		return &rest.Body[[]org.Entry]{Body: all}, nil
	})
	rest.Post(api, "/organizations", "register-organization", "Register an organization", http.StatusCreated, func(ctx context.Context, in *Newcomer) (*rest.Body[rest.Receipt], error) {
		return do(ctx, desk, "o-"+vault.NewID(), org.Register{Name: in.Body.Name, Is: in.Body.Is, State: in.Body.State})
	})
	rest.Post(api, "/organizations/{id}/close", "close-organization", "Have an organization leave", http.StatusOK, func(ctx context.Context, in *rest.ByID) (*rest.Body[rest.Receipt], error) {
		return do(ctx, desk, in.ID, org.Close{})
	})
	rest.Post(api, "/organizations/{id}/reopen", "reopen-organization", "Have it come back", http.StatusOK, func(ctx context.Context, in *rest.ByID) (*rest.Body[rest.Receipt], error) {
		return do(ctx, desk, in.ID, org.Reopen{})
	})
	rest.Get(api, "/workspace", "workspace", "The own organization", func(ctx context.Context, _ *rest.None) (*rest.Body[Workspace], error) {
		a := access.Actor(ctx)
		m, err := ledger.Ask(ctx, desk, a, org.Workspace{})
		if err != nil {
			return nil, err
		}
		staff, err := ledger.Ask(ctx, desk, a, org.Staff{Roster: people})
		if err != nil {
			return nil, err
		}
		w := Workspace{ID: m.ID, Name: m.Name, Is: m.Is, State: m.State, Officers: map[org.Duty]string{}, Engages: append([]string{}, m.Engages...), Gaps: []Gap{}}
		for d, o := range m.Officers {
			w.Officers[d] = o.User
		}
		for _, g := range m.Gaps(func(user string) bool { _, ok := staff[user]; return ok }) {
			w.Gaps = append(w.Gaps, Gap{g.What, g.Citation})
		}
		return &rest.Body[Workspace]{Body: w}, nil
	})
	rest.Post(api, "/workspace/officers", "designate-officer", "Designate an officer", http.StatusOK, func(ctx context.Context, in *Officer) (*rest.Body[rest.Receipt], error) {
		return do(ctx, desk, access.Actor(ctx).Org, org.Designate{Duty: in.Body.Duty, User: in.Body.User, Roster: people})
	})
	rest.Post(api, "/workspace/engagements", "engage", "Record who handles data for the own organization", http.StatusOK, func(ctx context.Context, in *Engagement) (*rest.Body[rest.Receipt], error) {
		return do(ctx, desk, access.Actor(ctx).Org, org.Engage{Organization: in.Body.Organization})
	})
	rest.Post(api, "/workspace/engagements/end", "disengage", "Record that it no longer does", http.StatusOK, func(ctx context.Context, in *Engagement) (*rest.Body[rest.Receipt], error) {
		return do(ctx, desk, access.Actor(ctx).Org, org.Disengage{Organization: in.Body.Organization})
	})
	rest.Get(api, "/workspace/custody", "custody", "The chain of custody", func(ctx context.Context, _ *rest.None) (*rest.Body[[]Step], error) {
		c, err := ledger.Ask(ctx, desk, access.Actor(ctx), org.Chained{Agreements: agreements})
		if err != nil {
			return nil, err
		}
		steps := []Step{}
		for _, l := range c.Up {
			steps = append(steps, step(l, 0))
		}
		return &rest.Body[[]Step]{Body: below(steps, c.Self.Down, 1)}, nil
	})
}

func below(steps []Step, links []org.Link, depth int) []Step {
	for _, l := range links {
		steps = below(append(steps, step(l, depth)), l.Down, depth+1)
	}
	return steps
}

func step(l org.Link, depth int) Step {
	return Step{From: l.Edge.From, To: l.Edge.To, Depth: depth, Agreement: l.Edge.Agreement, Live: l.Edge.Live, Gap: l.Edge.Gap, Blocked: l.Broken}
}

func do(ctx context.Context, desk *ledger.Desk, id string, c ledger.Command[org.Member]) (*rest.Body[rest.Receipt], error) {
	r, err := ledger.Do(ctx, desk, access.Actor(ctx), org.Kind, id, c)
	if err != nil {
		return nil, err
	}
	return rest.Acknowledge(id, r), nil
}
