package page

import (
	"context"
	"encoding/csv"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/agreement"
	"chaperone.example/internal/web"
	"chaperone.example/internal/web/webtest"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
)

const (
	hospital = "o-harbor"
	hub      = "o-lakeside"
	rival    = "o-summit"
)

// town stands for the modules of organizations and of people.
type town []Organization

var consortium = town{
	{hospital, "Harbor Hospital", []law.Status{law.CoveredEntity, law.Provider}},
	{rival, "Summit Medical Center", []law.Status{law.CoveredEntity, law.Provider}},
	{hub, "Lakeside Quality Collaborative", []law.Status{law.Associate, law.Aggregator}},
}

func (o town) Organization(_ context.Context, _ *ledger.Reading, id string) (law.Organization, error) {
	for _, x := range o {
		if x.ID == id {
			return law.Organization{ID: id, Is: x.Is}, nil
		}
	}
	return law.Organization{}, ledger.Unknown("organization")
}

func (o town) Organizations(context.Context, ledger.Actor) ([]Organization, error) { return o, nil }

func (town) People(_ context.Context, _ ledger.Actor, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for _, id := range ids {
		out[id] = "Officer " + strings.TrimPrefix(id, "u-o-")
	}
	return out, nil
}

// A site is the pages over a real ledger and the program's own table of access. The
// cookie "as" says who looks: an organization and a role.
type site struct {
	*testing.T
	url   string
	desk  *ledger.Desk
	clock *ledgertest.Clock
}

func open(t *testing.T) *site {
	table, err := access.NewTable(access.Routes(), access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	desk, clock := ledgertest.Open(t, []ledger.Types{agreement.Types}, agreement.View())
	desk.Gate = table
	mux := access.NewMux(table, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { web.Error(w, r, access.Refusal(r.Context())) }))
	Page{Desk: desk, Parties: consortium, Directory: consortium, May: table.May}.Routes(mux)
	mux.Handle("GET /static/", web.Static())
	outer := http.NewServeMux()
	outer.Handle("/", mux)
	h := web.Site{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}.Handler(outer, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			if c, err := r.Cookie("as"); err == nil {
				org, role, _ := strings.Cut(c.Value, ".")
				ctx = access.WithActor(ctx, ledger.Actor{ID: "u-" + org, Org: org, Role: role})
				ctx = web.WithFrame(ctx, web.Frame{Person: "Robin Sample", Role: role, Org: viewer{orgs: consortium}.name(org), Nav: []web.NavItem{{Label: "Home", Href: "/", Key: "home"}, {Label: "Agreements", Href: "/agreements", Key: "agreements"}}})
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	})
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return &site{t, srv.URL, desk, clock}
}

// send makes a request as somebody and returns the status, the body, and where it
// redirects to.
func (s *site) send(as, method, path string, form url.Values) (int, string, string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if as != "" {
		r.AddCookie(&http.Cookie{Name: "as", Value: as})
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header.Get("Location")
}

func (s *site) get(as, path string, want int) string {
	s.Helper()
	status, body, _ := s.send(as, "GET", path, nil)
	if status != want {
		s.Errorf("GET %s as %s: %d, want %d", path, as, status, want)
	}
	return body
}

func (s *site) post(as, path string, want int, form url.Values) string {
	s.Helper()
	status, body, to := s.send(as, "POST", path, form)
	if status != want {
		s.Errorf("POST %s as %s: %d, want %d: %s", path, as, status, want, problems(body))
	}
	return body + to
}

func problems(body string) string {
	_, after, _ := strings.Cut(body, "There is a problem")
	before, _, _ := strings.Cut(after, "</ul>")
	return before
}

func contains(t *testing.T, what, body string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(body, w) {
			t.Errorf("%s does not say %q", what, w)
		}
	}
}

func officer(org string) string { return org + ".privacy-officer" }

func (s *site) do(org, id string, c ledger.Command[agreement.Contract]) {
	s.Helper()
	a := ledger.Actor{ID: "u-" + org, Org: org, Role: "privacy-officer"}
	if _, err := ledger.Do(s.Context(), s.desk, a, agreement.Kind, id, c); err != nil {
		s.Fatal(err)
	}
}

// offerBAA has the collaborative offer the hospital an agreement without some clauses.
func (s *site) offerBAA(id string, without ...string) {
	in, _ := instrument.Template("baa")
	in.Clauses = slices.DeleteFunc(in.Clauses, func(c string) bool { return slices.Contains(without, c) })
	s.do(hub, id, agreement.Offer{Upstream: hospital, Downstream: hub, Instrument: in, Parties: consortium, End: civil.On(ledgertest.Start) + 365, Note: "Our standard terms."})
}

