package web_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/web"
	"chaperone.example/internal/web/webtest"

	"github.com/a-h/templ"
)

// The gallery shows every component on a few pages, as modules put them together. Whatever
// changes in the frame is looked at here first.

// in renders c around children.
func in(c templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

var frame = web.Frame{
	Person: "Robin Sample", Role: "Privacy officer", Org: "Harbor Hospital", Account: "/account",
	Nav: []web.NavItem{
		{"Home", "/", "home"},
		{"Agreements", "/agreements", "agreements"},
		{"Datasets", "/datasets", "datasets"},
		{"Requests", "/requests", "requests"},
		{"Releases", "/releases", "releases"},
		{"Disclosures", "/disclosures", "disclosures"},
		{"Ledger", "/ledger", "ledger"},
	},
	Ledger: web.Head{Size: 12841, Root: strings.Repeat("7b0f9c21", 8), Href: "/ledger"},
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func homePage() templ.Component {
	return in(web.Layout(web.Page{Title: "Good morning", Active: "home", Lede: "Three things wait for you."}),
		web.Tiles(
			web.Tile{Label: "Active agreements", Value: "14", Href: "/agreements"},
			web.Tile{Label: "Requests to review", Value: "3", Note: "oldest 2 days", Href: "/requests"},
			web.Tile{Label: "Releases open", Value: "5", Note: "next expires Nov 30"},
			web.Tile{Label: "Records in the ledger", Value: web.Count(12841)},
		),
		web.Cards(
			web.Card{Title: "Requests", Text: "Three requests for your data were right-sized and need your decision.", Verb: "Review requests", Href: "/requests", Tone: web.Wait, Note: "3 waiting"},
			web.Card{Title: "Agreements", Text: "One business associate agreement expires in twelve days.", Verb: "Renew agreement", Href: "/agreements", Tone: web.Warn, Note: "1 expires soon"},
			web.Card{Title: "Ask for data", Text: "Say what for, and see at once what may be shared and why.", Verb: "Start a request", Href: "/requests/new"},
			web.Card{Title: "Ledger", Text: "Everything that happened, provable to anybody, offline.", Verb: "Prove a record", Href: "/ledger", Tone: web.Good, Note: "Verified today"},
		),
	)
}

func listPage() templ.Component {
	row := func(ref, project string, badge templ.Component, records, due string) templ.Component {
		return templ.Join(
			templ.Raw(`<tr><th scope="row" data-label="Request"><a href="/requests/`+ref+`">`+ref+`</a></th><td data-label="Project" class="wide">`+project+`</td><td data-label="Status">`),
			badge,
			templ.Raw(`</td><td data-label="Records" class="n">`+records+`</td><td data-label="Answer by">`+due+`</td></tr>`),
		)
	}
	return in(web.Layout(web.Page{Title: "Requests", Active: "requests", Lede: "What others have asked of your organization, newest first.", Aside: web.LinkButton("/requests/new", "Ask for data")}),
		in(templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			return templ.Join(templ.Raw(`<form class="filter" action="/list" hx-get="/list" hx-target="#main" hx-select="#main" hx-swap="outerHTML" hx-push-url="true">`), templ.GetChildren(ctx), templ.Raw(`<button type="submit" class="quiet">Apply</button></form>`)).Render(ctx, w)
		}),
			web.Select(web.Field{Name: "status", Label: "Status", Optional: true, Value: "any"}, []web.Option{{Value: "any", Label: "Any"}, {Value: "waiting", Label: "Waiting"}}),
			web.Input(web.Field{Name: "from", Label: "From", Type: "date", Optional: true}),
		),
		in(web.Table(web.Grid{ID: "requests", Caption: "Requests to Harbor Hospital", Columns: web.Columns("Request", "Project", "Status", "Records#", "Answer by"), CSV: "/requests.csv"}),
			row("R-1042", "Readmissions after heart failure, a project with a long name that wraps", web.Badge(web.Wait, "Awaiting approval"), "48,120", "Nov 26, 2026"),
			row("R-1041", "Sepsis bundle", web.Badge(web.Good, "Approved"), "9,310", "–"),
			row("R-1040", "Device days", web.Badge(web.Bad, "Denied"), "0", "–"),
			row("R-1039", "Falls with injury", web.Badge(web.Warn, "Expires soon"), "1,204", "Nov 25, 2026"),
			row("R-1038", "Length of stay", web.Badge(web.Plain, "Draft"), "–", "–"),
			row("R-1037", "Nurse staffing", web.Badge(web.Info, "Amended"), "640", "–"),
		),
		web.Pager("/requests?page=1", "/requests?page=3"),
		in(web.Section("none", "Released to you"),
			in(web.Empty("Nothing released yet", "When a request of yours is approved, its package appears here."), web.LinkButton("/requests/new", "Ask for data")),
		),
	)
}

