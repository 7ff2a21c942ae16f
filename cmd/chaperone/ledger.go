package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"chaperone.example/internal/app"
	"chaperone.example/ledger/mirror"
	"chaperone.example/ledger/pack"
	"chaperone.example/ledger/proof"
)

type ledgers struct {
	Show    ledgerShow    `cmd:"" help:"Print a stream, a kind or a table of a data folder, now or as of an earlier moment."`
	Verify  ledgerVerify  `cmd:"" help:"Verify a ledger, offline: a data folder, an exported pack, or a mirror."`
	Export  ledgerExport  `cmd:"" help:"Write the ledger, or one organization's part of it, to a file that anybody verifies."`
	Recover ledgerRecover `cmd:"" help:"Bring back what a restored or lost database lacks, from a pack."`
	Migrate ledgerMigrate `cmd:"" help:"Move the ledger from the embedded database to PostgreSQL, with the same root."`
}

type ledgerVerify struct {
	Path   string `arg:"" type:"path" help:"A data folder, a pack, or a folder of tiles that mirrors a ledger."`
	Policy string `type:"existingfile" help:"The policy: the public keys that you trust. A data folder has its own beside the ledger."`
	database
}

// Help implements kong's longer help.
func (ledgerVerify) Help() string {
	return `Every record, every hash and the root are computed again and compared with what was
signed. Nothing is fetched and nothing is changed. Exit code 0: all is in order. 1: it
is not, and the first thing that is wrong is named.`
}

func (c ledgerVerify) Run(ctx context.Context, t terminal) error {
	info, err := os.Stat(c.Path)
	if err != nil {
		return badFile{errors.New("there is nothing of that name to verify")}
	}
	holds := func(name string) bool { _, err := os.Stat(filepath.Join(c.Path, name)); return err == nil }
	folder := info.IsDir() && (holds("ledger.db") || c.Database != "" && holds("keys"))
	if c.Policy == "" && folder {
		c.Policy = filepath.Join(c.Path, "policy.txt")
	}
	if c.Policy == "" {
		return badFile{errors.New("whom do you trust? Name a policy with --policy: what is verified cannot vouch for itself")}
	}
	text, err := os.ReadFile(c.Policy)
	if err != nil {
		return badFile{err}
	}
	policy, err := proof.ParsePolicy(text)
	if err != nil {
		return badFile{err}
	}
	switch {
	case folder:
		err = c.folder(ctx, t, policy)
	case info.IsDir():
		err = c.mirror(t, policy)
	default:
		err = c.pack(t, policy)
	}
	if err != nil {
		return verdict{fmt.Errorf("does NOT verify: %w", err)}
	}
	return nil
}

func (c ledgerVerify) folder(ctx context.Context, t terminal, policy *proof.Policy) error {
	rep, err := app.Audit(ctx, c.place(t, c.Path), policy)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "verified: %d records in %d streams, root %v\n  sealed details: %d present, %d disposed of\n", rep.Tree.N, rep.Streams, rep.Tree.Hash, rep.Sealed, rep.Disposed())
	return disposals(t.out, rep.Disposals)
}

func (c ledgerVerify) mirror(t terminal, policy *proof.Policy) error {
	s, err := mirror.Verify(os.DirFS(c.Path), policy)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "verified: a mirror of %s, %d records, root %v\n", s.Origin, s.Tree.N, s.Tree.Hash)
	return witnesses(t.out, s)
}

func (c ledgerVerify) pack(t terminal, policy *proof.Policy) error {
	f, err := os.Open(c.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	v, err := pack.Verify(f, policy)
	if err != nil {
		return err
	}
	what := "everything"
	if v.Part.Org != "" {
		what = fmt.Sprintf("all %d records of %s, and none was left out", v.Open, v.Part.Org)
	}
	fmt.Fprintf(t.out, "verified: a pack of %s, signed at %d records, root %v\n  holds %s\n  sealed details: %d present, %d disposed of, %d not in the pack\n", v.Origin, v.Tree.N, v.Tree.Hash, what, v.Sealed, len(v.Disposals), v.Absent)
	if err := disposals(t.out, v.Disposals); err != nil {
		return err
	}
	return witnesses(t.out, v.Signed)
}

// disposals says by which record the details of which were disposed of.
func disposals(w io.Writer, by map[int64]int64) error {
	count := map[int64]int{}
	var order []int64
	for _, n := range by {
		if count[n]++; count[n] == 1 {
			order = append(order, n)
		}
	}
	slices.Sort(order)
	for _, n := range order {
		if _, err := fmt.Fprintf(w, "  disposed by event %d: the details of %d records\n", n, count[n]); err != nil {
			return err
		}
	}
	return nil
}

func witnesses(w io.Writer, s proof.Signed) error {
	if len(s.Witnesses) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "  cosigned by %s, the last at %s\n", strings.Join(s.Witnesses, ", "), s.Since.Format("2006-01-02 15:04:05 MST"))
	return err
}

type ledgerExport struct {
	Dir  string `required:"" type:"existingdir" help:"The data folder."`
	Out  string `required:"" type:"path" help:"The file to write. It must not exist."`
	Org  string `help:"Only what this organization is a party of, with the proof that nothing was left out. The file holds its party key: give it to the organization only."`
	Bare bool   `help:"Leave sealed details out, even as ciphertext: what is copied cannot be disposed of."`
	database
}

func (c ledgerExport) Run(ctx context.Context, t terminal) (err error) {
	a, err := app.Open(ctx, app.Config{Place: c.place(t, c.Dir), Existing: true})
	if err != nil {
		return err
	}
	defer a.Close()
	f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return badFile{fmt.Errorf("the pack cannot be written: %w", err)}
	}
	w := bufio.NewWriterSize(f, 1<<20)
	err = a.Export(ctx, w, c.Org, c.Bare)
	if err = errors.Join(err, w.Flush(), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.Out))
	}
	t.say("chaperone: wrote %s; whoever has the policy verifies it: chaperone ledger verify %[1]s --policy policy.txt", c.Out)
	return nil
}
