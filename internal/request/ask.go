package request

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"

	"chaperone.example/internal/fault"
	"chaperone.example/law"
	"chaperone.example/law/purpose"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// An Ask is what is asked for, in closed vocabularies (REQ-1). It holds no free text.
type Ask struct {
	Discloser  string           `json:"discloser"` // organization that holds the data
	Purpose    purpose.Kind     `json:"purpose"`
	Activity   purpose.Activity `json:"activity,omitempty"`   // for operations: which of them
	Basis      string           `json:"basis,omitempty"`      // rule that the person who asks believes to permit it
	Consortium string           `json:"consortium,omitempty"` // organization whose consortium runs the project
	Combines   []string         `json:"combines,omitempty"`   // organizations whose data will be combined with these
	Population Population       `json:"population"`
	Window     law.Window       `json:"window"` // dates of discharge, both ends included
	Elements   []string         `json:"elements"`
	Form       law.Form         `json:"form"`
	Recipients []string         `json:"recipients"` // users of the organization that asks
	Retention  int              `json:"retention"`  // days after which the recipients destroy the data
}

// A Population says whose encounters are wanted. What is empty is not restricted.
type Population struct {
	Classes   []Class  `json:"classes,omitempty"`
	MinAge    int      `json:"min_age,omitempty"`   // years at the encounter, included
	MaxAge    *int     `json:"max_age,omitempty"`   // years at the encounter, included
	Diagnoses []string `json:"diagnoses,omitempty"` // ICD-10-CM prefixes without the dot, any position: I50
}

// A Class is a class of encounters, by its letter in the encounter extract.
type Class string

// The classes of encounters.
const (
	Inpatient   Class = "I"
	Emergency   Class = "E"
	Outpatient  Class = "O"
	Observation Class = "B"
)

// Classes lists the classes of encounters.
func Classes() []Class { return []Class{Inpatient, Emergency, Outpatient, Observation} }

// Title returns the plain name of the class, empty if it is unknown.
func (c Class) Title() string {
	switch c {
	case Inpatient:
		return "Inpatient stays"
	case Emergency:
		return "Emergency department visits"
	case Outpatient:
		return "Outpatient visits"
	case Observation:
		return "Observation stays"
	}
	return ""
}

// Details are the words of a request. They are sealed, and never in an event.
type Details struct {
	Project   string `json:"project"`
	Statement string `json:"statement"`          // why the data are needed
	WhyMore   string `json:"why_more,omitempty"` // why a less identifying form does not serve
}

// Bounds of an ask.
const (
	maxProject   = 120  // characters
	maxStatement = 4000 // characters
	maxDiagnoses = 100
	maxPeople    = 50
	maxAge       = 120     // years
	maxRetention = 6 * 366 // days
	oldest       = 1900    // year
	combinesMost = 200     // organizations
	longestID    = 64      // bytes of an id
)