// entered is the form of the editor as it stands in a page.
func entered(t *testing.T, body string) url.Values {
	t.Helper()
	form := url.Values{}
	for _, tag := range strings.Split(body, "<input ")[1:] {
		tag, _, _ = strings.Cut(tag, ">")
		attr := func(name string) string {
			_, v, _ := strings.Cut(tag, " "+name+`="`)
			v, _, _ = strings.Cut(v, `"`)
			return v
		}
		tag = " " + tag
		kind := attr("type")
		if kind == "checkbox" || kind == "radio" {
			if !strings.Contains(tag, " checked") {
				continue
			}
		}
		form.Add(attr("name"), attr("value"))
	}
	for _, sel := range strings.Split(body, "<select ")[1:] {
		sel, _, _ = strings.Cut(sel, "</select>")
		_, name, _ := strings.Cut(sel, `name="`)
		name, _, _ = strings.Cut(name, `"`)
		if before, _, ok := strings.Cut(sel, " selected"); ok {
			v := before[strings.LastIndex(before, `value="`)+7:]
			v, _, _ = strings.Cut(v, `"`)
			form.Set(name, v)
		}
	}
	return form
}

// The story of the pages (AGR-1): offer from a template, a term is missing, signing is
// refused, the other party amends, both sign, one terminates.
func TestPages(t *testing.T) {
	s := open(t)
	contains(t, "the empty list", s.get(officer(hospital), "/agreements", 200), "No agreements yet", "Offer an agreement")
	contains(t, "the templates", s.get(officer(hub), "/agreements/new", 200), "Business associate agreement", "/agreements/new?template=dua")
	s.get(officer(hub), "/agreements/new?template=none", 404)

	body := s.get(officer(hub), "/agreements/new?template=baa", 200)
	form := entered(t, body)
	if form.Get("whose") != "theirs" || form.Get("breach_hours") != "72" || !slices.Contains(form["clause"], "baa.report") || !slices.Contains(form["permit"], "aggregate") {
		t.Fatalf("the form starts from %v", form)
	}
	contains(t, "an offer to nobody", s.post(officer(hub), "/agreements", 422, form), "Choose the other party.")
	form.Set("other", hospital)
	form.Set("note", "Our standard terms.")
	form["clause"] = slices.DeleteFunc(form["clause"], func(c string) bool { return c == "baa.report" })
	at := s.post(officer(hub), "/agreements", 303, form)
	if again := s.post(officer(hub), "/agreements", 303, form); again != at {
		t.Errorf("the same form again leads to %s, not %s", again, at)
	}
	form.Set("other", "o-nobody")
	form.Set("once", "another")
	s.post(officer(hub), "/agreements", 404, form)

	contains(t, "the list", s.get(officer(hospital), "/agreements", 200), "Lakeside Quality Collaborative", "Terms missing", "Add the missing terms")
	body = s.get(officer(hospital), at, 200)
	contains(t, "the page", body, "Report of unpermitted uses and breaches", "45 CFR 164.504(e)(2)(ii)(C)", "cannot be signed", "Our standard terms.", "Decline version 1", "Officer lakeside")
	contains(t, "the signing page", s.get(officer(hospital), at+"/sign", 200), "This version cannot be signed", "45 CFR 164.504(e)(2)(ii)(C)")
	contains(t, "the refusal", s.post(officer(hospital), at+"/sign", 422, url.Values{"version": {"1"}, "confirm": {"yes"}}), "cannot be signed, because a required term is missing", "45 CFR 164.504(e)(2)(ii)(C)")

	form = entered(t, s.get(officer(hospital), at+"/amend", 200))
	contains(t, "an amendment of nothing", s.post(officer(hospital), at+"/amend", 422, form), "nothing differs from version 1")
	form.Add("clause", "baa.report")
	form.Set("breach_hours", "1e3")
	contains(t, "hours that are no number", s.post(officer(hospital), at+"/amend", 422, form), "Enter a whole number")
	form.Set("breach_hours", "24")
	s.post(officer(hospital), at+"/amend", 303, form)
	contains(t, "the changes", s.get(officer(hub), at+"/changes", 200), "Within 72 hours", "Within 24 hours", "Added")

	contains(t, "an unconfirmed signature", s.post(officer(hospital), at+"/sign", 422, url.Values{"version": {"2"}}), "Tick the box")
	s.post(officer(hospital), at+"/sign", 303, url.Values{"version": {"2"}, "confirm": {"yes"}})
	contains(t, "the half signed page", s.get(officer(hub), at, 200), "waits for the signature of Lakeside Quality Collaborative", "Sign version 2")
	s.post(officer(hub), at+"/sign", 303, url.Values{"version": {"2"}, "confirm": {"yes"}})
	contains(t, "the page in force", s.get(officer(hub), at, 200), "In force", "Terminate", "Officer harbor")

	contains(t, "a termination without a reason", s.post(officer(hospital), at+"/terminate", 422, url.Values{"confirm": {"yes"}}), "Choose why it is terminated.")
	s.post(officer(hospital), at+"/terminate", 303, url.Values{"reason": {"material-breach"}, "confirm": {"yes"}})
	contains(t, "the terminated page", s.get(officer(hospital), at, 200), "Material breach: terminated with effect from Mar 15, 2026", "Lakeside Quality Collaborative has to return or destroy the data by Apr 14, 2026")
}

