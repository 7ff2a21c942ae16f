package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"chaperone.example/internal/app"
	story "chaperone.example/internal/demo"
	"chaperone.example/internal/identity"
)

type demo struct {
	Run  demoRun  `cmd:"" default:"withargs" help:"Run the demonstration (this is the default)."`
	Code demoCode `cmd:"" help:"Print the one-time code of a person of the demonstration."`
}

// Help implements kong's longer help.
func (demo) Help() string {
	return `"chaperone demo" takes the flags of "chaperone demo run": --once to walk the story in the
terminal and end, --dir FOLDER to keep the data, --listen HOST:PORT.`
}

type demoRun struct {
	Once   bool   `help:"Walk the story in the terminal, verify the ledger, and end."`
	Dir    string `type:"path" placeholder:"FOLDER" help:"Keep the data folder there, and continue what is in it. Without it, a fresh folder is used."`
	Listen string `placeholder:"HOST:PORT" help:"Where to listen instead of 127.0.0.1:8080, which only this machine can reach."`
	// No environment variable: the demonstration belongs into no database of real data.
	Database string `placeholder:"URL" help:"Keep the ledger in this PostgreSQL database (postgres://user@host/name), which must be empty or hold this demonstration."`
}

// Help implements kong's longer help.
func (demoRun) Help() string {
	return `Makes a plainly synthetic consortium (nobody in it ever existed), walks one data request
from the agreement to the proof, and serves the hub on this machine with its sign-ins
printed. With --once it ends there. Passwords are printed: never put real data into it.`
}

func (c demoRun) Run(ctx context.Context, t terminal) error {
	dir, fresh, err := demoDir(c.Dir)
	if err != nil {
		return err
	}
	if fresh && c.Once {
		defer os.RemoveAll(dir)
	}
	if err := story.Prepare(dir, story.Small); err != nil {
		return err
	}
	a, err := app.Open(ctx, app.Config{Place: database{c.Database}.place(t, dir), Origin: story.Origin, Version: build(), LogTo: t.err})
	if err != nil {
		return err
	}
	defer a.Close()
	s, err := story.New(a, dir, t.out)
	if err != nil {
		return err
	}
	if err := s.Walk(ctx); err != nil {
		return err
	}
	if c.Once && fresh {
		t.say("The data of this run are removed. With --dir FOLDER they stay, and so does the proof to verify.")
	}
	if c.Once {
		return nil
	}
	l, err := c.listen(t)
	if err != nil {
		return err
	}
	return hold(ctx, t, a, l, "", "", func(url string) { invite(t, s, dir, url) })
}

// listen takes the address that was asked for. If nobody asked and the usual port is
// taken, any free one will do.
func (c demoRun) listen(t terminal) (net.Listener, error) {
	addr := cmp.Or(c.Listen, demoAddress)
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) && c.Listen == "" {
		t.say("chaperone: %s is taken by another program; using a free port", addr)
		return net.Listen("tcp", "127.0.0.1:0")
	}
	return l, err
}

// demoAddress is where the demonstration listens: only this machine can reach it.
const demoAddress = "127.0.0.1:8080"

// demoDir returns the data folder: the one that was asked for, or a fresh one.
func demoDir(dir string) (path string, fresh bool, err error) {
	if dir != "" {
		return dir, false, os.MkdirAll(dir, 0o700)
	}
	path, err = os.MkdirTemp("", "chaperone-demo-")
	return path, true, err
}

// invite prints the address and the sign-ins.
func invite(t terminal, s *story.Story, dir, url string) {
	fmt.Fprintf(t.out, "\nOpen %s and sign in. Password of everybody: %s\n\n", url, story.Password)
	w := tabwriter.NewWriter(t.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tORGANIZATION\tSIGN-IN NAME")
	for _, i := range s.SignIns() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", i.Job, i.Organization, i.Login)
	}
	w.Flush()
	fmt.Fprintf(t.out, "\nThe six-digit code of a person comes from another terminal, and works once:\n  %s demo code SIGN-IN-NAME --dir %s\nStart as the data steward: a request awaits the decision.\n", program(os.Args[0]), dir)
}

// program is what the person types to run this program again.
func program(arg string) string {
	if strings.Contains(arg, "go-build") { // of "go run", which keeps no binary
		return "go run ./cmd/chaperone"
	}
	return arg
}

type demoCode struct {
	User     string `arg:"" help:"The sign-in name."`
	Dir      string `type:"existingdir" placeholder:"FOLDER" help:"The data folder that the demonstration printed; the newest one if left out."`
	Database string `placeholder:"URL" help:"The PostgreSQL database of the demonstration, if it was given one."`
}

func (c demoCode) Run(ctx context.Context, t terminal) error {
	dir := c.Dir
	if dir == "" {
		var err error
		if dir, err = newestDemo(); err != nil {
			return err
		}
	}
	people, err := app.People(ctx, database{c.Database}.place(t, dir))
	if err != nil {
		return err
	}
	defer people.Close()
	code, until, err := identity.Code(ctx, people.DB, people.Vault, c.User, time.Now())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(t.out, code)
	t.say("valid for %d more seconds, once", int(time.Until(until).Seconds()))
	return err
}

// newestDemo finds the folder that a demonstration made last.
func newestDemo() (string, error) {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), "chaperone-demo-*"))
	if err != nil {
		return "", err
	}
	var newest string
	var at time.Time
	for _, d := range dirs {
		if info, err := os.Stat(d); err == nil && info.IsDir() && info.ModTime().After(at) {
			newest, at = d, info.ModTime()
		}
	}
	if newest == "" {
		return "", badFile{fmt.Errorf("no demonstration was found: name its data folder with --dir")}
	}
	return newest, nil
}