// check reports what is wrong with the ask by itself.
func (a Ask) check() error {
	if a.Discloser == "" {
		return invalid("choose the organization whose data you ask for")
	}
	if _, ok := a.Purpose.Index(); !ok {
		return invalid("choose a purpose from the list")
	}
	switch {
	case a.Purpose == purpose.Operations && !a.Activity.Known():
		return invalid("say which of the health care operations the data are for: the law tells them apart (45 CFR 164.501, 164.506(c)(4))")
	case a.Purpose != purpose.Operations && a.Activity != "":
		return invalid("an activity belongs to the purpose health care operations only: leave it out")
	}
	if a.Basis != "" && !slices.ContainsFunc(Bases(), func(r law.Rule) bool { return r.ID == a.Basis }) {
		return invalid("the lawful basis is not one of the rule book: choose it from the list, or leave it open")
	}
	if len(a.Combines) > combinesMost {
		return invalid("at most %d organizations can be combined", combinesMost)
	}
	if slices.Contains(a.Combines, a.Discloser) {
		return invalid("the organization asked is among those combined with it: name the others only")
	}
	if err := a.Population.check(); err != nil {
		return err
	}
	switch w := a.Window; {
	case w.From == 0 || w.Until == 0:
		return invalid("give the first and the last day of the time frame")
	case w.From > w.Until:
		return invalid("the time frame ends before it begins: exchange the two dates")
	case w.From.Year() < oldest:
		return invalid("the time frame begins before %d: correct the year", oldest)
	}
	if len(a.Elements) == 0 {
		return invalid("choose at least one element")
	}
	for i, id := range a.Elements {
		if _, ok := phi.Lookup(id); !ok {
			return invalid("element %d of the list is not in the catalogue: choose elements from it", i+1)
		}
	}
	if a.Form < law.SafeHarbor || a.Form > law.Identified {
		return invalid("choose the form in which you want the data")
	}
	if len(a.Recipients) == 0 {
		return invalid("choose at least one recipient: a person of your organization with a registered key")
	}
	if len(a.Recipients) > maxPeople {
		return invalid("at most %d people can receive the data of one request", maxPeople)
	}
	for _, list := range [][]string{a.Elements, a.Recipients, a.Combines, {a.Discloser, a.Consortium}} {
		if slices.ContainsFunc(list, func(id string) bool { return len(id) > longestID }) {
			return invalid("an id is longer than %d characters", longestID)
		}
	}
	if repeats(a.Elements) || repeats(a.Recipients) || repeats(a.Combines) {
		return invalid("something is listed twice among elements, recipients or combined organizations: list it once")
	}
	if a.Retention < 1 || a.Retention > maxRetention {
		return invalid("give the retention in days, from 1 to %d", maxRetention)
	}
	return nil
}

func (p Population) check() error {
	for i, c := range p.Classes {
		if c.Title() == "" || slices.Contains(p.Classes[:i], c) {
			return invalid("encounter classes are I, E, O and B, each at most once")
		}
	}
	if p.MinAge < 0 || p.MinAge > maxAge || p.MaxAge != nil && (*p.MaxAge < 0 || *p.MaxAge > maxAge) {
		return invalid("ages are whole years from 0 to %d", maxAge)
	}
	if p.MaxAge != nil && p.MinAge > *p.MaxAge {
		return invalid("the youngest age is above the oldest: exchange the two")
	}
	if len(p.Diagnoses) > maxDiagnoses {
		return invalid("at most %d diagnosis codes can be listed: use shorter ones that cover more", maxDiagnoses)
	}
	for i, d := range p.Diagnoses {
		if norm, ok := diagnosis(d); !ok || norm != d || slices.Contains(p.Diagnoses[:i], d) {
			return invalid("diagnosis %d of the list is not the beginning of an ICD-10-CM code, written once and without the dot, like I50 or E119", i+1)
		}
	}
	return nil
}

// ParseDiagnoses reads ICD-10-CM prefixes separated by commas or white space; dots
// and lower case are taken as people write them, and duplicates are dropped.
func ParseDiagnoses(s string) ([]string, error) {
	var out []string
	for i, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\n' || r == '\t' || r == '\r' }) {
		d, ok := diagnosis(word)
		if !ok {
			return nil, invalid("diagnosis %d of the list is not the beginning of an ICD-10-CM code: write it like I50 or E11.9", i+1)
		}
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
		if len(out) > maxDiagnoses {
			return nil, invalid("at most %d diagnosis codes can be listed: use shorter ones that cover more", maxDiagnoses)
		}
	}
	return out, nil
}

// diagnosis normalizes the beginning of an ICD-10-CM code: a letter, a digit, then up
// to five letters or digits, with a dot allowed after the third character.
func diagnosis(s string) (string, bool) {
	if len(s) > 3 && s[3] == '.' {
		s = s[:3] + s[4:]
	}
	if len(s) < 2 || len(s) > 7 {
		return "", false
	}
	s = strings.ToUpper(s)
	for i := range len(s) {
		letter, digit := s[i] >= 'A' && s[i] <= 'Z', s[i] >= '0' && s[i] <= '9'
		if i == 0 && !letter || i == 1 && !digit || !letter && !digit {
			return "", false
		}
	}
	return s, true
}

