package tiles

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"testing"
)

type fake struct{ size int64 }

func (f fake) Checkpoint(context.Context) ([]byte, error) { return []byte("origin\n1\nroot\n"), nil }
func (f fake) Tile(_ context.Context, level int, n int64, width int) ([]byte, error) {
	if level == 9 {
		return nil, errors.New("disk on fire")
	}
	if n*full+int64(width) > f.size>>(8*level) {
		return nil, nil
	}
	return make([]byte, 32*width), nil
}
func (f fake) Entries(_ context.Context, n int64, width int) ([][]byte, error) {
	if n*full+int64(width) > f.size {
		return nil, nil
	}
	out := make([][]byte, width)
	for i := range out {
		out[i] = []byte("leaf")
	}
	return out, nil
}

func TestPaths(t *testing.T) {
	h := Handler(fake{size: 70_000}, func(context.Context, error) {})
	for path, want := range map[string]struct{ status, bytes int }{
		"/checkpoint":             {200, 14},
		"/tile/0/000":             {200, 8192},
		"/tile/0/272":             {200, 8192},
		"/tile/0/273":             {404, 0}, // 70,000 = 273*256 + 112
		"/tile/0/273.p/112":       {200, 112 * 32},
		"/tile/0/273.p/113":       {404, 0},
		"/tile/1/000":             {200, 8192},
		"/tile/1/001.p/17":        {200, 17 * 32},
		"/tile/2/000.p/1":         {200, 32},
		"/tile/entries/000":       {200, 256 * 6},
		"/tile/entries/273.p/112": {200, 112 * 6},
		"/tile/0/x000/000":        {404, 0}, // not canonical
		"/tile/0/0":               {404, 0},
		"/tile/00/000":            {404, 0},
		"/tile/0/000.p/0":         {404, 0},
		"/tile/0/000.p/256":       {404, 0},
		"/tile/0/000.p/012":       {404, 0},
		"/tile/-1/000":            {404, 0},
		"/tile/0/x001/067":        {404, 0},
		"/":                       {404, 0},
		"/tile/0/%2e%2e/000":      {404, 0},
		"/tile/9/000":             {500, 0},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want.status || want.status == 200 && w.Body.Len() != want.bytes {
			t.Errorf("%s: %d with %d bytes, want %d with %d", path, w.Code, w.Body.Len(), want.status, want.bytes)
		}
	}
}

// What clients and caches are told (C2SP tlog-tiles).
func TestHeaders(t *testing.T) {
	h := Handler(fake{size: 70_000}, func(context.Context, error) {})
	const forever = "public, max-age=31536000, immutable"
	for _, tt := range []struct{ path, accept, kind, cache, coding, vary string }{
		{"/checkpoint", "gzip", "text/plain; charset=utf-8", "no-cache", "", ""},
		{"/tile/0/000", "gzip", "application/octet-stream", forever, "", ""},
		{"/tile/0/273.p/112", "", "application/octet-stream", forever, "", ""},
		{"/tile/entries/000", "gzip, identity", "application/octet-stream", forever, "gzip", "Accept-Encoding"},
		{"/tile/entries/273.p/112", "br;q=1.0, GZIP;q=0.5", "application/octet-stream", forever, "gzip", "Accept-Encoding"},
		{"/tile/entries/000", "*", "application/octet-stream", forever, "gzip", "Accept-Encoding"},
		{"/tile/entries/000", "*, gzip;q=0", "application/octet-stream", forever, "", "Accept-Encoding"},
		{"/tile/entries/000", "identity", "application/octet-stream", forever, "", "Accept-Encoding"},
		{"/tile/entries/000", "", "application/octet-stream", forever, "", "Accept-Encoding"},
		{"/tile/0/274", "gzip", "text/plain; charset=utf-8", "no-store", "", ""},
	} {
		r := httptest.NewRequest("GET", tt.path, nil)
		r.Header.Set("Accept-Encoding", tt.accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got := w.Header()
		if got.Get("Content-Type") != tt.kind || got.Get("Cache-Control") != tt.cache || got.Get("Content-Encoding") != tt.coding || got.Get("Vary") != tt.vary {
			t.Errorf("%s, accepting %q: %v", tt.path, tt.accept, got)
		}
		data := w.Body.Bytes()
		if tt.coding == "gzip" {
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			if data, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if want := map[string]int{"/tile/entries/000": 256 * 6, "/tile/entries/273.p/112": 112 * 6}[tt.path]; want > 0 && len(data) != want {
			t.Errorf("%s: %d bytes, want %d", tt.path, len(data), want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("tile/0/x001/x234/067.p/12")
	f.Add("tile/entries/000")
	f.Fuzz(func(t *testing.T, path string) {
		if x, ok := parse(path); ok && (x.n < 0 || x.width < 1 || x.width > full || x.level < 0) {
			t.Errorf("%q: %+v", path, x)
		}
	})
}
