package text

import "strings"

// shapes finds what is known by its shape: numbers of every kind, dates, ages, and
// addresses of mail, web and internet.
func (s *Scrubber) shapes(text string) {
	s.addresses(text)
	until := 0
	for i := range s.tokens {
		t := s.tokens[i]
		if t.start < until {
			continue
		}
		find := s.numberShape
		if t.kind == 'w' {
			find = s.wordShape
		}
		end, from, label := find(text, i)
		if end > from {
			s.add(from, end, label)
			until = end
		}
	}
}

const monthNames = "|january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|"

// wordShape finds dates that begin with a month, and numbers behind a key word.
func (s *Scrubber) wordShape(text string, i int) (end, from int, l Label) {
	t := s.tokens[i]
	if t.shape != 'l' && t.is(isMonth) {
		if end := s.monthFirst(text, i); end > 0 {
			return end, t.start, Date
		}
	}
	if t.is(isKey) {
		j := i + 1
		for j < len(s.tokens) && j <= i+2 && s.tokens[j].kind == 'w' && in("|no|num|number|id|is|of|on|file|code|acct|account|subj|subject|card|plate|", s.tokens[j].low) && s.tokens[j].start-s.tokens[j-1].end <= 3 {
			j++
		}
		if j < len(s.tokens) && s.tokens[j].start-s.tokens[j-1].end <= 4 && !strings.Contains(text[s.tokens[j-1].end:s.tokens[j].start], "\n") {
			if e, digits := identifierEnd(text, s.tokens[j].start); digits >= 3 && !s.unitAfter(text, s.tokens[j].start, e) {
				p := s.tokens[j].start
				if j > i+1 && s.tokens[j-1].kind == 'w' && text[s.tokens[j-1].end] == '-' { // ACCT-204605
					p = s.tokens[j-1].start
				}
				if g := groups(text, p); g > e {
					e = g
				}
				if g, _, _ := telephone(text, p); g > e { // 586 11 6267
					e = g
				}
				if in("|badge|accession|case|nct-subj|subj|sn|", t.low) {
					p = t.start
				}
				return s.tail(text, e), p, Number
			}
		}
	}
	// Letters and a hyphen before digits: PM-5411946, AJR-2384, ACCT-204605.
	if (t.shape == 'C' || t.shape == 'i') && t.end < len(text) && text[t.end] == '-' {
		if e, digits := identifierEnd(text, t.start); digits >= 5 || digits == 4 && t.end-t.start == 3 && !t.vocabulary() && e == t.end+5 {
			if !s.coded(i) {
				return s.tail(text, e), t.start, Number
			}
		}
	}
	return 0, 0, ""
}

// keys are words that stand before a number that identifies.
const keys = "|badge|accession|case|mrn|acct|account|member|license|licence|lic|dl|dea|npi|vin|plate|serial|sn|nct-subj|subj|subject|study|record|chart|policy|group|claim|specimen|ssn|passport|medicaid|subscriber|beneficiary|mbi|barcode|udi|device|encounter|visit|"

// monthFirst reads "Jul 22", "July 15, 1948", "July 1955", "Apr. 3rd".
func (s *Scrubber) monthFirst(text string, i int) int {
	if i+1 >= len(s.tokens) {
		return 0
	}
	u := s.tokens[i+1]
	if g := s.gap(text, i); g != " " && g != ". " && g != "-" && g != ", " && g != "/" {
		return 0
	}
	n, digits := leading(text[u.start:u.end])
	switch {
	case digits == 4 && u.kind == 'n' && n >= 1900 && n < 2100:
		return u.end
	case (digits == 1 || digits == 2) && n >= 1 && n <= 31 && (u.kind == 'n' || in("|st|nd|rd|th|", text[u.start+digits:u.end])):
		end := u.end
		if i+2 < len(s.tokens) {
			y := s.tokens[i+2]
			if g := s.gap(text, i+1); g == ", " || g == " " || g == "-" || g == "," || g == "/" {
				if v, d := leading(text[y.start:y.end]); y.kind == 'n' && (d == 4 && v >= 1900 && v < 2100 || d == 2 && g == "-") {
					end = y.end
				}
			}
		}
		if end == u.end && end < len(text)-1 && (text[end] == '.' && isDigit(text[end+1]) || text[end] == '/' || text[end] == '%') {
			return 0
		}
		return end
	}
	return 0
}

