package main

import (
	"context"
	"fmt"

	"chaperone.example/internal/app"
)

type ledgers struct {
	Verify ledgerVerify `cmd:"" help:"Recompute the whole ledger of a data folder and compare."`
}

type ledgerVerify struct {
	Dir string `arg:"" type:"existingdir" help:"The data folder."`
}

func (c ledgerVerify) Run(ctx context.Context, t terminal) error {
	rep, err := app.Audit(ctx, c.Dir)
	if err != nil {
		return verdict{fmt.Errorf("does NOT verify: %w", err)}
	}
	_, err = fmt.Fprintf(t.out, "verified: %d records in %d streams, root %v\n  sealed details: %d present, %d disposed of\n", rep.Tree.N, rep.Streams, rep.Tree.Hash, rep.Sealed, rep.Disposed())
	return err
}
