package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/web"

	"github.com/a-h/templ"
)

// serve answers r with h inside a site whose log goes to log.
func serve(h http.Handler, r *http.Request, log io.Writer) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	mux.Handle("/thing/{id}", h)
	w := httptest.NewRecorder()
	web.Site{Log: slog.New(slog.NewTextHandler(log, nil))}.Handler(mux).ServeHTTP(w, r)
	return w
}

func TestErrorsBecomePages(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
		want   string
	}{
		{"invalid", fault.New(fault.Invalid, "Line 7 has 3 columns, want 41."), 422, "Line 7 has 3 columns, want 41."},
		{"refused", fault.New(fault.Refused, "The agreement has ended."), 409, "The agreement has ended."},
		{"forbidden", fault.New(fault.Forbidden, "Only a privacy officer signs."), 403, "Only a privacy officer signs."},
		{"not found", fault.New(fault.NotFound, "No such request."), 404, "No such request."},
		{"conflict", fault.New(fault.Conflict, "It was approved meanwhile."), 409, "It was approved meanwhile."},
		{"wrapped", fmt.Errorf("ask: %w", fault.New(fault.Refused, "Not before Friday.")), 409, "Not before Friday."},
		{"a kind unknown here", fault.New("mystery", "ZQ"), 500, "Reference"},
		{"too large", fmt.Errorf("reading: %w", &http.MaxBytesError{Limit: 2_000_000}), 413, "2 MB"},
		{"markup in a fault is text", fault.New(fault.Invalid, `<script>alert(1)</script>`), 422, "&lt;script&gt;alert(1)&lt;/script&gt;"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			w := serve(web.Handler(func(http.ResponseWriter, *http.Request) error { return tt.err }), httptest.NewRequest("GET", "/thing/1", nil), &log)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("the page does not say %q:\n%s", tt.want, w.Body)
			}
			if tt.status < 500 && strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("a fault is no error of ours: %s", &log)
			}
		})
	}
}

func TestInternalErrorTellsOnlyAReference(t *testing.T) {
	h := func(err error) http.Handler {
		return web.Handler(func(http.ResponseWriter, *http.Request) error {
			if err == nil {
				panic("ZQpanicvalue")
			}
			return err
		})
	}
	for _, tt := range []struct {
		name, logged string
		err          error
	}{
		{"error", "disk on fire", errors.New("disk on fire")},
		{"panic", "what=string", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			r := httptest.NewRequest("POST", "/thing/ZQpath?q=ZQquery", strings.NewReader("name=ZQform"))
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := serve(h(tt.err), r, &log)
			if w.Code != http.StatusInternalServerError {
				t.Errorf("status %d, want 500", w.Code)
			}
			ref := w.Header().Get("Request-Id")
			if ref == "" || !strings.Contains(w.Body.String(), ref) || !strings.Contains(log.String(), ref) {
				t.Errorf("reference %q is not both on the page and in the log", ref)
			}
			if strings.Contains(w.Body.String(), "fire") || strings.Contains(w.Body.String(), "ZQ") || strings.Contains(w.Body.String(), ".go:") {
				t.Errorf("the page tells what is inside:\n%s", w.Body)
			}
			if !strings.Contains(log.String(), tt.logged) || !strings.Contains(log.String(), `route=/thing/{id}`) {
				t.Errorf("the log lacks the cause or the route: %s", &log)
			}
			if strings.Contains(log.String(), "ZQ") {
				t.Errorf("the log holds what was sent: %s", &log)
			}
		})
	}
}

// A request leaves one line, by its pattern (C06, I08 of the attack plan).
func TestRequestLog(t *testing.T) {
	ok := web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		return web.Render(w, r, http.StatusOK, templ.Raw("hello"))
	})
	for _, tt := range []struct{ name, method, target, want string }{
		{"page", "GET", "/thing/ZQid?name=ZQname", "method=GET route=/thing/{id} status=200 bytes=5"},
		{"nothing there", "GET", "/ZQother", "method=GET route=unmatched status=404"},
		{"invented method", "ZQMETHOD", "/thing/7", "method=other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			r := httptest.NewRequest(tt.method, tt.target, nil)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.Header.Set("User-Agent", "ZQagent\nlevel=ERROR forged")
			serve(ok, r, &log)
			if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), tt.want) || strings.Contains(log.String(), "ZQ") {
				t.Errorf("log = %q, want one line with %q and nothing that was sent", &log, tt.want)
			}
		})
	}
}