// Every template can be offered and looked at as it stands.
func TestEveryTemplate(t *testing.T) {
	s := open(t)
	for _, name := range instrument.Templates() {
		as, other := officer(hospital), hub
		if name == "subcontractor" {
			as, other = officer(hub), hospital
		}
		form := entered(t, s.get(as, "/agreements/new?template="+name, 200))
		form.Set("other", other)
		if name == "qsoa" { // neither is a Part 2 program
			contains(t, name, s.post(as, "/agreements", 422, form), "42 CFR 2.11")
			continue
		}
		at := s.post(as, "/agreements", 303, form)
		if body := s.get(as, at, 200); strings.Contains(body, "cannot be signed") {
			t.Errorf("%s as it stands cannot be signed", name)
		}
	}
}

// Counsel's review shows to one's own organization, and warns before signing.
func TestReviewPage(t *testing.T) {
	s := open(t)
	s.offerBAA("a-1")
	form := url.Values{"version": {"1"}, "reviewer": {"counsel"}, "finding": {"objections"}, "once": {"k"}}
	contains(t, "objections without a word", s.post(officer(hospital), "/agreements/a-1/review", 422, form), "Say what has to change.")
	form.Set("note", "Seventy-two hours are too long.")
	s.post(officer(hospital), "/agreements/a-1/review", 303, form)
	s.post(officer(hospital), "/agreements/a-1/review", 303, form)
	contains(t, "one's own page", s.get(officer(hospital), "/agreements/a-1", 200), "Counsel on version 1: Changes needed", "Seventy-two hours")
	contains(t, "the signing page", s.get(officer(hospital), "/agreements/a-1/sign", 200), "Counsel asked for changes to this version")
	for _, path := range []string{"", "/sign"} {
		if body := s.get(officer(hub), "/agreements/a-1"+path, 200); strings.Contains(body, "Seventy-two hours are") || strings.Contains(body, "asked for changes") {
			t.Errorf("the other party reads the review at %q", path)
		}
	}
	if n := strings.Count(s.get(officer(hospital), "/agreements/a-1", 200), "Seventy-two hours are too long."); n != 1 {
		t.Errorf("a form sent twice recorded %d reviews", n)
	}
}

// Every route with the id of others' agreement answers like one with a random id, and
// every changing route refuses a role that may not.
func TestRoutesStayInScope(t *testing.T) {
	s := open(t)
	s.offerBAA("a-1")
	form := url.Values{"version": {"1"}, "confirm": {"yes"}, "reason": {"convenience"}, "end": {"2028-01-01"}, "reviewer": {"counsel"}, "finding": {"acceptable"}}
	n := 0
	for _, route := range access.Routes() {
		method, pattern, _ := strings.Cut(route.Pattern, " ")
		if !strings.HasPrefix(pattern, "/agreements/{id}") {
			continue
		}
		n++
		at := func(id string) string { return strings.Replace(pattern, "{id}", id, 1) }
		status1, body1, _ := s.send(officer(rival), method, at("a-1"), form)
		status2, body2, _ := s.send(officer(rival), method, at("a-random"), form)
		if status1 != 404 || status2 != 404 || body1 != body2 {
			t.Errorf("%s: %d of others' agreement, %d of a random id; the pages differ: %v", route.Pattern, status1, status2, body1 != body2)
		}
		if method == "POST" || strings.HasSuffix(pattern, "/sign") {
			for _, as := range []string{hospital + ".analyst", hospital + ".data-steward", ""} {
				if status, _, _ := s.send(as, method, at("a-1"), form); status != 403 {
					t.Errorf("%s as %q: %d, want 403", route.Pattern, as, status)
				}
			}
		}
	}
	if n < 12 {
		t.Errorf("only %d routes were tried", n)
	}
	if body := s.get(hospital+".analyst", "/agreements/a-1", 200); strings.Contains(body, "Sign version") || strings.Contains(body, "Decline") {
		t.Error("an analyst is offered what only a privacy officer may do")
	}
	for _, q := range []string{"?version=2", "?version=x", "/changes?from=9", "/terms.csv?version=-1"} {
		s.get(officer(hospital), "/agreements/a-1"+q, 404)
	}
}

