package ledger_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	. "chaperone.example/ledger"
	"chaperone.example/ledger/anchor"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/proof"
	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite"
)

// A door is the smallest module: it is built, opened and shut.
type (
	built  struct{ Owner, Tenant string }
	opened struct{ By string }
	shut   struct{}
	seen   struct{}
)

var doorTypes = Types{"door.built": built{}, "door.opened": opened{}, "door.shut": shut{}, "door.seen": seen{}}

type door struct {
	Orgs   []string
	Open   bool
	Opened int
}

var doors = Kind[door]{
	Name: "door",
	Apply: func(d door, _ Record, e Event) door {
		switch e := e.(type) {
		case built:
			d.Orgs = []string{e.Owner, e.Tenant}
		case opened:
			d.Open, d.Opened = true, d.Opened+1
		case shut:
			d.Open = false
		}
		return d
	},
	Sees: func(d door) []string { return d.Orgs },
}

type build struct{ Tenant string }

func (build) Action() string { return "door.build" }
func (build) Begins()        {}
func (c build) Decide(_ door, m Moment) ([]Event, error) {
	return []Event{built{m.Actor.Org, c.Tenant}}, nil
}

// openIf opens a door if another one is shut.
type openIf struct {
	Other string
	Free  bool
	Note  string
}

func (openIf) Action() string { return "door.open" }
func (c openIf) Gather(ctx context.Context, r *Reading, _ door) (Command[door], error) {
	other, err := Read(ctx, r, doors, c.Other)
	c.Free = !other.Open
	return c, err
}
func (c openIf) Decide(d door, m Moment) ([]Event, error) {
	if !c.Free || d.Open {
		return nil, nil
	}
	e := opened{m.Actor.ID}
	if c.Note != "" {
		return []Event{Sealed{e, "subject-1", c.Note}}, nil
	}
	return []Event{e}, nil
}

type shutIt struct{}

func (shutIt) Action() string { return "door.shut" }
func (shutIt) Decide(d door, _ Moment) ([]Event, error) {
	if !d.Open {
		return nil, nil
	}
	return []Event{shut{}}, nil
}

type look struct{ ID string }

func (look) Action() string { return "door.look" }
func (q look) Answer(ctx context.Context, r *Reading) (door, error) {
	return See(ctx, r, doors, q.ID)
}
func (q look) Accesses(d door, _ Moment) []Access {
	return []Access{{"door/" + q.ID, seen{}, d.Orgs}}
}

var doorView = View{
	Name:   "door",
	Schema: "create table if not exists door_open (id text primary key, opened integer not null);",
	Apply: func(ctx context.Context, tx Tx, r Record, e Event) error {
		if _, ok := e.(opened); ok {
			_, err := tx.ExecContext(ctx, `insert into door_open values ($1, 1) on conflict (id) do update set opened = opened + 1`, r.ID())
			return err
		}
		return nil
	},
}

// gate permits everything to anybody but "intruder".
type gate struct{}

func (gate) Permit(_ context.Context, a Actor, action string) (Scope, error) {
	if a.ID == "intruder" {
		return Scope{}, errors.New("forbidden")
	}
	return Scope{Actor: a, Org: a.Org}, nil
}

// keyring seals with one key a subject, as the vault does.
type keyring struct {
	mu   sync.Mutex
	keys map[string][]byte
}

