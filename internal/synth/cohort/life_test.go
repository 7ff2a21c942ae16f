package cohort

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// everybody returns the people of a world by their number, and the patients of each
// hospital.
func everybody(t interface{ Fatal(...any) }, w *World) (people map[int]*Person, patients [][]*Person) {
	people, patients = map[int]*Person{}, make([][]*Person, len(w.Hospitals))
	for i := range w.Hospitals {
		err := w.Patients(i, func(p *Person) error {
			copied := *p
			patients[i] = append(patients[i], &copied)
			people[p.Ordinal] = &copied
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return people, patients
}

func world(t interface{ Fatal(...any) }, cfg Config) *World {
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// What must be so for every person of every consortium.
func TestLives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := world(t, Config{
			Hospitals: rapid.IntRange(1, 6).Draw(t, "hospitals"),
			Patients:  rapid.IntRange(1, 70).Draw(t, "patients"),
			Months:    rapid.IntRange(1, 15).Draw(t, "months"),
			Seed:      rapid.Uint64().Draw(t, "seed"),
			Start:     time.Date(rapid.IntRange(2023, 2030).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), 1, 0, 0, 0, 0, time.UTC),
		})
		people, patients := everybody(t, w)
		for i, list := range patients {
			if len(list) != w.Config.Patients {
				t.Fatalf("hospital %d has %d patients, want %d", i, len(list), w.Config.Patients)
			}
			for _, p := range list {
				if _, ok := p.At(i); !ok {
					t.Fatalf("a patient of hospital %d is not a member of it", i)
				}
			}
		}
		for _, p := range people {
			if msg := unsound(w, p); msg != "" {
				t.Fatalf("person %d: %s", p.Ordinal, msg)
			}
		}
	})
}

// unsound says what is impossible about a person, or nothing.
func unsound(w *World, p *Person) string {
	seen := map[int]bool{}
	keys := map[string]bool{}
	for i := range p.Stays {
		s := &p.Stays[i]
		seen[s.Hospital] = true
		if msg := impossible(w, p, s); msg != "" {
			return fmt.Sprintf("stay %d (%c, %s, %v to %v): %s", i, s.Class, s.Why, s.Admit, s.Discharge, msg)
		}
		if keys[s.Key] {
			return "two stays with one key"
		}
		keys[s.Key] = true
		if i > 0 && begins(s).Before(p.Stays[i-1].Discharge) {
			return fmt.Sprintf("stay %d begins before the one before it ends", i)
		}
	}
	for _, m := range p.Members {
		if !seen[m.Hospital] {
			return fmt.Sprintf("never seen at hospital %d", m.Hospital)
		}
	}
	for _, l := range p.Links {
		days := DaysBetween(l.Index.Discharge, l.Next.Admit)
		if l.Days != days || days < 1 || days > 30 || l.Next.Planned || l.Index.Class != 'I' || l.Next.Class != 'I' {
			return fmt.Sprintf("a readmission after %d days that is none", days)
		}
		if slices.Contains([]string{"20", "02", "07"}, l.Index.Disposition) {
			return "a readmission after disposition " + l.Index.Disposition
		}
	}
	if p.Traits&Oldest != 0 && p.AgeAt(w.Start) < 90 {
		return "labelled over 89, but younger"
	}
	if len(p.Members) > 1 && p.Token == "" {
		return "shared, but without a token"
	}
	return ""
}

func impossible(w *World, p *Person, s *Stay) string {
	wall := w.Hospitals[s.Hospital].Region.zone
	switch {
	case !s.Discharge.After(s.Admit):
		return "ends before it begins"
	case s.Admit.Before(w.Start) || !s.Discharge.Before(w.End):
		return "is not in the time of the extract"
	case s.Days != DaysBetween(s.Admit, s.Discharge):
		return fmt.Sprintf("length of stay %d, want %d", s.Days, DaysBetween(s.Admit, s.Discharge))
	case s.Admit.Format("-07:00") != wall.at(s.Admit).Format("-07:00") || s.Discharge.Format("-07:00") != wall.at(s.Discharge).Format("-07:00"):
		return "is not in the hospital's time"
	case Day(s.Admit).Before(p.Birth):
		return "is before birth"
	case !p.Death.IsZero() && Day(s.Discharge).After(Day(p.Death)):
		return "is after death"
	case s.Disposition == "20" && !p.Death.Equal(s.Discharge):
		return "death and discharge differ"
	case len(s.Diagnoses) == 0 || len(s.Diagnoses) > 25 || len(s.Procedures) > 25:
		return "too few or too many codes"
	case s.ICUDays > s.Days || s.VentHours > 24*max(1, s.Days):
		return "more intensive care than days"
	case s.Cost <= 0 || s.Charges < s.Cost:
		return "costs more than it charges"
	case s.Obstetric && (p.Male || s.Category != 14 || s.Gravida <= s.Parity):
		return "is not obstetric"
	}
	if !s.EDArrival.IsZero() {
		if s.EDArrival.After(s.EDDepart) || s.EDDepart.After(s.Discharge) || !s.EDDecision.IsZero() && (s.EDArrival.After(s.EDDecision) || s.EDDecision.After(s.EDDepart)) {
			return "emergency department times out of order"
		}
	}
	codes := map[string]bool{}
	for _, x := range s.Diagnoses {
		if codes[x.Code] {
			return x.Code + " twice"
		}
		codes[x.Code] = true
		if bed := s.Class == 'I'; bed != (x.POA != "") || bed && !strings.Contains("YNUW1", x.POA) {
			return fmt.Sprintf("present on admission %q for class %c", x.POA, s.Class)
		}
		if Title(x.Code) == x.Code {
			return x.Code + " has no title"
		}
	}
	for _, x := range s.Procedures {
		if x.Date.Before(Day(s.Admit)) || x.Date.After(Day(s.Discharge)) {
			return x.Code + " outside the stay"
		}
		if Title(x.Code) == x.Code {
			return x.Code + " has no title"
		}
	}
	if s.Class == 'I' != (s.Group > 0) {
		return "a payment group without a bed, or a bed without one"
	}
	return ""
}

