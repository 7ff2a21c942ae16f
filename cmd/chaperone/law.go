package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"chaperone.example/law"
	"chaperone.example/law/overlay"
	"chaperone.example/law/replay"
	"chaperone.example/law/report"
)

type rules struct {
	ID string `arg:"" optional:"" help:"Only this rule: F01."`
}

// Help implements kong's longer help.
func (rules) Help() string {
	return `Prints the rule book: each rule with its text, citation, what it reads, the dates from
and to which it holds, and the scenarios of law/testdata that prove it.`
}

func (c rules) Run(t terminal) error {
	if c.ID == "" {
		return report.Book(t.out, report.Proofs())
	}
	r, ok := law.Lookup(c.ID)
	if !ok {
		return badFile{fmt.Errorf("there is no rule %q: `chaperone rules` lists them", c.ID)}
	}
	return report.Rule(t.out, r, report.Proofs()[r.ID])
}

type replays struct {
	Files []string `arg:"" type:"existingfile" help:"Recorded decisions: JSON, one a line, as decide --record prints them."`
}

// Help implements kong's longer help.
func (replays) Help() string {
	return `Decides recorded requests again, from the facts as they were known, and compares every byte.
Exit code 1: a decision does not come out as recorded.`
}

func (c replays) Run(t terminal) error {
	records, err := readRecords(c.Files)
	if err != nil {
		return err
	}
	failed := 0
	for _, r := range records {
		if err := replay.Check(r); err != nil {
			failed++
			t.say("decision %.12s: %v", r.Decision.ID, err)
		}
	}
	if failed > 0 {
		return verdict{fmt.Errorf("%d of %d decisions do not come out as recorded", failed, len(records))}
	}
	_, err = fmt.Fprintf(t.out, "%d decisions come out as recorded, byte for byte\n", len(records))
	return err
}

type whatif struct {
	Files     []string `arg:"" type:"existingfile" help:"Recorded decisions: JSON, one a line."`
	Agreement string   `type:"existingfile" help:"A draft agreement as JSON, in place of the one with its id or beside the others."`
	Overlay   string   `type:"existingfile" help:"An overlay as JSON, likewise."`
	JSON      bool     `help:"Print the differences as JSON, one a line."`
}

// Help implements kong's longer help.
func (whatif) Help() string {
	return `Decides recorded requests again with a change, and prints what would have come out otherwise.
Nothing recorded is changed.`
}

func (c whatif) Run(t terminal) error {
	records, err := readRecords(c.Files)
	if err != nil {
		return err
	}
	var change replay.Change
	if c.Agreement != "" {
		change.Agreement = new(law.Agreement)
		if err := readJSON(c.Agreement, change.Agreement); err != nil {
			return err
		}
	}
	if c.Overlay != "" {
		change.Overlay = new(overlay.Pack)
		if err := readJSON(c.Overlay, change.Overlay); err != nil {
			return err
		}
	}
	if change == (replay.Change{}) {
		return badFile{errors.New("say what would be otherwise: --agreement or --overlay")}
	}
	differences, err := replay.WhatIf(records, change)
	if err != nil {
		return badFile{err}
	}
	for _, d := range differences {
		if c.JSON {
			if err := json.NewEncoder(t.out).Encode(d); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(t.out, "decision %.12s: %s, was %s\n", d.Decision, d.After, d.Before)
		for _, l := range d.Lines {
			fmt.Fprintf(t.out, "  %s: %s, was %s (%s)\n", l.Element, l.After, l.Before, l.Rule)
		}
	}
	t.say("%d of %d decisions would differ", len(differences), len(records))
	return nil
}

func readRecords(files []string) ([]replay.Record, error) {
	var all []replay.Record
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, badFile{err}
		}
		for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
			r, err := replay.Read(fmt.Sprintf("%s:%d", name, i+1), line)
			if err != nil {
				return nil, badFile{err}
			}
			all = append(all, *r)
		}
	}
	return all, nil
}

func readJSON(name string, v any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return badFile{err}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badFile{fmt.Errorf("%s: %w", name, err)}
	}
	if d.More() {
		return badFile{fmt.Errorf("%s: something follows the JSON value: remove it", name)}
	}
	return nil
}
