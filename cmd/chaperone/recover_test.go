package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/internal/app"
	"chaperone.example/internal/org"
	"chaperone.example/law"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// hub sets up a hub and returns its folder.
func hub(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hub")
	if _, said, code := command(t, "init", "--dir", dir, "--organization", "Collaborative", "--state", "OH", "--name", "A. Administrator", "--login", "admin@hub.example"); code != exitOK {
		t.Fatal(said)
	}
	return dir
}

// register appends n records to a hub.
func register(t *testing.T, dir string, n int) {
	t.Helper()
	a, err := app.Open(t.Context(), app.Config{Place: app.Place{Dir: dir}, Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	h, err := a.Log.Head(t.Context())
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
	admin := ledger.Actor{ID: "u-admin", Org: operator, Role: string(phi.Administrator)}
	for i := range n {
		id := fmt.Sprintf("o-%d", h.N+int64(i))
		if _, err := ledger.Do(t.Context(), a.Desk, admin, org.Kind, id, org.Register{Name: "Hospital " + id, State: "OH", Is: []law.Status{law.CoveredEntity}}); err != nil {
			t.Fatal(err)
		}
	}
}

// restore puts a copy of the database in its place, as from a backup.
func restore(t *testing.T, dir string, data []byte) {
	t.Helper()
	for _, name := range []string{"ledger.db-wal", "ledger.db-shm"} {
		os.Remove(filepath.Join(dir, name))
	}
	if err := os.WriteFile(filepath.Join(dir, "ledger.db"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// LED-1: a hub on a restored backup does not start and names both sizes; recovered from
// a pack it starts, and its ledger and views are those that it had. So is one whose
// database is lost.
func TestRecover(t *testing.T) {
	dir := hub(t)
	pack := filepath.Join(t.TempDir(), "all.pack")
	register(t, dir, 3)
	backup, err := os.ReadFile(filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	register(t, dir, 40)
	if _, said, code := command(t, "ledger", "export", "--dir", dir, "--out", pack); code != exitOK {
		t.Fatal(said)
	}
	whole, _, _ := command(t, "ledger", "verify", dir)
	restore(t, dir, backup)
	_, said, code := command(t, "serve", "--dir", dir, "--listen", "127.0.0.1:0")
	if code != exitFailed || !strings.Contains(said, "holds 6 records") || !strings.Contains(said, "46 were acknowledged") || !strings.Contains(said, "ledger recover") {
		t.Fatalf("exit code %d, said %q", code, said)
	}
	for name, lost := range map[string]bool{"restored": false, "lost": true} {
		restore(t, dir, backup)
		if lost {
			if err := os.Remove(filepath.Join(dir, "ledger.db")); err != nil {
				t.Fatal(err)
			}
		}
		out, said, code := command(t, "ledger", "recover", "--dir", dir, "--from-mirror", pack)
		if code != exitOK || !strings.Contains(out, "46 are now") || !strings.Contains(said, "views rebuilt from 46 of 46") {
			t.Fatalf("%s: exit code %d, out %q, said %q", name, code, out, said)
		}
		if again, _, code := command(t, "ledger", "verify", dir); code != exitOK || again != whole {
			t.Errorf("%s: it was\n%s\nand is\n%s", name, whole, again)
		}
		if _, said, code := command(t, "ledger", "recover", "--dir", dir, "--from-mirror", pack); code != exitOK || !strings.Contains(said, "nothing was missing") {
			t.Errorf("%s, again: exit code %d, said %q", name, code, said)
		}
	}
	register(t, dir, 2)
	if out, _, code := command(t, "ledger", "verify", dir); code != exitOK || !strings.Contains(out, "48 records") {
		t.Errorf("it does not go on: exit code %d, %s", code, out)
	}
}

// A fork is refused with both sizes and what to do; so is a pack that ends too early, and
// a folder without its keys.
func TestRecoverRefuses(t *testing.T) {
	dir := hub(t)
	early, late := filepath.Join(t.TempDir(), "early.pack"), filepath.Join(t.TempDir(), "late.pack")
	command(t, "ledger", "export", "--dir", dir, "--out", early)
	backup, err := os.ReadFile(filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	register(t, dir, 20)
	command(t, "ledger", "export", "--dir", dir, "--out", late)
	restore(t, dir, backup)
	_, said, code := command(t, "ledger", "recover", "--dir", dir, "--from-mirror", early)
	if code != exitFailed || !strings.Contains(said, "23 were acknowledged") || !strings.Contains(said, "nothing was changed") {
		t.Errorf("too early: exit code %d, said %q", code, said)
	}
	anchor := filepath.Join(dir, "keys", "anchor")
	kept, err := os.ReadFile(anchor)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(anchor); err != nil {
		t.Fatal(err)
	}
	if _, said, code := command(t, "ledger", "recover", "--dir", dir, "--from-mirror", late); code != exitBadFile || !strings.Contains(said, "no anchor") {
		t.Errorf("without keys: exit code %d, said %q", code, said)
	}
	register(t, dir, 3) // without its anchor, a hub cannot know
	if err := os.WriteFile(anchor, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	_, said, code = command(t, "ledger", "recover", "--dir", dir, "--from-mirror", late)
	if code != exitFailed || !strings.Contains(said, "holds 6 records and the pack 23") || !strings.Contains(said, "from record 3 on") || !strings.Contains(said, "move the database away") {
		t.Errorf("a fork: exit code %d, said %q", code, said)
	}
}
