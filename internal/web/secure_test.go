package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/web"

	"github.com/alexedwards/scs/v2/memstore"
)

// Every answer carries the headers, whatever its status (ASVS 3.4, 14.2.2, 14.3.2).
func TestSecurityHeaders(t *testing.T) {
	want := map[string]string{
		"Content-Security-Policy":      "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
		"Content-Type":                 "text/html; charset=utf-8",
	}
	h := gallery(io.Discard)
	for _, target := range []string{"GET /", "GET /list", "GET /refused", "GET /broken/1", "GET /panic", "GET /nowhere", "POST /form", "DELETE /form", "POST /nowhere"} {
		method, path, _ := strings.Cut(target, " ")
		r := httptest.NewRequest(method, path, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		for name, value := range want {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s (%d): %s = %q, want %q", target, w.Code, name, got, value)
			}
		}
		for _, feature := range []string{"camera=()", "microphone=()", "geolocation=()", "payment=()"} {
			if !strings.Contains(w.Header().Get("Permissions-Policy"), feature) {
				t.Errorf("%s: Permissions-Policy lacks %s", target, feature)
			}
		}
		for _, name := range []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin", "Strict-Transport-Security"} {
			if got := w.Header().Get(name); got != "" {
				t.Errorf("%s over plain HTTP: %s = %q, want none", target, name, got)
			}
		}
	}
}

func TestOverTLS(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", web.Handler(func(w http.ResponseWriter, r *http.Request) error { return web.Done(w, r, "/", "Done.") }))
	w := httptest.NewRecorder()
	web.Site{TLS: true, Log: slog.New(slog.DiscardHandler)}.Handler(mux).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got := w.Header().Get("Strict-Transport-Security"); got != "max-age=63072000; includeSubDomains" {
		t.Errorf("HSTS = %q", got)
	}
	if c := w.Result().Cookies()[0]; !c.Secure || !strings.HasPrefix(c.Name, "__Host-") || c.Domain != "" || c.Path != "/" {
		t.Errorf("cookie %v is not one that no other host can set", c)
	}
}

// A change must come from a page of ours (ASVS 3.5.1, attack I11).
func TestSameOrigin(t *testing.T) {
	reached := false
	mux := http.NewServeMux()
	mux.Handle("/thing", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	h := web.Site{Log: slog.New(slog.DiscardHandler)}.Handler(mux)
	type headers map[string]string
	tests := []struct {
		name    string
		method  string
		headers headers
		passes  bool
	}{
		{"own page", "POST", headers{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, true},
		{"own page, older browser", "POST", headers{"Origin": "http://hub.example"}, true},
		{"typed by the person", "POST", headers{"Sec-Fetch-Site": "none"}, true},
		{"program with a token", "POST", headers{"Authorization": "Bearer x"}, true},
		{"says nothing", "POST", nil, false},
		{"says nothing", "DELETE", nil, false},
		{"override of the method", "POST", headers{"X-HTTP-Method-Override": "GET"}, false},
		{"another site's form", "POST", headers{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, false},
		{"another site's form with a token", "POST", headers{"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer x"}, false},
		{"sibling host", "POST", headers{"Sec-Fetch-Site": "same-site", "Origin": "http://other.hub.example"}, false},
		{"foreign origin alone", "POST", headers{"Origin": "https://evil.example"}, false},
		{"null origin", "POST", headers{"Origin": "null"}, false},
		{"text/plain", "POST", headers{"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}, false},
		{"link from elsewhere", "GET", headers{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, true},
		{"picture on another site", "GET", headers{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, false},
		{"frame on another site", "GET", headers{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, false},
		{"fetch from a sibling", "GET", headers{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, false},
		{"plain client", "GET", nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.name, func(t *testing.T) {
			reached = false
			r := httptest.NewRequest(tt.method, "http://hub.example/thing", nil)
			for k, v := range tt.headers {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if reached != tt.passes {
				t.Errorf("reached = %v, want %v (status %d)", reached, tt.passes, w.Code)
			}
			if !tt.passes && w.Code != http.StatusForbidden {
				t.Errorf("status %d, want 403", w.Code)
			}
		})
	}
}

func TestSessionCookie(t *testing.T) {
	for _, tls := range []bool{false, true} {
		m := web.Site{TLS: tls, Log: slog.New(slog.DiscardHandler)}.Sessions(memstore.New())
		h := m.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { m.Put(r.Context(), "k", "v") }))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		c := w.Result().Cookies()[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != tls || strings.HasPrefix(c.Name, "__Host-") != tls || c.MaxAge != 0 || !c.Expires.IsZero() {
			t.Errorf("TLS %v: cookie %v", tls, c)
		}
		all, err := m.Store.(*memstore.MemStore).All()
		if err != nil || len(all) != 1 {
			t.Fatalf("store has %d sessions, %v", len(all), err)
		}
		for key := range all {
			if key == c.Value {
				t.Error("the store holds the token itself")
			}
		}
		if len(c.Value) < 22 {
			t.Errorf("token of %d letters, want at least 128 bits", len(c.Value))
		}
		if m.IdleTimeout != 15*time.Minute || m.Lifetime != 12*time.Hour {
			t.Errorf("timeouts %v, %v", m.IdleTimeout, m.Lifetime)
		}
	}
}

func TestServerHasTimeouts(t *testing.T) {
	s := web.Site{Log: slog.New(slog.DiscardHandler)}.Server(http.NotFoundHandler())
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("a server without a limit: %+v", s)
	}
}

// Every embedded file is served under an address that changes with its contents, and
// every address in a page is that of a file.
func TestAssets(t *testing.T) {
	h := gallery(io.Discard)
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	referenced := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`).FindAllStringSubmatch(get("/").Body.String(), -1) {
		referenced[m[1]] = true
	}
	unreferenced := map[string]bool{"htmx.LICENSE.txt": true} // a licence is carried, not shown
	err := filepath.WalkDir("static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		want, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		address := web.Asset(d.Name())
		w := get(address)
		if w.Code != 200 || w.Body.String() != string(want) {
			t.Errorf("%s: %s answers %d", p, address, w.Code)
		}
		if got := w.Header().Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", p, got)
		}
		sum := sha256.Sum256(want)
		if !strings.Contains(address, hex.EncodeToString(sum[:6])) {
			t.Errorf("%s: the address %s does not change with the contents", p, address)
		}
		if ct := w.Header().Get("Content-Type"); ct == "" || strings.HasPrefix(ct, "text/html") {
			t.Errorf("%s: Content-Type %q", p, ct)
		}
		if !referenced[address] && !unreferenced[d.Name()] {
			t.Errorf("%s is embedded, but no page uses it", p)
		}
		delete(referenced, address)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for address := range referenced {
		t.Errorf("a page asks for %s, which is not there", address)
	}
	if w := get("/static/app.css"); w.Code != 404 {
		t.Errorf("the plain name answers %d, want 404: it could be cached for ever", w.Code)
	}
}

// htmx is byte for byte the file of the npm package htmx.org 4.0.1, dist/htmx.min.js.
func TestHtmxIsTheReleasedFile(t *testing.T) {
	b, err := os.ReadFile("static/htmx.min.js")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	if got, want := hex.EncodeToString(sum[:]), "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"; got != want {
		t.Errorf("sha256 %s, want %s", got, want)
	}
}

func TestForgetOnSignOut(t *testing.T) {
	w := httptest.NewRecorder()
	web.Forget(w)
	if got := w.Header().Get("Clear-Site-Data"); got != `"cache", "storage"` {
		t.Errorf("Clear-Site-Data = %s", got)
	}
}
