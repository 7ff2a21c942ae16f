package fhir

import (
	"bytes"
	"strconv"

	"chaperone.example/deid/code"
	"chaperone.example/deid/day"
	"chaperone.example/deid/method"
	"chaperone.example/deid/place"
	"chaperone.example/deid/tally"
)

// leaf writes what may stay of a string and counts what was done.
func (m *machine) leaf(n *node, p span) bool {
	b := m.bytes(p)
	switch n.rule {
	case ruleCode:
		if n.only != "" && listed(n.only, b) || n.only == "" && m.defs.holds(n.set, b) {
			return m.write(n, tally.Kept, b)
		}
		n.counts[tally.Local]++
		return false
	case ruleDate, ruleBirth, ruleMoment:
		return m.date(n, b)
	case ruleID:
		if !validID(b) {
			break
		}
		n.counts[tally.Recoded]++
		space := m.current
		if m.contained > 0 {
			space = "contained" // such an id is reached by "#id" only
		}
		m.out = append(m.out, '"')
		m.gap(space, b)
		m.out = append(m.out, '"')
		return true
	case ruleLocal:
		n.counts[tally.Recoded]++
		m.out = append(m.out, '"')
		m.gap("local", b)
		m.out = append(m.out, '"')
		return true
	case ruleFullURL:
		return m.address(n, b, true)
	case ruleProfile:
		if i := bytes.IndexByte(b, '|'); i >= 0 { // a version
			b = b[:i]
		}
		if m.defs.profiles[string(b)] || publishedProfile(b) {
			return m.write(n, tally.Kept, b)
		}
		n.counts[tally.Local]++
		return false
	case ruleState:
		if place.State(b) {
			return m.write(n, tally.Kept, b)
		}
	case ruleCountry:
		if place.Country(b) {
			return m.write(n, tally.Kept, b)
		}
	case ruleZIP:
		if m.method.ZIP == nil {
			if every(b, 3, 10, func(c byte) bool { return digit(c) || letter(c) || c == '-' || c == ' ' }) {
				return m.write(n, tally.Kept, b)
			}
			break
		}
		if zip := m.method.ZIP.Generalize(b); zip != "" {
			n.counts[tally.Generalized]++
			m.out = append(append(append(m.out, '"'), zip...), '"')
			return true
		}
	case ruleCity:
		if m.method.Cities && every(b, 1, 60, func(c byte) bool { return letter(c) || c >= 0x80 || c == ' ' || c == '-' || c == '.' || c == '\'' }) {
			return m.write(n, tally.Kept, b)
		}
		n.counts[tally.Dropped]++
		return false
	case ruleSamples:
		if samples(b) {
			return m.write(n, tally.Kept, b)
		}
	}
	n.counts[tally.Malformed]++
	return false
}

// write writes a string and counts the action.
func (m *machine) write(n *node, a tally.Action, b []byte) bool {
	n.counts[a]++
	m.out = append(m.out, '"')
	m.out = quote(m.out, b)
	m.out = append(m.out, '"')
	return true
}

// usCoreProfiles lists the profiles of US Core, versions 3 to 7.
const usCoreProfiles = "|adi-documentreference|allergyintolerance|average-blood-pressure|birthsex|blood-pressure|bmi|bmi-for-age|body-height|body-temperature|body-weight|care-experience-preference|careplan|careteam|" +
	"condition|condition-encounter-diagnosis|condition-problems-health-concerns|coverage|diagnosticreport-lab|diagnosticreport-note|direct|documentreference|encounter|ethnicity|genderIdentity|goal|head-circumference|" +
	"head-occipital-frontal-circumference-percentile|heart-rate|immunization|implantable-device|location|medication|medicationdispense|medicationrequest|observation-adi-documentation|observation-clinical-result|observation-clinical-test|" +
	"observation-imaging|observation-lab|observation-occupation|observation-pregnancyintent|observation-pregnancystatus|observation-screening-assessment|observation-sdoh-assessment|observation-sexual-orientation|observation-social-history|observation-survey|" +
	"organization|patient|pediatric-bmi-for-age|pediatric-head-occipital-frontal-circumference-percentile|pediatric-weight-for-height|practitioner|practitionerrole|procedure|provenance|pulse-oximetry|questionnaireresponse|race|relatedperson|respiratory-rate|" +
	"servicerequest|sex|simple-observation|smokingstatus|specimen|treatment-intervention-preference|vital-signs|"

