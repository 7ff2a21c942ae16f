package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	engine "chaperone.example/deid"
	"chaperone.example/deid/foreign"
	"chaperone.example/deid/text"
)

type deidLint struct {
	Profile string `arg:"" help:"A file with a profile as JSON, or safe-harbor or limited-data-set."`
	JSON    bool   `help:"Print the flaws as JSON."`
}

// Help implements kong's longer help.
func (deidLint) Help() string {
	return `Prints each rule that does not go with the label, its citation and the remedy. Exit code 1: the
label is stronger than the rules.`
}

func (c deidLint) Run(t terminal) error {
	p, err := engine.Standard(engine.Form(c.Profile))
	if err != nil {
		if p, err = readProfile(c.Profile); err != nil {
			return badFile{err}
		}
	}
	flaws := engine.Lint(p)
	grave := 0
	for _, f := range flaws {
		if !f.Warning {
			grave++
		}
	}
	if c.JSON {
		if flaws == nil {
			flaws = []engine.Flaw{}
		}
		err := json.NewEncoder(t.out).Encode(struct {
			Profile string        `json:"profile_sha256"`
			Form    engine.Form   `json:"form"`
			Earned  bool          `json:"earned"`
			Flaws   []engine.Flaw `json:"flaws"`
		}{p.Hash(), p.Form, grave == 0, flaws})
		if err != nil {
			return err
		}
	} else {
		for _, f := range flaws {
			kind := "flaw"
			if f.Warning {
				kind = "warning"
			}
			fmt.Fprintf(t.out, "%s: %v\n", kind, f)
		}
	}
	if grave > 0 {
		return verdict{fmt.Errorf("the rules of %q do not earn the label %s", p.Name, p.Form)}
	}
	if !c.JSON {
		fmt.Fprintf(t.out, "%q, version %s, earns the label %s; SHA-256 %s\n", p.Name, p.Version, p.Form, p.Hash())
	}
	return nil
}

// readProfile reads a profile from a file.
func readProfile(name string) (engine.Profile, error) {
	b, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return engine.Profile{}, fmt.Errorf("%s: there is no such file, and it is neither %s nor %s", name, engine.SafeHarbor, engine.LimitedDataSet)
	}
	if err != nil {
		return engine.Profile{}, err
	}
	p, err := engine.ParseProfile(b)
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

type deidImport struct {
	File   string `arg:"" type:"existingfile" help:"The configuration: JSON of Microsoft's FHIR anonymizer, or of the de-identification of Google's Healthcare API."`
	From   string `required:"" enum:"microsoft,google" help:"Whose it is."`
	Name   string `required:"" placeholder:"NAME" help:"What the profile is to be called."`
	Out    string `required:"" type:"path" placeholder:"FILE" help:"The profile to write."`
	Strict bool   `help:"Write nothing if a rule cannot be taken over."`
	JSON   bool   `help:"Print what became of each rule as JSON."`
}

// Help implements kong's longer help.
func (deidImport) Help() string {
	return `Reads each rule and says what becomes of it: taken over, stricter here, or not to be expressed,
with its line and the reason. The profile gets the strongest label that its rules earn, and never a
stronger one than the configuration would: a configuration that shifts dates makes no Safe Harbor.
Exit code 1 with --strict: a rule cannot be taken over.`
}

func (c deidImport) Run(t terminal) error {
	b, err := os.ReadFile(c.File)
	if err != nil {
		return badFile{err}
	}
	read := foreign.Microsoft
	if c.From == "google" {
		read = foreign.Google
	}
	got, err := read(b, c.Name)
	if err != nil {
		return badFile{fmt.Errorf("%s: %w", c.File, err)}
	}
	lost := 0
	for _, r := range got.Rules {
		if r.Became == foreign.Lost {
			lost++
		}
	}
	if c.JSON {
		if err := json.NewEncoder(t.out).Encode(got); err != nil {
			return err
		}
	} else {
		for _, r := range got.Rules {
			fmt.Fprintf(t.out, "%s:%d: %s: %s: %s\n", c.File, r.Line, r.Became, r.Rule, r.Why)
		}
	}
	if c.Strict && lost > 0 {
		return verdict{fmt.Errorf("%d of %d rules cannot be taken over; nothing was written", lost, len(got.Rules))}
	}
	if err := writeWhole(c.Out, func(w io.Writer) error { _, err := w.Write(append(got.Profile.JSON(), '\n')); return err }); err != nil {
		return err
	}
	t.say("%s: %s; %d rules, of which %d cannot be expressed", c.Out, got.Profile.Form, len(got.Rules), lost)
	return nil
}

type deidEval struct {
	File string `arg:"" type:"existingfile" help:"Annotated notes: JSON, one a line: id, text, spans of start, end (code points) and label."`
	JSON bool   `help:"Print the figures as JSON."`
}

// Help implements kong's longer help.
func (deidEval) Help() string {
	return `Prints how many of the annotated identifiers the scrubber finds, by label, and how much of the rest
it leaves alone. No text of the notes is printed.`
}

func (c deidEval) Run(t terminal) error {
	return readFile(c.File, func(r io.Reader) error {
		score, err := text.New().Evaluate(r, nil)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(t.out).Encode(struct {
				Notes     int                    `json:"notes"`
				Recall    float64                `json:"recall"`
				ByLabel   map[string]text.Recall `json:"by_label"`
				Kept      float64                `json:"kept"`
				Untouched int                    `json:"untouched"`
			}{score.Notes, score.Recall().Rate(), score.ByLabel, score.KeptRate(), score.Untouched})
		}
		line := func(what string, r text.Recall) {
			fmt.Fprintf(t.out, "%-16s %6d of %6d found  %.4f\n", what, r.Found, r.Spans, r.Rate())
		}
		for _, label := range score.Labels() {
			line(label, score.ByLabel[label])
		}
		line("all", score.Recall())
		_, err = fmt.Fprintf(t.out, "%d notes; %.4f of the rest kept; %d notes untouched\n", score.Notes, score.KeptRate(), score.Untouched)
		return err
	})
}
