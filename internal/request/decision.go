package request

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/cohort"
	"chaperone.example/ledger"
)

// decide asks the law, and returns the answer with all it was computed from.
func (s Sources) decide(version int, cause Cause, who ledger.Actor, a Ask, known law.Facts, at time.Time) (Decided, error) {
	q := s.question(who, a).Request
	q.At = at.UTC()
	d := law.Decide(q, known)
	out := Decided{Version: version, Cause: cause, ID: d.ID, Outcome: d.Outcome, Form: d.Form, RuleBook: d.RuleBook, Facts: d.Facts, Answer: d.Canonical()}
	var err error
	if out.Asked, err = json.Marshal(q); err != nil {
		return out, fmt.Errorf("request: record the question: %w", err)
	}
	if out.Known, err = json.Marshal(known); err != nil {
		return out, fmt.Errorf("request: record the facts: %w", err)
	}
	return out, nil
}

// A Repetition compares a recorded decision with the same question decided again
// from the recorded facts (DEC-1).
type Repetition struct {
	Recorded     string `json:"recorded"`      // id of the recorded decision
	Repeated     string `json:"repeated"`      // id of the one computed now
	Same         bool   `json:"same"`          // byte for byte
	RuleBook     string `json:"rule_book"`     // hash of the rules then
	RuleBookNow  string `json:"rule_book_now"` // hash of the rules now
	LawAsOf      string `json:"law_as_of"`     // the day whose law was applied, both times
	FirstDiffers int    `json:"first_differs"` // offset of the first byte that differs; -1: none
	Difference   string `json:"difference"`    // what differs, in plain words
	Bytes        int    `json:"bytes"`         // size of the recorded decision
	Canonical    []byte `json:"-"`             // the bytes computed now
}

// Repeat decides again what was recorded, from the recorded question and facts alone.
func (d Decided) Repeat() (Repetition, error) {
	var q law.Request
	var f law.Facts
	if err := json.Unmarshal(d.Asked, &q); err != nil {
		return Repetition{}, fmt.Errorf("request: replay %s: the question: %w", d.ID, err)
	}
	if err := json.Unmarshal(d.Known, &f); err != nil {
		return Repetition{}, fmt.Errorf("request: replay %s: the facts: %w", d.ID, err)
	}
	then, err := d.Decision()
	if err != nil {
		return Repetition{}, err
	}
	now := law.Decide(q, f)
	again := now.Canonical()
	out := Repetition{Recorded: d.ID, Repeated: now.ID, Same: bytes.Equal(d.Answer, again) && d.ID == now.ID, RuleBook: d.RuleBook, RuleBookNow: law.RuleBook(),
		LawAsOf: then.LawAsOf, FirstDiffers: -1, Bytes: len(d.Answer), Canonical: again}
	if out.Same {
		return out, nil
	}
	out.FirstDiffers = min(len(d.Answer), len(again))
	for i := range out.FirstDiffers {
		if d.Answer[i] != again[i] {
			out.FirstDiffers = i
			break
		}
	}
	switch {
	case !same(then, now):
		out.Difference = Difference(then, now)
	case d.RuleBook != out.RuleBookNow:
		out.Difference = "The answer is the same; the rule book or its wording has changed since."
	default:
		out.Difference = "The answer is the same, but its record differs."
	}
	return out, nil
}

// same reports whether two decisions let the same data through under the same duties,
// b to no fewer classes of patients than a. Their dates, documents and wording may
// differ, and the days that datasets cover; a class that only one of them knows is
// weighed where data are released.
func same(a, b law.Decision) bool {
	line := func(x, y law.Line) bool {
		return x.Element == y.Element && x.Treatment == y.Treatment && x.As == y.As && x.Form == y.Form
	}
	duties := func(d law.Decision) []string {
		var out []string
		for _, o := range d.Obligations {
			out = append(out, string(o.Duty))
		}
		slices.Sort(out)
		return out
	}
	return (a.Outcome == law.Deny) == (b.Outcome == law.Deny) && a.Form == b.Form && len(barred(a, b)) == 0 && slices.EqualFunc(a.Lines, b.Lines, line) && slices.Equal(duties(a), duties(b))
}

// barred lists the classes of patients that a lets through and b does not.
func barred(a, b law.Decision) []string {
	var out []string
	for _, p := range a.Parts {
		if p.Outcome != law.Deny && slices.ContainsFunc(b.Parts, func(q law.Part) bool { return q.Class == p.Class && q.Outcome == law.Deny }) {
			out = append(out, p.Class)
		}
	}
	return out
}

// classes names the classes of patients of a decision, with whether they are left out.
func classes(d law.Decision) []string {
	var out []string
	for _, p := range d.Parts {
		out = append(out, fmt.Sprint(p.Class, " ", p.Outcome == law.Deny))
	}
	return out
}

