package page_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/rulebook"
	"chaperone.example/internal/rulebook/page"
	"chaperone.example/internal/web"
	"chaperone.example/internal/web/webtest"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/phi"
)

var officer = ledger.Actor{ID: "u-1", Org: "o-1", Role: string(phi.PrivacyOfficer)}

type site struct {
	desk *ledger.Desk
	mux  *access.Mux
}

func open(t *testing.T) site {
	t.Helper()
	desk, _ := ledgertest.Open(t, []ledger.Types{rulebook.Types}, rulebook.View())
	var routes []access.Route
	for _, r := range access.Routes() {
		_, p, _ := strings.Cut(r.Pattern, " ")
		if strings.HasPrefix(p, "/rules") || strings.HasPrefix(p, "/static/") {
			routes = append(routes, r)
		}
	}
	table, err := access.NewTable(routes, access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	desk.Gate = table
	mux := access.NewMux(table, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { web.Error(w, r, access.Refusal(r.Context())) }))
	page.Page{Desk: desk, May: table.May, Past: func(context.Context, ledger.Actor, overlay.Pack) (rulebook.Past, error) {
		return rulebook.Past{Looked: 12, Changed: []rulebook.Change{{Request: "q-1", Project: "Readmissions after heart failure", Before: law.Permit, After: law.RightSize, Withheld: []string{"encounter.cost"}}}}, nil
	}}.Routes(mux)
	mux.Handle("GET /static/", web.Static())
	if err := mux.Err(); err != nil {
		t.Fatal(err)
	}
	return site{desk, mux}
}

func (s site) as(a ledger.Actor) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mux.ServeMux().ServeHTTP(w, r.WithContext(web.WithFrame(access.WithActor(r.Context(), a), web.Frame{Person: "Alex Sample", Org: "Harbor Hospital"})))
	})
}

func (s site) do(t *testing.T, a ledger.Actor, method, path string, form url.Values) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.as(a).ServeHTTP(w, r)
	return w.Code, w.Body.String() + w.Header().Get("Location")
}

const pack = "id: own\nlevel: member\nsource: policy 7\nread: 2026-01-01\nrules:\n  - {id: r1, citation: policy 7, text: Costs stay., strip: [encounter.cost]}\n"

func form(s site, text string) url.Values {
	return url.Values{"text": {text}, "effective": {civil.On(s.desk.Log.Now()).String()}, "once": {"k-" + text[:12]}}
}

// DEC-1: the rule book tells each rule under an anchor of its own, and is searched.
func TestBook(t *testing.T) {
	s := open(t)
	code, body := s.do(t, officer, "GET", "/rules", nil)
	for _, r := range law.Rules() {
		if !strings.Contains(body, `id="`+r.ID+`"`) {
			t.Errorf("rule %s has no anchor", r.ID)
		}
	}
	if code != 200 {
		t.Errorf("status %d", code)
	}
	if _, body := s.do(t, officer, "GET", "/rules?q=counseling&effect=filter", nil); !strings.Contains(body, `id="P08"`) || strings.Contains(body, `id="B01"`) {
		t.Error("the search finds other rules")
	}
	if code, body := s.do(t, officer, "GET", "/rules.csv", nil); code != 200 || !strings.Contains(body, "P02") {
		t.Errorf("CSV: %d", code)
	}
}

// REQ-2: a pack is checked with its lines, previewed, adopted and retired.
func TestPack(t *testing.T) {
	s := open(t)
	wide := strings.Replace(pack, "strip: [encounter.cost]", "permit: [encounter.cost]", 1)
	if code, body := s.do(t, officer, "POST", "/rules/packs/preview", form(s, wide)); code != 422 || !strings.Contains(body, "would widen what the law allows") || !strings.Contains(body, "Line 6, column") {
		t.Errorf("a pack that widens: %d %s", code, body)
	}
	if code, body := s.do(t, officer, "POST", "/rules/packs", form(s, wide)); code != 422 || !strings.Contains(body, "would widen") {
		t.Errorf("a pack that widens, adopted at once: %d", code)
	}
	code, body := s.do(t, officer, "POST", "/rules/packs/preview", form(s, pack))
	if code != 200 || !strings.Contains(body, "1 decision would have come out otherwise") || !strings.Contains(body, "Charges and cost") || !strings.Contains(body, "Confirm with counsel") {
		t.Errorf("preview: %d %s", code, body)
	}
	code, where := s.do(t, officer, "POST", "/rules/packs", form(s, pack))
	id := rulebook.ID(officer.Org, "own")
	if code != 303 || !strings.HasSuffix(where, "/rules/packs/"+id) {
		t.Fatalf("adopt: %d %s", code, where)
	}
	if _, body := s.do(t, officer, "GET", "/rules/packs/"+id, nil); !strings.Contains(body, "In force") || !strings.Contains(body, "withholds Charges and cost") {
		t.Error("the pack is not shown in force")
	}
	steward := ledger.Actor{ID: "u-9", Org: "o-1", Role: string(phi.DataSteward)}
	if code, _ := s.do(t, steward, "POST", "/rules/packs/"+id+"/retire", url.Values{"effective": {"2030-01-01"}}); code != 403 {
		t.Errorf("a steward retires: %d", code)
	}
	if code, _ := s.do(t, officer, "POST", "/rules/packs/"+id+"/retire", url.Values{"effective": {civil.On(s.desk.Log.Now()).String()}}); code != 303 {
		t.Errorf("retire: %d", code)
	}
	if _, body := s.do(t, officer, "GET", "/rules/packs", nil); !strings.Contains(body, "Retired") {
		t.Error("the pack is not shown as retired")
	}
}

func TestInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := open(t)
	srv := httptest.NewServer(s.as(officer))
	defer srv.Close()
	b.Sound(t, srv.URL+"/rules?q=part+2", "rules", 200)
	b.Sound(t, srv.URL+"/rules/packs", "packs-empty", 200)
	b.Open(t, srv.URL+"/rules/packs/new")
	b.Fill(t, "text", pack)
	if code := b.Follow(t, "form[action='/rules/packs/preview'] button"); code != 200 {
		t.Fatalf("preview: %d", code)
	}
	b.Axe(t)
	b.NoOverflow(t, 320)
	b.Screenshot(t, 1280, "pack-preview")
	b.Screenshot(t, 390, "pack-preview")
	if code := b.Follow(t, "form[action='/rules/packs'] button"); code != 200 {
		t.Fatalf("adopt: %d", code)
	}
	b.Sound(t, srv.URL+b.Path(t), "pack", 200)
}
