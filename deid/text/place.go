package text

import "strings"

// works stand before the name of an employer or a place of care.
const works = "|works|worked|employed|working|employer|transferred|transfer|tx|admitted|resident|lives|lived|job|attends|attended|student|retired|"

// streets end the name of a street.
const streets = "|st|street|ave|avenue|rd|road|dr|drive|ln|lane|ct|court|blvd|boulevard|way|pl|place|ter|terrace|cir|circle|pkwy|parkway|hwy|highway|trl|trail|sq|square|loop|row|run|plz|plaza|aly|alley|pike|path|pass|crossing|xing|bypass|"

// organizations end the name of a place where people work, learn or are treated.
const organizations = "|hospital|hospitals|clinic|clinics|center|centre|snf|hospice|dialysis|general|memorial|infirmary|sanatorium|healthcare|rehab|rehabilitation|pediatrics|dental|pharmacy|" +
	"university|college|school|district|academy|church|temple|mosque|synagogue|inc|llc|corp|corporation|company|co|ltd|freight|tool|die|industries|logistics|bank|prison|jail|shelter|facility|home|manor|village|ranch|farms|"

// places finds streets, towns, hospitals and employers.
func (s *Scrubber) places(text string) {
	for i := 0; i < len(s.tokens); i++ {
		t := s.tokens[i]
		switch {
		case t.kind == 'n' && t.end-t.start <= 5 || t.kind == 'm' && t.end-t.start <= 6:
			if end, last := s.street(text, i); end > 0 {
				s.add(t.start, end, Street)
				i = last
			}
		case t.capital() && in("|po|p|box|", t.low):
			if end := s.box(text, i); end > 0 {
				s.add(t.start, end, Street)
			}
		case t.kind == 'w' && t.is(isWork):
			s.after(text, i)
		case t.capital():
			if last := s.organization(text, i); last > i {
				i = last
				continue
			}
			if last := s.town(text, i); last >= i {
				i = last
			}
		}
	}
}

// street reads a number, one to six words and the word for a street, and what follows
// of a dwelling.
func (s *Scrubber) street(text string, i int) (end, last int) {
	for k := i + 1; k < len(s.tokens) && k <= i+8; k++ {
		t := s.tokens[k]
		if g := s.gap(text, k-1); g != " " && g != ". " {
			return 0, 0
		}
		if t.kind == 'w' && t.capital() && t.is(isStreet) && k > i+1 && !(k+1 < len(s.tokens) && s.tokens[k+1].capital() && s.gap(text, k) == ". " && k < i+4) {
			end, last = t.end, k
			break
		}
		if !(t.kind == 'w' && t.capital() || t.kind == 'm' && isDigit(text[t.start])) {
			return 0, 0
		}
	}
	if end == 0 {
		return 0, 0
	}
	if last+2 < len(s.tokens) {
		u := s.tokens[last+1]
		if g := s.gap(text, last); (g == " " || g == ", " || g == ". ") && in("|apt|unit|suite|ste|apartment|floor|fl|room|rm|lot|bldg|", u.low) {
			v := s.tokens[last+2]
			if v.start-u.end <= 3 {
				return v.end, last + 2
			}
		}
	}
	if strings.HasPrefix(text[end:], " #") {
		if _, d := leading(text[end+2:]); d > 0 {
			return end + 2 + d, last
		}
	}
	return end, last
}

// box reads a post office box.
func (s *Scrubber) box(text string, i int) int {
	for k := i; k < len(s.tokens) && k <= i+2; k++ {
		if s.tokens[k].low == "box" && k+1 < len(s.tokens) && s.tokens[k+1].kind != 'w' && s.gap(text, k) == " " {
			return s.tokens[k+1].end
		}
	}
	return 0
}

// organization reads words in capitals that end with the word for an organization.
func (s *Scrubber) organization(text string, i int) (last int) {
	if s.tokens[i].is(isNeutral) && !in("|medical|health|", s.tokens[i].low) || s.tokens[i].shape == 'i' {
		return -1
	}
	last = -1
	for k := i; k < len(s.tokens) && k <= i+5; k++ {
		t := s.tokens[k]
		if k > i {
			if g := s.gap(text, k-1); g != " " && g != "-" && g != " & " && g != "'s " && g != ". " {
				break
			}
			if !t.capital() && !in("|of|and|the|for|", t.low) {
				break
			}
		}
		if k > i && t.capital() && t.is(isOrganization) {
			last = k
		}
	}
	if last > i {
		// A head such as "Home Health" or "Primary Care Clinic" names nobody.
		common := true
		for k := i; k <= last; k++ {
			low := s.tokens[k].low
			common = common && (in(organizations, low) || in(generic, low))
		}
		if common {
			return -1
		}
		s.add(s.tokens[i].start, s.tokens[last].end, Place)
	}
	return last
}

