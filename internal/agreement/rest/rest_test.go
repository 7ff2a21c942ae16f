package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/agreement"
	"chaperone.example/internal/rest"
	"chaperone.example/law"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
)

const (
	hospital = "o-harbor"
	hub      = "o-lakeside"
	rival    = "o-summit"
)

type registry map[string]law.Status

func (g registry) Organization(_ context.Context, _ *ledger.Reading, id string) (law.Organization, error) {
	is, ok := g[id]
	if !ok {
		return law.Organization{}, ledger.Unknown("organization")
	}
	return law.Organization{ID: id, Is: []law.Status{is}}, nil
}

type client struct {
	*testing.T
	h http.Handler
}

func open(t *testing.T) *client {
	table, err := access.NewTable(access.Routes(), access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	desk, _ := ledgertest.Open(t, []ledger.Types{agreement.Types}, agreement.View())
	desk.Gate = table
	mux := access.NewMux(table, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { rest.Refuse(w, r, access.Refusal(r.Context())) }))
	Routes(rest.New(mux, "test"), desk, registry{hospital: law.CoveredEntity, rival: law.CoveredEntity, hub: law.Associate})
	return &client{t, mux}
}

// call makes a request for an organization and returns the status and the answer.
func (c *client) call(org, role, method, path, body, key string) (int, string) {
	c.Helper()
	r := httptest.NewRequest(method, rest.Prefix+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	r = r.WithContext(access.WithActor(r.Context(), ledger.Actor{ID: "u-" + org, Org: org, Role: role}))
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func (c *client) want(org, method, path, body string, status int, words ...string) string {
	c.Helper()
	got, answer := c.call(org, "privacy-officer", method, path, body, "")
	if got != status {
		c.Errorf("%s %s as %s: %d, want %d: %s", method, path, org, got, status, answer)
	}
	for _, w := range words {
		if !strings.Contains(answer, w) {
			c.Errorf("%s %s as %s does not say %q: %s", method, path, org, w, answer)
		}
	}
	return answer
}

func (c *client) id(answer string) string {
	c.Helper()
	var r rest.Receipt
	if err := json.Unmarshal([]byte(answer), &r); err != nil || r.ID == "" {
		c.Fatalf("no receipt: %s", answer)
	}
	return r.ID
}

// dua is a data use agreement without one clause.
const incomplete = `{"kind":"dua","clauses":["dua.uses","dua.who","dua.no-further-use","dua.safeguards","dua.agents","dua.no-reidentification"],
	"terms":{"purposes":["research"],"aggregate":false,"deidentify":false,"manage":false,"flow_down":false,"agent":false,"breach_hours":48,"at_end":"destroy","data_from":"2025-01-01"}}`

// The life of an agreement through the API (AGR-1).
func TestAPI(t *testing.T) {
	c := open(t)
	c.want(hospital, "GET", "/agreements", "", 200, "[]")
	at := "/agreements/" + c.id(c.want(hub, "POST", "/agreements", `{"upstream":"o-harbor","downstream":"o-lakeside","instrument":`+incomplete+`}`, 201))
	c.want(hospital, "GET", "/agreements", "", 200, `"status":"terms missing"`, `"missing":1`)
	c.want(hospital, "GET", at, "", 200, `"term":"dua.report"`, "45 CFR 164.514(e)(4)(ii)(C)(3)", `"data_from":"2025-01-01"`)
	c.want(hospital, "POST", at+"/sign", `{"version":1}`, 409, "45 CFR 164.514(e)(4)(ii)(C)(3)", `"code":"refused"`)
	c.want(hospital, "POST", at+"/amend", `{"version":1,"template":"dua","end":"2027-03-01"}`, 200)
	c.want(hospital, "POST", at+"/amend", `{"version":1,"template":"dua"}`, 409, `"code":"conflict"`)
	c.want(hospital, "POST", at+"/sign", `{"version":2}`, 200)
	c.want(hub, "POST", at+"/sign", `{"version":2}`, 200)
	c.want(hub, "GET", at, "", 200, `"status":"in force"`, `"signed":"2026-03-15"`)
	c.want(hub, "POST", at+"/renew", `{"version":2,"end":"2028-03-01"}`, 200)
	c.want(hub, "POST", at+"/withdraw", `{"version":3}`, 200)
	c.want(hospital, "POST", at+"/review", `{"version":2,"reviewer":"counsel","finding":"objections","note":"too long"}`, 201)
	if answer := c.want(hub, "GET", at, "", 200, `"reviews":[]`); strings.Contains(answer, "too long") {
		t.Error("the other party reads the review")
	}
	c.want(hospital, "POST", at+"/terminate", `{"reason":"material-breach","effective":"2026-03-20"}`, 200)
	c.want(hospital, "GET", at, "", 200, `"return":{"org":"o-lakeside","how":"destroy","due":"2026-04-19"}`)
	c.want(hospital, "POST", at+"/terminate", `{"reason":"convenience","effective":"2026-03-20"}`, 409)
}

func TestBadInput(t *testing.T) {
	c := open(t)
	parties := `"upstream":"o-harbor","downstream":"o-lakeside"`
	for name, x := range map[string]struct {
		body   string
		status int
	}{
		"neither":          {`{` + parties + `}`, 422},
		"both":             {`{` + parties + `,"template":"baa","instrument":` + incomplete + `}`, 422},
		"no template":      {`{` + parties + `,"template":"Mary Smith"}`, 422},
		"no date":          {`{` + parties + `,"template":"baa","start":"Mary Smith"}`, 422},
		"unknown key":      {`{` + parties + `,"template":"baa","patient":"Mary Smith"}`, 422},
		"unknown clause":   {`{` + parties + `,"instrument":` + strings.Replace(incomplete, "dua.uses", "Mary Smith", 1) + `}`, 422},
		"no such party":    {`{"upstream":"o-harbor","downstream":"o-nobody","template":"baa"}`, 404},
		"not an id":        {`{"upstream":"o-harbor","downstream":"Mary Smith","template":"baa"}`, 404},
		"others' business": {`{"upstream":"o-summit","downstream":"o-lakeside","template":"baa"}`, 422},
		"not JSON":         {`{`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := c.call(hospital, "privacy-officer", "POST", "/agreements", x.body, "")
			if status != x.status || strings.Contains(answer, "Mary") {
				t.Errorf("%d, want %d, and no value repeated: %s", status, x.status, answer)
			}
		})
	}
	c.want(hospital, "GET", "/agreements", "", 200, "[]")
}

// Every operation on others' agreement answers like one on a random id, and refuses
// who may not.
func TestScope(t *testing.T) {
	c := open(t)
	offer := `{"upstream":"o-harbor","downstream":"o-lakeside","template":"baa"}`
	id := c.id(c.want(hub, "POST", "/agreements", offer, 201))
	for path, body := range map[string]string{
		"":           "",
		"/amend":     `{"version":1,"template":"baa","end":"2027-03-01"}`,
		"/sign":      `{"version":1}`,
		"/withdraw":  `{"version":1}`,
		"/renew":     `{"version":1,"end":"2028-03-01"}`,
		"/review":    `{"version":1,"reviewer":"counsel","finding":"acceptable"}`,
		"/terminate": `{"reason":"convenience"}`,
	} {
		method := "POST"
		if path == "" {
			method = "GET"
		}
		theirs := c.want(rival, method, "/agreements/"+id+path, body, 404)
		if random := c.want(rival, method, "/agreements/a-random"+path, body, 404); random != theirs {
			t.Errorf("%s: %s of others' agreement, %s of none", path, theirs, random)
		}
		if method == "POST" {
			if status, answer := c.call(hospital, "analyst", method, "/agreements/"+id+path, body, ""); status != 403 {
				t.Errorf("%s as an analyst: %d %s", path, status, answer)
			}
		}
	}
	c.want(hub, "GET", "/agreements/"+id, "", 200, `"status":"waiting for signatures"`)
}

// A request that is sent again is answered again and done once.
func TestIdempotency(t *testing.T) {
	c := open(t)
	offer := `{"upstream":"o-harbor","downstream":"o-lakeside","template":"baa"}`
	var first string
	for i := range 3 {
		status, answer := c.call(hub, "privacy-officer", "POST", "/agreements", offer, "key-1")
		if i == 0 {
			first = answer
		}
		if status != 201 || answer != first {
			t.Errorf("time %d: %d %s, want %s", i, status, answer, first)
		}
	}
	if status, _ := c.call(hub, "privacy-officer", "POST", "/agreements", strings.Replace(offer, "baa", "dua", 1), "key-1"); status != 409 {
		t.Errorf("the key used for something else: %d", status)
	}
	if n := strings.Count(c.want(hub, "GET", "/agreements", "", 200), `"id"`); n != 1 {
		t.Errorf("%d agreements", n)
	}
}
