package deident

import (
	"chaperone.example/cmd/chaperone/console"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"chaperone.example/deid/input"
	fingerprint "chaperone.example/deid/mark"
)

type Mark struct {
	Plan      string `required:"" type:"existingfile" placeholder:"FILE" help:"Which columns carry marks: JSON, see docs/guide/de-identification.md."`
	Key       string `required:"" type:"path" placeholder:"FILE" help:"The data owner's key of 32 bytes; made with --new-key."`
	NewKey    bool   `help:"Make the key: --key must not exist yet."`
	Recipient string `required:"" placeholder:"NAME" help:"For whom this copy is."`
	In        string `required:"" type:"existingfile" placeholder:"FILE" help:"The de-identified CSV file."`
	Out       string `required:"" type:"path" placeholder:"FILE" help:"The recipient's copy. It appears only when it is complete."`
	Record    string `required:"" type:"path" placeholder:"FILE" help:"Where to write how it was marked, without any value: keep it, a leak is traced with it."`
}

// Help implements kong's longer help.
func (Mark) Help() string {
	return `Gives a recipient its own copy of a table, so that a leak names its source: pseudonyms that
only it has, a fingerprint in cells that may lawfully be one of two, and synthetic records.
Clinical values, dates, ages and sex are never altered; data for treatment is refused.`
}

func (c Mark) Run(ctx context.Context, t console.Terminal) error {
	text, err := os.ReadFile(c.Plan)
	if err != nil {
		return console.Bad(err)
	}
	plan, err := fingerprint.ParsePlan(text)
	if err != nil {
		return console.Bad(fmt.Errorf("%s: %w", c.Plan, err))
	}
	key, err := c.key()
	if err != nil {
		return console.Bad(err)
	}
	job := fingerprint.Job{Key: key, Plan: plan, Recipient: c.Recipient}
	if plan.Canaries > 0 {
		err := c.read(func(r io.Reader) error {
			job.Survey, err = fingerprint.NewSurvey(ctx, key, plan, r)
			return err
		})
		if err != nil {
			return console.Interrupted(err)
		}
	}
	var rec fingerprint.Record
	err = c.read(func(r io.Reader) error {
		return console.WriteWhole(c.Out, func(w io.Writer) error {
			rec, err = fingerprint.Embed(ctx, job, r, w)
			return err
		})
	})
	if err != nil {
		return console.Interrupted(err)
	}
	if err := console.WriteJSON(c.Record, rec); err != nil {
		return errors.Join(err, os.Remove(c.Out)) // a copy without its record could not be traced
	}
	t.Say("%d rows marked for %s; %d of the code's bits stand in them; %d synthetic records added", rec.Rows, rec.Recipient, rec.Bits, len(rec.Canaries))
	if len(plan.Carriers) > 0 && 10*rec.Bits < 9*fingerprint.DefaultBits {
		t.Say("fewer than nine tenths of the bits stand in the table: a fingerprint may not name more than one leaker without the ids")
	}
	return nil
}

func (c Mark) read(use func(io.Reader) error) error { return console.ReadFile(c.In, use) }

// key reads the owner's key, or makes it.
func (c Mark) key() (fingerprint.Key, error) {
	if !c.NewKey {
		return readKey(c.Key)
	}
	key, err := fingerprint.NewKey(rand.Reader)
	if err != nil {
		return key, err
	}
	f, err := os.OpenFile(c.Key, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return key, fmt.Errorf("--new-key: %w", err)
	}
	_, err = f.Write(key[:])
	return key, errors.Join(err, f.Close())
}

func readKey(path string) (fingerprint.Key, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return fingerprint.Key{}, err
	}
	if len(b) != len(fingerprint.Key{}) {
		return fingerprint.Key{}, fmt.Errorf("%s: a key has 32 bytes", path)
	}
	return fingerprint.Key(b), nil
}

