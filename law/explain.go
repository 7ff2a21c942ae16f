package law

import (
	"slices"
	"strconv"

	"chaperone.example/law/rule"
	"chaperone.example/law/scene"
	"chaperone.example/phi"
)

// A writer turns verdicts into a decision that explains itself.
type writer struct {
	*scene.Reading
	c      *Case
	book   *rule.Book
	d      *Decision
	scenes []scene.Scene
	told   []Verdict
	names  []named // of agreements, made once
	found  []*Agreement
	words  []string // room for the words of reasons
}

// A named agreement.
type named struct {
	a    *Agreement
	name string
}

// name is the id of an agreement with its version.
func (w *writer) name(a *Agreement) string {
	for i := range w.names {
		if w.names[i].a == a {
			return w.names[i].name
		}
	}
	name := a.ID + " v" + strconv.Itoa(a.Version)
	w.names = append(w.names, named{a, name})
	return name
}

// part adds the decision for class k.
func (w *writer) part(k int, c *Class) {
	v := &w.told[k]
	p := Part{Class: c.ID, Count: c.Count, Outcome: v.Outcome(), Form: v.form, Lines: w.lines(v)}
	if p.Outcome == Deny {
		p.Refusal = w.book.Rules[w.c.refusal(v)].ID
	} else {
		p.Basis, p.Window = w.book.Rules[v.basis].ID, v.window
		if v.sud >= 0 && v.marks.Has(rule.GetsPart2) {
			p.Part2Basis = w.book.Rules[v.sud].ID
		}
	}
	w.d.Parts = append(w.d.Parts, p)
}

// lines decides every element asked for.
func (w *writer) lines(v *Verdict) []Line {
	out := make([]Line, 0, len(w.Order)+len(w.Unknown))
	refused := v.refused()
	for _, i := range w.Order {
		e := &scene.Catalogue.Elements[i]
		l := Line{Element: e.ID, Title: e.Title, Treatment: Dropped}
		switch {
		case refused:
			r := &w.book.Rules[w.c.refusal(v)]
			l.name(r, r.Text)
		case v.keep.Has(i):
			l.Treatment, l.Form = Kept, v.form
			if v.marks.Any(rule.ExemptBasis, rule.FoundMinimum) {
				l.name(&w.book.Rules[v.basis], "Permitted on this basis; the minimum necessary standard takes nothing away.")
			} else {
				l.name(&w.book.Rules[w.book.Places.Minimum], w.need(e.ID))
			}
		case v.change.Has(i):
			r := &w.book.Rules[v.by[i]]
			l.Treatment, l.As, l.Form, l.More = Transformed, becomes(e), v.form, r.More
			l.name(r, r.Text)
		default:
			r := &w.book.Rules[v.by[i]]
			l.name(r, r.Text)
			l.More = r.More
		}
		out = append(out, l)
	}
	unknown := &w.book.Rules[w.book.Places.Unknown]
	for _, id := range w.Unknown {
		l := Line{Element: id, Treatment: Dropped, More: unknown.More}
		l.name(unknown, unknown.Text)
		out = append(out, l)
	}
	return out
}

func (l *Line) name(r *Rule, reason string) {
	l.Rule, l.Version, l.Citation, l.Reason = r.ID, r.Version, r.Citation, reason
}

// need is why an element of the profile is kept.
func (w *writer) need(id string) string {
	for i := range w.Profile.Needs {
		if n := &w.Profile.Needs[i]; n.Element == id && n.Why != "" {
			return "Needed for this role and purpose: " + n.Why + "."
		}
	}
	return "Needed for this role and purpose."
}

// becomes says what a transformed element is replaced by.
func becomes(e *phi.Element) string {
	switch {
	case e.ID == "patient.age":
		return "age in years, 90+ from ninety"
	case e.ID == "patient.zip":
		return "first three digits, 000 where the area holds 20,000 people or fewer"
	case e.Identifier == phi.Date:
		return "the year"
	}
	return "a code of the recipient's own"
}

// finish puts the parts together.
func (w *writer) finish() {
	d := w.d
	d.Outcome, d.Form = d.Parts[0].Outcome, NoForm
	for i := range d.Parts {
		p := &d.Parts[i]
		if p.Outcome != d.Outcome {
			d.Outcome = RightSize // some classes get more than others
		}
		d.Form = max(d.Form, p.Form)
		if d.Basis == "" {
			d.Basis = p.Basis
		}
	}
	d.Reasons, d.Obligations = make([]Reason, 0, 16), make([]Obligation, 0, 8)
	w.strictest()
	w.bases()
	for k := range w.told {
		w.reasons(k)
	}
	w.obligations()
	w.remedies()
	w.suppressed()
	w.exception()
	d.Lines, d.Reasons, d.Obligations, d.Remedies, d.Suppressed = some(d.Lines), some(d.Reasons), some(d.Obligations), some(d.Remedies), some(d.Suppressed)
}

