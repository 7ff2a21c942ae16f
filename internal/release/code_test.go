package release

import (
	"path/filepath"
	"testing"
	"time"

	"chaperone.example/deid/code"
	"chaperone.example/internal/vault"
	_ "modernc.org/sqlite"
)

// A long build lets others write to the vault, and what it gave out stays the same.
func TestALongBuildDoesNotHoldTheVault(t *testing.T) {
	v, err := vault.Open(t.Context(), filepath.Join(t.TempDir(), "keys"), filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	now, opened := time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC), 0
	build := func() *random {
		return &random{open: func() (*vault.Coder, error) {
			opened++
			return v.Coder(t.Context(), "o-1", "recipient o-2")
		}, now: func() time.Time { return now }, given: map[string]code.Code{}}
	}
	first := build()
	give := func(r *random, value string) code.Code {
		t.Helper()
		c, err := r.Code("patient", []byte(value))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a, b := give(first, "a"), give(first, "b")
	if opened != 1 {
		t.Errorf("opened %d times within a moment", opened)
	}
	now = now.Add(hold + time.Millisecond)
	c := give(first, "c")
	if opened != 2 {
		t.Errorf("opened %d times, want again after %v", opened, hold)
	}
	first.abort() // the build failed: c is forgotten
	if give(first, "a") != a || a == b {
		t.Error("a code changed, or stands for two")
	}
	if err := v.Put(t.Context(), "u-1", "x", []byte("y")); err != nil {
		t.Errorf("the vault is still held: %v", err)
	}
	second := build()
	defer second.abort()
	if give(second, "a") != a || give(second, "b") != b || give(second, "c") == c {
		t.Error("another build names the same people differently, or remembers what was forgotten")
	}
	if other, err := second.Code("encounter", []byte("a")); err != nil || other == a {
		t.Errorf("one value in two spaces has one code (%v)", err)
	}
}
