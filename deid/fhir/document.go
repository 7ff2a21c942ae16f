package fhir

import (
	"bufio"
	"context"

	"chaperone.example/deid/fhir/plan"
	"chaperone.example/deid/input"
	"chaperone.example/deid/scan"
	"chaperone.example/deid/tally"
)

// sniff is how much of a file is looked at to tell its form, in bytes.
const sniff = 64 << 10

// document transforms a file of documents, one after another.
func (t *transformer) document(ctx context.Context, r *bufio.Reader, bundle bool) error {
	if b, err := r.Peek(3); err == nil && string(b) == "\xEF\xBB\xBF" {
		if _, err := r.Discard(3); err != nil {
			return err
		}
	}
	limit := t.job.MaxLine
	if limit <= 0 {
		limit = input.MaxLine
	}
	s := scan.NewStream(r, limit)
	for {
		c, err := s.Peek()
		if err != nil || c == 0 {
			return err
		}
		if bundle && c == '{' {
			if err := t.bundle(ctx, s); err != nil {
				return err
			}
			continue
		}
		if err := s.Value(); err != nil {
			return err
		}
		t.line = s.From
		if err := t.record(s.Buf); err != nil {
			return err
		}
	}
}

// bundle transforms a Bundle entry by entry and writes a Bundle, an entry on a line.
func (t *transformer) bundle(ctx context.Context, s *scan.Stream) error {
	m := t.m
	typ, _ := m.Defs.Resource([]byte("Bundle"))
	root := m.Root(typ)
	entry, _ := m.Defs.Member(typ, []byte("entry"))
	if err := s.Expect('{', "an object is expected here"); err != nil {
		return err
	}
	t.out = append(t.out[:0], `{"resourceType":"Bundle"`...)
	seen := map[string]bool{}
	for first := true; ; first = false {
		c, err := s.Peek()
		if err != nil {
			return err
		}
		if c == '}' {
			break
		}
		if !first {
			if err := s.Expect(',', "a comma or the end of the Bundle is expected here"); err != nil {
				return err
			}
			if c, err = s.Peek(); err != nil {
				return err
			}
		}
		if c != '"' {
			return s.Flaw("a key is expected here")
		}
		if err := s.Value(); err != nil {
			return err
		}
		key := append([]byte(nil), s.Buf...)
		k := scan.Scanner{In: key}
		p, ok := k.Text()
		if !ok {
			return s.Flaw(k.Problem)
		}
		name := string(k.Bytes(p))
		if seen[name] {
			return &input.Error{Line: s.From, Problem: "the Bundle has the same key twice", Remedy: "keep one of the two; which one counts is ambiguous"}
		}
		seen[name] = true
		if err := s.Expect(':', "a colon is expected after a key"); err != nil {
			return err
		}
		if c, err = s.Peek(); err != nil {
			return err
		}
		if name == "entry" && c == '[' {
			if err := t.entries(ctx, s, m.Kid(root, entry).Node); err != nil {
				return err
			}
			continue
		}
		if err := s.Value(); err != nil {
			return err
		}
		if name == "resourceType" {
			if string(s.Buf) != `"Bundle"` {
				return s.Flaw("the document is not a Bundle after all")
			}
			continue
		}
		if err := t.member(root, key, s); err != nil {
			return err
		}
	}
	if err := s.Skip(); err != nil {
		return err
	}
	t.out = append(t.out, "}\n"...)
	_, err := t.w.Write(t.out)
	return err
}

// member transforms one member of the Bundle itself.
func (t *transformer) member(root *plan.Node, key []byte, s *scan.Stream) error {
	m := t.m
	object := append(append(append(append(append([]byte{'{'}, key...), ':'), s.Buf...), '}'), '\n')
	m.begin()
	m.current = "Bundle"
	t.line = s.From
	if !m.read(object) {
		return &input.Error{Line: s.From, Problem: "the document is not valid UTF-8", Remedy: "export it again as UTF-8"}
	}
	m.Space()
	kept, ok := m.object(root, 0, false)
	if !ok {
		return m.flaw(t.line)
	}
	if !kept {
		return nil
	}
	if err := m.fill(t.job.Codes); err != nil {
		return err
	}
	t.out = append(t.out, ',')
	t.out = append(t.out, m.out[1:len(m.out)-1]...)
	return nil
}

// entries transforms the entries of a Bundle. The position of s is at the bracket.
func (t *transformer) entries(ctx context.Context, s *scan.Stream, n *plan.Node) error {
	if err := s.Expect('[', "an array is expected here"); err != nil {
		return err
	}
	kept := 0
	for first := true; ; first = false {
		c, err := s.Peek()
		if err != nil {
			return err
		}
		if c == ']' {
			break
		}
		if !first {
			if err := s.Expect(',', "a comma or the end of the entries is expected here"); err != nil {
				return err
			}
		}
		if err := s.Value(); err != nil {
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
	if err := s.Skip(); err != nil {
		return err
	}
	if kept > 0 {
		t.out = append(t.out, "\n]"...)
	}
	return nil
}

// entry transforms one entry of a Bundle into the machine's output.
func (t *transformer) entry(s *scan.Stream, n *plan.Node) (kept bool, err error) {
	m := t.m
	t.line = s.From
	t.result.In++
	m.begin()
	if !m.read(s.Buf) {
		return false, &input.Error{Line: s.From, Problem: "the document is not valid UTF-8", Remedy: "export it again as UTF-8"}
	}
	m.current = "Bundle"
	if m.Space() != '{' {
		m.Note(n, tally.Malformed)
		if !m.Skip(0) {
			return false, m.flaw(t.line)
		}
		return false, nil
	}
	if t.job.Filter.active() {
		at, found, ok := m.Find(m.Pos, "resource", len(m.starts))
		if !ok {
			return false, m.flaw(t.line)
		}
		if found && m.In[at] == '{' {
			m.Pos = at
			pass, ok := t.job.Filter.pass(m)
			if !ok {
				return false, m.flaw(t.line)
			}
			if !pass {
				t.result.Filtered++
				return false, nil
			}
			m.Pos = 0
			m.Space()
		}
	}
	kept, ok := m.object(n, 2, false)
	if !ok {
		return false, m.flaw(t.line)
	}
	if !kept {
		return false, nil
	}
	t.result.Out++
	return true, m.fill(t.job.Codes)
}
