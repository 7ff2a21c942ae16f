package intake

import "unicode/utf8"

// maxDepth is the deepest nesting of objects and arrays that is read.
const maxDepth = 64

// A syntax error is where JSON is not JSON (RFC 8259, RFC 7493).
type syntax struct {
	pos  int
	text string
}

func (e *syntax) Error() string { return e.text }

// A scan walks over one line of JSON without building anything.
type scan struct {
	in  []byte
	pos int
}

func (s *scan) fail(text string) error { return &syntax{s.pos, text} }

// peek skips white space and returns the next byte, 0 at the end.
func (s *scan) peek() byte {
	for s.pos < len(s.in) {
		switch c := s.in[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// expect skips white space and the byte c.
func (s *scan) expect(c byte, text string) error {
	if s.peek() != c || s.pos == len(s.in) {
		if s.pos == len(s.in) {
			text = "the record ends in the middle"
		}
		return s.fail(text)
	}
	s.pos++
	return nil
}

// str reads a string and returns what stands between its quotes, as it stands.
func (s *scan) str() (raw []byte, escaped bool, err error) {
	if err := s.expect('"', "a string is expected here"); err != nil {
		return nil, false, err
	}
	start := s.pos
	for s.pos < len(s.in) {
		switch c := s.in[s.pos]; {
		case c == '"':
			s.pos++
			return s.in[start : s.pos-1], escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		case c < ' ':
			return nil, false, s.fail("a string holds a control character")
		default:
			s.pos++
		}
	}
	return nil, false, s.fail("a string does not end")
}

// escape reads one escape sequence. A surrogate stands in a pair or not at all.
func (s *scan) escape() error {
	rest := s.in[s.pos:]
	if len(rest) < 2 {
		return s.fail("a string does not end")
	}
	switch rest[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
		r := hex4(rest[2:])
		switch {
		case r < 0:
		case r >= 0xD800 && r < 0xDC00:
			if len(rest) >= 12 && rest[6] == '\\' && rest[7] == 'u' {
				if low := hex4(rest[8:]); low >= 0xDC00 && low < 0xE000 {
					s.pos += 12
					return nil
				}
			}
			return s.fail("a string holds half of a surrogate pair")
		case r >= 0xDC00 && r < 0xE000:
			return s.fail("a string holds half of a surrogate pair")
		default:
			s.pos += 6
			return nil
		}
	}
	return s.fail("a string holds an escape that JSON does not know")
}

func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case isDigit(c):
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

// digits skips digits and returns how many.
func (s *scan) digits() int {
	start := s.pos
	for s.pos < len(s.in) && isDigit(s.in[s.pos]) {
		s.pos++
	}
	return s.pos - start
}

// at reports whether one of the bytes comes next, and skips it.
func (s *scan) at(bytes string) bool {
	for i := range len(bytes) {
		if s.pos < len(s.in) && s.in[s.pos] == bytes[i] {
			s.pos++
			return true
		}
	}
	return false
}

// number reads a number.
func (s *scan) number() error {
	s.at("-")
	start := s.pos
	n := s.digits()
	ok := n == 1 || n > 1 && s.in[start] != '0'
	if ok && s.at(".") {
		ok = s.digits() > 0
	}
	if ok && s.at("eE") {
		s.at("+-")
		ok = s.digits() > 0
	}
	if !ok {
		return s.fail("a number is not written as JSON writes numbers")
	}
	return nil
}

// scalar reads a number, true, false or null.
func (s *scan) scalar() error {
	c := s.peek()
	if c == '-' || isDigit(c) {
		return s.number()
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if end := s.pos + len(word); end <= len(s.in) && string(s.in[s.pos:end]) == word {
			s.pos = end
			return nil
		}
	}
	if s.pos == len(s.in) {
		return s.fail("the record ends in the middle")
	}
	return s.fail("a value is expected here")
}

// more reads the comma before another element (true) or the closing bracket.
func (s *scan) more(closing byte) (bool, error) {
	switch s.peek() {
	case ',':
		s.pos++
		return true, nil
	case closing:
		s.pos++
		return false, nil
	}
	if s.pos == len(s.in) {
		return false, s.fail("the record ends in the middle")
	}
	return false, s.fail("a comma or the end of an object or array is expected here")
}

// skip walks over one value of any kind.
func (s *scan) skip(depth int) error {
	if depth > maxDepth {
		return s.fail("objects and arrays are nested too deeply")
	}
	switch s.peek() {
	case '"':
		_, _, err := s.str()
		return err
	case '{':
		return s.object(func([]byte) error { return s.skip(depth + 1) })
	case '[':
		return s.array(func() error { return s.skip(depth + 1) })
	}
	return s.scalar()
}

// object reads an object and calls member at the value of each key, which member
// reads.
func (s *scan) object(member func(key []byte) error) error {
	if err := s.expect('{', "an object is expected here"); err != nil {
		return err
	}
	if s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		s.peek()
		at := s.pos
		key, escaped, err := s.str()
		if err != nil {
			return err
		}
		if escaped { // two spellings of one key would be two keys to some readers
			return &syntax{at, "a key is written with an escape, which no name of FHIR needs"}
		}
		if err := s.expect(':', "a colon is expected after a key"); err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
		if more, err := s.more('}'); !more {
			return err
		}
	}
}

// array reads an array and calls item at each of its values, which item reads.
func (s *scan) array(item func() error) error {
	if err := s.expect('[', "an array is expected here"); err != nil {
		return err
	}
	if s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if more, err := s.more(']'); !more {
			return err
		}
	}
}

// resourceType returns the value of the member of that name of the object at the
// position, which it leaves where it was. It is empty when there is none.
func (s *scan) resourceType(depth int) (string, error) {
	const usual = `{"resourceType":"`
	probe := scan{in: s.in, pos: s.pos}
	probe.peek()
	if rest := probe.in[probe.pos:]; len(rest) > len(usual) && string(rest[:len(usual)]) == usual {
		probe.pos += len(usual) - 1
		raw, _, err := probe.str()
		return string(raw), err
	}
	found := ""
	err := probe.object(func(key []byte) error {
		if string(key) == "resourceType" && probe.peek() == '"' {
			raw, _, err := probe.str()
			found = string(raw)
			return err
		}
		return probe.skip(depth + 1)
	})
	return found, err
}

// notUTF8 returns the first byte that is not UTF-8, or -1.
func notUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	return invalidUTF8(b)
}
