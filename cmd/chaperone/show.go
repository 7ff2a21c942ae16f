package main

import (
	"bufio"
	"context"
	"errors"

	"chaperone.example/internal/app"
	"chaperone.example/internal/fault"
)

type ledgerShow struct {
	What  string `arg:"" optional:"" help:"A stream (request/q-…), a kind (request) or a table (table/request). Nothing: which there are."`
	Dir   string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The data folder."`
	AsOf  string `name:"as-of" placeholder:"WHEN" help:"As of a time (2026-03-01T14:00:00Z), a day (2026-03-01, its end in UTC) or a record (#123)."`
	Clock string `enum:"recorded,happened" default:"recorded" help:"recorded: what had been recorded by then. happened: also what was recorded later and says that it had happened."`
	database
}

// Help implements kong's longer help.
func (ledgerShow) Help() string {
	return `Identifiers and figures only: names and details are sealed, and stay so. Whoever may read
the data folder and its keys may run this; people see their own part on the pages.`
}

func (c ledgerShow) Run(ctx context.Context, t terminal) error {
	clock := c.Clock
	if c.AsOf == "" {
		if clock != "recorded" {
			return badFile{errors.New("--clock goes with --as-of")}
		}
		clock = ""
	}
	a, err := app.Open(ctx, app.Config{Place: c.place(t, c.Dir), Existing: true})
	if err != nil {
		return err
	}
	defer a.Close()
	w := bufio.NewWriter(t.out)
	err = errors.Join(a.Show(ctx, w, c.What, c.AsOf, clock), w.Flush())
	if fault.Is(err, fault.Invalid) {
		return badFile{err}
	}
	return err
}
