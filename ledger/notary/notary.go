// Package notary vouches for a ledger: it signs heads, proves that records are in the
// tree under them, and hands out the tree as C2SP tlog-tiles serves it.
package notary

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/record"
	"chaperone.example/ledger/store"
	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Notary vouches for the ledger in a database.
type Notary struct {
	db      *sql.DB
	origin  string
	signers []note.Signer

	mu     sync.Mutex
	head   tlog.Tree // the newest that was signed
	signed []byte    // it as a checkpoint
}

// New returns the notary of the log that is named origin in its checkpoints. Each
// signer signs every one of them.
func New(db *sql.DB, origin string, signers ...note.Signer) *Notary {
	return &Notary{db: db, origin: origin, signers: signers}
}

// Origin returns the name of the log.
func (n *Notary) Origin() string { return n.origin }

// Head returns the size and the root hash of the ledger.
func (n *Notary) Head(ctx context.Context) (tlog.Tree, error) { return Head(ctx, n.db) }

// Head returns the size and the root hash of the ledger in a database.
func Head(ctx context.Context, db store.RowQuerier) (tlog.Tree, error) {
	t, _, err := store.Head(ctx, db, store.ReadHead)
	if err != nil {
		err = fmt.Errorf("ledger: %w", err)
	}
	return t, err
}

// Checkpoint returns the signed head of the ledger (C2SP tlog-checkpoint). Only a
// durable head is ever signed. A head that was signed before is not signed again.
func (n *Notary) Checkpoint(ctx context.Context) ([]byte, error) {
	h, err := n.Head(ctx)
	if err != nil {
		return nil, err
	}
	return n.Sign(h)
}

// Sign signs a head, which must be durable.
func (n *Notary) Sign(h tlog.Tree) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.signed != nil && n.head == h {
		return n.signed, nil
	}
	c := proof.Checkpoint{Origin: n.origin, Tree: h}
	signed, err := note.Sign(&note.Note{Text: c.String()}, n.signers...)
	if err == nil && h.N >= n.head.N {
		n.head, n.signed = h, signed
	}
	return signed, err
}

// Tile returns the hashes of a tile of the Merkle tree: width of them, at tile
// level and index n, as C2SP tlog-tiles serves them. It returns nil where the tree
// has no such tile.
func (n *Notary) Tile(ctx context.Context, level int, index int64, width int) ([]byte, error) {
	h, err := n.Head(ctx)
	if err != nil || !tree.Contains(h.N, level, index, width) {
		return nil, err
	}
	data, err := store.Tiles(ctx, n.db)(tree.KeyOf(level, index))
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if len(data) < width*tlog.HashSize {
		return nil, fmt.Errorf("ledger: tile %d/%d has %d hashes, wanted %d", level, index, len(data)/tlog.HashSize, width)
	}
	return data[:width*tlog.HashSize], nil
}

// Entries returns the leaves index*256 … index*256+width-1, or nil where the ledger has
// not that many.
func (n *Notary) Entries(ctx context.Context, index int64, width int) ([][]byte, error) {
	h, err := n.Head(ctx)
	if err != nil || !tree.Contains(h.N, 0, index, width) {
		return nil, err
	}
	var out [][]byte
	for r, err := range record.Rows(ctx, n.db, record.Columns+` where seq >= $1 and seq < $2 order by seq`, index*tree.Width, index*tree.Width+int64(width)) {
		if err != nil {
			return nil, err
		}
		leaf, err := r.Bytes(r.Seq)
		if err != nil {
			return nil, err
		}
		out = append(out, leaf)
	}
	if len(out) != width {
		return nil, fmt.Errorf("ledger: %d of %d leaves are missing from %d on", width-len(out), width, index*tree.Width)
	}
	return out, nil
}

// Consistency returns the proof that the tree of size to began with the tree of size
// from (RFC 6962, section 2.1.2).
func (n *Notary) Consistency(ctx context.Context, from, to int64) (tlog.TreeProof, error) {
	if from == 0 || from == to {
		return nil, nil
	}
	return tlog.ProveTree(to, from, tree.Reader(store.Tiles(ctx, n.db)))
}

// Root returns the root hash that the ledger had at a size.
func (n *Notary) Root(ctx context.Context, size int64) (tlog.Hash, error) {
	return tlog.TreeHash(size, tree.Reader(store.Tiles(ctx, n.db)))
}

// Prove returns a proof (C2SP tlog-proof) that a record is in the ledger, with the
// opening that shows what it says. It cites the newest head that witnesses cosigned as
// their policy wants it, if that covers the record, or else the head.
func (n *Notary) Prove(ctx context.Context, r record.Row) ([]byte, error) {
	var signed []byte
	err := n.db.QueryRowContext(ctx, `select note from checkpoint where size > $1 order by size desc limit 1`, r.Seq).Scan(&signed)
	if errors.Is(err, sql.ErrNoRows) {
		signed, err = n.Checkpoint(ctx)
	}
	if err != nil {
		return nil, err
	}
	c, err := proof.ReadCheckpoint(signed)
	if err != nil {
		return nil, err
	}
	return Proof(r, signed, c.Tree.N, store.Tiles(ctx, n.db))
}

// Proof makes the proof that a record is in the tree of a size, whose head was signed.
func Proof(r record.Row, signed []byte, size int64, tiles tree.Tiles) ([]byte, error) {
	extra, err := leaf.Marshal(r.Opening)
	if err != nil {
		return nil, err
	}
	p := proof.Proof{Extra: extra, Index: r.Seq, Checkpoint: signed}
	if p.Hashes, err = tlog.ProveRecord(size, r.Seq, tree.Reader(tiles)); err != nil {
		return nil, err
	}
	return p.Bytes(), nil
}

// Cosigned keeps a checkpoint of this ledger that witnesses cosigned as their policy
// wants it: proofs cite it from now on.
func (n *Notary) Cosigned(ctx context.Context, signed []byte) error {
	c, err := proof.ReadCheckpoint(signed)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	root, err := n.Root(ctx, c.Tree.N)
	if err != nil {
		return err
	}
	if c.Origin != n.origin || root != c.Tree.Hash {
		return errors.New("ledger: the checkpoint is another ledger's")
	}
	// Only the newest is of use; older ones stay in the proofs that cite them.
	if _, err := n.db.ExecContext(ctx, `insert into checkpoint (size, note) values ($1, $2) on conflict (size) do update set note = excluded.note`, c.Tree.N, signed); err != nil {
		return err
	}
	_, err = n.db.ExecContext(ctx, `delete from checkpoint where size < $1`, c.Tree.N)
	return err
}
