package release

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
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
	seen        map[string]bool // identifiers of the patients who are in
}

func newPopulation(p Permit) (*population, error) {
	s := &population{Permit: p, seen: map[string]bool{}}
	for _, d := range []struct {
		text string
		to   *day.Date
	}{{p.From, &s.from}, {p.Until, &s.until}} {
		if d.text == "" {
			continue
		}
		v, ok := day.ParseFHIR([]byte(d.text))
		if !ok {
			return nil, fmt.Errorf("release: %q is not a date", d.text)
		}
		*d.to = v
	}
	return s, nil
}

// rows is the population as a filter of encounter rows. Whoever passes it is in the
// release, and is remembered for the accounting.
func (s *population) rows() table.Filter {
	f := table.Filter{Keep: func(r table.Row) bool {
		if !s.age(r.Value("patient.age")) || !s.diagnosed(r) {
			return false
		}
		if token := r.Value("patient.token"); token != "" {
			s.seen[token] = true
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

func (s *population) age(text string) bool {
	if s.MinAge <= 0 && s.MaxAge < 0 {
		return true
	}
	n, err := strconv.Atoi(text)
	return err == nil && n >= s.MinAge && (s.MaxAge < 0 || n <= s.MaxAge)
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
	code = strings.ReplaceAll(code, ".", "")
	return slices.ContainsFunc(s.Diagnoses, func(p string) bool { return strings.HasPrefix(code, p) })
}

// encounterClass maps HL7 v3-ActCode to the letters of the extract.
var encounterClass = map[string]string{"IMP": "I", "ACUTE": "I", "NONAC": "I", "EMER": "E", "AMB": "O", "OBSENC": "B"}

// A resource is the little of a FHIR resource that tells whose it is and when.
type resource struct {
	ResourceType string
	ID           string
	BirthDate    string
	Subject      struct{ Reference string }
	Class        struct{ Code string }
	Period       struct{ Start, End string }
	Code         struct {
		Coding []struct{ System, Code string }
	}
	Encounter struct{ Reference string }
}

const icd10cm = "http://hl7.org/fhir/sid/icd-10-cm"

// patients reads a FHIR export once and returns the ids of the patients with an
// encounter of the population. Encounters come before what refers to them only by
// chance, so that diagnoses are matched by patient.
func (s *population) patients(r io.Reader) (map[string]bool, error) {
	born := map[string]day.Date{}
	diagnosed := map[string]bool{}
	type stay struct {
		patient string
		at      day.Date
	}
	var stays []stay
	in := bufio.NewReaderSize(r, 1<<20)
	for line := 1; ; line++ {
		b, err := in.ReadBytes('\n')
		if len(b) == 0 && err == io.EOF {
			break
		}
		if err != nil && err != io.EOF {
			return nil, err
		}
		var x resource
		if e := json.Unmarshal(b, &x); e != nil {
			continue // what it cannot read it cannot select; the transform reports it with its line
		}
		patient := strings.TrimPrefix(x.Subject.Reference, "Patient/")
		switch x.ResourceType {
		case "Patient":
			if d, ok := day.ParseFHIR([]byte(x.BirthDate)); ok {
				born[x.ID] = d
			}
		case "Condition":
			for _, c := range x.Code.Coding {
				if c.System == icd10cm && s.listed(c.Code) {
					diagnosed[patient] = true
				}
			}
		case "Encounter":
			end := x.Period.End
			if end == "" {
				end = x.Period.Start
			}
			at, ok := day.ParseFHIR([]byte(end))
			if ok && s.within(at) && (len(s.Classes) == 0 || slices.Contains(s.Classes, encounterClass[x.Class.Code])) {
				stays = append(stays, stay{patient, at})
			}
		}
	}
	chosen := map[string]bool{}
	for _, st := range stays {
		if len(s.Diagnoses) > 0 && !diagnosed[st.patient] {
			continue
		}
		if s.MinAge > 0 || s.MaxAge >= 0 {
			b, ok := born[st.patient]
			if !ok || !s.age(strconv.Itoa(day.Age(b, st.at))) {
				continue
			}
		}
		chosen[st.patient] = true
		s.seen[st.patient] = true
	}
	return chosen, nil
}

func (s *population) within(d day.Date) bool {
	return (s.from.IsZero() || d.Compare(s.from) >= 0) && (s.until.IsZero() || d.Compare(s.until) <= 0)
}
