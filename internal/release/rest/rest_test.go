package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/release"
	"chaperone.example/internal/release/index"
	"chaperone.example/internal/release/releasetest"
	"chaperone.example/internal/rest"
	"chaperone.example/ledger"
)

type client struct {
	*releasetest.World
	t *testing.T
	h http.Handler
}

// gate is the table, and lets the permissions of the test world pass.
type gate struct{ *access.Table }

func (g gate) Permit(ctx context.Context, a ledger.Actor, action string) (ledger.Scope, error) {
	if strings.HasPrefix(action, "pact.") {
		return ledger.Scope{Actor: a, Org: a.Org}, nil
	}
	return g.Table.Permit(ctx, a, action)
}

func open(t *testing.T) client {
	t.Helper()
	table, err := access.NewTable(access.Routes(), access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	w := releasetest.Open(t)
	w.Desk.Gate = gate{table}
	mux := access.NewMux(table, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { rest.Refuse(w, r, access.Refusal(r.Context())) }))
	Routes(rest.New(mux, "test"), w.Builder, index.Register{Vault: w.Vault}, w)
	return client{w, t, mux}
}

// call makes a request as an actor and returns the status, the answer and its header.
func (c client) call(a ledger.Actor, method, path, body, key string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(access.WithActor(c.t.Context(), a), method, rest.Prefix+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r)
	return w
}

func (c client) want(a ledger.Actor, method, path, body string, status int, words ...string) string {
	c.t.Helper()
	w := c.call(a, method, path, body, "")
	if w.Code != status {
		c.t.Errorf("%s %s as %s: %d, want %d: %s", method, path, a.ID, w.Code, status, w.Body)
	}
	for _, word := range words {
		if !strings.Contains(w.Body.String(), word) {
			c.t.Errorf("%s %s as %s does not say %q: %s", method, path, a.ID, word, w.Body)
		}
	}
	return w.Body.String()
}

func (c client) build(request, key string) string {
	c.t.Helper()
	w := c.call(releasetest.Steward, "POST", "/releases", `{"request":"`+request+`","days":7}`, key)
	var r rest.Receipt
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != 201 || r.ID == "" {
		c.t.Fatalf("build: %d %s", w.Code, w.Body)
	}
	return r.ID
}

// The life of a release through the API (REL-1, REL-2).
func TestAPI(t *testing.T) {
	c := open(t)
	c.want(releasetest.Steward, "GET", "/releases", "", 200, "[]")
	p := releasetest.Permit()
	p.Form, p.Authority, p.Accountable = "limited", "45 CFR 164.512(i)", true
	c.Grant("q-1", p)
	id := c.build("q-1", "key-1")
	if again := c.build("q-1", "key-1"); again != id {
		t.Errorf("the same key built %s and %s", id, again)
	}
	c.want(releasetest.Coordinator, "GET", "/releases?status=open", "", 200, `"id":"`+id+`"`, `"mine":true`, `"expires":"2026-03-22T12:00:00Z"`)
	c.want(releasetest.Coordinator, "GET", "/releases/"+id, "", 200, `"elements":["patient.token"`, `"withheld":["patient.name"`, `"type":"release.offered"`, "What is released is encrypted to its recipient.", `"name":"data-1.csv"`)
	w := c.call(releasetest.Coordinator, "POST", "/releases/"+id+"/download", "", "key-2")
	if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "age-encryption.org/v1") || w.Header().Get("Content-Type") != "application/octet-stream" || !strings.Contains(w.Header().Get("Content-Disposition"), "release-"+id+".zip.age") {
		t.Errorf("download: %d, %v", w.Code, w.Header())
	}
	c.want(releasetest.Officer, "GET", "/disclosures", "", 200, `"release":"`+id+`"`, `"by":"u-coordinator"`, `"accountable":true`)
	c.want(releasetest.Officer, "GET", "/disclosures?side=received", "", 200, "[]")
	c.want(releasetest.Officer, "GET", "/disclosures?from=2026-03-16", "", 200, "[]")
	listed := 0
	for _, person := range c.Truth.People {
		if body := c.want(releasetest.Officer, "POST", "/disclosures/accounting", `{"identifier":"`+person.Memberships[0].MRN+`x"}`, 200, `"entries":[]`); strings.Contains(body, person.Memberships[0].MRN) {
			t.Error("the answer repeats the identifier")
		}
		if person.Token != "" && strings.Contains(c.want(releasetest.Officer, "POST", "/disclosures/accounting", `{"identifier":"`+person.Token+`"}`, 200, `"from":"2020-03-15"`), `"recipient_name":"Lakeside Quality Collaborative"`) {
			listed++
		}
	}
	if listed == 0 {
		t.Error("nobody's accounting lists it")
	}
	c.End("q-1")
	c.want(releasetest.Coordinator, "GET", "/releases/"+id, "", 200, `"barred":"the law no longer permits`)
	c.want(releasetest.Coordinator, "POST", "/releases/"+id+"/download", "", 409, "terminated on 2026-03-15")
	if w := c.call(releasetest.Coordinator, "POST", "/releases/"+id+"/download", "", "key-2"); w.Code != 409 {
		t.Errorf("the key of an earlier download opens it again: %d", w.Code)
	}
	c.want(releasetest.Steward, "POST", "/releases/"+id+"/revoke", `{"reason":"agreement-ended"}`, 200)
	c.want(releasetest.Steward, "GET", "/releases?status=revoked", "", 200, `"reason":"agreement-ended"`, `"revoked":"2026-03-15T12:00:00Z"`)
	c.want(releasetest.Steward, "POST", "/releases", `{"request":"q-1"}`, 409, "terminated on 2026-03-15")
	c.Clock.Advance(time.Hour)
}

