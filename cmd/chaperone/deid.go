package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"chaperone.example/cmd/chaperone/console"
	"chaperone.example/cmd/chaperone/deident"
	engine "chaperone.example/deid"
	"chaperone.example/deid/code"
	"chaperone.example/deid/day"
	"chaperone.example/deid/expert"
	"chaperone.example/deid/input"
	"chaperone.example/deid/seed"
	"chaperone.example/deid/shift"
	"chaperone.example/deid/zip3"
)

// deids is the command with its parts; without one of them it de-identifies a file.
type deids struct {
	Run           deid                  `cmd:"" default:"withargs" help:"De-identify a file."`
	Lint          deident.Lint          `cmd:"" help:"Say whether the rules of a profile earn its label."`
	Import        deident.Import        `cmd:"" help:"Make a profile of another tool's configuration."`
	Determination deident.Determination `cmd:"" help:"Check, print or sign an expert's determination."`
	Eval          deident.Eval          `cmd:"" help:"Score the free-text scrubber on annotated notes."`
}

type deid struct {
	Profile     string `required:"" placeholder:"PROFILE" help:"safe-harbor (45 CFR 164.514(b)(2)), limited-data-set (164.514(e)), expert (164.514(b)(1)), or a file with a profile as JSON."`
	Format      string `required:"" placeholder:"FORMAT" enum:"fhir,csv" help:"fhir (R4: NDJSON or a Bundle) or csv."`
	In          string `required:"" type:"existingfile" placeholder:"FILE" help:"The file to read."`
	Out         string `required:"" type:"path" placeholder:"FILE" help:"The file to write. It appears only when it is complete."`
	Manifest    string `type:"path" placeholder:"FILE" help:"Where to write what was done, by path, without any value."`
	AsOf        string `name:"as-of" placeholder:"YYYY-MM-DD" help:"The day at which ages are judged when a record does not say; today by default."`
	ZIP         string `name:"zip" default:"2020" enum:"2000,2010,2020,union" help:"The census by which three-digit ZIP codes are judged."`
	Text        string `default:"blocked" enum:"blocked,scrub" help:"scrub: notes stay, with what is found to identify replaced, also what the patient's own record says; a person must look at them before they leave."`
	DropUnknown bool   `help:"CSV: remove columns that are not known, instead of refusing the file."`
	Determined  string `name:"determination" type:"existingfile" placeholder:"FILE" help:"expert: the signed determination."`
	ExpertKey   string `type:"existingfile" placeholder:"FILE" help:"expert: the expert's public key, 32 bytes, got from the expert."`
	Key         string `type:"existingfile" placeholder:"FILE" help:"limited-data-set, expert: a file of at least 32 random bytes, from which the recipient's codes are computed. Without it the codes are random, and not the same next time."`
	Recipient   string `default:"recipient" help:"limited-data-set with --key: for whom; another recipient gets other codes."`
}

// Help implements kong's longer help.
func (deid) Help() string {
	return `Reads the file once and writes what the profile lets stay. What is not known is removed and
counted. Free text is removed, or scrubbed with --text scrub. Exit code 3 when the file is wrong:
the line, the problem and the remedy are named, and nothing is written.`
}

