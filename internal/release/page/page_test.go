package page_test

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/release"
	"chaperone.example/internal/release/index"
	"chaperone.example/internal/release/page"
	"chaperone.example/internal/release/releasetest"
	"chaperone.example/internal/web"
	"chaperone.example/internal/web/webtest"
	"chaperone.example/ledger"
	"golang.org/x/net/html"
)

// site serves the pages of this module to one actor, as the program does.
type site struct {
	*releasetest.World
	mux *access.Mux
}

func open(t *testing.T) site {
	t.Helper()
	w := releasetest.Open(t)
	var routes []access.Route
	for _, r := range access.Routes() {
		_, p, _ := strings.Cut(r.Pattern, " ")
		if strings.HasPrefix(p, "/releases") || strings.HasPrefix(p, "/disclosures") || strings.HasPrefix(p, "/static/") {
			routes = append(routes, r)
		}
	}
	table, err := access.NewTable(routes, access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	w.Desk.Gate = gate{table}
	mux := access.NewMux(table, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { web.Error(w, r, access.Refusal(r.Context())) }))
	page.Page{Builder: w.Builder, Index: index.Register{Vault: w.Vault}, Directory: w, May: table.May}.Routes(mux)
	mux.Handle("GET /static/", web.Static())
	if err := mux.Err(); err != nil {
		t.Fatal(err)
	}
	return site{w, mux}
}

// gate is the table, and lets the permissions of the test world pass.
type gate struct{ *access.Table }

func (g gate) Permit(ctx context.Context, a ledger.Actor, action string) (ledger.Scope, error) {
	if strings.HasPrefix(action, "pact.") {
		return ledger.Scope{Actor: a, Org: a.Org}, nil
	}
	return g.Table.Permit(ctx, a, action)
}

func (s site) as(a ledger.Actor) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		org := map[string]string{releasetest.Steward.Org: "Harbor Hospital", releasetest.Coordinator.Org: "Lakeside Quality Collaborative"}[a.Org]
		ctx := web.WithFrame(access.WithActor(r.Context(), a), web.Frame{Person: "Robin Sample", Role: access.Title("privacy-officer"), Org: org,
			Nav: []web.NavItem{{Label: "Home", Href: "/", Key: "home"}, {Label: "Releases", Href: "/releases", Key: "releases"}, {Label: "Disclosures", Href: "/disclosures", Key: "disclosures"}}})
		s.mux.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s site) do(t *testing.T, a ledger.Actor, method, path string, v url.Values, status int) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(v.Encode()))
	if v != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	s.as(a).ServeHTTP(w, r)
	if w.Code != status {
		t.Fatalf("%s %s as %s: %d, want %d\n%s", method, path, a.ID, w.Code, status, text(t, w.Body.String()))
	}
	return w
}

func (s site) get(t *testing.T, a ledger.Actor, path string, status int) string {
	t.Helper()
	return text(t, s.do(t, a, "GET", path, nil, status).Body.String())
}

func (s site) post(t *testing.T, a ledger.Actor, path string, v url.Values, status int) *httptest.ResponseRecorder {
	t.Helper()
	return s.do(t, a, "POST", path, v, status)
}

// text is the words of a page, for looking at.
func text(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func says(t *testing.T, page string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(page, w) {
			t.Errorf("the page does not say %q:\n%s", w, page)
		}
	}
}

// build builds a release from request through its form and returns its path.
func (s site) build(t *testing.T, request string) string {
	t.Helper()
	return s.post(t, releasetest.Steward, "/releases", url.Values{"once": {"k-" + request}, "request": {request}, "days": {"14"}}, 303).Header().Get("Location")
}

