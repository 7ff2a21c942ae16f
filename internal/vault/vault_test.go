package vault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"chaperone.example/ledger"
	_ "modernc.org/sqlite"
)

func open(t *testing.T) (*Vault, string) {
	t.Helper()
	dir := t.TempDir()
	v, err := Open(t.Context(), filepath.Join(dir, "keys"), filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v, dir
}

func put(t *testing.T, v *Vault, org string, data []byte) string {
	t.Helper()
	w, err := v.Create(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	for rest := data; len(rest) > 0; { // uneven writes
		n := min(len(rest), 1000)
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return w.ID
}

func get(ctx context.Context, v *Vault, org, id string) ([]byte, error) {
	r, err := v.Read(ctx, org, id)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestObjectsComeBackWhole(t *testing.T) {
	v, _ := open(t)
	for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3 * chunkSize} {
		data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		id := put(t, v, "north", data)
		got, err := get(t.Context(), v, "north", id)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("size %d: %d bytes, %v", size, len(got), err)
		}
		if _, err := get(t.Context(), v, "south", id); err == nil {
			t.Error("another organization's key opened the object")
		}
	}
}

// SEC-1: a stored file that was altered, cut or reassembled does not read.
func TestObjectTampering(t *testing.T) {
	v, dir := open(t)
	id := put(t, v, "north", bytes.Repeat([]byte("x"), 2*chunkSize+10))
	path := filepath.Join(dir, "data", "objects", id)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(good, []byte("xxxxxxxx")) {
		t.Fatal("the plain text is in the file")
	}
	head, chunk := len(magic)+wrappedSize, chunkSize+overhead
	for name, bad := range map[string][]byte{
		"cut at a chunk": good[:head+chunk],
		"cut in a chunk": good[:len(good)-1],
		"empty":          {},
		"flipped":        append(append([]byte{}, good[:head+5]...), append([]byte{good[head+5] ^ 1}, good[head+6:]...)...),
		"swapped":        append(append(append([]byte{}, good[:head]...), good[head+chunk:head+2*chunk]...), append(append([]byte{}, good[head:head+chunk]...), good[head+2*chunk:]...)...),
		"appended":       append(append([]byte{}, good...), 0),
	} {
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := get(t.Context(), v, "north", id); err == nil {
			t.Errorf("%s: unnoticed", name)
		}
	}
}

func TestAbortLeavesNothing(t *testing.T) {
	v, dir := open(t)
	w, err := v.Create(t.Context(), "north")
	if err != nil {
		t.Fatal(err)
	}
	w.Write(make([]byte, 2*chunkSize))
	w.Abort()
	if left, err := os.ReadDir(filepath.Join(dir, "data", "objects")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// REL-3: after the key of a subject is destroyed nothing sealed under it opens, and
// no new key takes its name.
func TestDestroyIsFinal(t *testing.T) {
	v, _ := open(t)
	if err := v.Put(t.Context(), "u-1", "totp", []byte("seed")); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Get(t.Context(), "u-1", "totp"); err != nil || string(got) != "seed" {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := v.Get(t.Context(), "u-1", "other"); !errors.Is(err, ErrNone) {
		t.Errorf("no such secret: %v", err)
	}
	if err := v.Destroy(t.Context(), "u-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Get(t.Context(), "u-1", "totp"); !errors.Is(err, ledger.ErrDisposed) {
		t.Errorf("after the disposal: %v", err)
	}
	if err := v.Put(t.Context(), "u-1", "totp", []byte("again")); !errors.Is(err, ledger.ErrDisposed) {
		t.Errorf("a destroyed subject was given a new key: %v", err)
	}
}

func TestKeysNeedTheirRoot(t *testing.T) {
	v, dir := open(t)
	id := put(t, v, "north", []byte("x"))
	v.Close()
	if err := os.Remove(filepath.Join(dir, "keys", "root.key")); err != nil {
		t.Fatal(err)
	}
	w, err := Open(t.Context(), filepath.Join(dir, "keys"), filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := get(t.Context(), w, "north", id); err == nil {
		t.Error("the object opened under another root key")
	}
}

// 45 CFR 164.514(c): a code is stable within its space, differs between spaces, and
// says nothing about what it stands for.
func TestCodes(t *testing.T) {
	v, _ := open(t)
	code := func(space, original string, commit bool) [CodeSize]byte {
		c, err := v.Coder(t.Context(), "north", space)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Abort()
		s, err := c.Code([]byte(original))
		if err != nil {
			t.Fatal(err)
		}
		if commit {
			if err := c.Commit(); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	if code("r-1", "mrn-1", false) == code("r-1", "mrn-1", true) {
		t.Error("a code was kept without a commit")
	}
	a := code("r-1", "mrn-1", true)
	if a != code("r-1", "mrn-1", true) {
		t.Error("the code is not stable")
	}
	if a == code("r-2", "mrn-1", true) || a == code("r-1", "mrn-2", true) {
		t.Error("codes collide across spaces or patients")
	}
}
