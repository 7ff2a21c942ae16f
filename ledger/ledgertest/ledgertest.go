// Package ledgertest opens real ledgers for tests, and holds what every database
// under a ledger must do.
package ledgertest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite" // the embedded database
)

// Start is the first moment of a [Clock].
var Start = time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC)

// A Clock is the time of a test: it moves only when told to.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the time on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A Gate permits everything within the actor's own organization. Authorization has
// tests of its own.
type Gate struct{}

// Permit implements [ledger.Gate].
func (Gate) Permit(_ context.Context, a ledger.Actor, _ string) (ledger.Scope, error) {
	return ledger.Scope{Actor: a, Org: a.Org}, nil
}

// Open returns a desk on a fresh embedded database with a clock that stands at
// [Start].
func Open(t testing.TB, types []ledger.Types, views ...ledger.View) (*ledger.Desk, *Clock) {
	t.Helper()
	db := OpenDB(t, filepath.Join(t.TempDir(), "ledger.db"))
	skey, _, err := note.GenerateKey(rand.Reader, "ledger.test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	clock := &Clock{now: Start}
	log, err := ledger.Open(t.Context(), ledger.Config{DB: db, Origin: "ledger.test", Now: clock.Now, Rand: rand.Reader,
		Types: types, Views: views, Sealer: &Sealer{details: map[string][]byte{}}, Secret: make([]byte, 32), Signer: signer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(log.Close)
	return &ledger.Desk{Log: log, Gate: Gate{}}, clock
}

// OpenDB opens an embedded database as the program does.
func OpenDB(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// CheckRebuild fails t unless dropping every view and replaying the ledger yields
// the same tables.
func CheckRebuild(t testing.TB, log *ledger.Log) {
	t.Helper()
	before, err := audit.Views(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	after, err := audit.Views(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	for table, sum := range before {
		if string(after[table]) != string(sum) {
			t.Errorf("%s: the rebuilt table differs from the one kept up to date", table)
		}
	}
}

// A Sealer keeps the plain text in memory under a random reference: enough to see
// that details are not in the ledger, without a vault.
type Sealer struct {
	mu      sync.Mutex
	details map[string][]byte
}

// Seal implements [ledger.Sealer].
func (s *Sealer) Seal(_ context.Context, subject string, _, plain []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref := []byte(rand.Text())
	s.details[subject+"\x00"+string(ref)] = plain
	return ref, nil
}

// Open implements [ledger.Sealer].
func (s *Sealer) Open(_ context.Context, subject string, _, ref []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	plain, ok := s.details[subject+"\x00"+string(ref)]
	if !ok {
		return nil, ledger.ErrDisposed
	}
	return plain, nil
}

// Destroy implements [ledger.Shredder].
func (s *Sealer) Destroy(_ context.Context, subject string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.details, func(k string, _ []byte) bool { return strings.HasPrefix(k, subject+"\x00") })
	return nil
}

// Held returns how many details the sealer could open.
func (s *Sealer) Held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.details)
}
