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
	"chaperone.example/ledger/anchor"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/recovery"
	"chaperone.example/ledger/store"
)

// build rebuilds the views of a ledger that was recovered or moved.
func (a *App) build(ctx context.Context, db *sql.DB, progress func(done, all int64)) error {
	unbuilt, err := store.Unbuilt(ctx, db)
	if err != nil || !unbuilt {
		return err
	}
	return a.Log.Rebuild(ctx, progress)
}

// Recover brings the ledger of a data folder, whose database was restored from a backup,
// cut off or lost, back to where its anchor says it was, from a pack of everything. The
// policy is that of the folder if it is nil. Then it opens the hub, so that the views
// are rebuilt, and what was disposed of since the backup is gone again.
func Recover(ctx context.Context, c Config, from io.Reader, policy *proof.Policy, progress func(records int64)) (rep recovery.Report, err error) {
	keys := filepath.Join(c.Dir, keysDir)
	if _, err := os.Stat(filepath.Join(keys, anchorFile)); err != nil {
		return rep, fault.New(fault.NotFound, "there is no anchor in %s: bring the folder of keys back first; without it, nothing says what was acknowledged, and nothing sealed opens", keys)
	}
	if policy == nil {
		text, err := os.ReadFile(filepath.Join(c.Dir, policyFile))
		if err != nil {
			return rep, fault.New(fault.NotFound, "there is no %s in %s: bring it back, or name the policy", policyFile, c.Dir)
		}
		if policy, err = proof.ParsePolicy(text); err != nil {
			return rep, fmt.Errorf("app: %s: %w", policyFile, err)
		}
	}
	newest, err := anchor.Open(filepath.Join(keys, anchorFile))
	if err != nil {
		return rep, err
	}
	rep, err = replay(ctx, c, from, policy.Uncosigned(), newest, progress)
	if err = errors.Join(err, newest.Close()); err != nil {
		return rep, err
	}
	c.Existing = true
	a, err := Open(ctx, c)
	if err != nil {
		return rep, err
	}
	return rep, a.Close()
}

func replay(ctx context.Context, c Config, from io.Reader, policy *proof.Policy, newest *anchor.File, progress func(int64)) (rep recovery.Report, err error) {
	db, err := c.Open(ctx)
	if err != nil {
		return rep, err
	}
	rep, err = recovery.Replay(ctx, db, from, policy, newest, progress)
	return rep, errors.Join(err, db.Close())
}
