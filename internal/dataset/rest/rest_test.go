package rest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/dataset"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/vault"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
)

const extract = "encounter_key,hospital_id,class,admit_dt,discharge_dt,zip\n" +
	"e-1,h-1,I,2026-01-05T08:00:00-05:00,2026-01-09T11:30:00-05:00,02139\n"

type api struct {
	*testing.T
	mux *access.Mux
	doc []byte
}

func open(t *testing.T) api {
	t.Helper()
	table, err := access.NewTable(access.Routes(), access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), filepath.Join(t.TempDir(), "keys"), filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	desk, _ := ledgertest.Open(t, []ledger.Types{dataset.Types}, dataset.View())
	desk.Gate = table
	mux := access.NewMux(table, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { rest.Refuse(w, r, access.Refusal(r.Context())) }))
	a := rest.New(mux, "test")
	Routes(a, &dataset.Store{Desk: desk, Vault: v, Repositories: []dataset.Repository{{ID: "hub-vault", Region: "us-east"}}, MaxBytes: 2 << 20}, nil)
	doc, err := a.Document()
	if err != nil {
		t.Fatal(err)
	}
	return api{t, mux, doc}
}

func (a api) do(org, role, method, path, key string, body io.Reader, want int) map[string]any {
	a.Helper()
	r := httptest.NewRequestWithContext(a.Context(), method, "/api/v1"+path, body)
	r.Header.Set("Content-Type", "application/json")
	if strings.HasSuffix(path, "/file") {
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	r = r.WithContext(access.WithActor(r.Context(), ledger.Actor{ID: "u-" + org, Org: org, Role: role}))
	w := httptest.NewRecorder()
	a.mux.ServeHTTP(w, r)
	if w.Code != want {
		a.Errorf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	var out map[string]any
	if strings.HasPrefix(w.Body.String(), "{") {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			a.Errorf("%s %s: %v", method, path, err)
		}
	}
	return out
}

const entry = `{"title":"Encounters","system":"Clarity","source":"ehr","format":"encounter-csv","environment":"production","repository":"hub-vault","contains_phi":true}`

func TestStory(t *testing.T) {
	a := open(t)
	steward := func(method, path, key, body string, want int) map[string]any {
		t.Helper()
		return a.do("o-harbor", "data-steward", method, path, key, strings.NewReader(body), want)
	}
	p := steward("POST", "/datasets", "", strings.Replace(entry, "production", "training", 1), 409)
	if !strings.Contains(p["detail"].(string), "takes no protected health information") {
		t.Errorf("%v", p)
	}
	id := steward("POST", "/datasets", "k-1", entry, 201)["id"].(string)
	if again := steward("POST", "/datasets", "k-1", entry, 201)["id"]; again != id {
		t.Errorf("registered twice: %s and %s", id, again)
	}
	path := "/datasets/" + id
	p = steward("POST", path+"/file", "", strings.Replace(extract, "02139", "Zebulon", 1)+"x\n", 422)
	if errs, ok := p["errors"].([]any); !ok || len(errs) != 2 || errs[0].(map[string]any)["location"] != "line 2, column 6" || strings.Contains(p["detail"].(string), "Zebulon") {
		t.Errorf("%v", p)
	}
	p = steward("POST", path+"/file", "", extract+strings.Repeat("e\n", 2<<20), 422)
	if p["code"] != "invalid" {
		t.Errorf("%v", p)
	}
	first := steward("POST", path+"/file", "k-2", extract, 201)
	if again := steward("POST", path+"/file", "k-2", extract, 201); again["first"] != first["first"] {
		t.Errorf("received twice: %v and %v", first, again)
	}
	steward("POST", path+"/classification", "", `{"version":2}`, 409)
	steward("POST", path+"/classification", "", `{"version":1,"changes":[{"field":"zip","element":"patient.street"}]}`, 200)
	steward("POST", path+"/provenance", "", `{"part2":"none"}`, 200)
	steward("POST", path+"/provenance", "", `{"part2":"perhaps"}`, 422)
	s := steward("GET", path, "", "", 200)
	if s["status"] != "ready" || s["records"] != 1.0 || len(s["elements"].([]any)) != 6 || len(s["history"].([]any)) != 7 || s["part2"] != "none" || len(s["patients"].([]any)) != 1 || len(s["versions"].([]any)) != 1 {
		t.Errorf("%v", s)
	}
	steward("POST", path+"/retirement", "", `{"reason":"flawed"}`, 200)
	steward("POST", path+"/file", "", extract+extract, 409)

	for _, other := range []string{path, "/datasets/d-none"} {
		a.do("o-rival", "data-steward", "GET", other, "", nil, 404)
		a.do("o-rival", "data-steward", "POST", other+"/file", "", strings.NewReader(extract), 404)
		a.do("o-rival", "data-steward", "POST", other+"/classification", "", strings.NewReader(`{"version":1}`), 404)
		a.do("o-rival", "data-steward", "POST", other+"/retirement", "", strings.NewReader(`{"reason":"flawed"}`), 404)
	}
	a.do("o-harbor", "analyst", "POST", path+"/file", "", strings.NewReader(extract), 403)
	a.do("o-harbor", "analyst", "GET", "/datasets", "", nil, 200)
	if !strings.Contains(string(a.doc), "/api/v1/datasets/{id}/file") {
		t.Error("the upload is not in the OpenAPI document")
	}
}
