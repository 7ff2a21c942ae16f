// Package tree keeps a Merkle tree of RFC 6962 in tiles of 256 hashes, as C2SP
// tlog-tiles serves them. It holds hashes only, and knows neither what was hashed
// nor where the tiles are stored.
package tree

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles are 256 hashes wide: eight levels of the tree high.
const (
	Height = 8
	Width  = 1 << Height
)

// A Key names a tile: its level above its index.
type Key int64

// KeyOf returns the key of tile n at a tile level.
func KeyOf(level int, n int64) Key { return Key(int64(level)<<48 | n) }

// Level returns the tile level, 0 for the hashes of leaves.
func (k Key) Level() int { return int(k >> 48) }

// Index returns the place of the tile within its level.
func (k Key) Index() int64 { return int64(k & (1<<48 - 1)) }

func (k Key) String() string { return fmt.Sprintf("tile %d/%d", k.Level(), k.Index()) }

// Tiles reads a tile: as many hashes of 32 bytes as there are, at least those that a
// tree of the size in question has.
type Tiles func(Key) ([]byte, error)

// An Edge is the right-hand side of a tree: the partial tile of each level. Whoever
// appends holds one, so that appending reads nothing.
type Edge struct {
	size  int64
	level [][]tlog.Hash // hashes of the partial tile, by tile level
	dirty map[Key][]byte
}

// NewEdge returns the edge of the empty tree.
func NewEdge() *Edge { return &Edge{dirty: map[Key][]byte{}} }

// Load reads the edge of a tree of the given size.
func Load(size int64, tiles Tiles) (*Edge, error) {
	e := NewEdge()
	e.size = size
	for l := 0; size>>(Height*l) > 0; l++ {
		n := size >> (Height * l)
		e.level = append(e.level, nil)
		if n%Width == 0 {
			continue
		}
		k := KeyOf(l, n/Width)
		data, err := tiles(k)
		if err != nil {
			return nil, err
		}
		if int64(len(data)) != n%Width*tlog.HashSize {
			return nil, fmt.Errorf("%v has %d bytes, the tree of %d records needs %d", k, len(data), size, n%Width*tlog.HashSize)
		}
		for ; len(data) > 0; data = data[tlog.HashSize:] {
			e.level[l] = append(e.level[l], tlog.Hash(data[:tlog.HashSize]))
		}
	}
	return e, nil
}

// Size returns the number of leaves.
func (e *Edge) Size() int64 { return e.size }

// Push adds the hash of a leaf, completing tiles upwards.
func (e *Edge) Push(h tlog.Hash) {
	e.size++
	for l := 0; ; l++ {
		if l == len(e.level) {
			e.level = append(e.level, make([]tlog.Hash, 0, Width))
		}
		e.level[l] = append(e.level[l], h)
		k := KeyOf(l, (e.size>>(Height*l)-1)/Width)
		e.dirty[k] = nil
		if len(e.level[l]) < Width {
			return
		}
		e.dirty[k] = pack(e.level[l])
		h = fold(e.level[l])
		e.level[l] = e.level[l][:0]
	}
}

// Flush returns the tiles that changed since the last Flush.
func (e *Edge) Flush() map[Key][]byte {
	out := e.dirty
	for k, data := range out {
		if data == nil {
			out[k] = pack(e.level[k.Level()])
		}
	}
	e.dirty = map[Key][]byte{}
	return out
}

// Root returns the root hash. The complete subtrees that make up the tree all end in
// the partial tiles.
func (e *Edge) Root() (tlog.Hash, error) {
	return tlog.TreeHash(e.size, Reader(func(k Key) ([]byte, error) {
		if l := k.Level(); l < len(e.level) && k.Index() == (e.size>>(Height*l))/Width {
			return pack(e.level[l]), nil
		}
		return nil, fmt.Errorf("%v is not at the edge", k)
	}))
}

func pack(hs []tlog.Hash) []byte {
	b := make([]byte, 0, len(hs)*tlog.HashSize)
	for _, h := range hs {
		b = append(b, h[:]...)
	}
	return b
}

// fold hashes a full tile up to the one hash above it, leaving the tile alone.
func fold(tile []tlog.Hash) tlog.Hash {
	var hs [Width]tlog.Hash
	copy(hs[:], tile)
	for n := Width / 2; n > 0; n /= 2 {
		for i := range n {
			hs[i] = tlog.NodeHash(hs[2*i], hs[2*i+1])
		}
	}
	return hs[0]
}

// Reader looks up stored hashes in tiles, reading each tile once a call.
func Reader(tiles Tiles) tlog.HashReader {
	return tlog.HashReaderFunc(func(index []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(index))
		read := map[Key][]byte{}
		for i, x := range index {
			t := tlog.TileForIndex(Height, x)
			k := KeyOf(t.L, t.N)
			data, ok := read[k]
			if !ok {
				var err error
				if data, err = tiles(k); err != nil {
					return nil, err
				}
				read[k] = data
			}
			if len(data) < t.W*tlog.HashSize {
				return nil, fmt.Errorf("%v has %d hashes, wanted %d", k, len(data)/tlog.HashSize, t.W)
			}
			h, err := tlog.HashFromTile(t, data[:t.W*tlog.HashSize], x)
			if err != nil {
				return nil, err
			}
			out[i] = h
		}
		return out, nil
	})
}

// Contains reports whether a tree of the given size has width hashes in a tile.
func Contains(size int64, level int, n int64, width int) bool {
	const levels = 7 // a tree of 2^56 records has no more
	if level < 0 || level > levels || n < 0 || width < 1 || width > Width || n > size {
		return false
	}
	return n*Width+int64(width) <= size>>(Height*level)
}
