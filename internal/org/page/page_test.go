package page

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/org"
	orgrest "chaperone.example/internal/org/rest"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/web"
	"chaperone.example/internal/web/webtest"
	"chaperone.example/law"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
)

type roster map[string]string // person to organization

func (p roster) Works(_ context.Context, _ *ledger.Reading, user, at string) error {
	if p[user] != at {
		return ledger.Unknown("user")
	}
	return nil
}

func (p roster) Staff(_ context.Context, r *ledger.Reading) (map[string]string, error) {
	out := map[string]string{}
	for user, at := range p {
		if at == r.Scope().Org {
			out[user] = "Person " + user
		}
	}
	return out, nil
}

type agreements []org.Edge

func (a agreements) Edges(context.Context, *ledger.Reading) ([]org.Edge, error) { return a, nil }

var people = roster{"u-ruth": "o-a", "u-sam": "o-a", "u-bea": "o-b", "u-hub": "o-hub"}

// serve serves the pages and the API of a hub to one actor after the other.
func serve(t *testing.T) (srv *httptest.Server, as func(id, role string)) {
	t.Helper()
	desk, _ := ledgertest.Open(t, []ledger.Types{org.Types}, org.View())
	table, err := access.NewTable(access.Routes(), access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	desk.Gate = table
	if _, err := org.Found(t.Context(), desk.Log, "o-hub", "Three Rivers Quality Collaborative", "OH", law.Associate, law.Aggregator); err != nil {
		t.Fatal(err)
	}
	admin := ledger.Actor{ID: "u-hub", Org: "o-hub", Role: "administrator"}
	for _, o := range []struct {
		id, name string
		is       []law.Status
	}{
		{"o-a", "Alder Valley Hospital", []law.Status{law.CoveredEntity, law.Provider, law.Part2Program}},
		{"o-b", "Birch County Hospital", []law.Status{law.CoveredEntity, law.Provider}},
		{"o-msp", "Maple Managed Services", []law.Status{law.SubcontractorOrg}},
		{"o-cloud", "Nimbus Cloud Hosting", []law.Status{law.SubcontractorOrg}},
		{"o-food", "Harbor Community Pantry", []law.Status{law.CommunityPartner}},
	} {
		if _, err := ledger.Do(t.Context(), desk, admin, org.Kind, o.id, org.Register{Name: o.name, Is: o.is}); err != nil {
			t.Fatal(err)
		}
	}
	edges := agreements{
		{From: "o-a", To: "o-hub", Agreement: "a-1", Live: true},
		{From: "o-b", To: "o-hub", Agreement: "a-2", Gap: "not signed by both yet"},
		{From: "o-hub", To: "o-msp", Agreement: "a-3", Live: true},
	}
	if _, err := ledger.Do(t.Context(), desk, ledger.Actor{ID: "u-m", Org: "o-msp", Role: "administrator"}, org.Kind, "o-msp", org.Engage{Organization: "o-cloud"}); err != nil {
		t.Fatal(err)
	}
	mux := access.NewMux(table, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { web.Error(w, r, access.Refusal(r.Context())) }))
	Page{Desk: desk, Agreements: edges, People: people}.Routes(mux)
	orgrest.Routes(rest.New(mux, "test"), desk, edges, people)
	mux.Handle("GET /static/", web.Static())
	actor := ledger.Actor{}
	site := web.Site{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	srv = httptest.NewServer(site.Handler(mux.ServeMux(), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := web.WithFrame(access.WithActor(r.Context(), actor), web.Frame{Person: "Ruth Abernathy", Role: "Privacy officer", Org: "Alder Valley Hospital", Account: "/account",
				Nav: []web.NavItem{{Label: "Home", Href: "/", Key: "home"}, {Label: "Organizations", Href: "/organizations", Key: "organizations"}}})
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}))
	t.Cleanup(srv.Close)
	return srv, func(id, role string) { actor = ledger.Actor{ID: id, Org: people[id], Role: role} }
}

func send(t *testing.T, method, to, kind, body string) (status int, at, text string) {
	t.Helper()
	r, err := http.NewRequest(method, to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Location"), html.UnescapeString(string(b))
}

func get(t *testing.T, to string) (int, string) {
	t.Helper()
	status, _, body := send(t, "GET", to, "", "")
	return status, body
}

func post(t *testing.T, to string, fields ...string) (int, string, string) {
	t.Helper()
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Add(fields[i], fields[i+1])
	}
	return send(t, "POST", to, "application/x-www-form-urlencoded", v.Encode())
}

