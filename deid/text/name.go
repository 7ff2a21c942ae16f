package text

import "strings"

// titles stand before a name.
const titles = "|mr|mrs|ms|miss|mx|dr|drs|doctor|prof|professor|rev|fr|sr|sra|srta|mme|capt|sgt|lt|col|judge|nurse|"

// credentials stand after a name.
const credentials = "|md|do|np|pa|pa-c|rn|bsn|lpn|phd|pharmd|dds|dmd|dpm|lcsw|msw|crna|aprn|fnp|cnm|mph|facs|dnp|psyd|ot|pt|rd|ma|cna|esq|"

// labels stand before a name, mostly with a colon or without anything.
const labels = "|name|patient|pt|nok|mother|father|mom|dad|wife|husband|spouse|partner|daughter|son|sister|brother|aunt|uncle|niece|nephew|cousin|grandmother|grandfather|grandson|granddaughter|granddaughter|friend|neighbor|" +
	"guardian|interpreter|by|cc|attn|attending|provider|pcp|surgeon|resident|intern|author|physician|caregiver|hcpoa|poa|contact|with|w|from|saw|called|per|dear|re|regarding|signed|electronically|" +
	"roommate|boyfriend|girlfriend|fiance|employee|client|mr|witness|caller|counsel|lawyer|social|parent|parents|child|baby|twin|sibling|"

// people are labels that a name follows even without a colon.
const people = "|mother|father|mom|dad|wife|husband|spouse|daughter|son|sister|brother|aunt|uncle|nephew|niece|cousin|grandmother|grandfather|interpreter|by|cc|guardian|electronically|nok|with|"

// How surely a name follows.
const (
	weak   = iota // only if it is one by itself
	sure          // the first word is one, or a label says so
	strong        // whatever is written like one
)

// neutral words in capitals or title case are heads and labels; no part of a name even
// beside one.
const neutral = "|patient|pt|name|date|dob|mrn|mr|ssn|address|phone|tel|fax|email|home|work|cell|service|notes|note|history|exam|plan|assessment|hx|dx|rx|age|sex|male|female|the|a|an|and|or|of|in|on|at|to|is|was|has|had|with|for|by|from|no|not|" +
	"he|she|they|his|her|their|i|we|you|it|this|that|these|those|can|should|would|seen|start|stop|continue|return|follow|dictated|signed|interpreter|mother|father|wife|husband|daughter|son|sister|brother|" +
	"transferred|admitted|discharged|reviewed|works|lives|arrived|member|guarantor|account|pharmacy|pathology|portal|see|hospital|clinic|center|medical|health|"

func in(list, low string) bool {
	if low == "" {
		return false
	}
	for at := 1; ; {
		i := strings.Index(list[at:], low)
		if i < 0 {
			return false
		}
		at += i
		if end := at + len(low); list[at-1] == '|' && end < len(list) && list[end] == '|' {
			return true
		}
		at++
	}
}

// is reports whether the word is in a list.
func (t token) is(list uint32) bool { return t.flags&list != 0 }

// capital reports whether a token is written as names are.
func (t token) capital() bool {
	return t.kind == 'w' && (t.shape == 'T' || t.shape == 'C' || t.shape == 'i' || t.shape == 'x' && t.end-t.start > 3)
}

func (t token) vocabulary() bool { return t.flags&(isEnglish|isMedical|isLikely) != 0 }
func (t token) named() bool      { return t.flags&(isSurname|isGiven) != 0 }

// definite reports whether a word is a name by itself: written as one, and neither
// English nor medicine.
func (t token) definite() bool {
	if !t.capital() || t.shape == 'i' || t.vocabulary() || len(t.low) < 2 || len(t.low) == 2 && !t.named() || t.is(isTitle) || t.is(isCredential) {
		return false
	}
	if t.shape == 'x' {
		return false
	}
	if t.shape == 'C' {
		n := len(t.low)
		return n >= 6 || n == 5 && t.named() || n == 4 && t.flags&(isSurname|isGiven) == isSurname|isGiven
	}
	return true
}

// gap returns the text between two tokens that follow each other.
func (s *Scrubber) gap(text string, i int) string {
	return text[s.tokens[i].end:s.tokens[i+1].start]
}

