// Package foreign reads the configurations of other de-identification tools and makes
// profiles of what can be expressed: the rules of Microsoft's Tools for Health Data
// Anonymization ([Microsoft]) and the field list of Google's Cloud Healthcare API
// ([Google]).
//
// The tools differ in kind. Theirs keep what no rule names and need a rule for every place
// that must go; ours removes what it does not know, and names, numbers that identify,
// addresses, narrative and attachments always. So a rule of theirs is taken over, or it is
// looser or stricter here, or it cannot be expressed; each is reported with its line
// and the reason, and none is dropped in silence.
//
// The label of the profile is the strongest that the foreign rules earn by themselves,
// and at most what ours earn: a configuration that hashes ids or shifts dates makes no
// Safe Harbor (45 CFR 164.514(b)(2)(i)(C), 164.514(c)), although the profile made of it
// may remove more. One that does not earn even a limited data set is refused.
package foreign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"chaperone.example/deid"
	"chaperone.example/deid/zip3"
	"chaperone.example/phi"
)

// What may become of a rule.
const (
	Taken    = "taken over"
	Stricter = "stricter here"          // what the rule keeps or changes is removed or coded
	Looser   = "looser here"            // what the rule removes stays, as the label allows
	Lost     = "cannot be expressed"    // the profile does something else
	Idle     = "has no effect any more" // a rule before it decides
)

// A Rule is what became of a foreign rule.
type Rule struct {
	Line   int    `json:"line"`
	Rule   string `json:"rule"` // path and method
	Became string `json:"became"`
	Why    string `json:"why"`
}

// An Import is a profile with the report on its making.
type Import struct {
	Profile deid.Profile `json:"profile"`
	Rules   []Rule       `json:"rules"`
	// Barred lists why the foreign rules do not earn Safe Harbor; empty if they do.
	Barred []string `json:"barred"`
}

// A kind is what a path leads to, as far as profiles tell it apart.
type kind string

const (
	names       kind = "names"
	contacts    kind = "telephone, fax, email and web addresses"
	streets     kind = "street addresses"
	towns       kind = "towns"
	states      kind = "States and countries"
	zips        kind = "postal codes"
	dates       kind = "dates"
	ages        kind = "ages"
	identifiers kind = "identifiers"
	ids         kind = "ids and references"
	attachments kind = "attachments and photographs"
	narratives  kind = "narrative and notes"
	extensions  kind = "extensions"
	clinical    kind = "codes, numbers and other content"
	everything  kind = "everything else"
	unclear     kind = ""
)

// must lists what has to be removed or coded for each label, whatever the tool.
var (
	mustLimited    = []kind{names, contacts, streets, identifiers, attachments, narratives}
	mustSafeHarbor = append(slices.Clone(mustLimited), towns, zips, dates, ids)
)

// types are the FHIR data types by what they hold.
var types = map[string][]kind{
	"HumanName": {names}, "ContactPoint": {contacts}, "Address": {streets, towns, zips, states}, "Identifier": {identifiers}, "Attachment": {attachments},
	"Narrative": {narratives}, "Annotation": {narratives}, "markdown": {narratives}, "xhtml": {narratives}, "base64Binary": {attachments},
	"date": {dates}, "dateTime": {dates}, "instant": {dates}, "time": {dates}, "Period": {dates}, "Timing": {dates},
	"Age": {ages}, "Reference": {ids}, "id": {ids}, "Extension": {extensions},
	"Coding": {clinical}, "CodeableConcept": {clinical}, "Quantity": {clinical}, "SimpleQuantity": {clinical}, "decimal": {clinical}, "integer": {clinical}, "code": {clinical},
	"Range": {clinical}, "Ratio": {clinical}, "SampledData": {clinical}, "Money": {clinical}, "boolean": {clinical}, "Duration": {clinical}, "Count": {clinical},
}

// parts are the members of Address.
var parts = map[string]kind{"postalCode": zips, "city": towns, "district": streets, "line": streets, "text": streets, "state": states, "country": states, "period": dates}

var byType = regexp.MustCompile(`^(?:[A-Za-z]+\.)?nodesByType\('([A-Za-z0-9]+)'\)((?:\.[a-zA-Z]+)*)$`)
var dotted = regexp.MustCompile(`^[A-Z][A-Za-z]*(?:\.[a-z][A-Za-z0-9]*)*$`)