func TestBadInput(t *testing.T) {
	c := open(t)
	c.Grant("q-1", releasetest.Permit())
	id := c.build("q-1", "")
	for name, x := range map[string]struct {
		who          ledger.Actor
		method, path string
		body         string
		status       int
	}{
		"too long":          {releasetest.Steward, "POST", "/releases", `{"request":"q-1","days":31}`, 422},
		"no request":        {releasetest.Steward, "POST", "/releases", `{"days":3}`, 422},
		"unknown key":       {releasetest.Steward, "POST", "/releases", `{"request":"q-1","patient":"Mary Smith"}`, 422},
		"no such request":   {releasetest.Steward, "POST", "/releases", `{"request":"Mary Smith"}`, 404},
		"no such reason":    {releasetest.Steward, "POST", "/releases/" + id + "/revoke", `{"reason":"Mary Smith"}`, 422},
		"no such status":    {releasetest.Steward, "GET", "/releases?status=Mary", "", 422},
		"no date":           {releasetest.Officer, "GET", "/disclosures?from=Mary", "", 422},
		"no identifier":     {releasetest.Officer, "POST", "/disclosures/accounting", `{"identifier":" "}`, 422},
		"before six years":  {releasetest.Officer, "POST", "/disclosures/accounting", `{"identifier":"Mary Smith","from":"2001-01-01"}`, 422},
		"not JSON":          {releasetest.Officer, "POST", "/disclosures/accounting", `{"identifier":"Mary`, 400},
		"not the role":      {releasetest.Coordinator, "POST", "/releases", `{"request":"q-1"}`, 403},
		"not the officer":   {releasetest.Steward, "POST", "/disclosures/accounting", `{"identifier":"Mary Smith"}`, 403},
		"not the recipient": {releasetest.Colleague, "POST", "/releases/" + id + "/download", "", 403},
	} {
		t.Run(name, func(t *testing.T) {
			if w := c.call(x.who, x.method, x.path, x.body, ""); w.Code != x.status || strings.Contains(w.Body.String(), "Mary") {
				t.Errorf("%d, want %d, and no value repeated: %s", w.Code, x.status, w.Body)
			}
		})
	}
	if s := c.See(releasetest.Steward, id); s.Offer.Downloads != 0 || s.Status != release.Open {
		t.Errorf("bad input changed something: %+v", s.Offer)
	}
}

// Every operation on another's release answers like one on a random id.
func TestScope(t *testing.T) {
	c := open(t)
	c.Grant("q-1", releasetest.Permit())
	id := c.build("q-1", "")
	for _, x := range []struct{ role, method, path, body string }{
		{"auditor", "GET", "/releases/%", ""},
		{"analyst", "POST", "/releases/%/download", ""},
		{"data-steward", "POST", "/releases/%/revoke", `{"reason":"built-in-error"}`},
	} {
		a := releasetest.Stranger
		a.Role = x.role
		theirs := c.want(a, x.method, strings.Replace(x.path, "%", id, 1), x.body, 404)
		if none := c.want(a, x.method, strings.Replace(x.path, "%", "r-none", 1), x.body, 404); none != theirs {
			t.Errorf("%s: %s of another's, %s of none", x.path, theirs, none)
		}
	}
	theirs := c.want(releasetest.Stranger, "POST", "/releases", `{"request":"q-1"}`, 404)
	if none := c.want(releasetest.Stranger, "POST", "/releases", `{"request":"q-none"}`, 404); none != theirs {
		t.Errorf("another's request: %s, none: %s", theirs, none)
	}
	a := releasetest.Stranger
	a.Role = "auditor"
	c.want(a, "GET", "/releases", "", 200, "[]")
	c.want(a, "GET", "/disclosures?organization=o-hospital", "", 200, "[]")
}
