package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/breach"
	"chaperone.example/law/casefile"
	"chaperone.example/law/replay"
	"chaperone.example/law/report"
)

type decide struct {
	Files   []string `arg:"" type:"existingfile" help:"The cases, each one page of YAML; docs/law/case-files.md describes it."`
	AsOf    string   `name:"as-of" placeholder:"YYYY-MM-DD" help:"Decide by the law of this day instead of the day in the file."`
	Explain bool     `help:"Print every basis that was tried, the reasons, and what would have to change."`
	JSON    bool     `help:"Print the decisions as JSON, one a line."`
	Record  bool     `help:"Print request, facts and decision as JSON, one a line: what replay and whatif read."`
}

// Help implements kong's longer help.
func (decide) Help() string {
	return `Nothing is asked of a hub. A case says what is known; what it does not say is unknown, and
permits nothing. Exit code 0: everything was decided and, where a file says what it
expects, as expected. 1: a request is denied, or the decision is not as the file expects.
3: a file is wrong.`
}

func (c decide) Run(t terminal) error {
	cases, err := readAll(c.Files, casefile.ReadDisclosure)
	if err != nil {
		return err
	}
	if c.AsOf != "" {
		at, err := time.Parse(time.DateOnly, c.AsOf)
		if err != nil {
			return badFile{errors.New("--as-of: write the day as YYYY-MM-DD")}
		}
		for _, one := range cases {
			one.Request.At = at
		}
	}
	denied, missed := 0, 0
	for _, one := range cases {
		r := replay.New(one.Request, one.Facts)
		if err := c.print(t, one.Case, r); err != nil {
			return err
		}
		switch {
		case one.Expect == nil && r.Decision.Outcome == law.Deny:
			denied++
		case one.Expect != nil:
			missed += t.complain(one.Case, one.Expect.Misses(r.Decision))
		}
	}
	switch {
	case missed > 0:
		return verdict{fmt.Errorf("%d expectations are not met", missed)}
	case denied > 0:
		return verdict{fmt.Errorf("%d of %d requests denied", denied, len(cases))}
	}
	return nil
}

func (c decide) print(t terminal, name string, r replay.Record) error {
	switch {
	case c.Record:
		return json.NewEncoder(t.out).Encode(r)
	case c.JSON:
		return json.NewEncoder(t.out).Encode(r.Decision)
	case c.Explain:
		if _, err := fmt.Fprintf(t.out, "%s\n", name); err != nil {
			return err
		}
		return report.Decision(t.out, r.Decision)
	}
	d := r.Decision
	_, err := fmt.Fprintf(t.out, "%s: %s", name, d.Outcome)
	if d.Outcome != law.Deny {
		_, err = fmt.Fprintf(t.out, ", form %s, on basis %s", d.Form, d.Basis)
	}
	fmt.Fprintln(t.out)
	return err
}

// complain says in what a case is not as expected, and returns how often.
func (t terminal) complain(name string, misses []string) int {
	for _, m := range misses {
		t.say("%s: not as expected: %s", name, m)
	}
	return len(misses)
}

// readAll reads every file, so that all that is wrong is said at once.
func readAll[T any](files []string, read func(name string, data []byte) (*T, error)) ([]*T, error) {
	var all []*T
	var flaws []error
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, badFile{err}
		}
		x, err := read(name, data)
		if err != nil {
			flaws = append(flaws, err)
			continue
		}
		all = append(all, x)
	}
	if len(flaws) > 0 {
		return nil, badFile{errors.Join(flaws...)}
	}
	return all, nil
}

type breaches struct {
	Files   []string `arg:"" type:"existingfile" help:"The incidents, each one page of YAML; docs/law/case-files.md describes it."`
	Explain bool     `help:"Print the reasons, the deadlines and whom nobody has to tell."`
	JSON    bool     `help:"Print the assessments as JSON, one a line."`
}

// Help implements kong's longer help.
func (breaches) Help() string {
	return `Judges an incident: whether it is a breach (45 CFR 164.402, 42 CFR 2.16), when it counts as
discovered, and who must be told by when. Exit code 1: the assessment is not as the file
expects. State rules come from data packs only; confirm them with counsel.`
}

func (c breaches) Run(t terminal) error {
	cases, err := readAll(c.Files, casefile.ReadIncident)
	if err != nil {
		return err
	}
	missed := 0
	for _, one := range cases {
		a := breach.Assess(one.Facts, one.Packs)
		switch {
		case c.JSON:
			err = json.NewEncoder(t.out).Encode(a)
		case c.Explain:
			if _, err = fmt.Fprintf(t.out, "%s\n", one.Case); err == nil {
				err = report.Assessment(t.out, a)
			}
		default:
			_, err = fmt.Fprintf(t.out, "%s: %s, %d notices\n", one.Case, a.Verdict, len(a.Notices))
		}
		if err != nil {
			return err
		}
		if one.Expect != nil {
			missed += t.complain(one.Case, one.Expect.Misses(a))
		}
	}
	if missed > 0 {
		return verdict{fmt.Errorf("%d expectations are not met", missed)}
	}
	return nil
}