// kinds says what a path leads to; unclear if it cannot be told.
func kinds(path string) []kind {
	path = strings.TrimSpace(path)
	if m := byType.FindStringSubmatch(path); m != nil {
		last := m[2][strings.LastIndexByte(m[2], '.')+1:]
		if m[1] == "Address" && last != "" {
			if k, ok := parts[last]; ok {
				return []kind{k}
			}
			return []kind{clinical} // use and type
		}
		if m[1] == "Reference" && (last == "display" || last == "identifier") {
			return []kind{names}
		}
		if k, ok := types[m[1]]; ok {
			return k
		}
		return nil
	}
	switch {
	case path == "Resource" || path == "DomainResource":
		return []kind{everything}
	case !dotted.MatchString(path):
		return nil
	}
	if k, ok := types[path]; ok { // Google names data types so
		return k
	}
	typ, rest, below := strings.Cut(path, ".")
	last := path[strings.LastIndexByte(path, '.')+1:]
	if k, ok := types[typ]; ok && typ != "Address" {
		return k
	}
	switch {
	case typ == "Address" || strings.Contains(rest, "address."):
		if k, ok := parts[last]; ok {
			return []kind{k}
		}
		return types["Address"]
	case below && last == "address":
		return types["Address"]
	case !below:
		return nil // a whole resource
	case rest == "id":
		return []kind{ids}
	}
	switch last {
	case "identifier":
		return []kind{identifiers}
	case "text", "note", "div", "comment", "description":
		return []kind{narratives}
	case "photo", "content", "attachment", "data":
		return []kind{attachments}
	case "telecom":
		return []kind{contacts}
	case "extension", "modifierExtension":
		return []kind{extensions}
	case "name", "family", "given", "contact":
		if typ == "Patient" || typ == "RelatedPerson" || typ == "Practitioner" || typ == "Person" || typ == "HumanName" {
			return []kind{names}
		}
	case "reference", "subject", "patient", "encounter":
		return []kind{ids}
	}
	element, ok := phi.FHIRElement(path)
	switch {
	case !ok:
		return nil
	case element.ID == "patient.age":
		return []kind{ages}
	case element.Identifier == phi.Date:
		return []kind{dates}
	case element.FreeText:
		return []kind{narratives}
	case element.Identifier == phi.Name:
		return []kind{names}
	case element.Identifier != 0:
		return []kind{identifiers}
	}
	return []kind{clinical}
}

// A maker builds a profile rule by rule.
type maker struct {
	out     Import
	profile deid.Profile
	decided map[string]bool // by kind and type or path: a rule has decided about it
	removed map[kind]bool   // a rule removes or codes the kind wherever it stands
	kept    map[kind]bool   // a rule keeps it wherever it stands
	cut     map[kind]bool   // a rule keeps less than all of it
	partial struct{ dates, ages, zips bool }
}

func newMaker(name string) *maker {
	return &maker{decided: map[string]bool{}, removed: map[kind]bool{}, kept: map[kind]bool{}, cut: map[kind]bool{}, out: Import{Rules: []Rule{}, Barred: []string{}},
		profile: deid.Profile{Name: name, Version: "1", Dates: deid.YearOnly, Ages: deid.Aggregated, ZIP: zip3.Census2020, Codes: deid.Random}}
}

func (m *maker) bar(why string) {
	if !slices.Contains(m.out.Barred, why) {
		m.out.Barred = append(m.out.Barred, why)
	}
}

// A verb is what a foreign method does.
type verb string

const (
	keep   verb = "keep"
	redact verb = "redact"
	hash   verb = "hash"
	shift  verb = "shift"
	other  verb = "other" // perturb, substitute, generalize, encrypt, mask …
)

