// Package page shows agreements and takes commands about them over HTTP: the list,
// the offer, the review of a draft term by term, amendment, signature, renewal and
// termination (AGR-1).
package page

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/agreement"
	"chaperone.example/internal/web"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// An Organization is an entry of the directory.
type Organization struct {
	ID   string
	Name string
	Is   []law.Status
}

// A Directory tells names. It belongs to other modules; the pages only show what it
// says.
type Directory interface {
	// Organizations lists those with which a may make agreements, its own included.
	Organizations(ctx context.Context, a ledger.Actor) ([]Organization, error)
	// People returns the display names of those of ids whom a may know by name:
	// signatories of agreements of a's organization.
	People(ctx context.Context, a ledger.Actor, ids []string) (map[string]string, error)
}

// Page serves /agreements.
type Page struct {
	Desk      *ledger.Desk
	Parties   agreement.Parties
	Directory Directory
	May       func(role phi.Role, action string) bool // whether to offer an action; the gate decides
}

// Routes adds the pages to mux.
func (p Page) Routes(mux *access.Mux) {
	mux.Handle("GET /agreements", web.Handler(p.list))
	mux.Handle("GET /agreements.csv", web.Handler(p.csv))
	mux.Handle("GET /agreements/new", web.Handler(p.blank))
	mux.Handle("POST /agreements", web.Handler(p.offer))
	mux.Handle("GET /agreements/{id}", web.Handler(p.show))
	mux.Handle("GET /agreements/{id}/terms.csv", web.Handler(p.termsCSV))
	mux.Handle("GET /agreements/{id}/changes", web.Handler(p.changes))
	mux.Handle("GET /agreements/{id}/amend", web.Handler(p.amendForm))
	mux.Handle("POST /agreements/{id}/amend", web.Handler(p.amend))
	mux.Handle("GET /agreements/{id}/sign", web.Handler(p.signForm))
	mux.Handle("POST /agreements/{id}/sign", web.Handler(p.sign))
	mux.Handle("GET /agreements/{id}/review", web.Handler(p.reviewForm))
	mux.Handle("POST /agreements/{id}/review", web.Handler(p.review))
	mux.Handle("GET /agreements/{id}/renew", web.Handler(p.renewForm))
	mux.Handle("POST /agreements/{id}/renew", web.Handler(p.renew))
	mux.Handle("GET /agreements/{id}/terminate", web.Handler(p.terminateForm))
	mux.Handle("POST /agreements/{id}/terminate", web.Handler(p.terminate))
	mux.Handle("POST /agreements/{id}/withdraw", web.Handler(p.withdraw))
}

// A viewer is who looks at a page, with the names that the page needs.
type viewer struct {
	actor ledger.Actor
	orgs  []Organization
	may   func(phi.Role, string) bool
}

func (p Page) viewer(r *http.Request) (viewer, error) {
	a := access.Actor(r.Context())
	orgs, err := p.Directory.Organizations(r.Context(), a)
	return viewer{a, orgs, p.May}, err
}

// name returns the name of an organization, or its id where the directory has none.
func (v viewer) name(id string) string {
	if i := slices.IndexFunc(v.orgs, func(o Organization) bool { return o.ID == id }); i >= 0 {
		return v.orgs[i].Name
	}
	if id == "*" {
		return "anybody"
	}
	return id
}

func (v viewer) can(action string) bool { return v.may(phi.Role(v.actor.Role), action) }

// own reports whether the viewer's organization has the status.
func (v viewer) own(s law.Status) bool {
	return slices.ContainsFunc(v.orgs, func(o Organization) bool { return o.ID == v.actor.Org && slices.Contains(o.Is, s) })
}

// A filter narrows the list.
type filter string

const (
	all     filter = "all"
	waiting filter = "waiting"
	live    filter = "in-force"
	over    filter = "ended"
)

var filters = []web.Option{{Value: string(all), Label: "All"}, {Value: string(waiting), Label: "Something to do"}, {Value: string(live), Label: "In force"}, {Value: string(over), Label: "Ended or withdrawn"}}

func (f filter) takes(r agreement.Row) bool {
	switch f {
	case waiting:
		return r.Next != agreement.Nothing && r.Next != agreement.Wait
	case live:
		return r.Status == agreement.InForce
	case over:
		return r.Status == agreement.Ended || r.Status == agreement.Expired || r.Status == agreement.Dropped
	}
	return true
}

const perPage = 50

func (p Page) rows(r *http.Request) (v viewer, f filter, rows []agreement.Row, err error) {
	if v, err = p.viewer(r); err != nil {
		return v, f, nil, err
	}
	f = filter(r.URL.Query().Get("show"))
	if f == "" {
		f = all
	}
	rows, err = ledger.Ask(r.Context(), p.Desk, v.actor, agreement.List{})
	return v, f, slices.DeleteFunc(rows, func(r agreement.Row) bool { return !f.takes(r) }), err
}

func (p Page) list(w http.ResponseWriter, r *http.Request) error {
	v, f, rows, err := p.rows(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 0 || n*perPage >= len(rows) {
		n = 0
	}
	link := func(n int, ok bool) string {
		if !ok {
			return ""
		}
		return "/agreements?show=" + string(f) + "&page=" + strconv.Itoa(n)
	}
	previous, next := link(n-1, n > 0), link(n+1, (n+1)*perPage < len(rows))
	return web.Render(w, r, http.StatusOK, listPage(v, f, rows[n*perPage:min(len(rows), (n+1)*perPage)], previous, next))
}

func (p Page) csv(w http.ResponseWriter, r *http.Request) error {
	v, _, rows, err := p.rows(r)
	if err != nil {
		return err
	}
	header := []string{"Id", "Agreement", "With", "Data", "Status", "Version", "Waiting for signatures", "Missing terms", "First day", "Last day", "Next step", "By"}
	return web.CSV(w, "agreements.csv", header, func(yield func([]string) bool) {
		for _, x := range rows {
			pending := ""
			if x.Pending > 0 {
				pending = strconv.Itoa(x.Pending)
			}
			if !yield([]string{x.ID, x.Kind.Title(), v.name(x.Other), data(x.Upstream), string(x.Status), strconv.Itoa(x.Version), pending, strconv.Itoa(x.Missing),
				x.Start.String(), x.End.String(), string(x.Next), x.By.String()}) {
				return
			}
		}
	})
}

// data says whose data an agreement is about.
func data(upstream bool) string {
	if upstream {
		return "Ours"
	}
	return "Theirs"
}

func tone(s agreement.Status) web.Tone {
	switch s {
	case agreement.InForce:
		return web.Good
	case agreement.Proposed, agreement.Half:
		return web.Wait
	case agreement.Later:
		return web.Info
	case agreement.Incomplete:
		return web.Warn
	case agreement.Expired, agreement.Ended, agreement.Deficient:
		return web.Bad
	}
	return web.Plain
}

func sentence(s string) string {
	if s == "" {
		return "–"
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func day(d civil.Date) string { return web.Date(d.Time()) }

// date reads a day of a form.
func date(f *web.Form, name string) civil.Date { return civil.On(f.Date(name, true)) }
