// Package population finds who a release is about: the encounters that a request
// described by dates, classes, ages and diagnoses, and the patients whose they are,
// in an encounter extract (CSV) or a FHIR export (NDJSON).
//
// It also remembers the people under every identifier that the data give them, which
// is what an accounting of disclosures (45 CFR 164.528) is later made from.
package population

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"chaperone.example/deid/day"
	"chaperone.example/deid/table"
	"chaperone.example/law/fact"
)

// Criteria describe a population; what is left out narrows nothing.
type Criteria struct {
	From, Until    string   // dates of discharge, inclusive, as 2026-01-31; empty for open
	Classes        []string // of encounters, by the letter of the extract
	Diagnoses      []string // prefixes of ICD-10-CM codes, without dot
	MinAge, MaxAge int      // years at the encounter, inclusive; MaxAge -1 for no limit
}

// A Group is the population of one release, as it is found file by file.
type Group struct {
	Criteria
	from, until day.Date
	people      people
	unlinked    int64
	files       []file
	apart       *apart // nil: no patient is left out by what the records show
}

// New returns the group of a description, with nobody in it yet.
func New(c Criteria) (*Group, error) {
	g := &Group{Criteria: c, people: people{}}
	for _, d := range []struct {
		text string
		to   *day.Date
	}{{c.From, &g.from}, {c.Until, &g.until}} {
		if d.text == "" {
			continue
		}
		v, ok := day.ParseFHIR([]byte(d.text))
		if !ok {
			return nil, errors.New("population: a date of the time frame is not readable")
		}
		*d.to = v
	}
	return g, nil
}

// Dates returns the first and the last date, zero where open.
func (g *Group) Dates() (from, until day.Date) { return g.from, g.until }

// Count returns how many different people were found, as far as the data tell.
func (g *Group) Count() int { return g.people.count() }

// Unlinked returns how many rows that were found do not tell whose they are.
func (g *Group) Unlinked() int64 { return g.unlinked }

// Identifiers returns every identifier of everybody who was found, in order.
func (g *Group) Identifiers() []string { return slices.Sorted(maps.Keys(g.people)) }

// everybody reports whether nothing narrows the population.
func (g *Group) everybody() bool {
	return g.from.IsZero() && g.until.IsZero() && len(g.Classes) == 0 && len(g.Diagnoses) == 0 && !g.aged()
}

// aged reports whether ages narrow the population.
func (g *Group) aged() bool { return g.MinAge > 0 || g.MaxAge >= 0 }

// Rows is the population as a filter of encounter rows. Whoever passes it is in the
// release, and is remembered. Two-digit years are those up to the year asOf.
//
// Program says whether a substance-use program made the rows.
func (g *Group) Rows(asOf int, program fact.Answer) table.Filter {
	f := table.Filter{Keep: func(r table.Row) bool {
		if g.aged() && !g.ofAge(rowAge(r, asOf)) || !g.diagnosed(r) {
			return false
		}
		if g.apart != nil && !g.apart.row(r, asOf, program) {
			return false
		}
		// The table filter asks this last: the row is in.
		if !g.people.add(r.Value("patient.token"), r.Value("patient.mrn")) {
			g.unlinked++
		}
		return true
	}}
	if g.From != "" || g.Until != "" {
		f.Date, f.From, f.To = "encounter.discharge-date", g.from, g.until
	}
	if len(g.Classes) > 0 {
		f.Is = map[string][]string{"encounter.class": g.Classes}
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
func (g *Group) ofAge(n int) bool {
	return n >= 0 && n >= g.MinAge && (g.MaxAge < 0 || n <= g.MaxAge)
}

func (g *Group) diagnosed(r table.Row) bool {
	if len(g.Diagnoses) == 0 {
		return true
	}
	for code := range r.Values("encounter.diagnosis") {
		if g.listed(code) {
			return true
		}
	}
	return false
}

// listed reports whether a diagnosis is among those asked for. Codes have three
// characters at least; beside them stand flags of one letter (present on admission).
func (g *Group) listed(code string) bool {
	if len(code) < 3 {
		return false
	}
	code = strings.ToUpper(strings.ReplaceAll(code, ".", ""))
	return slices.ContainsFunc(g.Diagnoses, func(p string) bool { return strings.HasPrefix(code, p) })
}

func (g *Group) within(d day.Date) bool {
	return (g.from.IsZero() || d.Compare(g.from) >= 0) && (g.until.IsZero() || d.Compare(g.until) <= 0)
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