// rule takes a rule into account.
func (m *maker) rule(line int, path, method string, v verb) {
	r := Rule{Line: line, Rule: path + " " + method}
	ks := kinds(path)
	if len(ks) == 0 {
		r.Became, r.Why = Lost, "profiles do not choose by this path; what it leads to is treated by its type, and removed if it is not known"
		if v != redact {
			m.bar("line " + fmt.Sprint(line) + " keeps or changes values at a path that cannot be judged")
		}
		m.out.Rules = append(m.out.Rules, r)
		return
	}
	var became, why []string
	scope := path
	if at := byType.FindStringSubmatch(path); at != nil {
		scope = at[1]
	}
	whole := scope != path || strings.HasPrefix(path, "Resource") || types[path] != nil
	for _, k := range ks {
		b, w := Idle, "a rule before it decides about "+string(k)
		if key := string(k) + " " + scope; !m.decided[key] {
			m.decided[key] = true
			b, w = m.decide(k, v, whole)
		}
		if !slices.Contains(became, b) {
			became, why = append(became, b), append(why, w)
		}
	}
	// The report is as bad as its worst part.
	for _, b := range []string{Lost, Looser, Stricter, Taken, Idle} {
		if i := slices.Index(became, b); i >= 0 {
			r.Became, r.Why = b, why[i]
			break
		}
	}
	m.out.Rules = append(m.out.Rules, r)
}

// decide says what a verb comes to for a kind. Whole is whether the rule is about the
// kind wherever it stands.
func (m *maker) decide(k kind, v verb, whole bool) (became, why string) {
	if whole {
		m.removed[k] = m.removed[k] || v == redact || v == hash && k == ids
		m.kept[k] = m.kept[k] || v == keep
		m.cut[k] = m.cut[k] || v != keep
	}
	switch k {
	case names, contacts, streets, identifiers, attachments, narratives:
		if v == redact {
			return Taken, "always removed"
		}
		if v == keep && !whole {
			return Stricter, "always removed, also where it is not a patient's"
		}
		m.bar(string(k) + " are not removed everywhere")
		return Stricter, "always removed"
	case extensions:
		if v == redact {
			return Looser, "a few extensions that hold no identifier stay: race, ethnicity, birth sex"
		}
		return Stricter, "removed unless it is listed as holding no identifier"
	case ids:
		switch v {
		case hash:
			m.bar("ids are hashed: codes derived from identifiers (45 CFR 164.514(c))")
			m.profile.Codes = deid.Keyed
			return Taken, "keyed codes, of the recipient's own key"
		case redact:
			return Looser, "ids become codes, so that references still resolve"
		}
		m.bar("ids are kept or can be translated back (45 CFR 164.514(c))")
		return Stricter, "ids become codes"
	case dates:
		switch v {
		case keep:
			m.bar("dates are kept (45 CFR 164.514(b)(2)(i)(C))")
			return m.keeps(k, whole, "the year stays")
		case redact:
			if m.partial.dates {
				return Taken, "the year stays"
			}
			return Looser, "the year stays"
		case shift:
			m.bar("dates are shifted, not cut to their year (45 CFR 164.514(b)(2)(i)(C))")
			return Lost, "profiles do not shift dates: of dates the year stays"
		}
		m.bar("dates are changed, not cut to their year (45 CFR 164.514(b)(2)(i)(C))")
		return Lost, "of dates the year stays"
	case ages:
		if v == redact {
			if m.partial.ages {
				return Taken, "ages over 89 become 90 or more"
			}
			return Looser, "ages up to 89 stay"
		}
		m.bar("ages over 89 are not aggregated (45 CFR 164.514(b)(2)(i)(C))")
		if v == keep {
			return m.keeps(k, whole, "ages over 89 become 90 or more")
		}
		return Lost, "ages over 89 become 90 or more, the others stay"
	case zips:
		if v == redact {
			if m.partial.zips {
				return Taken, "three digits stay where the census allows"
			}
			return Looser, "three digits stay where the census allows"
		}
		m.bar("postal codes are kept (45 CFR 164.514(b)(2)(i)(B))")
		if v == keep {
			return m.keeps(k, whole, "three digits stay where the census allows")
		}
		return Lost, "of postal codes three digits stay"
	case towns:
		if v == redact {
			return Taken, "removed"
		}
		m.bar("towns are kept (45 CFR 164.514(b)(2)(i)(B))")
		if v == keep {
			return m.keeps(k, whole, "towns are removed")
		}
		return Stricter, "removed"
	case states:
		if v == keep {
			return Taken, "States and countries stay"
		}
		return Looser, "States and countries stay"
	case everything:
		if v == keep {
			return Stricter, "what is not known to be harmless is removed"
		}
		return Looser, "what is known to be harmless stays"
	}
	switch v {
	case keep:
		return Taken, "codes of standard systems and numbers stay"
	case redact:
		return Looser, "codes of standard systems and numbers stay; leave the element out of the decision to remove it"
	}
	return Lost, "codes and numbers stay as they are or go; nothing is added to or put for them"
}