// part returns the section of a page under a heading's id.
func part(body, id string) string {
	_, rest, _ := strings.Cut(body, `aria-labelledby="`+id+`"`)
	text, _, _ := strings.Cut(rest, "</section>")
	return text
}

func TestHospitalSeesItsChain(t *testing.T) {
	srv, as := serve(t)
	as("u-ruth", "privacy-officer")
	status, body := get(t, srv.URL+"/organizations")
	if status != 200 {
		t.Fatalf("%d", status)
	}
	chain := part(body, "custody")
	for _, want := range []string{"Three Rivers Quality Collaborative", "Maple Managed Services", "Gap: there is no agreement at all", "Nimbus Cloud Hosting", "Treatment, the patient's own access, public health reporting"} {
		if !strings.Contains(chain, want) {
			t.Errorf("the chain does not say %q", want)
		}
	}
	for _, other := range []string{"Birch County Hospital", "not signed by both yet"} {
		if a, _, _ := strings.Cut(chain, "<details"); strings.Contains(a, other) {
			t.Errorf("the chain shows a competitor: %q", other)
		}
	}
	if !strings.Contains(part(body, "directory"), "Birch County Hospital") {
		t.Error("the directory lacks an organization")
	}
}

func TestOfficers(t *testing.T) {
	srv, as := serve(t)
	as("u-ruth", "privacy-officer")
	_, body := get(t, srv.URL+"/organizations")
	for _, want := range []string{"No security official is designated.", "45 CFR 164.308(a)(2)", "45 CFR 164.530(a)(1)(i)", "45 CFR 164.530(a)(1)(ii)"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, d := range []string{"privacy", "security", "contact"} {
		if status, to, _ := post(t, srv.URL+"/organizations/officers", "duty", d, "user", "u-sam"); status != 303 || to != "/organizations" {
			t.Errorf("designating for %s: %d %s", d, status, to)
		}
	}
	if _, body := get(t, srv.URL+"/organizations"); !strings.Contains(body, "All officers are designated") || !strings.Contains(body, "Person u-sam") {
		t.Error("the designated officers are not shown")
	}
	if status, _, body := post(t, srv.URL+"/organizations/officers", "duty", "", "user", ""); status != 422 || !strings.Contains(body, "Choose the person.") {
		t.Errorf("an empty form: %d", status)
	}
	for _, user := range []string{"u-bea", "u-nobody"} {
		if status, _, _ := post(t, srv.URL+"/organizations/officers", "duty", "privacy", "user", user); status != 404 {
			t.Errorf("designating %s: %d, want 404", user, status)
		}
	}
	as("u-bea", "privacy-officer")
	if _, body := get(t, srv.URL+"/organizations"); strings.Contains(body, "u-sam") {
		t.Error("another hospital's officers are shown")
	}
	as("u-hub", "administrator")
	if _, body := get(t, srv.URL+"/organizations"); strings.Contains(body, "u-sam") {
		t.Error("the operator is shown a hospital's officers")
	}
}

func TestRoles(t *testing.T) {
	srv, as := serve(t)
	as("u-sam", "data-steward")
	if status, body := get(t, srv.URL+"/organizations"); status != 200 || strings.Contains(body, "Designate an officer") || strings.Contains(body, "Register an organization") {
		t.Errorf("a steward: %d, or is offered what stewards may not do", status)
	}
	for _, path := range []string{"/organizations", "/organizations/officers", "/organizations/engagements", "/organizations/o-b/close"} {
		if status, _, _ := post(t, srv.URL+path, "user", "u-sam", "duty", "privacy"); status != 403 {
			t.Errorf("POST %s by a steward: %d, want 403", path, status)
		}
	}
	as("u-bea", "administrator")
	foreign, _, _ := post(t, srv.URL+"/organizations/o-a/close")
	random, _, _ := post(t, srv.URL+"/organizations/o-zzz/close")
	if foreign != 404 || random != 404 {
		t.Errorf("closing another organization: %d, a random one: %d, want 404", foreign, random)
	}
	if status, _, _ := post(t, srv.URL+"/organizations", "name", "X", "is", "provider"); status != 403 {
		t.Errorf("registering by a member's administrator: %d, want 403", status)
	}
}

func TestOperator(t *testing.T) {
	srv, as := serve(t)
	as("u-hub", "administrator")
	status, to, _ := post(t, srv.URL+"/organizations", "name", "Cedar Point Hospital", "is", "covered-entity", "is", "provider", "state", "oh")
	if status != 303 || !strings.HasPrefix(to, "/people/new?org=o-") {
		t.Errorf("registering: %d %s", status, to)
	}
	if status, _, body := post(t, srv.URL+"/organizations", "name", "", "state", "Ohio"); status != 422 || !strings.Contains(body, "Enter the organization's name.") || !strings.Contains(body, "Choose at least one.") {
		t.Errorf("an empty form: %d", status)
	}
	if status, _, _ := post(t, srv.URL+"/organizations/o-food/close"); status != 303 {
		t.Errorf("closing: %d", status)
	}
	if status, body := get(t, srv.URL+"/organizations.csv"); status != 200 || !strings.Contains(body, "o-food,Harbor Community Pantry,Community partner,Has left") {
		t.Errorf("the CSV: %d %s", status, body)
	}
	if status, _, _ := post(t, srv.URL+"/organizations/o-food/reopen"); status != 303 {
		t.Errorf("reopening: %d", status)
	}
	if status, _, _ := post(t, srv.URL+"/organizations/o-hub/close"); status != 409 {
		t.Errorf("closing the operator: %d, want 409", status)
	}
}

func TestEngagements(t *testing.T) {
	srv, as := serve(t)
	as("u-ruth", "security-officer")
	if status, _, _ := post(t, srv.URL+"/organizations/engagements", "organization", "o-zzz"); status != 404 {
		t.Errorf("engaging nobody: %d, want 404", status)
	}
	if status, _, _ := post(t, srv.URL+"/organizations/engagements", "organization", "o-msp"); status != 303 {
		t.Errorf("engaging: %d", status)
	}
	if _, body := get(t, srv.URL+"/organizations"); !strings.Contains(part(body, "custody"), "Alder Valley Hospital → Maple Managed Services") {
		t.Error("the gap of the engagement is not shown")
	}
	if status, _, _ := post(t, srv.URL+"/organizations/engagements/end", "organization", "o-msp"); status != 303 {
		t.Errorf("ending it: %d", status)
	}
	if status, _, _ := post(t, srv.URL+"/organizations/engagements/end", "organization", "o-msp"); status != 404 {
		t.Errorf("ending it again: %d, want 404", status)
	}
}

func TestAPI(t *testing.T) {
	srv, as := serve(t)
	as("u-ruth", "privacy-officer")
	for _, tt := range []struct {
		method, path, body string
		want               int
		says               string
	}{
		{"GET", "/organizations", "", 200, `"name":"Birch County Hospital"`},
		{"GET", "/workspace", "", 200, `"citation":"45 CFR 164.308(a)(2)"`},
		{"POST", "/workspace/officers", `{"duty":"security","user":"u-sam"}`, 200, `"id":"o-a"`},
		{"POST", "/workspace/officers", `{"duty":"security","user":"u-bea"}`, 404, "no such user"},
		{"POST", "/workspace/officers", `{"duty":"marketing","user":"u-sam"}`, 422, "some fields are wrong"},
		{"GET", "/workspace", "", 200, `"officers":{"security":"u-sam"}`},
		{"POST", "/workspace/engagements", `{"organization":"o-food"}`, 200, `"id":"o-a"`},
		{"POST", "/workspace/engagements/end", `{"organization":"o-food"}`, 200, `"id":"o-a"`},
		{"POST", "/organizations", `{"name":"X","is":["provider"]}`, 403, "administrator"},
	} {
		if status, _, out := send(t, tt.method, srv.URL+"/api/v1"+tt.path, "application/json", tt.body); status != tt.want || !strings.Contains(out, tt.says) {
			t.Errorf("%s %s: %d %s, want %d with %q", tt.method, tt.path, status, out, tt.want, tt.says)
		}
	}
	_, _, out := send(t, "GET", srv.URL+"/api/v1/workspace/custody", "", "")
	var steps []orgrest.Step
	if err := json.Unmarshal([]byte(out), &steps); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range steps {
		if s.Blocked {
			s.To += "!"
		}
		got = append(got, s.From+"→"+s.To)
	}
	if want := "o-a→o-hub o-hub→o-msp o-msp→o-cloud!"; strings.Join(got, " ") != want {
		t.Errorf("custody = %v, want %s", got, want)
	}
}

func TestPagesInTheBrowser(t *testing.T) {
	srv, as := serve(t)
	b := webtest.Browser(t)
	as("u-ruth", "privacy-officer")
	b.Sound(t, srv.URL+"/organizations", "organizations", 200)
	as("u-hub", "administrator")
	b.Sound(t, srv.URL+"/organizations", "organizations-operator", 200)
	b.Sound(t, srv.URL+"/organizations/new", "organizations-new", 200)
}
