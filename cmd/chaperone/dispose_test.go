package main

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/internal/app"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/vault"
	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/proof"
	"chaperone.example/phi"
)

type proofOf int64

func (proofOf) Action() string { return "ledger.prove" }
func (q proofOf) Answer(ctx context.Context, r *ledger.Reading) ([]byte, error) {
	return r.Prove(ctx, int64(q))
}

// A residue is something that must not be found after a disposal.
type residue struct {
	what string
	data []byte
	kept bool // it was in the folder before
}

// found returns where a residue is in a folder and in other texts: as it is, or written in
// hexadecimal or base64, at any alignment.
func (s residue) found(t *testing.T, dir string, more map[string][]byte) []string {
	t.Helper()
	var forms [][]byte
	forms = append(forms, s.data, []byte(hex.EncodeToString(s.data)), []byte(strings.ToUpper(hex.EncodeToString(s.data))))
	for shift := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString(append(make([]byte, shift), s.data...))
			forms = append(forms, []byte(text[4:len(text)-4])) // what no neighbour changes
		}
	}
	var in []string
	look := func(name string, data []byte) {
		for i, f := range forms {
			if bytes.Contains(data, f) {
				in = append(in, fmt.Sprintf("%s (form %d)", name, i))
				return
			}
		}
	}
	for name, data := range more {
		look(name, data)
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		look(strings.TrimPrefix(path, dir), data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=query_only(on)&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func gcm(t *testing.T, key []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// keysOf returns the keys of a folder, wrapped and not, by their names.
func keysOf(t *testing.T, dir string) (wrapped, plain map[string][]byte) {
	t.Helper()
	root, err := os.ReadFile(filepath.Join(dir, "keys", "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	rs, err := open(t, filepath.Join(dir, "keys", "keys.db")).Query(`select name, wrapped from key where wrapped <> x''`)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Close()
	wrapped, plain = map[string][]byte{}, map[string][]byte{}
	for rs.Next() {
		var name string
		var w []byte
		if err := rs.Scan(&name, &w); err != nil {
			t.Fatal(err)
		}
		key, err := gcm(t, root).Open(nil, nil, w, []byte(name))
		if err != nil {
			t.Fatal(err)
		}
		wrapped[name], plain[name] = w, key
	}
	return wrapped, plain
}

// Bar 8 (LED-1, REL-3): after a disposal there is no plain text, no key and no
// ciphertext of it anywhere in the folder, in what is exported or in what is logged; a
// backup without the keys of its time cannot be read; every proof verifies; and the
// verifier says by which record.
func TestDisposalLeavesNothing(t *testing.T) {
	disposalLeavesNothing(t, func(t *testing.T) app.Place { return app.Place{Dir: hub(t)} })
}

func TestDisposalLeavesNothingOnPostgreSQL(t *testing.T) {
	address := ledgertest.Stores()[1].Fresh(t)
	disposalLeavesNothing(t, func(t *testing.T) app.Place {
		dir := hub(t)
		if _, said, code := command(t, "ledger", "migrate", "--dir", dir, "--to", address); code != exitOK {
			t.Fatal(said)
		}
		if err := os.Remove(filepath.Join(dir, app.MovedFile)); err != nil {
			t.Fatal(err)
		}
		return app.Place{Dir: dir, Database: address}
	})
}

func disposalLeavesNothing(t *testing.T, place func(*testing.T) app.Place) {
	p := place(t)
	dir := p.Dir
	var log bytes.Buffer
	a, err := app.Open(t.Context(), app.Config{Place: p, Existing: true, LogTo: &log})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			a.Close()
		}
	}()
	first, err := a.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var operator string
	for r, err := range a.Log.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		operator = r.Parties[0].Org
		break
	}
	const people, gone = 40, 8 // so many that the keys fill more than a page
	name := func(i int) string { return fmt.Sprintf("Zacharias Quillfeather the %dth", 1000+i) }
	for i := range people {
		err := identity.Populate(t.Context(), a.Log, a.Vault, fmt.Sprint("u-", i), identity.Newcomer{Org: operator, Role: phi.DataSteward, Name: name(i), Login: fmt.Sprintf("quillfeather-%d@hub.example", 1000+i)}, "nine quiet goats abide", "")
		if err != nil {
			t.Fatal(err)
		}
	}
	admin := ledger.Actor{ID: "u-admin", Org: operator, Role: string(phi.Administrator)}
	proofs := map[int64][]byte{}
	for seq := first.N; seq < first.N+people; seq++ {
		if proofs[seq], err = ledger.Ask(t.Context(), a.Desk, admin, proofOf(seq)); err != nil {
			t.Fatal(err)
		}
	}

	// What must go: the keys, the ciphertext of details and of credentials. The plain
	// text is nowhere to begin with.
	wrapped, plain := keysOf(t, dir)
	var traces []residue
	subject := func(i int) string { return fmt.Sprintf("%s/u-%d", identity.Kind.Name, i) }
	var sealed map[string][]byte
	readSealed := func() {
		sealed = map[string][]byte{}
		rs, err := a.Log.DB().QueryContext(t.Context(), `select subject, ciphertext from sealed`)
		if err != nil {
			t.Fatal(err)
		}
		defer rs.Close()
		for rs.Next() {
			var s string
			var c []byte
			if err := rs.Scan(&s, &c); err != nil {
				t.Fatal(err)
			}
			sealed[s] = c
		}
	}
	readSealed()
	onDisk := p.Database == "" // what PostgreSQL keeps is ciphertext, under keys that are gone
	for i := range gone {
		s := subject(i)
		if plain["subject/"+s] == nil || sealed[s] == nil {
			t.Fatalf("%s has no key or no details", s)
		}
		traces = append(traces, residue{"name", []byte(name(i)), false}, residue{"key", plain["subject/"+s], false}, residue{"wrapped key", wrapped["subject/"+s], true})
		if onDisk {
			traces = append(traces, residue{"ciphertext", sealed[s], true})
		}
	}
	rs, err := open(t, filepath.Join(dir, "vault", "vault.db")).Query(`select subject, name, sealed from secret`)
	if err != nil {
		t.Fatal(err)
	}
	credentials := 0
	secrets := map[string]string{}
	for rs.Next() {
		var s, name string
		var c []byte
		if err := rs.Scan(&s, &name, &c); err != nil {
			t.Fatal(err)
		}
		secrets[s] = name
		for i := range gone {
			if s == subject(i) {
				traces = append(traces, residue{"credential", c, true})
				credentials++
			}
		}
	}
	rs.Close()
	if credentials < gone {
		t.Fatalf("%d credentials", credentials)
	}
	for _, s := range traces {
		if in := s.found(t, dir, nil); (len(in) > 0) != s.kept {
			t.Fatalf("before the disposal, the %s is found in %v", s.what, in)
		}
	}

	// A backup of the data, without keys, and a pack of that time.
	backup := t.TempDir()
	if err := os.CopyFS(filepath.Join(backup, "vault"), os.DirFS(filepath.Join(dir, "vault"))); err != nil {
		t.Fatal(err)
	}
	var old bytes.Buffer
	if err := a.Export(t.Context(), &old, "", false); err != nil {
		t.Fatal(err)
	}
	before := sealed

	for i := range gone {
		if _, err := a.Log.Dispose(t.Context(), admin, ledger.Disposal{Subject: subject(i), Reason: "retention"}); err != nil {
			t.Fatal(err)
		}
	}

	more := map[string][]byte{"the log": log.Bytes()}
	for what, f := range map[string]func(*bytes.Buffer) error{
		"a pack of everything":      func(b *bytes.Buffer) error { return a.Export(t.Context(), b, "", false) },
		"a bare pack":               func(b *bytes.Buffer) error { return a.Export(t.Context(), b, "", true) },
		"a pack of an organization": func(b *bytes.Buffer) error { return a.Export(t.Context(), b, operator, false) },
	} {
		var b bytes.Buffer
		if err := f(&b); err != nil {
			t.Fatal(err)
		}
		more[what] = b.Bytes()
	}
	check := func(when string) {
		t.Helper()
		for _, s := range traces {
			if in := s.found(t, dir, more); len(in) > 0 {
				t.Errorf("%s, a %s is found in %v", when, s.what, in)
			}
		}
	}
	check("while the hub runs")

	// The details of the others are there, those are not.
	for i := range people {
		rec := int64(-1)
		for r, err := range a.Log.All(t.Context(), first.N) {
			if err != nil {
				t.Fatal(err)
			}
			if r.Stream == subject(i) && r.Sealed != nil {
				var d identity.Details
				err := a.Log.Details(t.Context(), r, &d)
				if i < gone && err != ledger.ErrDisposed || i >= gone && (err != nil || d.Name != name(i)) {
					t.Errorf("person %d: %+v, %v", i, d, err)
				}
				rec = r.Seq
			}
		}
		if rec < 0 {
			t.Fatalf("person %d has no record with details", i)
		}
	}

	// No key that is left opens what a backup or an old pack still holds.
	_, left := keysOf(t, dir)
	if len(left) < people-gone || len(left) > len(plain)-gone {
		t.Errorf("%d keys are left of %d", len(left), len(plain))
	}
	opened := 0
	for i := range people {
		for _, key := range left {
			if !bytes.Contains(old.Bytes(), []byte(base64.StdEncoding.EncodeToString(before[subject(i)]))) {
				t.Fatal("the old pack does not hold the ciphertext")
			}
			if _, err := gcm(t, key).Open(nil, nil, before[subject(i)], []byte("chaperone sealed v1\x00"+subject(i)+"\x00user.registered")); err == nil {
				if opened++; i < gone {
					t.Errorf("a key that is left opens the details of person %d", i)
				}
			}
		}
	}
	if opened != people-gone {
		t.Errorf("%d details of others open: want %d, or the trial says nothing", opened, people-gone)
	}

	// Nor do the keys that are left open the credentials of the backup.
	restored, err := vault.Open(t.Context(), filepath.Join(dir, "keys"), filepath.Join(backup, "vault"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range people {
		got, err := restored.Get(t.Context(), subject(i), secrets[subject(i)])
		if i < gone && err != ledger.ErrDisposed || i >= gone && (err != nil || len(got) == 0) {
			t.Errorf("the credential of person %d in a backup: %v", i, err)
		}
	}
	if err := restored.Close(); err != nil {
		t.Fatal(err)
	}

	policy, err := proof.ParsePolicy(a.Policy)
	if err != nil {
		t.Fatal(err)
	}
	for seq, data := range proofs {
		again, err := ledger.Ask(t.Context(), a.Desk, admin, proofOf(seq))
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range [][]byte{data, again} {
			p, err := proof.Parse(d)
			if err == nil {
				_, err = audit.Proof(policy, p)
			}
			if err != nil {
				t.Errorf("the proof of record %d: %v", seq, err)
			}
		}
	}
	h, err := a.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closed = true
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	check("after the hub was stopped")
	args := []string{"ledger", "verify", dir}
	if p.Database != "" {
		args = append(args, "--database", p.Database)
	}
	out, said, code := command(t, args...)
	if code != exitOK || !strings.Contains(out, fmt.Sprintf("%d disposed of", gone)) || !strings.Contains(out, fmt.Sprintf("disposed by event %d: the details of 1 records", h.N-1)) {
		t.Errorf("exit code %d, %s%s", code, out, said)
	}
}
