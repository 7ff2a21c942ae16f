package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/casefile"
)

type decide struct {
	Files   []string `arg:"" type:"existingfile" help:"The cases, each one page of YAML; docs/law/case-files.md describes it."`
	AsOf    string   `name:"as-of" placeholder:"YYYY-MM-DD" help:"Decide by the law of this day instead of the day in the file."`
	Explain bool     `help:"Print every basis that was tried, the reasons, and what would have to change."`
	JSON    bool     `help:"Print the decisions as JSON, one a line."`
}

// Help implements kong's longer help.
func (decide) Help() string {
	return `Nothing is asked of a hub. A case says what is known; what it does not say is unknown, and
permits nothing. Exit code 0: everything was decided and, where a file says what it
expects, as expected. 1: a request is denied, or the decision is not as the file expects.
3: a file is wrong.`
}

func (c decide) Run(t terminal) error {
	var cases []*casefile.Disclosure
	var flaws []error
	for _, name := range c.Files {
		data, err := os.ReadFile(name)
		if err != nil {
			return badFile{err}
		}
		d, err := casefile.ReadDisclosure(name, data)
		if err != nil {
			flaws = append(flaws, err)
			continue
		}
		if c.AsOf != "" {
			if d.Request.At, err = time.Parse(time.DateOnly, c.AsOf); err != nil {
				return badFile{errors.New("--as-of: write the day as YYYY-MM-DD")}
			}
		}
		cases = append(cases, d)
	}
	if len(flaws) > 0 {
		return badFile{errors.Join(flaws...)}
	}
	denied, missed := 0, 0
	for _, one := range cases {
		d := law.Decide(one.Request, one.Facts)
		if d.Outcome == law.Deny {
			denied++
		}
		if err := c.print(t.out, one, d); err != nil {
			return err
		}
		if one.Expect == nil {
			continue
		}
		for _, m := range one.Expect.Misses(d) {
			missed++
			t.say("%s: not as expected: %s", one.Case, m)
		}
	}
	switch {
	case missed > 0:
		return verdict{fmt.Errorf("%d decisions are not as their files expect", missed)}
	case denied > 0 && !expected(cases):
		return verdict{fmt.Errorf("%d of %d requests denied", denied, len(cases))}
	}
	return nil
}

// expected reports whether every file says what it expects: then a denial that is
// expected is no failure.
func expected(cases []*casefile.Disclosure) bool {
	for _, c := range cases {
		if c.Expect == nil {
			return false
		}
	}
	return true
}

func (c decide) print(out io.Writer, one *casefile.Disclosure, d law.Decision) error {
	if c.JSON {
		return json.NewEncoder(out).Encode(d)
	}
	fmt.Fprintf(out, "%s: %s\n", one.Case, d.Outcome)
	if d.Outcome != law.Deny {
		fmt.Fprintf(out, "  form %s, on basis %s, by the law of %s\n", d.Form, d.Basis, d.LawAsOf)
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, l := range d.Lines {
		what := string(l.Treatment)
		if l.As != "" {
			what += ": " + l.As
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", l.Element, what, l.Rule, l.Citation)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, o := range d.Obligations {
		fmt.Fprintf(out, "  must %s (%s, %s)\n", o.Duty, o.Rule, o.Citation)
	}
	if d.Exception != nil {
		fmt.Fprintf(out, "  what is withheld rests on %s, %s\n", d.Exception.Citation, d.Exception.Title)
	}
	if !c.Explain {
		return nil
	}
	for _, b := range d.Bases {
		if b.Holds {
			fmt.Fprintf(out, "  basis %s holds: %s (%s)\n", b.Rule, b.Title, b.Citation)
		} else {
			fmt.Fprintf(out, "  basis %s fails: %s (%s), because %s\n", b.Rule, b.Title, b.Citation, b.Failing)
		}
	}
	for _, r := range d.Reasons {
		fmt.Fprintf(out, "  reason %s (%s): %s\n", r.Rule, r.Citation, r.Text)
	}
	for _, r := range d.Remedies {
		fmt.Fprintf(out, "  would change it: %v\n", r.Changes)
	}
	_, err := fmt.Fprintf(out, "  decision %s\n", d.ID)
	return err
}