// leading reads the digits at the start of b.
func leading(b string) (value, digits int) {
	for digits < len(b) && isDigit(b[digits]) && digits < 9 {
		value = value*10 + int(b[digits]-'0')
		digits++
	}
	return value, digits
}

// numberShape finds what the digits at token i are.
func (s *Scrubber) numberShape(text string, i int) (end, from int, l Label) {
	t := s.tokens[i]
	p := t.start
	if e := date(text, p); e > 0 && (p == 0 || text[p-1] != '.' && text[p-1] != '/') {
		return e, p, Date
	}
	if e, f := s.dayFirst(text, i); e > 0 {
		return e, f, Date
	}
	if s.old(text, i) {
		return t.end, p, Age
	}
	if e := internet(text, p); e > 0 {
		return e, p, Internet
	}
	if s.coded(i) {
		return 0, 0, ""
	}
	if e, f := udi(text, p); e > 0 {
		return e, f, Number
	}
	if e, f, l := telephone(text, p); e > 0 {
		return e, f, l
	}
	if e := s.zip(text, i); e > 0 {
		return e, p, ZIP
	}
	if e := groups(text, p); e > 0 {
		return e, p, Number
	}
	e, digits := identifierEnd(text, p)
	switch {
	case digits >= 7, digits >= 5 && t.kind == 'm' && !s.unitAfter(text, p, e), digits >= 5 && e > t.end && strings.IndexByte(text[p:e], '-') > 0 && hasLetter(text[p:e]):
		return s.tail(text, e), p, Number
	}
	return 0, 0, ""
}

func hasLetter(b string) bool {
	for i := range len(b) {
		if isAlpha(b[i]) {
			return true
		}
	}
	return false
}

// tail adds what belongs to the end of an identifier: the two digits of the member in a
// plan number, an extension.
func (s *Scrubber) tail(text string, end int) int {
	if end+3 <= len(text) && text[end] == ' ' && isDigit(text[end+1]) && isDigit(text[end+2]) && (end+3 == len(text) || !isAlnum(text[end+3]) && text[end+3] != '/' && text[end+3] != '%' && text[end+3] != '-' && (text[end+3] != '.' || end+4 == len(text) || !isDigit(text[end+4]))) {
		return end + 3
	}
	return end
}

// identifierEnd reads letters, digits and single hyphens from p and counts the digits.
func identifierEnd(text string, p int) (end, digits int) {
	i := p
	for i < len(text) {
		c := text[i]
		switch {
		case isDigit(c):
			digits++
		case isAlpha(c):
		case (c == '-' || c == '#') && i > p && i+1 < len(text) && (isDigit(text[i+1]) || isAlpha(text[i+1]) && digits > 0 && isUpperAt(text, i+1)):
		default:
			return i, digits
		}
		i++
	}
	return i, digits
}

func isUpperAt(text string, i int) bool { return text[i] >= 'A' && text[i] <= 'Z' }

// unitAfter reports whether the letters at the end of text[p:end] are a unit: 1000mg.
func (s *Scrubber) unitAfter(text string, p, end int) bool {
	i := end
	for i > p && isAlpha(text[i-1]) {
		i--
	}
	if i == end || i == p {
		return false
	}
	for j := p; j < i; j++ {
		if !isDigit(text[j]) {
			return false
		}
	}
	return in("|mg|mcg|g|kg|ml|l|units|unit|iu|meq|mmol|hr|hrs|mm|cm|k|x|th|", strings.ToLower(text[i:end]))
}

// codeSystems stand before codes, which are no identifiers.
const codeSystems = "|loinc|cpt|icd|icd-10|icd-9|icd-10-cm|rxnorm|snomed|ndc|hcpcs|drg|ms-drg|cvx|atc|mesh|omim|pmid|doi|nct|"

