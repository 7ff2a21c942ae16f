package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func anchored(t *testing.T, f *fixture, path string) (*fixture, error) {
	t.Helper()
	f.Log.Close()
	a, err := OpenAnchor(path)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { a.Close() })
	c := f.Log.cfg
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

func TestAnchorSurvivesATornWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anchor")
	a, err := OpenAnchor(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= 5; n++ {
		if err := a.Advance(tlog.Tree{N: n, Hash: tlog.RecordHash([]byte{byte(n)})}); err != nil {
			t.Fatal(err)
		}
	}
	a.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		torn := append([]byte(nil), whole...)
		torn[i] ^= 0x10
		if err := os.WriteFile(path, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := OpenAnchor(path)
		if err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		if last, _ := a.Last(); last.N < 4 {
			t.Errorf("byte %d: fell back to %d", i, last.N)
		}
		a.Close()
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenAnchor(path); err == nil {
		t.Error("a damaged anchor was taken for an empty one")
	}
}
