package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	generator "chaperone.example/internal/synth"
)

type synth struct {
	Hospitals int    `default:"8" help:"How many hospitals."`
	Patients  int    `default:"200" help:"How many patients a hospital, those shared with others included."`
	Months    int    `default:"12" help:"How many months of care."`
	Seed      uint64 `default:"1" help:"The same seed gives the same bytes."`
	Out       string `required:"" type:"path" placeholder:"FOLDER" help:"The folder to write; it must be empty or not exist."`
}

// Help implements kong's longer help.
func (synth) Help() string {
	return `Writes OUT/HOSPITAL/encounters.csv, unit_months.csv, fhir.ndjson and notes.jsonl of the same
people, and OUT/truth.json, which says what was planted. Nobody in it ever existed.`
}

func (c synth) Run(t terminal) error {
	if err := emptyFolder(c.Out); err != nil {
		return err
	}
	cfg := generator.Config{Hospitals: c.Hospitals, Patients: c.Patients, Months: c.Months, Seed: c.Seed}
	sum, err := generator.Write(cfg, func(name string) (io.WriteCloser, error) {
		path := filepath.Join(c.Out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	})
	if err != nil {
		return err
	}
	for _, h := range sum.Hospitals {
		if _, err := fmt.Fprintln(t.out, filepath.Join(c.Out, h.ID)); err != nil {
			return err
		}
	}
	t.say("wrote %d hospitals and %s", len(sum.Hospitals), filepath.Join(c.Out, "truth.json"))
	return nil
}

// emptyFolder makes dir, or makes sure that nothing in it would be overwritten.
func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return badFile{err}
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		return badFile{err}
	}
	if len(left) > 0 {
		return badFile{fmt.Errorf("%s is not empty: choose a new folder", dir)}
	}
	return nil
}
