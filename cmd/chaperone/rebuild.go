package main

import (
	"context"

	"chaperone.example/internal/app"
)

type rebuild struct {
	Dir string `required:"" type:"existingdir" help:"The data folder. No hub may be running on it."`
}

func (c rebuild) Run(ctx context.Context, t terminal) error {
	a, err := app.Open(ctx, app.Config{Dir: c.Dir, Existing: true})
	if err != nil {
		return err
	}
	defer a.Close()
	return a.Log.Rebuild(ctx, func(done, all int64) { t.say("rebuilt from %d of %d records", done, all) })
}
