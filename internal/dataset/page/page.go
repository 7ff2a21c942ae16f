// Package page shows the inventory of datasets and takes commands about them over
// HTTP: registration, upload, classification and retirement. It is thin: it reads
// forms, asks and does, and renders.
package page

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/dataset"
	"chaperone.example/internal/dataset/intake"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
	"chaperone.example/phi"
	"github.com/a-h/templ"
)

// Page serves /datasets.
type Page struct {
	Store    *dataset.Store
	Releases dataset.Releases // nil: the map ends at the dataset
	// People returns the display names of those of ids whom a may know by name; nil:
	// nobody is named.
	People func(ctx context.Context, a ledger.Actor, ids []string) (map[string]string, error)
	May    func(role phi.Role, action string) bool // whether to offer an action; the gate decides
}

// Routes adds the pages to mux.
func (p Page) Routes(mux *access.Mux) {
	mux.Handle("GET /datasets", web.Handler(p.list))
	mux.Handle("GET /datasets.csv", web.Handler(p.listCSV))
	mux.Handle("GET /datasets/new", web.Handler(p.blank))
	mux.Handle("POST /datasets", web.Handler(p.register))
	mux.Handle("GET /datasets/{id}", web.Handler(p.show))
	mux.Handle("GET /datasets/{id}/elements.csv", web.Handler(p.elementsCSV))
	mux.Handle("GET /datasets/{id}/versions.csv", web.Handler(p.versionsCSV))
	mux.Handle("GET /datasets/{id}/file", web.Handler(p.chooseFile))
	mux.Handle("POST /datasets/{id}/file", web.Handler(p.receive))
	mux.Handle("GET /datasets/{id}/classification", web.Handler(p.review))
	mux.Handle("POST /datasets/{id}/classification", web.Handler(p.classify))
	mux.Handle("GET /datasets/{id}/provenance", web.Handler(p.origin))
	mux.Handle("POST /datasets/{id}/provenance", web.Handler(p.declare))
	mux.Handle("GET /datasets/{id}/retirement", web.Handler(p.ending))
	mux.Handle("POST /datasets/{id}/retirement", web.Handler(p.retire))
}

// may reports whether to offer an action to who looks.
func (p Page) may(r *http.Request, action string) bool {
	return p.May == nil || p.May(phi.Role(access.Actor(r.Context()).Role), action)
}

// once returns the context of a form that is carried out once, however often it is
// sent.
func once(r *http.Request, f *web.Form) context.Context {
	if key := f.Text("once"); key != "" {
		return ledger.Once(r.Context(), key)
	}
	return r.Context()
}

// enter does what a form about a dataset asks for, and says so on the dataset's page; or
// shows the form again, with what is wrong.
func (p Page) enter(w http.ResponseWriter, r *http.Request, s dataset.Sheet, f *web.Form, c ledger.Command[dataset.Holding], done string, again func(dataset.Sheet, *web.Form, string) templ.Component) error {
	if f.OK() {
		_, err := ledger.Do(once(r, f), p.Store.Desk, access.Actor(r.Context()), dataset.Kind, s.ID, c)
		if err == nil {
			return web.Done(w, r, "/datasets/"+s.ID, done)
		}
		if !f.Take(err) {
			return err
		}
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, again(s, f, vault.NewID()))
}

func (p Page) list(w http.ResponseWriter, r *http.Request) error {
	rows, err := ledger.Ask(r.Context(), p.Store.Desk, access.Actor(r.Context()), dataset.List{Releases: p.Releases})
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(rows, p.may(r, "dataset.register")))
}

