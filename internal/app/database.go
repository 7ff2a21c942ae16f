package app

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/postgres"
	_ "modernc.org/sqlite" // the embedded database
)

// A Place is where the ledger of a hub is: in a data folder, or in a PostgreSQL database
// whose keys and vault are in the folder.
type Place struct {
	Dir      string
	Database string // postgres://user@host/name; if empty, the embedded database in Dir
}

// Open opens the database for the ledger and its views. It makes the embedded database
// if it is missing, and never a PostgreSQL database. Errors never show a password.
func (p Place) Open(ctx context.Context) (*sql.DB, error) {
	if p.Database == "" {
		return openEmbedded(ctx, filepath.Join(p.Dir, ledgerFile))
	}
	return p.postgres(ctx, false)
}

// OpenToRead opens the database of a ledger that is there, to be read only. A hub may be
// running on it.
func (p Place) OpenToRead(ctx context.Context) (*sql.DB, error) {
	if err := p.hasLedger(ctx); err != nil {
		return nil, err
	}
	if p.Database == "" {
		return sql.Open("sqlite", "file:"+filepath.Join(p.Dir, ledgerFile)+"?_pragma=query_only(on)&_pragma=busy_timeout(10000)")
	}
	return p.postgres(ctx, true)
}

func (p Place) postgres(ctx context.Context, readOnly bool) (*sql.DB, error) {
	if _, err := os.Stat(filepath.Join(p.Dir, ledgerFile)); err == nil && p.Database != "" {
		return nil, fault.New(fault.Refused, "%s holds a ledger of its own, in %s: a hub has one ledger. Move it to the database (chaperone ledger migrate), or name no database", p.Dir, ledgerFile)
	}
	return p.dial(ctx, readOnly)
}

// dial opens the PostgreSQL database, whatever the folder holds.
func (p Place) dial(ctx context.Context, readOnly bool) (*sql.DB, error) {
	u, err := url.Parse(p.Database)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || strings.Trim(u.Path, "/") == "" {
		return nil, fault.New(fault.Invalid, "the address of the database is not of the form postgres://user@host/name")
	}
	if readOnly {
		q := u.Query()
		q.Set("default_transaction_read_only", "on")
		u.RawQuery = q.Encode()
	}
	db, err := postgres.Open(ctx, u.String())
	if err != nil {
		return nil, err
	}
	var collation, encoding string
	err = db.QueryRowContext(ctx, `select datcollate, pg_encoding_to_char(encoding) from pg_database where datname = current_database()`).Scan(&collation, &encoding)
	switch {
	case err != nil:
		err = fmt.Errorf("app: %w", err)
	case collation != "C" && collation != "POSIX" || encoding != "UTF8":
		err = fault.New(fault.Refused, "the database sorts by %s and is encoded in %s, and would order names otherwise than the embedded one does: make it with \"create database NAME template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'\"", collation, encoding)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// hasLedger reports, as a fault, that there is no ledger here. It makes nothing.
func (p Place) hasLedger(ctx context.Context) error {
	none := fault.New(fault.NotFound, "there is no ledger in %s; \"chaperone init\" sets up a hub", p.Dir)
	if p.Database == "" {
		if _, err := os.Stat(filepath.Join(p.Dir, ledgerFile)); err != nil {
			return none
		}
		return nil
	}
	db, err := p.postgres(ctx, true)
	if err != nil {
		return err
	}
	defer db.Close()
	var there bool
	if err := db.QueryRowContext(ctx, `select to_regclass('head') is not null`).Scan(&there); err != nil {
		return fmt.Errorf("app: %w", err)
	}
	if !there {
		return fault.New(fault.NotFound, "there is no ledger in this database; \"chaperone init\" sets up a hub")
	}
	if _, err := os.Stat(filepath.Join(p.Dir, policyFile)); err != nil {
		return fault.New(fault.NotFound, "%s is not the data folder of a hub: the keys of the ledger in this database are in the folder that \"chaperone init\" made", p.Dir)
	}
	return nil
}

// belongs reports whether a ledger was written with the keys of this data folder: with
// others, the history would go on under another name, and nothing sealed would open.
func (p Place) belongs(ctx context.Context, db *sql.DB, secret []byte) error {
	there := `select exists (select 1 from sqlite_master where name = 'record')`
	if p.Database != "" {
		there = `select to_regclass('record') is not null`
	}
	var is bool
	if err := db.QueryRowContext(ctx, there).Scan(&is); err != nil || !is {
		return err
	}
	var tags, event []byte
	err := db.QueryRowContext(ctx, `select tags, event from record where seq = 0`).Scan(&tags, &event)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // empty
	}
	if err != nil {
		return fmt.Errorf("app: %w", err)
	}
	have, err := leaf.UnpackTags(tags)
	if err != nil {
		return err
	}
	var first ledger.Record
	if err := json.Unmarshal(event, &first); err != nil {
		return fmt.Errorf("app: the first record cannot be read: %w", err)
	}
	if len(first.Parties) == 0 {
		return nil
	}
	for _, p := range first.Parties {
		tag := leaf.PartyTag(leaf.PartyKey(secret, p.Org), p.N)
		if slices.ContainsFunc(have, func(t []byte) bool { return bytes.Equal(t, tag) }) {
			return nil
		}
	}
	return fault.New(fault.Refused, "the ledger in this database was written with other keys than those of the data folder: they do not belong together")
}

// openEmbedded opens the embedded database for the ledger and its views. Every commit is
// durable before it is acknowledged (WAL, synchronous=FULL).
func openEmbedded(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=secure_delete(on)&_pragma=busy_timeout(10000)&_pragma=foreign_keys(on)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	var version string
	if err := db.QueryRowContext(ctx, `select sqlite_version()`).Scan(&version); err != nil {
		return nil, errors.Join(fmt.Errorf("app: %s: %w", filepath.Base(path), err), db.Close())
	}
	if !soundSQLite(version) {
		return nil, errors.Join(fmt.Errorf("app: SQLite %s may corrupt a write-ahead log: this program needs 3.51.3, or 3.53.0 and later", version), db.Close())
	}
	return db, nil
}

// openPast opens an embedded database that can be computed again: nothing waits for the
// disk.
func openPast(_ context.Context, path string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=busy_timeout(10000)&_pragma=foreign_keys(on)&_txlock=immediate")
}

// soundSQLite refuses the releases that may corrupt a database when its WAL is
// reset: those before 3.51.3, and 3.52.0, which was withdrawn.
func soundSQLite(version string) bool {
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return false
	}
	v := major*1_000_000 + minor*1_000 + patch
	return v >= 3_051_003 && v != 3_052_000
}
