package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
	"chaperone.example/ledger/anchor"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/migrate"
)

// MovedFile is what the embedded database of a ledger that was moved is called.
const MovedFile = "ledger.db.moved"

// Move moves the ledger of a data folder from its embedded database to the PostgreSQL
// database that c names, which must hold none, with the same root. Nobody can append
// meanwhile, nor to the embedded database afterwards, which is renamed. Then it opens
// the hub on the new database, so that the views are rebuilt. What was interrupted is
// continued when it is called again.
func Move(ctx context.Context, c Config, progress func(table string, rows int64)) (rep audit.Report, err error) {
	if c.Database == "" {
		return rep, fault.New(fault.Invalid, "name the database to move to: postgres://user@host/name")
	}
	path := filepath.Join(c.Dir, ledgerFile)
	if _, err := os.Stat(path); err != nil {
		return rep, fault.New(fault.NotFound, "there is no ledger in %s to move", c.Dir)
	}
	src, err := openEmbedded(ctx, path)
	if err != nil {
		return rep, err
	}
	dst, err := c.dial(ctx, false)
	if err != nil {
		return rep, errors.Join(err, src.Close())
	}
	rep, err = move(ctx, c.Place, src, dst, progress)
	if err := errors.Join(err, src.Close(), dst.Close()); err != nil {
		return rep, err
	}
	if err := c.settle(ctx, path); err != nil {
		return rep, fmt.Errorf("the ledger was copied, and is not ready in its new place yet; run the command again: %w", err)
	}
	return rep, nil
}

// settle puts the embedded database away and opens the hub on the new one.
func (c Config) settle(ctx context.Context, path string) error {
	for _, beside := range []string{"-wal", "-shm"} { // what they held is in the file
		if err := os.Remove(path + beside); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(path, filepath.Join(c.Dir, MovedFile)); err != nil {
		return err
	}
	c.Existing = true
	a, err := Open(ctx, c)
	if err != nil {
		return err
	}
	return a.Close()
}

func move(ctx context.Context, p Place, src, dst *sql.DB, progress func(string, int64)) (rep audit.Report, err error) {
	newest, err := anchor.Open(filepath.Join(p.Dir, keysDir, anchorFile))
	if err != nil {
		return rep, err
	}
	defer newest.Close()
	if err := ledger.CheckAnchor(ctx, src, newest); err != nil {
		return rep, err
	}
	lock, err := src.BeginTx(ctx, nil) // begins to write: nobody else can
	if err != nil {
		return rep, fmt.Errorf("the ledger is being written to; stop the hub: %w", err)
	}
	defer lock.Rollback()
	done, err := migrate.Done(ctx, src, dst)
	if err != nil {
		return rep, err
	}
	if done {
		rep, err = audit.Database(ctx, dst)
	} else {
		rep, err = migrate.Copy(ctx, src, dst, progress)
	}
	if err != nil {
		return rep, err
	}
	if err := migrate.Retire(ctx, lock); err != nil {
		return rep, err
	}
	if err := lock.Commit(); err != nil {
		return rep, err
	}
	_, err = src.ExecContext(ctx, `pragma wal_checkpoint(truncate)`)
	return rep, err
}
