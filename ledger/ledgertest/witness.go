package ledgertest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"chaperone.example/ledger/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Witness of tests is strict in what C2SP tlog-witness asks of one. Witnesses of
// others are tried in package tiles.
type Witness struct {
	*proof.CosignKey
	URL  string // where it takes submissions
	log  *proof.Policy
	mu   sync.Mutex
	seen tlog.Tree
	mute bool
}

// NewWitness starts a witness of the log that a policy trusts.
func NewWitness(t testing.TB, key *proof.CosignKey, log *proof.Policy) *Witness {
	t.Helper()
	f := &Witness{CosignKey: key, log: log}
	f.seen.Hash, _ = tlog.TreeHash(0, nil)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	f.URL = srv.URL + "/w/"
	return f
}

// Line returns the line of a policy that names the witness.
func (f *Witness) Line() string {
	return fmt.Sprintf("witness %s %s %s\n", f.Name(), f.VerifierKey(), f.URL)
}

// Seen returns the head that the witness cosigned last.
func (f *Witness) Seen() tlog.Tree {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// Silence has the witness hang, or answer again.
func (f *Witness) Silence(mute bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mute = mute
}

// ServeHTTP implements [http.Handler].
func (f *Witness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	mute := f.mute
	f.mu.Unlock()
	if mute {
		<-r.Context().Done() // it hangs
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	head, signed, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	var old int64
	if _, err := fmt.Sscanf(lines[0], "old %d", &old); err != nil || !ok || r.URL.Path != "/w/add-checkpoint" {
		http.Error(w, "malformed", http.StatusBadRequest)
		return
	}
	s, err := f.log.Open(signed)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	if old != f.seen.N {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", f.seen.N)
		return
	}
	var p tlog.TreeProof
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.DecodeString(l)
		if err != nil {
			http.Error(w, "malformed", http.StatusBadRequest)
			return
		}
		p = append(p, tlog.Hash(h))
	}
	if old > 0 && tlog.CheckTree(p, s.Tree.N, s.Tree.Hash, old, f.seen.Hash) != nil {
		http.Error(w, "rewritten", http.StatusUnprocessableEntity)
		return
	}
	f.seen = s.Tree
	out, err := note.Sign(&note.Note{Text: s.Checkpoint.String()}, f)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, answer, _ := bytes.Cut(out, []byte("\n\n"))
	w.Write(answer)
}