func detailPage() templ.Component {
	return in(web.Layout(web.Page{
		Title: "Readmissions after heart failure", Active: "requests", Lede: "Request R-1042 by the Lakeside Quality Collaborative.",
		Crumbs: []web.Crumb{{"Requests", "/requests"}}, Aside: web.Badge(web.Wait, "Awaiting approval"),
	}),
		in(web.Callout(web.Warn, "The agreement ends in 12 days"), templ.Raw(`<p>What is released now must be destroyed by then, or the agreement renewed.</p>`)),
		in(web.Section("what", "What was asked"), web.Facts(
			web.Fact{Term: "Purpose", Value: "Health care operations: quality assessment"},
			web.Fact{Term: "Population", Value: "Adults discharged with heart failure"},
			web.Fact{Term: "Time frame", Value: "Jan 1, 2025 to Dec 31, 2025"},
			web.Fact{Term: "Ledger record", Show: web.Hash(strings.Repeat("4e2a91c07b3d55f8", 4))},
			web.Fact{Term: "Retention"},
		)),
		in(web.Section("why", "What may be shared, and why"),
			web.Why(web.Reason{Tone: web.Good, Outcome: "Allowed", Rule: "HIP-OPS-CE", Citation: "45 CFR 164.506(c)(4)", Text: "Both organizations have or had a relationship with the patients, and the purpose is quality assessment."}),
			web.Why(web.Reason{
				Tone: web.Warn, Outcome: "Reduced to the year", Rule: "HIP-MINNEC", Citation: "45 CFR 164.502(b), 164.514(d)",
				Text: "The measure needs the interval between two stays, not their dates.", Change: "A purpose that needs dates, under a data use agreement for a limited data set.",
				Facts: []web.Fact{{Term: "Element asked", Value: "Admission date"}, {Term: "Form allowed", Value: "Year, and days since the index stay"}},
			}),
			web.Why(web.Reason{Tone: web.Bad, Outcome: "Denied", Rule: "SUD-CONSENT", Citation: "42 CFR 2.31, 2.33", Text: "Records of a part 2 program need the patient's written consent. There is none for this purpose."}),
		),
		in(web.Section("history", "History"), web.Timeline([]web.Moment{
			{At: noon, What: "Request submitted", Who: "Quality coordinator, Lakeside Quality Collaborative", Href: "/ledger/12841", Tone: web.Info},
			{At: noon.Add(time.Second), What: "Decision made", Note: "9 of 14 elements allowed, 3 reduced, 2 denied.", Tone: web.Good},
			{At: noon.Add(26 * time.Hour), What: "Waiting for the data steward", Tone: web.Wait},
		})),
		in(web.Details("How the decision was computed"), templ.Raw(`<p>Rules version 2026-11-01, 18 rules asked, 11 applied. <a id="late" href="/refused" hx-get="/refused" hx-target="closest div">Ask again</a></p>`)),
		in(templ.Raw(`<div class="row">`)), in(web.PostButton("/requests/R-1042/approve", "Approve as right-sized", web.Good)), in(web.PostButton("/requests/R-1042/deny", "Deny", web.Bad), web.Hidden("reason", "x")), templ.Raw(`</div>`),
	)
}

func formPage(f *web.Form) templ.Component {
	return in(web.Layout(web.Page{Title: "Ask for data", Active: "requests", Narrow: true, Lede: "You see at once what may be shared, and what would have to change to get more.", Crumbs: []web.Crumb{{"Requests", "/list"}}}),
		web.ErrorSummary(f),
		templ.Raw(`<form method="post" action="/form" novalidate>`),
		web.Input(web.Field{Form: f, Name: "project", Label: "Project", Hint: "As it appears in the agreement."}),
		web.TextArea(web.Field{Form: f, Name: "purpose", Label: "What is it for?", Hint: "Do not enter names or record numbers of patients."}),
		web.Select(web.Field{Form: f, Name: "basis", Label: "Legal basis"}, []web.Option{{Value: "ops", Label: "Health care operations"}, {Value: "research", Label: "Research"}}),
		web.Radios(web.Field{Form: f, Name: "form", Label: "Form of the data"}, []web.Option{
			{Value: "safe", Label: "De-identified (safe harbor)", Hint: "No identifiers, dates as years. Needs no agreement."},
			{Value: "limited", Label: "Limited data set", Hint: "Dates and five-digit ZIP codes. Needs a data use agreement."},
			{Value: "full", Label: "Identified", Hint: "Not available under your agreement.", Disabled: true},
		}),
		web.Checkboxes(web.Field{Form: f, Name: "element", Label: "Elements", Values: []string{"age"}}, []web.Option{{Value: "age", Label: "Age in years"}, {Value: "zip3", Label: "First three digits of the ZIP code"}, {Value: "dx", Label: "Diagnoses"}}),
		web.Input(web.Field{Form: f, Name: "from", Label: "First day", Type: "date"}),
		web.Input(web.Field{Form: f, Name: "months", Label: "Keep for how many months?", Inputmode: "numeric", Optional: true}),
		web.Input(web.Field{Form: f, Name: "code", Label: "Code from your authenticator", Autocomplete: "one-time-code", Inputmode: "numeric", Optional: true}),
		web.Input(web.Field{Form: f, Name: "file", Label: "Protocol", Type: "file", Optional: true}),
		web.Submit("Send request", "/list"), templ.Raw(`</form>`),
	)
}

