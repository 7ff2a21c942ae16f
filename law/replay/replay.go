// Package replay decides recorded requests again: to prove that a decision was made
// as recorded, and to see what a change would have meant (DEC-1).
//
// A [Record] holds the request, the facts as they were known, and the decision.
// [Check] decides it again and compares the bytes. [WhatIf] decides records again
// with a draft agreement, an overlay or a changed rule, and lists what would
// differ. Both are pure; nothing recorded is changed.
package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"chaperone.example/law"
	"chaperone.example/law/overlay"
	"chaperone.example/law/rule"
)

// A Record is a decision with all it was made from.
type Record struct {
	Request  law.Request  `json:"request"`
	Facts    law.Facts    `json:"facts"`
	Decision law.Decision `json:"decision"`
	Weighed  string       `json:"weighed,omitempty"` // see [law.Case.Weighed]; records from before it was kept have none
}

// The ways a record fails to decide again.
var (
	ErrRuleBook = errors.New("the decision was made under another rule book")
	ErrInputs   = errors.New("the request or the facts are not those of the decision")
	ErrDiffers  = errors.New("the decision differs from what is recorded")
)

// Read reads a record as JSON, strictly: unknown fields and anything after the
// record are errors that name the file.
func Read(name string, data []byte) (*Record, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var r Record
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("%s: this is not a decision record (near byte %d): write it with `chaperone decide --record`", name, d.InputOffset())
	}
	if d.More() {
		return nil, fmt.Errorf("%s: there is something after the record (byte %d): keep one record in a file", name, d.InputOffset())
	}
	return &r, nil
}

// New decides a request and makes the record of it.
func New(r law.Request, f law.Facts) Record {
	return Record{r, f, law.Decide(r, f), law.Prepare(&r, &f).Weighed()}
}

// Check decides the record again, in full. It returns ErrRuleBook, ErrInputs or ErrDiffers
// in that order of precedence, and nil if every byte is the same.
func Check(r Record) error {
	d := law.Decide(r.Request, r.Facts)
	switch {
	case d.RuleBook != r.Decision.RuleBook:
		return fmt.Errorf("%w: %.12s, this program has %.12s", ErrRuleBook, r.Decision.RuleBook, d.RuleBook)
	case d.Facts != r.Decision.Facts || d.Request != r.Decision.Request:
		return ErrInputs
	case d.ID != r.Decision.ID || !bytes.Equal(d.Canonical(), r.Decision.Canonical()), r.Weighed != "" && r.Weighed != law.Prepare(&r.Request, &r.Facts).Weighed():
		return ErrDiffers
	}
	return nil
}

// A Change is what would have been otherwise. Each part may be left out.
type Change struct {
	Agreement *law.Agreement // in place of the one with its id, or beside the others
	Overlay   *overlay.Pack  // likewise
	Rule      *law.Rule      // in place of the rule with its id; its effect may not change
}

// A Difference is a record that the change would have decided otherwise.
type Difference struct {
	Decision string       `json:"decision"` // id of the recorded decision
	Before   law.Outcome  `json:"before"`
	After    law.Outcome  `json:"after"`
	Lines    []LineChange `json:"lines"` // elements that would be treated otherwise
}

// A LineChange is one element that would be treated otherwise.
type LineChange struct {
	Element string        `json:"element"`
	Before  law.Treatment `json:"before"`
	After   law.Treatment `json:"after"`
	Rule    string        `json:"rule"` // the rule that decides it after the change
}

// WhatIf decides the records again with the change, and lists those that would
// come out otherwise.
func WhatIf(records []Record, c Change) ([]Difference, error) {
	var book *rule.Book
	if c.Rule != nil {
		rules := law.Rules()
		found := false
		for i := range rules {
			if rules[i].ID == c.Rule.ID {
				if rules[i].Effect != c.Rule.Effect {
					return nil, fmt.Errorf("rule %s: its effect is %s and stays so: write another rule", c.Rule.ID, rules[i].Effect)
				}
				rules[i], found = *c.Rule, true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no rule %s in the book", c.Rule.ID)
		}
		book = rule.Compile(rules)
	}
	var out []Difference
	for i := range records {
		r := &records[i]
		f := c.apply(r.Facts)
		var d law.Decision
		if book == nil {
			d = law.Prepare(&r.Request, &f).Explain()
		} else {
			d = law.PrepareUnder(book, &r.Request, &f).Explain()
		}
		if diff := compare(&r.Decision, &d); diff != nil {
			out = append(out, *diff)
		}
	}
	return out, nil
}

// apply returns the facts with the change; the facts given stay as they are.
func (c Change) apply(f law.Facts) law.Facts {
	if c.Agreement != nil {
		f.Agreements = with(f.Agreements, *c.Agreement, func(a law.Agreement) string { return a.ID })
	}
	if c.Overlay != nil {
		f.Overlays = with(f.Overlays, *c.Overlay, func(p overlay.Pack) string { return p.ID })
	}
	return f
}

// with returns a copy of list with x in the place of what has its id, or at the end.
func with[T any](list []T, x T, id func(T) string) []T {
	out := append([]T(nil), list...)
	for i := range out {
		if id(out[i]) == id(x) {
			out[i] = x
			return out
		}
	}
	return append(out, x)
}

// compare lists what differs, nil if nothing does that a requester would notice.
func compare(before, after *law.Decision) *Difference {
	d := Difference{Decision: before.ID, Before: before.Outcome, After: after.Outcome}
	for i := range after.Lines {
		a := &after.Lines[i]
		if i < len(before.Lines) && (before.Lines[i].Treatment != a.Treatment || before.Lines[i].Form != a.Form) {
			d.Lines = append(d.Lines, LineChange{a.Element, before.Lines[i].Treatment, a.Treatment, a.Rule})
		}
	}
	parts := len(before.Parts) == len(after.Parts)
	for i := range after.Parts {
		parts = parts && before.Parts[i].Outcome == after.Parts[i].Outcome
	}
	if d.Before == d.After && len(d.Lines) == 0 && parts {
		return nil
	}
	return &d
}
