// Package page shows releases, the disclosure log and the accounting of disclosures,
// and takes the commands about them over HTTP.
//
// It is thin: it reads forms, asks and does, and renders. What identifies a patient is
// taken in the body of a POST and stands in no address, log line or file name.
package page

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/release"
	"chaperone.example/internal/release/index"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// A Page serves /releases and /disclosures.
type Page struct {
	Builder   *release.Builder
	Index     index.Register
	Directory release.Directory
	May       func(role phi.Role, action string) bool // whether to offer an action; the gate decides
}

// Routes adds the pages to mux.
func (p Page) Routes(mux *access.Mux) {
	mux.Handle("GET /releases", web.Handler(p.list))
	mux.Handle("GET /releases.csv", web.Handler(p.listCSV))
	mux.Handle("GET /releases/register", web.Handler(p.register))
	mux.Handle("GET /releases/register.csv", web.Handler(p.registerCSV))
	mux.Handle("GET /releases/new", web.Handler(p.blank))
	mux.Handle("POST /releases", web.Handler(p.build))
	mux.Handle("GET /releases/{id}", web.Handler(p.see))
	mux.Handle("POST /releases/{id}/download", web.Handler(p.download))
	mux.Handle("GET /releases/{id}/evidence", web.Handler(p.evidence))
	mux.Handle("POST /releases/{id}/clear", web.Handler(p.clear))
	mux.Handle("POST /releases/{id}/revoke", web.Handler(p.revoke))
	mux.Handle("GET /disclosures", web.Handler(p.log))
	mux.Handle("GET /disclosures.csv", web.Handler(p.logCSV))
	mux.Handle("GET /disclosures/accounting", web.Handler(p.question))
	mux.Handle("POST /disclosures/accounting", web.Handler(p.account))
}

// maxForm bounds a posted form, in bytes.
const maxForm = 16 << 10

func (p Page) may(r *http.Request, action string) bool {
	return p.May == nil || p.May(phi.Role(access.Actor(r.Context()).Role), action)
}

func path(id string) string { return "/releases/" + url.PathEscape(id) }

func requestPath(id string) string { return "/requests/" + url.PathEscape(id) }

func readStatus(r *http.Request) (release.Status, error) {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return "", err
	}
	switch s := release.Status(f.Text("status")); s {
	case release.Open, release.Expired, release.Ended, release.Quarantined:
		return s, nil
	}
	return "", nil
}

func (p Page) rows(r *http.Request) ([]release.Row, release.Status, error) {
	status, err := readStatus(r)
	if err != nil {
		return nil, "", err
	}
	rows, err := ledger.Ask(r.Context(), p.Builder.Desk, access.Actor(r.Context()), release.List{Status: status, Requests: p.Builder.Requests, Directory: p.Directory})
	return rows, status, err
}

func (p Page) list(w http.ResponseWriter, r *http.Request) error {
	rows, status, err := p.rows(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(catalogue{rows: rows, status: status, org: access.Actor(r.Context()).Org,
		mayBuild: p.may(r, "release.build"), mayDownload: p.may(r, "release.download")}))
}

func (p Page) listCSV(w http.ResponseWriter, r *http.Request) error {
	rows, _, err := p.rows(r)
	if err != nil {
		return err
	}
	header := []string{"Release", "Request", "Discloser", "Recipient", "Purpose", "Form", "Records", "Patients", "Downloads", "Offered", "Expires", "Status", "Revoked", "Reason"}
	return web.CSV(w, "releases.csv", header, func(yield func([]string) bool) {
		for _, x := range rows {
			if !yield([]string{x.ID, x.Request, x.Name(x.Discloser), x.Name(x.Recipient), x.Purpose, x.Form, strconv.FormatInt(x.Records, 10), strconv.Itoa(x.Patients),
				strconv.Itoa(x.Downloads), stamp(x.At), stamp(x.Expires), standing(x.Status, x.Barred), stamp(x.RevokedAt), x.Reason.Title()}) {
				return
			}
		}
	})
}

// stamp writes a time for programs; the zero time is empty.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (p Page) blank(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	if f.Text("request") == "" {
		return web.Render(w, r, http.StatusOK, newPage(draft{}))
	}
	return p.draft(w, r, http.StatusOK, f.Text("request"), nil)
}

// draft shows what would be built from a request, or why nothing can be.
func (p Page) draft(w http.ResponseWriter, r *http.Request, status int, request string, f *web.Form) error {
	d := draft{request: request, form: f, once: vault.NewID()}
	var err error
	d.Draft, err = ledger.Ask(r.Context(), p.Builder.Desk, access.Actor(r.Context()), release.Prepare{Builder: p.Builder, Request: request, Directory: p.Directory})
	if kind, text, ok := fault.Of(err); ok && kind == fault.Refused {
		d.refusal, err = text, nil
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, status, newPage(d))
}