// Difference says in a sentence how b lets other data through than a.
func Difference(a, b law.Decision) string {
	if b.Outcome == law.Deny && a.Outcome != law.Deny {
		return "It is denied now: " + Why(b)
	}
	if a.Outcome == law.Deny && b.Outcome != law.Deny {
		return "It was denied, and something is permitted now."
	}
	var less, other []string
	for _, l := range b.Lines {
		i := slices.IndexFunc(a.Lines, func(o law.Line) bool { return o.Element == l.Element })
		switch {
		case i < 0 || a.Lines[i].Treatment == l.Treatment && a.Lines[i].Form == l.Form && a.Lines[i].As == l.As:
		case l.Treatment == law.Dropped:
			less = append(less, l.Title)
		default:
			other = append(other, l.Title)
		}
	}
	var out []string
	if len(less) > 0 {
		out = append(out, "Withheld now: "+strings.Join(less, ", ")+".")
	}
	if len(other) > 0 {
		out = append(out, "Given otherwise now: "+strings.Join(other, ", ")+".")
	}
	for _, class := range barred(a, b) {
		out = append(out, "Left out now: "+lower(cohort.Title(class))+".")
	}
	if a.Form != b.Form {
		out = append(out, "The form was "+FormTitle(a.Form)+" and is "+FormTitle(b.Form)+".")
	}
	if len(out) == 0 {
		out = append(out, "The obligations have changed.")
	}
	return strings.Join(out, " ")
}

// Why says in plain words what a denied decision rests on: the facts that would have
// to be otherwise, where the law names some, then the rule.
func Why(d law.Decision) string {
	if d.Outcome != law.Deny {
		return ""
	}
	refused := map[string]bool{}
	for _, p := range d.Parts {
		refused[p.Refusal] = p.Refusal != ""
	}
	text := ""
	var facts []string
	for _, r := range d.Reasons {
		if refused[r.Rule] && text == "" {
			text = r.Text
		}
		for _, f := range r.Facts {
			if (r.Effect == law.Validates || refused[r.Rule]) && !slices.Contains(facts, f) {
				facts = append(facts, f)
			}
		}
	}
	if len(facts) > 0 {
		return sentence(strings.Join(facts, "; ")) + " " + text
	}
	return text
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func sentence(s string) string {
	if s == "" {
		return s
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// FormTitle says a form in plain words.
func FormTitle(f law.Form) string {
	switch f {
	case law.SafeHarbor:
		return "de-identified (Safe Harbor)"
	case law.Expert:
		return "de-identified (expert determination)"
	case law.Limited:
		return "limited data set"
	case law.Identified:
		return "identifiable"
	}
	return "nothing"
}

// A Group is a set of lines that came out alike, so that a decision over many elements
// can be read.
type Group struct {
	Treatment law.Treatment
	Form      law.Form
	As        string // what a transformed element becomes
	Rule      string
	Title     string // of the rule
	Version   int
	Citation  string
	Reason    string
	More      string
	Lines     []law.Line
}

// Groups puts the lines of a decision together that say the same, kept ones first,
// then changed ones, then those withheld; within these the largest group first.
func Groups(d law.Decision) []Group {
	var out []Group
	for _, l := range d.Lines {
		i := slices.IndexFunc(out, func(g Group) bool {
			return g.Treatment == l.Treatment && g.Form == l.Form && g.As == l.As && g.Rule == l.Rule && g.Reason == l.Reason && g.More == l.More
		})
		if i < 0 {
			i = len(out)
			g := Group{Treatment: l.Treatment, Form: l.Form, As: l.As, Rule: l.Rule, Version: l.Version, Citation: l.Citation, Reason: l.Reason, More: l.More}
			if r, ok := law.Lookup(l.Rule); ok {
				g.Title = r.Title
			}
			out = append(out, g)
		}
		out[i].Lines = append(out[i].Lines, l)
	}
	order := map[law.Treatment]int{law.Kept: 0, law.Transformed: 1, law.Dropped: 2}
	slices.SortStableFunc(out, func(a, b Group) int {
		if c := order[a.Treatment] - order[b.Treatment]; c != 0 {
			return c
		}
		return len(b.Lines) - len(a.Lines)
	})
	return out
}

// Tally counts the lines of a decision by what becomes of the element.
func Tally(d law.Decision) (kept, transformed, dropped int) {
	for _, l := range d.Lines {
		switch l.Treatment {
		case law.Kept:
			kept++
		case law.Transformed:
			transformed++
		default:
			dropped++
		}
	}
	return kept, transformed, dropped
}
