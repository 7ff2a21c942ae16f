package text

import (
	"unicode"
	"unicode/utf8"
)

// A token is a word or a number of a text.
type token struct {
	start, end int
	kind       byte   // 'w' a word, 'n' a number, 'm' letters and digits mixed
	shape      byte   // of a word: 'l' small, 'T' Title, 'C' CAPITALS, 'i' one capital, 'x' other
	flags      uint32 // what the lists says of the word in small letters
	first      bool   // begins a line or a sentence
	low        string
}

// tokenize appends the tokens of text to ts. Words hold letters, and apostrophes and
// hyphens between letters.
func (s *Scrubber) tokenize(text string) {
	s.tokens = s.tokens[:0]
	first := true
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf && !isAlnum(c) {
			if c == '\n' || c == '.' || c == '!' || c == '?' || c == ':' || c == ';' {
				first = true
			}
			i++
			continue
		}
		start := i
		letters, digits := false, false
		for i < len(text) {
			c := text[i]
			switch {
			case c >= utf8.RuneSelf:
				r, n := utf8.DecodeRuneInString(text[i:])
				if !unicode.IsLetter(r) {
					if i == start {
						i += n
					}
					goto done
				}
				letters = true
				i += n
				continue
			case isDigit(c):
				digits = true
			case isAlpha(c):
				letters = true
			case (c == '\'' || c == '-') && letters && !digits && i+1 < len(text) && (isAlpha(text[i+1]) || text[i+1] >= utf8.RuneSelf):
			default:
				goto done
			}
			i++
		}
	done:
		if !letters && !digits {
			continue
		}
		t := token{start: start, end: i, first: first}
		first = false
		switch {
		case letters && digits:
			t.kind = 'm'
		case digits:
			t.kind = 'n'
		default:
			t.kind = 'w'
			s.word(text, &t)
		}
		s.tokens = append(s.tokens, t)
	}
}

// word finds the shape of a word and looks it up.
func (s *Scrubber) word(text string, t *token) {
	w := text[t.start:t.end]
	uppers, lowers := 0, 0
	s.low = s.low[:0]
	for _, r := range w {
		if unicode.IsUpper(r) {
			uppers++
			r = unicode.ToLower(r)
		} else if unicode.IsLower(r) {
			lowers++
		}
		s.low = utf8.AppendRune(s.low, r)
	}
	r, _ := utf8.DecodeRuneInString(w)
	switch {
	case uppers == 0:
		t.shape = 'l'
	case uppers == 1 && lowers == 0:
		t.shape = 'i'
	case lowers == 0:
		t.shape = 'C'
	case unicode.IsUpper(r) && (uppers == 1 || uppers+lowers >= 5): // McGee, not IgM
		t.shape = 'T'
	default:
		t.shape = 'x'
	}
	low := s.low
	if n := len(low); n > 2 && low[n-2] == '\'' && low[n-1] == 's' { // Crohn's
		low = low[:n-2]
		t.end -= 2
	}
	e, ok := s.look(low)
	flags := e.flags
	t.low = e.word
	if !ok && t.shape != 'l' {
		flags = s.compound(low)
	}
	t.flags = flags
	if t.shape != 'l' && flags&listed == 0 && medical(low) {
		t.flags |= isLikely
	}
	if !ok && (t.shape != 'l' || len(low) <= 12) {
		t.low = s.intern(low)
	}
}

// look looks a word up. Notes say the same few thousand words over and over.
func (s *Scrubber) look(low []byte) (e entry, ok bool) {
	n := len(low)
	if n == 0 {
		return entry{}, false
	}
	h := uint32(low[0]) | uint32(low[n>>1])<<8 | uint32(low[n-1])<<16 | uint32(n)<<24
	r := &s.recent[h*0x9E3779B1>>22]
	if r.word == string(low) {
		return *r, true
	}
	if e, ok = s.dict.words[string(low)]; ok {
		*r = e
	}
	return e, ok
}

// intern returns the string of low, sharing the dictionary's where it can.
func (s *Scrubber) intern(low []byte) string {
	if w, ok := s.known[string(low)]; ok {
		return w
	}
	w := string(low)
	if len(s.known) > 1<<16 {
		clear(s.known)
	}
	s.known[w] = w
	return w
}

// compound looks up the parts of a word with hyphens or apostrophes: they all must be
// English or medicine for the whole to be.
func (s *Scrubber) compound(low []byte) uint32 {
	var all uint32 = isEnglish | isMedical
	var any uint32
	parts := 0
	start := 0
	for i := 0; i <= len(low); i++ {
		if i == len(low) || low[i] == '-' || low[i] == '\'' {
			if i > start {
				f := s.dict.words[string(low[start:i])].flags
				if f&(isEnglish|isMedical) == 0 && !medical(low[start:i]) {
					all = 0
				}
				any |= f & (isSurname | isGiven)
				parts++
			}
			start = i + 1
		}
	}
	if parts < 2 {
		return 0
	}
	if all != 0 {
		return any | isEnglish
	}
	return any
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) || c >= utf8.RuneSelf }