type Trace struct {
	File    string   `arg:"" type:"existingfile" help:"The file that leaked: the table, or any text in which its ids stand."`
	Key     string   `required:"" type:"existingfile" placeholder:"FILE" help:"The data owner's key."`
	Against []string `required:"" type:"existingfile" sep:"none" placeholder:"FILE" help:"The record of each recipient's copy, as mark wrote it; once for each."`
	Risk    float64  `default:"0.000001" help:"How probable it may be, at most, that anybody innocent is named."`
	JSON    bool     `help:"Print what was found as JSON."`
}

// Help implements kong's longer help.
func (Trace) Help() string {
	return `Names the recipients whose copies a leak came from, with the odds: an innocent recipient
reaches odds of 10^x with a probability of at most 10^-x. Exit code 1: nobody can be named.`
}

func (c Trace) Run(ctx context.Context, t console.Terminal) error {
	key, err := readKey(c.Key)
	if err != nil {
		return console.Bad(err)
	}
	var records []fingerprint.Record
	for _, name := range c.Against {
		var rec fingerprint.Record
		if err := console.ReadJSON(name, &rec); err != nil {
			return err
		}
		records = append(records, rec)
	}
	var evidence fingerprint.Evidence
	var notTable error
	var flaw *input.Error
	err = console.ReadFile(c.File, func(r io.Reader) error {
		evidence, err = fingerprint.ReadEvidence(ctx, key, records, r)
		if errors.As(err, &flaw) { // ids are found in any text
			evidence, notTable, err = fingerprint.Evidence{}, flaw, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	var codes fingerprint.Codes
	if err := console.ReadFile(c.File, func(r io.Reader) error { codes, err = fingerprint.ReadCodes(r); return err }); err != nil {
		return err
	}
	found, err := fingerprint.Accuse(key, records, evidence, codes, c.Risk)
	if err != nil {
		return console.Bad(err)
	}
	if notTable != nil {
		t.Say("%s is not a table (%v): only ids were looked for", c.File, notTable)
	}
	if c.JSON {
		if err := json.NewEncoder(t.Out).Encode(found); err != nil {
			return err
		}
	} else {
		printTrace(t, found)
	}
	if len(found.Named) == 0 {
		return console.No("none of the %d recipients can be named", len(records))
	}
	return nil
}

func printTrace(t console.Terminal, found fingerprint.Trace) {
	for _, s := range found.Named {
		fmt.Fprintf(t.Out, "%s\n", s.Recipient)
		if s.Pseudonyms > 0 {
			fmt.Fprintf(t.Out, "  its pseudonyms stand in the leak: odds %s to 1\n", odds(s.Pseudonyms))
		}
		if s.Fingerprint > 0 {
			fmt.Fprintf(t.Out, "  its fingerprint stands in the leak: odds %s to 1\n", odds(s.Fingerprint))
		}
		if s.Canaries > 0 {
			fmt.Fprintf(t.Out, "  %d synthetic records that nobody else was given stand in the leak\n", s.Canaries)
		}
	}
	fmt.Fprintf(t.Out, "%d recipients, %d rows, %d ids; the chance of naming anybody innocent is at most %.2g\n", found.Recipients, found.Rows, found.Codes, found.Risk)
	if f := found.Fingerprint; f != nil && f.Bits > 0 {
		fmt.Fprintf(t.Out, "fingerprint: %d bits readable; best explained by %d recipients together, with %.0f %% of the marks changed\n", f.Bits, f.Colluders, 100*f.Flipped)
	}
	if len(found.Missing) > 0 {
		fmt.Fprintf(t.Out, "not in the leak: %s\n", strings.Join(found.Missing, ", "))
	}
}

// odds writes 10^x for people.
func odds(x float64) string {
	if x < 6 {
		return fmt.Sprintf("%.0f", math.Pow(10, x))
	}
	return fmt.Sprintf("10^%.0f", math.Floor(x))
}
