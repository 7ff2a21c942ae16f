// Package tiles serves a ledger as a standard transparency log: C2SP tlog-tiles
// (c2sp.org/tlog-tiles), so that off-the-shelf clients, mirrors and witnesses work
// with it. What it serves is public by design: leaves are salted commitments and
// say nothing to those who hold no opening.
package tiles

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"net/http"
	"strconv"
	"strings"
)

// A Source is a ledger to serve.
type Source interface {
	// Checkpoint returns the newest signed head.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Tile returns the first width hashes of a tile, or nil if there are not so many.
	Tile(ctx context.Context, level int, n int64, width int) ([]byte, error)
	// Entries returns the first width leaves of a bundle, or nil likewise.
	Entries(ctx context.Context, n int64, width int) ([][]byte, error)
}

// full is the width of a tile and of a bundle of entries.
const full = 256

// Handler serves source beneath wherever it is mounted:
//
//	checkpoint
//	tile/<level>/<index>[.p/<width>]
//	tile/entries/<index>[.p/<width>]
//
// Failures of the source are given to report and answered as internal errors.
func Handler(source Source, report func(context.Context, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, immutable, err := serve(r.Context(), source, strings.TrimPrefix(r.URL.Path, "/"))
		switch {
		case err != nil:
			report(r.Context(), err)
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		case data == nil:
			w.Header().Set("Cache-Control", "no-store") // it may be there in a second
			http.Error(w, "the log has no such resource", http.StatusNotFound)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		if immutable {
			h.Set("Content-Type", "application/octet-stream")
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
			if strings.HasPrefix(strings.TrimPrefix(r.URL.Path, "/"), "tile/entries/") { // hashes do not compress
				data = compress(h, r, data)
			}
		} else {
			h.Set("Content-Type", "text/plain; charset=utf-8")
			h.Set("Cache-Control", "no-cache")
		}
		w.Write(data)
	})
}

// compress returns a bundle of entries as gzip, if the client takes that.
func compress(h http.Header, r *http.Request, data []byte) []byte {
	h.Set("Vary", "Accept-Encoding")
	if !accepts(r.Header.Get("Accept-Encoding"), "gzip") {
		return data
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data) // a buffer takes everything
	z.Close()
	h.Set("Content-Encoding", "gzip")
	return b.Bytes()
}

// accepts reports whether an Accept-Encoding (RFC 9110, section 12.5.3) takes a coding.
func accepts(header, coding string) bool {
	all := false
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(part, ";")
		takes := true
		if q, ok := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q="); ok {
			f, err := strconv.ParseFloat(q, 64)
			takes = err == nil && f > 0
		}
		switch name = strings.TrimSpace(name); {
		case strings.EqualFold(name, coding):
			return takes
		case name == "*":
			all = takes
		}
	}
	return all
}

func serve(ctx context.Context, source Source, path string) (data []byte, immutable bool, err error) {
	if path == "checkpoint" {
		data, err = source.Checkpoint(ctx)
		return data, false, err
	}
	t, ok := parse(path)
	switch {
	case !ok:
		return nil, false, nil
	case t.entries:
		leaves, err := source.Entries(ctx, t.n, t.width)
		for _, l := range leaves {
			data = binary.BigEndian.AppendUint16(data, uint16(len(l)))
			data = append(data, l...)
		}
		return data, true, err
	}
	data, err = source.Tile(ctx, t.level, t.n, t.width)
	return data, true, err
}

// A tile is a parsed path.
type tile struct {
	entries bool
	level   int
	n       int64
	width   int
}

// parse reads tile/<level>/<index>[.p/<width>], where the index is written in
// groups of three digits, all but the last after an x: x001/x234/067.
func parse(path string) (t tile, ok bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok {
		return t, false
	}
	level, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return t, false
	}
	if t.entries = level == "entries"; !t.entries {
		if t.level, ok = decimal(level, 63); !ok {
			return t, false
		}
	}
	t.width = full
	if index, width, partial := strings.Cut(rest, ".p/"); partial {
		if t.width, ok = decimal(width, full-1); !ok || t.width == 0 {
			return t, false
		}
		rest = index
	}
	groups := strings.Split(rest, "/")
	for i, g := range groups {
		if i < len(groups)-1 {
			if g, ok = strings.CutPrefix(g, "x"); !ok {
				return t, false
			}
		}
		if len(g) != 3 || i > 5 || (i == 0 && len(groups) > 1 && g == "000") {
			return t, false
		}
		for _, c := range g {
			if c < '0' || c > '9' {
				return t, false
			}
			t.n = t.n*10 + int64(c-'0')
		}
	}
	return t, true
}

// decimal reads a number from 0 to limit without a sign or leading zeros.
func decimal(s string, limit int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n <= limit && strconv.Itoa(n) == s
}
