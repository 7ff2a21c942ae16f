// Package migrate moves a ledger from one database to another: from SQLite to
// PostgreSQL, or back. Records, tree and root stay the same, so that every proof given
// out before remains good.
package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/store"
)

// page is how many rows are copied in one transaction.
const page = 1000

// Copy copies the ledger in src to dst, which must hold none, and audits the copy.
// Nothing may append to src meanwhile. The views are not copied, and marked as unbuilt: open the new ledger
// and rebuild them. Progress is told the table and the rows done.
func Copy(ctx context.Context, src, dst *sql.DB, progress func(table string, rows int64)) (audit.Report, error) {
	var none audit.Report
	want, err := audit.Database(ctx, src)
	if err != nil {
		return none, fmt.Errorf("the source does not verify, and is not copied: %w", err)
	}
	d, err := store.DialectOf(ctx, dst)
	if err != nil {
		return none, err
	}
	if err := d.Prepare(ctx, dst); err != nil {
		return none, fmt.Errorf("the destination cannot be prepared: %w", err)
	}
	switch h, _, err := store.Head(ctx, dst, store.ReadHead); {
	case err != nil:
		return none, err
	case h.N != 0:
		return none, fmt.Errorf("the destination already holds a ledger of %d records", h.N)
	}
	// The head is written last: a copy that was interrupted is not taken for a ledger.
	for _, t := range store.Tables() {
		n, err := copyTable(ctx, d, src, dst, t)
		if err != nil {
			return none, fmt.Errorf("copy: %w", err)
		}
		if progress != nil {
			progress(t.Name, n)
		}
	}
	if err := store.MarkUnbuilt(ctx, dst); err != nil {
		return none, err
	}
	if err := copyHead(ctx, src, dst); err != nil {
		return none, err
	}
	got, err := audit.Database(ctx, dst)
	if err == nil && got.Tree != want.Tree {
		err = fmt.Errorf("the copy has the root %v of %d records, not %v of %d", got.Tree.Hash, got.Tree.N, want.Tree.Hash, want.Tree.N)
	}
	if err != nil {
		return got, fmt.Errorf("the copy does not verify: %w", err)
	}
	return got, nil
}

// Done reports whether dst holds all of the ledger in src already: a copy that was
// interrupted after its end.
func Done(ctx context.Context, src, dst *sql.DB) (bool, error) {
	have, _, err := store.Head(ctx, src, store.ReadHead)
	if err != nil || have.N == 0 {
		return false, err
	}
	d, err := store.DialectOf(ctx, dst)
	if err != nil {
		return false, err
	}
	if err := d.Prepare(ctx, dst); err != nil {
		return false, fmt.Errorf("the destination cannot be prepared: %w", err)
	}
	got, _, err := store.Head(ctx, dst, store.ReadHead)
	return err == nil && got == have, err
}

// Retire keeps everybody, and programs that have the database open already, from
// appending to a ledger in SQLite that was moved. It is called in the transaction that
// kept others from writing while it was copied.
func Retire(ctx context.Context, src store.Execer) error {
	_, err := src.ExecContext(ctx, `create trigger if not exists ledger_was_moved before insert on record begin select raise(abort, 'this ledger was moved to another database, and is continued there'); end`)
	return err
}

func copyTable(ctx context.Context, d *store.Dialect, src, dst *sql.DB, t store.Table) (n int64, err error) {
	var have int64
	if err := dst.QueryRowContext(ctx, `select count(*) from `+t.Name).Scan(&have); err != nil {
		return 0, err
	}
	if have > 0 {
		return 0, fmt.Errorf("the table %s of the destination is not empty: an earlier copy was interrupted; make a fresh database", t.Name)
	}
	rs, err := src.QueryContext(ctx, `select `+strings.Join(t.Columns(), ", ")+` from `+t.Name)
	if err != nil {
		return 0, err
	}
	defer rs.Close()
	var rows [][]any
	flush := func() error {
		tx, err := dst.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := d.Insert(ctx, tx, t, rows); err != nil {
			return err
		}
		n += int64(len(rows))
		rows = nil
		return tx.Commit()
	}
	for rs.Next() {
		row, err := t.Scan(rs)
		if err != nil {
			return n, err
		}
		if rows = append(rows, row); len(rows) == page {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	if err := rs.Err(); err != nil {
		return n, err
	}
	return n, flush()
}

func copyHead(ctx context.Context, src, dst *sql.DB) error {
	var size int64
	var root []byte
	var at string
	if err := src.QueryRowContext(ctx, store.ReadHead).Scan(&size, &root, &at); err != nil {
		return err
	}
	_, err := dst.ExecContext(ctx, `update head set size = $1, root = $2, time = $3 where id = 1`, size, root, at)
	return err
}
