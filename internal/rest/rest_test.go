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
		"a name twice": {`{"name":"a","name":"b"}`, "malformed", 400},
		"not UTF-8":    {"{\"name\":\"\xff\"}", "malformed", 400},
		"a large one":  {`{"name":` + strings.Repeat("[", 100) + `1`, "malformed", 400},
		"a patient":    {`{"name":"ok","SECRET Patient":{"a":1}}`, "some fields are wrong", 422},
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

func TestOtherTypesAreRefused(t *testing.T) {
	mux := http.NewServeMux()
	Post(New(mux, "test"), "/things", "make-thing", "Make a thing", http.StatusCreated, func(context.Context, *struct{ Body Receipt }) (*None, error) { return nil, nil })
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/api/v1/things", strings.NewReader("{}"))
	r.Header.Set("Content-Type", "text/SECRET")
	mux.ServeHTTP(w, r)
	if w.Code != http.StatusUnsupportedMediaType || strings.Contains(w.Body.String(), "SECRET") || !strings.Contains(w.Body.String(), "application/json") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// An internal error is told to whoever was named for it, and to no client.
func TestFailed(t *testing.T) {
	mux := http.NewServeMux()
	a := New(mux, "test")
	var told error
	a.Failed = func(_ context.Context, err error) { told = err }
	Get(a, "/things", "things", "Things", func(context.Context, *None) (*None, error) { return nil, errors.New("SECRET") })
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/things", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "SECRET") || told == nil || told.Error() != "SECRET" {
		t.Errorf("%d %s, and %v was told", w.Code, w.Body, told)
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":{"a":[1,{"c":null}]}}`, `{"a":1,"a":2}`, `[{"x":"y"},{"x":"y"}]`, `"a"`, ``, `{`, `{"a":{"b":1,"b":2}}`, "{\"\xff\":1}", `[[[`, `1 2`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got, want any
		err := unmarshal(data, &got)
		if plain := json.Unmarshal(data, &want); err == nil && plain != nil {
			t.Errorf("%q is taken, and is no JSON: %v", data, plain)
		}
	})
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
