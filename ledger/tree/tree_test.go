package tree

import (
	"fmt"
	"maps"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// reference keeps every hash of a tree, as the reference implementation stores them.
type reference []tlog.Hash

func (r reference) ReadHashes(index []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(index))
	for i, x := range index {
		out[i] = r[x]
	}
	return out, nil
}

// The edge gives, at every size, the root of the reference algorithm; so does an edge
// that was loaded from the tiles; and the tiles prove every leaf.
func TestEdgeEqualsTheReference(t *testing.T) {
	var want reference
	e, stored := NewEdge(), map[Key][]byte{}
	tiles := func(k Key) ([]byte, error) {
		if data, ok := stored[k]; ok {
			return data, nil
		}
		return nil, fmt.Errorf("%v is missing", k)
	}
	const size = 66_000 // past the first tile of the third level
	for n := range int64(size) {
		leaf := fmt.Appendf(nil, "leaf %d", n)
		hs, err := tlog.StoredHashes(n, leaf, want)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, hs...)
		e.Push(tlog.RecordHash(leaf))
		if n > 600 && n%97 != 0 && n < size-700 {
			continue
		}
		maps.Copy(stored, e.Flush())
		root, err := tlog.TreeHash(n+1, want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.Root(); err != nil || got != root {
			t.Fatalf("size %d: root %v (%v), want %v", n+1, got, err, root)
		}
		again, err := Load(n+1, tiles)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again.Root(); err != nil || got != root {
			t.Fatalf("size %d: loaded root %v (%v), want %v", n+1, got, err, root)
		}
		if n%1000 == 0 {
			e = again
		}
	}
	root, _ := e.Root()
	for n := int64(0); n < size; n += 577 {
		p, err := tlog.ProveRecord(size, n, Reader(tiles))
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(p, size, root, n, tlog.RecordHash(fmt.Appendf(nil, "leaf %d", n))); err != nil {
			t.Errorf("leaf %d: %v", n, err)
		}
	}
}

func TestLoadRefusesAnotherWidth(t *testing.T) {
	if _, err := Load(3, func(Key) ([]byte, error) { return make([]byte, 64), nil }); err == nil {
		t.Error("two hashes passed for three")
	}
}

func TestContains(t *testing.T) {
	for _, c := range []struct {
		size, n      int64
		level, width int
		want         bool
	}{
		{0, 0, 0, 1, false}, {1, 0, 0, 1, true}, {1, 0, 0, 2, false}, {256, 0, 0, 256, true}, {256, 0, 1, 1, true},
		{255, 0, 1, 1, false}, {70_000, 273, 0, 112, true}, {70_000, 273, 0, 113, false}, {1, 1 << 60, 0, 1, false},
		{1, -1, 0, 1, false}, {1, 0, -1, 1, false}, {1, 0, 99, 1, false}, {1, 0, 0, 257, false},
	} {
		if got := Contains(c.size, c.level, c.n, c.width); got != c.want {
			t.Errorf("Contains(%d, %d, %d, %d) = %v", c.size, c.level, c.n, c.width, got)
		}
	}
}

// A tree is loaded from tiles of any content, or refused; what was loaded grows as the
// reference says.
func FuzzLoad(f *testing.F) {
	f.Add(int64(0), []byte{})
	f.Add(int64(3), make([]byte, 3*tlog.HashSize))
	f.Add(int64(256), []byte{1})
	f.Add(int64(513), make([]byte, tlog.HashSize))
	f.Add(int64(1)<<62, make([]byte, 64*tlog.HashSize))
	f.Fuzz(func(t *testing.T, size int64, data []byte) {
		e, err := Load(size, func(k Key) ([]byte, error) {
			n := size >> (Height * k.Level()) % Width * tlog.HashSize // what the tile has to hold
			return data[:min(int64(len(data)), n)], nil
		})
		if err != nil {
			return
		}
		root, err := e.Root()
		if err != nil {
			t.Fatal(err)
		}
		want, err := tlog.TreeHash(size, Reader(Kept(e.Partial())))
		if err != nil || root != want {
			t.Errorf("the tree of %d: %v, want %v (%v)", size, root, want, err)
		}
	})
}