// publishedProfile reports whether b is the address of a profile of US Core.
func publishedProfile(b []byte) bool {
	name, ok := bytes.CutPrefix(b, []byte(usCore+"us-core-"))
	return ok && listed(usCoreProfiles, name)
}

// date writes what may stay of a date.
func (m *machine) date(n *node, b []byte) bool {
	d, ok := day.ParseFHIR(b)
	if !ok {
		if n.rule == ruleMoment && clockOnly(b) { // a time of day is an element of a date
			if m.method.Dates == method.Full {
				return m.write(n, tally.Kept, b)
			}
			n.counts[tally.Dropped]++
			return false
		}
		n.counts[tally.Malformed]++
		return false
	}
	if n.rule == ruleBirth {
		if !m.method.AllAges && day.Age(d, m.death()) >= day.Aggregate {
			n.counts[tally.Aggregated]++
			return false
		}
	} else if m.method.Old(d) {
		n.counts[tally.Aggregated]++
		return false
	}
	if m.method.Dates == method.Full {
		return m.write(n, tally.Kept, b)
	}
	if n.rule == ruleMoment { // R4 has no instant of a year alone
		n.counts[tally.Dropped]++
		return false
	}
	n.counts[tally.Generalized]++
	m.out = append(m.out, '"')
	m.out = append(m.out, b[:4]...)
	m.out = append(m.out, '"')
	return true
}

// clockOnly reports whether b is a FHIR time, hh:mm:ss.
func clockOnly(b []byte) bool {
	return len(b) >= 8 && every(b, 8, 15, func(c byte) bool { return digit(c) || c == ':' || c == '.' })
}

// death returns the day at which the age of the person is judged whose resource the
// position is in: that of death, else the as-of date.
func (m *machine) death() day.Date {
	for _, name := range []string{"deceasedDateTime", "deceasedDate"} {
		value, found, ok := m.find(m.starts[len(m.starts)-1], name)
		if !ok || !found || m.in[value] != '"' {
			continue
		}
		was := m.pos
		m.pos = value
		p, ok := m.text()
		m.pos = was
		if !ok {
			continue
		}
		if d, ok := day.ParseFHIR(m.bytes(p)); ok {
			return d
		}
	}
	return m.method.AsOf
}

// gap leaves room for the code of an id.
func (m *machine) gap(space string, id []byte) {
	start := len(m.ids)
	if isUUID(id) { // such an id is the same whatever points at it: urn:uuid names no type
		space = "uuid"
		m.ids = append(m.ids, bytes.ToLower(id)...)
	} else {
		m.ids = append(m.ids, id...)
	}
	m.codes = append(m.codes, pending{at: len(m.out), space: space, start: start, end: len(m.ids)})
	m.out = append(m.out, gapText...)
}

var gapText = bytes.Repeat([]byte{'-'}, code.Size)

func isUUID(b []byte) bool {
	if len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return false
	}
	return every(b, 36, 36, func(c byte) bool { return digit(c) || c == '-' || c|0x20 >= 'a' && c|0x20 <= 'f' })
}

// validID checks the form of an id of R4, generously: underscores and length are
// often wrong in the field.
func validID(b []byte) bool {
	return every(b, 1, 256, func(c byte) bool { return letter(c) || digit(c) || c == '-' || c == '.' || c == '_' })
}

// address recodes the address of a resource, as references and entries of a Bundle
// use it. It keeps the type that the address names and nothing else of it.
func (m *machine) address(n *node, b []byte, full bool) bool {
	if rest, ok := bytes.CutPrefix(b, []byte("#")); ok && !full {
		if len(rest) == 0 {
			return m.write(n, tally.Kept, b)
		}
		if validID(rest) {
			n.counts[tally.Recoded]++
			m.out = append(m.out, `"#`...)
			m.gap("contained", rest)
			m.out = append(m.out, '"')
			return true
		}
	}
	for _, urn := range []string{"urn:uuid:", "urn:oid:"} {
		if rest, ok := bytes.CutPrefix(b, []byte(urn)); ok && validID(rest) {
			n.counts[tally.Recoded]++
			m.out = append(m.out, `"urn:uuid:`...)
			m.gap("urn", rest)
			m.out = append(m.out, '"')
			return true
		}
	}
	if typ, id, ok := m.target(b); ok {
		n.counts[tally.Recoded]++
		m.out = append(m.out, '"')
		if full {
			m.out = append(m.out, "https://deidentified.invalid/"...)
		}
		m.out = append(append(m.out, typ...), '/')
		m.gap(typ, id)
		m.out = append(m.out, '"')
		return true
	}
	n.counts[tally.Dropped]++ // a search, an identifier, an address that names no resource
	return false
}

