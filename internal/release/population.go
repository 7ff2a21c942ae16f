package release

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"chaperone.example/deid/day"
	"chaperone.example/deid/table"
)

// A population is whose encounters a release is about.
type population struct {
	Permit
	from, until day.Date
	people      people
	unlinked    int64 // rows that do not tell whose they are
}

func newPopulation(p Permit) (*population, error) {
	s := &population{Permit: p, people: people{}}
	for _, d := range []struct {
		text string
		to   *day.Date
	}{{p.From, &s.from}, {p.Until, &s.until}} {
		if d.text == "" {
			continue
		}
		v, ok := day.ParseFHIR([]byte(d.text))
		if !ok {
			return nil, fmt.Errorf("release: the time frame of request %s has no readable date", p.Request)
		}
		*d.to = v
	}
	return s, nil
}

// everybody reports whether nothing narrows the population.
func (s *population) everybody() bool {
	return s.from.IsZero() && s.until.IsZero() && len(s.Classes) == 0 && len(s.Diagnoses) == 0 && !s.aged()
}

// aged reports whether ages narrow the population.
func (s *population) aged() bool { return s.MinAge > 0 || s.MaxAge >= 0 }

// rows is the population as a filter of encounter rows. Whoever passes it is in the
// release, and is remembered for the accounting.
func (s *population) rows(asOf int) table.Filter {
	f := table.Filter{Keep: func(r table.Row) bool {
		if s.aged() && !s.ofAge(rowAge(r, asOf)) || !s.diagnosed(r) {
			return false
		}
		// The table filter asks this last: the row is in.
		if !s.people.add(r.Value("patient.token"), r.Value("patient.mrn")) {
			s.unlinked++
		}
		return true
	}}
	if s.From != "" || s.Until != "" {
		f.Date, f.From, f.To = "encounter.discharge-date", s.from, s.until
	}
	if len(s.Classes) > 0 {
		f.Is = map[string][]string{"encounter.class": s.Classes}
	}
	return f
}

// rowAge returns the age at the encounter in whole years, or -1. An infant's age also
// stands in days, a larger number, in a column of the same element. Without ages, the
// date of birth tells, at admission.
func rowAge(r table.Row, asOf int) int {
	age := -1
	for text := range r.Values("patient.age") {
		if n, err := strconv.Atoi(strings.TrimSuffix(text, "+")); err == nil && n >= 0 && (age < 0 || n < age) {
			age = n
		}
	}
	if age >= 0 {
		return age
	}
	born, ok := day.Parse([]byte(r.Value("patient.birth-date")), asOf)
	if !ok {
		return -1
	}
	for _, element := range []string{"encounter.admit-date", "encounter.discharge-date"} {
		if at, ok := day.Parse([]byte(r.Value(element)), asOf); ok {
			return day.Age(born, at)
		}
	}
	return -1
}

// ofAge reports whether an age in years is in the population; one that is not known
// is not.
func (s *population) ofAge(n int) bool {
	return n >= 0 && n >= s.MinAge && (s.MaxAge < 0 || n <= s.MaxAge)
}

func (s *population) diagnosed(r table.Row) bool {
	if len(s.Diagnoses) == 0 {
		return true
	}
	for code := range r.Values("encounter.diagnosis") {
		if s.listed(code) {
			return true
		}
	}
	return false
}

func (s *population) listed(code string) bool {
	code = strings.ToUpper(strings.ReplaceAll(code, ".", ""))
	return slices.ContainsFunc(s.Diagnoses, func(p string) bool { return strings.HasPrefix(code, p) })
}

func (s *population) within(d day.Date) bool {
	return (s.from.IsZero() || d.Compare(s.from) >= 0) && (s.until.IsZero() || d.Compare(s.until) <= 0)
}

// people are the patients of a release under all the identifiers that the data give
// them. Identifiers that stood together are one person: the map leads from each to
// another of the same person, and from one of them to itself.
type people map[string]string

// add enters a person and reports whether the data name any identifier.
func (p people) add(identifiers ...string) bool {
	first := ""
	for _, id := range identifiers {
		switch {
		case id == "":
			continue
		case first == "":
			first = id
			if _, ok := p[id]; !ok {
				p[id] = id
			}
		default:
			if _, ok := p[id]; !ok {
				p[id] = id
			}
			p[p.root(id)] = p.root(first)
		}
	}
	return first != ""
}

func (p people) root(id string) string {
	for p[id] != id {
		p[id] = p[p[id]] // shorten the way for the next
		id = p[id]
	}
	return id
}

// count returns the number of different people.
func (p people) count() (n int) {
	for id, to := range p {
		if id == to {
			n++
		}
	}
	return n
}
