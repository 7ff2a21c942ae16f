package identity

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/identity/session"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/phi"
	"golang.org/x/mod/sumdb/note"

	"crypto/rand"
)

// Plainly synthetic people. The words are canaries: none may be found in the ledger.
const (
	secret    = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	quiet     = "nine quiet goats abide" // a password
	ruthName  = "Ruth Zzcanarysson"
	ruthLogin = "ruth.zzcanary@alder.example"
)

// orgs are the organizations of the tests; o-hub runs the hub.
type orgs struct{}

func (orgs) Who(_ context.Context, _ *ledger.Reading, id string) (string, bool, error) {
	switch id {
	case "o-hub", "o-a", "o-b", "o-c":
		return "Organization " + id, id == "o-hub", nil
	}
	return "", false, ledger.Unknown("organization")
}

// A hub is the module on a real ledger, vault and session store, behind the program's
// own table.
type hub struct {
	*Door
	clock *ledgertest.Clock
	vault *vault.Vault
	dir   string
	log   *ledger.Log
}

func open(t *testing.T) *hub {
	t.Helper()
	h := &hub{dir: t.TempDir(), clock: &ledgertest.Clock{}}
	for h.clock.Now().Before(ledgertest.Start) { // a step of Advance is at most 292 years
		h.clock.Advance(ledgertest.Start.Sub(h.clock.Now()))
	}
	var err error
	if h.vault, err = vault.Open(t.Context(), filepath.Join(h.dir, "keys"), filepath.Join(h.dir, "vault")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.vault.Close() })
	db := ledgertest.OpenDB(t, filepath.Join(h.dir, "ledger.db"))
	skey, _, err := note.GenerateKey(rand.Reader, "ledger.test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	h.log, err = ledger.Open(t.Context(), ledger.Config{DB: db, Origin: "ledger.test", Now: h.clock.Now, Rand: rand.Reader,
		Types: []ledger.Types{Types}, Views: []ledger.View{View()}, Sealer: h.vault, Secret: make([]byte, 32), Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.log.Close)
	table, err := access.NewTable(access.Routes(), access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	store, err := session.Open(t.Context(), filepath.Join(h.dir, "session.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	site := web.Site{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	h.Door, err = NewDoor(Config{Desk: &ledger.Desk{Log: h.log, Gate: table}, Vault: h.vault, Orgs: orgs{}, Sessions: site.Sessions(store), Store: store, Pad: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		id string
		n  Newcomer
	}{
		{"u-hub", Newcomer{"o-hub", phi.Administrator, "Hub Administrator", "admin@hub.example"}},
		{"u-ruth", Newcomer{"o-a", phi.PrivacyOfficer, ruthName, ruthLogin}},
		{"u-sam", Newcomer{"o-a", phi.DataSteward, "Sam Steward", "sam@alder.example"}},
		{"u-bea", Newcomer{"o-b", phi.Administrator, "Bea Birch", "bea@birch.example"}},
	} {
		if err := Populate(t.Context(), h.log, h.vault, p.id, p.n, quiet, secret); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// code returns the code of somebody's authenticator now.
func (h *hub) code(t testing.TB, who string) string {
	t.Helper()
	c, _, err := Code(t.Context(), h.log.DB(), h.vault, who, h.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// next moves on to the next step of the authenticators.
func (h *hub) next() { h.clock.Advance(period * time.Second) }

func (h *hub) user(t testing.TB, id string) User {
	t.Helper()
	u, err := ledger.Ask(t.Context(), h.Desk, ledger.Actor{}, inspect{id})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (h *hub) actor(t testing.TB, id string) ledger.Actor { return h.user(t, id).Actor() }

// serve serves the door with three routes: one that says who one is, and ways in and
// out.
func (h *hub) serve(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /who", func(w http.ResponseWriter, r *http.Request) {
		a := access.Actor(r.Context())
		fmt.Fprintf(w, "%s %s %s|%s", a.ID, a.Org, a.Role, web.FrameOf(r.Context()).Person)
	})
	mux.HandleFunc("GET /api/v1/who", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, access.Actor(r.Context()).ID) })
	mux.HandleFunc("POST /in", func(w http.ResponseWriter, r *http.Request) {
		if _, err := h.SignIn(r.Context(), r.FormValue("login"), r.FormValue("password"), r.FormValue("code")); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	})
	mux.HandleFunc("POST /out", func(w http.ResponseWriter, r *http.Request) {
		if err := h.SignOut(r.Context(), access.Actor(r.Context())); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	srv := httptest.NewServer(h.Authenticate(mux))
	t.Cleanup(srv.Close)
	return srv
}

// A browser keeps cookies.
type browser struct {
	t   testing.TB
	c   *http.Client
	url string
}

func newBrowser(t testing.TB, srv *httptest.Server) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar}, srv.URL}
}

func (b *browser) do(r *http.Request) (int, string) {
	b.t.Helper()
	res, err := b.c.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func (b *browser) get(path string) string {
	b.t.Helper()
	r, err := http.NewRequest("GET", b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	_, body := b.do(r)
	return body
}

func (b *browser) post(path string, form map[string]string) (int, string) {
	b.t.Helper()
	return b.do(postForm(b.t, b.url+path, form))
}

// token returns the session cookie.
func (b *browser) token(srv *httptest.Server) string {
	r, err := http.NewRequest("GET", srv.URL, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.c.Jar.Cookies(r.URL) {
		if c.Name == "chaperone-session" {
			return c.Value
		}
	}
	return ""
}