// gallery serves the gallery as the app serves pages, and logs to log.
func gallery(log io.Writer) http.Handler {
	mux := http.NewServeMux()
	show := func(c templ.Component) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error { return web.Render(w, r, http.StatusOK, c) }
	}
	mux.Handle("GET /{$}", show(homePage()))
	mux.Handle("GET /list", show(listPage()))
	mux.Handle("GET /detail", show(detailPage()))
	mux.Handle("GET /form", show(formPage(nil)))
	mux.Handle("POST /form", web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		f, err := web.ReadForm(r, 8<<10)
		if err != nil {
			return err
		}
		f.Need("project", "Enter the project's name.")
		f.Need("form", "Choose a form of the data.")
		f.NeedAny("element", "Choose at least one element.")
		f.Date("from", false)
		if !f.OK() {
			return web.Render(w, r, http.StatusUnprocessableEntity, formPage(f))
		}
		return web.Done(w, r, "/list", "The request was sent to the data steward.")
	}))
	mux.Handle("GET /refused", web.Handler(func(http.ResponseWriter, *http.Request) error {
		return fault.New(fault.Refused, "The agreement ended on Nov 1, 2026.")
	}))
	mux.Handle("GET /broken/{id}", web.Handler(func(http.ResponseWriter, *http.Request) error { return io.ErrUnexpectedEOF }))
	mux.Handle("GET /panic", web.Handler(func(http.ResponseWriter, *http.Request) error { panic("ZQpanicvalue") }))
	mux.Handle("GET /static/", web.Static())
	site := web.Site{Log: slog.New(slog.NewTextHandler(log, nil))}
	return site.Handler(mux, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(web.WithFrame(r.Context(), frame)))
		})
	})
}

