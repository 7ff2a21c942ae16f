package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"chaperone.example/internal/app"
	"chaperone.example/internal/fault"
	"chaperone.example/ledger/proof"
)

type ledgerRecover struct {
	Dir    string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The data folder, with its keys. No hub may be running on it."`
	From   string `name:"from-mirror" required:"" type:"existingfile" placeholder:"PACK" help:"A pack of everything with its details, as \"chaperone ledger export\" writes it."`
	Policy string `type:"existingfile" placeholder:"FILE" help:"The policy: the public keys that you trust. The data folder's own, if it is left out."`
	database
}

// Help implements kong's longer help.
func (ledgerRecover) Help() string {
	return `For a database that was restored from a backup, cut off or lost: what it lacks is
replayed from the pack to the identical root, the views are rebuilt, and the hub may
write again. The pack is verified to its last byte, and must reach what the anchor in
the folder of keys says was acknowledged. A history that was forked is refused, with
both sizes; then nothing is changed. What was disposed of since the backup was made is
disposed of again. For a database that is lost, leave ledger.db away: everything is
replayed.`
}

func (c ledgerRecover) Run(ctx context.Context, t terminal) error {
	var policy *proof.Policy
	if c.Policy != "" {
		text, err := os.ReadFile(c.Policy)
		if err != nil {
			return badFile{err}
		}
		if policy, err = proof.ParsePolicy(text); err != nil {
			return badFile{err}
		}
	}
	f, err := os.Open(c.From)
	if err != nil {
		return badFile{err}
	}
	defer f.Close()
	cfg := app.Config{Place: c.place(t, c.Dir), LogTo: t.err, Version: build(), Progress: func(done, all int64) { t.say("views rebuilt from %d of %d records", done, all) }}
	rep, err := app.Recover(ctx, cfg, f, policy, func(n int64) { t.say("replayed %d records", n) })
	switch {
	case fault.Is(err, fault.NotFound):
		return badFile{err}
	case errors.Is(err, context.Canceled):
		return err
	case err != nil && rep.Has.N == rep.Had.N:
		return verdict{fmt.Errorf("not recovered, and nothing was changed: %w", err)}
	case err != nil:
		return err
	case rep.Has.N == rep.Had.N:
		t.say("chaperone: nothing was missing: the ledger holds all %d records that were acknowledged", rep.Has.N)
		return nil
	}
	fmt.Fprintf(t.out, "recovered: %d records were there, %d are now, root %v\n", rep.Had.N, rep.Has.N, rep.Has.Hash)
	if rep.Disposed > 0 {
		fmt.Fprintf(t.out, "  details of %d records that the backup had brought back were disposed of again\n", rep.Disposed)
	}
	t.say("Next: chaperone ledger verify %s, then chaperone serve --dir %[1]s. Commands that were sent before the loss are not recognised if they are sent again.", c.Dir)
	return nil
}
