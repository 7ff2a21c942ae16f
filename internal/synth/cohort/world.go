package cohort

import (
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/synth/canary"
	"chaperone.example/internal/synth/chance"
)

// MaxMonths is the longest time an extract can cover.
const MaxMonths = 120

// A Config says how large a consortium to make. Equal configurations make equal
// files.
type Config struct {
	Hospitals int       // 1 to 1,000
	Patients  int       // of each hospital, those shared with others included
	Months    int       // time the extract covers, 1 to 120
	Seed      uint64    // which consortium
	Start     time.Time // first day of the extract; its month begins it; zero is 1 January 2024
	Effects   []Effect  // one per hospital instead of those drawn from the seed, or nil
}

func (c *Config) check() error {
	if c.Start.IsZero() {
		c.Start = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	c.Start = time.Date(c.Start.Year(), c.Start.Month(), 1, 0, 0, 0, 0, time.UTC)
	switch {
	case c.Hospitals < 1 || c.Hospitals > 1000:
		return fault.New(fault.Invalid, "a consortium has 1 to 1,000 hospitals, not %d", c.Hospitals)
	case c.Patients < 1:
		return fault.New(fault.Invalid, "a hospital has at least one patient, not %d", c.Patients)
	case c.Patients > canary.MaxPeople/c.Hospitals:
		return fault.New(fault.Invalid, "%d patients of %d hospitals are more than %d people: ask for fewer", c.Patients, c.Hospitals, canary.MaxPeople)
	case c.Months < 1 || c.Months > MaxMonths:
		return fault.New(fault.Invalid, "an extract covers 1 to %d months, not %d", MaxMonths, c.Months)
	case c.Start.Year() < 2023 || c.Start.Year() > 2100:
		return fault.New(fault.Invalid, "the extract begins in %d, but the codes used here are those of 2023 and later", c.Start.Year())
	case c.Effects != nil && len(c.Effects) != c.Hospitals:
		return fault.New(fault.Invalid, "%d effects for %d hospitals: give one for each, or none", len(c.Effects), c.Hospitals)
	}
	return nil
}

// A World is a consortium: its hospitals, and the rule that says who is a patient
// of which. Persons are not kept: any of them can be made again from the seed, so
// memory does not grow with their number.
type World struct {
	Config     Config
	Start, End time.Time // of the extract
	Mint       canary.Mint
	Hospitals  []Hospital
	home       int // persons whose home a hospital is
	two, three int // of them, patients of two hospitals and of three
}

// New returns the world of a configuration, or a fault that says what is wrong with it.
func New(cfg Config) (*World, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m := canary.New(cfg.Seed)
	w := &World{Config: cfg, Start: cfg.Start, End: cfg.Start.AddDate(0, cfg.Months, 0), Mint: m, Hospitals: newHospitals(cfg, m)}
	if cfg.Hospitals >= 2 && cfg.Patients >= 2 {
		w.two = max(1, cfg.Patients/10)
	}
	if cfg.Hospitals >= 3 {
		w.three = cfg.Patients / 50
	}
	w.home = cfg.Patients - w.two - 2*w.three
	return w, nil
}

func (w *World) days() int { return DaysBetween(w.Start, w.End) }

// membersOf returns the hospitals of the person at a place of their home: the
// home, and for the last of its persons one or two others. The others rotate, so
// that every hospital is visited by as many persons as it sends, and has exactly
// the number of patients it was asked to have.
func (w *World) membersOf(home, index int) []int {
	h := w.Config.Hospitals
	switch j := index - (w.home - w.two - w.three); {
	case j < 0:
		return []int{home}
	case j < w.three:
		return []int{home, (home + 1 + j%(h-1)) % h, (home + 1 + (j+1)%(h-1)) % h}
	default:
		return []int{home, (home + 1 + (j-w.three)%(h-1)) % h}
	}
}

// Patients calls do with every patient of a hospital: those whose home it is, then
// those who visit it.
func (w *World) Patients(hospital int, do func(*Person) error) error {
	for i := range w.home {
		if err := w.meet(hospital, i, do); err != nil {
			return err
		}
	}
	cycle := w.Config.Hospitals - 1
	three, two := w.home-w.two-w.three, w.home-w.two // where the shared persons begin
	for step := 1; step <= cycle; step++ {
		home := (hospital + cycle + 1 - step) % (cycle + 1)
		for _, r := range [][3]int{{three, step - 1, w.three}, {three, (step - 2 + cycle) % cycle, w.three}, {two, step - 1, w.two}} {
			for j := r[1]; j < r[2]; j += cycle {
				if err := w.meet(home, r[0]+j, do); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (w *World) meet(home, index int, do func(*Person) error) error {
	d := chance.New(w.Config.Seed, chance.ForPerson, uint64(home*w.Config.Patients+index))
	p := w.newPerson(home, index, d)
	w.live(&p, d)
	return do(&p)
}
