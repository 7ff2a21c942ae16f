package inspect

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// FHIR adds the identifiers of the patients, related persons and contacts of a stream
// of FHIR resources: names, telecoms, addresses, identifiers and ids, and, unless the
// release is a limited data set, which may hold them, towns, ZIP codes and dates of
// birth.
func (k *Known) FHIR(r io.Reader, limited bool) error {
	d := json.NewDecoder(r)
	d.UseNumber()
	for {
		var v map[string]any
		err := d.Decode(&v)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("inspect: the input is not readable as JSON at byte %d", d.InputOffset())
		}
		k.resource(v, limited)
	}
}

func (k *Known) resource(v map[string]any, limited bool) {
	for _, e := range list(v["entry"]) {
		if r, ok := object(e)["resource"].(map[string]any); ok {
			k.resource(r, limited)
		}
	}
	for _, c := range list(v["contained"]) {
		if r, ok := c.(map[string]any); ok {
			k.resource(r, limited)
		}
	}
	typ, _ := v["resourceType"].(string)
	switch typ {
	case "Patient", "RelatedPerson", "Person":
	case "Coverage":
		k.Add('I', text(v["subscriberId"]))
		return
	default:
		return
	}
	k.Add('R', text(v["id"]))
	k.person(v, limited)
	for _, c := range list(v["contact"]) {
		k.person(object(c), limited)
	}
	for _, e := range list(v["extension"]) {
		if x := object(e); strings.HasSuffix(text(x["url"]), "patient-mothersMaidenName") {
			k.names(text(x["valueString"]))
		}
	}
}

// person adds what identifies a person in an object that has FHIR's usual members.
func (k *Known) person(v map[string]any, limited bool) {
	for _, e := range list(v["name"]) {
		n := object(e)
		k.names(text(n["family"]))
		k.names(text(n["text"]))
		for _, g := range list(n["given"]) {
			k.names(text(g))
		}
	}
	for _, e := range list(v["telecom"]) {
		t := object(e)
		letter := map[string]byte{"fax": 'E', "email": 'F', "url": 'N'}[text(t["system"])]
		if letter == 0 {
			letter = 'D'
		}
		k.Add(letter, text(t["value"]))
	}
	for _, e := range list(v["address"]) {
		a := object(e)
		for _, l := range list(a["line"]) {
			k.Add('B', text(l))
		}
		if !limited {
			k.Add('B', text(a["city"]))
			k.Add('B', text(a["postalCode"]))
		}
	}
	for _, e := range list(v["identifier"]) {
		i := object(e)
		letter := byte('H')
		if s := text(i["system"]); strings.HasSuffix(s, "us-ssn") {
			letter = 'G'
		} else if strings.HasSuffix(s, "us-mbi") {
			letter = 'I'
		}
		k.Add(letter, text(i["value"]))
	}
	if b := text(v["birthDate"]); len(b) > 4 && !limited {
		k.Add('C', b)
	}
}

// names adds the parts of a name, and the name as a whole.
func (k *Known) names(name string) {
	k.Add('A', name)
	for part := range strings.FieldsSeq(name) {
		k.Add('A', strings.Trim(part, ".,"))
	}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// list returns an array, or the one value that stands in its place.
func list(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case nil:
		return nil
	}
	return []any{v}
}

// Row adds the identifiers of a row of a table; letters names, for each column, which
// identifier it holds, 0 for none.
func (k *Known) Row(letters []byte, row []string) {
	for i, v := range row {
		if i >= len(letters) || letters[i] == 0 {
			continue
		}
		if letters[i] == 'A' {
			k.names(v)
			continue
		}
		k.Add(letters[i], v)
	}
}
