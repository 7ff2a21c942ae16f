package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
	"chaperone.example/ledger/anchor"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/pack"
	"chaperone.example/ledger/proof"
)

// tagUse is what the secret of party keys is derived for.
const tagUse = "ledger tags"

// Export writes the ledger up to now as a pack: everything, or what an organization is
// a party of. Sealed details go along as ciphertext, unless bare is set.
func (a *App) Export(ctx context.Context, w io.Writer, org string, bare bool) error {
	part := pack.Whole
	if org != "" {
		var n int64
		err := a.Log.DB().QueryRowContext(ctx, `select n from party where org = $1`, org).Scan(&n)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "no organization of that id has a record in this ledger")
		}
		if err != nil {
			return err
		}
		secret, err := a.Vault.Derive(tagUse)
		if err != nil {
			return err
		}
		part = pack.Part{Org: org, Key: leaf.PartyKey(secret, org)}
	}
	checkpoint, err := a.Log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	return pack.Write(ctx, w, a.Log.DB(), checkpoint, part, bare)
}

// Audit recomputes the ledger of a hub without opening the hub, and compares it
// with its anchor, if that is there, and with the cosigned checkpoints that it keeps, by
// the policy.
func Audit(ctx context.Context, p Place, policy *proof.Policy) (audit.Report, error) {
	db, err := p.OpenToRead(ctx)
	if err != nil {
		return audit.Report{}, err
	}
	defer db.Close()
	rep, err := audit.Database(ctx, db)
	if err != nil {
		return rep, err
	}
	if err := audit.Checkpoints(ctx, db, policy); err != nil {
		return rep, err
	}
	name := filepath.Join(p.Dir, keysDir, anchorFile)
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
		return rep, nil // a copy of the data without its keys
	}
	newest, err := anchor.Open(name)
	if err != nil {
		return rep, fmt.Errorf("app: %w", err)
	}
	return rep, errors.Join(ledger.CheckAnchor(ctx, db, newest), newest.Close())
}