func (k *keyring) aead(subject string, create bool) (cipher.AEAD, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := k.keys[subject]
	if key == nil {
		if !create {
			return nil, ErrDisposed
		}
		key = make([]byte, 32)
		rand.Read(key)
		k.keys[subject] = key
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (k *keyring) Seal(_ context.Context, subject string, aad, plain []byte) ([]byte, error) {
	a, err := k.aead(subject, true)
	if err != nil {
		return nil, err
	}
	return a.Seal(nil, nil, plain, aad), nil
}

func (k *keyring) Open(_ context.Context, subject string, aad, ct []byte) ([]byte, error) {
	a, err := k.aead(subject, false)
	if err != nil {
		return nil, err
	}
	return a.Open(nil, nil, ct, aad)
}

func (k *keyring) Destroy(_ context.Context, subject string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, subject)
	return nil
}

type fixture struct {
	*Desk
	db     *sql.DB
	vkey   string
	sealer *keyring
	path   string
}

func open(t testing.TB) *fixture { return openAt(t, filepath.Join(t.TempDir(), "ledger.db")) }

func openAt(t testing.TB, path string) *fixture {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	skey, vkey, err := note.GenerateKey(rand.Reader, "test.example/log")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{db: db, vkey: vkey, sealer: &keyring{keys: map[string][]byte{}}, path: path}
	log, err := Open(t.Context(), Config{DB: db, Origin: "test.example/log", Now: time.Now, Rand: rand.Reader,
		Types: []Types{doorTypes}, Views: []View{doorView}, Sealer: f.sealer, Secret: make([]byte, 32), Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(log.Close)
	f.Desk = &Desk{log, gate{}}
	return f
}

var alice = Actor{ID: "alice", Org: "north"}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func act(t testing.TB, f *fixture, id string, c Command[door]) Receipt {
	t.Helper()
	return must[Receipt](t)(Do(t.Context(), f.Desk, alice, doors, id, c))
}

func inspect(t testing.TB, f *fixture) audit.Report {
	t.Helper()
	return must[audit.Report](t)(audit.Database(t.Context(), f.db))
}

func TestAppendAcknowledgesWithTheTree(t *testing.T) {
	f := open(t)
	r := act(t, f, "1", build{"south"})
	if r.First != 0 || r.Last != 0 || r.Version != 1 || r.Tree.N != 1 {
		t.Errorf("receipt %+v", r)
	}
	act(t, f, "1", openIf{Other: "none"})
	if rep := inspect(t, f); rep.Tree.N != 2 || rep.Streams != 1 {
		t.Errorf("report %+v", rep)
	}
}

// The tiles, kept by hand, give the same tree as the reference algorithm.
func TestManyEventsAcrossTiles(t *testing.T) {
	f := open(t)
	act(t, f, "1", build{"south"})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			id := fmt.Sprint("d", i)
			act(t, f, id, build{"south"})
			for range 6 {
				act(t, f, id, openIf{Other: "none"})
				act(t, f, id, shutIt{})
			}
		})
	}
	wg.Wait()
	rep := inspect(t, f)
	if rep.Tree.N != 1+64*13 {
		t.Errorf("%d events, want %d", rep.Tree.N, 1+64*13)
	}
	var n int
	if err := f.db.QueryRow(`select sum(opened) from door_open`).Scan(&n); err != nil || n != 64*6 {
		t.Errorf("the view counts %d (%v), want %d", n, err, 64*6)
	}
	for _, seq := range []int64{0, 1, 255, 256, 257, 511, 512, rep.Tree.N - 1} {
		prove(t, f, seq)
	}
}

func prove(t testing.TB, f *fixture, seq int64) []byte {
	t.Helper()
	data := must[[]byte](t)(NewReading(f.Log, "south").Prove(t.Context(), seq))
	p := must[proof.Proof](t)(proof.Parse(data))
	policy := must[*proof.Policy](t)(proof.ParsePolicy(proof.FormatPolicy(f.vkey)))
	v := must[audit.Verdict](t)(audit.Proof(policy, p))
	if v.Record.Seq != seq {
		t.Errorf("proof of %d is about %d", seq, v.Record.Seq)
	}
	return data
}

