package rest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/request"
	"chaperone.example/internal/request/requesttest"
	requestrest "chaperone.example/internal/request/rest"
	"chaperone.example/internal/rest"
	"chaperone.example/ledger"
)

type service struct {
	*requesttest.World
	mux *access.Mux
	api *rest.API
}

// gate is the table, and keeps the test world's own actions outside the table.
type gate struct{ *access.Table }

func (g gate) Permit(ctx context.Context, a ledger.Actor, action string) (ledger.Scope, error) {
	if strings.HasPrefix(action, "pact.") {
		return ledger.Scope{Actor: a, Org: a.Org}, nil
	}
	return g.Table.Permit(ctx, a, action)
}

func open(t *testing.T) service {
	t.Helper()
	w := requesttest.Open(t)
	var routes []access.Route
	for _, r := range access.Routes() {
		if strings.Contains(r.Pattern, " /api/v1/requests") || strings.HasSuffix(r.Pattern, " /api/openapi.json") {
			routes = append(routes, r)
		}
	}
	table, err := access.NewTable(routes, access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	w.Desk.Gate = gate{table}
	mux := access.NewMux(table, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { rest.Refuse(w, r, access.Refusal(r.Context())) }))
	api := rest.New(mux, "test")
	requestrest.Routes(api, w.Desk, w.Sources)
	if err := mux.Err(); err != nil {
		t.Fatal(err)
	}
	return service{w, mux, api}
}

// call sends a request and decodes the answer.
func (s service) call(t *testing.T, a ledger.Actor, method, path, body string, status int, key ...string) map[string]any {
	t.Helper()
	r := httptest.NewRequestWithContext(access.WithActor(t.Context(), a), method, "/api/v1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for _, k := range key {
		r.Header.Set("Idempotency-Key", k)
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	if w.Code != status {
		t.Fatalf("%s %s as %s: %d, want %d: %s", method, path, a.ID, w.Code, status, w.Body)
	}
	var v map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return v
}

const ask = `{"discloser":"o-hospital","purpose":"operations","activity":"quality-assessment","basis":"B07",
"population":{"classes":["I"],"min_age":18,"diagnoses":["I50"]},"window":{"from":"2025-01-01","until":"2025-12-31"},
"elements":["patient.name","patient.ssn","patient.token","patient.age","encounter.discharge-date","encounter.class","encounter.diagnosis"],"form":"identified",
"recipients":["u-analyst"],"retention":180,"project":"Readmissions","statement":"Compare readmission within thirty days.","why_more":"Days have to be counted."}`

// The story of one request over the API.
func TestRequestOverAPI(t *testing.T) {
	s := open(t)
	id := s.call(t, requesttest.Coordinator, "POST", "/requests", ask, 201, "key-1")["id"].(string)
	if again := s.call(t, requesttest.Coordinator, "POST", "/requests", ask, 201, "key-1")["id"]; again != id {
		t.Errorf("the same key made %v and %v", id, again)
	}
	got := s.call(t, requesttest.Steward, "GET", "/requests/"+id, "", 200)
	if got["status"] != "awaiting" || got["outcome"] != "right-size" || got["form"] != "limited" || got["ask"].(map[string]any)["project"] != "Readmissions" {
		t.Errorf("get: %v", got)
	}
	ruling := s.call(t, requesttest.Steward, "GET", "/requests/"+id+"/decision", "", 200)
	lines := ruling["answer"].(map[string]any)["lines"].([]any)
	if len(lines) != 7 || ruling["known"].(map[string]any)["agreements"] == nil {
		t.Errorf("decision: %d lines, %v", len(lines), ruling["known"])
	}
	if l := s.call(t, requesttest.Steward, "GET", "/requests?side=asked&status=awaiting", "", 200); l["await"] != 1.0 || len(l["requests"].([]any)) != 1 {
		t.Errorf("list: %v", l)
	}
	s.call(t, requesttest.Steward, "POST", "/requests/"+id+"/reconsider", `{}`, 200)
	decision := got["decision"].(string)
	s.call(t, requesttest.Steward, "POST", "/requests/"+id+"/approve", `{"datasets":["d-encounters"],"decision":"`+decision+`"}`, 200)
	p := s.call(t, requesttest.Coordinator, "GET", "/requests/"+id, "", 200)["permit"].(map[string]any)
	if p["form"] != "limited" || p["retention"] != 180.0 || len(p["elements"].([]any)) != 5 || p["citation"] == "" {
		t.Errorf("permit: %v", p)
	}
	if r := s.call(t, requesttest.Coordinator, "GET", "/requests/"+id+"/replay?decision="+decision, "", 200); r["same"] != true || r["recorded"] != decision {
		t.Errorf("replay: %v", r)
	}
}

func TestNarrowRefuseWithdraw(t *testing.T) {
	s := open(t)
	id := s.call(t, requesttest.Coordinator, "POST", "/requests", ask, 201)["id"].(string)
	s.call(t, requesttest.Coordinator, "POST", "/requests/"+id+"/amend", strings.Replace(ask, `"patient.name","patient.ssn",`, "", 1), 200)
	if got := s.call(t, requesttest.Steward, "GET", "/requests/"+id, "", 200); got["version"] != 2.0 {
		t.Errorf("after the amendment: %v", got)
	}
	if p := s.call(t, requesttest.Coordinator, "POST", "/requests/"+id+"/amend", ask, 409); p["code"] != "refused" {
		t.Errorf("widening: %v", p)
	}
	s.call(t, requesttest.Steward, "POST", "/requests/"+id+"/refuse", `{"reason":"too-much","note":"One year is enough."}`, 200)
	if got := s.call(t, requesttest.Coordinator, "GET", "/requests/"+id, "", 200); got["status"] != "refused" || got["note"] != "One year is enough." || !strings.Contains(got["citation"].(string), "171.202(b)") {
		t.Errorf("refused: %v", got)
	}
	s.call(t, requesttest.Coordinator, "POST", "/requests/"+id+"/withdraw", `{}`, 200)
}

func TestProblems(t *testing.T) {
	s := open(t)
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"unknown element":      {strings.Replace(ask, "patient.name", "patient.shoe-size", 1), 422},
		"unknown organization": {strings.Replace(ask, "o-hospital", "o-nobody", 1), 404},
		"another organization": {strings.Replace(ask, "o-hospital", "o-stranger", 1), 404},
		"another's user":       {strings.Replace(ask, "u-analyst", "u-steward", 1), 404},
		"no such form":         {strings.Replace(ask, `"identified"`, `"whole"`, 1), 422},
		"no such day":          {strings.Replace(ask, "2025-12-31", "2025-13-31", 1), 422},
		"unknown key":          {strings.Replace(ask, `"retention"`, `"ssn":"078-05-1120","retention"`, 1), 422},
		"a record number":      {strings.Replace(ask, "thirty days", "MRN 4471238", 1), 422},
	} {
		p := s.call(t, requesttest.Coordinator, "POST", "/requests", c.body, c.status)
		for _, secret := range []string{"078-05-1120", "4471238", "shoe-size"} {
			if strings.Contains(p["detail"].(string), secret) {
				t.Errorf("%s: the problem repeats %s", name, secret)
			}
		}
	}
	if l, err := ledger.Ask(t.Context(), s.Desk, requesttest.Coordinator, request.List{Sources: s.Sources}); err != nil || len(l.Rows) != 0 {
		t.Errorf("malformed requests made %d (%v)", len(l.Rows), err)
	}
}

