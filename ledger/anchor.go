package ledger

import (
	"context"
	"fmt"

	"chaperone.example/ledger/notary"
	"chaperone.example/ledger/store"
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

// CheckAnchor compares a database with the anchor, and returns a [Behind] if they differ.
func CheckAnchor(ctx context.Context, db Reader, a Anchor) error {
	have, err := notary.Head(ctx, db)
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
	root, err := tlog.TreeHash(last.N, tree.Reader(store.Tiles(ctx, db)))
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if root != last.Hash {
		return &Behind{Have: have.N, Anchor: last.N, Fork: true}
	}
	return nil
}