// LED-1: whatever byte of a proof is changed, it is refused.
func TestEveryByteOfAProofMatters(t *testing.T) {
	f := open(t)
	act(t, f, "1", build{"south"})
	act(t, f, "1", openIf{Other: "none"})
	act(t, f, "1", shutIt{})
	data := prove(t, f, 1)
	policy := must[*proof.Policy](t)(proof.ParsePolicy(proof.FormatPolicy(f.vkey)))
	for i := range data {
		for bit := range 8 {
			bad := append([]byte(nil), data...)
			bad[i] ^= 1 << bit
			p, err := proof.Parse(bad)
			if err == nil {
				_, err = audit.Proof(policy, p)
			}
			if err == nil {
				t.Fatalf("bit %d of byte %d (%q) flipped unnoticed", bit, i, data[i])
			}
		}
	}
	for n := range data {
		if p, err := proof.Parse(data[:n]); err == nil {
			if _, err := audit.Proof(policy, p); err == nil {
				t.Fatalf("cut to %d of %d bytes unnoticed", n, len(data))
			}
		}
	}
	other := open(t)
	policy = must[*proof.Policy](t)(proof.ParsePolicy(proof.FormatPolicy(other.vkey)))
	if _, err := audit.Proof(policy, must[proof.Proof](t)(proof.Parse(data))); err == nil {
		t.Error("a proof of one log passed for another's")
	}
}

func TestOnlyAPartyGetsAProof(t *testing.T) {
	f := open(t)
	act(t, f, "1", build{"south"})
	_, err := NewReading(f.Log, "east").Prove(t.Context(), 0)
	_, random := NewReading(f.Log, "east").Prove(t.Context(), 99)
	if err == nil || err.Error() != random.Error() {
		t.Errorf("a stranger is told %v, for no record %v", err, random)
	}
}

func TestStrangerAndNobodyAreAnsweredAlike(t *testing.T) {
	f := open(t)
	act(t, f, "1", build{"south"})
	stranger := Actor{ID: "bob", Org: "east"}
	_, e1 := Do(t.Context(), f.Desk, stranger, doors, "1", openIf{Other: "none"})
	_, e2 := Do(t.Context(), f.Desk, stranger, doors, "no-such", openIf{Other: "none"})
	_, e3 := Ask(t.Context(), f.Desk, stranger, look{"1"})
	_, e4 := Ask(t.Context(), f.Desk, stranger, look{"no-such"})
	for i, err := range []error{e1, e2, e3, e4} {
		if err == nil || err.Error() != "ledger: no such door" {
			t.Errorf("answer %d: %v", i, err)
		}
	}
	if rep := inspect(t, f); rep.Tree.N != 1 {
		t.Errorf("a refused command left %d records", rep.Tree.N)
	}
}

func TestTheGateComesFirst(t *testing.T) {
	f := open(t)
	intruder := Actor{ID: "intruder", Org: "north"}
	if _, err := Do(t.Context(), f.Desk, intruder, doors, "1", build{"south"}); err == nil {
		t.Error("a command passed the gate")
	}
	act(t, f, "1", build{"south"})
	if _, err := Ask(t.Context(), f.Desk, intruder, look{"1"}); err == nil {
		t.Error("a question passed the gate")
	}
}

func TestAWatchedAnswerIsRecorded(t *testing.T) {
	f := open(t)
	act(t, f, "1", build{"south"})
	if _, err := Ask(t.Context(), f.Desk, Actor{ID: "sue", Org: "south"}, look{"1"}); err != nil {
		t.Fatal(err)
	}
	if rep := inspect(t, f); rep.Tree.N != 2 {
		t.Errorf("%d records, want the access recorded", rep.Tree.N)
	}
}

func TestIdempotencyKey(t *testing.T) {
	f := open(t)
	ctx := Once(t.Context(), "k1")
	first := must[Receipt](t)(Do(ctx, f.Desk, alice, doors, "1", build{"south"}))
	again := must[Receipt](t)(Do(ctx, f.Desk, alice, doors, "1", build{"south"}))
	if !again.Repeated || again.First != first.First || again.Version != first.Version {
		t.Errorf("repeated: %+v after %+v", again, first)
	}
	if _, err := Do(ctx, f.Desk, alice, doors, "1", build{"west"}); err == nil {
		t.Error("one key served two different commands")
	}
	if rep := inspect(t, f); rep.Tree.N != 1 {
		t.Errorf("%d records", rep.Tree.N)
	}
}

