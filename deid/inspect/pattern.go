package inspect

import (
	"strings"
)

// A pattern is what an identifier looks like. Patterns are written as functions that
// read from a position of a text: regular expressions are too slow for every string
// of a release.
type pattern struct {
	kind  Kind
	match func(s string, i int) bool // i is at the start of a word
	dates bool                       // only where dates must not stand
}

var patterns = []pattern{
	{SSN, ssn, false},
	{Telephone, telephone, false},
	{PlanNumber, medicare, false},
	{Internet, internet, false},
	{FineDate, date, true},
	{OldAge, oldAge, true},
}

// like calls found with every kind of pattern that text holds.
func like(text string, years bool, found func(Kind)) {
	if strings.IndexByte(text, '@') > 0 && mail(text) {
		found(Email)
	}
	if i := strings.Index(text, "://"); i > 0 && !published(text) {
		found(Web)
	}
	for i := 0; i < len(text); i++ {
		if i > 0 && isWord(text[i-1]) || !isWord(text[i]) && text[i] != '(' {
			continue
		}
		if i > 0 && text[i-1] == '.' && i > 1 && isDigit(text[i-2]) {
			continue // inside a number or an OID
		}
		for _, p := range patterns {
			if (!p.dates || years) && p.match(text, i) {
				found(p.kind)
			}
		}
	}
}

