package fhir

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"unicode/utf8"

	"chaperone.example/deid/input"
	"chaperone.example/deid/tally"
)

// sniff is how much of a file is looked at to tell its form, in bytes.
const sniff = 64 << 10

// form tells from the first bytes of a file whether it is a document, that is a
// resource written over lines or a Bundle on one long line, and whether it is a
// Bundle. A file whose first line is a whole object is NDJSON.
func form(head []byte) (document, bundle bool) {
	head = bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))
	s := scanner{in: head}
	if s.space() != '{' {
		return false, false
	}
	line := s.pos + bytes.IndexByte(head[s.pos:], '\n')
	if s.skip(0) && (line < 0 || s.pos <= line) {
		return false, false
	}
	m := machine{scanner: scanner{in: head, pos: bytes.IndexByte(head, '{')}}
	typ, ok := m.stringAt(m.pos, "resourceType")
	bundle = ok && string(typ) == "Bundle"
	return bundle || line >= 0 && line < s.pos, bundle
}

// A stream reads JSON values out of a document, in bounded memory.
type stream struct {
	r    *bufio.Reader
	line int64 // where the next byte is
	max  int
	buf  []byte
	from int64 // the line where the value in buf begins
}

func (s *stream) flaw(problem string) error {
	return &input.Error{Line: s.line, Problem: problem, Remedy: "repair the document; it must be one valid FHIR resource in JSON"}
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *stream) peek() (byte, error) {
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

// value reads the next value into buf: everything up to where its brackets close, or
// to the end of a string or word. What is in it is checked when it is transformed.
func (s *stream) value() error {
	s.buf = s.buf[:0]
	c, err := s.peek()
	if err != nil {
		return err
	}
	s.from = s.line
	depth, inString, escaped := 0, false, false
	scalar := c != '{' && c != '[' && c != '"'
	for {
		c, err := s.r.ReadByte()
		if err == io.EOF {
			if scalar {
				return nil
			}
			return s.flaw("the document ends in the middle")
		}
		if err != nil {
			return err
		}
		if scalar && (c == ',' || c == '}' || c == ']' || c <= ' ') {
			return s.r.UnreadByte()
		}
		if len(s.buf) >= s.max {
			return &input.Error{Line: s.from, Problem: fmt.Sprintf("a part of the document is longer than %d bytes", s.max),
				Remedy: "write one resource on a line (NDJSON), or raise the limit for records"}
		}
		s.buf = append(s.buf, c)
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

// expect reads one byte.
func (s *stream) expect(want byte, problem string) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c != want {
		return s.flaw(problem)
	}
	_, err = s.r.ReadByte()
	return err
}

// document transforms a file of documents, one after another.
func (t *transformer) document(ctx context.Context, r *bufio.Reader, bundle bool) error {
	if b, err := r.Peek(3); err == nil && string(b) == "\xEF\xBB\xBF" {
		if _, err := r.Discard(3); err != nil {
			return err
		}
	}
	s := &stream{r: r, line: 1, max: t.job.MaxLine}
	if s.max <= 0 {
		s.max = input.MaxLine
	}
	for {
		c, err := s.peek()
		if err != nil || c == 0 {
			return err
		}
		if bundle && c == '{' {
			if err := t.bundle(ctx, s); err != nil {
				return err
			}
			continue
		}
		if err := s.value(); err != nil {
			return err
		}
		t.line = s.from
		if err := t.record(s.buf); err != nil {
			return err
		}
	}
}

// bundle transforms a Bundle entry by entry and writes a Bundle, an entry on a line.
func (t *transformer) bundle(ctx context.Context, s *stream) error {
	m := t.m
	root := m.root(m.defs.byName["Bundle"])
	entry, _ := m.defs.members.get(root.typ, []byte("entry"))
	entry -= m.defs.types[root.typ].first
	if err := s.expect('{', "an object is expected here"); err != nil {
		return err
	}
	t.out = append(t.out[:0], `{"resourceType":"Bundle"`...)
	seen := map[string]bool{}
	for first := true; ; first = false {
		c, err := s.peek()
		if err != nil {
			return err
		}
		if c == '}' {
			break
		}
		if !first {
			if err := s.expect(',', "a comma or the end of the Bundle is expected here"); err != nil {
				return err
			}
			if c, err = s.peek(); err != nil {
				return err
			}
		}
		if c != '"' {
			return s.flaw("a key is expected here")
		}
		if err := s.value(); err != nil {
			return err
		}
		key := append([]byte(nil), s.buf...)
		k := scanner{in: key}
		span, ok := k.text()
		if !ok {
			return s.flaw(k.problem)
		}
		name := string(k.bytes(span))
		if seen[name] {
			return &input.Error{Line: s.from, Problem: "the Bundle has the same key twice", Remedy: "keep one of the two; which one counts is ambiguous"}
		}
		seen[name] = true
		if err := s.expect(':', "a colon is expected after a key"); err != nil {
			return err
		}
		if c, err = s.peek(); err != nil {
			return err
		}
		if name == "entry" && c == '[' {
			if err := t.entries(ctx, s, m.kid(root, entry)); err != nil {
				return err
			}
			continue
		}
		if err := s.value(); err != nil {
			return err
		}
		if name == "resourceType" {
			if string(s.buf) != `"Bundle"` {
				return s.flaw("the document is not a Bundle after all")
			}
			continue
		}
		if err := t.member(root, key, s); err != nil {
			return err
		}
	}
	if _, err := s.r.ReadByte(); err != nil {
		return err
	}
	t.out = append(t.out, "}\n"...)
	_, err := t.w.Write(t.out)
	return err
}

// member transforms one member of the Bundle itself.
func (t *transformer) member(root *node, key []byte, s *stream) error {
	m := t.m
	object := append(append(append(append(append([]byte{'{'}, key...), ':'), s.buf...), '}'), '\n')
	m.reset(object)
	m.current = "Bundle"
	t.line = s.from
	if !utf8.Valid(object) {
		return &input.Error{Line: s.from, Problem: "the document is not valid UTF-8", Remedy: "export it again as UTF-8"}
	}
	m.space()
	kept, ok := m.object(root, 0, false)
	if !ok {
		return t.flaw()
	}
	if !kept {
		return nil
	}
	if err := t.fill(); err != nil {
		return err
	}
	t.out = append(t.out, ',')
	t.out = append(t.out, m.out[1:len(m.out)-1]...)
	return nil
}

// entries transforms the entries of a Bundle. The position of s is at the bracket.
func (t *transformer) entries(ctx context.Context, s *stream, n *node) error {
	if err := s.expect('[', "an array is expected here"); err != nil {
		return err
	}
	kept := 0
	for first := true; ; first = false {
		c, err := s.peek()
		if err != nil {
			return err
		}
		if c == ']' {
			break
		}
		if !first {
			if err := s.expect(',', "a comma or the end of the entries is expected here"); err != nil {
				return err
			}
		}
		if err := s.value(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		stays, err := t.entry(s, n)
		if err != nil {
			return err
		}
		if !stays {
			continue
		}
		if kept == 0 {
			t.out = append(t.out, `,"entry":[`...)
		} else {
			t.out = append(t.out, ',')
		}
		kept++
		t.out = append(append(t.out, '\n'), t.m.out...)
		if _, err := t.w.Write(t.out); err != nil {
			return err
		}
		t.out = t.out[:0]
	}
	if _, err := s.r.ReadByte(); err != nil {
		return err
	}
	if kept > 0 {
		t.out = append(t.out, "\n]"...)
	}
	return nil
}

// entry transforms one entry of a Bundle into the machine's output.
func (t *transformer) entry(s *stream, n *node) (kept bool, err error) {
	m := t.m
	t.line = s.from
	t.result.In++
	if !utf8.Valid(s.buf) {
		return false, &input.Error{Line: s.from, Problem: "the document is not valid UTF-8", Remedy: "export it again as UTF-8"}
	}
	m.reset(s.buf)
	m.current = "Bundle"
	if m.space() != '{' {
		n.counts[tally.Malformed]++
		if !m.skip(0) {
			return false, t.flaw()
		}
		return false, nil
	}
	if t.job.Filter.active() {
		at, found, ok := m.find(m.pos, "resource")
		if !ok {
			return false, t.flaw()
		}
		if found && m.in[at] == '{' {
			m.pos = at
			pass, ok := t.job.Filter.pass(m)
			if !ok {
				return false, t.flaw()
			}
			if !pass {
				t.result.Filtered++
				return false, nil
			}
			m.pos = 0
			m.space()
		}
	}
	kept, ok := m.object(n, 2, false)
	if !ok {
		return false, t.flaw()
	}
	if !kept {
		return false, nil
	}
	t.result.Out++
	return true, t.fill()
}
