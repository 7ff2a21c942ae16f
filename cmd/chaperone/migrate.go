package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"chaperone.example/internal/app"
	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
)

type ledgerMigrate struct {
	Dir string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The data folder. Stop its hub first."`
	To  string `required:"" placeholder:"URL" env:"CHAPERONE_DATABASE" help:"The PostgreSQL database to move to (postgres://user@host/name). It must be empty."`
}

// Help implements kong's longer help.
func (ledgerMigrate) Help() string {
	return `Every record, sealed detail and hash is copied and audited on both sides; the root stays
the same, so that every proof and every cosignature stays good. The views are rebuilt.
Nobody can append to the embedded database afterwards; it is kept as ledger.db.moved.
Keys and vault stay in the folder. If the command is interrupted, run it again.

The database is made with:
    create database NAME template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`
}

func (c ledgerMigrate) Run(ctx context.Context, t terminal) error {
	cfg := app.Config{Place: database{c.To}.place(t, c.Dir), LogTo: t.err, Version: build(), Progress: func(done, all int64) { t.say("views rebuilt from %d of %d records", done, all) }}
	rep, err := app.Move(ctx, cfg, func(table string, rows int64) { t.say("copied %d rows of %s", rows, table) })
	var behind *ledger.Behind
	_, _, known := fault.Of(err)
	switch {
	case known || errors.As(err, &behind) || errors.Is(err, context.Canceled):
		return err
	case err != nil:
		return verdict{fmt.Errorf("not moved: %w", err)}
	}
	address := c.To
	if u, err := url.Parse(c.To); err == nil {
		address = u.Redacted()
	}
	fmt.Fprintf(t.out, "moved: %d records in %d streams, root %v\n", rep.Tree.N, rep.Streams, rep.Tree.Hash)
	t.say(`Next, with CHAPERONE_DATABASE=%s in the environment:
  chaperone ledger verify %s
  chaperone serve --dir %[2]s
Then delete %[2]s/%[3]s: details that are disposed of from now on would stay in it, as ciphertext.`, address, c.Dir, app.MovedFile)
	return nil
}