func (p Page) build(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	request := f.Need("request", "Enter the id of an approved request.")
	days := f.Int("days", 1, int(release.MaxLifetime/(24*time.Hour)))
	if !f.OK() {
		if request == "" {
			return web.Render(w, r, http.StatusUnprocessableEntity, newPage(draft{form: f}))
		}
		return p.draft(w, r, http.StatusUnprocessableEntity, request, f)
	}
	web.Slow(w) // the package is built while the page loads
	a := access.Actor(r.Context())
	id := release.NewID(a, f.Text("once"))
	if _, err := p.Builder.Release(r.Context(), a, id, request, time.Duration(days)*24*time.Hour); err != nil {
		if !f.Take(err) {
			return err
		}
		return p.draft(w, r, http.StatusUnprocessableEntity, request, f)
	}
	return web.Done(w, r, path(id), "The package is built and encrypted to its recipients. Below is where it stands.")
}

func (p Page) see(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, http.StatusOK, nil)
}

// show renders a release, with what was entered in its form if that failed.
func (p Page) show(w http.ResponseWriter, r *http.Request, status int, f *web.Form) error {
	s, err := ledger.Ask(r.Context(), p.Builder.Desk, access.Actor(r.Context()), release.See{ID: r.PathValue("id"), Requests: p.Builder.Requests, Directory: p.Directory})
	if err != nil {
		return err
	}
	a := access.Actor(r.Context())
	v := sheet{Sheet: s, form: f, org: a.Org, me: a.ID}
	v.mine = s.Recipient == a.Org && s.For(a.ID)
	v.mayDownload = v.mine && s.Status == release.Open && s.Barred == "" && p.may(r, "release.download")
	v.mayClear = s.Status == release.Quarantined && s.Discloser == a.Org && s.By != a.ID && p.may(r, "release.clear")
	v.mayRevoke = s.Discloser == a.Org && s.Status != release.Ended && p.may(r, "release.revoke")
	v.mayRebuild = s.Discloser == a.Org && s.Status != release.Open && p.may(r, "release.build")
	return web.Render(w, r, status, offerPage(v))
}

