// Package anchor remembers the newest head of a ledger outside its database, so that a
// database that was restored, cut off or rewritten is found out.
package anchor

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// A File implements ledger.Anchor in a small file. It is overwritten in place, so that
// it survives the death of the program at any moment; put it where no backup of
// the database goes and none is restored to.
type File struct {
	mu   sync.Mutex
	file *os.File
	last tlog.Tree
	slot int64 // that holds last: the other one is written next
}

// b64 is strict: bits that do not count must be zero.
var b64 = base64.StdEncoding.Strict()

// size is the fixed size of the file: a line that ends in its own check.
const size = 128

// Open opens or makes the anchor at path.
func Open(path string) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("anchor: %w", err)
	}
	a := &File{file: f}
	if err = a.locked(a.read); err != nil {
		return nil, errors.Join(fmt.Errorf("anchor %s: %w", filepath.Base(path), err), f.Close())
	}
	return a, nil
}

func (a *File) read() error {
	a.last.Hash, _ = tlog.TreeHash(0, nil)
	a.slot = 1
	info, err := a.file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	found := false
	for slot := range int64(2) {
		b := make([]byte, size)
		if _, err := a.file.ReadAt(b, slot*size); err != nil {
			continue // the second slot is not there before the second commit
		}
		if t, ok := parse(string(b)); ok && (!found || t.N >= a.last.N) {
			a.last, a.slot, found = t, slot, true
		}
	}
	if !found {
		return errors.New("it is damaged: restore it, or compare the ledger with a witness and remove it")
	}
	return nil
}

func format(t tlog.Tree) []byte {
	line := fmt.Sprintf("%d %s", t.N, b64.EncodeToString(t.Hash[:]))
	sum := tlog.RecordHash([]byte(line))
	line += " " + b64.EncodeToString(sum[:12])
	return fmt.Appendf(nil, "%-*s\n", size-1, line)
}

func parse(text string) (t tlog.Tree, ok bool) {
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
	return t, string(format(t)) == text
}

// Last implements ledger.Anchor.
func (a *File) Last() (tlog.Tree, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last, nil
}

// Advance implements ledger.Anchor. Two slots are written in turn, so that one of them
// is always whole. Another process may have written since.
func (a *File) Advance(t tlog.Tree) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.locked(func() error {
		if err := a.read(); err != nil || t.N <= a.last.N {
			return err
		}
		next := 1 - a.slot
		_, err := a.file.WriteAt(format(t), next*size)
		if err == nil {
			a.last, a.slot = t, next
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("anchor: %w", err)
	}
	return nil
}

// locked does something while no other process does.
func (a *File) locked(do func() error) error {
	if err := lock(a.file); err != nil {
		return err
	}
	return errors.Join(do(), unlock(a.file))
}

// Close makes the anchor durable and closes it.
func (a *File) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.file.Sync(), a.file.Close())
}
