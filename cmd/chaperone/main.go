// Command chaperone lets healthcare organizations share data lawfully. One binary
// is the hub, the demo, and the tools that work without a hub.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"chaperone.example/cmd/chaperone/console"
	"chaperone.example/cmd/chaperone/deident"
	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
	"github.com/alecthomas/kong"
)

// Exit codes, which scripts depend on.
const (
	exitOK      = 0
	exitFailed  = 1 // the answer is no: a proof does not verify, a request is denied
	exitUsage   = 2 // the command line is wrong
	exitBadFile = 3 // an input file is wrong; nothing was changed
	exitDefect  = 4 // an outage or a defect
)

const description = `Chaperone lets healthcare organizations share data lawfully.

Agreements, purposes and roles decide what flows; only the minimum necessary goes,
de-identified as far as the purpose allows; everything that happens stands in a
ledger that nobody can alter and any member verifies offline.

Start here:

    chaperone demo          a synthetic consortium, in your browser
    chaperone demo --once   the same story, printed step by step

Exit codes: 0 done; 1 the answer is no (a proof does not verify, a request is
denied); 2 wrong command line; 3 wrong input file, nothing changed; 4 outage.`

type commands struct {
	Init      initialize        `cmd:"" help:"Set up a new hub: its organization and first administrator."`
	Serve     serve             `cmd:"" help:"Run the hub on a data folder."`
	Demo      demo              `cmd:"" help:"Run a hub with synthetic people and organizations."`
	Synth     synth             `cmd:"" help:"Write data of hospitals and patients that never existed."`
	Deid      deids             `cmd:"" help:"De-identify a file."`
	Risk      deident.Risk      `cmd:"" help:"Measure how likely people in a table can be recognized."`
	Anonymize deident.Anonymize `cmd:"" help:"Generalize a table until nobody stands alone in it."`
	Mark      deident.Mark      `cmd:"" help:"Give a recipient its own marked copy of a table."`
	Trace     deident.Trace     `cmd:"" help:"Name the recipient whose copy leaked."`
	Decide    decide            `cmd:"" help:"Decide a case that is written in a file, and explain."`
	Breach    breaches          `cmd:"" help:"Judge an incident that is written in a file: breach or not, who is told by when."`
	Rules     rules             `cmd:"" help:"Print the rule book, or one rule."`
	Replay    replays           `cmd:"" help:"Decide recorded requests again, and compare."`
	Whatif    whatif            `cmd:"" help:"Decide recorded requests again with a change, and compare."`
	Verify    verify            `cmd:"" help:"Verify an exported proof, offline."`
	Ledger    ledgers           `cmd:"" help:"Check the ledger of a data folder."`
	Rebuild   rebuild           `cmd:"" help:"Compute every view of a data folder again from its ledger."`
	Version   version           `cmd:"" help:"Print the version."`
}

// A terminal is what a command prints to: data on out, words for people on err.
type terminal struct{ out, err io.Writer }

// say tells the person something that is not the data asked for.
func (t terminal) say(format string, a ...any) { fmt.Fprintf(t.err, format+"\n", a...) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], terminal{os.Stdout, os.Stderr}))
}

// run carries out a command line and returns the exit code.
func run(ctx context.Context, args []string, t terminal) int {
	var c commands
	code := -1
	parser, err := kong.New(&c, kong.Name("chaperone"), kong.Description(description), kong.Writers(t.out, t.err),
		kong.Exit(func(n int) { code = n }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 88}))
	if err != nil {
		t.say("chaperone: %v", err)
		return exitDefect
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if code >= 0 { // help was asked for and printed
		return code
	}
	if err != nil {
		t.say("chaperone: %v\nTry: %s --help", err, asked(err))
		return exitUsage
	}
	k.BindTo(ctx, (*context.Context)(nil))
	return exit(k.Run(t, console.Terminal{Out: t.out, Err: t.err}), t)
}

// asked is the command whose help tells what was wrong with a command line.
func asked(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context != nil {
		if n := wrong.Context.Selected(); n != nil {
			return n.FullPath()
		}
	}
	return "chaperone"
}

// A verdict is the answer no: said, and no error of the program.
type verdict struct{ error }

// A badFile is an input file that is wrong.
type badFile struct{ error }

func (b badFile) Unwrap() error { return b.error }

func exit(err error, t terminal) int {
	var no verdict
	var bad badFile
	var answer console.Verdict
	var file console.BadFile
	var behind *ledger.Behind
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return exitOK
	case errors.As(err, &answer):
		t.say("chaperone: %v", answer)
		return exitFailed
	case errors.As(err, &file):
		t.say("chaperone: %v\nNothing was changed.", file)
		return exitBadFile
	case errors.As(err, &no):
		t.say("chaperone: %v", no)
		return exitFailed
	case errors.As(err, &bad):
		t.say("chaperone: %v\nNothing was changed.", bad)
		return exitBadFile
	case errors.As(err, &behind):
		t.say("chaperone: %v\nDo not delete the anchor. Bring back what is missing: chaperone ledger recover --help", behind)
		return exitFailed
	}
	if _, msg, ok := fault.Of(err); ok {
		t.say("chaperone: %s", msg)
		return exitFailed
	}
	t.say("chaperone: %v", err)
	return exitDefect
}
