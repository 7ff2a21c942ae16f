package deident

import (
	"chaperone.example/cmd/chaperone/console"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	engine "chaperone.example/deid"
	"chaperone.example/deid/expert"
	"chaperone.example/deid/foreign"
	"chaperone.example/deid/text"
)

type Lint struct {
	Profile string `arg:"" help:"A file with a profile as JSON, or the name of one that is shipped."`
	JSON    bool   `help:"Print the flaws as JSON."`
}

// Help implements kong's longer help.
func (Lint) Help() string {
	return `Prints each rule that does not go with the label, its citation and the remedy. Exit code 1: the
label is stronger than the rules.`
}

func (c Lint) Run(t console.Terminal) error {
	p, err := engine.Standard(engine.Form(c.Profile))
	if err != nil {
		if p, err = ReadProfile(c.Profile); err != nil {
			return console.Bad(err)
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
		err := json.NewEncoder(t.Out).Encode(struct {
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
			fmt.Fprintf(t.Out, "%s: %v\n", kind, f)
		}
	}
	if grave > 0 {
		return console.No("the rules of %q do not earn the label %s", p.Name, p.Form)
	}
	if !c.JSON {
		fmt.Fprintf(t.Out, "%q, version %s, earns the label %s; SHA-256 %s\n", p.Name, p.Version, p.Form, p.Hash())
	}
	return nil
}

// ReadProfile reads a profile from a file.
func ReadProfile(name string) (engine.Profile, error) {
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

type Import struct {
	File   string `arg:"" type:"existingfile" help:"The configuration: JSON of Microsoft's FHIR anonymizer, or of the de-identification of Google's Healthcare API."`
	From   string `required:"" enum:"microsoft,google" help:"Whose it is."`
	Name   string `required:"" placeholder:"NAME" help:"What the profile is to be called."`
	Out    string `required:"" type:"path" placeholder:"FILE" help:"The profile to write."`
	Strict bool   `help:"Write nothing if a rule cannot be taken over."`
	JSON   bool   `help:"Print what became of each rule as JSON."`
}

// Help implements kong's longer help.
func (Import) Help() string {
	return `Reads each rule and says what becomes of it: taken over, stricter here, or not to be expressed,
with its line and the reason. The profile gets the strongest label that its rules earn, and never a
stronger one than the configuration would: a configuration that shifts dates makes no Safe Harbor.
Exit code 1 with --strict: a rule cannot be taken over.`
}

func (c Import) Run(t console.Terminal) error {
	b, err := os.ReadFile(c.File)
	if err != nil {
		return console.Bad(err)
	}
	read := foreign.Microsoft
	if c.From == "google" {
		read = foreign.Google
	}
	got, err := read(b, c.Name)
	if err != nil {
		return console.Bad(fmt.Errorf("%s: %w", c.File, err))
	}
	lost := 0
	for _, r := range got.Rules {
		if r.Became == foreign.Lost {
			lost++
		}
	}
	if c.JSON {
		if err := json.NewEncoder(t.Out).Encode(got); err != nil {
			return err
		}
	} else {
		for _, r := range got.Rules {
			fmt.Fprintf(t.Out, "%s:%d: %s: %s: %s\n", c.File, r.Line, r.Became, r.Rule, r.Why)
		}
	}
	if c.Strict && lost > 0 {
		return console.No("%d of %d rules cannot be taken over; nothing was written", lost, len(got.Rules))
	}
	if err := console.WriteWhole(c.Out, func(w io.Writer) error { _, err := w.Write(append(got.Profile.JSON(), '\n')); return err }); err != nil {
		return err
	}
	t.Say("%s: %s; %d rules, of which %d cannot be expressed", c.Out, got.Profile.Form, len(got.Rules), lost)
	return nil
}

type Eval struct {
	File string `arg:"" type:"existingfile" help:"Annotated notes: JSON, one a line: id, text, spans of start, end (code points) and label."`
	JSON bool   `help:"Print the figures as JSON."`
}

// Help implements kong's longer help.
func (Eval) Help() string {
	return `Prints how many of the annotated identifiers the scrubber finds, by label, and how much of the rest
it leaves alone. No text of the notes is printed.`
}

func (c Eval) Run(t console.Terminal) error {
	return console.ReadFile(c.File, func(r io.Reader) error {
		score, err := text.New().Evaluate(r, nil)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(t.Out).Encode(struct {
				Notes     int                    `json:"notes"`
				Recall    float64                `json:"recall"`
				ByLabel   map[string]text.Recall `json:"by_label"`
				Kept      float64                `json:"kept"`
				Untouched int                    `json:"untouched"`
			}{score.Notes, score.Recall().Rate(), score.ByLabel, score.KeptRate(), score.Untouched})
		}
		line := func(what string, r text.Recall) {
			fmt.Fprintf(t.Out, "%-16s %6d of %6d found  %.4f\n", what, r.Found, r.Spans, r.Rate())
		}
		for _, label := range score.Labels() {
			line(label, score.ByLabel[label])
		}
		line("all", score.Recall())
		_, err = fmt.Fprintf(t.Out, "%d notes; %.4f of the rest kept; %d notes untouched\n", score.Notes, score.KeptRate(), score.Untouched)
		return err
	})
}

type Determination struct {
	File string `arg:"" type:"existingfile" help:"The determination: JSON, see docs/guide/de-identification.md."`
	Sign string `type:"existingfile" placeholder:"FILE" help:"Sign it with the expert's private key: the 32 bytes of an Ed25519 seed."`
	Out  string `type:"path" placeholder:"FILE" help:"With --sign: where to write the signed determination."`
}

// Help implements kong's longer help.
func (Determination) Help() string {
	return `Prints the report of a determination under 45 CFR 164.514(b)(1). What it lacks is listed, and it is
neither printed nor signed then. Exit code 1: it is not complete.`
}

func (c Determination) Run(t console.Terminal) error {
	b, err := os.ReadFile(c.File)
	if err != nil {
		return console.Bad(err)
	}
	d, err := expert.Parse(b)
	if err != nil {
		return console.Bad(fmt.Errorf("%s: %w", c.File, err))
	}
	if flaws := d.Flaws(); len(flaws) > 0 {
		for _, f := range flaws {
			fmt.Fprintf(t.Out, "%s: %s\n", f.Field, f.Problem)
		}
		return console.No("the determination is not complete: %d points", len(flaws))
	}
	if c.Sign == "" {
		return d.Print(t.Out)
	}
	seed, err := os.ReadFile(c.Sign)
	if err != nil {
		return console.Bad(err)
	}
	if len(seed) != ed25519.SeedSize || c.Out == "" {
		return console.Bad(errors.New("--sign takes a key of 32 bytes, and --out says where to write"))
	}
	signed, err := expert.Sign(d, ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return console.Bad(err)
	}
	text, err := json.Marshal(signed) // not indented: the canonical form stands inside
	if err != nil {
		return err
	}
	return console.WriteWhole(c.Out, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
}
