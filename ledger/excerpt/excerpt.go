// Package excerpt takes the first records of a ledger over into another database, with
// their tree, so that the ledger can be looked at as it stood. Sealed details stay where
// they are: there must be one copy of what may have to be forgotten.
package excerpt

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/store"
	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/tlog"
)

// Extend takes records over until the database of tx holds the first size of them, from
// however many it holds already. They must give the root that the ledger had at that size.
func Extend(ctx context.Context, d *store.Dialect, tx *sql.Tx, from store.Querier, size int64, root tlog.Hash) error {
	h, last, err := store.Head(ctx, tx, store.ReadHead)
	if err != nil {
		return fmt.Errorf("excerpt: %w", err)
	}
	if h.N > size {
		return fmt.Errorf("excerpt: the database holds %d records, more than %d", h.N, size)
	}
	edge, err := tree.Load(h.N, store.Tiles(ctx, tx))
	if err != nil {
		return fmt.Errorf("excerpt: %w", err)
	}
	const page = 1000
	for n := h.N; n < size; n += page {
		rows, err := read(ctx, from, `seq >= $1 and seq < $2 order by seq`, n, min(n+page, size))
		if err != nil {
			return err
		}
		for _, r := range rows {
			b, err := r.Bytes(r.seq)
			if err != nil {
				return fmt.Errorf("excerpt: record %d: %w", r.seq, err)
			}
			edge.Push(tlog.RecordHash(b))
		}
		if err := insert(ctx, d, tx, rows); err != nil {
			return err
		}
	}
	if size > 0 {
		if last, err = store.TimeOf(ctx, tx, size-1); err != nil {
			return err
		}
	}
	if got, err := edge.Root(); err != nil || got != root {
		return fmt.Errorf("excerpt: the first %d records do not give the root that the ledger had then (%w)", size, err)
	}
	var tiles [][]any
	for key, data := range edge.Flush() {
		tiles = append(tiles, []any{int64(key), data})
	}
	if err := d.Insert(ctx, tx, store.Tile, tiles); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `update head set size = $1, root = $2, time = $3 where id = 1`, size, root[:], last.Format(store.TimeFormat))
	return err
}

// Add takes one record over, beside the tree.
func Add(ctx context.Context, d *store.Dialect, tx *sql.Tx, from store.Querier, seq int64) error {
	rows, err := read(ctx, from, `seq = $1`, seq)
	if err != nil {
		return err
	}
	return insert(ctx, d, tx, rows)
}

// A row of the table record, and what of it is committed to.
type row struct {
	leaf.Opening
	seq    int64
	values []any
}

// read reads rows whole, since nothing else may be read meanwhile on the same
// connection.
func read(ctx context.Context, db store.Querier, where string, args ...any) ([]row, error) {
	rs, err := db.QueryContext(ctx, `select `+strings.Join(store.Record.Columns(), ", ")+` from record where `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	var out []row
	for rs.Next() {
		v, err := store.Record.Scan(rs)
		if err != nil {
			return nil, err
		}
		// seq, stream, version, type, time, salt, tags, event
		r := row{seq: v[0].(int64), values: v, Opening: leaf.Opening{Salt: v[5].([]byte), Event: v[7].([]byte)}}
		if r.Tags, err = leaf.UnpackTags(v[6].([]byte)); err != nil {
			return nil, fmt.Errorf("excerpt: record %d: %w", r.seq, err)
		}
		out = append(out, r)
	}
	return out, rs.Err()
}

func insert(ctx context.Context, d *store.Dialect, tx *sql.Tx, rows []row) error {
	values := make([][]any, len(rows))
	for i, r := range rows {
		values[i] = r.values
	}
	return d.Insert(ctx, tx, store.Record, values)
}