func TestCSV(t *testing.T) {
	s := open(t)
	s.offerBAA("a-1", "baa.report")
	read := func(path string) [][]string {
		t.Helper()
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(s.get(officer(hospital), path, 200), "\ufeff"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := read("/agreements.csv")
	if want := []string{"a-1", "Business associate agreement", "Lakeside Quality Collaborative", "Ours", "terms missing", "1", "1", "1", "", "2027-03-15", "add the missing terms", ""}; len(rows) != 2 || !slices.Equal(rows[1], want) {
		t.Errorf("agreements.csv: %q, want %q", rows[1:], want)
	}
	if rows := read("/agreements.csv?show=ended"); len(rows) != 1 {
		t.Errorf("ended: %q", rows)
	}
	if rows := read("/agreements/a-1/terms.csv"); len(rows) < 30 || rows[1][0] != "baa.report" || rows[1][2] != "missing" {
		t.Errorf("terms.csv: %d rows, first %q", len(rows), rows[1])
	}
}

// The pages as people see them: nothing overflows, axe finds nothing, no script needed.
func TestLook(t *testing.T) {
	s := open(t)
	b := webtest.Browser(t)
	b.Cookie(t, s.url, "as", officer(hospital))
	b.Sound(t, s.url+"/agreements", "agreements-empty", 200)
	s.offerBAA("a-1", "baa.report", "baa.return")
	s.offerBAA("a-2")
	s.do(hospital, "a-2", agreement.Sign{Version: 1})
	s.do(hub, "a-2", agreement.Sign{Version: 1})
	in, _ := instrument.Template("baa")
	in.Terms.BreachHours, in.Terms.Deidentify = 24, false
	in.Terms.FurtherUse = instrument.Unrestricted
	in.Clauses = slices.DeleteFunc(in.Clauses, func(c string) bool { return c == "baa.deidentification" })
	s.do(hub, "a-2", agreement.Amend{Version: 1, Instrument: in, Note: "A shorter time to report, and open use."})
	part, _ := instrument.Template("participation")
	s.do(hub, "a-3", agreement.Offer{Upstream: hospital, Downstream: hub, Instrument: part, Parties: consortium})
	s.do(hospital, "a-3", agreement.Sign{Version: 1})
	s.do(hub, "a-3", agreement.Sign{Version: 1})
	s.do(hospital, "a-3", agreement.Terminate{Reason: agreement.Convenience})
	review := agreement.RecordReview{Agreement: "a-2", Version: 2, Reviewer: agreement.Counsel, Finding: agreement.Objections, Note: "Further use has to be limited before we can sign."}
	if _, err := ledger.Do(t.Context(), s.desk, ledger.Actor{ID: "u-" + hospital, Org: hospital, Role: "privacy-officer"}, agreement.Opinions, "v-1", review); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"agreements":           "/agreements",
		"agreements-none":      "/agreements?show=in-force",
		"agreement-templates":  "/agreements/new",
		"agreement-offer":      "/agreements/new?template=baa",
		"agreement-incomplete": "/agreements/a-1",
		"agreement-unsignable": "/agreements/a-1/sign",
		"agreement-amended":    "/agreements/a-2",
		"agreement-changes":    "/agreements/a-2/changes",
		"agreement-sign":       "/agreements/a-2/sign",
		"agreement-amend":      "/agreements/a-2/amend",
		"agreement-review":     "/agreements/a-2/review",
		"agreement-terminate":  "/agreements/a-2/terminate",
		"agreement-renew":      "/agreements/a-2/renew",
		"agreement-terminated": "/agreements/a-3",
	} {
		t.Run(name, func(t *testing.T) { b.Sound(t, s.url+path, name, 200) })
	}
	t.Run("a wrong form", func(t *testing.T) {
		b.Open(t, s.url+"/agreements/a-2/terminate")
		if got := b.Follow(t, "main button[type=submit]"); got != http.StatusUnprocessableEntity {
			t.Errorf("status %d, want 422", got)
		}
		b.Axe(t)
		b.Screenshot(t, 390, "agreement-terminate-wrong")
	})
}

// The fault of a withdrawn button names what to do.
func TestWithdraw(t *testing.T) {
	s := open(t)
	s.offerBAA("a-1")
	contains(t, "no version", s.post(officer(hospital), "/agreements/a-1/withdraw", 422, nil), "use its button")
	s.post(officer(hospital), "/agreements/a-1/withdraw", 303, url.Values{"version": {"1"}})
	contains(t, "the page", s.get(officer(hub), "/agreements/a-1", 200), "Withdrawn", "Nothing was agreed")
	contains(t, "withdrawing twice", s.post(officer(hospital), "/agreements/a-1/withdraw", 409, url.Values{"version": {"1"}}), "no version waits for signatures")
}
