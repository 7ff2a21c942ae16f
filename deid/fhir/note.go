package fhir

import (
	"encoding/base64"
	"unicode/utf8"

	"chaperone.example/deid/fhir/plan"
	"chaperone.example/deid/scan"
	"chaperone.example/deid/tally"
	"chaperone.example/deid/text"
)

// scrub appends a note as a JSON string, without what identifies in it and without what
// the structured record of its patient says of the patient.
func (m *machine) scrub(n *plan.Node, note []byte) bool {
	m.Note(n, tally.Scrubbed)
	clean := m.clean(note)
	m.out = append(m.out, '"')
	m.out = scan.Quote(m.out, []byte(clean))
	m.out = append(m.out, '"')
	return true
}

func (m *machine) clean(note []byte) string {
	if m.scrubber == nil {
		m.scrubber = text.New()
	}
	return m.scrubber.Scrub(string(note), m.patientSeeds())
}

// patientSeeds returns what is known of the patient of the resource at hand, asked once
// for each resource.
func (m *machine) patientSeeds() []string {
	if m.job.Seeds == nil {
		return nil
	}
	if m.seeded == m.begins {
		return m.seeds
	}
	m.seeds, m.seeded = nil, m.begins
	was := m.Pos
	if id, found, ok := m.patientOf(m.begins, m.about); ok && found {
		m.seeds = m.job.Seeds.Of(id)
	}
	m.Pos = was
	return m.seeds
}

// file scrubs a note in base64, if the content beside it says that it is plain text.
func (m *machine) file(n *plan.Node, b []byte) bool {
	data := append([]byte(nil), b...)
	typ, ok := m.StringAt(m.starts[len(m.starts)-1], "contentType", len(m.starts))
	if !ok || len(typ) < len("text/plain") || string(typ[:len("text/plain")]) != "text/plain" {
		m.Note(n, tally.Dropped)
		return false
	}
	k, err := base64.StdEncoding.Decode(data, data)
	if err != nil || !utf8.Valid(data[:k]) {
		m.Note(n, tally.Malformed)
		return false
	}
	m.Note(n, tally.Scrubbed)
	m.out = append(m.out, '"')
	m.out = base64.StdEncoding.AppendEncode(m.out, []byte(m.clean(data[:k])))
	m.out = append(m.out, '"')
	return true
}
