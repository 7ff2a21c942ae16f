package fhir

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// MaxDepth is the deepest nesting of objects and arrays that is read.
const MaxDepth = 64

// A scanner walks over JSON (RFC 8259) without building anything. Its methods report
// failure with false after setting problem; pos is then where the problem is.
//
// It is written by hand because the standard decoders either accept duplicate and
// case-variant keys, or build every value.
type scanner struct {
	in      []byte
	pos     int
	problem string
	remedy  string
	keys    []span // keys of the objects being skipped, innermost last
	scratch []byte // the unescaped form of the string read last
}

// A span is a part of the input; escaped marks a string that holds a backslash.
type span struct {
	start, end int
	escaped    bool
}

func (s *scanner) fail(problem, remedy string) bool {
	if s.problem == "" {
		s.problem, s.remedy = problem, remedy
	}
	return false
}

func (s *scanner) syntax(problem string) bool {
	return s.fail(problem, "repair the record or remove it; every record must be one valid JSON object")
}

// space skips white space and returns the next byte, or 0 at the end.
func (s *scanner) space() byte {
	for s.pos < len(s.in) {
		c := s.in[s.pos]
		if c > ' ' || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
		s.pos++
	}
	return 0
}

// text reads a string, the position being at its opening quote, and returns what is
// between the quotes, checked but not unescaped.
func (s *scanner) text() (span, bool) {
	start := s.pos + 1
	in := s.in
	i := start
	escaped := false
	for {
		// Eight bytes at a time: stop at a quote, a backslash or a control character.
		for i+8 <= len(in) {
			w := binary.LittleEndian.Uint64(in[i:])
			const ones, highs = 0x0101010101010101, 0x8080808080808080
			quote := w ^ ones*'"'
			slash := w ^ ones*'\\'
			stop := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w) & highs
			if stop != 0 {
				i += bits.TrailingZeros64(stop) >> 3
				break
			}
			i += 8
		}
		if i >= len(in) {
			s.pos = len(in)
			return span{}, s.syntax("a string does not end")
		}
		c := in[i]
		switch {
		case c == '"':
			s.pos = i + 1
			return span{start, i, escaped}, true
		case c == '\\':
			escaped = true
			n := escape(in[i:])
			if n == 0 {
				s.pos = i
				return span{}, s.syntax("a string holds an escape that JSON does not know")
			}
			i += n
		case c < 0x20:
			s.pos = i
			if c == 0 {
				return span{}, s.syntax("a string holds a NUL byte")
			}
			return span{}, s.syntax("a string holds a control character")
		default:
			i++
		}
	}
}

// escape returns the length of the escape sequence at the start of b, 0 if it is not
// one.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && hex4(b[2:6]) >= 0 {
			return 6
		}
	}
	return 0
}

func hex4(b []byte) rune {
	var r rune
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// bytes returns the string of a span, unescaped. It is valid until the next call for
// an escaped span.
func (s *scanner) bytes(p span) []byte {
	raw := s.in[p.start:p.end]
	if !p.escaped {
		return raw
	}
	s.scratch = unescape(s.scratch[:0], raw)
	return s.scratch
}

// unescape appends the text of a checked JSON string to out.
func unescape(out, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			out = append(out, c)
			i++
			continue
		}
		switch raw[i+1] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := hex4(raw[i+2 : i+6])
			i += 6
			if r >= 0xD800 && r < 0xDC00 && len(raw) >= i+6 && raw[i] == '\\' && raw[i+1] == 'u' {
				if low := hex4(raw[i+2 : i+6]); low >= 0xDC00 && low < 0xE000 {
					r = (r-0xD800)<<10 | (low - 0xDC00) + 0x10000
					i += 6
				}
			}
			out = utf8.AppendRune(out, r) // a lone surrogate becomes U+FFFD
			continue
		default:
			out = append(out, raw[i+1])
		}
		i += 2
	}
	return out
}

