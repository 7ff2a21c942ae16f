package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"chaperone.example/internal/vault"
)

// Credentials is what it takes to look up a person of a data folder whose hub may
// be running.
type Credentials struct {
	DB    *sql.DB // for reading only
	Vault *vault.Vault
}

// People opens the people of a data folder.
func People(ctx context.Context, dir string) (Credentials, error) {
	path := filepath.Join(dir, ledgerFile)
	if _, err := os.Stat(path); err != nil {
		return Credentials{}, fmt.Errorf("app: there is no ledger in %s", filepath.Base(dir))
	}
	v, err := vault.Open(ctx, filepath.Join(dir, keysDir), filepath.Join(dir, vaultDir))
	if err != nil {
		return Credentials{}, err
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=query_only(on)&_pragma=busy_timeout(10000)")
	if err != nil {
		return Credentials{}, errors.Join(err, v.Close())
	}
	return Credentials{db, v}, nil
}

// Close closes both.
func (c Credentials) Close() error { return errors.Join(c.DB.Close(), c.Vault.Close()) }
