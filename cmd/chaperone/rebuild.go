package main

import (
	"context"

	"chaperone.example/internal/app"
	"chaperone.example/internal/fault"
)

type rebuild struct {
	Dir string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The data folder. No hub may be running on it."`
	database
}

func (c rebuild) Run(ctx context.Context, t terminal) error {
	a, err := app.Open(ctx, app.Config{Place: c.place(t, c.Dir), Existing: true})
	if fault.Is(err, fault.NotFound) {
		return badFile{err}
	}
	if err != nil {
		return err
	}
	defer a.Close()
	return a.Log.Rebuild(ctx, func(done, all int64) { t.say("rebuilt from %d of %d records", done, all) })
}
