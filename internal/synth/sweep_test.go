package synth_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"chaperone.example/internal/synth"
)

// Every canary is at least eight characters, belongs to one person, occurs in the FHIR
// export of each hospital of that person and of no other hospital, and never in the files
// without direct identifiers.
func TestCanariesArePlanted(t *testing.T) {
	f, sum := consortium(t, small)
	truth := f.truth(t)
	owner := map[string]int{}
	homes := map[string][]string{}
	for i, p := range truth.People {
		for _, m := range p.Memberships {
			for _, c := range p.Canaries {
				homes[c.Value] = append(homes[c.Value], m.Hospital)
			}
		}
		for _, c := range p.Canaries {
			if _, taken := owner[c.Value]; taken || len(c.Value) < 8 {
				t.Errorf("%s %q: short, or planted in two people", c.Kind, c.Value)
			}
			owner[c.Value] = i
		}
	}
	sweep := synth.NewSweep(truth.Canaries())
	always := map[string]bool{"surname": true, "street": true, "email": true, "contact": true, "portal": true, "phone": true, "contact-phone": true, "ssn": true}
	for _, h := range sum.Hospitals {
		for _, name := range []string{"encounters.csv", "unit_months.csv"} {
			if found := find(t, sweep, f[h.ID+"/"+name].Bytes()); len(found) > 0 {
				t.Errorf("%s/%s holds %d canaries, want none", h.ID, name, len(found))
			}
		}
		found := find(t, sweep, f[h.ID+"/fhir.ndjson"].Bytes())
		if len(find(t, sweep, f[h.ID+"/notes.jsonl"].Bytes())) == 0 {
			t.Errorf("%s/notes.jsonl holds no canary", h.ID)
		}
		have := map[string]bool{}
		for _, c := range found {
			have[c.Value] = true
			if !slices.Contains(homes[c.Value], h.ID) {
				t.Errorf("%s holds the %s of somebody who was never there", h.ID, c.Kind)
			}
		}
		for _, p := range truth.People {
			for i, m := range p.Memberships {
				if m.Hospital != h.ID {
					continue
				}
				for _, c := range p.Canaries {
					if always[c.Kind] && !have[c.Value] {
						t.Errorf("%s does not hold the %s of its patient", h.ID, c.Kind)
					}
				}
				if !have[m.MRN] || !have[m.Patient] {
					t.Errorf("%s does not hold membership %d of its patient", h.ID, i)
				}
			}
		}
	}
	if found := find(t, sweep, []byte("request 9f3c of Hawthorn Memorial denied: no agreement")); len(found) > 0 {
		t.Errorf("found %v in a line of a log", found)
	}
}

// No stem looks like a word that the records use for something else.
func TestCanariesAreNoWords(t *testing.T) {
	f, sum := consortium(t, small)
	planted := map[string]bool{}
	for _, c := range f.truth(t).Canaries() {
		planted[strings.ToLower(c.Value)] = true
	}
	words := map[string]bool{}
	for _, h := range sum.Hospitals {
		for _, name := range []string{"fhir.ndjson", "notes.jsonl"} {
			for _, line := range lines(t, f[h.ID+"/"+name]) {
				visit(line, func(o map[string]any) {
					for k, v := range o {
						if s, ok := v.(string); ok && k != "data" {
							for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r < 'a' || r > 'z' }) {
								if len(w) >= 8 && !planted[w] {
									words[w] = true
								}
							}
						}
					}
				})
			}
		}
	}
	all := strings.Join(slices.Sorted(maps.Keys(words)), "\n")
	if len(words) < 200 {
		t.Fatalf("only %d words", len(words))
	}
	other, _ := consortium(t, synth.Config{Hospitals: 2, Patients: 2000, Months: 1, Seed: 99})
	if found := find(t, synth.NewSweep(other.truth(t).Canaries()), []byte(all)); len(found) > 0 {
		t.Errorf("these canaries of another consortium are words: %v", found)
	}
}

func find(t testing.TB, s *synth.Sweep, b []byte) []synth.Canary {
	t.Helper()
	found, err := s.Find(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSweepFindsWhateverTheCaseAndPlace(t *testing.T) {
	c := []synth.Canary{{Kind: "surname", Value: "Glummezren"}, {Kind: "ssn", Value: "985-27-9088"}, {Kind: "too short", Value: "Kim"}}
	s := synth.NewSweep(c)
	filler := strings.Repeat("nothing to see here 985-27-908 glummezre ", 30_000)
	for name, text := range map[string]string{
		"start":             "GLUMMEZREN, HELEN 985-27-9088" + filler,
		"end":               filler + "985-27-9088 glummezren",
		"across a boundary": filler[:1<<20-5] + "Glummezren" + filler[:1<<20-20] + "985-27-9088" + filler,
	} {
		for how, r := range map[string]io.Reader{"whole": strings.NewReader(text), "halves": iotest.HalfReader(strings.NewReader(text))} {
			found, err := s.Find(r)
			if err != nil || len(found) != 2 {
				t.Errorf("%s, %s: found %v, %v, want both", name, how, found, err)
			}
		}
	}
	if found, err := s.Find(strings.NewReader(filler)); err != nil || len(found) != 0 {
		t.Errorf("found %v, %v in nothing", found, err)
	}
	for shift := range 3 {
		for _, name := range []string{"Glummezren", "GLUMMEZREN"} {
			text := base64.StdEncoding.EncodeToString([]byte("xyz"[:shift] + name + ", born 1950"))
			if found, err := s.Find(strings.NewReader(`{"data":"` + text + `"}`)); err != nil || len(found) != 1 {
				t.Errorf("%s in base64 %s: found %v, %v, want it", name, text, found, err)
			}
		}
	}
	broken := errors.New("disk on fire")
	if _, err := s.Find(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

// A disk that fills up, or a folder that cannot be made, is an error and no panic.
func TestWriteErrorsComeThrough(t *testing.T) {
	broken := errors.New("no space left")
	for name, create := range map[string]synth.Create{
		"create": func(string) (io.WriteCloser, error) { return nil, broken },
		"write":  func(string) (io.WriteCloser, error) { return full{broken}, nil },
		"one file": func(name string) (io.WriteCloser, error) {
			if strings.HasSuffix(name, "notes.jsonl") {
				return full{broken}, nil
			}
			return &file{}, nil
		},
	} {
		if _, err := synth.Write(small, create); !errors.Is(err, broken) {
			t.Errorf("%s: error %v, want %v", name, err, broken)
		}
	}
}

type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }
func (f full) Close() error              { return nil }
