// Package scan walks over JSON without building anything, and refuses what readers
// disagree about.
package scan

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// MaxDepth is the deepest nesting of objects and arrays that is read.
const MaxDepth = 64

// A Scanner walks over JSON (RFC 8259) without building anything. Its methods report
// failure with false after setting Problem; Pos is then where the problem is.
//
// It is written by hand because the standard decoders either accept duplicate and
// case-variant keys, or build every value.
type Scanner struct {
	In      []byte
	Pos     int
	Problem string // what is wrong at Pos, "" while nothing is
	Remedy  string
	Keys    []Span // keys of the objects the position is in, as far as they are remembered
	plain   bool   // no control character is in the input
	scratch []byte // the unescaped form of the string read last
}

// A Span is a part of the input; escaped marks a string that holds a backslash.
type Span struct {
	Start, End int
	Escaped    bool
}

func (s *Scanner) Fail(problem, remedy string) bool {
	if s.Problem == "" {
		s.Problem, s.Remedy = problem, remedy
	}
	return false
}

func (s *Scanner) Syntax(problem string) bool {
	return s.Fail(problem, "repair the record or remove it; every record must be one valid JSON object")
}

// Space skips white space and returns the next byte, or 0 at the end.
func (s *Scanner) Space() byte {
	for s.Pos < len(s.In) {
		c := s.In[s.Pos]
		if c > ' ' || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
		s.Pos++
	}
	return 0
}

// Text reads a string, the position being at its opening quote, and returns what is
// between the quotes, checked but not unescaped.
func (s *Scanner) Text() (Span, bool) {
	start := s.Pos + 1
	if !s.plain {
		return s.text(start, start)
	}
	// Eight bytes at a time to the quote or backslash; a long string with the
	// processor's own search.
	in, i := s.In, start
	for end := min(start+32, len(in)-7); i < end; i += 8 {
		w := binary.LittleEndian.Uint64(in[i:])
		quote, slash := w^ones*'"', w^ones*'\\'
		if stop := ((quote-ones)&^quote | (slash-ones)&^slash) & highs; stop != 0 {
			if i += bits.TrailingZeros64(stop) >> 3; in[i] == '"' {
				s.Pos = i + 1
				return Span{Start: start, End: i}, true
			}
			return s.text(start, i)
		}
	}
	if i < len(in) {
		if n := bytes.IndexByte(in[i:], '"'); n >= 0 && bytes.IndexByte(in[i:i+n], '\\') < 0 {
			s.Pos = i + n + 1
			return Span{Start: start, End: i + n}, true
		}
	}
	return s.text(start, i)
}

// text goes on reading at i a string that began at start.
func (s *Scanner) text(start, i int) (Span, bool) {
	in := s.In
	escaped := false
	for {
		// Eight bytes at a time: stop at a quote, a backslash or a control character.
		for i+8 <= len(in) {
			if stop := stops(binary.LittleEndian.Uint64(in[i:])); stop != 0 {
				i += bits.TrailingZeros64(stop) >> 3
				break
			}
			i += 8
		}
		if i >= len(in) {
			s.Pos = len(in)
			return Span{}, s.Syntax("a string does not end")
		}
		c := in[i]
		switch {
		case c == '"':
			s.Pos = i + 1
			return Span{start, i, escaped}, true
		case c == '\\':
			escaped = true
			n := escape(in[i:])
			if n == 0 {
				s.Pos = i
				return Span{}, s.Syntax("a string holds an escape that JSON does not know")
			}
			i += n
		case c < 0x20:
			s.Pos = i
			if c == 0 {
				return Span{}, s.Syntax("a string holds a NUL byte")
			}
			return Span{}, s.Syntax("a string holds a control character")
		default:
			i++
		}
	}
}

// ones and highs have the lowest and the highest bit of each of eight bytes.
const ones, highs = 0x0101010101010101, 0x8080808080808080

// stops marks with its high bit the first of eight bytes that is a quote, a backslash
// or a control character; it may mark others after it.
func stops(w uint64) uint64 {
	quote := w ^ ones*'"'
	slash := w ^ ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w) & highs
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

