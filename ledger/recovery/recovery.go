// Package recovery brings a ledger whose database lost its newest records, or all of
// them, back to where it was, from a pack of everything. What is replayed gives the
// identical root, so that every proof and every cosignature stays good, and nobody can
// tell that it was gone.
package recovery

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/pack"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/store"
	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/tlog"
)

// page is how many records are written at a time.
const page = 1000

// A Report says what was brought back.
type Report struct {
	Had, Has tlog.Tree // before and after
	Disposed int       // sealed details that had come back with the backup, and are gone again
}

// A Fork reports that the database and the pack tell different histories. Neither can be
// continued from the other.
type Fork struct {
	Have, Pack int64 // records in the database, and in the pack
	At         int64 // the first record that differs
}

func (f *Fork) Error() string {
	return fmt.Sprintf("the database holds %d records and the pack %d, and they differ from record %d on: the history was forked. "+
		"Keep both, and ask the witnesses and the members whose proofs they hold. If the pack is the history that was acknowledged, move the database away and recover from the pack alone: "+
		"what only the database holds is then no part of the ledger", f.Have, f.Pack, f.At)
}

// A Short reports a pack that ends before what was acknowledged.
type Short struct {
	Have, Pack, Anchor int64 // records in the database, in the pack, and acknowledged
}

func (s *Short) Error() string {
	return fmt.Sprintf("the database holds %d records and the pack %d, but %d were acknowledged: records %d to %d are in neither. Find a newer pack, or the write-ahead log of the lost database",
		s.Have, s.Pack, s.Anchor, max(s.Have, s.Pack), s.Anchor-1)
}

// Replay writes to db what it lacks of the ledger in a pack of everything, in one
// transaction, and moves the anchor. An empty database gets all of it. The database is
// audited before; the pack is verified by the policy to its last byte, and must reach
// what the anchor says was acknowledged. Whatever is wrong, nothing is changed.
//
// The views are marked as unbuilt: rebuild them before the ledger is used. Keys of
// subjects that were disposed of since are destroyed, again, when it is next opened.
// Idempotency keys are no part of a pack: a command that was acknowledged by a record
// that was replayed is not recognised when it is repeated.
//
// No other program may use the database meanwhile. Progress is told the records read.
func Replay(ctx context.Context, db *sql.DB, from io.Reader, policy *proof.Policy, a ledger.Anchor, progress func(records int64)) (Report, error) {
	var rep Report
	d, err := store.DialectOf(ctx, db)
	if err != nil {
		return rep, err
	}
	if err := d.Prepare(ctx, db); err != nil {
		return rep, fmt.Errorf("the database cannot be prepared: %w", err)
	}
	had, err := audit.Database(ctx, db)
	if err != nil {
		return rep, fmt.Errorf("the database itself does not verify, so nothing is added to it; to recover everything from the pack, move it away: %w", err)
	}
	rep.Had, rep.Has = had.Tree, had.Tree
	last, err := a.Last()
	if err != nil {
		return rep, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return rep, err
	}
	defer tx.Rollback()
	h, _, err := store.Head(ctx, tx, d.Head)
	if err != nil {
		return rep, err
	}
	if h != had.Tree {
		return rep, errors.New("the database was changed meanwhile: no hub may be running on it")
	}
	r := &replay{ctx: ctx, tx: tx, dialect: d, had: h.N, anchor: last, forked: -1, tiles: store.Tiles(ctx, tx), progress: progress,
		parties: map[string]int64{}, sees: map[[2]string]bool{}, gone: map[int64]bool{}, subjects: map[string]bool{}}
	if r.edge, err = tree.Load(h.N, r.tiles); err != nil {
		return rep, err
	}
	if err := r.reach(); err != nil {
		return rep, err
	}
	v, err := pack.Each(from, policy, r.add)
	switch {
	case err != nil:
		return rep, fmt.Errorf("the pack does not verify: %w", err)
	case v.Absent > 0:
		return rep, errors.New("the pack was written without sealed details (--bare): it proves what happened, and cannot bring it back")
	case r.forked >= 0:
		return rep, &Fork{Have: h.N, Pack: v.Tree.N, At: r.forked}
	case max(v.Tree.N, h.N) < last.N:
		return rep, &Short{Have: h.N, Pack: v.Tree.N, Anchor: last.N}
	case r.root != last.Hash:
		return rep, &ledger.Behind{Have: max(v.Tree.N, h.N), Anchor: last.N, Fork: true}
	case v.Tree.N <= h.N:
		return rep, nil
	}
	if err := r.finish(v.Tree); err != nil {
		return rep, err
	}
	if err := tx.Commit(); err != nil {
		return rep, err
	}
	rep.Has, rep.Disposed = v.Tree, r.dropped
	return rep, a.Advance(v.Tree)
}

