// Package page shows the ledger and hands out proofs over HTTP.
package page

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

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
	mux.Handle("GET /ledger/prove", web.Handler(p.prove))
	mux.Handle("GET /ledger/prove.zip", web.Handler(p.bundle))
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
func (p Page) names(r *http.Request, stream string, records ...history.Entry) (titles, error) {
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

// proved is the stream to prove: that of one's own organization, unless another is named.
func proved(r *http.Request) string {
	if s := r.FormValue("stream"); s != "" {
		return s
	}
	return "organization/" + access.Actor(r.Context()).Org
}

// prove shows the records behind a thing, and how to prove them.
func (p Page) prove(w http.ResponseWriter, r *http.Request) error {
	stream := proved(r)
	all, err := ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), history.Behind{Stream: stream})
	if err != nil {
		return err
	}
	names, err := p.names(r, stream, all...)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, provePage(stream, all, names))
}

// bundle sends the proofs of all records behind a thing as one file.
func (p Page) bundle(w http.ResponseWriter, r *http.Request) error {
	stream := proved(r)
	all, err := ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), history.Proofs{Behind: history.Behind{Stream: stream}})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	file := func(name string, data []byte) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.Desk.Log.Now()})
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return err
	}
	if err := file("README.txt", fmt.Appendf(nil, readme, bundleName(stream))); err != nil {
		return err
	}
	for _, x := range all {
		if err := file(fmt.Sprintf("record-%d.tlog-proof", x.Seq), x.File); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return attach(w, bundleName(stream), b.Bytes())
}

// readme is what a proof bundle says to whoever opens it.
const readme = `These files prove what happened to one thing: each is a record of the ledger, with the
proof that it stands there. Nobody can make such a proof for a record that was never
made, or change a record without its proof failing: not the hub, nor its operator.

To check them you need the program "chaperone" and the policy file, which names the
public key of the ledger. Get that file by a way that you trust, not with these. Then, on
any computer and without a network:

    chaperone verify %s --policy policy.txt

The program says what each record says, and whether the proofs hold. The files are C2SP
tlog-proofs (c2sp.org/tlog-proof); other programs that know that format check them too.
`

// bundleName is the name of the file with the proofs of a stream.
func bundleName(stream string) string { return strings.ReplaceAll(stream, "/", "-") + ".proofs.zip" }

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