// keeps says what becomes of a rule that keeps values of a kind that profiles treat
// alike wherever they stand: only a rule about all of them loosens the profile.
func (m *maker) keeps(k kind, whole bool, instead string) (became, why string) {
	if !whole {
		return Stricter, "profiles treat all " + string(k) + " alike: " + instead
	}
	return Taken, string(k) + " stay whole, unless another rule cuts some of them"
}

// loosened reports whether all of a kind is kept.
func (m *maker) loosened(k kind) bool { return m.kept[k] && !m.cut[k] }

// finish gives the profile its label.
func (m *maker) finish() (Import, error) {
	missing := func(must []kind) []string {
		var out []string
		for _, k := range must {
			if !m.removed[k] {
				out = append(out, string(k))
			}
		}
		return out
	}
	if lacks := missing(mustLimited); len(lacks) > 0 {
		return Import{}, fmt.Errorf("foreign: the configuration earns no label: it has no rule that removes %s wherever they stand (45 CFR 164.514(e)(2))", strings.Join(lacks, ", "))
	}
	for _, k := range missing(mustSafeHarbor) {
		m.bar("no rule removes " + k)
	}
	if m.loosened(dates) {
		m.profile.Dates = deid.Whole
	}
	if m.loosened(ages) {
		m.profile.Ages = deid.Whole
	}
	if m.loosened(zips) {
		m.profile.ZIP = deid.Whole
	}
	m.profile.Cities = m.loosened(towns)
	m.profile.Form = deid.SafeHarbor
	if len(m.out.Barred) > 0 {
		m.profile.Form = deid.LimitedDataSet
	}
	for _, f := range deid.Lint(m.profile) {
		if !f.Warning {
			return Import{}, fmt.Errorf("foreign: the profile does not earn its label: %v", f)
		}
	}
	m.out.Profile = m.profile
	return m.out, nil
}

// element is a member of an array in a document, with its line.
type element struct {
	line int
	raw  json.RawMessage
}

// array returns the elements of the array at a path of keys; nil if there is none.
func array(doc []byte, keys ...string) ([]element, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("foreign: the configuration is not a JSON object")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, syntax(doc, err)
		}
		if t != keys[0] {
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				return nil, syntax(doc, err)
			}
			continue
		}
		start := d.InputOffset()
		if len(keys) > 1 {
			var inner json.RawMessage
			if err := d.Decode(&inner); err != nil {
				return nil, syntax(doc, err)
			}
			found, err := array(inner, keys[1:]...)
			before := bytes.Count(doc[:d.InputOffset()-int64(len(inner))], []byte("\n"))
			for i := range found {
				found[i].line += before
			}
			if found != nil || err != nil {
				return found, err
			}
			continue
		}
		if t, err := d.Token(); err != nil || t != json.Delim('[') {
			return nil, fmt.Errorf("foreign: line %d: %s is not an array", 1+bytes.Count(doc[:start], []byte("\n")), keys[0])
		}
		out := []element{}
		for d.More() {
			var raw json.RawMessage
			if err := d.Decode(&raw); err != nil {
				return nil, syntax(doc, err)
			}
			out = append(out, element{1 + bytes.Count(doc[:d.InputOffset()-int64(len(raw))], []byte("\n")), raw})
		}
		return out, nil
	}
	return nil, nil
}

// syntax says where a document is broken.
func syntax(doc []byte, err error) error {
	var bad *json.SyntaxError
	if errors.As(err, &bad) {
		return fmt.Errorf("foreign: line %d: the configuration is not JSON", 1+bytes.Count(doc[:min(int(bad.Offset), len(doc))], []byte("\n")))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errors.New("foreign: the configuration ends too early")
	}
	return errors.New("foreign: the configuration is not JSON")
}
