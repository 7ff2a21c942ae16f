// Package seed gathers what the structured records of patients say of them, so that it
// is also found where notes repeat it.
package seed

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// Seeds are the identifiers of patients. They are read by several goroutines at a time
// once they are gathered.
type Seeds struct {
	by map[string][]string // by the patient's id
}

// Of returns the identifiers of a patient, by the id as the resource or the last part
// of a reference has it.
func (s *Seeds) Of(id []byte) []string {
	if s == nil {
		return nil
	}
	return s.by[strings.ToLower(string(id))]
}

// Len is the number of patients that are known.
func (s *Seeds) Len() int { return len(s.by) }

// errInput repeats nothing of the input: the transform, which is stricter, says where
// the flaw is.
var errInput = errors.New("seed: the input is not readable as FHIR in JSON")

// FHIR reads the patients of a stream of resources: NDJSON, a document, or a Bundle,
// whose entries are read one by one. It holds one resource at a time, and the names,
// numbers and addresses of every patient.
func FHIR(r io.Reader) (*Seeds, error) {
	s := &Seeds{by: map[string][]string{}}
	d := json.NewDecoder(r)
	for {
		if err := s.next(d); err == io.EOF {
			return s, nil
		} else if err != nil {
			return nil, errInput
		}
	}
}

// patient is what is read of a resource.
type patient struct {
	ResourceType, ID string
	Name             []name
	Telecom          []struct{ Value string }
	Address          []struct {
		Text, City, District string
		Line                 []string
	}
	Identifier []struct{ Value string }
	Contact    []struct {
		Name    name
		Telecom []struct{ Value string }
	}
}

type name struct {
	Text, Family string
	Given        []string
}

// next reads one value of the stream, member by member: of a Bundle, entry by entry.
func (s *Seeds) next(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return errInput
	}
	var p patient
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return errInput
		}
		var to any
		switch key {
		case "resourceType":
			to = &p.ResourceType
		case "id":
			to = &p.ID
		case "name":
			to = &p.Name
		case "telecom":
			to = &p.Telecom
		case "address":
			to = &p.Address
		case "identifier":
			to = &p.Identifier
		case "contact":
			to = &p.Contact
		case "entry":
			if err := s.entries(d); err != nil {
				return err
			}
			continue
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return errInput
		}
		if to != nil {
			_ = json.Unmarshal(raw, to) // the member of another type has another form
		}
	}
	s.add(p)
	return closed(d)
}

// closed reads what ends an object or a list. That the stream ends there is a flaw, and
// not its end.
func closed(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return errInput
	}
	return nil
}

func (s *Seeds) entries(d *json.Decoder) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errInput
	}
	for d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return errInput
		}
		var e struct{ Resource patient }
		_ = json.Unmarshal(raw, &e)
		s.add(e.Resource)
	}
	return closed(d)
}

func (s *Seeds) add(p patient) {
	if p.ResourceType != "Patient" || p.ID == "" {
		return
	}
	var all []string
	// A single letter, or a word as short as "Al", is no seed: it stands everywhere.
	keep := func(values ...string) {
		for _, v := range values {
			if v = strings.TrimSpace(v); len(v) >= 3 {
				all = append(all, v)
			}
		}
	}
	people := p.Name
	for _, c := range p.Contact {
		people = append(people, c.Name)
		for _, t := range c.Telecom {
			keep(t.Value)
		}
	}
	for _, n := range people {
		keep(n.Text, n.Family)
		keep(n.Given...)
	}
	for _, t := range p.Telecom {
		keep(t.Value)
	}
	for _, a := range p.Address {
		keep(a.Text, a.City, a.District)
		keep(a.Line...)
	}
	for _, i := range p.Identifier {
		keep(i.Value)
	}
	id := strings.ToLower(p.ID)
	s.by[id] = append(s.by[id], all...)
}
