package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/internal/app"
	"chaperone.example/internal/org"
	"chaperone.example/law"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/phi"
)

// LED-1: a hub that moves to PostgreSQL keeps its root, its proofs and its views; what
// has the old database open cannot fork the history; and the hub goes on.
func TestMigrate(t *testing.T) {
	s := ledgertest.Stores()[1]
	address := s.Fresh(t)
	dir := hub(t)
	register(t, dir, 30)
	old := filepath.Join(t.TempDir(), "old.pack")
	if _, said, code := command(t, "ledger", "export", "--dir", dir, "--out", old); code != exitOK {
		t.Fatal(said)
	}
	was, _, _ := command(t, "ledger", "verify", dir)
	// A hub that was not stopped has the old database open.
	running, err := app.Open(t.Context(), app.Config{Place: app.Place{Dir: dir}, Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer running.Close()

	out, said, code := command(t, "ledger", "migrate", "--dir", dir, "--to", address)
	if code != exitOK || !strings.Contains(out, "moved: 33 records") || !strings.Contains(said, "views rebuilt from 33 of 33") || !strings.Contains(said, "chaperone serve --dir") {
		t.Fatalf("exit code %d, out %q, said %q", code, out, said)
	}
	var operator string
	for r, err := range running.Log.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		operator = r.Parties[0].Org
		break
	}
	admin := ledger.Actor{ID: "u-admin", Org: operator, Role: string(phi.Administrator)}
	if _, err := ledger.Do(t.Context(), running.Desk, admin, org.Kind, "o-late", org.Register{Name: "Late", State: "OH", Is: []law.Status{law.CoveredEntity}}); err == nil || !strings.Contains(err.Error(), "was moved") {
		t.Errorf("the old database was appended to: %v", err)
	}

	if is, said, code := command(t, "ledger", "verify", dir, "--database", address); code != exitOK || is != was {
		t.Errorf("exit code %d: it was\n%s\nand is\n%s%s", code, was, is, said)
	}
	if _, said, code := command(t, "ledger", "verify", old, "--policy", filepath.Join(dir, "policy.txt")); code != exitOK {
		t.Errorf("an old pack does not verify: %s", said)
	}
	a, err := app.Open(t.Context(), app.Config{Place: app.Place{Dir: dir, Database: address}, Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ledgertest.CheckRebuild(t, a.Log)
	if r, err := ledger.Do(t.Context(), a.Desk, admin, org.Kind, "o-new", org.Register{Name: "New", State: "OH", Is: []law.Status{law.CoveredEntity}}); err != nil || r.First != 33 {
		t.Errorf("it does not go on: %+v, %v", r, err)
	}

	if _, said, code := command(t, "ledger", "migrate", "--dir", dir, "--to", address); code != exitBadFile && code != exitFailed || !strings.Contains(said, "no ledger") {
		t.Errorf("again: exit code %d, said %q", code, said)
	}
	if _, _, code := command(t, "serve", "--dir", dir, "--listen", "127.0.0.1:0"); code == exitOK {
		t.Error("the hub starts without its database")
	}
}

// A move that was interrupted before the old database was put away is continued; a
// database that holds something else is left alone.
func TestMigrateAgain(t *testing.T) {
	s := ledgertest.Stores()[1]
	address := s.Fresh(t)
	dir := hub(t)
	if out, said, code := command(t, "ledger", "migrate", "--dir", dir, "--to", address); code != exitOK {
		t.Fatal(out, said)
	}
	if err := os.Rename(filepath.Join(dir, app.MovedFile), filepath.Join(dir, "ledger.db")); err != nil {
		t.Fatal(err)
	}
	if out, said, code := command(t, "ledger", "migrate", "--dir", dir, "--to", address); code != exitOK || strings.Contains(said, "copied") {
		t.Errorf("exit code %d, %q, %q", code, out, said)
	}
	other := hub(t)
	_, said, code := command(t, "ledger", "migrate", "--dir", other, "--to", address)
	if code != exitFailed || !strings.Contains(said, "already holds a ledger") {
		t.Errorf("exit code %d, %q", code, said)
	}
	register(t, other, 1) // it still goes on
	if _, said, code := command(t, "ledger", "migrate", "--dir", other, "--to", "nonsense"); code != exitFailed || !strings.Contains(said, "postgres://") {
		t.Errorf("exit code %d, %q", code, said)
	}
}