// A replay writes the records that are missing.
type replay struct {
	ctx      context.Context
	tx       *sql.Tx
	dialect  *store.Dialect
	had      int64 // records in the database
	anchor   tlog.Tree
	root     tlog.Hash // at the size of the anchor
	forked   int64     // the first record that differs, or -1
	tiles    tree.Tiles
	tile     []byte // of the leaves around the record at hand
	edge     *tree.Edge
	progress func(int64)

	records, sealed [][]any
	last            ledger.Record
	parties         map[string]int64
	sees            map[[2]string]bool
	gone            map[int64]bool  // records that a replayed one disposed the details of
	subjects        map[string]bool // whose keys are to be destroyed, again
	dropped         int
}

// reach keeps the root at the size of the anchor.
func (r *replay) reach() (err error) {
	if r.anchor.N <= r.edge.Size() && r.edge.Size() == r.had {
		r.root, err = tlog.TreeHash(r.anchor.N, tree.Reader(r.tiles))
	} else if r.anchor.N == r.edge.Size() {
		r.root, err = r.edge.Root()
	}
	return err
}

// add takes the next record of the pack, which is not known to be genuine yet.
func (r *replay) add(e audit.Entry) error {
	data, err := e.Leaf()
	if err != nil {
		return err
	}
	hash := tlog.RecordHash(data)
	if e.Seq < r.had {
		return r.compare(e.Seq, hash)
	}
	if r.last, err = e.Record(); err != nil {
		return err
	}
	if err := r.disposals(); err != nil {
		return err
	}
	r.edge.Push(hash)
	rec := r.last
	r.records = append(r.records, []any{rec.Seq, rec.Stream, int64(rec.Version), rec.Type, rec.Time.Format(store.TimeFormat), e.Salt, leaf.PackTags(e.Tags), e.Event})
	if e.Sealed != nil {
		r.sealed = append(r.sealed, []any{rec.Seq, e.Sealed.Subject, e.Sealed.Salt, e.Sealed.Ciphertext})
	}
	for _, p := range rec.Parties {
		r.parties[p.Org] = p.N
		r.sees[[2]string{rec.Stream, p.Org}] = true
	}
	if err := r.reach(); err != nil {
		return err
	}
	if len(r.records) == page {
		return r.flush()
	}
	return nil
}

// compare compares a record of the pack with the one that the database holds.
func (r *replay) compare(seq int64, hash tlog.Hash) (err error) {
	at := seq % tree.Width * tlog.HashSize
	if at == 0 {
		if r.tile, err = r.tiles(tree.KeyOf(0, seq/tree.Width)); err != nil {
			return err
		}
	}
	if r.forked < 0 && tlog.Hash(r.tile[at:at+tlog.HashSize]) != hash {
		r.forked = seq
	}
	return nil
}

// disposals remembers what a record of the pack says was disposed of: the backup may
// have brought it back.
func (r *replay) disposals() error {
	if r.last.Type != ledger.DisposedType {
		return nil
	}
	var d ledger.Disposed
	if err := leaf.Strict(r.last.Body, &d); err != nil {
		return err
	}
	for _, seq := range d.Records {
		r.gone[seq] = true
	}
	r.subjects[strings.TrimPrefix(r.last.Stream, "disposal/")] = true
	return nil
}

func (r *replay) flush() error {
	if r.forked >= 0 { // only the end of the pack is waited for
		r.records, r.sealed = nil, nil
		return nil
	}
	var tiles, parties, sees [][]any
	for key, data := range r.edge.Flush() {
		tiles = append(tiles, []any{int64(key), data})
	}
	for org, n := range r.parties {
		parties = append(parties, []any{org, n})
	}
	for pair := range r.sees {
		sees = append(sees, []any{pair[0], pair[1]})
	}
	for _, t := range []struct {
		store.Table
		rows [][]any
	}{{store.Record, r.records}, {store.Sealed, r.sealed}, {store.Tile, tiles}, {store.Party, parties}, {store.Sees, sees}} {
		if err := r.dialect.Insert(r.ctx, r.tx, t.Table, t.rows); err != nil {
			return err
		}
	}
	r.records, r.sealed = nil, nil
	clear(r.parties)
	clear(r.sees)
	if r.progress != nil {
		r.progress(r.edge.Size())
	}
	return nil
}

// finish writes the head, and takes back what was disposed of meanwhile.
func (r *replay) finish(t tlog.Tree) error {
	if err := r.flush(); err != nil {
		return err
	}
	for _, seq := range slices.Sorted(maps.Keys(r.gone)) {
		res, err := r.tx.ExecContext(r.ctx, `delete from sealed where seq = $1`, seq)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		r.dropped += int(n)
	}
	var shred [][]any
	for _, s := range slices.Sorted(maps.Keys(r.subjects)) {
		shred = append(shred, []any{s})
	}
	if err := r.dialect.Insert(r.ctx, r.tx, store.Shred, shred); err != nil {
		return err
	}
	if _, err := r.tx.ExecContext(r.ctx, `update head set size = $1, root = $2, time = $3 where id = 1`, t.N, t.Hash[:], r.last.Time.Format(store.TimeFormat)); err != nil {
		return err
	}
	return store.MarkUnbuilt(r.ctx, r.tx)
}
