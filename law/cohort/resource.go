package cohort

import (
	"bytes"
	"encoding/json"
)

// A Resource is what a FHIR resource shows of its patient.
type Resource struct {
	Patient string // id in the export; empty if it is about nobody
	Numbers []string
	Marks   Marks
}

// Identifiers returns the identifiers of the patient.
func (r Resource) Identifiers() []Identifier {
	if r.Patient == "" {
		return nil
	}
	out := []Identifier{{'f', []byte(r.Patient)}}
	for _, n := range r.Numbers {
		out = append(out, Identifier{'m', []byte(n)})
	}
	return out
}

// Read reads one line of a FHIR export: every coding in it, its security labels and
// whose it is. What is no JSON shows nothing; whoever checks the file says so.
func (k *Coder) Read(line []byte) Resource {
	w := walk{in: line, coder: k}
	w.value(0, "", nil)
	r := Resource{Patient: w.subject, Marks: w.marks}
	if w.kind == "Patient" {
		r.Patient, r.Numbers = w.id, RecordNumbers(w.identifiers)
	}
	return r
}

// whose are the members that refer to the patient.
func whose(key string) bool {
	switch key {
	case "subject", "patient", "beneficiary", "individual", "for":
		return true
	}
	return false
}

// A walk goes over a line once.
type walk struct {
	in          []byte
	pos         int
	coder       *Coder
	marks       Marks
	kind, id    string
	subject     string
	identifiers []byte // of the resource, as they stand
}

// deepest is how deep objects and arrays are followed.
const deepest = 64

func (w *walk) peek() byte {
	for w.pos < len(w.in) {
		switch c := w.in[w.pos]; c {
		case ' ', '\t', '\r', '\n':
			w.pos++
		default:
			return c
		}
	}
	return 0
}

// str reads a string.
func (w *walk) str() (string, bool) {
	if w.peek() != '"' {
		return "", false
	}
	start := w.pos
	for w.pos++; w.pos < len(w.in); w.pos++ {
		switch w.in[w.pos] {
		case '\\':
			w.pos++
		case '"':
			w.pos++
			raw := w.in[start+1 : w.pos-1]
			if bytes.IndexByte(raw, '\\') < 0 {
				return string(raw), true
			}
			var s string
			err := json.Unmarshal(w.in[start:w.pos], &s)
			return s, err == nil
		}
	}
	return "", false
}

// value walks over a value; into, if there is one, gets the string that it is.
func (w *walk) value(depth int, key string, into *string) bool {
	if depth > deepest {
		return false
	}
	switch w.peek() {
	case '"':
		s, ok := w.str()
		if into != nil {
			*into = s
		}
		return ok
	case '{':
		return w.object(depth, key)
	case '[':
		w.pos++
		if w.peek() == ']' {
			w.pos++
			return true
		}
		for {
			if !w.value(depth+1, key, nil) {
				return false
			}
			if c := w.peek(); c != ',' {
				w.pos++
				return c == ']'
			}
			w.pos++
		}
	case 0:
		return false
	}
	start := w.pos
	for w.pos < len(w.in) && bytes.IndexByte([]byte(",]} \t\r\n"), w.in[w.pos]) < 0 {
		w.pos++
	}
	return w.pos > start
}

// object walks over an object. One with a system and a code is a coding.
func (w *walk) object(depth int, under string) bool {
	var system, code, reference string
	w.pos++
	if w.peek() == '}' {
		w.pos++
		return true
	}
	for {
		key, ok := w.str()
		if !ok || w.peek() != ':' {
			return false
		}
		w.pos++
		var into *string
		switch {
		case key == "system":
			into = &system
		case key == "code":
			into = &code
		case key == "reference" && depth == 1 && whose(under):
			into = &reference
		case depth == 0 && key == "resourceType":
			into = &w.kind
		case depth == 0 && key == "id":
			into = &w.id
		}
		w.peek()
		start := w.pos
		if !w.value(depth+1, key, into) {
			return false
		}
		if depth == 0 && key == "identifier" {
			w.identifiers = w.in[start:w.pos]
		}
		c := w.peek()
		w.pos++
		if c == '}' {
			break
		}
		if c != ',' {
			return false
		}
	}
	if system != "" && code != "" {
		w.marks |= w.coder.Code(system, []byte(code))
	}
	if id := subject(reference); id != "" {
		w.subject = id
	}
	return true
}

// subject returns the id of the patient that a reference leads to.
func subject(reference string) string {
	if id, ok := cutLast(reference, "urn:uuid:"); ok {
		return id
	}
	id, _ := cutLast(reference, "Patient/")
	return id
}

func cutLast(s, mark string) (string, bool) {
	i := bytes.LastIndex([]byte(s), []byte(mark))
	if i < 0 {
		return "", false
	}
	return s[i+len(mark):], true
}

// RecordNumbers returns those of a Patient's identifiers, in JSON, by which the
// organization's own records may know the patient: its record numbers and internal
// numbers, not those of other authorities.
func RecordNumbers(identifiers []byte) []string {
	var list []struct {
		Value string
		Type  struct{ Coding []struct{ Code string } }
	}
	if json.Unmarshal(identifiers, &list) != nil {
		return nil
	}
	var out []string
	for _, i := range list {
		own := len(i.Type.Coding) == 0
		for _, c := range i.Type.Coding {
			own = own || c.Code == "MR" || c.Code == "PI"
		}
		if own && i.Value != "" {
			out = append(out, i.Value)
		}
	}
	return out
}
