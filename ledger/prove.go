package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/store"
	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Tile returns the hashes of a tile of the Merkle tree: width of them, at tile
// level and index n, as C2SP tlog-tiles serves them. It returns nil where the tree
// has no such tile.
func (l *Log) Tile(ctx context.Context, level int, n int64, width int) ([]byte, error) {
	h, err := l.Head(ctx)
	if err != nil || !tree.Contains(h.N, level, n, width) {
		return nil, err
	}
	data, err := store.Tiles(ctx, l.db)(tree.KeyOf(level, n))
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if len(data) < width*tlog.HashSize {
		return nil, fmt.Errorf("ledger: tile %d/%d has %d hashes, wanted %d", level, n, len(data)/tlog.HashSize, width)
	}
	return data[:width*tlog.HashSize], nil
}

// Entries returns the leaves n*256 … n*256+width-1, or nil where the ledger has not
// that many.
func (l *Log) Entries(ctx context.Context, n int64, width int) ([][]byte, error) {
	h, err := l.Head(ctx)
	if err != nil || !tree.Contains(h.N, 0, n, width) {
		return nil, err
	}
	var out [][]byte
	for r, err := range rows(ctx, l.db, recordColumns+` where seq >= $1 and seq < $2 order by seq`, n*tree.Width, n*tree.Width+int64(width)) {
		if err != nil {
			return nil, err
		}
		leaf, err := r.Bytes(r.seq)
		if err != nil {
			return nil, err
		}
		out = append(out, leaf)
	}
	if len(out) != width {
		return nil, fmt.Errorf("ledger: %d of %d leaves are missing from %d on", width-len(out), width, n*tree.Width)
	}
	return out, nil
}

// Checkpoint returns the signed head of the ledger (C2SP tlog-checkpoint). Only a
// durable head is ever signed. A head that was signed before is not signed again.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	h, err := l.Head(ctx)
	if err != nil {
		return nil, err
	}
	c := proof.Checkpoint{Origin: l.cfg.Origin, Tree: h}
	l.mu.Lock()
	defer l.mu.Unlock()
	if have, err := proof.ReadCheckpoint(l.signed); err == nil && have == c {
		return l.signed, nil
	}
	signers := []note.Signer{l.cfg.Signer}
	if l.cfg.Second != nil {
		signers = append(signers, l.cfg.Second)
	}
	signed, err := note.Sign(&note.Note{Text: c.String()}, signers...)
	if err == nil {
		l.signed = signed
	}
	return signed, err
}

// Consistency returns the proof that the tree of size to began with the tree of size
// from (RFC 6962, section 2.1.2).
func (l *Log) Consistency(ctx context.Context, from, to int64) (tlog.TreeProof, error) {
	if from == 0 || from == to {
		return nil, nil
	}
	return tlog.ProveTree(to, from, tree.Reader(store.Tiles(ctx, l.db)))
}

// Root returns the root hash that the ledger had at a size.
func (l *Log) Root(ctx context.Context, size int64) (tlog.Hash, error) {
	return tlog.TreeHash(size, tree.Reader(store.Tiles(ctx, l.db)))
}

// Prove returns a proof (C2SP tlog-proof) that the record at seq is in the ledger,
// with the opening that shows what the record says. Only a party of the record
// gets it.
func (r *Reading) Prove(ctx context.Context, seq int64) ([]byte, error) {
	for row, err := range rows(ctx, r.log.db, recordColumns+` where seq = $1`, seq) {
		if err != nil {
			return nil, err
		}
		rec, err := row.record()
		if err != nil {
			return nil, err
		}
		if rec.party(r.scope.Org) && r.log.live != nil { // the newest head proves the past, too
			return r.log.live.prove(ctx, row)
		}
		if rec.party(r.scope.Org) {
			return r.log.prove(ctx, row)
		}
	}
	return nil, &unknown{"record"}
}

func (l *Log) prove(ctx context.Context, row row) ([]byte, error) {
	extra, err := leaf.Marshal(row.Opening)
	if err != nil {
		return nil, err
	}
	p := proof.Proof{Extra: extra, Index: row.seq}
	if p.Checkpoint, err = l.citable(ctx, row.seq); err != nil {
		return nil, err
	}
	c, err := proof.ReadCheckpoint(p.Checkpoint)
	if err != nil {
		return nil, err
	}
	if p.Hashes, err = tlog.ProveRecord(c.Tree.N, row.seq, tree.Reader(store.Tiles(ctx, l.db))); err != nil {
		return nil, err
	}
	return p.Bytes(), nil
}

// citable returns the checkpoint to prove the record at seq against: the newest that
// witnesses cosigned as the policy wants it, if it covers the record, or else the head.
func (l *Log) citable(ctx context.Context, seq int64) ([]byte, error) {
	var cosigned []byte
	err := l.db.QueryRowContext(ctx, `select note from checkpoint where size > $1 order by size desc limit 1`, seq).Scan(&cosigned)
	if errors.Is(err, sql.ErrNoRows) {
		return l.Checkpoint(ctx)
	}
	return cosigned, err
}

// Cosigned keeps a checkpoint of this ledger that witnesses cosigned as their policy
// wants it: proofs cite it from now on.
func (l *Log) Cosigned(ctx context.Context, signed []byte) error {
	c, err := proof.ReadCheckpoint(signed)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	root, err := l.Root(ctx, c.Tree.N)
	if err != nil {
		return err
	}
	if c.Origin != l.cfg.Origin || root != c.Tree.Hash {
		return errors.New("ledger: the checkpoint is another ledger's")
	}
	// Only the newest is of use; older ones stay in the proofs that cite them.
	if _, err := l.db.ExecContext(ctx, `insert into checkpoint (size, note) values ($1, $2) on conflict (size) do update set note = excluded.note`, c.Tree.N, signed); err != nil {
		return err
	}
	_, err = l.db.ExecContext(ctx, `delete from checkpoint where size < $1`, c.Tree.N)
	return err
}
