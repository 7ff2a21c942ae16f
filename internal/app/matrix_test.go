package app_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/identity"
	"chaperone.example/phi"
)

// A verdict is what the gate of a route says.
type verdict string

const (
	passes  verdict = "passes"
	refused verdict = "is refused"
	signsIn verdict = "is sent to sign in"
)

// judge reads the verdict from an answer.
func judge(a *httptest.ResponseRecorder) verdict {
	to := a.Header().Get("Location")
	text := a.Body.String()
	switch {
	case a.Code == http.StatusSeeOther && (to == "/sign-in" || strings.HasPrefix(to, "/sign-in?next=")) && a.Header().Get("Clear-Site-Data") == "":
		return signsIn
	case a.Code == http.StatusForbidden && (strings.Contains(text, " may not ") && strings.Contains(text, "; that is for: ") || strings.Contains(text, "sign in first")):
		return refused
	}
	return passes
}

// visit asks for a route as harmlessly as it can be asked: with an object of one's own
// to look at, and with one that nobody has and an empty body to change.
func (w *world) visit(t *testing.T, who person, r route) *httptest.ResponseRecorder {
	t.Helper()
	return w.ask(t, who, r.method(), w.target(t, r, who.Org), body{})
}

func (w *world) target(t testing.TB, r route, organization string) string {
	t.Helper()
	kind := r.kind(t)
	switch {
	case kind == "tile":
		return "/log/tile/0/000.p/1"
	case r.path() == "/static/":
		page := w.ask(t, visitor, "GET", "/sign-in", body{}).Body.String()
		return regexp.MustCompile(`/static/app\.[0-9a-f]+\.css`).FindString(page)
	case kind == "" || r.method() != http.MethodGet:
		return r.at(random(kind))
	case kind == "position":
		return r.at(w.position(t, organization))
	case organization == "":
		return r.at(random(kind))
	}
	return r.at(w.of[organization][kind][0])
}

// position returns the position of a record of the organization's own.
func (w *world) position(t testing.TB, organization string) string {
	t.Helper()
	if organization == "" {
		return "0"
	}
	for _, f := range w.foreigners(t) {
		if f.org == birch && organization == alder {
			return f.hide["position"][0]
		}
	}
	t.Fatalf("no position for %s", organization)
	return ""
}

// Every route lets through whom the table says, and nobody else: by page and by API,
// with a session and without one (IAM-2). What passes a gate is not refused by the
// ledger's own: every page that a role may open is shown to it.
func TestAuthorizationMatrix(t *testing.T) {
	w := theWorld(t)
	asked := 0
	for _, r := range table() {
		for _, role := range append([]phi.Role{access.Anyone}, identity.Roles()...) {
			who := visitor
			if role != access.Anyone {
				who = one(alder, role)
			}
			a := w.visit(t, who, r)
			asked++
			want := refused
			switch {
			case r.may(role):
				want = passes
			case role == access.Anyone && r.method() == http.MethodGet && !r.api():
				want = signsIn
			}
			got := judge(a)
			if got == signsIn && want == passes && r.Pattern == "POST /sign-out" {
				got = passes // that is where signing out leads
			}
			if got != want {
				t.Errorf("%s: %v %s, and the table says: %s (%d %.300s)", r.Pattern, who, got, want, a.Code, mainWords(a))
				continue
			}
			if r.Pattern == "POST /sign-out" || r.Pattern == "POST /api/v1/sign-out" {
				w.forget(who)
			}
			if want == passes && r.method() == http.MethodGet {
				ok := a.Code == http.StatusOK
				if r.Pattern == "GET /sign-in" && who.ID != "" {
					ok = a.Code == http.StatusSeeOther // there already
				}
				if !ok {
					t.Errorf("%s: %v passes, and is answered %d: %.300s", r.Pattern, who, a.Code, mainWords(a))
				}
			}
			if a.Code >= 500 {
				t.Errorf("%s: %v is answered %d", r.Pattern, who, a.Code)
			}
			if want != passes && r.api() {
				if k := a.Header().Get("Content-Type"); a.Code != http.StatusForbidden || k != "application/problem+json" {
					t.Errorf("%s: %v is refused with %d %s, want 403 and a problem document", r.Pattern, who, a.Code, k)
				}
			}
		}
	}
	t.Logf("%d verdicts", asked)
}

// forget drops the token of a person, who signed out.
func (w *world) forget(p person) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.tokens, p.ID)
}

