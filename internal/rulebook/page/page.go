// Package page shows the rule book and the packs of rules that an organization adds
// to it, over HTTP.
package page

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/rulebook"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/law"
	"chaperone.example/law/casefile"
	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Page serves /rules.
type Page struct {
	Desk    *ledger.Desk
	Parties rulebook.Parties
	Past    rulebook.Looking
	// People returns the display names of those of ids whom a may know by name.
	People func(ctx context.Context, a ledger.Actor, ids []string) (map[string]string, error)
	May    func(role phi.Role, action string) bool // whether to offer an action; the gate decides
}

// Routes adds the pages to mux.
func (p Page) Routes(mux *access.Mux) {
	mux.Handle("GET /rules", web.Handler(p.book))
	mux.Handle("GET /rules.csv", web.Handler(p.bookCSV))
	mux.Handle("GET /rules/packs", web.Handler(p.list))
	mux.Handle("GET /rules/packs.csv", web.Handler(p.listCSV))
	mux.Handle("GET /rules/packs/new", web.Handler(p.blank))
	mux.Handle("POST /rules/packs/preview", web.Handler(p.preview))
	mux.Handle("POST /rules/packs", web.Handler(p.adopt))
	mux.Handle("GET /rules/packs/{id}", web.Handler(p.show))
	mux.Handle("POST /rules/packs/{id}/retire", web.Handler(p.retire))
}

func (p Page) may(r *http.Request, action string) bool {
	return p.May == nil || p.May(phi.Role(access.Actor(r.Context()).Role), action)
}

func (p Page) book(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, 4<<10)
	if err != nil {
		return err
	}
	rules := rulebook.Rules(f.Text("q"), f.Text("effect"))
	return web.Render(w, r, http.StatusOK, bookPage(f, rules, len(law.Rules()), p.may(r, "rulebook.list")))
}

func (p Page) bookCSV(w http.ResponseWriter, r *http.Request) error {
	header := []string{"rule", "version", "title", "citation", "effect", "text", "from", "to", "when", "unless", "reads", "duties", "proved_by"}
	return web.CSV(w, "rule-book.csv", header, func(yield func([]string) bool) {
		for _, x := range rulebook.Rules("", "") {
			if !yield([]string{x.ID, strconv.Itoa(x.Version), x.Title, x.Citation, x.Effect, x.Text, x.From, x.To, strings.Join(x.When, "; "), strings.Join(x.Unless, "; "),
				strings.Join(x.Reads, " "), strings.Join(x.Duties, " "), strings.Join(x.Proofs, ", ")}) {
				return
			}
		}
	})
}

func (p Page) packs(r *http.Request) ([]rulebook.Row, error) {
	return ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), rulebook.List{})
}

func (p Page) list(w http.ResponseWriter, r *http.Request) error {
	rows, err := p.packs(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, packsPage(rows, p.may(r, "rulebook.adopt")))
}

func (p Page) listCSV(w http.ResponseWriter, r *http.Request) error {
	rows, err := p.packs(r)
	if err != nil {
		return err
	}
	return web.CSV(w, "packs.csv", []string{"pack", "version", "level", "source", "read", "confirmed_by_counsel", "effective", "until", "standing", "rules"}, func(yield func([]string) bool) {
		for _, x := range rows {
			v := x.Newest()
			if !yield([]string{v.Pack.ID, strconv.Itoa(v.Pack.Version), string(v.Pack.Level), v.Pack.Source, day(v.Pack.Read), strconv.FormatBool(v.Pack.Confirmed), day(v.Effective), day(v.Until), string(x.Standing), strconv.Itoa(len(v.Pack.Rules))}) {
				return
			}
		}
	})
}

func day(d civil.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func (p Page) blank(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, newPage(draft{Text: example, Effective: civil.On(p.Desk.Log.Now()).String(), Once: vault.NewID()}))
}

// A draft is a pack that is being entered.
type draft struct {
	Form      *web.Form
	Text      string
	Effective string
	Once      string
	Flaws     []*casefile.Error // of the text
	Pack      overlay.Pack
	Past      *rulebook.Past // what it would have meant; nil: not looked at yet
}

const maxPack = 128 << 10