// names finds names.
func (s *Scrubber) names(text string) {
	for i := 0; i < len(s.tokens); i++ {
		t := s.tokens[i]
		if t.kind != 'w' {
			continue
		}
		if t.is(isTitle) && (t.shape != 'C' || len(t.low) > 2) && i+1 < len(s.tokens) {
			if g := s.gap(text, i); g == ". " || g == " " || g == "." {
				i = s.run(text, i+1, 3, strong) - 1
				continue
			}
		}
		if t.is(isLabel) && i+1 < len(s.tokens) && !s.tokens[i+1].is(isTitle) {
			g := s.gap(text, i)
			colon := strings.HasPrefix(g, ":") || strings.HasPrefix(g, " (") || strings.HasPrefix(g, "(")
			if len(g) <= 4 && !strings.ContainsAny(g, "\n;,") && (colon || !s.eponym(text, i+1)) && (colon || g == " " || g == ". " || g == "/ " || g == "/") {
				how := weak
				if colon || t.shape != 'C' && t.is(isPerson) {
					how = strong
				}
				if end := s.run(text, i+1, 4, how); end > i+1 {
					i = end - 1
					continue
				}
			}
		}
		if t.definite() && !s.eponym(text, i) && !s.covered(t) {
			from := i
			for from > 0 && i-from < 2 && s.joins(text, from-1) {
				from--
			}
			end := s.run(text, from, 4+i-from, sure)
			i = max(i, end-1)
			continue
		}
		if s.credentialed(text, i) {
			from := i
			for from > 0 && i-from < 3 && s.joins(text, from-1) {
				from--
			}
			s.mark(from, i+1)
			continue
		}
		// June Legg is definite by her surname; Mark Young only by both being names.
		if t.shape == 'T' && t.flags&isGiven != 0 && i+1 < len(s.tokens) && s.gap(text, i) == " " && !t.is(isNeutral) {
			u := s.tokens[i+1]
			if u.shape == 'T' && u.flags&isSurname != 0 && !u.is(isNeutral) && !(t.first && t.vocabulary() && u.vocabulary()) {
				i = s.run(text, i, 3, sure) - 1
			}
		}
	}
}

// joins reports whether token i can stand before token i+1 in one name: a name or an
// initial, with nothing but a space between them, or a surname and a comma.
func (s *Scrubber) joins(text string, i int) bool {
	t := s.tokens[i]
	if t.is(isParticle) && s.gap(text, i) == " " {
		return true
	}
	if !t.capital() || t.shape != 'i' && t.is(isNeutral) || t.is(isTitle) {
		return false
	}
	switch g := s.gap(text, i); {
	case t.shape == 'i':
		return g == ". " || g == "." || g == " "
	case g == " ", g == "-":
		return t.named() || !t.vocabulary() || t.flags&isMedical == 0 && s.tokens[i+1].shape == 'i' && s.initials(text, i+1)
	case g == ", ":
		u := s.tokens[i+1]
		return t.shape == u.shape && (t.named() || !t.vocabulary() || t.first && u.definite()) && !u.is(isCredential)
	}
	return false
}

// credentialed reports whether a degree follows token i and i may be the end of a
// name.
func (s *Scrubber) credentialed(text string, i int) bool {
	t := s.tokens[i]
	if i+1 >= len(s.tokens) || !t.capital() || t.shape == 'i' || t.is(isNeutral) || t.flags&isMedical != 0 {
		return false
	}
	u := s.tokens[i+1]
	g := s.gap(text, i)
	return (g == ", " || g == " ") && u.shape == 'C' && u.is(isCredential) && (t.named() || !t.vocabulary())
}

// run marks the name that begins at token from, at most most tokens long, and returns
// the token after it. How says what led to it.
func (s *Scrubber) run(text string, from, most, how int) int {
	end := from
	names := 0
	after := byte(0) // what led to the token: ',' a comma, '.' an initial, '-' a particle
	for i := from; i < len(s.tokens) && i-from < most; i++ {
		t := s.tokens[i]
		if t.is(isParticle) && i+1 < len(s.tokens) && (t.capital() || i > from || how == strong) && s.led(text, i) { // de la Cruz, St. James
			after = '-'
			most++
			continue
		}
		if !t.capital() || t.shape != 'i' && t.is(isNeutral) || i > from && t.shape == 'C' && t.is(isCredential) || t.is(isMonth) && (!t.named() || s.numbered(text, i)) {
			break
		}
		if how == weak && s.eponym(text, i) {
			break
		}
		same := i > from && t.shape == s.tokens[from].shape && len(t.low) >= 2
		if !(t.shape == 'i' || t.definite() || t.named() || after != 0 || how == strong && t.flags&isMedical == 0 || !t.vocabulary() && (how == sure || same) || same && s.surname(text, i)) {
			break
		}
		if how == weak && i == from && (t.vocabulary() && !s.leads(text, i) || t.shape == 'i' && !s.initials(text, i)) {
			break
		}
		if t.shape == 'C' && len(t.low) <= 3 && !t.named() && after == 0 && (!same || t.vocabulary()) && (how != strong || t.vocabulary()) {
			break
		}
		if t.shape != 'i' {
			names++
		}
		end = i + 1
		if end >= len(s.tokens) {
			break
		}
		g := s.gap(text, i)
		next := s.tokens[i+1]
		switch {
		case t.shape == 'i' && (g == ". " || g == "." || g == " "):
			after = '.'
		case g == " " || g == "-":
			after = 0
		case g == ", " && next.capital() && !next.is(isCredential) && !next.is(isNeutral) && (next.flags&isMedical == 0 || next.named()) && (how != weak || next.definite() || next.flags&isGiven != 0 || next.shape == 'C' && t.shape == 'C' && !next.vocabulary()) && names <= 1: // Roe, Jane
			after = ','
		default:
			i = len(s.tokens)
		}
	}
	if names == 0 && !(how != weak && end > from) {
		return from
	}
	s.mark(from, end)
	return end
}

