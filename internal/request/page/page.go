// Package page shows requests for data over HTTP and takes the commands about them.
//
// The page of a decision is written for a coordinator: what becomes of the elements
// and why, in plain words first and with the citations after them; elements that came
// out alike stand together; what would have to change is said where something was
// withheld.
package page

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/request"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
)

// A Page serves /requests.
type Page struct {
	Desk     *ledger.Desk
	Sources  request.Sources
	Releases Releases // nil: a request does not tell what was released on it
}

// Releases knows what was released on a request.
type Releases interface {
	// Of returns the releases that who may see, newest first.
	Of(ctx context.Context, who ledger.Actor, request string) ([]Release, error)
}

// A Release is a package that was built on a request.
type Release struct {
	ID string
	At time.Time // when it was built
}

func (x Release) href() string { return "/releases/" + url.PathEscape(x.ID) }

// maxForm bounds a posted request, in bytes: some eighty elements and three statements.
const maxForm = 128 << 10

// Routes adds the pages to mux.
func (p Page) Routes(mux *access.Mux) {
	mux.Handle("GET /requests", web.Handler(p.list))
	mux.Handle("GET /requests.csv", web.Handler(p.csv))
	mux.Handle("GET /requests/new", web.Handler(p.blank))
	mux.Handle("POST /requests", web.Handler(p.submit))
	mux.Handle("GET /requests/{id}", web.Handler(p.see))
	mux.Handle("GET /requests/{id}/decision.csv", web.Handler(p.lines))
	mux.Handle("GET /requests/{id}/replay", web.Handler(p.replay))
	mux.Handle("GET /requests/{id}/amend", web.Handler(p.narrow))
	mux.Handle("POST /requests/{id}/amend", web.Handler(p.amend))
	mux.Handle("POST /requests/{id}/reconsider", web.Handler(p.reconsider))
	mux.Handle("POST /requests/{id}/approve", web.Handler(p.approve))
	mux.Handle("POST /requests/{id}/refuse", web.Handler(p.refuse))
	mux.Handle("POST /requests/{id}/withdraw", web.Handler(p.withdraw))
}

// may reports whether the actor's role permits an action, so that nothing is offered
// that the gate would refuse.
func (p Page) may(ctx context.Context, action string) bool {
	_, err := p.Desk.Gate.Permit(ctx, access.Actor(ctx), action)
	return err == nil
}

// once carries the key of the form, so that sending it twice does it once.
func once(ctx context.Context, f *web.Form) context.Context {
	if key := f.Text("once"); key != "" {
		return ledger.Once(ctx, key)
	}
	return ctx
}

func path(id string) string { return "/requests/" + url.PathEscape(id) }

// A filter is what the list is narrowed to.
type filter struct {
	side   request.Side
	status request.Status
	page   int
}

// anything is what a filter says that narrows nothing.
const anything = "any"

// text is what the field of the filter shows.
func (x filter) text(name string) string {
	s := string(x.side)
	if name == "status" {
		s = string(x.status)
	}
	if s == "" {
		return anything
	}
	return s
}

func readFilter(r *http.Request) (filter, error) {
	f, err := web.ReadForm(r, 4<<10)
	if err != nil {
		return filter{}, err
	}
	var x filter
	if s := f.Text("side"); s != anything {
		x.side = request.Side(s)
	}
	if s := f.Text("status"); s != anything {
		x.status = request.Status(s)
	}
	x.page, err = strconv.Atoi(f.Text("page"))
	if err != nil || x.page < 0 || x.page > 10000 {
		x.page = 0
	}
	return x, nil
}

// query is the filter as part of an address, on another page of the list.
func (x filter) query(path string, page int) string {
	v := url.Values{}
	if x.side != "" {
		v.Set("side", string(x.side))
	}
	if x.status != "" {
		v.Set("status", string(x.status))
	}
	if page > 0 {
		v.Set("page", strconv.Itoa(page))
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

func (p Page) list(w http.ResponseWriter, r *http.Request) error {
	x, err := readFilter(r)
	if err != nil {
		return err
	}
	l, err := ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), request.List{Side: x.side, Status: x.status, Page: x.page, Sources: p.Sources})
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(l, x, p.may(r.Context(), "request.submit")))
}

func (p Page) csv(w http.ResponseWriter, r *http.Request) error {
	x, err := readFilter(r)
	if err != nil {
		return err
	}
	l, err := ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), request.List{Side: x.side, Status: x.status, All: true, Sources: p.Sources})
	if err != nil {
		return err
	}
	header := []string{"Request", "Project", "Asked by", "Asked of", "Purpose", "Activity", "Status", "Decision", "Elements asked", "Elements permitted", "Form", "Version", "Submitted", "Changed"}
	return web.CSV(w, "requests.csv", header, func(yield func([]string) bool) {
		for _, x := range l.Rows {
			if !yield([]string{x.ID, x.Project, x.Recipient, x.Discloser, string(x.Purpose), string(x.Activity), string(x.Status), string(x.Outcome),
				strconv.Itoa(x.Asked), strconv.Itoa(x.Given), x.Form.String(), strconv.Itoa(x.Version), web.Time(x.Submitted), web.Time(x.Changed)}) {
				return
			}
		}
	})
}

