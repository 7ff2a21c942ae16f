// Package page shows the organizations of the hub over HTTP: the directory, the own
// workspace, and the chain of custody.
package page

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/org"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/law"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Page serves /organizations.
type Page struct {
	Desk       *ledger.Desk
	Agreements org.Agreements // behind the chain of custody
	People     org.Roster
}

// Routes adds the pages to mux.
func (p Page) Routes(mux *access.Mux) {
	mux.Handle("GET /organizations", web.Handler(p.list))
	mux.Handle("GET /organizations.csv", web.Handler(p.csv))
	mux.Handle("GET /organizations/new", web.Handler(p.blank))
	mux.Handle("POST /organizations", web.Handler(p.register))
	mux.Handle("POST /organizations/officers", web.Handler(p.designate))
	mux.Handle("POST /organizations/engagements", web.Handler(p.engage))
	mux.Handle("POST /organizations/engagements/end", web.Handler(p.disengage))
	mux.Handle("POST /organizations/{id}/close", web.Handler(p.close))
	mux.Handle("POST /organizations/{id}/reopen", web.Handler(p.reopen))
}

// maxForm is the largest form here, in bytes.
const maxForm = 16 << 10

// An overview is what the page shows.
type overview struct {
	all     []org.Entry
	own     org.Member
	staff   map[string]string
	gaps    []org.Gap
	custody org.Custody
	manages bool // the actor may change the workspace
	runs    bool // the actor may register and close organizations
	form    *web.Form
}

// kind is what an organization of the directory is, in words.
func (o overview) kind(id string) string {
	for _, e := range o.all {
		if e.ID == id {
			return org.Titles(e.Is)
		}
	}
	return ""
}

// party reports whether the own organization is a party of the agreement of a step.
func (o overview) party(e org.Edge) bool { return e.From == o.own.ID || e.To == o.own.ID }

func (o overview) name(id string) string {
	for _, e := range o.all {
		if e.ID == id {
			return e.Name
		}
	}
	return "an organization that is not in the directory"
}

// officer says in words who has a duty.
func (o overview) officer(d org.Duty) string {
	f, ok := o.own.Officers[d]
	if !ok {
		return "Nobody yet"
	}
	if s, ok := o.staff[f.User]; ok {
		return s
	}
	return "Somebody who has no access any more"
}

// people are the choices for an officer, by name.
func (o overview) people() []web.Option {
	out := []web.Option{}
	for id, s := range o.staff {
		out = append(out, web.Option{Value: id, Label: s})
	}
	slices.SortFunc(out, func(a, b web.Option) int {
		return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(a.Value, b.Value))
	})
	return append([]web.Option{{Value: "", Label: "Choose a person"}}, out...)
}

// others are the choices for an engagement: open organizations, not the own one, not
// those engaged already.
func (o overview) others() []web.Option {
	out := []web.Option{{Value: "", Label: "Choose an organization"}}
	for _, e := range o.all {
		if e.ID != o.own.ID && !e.Closed && !slices.Contains(o.own.Engages, e.ID) {
			out = append(out, web.Option{Value: e.ID, Label: e.Name})
		}
	}
	return out
}

func (p Page) overview(ctx context.Context) (overview, error) {
	a := access.Actor(ctx)
	var o overview
	var err error
	if o.all, err = ledger.Ask(ctx, p.Desk, a, org.Directory{}); err != nil {
		return o, err
	}
	if o.own, err = ledger.Ask(ctx, p.Desk, a, org.Workspace{}); err != nil {
		return o, err
	}
	if o.staff, err = ledger.Ask(ctx, p.Desk, a, org.Staff{Roster: p.People}); err != nil {
		return o, err
	}
	if o.custody, err = ledger.Ask(ctx, p.Desk, a, org.Chained{Agreements: p.Agreements}); err != nil {
		return o, err
	}
	o.gaps = o.own.Gaps(func(user string) bool { _, ok := o.staff[user]; return ok })
	o.manages = may(a, org.Designate{}.Action())
	o.runs = o.own.Runs() && may(a, org.Register{}.Action())
	return o, nil
}