// coded reports whether a code system stands within three words before token i.
func (s *Scrubber) coded(i int) bool {
	for k := 1; k <= 3 && i-k >= 0; k++ {
		t := s.tokens[i-k]
		if t.is(isCodeSystem) {
			return k == 1 || s.tokens[i-1].kind != 'w' || in("|code|codes|ct|cm|no|", s.tokens[i-1].low)
		}
	}
	return false
}

// date reads a date written in digits.
func date(b string, p int) int {
	if p > 0 && (isDigit(b[p-1]) || b[p-1] == '-' && p > 1 && isDigit(b[p-2])) {
		return 0
	}
	n1, d1 := leading(b[p:])
	i := p + d1
	free := func(j int) bool { return j >= len(b) || !isDigit(b[j]) && !isAlpha(b[j]) || b[j] == 'T' }
	switch {
	case d1 == 8 && n1/10000 >= 1850 && n1/10000 < 2100 && n1/100%100 >= 1 && n1/100%100 <= 12 && n1%100 >= 1 && n1%100 <= 31 && free(i):
		return i
	case i >= len(b):
		return 0
	case d1 == 4 && n1 >= 1850 && n1 < 2100 && (b[i] == '-' || b[i] == '/' || b[i] == '.'):
		n2, d2 := leading(b[i+1:])
		j := i + 1 + d2
		if d2 < 1 || d2 > 2 || n2 < 1 || n2 > 12 || j >= len(b) || b[j] != b[i] {
			if d2 == 2 && n2 >= 1 && n2 <= 12 && b[i] == '-' && free(j) {
				return j // 2024-03
			}
			return 0
		}
		n3, d3 := leading(b[j+1:])
		if d3 < 1 || d3 > 2 || n3 < 1 || n3 > 31 || !free(j+1+d3) {
			return 0
		}
		return clock(b, j+1+d3)
	case d1 <= 2 && n1 >= 1 && n1 <= 31 && (b[i] == '/' || b[i] == '-' || b[i] == '.'):
		sep := b[i]
		n2, d2 := leading(b[i+1:])
		j := i + 1 + d2
		if d2 >= 1 && d2 <= 2 && n2 >= 1 && n2 <= 31 && (n1 <= 12 || n2 <= 12) && j < len(b) && b[j] == sep {
			n3, d3 := leading(b[j+1:])
			if (d3 == 4 && n3 >= 1850 && n3 < 2100 || d3 == 2 && sep != '.') && free(j+1+d3) {
				return j + 1 + d3
			}
		}
		if sep == '/' && d2 == 4 && n1 <= 12 && n2 >= 1900 && n2 < 2100 && free(j) {
			return j // 03/2024
		}
		if sep == '-' { // 5-JAN-2005
			k := i + 1
			for k < len(b) && isAlpha(b[k]) {
				k++
			}
			if k-i-1 >= 3 && in(monthNames, strings.ToLower(b[i+1:k])) && k < len(b) && b[k] == '-' {
				if _, d := leading(b[k+1:]); d == 4 || d == 2 {
					return k + 1 + d
				}
			}
		}
	}
	return 0
}

// clock reads the time of day that may follow an ISO date.
func clock(b string, i int) int {
	if i < len(b) && b[i] == 'T' {
		for i < len(b) && (isDigit(b[i]) || strings.IndexByte("T:.Z+-", b[i]) >= 0) {
			i++
		}
		for b[i-1] == '.' || b[i-1] == '-' {
			i--
		}
	}
	return i
}