// Each label is there from a modest size on: tests rely on it.
func TestEveryTraitOccurs(t *testing.T) {
	w := world(t, Config{Hospitals: 3, Patients: 80, Months: 12, Seed: 5})
	people, _ := everybody(t, w)
	count := map[string]int{}
	for _, p := range people {
		for _, l := range p.Traits.Labels() {
			count[l]++
		}
	}
	for _, l := range labels {
		if count[l] == 0 {
			t.Errorf("nobody is labelled %s", l)
		}
	}
}

func TestSharedPeople(t *testing.T) {
	w := world(t, Config{Hospitals: 4, Patients: 100, Months: 12, Seed: 5})
	people, patients := everybody(t, w)
	sizes := map[int]int{}
	elsewhere := 0
	for _, p := range people {
		sizes[len(p.Members)]++
		mrns := map[string]bool{}
		for _, m := range p.Members {
			mrns[m.MRN] = true
			same := slices.ContainsFunc(patients[m.Hospital], func(q *Person) bool {
				return q.Ordinal == p.Ordinal && q.Token == p.Token && q.SSN == p.SSN && len(q.Stays) == len(p.Stays)
			})
			if !same {
				t.Errorf("person %d is another one at hospital %d", p.Ordinal, m.Hospital)
			}
		}
		if len(mrns) != len(p.Members) {
			t.Errorf("person %d has %d record numbers at %d hospitals", p.Ordinal, len(mrns), len(p.Members))
		}
		for _, l := range p.Links {
			if l.Index.Hospital != l.Next.Hospital {
				elsewhere++
			}
		}
	}
	if sizes[2] != 4*10 || sizes[3] != 4*2 {
		t.Errorf("%d people have two hospitals and %d three, want 40 and 8", sizes[2], sizes[3])
	}
	if elsewhere == 0 {
		t.Error("nobody is readmitted at another hospital")
	}
}

