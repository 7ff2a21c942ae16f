package app

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"

	"chaperone.example/internal/vault"
)

// Credentials is what it takes to look up a person of a data folder whose hub may
// be running.
type Credentials struct {
	DB    *sql.DB // for reading only
	Vault *vault.Vault
}

// People opens the people of a hub.
func People(ctx context.Context, p Place) (Credentials, error) {
	db, err := p.OpenToRead(ctx)
	if err != nil {
		return Credentials{}, err
	}
	v, err := vault.Open(ctx, filepath.Join(p.Dir, keysDir), filepath.Join(p.Dir, vaultDir))
	if err != nil {
		return Credentials{}, errors.Join(err, db.Close())
	}
	return Credentials{db, v}, nil
}

// Close closes both.
func (c Credentials) Close() error { return errors.Join(c.DB.Close(), c.Vault.Close()) }
