package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Tiles are 256 hashes wide, as the C2SP tlog-tiles format serves them.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

func tileKey(level int, n int64) int64 { return int64(level)<<48 | n }

// An edge is the right-hand side of the tree: the partial tile of each level. The
// writer alone holds one, so that appending reads nothing.
type edge struct {
	size  int64
	level [][]tlog.Hash // hashes of the partial tile, by tile level
	dirty map[int64][]byte
}

// push adds a leaf hash, completing tiles upwards.
func (e *edge) push(h tlog.Hash) {
	e.size++
	for l := 0; ; l++ {
		if l == len(e.level) {
			e.level = append(e.level, nil)
		}
		e.level[l] = append(e.level[l], h)
		n := e.size>>(tileHeight*l) - 1 // index of h within level l
		e.dirty[tileKey(l, n/tileWidth)] = nil
		if len(e.level[l]) < tileWidth {
			return
		}
		e.dirty[tileKey(l, n/tileWidth)] = pack(e.level[l])
		h = fold(e.level[l])
		e.level[l] = nil
	}
}

// flush returns the tiles that changed since the last flush.
func (e *edge) flush() map[int64][]byte {
	out := e.dirty
	for k, data := range out {
		if data == nil {
			out[k] = pack(e.level[k>>48])
		}
	}
	e.dirty = map[int64][]byte{}
	return out
}

func (e *edge) clone() *edge {
	c := &edge{size: e.size, dirty: map[int64][]byte{}}
	for _, l := range e.level {
		c.level = append(c.level, append([]tlog.Hash(nil), l...))
	}
	return c
}

// root returns the root hash: the maximal complete subtrees all end in the
// partial tiles.
func (e *edge) root() (tlog.Hash, error) {
	return tlog.TreeHash(e.size, tlog.HashReaderFunc(func(index []int64) ([]tlog.Hash, error) {
		return hashes(index, func(t tlog.Tile) ([]byte, error) {
			if t.L >= len(e.level) || t.N != (e.size>>(tileHeight*t.L))/tileWidth {
				return nil, fmt.Errorf("ledger: tile %d/%d is not at the edge", t.L, t.N)
			}
			return pack(e.level[t.L]), nil
		})
	}))
}

func pack(hs []tlog.Hash) []byte {
	b := make([]byte, 0, len(hs)*tlog.HashSize)
	for _, h := range hs {
		b = append(b, h[:]...)
	}
	return b
}

func unpack(b []byte) ([]tlog.Hash, error) {
	if len(b)%tlog.HashSize != 0 || len(b) > tileWidth*tlog.HashSize {
		return nil, fmt.Errorf("ledger: a tile of %d bytes", len(b))
	}
	hs := make([]tlog.Hash, len(b)/tlog.HashSize)
	for i := range hs {
		copy(hs[i][:], b[i*tlog.HashSize:])
	}
	return hs, nil
}

// fold hashes a full tile up to the one hash above it.
func fold(hs []tlog.Hash) tlog.Hash {
	hs = append([]tlog.Hash(nil), hs...)
	for len(hs) > 1 {
		for i := range len(hs) / 2 {
			hs[i] = tlog.NodeHash(hs[2*i], hs[2*i+1])
		}
		hs = hs[:len(hs)/2]
	}
	return hs[0]
}

// hashes looks up stored hashes in the tiles that tile returns.
func hashes(index []int64, tile func(tlog.Tile) ([]byte, error)) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(index))
	cache := map[int64][]byte{}
	for i, x := range index {
		t := tlog.TileForIndex(tileHeight, x)
		data, ok := cache[tileKey(t.L, t.N)]
		if !ok {
			var err error
			if data, err = tile(t); err != nil {
				return nil, err
			}
			cache[tileKey(t.L, t.N)] = data
		}
		if len(data) < t.W*tlog.HashSize {
			return nil, fmt.Errorf("ledger: tile %d/%d has %d hashes, wanted %d", t.L, t.N, len(data)/tlog.HashSize, t.W)
		}
		h, err := tlog.HashFromTile(t, data[:t.W*tlog.HashSize], x)
		if err != nil {
			return nil, err
		}
		out[i] = h
	}
	return out, nil
}