// some makes an empty list of none, so that JSON says [] and not null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// exception names what a refusal, whole or in part, rests on: the exception of
// the first reason that refused or took something.
func (w *writer) exception() {
	d := w.d
	if d.Outcome == Permit {
		return
	}
	for i := range d.Parts {
		p := &d.Parts[i]
		if p.Refusal != "" && w.rest(p.Refusal) {
			return
		}
	}
	for i := range d.Lines {
		if d.Lines[i].Treatment != Kept && w.rest(d.Lines[i].Rule) {
			return
		}
	}
	for k := range w.told {
		if w.told[k].narrowed[0] && w.rest("F11") || w.told[k].narrowed[1] && w.rest("F08") {
			return
		}
	}
	w.rest("F02")
}

// rest records the exception of the rule, and reports whether it has one.
func (w *writer) rest(id string) bool {
	r, ok := w.book.Lookup(id)
	if !ok || r.Exception == "" {
		return false
	}
	w.d.Exception = &Exception{r.Exception, rule.ExceptionTitle(r.Exception), r.ID}
	return true
}

// suppressed counts what was withheld, by rule, over all classes.
func (w *writer) suppressed() {
	add := func(id string, patients, elements int) {
		i := slices.IndexFunc(w.d.Suppressed, func(s Suppressed) bool { return s.Rule == id })
		if i < 0 {
			w.d.Suppressed = append(w.d.Suppressed, Suppressed{Rule: id})
			i = len(w.d.Suppressed) - 1
		}
		w.d.Suppressed[i].Patients += patients
		w.d.Suppressed[i].Elements = max(w.d.Suppressed[i].Elements, elements)
	}
	for i := range w.d.Parts {
		p := &w.d.Parts[i]
		if p.Refusal != "" {
			add(p.Refusal, p.Count, len(p.Lines))
			continue
		}
		counts := map[string]int{}
		for k := range p.Lines {
			if p.Lines[k].Treatment == Dropped {
				counts[p.Lines[k].Rule]++
			}
		}
		for k := range p.Lines {
			if n := counts[p.Lines[k].Rule]; n > 0 && p.Lines[k].Treatment == Dropped {
				add(p.Lines[k].Rule, p.Count, n)
				delete(counts, p.Lines[k].Rule)
			}
		}
	}
}

// rank orders treatments from least to most given.
func rank(t Treatment) int {
	switch t {
	case Kept:
		return 2
	case Transformed:
		return 1
	}
	return 0
}

// strictest makes the lines of the whole: for each element the least that any
// part gives, over the parts that give anything.
func (w *writer) strictest() {
	if len(w.d.Parts) == 1 {
		w.d.Lines = w.d.Parts[0].Lines
		return
	}
	for i := range w.d.Parts {
		p := &w.d.Parts[i]
		if p.Outcome == Deny && w.d.Outcome != Deny {
			continue
		}
		if w.d.Lines == nil {
			w.d.Lines = slices.Clone(p.Lines)
			continue
		}
		for k := range p.Lines {
			l, have := &p.Lines[k], &w.d.Lines[k]
			if rank(l.Treatment) < rank(have.Treatment) || l.Treatment != Dropped && l.Form < have.Form {
				*have = *l
			}
		}
	}
}

// bases reports every basis that was tried; those of Part 2 only where
// substance-use records are concerned.
func (w *writer) bases() {
	n := len(w.book.Bases)
	sud := w.concernsSUD()
	if sud {
		n += len(w.book.SUD)
	}
	w.d.Bases = make([]Basis, 0, n)
	for i := range w.book.Bases {
		w.tried(&w.book.Bases[i])
	}
	for i := range w.book.SUD {
		if sud {
			w.tried(&w.book.SUD[i])
		}
	}
}

// concernsSUD reports whether substance-use records may be among what is asked.
func (w *writer) concernsSUD() bool {
	for k := range w.told {
		m := &w.told[k].marks
		if m.Has(rule.Part2Record) || m.Has(rule.Part2Labelled) && w.Base.Asked.Overlaps(scene.Catalogue.Part2) {
			return true
		}
	}
	return false
}

