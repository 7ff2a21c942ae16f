// Package tree keeps a Merkle tree of RFC 6962 in tiles of 256 hashes, as C2SP
// tlog-tiles serves them. It holds hashes only, and knows neither what was hashed
// nor where the tiles are stored.
package tree

import (
	"fmt"
	"slices"

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

// Kept reads tiles that are in memory.
func Kept(tiles map[Key][]byte) Tiles {
	return func(k Key) ([]byte, error) {
		if data, ok := tiles[k]; ok {
			return data, nil
		}
		return nil, fmt.Errorf("%v is missing", k)
	}
}

// An Edge is the right-hand side of a tree: the partial tile of each level. Whoever
// appends holds one, so that appending reads nothing.
type Edge struct {
	size  int64
	level [][]byte    // the partial tile of each level; what is written is never changed
	peaks []tlog.Hash // roots of the complete subtrees that make up the tree, largest first
	dirty map[Key][]byte
}

// NewEdge returns the edge of the empty tree.
func NewEdge() *Edge { return &Edge{dirty: map[Key][]byte{}} }

// Load reads the edge of a tree of the given size.
func Load(size int64, tiles Tiles) (*Edge, error) {
	const most = 1 << 48 // beyond it, keys of tiles have no room for the index
	if size < 0 || size > most {
		return nil, fmt.Errorf("there is no tree of %d records", size)
	}
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
		e.level[l] = append(newTile(), data...)
	}
	for l := len(e.level) - 1; l >= 0; l-- {
		rest := e.level[l]
		for bit := Height - 1; bit >= 0; bit-- { // a tile of 5 hashes is a subtree of 4 and one of 1
			if n := tlog.HashSize << bit; len(rest) >= n {
				e.peaks, rest = append(e.peaks, fold(rest[:n])), rest[n:]
			}
		}
	}
	return e, nil
}

func newTile() []byte { return make([]byte, 0, Width*tlog.HashSize) }

// Size returns the number of leaves.
func (e *Edge) Size() int64 { return e.size }

// Push adds the hash of a leaf, completing subtrees and tiles upwards.
func (e *Edge) Push(h tlog.Hash) {
	last := e.size // the place of the leaf
	e.size++
	e.put(0, last, h)
	for bit := 0; last>>bit&1 == 1; bit++ {
		end := len(e.peaks) - 1
		h = tlog.NodeHash(e.peaks[end], h)
		e.peaks = e.peaks[:end]
		if l := (bit + 1) / Height; (bit+1)%Height == 0 {
			e.put(l, last>>(Height*l), h)
		}
	}
	e.peaks = append(e.peaks, h)
}

// put adds the hash at place n of a tile level.
func (e *Edge) put(l int, n int64, h tlog.Hash) {
	if l == len(e.level) {
		e.level = append(e.level, nil)
	}
	if e.level[l] == nil {
		e.level[l] = newTile()
	}
	e.level[l] = append(e.level[l], h[:]...)
	k := KeyOf(l, n/Width)
	e.dirty[k] = nil
	if n%Width == Width-1 {
		e.dirty[k], e.level[l] = e.level[l], nil
	}
}

// Flush returns the tiles that changed since the last Flush, for reading.
func (e *Edge) Flush() map[Key][]byte {
	out := e.dirty
	for k, data := range out {
		if data == nil {
			out[k] = e.level[k.Level()]
		}
	}
	e.dirty = map[Key][]byte{}
	return out
}

// Partial returns the tiles at the edge as they are now, which later pushes do not
// change: with those of [Edge.Flush] they prove everything that was pushed in between.
func (e *Edge) Partial() map[Key][]byte {
	out := map[Key][]byte{}
	for l, data := range e.level {
		if len(data) > 0 {
			out[KeyOf(l, e.size>>(Height*l)/Width)] = data
		}
	}
	return out
}

// Root returns the root hash (RFC 6962, section 2.1).
func (e *Edge) Root() (tlog.Hash, error) {
	if len(e.peaks) == 0 {
		return tlog.TreeHash(0, nil)
	}
	last := len(e.peaks) - 1
	h := e.peaks[last]
	for _, left := range slices.Backward(e.peaks[:last]) {
		h = tlog.NodeHash(left, h)
	}
	return h, nil
}

// fold hashes the 2^n hashes of a complete subtree up to the one above them.
func fold(hashes []byte) tlog.Hash {
	if len(hashes) == tlog.HashSize {
		return tlog.Hash(hashes)
	}
	half := len(hashes) / 2
	return tlog.NodeHash(fold(hashes[:half]), fold(hashes[half:]))
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
