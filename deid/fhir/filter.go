package fhir

import (
	"bytes"

	"chaperone.example/deid/day"
)

// A Filter leaves out resources that are none of the request's business. The zero
// Filter lets all pass.
type Filter struct {
	// Patients reports whether the resources of a patient are wanted, by the patient's
	// id as it stands in the input (the last part of a reference). Resources that
	// belong to no patient pass. Nil lets all patients pass. The id is valid during the
	// call only. Several workers call it at the same time.
	Patients func(id []byte) bool
	// From and To bound, inclusively, when what a resource tells of took place.
	// Resources without such a date pass, as do those that overlap. Zero: no bound.
	From, To day.Date
}

func (f Filter) active() bool {
	return f.Patients != nil || !f.From.IsZero() || !f.To.IsZero()
}

// subjects are the members that name the patient of a resource.
var subjects = []string{"subject", "patient", "beneficiary", "individual"}

// moments are the members that say when what a resource tells of took place, the
// first that is there counts.
var moments = []string{
	"period", "effectiveDateTime", "effectivePeriod", "effectiveInstant", "performedDateTime", "performedPeriod", "occurrenceDateTime",
	"occurrencePeriod", "started", "billablePeriod", "servicedDate", "authoredOn", "onsetDateTime", "onsetPeriod", "recordedDate",
	"date", "whenHandedOver", "sent", "created", "issued", "recorded",
}

// pass reports whether the resource that m is reset to is wanted.
func (f Filter) pass(m *machine) (wanted, ok bool) {
	if m.Space() != '{' {
		return true, true // refused with its reason later
	}
	start := m.Pos
	typ, ok := m.StringAt(start, "resourceType", 1)
	if !ok {
		return false, false
	}
	if f.Patients != nil {
		id, found, ok := m.patientOf(start, string(typ))
		if !ok {
			return false, false
		}
		if found && !f.Patients(id) {
			return false, true
		}
	}
	if f.From.IsZero() && f.To.IsZero() || string(typ) == "Patient" {
		return true, true
	}
	from, to, found, ok := m.when(start)
	if !ok || !found {
		return true, ok
	}
	if !f.To.IsZero() && !from.IsZero() && f.To.CertainlyBefore(from) || !f.From.IsZero() && !to.IsZero() && to.CertainlyBefore(f.From) {
		return false, true
	}
	return true, true
}

// settle finds out by how much the dates of the resource at the position move. What a
// resource contains is its patient's.
func (m *machine) settle(typ string) (ok bool) {
	start := m.Pos
	id, found, ok := m.patientOf(start, typ)
	m.Pos = start
	if m.moves = ok && found; m.moves {
		m.days = m.Method.Shift.Days(id)
	}
	return ok
}

// patientOf returns the id of the patient that a resource belongs to.
func (m *machine) patientOf(start int, typ string) (id []byte, found, ok bool) {
	if typ == "Patient" {
		id, ok = m.StringAt(start, "id", 1)
		return id, id != nil, ok
	}
	for _, name := range subjects {
		at, found, ok := m.Find(start, name, len(m.starts))
		if !ok {
			return nil, false, false
		}
		if !found || m.In[at] != '{' {
			continue
		}
		ref, ok := m.StringAt(at, "reference", 1)
		if !ok {
			return nil, false, false
		}
		if rest, isURN := bytes.CutPrefix(ref, []byte("urn:uuid:")); isURN {
			return rest, true, true
		}
		if target, id, isRef := m.Defs.Target(ref); isRef && target == "Patient" {
			return id, true, true
		}
	}
	return nil, false, true
}

// when returns the time of what a resource tells, an open end being zero.
func (m *machine) when(start int) (from, to day.Date, found, ok bool) {
	for _, name := range moments {
		at, has, ok := m.Find(start, name, len(m.starts))
		if !ok {
			return from, to, false, false
		}
		if !has {
			continue
		}
		switch m.In[at] {
		case '"':
			b, ok := m.StringAt(start, name, 1)
			if d, isDate := day.ParseFHIR(b); ok && isDate {
				return d, d, true, true
			}
		case '{':
			b, ok1 := m.StringAt(at, "start", 1)
			from, _ = day.ParseFHIR(b)
			b, ok2 := m.StringAt(at, "end", 1)
			to, _ = day.ParseFHIR(b)
			if !ok1 || !ok2 {
				return from, to, false, false
			}
			return from, to, true, true
		}
	}
	return from, to, false, true
}