func TestRenderIsWholeOrNothing(t *testing.T) {
	half := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, "first half")
		return errors.New("view broke")
	})
	w := serve(web.Handler(func(w http.ResponseWriter, r *http.Request) error { return web.Render(w, r, 200, half) }), httptest.NewRequest("GET", "/thing/1", nil), io.Discard)
	if w.Code != 500 || strings.Contains(w.Body.String(), "first half") {
		t.Errorf("%d %q: half a page went out", w.Code, w.Body)
	}
}

func TestPanicAfterTheFirstByteBreaksTheConnection(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 64<<10))
		panic("midway")
	})
	srv := httptest.NewUnstartedServer(web.Site{Log: slog.New(slog.DiscardHandler)}.Handler(mux))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	srv.Start()
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("a torn answer looked complete")
	}
}

func TestUnmatchedRoutesArePages(t *testing.T) {
	h := gallery(io.Discard)
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/nowhere", 404, ""},
		{"DELETE", "/form", 405, "GET, HEAD, POST"},
		{"TRACE", "/form", 405, "GET, HEAD, POST"},
	} {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tt.status || w.Header().Get("Allow") != tt.allow || !strings.Contains(w.Body.String(), "<h1>") || !strings.Contains(w.Body.String(), "Harbor Hospital") {
			t.Errorf("%s %s: %d, Allow %q: %.80s", tt.method, tt.path, w.Code, w.Header().Get("Allow"), w.Body)
		}
	}
}

func TestLocalKeepsRedirectsAtHome(t *testing.T) {
	for in, want := range map[string]string{
		"/requests?page=2": "/requests?page=2", "": "/", "requests": "/", "https://evil.example/": "/", "//evil.example": "/",
		`/\evil.example`: "/", "/a\\b": "/", "/\t/evil.example": "/", "/\n": "/", "javascript:alert(1)": "/",
	} {
		if got := web.Local(in); got != want {
			t.Errorf("Local(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestErrorOfAnHtmxRequestReplacesTheContent(t *testing.T) {
	r := httptest.NewRequest("GET", "/refused", nil)
	r.Header.Set("HX-Request", "true")
	w := httptest.NewRecorder()
	gallery(io.Discard).ServeHTTP(w, r)
	if got := w.Header().Get("HX-Retarget"); got != "#main" || w.Code != 409 {
		t.Errorf("status %d, retarget %q", w.Code, got)
	}
}

func TestFlash(t *testing.T) {
	h := gallery(io.Discard)
	get := func(cookie *http.Cookie) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/list", nil)
		if cookie != nil {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := httptest.NewRecorder()
	if err := web.Warned(w, httptest.NewRequest("POST", "/form", nil), "/list", "Saved, but <b>look</b> again."); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/list" {
		t.Errorf("answer %d to %q", w.Code, w.Header().Get("Location"))
	}
	c := w.Result().Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.MaxAge > 60 {
		t.Errorf("the cookie is loose: %+v", c)
	}
	page := get(c)
	if !strings.Contains(page.Body.String(), "Saved, but &lt;b&gt;look&lt;/b&gt; again.") || !strings.Contains(page.Body.String(), "flash warn") {
		t.Error("the message is not shown, or not as text")
	}
	if gone := page.Result().Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 {
		t.Errorf("the message is not forgotten: %v", gone)
	}
	for _, bad := range []string{"", "good", "good.!!!", "evil.SGk", "good." + strings.Repeat("A", 3000), "good.gICA"} {
		if page := get(&http.Cookie{Name: c.Name, Value: bad}); page.Code != 200 || strings.Contains(page.Body.String(), "role=\"status\"") {
			t.Errorf("cookie %.20q: status %d, or shown", bad, page.Code)
		}
	}
}
