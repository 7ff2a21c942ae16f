package tiles

import (
	"context"
	"errors"
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

func FuzzParse(f *testing.F) {
	f.Add("tile/0/x001/x234/067.p/12")
	f.Add("tile/entries/000")
	f.Fuzz(func(t *testing.T, path string) {
		if x, ok := parse(path); ok && (x.n < 0 || x.width < 1 || x.width > full || x.level < 0) {
			t.Errorf("%q: %+v", path, x)
		}
	})
}
