package demo_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/internal/app"
	"chaperone.example/internal/demo"
	"chaperone.example/internal/synth"
	"chaperone.example/ledger/audit"
)

// walk tells the story on dir and returns what it printed and what was logged.
func walk(t *testing.T, dir string) (told, logged string) {
	t.Helper()
	if err := demo.Prepare(dir, demo.Small); err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	a, err := app.Open(t.Context(), app.Config{Place: app.Place{Dir: dir}, Origin: demo.Origin, LogTo: &log})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s, err := demo.New(a, dir, &out)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Walk(t.Context()); err != nil {
		t.Fatalf("%v, after\n%s", err, &out)
	}
	before, err := audit.Views(t.Context(), a.Log)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Log.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	after, err := audit.Views(t.Context(), a.Log)
	if err != nil {
		t.Fatal(err)
	}
	for table, sum := range before {
		if !bytes.Equal(sum, after[table]) {
			t.Errorf("%s: the rebuilt table differs from the one kept up to date", table)
		}
	}
	return out.String(), log.String()
}

// ORG-1 AGR-1 DAT-1 DAT-4 REQ-1 REQ-2 REQ-3 DEC-1 REL-1 REL-2 LED-1: the story from
// the first organization to the end of an agreement.
func TestStory(t *testing.T) {
	dir := t.TempDir()
	told, logged := walk(t, dir)
	for _, want := range []string{
		"12 organizations", "cannot sign its draft", "45 CFR 164.504(e)(2)(ii)(C)", "a copy for the test environment is refused",
		"Decided: right-sized to a limited data set", "denied", "none of the", "disclosure log of", "accounting for one patient",
		"verified offline", "with one byte changed it does not verify", "its package, still on offer, stops", "ledger verified",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("the story does not say %q:\n%s", want, told)
		}
	}
	sweep(t, dir, told+logged)

	again, _ := walk(t, dir)
	if strings.Count(again, "\nok ") != strings.Count(told, "\nok ") {
		t.Errorf("told again, the story has other steps:\n%s", again)
	}
}

// No identifier of a patient is in the data folder, in file names, in what was
// printed or logged. The source inbox is excepted.
func sweep(t *testing.T, dir, text string) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "synthetic", "truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	truth, err := synth.ReadTruth(f)
	if err != nil {
		t.Fatal(err)
	}
	s := synth.NewSweep(truth.Canaries())
	check := func(what string, r io.Reader) {
		found, err := s.Find(r)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			t.Errorf("%s: %d identifiers of patients, a %s among them", what, len(found), found[0].Kind)
		}
	}
	check("output and log", strings.NewReader(text))
	files := 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "synthetic" {
				return fs.SkipDir
			}
			return nil
		}
		check("name of a file", strings.NewReader(path))
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer in.Close()
		check(filepath.Base(path), in)
		files++
		return nil
	})
	if err != nil || files < 5 {
		t.Fatalf("%d files swept, %v", files, err)
	}
	// The sweep itself must bite: the inbox is full of what it looks for.
	in, err := os.ReadFile(filepath.Join(dir, "synthetic", truth.Hospitals[0].ID, "fhir.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := s.Find(bytes.NewReader(in)); err != nil || len(found) < 10 {
		t.Errorf("the sweep finds %d identifiers in the source, %v", len(found), err)
	}
}