// Every operation on another organization's request answers like that on none.
func TestOperationsStayInScope(t *testing.T) {
	s := open(t)
	id := s.call(t, requesttest.Coordinator, "POST", "/requests", ask, 201)["id"].(string)
	bodies := map[string]string{"amend": ask, "approve": `{"datasets":["d-encounters"]}`, "refuse": `{"reason":"too-much"}`}
	for _, r := range access.Routes() {
		method, p, _ := strings.Cut(r.Pattern, " ")
		p, ok := strings.CutPrefix(p, "/api/v1/requests/{id}")
		if !ok {
			continue
		}
		actor := requesttest.Stranger
		if r.Action == "request.amend" || r.Action == "request.withdraw" {
			actor.Role = requesttest.Coordinator.Role
		}
		body := bodies[strings.TrimPrefix(p, "/")]
		theirs := s.call(t, actor, method, "/requests/"+id+p, body, 404)
		none := s.call(t, actor, method, "/requests/q-none"+p, body, 404)
		if theirs["detail"] != none["detail"] {
			t.Errorf("%s: %v, and of none %v", r.Pattern, theirs["detail"], none["detail"])
		}
	}
}

func TestRolesAreAsked(t *testing.T) {
	s := open(t)
	s.call(t, requesttest.Steward, "POST", "/requests", ask, 403)
	id := s.call(t, requesttest.Coordinator, "POST", "/requests", ask, 201)["id"].(string)
	s.call(t, requesttest.Coordinator, "POST", "/requests/"+id+"/approve", `{"datasets":["d-encounters"]}`, 403)
}

// Every operation of the table is in the document.
func TestDocument(t *testing.T) {
	s := open(t)
	doc, err := s.api.Document()
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	for _, r := range access.Routes() {
		method, path, _ := strings.Cut(r.Pattern, " ")
		if strings.HasPrefix(path, "/api/v1/requests") && d.Paths[path][strings.ToLower(method)] == nil {
			t.Errorf("%s is not in the document", r.Pattern)
		}
	}
}