func (p Page) download(w http.ResponseWriter, r *http.Request) error {
	o, in, err := p.Builder.Open(r.Context(), access.Actor(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	defer in.Close()
	web.Slow(w)
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", web.Attachment("release-"+o.ID+".zip.age"))
	w.Header().Set("Content-Length", strconv.FormatInt(o.Bytes, 10))
	if _, err := io.Copy(w, in); err != nil {
		panic(http.ErrAbortHandler) // what is half sent must not look complete
	}
	return nil
}

// evidence shows what was found in a release that is held, to whom decides about it.
func (p Page) evidence(w http.ResponseWriter, r *http.Request) error {
	return p.judge(w, r, http.StatusOK, nil)
}

func (p Page) judge(w http.ResponseWriter, r *http.Request, status int, f *web.Form) error {
	a, id := access.Actor(r.Context()), r.PathValue("id")
	found, err := ledger.Ask(r.Context(), p.Builder.Desk, a, release.Evidence{Builder: p.Builder, ID: id})
	if err != nil {
		return err
	}
	s, err := ledger.Ask(r.Context(), p.Builder.Desk, a, release.See{ID: id, Directory: p.Directory})
	if err != nil {
		return err
	}
	return web.Render(w, r, status, evidencePage(sheet{Sheet: s, form: f, org: a.Org, mayClear: s.Status == release.Quarantined && s.By != a.ID}, found))
}

func (p Page) clear(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	ground := f.Need("ground", "Choose why it may leave.")
	if f.OK() {
		id := r.PathValue("id")
		_, err := p.Builder.Clear(r.Context(), access.Actor(r.Context()), id, release.Ground(ground))
		if err == nil {
			return web.Done(w, r, path(id), "The release is on offer. That you let it go, and why, is on record.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.judge(w, r, http.StatusUnprocessableEntity, f)
}

func (p Page) revoke(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	reason := f.Need("reason", "Choose why the offer ends.")
	if f.OK() {
		id := r.PathValue("id")
		_, err := p.Builder.Revoke(r.Context(), access.Actor(r.Context()), id, release.Reason(reason))
		if err == nil {
			return web.Done(w, r, path(id), "The offer is revoked and its package destroyed. Nobody can fetch it any more.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.show(w, r, http.StatusUnprocessableEntity, f)
}

// pageSize is how many disclosures stand on a page.
const pageSize = 50

// anything is what a filter says that narrows nothing.
const anything = "any"

// A filter is what the log is narrowed to.
type filter struct {
	form   *web.Form
	side   string
	kind   string // form of the data
	from   string
	to     string
	before int64
}

// query is the filter as part of an address.
func (x filter) query(base string, before int64) string {
	v := url.Values{}
	for name, s := range map[string]string{"side": x.side, "form": x.kind, "from": x.from, "to": x.to} {
		if s != "" && s != anything {
			v.Set(name, s)
		}
	}
	if before > 0 {
		v.Set("before", strconv.FormatInt(before, 10))
	}
	if len(v) == 0 {
		return base
	}
	return base + "?" + v.Encode()
}

// narrowed reports whether the filter narrows anything.
func (x filter) narrowed() bool { return x.query("", 0) != "" }

func readFilter(r *http.Request) (filter, release.Log, error) {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return filter{}, release.Log{}, err
	}
	x := filter{form: f, side: f.Text("side"), kind: f.Text("form"), from: f.Text("from"), to: f.Text("to")}
	q := release.Log{From: f.Date("from", true), To: f.Date("to", true), Given: x.side == "given", Received: x.side == "received"}
	if x.kind != anything {
		q.Form = x.kind
	}
	if n, err := strconv.ParseInt(f.Text("before"), 10, 64); err == nil && n > 0 {
		x.before, q.Before = n, n
	}
	return x, q, nil
}

func (p Page) log(w http.ResponseWriter, r *http.Request) error {
	x, q, err := readFilter(r)
	if err != nil {
		return err
	}
	if !x.form.OK() {
		return web.Render(w, r, http.StatusUnprocessableEntity, logPage(journal{filter: x, org: access.Actor(r.Context()).Org}))
	}
	q.Limit, q.Directory = pageSize+1, p.Directory
	lines, err := ledger.Ask(r.Context(), p.Builder.Desk, access.Actor(r.Context()), q)
	if err != nil {
		return err
	}
	j := journal{filter: x, org: access.Actor(r.Context()).Org, lines: lines, mayAccount: p.may(r, "disclosure.account")}
	if len(lines) > pageSize {
		j.lines = lines[:pageSize]
		j.next = x.query("/disclosures", j.lines[pageSize-1].Seq)
	}
	return web.Render(w, r, http.StatusOK, logPage(j))
}

func (p Page) logCSV(w http.ResponseWriter, r *http.Request) error {
	x, q, err := readFilter(r)
	if err != nil {
		return err
	}
	if !x.form.OK() {
		return fault.New(fault.Invalid, "a date of the filter cannot be read: write it like 2026-01-31")
	}
	q.Export, q.Directory = true, p.Directory
	lines, err := ledger.Ask(r.Context(), p.Builder.Desk, access.Actor(r.Context()), q)
	if err != nil {
		return err
	}
	header := []string{"Ledger record", "Time", "Release", "Discloser", "Recipient", "Fetched by", "Purpose", "Authority", "Rule", "Form", "Elements", "Withheld", "Obligations", "Records", "Patients", "In accountings"}
	return web.CSV(w, "disclosures.csv", header, func(yield func([]string) bool) {
		for _, d := range lines {
			if !yield([]string{strconv.FormatInt(d.Seq, 10), stamp(d.At), d.Release, d.Name(d.Discloser), d.Name(d.Recipient), d.Name(d.By), d.Purpose, d.Authority, d.Basis, d.Form,
				strings.Join(d.Elements, " "), strings.Join(d.Withheld, " "), strings.Join(d.Duties, " "), strconv.FormatInt(d.Records, 10), strconv.Itoa(d.Patients), accounted(d)}) {
				return
			}
		}
	})
}

func (p Page) question(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, questionPage(nil))
}

func (p Page) account(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	q := release.Account{Identifier: f.Need("identifier", "Enter the patient's identifier."), From: f.Date("from", true), To: f.Date("to", true), Index: p.Index, Directory: p.Directory}
	if f.OK() {
		a, err := p.ask(r.Context(), q)
		if err == nil {
			return web.Render(w, r, http.StatusOK, accountingPage(answer{Accounting: a, org: access.Actor(r.Context()).Org}))
		}
		if !f.Take(err) {
			return err
		}
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, questionPage(f))
}

func (p Page) ask(ctx context.Context, q release.Account) (release.Accounting, error) {
	return ledger.Ask(ctx, p.Builder.Desk, access.Actor(ctx), q)
}