func (c deid) Run(ctx context.Context, t terminal) error {
	job, err := c.job()
	if err != nil {
		return badFile{err}
	}
	in, err := os.Open(c.In)
	if err != nil {
		return badFile{err}
	}
	defer in.Close()
	if job.Profile.Text == engine.Scrub && job.Format == engine.FHIR {
		// Notes may come before the patient they are about: read the patients first.
		if job.Seeds, err = seed.FHIR(in); err != nil {
			return badFile{fmt.Errorf("%s: %w", c.In, err)}
		}
		if _, err := in.Seek(0, io.SeekStart); err != nil {
			return badFile{err}
		}
	}
	var m engine.Manifest
	err = writeWhole(c.Out, func(w io.Writer) error {
		m, err = engine.Transform(ctx, job, in, w)
		return err
	})
	var flaw *input.Error
	switch {
	case errors.As(err, &flaw):
		return badFile{fmt.Errorf("%s: %w", c.In, flaw)}
	case err != nil:
		return console.Interrupted(err)
	}
	if c.Manifest != "" {
		text, err := m.JSON()
		if err != nil {
			return err
		}
		if err := writeWhole(c.Manifest, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err }); err != nil {
			return err
		}
	}
	t.say("%s: %d of %d %s written; kinds of unknown content removed: %d", c.Profile, m.Records.Out, m.Records.In, m.Records.Kind, len(m.Unknown))
	return nil
}

// job translates the command line.
func (c deid) job() (engine.Job, error) {
	profile, err := engine.Standard(engine.Form(c.Profile))
	own := err != nil // a file
	if own {
		if profile, err = deident.ReadProfile(c.Profile); err != nil {
			return engine.Job{}, err
		}
	}
	now := time.Now()
	asOf := day.Date{Year: now.Year(), Month: int(now.Month()), Day: now.Day()}
	if c.AsOf != "" {
		at, err := time.Parse(time.DateOnly, c.AsOf)
		if err != nil {
			return engine.Job{}, errors.New("--as-of: write the day as YYYY-MM-DD")
		}
		asOf = day.Date{Year: at.Year(), Month: int(at.Month()), Day: at.Day()}
	}
	job := engine.Job{Format: engine.Format(c.Format), Profile: profile, AsOf: asOf, DropUnknown: c.DropUnknown, Build: build(), Codes: code.NewBook(rand.Reader)}
	if c.Text == engine.Scrub {
		job.Profile.Text = engine.Scrub
	}
	if job.Profile.Form == engine.SafeHarbor {
		if !own {
			job.Profile.ZIP = zip3.Vintage(c.ZIP)
		}
		if c.Key != "" {
			return job, engine.ErrDerivedCodes
		}
		return job, nil
	}
	if job.Profile.Form == engine.Expert {
		if err := c.determined(&job, own); err != nil {
			return job, err
		}
	}
	if c.Key == "" && (job.Profile.Dates == engine.Shifted || job.Profile.Codes == engine.Keyed && own) {
		return job, errors.New("--key: the profile computes codes or offsets of dates from a key, and none is given")
	}
	if c.Key != "" {
		master, err := os.ReadFile(c.Key)
		if err != nil {
			return job, err
		}
		if job.Profile.Dates == engine.Shifted {
			if job.Shift, err = shift.New(master, c.Recipient, shift.DefaultSpan); err != nil {
				return job, fmt.Errorf("--key: %w", err)
			}
		}
		if job.Codes, err = code.NewKeyed(master, c.Recipient); err != nil {
			return job, fmt.Errorf("--key: %w", err)
		}
	}
	return job, nil
}

// determined opens the expert's determination and gives it to the job. The shipped
// profile takes its hash; a profile of one's own names it already.
func (c deid) determined(job *engine.Job, own bool) error {
	if c.Determined == "" || c.ExpertKey == "" {
		return errors.New("the label expert needs --determination and --expert-key (45 CFR 164.514(b)(1))")
	}
	key, err := os.ReadFile(c.ExpertKey)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(c.Determined)
	if err != nil {
		return err
	}
	var signed expert.Signed
	if err := json.Unmarshal(text, &signed); err != nil {
		return fmt.Errorf("%s: this is no signed determination", c.Determined)
	}
	d, err := expert.Open(signed, key)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Determined, err)
	}
	job.Determination = &d
	if !own {
		job.Profile.Determination, err = d.Hash()
	}
	return err
}

// writeWhole writes a file that appears only when it is complete.
func writeWhole(path string, write func(io.Writer) error) error {
	return console.WriteWhole(path, write)
}