func TestGallery(t *testing.T) {
	srv := httptest.NewServer(gallery(io.Discard))
	defer srv.Close()
	b := webtest.Browser(t)
	for _, p := range []struct {
		path, name string
		status     int
	}{
		{"/", "home", 200},
		{"/list", "list", 200},
		{"/detail", "detail", 200},
		{"/form", "form", 200},
		{"/refused", "refused", 409},
		{"/broken/7", "broken", 500},
		{"/nothing", "nothing", 404},
	} {
		t.Run(p.name, func(t *testing.T) { b.Sound(t, srv.URL+p.path, p.name, p.status) })
	}

	t.Run("a wrong form comes back with the entries and a summary in focus", func(t *testing.T) {
		b.Size(t, 1280)
		b.Open(t, srv.URL+"/form")
		b.Fill(t, "project", "Falls")
		b.Click(t, "#element-age")
		if got := b.Follow(t, "main button[type=submit]"); got != http.StatusUnprocessableEntity {
			t.Errorf("status %d, want 422", got)
		}
		b.Wait(t, "document.activeElement.className === 'summary'") // autofocus comes with the first frame
		if got := webtest.Eval[string](t, b, "document.getElementById('project').value"); got != "Falls" {
			t.Errorf("the project came back as %q", got)
		}
		if webtest.Eval[bool](t, b, "document.getElementById('element-age').checked") {
			t.Error("the default is ticked again, though the person unticked it")
		}
		b.Axe(t)
		b.Screenshot(t, 1280, "form-wrong")
		b.Screenshot(t, 390, "form-wrong")
		b.NoOverflow(t, 320)
		b.Click(t, ".summary a[href='#form']")
		b.Wait(t, "document.activeElement.id === 'form'")
	})

	t.Run("a right form ends on the list with a message, once", func(t *testing.T) {
		b.Open(t, srv.URL+"/form")
		b.Fill(t, "project", "Falls")
		b.Click(t, "#form-safe")
		webtest.Eval[bool](t, b, "(document.getElementById('from').value = '2026-01-01', true)")
		if got := b.Follow(t, "main button[type=submit]"); got != http.StatusOK {
			t.Errorf("status %d, want 200", got)
		}
		if got := b.Text(t, ".flash"); got != "The request was sent to the data steward." {
			t.Errorf("flash %q", got)
		}
		b.Axe(t)
		b.Screenshot(t, 1280, "list-done")
		b.Open(t, srv.URL+"/list")
		if webtest.Eval[int](t, b, "document.querySelectorAll('.flash').length") != 0 {
			t.Error("the message is shown twice")
		}
	})

	t.Run("the keyboard goes from the skip link through the header to the content", func(t *testing.T) {
		b.Size(t, 1280)
		b.Open(t, srv.URL+"/list")
		got := strings.Join(b.FocusOrder(t, 15), ", ")
		want := "Skip to content, Chaperone, Robin Sample, Sign out, Home, Agreements, Datasets, Requests, Releases, Disclosures, Ledger, Ask for data, #status, #from, #from"
		if got != want {
			t.Errorf("focus order\n got %s\nwant %s", got, want)
		}
	})

	t.Run("htmx swaps the content under the policy, and errors take its place", func(t *testing.T) {
		b.Open(t, srv.URL+"/list")
		b.Wait(t, "htmx.config.history === 'reload' && htmx.config.includeIndicatorCSS === false")
		webtest.Eval[bool](t, b, "window.stays = true")
		b.Click(t, ".filter button")
		b.Wait(t, "location.search.includes('status=any') && document.querySelector('h1').innerText === 'Requests'")
		if !webtest.Eval[bool](t, b, "window.stays === true") {
			t.Error("the page was loaded again instead")
		}
		b.Axe(t)
		b.Open(t, srv.URL+"/detail")
		b.Click(t, "summary")
		b.Click(t, "#late")
		b.Wait(t, "document.querySelector('h1').innerText === 'This is not possible now'")
		if n := webtest.Eval[int](t, b, "document.querySelectorAll('main, h1').length"); n != 2 {
			t.Errorf("%d headings and main parts, want one each", n)
		}
		b.Axe(t)
	})

	t.Run("print", func(t *testing.T) {
		b.Open(t, srv.URL+"/detail")
		b.Media(t, "print", "")
		b.Screenshot(t, 800, "detail-print")
		if webtest.Eval[bool](t, b, "[...document.querySelectorAll('nav, .skip')].some(e => e.offsetParent)") {
			t.Error("navigation is printed")
		}
		b.Media(t, "", "dark")
		b.Screenshot(t, 1280, "detail-dark")
		b.Media(t, "", "light")
	})
}

// The checks themselves must bite.
func TestChecksSeeWhatIsWrong(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /bad", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		_, _ = w.Write([]byte(`<!DOCTYPE html><title>x</title><h1>x</h1><img src="data:,"><p id=wide style="width:900px">` + strings.Repeat("word", 200) + `</p><script>document.title = "inline ran"</script>`))
	})
	mux.HandleFunc("GET /complains", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`<!DOCTYPE html><link rel=icon href="data:,"><title>x</title><script>console.error("no")</script>`))
	})
	mux.HandleFunc("GET /lacks", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`<!DOCTYPE html><link rel=icon href="data:,"><title>x</title><script src="/none.js"></script>`))
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	b := webtest.Browser(t)
	b.Open(t, srv.URL+"/bad")
	if got := webtest.Eval[string](t, b, "document.title"); got != "x" {
		t.Error("an inline script ran against the policy")
	}
	if troubles := b.Troubles(); len(troubles) == 0 {
		t.Error("a blocked script went unnoticed")
	}
	probe := &failures{TB: t}
	b.NoOverflow(probe, 320)
	if probe.text.Len() == 0 {
		t.Error("NoOverflow did not see a word of 800 letters")
	}
	probe.text.Reset()
	b.Axe(probe)
	if !strings.Contains(probe.text.String(), "html-has-lang") {
		t.Errorf("Axe did not miss the language: %s", probe.text.String())
	}
	b.Troubles()
	for path, want := range map[string]string{"/complains": "to the console", "/lacks": "is answered 404"} {
		b.Open(t, srv.URL+path)
		if got := strings.Join(b.Troubles(), " "); !strings.Contains(got, want) {
			t.Errorf("%s: the browser's trouble is %q, want %q", path, got, want)
		}
	}
}

// failures keeps what a check reports instead of failing.
type failures struct {
	testing.TB
	text bytes.Buffer
}

func (f *failures) Helper() {}
func (f *failures) Errorf(format string, a ...any) {
	f.text.WriteString(strings.TrimSpace(format) + " ")
	for _, x := range a {
		if s, ok := x.(string); ok {
			f.text.WriteString(s + " ")
		}
	}
}
