package ledger

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/tlog"
)

// An Anchor remembers, outside the database, the newest head that was
// acknowledged. A database that was restored from a backup, or cut off, is then
// found to be behind; one that was rewritten is found to be a fork.
type Anchor interface {
	// Last returns the newest head, or the empty tree if there is none yet.
	Last() (tlog.Tree, error)
	// Advance remembers a newer head. It is called after each commit, before the
	// commit is acknowledged.
	Advance(tlog.Tree) error
}

// A Behind reports a database that holds less than was acknowledged, or something
// else. Writing to it would fork the history.
type Behind struct {
	Have   int64 // records in the database
	Anchor int64 // records that were acknowledged
	Fork   bool  // the first Anchor records are not those that were acknowledged
}

func (b *Behind) Error() string {
	if b.Fork {
		return fmt.Sprintf("ledger: the database holds %d records, but its first %d are not those that were acknowledged: it was rewritten, or belongs to another ledger; nothing is written to it", b.Have, b.Anchor)
	}
	return fmt.Sprintf("ledger: the database holds %d records, but %d were acknowledged: it was restored from a backup or cut off; nothing is written to it, since that would fork the history", b.Have, b.Anchor)
}

// checkAnchor compares the database with the anchor.
func checkAnchor(ctx context.Context, db Reader, a Anchor) error {
	have, err := head(ctx, db)
	if err != nil {
		return err
	}
	last, err := a.Last()
	if err != nil {
		return err
	}
	if last.N > have.N {
		return &Behind{Have: have.N, Anchor: last.N}
	}
	root, err := tlog.TreeHash(last.N, tree.Reader(tiles(ctx, db)))
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if root != last.Hash {
		return &Behind{Have: have.N, Anchor: last.N, Fork: true}
	}
	return nil
}

// A FileAnchor is an [Anchor] in a small file. It is overwritten in place, so that
// it survives the death of the program at any moment; put it where no backup of
// the database goes and none is restored to.
type FileAnchor struct {
	mu   sync.Mutex
	file *os.File
	last tlog.Tree
	slot int64 // that holds last: the other one is written next
}

// b64 is strict: bits that do not count must be zero.
var b64 = base64.StdEncoding.Strict()

// anchorSize is the fixed size of the file: a line that ends in its own check.
const anchorSize = 128

// OpenAnchor opens or makes the anchor at path.
func OpenAnchor(path string) (*FileAnchor, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ledger: anchor: %w", err)
	}
	a := &FileAnchor{file: f}
	if err = a.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("ledger: anchor %s: %w", filepath.Base(path), err), f.Close())
	}
	return a, nil
}

func (a *FileAnchor) read() error {
	a.last.Hash, _ = tlog.TreeHash(0, nil)
	a.slot = 1
	info, err := a.file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	found := false
	for slot := range int64(2) {
		b := make([]byte, anchorSize)
		if _, err := a.file.ReadAt(b, slot*anchorSize); err != nil {
			continue // the second slot is not there before the second commit
		}
		if t, ok := parseAnchor(string(b)); ok && (!found || t.N >= a.last.N) {
			a.last, a.slot, found = t, slot, true
		}
	}
	if !found {
		return errors.New("it is damaged: restore it, or compare the ledger with a witness and remove it")
	}
	return nil
}

func formatAnchor(t tlog.Tree) []byte {
	line := fmt.Sprintf("%d %s", t.N, b64.EncodeToString(t.Hash[:]))
	sum := tlog.RecordHash([]byte(line))
	line += " " + b64.EncodeToString(sum[:12])
	return fmt.Appendf(nil, "%-*s\n", anchorSize-1, line)
}

func parseAnchor(text string) (t tlog.Tree, ok bool) {
	f := strings.Fields(text)
	if len(f) != 3 {
		return t, false
	}
	n, err := strconv.ParseInt(f[0], 10, 64)
	root, err2 := b64.DecodeString(f[1])
	if err != nil || err2 != nil || n < 0 || len(root) != tlog.HashSize {
		return t, false
	}
	t = tlog.Tree{N: n, Hash: tlog.Hash(root)}
	return t, string(formatAnchor(t)) == text
}

// Last implements [Anchor].
func (a *FileAnchor) Last() (tlog.Tree, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last, nil
}

// Advance implements [Anchor]. Two slots are written in turn, so that one of them
// is always whole.
func (a *FileAnchor) Advance(t tlog.Tree) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.N <= a.last.N {
		return nil
	}
	next := 1 - a.slot
	if _, err := a.file.WriteAt(formatAnchor(t), next*anchorSize); err != nil {
		return fmt.Errorf("ledger: anchor: %w", err)
	}
	a.last, a.slot = t, next
	return nil
}

// Close makes the anchor durable and closes it.
func (a *FileAnchor) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.file.Sync(), a.file.Close())
}
