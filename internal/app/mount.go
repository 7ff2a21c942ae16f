package app

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/agreement"
	agreementpage "chaperone.example/internal/agreement/page"
	agreementrest "chaperone.example/internal/agreement/rest"
	"chaperone.example/internal/app/foresight"
	"chaperone.example/internal/app/status"
	datasetpage "chaperone.example/internal/dataset/page"
	datasetrest "chaperone.example/internal/dataset/rest"
	historypage "chaperone.example/internal/history/page"
	historyrest "chaperone.example/internal/history/rest"
	"chaperone.example/internal/home"
	"chaperone.example/internal/identity"
	identitypage "chaperone.example/internal/identity/page"
	identityrest "chaperone.example/internal/identity/rest"
	"chaperone.example/internal/org"
	orgpage "chaperone.example/internal/org/page"
	orgrest "chaperone.example/internal/org/rest"
	pastpage "chaperone.example/internal/past/page"
	"chaperone.example/internal/release"
	releasepage "chaperone.example/internal/release/page"
	releaserest "chaperone.example/internal/release/rest"
	"chaperone.example/internal/request"
	requestpage "chaperone.example/internal/request/page"
	requestrest "chaperone.example/internal/request/rest"
	"chaperone.example/internal/rest"
	rulebookpage "chaperone.example/internal/rulebook/page"
	rulebookrest "chaperone.example/internal/rulebook/rest"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
	"chaperone.example/ledger/tiles"
)

// mount serves the faces of every module. It fails if a route is not in the
// authorization table, or if a line of the table has no handler.
func (a *App) mount() error {
	var err error
	a.Door, err = identity.NewDoor(identity.Config{Desk: a.Desk, Vault: a.Vault, Orgs: a.facts.orgs, Sessions: a.site.Sessions(a.sessions), Store: a.sessions, Surround: a.surround})
	if err != nil {
		return err
	}
	mux := access.NewMux(a.table, http.HandlerFunc(refused))
	mux.Handle("GET /static/", web.Static())
	mux.Handle("GET /log/checkpoint", http.StripPrefix("/log", a.tiles()))
	mux.Handle("GET /log/tile/{path...}", http.StripPrefix("/log", a.tiles()))

	origin := a.Log.Origin()
	then := pastpage.Page{Keeper: a.past, Now: a.now}
	then.Routes(mux)
	home.Page{Counts: a.counts}.Routes(mux)
	identitypage.Page{Door: a.Door}.Routes(mux)
	orgpage.Page{Desk: a.Desk, Agreements: a.facts, People: a.facts.people}.Routes(mux)
	agreementpage.Page{Desk: a.Desk, Parties: a.facts.orgs, Directory: directory{a}, May: a.table.May}.Routes(mux)
	datasetpage.Page{Store: a.Datasets, Releases: edges{a.facts}, People: directory{a}.People, May: a.table.May}.Routes(mux)
	requestpage.Page{Desk: a.Desk, Sources: a.Sources, Releases: released{a}}.Routes(mux)
	releasepage.Page{Builder: a.Builder, Index: a.Register, Directory: a.facts, May: a.table.May}.Routes(mux)
	rulebookpage.Page{Desk: a.Desk, Parties: a.facts.orgs, Past: foresight.Packs(a.Desk), People: directory{a}.People, May: a.table.May}.Routes(mux)
	historypage.Page{Desk: a.Desk, Origin: origin, Policy: a.Policy, Directory: titles{a}}.Routes(mux)

	status.Page{Report: a.report}.Routes(mux)

	api := rest.New(mux, a.version)
	api.Failed = func(ctx context.Context, err error) {
		a.site.Log.ErrorContext(ctx, "request failed", "request", web.RequestID(ctx), "err", err)
	}
	identityrest.Routes(api, a.Door)
	orgrest.Routes(api, a.Desk, a.facts, a.facts.people)
	agreementrest.Routes(api, a.Desk, a.facts.orgs)
	datasetrest.Routes(api, a.Datasets, edges{a.facts})
	requestrest.Routes(api, a.Desk, a.Sources)
	releaserest.Routes(api, a.Builder, a.Register, a.facts)
	rulebookrest.Routes(api, a.Desk, a.facts.orgs, foresight.Packs(a.Desk))
	historyrest.Routes(api, a.Desk, origin, a.Policy)
	a.API = api

	a.handler = a.site.Handler(mux.ServeMux(), a.Door.Authenticate, then.Around)
	return mux.Err()
}

// refused answers who may not pass a route: a person with a page, a program with a
// problem document.
func refused(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, rest.Prefix) {
		rest.Refuse(w, r, access.Refusal(r.Context()))
		return
	}
	identitypage.Refused(w, r)
}

func (a *App) tiles() http.Handler {
	return tiles.Handler(a.Log, func(ctx context.Context, err error) {
		a.site.Log.ErrorContext(ctx, "the log cannot be served", "err", err)
	})
}

// A naming asks for the names of organizations and people that the actor may know.
type naming struct {
	facts *facts
	ids   []string
}

func (naming) Action() string { return "home.see" }

func (q naming) Answer(ctx context.Context, r *ledger.Reading) (map[string]string, error) {
	return q.facts.Names(ctx, r, q.ids)
}

// A directory tells pages names.
type directory struct{ *App }

func (d directory) Organizations(ctx context.Context, who ledger.Actor) ([]agreementpage.Organization, error) {
	all, err := ledger.Ask(ctx, d.Desk, who, org.Directory{})
	if err != nil {
		return nil, err
	}
	var out []agreementpage.Organization
	for _, e := range all {
		if !e.Closed {
			out = append(out, agreementpage.Organization{ID: e.ID, Name: e.Name, Is: e.Is})
		}
	}
	return out, nil
}

func (d directory) People(ctx context.Context, who ledger.Actor, ids []string) (map[string]string, error) {
	return ledger.Ask(ctx, d.Desk, who, naming{d.facts, ids})
}

// counts says how much awaits an actor, for the home page. What the actor may not
// ask is not counted.
func (a *App) counts(ctx context.Context) (map[string]int, error) {
	who := access.Actor(ctx)
	out := map[string]int{}
	if _, err := a.table.Permit(ctx, who, request.List{}.Action()); err == nil {
		waiting, err := ledger.Ask(ctx, a.Desk, who, request.List{Sources: a.Sources})
		if err != nil {
			return nil, err
		}
		out["awaiting"], out["requests"] = waiting.Await, waiting.Ours
	}
	if _, err := a.table.Permit(ctx, who, release.List{}.Action()); err == nil {
		offers, err := ledger.Ask(ctx, a.Desk, who, release.List{Requests: a.Builder.Requests})
		if err != nil {
			return nil, err
		}
		for _, o := range offers {
			if o.Mine && o.Status == release.Open && o.Barred == "" && o.Downloads == 0 {
				out["releases"]++
			}
		}
	}
	if _, err := a.table.Permit(ctx, who, agreement.List{}.Action()); err == nil {
		all, err := ledger.Ask(ctx, a.Desk, who, agreement.List{})
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			if c.Next == agreement.Read {
				out["agreements"]++
			}
		}
	}
	if _, err := a.table.Permit(ctx, who, request.Prepare{}.Action()); err == nil {
		choices, err := ledger.Ask(ctx, a.Desk, who, request.Prepare{Sources: a.Sources})
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(choices.Recipients, func(p request.Recipient) bool { return p.ID == who.ID }) {
			out["keyless"] = 1
		}
	}
	return out, nil
}