// surname reports whether the word at i, which may be any word, ends a name that began
// before it: a word in small letters, a number or a stop follows it.
func (s *Scrubber) surname(text string, i int) bool {
	t := s.tokens[i]
	if t.flags&isMedical != 0 || len(t.low) < 3 {
		return false
	}
	return i+1 >= len(s.tokens) || s.gap(text, i) != " " || s.tokens[i+1].shape != 'C' || s.tokens[i+1].is(isCredential) || in("|mrn|dob|", s.tokens[i+1].low)
}

// numbered reports whether a day or year follows the month at i.
func (s *Scrubber) numbered(text string, i int) bool {
	return i+1 < len(s.tokens) && s.tokens[i+1].kind != 'w' && len(s.gap(text, i)) <= 2
}

// particles are small words inside names.
const particles = "|de|la|del|der|den|van|von|di|da|dos|das|st|ste|al|el|bin|ibn|le|du|ter|ten|mc|mac|abu|ben|san|santa|"

// led reports whether a name in capitals follows the particle at i, perhaps after more
// particles.
func (s *Scrubber) led(text string, i int) bool {
	for k := i; k+1 < len(s.tokens) && k < i+3; k++ {
		if g := s.gap(text, k); g != " " && g != ". " && g != "-" {
			return false
		}
		u := s.tokens[k+1]
		if u.capital() && u.shape != 'i' && !u.is(isParticle) {
			return !u.is(isNeutral)
		}
		if !u.is(isParticle) {
			return false
		}
	}
	return false
}

// leads reports whether the word at i, which is a word and perhaps a name, stands
// before the rest of a name: Will A. Roe, May Roe, King, Ezana.
func (s *Scrubber) leads(text string, i int) bool {
	if i+1 >= len(s.tokens) || s.tokens[i].shape == 'l' {
		return false
	}
	u := s.tokens[i+1]
	switch g := s.gap(text, i); g {
	case " ":
		return u.definite() || u.shape == 'i' && s.initials(text, i+1) || u.is(isParticle) && s.led(text, i+1)
	case ", ":
		return u.definite()
	}
	return false
}

// initials reports whether an initial at i is followed by a name.
func (s *Scrubber) initials(text string, i int) bool {
	if i+1 >= len(s.tokens) {
		return false
	}
	g := s.gap(text, i)
	u := s.tokens[i+1]
	return (g == ". " || g == "." || g == " ") && (u.definite() || u.shape == 'i' || g == ". " && u.capital() && !u.is(isNeutral) && (u.named() || u.is(isParticle) && s.led(text, i+1)))
}

// mark adds the tokens from … end as one name and remembers its words.
func (s *Scrubber) mark(from, end int) {
	if end <= from {
		return
	}
	titled := from > 0 && s.tokens[from-1].is(isTitle)
	s.add(s.tokens[from].start, s.tokens[end-1].end, Name)
	for _, t := range s.tokens[from:end] {
		if len(t.low) >= 3 && t.shape != 'i' {
			s.found[t.low] = s.found[t.low] || titled
		}
	}
}

// eponym reports whether a word names a thing of medicine and not a person: a noun
// such as "disease" or "score" follows it within two words.
func (s *Scrubber) eponym(text string, i int) bool {
	for k := 1; k <= 2 && i+k < len(s.tokens); k++ {
		g := s.gap(text, i+k-1)
		if g != " " && g != "'s " && g != "-" && g != "s' " {
			return false
		}
		if s.tokens[i+k].is(isNoun) {
			return true
		}
		if !s.tokens[i+k].capital() {
			return false
		}
	}
	return false
}