func (p Page) listCSV(w http.ResponseWriter, r *http.Request) error {
	rows, err := ledger.Ask(r.Context(), p.Store.Desk, access.Actor(r.Context()), dataset.List{Releases: p.Releases})
	if err != nil {
		return err
	}
	header := []string{"id", "title", "source_system", "source", "format", "environment", "repository", "region", "phi", "status", "version", "records", "bytes", "sha256", "first_month", "last_month", "changed", "released_to"}
	return web.CSV(w, "datasets.csv", header, func(yield func([]string) bool) {
		for _, x := range rows {
			var to []string
			for _, e := range x.Releases {
				to = append(to, e.Recipient)
			}
			if !yield([]string{x.ID, x.Label.Title, x.Label.System, string(x.Source), string(x.Format), string(x.Environment), x.Repository, x.Region, yesNo(x.PHI), string(x.Status),
				strconv.Itoa(x.Version), strconv.FormatInt(x.Records, 10), strconv.FormatInt(x.Bytes, 10), x.SHA256, x.First, x.Last, stamp(x.Changed), strings.Join(to, "; ")}) {
				return
			}
		}
	})
}

func (p Page) blank(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, newPage(nil, p.Store.Repositories, vault.NewID()))
}

func (p Page) register(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, 64<<10)
	if err != nil {
		return err
	}
	c := dataset.Register{
		Label:       dataset.Label{Title: f.Need("title", "Enter a title."), System: f.Need("system", "Name the system that the data come from.")},
		Source:      dataset.Source(f.Need("source", "Choose the kind of system.")),
		Format:      intake.Format(f.Need("format", "Choose the format.")),
		Environment: dataset.Environment(f.Need("environment", "Choose the environment.")),
		Repository:  f.Need("repository", "Choose where the data are kept."),
		PHI:         f.Need("phi", "Say whether it holds protected health information.") == "yes",
		Part2:       dataset.Provenance(f.Text("part2")),
	}
	if f.OK() {
		a := access.Actor(r.Context())
		id := dataset.NewID(a, f.Text("once"))
		_, err := p.Store.Register(once(r, f), a, id, c)
		if err == nil {
			return web.Done(w, r, "/datasets/"+id+"/file", "The dataset is registered. Now send its file.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, newPage(f, p.Store.Repositories, vault.NewID()))
}

// sheet asks for the dataset of the path.
func (p Page) sheet(r *http.Request) (dataset.Sheet, error) {
	return ledger.Ask(r.Context(), p.Store.Desk, access.Actor(r.Context()), dataset.One{ID: r.PathValue("id"), Releases: p.Releases})
}

func (p Page) show(w http.ResponseWriter, r *http.Request) error {
	s, err := p.sheet(r)
	if err != nil {
		return err
	}
	names := map[string]string{}
	if p.People != nil {
		var ids []string
		for _, m := range s.History {
			ids = append(ids, m.Person)
		}
		if names, err = p.People(r.Context(), access.Actor(r.Context()), ids); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, showPage(sheetView{Sheet: s, names: names,
		receive: p.may(r, "dataset.receive"), classify: p.may(r, "dataset.classify"), declare: p.may(r, "dataset.declare") && s.Status != dataset.Ended, retire: p.may(r, "dataset.retire"), prove: p.may(r, "ledger.see")}))
}

func (p Page) elementsCSV(w http.ResponseWriter, r *http.Request) error {
	s, err := p.sheet(r)
	if err != nil {
		return err
	}
	v, _ := s.Holding.Current()
	return web.CSV(w, "dataset-elements.csv", []string{"field", "values", "element", "title", "class", "identifier", "free_text", "roles"}, func(yield func([]string) bool) {
		for _, e := range v.Elements {
			for _, field := range e.Fields {
				if !yield([]string{field, strconv.FormatInt(filled(v, field), 10), e.ID, title(e.ID), string(e.Class), e.Identifier, yesNo(e.FreeText), roles(e.Roles)}) {
					return
				}
			}
		}
	})
}

func (p Page) versionsCSV(w http.ResponseWriter, r *http.Request) error {
	s, err := p.sheet(r)
	if err != nil {
		return err
	}
	return web.CSV(w, "dataset-versions.csv", []string{"version", "received", "records", "bytes", "sha256", "first_month", "last_month", "replaces", "confirmed"}, func(yield func([]string) bool) {
		for _, v := range s.Holding.Versions {
			if !yield([]string{strconv.Itoa(v.Version), stamp(v.At), strconv.FormatInt(v.Records, 10), strconv.FormatInt(v.Bytes, 10), v.SHA256, v.First, v.Last, strconv.Itoa(v.Replaces), yesNo(v.Confirmed)}) {
				return
			}
		}
	})
}

func (p Page) chooseFile(w http.ResponseWriter, r *http.Request) error {
	s, err := p.sheet(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, filePage(s, nil, nil, p.Store.Limit(), vault.NewID()))
}

// receive streams the file into the store. When it is refused, everything that is
// wrong with it is shown above the form.
func (p Page) receive(w http.ResponseWriter, r *http.Request) error {
	u, err := web.ReadUpload(w, r, "file", p.Store.Limit())
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if !u.OK() {
		s, err := p.sheet(r)
		if err != nil {
			return err
		}
		return web.Render(w, r, http.StatusUnprocessableEntity, filePage(s, u.Form, nil, p.Store.Limit(), vault.NewID()))
	}
	_, err = p.Store.Receive(once(r, u.Form), access.Actor(r.Context()), id, u.File)
	if err == nil {
		return web.Done(w, r, "/datasets/"+id+"/classification", "The file was accepted and sealed. Now look at what its fields stand for.")
	}
	var refusal *intake.Refusal
	if !errors.As(err, &refusal) && !u.Take(err) {
		return err
	}
	// A browser shows the answer only when it could send everything.
	if _, err := io.Copy(io.Discard, u.File); err != nil {
		return err
	}
	s, err := p.sheet(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, filePage(s, u.Form, refusal, p.Store.Limit(), vault.NewID()))
}

func (p Page) review(w http.ResponseWriter, r *http.Request) error {
	s, err := p.sheet(r)
	if err != nil {
		return err
	}
	if s.Version == 0 {
		return web.SeeOther(w, r, "/datasets/"+s.ID+"/file")
	}
	return web.Render(w, r, http.StatusOK, classifyPage(s, nil, vault.NewID()))
}

// corrections is how many fields are corrected with one form.
const corrections = 3

func (p Page) classify(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, 64<<10)
	if err != nil {
		return err
	}
	s, err := p.sheet(r)
	if err != nil {
		return err
	}
	c := dataset.Classify{}
	c.Version, _ = strconv.Atoi(f.Text("version")) // a version that is none is stale, and said to be
	v, _ := s.Holding.Current()
	for i := range corrections {
		n := strconv.Itoa(i + 1)
		field, element := f.Text("field"+n), f.Text("element"+n)
		switch {
		case field == "" && element == "":
			continue
		case field == "":
			f.Wrong("field"+n, "Choose which field to correct, or clear the element.")
		case element == "":
			f.Wrong("element"+n, "Choose what the field stands for, or clear the field.")
		}
		for _, name := range expand(v, field) {
			c.Changes = append(c.Changes, dataset.Correction{Field: name, Element: element, Reason: dataset.Reason(f.Text("reason" + n))})
		}
	}
	return p.enter(w, r, s, f, c, "The classification is confirmed. The dataset is ready for use.", classifyPage)
}

func (p Page) origin(w http.ResponseWriter, r *http.Request) error {
	s, err := p.sheet(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, provenancePage(s, nil, vault.NewID()))
}

func (p Page) declare(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, 64<<10)
	if err != nil {
		return err
	}
	s, err := p.sheet(r)
	if err != nil {
		return err
	}
	part2 := dataset.Provenance(f.Need("part2", "Say whether a substance-use program makes the records."))
	return p.enter(w, r, s, f, dataset.Declare{Part2: part2}, "Recorded. Decisions from now on are made by it; open requests can be decided again.", provenancePage)
}

func (p Page) ending(w http.ResponseWriter, r *http.Request) error {
	s, err := p.sheet(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, retirePage(s, nil, vault.NewID()))
}

func (p Page) retire(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, 64<<10)
	if err != nil {
		return err
	}
	s, err := p.sheet(r)
	if err != nil {
		return err
	}
	reason := dataset.Ending(f.Need("reason", "Choose why the dataset is retired."))
	return p.enter(w, r, s, f, dataset.Retire{Reason: reason}, "The dataset is retired. Nothing new can be made of it.", retirePage)
}