// read reads the form of a pack. Without flaws and problems, the pack may be adopted.
func (p Page) read(r *http.Request) (draft, civil.Date, error) {
	f, err := web.ReadForm(r, maxPack)
	if err != nil {
		return draft{}, 0, err
	}
	d := draft{Form: f, Text: f.Text("text"), Effective: f.Text("effective"), Once: f.Text("once")}
	f.Need("text", "Enter the pack.")
	effective, err := civil.Parse(d.Effective)
	if err != nil {
		f.Wrong("effective", "Enter the day from which it applies.")
	}
	if d.Once == "" {
		d.Once = vault.NewID()
	}
	if !f.OK() {
		return d, 0, nil
	}
	d.Pack, err = casefile.ReadPack("pack", []byte(d.Text), access.Actor(r.Context()).Org)
	d.Flaws = flaws(err)
	for _, text := range rulebook.Check(d.Pack) {
		if len(d.Flaws) == 0 || err == nil {
			d.Flaws = append(d.Flaws, &casefile.Error{Text: text})
		}
	}
	if len(d.Flaws) > 0 {
		f.Wrong("text", "The pack cannot be adopted yet: see the problems below.")
	}
	return d, effective, nil
}

// flaws takes the joined errors of a pack apart.
func flaws(err error) []*casefile.Error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*casefile.Error
		for _, e := range many.Unwrap() {
			out = append(out, flaws(e)...)
		}
		return out
	}
	var one *casefile.Error
	if errors.As(err, &one) {
		return []*casefile.Error{one}
	}
	return []*casefile.Error{{Text: err.Error()}}
}

// preview shows what is wrong with a pack, or what it would have meant.
func (p Page) preview(w http.ResponseWriter, r *http.Request) error {
	d, _, err := p.read(r)
	if err != nil {
		return err
	}
	if !d.Form.OK() {
		return web.Render(w, r, http.StatusUnprocessableEntity, newPage(d))
	}
	past, err := p.Past(r.Context(), access.Actor(r.Context()), d.Pack)
	if err != nil {
		return err
	}
	d.Past = &past
	return web.Render(w, r, http.StatusOK, newPage(d))
}

func (p Page) adopt(w http.ResponseWriter, r *http.Request) error {
	d, effective, err := p.read(r)
	if err != nil {
		return err
	}
	if d.Form.OK() {
		a := access.Actor(r.Context())
		id, _, err := rulebook.Enter(ledger.Once(r.Context(), d.Once), p.Desk, a, d.Pack, effective, p.Parties)
		if err == nil {
			return web.Done(w, r, "/rules/packs/"+id, "Adopted. Decisions about your data are made with it from "+web.Date(effective.Time())+" on.")
		}
		if !d.Form.Take(err) {
			return err
		}
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, newPage(d))
}

func (p Page) show(w http.ResponseWriter, r *http.Request) error {
	return p.sheet(w, r, nil, http.StatusOK)
}

func (p Page) sheet(w http.ResponseWriter, r *http.Request, f *web.Form, status int) error {
	a := access.Actor(r.Context())
	x, err := ledger.Ask(r.Context(), p.Desk, a, rulebook.One{ID: r.PathValue("id")})
	if err != nil {
		return err
	}
	names := map[string]string{}
	if p.People != nil {
		var ids []string
		for _, v := range x.Versions {
			ids = append(ids, v.By)
		}
		if names, err = p.People(r.Context(), a, ids); err != nil {
			return err
		}
	}
	retire := p.may(r, "rulebook.retire") && x.Retired == 0
	return web.Render(w, r, status, packPage(x, f, names, retire, p.may(r, "rulebook.adopt"), civil.On(p.Desk.Log.Now()).String(), vault.NewID()))
}

func (p Page) retire(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, 4<<10)
	if err != nil {
		return err
	}
	effective, err := civil.Parse(f.Text("effective"))
	if err != nil {
		f.Wrong("effective", "Enter the first day without it.")
	}
	if f.OK() {
		_, err := ledger.Do(ledger.Once(r.Context(), f.Text("once")), p.Desk, access.Actor(r.Context()), rulebook.Kind, r.PathValue("id"), rulebook.Retire{Effective: effective})
		if err == nil {
			return web.Done(w, r, "/rules/packs/"+r.PathValue("id"), "Retired. Decisions from "+web.Date(effective.Time())+" on are made without it.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.sheet(w, r, f, http.StatusUnprocessableEntity)
}

// example is what a pack looks like: it says what is to be replaced, and applies to
// nothing before that.
const example = `# Rules that your organization or your State adds to federal law.
# A rule can only withhold (strip), add a duty (oblige) or refuse (deny).
id: example
version: 1
level: member          # or state, with state: OH
source: confirm with counsel
read: 2026-11-01
confirmed: no          # yes when counsel has confirmed it
rules:
  - id: rule-1
    citation: policy or statute, with its section
    text: What the rule says, in plain words.
    labels: [HIV]      # of these patients; leave out for all
    recipients: [aggregator]
    strip: [encounter.cost]
`
