package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chaperone.example/internal/fault"
)

func serve(t *testing.T, body string) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	a := New(mux, "test")
	type in struct {
		Body struct {
			Name string `json:"name" maxLength:"3"`
		}
	}
	Post(a, "/things", "make-thing", "Make a thing", http.StatusCreated, func(_ context.Context, i *in) (*Body[Receipt], error) {
		switch i.Body.Name {
		case "bad":
			return nil, fault.New(fault.Refused, "the agreement has ended")
		case "oh":
			return nil, errors.New("SECRET connection string")
		}
		return &Body[Receipt]{Receipt{ID: "t-1"}}, nil
	})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/api/v1/things", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	mux.ServeHTTP(w, r)
	return w
}

func TestProblems(t *testing.T) {
	for name, c := range map[string]struct {
		body, detail string
		status       int
	}{
		"done":         {`{"name":"ok"}`, "", 201},
		"fault":        {`{"name":"bad"}`, "the agreement has ended", 409},
		"internal":     {`{"name":"oh"}`, "internal error", 500},
		"unknown key":  {`{"name":"ok","ssn":"078-05-1120"}`, "some fields are wrong", 422},
		"too long":     {`{"name":"Sensitive"}`, "some fields are wrong", 422},
		"not json":     {`{`, "malformed", 400},
		"wrong type":   {`{"name":7}`, "some fields are wrong", 422},
		"missing name": {`{}`, "some fields are wrong", 422},
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, c.body)
			if w.Code != c.status {
				t.Errorf("status %d, want %d: %s", w.Code, c.status, w.Body)
			}
			if c.detail == "" {
				return
			}
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || !strings.Contains(p.Detail, c.detail) {
				t.Errorf("%s (%v), want detail %q", w.Body, err, c.detail)
			}
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type %q", got)
			}
			for _, secret := range []string{"SECRET", "078-05-1120", "Sensitive"} {
				if strings.Contains(w.Body.String(), secret) {
					t.Errorf("the answer repeats %q: %s", secret, w.Body)
				}
			}
		})
	}
}

func TestDocument(t *testing.T) {
	mux := http.NewServeMux()
	New(mux, "test")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/api/openapi.json", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"openapi":"3.1`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