// Two doors of which one at most may be open: every decision rests on the other
// stream, and no race opens both.
func TestGuardsSerializeDecisionsAcrossStreams(t *testing.T) {
	f := open(t)
	act(t, f, "a", build{"south"})
	act(t, f, "b", build{"south"})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			mine, other := "a", "b"
			if i%2 == 0 {
				mine, other = other, mine
			}
			for range 10 {
				if _, err := Do(context.Background(), f.Desk, alice, doors, mine, openIf{Other: other}); err != nil {
					var moved *Conflict
					if !errors.As(err, &moved) {
						t.Error(err)
					}
				}
				Do(context.Background(), f.Desk, alice, doors, mine, shutIt{})
			}
		})
	}
	wg.Wait()
	open := map[string]bool{}
	for r, err := range f.Log.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		switch r.Type {
		case "door.opened":
			open[r.ID()] = true
		case "door.shut":
			delete(open, r.ID())
		}
		if len(open) == 2 {
			t.Fatalf("both doors are open after record %d", r.Seq)
		}
	}
	inspect(t, f)
}

func TestSealedDetailsAndDisposal(t *testing.T) {
	f := open(t)
	act(t, f, "1", build{"south"})
	const secret = "left at the back entrance"
	act(t, f, "1", openIf{Other: "none", Note: secret})
	if rep := inspect(t, f); rep.Sealed != 1 {
		t.Errorf("report %+v", rep)
	}
	var dump strings.Builder
	for r, err := range f.Log.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		dump.WriteString(string(must[[]byte](t)(json.Marshal(r))))
		if r.Sealed != nil {
			var note string
			if err := f.Log.Details(t.Context(), r, &note); err != nil || note != secret {
				t.Errorf("details %q, %v", note, err)
			}
		}
	}
	if strings.Contains(dump.String(), "entrance") {
		t.Error("a sealed detail is in the events")
	}
	before := prove(t, f, 1)
	receipt := must[Receipt](t)(f.Log.Dispose(t.Context(), alice, Disposal{Subject: "subject-1", Reason: "retention ended"}))
	if rep := inspect(t, f); rep.Sealed != 0 || len(rep.Disposals) != 1 || rep.Disposals[1] != receipt.First {
		t.Errorf("report %+v, disposed of by record %d", rep, receipt.First)
	}
	rec := must[Record](t)(NewReading(f.Log, "south").Record(t.Context(), receipt.First))
	if rec.Type != DisposedType {
		t.Errorf("the parties of the record see %q, want the disposal", rec.Type)
	}
	if len(f.sealer.keys) != 0 {
		t.Error("the key is still there")
	}
	for r, err := range f.Log.All(t.Context(), 1) {
		var note string
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Log.Details(t.Context(), r, &note); r.Sealed != nil && !errors.Is(err, ErrDisposed) {
			t.Errorf("the details of record %d after the disposal: %q, %v", r.Seq, note, err)
		}
	}
	policy := must[*proof.Policy](t)(proof.ParsePolicy(proof.FormatPolicy(f.vkey)))
	if _, err := audit.Proof(policy, must[proof.Proof](t)(proof.Parse(before))); err != nil {
		t.Errorf("the proof did not survive the disposal: %v", err)
	}
}