// The life of a release through its pages (REL-1).
func TestLifeOfARelease(t *testing.T) {
	s := open(t)
	says(t, s.get(t, releasetest.Steward, "/releases", 200), "No releases yet", "See approved requests")
	says(t, s.get(t, releasetest.Coordinator, "/releases", 200), "No releases yet", "its data steward builds a package")
	s.Grant("q-1", releasetest.Permit())
	says(t, s.get(t, releasetest.Steward, "/releases/new?request=q-1", 200), "De-identified (Safe Harbor)", "Lakeside Quality Collaborative", "2 people of Lakeside Quality Collaborative with a registered key", "Feb 1, 2024 to May 31, 2024", "Sex", "What is released is encrypted to its recipient.")
	where := s.build(t, "q-1")
	if again := s.build(t, "q-1"); again != where {
		t.Errorf("the form sent twice leads to %s and %s", where, again)
	}
	id := strings.TrimPrefix(where, "/releases/")

	says(t, s.get(t, releasetest.Coordinator, "/releases", 200), "1 package is ready for you to fetch", "From Harbor Hospital", "Ready to fetch", "Fetch it before Mar 29, 2026")
	if seen := s.get(t, releasetest.Colleague, "/releases", 200); strings.Contains(seen, "Ready to fetch") {
		t.Error("somebody who is no recipient is told to fetch it")
	}
	says(t, s.get(t, releasetest.Coordinator, where, 200), "Ready for you to fetch until Mar 29, 2026", "data-1.csv", "Asked for and withheld Name ZIP code", "45 CFR 164.502(e)(1)(i)", "To be destroyed by Sep 11, 2026",
		"age --decrypt --identity key.txt --output release.zip release-"+id+".zip.age", "Nobody has fetched it yet.", "(Robin Sample, Sasha Sample)")
	if seen := s.get(t, releasetest.Colleague, where, 200); strings.Contains(seen, "Download 1") || strings.Contains(seen, "Ready for you") {
		t.Error("somebody who is no recipient is offered the download")
	}

	w := s.post(t, releasetest.Coordinator, where+"/download", url.Values{}, 200)
	h := w.Header()
	if h.Get("Content-Type") != "application/octet-stream" || !strings.Contains(h.Get("Content-Disposition"), `filename="release-`+id+`.zip.age"`) || h.Get("Content-Length") != strconv.Itoa(w.Body.Len()) ||
		!strings.HasPrefix(w.Body.String(), "age-encryption.org/v1") {
		t.Errorf("download: %v", h)
	}
	seen := s.get(t, releasetest.Steward, where, 200)
	says(t, seen, "A quality coordinator, Lakeside Quality Collaborative", "Revoke this release", "Its records in the ledger")
	if strings.Contains(seen, "How to open it") {
		t.Error("the discloser is told how to open what it cannot open")
	}
	says(t, s.get(t, releasetest.Coordinator, where, 200), "Robin Sample, Lakeside Quality Collaborative")

	says(t, text(t, s.post(t, releasetest.Steward, where+"/revoke", url.Values{}, 422).Body.String()), "Choose why the offer ends.")
	s.post(t, releasetest.Steward, where+"/revoke", url.Values{"reason": {"no-longer-needed"}}, 303)
	says(t, s.get(t, releasetest.Steward, where, 200), "Revoked on Mar 15, 2026", "The project no longer needs it", "Build it again")
	if body := text(t, s.post(t, releasetest.Coordinator, where+"/download", url.Values{}, 409).Body.String()); !strings.Contains(body, "the offer was revoked: the project no longer needs it") {
		t.Errorf("after the revocation: %s", body)
	}
}

