package anchor

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// Bar 9: whatever the file holds, the anchor is read without a panic; what is read was
// written by an anchor, and can be read again.
func FuzzOpen(f *testing.F) {
	var t0 tlog.Tree
	t0.Hash, _ = tlog.TreeHash(0, nil)
	one, two := format(tlog.Tree{N: 7, Hash: tlog.Hash{1}}), format(tlog.Tree{N: 8, Hash: tlog.Hash{2}})
	f.Add(one)
	f.Add(append(one, two...))
	f.Add(append(two, one[:100]...))
	f.Add(format(t0))
	f.Add([]byte("7 AAAA AAAA\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "anchor")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Open(path)
		if err != nil {
			return
		}
		last, err := a.Last()
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Advance(tlog.Tree{N: last.N + 1}); err != nil && last.N < 1<<62 {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if last.N == 1<<63-1 {
			return
		}
		b, err := Open(path)
		if err != nil {
			t.Fatalf("what an anchor wrote cannot be read: %v", err)
		}
		defer b.Close()
		if got, _ := b.Last(); got.N != last.N+1 {
			t.Errorf("%d was written, %d is read", last.N+1, got.N)
		}
	})
}