// may reports whether the table grants the actor's role an action: to show a form, not
// to permit what it sends.
func may(a ledger.Actor, action string) bool {
	for _, g := range access.Grants() {
		if g.Action == action {
			return slices.Contains(g.Roles, phi.Role(a.Role))
		}
	}
	return false
}

func (p Page) list(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, http.StatusOK, nil)
}

func (p Page) show(w http.ResponseWriter, r *http.Request, status int, f *web.Form) error {
	o, err := p.overview(r.Context())
	if err != nil {
		return err
	}
	o.form = f
	return web.Render(w, r, status, listPage(o))
}

func (p Page) csv(w http.ResponseWriter, r *http.Request) error {
	all, err := ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), org.Directory{})
	if err != nil {
		return err
	}
	return web.CSV(w, "organizations.csv", []string{"Id", "Name", "Kind", "Status"}, func(yield func([]string) bool) {
		for _, e := range all {
			if !yield([]string{e.ID, e.Name, org.Titles(e.Is), standing(e)}) {
				return
			}
		}
	})
}

func standing(e org.Entry) string {
	switch {
	case e.Closed:
		return "Has left"
	case e.Operator:
		return "Runs this hub"
	}
	return "Takes part"
}

func (p Page) blank(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, newPage(nil))
}

func (p Page) register(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	c := org.Register{Name: f.Need("name", "Enter the organization's name."), State: strings.ToUpper(f.Text("state"))}
	for _, s := range f.NeedAny("is", "Choose at least one.") {
		c.Is = append(c.Is, law.Status(s))
	}
	if f.OK() {
		id := "o-" + vault.NewID()
		_, err := ledger.Do(r.Context(), p.Desk, access.Actor(r.Context()), org.Kind, id, c)
		if err == nil {
			return web.Done(w, r, "/people/new?org="+id, "The organization is registered. Register its first administrator now.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, newPage(f))
}

// change carries out a command on the actor's own organization and says so, or shows
// the page again with what is wrong.
func (p Page) change(w http.ResponseWriter, r *http.Request, f *web.Form, c ledger.Command[org.Member], done string) error {
	if f.OK() {
		a := access.Actor(r.Context())
		_, err := ledger.Do(r.Context(), p.Desk, a, org.Kind, a.Org, c)
		if err == nil {
			return web.Done(w, r, "/organizations", done)
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.show(w, r, http.StatusUnprocessableEntity, f)
}

func (p Page) designate(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	c := org.Designate{Duty: org.Duty(f.Need("duty", "Choose the duty.")), User: f.Need("user", "Choose the person."), Roster: p.People}
	return p.change(w, r, f, c, "The "+strings.ToLower(c.Duty.Title())+" is designated.")
}

func (p Page) engage(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	return p.change(w, r, f, org.Engage{Organization: f.Need("organization", "Choose the organization.")}, "It is recorded. Offer that organization an agreement, unless there is one.")
}

func (p Page) disengage(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	return p.change(w, r, f, org.Disengage{Organization: f.Need("organization", "Choose the organization.")}, "The engagement is ended.")
}

func (p Page) close(w http.ResponseWriter, r *http.Request) error {
	_, err := ledger.Do(r.Context(), p.Desk, access.Actor(r.Context()), org.Kind, r.PathValue("id"), org.Close{})
	if err != nil {
		return err
	}
	return web.Done(w, r, "/organizations", "The organization is closed: nothing flows to it or from it any more.")
}

func (p Page) reopen(w http.ResponseWriter, r *http.Request) error {
	_, err := ledger.Do(r.Context(), p.Desk, access.Actor(r.Context()), org.Kind, r.PathValue("id"), org.Reopen{})
	if err != nil {
		return err
	}
	return web.Done(w, r, "/organizations", "The organization takes part again.")
}
