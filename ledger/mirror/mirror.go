// Package mirror checks a copy of a ledger's public side: a folder of tiles as C2SP
// tlog-tiles lays them out, such as any mirror of a transparency log makes. It holds
// leaves, which say nothing of the events; it shows that the history was not rewritten.
package mirror

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/tlog"
)

// Path returns the place of a tile, or of a bundle of entries if level is -1, of which
// width hashes or entries are wanted.
func Path(level int, n int64, width int) string {
	p := strings.TrimPrefix(tlog.Tile{H: tree.Height, L: level, N: n, W: width}.Path(), "tile/8/")
	if rest, ok := strings.CutPrefix(p, "data/"); ok {
		p = "entries/" + rest
	}
	return "tile/" + p
}

// Verify checks that the leaves and tiles of a mirror are those of the checkpoint that
// it holds, and that the policy trusts that.
func Verify(dir fs.FS, policy *proof.Policy) (proof.Signed, error) {
	signed, err := fs.ReadFile(dir, "checkpoint")
	if err != nil {
		return proof.Signed{}, errors.New("the mirror has no checkpoint")
	}
	s, err := policy.Open(signed)
	if err != nil {
		return s, err
	}
	edge := tree.NewEdge()
	for n := int64(0); n*tree.Width < s.Tree.N; n++ {
		width := int(min(tree.Width, s.Tree.N-n*tree.Width))
		if err := bundle(dir, edge, n, width); err != nil {
			return s, fmt.Errorf("entries %d to %d: %w", n*tree.Width, n*tree.Width+int64(width)-1, err)
		}
		if err := compare(dir, edge.Flush()); err != nil {
			return s, err
		}
	}
	root, err := edge.Root()
	if err != nil {
		return s, err
	}
	if root != s.Tree.Hash {
		return s, errors.New("the entries do not give the root that was signed: one was altered")
	}
	return s, nil
}

func bundle(dir fs.FS, edge *tree.Edge, n int64, width int) error {
	data, err := fs.ReadFile(dir, Path(-1, n, width))
	longer := err != nil && width < tree.Width // a mirror may have the whole bundle already
	if longer {
		data, err = fs.ReadFile(dir, Path(-1, n, tree.Width))
	}
	if err != nil {
		return errors.New("they are missing")
	}
	for range width {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return errors.New("they are cut off")
		}
		size := int(binary.BigEndian.Uint16(data))
		entry := data[2 : 2+size]
		data = data[2+size:]
		c, err := leaf.Parse(entry)
		if err != nil {
			return err
		}
		if c.N != edge.Size() {
			return fmt.Errorf("entry %d says it is number %d", edge.Size(), c.N)
		}
		edge.Push(tlog.RecordHash(entry))
	}
	if !longer && len(data) > 0 {
		return errors.New("something follows them")
	}
	return nil
}

// compare compares the tiles of the mirror with those that the entries give. Tiles that
// were partial when the mirror was made, and are full by now, are not needed.
func compare(dir fs.FS, tiles map[tree.Key][]byte) error {
	for _, k := range slices.Sorted(maps.Keys(tiles)) {
		want := tiles[k]
		data, err := fs.ReadFile(dir, Path(k.Level(), k.Index(), len(want)/tlog.HashSize))
		switch {
		case errors.Is(err, fs.ErrNotExist) && len(want) < tree.Width*tlog.HashSize:
			continue
		case err != nil:
			return fmt.Errorf("%v is missing", k)
		case !bytes.Equal(data, want):
			return fmt.Errorf("%v differs from the entries", k)
		}
	}
	return nil
}