// number reads a number and returns it as it stands.
func (s *scanner) number() (span, bool) {
	start := s.pos
	in := s.in
	i := start
	if i < len(in) && in[i] == '-' {
		i++
	}
	d := i
	for i < len(in) && in[i] >= '0' && in[i] <= '9' {
		i++
	}
	ok := i > d && (in[d] != '0' || i == d+1)
	if ok && i < len(in) && in[i] == '.' {
		i++
		d = i
		for i < len(in) && in[i] >= '0' && in[i] <= '9' {
			i++
		}
		ok = i > d
	}
	if ok && i < len(in) && (in[i] == 'e' || in[i] == 'E') {
		i++
		if i < len(in) && (in[i] == '+' || in[i] == '-') {
			i++
		}
		d = i
		for i < len(in) && in[i] >= '0' && in[i] <= '9' {
			i++
		}
		ok = i > d
	}
	if !ok {
		return span{}, s.syntax("a number is not written as JSON writes numbers")
	}
	s.pos = i
	return span{start: start, end: i}, true
}

// literal reads true, false or null.
func (s *scanner) literal() (span, bool) {
	start := s.pos
	for _, word := range [...]string{"true", "false", "null"} {
		if end := start + len(word); end <= len(s.in) && string(s.in[start:end]) == word {
			s.pos = end
			return span{start: start, end: end}, true
		}
	}
	if s.pos >= len(s.in) {
		return span{}, s.syntax("the record ends in the middle")
	}
	return span{}, s.syntax("a value is expected here")
}

// skip walks over one value of any kind, checking it like any other: its nesting,
// its strings, and that no key stands twice in an object.
func (s *scanner) skip(depth int) bool {
	switch s.space() {
	case '"':
		_, ok := s.text()
		return ok
	case '{':
		return s.skipObject(depth)
	case '[':
		if !s.deeper(depth) {
			return false
		}
		s.pos++
		if s.space() == ']' {
			s.pos++
			return true
		}
		for {
			if !s.skip(depth + 1) {
				return false
			}
			more, ok := s.next(']')
			if !more {
				return ok
			}
		}
	case 't', 'f', 'n':
		_, ok := s.literal()
		return ok
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		_, ok := s.number()
		return ok
	}
	_, ok := s.literal()
	return ok
}

func (s *scanner) skipObject(depth int) bool {
	if !s.deeper(depth) {
		return false
	}
	s.pos++
	first := len(s.keys)
	defer func() { s.keys = s.keys[:first] }()
	if s.space() == '}' {
		s.pos++
		return true
	}
	for {
		key, ok := s.key()
		if !ok {
			return false
		}
		for _, k := range s.keys[first:] {
			if s.same(k, key) {
				s.pos = key.start
				return s.duplicate()
			}
		}
		s.keys = append(s.keys, key)
		if !s.skip(depth + 1) {
			return false
		}
		more, ok := s.next('}')
		if !more {
			return ok
		}
	}
}

// same reports whether two keys are the same after unescaping.
func (s *scanner) same(a, b span) bool {
	if !a.escaped && !b.escaped {
		return string(s.in[a.start:a.end]) == string(s.in[b.start:b.end])
	}
	return string(unescape(nil, s.in[a.start:a.end])) == string(unescape(nil, s.in[b.start:b.end]))
}

func (s *scanner) duplicate() bool {
	return s.fail("an object has the same key twice", "keep one of the two; which one counts is ambiguous")
}

func (s *scanner) deeper(depth int) bool {
	if depth >= MaxDepth {
		return s.fail("objects and arrays are nested too deeply", "no FHIR resource nests more than 64 levels; repair the record or remove it")
	}
	return true
}

// key reads the key of a member and its colon.
func (s *scanner) key() (span, bool) {
	if s.space() != '"' {
		return span{}, s.syntax("a key is expected here")
	}
	key, ok := s.text()
	if !ok {
		return span{}, false
	}
	if s.space() != ':' {
		return span{}, s.syntax("a colon is expected after a key")
	}
	s.pos++
	return key, true
}

// next goes on after an element: it reads a comma (more) or the closing bracket.
func (s *scanner) next(closing byte) (more, ok bool) {
	switch s.space() {
	case ',':
		s.pos++
		return true, true
	case closing:
		s.pos++
		return false, true
	case 0:
		return false, s.syntax("the record ends in the middle")
	}
	return false, s.syntax("a comma or the end of an object or array is expected here")
}
