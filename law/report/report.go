// Package report prints decisions, assessments and the rule book in plain words,
// for a terminal or a file: what `chaperone decide --explain`, `breach --explain`
// and `rules` show. Every function writes text that ends in a newline and returns
// the writer's error.
package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"chaperone.example/law"
	"chaperone.example/law/breach"
	"chaperone.example/law/civil"
	"chaperone.example/law/rule"
)

// Decision prints a decision with its lines, reasons, failed bases, obligations
// and remedies.
func Decision(w io.Writer, d law.Decision) error {
	p := &printer{w: bufio.NewWriter(w)}
	p.line("%s", headline(d))
	p.line("Law as of %s, rule book %.12s, facts %.12s, decision %.12s.", d.LawAsOf, d.RuleBook, d.Facts, d.ID)
	p.section("Element by element", len(d.Lines))
	for _, l := range d.Lines {
		as := treatment(l.Treatment)
		if l.As != "" {
			as += ": " + l.As
		}
		p.line("  %-26s %s", l.Element, as)
		p.wrap("      ", fmt.Sprintf("%s v%d, %s. %s", l.Rule, l.Version, l.Citation, l.Reason))
		if l.More != "" {
			p.wrap("      ", "To get more: "+l.More+".")
		}
	}
	if len(d.Parts) > 1 {
		p.section("Patients", len(d.Parts))
		for _, x := range d.Parts {
			p.line("  %s (%d): %s%s%s", x.Class, x.Count, x.Outcome, after(", form ", x.Form.String()), after(", refused by ", x.Refusal))
		}
	}
	for _, x := range d.Parts {
		if x.Window != (law.Window{}) {
			p.line("  %s: dates of service from %s until %s", x.Class, or(x.Window.From.String(), "any"), or(x.Window.Until.String(), "any"))
		}
	}
	p.section("Reasons", len(d.Reasons))
	for _, r := range d.Reasons {
		p.wrap("  ", fmt.Sprintf("%s v%d, %s (%s)%s: %s", r.Rule, r.Version, r.Citation, r.Effect, after(", for ", r.Class), r.Text))
		for _, f := range r.Facts {
			p.wrap("      - ", f)
		}
		if len(r.Documents) > 0 {
			p.wrap("      documents: ", strings.Join(r.Documents, "; "))
		}
	}
	p.section("Bases tried", len(d.Bases))
	for _, b := range d.Bases {
		if b.Holds {
			p.line("  holds  %s %s, %s%s", b.Rule, b.Title, b.Citation, after("; ", b.Failing))
		} else {
			p.line("  fails  %s %s, %s: %s", b.Rule, b.Title, b.Citation, b.Failing)
		}
	}
	p.section("Obligations", len(d.Obligations))
	for _, o := range d.Obligations {
		var params []string
		for _, x := range o.Params {
			params = append(params, x.Name+" "+x.Value)
		}
		p.wrap("  ", fmt.Sprintf("%s (%s, %s)%s: %s%s", o.Duty, o.Rule, o.Citation, after(", for ", o.Class), o.Text, after(" ", strings.Join(params, ", "))))
	}
	p.section("What would make more lawful", len(d.Remedies))
	for i, r := range d.Remedies {
		p.wrap(fmt.Sprintf("  %d. ", i+1), strings.Join(r.Changes, "; and ")+fmt.Sprintf(" (then %s in form %s, by %s)", r.Outcome, r.Form, r.Rule))
	}
	p.section("Withheld, counted", len(d.Suppressed))
	for _, s := range d.Suppressed {
		p.line("  %s: %d patients, %d elements", s.Rule, s.Patients, s.Elements)
	}
	if d.Exception != nil {
		p.line("")
		p.wrap("", fmt.Sprintf("What is refused rests on the information-blocking exception %s, %s (rule %s).", d.Exception.Citation, strings.ToLower(d.Exception.Title[:1])+d.Exception.Title[1:], d.Exception.Rule))
	}
	p.line("")
	p.line("This is not legal advice.")
	return p.w.Flush()
}

// treatment says what becomes of an element, in the words of the pages.
func treatment(t law.Treatment) string {
	switch t {
	case law.Kept:
		return "as it is"
	case law.Dropped:
		return "withheld"
	case law.Transformed:
		return "changed"
	}
	return string(t)
}

// form says in words what the data are released as.
func form(f law.Form) string {
	switch f {
	case law.SafeHarbor, law.Expert:
		return "de-identified data"
	case law.Limited:
		return "a limited data set"
	case law.Identified:
		return "identifiable data"
	}
	return f.String()
}

// basis names the basis of a decision, with its rule.
func basis(d law.Decision) string {
	for _, b := range d.Bases {
		if b.Rule == d.Basis {
			return fmt.Sprintf("%q (%s)", b.Title, b.Rule)
		}
	}
	return d.Basis
}

func headline(d law.Decision) string {
	switch d.Outcome {
	case law.Permit:
		return fmt.Sprintf("PERMITTED: all that was asked, as %s, on the basis %s.", form(d.Form), basis(d))
	case law.RightSize:
		return fmt.Sprintf("PERMITTED IN PART (right-sized), as %s, on the basis %s: the rest of what was asked is withheld.", form(d.Form), basis(d))
	}
	return "DENIED."
}