// one reads the request of the path.
func (p Page) one(r *http.Request) (request.File, error) {
	return ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), request.One{ID: r.PathValue("id"), Sources: p.Sources})
}

func (p Page) see(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, http.StatusOK, nil, nil)
}

// show renders a request, with what was entered in one of its forms if that failed.
func (p Page) show(w http.ResponseWriter, r *http.Request, status int, approve, refuse *web.Form) error {
	f, err := p.one(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	actor := access.Actor(ctx)
	v := sheet{File: f, approve: approve, refuse: refuse, once: vault.NewID()}
	v.asker, v.asked = f.Recipient == actor.Org, f.Ask.Discloser == actor.Org
	open := f.Status == request.Awaiting || f.Status == request.Denied
	v.mayApprove = v.asked && f.Status == request.Awaiting && p.may(ctx, "request.approve")
	v.mayRefuse = v.asked && open && p.may(ctx, "request.refuse")
	v.self = f.By == actor.ID
	v.mayAmend = v.asker && (open || f.Status == request.Declined) && p.may(ctx, "request.amend")
	v.mayWithdraw = v.asker && (open || f.Status == request.Declined) && p.may(ctx, "request.withdraw")
	v.mayReconsider = open && p.may(ctx, "request.reconsider")
	if p.Releases != nil && f.Status == request.Granted && p.may(ctx, "release.list") {
		if v.releases, err = p.Releases.Of(ctx, actor, f.ID); err != nil {
			return err
		}
	}
	v.mayBuild = v.asked && f.Status == request.Granted && p.may(ctx, "release.build")
	return web.Render(w, r, status, requestPage(v))
}

// worded puts names into a fault that speaks of organizations and agreements by their
// ids.
func (p Page) worded(r *http.Request, err error) error {
	kind, msg, ok := fault.Of(err)
	if !ok {
		return err
	}
	f, e := p.one(r)
	if e != nil {
		return err
	}
	return fault.New(kind, "%s", f.Word(msg))
}

func (p Page) lines(w http.ResponseWriter, r *http.Request) error {
	d, err := ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), request.Ruling{ID: r.PathValue("id")})
	if err != nil {
		return err
	}
	decision, err := d.Decision()
	if err != nil {
		return err
	}
	header := []string{"Element", "Title", "Treatment", "Becomes", "Form", "Rule", "Rule version", "Citation", "Reason", "What would give more"}
	return web.CSV(w, "decision.csv", header, func(yield func([]string) bool) {
		for _, l := range decision.Lines {
			if !yield([]string{l.Element, l.Title, string(l.Treatment), l.As, l.Form.String(), l.Rule, strconv.Itoa(l.Version), l.Citation, l.Reason, l.More}) {
				return
			}
		}
	})
}

func (p Page) replay(w http.ResponseWriter, r *http.Request) error {
	f, err := p.one(r)
	if err != nil {
		return err
	}
	form, err := web.ReadForm(r, 4<<10)
	if err != nil {
		return err
	}
	rep, err := ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), request.Replay{ID: f.ID, Decision: form.Text("decision")})
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, replayPage(f, rep))
}

func (p Page) reconsider(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	receipt, err := ledger.Do(once(r.Context(), f), p.Desk, access.Actor(r.Context()), request.Kind, id, request.Reconsider{Sources: p.Sources})
	if err != nil {
		return err
	}
	if receipt.Version == 0 {
		return web.Done(w, r, path(id), "Asked again on the facts of today, the law gives the same answer. Nothing was changed.")
	}
	return web.Done(w, r, path(id), "The request was decided again, and the answer is another: read it below.")
}

func (p Page) approve(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	datasets := f.NeedAny("dataset", "Choose at least one dataset to release from.")
	if f.OK() {
		_, err := ledger.Do(once(r.Context(), f), p.Desk, access.Actor(r.Context()), request.Kind, id,
			request.Approve{Decision: f.Text("decision"), Datasets: datasets, Partial: f.Check("partial"), Sources: p.Sources})
		if err == nil {
			return web.Done(w, r, path(id), "The request is approved. Build the release from it next.")
		}
		if err = p.worded(r, err); !f.Take(err) {
			return err
		}
	}
	return p.show(w, r, http.StatusUnprocessableEntity, f, nil)
}

func (p Page) refuse(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	reason := f.Need("reason", "Choose the reason of the refusal.")
	if f.OK() {
		_, err := ledger.Do(once(r.Context(), f), p.Desk, access.Actor(r.Context()), request.Kind, id,
			request.Refuse{Reason: request.Ground(reason), Note: request.Note{Text: f.Text("note")}})
		if err == nil {
			return web.Done(w, r, path(id), "The request is refused. Whoever asked sees the reason and your note.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.show(w, r, http.StatusUnprocessableEntity, nil, f)
}

func (p Page) withdraw(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if _, err := ledger.Do(once(r.Context(), f), p.Desk, access.Actor(r.Context()), request.Kind, id, request.Withdraw{}); err != nil {
		return err
	}
	return web.Done(w, r, path(id), "The request is withdrawn.")
}