// tried reports one basis: it holds if it holds for a class.
func (w *writer) tried(c *rule.Compiled) {
	if !c.InForce(w.Base.Day) {
		return
	}
	r := &w.book.Rules[c.Place]
	w.d.Bases = append(w.d.Bases, Basis{Rule: r.ID, Version: r.Version, Title: r.Title, Citation: r.Citation})
	b := &w.d.Bases[len(w.d.Bases)-1]
	for k := range w.told {
		m := &w.told[k].marks
		failing, holds := r.Failing(m)
		switch {
		case failing != rule.Always:
			if b.Fact == "" {
				b.Fact, b.Failing, b.Class = failing.String(), failing.Text(holds), w.d.Parts[k].Class
			}
		case c.Cap < w.Base.Wanted && r.Effect == rule.Grants:
			if b.Fact == "" {
				b.Fact, b.Failing = "form", "it permits no more than the form "+c.Cap.String()
			}
		default:
			b.Holds = true
		}
	}
	switch {
	case !b.Holds:
		b.Class = ""
	case b.Fact != "":
		b.Failing = "fails for some patients: " + b.Failing
	}
}

// reasons names the rules that shaped the decision of part k.
func (w *writer) reasons(k int) {
	v := &w.told[k]
	class := ""
	if len(w.d.Parts) > 1 {
		class = w.d.Parts[k].Class
	}
	say := func(id string, on ...rule.Condition) {
		if r, ok := w.book.Lookup(id); ok {
			w.reason(r, r.Text, on, k, class)
		}
	}
	for i := range w.book.Bars {
		if c := &w.book.Bars[i]; c.Applies(&v.marks, w.Base.Day) {
			r := &w.book.Rules[c.Place]
			w.reason(r, r.Text, r.When, k, class)
			for _, u := range r.Unless {
				if g := u.Governor(); g == r.ID || g == "" {
					w.reason(r, r.Text, []rule.Condition{u}, k, class)
				} else if w.documented(u, k) {
					say(g, u)
				}
			}
		}
	}
	w.dated(k, class)
	if v.basis < 0 {
		say("G01")
		for i := range w.book.Bases {
			w.nearly(&w.book.Rules[w.book.Bases[i].Place], k, class)
		}
		if v.marks.Has(rule.HolderIsAssociate) {
			say("G04", rule.HolderIsAssociate)
		}
	} else {
		basis := &w.book.Rules[v.basis]
		w.reason(basis, basis.Text, basis.When, k, class)
		for _, c := range basis.When {
			if g := c.Governor(); g != "" && w.documented(c, k) {
				say(g, c)
			}
		}
	}
	w.sudReasons(k, class, say)
	if v.basis < 0 || v.bar >= 0 {
		return
	}
	for i := range w.d.Parts[k].Lines {
		if l := &w.d.Parts[k].Lines[i]; l.Treatment != Kept {
			say(l.Rule)
		}
	}
	w.minimum(k, class)
	if v.lowered {
		say("F02")
	}
	for i, id := range [2]string{"F11", "F08"} {
		if v.narrowed[i] {
			say(id)
		}
	}
	if v.marks.Has(rule.EndedRestriction) {
		say("R03", rule.EndedRestriction)
	}
	if v.unmet != 0 {
		say("N03")
	}
	for i := range w.book.Obliges {
		c := &w.book.Obliges[i]
		r := &w.book.Rules[c.Place]
		applies := c.Applies(&v.marks, w.Base.Day)
		switch {
		case v.unmet != 0 && applies && v.unmet&c.Duties != 0, v.outcome > 0 && applies && r.When[0] != rule.Always:
			w.reason(r, r.Text, r.When, k, class)
		case v.outcome > 0 && r.Otherwise != "":
			w.reason(r, r.Otherwise, nil, k, class)
		}
	}
}

// dated tells of rules that have dates and whose conditions hold, whether or not
// they are in force on the day.
func (w *writer) dated(k int, class string) {
	for i := range w.book.Rules {
		r := &w.book.Rules[i]
		if r.From == 0 && r.To == 0 || len(r.When) == 0 {
			continue
		}
		if failing, _ := r.Failing(&w.told[k].marks); failing != rule.Always {
			continue
		}
		t, _ := w.book.Lookup("T01")
		text := "rule " + r.ID + " is in force on " + w.d.LawAsOf
		if !r.InForce(w.Base.Day) {
			text = "rule " + r.ID + " is not in force on " + w.d.LawAsOf
		}
		w.reason(t, t.Text, nil, k, class)
		at := &w.d.Reasons[slices.IndexFunc(w.d.Reasons, func(o Reason) bool { return o.Rule == "T01" })]
		if !slices.Contains(at.Facts, text) {
			at.Facts = append(at.Facts, text)
		}
	}
}

