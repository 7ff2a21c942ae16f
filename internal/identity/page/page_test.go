package page

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/identity"
	idrest "chaperone.example/internal/identity/rest"
	"chaperone.example/internal/identity/session"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/internal/web/webtest"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/phi"
	"golang.org/x/mod/sumdb/note"
)

const (
	secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	quiet  = "nine quiet goats abide"
)

type orgs struct{}

func (orgs) Who(_ context.Context, _ *ledger.Reading, id string) (string, bool, error) {
	names := map[string]string{"o-hub": "Three Rivers Quality Collaborative", "o-a": "Alder Valley Hospital", "o-c": "Cedar Point Hospital"}
	if names[id] == "" {
		return "", false, ledger.Unknown("organization")
	}
	return names[id], id == "o-hub", nil
}

// A hub is the pages and the API as the program serves them.
type hub struct {
	*httptest.Server
	clock *ledgertest.Clock
	log   *ledger.Log
	vault *vault.Vault
	out   *strings.Builder // the log
}

func open(t *testing.T) *hub {
	t.Helper()
	dir := t.TempDir()
	h := &hub{clock: &ledgertest.Clock{}, out: &strings.Builder{}}
	for h.clock.Now().Before(ledgertest.Start) {
		h.clock.Advance(ledgertest.Start.Sub(h.clock.Now()))
	}
	var err error
	if h.vault, err = vault.Open(t.Context(), filepath.Join(dir, "keys"), filepath.Join(dir, "vault")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.vault.Close() })
	skey, _, err := note.GenerateKey(rand.Reader, "ledger.test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	h.log, err = ledger.Open(t.Context(), ledger.Config{DB: ledgertest.OpenDB(t, filepath.Join(dir, "ledger.db")), Origin: "ledger.test", Now: h.clock.Now, Rand: rand.Reader,
		Types: []ledger.Types{identity.Types}, Views: []ledger.View{identity.View()}, Sealer: h.vault, Secret: make([]byte, 32), Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.log.Close)
	table, err := access.NewTable(access.Routes(), access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	store, err := session.Open(t.Context(), filepath.Join(dir, "session.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	site := web.Site{Log: slog.New(slog.NewTextHandler(h.out, nil))}
	nav := []web.NavItem{{Label: "Home", Href: "/", Key: "home"}, {Label: "People", Href: "/people", Key: "people"}}
	door, err := identity.NewDoor(identity.Config{Desk: &ledger.Desk{Log: h.log, Gate: table}, Vault: h.vault, Orgs: orgs{}, Sessions: site.Sessions(store), Store: store, Pad: -1,
		Surround: func(context.Context, ledger.Actor) ([]web.NavItem, web.Head, error) { return nav, web.Head{}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		id string
		n  identity.Newcomer
	}{
		{"u-hub", identity.Newcomer{Org: "o-hub", Role: phi.Administrator, Name: "Hub Administrator", Login: "admin@hub.example"}},
		{"u-ruth", identity.Newcomer{Org: "o-a", Role: phi.PrivacyOfficer, Name: "Ruth Abernathy", Login: "ruth@alder.example"}},
		{"u-sam", identity.Newcomer{Org: "o-a", Role: phi.DataSteward, Name: "Sam Steward", Login: "sam@alder.example"}},
	} {
		if err := identity.Populate(t.Context(), h.log, h.vault, p.id, p.n, quiet, secret); err != nil {
			t.Fatal(err)
		}
	}
	mux := access.NewMux(table, http.HandlerFunc(Refused))
	Page{door}.Routes(mux)
	idrest.Routes(rest.New(mux, "test"), door)
	mux.Handle("GET /static/", web.Static())
	mux.Handle("GET /{$}", web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.WriteString(w, "home of "+access.Actor(r.Context()).ID)
		return err
	}))
	h.Server = httptest.NewServer(site.Handler(mux.ServeMux(), door.Authenticate))
	t.Cleanup(h.Close)
	return h
}

func (h *hub) code(t testing.TB, who string) string {
	t.Helper()
	c, _, err := identity.Code(t.Context(), h.log.DB(), h.vault, who, h.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A person browses without following redirects.
type person struct {
	t testing.TB
	h *hub
	c *http.Client
}

func (h *hub) person(t testing.TB) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{t, h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signedIn is somebody who has signed in.
func (h *hub) signedIn(t testing.TB, login string) *person {
	t.Helper()
	p := h.person(t)
	h.clock.Advance(30 * time.Second)
	if status, to, body := p.post("/sign-in", "login", login, "password", quiet, "code", h.code(t, login)); status != 303 || to != "/" {
		t.Fatalf("the sign-in of %s: %d %s\n%s", login, status, to, body)
	}
	return p
}

func (p *person) send(r *http.Request) (status int, to, body string) {
	p.t.Helper()
	res, err := p.c.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Location"), html.UnescapeString(string(b))
}

func (p *person) get(path string) (int, string, string) {
	p.t.Helper()
	r, err := http.NewRequest("GET", p.h.URL+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.send(r)
}

func (p *person) post(path string, fields ...string) (int, string, string) {
	p.t.Helper()
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Add(fields[i], fields[i+1])
	}
	r, err := http.NewRequest("POST", p.h.URL+path, strings.NewReader(v.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return p.send(r)
}

func TestVisitorsSignInFirst(t *testing.T) {
	h := open(t)
	p := h.person(t)
	for path, want := range map[string]string{"/": "/sign-in", "/account": "/sign-in?next=%2Faccount", "/people?q=secret": "/sign-in?next=%2Fpeople"} {
		if status, to, _ := p.get(path); status != 303 || to != want {
			t.Errorf("GET %s: %d %s, want 303 %s", path, status, to, want)
		}
	}
	if status, _, _ := p.post("/people", "name", "X"); status != 403 {
		t.Errorf("POST /people by a visitor: %d, want 403", status)
	}
}

func TestNextStaysHere(t *testing.T) {
	h := open(t)
	for next, want := range map[string]string{"/account": "/account", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/", "": "/"} {
		p := h.person(t)
		h.clock.Advance(30 * time.Second)
		if status, to, _ := p.post("/sign-in", "login", "ruth@alder.example", "password", quiet, "code", h.code(t, "u-ruth"), "next", next); status != 303 || to != want {
			t.Errorf("next %q leads to %d %q, want %q", next, status, to, want)
		}
	}
}

func TestFailedSignIn(t *testing.T) {
	h := open(t)
	p := h.person(t)
	var pages []string
	for _, login := range []string{"ruth@alder.example", "nobody@alder.example"} {
		status, _, body := p.post("/sign-in", "login", login, "password", "wrong wrong wrong", "code", "123456")
		if status != 422 || !strings.Contains(body, "do not fit together") {
			t.Errorf("%s: %d, the page does not say why", login, status)
		}
		if strings.Contains(body, "wrong wrong wrong") || strings.Contains(body, "123456") {
			t.Errorf("%s: the page sends the password or the code back", login)
		}
		pages = append(pages, strings.ReplaceAll(body, login, "LOGIN"))
	}
	if pages[0] != pages[1] {
		t.Error("the pages for a known and an unknown name differ")
	}
	if _, _, body := p.post("/sign-in", "login", "", "password", "", "code", ""); !strings.Contains(body, "Enter your password.") || !strings.Contains(body, "Enter your sign-in name.") {
		t.Error("an empty form is not told what is missing")
	}
}

func TestSignInForm(t *testing.T) {
	h := open(t)
	_, _, body := h.person(t).get("/sign-in")
	for _, want := range []string{`autocomplete="username"`, `autocomplete="current-password"`, `autocomplete="one-time-code"`, `inputmode="numeric"`, `type="password"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the form has no %s", want)
		}
	}
}

func TestSignOut(t *testing.T) {
	h := open(t)
	p := h.signedIn(t, "ruth@alder.example")
	if status, to, _ := p.get("/sign-in"); status != 303 || to != "/" {
		t.Errorf("the sign-in page for somebody who is in: %d %s", status, to)
	}
	if status, to, _ := p.post("/sign-out"); status != 303 || to != "/sign-in" {
		t.Errorf("the sign-out: %d %s", status, to)
	}
	if status, _, _ := p.get("/account"); status != 303 {
		t.Errorf("after the sign-out the account answers %d", status)
	}
	if status, _, _ := p.post("/sign-out"); status != 303 {
		t.Errorf("a second sign-out: %d", status)
	}
}

// From an invitation to the first sign-in, with a password whose spaces count.
func TestJoin(t *testing.T) {
	h := open(t)
	keeper := h.signedIn(t, "ruth@alder.example")
	status, _, body := keeper.post("/people", "name", "Nora Newcomb", "login", "nora@alder.example", "role", "analyst")
	invitation := regexp.MustCompile(`[A-Z2-7]{4}(-[A-Z2-7]{4}){4}`).FindString(body)
	if status != 200 || invitation == "" {
		t.Fatalf("the invitation: %d %q", status, invitation)
	}
	p := h.person(t)
	if status, _, body := p.post("/join", "invitation", "AAAA-AAAA-AAAA-AAAA-AAAA"); status != 422 || !strings.Contains(body, "not valid") {
		t.Errorf("a wrong invitation: %d", status)
	}
	status, _, body = p.post("/join", "invitation", invitation)
	key := regexp.MustCompile(`[A-Z2-7]{4}( [A-Z2-7]{4}){7}`).FindString(body)
	if status != 200 || key == "" || !strings.Contains(body, "data:image/png;base64,") {
		t.Fatalf("the second step: %d, key %q", status, key)
	}
	const spaced = "  nine quiet goats  "
	if status, _, body := p.post("/join/finish", "invitation", invitation, "password", "Nora Newcomb 1", "code", "000000"); status != 422 || !strings.Contains(body, "made of your name") || !strings.Contains(body, key) {
		t.Errorf("a password of the own name: %d", status)
	}
	if err := identity.Populate(t.Context(), h.log, h.vault, "u-clock", identity.Newcomer{Org: "o-a", Role: phi.Auditor, Name: "C", Login: "clock@alder.example"}, quiet, strings.ReplaceAll(key, " ", "")); err != nil {
		t.Fatal(err)
	}
	if status, to, body := p.post("/join/finish", "invitation", invitation, "password", spaced, "code", h.code(t, "u-clock")); status != 303 || to != "/sign-in" {
		t.Fatalf("the end: %d %s\n%s", status, to, body)
	}
	h.clock.Advance(30 * time.Second)
	if status, _, _ := p.post("/sign-in", "login", "nora@alder.example", "password", strings.TrimSpace(spaced), "code", h.code(t, "u-clock")); status != 422 {
		t.Errorf("the password without its spaces: %d, want 422", status)
	}
	if status, _, _ := p.post("/sign-in", "login", "nora@alder.example", "password", spaced, "code", h.code(t, "u-clock")); status != 303 {
		t.Errorf("the password as it was typed: %d, want 303", status)
	}
	if strings.Contains(h.out.String(), invitation) || strings.Contains(strings.ToLower(h.out.String()), "nora") || strings.Contains(h.out.String(), "goats") {
		t.Error("the log tells an invitation, a name or a password")
	}
}

func TestAccount(t *testing.T) {
	h := open(t)
	p := h.signedIn(t, "sam@alder.example")
	_, _, body := p.get("/account")
	for _, want := range []string{"Sam Steward", "Alder Valley Hospital", "Data steward", "Sign out", "This session", "No key registered"} {
		if !strings.Contains(body, want) {
			t.Errorf("the account does not say %q", want)
		}
	}
	if strings.Contains(body, "give people access and end it") {
		t.Error("a steward is told that stewards manage people")
	}
	const private = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
	status, _, body := p.post("/account/key", "key", private)
	if status != 422 || !strings.Contains(body, "private key") || strings.Contains(body, private) {
		t.Errorf("a private key: %d; sent back: %v", status, strings.Contains(body, private))
	}
	const public = "age1yhm4gctwfmrpz87tdslm550wrx6m79y9f2hdzt0lndjnehwj0ukqrjpyx5"
	if status, to, _ := p.post("/account/key", "key", public); status != 303 || to != "/account" {
		t.Errorf("a public key: %d %s", status, to)
	}
	if _, _, body := p.get("/account"); !strings.Contains(body, public) {
		t.Error("the registered key is not shown")
	}
}

func TestPeople(t *testing.T) {
	h := open(t)
	p := h.signedIn(t, "ruth@alder.example")
	_, _, body := p.get("/people")
	if !strings.Contains(body, "Sam Steward") || strings.Contains(body, "Hub Administrator") {
		t.Error("the list is not that of the own people")
	}
	if _, _, body := p.get("/people.csv"); !strings.Contains(body, "Sam Steward,sam@alder.example,Data steward,active") {
		t.Errorf("the CSV: %s", body)
	}
	sam := h.signedIn(t, "sam@alder.example")
	if status, _, _ := sam.get("/people"); status != 403 {
		t.Errorf("the list for a steward: %d, want 403", status)
	}
	if status, _, _ := p.post("/people/u-sam/disable"); status != 303 {
		t.Errorf("ending access: %d", status)
	}
	if status, _, _ := sam.get("/account"); status != 303 {
		t.Errorf("the account of somebody without access: %d, want 303 to the sign-in", status)
	}
	for _, id := range []string{"u-hub", "u-nobody"} {
		for _, verb := range []string{"disable", "enable", "invite"} {
			if status, _, _ := p.post("/people/" + id + "/" + verb); status != 404 {
				t.Errorf("POST /people/%s/%s: %d, want 404", id, verb, status)
			}
		}
	}
	if status, _, _ := p.get("/people/new?org=o-nobody"); status != 404 {
		t.Errorf("the form for an unknown organization: %d, want 404", status)
	}
	admin := h.signedIn(t, "admin@hub.example")
	if status, _, body := admin.post("/people", "org", "o-c", "role", "administrator", "name", "Cora Cedar", "login", "cora@cedar.example"); status != 200 || !strings.Contains(body, "shown once") {
		t.Errorf("the first administrator of another organization: %d", status)
	}
}

func (p *person) api(method, path, token, body string) (int, string) {
	p.t.Helper()
	r, err := http.NewRequest(method, p.h.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "none")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	status, _, out := p.send(r)
	return status, out
}

func TestAPI(t *testing.T) {
	h := open(t)
	p := h.person(t)
	status, out := p.api("POST", "/sign-in", "", `{"login":"ruth@alder.example","password":"wrong","code":"000000"}`)
	if status != 403 || !strings.Contains(out, "do not fit together") {
		t.Errorf("a wrong sign-in: %d %s", status, out)
	}
	status, out = p.api("POST", "/sign-in", "", `{"login":"ruth@alder.example","password":"`+quiet+`","code":"`+h.code(t, "u-ruth")+`"}`)
	var token idrest.Token
	if err := json.Unmarshal([]byte(out), &token); status != 200 || err != nil || token.Token == "" {
		t.Fatalf("the sign-in: %d %s", status, out)
	}
	for _, tt := range []struct {
		method, path, body string
		want               int
		says               string
	}{
		{"GET", "/account", "", 200, `"org":"o-a"`},
		{"GET", "/people", "", 200, "Sam Steward"},
		{"POST", "/account/key", `{"key":"AGE-SECRET-KEY-1QQQQ"}`, 422, "private key"},
		{"POST", "/account/key", `{"key":"age1yhm4gctwfmrpz87tdslm550wrx6m79y9f2hdzt0lndjnehwj0ukqrjpyx5"}`, 200, `"id":"u-ruth"`},
		{"POST", "/people", `{"role":"analyst","name":"Nora Newcomb","login":"nora@alder.example"}`, 201, `"code":"`},
		{"POST", "/people", `{"role":"analyst","name":"Nora Again","login":"NORA@alder.example"}`, 409, "taken"},
		{"POST", "/people/u-hub/disable", "", 404, "no such user"},
		{"POST", "/people/u-sam/disable", "", 200, `"id":"u-sam"`},
		{"POST", "/people/u-sam/enable", "", 200, `"code":"`},
		{"POST", "/sign-out", "", 204, ""},
		{"GET", "/account", "", 403, "sign in first"},
	} {
		if status, out := p.api(tt.method, tt.path, token.Token, tt.body); status != tt.want || !strings.Contains(out, tt.says) {
			t.Errorf("%s %s: %d %s, want %d with %q", tt.method, tt.path, status, out, tt.want, tt.says)
		}
	}
}

func TestPagesInTheBrowser(t *testing.T) {
	h := open(t)
	b := webtest.Browser(t)
	b.Sound(t, h.URL+"/sign-in", "sign-in", 200)
	b.Sound(t, h.URL+"/join", "join", 200)
	b.Size(t, 1280)
	b.Open(t, h.URL+"/sign-in")
	b.Fill(t, "login", "ruth@alder.example")
	b.Fill(t, "password", "wrong")
	b.Fill(t, "code", "123456")
	b.Follow(t, "button[type=submit]:not(.quiet)")
	b.Axe(t)
	b.Screenshot(t, 390, "sign-in-failed")
	b.Fill(t, "login", "ruth@alder.example")
	b.Fill(t, "password", quiet)
	b.Fill(t, "code", h.code(t, "u-ruth"))
	b.Follow(t, "button[type=submit]:not(.quiet)")
	b.Sound(t, h.URL+"/account", "account", 200)
	b.Sound(t, h.URL+"/people", "people", 200)
	b.Sound(t, h.URL+"/people/new", "people-new", 200)
	b.Size(t, 1280)
	b.Open(t, h.URL+"/people/new")
	b.Fill(t, "name", "Nora Newcomb")
	b.Fill(t, "login", "nora@alder.example")
	b.Click(t, "input[value=analyst]")
	b.Follow(t, "main button[type=submit]")
	b.Axe(t)
	b.Screenshot(t, 1280, "invitation")
	invitation := b.Text(t, "main code.hash")
	b.Forget(t)
	b.Open(t, h.URL+"/join")
	b.Fill(t, "invitation", invitation)
	b.Follow(t, "main button[type=submit]")
	b.Axe(t)
	b.Screenshot(t, 1280, "join-finish")
	b.Screenshot(t, 390, "join-finish")
	b.NoOverflow(t, 320)
}
