package population

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"chaperone.example/deid/day"
	"chaperone.example/internal/fault"
	"chaperone.example/law/cohort"
	"chaperone.example/law/fact"
)

// maxLine is the longest resource that is read, in bytes: what the transform reads.
const maxLine = 16 << 20

// encounterClass maps HL7 v3-ActCode to the letters of the extract.
var encounterClass = map[string]string{"IMP": "I", "ACUTE": "I", "NONAC": "I", "EMER": "E", "AMB": "O", "OBSENC": "B"}

type reference struct{ Reference string }

// id returns the last part of a reference to a type of resource, "" for another.
func (r reference) id(kind string) string {
	if rest, ok := strings.CutPrefix(r.Reference, "urn:uuid:"); ok {
		return rest
	}
	rest, id, ok := cutLast(r.Reference)
	if ok && (rest == kind || strings.HasSuffix(rest, "/"+kind)) {
		return id
	}
	return ""
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

type concept struct {
	Coding []struct{ System, Code string }
}

// A resource is the little of a FHIR resource that tells whose it is and when.
type resource struct {
	ResourceType string
	ID           string
	BirthDate    string
	Subject      reference
	Encounter    reference
	Context      json.RawMessage // an encounter in some resources, more in others
	Class        struct{ Code string }
	Period       struct{ Start, End string }
	Identifier   json.RawMessage
	Code         json.RawMessage
	ReasonCode   json.RawMessage
}

// read reads a line. A member that is of another kind in some type of resource is
// left out.
func read(line []byte) (x resource, ok bool) {
	err := json.Unmarshal(line, &x)
	var other *json.UnmarshalTypeError
	return x, err == nil || errors.As(err, &other)
}

const icd10cm = "http://hl7.org/fhir/sid/icd-10-cm"

// encounter returns the id of the encounter that a resource belongs to.
func (x resource) encounter() string {
	if id := x.Encounter.id("Encounter"); id != "" {
		return id
	}
	var one reference
	if json.Unmarshal(x.Context, &one) == nil && one.Reference != "" {
		return one.id("Encounter")
	}
	var many struct{ Encounter []reference } // of a DocumentReference
	if json.Unmarshal(x.Context, &many) == nil && len(many.Encounter) == 1 {
		return many.Encounter[0].id("Encounter")
	}
	return ""
}

// A Selection is the population found in a FHIR export, by the ids of the export.
type Selection struct {
	patients   map[string]bool
	encounters map[string]bool // nil: all
}

// Find reads a FHIR export once and returns who is in the population, and which of
// their encounters. Encounters come before what refers to them only by chance, so
// that diagnoses are matched at the end: those that name an encounter with it, the
// others with every encounter of the patient.
//
// Program says whether a substance-use program made the records.
func (g *Group) Find(r io.Reader, program fact.Answer) (Selection, error) {
	born := map[string]day.Date{}
	known := map[string][]string{}  // patient → identifiers
	diagnosed := map[string]bool{}  // encounters, by id
	everywhere := map[string]bool{} // patients with a listed diagnosis of no encounter
	type stay struct {
		id, patient string
		at          day.Date // at its beginning, for the age
	}
	var stays []stay
	err := lines(r, func(line []byte) error {
		x, ok := read(line)
		if !ok {
			return nil // what it cannot read it cannot select; the transform reports it with its line
		}
		patient := x.Subject.id("Patient")
		switch x.ResourceType {
		case "Patient":
			if d, ok := day.ParseFHIR([]byte(x.BirthDate)); ok {
				born[x.ID] = d
			}
			known[x.ID] = cohort.RecordNumbers(x.Identifier)
		case "Condition":
			if !g.coded(x.Code) {
				break
			}
			if e := x.encounter(); e != "" {
				diagnosed[e] = true
			} else {
				everywhere[patient] = true
			}
		case "Encounter":
			start, end := x.Period.Start, x.Period.End
			if end == "" {
				end = start
			}
			if start == "" {
				start = end
			}
			at, ok := day.ParseFHIR([]byte(end))
			first, _ := day.ParseFHIR([]byte(start))
			dated := ok || g.from.IsZero() && g.until.IsZero()
			if dated && g.within(at) && (len(g.Classes) == 0 || slices.Contains(g.Classes, encounterClass[x.Class.Code])) {
				stays = append(stays, stay{x.ID, patient, first})
				if g.reasoned(x.ReasonCode) {
					diagnosed[x.ID] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		return Selection{}, err
	}
	out := Selection{patients: map[string]bool{}}
	if g.everybody() {
		for id := range known {
			out.patients[id] = true
		}
	} else {
		out.encounters = map[string]bool{}
	}
	for _, st := range stays {
		if len(g.Diagnoses) > 0 && !diagnosed[st.id] && !everywhere[st.patient] {
			continue
		}
		if g.aged() {
			b, ok := born[st.patient]
			if !ok || st.at.IsZero() || !g.ofAge(day.Age(b, st.at)) {
				continue
			}
		}
		out.patients[st.patient] = true
		if out.encounters != nil {
			out.encounters[st.id] = true
		}
	}
	delete(out.patients, "")
	if g.apart != nil {
		for id := range out.patients {
			if !g.apart.patient(id, known[id], program) {
				delete(out.patients, id)
			}
		}
	}
	for id := range out.patients {
		g.people.add(append([]string{"Patient/" + id}, known[id]...)...)
	}
	return out, nil
}

// coded reports whether a concept has a listed diagnosis.
func (g *Group) coded(code json.RawMessage) bool {
	var c concept
	return json.Unmarshal(code, &c) == nil && slices.ContainsFunc(c.Coding, func(x struct{ System, Code string }) bool { return x.System == icd10cm && g.listed(x.Code) })
}

// reasoned reports whether one of several concepts has a listed diagnosis.
func (g *Group) reasoned(codes json.RawMessage) bool {
	var all []json.RawMessage
	return json.Unmarshal(codes, &all) == nil && slices.ContainsFunc(all, g.coded)
}

// Patient reports whether a patient is in the population, by the id of the export.
func (n Selection) Patient(id []byte) bool { return n.patients[string(id)] }

// keeps reports whether a resource belongs to no encounter or to one of the
// population. The transform asks for the patient and the time.
func (n Selection) keeps(line []byte) bool {
	if n.encounters == nil {
		return true
	}
	x, ok := read(line)
	if !ok {
		return true // refused by the transform, with its line
	}
	if x.ResourceType == "Encounter" {
		return n.encounters[x.ID]
	}
	e := x.encounter()
	return e == "" || n.encounters[e]
}

// A Sieve passes on the resources that belong to no encounter or to one of the
// population.
type Sieve struct {
	in      *bufio.Scanner
	keeps   func([]byte) bool
	line    []byte // the one being passed on
	rest    []byte // of it
	dropped uint64
}

// Sift reads r through a selection.
func Sift(r io.Reader, n Selection) *Sieve { return &Sieve{in: scanner(r), keeps: n.keeps} }

// Dropped returns how many resources were left out so far.
func (s *Sieve) Dropped() uint64 { return s.dropped }

// Read implements io.Reader.
func (s *Sieve) Read(p []byte) (int, error) {
	for len(s.rest) == 0 {
		if !s.in.Scan() {
			if err := s.in.Err(); err != nil {
				return 0, tooLong(err)
			}
			return 0, io.EOF
		}
		line := s.in.Bytes()
		if len(bytes.TrimSpace(line)) > 0 && !s.keeps(line) {
			s.dropped++
			continue
		}
		s.line = append(append(s.line[:0], line...), '\n')
		s.rest = s.line
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// lines calls f with every line that is not empty.
func lines(r io.Reader, f func([]byte) error) error {
	in := scanner(r)
	for in.Scan() {
		if line := bytes.TrimSpace(in.Bytes()); len(line) > 0 {
			if err := f(line); err != nil {
				return err
			}
		}
	}
	return tooLong(in.Err())
}

func scanner(r io.Reader) *bufio.Scanner {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 1<<20), maxLine+1)
	return in
}

func tooLong(err error) error {
	if errors.Is(err, bufio.ErrTooLong) {
		return fault.New(fault.Invalid, "the dataset has a resource of more than %s MiB: split it and register the dataset again", strconv.Itoa(maxLine>>20))
	}
	return err
}
