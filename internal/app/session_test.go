package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/app"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/web"
	"chaperone.example/phi"
)

// opens reports whether a token still opens a page and an operation of the API.
func (h *hub) opens(t testing.TB, token string) bool {
	t.Helper()
	var open [2]bool
	for i, target := range []string{"/account", "/api/v1/account"} {
		r := h.request(t, "GET", target, body{})
		present(r, token)
		a := httptest.NewRecorder()
		h.Handler().ServeHTTP(a, r)
		open[i] = a.Code == http.StatusOK
	}
	if open[0] != open[1] {
		t.Errorf("the token opens pages: %t, the API: %t", open[0], open[1])
	}
	return open[0]
}

// signIn posts the form of the sign-in page.
func (h *hub) signIn(t testing.TB, p person, next string) *httptest.ResponseRecorder {
	t.Helper()
	code, err := h.code(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return h.ask(t, visitor, "POST", "/sign-in", body{formType, url.Values{"login": {p.login}, "password": {secret}, "code": {code}, "next": {next}}.Encode()})
}

// session returns the token that an answer sets, or "".
func session(a *httptest.ResponseRecorder) string {
	for _, c := range a.Result().Cookies() {
		if c.Name == cookieName {
			return c.Value
		}
	}
	return ""
}

// A session ends by itself and when somebody ends it (IAM-1; 45 CFR
// 164.312(a)(2)(iii)).
func TestSessionsEnd(t *testing.T) {
	w := theWorld(t)
	who := one(birch, phi.Auditor)
	t.Run("idle", func(t *testing.T) {
		token := w.fresh(t, who)
		for range 3 {
			w.clock.pass(web.SessionIdle - time.Second)
			if !w.opens(t, token) {
				t.Fatal("a session in use has ended")
			}
		}
		w.clock.pass(web.SessionIdle)
		if w.opens(t, token) {
			t.Errorf("it is open after %v without a request", web.SessionIdle)
		}
	})
	t.Run("in all", func(t *testing.T) {
		token := w.fresh(t, who)
		for began := w.clock.now(); w.clock.now().Sub(began) < web.SessionLifetime-10*time.Minute; w.clock.pass(10 * time.Minute) {
			if !w.opens(t, token) {
				t.Fatalf("ended after %v", w.clock.now().Sub(began))
			}
		}
		w.clock.pass(10 * time.Minute)
		if w.opens(t, token) {
			t.Errorf("it is open after %v, however often it was used", web.SessionLifetime)
		}
	})
	t.Run("signed out", func(t *testing.T) {
		token := w.fresh(t, who)
		other := w.fresh(t, who)
		r := w.request(t, "POST", "/sign-out", body{})
		present(r, token)
		a := httptest.NewRecorder()
		w.Handler().ServeHTTP(a, r)
		if a.Code != http.StatusSeeOther || a.Header().Get("Clear-Site-Data") == "" {
			t.Errorf("signing out is answered %d %v", a.Code, a.Header())
		}
		if w.opens(t, token) {
			t.Error("it is open after signing out")
		}
		if !w.opens(t, other) {
			t.Error("another session of the same person has ended too")
		}
	})
	t.Run("from the account page", func(t *testing.T) {
		token, other := w.fresh(t, who), w.fresh(t, who)
		open, err := w.sessions(t, who)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range open {
			r := w.request(t, "POST", "/account/sessions/"+id+"/end", body{})
			present(r, token)
			w.Handler().ServeHTTP(httptest.NewRecorder(), r)
		}
		if w.opens(t, other) {
			t.Error("a session that was ended from another is open")
		}
		w.forget(who)
	})
	t.Run("access ended", func(t *testing.T) {
		h, err := open(t.Context(), t.TempDir(), newClock())
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		if err := h.populate(t.Context(), map[string]string{collab: "Collaborative Zyx"}, collab); err != nil {
			t.Fatal(err)
		}
		who, officer := one(collab, phi.Analyst), one(collab, phi.SecurityOfficer)
		token := h.fresh(t, who)
		if !h.opens(t, token) {
			t.Fatal("it does not open")
		}
		code, err := h.code(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		h.token(t, officer)
		start := time.Now()
		if a := h.ask(t, officer, "POST", "/people/"+who.ID+"/disable", body{}); a.Code != http.StatusSeeOther {
			t.Fatalf("ending the access is answered %d %.300s", a.Code, mainWords(a))
		}
		if h.opens(t, token) {
			t.Error("a session is open after the access has ended")
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("it took %v to end the session", took)
		}
		again := body{formType, url.Values{"login": {who.login}, "password": {secret}, "code": {code}}.Encode()}
		if a := h.ask(t, visitor, "POST", "/sign-in", again); a.Code != http.StatusUnprocessableEntity || session(a) != "" && h.opens(t, session(a)) {
			t.Errorf("somebody without access signs in: %d", a.Code)
		}
		// With a new invitation the old token stays void.
		if a := h.ask(t, officer, "POST", "/people/"+who.ID+"/enable", body{}); a.Code != http.StatusOK {
			t.Errorf("giving access again is answered %d", a.Code)
		}
		if h.opens(t, token) {
			t.Error("the session of before is open again")
		}
	})
}

// Signing in leads to where the person wanted, on this site only, with a session that
// is new.
func TestSignInLeadsHereOnly(t *testing.T) {
	w := theWorld(t)
	who := one(birch, phi.CommitteeMember)
	for next, want := range map[string]string{
		"":                             "/",
		"/agreements?show=waiting":     "/agreements?show=waiting",
		"https://elsewhere.example/":   "/",
		"//elsewhere.example/":         "/",
		"/\\elsewhere.example/":        "/",
		"/\t/elsewhere.example":        "/",
		"javascript:alert(1)":          "/",
		"elsewhere.example":            "/",
		"/%2f%2felsewhere.example/a b": "/%2f%2felsewhere.example/a b",
		"\r\nSet-Cookie: a=b":          "/",
	} {
		a := w.signIn(t, who, next)
		got := a.Header().Get("Location")
		u, err := url.Parse(got)
		if a.Code != http.StatusSeeOther || err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(got, "//") {
			t.Errorf("next=%q: %d to %q, %v", next, a.Code, got, err)
		}
		if want == "/" && got != "/" {
			t.Errorf("next=%q leads to %q", next, got)
		}
	}
	r := w.request(t, "GET", "/sign-in?next=//elsewhere.example", body{})
	a := httptest.NewRecorder()
	w.Handler().ServeHTTP(a, r)
	if strings.Contains(a.Body.String(), "elsewhere") {
		t.Error("the form carries a target on another site")
	}
	// A token that was planted before is worth nothing.
	planted := w.fresh(t, one(birch, phi.Technician))
	code, err := w.code(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	r = w.request(t, "POST", "/sign-in", body{formType, url.Values{"login": {who.login}, "password": {secret}, "code": {code}}.Encode()})
	present(r, planted)
	a = httptest.NewRecorder()
	w.Handler().ServeHTTP(a, r)
	if got := session(a); a.Code != http.StatusSeeOther || got == "" || got == planted {
		t.Errorf("%d: the session keeps the token that came with the request", a.Code)
	}
	if w.opens(t, planted) {
		t.Error("the token that came with the request opens something")
	}
	w.forget(one(birch, phi.Technician))
}

// The sign-in says the same whatever is wrong, and a code works once.
func TestSignInTellsNothing(t *testing.T) {
	w := theWorld(t)
	who := one(birch, phi.CareCoordinator)
	code, err := w.code(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	post := func(login, password, code string) *httptest.ResponseRecorder {
		return w.ask(t, visitor, "POST", "/sign-in", body{formType, url.Values{"login": {login}, "password": {password}, "code": {code}}.Encode()})
	}
	var said []string
	for _, try := range [][3]string{
		{"nobody@birch.example", secret, code},
		{who.login, "eight quiet goats abide", code},
		{who.login, secret, "000000"},
	} {
		a := post(try[0], try[1], try[2])
		if a.Code != http.StatusUnprocessableEntity {
			t.Errorf("a wrong sign-in is answered %d", a.Code)
		}
		if strings.Contains(a.Body.String(), try[1]) {
			t.Error("the password comes back in the page")
		}
		said = append(said, strings.ReplaceAll(plain(shown(a, try[0])), try[0], ""))
	}
	if said[0] != said[1] || said[1] != said[2] {
		t.Errorf("the answers differ:\n%s", strings.Join(said, "\n"))
	}
	if a := post(who.login, secret, code); a.Code != http.StatusSeeOther {
		t.Errorf("the right sign-in after two failures is answered %d", a.Code)
	}
	if a := post(who.login, secret, code); a.Code == http.StatusSeeOther {
		t.Error("a code works twice")
	}
}

// A change that another site's page asks for is refused, with the person's cookie and
// all, for every route that changes something (ASVS 5.0 V3.5).
func TestOtherSitesChangeNothing(t *testing.T) {
	w := theWorld(t)
	for _, r := range table() {
		if r.method() != http.MethodPost || r.api() {
			continue
		}
		who := one(birch, r.insider())
		if r.insider() == access.Anyone {
			who = one(birch, phi.Auditor)
		}
		token := w.token(t, who)
		before := w.trace(t)
		for name, head := range map[string]http.Header{
			"another site":           {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://elsewhere.example"}},
			"a sister site":          {"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://other.chaperone.example"}},
			"an old browser":         {"Origin": {"https://elsewhere.example"}},
			"a page without address": {"Origin": {"null"}},
			"nobody knows where":     {},
		} {
			b := body{}
			if make := bodies[r.Pattern]; make != nil {
				b = encode(t, r, make(w), "", "")
			}
			id := random(r.kind(t))
			if k := r.kind(t); k != "" && len(w.of[birch][k]) > 0 {
				id = w.of[birch][k][0]
			}
			q := httptest.NewRequestWithContext(t.Context(), "POST", r.at(id), strings.NewReader(b.text))
			q.Header = head.Clone()
			q.Header.Set("Content-Type", b.kind)
			present(q, token)
			a := httptest.NewRecorder()
			w.Handler().ServeHTTP(a, q)
			if a.Code != http.StatusForbidden || !strings.Contains(a.Body.String(), "did not come from a page of Chaperone") {
				t.Errorf("%s from %s is answered %d", r.Pattern, name, a.Code)
			}
		}
		if after := w.trace(t); after != before {
			t.Errorf("%s: %+v is left behind, before %+v", r.Pattern, after, before)
		}
	}
}

// Every route answers with the headers that keep a browser from harm, and nothing that
// was signed in for is kept in a cache.
func TestHeadersOfEveryRoute(t *testing.T) {
	w := theWorld(t)
	for _, r := range table() {
		for _, who := range []person{visitor, one(alder, r.insider())} {
			if r.insider() == access.Anyone || strings.HasSuffix(r.path(), "/sign-out") {
				who = visitor
			}
			a := w.ask(t, who, r.method(), w.target(t, r, who.Org), body{})
			h := a.Header()
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			} {
				if h.Get(name) != want {
					t.Errorf("%s for %v: %s is %q, want %q", r.Pattern, who, name, h.Get(name), want)
				}
			}
			csp := h.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'self'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"} {
				if !strings.Contains(csp, part) && r.Pattern != "GET /static/" {
					t.Errorf("%s for %v: the policy lacks %s: %q", r.Pattern, who, part, csp)
				}
			}
			if strings.Contains(csp, "unsafe") {
				t.Errorf("%s for %v: %q", r.Pattern, who, csp)
			}
			public := r.Pattern == "GET /static/" || r.section() == "log"
			if !public && !slices.Contains(h.Values("Cache-Control"), "no-store") {
				t.Errorf("%s for %v: Cache-Control is %q", r.Pattern, who, h.Values("Cache-Control"))
			}
			if h.Get("Request-Id") == "" || h.Get("Server") != "" || h.Get("X-Powered-By") != "" {
				t.Errorf("%s for %v: %v", r.Pattern, who, h)
			}
			if a.Body.Len() > 0 && h.Get("Content-Type") == "" {
				t.Errorf("%s for %v: an answer of no type", r.Pattern, who)
			}
		}
	}
}

// Over HTTPS, cookies are bound to it and to this host.
func TestCookiesOverTLS(t *testing.T) {
	var log bytes.Buffer
	c := newClock()
	dir := t.TempDir()
	h, err := open(t.Context(), dir, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.populate(t.Context(), map[string]string{collab: "Collaborative Zyx"}); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if h.App, err = app.Open(t.Context(), app.Config{Place: app.Place{Dir: dir}, Existing: true, TLS: true, Now: c.now, LogTo: &log, Origin: "chaperone.example/test"}); err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	a := h.signIn(t, one(collab, phi.PrivacyOfficer), "/")
	if a.Code != http.StatusSeeOther {
		t.Fatalf("signing in is answered %d %.300s", a.Code, mainWords(a))
	}
	if a.Header().Get("Strict-Transport-Security") == "" {
		t.Error("there is no Strict-Transport-Security")
	}
	for _, c := range a.Result().Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite == http.SameSiteNoneMode || c.SameSite == http.SameSiteDefaultMode || c.Domain != "" || c.Path != "/" {
			t.Errorf("a cookie is %s", c)
		}
	}
	if len(a.Result().Cookies()) == 0 {
		t.Error("there is no session cookie")
	}
}

// Not one name, sign-in name or password of anybody is in what the program logs, nor
// an id from a path or what was searched for.
func TestLogNamesNobody(t *testing.T) {
	w := theWorld(t)
	for _, r := range table() {
		if r.method() == http.MethodGet && r.insider() != access.Anyone {
			w.ask(t, one(alder, r.insider()), "GET", w.target(t, r, alder)+"?q=zyxsearch", body{})
		}
	}
	w.ask(t, one(alder, phi.PrivacyOfficer), "POST", "/disclosures/accounting", body{formType, "identifier=zyxpatient"})
	w.ask(t, visitor, "POST", "/sign-in", body{formType, "login=zyxlogin&password=zyxpassword&code=123456"})
	logged := w.log.String()
	if strings.Count(logged, "msg=request") < 50 {
		t.Fatalf("the log has %d lines of requests", strings.Count(logged, "msg=request"))
	}
	words := []string{secret, "zyx", "Zyx", "@"}
	for _, o := range []string{alder, birch, collab} {
		for _, role := range identity.Roles() {
			words = append(words, one(o, role).ID)
		}
		for _, ids := range w.of[o] {
			words = append(words, ids...)
		}
	}
	for _, word := range words {
		if i := strings.Index(logged, word); i >= 0 {
			t.Errorf("the log holds %q: …%s…", word, logged[max(0, i-200):min(len(logged), i+50)])
		}
	}
	if strings.Contains(logged, fmt.Sprint(w.tokens[one(alder, phi.PrivacyOfficer).ID])) {
		t.Error("the log holds the token of a session")
	}
}