// What can be done by page can be done by API, on the same action: the same people may.
// Forms and exports have no counterpart of their own.
func TestPagesAndAPIAgree(t *testing.T) {
	actions := map[string]string{}
	for _, r := range table() {
		actions[r.Pattern] = r.Action
	}
	// Where the two say it in other words.
	other := map[string]string{
		"POST /organizations/officers": "POST /api/v1/workspace/officers", "POST /organizations/engagements": "POST /api/v1/workspace/engagements",
		"POST /organizations/engagements/end": "POST /api/v1/workspace/engagements/end", "GET /ledger/policy": "GET /api/v1/ledger-policy",
		"GET /requests/{id}/decision.csv": "GET /api/v1/requests/{id}/decision", "GET /ledger/prove.zip": "GET /api/v1/ledger/prove",
	}
	// What is for people only, or shown by the same operation.
	alone := []string{"GET /{$}", "GET /static/", "GET /sign-in", "GET /join", "POST /join", "POST /join/finish", "POST /account/sessions/{id}/end", "GET /agreements/{id}/changes", "GET /as-of", "GET /status"}
	for _, r := range table() {
		if r.api() || slices.Contains(alone, r.Pattern) || r.section() == "log" || r.section() == "api" {
			continue
		}
		twin := other[r.Pattern]
		if twin == "" {
			twin = r.method() + " /api/v1" + r.path()
		}
		if action, ok := actions[twin]; ok {
			if action != r.Action {
				t.Errorf("%s is %s, and %s is %s", r.Pattern, r.Action, twin, action)
			}
			continue
		}
		last := r.path()[strings.LastIndexByte(r.path(), '/')+1:]
		form := r.method() == http.MethodGet && (actions["POST "+r.path()] == r.Action || last == "new" && actions["POST "+strings.TrimSuffix(r.path(), "/new")] == r.Action)
		if !form && !strings.HasSuffix(last, ".csv") {
			t.Errorf("%s has no counterpart in the API", r.Pattern)
		}
	}
}

// The API takes a token and nothing else: a cookie that opens pages opens nothing there.
func TestAPIIgnoresCookies(t *testing.T) {
	w := theWorld(t)
	who := one(alder, phi.PrivacyOfficer)
	token := w.token(t, who)
	for _, r := range table() {
		if !r.api() || slices.Contains(r.roles, access.Anyone) {
			continue
		}
		q := w.request(t, r.method(), w.target(t, r, alder), body{})
		q.AddCookie(&http.Cookie{Name: cookieName, Value: token})
		a := httptest.NewRecorder()
		w.Handler().ServeHTTP(a, q)
		if a.Code != http.StatusForbidden || !strings.Contains(a.Body.String(), "sign in first") {
			t.Errorf("%s with a cookie only is answered %d %.200s", r.Pattern, a.Code, a.Body)
		}
	}
	for _, header := range []string{"Bearer", "Bearer ", "Bearer x", "Basic " + token, token, "Bearer " + token + "x", "Bearer " + strings.ToUpper(token)} {
		q := w.request(t, "GET", "/api/v1/account", body{})
		q.Header.Set("Authorization", header)
		a := httptest.NewRecorder()
		w.Handler().ServeHTTP(a, q)
		if a.Code != http.StatusForbidden {
			t.Errorf("Authorization %.12q… is answered %d", header, a.Code)
		}
	}
}

// A visitor is sent to sign in, and from there to where they wanted, without what they
// searched for.
func TestVisitorsAreSentToSignIn(t *testing.T) {
	w := theWorld(t)
	for target, want := range map[string]string{
		"/":                                "/sign-in",
		"/agreements":                      "/sign-in?next=%2Fagreements",
		"/disclosures?from=2025-01-01":     "/sign-in?next=%2Fdisclosures",
		"/requests/q-none?decision=secret": "/sign-in?next=%2Frequests%2Fq-none",
	} {
		a := w.ask(t, visitor, "GET", target, body{})
		if got := a.Header().Get("Location"); a.Code != http.StatusSeeOther || got != want {
			t.Errorf("GET %s: %d to %s, want 303 to %s", target, a.Code, got, want)
		}
		if u, err := url.Parse(want); err == nil {
			if page := w.ask(t, visitor, "GET", u.String(), body{}); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `name="password"`) {
				t.Errorf("GET %s: %d", u, page.Code)
			}
		}
	}
}