// A hospital's effect can be found again: the log of observed over expected odds
// agrees with it within four standard errors, and both hospitals differ from each
// other.
func TestEffectsAreRecoverable(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 12,000 people")
	}
	average := Effect{Cost: 1, LengthOfStay: 1, EDTime: 1}
	good, bad := average, average
	good.Mortality, good.Readmission, good.Cesarean, good.Cost, good.EDTime, good.PressureInjury = -.7, -.6, -.6, .8, .75, -1
	bad.Mortality, bad.Readmission, bad.Cesarean, bad.Cost, bad.EDTime, bad.PressureInjury = .7, .6, .6, 1.3, 1.5, 1
	w := world(t, Config{Hospitals: 2, Patients: 6000, Months: 24, Seed: 11, Effects: []Effect{good, bad}})
	var cost, cesareans, births, boarded, boarding, injuries [2]float64
	for i, want := range []Effect{good, bad} {
		var deaths, readmissions trials
		n := 0.0
		err := w.Patients(i, func(p *Person) error {
			for _, s := range p.Stays {
				if s.Hospital != i || s.Class != 'I' {
					continue
				}
				deaths.add(s.Risk.Death, s.Disposition == "20")
				if s.Risk.Counted {
					readmissions.add(s.Risk.Readmission, s.Risk.Readmitted)
				}
				n, cost[i] = n+1, cost[i]+float64(s.Cost)
				if !s.EDDecision.IsZero() {
					boarded[i], boarding[i] = boarded[i]+1, boarding[i]+s.EDDepart.Sub(s.EDDecision).Minutes()
				}
				for _, x := range s.Diagnoses {
					if strings.HasPrefix(x.Code, "L89") && (x.POA == "N" || x.POA == "U") {
						injuries[i]++
					}
				}
				if s.Obstetric {
					births[i]++
					for _, x := range s.Procedures {
						if strings.HasPrefix(x.Code, "10D00Z") {
							cesareans[i]++
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		cost[i] /= n
		deaths.expect(t, "mortality", want.Mortality)
		readmissions.expect(t, "readmission", want.Readmission)
	}
	if ratio := cost[1] / cost[0]; ratio < 1.4 || ratio > 1.9 {
		t.Errorf("cost per case differs by %.2f, want about 1.3/0.8", ratio)
	}
	if ratio := boarding[1] / boarded[1] * boarded[0] / boarding[0]; ratio < 1.8 || ratio > 2.2 {
		t.Errorf("boarding differs by %.2f, want about 1.5/0.75", ratio)
	}
	if injuries[1] < 4*injuries[0] || injuries[0] == 0 {
		t.Errorf("%v and %v pressure injuries, want the second about seven times the first", injuries[0], injuries[1])
	}
	if a, b := cesareans[0]/births[0], cesareans[1]/births[1]; a < .12 || b < a+.1 {
		t.Errorf("cesarean rates %.2f and %.2f, want the second well above the first", a, b)
	}
}

// trials are many events with known probabilities under an average hospital.
type trials struct {
	p      []float64
	events float64
}

func (x *trials) add(p float64, event bool) {
	x.p = append(x.p, p)
	if event {
		x.events++
	}
}

// expect solves for the shift of log-odds that explains the events (Newton), and
// compares it.
func (x *trials) expect(t *testing.T, what string, want float64) {
	t.Helper()
	shift, information := 0.0, 0.0
	for range 25 {
		expected := 0.0
		information = 0
		for _, p := range x.p {
			q := 1 / (1 + math.Exp(-math.Log(p/(1-p))-shift))
			expected, information = expected+q, information+q*(1-q)
		}
		shift += (x.events - expected) / information
	}
	if se := 1 / math.Sqrt(information); math.Abs(shift-want) > 4*se || se > .2 {
		t.Errorf("%s: found %.2f ± %.2f of %d, want %.2f", what, shift, se, len(x.p), want)
	}
}

// The 2024 and 2025 changes of the clocks, and a State without them.
func TestClocks(t *testing.T) {
	eastern, arizona := newZone(-5, true), newZone(-7, false)
	for _, c := range []struct {
		zone zone
		utc  string
		want string
	}{
		{eastern, "2024-03-10T06:59:00Z", "2024-03-10T01:59:00-05:00"},
		{eastern, "2024-03-10T07:00:00Z", "2024-03-10T03:00:00-04:00"},
		{eastern, "2024-11-03T05:59:00Z", "2024-11-03T01:59:00-04:00"},
		{eastern, "2024-11-03T06:00:00Z", "2024-11-03T01:00:00-05:00"},
		{eastern, "2025-03-09T07:00:00Z", "2025-03-09T03:00:00-04:00"},
		{arizona, "2024-07-01T12:00:00Z", "2024-07-01T05:00:00-07:00"},
	} {
		at, err := time.Parse(time.RFC3339, c.utc)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.zone.at(at).Format(time.RFC3339); got != c.want {
			t.Errorf("%s is %s on the wall, want %s", c.utc, got, c.want)
		}
	}
	got := eastern.clock(time.Date(2024, 3, 9, 0, 0, 0, 0, time.UTC), 1, 9, 30).Format(time.RFC3339)
	if want := "2024-03-10T09:30:00-04:00"; got != want {
		t.Errorf("clock = %s, want %s", got, want)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no hospital":   {Patients: 1, Months: 1},
		"no patient":    {Hospitals: 1, Months: 1},
		"no month":      {Hospitals: 1, Patients: 1},
		"too many":      {Hospitals: 1000, Patients: 1_000_000, Months: 1},
		"too long":      {Hospitals: 1, Patients: 1, Months: 121},
		"too early":     {Hospitals: 1, Patients: 1, Months: 1, Start: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)},
		"effects short": {Hospitals: 2, Patients: 1, Months: 1, Effects: make([]Effect, 1)},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestHospitalNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for i := range 1000 {
		slug, name := titled(i)
		if seen[slug] || !strings.HasSuffix(name, " (synthetic)") {
			t.Errorf("hospital %d: %s, %s", i, slug, name)
		}
		seen[slug] = true
	}
}

// The codes have the form of their systems, and the rare towns those of the census.
func TestTables(t *testing.T) {
	for code := range titles {
		cm := len(code) >= 3 && len(code) <= 7 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= '0' && code[1] <= '9'
		pcs := len(code) == 7 && !strings.ContainsAny(code, "IO")
		if !cm && !pcs {
			t.Errorf("%s is no ICD-10 code", code)
		}
	}
	small := map[string]bool{"036": true, "059": true, "102": true, "202": true, "203": true, "204": true, "205": true, "369": true, "556": true, "692": true,
		"753": true, "772": true, "821": true, "823": true, "878": true, "879": true, "884": true, "893": true} // 2020 census, at most 20,000 people
	for _, x := range rareTowns {
		if !small[x.ZIP[:3]] {
			t.Errorf("%s %s is not rare", x.City, x.ZIP)
		}
	}
	for _, r := range regions() {
		for _, x := range r.Towns {
			if small[x.ZIP[:3]] {
				t.Errorf("%s %s is rare", x.City, x.ZIP)
			}
		}
	}
}