// dayFirst reads "21 Apr 2001", "21 April", "the 14th of April", and "on 7/10".
func (s *Scrubber) dayFirst(text string, i int) (end, from int) {
	t := s.tokens[i]
	n, digits := leading(text[t.start:t.end])
	if digits < 1 || digits > 2 || n < 1 || n > 31 {
		return 0, 0
	}
	if t.kind == 'n' && t.end < len(text) && text[t.end] == '/' && i+1 < len(s.tokens) && n <= 12 {
		u := s.tokens[i+1]
		if d, k := leading(text[u.start:u.end]); u.kind == 'n' && u.start == t.end+1 && k <= 2 && d >= 1 && d <= 31 && s.dated(text, i) {
			return u.end, t.start
		}
	}
	if t.kind == 'm' && !in("|st|nd|rd|th|", strings.ToLower(text[t.start+digits:t.end])) || i+1 >= len(s.tokens) {
		return 0, 0
	}
	m := i + 1
	if s.tokens[m].low == "of" && m+1 < len(s.tokens) {
		m++
	}
	if u := s.tokens[m]; u.kind != 'w' || u.shape == 'l' || !u.is(isMonth) || u.start-t.end > 6 {
		return 0, 0
	}
	from = t.start
	if t.kind == 'm' && i > 0 && s.tokens[i-1].low == "the" && s.gap(text, i-1) == " " {
		from = s.tokens[i-1].start
	}
	end = s.tokens[m].end
	if m+1 < len(s.tokens) {
		y := s.tokens[m+1]
		if v, d := leading(text[y.start:y.end]); y.kind == 'n' && d == 4 && v >= 1850 && v < 2100 && y.start-end <= 2 {
			end = y.end
		}
	}
	return end, from
}

// dateWords stand before a day written as 7/10, which alone may be a score.
const dateWords = "|on|since|until|dated|date|thru|through|before|after|dos|service|dob|born|interrogated|seen|visit|visited|admitted|admit|discharged|discharge|signed|scheduled|last|next|from|by|by|performed|done|collected|received|started|stopped|due|"

// dated reports whether month and day at token i and i+1 are a date: a word before
// them or a time of day after them says so.
func (s *Scrubber) dated(text string, i int) bool {
	if i > 0 && s.tokens[i].start-s.tokens[i-1].end <= 3 && s.tokens[i-1].is(isDateWord) {
		return true
	}
	if i+3 < len(s.tokens) {
		h, m := s.tokens[i+2], s.tokens[i+3]
		return h.kind == 'n' && m.start == h.end+1 && text[h.end] == ':' && h.start-s.tokens[i+1].end <= 4
	}
	return false
}

// old reports whether token i is an age of 90 or more.
func (s *Scrubber) old(text string, i int) bool {
	t := s.tokens[i]
	n, digits := leading(text[t.start:t.end])
	if n < 90 || n > 125 || digits < 2 || t.kind == 'm' && !in("|yo|y|yr|yrs|f|m|", strings.ToLower(text[t.start+digits:t.end])) {
		return false
	}
	if t.kind == 'm' {
		return true
	}
	if t.start > 0 && (text[t.start-1] == '/' || text[t.start-1] == '.' || text[t.start-1] == '-' || text[t.start-1] == '$') {
		return false
	}
	rest := strings.ToLower(text[t.end:min(len(text), t.end+12)])
	rest = strings.TrimLeft(rest, " -")
	for _, p := range []string{"year", "y.o", "yo", "y/o", "yr", "y o"} {
		if strings.HasPrefix(rest, p) {
			return true
		}
	}
	if rest != "" && strings.IndexByte("%/.", rest[0]) >= 0 && !(rest[0] == '.' && (len(rest) == 1 || !isDigit(rest[1]))) {
		return false
	}
	for k := 1; k <= 3 && i-k >= 0; k++ {
		low := s.tokens[i-k].low
		if in("|age|aged|ages|", low) {
			return k <= 2
		}
		if low == "at" && k == 1 && i >= 2 && in("|died|dead|deceased|passed|lived|death|away|", s.tokens[i-2].low) {
			return true
		}
		if k == 1 && in("|turned|turning|turns|nearly|almost|", low) {
			return true
		}
	}
	return false
}

func internet(b string, p int) int {
	i := p
	for part := range 4 {
		v, d := leading(b[i:])
		if d < 1 || d > 3 || v > 255 {
			return 0
		}
		i += d
		if part < 3 {
			if i >= len(b) || b[i] != '.' {
				return 0
			}
			i++
		}
	}
	if i < len(b) && isAlnum(b[i]) {
		return 0
	}
	return i
}