// target takes "…/Type/id" or "…/Type/id/_history/version" apart.
func (m *machine) target(b []byte) (typ string, id []byte, ok bool) {
	if i := bytes.Index(b, []byte("/_history/")); i >= 0 {
		b = b[:i]
	}
	i := bytes.LastIndexByte(b, '/')
	if i < 0 || !validID(b[i+1:]) {
		return "", nil, false
	}
	id, b = b[i+1:], b[:i]
	if i := bytes.LastIndexByte(b, '/'); i >= 0 {
		b = b[i+1:]
	}
	t, known := m.defs.byName[string(b)]
	if !known || !m.defs.types[t].resource {
		return "", nil, false
	}
	return m.defs.types[t].name, id, true
}

// result reads the value of an observation or answer that is a string or a bare
// number: it stays if it is a plain result.
func (m *machine) result(n *node, depth int) (kept, ok bool) {
	c := m.space()
	var p span
	switch {
	case c == '"':
		p, ok = m.text()
	case c == '-' || digit(c):
		p, ok = m.number()
	default:
		return m.malformed(n, depth)
	}
	if !ok {
		return false, false
	}
	b := m.bytes(p)
	if !plainResult(b) || m.aged(b) {
		n.counts[tally.Dropped]++
		return false, true
	}
	if c == '"' {
		return m.write(n, tally.Kept, b), true
	}
	return m.keep(n, p), true
}

// aged reports whether a bare number may be an age over 89: it is one, and it is the
// value of an age.
func (m *machine) aged(b []byte) bool {
	v, err := strconv.ParseFloat(string(b), 64)
	return err == nil && v > 89 && !m.method.AllAges && m.ageCoded()
}

const resultWords = "|positive|negative|detected|not detected|reactive|nonreactive|non-reactive|normal|abnormal|high|low|present|absent|none|trace|" +
	"small|moderate|large|clear|cloudy|turbid|hazy|yellow|amber|straw|red|brown|green|colorless|invalid|indeterminate|inconclusive|equivocal|" +
	"susceptible|intermediate|resistant|yes|no|unknown|few|many|rare|occasional|a|b|ab|o|rh positive|rh negative|pending|not done|"

// plainResult reports whether a string result is a known word, or a number of at
// most four digits before the point with perhaps a comparator and a unit. A longer
// number may be a telephone or record number.
func plainResult(b []byte) bool {
	low := bytes.ToLower(bytes.TrimSpace(b))
	if listed(resultWords, low) {
		return true
	}
	for _, c := range []string{"less than or equal to", "greater than or equal to", "less than", "greater than", "more than", "<=", ">=", "<", ">", "~", "-"} {
		if rest, ok := bytes.CutPrefix(low, []byte(c)); ok {
			low = bytes.TrimSpace(rest)
			break
		}
	}
	i := 0
	for i < len(low) && digit(low[i]) {
		i++
	}
	if i == 0 || i > 4 {
		return false
	}
	if i < len(low) && low[i] == '.' {
		d := i + 1
		for i = d; i < len(low) && digit(low[i]); i++ {
		}
		if i == d || i > d+6 {
			return false
		}
	}
	rest := bytes.TrimSpace(low[i:])
	return len(rest) == 0 || unit(rest)
}

// samples reports whether b is the data of a SampledData: decimals, E, L and U.
func samples(b []byte) bool {
	for part := range bytes.SplitSeq(b, []byte(" ")) {
		if string(part) == "E" || string(part) == "L" || string(part) == "U" {
			continue
		}
		part = bytes.TrimPrefix(part, []byte("-"))
		if !every(part, 1, 6, func(c byte) bool { return digit(c) || c == '.' }) {
			return false
		}
	}
	return true
}
