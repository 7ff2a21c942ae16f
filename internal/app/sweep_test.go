package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/web/webtest"
	"chaperone.example/phi"
)

// A view is a page as somebody sees it.
type view struct {
	who    person
	target string
	name   string
}

// views lists every page of the program, with an object in every state where one is
// shown, and the home page of every job.
func (w *world) views(t testing.TB) []view {
	t.Helper()
	var out []view
	for _, role := range identity.Roles() {
		out = append(out, view{one(alder, role), "/", "home-" + string(role)})
	}
	for _, r := range table() {
		if r.method() != http.MethodGet || r.api() || r.path() == "/" || r.section() == "static" || r.kind(t) == "tile" {
			continue
		}
		who := visitor
		if role := r.insider(); !r.may(access.Anyone) {
			who = one(alder, role)
		}
		name := strings.Trim(strings.NewReplacer("/{id}", "", "/{seq}", "-record", "/", "-").Replace(r.path()), "-")
		ids := []string{""}
		switch kind := r.kind(t); {
		case kind == "position":
			ids = []string{w.position(t, alder)}
		case strings.HasSuffix(r.path(), "{id}") || r.path() == "/agreements/{id}/sign":
			ids = w.of[alder][kind]
		case kind != "":
			ids = w.of[alder][kind][:1]
		}
		for i, id := range ids {
			n := name
			if len(ids) > 1 {
				n = fmt.Sprint(name, "-", i+1)
			}
			out = append(out, view{who, r.at(id), n})
		}
	}
	steward, officer := one(alder, phi.DataSteward), one(alder, phi.PrivacyOfficer)
	return append(out,
		view{officer, "/agreements/new?template=baa", "agreements-new-baa"},
		view{officer, "/agreements/new?template=dua", "agreements-new-dua"},
		view{steward, "/requests/" + w.of[alder]["request"][1], "requests-to-approve"},
		view{steward, "/releases/new?request=" + w.of[alder]["request"][0], "releases-new-draft"},
		view{one(collab, phi.QualityCoordinator), "/releases/" + w.of[collab]["release"][0], "releases-to-fetch"},
		view{one(collab, phi.QualityCoordinator), "/requests/" + w.of[collab]["request"][2], "requests-denied"},
		view{one(collab, phi.Administrator), "/organizations", "organizations-operator"},
		view{officer, "/agreements?show=waiting", "agreements-waiting"},
	)
}

// Every page of the program, as a person sees it in a browser: it answers, breaks no
// rule of accessibility on a desk or a phone, in light or dark, needs no sideways
// scrolling at 320 pixels and no script, and the browser complains of nothing.
func TestEveryPageInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it opens every page in Chromium")
	}
	w := theWorld(t)
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = w.Server()
	srv.Start()
	defer srv.Close()
	b := webtest.Browser(t)
	seen := 0
	for _, v := range w.views(t) {
		a := w.ask(t, v.who, "GET", v.target, body{})
		if !strings.HasPrefix(a.Header().Get("Content-Type"), "text/html") {
			continue // an export
		}
		if a.Code != http.StatusOK {
			if a.Code != http.StatusSeeOther {
				t.Errorf("%s for %v is answered %d", v.target, v.who, a.Code)
			}
			continue
		}
		b.Forget(t)
		if v.who.ID != "" {
			b.Cookie(t, srv.URL, cookieName, w.token(t, v.who))
		}
		b.Sound(t, srv.URL+v.target, v.name, http.StatusOK)
		seen++
		if trouble := b.Troubles(); len(trouble) > 0 {
			t.Errorf("%s: %s", v.target, strings.Join(trouble, "; "))
		}
	}
	// What goes wrong is a page as well.
	b.Forget(t)
	b.Cookie(t, srv.URL, cookieName, w.token(t, one(alder, phi.Auditor)))
	b.Sound(t, srv.URL+"/nowhere", "error-not-found", http.StatusNotFound)
	b.Sound(t, srv.URL+"/agreements/"+random("agreement"), "error-unknown", http.StatusNotFound)
	b.Sound(t, srv.URL+"/people", "error-forbidden", http.StatusForbidden)
	t.Logf("%d pages", seen+3)
}
