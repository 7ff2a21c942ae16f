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
	status int // 200, unless it says so
}

// views lists every page of the program, with an object in every state where one is
// shown, and the home page of every job.
func (w *world) views(t testing.TB) []view {
	t.Helper()
	var out []view
	for _, role := range identity.Roles() {
		out = append(out, view{who: one(alder, role), target: "/", name: "home-" + string(role)})
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
			out = append(out, view{who: who, target: r.at(id), name: n})
		}
	}
	steward, officer := one(alder, phi.DataSteward), one(alder, phi.PrivacyOfficer)
	return append(out,
		view{officer, "/agreements/new?template=baa", "agreements-new-baa", 0},
		view{officer, "/agreements/new?template=dua", "agreements-new-dua", 0},
		view{steward, "/requests/" + w.of[alder]["request"][1], "requests-to-approve", 0},
		view{steward, "/releases/new?request=" + w.of[alder]["request"][0], "releases-new-draft", 0},
		view{one(collab, phi.QualityCoordinator), "/releases/" + w.of[collab]["release"][0], "releases-to-fetch", 0},
		view{one(collab, phi.QualityCoordinator), "/requests/" + w.of[collab]["request"][2], "requests-denied", 0},
		view{one(collab, phi.Administrator), "/organizations", "organizations-operator", 0},
		view{officer, "/agreements?show=waiting", "agreements-waiting", 0},
		// What goes wrong is a page as well.
		view{one(alder, phi.Auditor), "/nowhere", "error-not-found", http.StatusNotFound},
		view{one(alder, phi.Auditor), "/agreements/" + random("agreement"), "error-unknown", http.StatusNotFound},
		view{one(alder, phi.Auditor), "/people", "error-forbidden", http.StatusForbidden},
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
	t.Cleanup(srv.Close)
	views := w.views(t)
	// In two browsers at a time.
	half := len(views) / 2
	for name, views := range map[string][]view{"first half": views[:half], "second half": views[half:]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.sweep(t, webtest.Browser(t), srv.URL, views)
		})
	}
}

// sweep looks at pages, each as the person whose it is.
func (w *world) sweep(t *testing.T, b *webtest.Tab, address string, views []view) {
	t.Helper()
	seen := 0
	for _, v := range views {
		status := v.status
		if status == 0 {
			status = http.StatusOK
		}
		a := w.ask(t, v.who, "GET", v.target, body{})
		if !strings.HasPrefix(a.Header().Get("Content-Type"), "text/html") || a.Code == http.StatusSeeOther {
			continue // an export, or a form that another page comes before
		}
		b.Forget(t)
		if v.who.ID != "" {
			b.Cookie(t, address, cookieName, w.token(t, v.who))
		}
		b.Sound(t, address+v.target, v.name, status)
		seen++
		if trouble := b.Troubles(); len(trouble) > 0 {
			t.Errorf("%s: %s", v.target, strings.Join(trouble, "; "))
		}
	}
	t.Logf("%d pages", seen)
}
