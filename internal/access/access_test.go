package access

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })

var refuse = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	http.Error(w, Refusal(r.Context()).Error(), http.StatusForbidden)
})

func table(t *testing.T) *Table {
	t.Helper()
	tb, err := NewTable(
		[]Route{{"GET /a", "a.see"}, {"POST /a/{id}/close", "a.close"}, {"GET /open", "page.public"}},
		[]Grant{
			{"a.see", "see it", []phi.Role{phi.Auditor, phi.Analyst}},
			{"a.close", "close it", []phi.Role{phi.Auditor}},
			{"page.public", "see the public pages", []phi.Role{Anyone, phi.Auditor}},
		})
	if err != nil {
		t.Fatal(err)
	}
	return tb
}

func TestNewTable(t *testing.T) {
	see := Grant{"a.see", "see it", []phi.Role{phi.Auditor}}
	for _, tt := range []struct {
		name   string
		routes []Route
		grants []Grant
		want   string
	}{
		{"a route without a grant", []Route{{"GET /a", "a.open"}}, []Grant{see}, "GET /a needs a.open"},
		{"a route twice", []Route{{"GET /a", "a.see"}, {"GET /a", "a.see"}}, []Grant{see}, "GET /a is listed twice"},
		{"an action twice", nil, []Grant{see, see}, "a.see is granted twice"},
	} {
		if _, err := NewTable(tt.routes, tt.grants); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestProgramTableIsSound(t *testing.T) {
	if _, err := NewTable(Routes(), Grants()); err != nil {
		t.Error(err)
	}
}

// A route that is not in the table does not start, nor a line that nobody serves.
func TestMuxIsTheTable(t *testing.T) {
	for _, tt := range []struct {
		name     string
		patterns []string
		want     []string
	}{
		{"all served", []string{"GET /a", "POST /a/{id}/close", "GET /open"}, nil},
		{"a route in no line", []string{"GET /a", "POST /a/{id}/close", "GET /open", "GET /back-door"}, []string{"GET /back-door is in no line"}},
		{"another method", []string{"GET /a", "POST /a/{id}/close", "GET /open", "DELETE /a"}, []string{"DELETE /a is in no line"}},
		{"a line without handler", []string{"GET /a", "GET /open"}, []string{"POST /a/{id}/close is in the authorization table, but nothing serves it"}},
	} {
		m := NewMux(table(t), refuse)
		for _, p := range tt.patterns {
			m.Handle(p, ok)
		}
		err := m.Err()
		if (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v", tt.name, err)
		}
		for _, w := range tt.want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v, want %q", tt.name, err, w)
			}
		}
	}
}

func TestUnlistedRouteIsNotServed(t *testing.T) {
	m := NewMux(table(t), refuse)
	m.Handle("GET /back-door", ok)
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/back-door", nil).WithContext(WithActor(t.Context(), ledger.Actor{ID: "u-1", Role: "auditor"})))
	if w.Code != http.StatusNotFound {
		t.Errorf("a route in no line answers %d, want 404", w.Code)
	}
}

func TestMuxPermits(t *testing.T) {
	m := NewMux(table(t), refuse)
	for _, p := range []string{"GET /a", "POST /a/{id}/close", "GET /open"} {
		m.Handle(p, ok)
	}
	for _, tt := range []struct {
		method, path string
		role         phi.Role
		want         int
	}{
		{"GET", "/a", phi.Auditor, 204},
		{"GET", "/a", phi.Analyst, 204},
		{"HEAD", "/a", phi.Analyst, 204},
		{"GET", "/a", Anyone, 403},
		{"GET", "/a", "superuser", 403},
		{"GET", "/a", "Auditor", 403},
		{"POST", "/a/x/close", phi.Auditor, 204},
		{"POST", "/a/x/close", phi.Analyst, 403},
		{"POST", "/a/x/close", Anyone, 403},
		{"POST", "/a/./x/close", phi.Analyst, 307}, // the mux cleans a path by redirecting; nothing is served
		{"GET", "/open", Anyone, 204},
	} {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		r = r.WithContext(WithActor(r.Context(), ledger.Actor{ID: "u-1", Org: "o-1", Role: string(tt.role)}))
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s %s as %q: %d, want %d", tt.method, tt.path, tt.role, w.Code, tt.want)
		}
	}
}

func TestPermit(t *testing.T) {
	tb := table(t)
	who := func(role phi.Role) ledger.Actor { return ledger.Actor{ID: "u-1", Org: "o-1", Role: string(role)} }
	s, err := tb.Permit(t.Context(), who(phi.Auditor), "a.close")
	if err != nil || s.Org != "o-1" || s.Actor.ID != "u-1" {
		t.Errorf("Permit = %+v, %v", s, err)
	}
	for _, tt := range []struct {
		name   string
		role   phi.Role
		action string
	}{
		{"a role that is not granted", phi.Analyst, "a.close"},
		{"no role", Anyone, "a.close"},
		{"an unknown role", "superuser", "a.see"},
		{"an unknown action", phi.Auditor, "a.destroy"},
		{"no action", phi.Auditor, ""},
	} {
		s, err := tb.Permit(context.Background(), who(tt.role), tt.action)
		if err == nil || s != (ledger.Scope{}) {
			t.Errorf("%s: scope %+v, %v; want a refusal", tt.name, s, err)
		}
		if tb.May(tt.role, tt.action) {
			t.Errorf("%s: May says yes", tt.name)
		}
	}
	if _, err := tb.Permit(t.Context(), who(phi.Analyst), "a.close"); !fault.Is(err, fault.Forbidden) || !strings.Contains(err.Error(), "auditor") {
		t.Errorf("a refusal does not say who may: %v", err)
	}
}

// What changes something is for nobody who has not signed in, except to sign in or
// to take up an invitation.
func TestVisitorsChangeNothing(t *testing.T) {
	open := map[string]bool{"POST /sign-in": true, "POST /sign-out": true, "POST /join": true, "POST /join/finish": true, "POST /api/v1/sign-in": true, "POST /api/v1/sign-out": true}
	grants := map[string]Grant{}
	for _, g := range Grants() {
		grants[g.Action] = g
	}
	for _, r := range Routes() {
		if !strings.HasPrefix(r.Pattern, "GET ") && slices.Contains(grants[r.Action].Roles, Anyone) && !open[r.Pattern] {
			t.Errorf("%s is open to visitors", r.Pattern)
		}
	}
}

// A grant reads as the end of "may not": its words are small and without a full stop.
func TestGrantsAreSentences(t *testing.T) {
	for _, g := range Grants() {
		if g.Why == "" || strings.HasSuffix(g.Why, ".") || g.Why[:1] != strings.ToLower(g.Why[:1]) {
			t.Errorf("%s: %q", g.Action, g.Why)
		}
		if len(g.Roles) == 0 {
			t.Errorf("%s is granted to nobody: leave it out", g.Action)
		}
	}
}