// check reports what is wrong with the words of a request.
func (d Details) check(f law.Form) error {
	switch {
	case strings.TrimSpace(d.Project) == "":
		return invalid("enter the project's name")
	case len([]rune(d.Project)) > maxProject:
		return invalid("the project's name is longer than %d characters: shorten it", maxProject)
	case strings.TrimSpace(d.Statement) == "":
		return invalid("state the purpose: what the data will be used for, and by whom")
	case len([]rune(d.Statement)) > maxStatement || len([]rune(d.WhyMore)) > maxStatement:
		return invalid("a statement is longer than %d characters: shorten it", maxStatement)
	case f > law.Expert && strings.TrimSpace(d.WhyMore) == "":
		return invalid("say why de-identified data do not serve the purpose: the least identifying form comes first (45 CFR 164.502(b))")
	}
	if slices.ContainsFunc([]string{d.Project, d.Statement, d.WhyMore}, numbersPerson) {
		return invalid("a statement holds a long number, such as a record or social security number: remove whatever points to a patient")
	}
	return nil
}

// numbersPerson reports whether the text holds a run of seven digits or more, with
// or without dashes and spaces between them, that is no date: people paste record
// numbers into purpose statements.
func numbersPerson(s string) bool {
	digits, dashes := 0, 0
	for i := 0; i <= len(s); i++ {
		switch {
		case i < len(s) && s[i] >= '0' && s[i] <= '9':
			digits++
		case i < len(s) && digits > 0 && s[i] == '-':
			dashes++
		default:
			if digits >= 7 && !(digits == 8 && dashes == 2) { // 2026-01-31 is a date
				return true
			}
			digits, dashes = 0, 0
		}
	}
	return false
}

// narrows reports how b asks for more than a, or for something else; nil if it only
// asks for less.
func (a Ask) narrows(b Ask) error {
	within := func(small, large []string) bool {
		return !slices.ContainsFunc(small, func(s string) bool { return !slices.Contains(large, s) })
	}
	what := ""
	switch {
	case b.Discloser != a.Discloser || b.Purpose != a.Purpose || b.Activity != a.Activity || b.Consortium != a.Consortium || !slices.Equal(b.Combines, a.Combines):
		what = "the organization asked, the purpose, the activity and the project's consortium stay"
	case !within(b.Elements, a.Elements):
		what = "it names elements that were not asked for"
	case !within(b.Recipients, a.Recipients):
		what = "it names recipients who were not named before"
	case b.Form > a.Form:
		what = "its form is more identifying"
	case b.Window.From < a.Window.From || b.Window.Until > a.Window.Until:
		what = "its time frame is longer"
	case b.Retention > a.Retention:
		what = "its retention is longer"
	case !a.Population.covers(b.Population):
		what = "its population is larger"
	}
	if what == "" {
		return nil
	}
	return fault.New(fault.Refused, "an amendment only narrows, and %s: make a new request for it", what)
}

// covers reports whether everybody in b is in p.
func (p Population) covers(b Population) bool {
	if len(p.Classes) > 0 && (len(b.Classes) == 0 || slices.ContainsFunc(b.Classes, func(c Class) bool { return !slices.Contains(p.Classes, c) })) {
		return false
	}
	if b.MinAge < p.MinAge || p.MaxAge != nil && (b.MaxAge == nil || *b.MaxAge > *p.MaxAge) {
		return false
	}
	if len(p.Diagnoses) == 0 {
		return true
	}
	return len(b.Diagnoses) > 0 && !slices.ContainsFunc(b.Diagnoses, func(d string) bool {
		return !slices.ContainsFunc(p.Diagnoses, func(large string) bool { return strings.HasPrefix(d, large) })
	})
}

// Bases lists the rules that can permit a disclosure, for whoever wants to name one.
func Bases() []law.Rule {
	return slices.DeleteFunc(law.Rules(), func(r law.Rule) bool { return r.Effect != law.Grants })
}

func repeats(list []string) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) < len(list)
}

func invalid(format string, a ...any) error { return fault.New(fault.Invalid, format, a...) }

// ID returns the id of the request that an actor makes with an idempotency key: the
// same key names the same request, so that sending it twice makes one, and nobody
// else's.
func ID(a ledger.Actor, key string) string {
	sum := sha256.Sum256([]byte("chaperone request v1\x00" + a.ID + "\x00" + key))
	return "q-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:16])[:26])
}
