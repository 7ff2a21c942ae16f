// Package page shows the ledger and hands out proofs over HTTP.
package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"chaperone.example/internal/access"
	"chaperone.example/internal/history"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
)

// Page serves /ledger.
type Page struct {
	Desk   *ledger.Desk
	Origin string
	Policy []byte // that trusts this ledger, for those who verify offline
	// Directory tells what records are about; nil: ids stand for names.
	Directory history.Directory
}

// Routes adds the pages to mux.
func (p Page) Routes(mux *access.Mux) {
	mux.Handle("GET /ledger", web.Handler(p.list))
	mux.Handle("GET /ledger/policy", web.Handler(p.policy))
	mux.Handle("GET /ledger/{seq}", web.Handler(p.record))
	mux.Handle("GET /ledger/{seq}/proof", web.Handler(p.proof))
}

const perPage = 50

func (p Page) list(w http.ResponseWriter, r *http.Request) error {
	before := int64(-1)
	if s := r.FormValue("before"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			return ledger.Unknown("record")
		}
		before = n
	}
	c, err := ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), history.Recent{Origin: p.Origin, Stream: r.FormValue("stream"), Before: before, Limit: perPage})
	if err != nil {
		return err
	}
	stream := r.FormValue("stream")
	names, err := p.names(r, stream, c.Records...)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(c, names, stream, before >= 0))
}

func (p Page) record(w http.ResponseWriter, r *http.Request) error {
	seq, err := position(r)
	if err != nil {
		return err
	}
	rec, err := ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), history.One{Seq: seq})
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := json.Indent(&body, rec.Body, "", "  "); err != nil {
		return err
	}
	names, err := p.names(r, "", rec)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, recordPage(rec, names, body.String()))
}

// names asks what the records are about and who is in them.
func (p Page) names(r *http.Request, stream string, records ...ledger.Record) (titles, error) {
	if p.Directory == nil {
		return nil, nil
	}
	ids := []string{stream}
	for _, rec := range records {
		ids = append(ids, rec.Stream, rec.Actor.ID, rec.Actor.Org)
		for _, party := range rec.Parties {
			ids = append(ids, party.Org)
		}
	}
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(s string) bool { return s == "" })
	return ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), history.Titles{IDs: ids, Directory: p.Directory})
}

func (p Page) proof(w http.ResponseWriter, r *http.Request) error {
	seq, err := position(r)
	if err != nil {
		return err
	}
	proof, err := ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), history.Proof{Seq: seq})
	if err != nil {
		return err
	}
	return attach(w, fmt.Sprintf("record-%d.tlog-proof", seq), proof)
}

func (p Page) policy(w http.ResponseWriter, _ *http.Request) error {
	return attach(w, "policy.txt", p.Policy)
}

func attach(w http.ResponseWriter, name string, data []byte) error {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", web.Attachment(name))
	_, err := w.Write(data)
	return err
}

func position(r *http.Request) (int64, error) {
	seq, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	if err != nil || seq < 0 {
		return 0, ledger.Unknown("record")
	}
	return seq, nil
}