// sudReasons tells what Part 2 has to say, where it has.
func (w *writer) sudReasons(k int, class string, say func(string, ...rule.Condition)) {
	v := &w.told[k]
	if !v.marks.Has(rule.Part2Record) && !(v.marks.Has(rule.Part2Labelled) && w.Base.Asked.Overlaps(scene.Catalogue.Part2)) || v.marks.Has(rule.NotPHI) {
		return
	}
	if v.marks.Has(rule.Part2Record) {
		say("P01", rule.Part2Record)
	}
	if v.marks.Has(rule.RecipientIntermediary) {
		say("P15", rule.RecipientIntermediary)
	}
	if v.sud >= 0 {
		r := &w.book.Rules[v.sud]
		w.reason(r, r.Text, r.When, k, class)
		for _, c := range r.When {
			if g := c.Governor(); g != "" && w.documented(c, k) {
				say(g, c)
			}
		}
	} else {
		say("P02")
		for i := range w.book.SUD {
			w.nearly(&w.book.Rules[w.book.SUD[i].Place], k, class)
		}
	}
	if r, _ := w.book.Lookup("P09"); r != nil {
		if failing, _ := r.Failing(&v.marks); failing == rule.Always {
			w.reason(r, r.Text, r.When, k, class)
		}
	}
}

// minimum says what the minimum necessary standard did.
func (w *writer) minimum(k int, class string) {
	v := &w.told[k]
	r := &w.book.Rules[w.book.Places.Minimum]
	switch failing, _ := r.Failing(&v.marks); {
	case v.marks.Has(rule.NotPHI):
	case failing == rule.Always:
		w.reason(r, r.Text, nil, k, class)
		w.document(r.ID, r.Text, w.Profile.ID+" v"+strconv.Itoa(w.Profile.Version))
	default:
		w.reason(r, r.Otherwise, []rule.Condition{failing}, k, class)
		if f3, _ := w.book.Lookup("F03"); v.marks.Has(rule.FoundMinimum) && !v.marks.Has(rule.ExemptBasis) {
			w.reason(f3, f3.Text, f3.When, k, class)
		}
		if f4, _ := w.book.Lookup("F04"); v.marks.Has(rule.FoundEntire) && v.marks.Has(rule.AsksEntire) && !v.marks.Has(rule.ExemptBasis) {
			w.reason(f4, f4.Text, []rule.Condition{rule.FoundEntire}, k, class)
		}
	}
}

// nearly explains a basis that fails only by conditions that a rule governs and
// that a document was read for: the agreement is there, but it lacks a term.
func (w *writer) nearly(r *Rule, k int, class string) {
	m := &w.told[k].marks
	var bad []rule.Condition
	for _, c := range r.When {
		if m.Has(c) {
			continue
		}
		if c.Governor() == "" || c.Remedy() == "" {
			return
		}
		bad = append(bad, c)
	}
	if slices.ContainsFunc(r.Unless, m.Has) {
		return
	}
	for _, c := range bad {
		if !w.documented(c, k) && len(w.details(c, false, k)) == 0 {
			return // without any document there is nothing to say about it
		}
		if g, ok := w.book.Lookup(c.Governor()); ok {
			w.reason(g, g.Text, []rule.Condition{c}, k, class)
		}
	}
}

// reason adds a reason once; a second mention adds its facts and documents.
func (w *writer) reason(r *Rule, text string, on []rule.Condition, k int, class string) {
	i := slices.IndexFunc(w.d.Reasons, func(o Reason) bool { return o.Rule == r.ID && o.Text == text })
	if i < 0 {
		w.d.Reasons = append(w.d.Reasons, Reason{Rule: r.ID, Version: r.Version, Citation: r.Citation, Effect: r.Effect, Text: text, Class: class})
		i = len(w.d.Reasons) - 1
	} else if w.d.Reasons[i].Class != class {
		w.d.Reasons[i].Class = ""
	}
	out := &w.d.Reasons[i]
	m := &w.told[k].marks
	for _, c := range on {
		n := 1
		if c == rule.PartiesFit {
			n = len(fits)
		}
		for i := range n {
			part := c
			switch c {
			case rule.Always:
				continue
			case rule.PartiesFit:
				part = fits[i]
			}
			w.once(&out.Facts, part.Text(m.Has(part)))
			for _, s := range w.details(part, m.Has(part), k) {
				w.once(&out.Facts, s)
			}
			w.documents(part, k, &out.Documents)
		}
	}
	if w.book.Rules[w.book.Places.Minimum].ID == r.ID || r.Effect != rule.Filters {
		return
	}
	for _, s := range w.overlays(r.ID, k) {
		w.once(&out.Documents, s)
	}
}

// document adds a document to a reason that is there.
func (w *writer) document(id, text, name string) {
	i := slices.IndexFunc(w.d.Reasons, func(o Reason) bool { return o.Rule == id && o.Text == text })
	w.once(&w.d.Reasons[i].Documents, name)
}