func TestWhatStopsSaysWhy(t *testing.T) {
	s := open(t)
	s.Grant("q-1", releasetest.Permit())
	where := s.build(t, "q-1")
	s.End("q-1")
	says(t, s.get(t, releasetest.Coordinator, "/releases", 200), "1 open offer has stopped", "Nothing can be fetched: open it to see why")
	seen := s.get(t, releasetest.Coordinator, where, 200)
	says(t, seen, "Stopped: it can no longer be fetched", "The law no longer permits what was approved: the agreement a-1 between Harbor Hospital and Lakeside Quality Collaborative was terminated on 2026-03-15")
	if strings.Contains(seen, "Ready for you") {
		t.Error("the download is still offered")
	}
	says(t, text(t, s.post(t, releasetest.Coordinator, where+"/download", url.Values{}, 409).Body.String()), "was terminated on 2026-03-15")
	says(t, s.get(t, releasetest.Steward, "/releases/new?request=q-1", 200), "Nothing can be released on this request", "was terminated on 2026-03-15")
	says(t, text(t, s.post(t, releasetest.Steward, "/releases", url.Values{"request": {"q-1"}, "days": {"3"}}, 422).Body.String()), "was terminated on 2026-03-15")
	s.Clock.Advance(release.Lifetime)
	says(t, s.get(t, releasetest.Steward, where, 200), "Expired on Mar 29, 2026", "build it again: the law is asked anew")
}

func TestBuildFormSaysWhatIsWrong(t *testing.T) {
	s := open(t)
	s.Grant("q-1", releasetest.Permit())
	says(t, text(t, s.post(t, releasetest.Steward, "/releases", url.Values{"days": {"3"}}, 422).Body.String()), "Enter the id of an approved request.")
	for _, days := range []string{"0", "31", "Mary Smith", ""} {
		body := text(t, s.post(t, releasetest.Steward, "/releases", url.Values{"request": {"q-1"}, "days": {days}}, 422).Body.String())
		says(t, body, "1", "30")
	}
	p := releasetest.Permit()
	p.Form = "identified"
	s.Grant("q-2", p)
	says(t, s.get(t, releasetest.Steward, "/releases/new?request=q-2", 200), "only in de-identified form or as a limited data set")
	if n := len(s.Objects()); n > 0 {
		t.Errorf("%d objects are left", n)
	}
}

// REL-2: the log and the accounting.
func TestDisclosures(t *testing.T) {
	s := open(t)
	says(t, s.get(t, releasetest.Officer, "/disclosures", 200), "No disclosures yet", "Account to a patient")
	p := releasetest.Permit()
	p.Form, p.Authority, p.Accountable, p.MinAge = "limited", "45 CFR 164.512(i)", true, 0
	s.Grant("q-1", p)
	s.Grant("q-2", releasetest.Permit())
	first, second := s.build(t, "q-1"), s.build(t, "q-2")
	s.post(t, releasetest.Coordinator, first+"/download", url.Values{}, 200)
	s.Clock.Advance(24 * time.Hour)
	s.post(t, releasetest.Analyst, second+"/download", url.Values{}, 200)
	says(t, s.get(t, releasetest.Officer, "/disclosures", 200), "Harbor Hospital to Lakeside Quality Collaborative", "45 CFR 164.512(i)", "Limited data set", "8 elements given, 2 withheld", "What is released is encrypted to its recipient.", "One of its recipients")
	says(t, s.get(t, releasetest.Officer, "/disclosures?side=received", 200), "No such disclosure")
	says(t, s.get(t, releasetest.Officer, "/disclosures?from=31.12.2025", 422), "date")
	if seen := s.get(t, releasetest.Officer, "/disclosures?form=limited&side=given&from=2026-03-15&to=2026-03-15", 200); strings.Contains(seen, "Safe Harbor) 8") {
		t.Errorf("the filter lets other forms pass: %s", seen)
	}
	for path, want := range map[string]int{"/disclosures.csv": 3, "/disclosures.csv?form=limited": 2, "/releases.csv": 3, "/releases.csv?status=expired": 1} {
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(s.do(t, releasetest.Officer, "GET", path, nil, 200).Body.String(), "\ufeff"))).ReadAll()
		if err != nil || len(rows) != want {
			t.Errorf("%s: %d rows, want %d (%v)", path, len(rows), want, err)
		}
	}
	s.do(t, releasetest.Officer, "GET", "/disclosures.csv?from=x", nil, 422)

	token := ""
	for _, line := range strings.Split(string(s.File(releasetest.Encounters)), "\n")[1:] {
		f := strings.Split(line, ",")
		if len(f) > 9 && f[1] != "" && f[3] == "I" && f[5] >= "2024-02-01" && f[5] < "2024-06-01" && f[9] >= "18" && len(f[9]) == 2 {
			token = f[1]
			break
		}
	}
	if token == "" {
		t.Fatal("nobody is in the release")
	}
	says(t, s.get(t, releasetest.Officer, "/disclosures/accounting", 200), "Verify who asks first", "It is not kept")
	says(t, text(t, s.post(t, releasetest.Officer, "/disclosures/accounting", url.Values{}, 422).Body.String()), "Enter the patient's identifier.")
	says(t, text(t, s.post(t, releasetest.Officer, "/disclosures/accounting", url.Values{"identifier": {token}, "from": {"2010-01-01"}}, 422).Body.String()), "reaches back 6 years at most")
	w := s.post(t, releasetest.Officer, "/disclosures/accounting", url.Values{"identifier": {token}}, 200)
	seen := text(t, w.Body.String())
	says(t, seen, "Mar 15, 2026", "Lakeside Quality Collaborative", "Limited data set: patient token", "Health care operations: quality assessment", "6 years", "For the officer only", "De-identified before it left", "45 CFR 164.502(d)(2)")
	if strings.Contains(w.Body.String(), token) {
		t.Error("the answer repeats the identifier")
	}
	says(t, text(t, s.post(t, releasetest.Officer, "/disclosures/accounting", url.Values{"identifier": {token}}, 200).Body.String()), "Looked up before on Mar 16, 2026")
	s.do(t, releasetest.Officer, "GET", "/disclosures/accounting?identifier="+token, nil, 200) // shows the empty form
	if seen := s.get(t, releasetest.Officer, "/disclosures/accounting?identifier="+token, 200); strings.Contains(seen, "Lakeside") {
		t.Error("an identifier is taken from an address")
	}
}

