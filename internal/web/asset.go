package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"chaperone.example/internal/fault"
)

//go:embed static
var embeddedFiles embed.FS

// files maps the address of each static file, which carries the hash of its contents,
// to the contents; addresses maps the plain name to the address. Both are read only.
var files, addresses = load(embeddedFiles)

type file struct {
	contents []byte
	kind     string // media type
}

func load(from fs.FS) (map[string]file, map[string]string) {
	kinds := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
		".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
	}
	byAddress, byName := map[string]file{}, map[string]string{}
	entries, err := fs.ReadDir(from, "static")
	if err != nil {
		panic(err) // the files are part of the binary
	}
	for _, e := range entries {
		b, err := fs.ReadFile(from, "static/"+e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(b)
		ext := path.Ext(e.Name())
		address := "/static/" + strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		byAddress[address] = file{b, kinds[ext]}
		byName[e.Name()] = address
	}
	return byAddress, byName
}

// Asset returns the address of the embedded file name, "app.css". The address changes
// with the contents, so browsers may keep the file for ever. An unknown name is a
// misspelling in a template: the address of nothing.
func Asset(name string) string {
	if a, ok := addresses[name]; ok {
		return a
	}
	return "/static/" + name
}

// Static serves the embedded files. Register it for "GET /static/"; it needs nobody
// signed in.
func Static() http.Handler {
	return Handler(func(w http.ResponseWriter, r *http.Request) error {
		f, ok := files[r.URL.Path]
		if !ok {
			return fault.New(fault.NotFound, "There is no such file.")
		}
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		if strings.HasPrefix(f.kind, "image/svg") {
			h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
		}
		_, _ = w.Write(f.contents)
		return nil
	})
}
