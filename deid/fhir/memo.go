package fhir

import (
	"bytes"
	"strings"

	"chaperone.example/deid/fhir/plan"
	"chaperone.example/deid/scan"
)

// remembered reads a value of which all that happens follows from its bytes, and reads
// it only once.
func (m *machine) remembered(n *plan.Node, depth int) (kept, ok bool) {
	p, found := m.Recall(n, m.In[m.Pos:], depth)
	if found {
		p.Used(n)
		m.Pos += len(p.Raw)
		m.out = append(m.out, p.Out...)
		return p.Kept, true
	}
	start, mark, codes := m.Pos, len(m.out), len(m.codes)
	m.Watch(n)
	kept, ok = m.whole(n, depth)
	if p == nil || !ok || m.Pos-start > plan.MaxRaw || len(m.codes) > codes {
		m.Forget()
		return kept, ok
	}
	value := plan.Page{Raw: string(m.In[start:m.Pos]), Kept: kept, Depth: depth}
	if kept {
		value.Out = string(m.out[mark:])
	}
	m.Learn(p, n, value)
	return kept, ok
}

const valueHead = `{"value":`

// measured reads a quantity. Its number is mostly new and the rest of it mostly known.
func (m *machine) measured(n *plan.Node, depth int) (kept, ok bool) {
	if !m.At(valueHead) || !m.Pays(n) {
		kept, _, ok = m.quantity(n, depth)
		return kept, ok
	}
	start := m.Pos
	m.Pos += len(valueHead)
	number, ok := m.plainNumber()
	if !ok {
		m.Pos = start
		kept, _, ok = m.quantity(n, depth)
		return kept, ok
	}
	tail := m.Pos
	p, found := m.Recall(n, m.In[tail:], depth)
	low := m.below89(number)
	if found && (p.Bare || low) {
		p.Used(n)
		m.out = append(m.out, m.In[start:tail]...)
		m.out = append(m.out, p.Out...)
		m.Pos += len(p.Raw)
		return true, true
	}
	m.Pos = start
	mark := len(m.out)
	m.Watch(n)
	kept, bare, ok := m.quantity(n, depth)
	out := m.out[mark:]
	head := tail - start
	if p == nil || found || !ok || !kept || m.Pos-tail > plan.MaxRaw || !bare && !low || len(out) <= head || string(out[:head]) != string(m.In[start:tail]) {
		m.Forget()
		return kept, ok
	}
	m.Learn(p, n, plan.Page{Raw: string(m.In[tail:m.Pos]), Out: string(out[head:]), Kept: true, Bare: bare, Depth: depth})
	return kept, ok
}

// plainNumber reads a number without an exponent that more follows.
func (m *machine) plainNumber() (p scan.Span, ok bool) {
	c := m.In[min(m.Pos, len(m.In)-1)]
	if c != '-' && (c < '0' || c > '9') {
		return p, false
	}
	p, ok = m.Number()
	if !ok {
		m.Problem, m.Remedy = "", "" // said again by who reads it in full
	}
	if !ok || m.Pos >= len(m.In) || m.In[m.Pos] != ',' || bytes.ContainsAny(m.In[p.Start:p.End], "eE") {
		return p, false
	}
	return p, true
}

// below89 reports whether a number without exponent is certainly not over 89.
func (m *machine) below89(p scan.Span) bool {
	b := m.In[p.Start:p.End]
	if b[0] == '-' {
		return true
	}
	whole, _, _ := strings.Cut(string(b[:min(len(b), 3)]), ".")
	return len(whole) == 1 || len(whole) == 2 && whole < "89"
}