// Every page and form of another organization's release answers like that of none.
func TestPagesStayInScope(t *testing.T) {
	s := open(t)
	s.Grant("q-1", releasetest.Permit())
	where := s.build(t, "q-1")
	roles := map[string]string{"release.see": "auditor", "release.download": "analyst", "release.revoke": "data-steward", "release.clear": "privacy-officer"}
	for _, r := range access.Routes() {
		method, p, _ := strings.Cut(r.Pattern, " ")
		if !strings.HasPrefix(p, "/releases/{id}") {
			continue
		}
		actor := releasetest.Stranger
		actor.Role = roles[r.Action]
		answer := func(base string) string {
			return text(t, s.do(t, actor, method, strings.Replace(p, "/releases/{id}", base, 1), url.Values{"reason": {"no-longer-needed"}, "ground": {"chance"}}, 404).Body.String())
		}
		if theirs, none := answer(where), answer("/releases/r-none"); theirs != none {
			t.Errorf("%s tells another's release from none", r.Pattern)
		}
	}
	for _, path := range []string{"/releases/new?request=q-1", "/releases/new?request=q-none"} {
		s.get(t, releasetest.Stranger, path, 404)
	}
	if seen := s.get(t, releasetest.Stranger, "/releases", 200); strings.Contains(seen, "Harbor") {
		t.Error("a stranger's list shows it")
	}
}

func TestRolesAreAsked(t *testing.T) {
	s := open(t)
	s.Grant("q-1", releasetest.Permit())
	where := s.build(t, "q-1")
	technician := ledger.Actor{ID: "u-t", Org: releasetest.Steward.Org, Role: "msp-technician"}
	for _, x := range []struct {
		who          ledger.Actor
		method, path string
	}{
		{technician, "GET", "/releases"}, {technician, "GET", where}, {releasetest.Officer, "GET", "/releases/new"}, {releasetest.Coordinator, "POST", "/releases"},
		{releasetest.Steward, "POST", where + "/download"}, {releasetest.Overseer, "POST", where + "/download"}, {releasetest.Coordinator, "POST", where + "/revoke"},
		{releasetest.Steward, "GET", "/disclosures"}, {releasetest.Coordinator, "GET", "/disclosures.csv"}, {releasetest.Steward, "POST", "/disclosures/accounting"},
	} {
		s.do(t, x.who, x.method, x.path, url.Values{}, 403)
	}
}