// BEY-4: a party that knows its key finds all of its leaves and nobody else's.
func TestPartyTags(t *testing.T) {
	f := open(t)
	act(t, f, "1", build{"south"})
	if _, err := Do(t.Context(), f.Desk, Actor{ID: "e", Org: "east"}, doors, "2", build{"west"}); err != nil {
		t.Fatal(err)
	}
	act(t, f, "1", openIf{Other: "none"})
	key := leaf.PartyKey(make([]byte, 32), "south")
	found := map[int64]int64{}
	for r, err := range audit.Stored(t.Context(), f.db, 0) {
		if err != nil {
			t.Fatal(err)
		}
		for n := int64(1); n <= 4; n++ {
			for _, tag := range r.Tags {
				if string(tag) == string(leaf.PartyTag(key, n)) {
					found[n] = r.Seq
				}
			}
		}
	}
	if len(found) != 2 || found[1] != 0 || found[2] != 2 {
		t.Errorf("south finds its events at %v, want 1 at 0 and 2 at 2", found)
	}
}

func TestRebuildEqualsLive(t *testing.T) {
	f := open(t)
	for i := range 5 {
		id := fmt.Sprint(i)
		act(t, f, id, build{"south"})
		act(t, f, id, openIf{Other: "none"})
	}
	before := must[map[string][]byte](t)(audit.Views(t.Context(), f.Log))
	if _, err := f.db.Exec(`delete from door_open`); err != nil {
		t.Fatal(err)
	}
	if changed := must[map[string][]byte](t)(audit.Views(t.Context(), f.Log)); string(changed["door_open"]) == string(before["door_open"]) {
		t.Fatal("the snapshot does not see the view change")
	}
	if err := f.Log.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	after := must[map[string][]byte](t)(audit.Views(t.Context(), f.Log))
	for table, sum := range before {
		if string(after[table]) != string(sum) {
			t.Errorf("%s differs after the rebuild", table)
		}
	}
}

// LED-1: a change of the database under the ledger is found, whichever it is.
func TestTampering(t *testing.T) {
	for name, change := range map[string]string{
		"event":           `update record set event = cast(replace(cast(event as text), '"south"', '"South"') as blob) where seq = 0`,
		"stream column":   `update record set stream = 'door/9' where seq = 1`,
		"type column":     `update record set type = 'door.shut' where seq = 1`,
		"time column":     `update record set time = '2020-01-01T00:00:00Z' where seq = 1`,
		"salt":            `update record set salt = zeroblob(32) where seq = 1`,
		"tags":            `update record set tags = zeroblob(32) where seq = 1`,
		"tail deleted":    `delete from record where seq = 3`,
		"middle deleted":  `delete from record where seq = 1`,
		"swapped":         `update record set seq = -1 where seq = 1; update record set seq = 1 where seq = 2; update record set seq = 2 where seq = -1`,
		"tile":            `update tile set hashes = zeroblob(128)`,
		"tile deleted":    `delete from tile`,
		"head":            `update head set root = zeroblob(32)`,
		"head size":       `update head set size = 3`,
		"party counter":   `update party set n = n + 1`,
		"sealed details":  `update sealed set ciphertext = zeroblob(40)`,
		"sealed salt":     `update sealed set salt = zeroblob(32)`,
		"counter deleted": `delete from party`,
		"sealed deleted":  `delete from sealed`,
		"sealed subject":  `update sealed set subject = 'x'`,
		"sealed moved":    `update sealed set seq = 3`,
		"sealed added":    `insert or replace into sealed select 99, subject, salt, ciphertext from sealed`,
		"head time":       `update head set time = '2030-01-01T00:00:00Z'`,
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t)
			act(t, f, "1", build{"south"})
			act(t, f, "1", openIf{Other: "none", Note: "x"})
			act(t, f, "1", shutIt{})
			act(t, f, "1", openIf{Other: "none"})
			inspect(t, f)
			if _, err := f.db.Exec(change); err == nil && strings.Contains(change, " record ") {
				t.Error("the database let a record be changed")
			}
			if _, err := f.db.Exec(`drop trigger record_is_final; drop trigger record_is_kept`); err != nil {
				t.Fatal(err)
			}
			if _, err := f.db.Exec(change); err != nil {
				t.Fatal(err)
			}
			if _, err := audit.Database(t.Context(), f.db); err == nil {
				t.Error("unnoticed")
			}
		})
	}
}

