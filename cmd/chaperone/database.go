package main

import (
	"net/url"
	"os"

	"chaperone.example/internal/app"
)

// A database is the flag of commands that work on the ledger of a hub.
type database struct {
	Database string `env:"CHAPERONE_DATABASE" placeholder:"URL" help:"The PostgreSQL database that holds the ledger (postgres://user@host/name), instead of the embedded one in the data folder. Keys and vault stay in the folder."`
}

// place returns where the hub is. A password on the command line is for every user of
// the machine to see, and said so.
func (d database) place(t terminal, dir string) app.Place {
	if u, err := url.Parse(d.Database); err == nil && u.User != nil && d.Database != os.Getenv("CHAPERONE_DATABASE") {
		if _, open := u.User.Password(); open {
			t.say("chaperone: a password on the command line can be seen by everybody on this machine: put the address into the environment variable CHAPERONE_DATABASE, or the password into ~/.pgpass")
		}
	}
	return app.Place{Dir: dir, Database: d.Database}
}