// udi reads a unique device identifier: (01)… with further groups in parentheses.
func udi(b string, p int) (end, from int) {
	if p == 0 || b[p-1] != '(' || p+3 > len(b) || b[p:p+2] != "01" || b[p+2] != ')' {
		return 0, 0
	}
	i := p + 3
	for i < len(b) && (isAlnum(b[i]) || b[i] == '(' || b[i] == ')' && i+1 < len(b) && isAlnum(b[i+1])) {
		i++
	}
	if i-p < 10 {
		return 0, 0
	}
	return i, p - 1
}

// telephone reads telephone numbers, with country code and extension, and social
// security numbers, which only their grouping tells apart.
func telephone(b string, p int) (end, from int, l Label) {
	from = p
	if p > 0 && b[p-1] == '(' {
		from--
	}
	i := p
	if v, d := leading(b[i:]); d == 1 && v == 1 && i+1 < len(b) && strings.IndexByte("- .", b[i+1]) >= 0 {
		i += 2
		if p > 0 && b[p-1] == '+' {
			from = p - 1
		}
		if i < len(b) && b[i] == '(' {
			i++
		}
	}
	_, d1 := leading(b[i:])
	j := i + d1
	if d1 != 3 || j >= len(b) {
		return 0, 0, ""
	}
	if b[j] == ')' {
		j++
	}
	for j < len(b) && strings.IndexByte("-. ", b[j]) >= 0 && j < i+6 {
		j++
	}
	_, d2 := leading(b[j:])
	k := j + d2
	switch {
	case d2 == 3 && j > i+3 && k < len(b) && strings.IndexByte("-. ", b[k]) >= 0:
		if _, d3 := leading(b[k+1:]); d3 == 4 && !digitAt(b, k+5) {
			return extension(b, k+5), from, Phone
		}
	case d2 == 2 && j == i+4 && k < len(b) && b[k] == b[j-1] && from == p:
		if _, d3 := leading(b[k+1:]); d3 == 4 && !digitAt(b, k+5) {
			return k + 5, from, SSN
		}
	case d2 == 4 && j == i+4 && (b[i+3] == '-' || b[i+3] == '.') && !digitAt(b, k) && (k >= len(b) || b[k] != '-'):
		return extension(b, k), from, Phone
	}
	return 0, 0, ""
}

func digitAt(b string, i int) bool { return i < len(b) && isDigit(b[i]) }

// extension reads " x651", " ext 651".
func extension(b string, i int) int {
	j := i
	for j < len(b) && (b[j] == ' ' || b[j] == ',') && j < i+2 {
		j++
	}
	for _, x := range []string{"extension ", "ext. ", "ext ", "ext.", "x", "X"} {
		if strings.HasPrefix(b[j:], x) {
			if _, d := leading(b[j+len(x):]); d > 0 {
				return j + len(x) + d
			}
		}
	}
	return i
}

// groups reads numbers in groups of four, as on cards.
func groups(b string, p int) int {
	i := p
	for g := range 4 {
		if _, d := leading(b[i:]); d != 4 {
			return 0
		}
		i += 4
		if g < 3 {
			if i >= len(b) || b[i] != ' ' && b[i] != '-' {
				return 0
			}
			i++
		}
	}
	if digitAt(b, i) {
		return 0
	}
	return i
}

// stateCodes lists the postal codes of the States.
const stateCodes = "|AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|PR|VI|GU|AS|MP|"

// zip reads a ZIP code: five digits, perhaps four more, behind a State, a town or the
// word.
func (s *Scrubber) zip(text string, i int) int {
	t := s.tokens[i]
	if t.kind != 'n' || t.end-t.start != 5 || i == 0 {
		return 0
	}
	before := s.tokens[i-1]
	state := before.kind == 'w' && in(stateCodes, text[before.start:before.end])
	if t.start-before.end > 3 || !state && !in("|zip|zipcode|code|postal|", before.low) && before.flags&isCity == 0 {
		return 0
	}
	if !state && in("|code|", before.low) && (i < 2 || !in("|zip|postal|", s.tokens[i-2].low)) {
		return 0
	}
	end := t.end
	if end < len(text) && text[end] == '-' {
		if _, d := leading(text[end+1:]); d == 4 {
			end += 5
		}
	}
	return end
}
