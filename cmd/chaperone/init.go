package main

import (
	"context"
	"fmt"

	"chaperone.example/internal/app"
	"chaperone.example/law"
)

type initialize struct {
	Dir          string   `required:"" type:"path" placeholder:"FOLDER" help:"The data folder; made if it does not exist."`
	Origin       string   `default:"chaperone.example/hub" help:"The name of the ledger in its checkpoints. It never changes."`
	Organization string   `required:"" placeholder:"NAME" help:"The organization that runs the hub."`
	State        string   `placeholder:"OH" help:"Its State, two letters."`
	Is           []string `default:"business-associate" help:"What it is under the law: business-associate, aggregator, covered-entity …"`
	Name         string   `required:"" placeholder:"NAME" help:"The name of the first administrator."`
	Login        string   `required:"" placeholder:"E-MAIL" help:"The administrator's sign-in name: an e-mail address."`
	database
}

// Help implements kong's longer help.
func (initialize) Help() string {
	return `Makes the keys and the ledger, registers the organization that runs the hub and its first
administrator, and prints the code of the administrator's invitation, once. Then run
"chaperone serve" and take the invitation up at /join.`
}

func (c initialize) Run(ctx context.Context, t terminal) error {
	a, err := app.Open(ctx, app.Config{Place: c.place(t, c.Dir), Origin: c.Origin, LogTo: t.err, Version: build()})
	if err != nil {
		return err
	}
	defer a.Close()
	var is []law.Status
	for _, s := range c.Is {
		is = append(is, law.Status(s))
	}
	code, err := a.Found(ctx, app.Founding{Organization: c.Organization, State: c.State, Is: is, Name: c.Name, Login: c.Login})
	if err != nil {
		return err
	}
	t.say("The hub is set up. Keep the folder %s/keys out of every backup of the data, and back it up apart.\nNext: chaperone serve --dir %s, then open /join and enter the invitation of the first\nadministrator, shown once:", c.Dir, c.Dir)
	_, err = fmt.Fprintln(t.out, code)
	return err
}