// The pages in a browser: accessible, readable on a phone, working without scripts.
func TestPagesInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := open(t)
	coordinator, steward, officer := httptest.NewServer(s.as(releasetest.Coordinator)), httptest.NewServer(s.as(releasetest.Steward)), httptest.NewServer(s.as(releasetest.Officer))
	defer coordinator.Close()
	defer steward.Close()
	defer officer.Close()
	b.Sound(t, coordinator.URL+"/releases", "release-none", 200)
	b.Sound(t, officer.URL+"/disclosures", "disclosures-none", 200)
	p := releasetest.Permit()
	p.People = append(p.People, releasetest.Colleague.ID)
	s.Grant("q-1", p)
	b.Sound(t, steward.URL+"/releases/new?request=q-1", "release-new", 200)
	b.Sound(t, steward.URL+"/releases/new", "release-which", 200)
	where := s.build(t, "q-1")
	b.Sound(t, coordinator.URL+where, "release-ready", 200)
	s.post(t, releasetest.Coordinator, where+"/download", url.Values{}, 200)
	p.Form, p.Authority, p.Accountable = "limited", "45 CFR 164.512(i)", true
	s.Grant("q-2", p)
	other := s.build(t, "q-2")
	s.post(t, releasetest.Analyst, other+"/download", url.Values{}, 200)
	s.Grant("q-3", releasetest.Permit())
	third := s.build(t, "q-3")
	s.End("q-3")
	s.Grant("q-4", releasetest.Permit())
	s.build(t, "q-4")
	b.Sound(t, steward.URL+where, "release-steward", 200)
	s.Plant("payer", "Quillfeather")
	held := releasetest.Permit()
	held.Elements = append(held.Elements, "encounter.payer")
	s.Grant("q-5", held)
	suspect := s.build(t, "q-5")
	b.Sound(t, steward.URL+suspect, "release-held", 200)
	b.Sound(t, officer.URL+suspect, "release-held-officer", 200)
	b.Sound(t, officer.URL+suspect+"/evidence", "release-evidence", 200)
	b.Sound(t, coordinator.URL+third, "release-stopped", 200)
	b.Sound(t, coordinator.URL+"/releases", "release-list", 200)
	b.Sound(t, steward.URL+"/releases/register", "register", 200)
	b.Sound(t, steward.URL+"/releases/new?request=q-3", "release-refused", 200)
	b.Sound(t, officer.URL+"/disclosures", "disclosures", 200)
	b.Sound(t, officer.URL+"/disclosures/accounting", "accounting-form", 200)
	token := ""
	for _, x := range s.Truth.People {
		if x.Token == "" {
			continue
		}
		a, err := ledger.Ask(t.Context(), s.Desk, releasetest.Officer, release.Account{Identifier: x.Token, Index: index.Register{Vault: s.Vault}})
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Entries) > 0 {
			token = x.Token
			break
		}
	}
	b.Open(t, officer.URL+"/disclosures/accounting")
	b.Fill(t, "identifier", token)
	if status := b.Follow(t, "main form .submit button"); status != 200 {
		t.Errorf("the accounting: %d", status)
	}
	b.Axe(t)
	b.NoOverflow(t, 320)
	b.Screenshot(t, 1280, "accounting")
	b.Screenshot(t, 390, "accounting-phone")
}