// Bytes returns the string of a span, unescaped. It is valid until the next call for
// an escaped span.
func (s *Scanner) Bytes(p Span) []byte {
	raw := s.In[p.Start:p.End]
	if !p.Escaped {
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

// Number reads a number and returns it as it stands.
func (s *Scanner) Number() (Span, bool) {
	start := s.Pos
	in := s.In
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
		return Span{}, s.Syntax("a number is not written as JSON writes numbers")
	}
	s.Pos = i
	return Span{Start: start, End: i}, true
}

// Literal reads true, false or null.
func (s *Scanner) Literal() (Span, bool) {
	start := s.Pos
	for _, word := range [...]string{"true", "false", "null"} {
		if end := start + len(word); end <= len(s.In) && string(s.In[start:end]) == word {
			s.Pos = end
			return Span{Start: start, End: end}, true
		}
	}
	if s.Pos >= len(s.In) {
		return Span{}, s.Syntax("the record ends in the middle")
	}
	return Span{}, s.Syntax("a value is expected here")
}

// Skip walks over one value of any kind, checking it like any other: its nesting,
// its strings, and that no key stands twice in an object.
func (s *Scanner) Skip(depth int) bool {
	switch s.Space() {
	case '"':
		_, ok := s.Text()
		return ok
	case '{':
		return s.skipObject(depth)
	case '[':
		if !s.Deeper(depth) {
			return false
		}
		s.Pos++
		if s.Space() == ']' {
			s.Pos++
			return true
		}
		for {
			if !s.Skip(depth + 1) {
				return false
			}
			more, ok := s.Next(']')
			if !more {
				return ok
			}
		}
	case 't', 'f', 'n':
		_, ok := s.Literal()
		return ok
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		_, ok := s.Number()
		return ok
	}
	_, ok := s.Literal()
	return ok
}

func (s *Scanner) skipObject(depth int) bool {
	if !s.Deeper(depth) {
		return false
	}
	s.Pos++
	first := len(s.Keys)
	defer func() { s.Keys = s.Keys[:first] }()
	if s.Space() == '}' {
		s.Pos++
		return true
	}
	for {
		key, ok := s.Key()
		if !ok {
			return false
		}
		for _, k := range s.Keys[first:] {
			if s.Same(k, key) {
				s.Pos = key.Start
				return s.Duplicate()
			}
		}
		s.Keys = append(s.Keys, key)
		if !s.Skip(depth + 1) {
			return false
		}
		more, ok := s.Next('}')
		if !more {
			return ok
		}
	}
}

// Same reports whether two keys are the same after unescaping.
func (s *Scanner) Same(a, b Span) bool {
	if !a.Escaped && !b.Escaped {
		return string(s.In[a.Start:a.End]) == string(s.In[b.Start:b.End])
	}
	return string(unescape(nil, s.In[a.Start:a.End])) == string(unescape(nil, s.In[b.Start:b.End]))
}

func (s *Scanner) Duplicate() bool {
	return s.Fail("an object has the same key twice", "keep one of the two; which one counts is ambiguous")
}

func (s *Scanner) Deeper(depth int) bool {
	if depth >= MaxDepth {
		return s.Fail("objects and arrays are nested too deeply", "no FHIR resource nests more than 64 levels; repair the record or remove it")
	}
	return true
}

// Key reads the key of a member and its colon.
func (s *Scanner) Key() (Span, bool) {
	if s.Space() != '"' {
		return Span{}, s.Syntax("a key is expected here")
	}
	key, ok := s.Text()
	if !ok {
		return Span{}, false
	}
	return key, s.Colon()
}

// At reports whether the input goes on with text.
func (s *Scanner) At(text string) bool {
	rest := s.In[s.Pos:]
	return len(rest) >= len(text) && string(rest[:len(text)]) == text
}

// Colon reads the colon after a key.
func (s *Scanner) Colon() bool {
	if s.Space() != ':' {
		return s.Syntax("a colon is expected after a key")
	}
	s.Pos++
	return true
}

// Next goes on after an element: it reads a comma (more) or the closing bracket.
func (s *Scanner) Next(closing byte) (more, ok bool) {
	switch s.Space() {
	case ',':
		s.Pos++
		return true, true
	case closing:
		s.Pos++
		return false, true
	case 0:
		return false, s.Syntax("the record ends in the middle")
	}
	return false, s.Syntax("a comma or the end of an object or array is expected here")
}

// Find looks for a member of the object that begins at start and returns where its
// value begins. The position does not change;
// depth is the nesting of the object.
func (s *Scanner) Find(start int, name string, depth int) (value int, found, ok bool) {
	was := s.Pos
	s.Pos = start + 1
	if s.Space() == '}' {
		s.Pos = was
		return 0, false, true
	}
	for {
		key, ok := s.Key()
		if !ok {
			return 0, false, false
		}
		if string(s.Bytes(key)) == name {
			s.Space()
			value = s.Pos
			if value >= len(s.In) {
				return 0, false, s.Syntax("the record ends in the middle")
			}
			s.Pos = was
			return value, true, true
		}
		if !s.Skip(depth + 1) {
			return 0, false, false
		}
		more, ok := s.Next('}')
		if !ok {
			return 0, false, false
		}
		if !more {
			s.Pos = was
			return 0, false, true
		}
	}
}

// StringAt returns the string that is the value of a member of the object at start, nil
// if there is none. It is valid until the next string is read.
func (s *Scanner) StringAt(start int, name string, depth int) (value []byte, ok bool) {
	at, found, ok := s.Find(start, name, depth)
	if !ok || !found || s.In[at] != '"' {
		return nil, ok
	}
	was := s.Pos
	s.Pos = at
	p, ok := s.Text()
	s.Pos = was
	if !ok {
		return nil, false
	}
	return s.Bytes(p), true
}

// Reset makes the scanner ready for another input, keeping its memory. It reports
// whether the input is UTF-8; where it is not, it must not be read.
func (s *Scanner) Reset(in []byte) (valid bool) {
	s.In, s.Pos, s.Problem, s.Remedy, s.Keys = in, 0, "", "", s.Keys[:0]
	// One look at every byte, before any is looked at more closely: marked are those
	// beyond ASCII, and control characters.
	var beyond, control uint64
	b := in
	for ; len(b) >= 32; b = b[32:] {
		w, x := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		y, z := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
		beyond |= w | x | y | z
		control |= (w-ones*0x20)&^w | (x-ones*0x20)&^x | (y-ones*0x20)&^y | (z-ones*0x20)&^z
	}
	for _, c := range b {
		beyond |= uint64(c)
		if c < 0x20 {
			control = highs
		}
	}
	s.plain = control&highs == 0
	return beyond&highs == 0 || utf8.Valid(in)
}

// Quote appends the text of a JSON string.
func Quote(out, text []byte) []byte {
	const hexadecimal = "0123456789abcdef"
	for len(text) >= 8 && stops(binary.LittleEndian.Uint64(text)) == 0 {
		out = append(out, text[:8]...)
		text = text[8:]
	}
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < 0x20:
			out = append(out, '\\', 'u', '0', '0', hexadecimal[c>>4], hexadecimal[c&15])
		default:
			out = append(out, c)
		}
	}
	return out
}