const generic = "|primary|care|home|health|medical|emergency|urgent|outpatient|inpatient|community|sleep|pain|wound|dental|eye|the|of|and|for|surgery|surgical|family|internal|medicine|heart|cancer|children|womens|regional|nursing|skilled|assisted|living|rehab|acute|high|middle|elementary|attorney|surgeon|attending|"

// after marks what stands in capitals behind "works at", "transferred from" and the
// like.
func (s *Scrubber) after(text string, i int) {
	k := i + 1
	for k < len(s.tokens) && k <= i+4 && in("|at|for|by|from|as|a|an|to|the|in|with|near|", s.tokens[k].low) {
		k++
	}
	if k == i+1 || k >= len(s.tokens) || in("|wife|husband|", s.tokens[k].low) {
		return
	}
	start, end := s.tokens[k].start, 0
	for ; k < len(s.tokens); k++ {
		t := s.tokens[k]
		if end > 0 {
			if g := text[end:t.start]; g != " " && g != " & " && g != " #" && g != "-" && g != "'s " && g != "'" {
				break
			}
		}
		if !(t.capital() && !t.is(isNeutral)) && !(t.kind == 'n' && end > 0 && strings.HasSuffix(text[:t.start], "#")) && !(end > 0 && in("|of|and|", t.low) && k+1 < len(s.tokens) && s.tokens[k+1].capital()) {
			if !(end > 0 && in("|general|home|hospital|clinic|center|medical|health|", t.low) && t.capital()) {
				break
			}
		}
		if t.flags&isMedical != 0 && end == 0 && !t.named() {
			break
		}
		end = t.end
	}
	if end > start {
		s.add(start, end, Place)
	}
}

// town reads the name of a town: of the gazetteer, and either no English word or with
// something beside it that says so.
func (s *Scrubber) town(text string, i int) (last int) {
	if s.tokens[i].shape == 'i' {
		return -1
	}
	last = -1
	key := s.key[:0]
	for k := i; k < len(s.tokens) && k <= i+3; k++ {
		t := s.tokens[k]
		if k > i {
			if g := s.gap(text, k-1); g != " " && g != ". " || !t.capital() && !in("|or|of|and|the|", t.low) {
				break
			}
			key = append(key, ' ')
		}
		if low := t.low; low == "st" {
			key = append(key, "saint"...)
		} else {
			key = append(key, low...)
		}
		if s.dict.words[string(key)].flags&isCity != 0 {
			last = k
		}
		if !s.dict.prefix[string(key)] {
			break
		}
	}
	s.key = key
	if last < i {
		return -1
	}
	t := s.tokens[last]
	beside := false
	if last+1 < len(s.tokens) {
		u := s.tokens[last+1]
		g := s.gap(text, last)
		beside = (g == ", " || g == " ") && u.kind == 'w' && (in(stateCodes, text[u.start:u.end]) && (g == ", " || len(u.low) == 2 && u.shape == 'C') || in("|zip|", u.low))
	}
	if i > 0 {
		before := s.tokens[i-1]
		if g := s.gap(text, i-1); g == " " {
			beside = beside || in("|in|near|from|outside|downtown|main|to|at|visiting|around|of|", before.low) && (in("|in|near|from|outside|downtown|main|visiting|around|", before.low) || !t.vocabulary())
		}
	}
	words := last - i + 1
	if words == 1 && !beside && (t.vocabulary() || t.named() || t.shape == 'C' && len(t.low) < 6) {
		return -1
	}
	if words > 1 && !beside && s.tokens[i].vocabulary() && t.vocabulary() && s.tokens[i].first {
		return -1
	}
	if words == 1 && beside && t.flags&isMedical != 0 && !t.named() {
		return -1
	}
	s.add(s.tokens[i].start, t.end, City)
	return last
}