// DAT-3: what was made, how, for what, from what and until when, to both its parties.
func TestRegisterOfDataSets(t *testing.T) {
	s := open(t)
	says(t, s.get(t, releasetest.Steward, "/releases/register", 200), "No data sets yet")
	s.Grant("q-1", releasetest.Permit())
	limited := releasetest.Permit()
	limited.Form, limited.RetentionDays = "limited", 0
	s.Grant("q-2", limited)
	s.build(t, "q-1")
	s.build(t, "q-2")
	given := s.get(t, releasetest.Steward, "/releases/register", 200)
	says(t, given, "To Lakeside Quality Collaborative", "De-identified (Safe Harbor)", "45 CFR 164.514(b)(2)", "Limited data set", "45 CFR 164.514(e)", "Health care operations: quality assessment", "Sep 11, 2026", "No date agreed", "Dataset 1")
	taken := s.get(t, releasetest.Coordinator, "/releases/register", 200)
	says(t, taken, "From Harbor Hospital", "The discloser's datasets")
	if strings.Contains(taken, "Dataset 1") {
		t.Error("the recipient sees which datasets of the discloser there are")
	}
	says(t, s.get(t, releasetest.Stranger, "/releases/register", 200), "No data sets yet")
	rows, err := csv.NewReader(s.do(t, releasetest.Steward, "GET", "/releases/register.csv", nil, 200).Body).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows (%v)", len(rows), err)
	}
	for i, name := range rows[0] {
		want := map[string][]string{"Form": {"limited", "safe-harbor"}, "Made from datasets": {releasetest.Encounters, releasetest.Encounters}, "Destroy by": {"", "2026-09-11"}}[name]
		if want != nil && !slices.Equal(want, slices.Sorted(slices.Values([]string{rows[1][i], rows[2][i]}))) {
			t.Errorf("%s: %q and %q, want %q", name, rows[1][i], rows[2][i], want)
		}
	}
}

// DLP-1: a held release through its pages, and what each person can do about it.
func TestHeldReleaseOnItsPages(t *testing.T) {
	s := open(t)
	s.Plant("payer", "Quillfeather")
	p := releasetest.Permit()
	p.Elements = append(p.Elements, "encounter.payer")
	s.Grant("q-1", p)
	where := s.build(t, "q-1")
	says(t, s.get(t, releasetest.Steward, where, 200), "Held: the second look found something", "You built it, so somebody else decides", "What the dataset holds as a name", "payer")
	s.get(t, releasetest.Coordinator, where, 404)
	says(t, s.get(t, releasetest.Coordinator, "/releases", 200), "No releases yet")
	says(t, s.get(t, releasetest.Officer, "/releases?status=held", 200), "1 package is held", "Look at what was found, and decide")
	seen := s.get(t, releasetest.Officer, where, 200)
	says(t, seen, "See what was found, and decide")
	if strings.Contains(seen, "Quillfeather") {
		t.Error("the page of the release repeats what was found, and not only the evidence")
	}
	says(t, s.get(t, releasetest.Officer, where+"/evidence", 200), "May this release leave?", "Quillfeather", "Every finding was looked at", "End this release and destroy the package")
	s.get(t, releasetest.Overseer, where+"/evidence", 404)
	says(t, text(t, s.post(t, releasetest.Officer, where+"/clear", url.Values{}, 422).Body.String()), "Choose why it may leave.")
	says(t, text(t, s.post(t, releasetest.Officer, where+"/clear", url.Values{"ground": {"permitted"}}, 422).Body.String()), "may hold no identifier")
	s.post(t, releasetest.Steward, where+"/clear", url.Values{"ground": {"chance"}}, 403)
	s.post(t, releasetest.Officer, where+"/clear", url.Values{"ground": {"chance"}}, 303)
	says(t, s.get(t, releasetest.Steward, where, 200), "Let go by a second person", "none of them is about a person")
	says(t, s.get(t, releasetest.Coordinator, where, 200), "Ready for you to fetch")
	says(t, s.get(t, releasetest.Officer, where+"/evidence", 200), "This release is not held")
}
