package recovery

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"chaperone.example/ledger"
	"chaperone.example/ledger/anchor"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/pack"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/store"
	"golang.org/x/mod/sumdb/tlog"
)

// A world is a ledger on a file, with an anchor, a witness and a policy.
type world struct {
	path   string
	config ledger.Config
	policy *proof.Policy
	anchor *anchor.File
	seen   tlog.Tree // what the witness cosigned last
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{path: filepath.Join(t.TempDir(), "ledger.db")}
	c, vkey := ledgertest.Counting(t, nil)
	var err error
	if w.anchor, err = anchor.Open(w.path + ".anchor"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.anchor.Close() })
	c.Anchor = w.anchor
	w.config = c
	if w.policy, err = proof.ParsePolicy(proof.FormatPolicy(vkey)); err != nil {
		t.Fatal(err)
	}
	w.seen.Hash, _ = tlog.TreeHash(0, nil)
	return w
}

// open opens the ledger as the hub does: views that are unbuilt are rebuilt.
func (w *world) open(t *testing.T) *ledger.Desk {
	t.Helper()
	w.config.DB = ledgertest.OpenDB(t, w.path)
	d := ledgertest.Desk(t, w.config)
	unbuilt, err := store.Unbuilt(t.Context(), w.config.DB)
	if err == nil && unbuilt {
		err = d.Log.Rebuild(t.Context(), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) close(t *testing.T, d *ledger.Desk) {
	t.Helper()
	d.Log.Close()
	if err := w.config.DB.Close(); err != nil {
		t.Fatal(err)
	}
}

// cosign is what a witness does: it signs only what extends what it saw.
func (w *world) cosign(t *testing.T, d *ledger.Desk) error {
	t.Helper()
	signed, err := d.Log.Checkpoint(t.Context())
	if err != nil {
		return err
	}
	s, err := w.policy.Open(signed)
	if err != nil {
		return err
	}
	if s.Tree.N < w.seen.N {
		return fmt.Errorf("409: the witness saw %d records, and is shown %d", w.seen.N, s.Tree.N)
	}
	p, err := d.Log.Consistency(t.Context(), w.seen.N, s.Tree.N)
	if err != nil {
		return err
	}
	if w.seen.N == s.Tree.N && w.seen.Hash != s.Tree.Hash {
		return errors.New("422: another history of the same size")
	}
	if w.seen.N > 0 && w.seen.N < s.Tree.N {
		if err := tlog.CheckTree(p, s.Tree.N, s.Tree.Hash, w.seen.N, w.seen.Hash); err != nil {
			return fmt.Errorf("422: %w", err)
		}
	}
	w.seen = s.Tree
	return nil
}

func (w *world) pack(t *testing.T, d *ledger.Desk, bare bool) []byte {
	t.Helper()
	signed, err := d.Log.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := pack.Write(t.Context(), &b, d.Log.DB(), signed, pack.Whole, bare); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (w *world) replay(t *testing.T, from []byte) (Report, error) {
	t.Helper()
	db := ledgertest.OpenDB(t, w.path)
	defer db.Close()
	return Replay(t.Context(), db, bytes.NewReader(from), w.policy, w.anchor, nil)
}

// grow appends n records, those of 64 streams at a time.
func grow(t *testing.T, d *ledger.Desk, n int) {
	t.Helper()
	for done := 0; done < n; done += 64 {
		var wg sync.WaitGroup
		for i := range min(64, n-done) {
			wg.Go(func() {
				id := fmt.Sprint(i)
				begun := false
				for _, err := range d.Log.Records(t.Context(), "count/"+id, 0) {
					begun = err == nil
					break
				}
				var c ledger.Command[ledgertest.Count] = ledgertest.Begin{With: "south"}
				if begun {
					c = ledgertest.Add{By: 1, Note: "note", Who: fmt.Sprint("s-", i%3)}
				}
				if _, err := ledger.Do(t.Context(), d, ledgertest.Alice, ledgertest.Counts, id, c); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// dump returns what a database holds of the ledger.
func dump(t *testing.T, path string) map[string]string {
	t.Helper()
	db := ledgertest.OpenDB(t, path)
	defer db.Close()
	out := map[string]string{}
	for _, table := range []string{"record", "sealed", "tile", "party", "stream_party", "head", "shred", "count_total"} {
		rs, err := db.Query(`select * from ` + table + ` order by 1, 2`)
		if err != nil {
			if table == "shred" {
				rs, err = db.Query(`select subject, 1 from shred order by 1`)
			}
			if err != nil {
				t.Fatal(table, err)
			}
		}
		columns, _ := rs.Columns()
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(sql.RawBytes)
		}
		var b strings.Builder
		for rs.Next() {
			if err := rs.Scan(values...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				fmt.Fprintf(&b, "%x|", []byte(*v.(*sql.RawBytes)))
			}
			b.WriteByte('\n')
		}
		rs.Close()
		out[table] = b.String()
	}
	return out
}

// Acceptance check 3 (LED-1): a backup that is restored is refused, with both sizes
// named; what it lacks is replayed to the identical root, byte for byte, though details
// were disposed of meanwhile; the ledger goes on, and the witness cosigns it.
func TestRestoredBackup(t *testing.T) {
	for _, c := range []struct{ n, k int }{{0, 300}, {200, 56}, {256, 30}, {70, 1}, {300, 1200}} {
		t.Run(fmt.Sprintf("%d of %d", c.n, c.n+c.k), func(t *testing.T) {
			w := newWorld(t)
			d := w.open(t)
			grow(t, d, c.n)
			w.close(t, d)
			copyFile(t, w.path, w.path+".backup")
			d = w.open(t)
			grow(t, d, c.k-1)
			if _, err := d.Log.Dispose(t.Context(), ledgertest.Alice, ledger.Disposal{Subject: "s-1", Reason: "retention"}); err != nil {
				t.Fatal(err)
			}
			if err := w.cosign(t, d); err != nil {
				t.Fatal(err)
			}
			full := w.pack(t, d, false)
			want, err := d.Log.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			w.close(t, d)
			lived := dump(t, w.path)

			copyFile(t, w.path+".backup", w.path)
			db := ledgertest.OpenDB(t, w.path)
			w.config.DB = db
			_, err = ledger.Open(t.Context(), w.config)
			var behind *ledger.Behind
			if !errors.As(err, &behind) || behind.Have != int64(c.n) || behind.Anchor != want.N || !strings.Contains(err.Error(), fmt.Sprint(c.n)) || !strings.Contains(err.Error(), fmt.Sprint(want.N)) {
				t.Fatalf("the backup was not refused with both sizes: %v", err)
			}
			db.Close()

			rep, err := w.replay(t, full)
			if err != nil || rep.Had.N != int64(c.n) || rep.Has != want {
				t.Fatalf("%+v, %v, want %v", rep, err, want)
			}
			db = ledgertest.OpenDB(t, w.path)
			var shredded string // the key is to be destroyed again: keys may have been restored too
			if err := db.QueryRow(`select subject from shred`).Scan(&shredded); err != nil || shredded != "s-1" {
				t.Errorf("the key that is to be destroyed: %q, %v", shredded, err)
			}
			db.Close()
			d = w.open(t)
			if rep, err := audit.Database(t.Context(), w.config.DB); err != nil || rep.Tree != want {
				t.Fatalf("%+v, %v", rep, err)
			}
			ledgertest.CheckRebuild(t, d.Log)
			w.close(t, d)
			recovered := dump(t, w.path)
			for table := range lived {
				if lived[table] != recovered[table] {
					t.Errorf("the table %s is not what it was", table)
				}
			}
			d = w.open(t)
			grow(t, d, 3)
			if err := w.cosign(t, d); err != nil {
				t.Errorf("the witness refuses: %v", err)
			}
			if again, err := w.replay(t, full); err != nil || again.Has.N != want.N+3 || again.Had != again.Has {
				t.Errorf("recovered twice: %+v, %v", again, err)
			}
		})
	}
}

// A pack that is not this history, ends too early, holds no details, is one
// organization's or was altered changes nothing.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	d := w.open(t)
	grow(t, d, 30)
	early := w.pack(t, d, false)
	w.close(t, d)
	copyFile(t, w.path, w.path+".backup")
	d = w.open(t)
	grow(t, d, 20)
	full, bare := w.pack(t, d, false), w.pack(t, d, true)
	w.close(t, d)
	copyFile(t, w.path+".backup", w.path)

	// The backup was written to before anybody looked: without its anchor it may be.
	forked := *w
	forked.path = filepath.Join(t.TempDir(), "forked.db")
	copyFile(t, w.path, forked.path)
	forked.config.Anchor = nil
	f := forked.open(t)
	grow(t, f, 5)
	alternative := forked.pack(t, f, false)
	forked.close(t, f)

	other := newWorld(t)
	o := other.open(t)
	grow(t, o, 60)
	strange := other.pack(t, o, false)
	other.close(t, o)

	before := dump(t, w.path)
	damaged := bytes.Clone(full)
	damaged[len(damaged)/2] ^= 1
	for name, c := range map[string]struct {
		pack []byte
		want []string
	}{
		"too early":   {early, []string{"30 records", "50 were acknowledged", "records 30 to 49"}},
		"bare":        {bare, []string{"without sealed details"}},
		"another":     {strange, []string{"does not verify", "not signed by a log that the policy trusts"}},
		"damaged":     {damaged, []string{"does not verify"}},
		"cut off":     {full[:len(full)-200], []string{"does not verify"}},
		"no pack":     {[]byte("x\n"), []string{"not a ledger pack"}},
		"other end":   {alternative, []string{"30 records", "35", "50 were acknowledged"}},
		"empty":       {nil, []string{"line 1"}},
		"one's party": {[]byte(`{"pack":"chaperone ledger pack v1","origin":"x","records":0,"org":"south","key":"AA=="}` + "\n"), []string{"one organization"}},
	} {
		_, err := w.replay(t, c.pack)
		if err == nil {
			t.Fatalf("%s: replayed", name)
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
		after := dump(t, w.path)
		for table := range before {
			if after[table] != before[table] {
				t.Fatalf("%s: the table %s was changed", name, table)
			}
		}
	}
	if last, err := w.anchor.Last(); err != nil || last.N != 50 {
		t.Errorf("the anchor moved to %d, %v", last.N, err)
	}

	// The database that was written to is a fork of the pack, and says where.
	db := ledgertest.OpenDB(t, forked.path)
	_, err := Replay(t.Context(), db, bytes.NewReader(full), w.policy, w.anchor, nil)
	var fork *Fork
	if !errors.As(err, &fork) || *fork != (Fork{35, 50, 30}) || !strings.Contains(err.Error(), "35 records and the pack 50") {
		t.Errorf("a fork: %v", err)
	}

	// An altered database is not added to.
	if _, err := db.Exec(`update tile set hashes = zeroblob(length(hashes))`); err != nil {
		t.Fatal(err)
	}
	if _, err := Replay(t.Context(), db, bytes.NewReader(full), w.policy, w.anchor, nil); err == nil || !strings.Contains(err.Error(), "the database itself does not verify") {
		t.Errorf("an altered database: %v", err)
	}
	if _, err := w.replay(t, full); err != nil { // and the good one still is
		t.Error(err)
	}
}

// A pack of the acknowledged size whose end is another history is refused, even when
// the database is only behind.
func TestAnotherEndOfTheSameLength(t *testing.T) {
	w := newWorld(t)
	d := w.open(t)
	grow(t, d, 30)
	w.close(t, d)
	copyFile(t, w.path, w.path+".backup")
	d = w.open(t)
	grow(t, d, 10)
	w.close(t, d)
	forked := *w
	forked.path = filepath.Join(t.TempDir(), "forked.db")
	copyFile(t, w.path+".backup", forked.path)
	forked.config.Anchor = nil
	f := forked.open(t)
	grow(t, f, 15)
	alternative := forked.pack(t, f, false)
	forked.close(t, f)
	copyFile(t, w.path+".backup", w.path)
	_, err := w.replay(t, alternative)
	var behind *ledger.Behind
	if !errors.As(err, &behind) || !behind.Fork {
		t.Errorf("%v", err)
	}
	d2 := ledgertest.OpenDB(t, w.path)
	if h, _, err := store.Head(t.Context(), d2, store.ReadHead); err != nil || h.N != 30 {
		t.Errorf("%d records, %v", h.N, err)
	}
}

// A disk that fails while the pack is read changes nothing.
func TestReadingFails(t *testing.T) {
	w := newWorld(t)
	d := w.open(t)
	grow(t, d, 20)
	full := w.pack(t, d, false)
	w.close(t, d)
	if err := os.Remove(w.path); err != nil {
		t.Fatal(err)
	}
	db := ledgertest.OpenDB(t, w.path)
	if _, err := Replay(t.Context(), db, io.MultiReader(bytes.NewReader(full[:len(full)/2]), failing{}), w.policy, w.anchor, nil); err == nil {
		t.Error("replayed")
	}
	if rep, err := audit.Database(t.Context(), db); err != nil || rep.Tree.N != 0 {
		t.Errorf("%+v, %v", rep, err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("input/output error") }
