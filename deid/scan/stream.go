package scan

import (
	"bufio"
	"fmt"
	"io"

	"chaperone.example/deid/input"
)

// A Stream reads JSON values out of a document, in bounded memory.
type Stream struct {
	r    *bufio.Reader
	max  int
	line int64  // where the next byte is
	Buf  []byte // the value read last
	From int64  // the line where it begins
}

// Flaw returns an error at the position.
func (s *Stream) Flaw(problem string) error {
	return &input.Error{Line: s.line, Problem: problem, Remedy: "repair the document; it must be one valid FHIR resource in JSON"}
}

// Peek skips white space and returns the next byte, 0 at the end.
func (s *Stream) Peek() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err == io.EOF {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return c, s.r.UnreadByte()
		}
	}
}

// Value reads the next value into Buf: everything up to where its brackets close, or
// to the end of a string or word. What is in it is checked when it is transformed.
func (s *Stream) Value() error {
	s.Buf = s.Buf[:0]
	c, err := s.Peek()
	if err != nil {
		return err
	}
	s.From = s.line
	depth, inString, escaped := 0, false, false
	scalar := c != '{' && c != '[' && c != '"'
	for {
		c, err := s.r.ReadByte()
		if err == io.EOF {
			if scalar {
				return nil
			}
			return s.Flaw("the document ends in the middle")
		}
		if err != nil {
			return err
		}
		if scalar && (c == ',' || c == '}' || c == ']' || c <= ' ') {
			return s.r.UnreadByte()
		}
		if len(s.Buf) >= s.max {
			return &input.Error{Line: s.From, Problem: fmt.Sprintf("a part of the document is longer than %d bytes", s.max),
				Remedy: "write one resource on a line (NDJSON), or raise the limit for records"}
		}
		s.Buf = append(s.Buf, c)
		if c == '\n' {
			s.line++
		}
		switch {
		case escaped:
			escaped = false
		case inString:
			if c == '\\' {
				escaped = true
			} else if c == '"' {
				inString = false
			}
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if depth == 0 && !inString && !scalar {
			return nil
		}
	}
}

// Expect reads one byte, which must be want.
func (s *Stream) Expect(want byte, problem string) error {
	c, err := s.Peek()
	if err != nil {
		return err
	}
	if c != want {
		return s.Flaw(problem)
	}
	_, err = s.r.ReadByte()
	return err
}

// NewStream returns a stream of the values in r, of at most max bytes each.
func NewStream(r *bufio.Reader, max int) *Stream {
	return &Stream{r: r, max: max, line: 1}
}

// Skip reads over the byte that Peek returned.
func (s *Stream) Skip() error {
	_, err := s.r.ReadByte()
	return err
}
