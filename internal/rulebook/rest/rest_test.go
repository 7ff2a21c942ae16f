package rest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	apiframe "chaperone.example/internal/rest"
	"chaperone.example/internal/rulebook"
	"chaperone.example/internal/rulebook/rest"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/phi"
)

const pack = "id: own\nlevel: member\nsource: policy 7\nread: 2026-01-01\nrules:\n  - {id: r1, citation: policy 7, text: Costs stay., strip: [encounter.cost]}\n"

// The rule book and the packs by API: read, previewed, adopted, retired (DEC-1, REQ-2).
func TestStory(t *testing.T) {
	desk, _ := ledgertest.Open(t, []ledger.Types{rulebook.Types}, rulebook.View())
	var routes []access.Route
	for _, r := range access.Routes() {
		if strings.Contains(r.Pattern, "/api/v1/rules") || strings.Contains(r.Pattern, "openapi") {
			routes = append(routes, r)
		}
	}
	table, err := access.NewTable(routes, access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	mux := access.NewMux(table, http.NotFoundHandler())
	rest.Routes(apiframe.New(mux, "test"), desk, nil, func(context.Context, ledger.Actor, overlay.Pack) (rulebook.Past, error) {
		return rulebook.Past{Looked: 3}, nil
	})
	if err := mux.Err(); err != nil {
		t.Fatal(err)
	}
	call := func(method, path string, body any, want int) map[string]any {
		t.Helper()
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(string(b)))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeMux().ServeHTTP(w, r.WithContext(access.WithActor(r.Context(), ledger.Actor{ID: "u-1", Org: "o-1", Role: string(phi.PrivacyOfficer)})))
		if w.Code != want {
			t.Fatalf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
		}
		var out map[string]any
		_ = json.Unmarshal(w.Body.Bytes(), &out) // a list stays nil
		return out
	}
	if book := call("GET", "/rules", nil, 200); book["hash"] != law.RuleBook() || len(book["rules"].([]any)) != len(law.Rules()) {
		t.Error("the rule book is not whole")
	}
	today := civil.On(desk.Log.Now()).String()
	if past := call("POST", "/rules/packs/preview", map[string]any{"text": pack}, 200); past["looked"] != 3.0 {
		t.Errorf("preview: %v", past)
	}
	wide := call("POST", "/rules/packs", map[string]any{"text": strings.Replace(pack, "strip", "permit", 1), "effective": today}, 422)
	if detail, _ := wide["detail"].(string); !strings.Contains(detail, "pack:6:") || !strings.Contains(detail, "widen") {
		t.Errorf("a pack that widens: %v", wide)
	}
	id := call("POST", "/rules/packs", map[string]any{"text": pack, "effective": today}, 201)["id"].(string)
	if p := call("GET", "/rules/packs/"+id, nil, 200); p["standing"] != "in force" {
		t.Errorf("%v", p)
	}
	call("GET", "/rules/packs", nil, 200)
	call("POST", "/rules/packs/"+id+"/retire", map[string]any{"effective": today}, 200)
	if p := call("GET", "/rules/packs/"+id, nil, 200); p["standing"] != "retired" || p["retired"] != today {
		t.Errorf("%v", p)
	}
}