func TestAFailingViewRejectsTheAppendAlone(t *testing.T) {
	f := open(t)
	act(t, f, "1", build{"south"})
	if _, err := f.db.Exec(`create trigger refuse before insert on door_open begin select raise(abort, 'no'); end`); err != nil {
		t.Fatal(err)
	}
	if _, err := Do(t.Context(), f.Desk, alice, doors, "1", openIf{Other: "none"}); err == nil {
		t.Error("the append succeeded without its view")
	}
	act(t, f, "2", build{"south"})
	if rep := inspect(t, f); rep.Tree.N != 2 {
		t.Errorf("%d records, want 2", rep.Tree.N)
	}
}

func TestReopenContinues(t *testing.T) {
	f := open(t)
	for i := range 300 {
		act(t, f, fmt.Sprint(i), build{"south"})
	}
	f.Log.Close()
	g := openAt(t, f.path)
	r := act(t, g, "next", build{"south"})
	if r.First != 300 {
		t.Errorf("continued at %d", r.First)
	}
	inspect(t, g)
	if _, err := g.db.Exec(`update head set root = zeroblob(32)`); err != nil {
		t.Fatal(err)
	}
	g.Log.Close()
	c := ConfigOf(g.Log)
	if _, err := Open(t.Context(), c); err == nil {
		t.Error("an altered ledger was opened for writing")
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, appenders := range []int{1, 64} {
		b.Run(fmt.Sprint(appenders), func(b *testing.B) {
			f := open(b)
			b.SetParallelism(appenders)
			i := make(chan int, 1)
			i <- 0
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n := <-i
					i <- n + 1
					act(b, f, fmt.Sprint(n), build{"south"})
				}
			})
		})
	}
}

func anchored(t *testing.T, f *fixture, path string) (*fixture, error) {
	t.Helper()
	f.Log.Close()
	a, err := anchor.Open(path)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { a.Close() })
	c := ConfigOf(f.Log)
	c.Anchor = a
	log, err := Open(t.Context(), c)
	if err != nil {
		return nil, err
	}
	t.Cleanup(log.Close)
	return &fixture{Desk: &Desk{log, gate{}}, db: f.db, vkey: f.vkey, sealer: f.sealer, path: f.path}, nil
}

// Restoring a backup is a fork: the ledger refuses to write, and names both sizes.
func TestARestoredBackupIsRefused(t *testing.T) {
	f := open(t)
	path := filepath.Join(t.TempDir(), "anchor")
	f, err := anchored(t, f, path)
	if err != nil {
		t.Fatal(err)
	}
	act(t, f, "1", build{"south"})
	act(t, f, "2", build{"south"})
	backup := filepath.Join(t.TempDir(), "backup.db")
	if _, err := f.db.Exec(`vacuum into '` + backup + `'`); err != nil {
		t.Fatal(err)
	}
	act(t, f, "3", build{"south"})
	f.Log.Close()

	restored := openAt(t, backup)
	_, err = anchored(t, restored, path)
	var behind *Behind
	if !errors.As(err, &behind) || behind.Have != 2 || behind.Anchor != 3 || behind.Fork {
		t.Fatalf("a restored backup: %v", err)
	}

	restored = openAt(t, backup)
	// The backup went on without the anchor: now it is as long, and another history.
	act(t, restored, "4", build{"south"})
	act(t, restored, "5", build{"south"})
	_, err = anchored(t, restored, path)
	if !errors.As(err, &behind) || !behind.Fork {
		t.Errorf("a fork: %v", err)
	}

	if _, err := anchored(t, f, path); err != nil {
		t.Errorf("the true ledger is refused: %v", err)
	}
}