func isWord(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

// shaped reports whether s[i:] begins with the shape, where 9 is a digit, a a letter,
// n either, - a hyphen, dot or space, / a slash, hyphen or dot, and every other
// character itself; and whether what follows is not part of the same word.
func shaped(s string, i int, shape string) bool {
	if i+len(shape) > len(s) {
		return false
	}
	for j := range len(shape) {
		c := s[i+j]
		var ok bool
		switch shape[j] {
		case '9':
			ok = isDigit(c)
		case 'a':
			ok = c|0x20 >= 'a' && c|0x20 <= 'z'
		case 'n':
			ok = isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z'
		case '-':
			ok = c == '-' || c == '.' || c == ' '
		case '/':
			ok = c == '/' || c == '-' || c == '.'
		default:
			ok = c == shape[j]
		}
		if !ok {
			return false
		}
	}
	rest := s[i+len(shape):]
	return rest == "" || !isWord(rest[0]) && !(len(rest) > 1 && strings.IndexByte("-.", rest[0]) >= 0 && isWord(rest[1]))
}

func ssn(s string, i int) bool { return shaped(s, i, "999-99-9999") }

func telephone(s string, i int) bool {
	if strings.HasPrefix(s[i:], "1-") || strings.HasPrefix(s[i:], "1 ") {
		i += 2
	}
	return shaped(s, i, "999-999-9999") || shaped(s, i, "(999) 999-9999") || shaped(s, i, "(999)999-9999")
}

// medicare is a Medicare Beneficiary Identifier: 11 characters at places 2, 5, 8 and 9
// of which stand letters (cms.gov, "Understanding the MBI").
func medicare(s string, i int) bool {
	return shaped(s, i, "9an9-an9-aa99") || shaped(s, i, "9an9an9aa99")
}

func internet(s string, i int) bool {
	for part := range 4 {
		n, v := 0, 0
		for i+n < len(s) && isDigit(s[i+n]) && n < 4 {
			v = v*10 + int(s[i+n]-'0')
			n++
		}
		if n == 0 || n > 3 || v > 255 {
			return false
		}
		i += n
		if part < 3 {
			if i >= len(s) || s[i] != '.' {
				return false
			}
			i++
		}
	}
	return i == len(s) || !isWord(s[i]) && (s[i] != '.' || i+1 == len(s) || !isDigit(s[i+1]))
}

// date is a date with more than a year.
func date(s string, i int) bool {
	year := func(j int) bool {
		return j+4 <= len(s) && (s[j:j+2] == "19" || s[j:j+2] == "20") && isDigit(s[j+2]) && isDigit(s[j+3])
	}
	two := func(j, max int) bool {
		return j+2 <= len(s) && isDigit(s[j]) && isDigit(s[j+1]) && int(s[j]-'0')*10+int(s[j+1]-'0') <= max
	}
	ends := func(j int) bool { return j >= len(s) || !isWord(s[j]) }
	switch {
	case year(i) && i+7 <= len(s) && (s[i+4] == '-' || s[i+4] == '/') && two(i+5, 12) && ends(i+7):
		return true // 2024-03 and what follows
	case year(i) && two(i+4, 12) && two(i+6, 31) && ends(i+8) && i+8 <= len(s) && s[i+4:i+6] != "00" && s[i+6:i+8] != "00":
		return len(s) == 8 // 20240314, alone
	}
	for _, shape := range []string{"99/99/9999", "9/99/9999", "99/9/9999", "9/9/9999"} {
		if shaped(s, i, shape) {
			return year(i + len(shape) - 4)
		}
	}
	return month(s, i)
}

const months = "|jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|december|"

// month is the name of a month with a day or a year beside it.
func month(s string, i int) bool {
	j := i
	for j < len(s) && s[j]|0x20 >= 'a' && s[j]|0x20 <= 'z' {
		j++
	}
	if j-i < 3 || j-i > 9 || !strings.Contains(months, "|"+strings.ToLower(s[i:j])+"|") {
		return false
	}
	word := j
	for j < len(s) && strings.IndexByte(" .-,", s[j]) >= 0 {
		j++
	}
	return j > word && j < len(s) && isDigit(s[j]) // "dec8" is a part of a code
}

// oldAge is an age of 90 or more in words: "97-year-old", "97 years", "97 yo".
func oldAge(s string, i int) bool {
	n := 0
	for i+n < len(s) && isDigit(s[i+n]) {
		n++
	}
	if n != 2 && n != 3 || n == 2 && s[i] != '9' || n == 3 && s[i] != '1' {
		return false
	}
	if n == 2 && s[i:i+2] == "90" {
		return false // "90 or older" is how it must be written
	}
	rest := strings.ToLower(s[i+n:])
	rest = strings.TrimLeft(rest, " -")
	return strings.HasPrefix(rest, "year") || strings.HasPrefix(rest, "yo") || strings.HasPrefix(rest, "y/o") || strings.HasPrefix(rest, "yrs")
}

// mail is an address of mail: a word, an at sign, a domain.
func mail(s string) bool {
	for i := 1; i < len(s); i++ {
		if s[i] != '@' || !isWord(s[i-1]) {
			continue
		}
		j := i + 1
		dot := false
		for j < len(s) && (isWord(s[j]) || s[j] == '.' || s[j] == '-') {
			dot = dot || s[j] == '.' && j > i+1 && j+1 < len(s) && isWord(s[j+1])
			j++
		}
		if dot {
			return true
		}
	}
	return false
}

// authorities publish the definitions whose addresses may stand in a release.
var authorities = []string{
	"http://hl7.org/", "http://terminology.hl7.org/", "http://loinc.org", "http://snomed.info/", "http://unitsofmeasure.org", "http://www.nlm.nih.gov/", "http://dicom.nema.org/", "http://www.nubc.org/",
	"https://www.nubc.org/", "http://nucc.org/", "http://www.ama-assn.org/", "http://www.cms.gov/", "https://www.cms.gov/", "https://bluebutton.cms.gov/resources/", "http://www.whocc.no/", "http://id.who.int/",
	"http://ncit.nci.nih.gov", "http://ncimeta.nci.nih.gov", "http://fdasis.nlm.nih.gov", "http://www.genenames.org", "http://www.ncbi.nlm.nih.gov/", "http://www.radlex.org", "http://www.ada.org/", "http://ada.org/",
	"https://nahdo.org/", "https://www.usps.com/", "http://unstats.un.org/", "http://synthetichealth.github.io/synthea/", "https://deidentified.invalid/", "http://www.w3.org/", "http://hl7.org",
}

// published reports whether a text is nothing but an address of a publisher of
// definitions.
func published(s string) bool {
	if strings.ContainsAny(s, " ?#") {
		return false
	}
	for _, a := range authorities {
		if rest, ok := strings.CutPrefix(s, a); ok && (strings.HasSuffix(a, "/") || rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}