// Assessment prints an assessment of an incident.
func Assessment(w io.Writer, a breach.Assessment) error {
	p := &printer{w: bufio.NewWriter(w)}
	p.line("%s", strings.ToUpper(string(a.Verdict))+".")
	for _, r := range a.Why {
		p.wrap("  ", r.Citation+": "+r.Text)
	}
	p.section("Discovered", len(a.Discovered))
	for _, d := range a.Discovered {
		text := "not yet"
		if d.On != 0 {
			text = d.On.String()
		}
		if d.Imputed {
			text += ", by the knowledge of an agent"
		}
		p.line("  %s: %s%s", d.Party, text, after(", actual knowledge ", d.Actual.String()))
	}
	p.section("Who is told by when, earliest first", len(a.Notices))
	for _, n := range a.Notices {
		p.line("  %s  %s tells %s (%s)%s", n.Due, n.By, n.To, n.Basis, late(n.Sent, n.Late, n.Overdue))
		if n.Internal != 0 {
			p.line("              a weekend: work to %s", n.Internal)
		}
		if n.Text != "" {
			p.wrap("              ", n.Text)
		}
	}
	p.section("Contract clocks", len(a.Contract))
	for _, c := range a.Contract {
		p.wrap("  ", fmt.Sprintf("%s  %s to %s: %s", c.Due, c.By, c.To, c.Text))
	}
	p.section("Not required", len(a.NotRequired))
	for _, n := range a.NotRequired {
		p.wrap("  ", fmt.Sprintf("%s need not tell %s (%s): %s", n.By, n.To, n.Basis, n.Text))
	}
	p.section("Holds", len(a.Holds))
	for _, h := range a.Holds {
		p.line("  %s through %s (%s)", h.From, h.Through, h.Basis)
	}
	p.section("Other readings", len(a.Alternatives))
	for _, n := range a.Alternatives {
		p.wrap("  ", fmt.Sprintf("%s  %s tells %s (%s): %s", n.Due, n.By, n.To, n.Basis, n.Text))
	}
	p.section("To keep and to do", len(a.Keep))
	for _, r := range a.Keep {
		p.wrap("  ", r.Citation+": "+r.Text)
	}
	p.section("For counsel", len(a.Flags))
	for _, s := range a.Flags {
		p.wrap("  ", s)
	}
	p.section("Not stated, and taken at its worst", len(a.Missing))
	for _, s := range a.Missing {
		p.wrap("  ", s)
	}
	p.line("")
	p.line("%s. This is not legal advice.", a.Version)
	return p.w.Flush()
}

func late(sent civil.Date, days, overdue int) string {
	switch {
	case days > 0:
		return fmt.Sprintf(", sent %s, %d days late", sent, days)
	case sent != 0:
		return fmt.Sprintf(", sent %s", sent)
	case overdue > 0:
		return fmt.Sprintf(", overdue by %d days: send now", overdue)
	}
	return ""
}

// Rule prints one rule; scenarios are the names of the cases that prove it.
func Rule(w io.Writer, r law.Rule, scenarios []string) error {
	p := &printer{w: bufio.NewWriter(w)}
	p.line("%s v%d  %s", r.ID, r.Version, r.Title)
	p.line("  citation    %s", r.Citation)
	p.line("  effect      %s", r.Effect)
	p.line("  in force    %s to %s", or(r.From.String(), "always"), or(r.To.String(), "today"))
	p.wrap("  says        ", r.Text)
	for _, c := range r.When {
		if c != rule.Always {
			p.wrap("  when        ", c.String()+": "+c.Text(true))
		}
	}
	for _, c := range r.Unless {
		p.wrap("  unless      ", c.String()+": "+c.Text(true))
	}
	for _, id := range r.Reads() {
		p.line("  reads       %s", id)
	}
	for _, duty := range r.Duties {
		p.wrap("  duty        ", string(duty)+": "+duty.Text())
	}
	if r.Otherwise != "" {
		p.wrap("  otherwise   ", r.Otherwise)
	}
	if r.More != "" {
		p.wrap("  for more    ", r.More)
	}
	if r.Exception != "" {
		p.line("  a refusal rests on %s, %s", r.Exception, rule.ExceptionTitle(r.Exception))
	}
	if len(scenarios) > 0 {
		p.wrap("  proved by   ", strings.Join(scenarios, ", "))
	}
	return p.w.Flush()
}

// Book prints the whole rule book; scenarios maps a rule to the cases that prove it.
func Book(w io.Writer, scenarios map[string][]string) error {
	if _, err := fmt.Fprintf(w, "Rule book %s, %d rules. Not legal advice.\n", law.RuleBook(), len(law.Rules())); err != nil {
		return err
	}
	for _, r := range law.Rules() {
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
		if err := Rule(w, r, scenarios[r.ID]); err != nil {
			return err
		}
	}
	return nil
}

// after prefixes s if there is one.
func after(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// A printer writes lines no wider than a page; the first error stays in w.
type printer struct{ w *bufio.Writer }

func (p *printer) line(format string, a ...any) { fmt.Fprintf(p.w, format+"\n", a...) }

// section prints a heading if something follows.
func (p *printer) section(title string, n int) {
	if n > 0 {
		p.line("")
		p.line("%s", title)
	}
}

// width is how many characters a line holds.
const width = 110

// wrap prints s after the prefix, with further lines indented as far.
func (p *printer) wrap(prefix, s string) {
	indent := strings.Repeat(" ", len(prefix))
	line := prefix
	for i, word := range strings.Fields(s) {
		if i > 0 && len(line)+1+len(word) > width {
			p.line("%s", line)
			line = indent + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	p.line("%s", line)
}
