package text

import (
	"slices"
	"strings"
)

// A Scrubber finds identifiers in texts. It keeps its memory between texts and is used
// by one goroutine.
type Scrubber struct {
	dict   *lists
	tokens []token
	spans  []Span
	found  map[string]bool // names found in this text, in small letters; true: behind a title
	known  map[string]string
	low    []byte
	key    []byte
	recent [1 << 10]entry // of the dictionary, looked up last
}

// New returns a Scrubber.
func New() *Scrubber {
	return &Scrubber{dict: dictionary(), found: map[string]bool{}, known: map[string]string{}}
}

// Find returns the spans of text that identify or may identify somebody, in order and
// apart. Seeds are identifiers of the patient known from elsewhere: names, numbers,
// addresses. The result is valid until the next call.
func (s *Scrubber) Find(text string, seeds []string) []Span {
	s.spans = s.spans[:0]
	clear(s.found)
	s.tokenize(text)
	s.shapes(text)
	s.places(text)
	s.names(text)
	s.propagate(text, seeds)
	return s.merge()
}

// Scrub returns text with every span replaced by its label in brackets.
func (s *Scrubber) Scrub(text string, seeds []string) string {
	spans := s.Find(text, seeds)
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	at := 0
	for _, p := range spans {
		b.WriteString(text[at:p.Start])
		b.WriteByte('[')
		b.WriteString(string(p.Label))
		b.WriteByte(']')
		at = p.End
	}
	b.WriteString(text[at:])
	return b.String()
}

func (s *Scrubber) add(start, end int, l Label) {
	s.spans = append(s.spans, Span{start, end, l})
}

// covered reports whether a token lies in a span already found.
func (s *Scrubber) covered(t token) bool {
	for i := len(s.spans) - 1; i >= 0; i-- {
		if p := s.spans[i]; p.Start <= t.start && t.end <= p.End {
			return true
		}
	}
	return false
}

// propagate marks every further place of the seeds and of the names found.
func (s *Scrubber) propagate(text string, seeds []string) {
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.kind != 'w' || len(t.low) < 3 {
			continue
		}
		if titled, ok := s.found[t.low]; ok && (!t.vocabulary() || t.shape != 'l' && (!t.first || titled)) {
			s.add(t.start, t.end, Name)
		}
	}
	low := ""
	for _, seed := range seeds {
		seed = strings.TrimSpace(seed)
		if len(seed) < 3 {
			continue
		}
		if low == "" {
			if low = strings.ToLower(text); len(low) != len(text) {
				low = text // positions must agree
			}
		}
		seed = strings.ToLower(seed)
		for at := 0; ; {
			i := strings.Index(low[at:], seed)
			if i < 0 {
				break
			}
			i += at
			end := i + len(seed)
			if (i == 0 || !isAlnum(low[i-1])) && (end == len(low) || !isAlnum(low[end])) {
				s.add(i, end, Number)
			}
			at = end
		}
	}
}

// merge sorts the spans and joins those that touch or overlap.
func (s *Scrubber) merge() []Span {
	slices.SortFunc(s.spans, func(a, b Span) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return b.End - a.End
	})
	n := 0
	for _, p := range s.spans {
		if n > 0 && p.Start < s.spans[n-1].End {
			s.spans[n-1].End = max(s.spans[n-1].End, p.End)
			continue
		}
		s.spans[n] = p
		n++
	}
	s.spans = s.spans[:n]
	return s.spans
}