// tileReader reads stored hashes from the database.
func tileReader(ctx context.Context, db Reader) tlog.HashReader {
	return tlog.HashReaderFunc(func(index []int64) ([]tlog.Hash, error) {
		return hashes(index, func(t tlog.Tile) ([]byte, error) { return readTile(ctx, db, t.L, t.N) })
	})
}

func readTile(ctx context.Context, db Reader, level int, n int64) ([]byte, error) {
	var data []byte
	err := db.QueryRowContext(ctx, `select hashes from tile where key = $1`, tileKey(level, n)).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("ledger: tile %d/%d is missing", level, n)
	}
	return data, err
}

// loadEdge reads the right-hand side of a tree of the given size.
func loadEdge(ctx context.Context, db Reader, size int64) (*edge, error) {
	e := &edge{size: size, dirty: map[int64][]byte{}}
	for l := 0; size>>(tileHeight*l) > 0; l++ {
		n := size >> (tileHeight * l)
		e.level = append(e.level, nil)
		if n%tileWidth == 0 {
			continue
		}
		data, err := readTile(ctx, db, l, n/tileWidth)
		if err != nil {
			return nil, err
		}
		hs, err := unpack(data)
		if err != nil {
			return nil, err
		}
		if int64(len(hs)) != n%tileWidth {
			return nil, fmt.Errorf("ledger: tile %d/%d has %d hashes, the tree of %d records needs %d", l, n/tileWidth, len(hs), size, n%tileWidth)
		}
		e.level[l] = hs
	}
	return e, nil
}

// Tile returns the hashes of a tile of the Merkle tree: width of them, at tile
// level and index n, as C2SP tlog-tiles serves them. It returns nil where the tree
// has no such tile.
func (l *Log) Tile(ctx context.Context, level int, n int64, width int) ([]byte, error) {
	h, err := l.Head(ctx)
	if err != nil {
		return nil, err
	}
	if !inTree(h.N, level, n, width) {
		return nil, nil
	}
	data, err := readTile(ctx, l.db, level, n)
	if err != nil {
		return nil, err
	}
	if len(data) < width*tlog.HashSize {
		return nil, fmt.Errorf("ledger: tile %d/%d has %d hashes, wanted %d", level, n, len(data)/tlog.HashSize, width)
	}
	return data[:width*tlog.HashSize], nil
}

// inTree reports whether a tree of the given size has width hashes in a tile.
func inTree(size int64, level int, n int64, width int) bool {
	const levels = 7 // a tree of 2^56 records has no more
	if level < 0 || level > levels || n < 0 || width < 1 || width > tileWidth || n > size {
		return false
	}
	return n*tileWidth+int64(width) <= size>>(tileHeight*level)
}

// Entries returns the leaves n*256 … n*256+width-1, or nil where the ledger has not
// that many.
func (l *Log) Entries(ctx context.Context, n int64, width int) ([][]byte, error) {
	h, err := l.Head(ctx)
	if err != nil {
		return nil, err
	}
	if !inTree(h.N, 0, n, width) {
		return nil, nil
	}
	var out [][]byte
	for r, err := range rows(ctx, l.db, recordColumns+` where seq >= $1 and seq < $2 order by seq`, n*tileWidth, n*tileWidth+int64(width)) {
		if err != nil {
			return nil, err
		}
		leaf, err := r.leaf(r.seq)
		if err != nil {
			return nil, err
		}
		out = append(out, leaf)
	}
	if len(out) != width {
		return nil, fmt.Errorf("ledger: %d of %d leaves are missing from %d on", width-len(out), width, n*tileWidth)
	}
	return out, nil
}
