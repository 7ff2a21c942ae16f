package law

import (
	"slices"
	"strconv"
	"strings"

	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/phi"
)

// Decide answers the request by the facts and the rule book in force on the
// request's date. It is a pure function: the same request and facts give the same
// bytes.
func Decide(r Request, f Facts) Decision {
	x := read(&r, &f)
	d := Decision{LawAsOf: x.base.day.String(), RuleBook: RuleBook(), Facts: digest(f), Request: digest(r)}
	classes := f.Classes
	if len(classes) == 0 {
		classes = []Class{{ID: "all"}}
	}
	w := writer{reading: x, d: &d}
	for i := range classes {
		s := x.of(&classes[i])
		var v verdict
		theBook.weigh(&s, &v)
		w.part(&classes[i], &s, &v)
	}
	w.finish()
	d.ID = hash(d.Canonical())
	return d
}

// A writer turns verdicts into a decision that explains itself.
type writer struct {
	*reading
	d      *Decision
	scenes []scene
	told   []verdict
}

// part adds the decision for one class.
func (w *writer) part(c *Class, s *scene, v *verdict) {
	p := Part{Class: c.ID, Count: c.Count, Outcome: v.outcome, Form: v.form, Lines: w.lines(s, v)}
	if v.basis >= 0 {
		p.Basis = theBook.rules[v.basis].ID
	}
	if v.outcome == Deny {
		p.Refusal, p.Basis = w.refusal(v), ""
	} else {
		p.Window = v.window
	}
	w.d.Parts = append(w.d.Parts, p)
	w.scenes, w.told = append(w.scenes, *s), append(w.told, *v)
}

// refusal is the rule that denied the part.
func (w *writer) refusal(v *verdict) string {
	switch {
	case v.bar >= 0:
		return theBook.rules[v.bar].ID
	case v.basis < 0:
		return "G01"
	case v.unmet != 0:
		return "N03"
	case v.window.empty() && v.narrowed[1]:
		return "F08"
	case v.window.empty():
		return "F11"
	case len(w.order) > 0:
		return theBook.rules[v.by[w.order[0]]].ID
	}
	return "F14"
}

// lines decides every element asked for.
func (w *writer) lines(s *scene, v *verdict) []Line {
	out := make([]Line, 0, len(w.order)+len(w.unknown))
	for _, i := range w.order {
		e := &catalogue.elements[i]
		l := Line{Element: e.ID, Title: e.Title, Treatment: Dropped}
		var r *Rule
		switch {
		case v.bar >= 0 || v.basis < 0 || v.unmet != 0 || v.window.empty():
			at, _ := Lookup(w.refusal(v))
			l.name(&at, at.Text)
		case v.keep.has(i):
			r = &theBook.rules[v.basis]
			l.Treatment, l.Form = Kept, v.form
			if v.marks.has(exemptBasis) {
				l.name(r, "Permitted on this basis, to which the minimum necessary standard does not apply.")
			} else {
				l.name(&theBook.rules[theBook.minimum], w.need(i))
			}
		case v.change.has(i):
			r = &theBook.rules[v.by[i]]
			l.Treatment, l.As, l.Form, l.More = Transformed, becomes(e), v.form, r.More
			l.name(r, r.Text)
		default:
			r = &theBook.rules[v.by[i]]
			l.name(r, r.Text)
			l.More = r.More
		}
		out = append(out, l)
	}
	f14 := &theBook.rules[theBook.unknown]
	for _, id := range w.unknown {
		l := Line{Element: id, Treatment: Dropped, More: f14.More}
		l.name(f14, f14.Text)
		out = append(out, l)
	}
	return out
}

func (l *Line) name(r *Rule, reason string) {
	l.Rule, l.Version, l.Citation, l.Reason = r.ID, r.Version, r.Citation, reason
}

// need is why an element of the profile is kept.
func (w *writer) need(i int) string {
	id := catalogue.elements[i].ID
	for _, n := range w.profile.Needs {
		if n.Element == id && n.Why != "" {
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
	for _, p := range d.Parts {
		if p.Outcome != d.Outcome {
			d.Outcome = RightSize // some classes get more than others
		}
		d.Form = max(d.Form, p.Form)
		if d.Basis == "" {
			d.Basis = p.Basis
		}
	}
	w.strictest()
	w.bases()
	for i := range w.told {
		w.reasons(i)
	}
	w.obligations()
	w.remedies()
	for i := range d.Reasons {
		r, _ := Lookup(d.Reasons[i].Rule)
		if d.Exception == nil && d.Outcome != Permit && r.Exception != "" && slices.Contains(w.refusing(), r.ID) {
			d.Exception = &Exception{r.Exception, exceptionTitles[r.Exception], r.ID}
		}
	}
	d.Lines, d.Reasons, d.Obligations, d.Remedies = some(d.Lines), some(d.Reasons), some(d.Obligations), some(d.Remedies)
}

// some makes an empty list of none, so that JSON says [] and not null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// refusing lists the rules that refused a part or took an element.
func (w *writer) refusing() []string {
	var out []string
	for _, p := range w.d.Parts {
		if p.Refusal != "" {
			out = append(out, p.Refusal)
		}
		for _, l := range p.Lines {
			if l.Treatment != Kept {
				out = append(out, l.Rule)
			}
		}
	}
	return append(out, "F08", "F11")
}

// strictest makes the lines of the whole: for each element the least that any
// part gives, over the parts that give anything.
func (w *writer) strictest() {
	order := map[Treatment]int{Kept: 2, Transformed: 1, Dropped: 0}
	for _, p := range w.d.Parts {
		if p.Outcome == Deny && w.d.Outcome != Deny {
			continue
		}
		if w.d.Lines == nil {
			w.d.Lines = slices.Clone(p.Lines)
			continue
		}
		for i, l := range p.Lines {
			if have := w.d.Lines[i]; order[l.Treatment] < order[have.Treatment] || l.Treatment != Dropped && l.Form < have.Form {
				w.d.Lines[i] = l
			}
		}
	}
}

// bases reports every basis that was tried.
func (w *writer) bases() {
	for i := range theBook.bases {
		c := &theBook.bases[i]
		r := &theBook.rules[c.rule]
		if !w.base.day.Within(c.from, c.to) {
			continue
		}
		b := Basis{Rule: r.ID, Version: r.Version, Title: r.Title, Citation: r.Citation}
		for k := range w.told {
			m := &w.told[k].marks
			if fact, holds := r.failing(m); fact != always {
				if b.Fact == "" {
					b.Fact, b.Failing, b.Class = fact.String(), fact.Text(holds), w.d.Parts[k].Class
				}
			} else if c.cap < w.base.wanted {
				if b.Fact == "" {
					b.Fact, b.Failing = "form", "it permits no more than the form "+c.cap.String()
				}
			} else {
				b.Holds = true
			}
		}
		if b.Holds && len(w.told) > 1 && b.Fact != "" {
			b.Failing = "fails for some patients: " + b.Failing
		} else if !b.Holds {
			b.Class = ""
		}
		w.d.Bases = append(w.d.Bases, b)
	}
}

// failing returns the first condition that keeps the rule from applying, and
// whether it fails by being true; always when nothing does.
func (r *Rule) failing(m *marks) (Condition, bool) {
	for _, c := range r.When {
		if !m.has(c) {
			return c, false
		}
	}
	for _, c := range r.Unless {
		if m.has(c) {
			return c, true
		}
	}
	return always, false
}

// reasons names the rules that shaped the decision of part k.
func (w *writer) reasons(k int) {
	v := &w.told[k]
	class := ""
	if len(w.d.Parts) > 1 {
		class = w.d.Parts[k].Class
	}
	for i := range theBook.bars {
		if c := &theBook.bars[i]; c.applies(&v.marks, w.base.day) {
			r := &theBook.rules[c.rule]
			w.reason(r, r.Text, append(slices.Clone(r.When), r.Unless...), &v.marks, class)
		}
	}
	if v.basis < 0 {
		g, _ := Lookup("G01")
		w.reason(&g, g.Text, nil, &v.marks, class)
		for i := range theBook.bases {
			w.nearly(&theBook.rules[theBook.bases[i].rule], v, class)
		}
		if v.marks.has(holderIsAssociate) {
			g4, _ := Lookup("G04")
			w.reason(&g4, g4.Text, g4.When, &v.marks, class)
		}
		return
	}
	basis := &theBook.rules[v.basis]
	w.reason(basis, basis.Text, basis.When, &v.marks, class)
	for _, c := range basis.When {
		w.governed(c, &v.marks, class)
	}
	if v.bar >= 0 {
		return
	}
	for _, l := range w.d.Parts[k].Lines {
		if l.Treatment != Kept {
			if r, ok := Lookup(l.Rule); ok {
				w.reason(&r, r.Text, nil, &v.marks, class)
			}
		}
	}
	f1 := &theBook.rules[theBook.minimum]
	if v.marks.has(exemptBasis) && !v.marks.has(notPHI) {
		w.reason(f1, f1.Otherwise, nil, &v.marks, class)
	} else if !v.marks.has(exemptBasis) {
		w.reason(f1, f1.Text, nil, &v.marks, class, w.profile.ID+" v"+strconv.Itoa(w.profile.Version))
	}
	if v.lowered {
		f2 := &theBook.rules[theBook.least]
		w.reason(f2, f2.Text, nil, &v.marks, class)
	}
	for i, id := range [2]string{"F11", "F08"} {
		if v.narrowed[i] {
			r, _ := Lookup(id)
			w.reason(&r, r.Text, nil, &v.marks, class)
		}
	}
	if v.unmet != 0 {
		n, _ := Lookup("N03")
		w.reason(&n, n.Text, nil, &v.marks, class)
	}
	for i := range theBook.obliges {
		c := &theBook.obliges[i]
		r := &theBook.rules[c.rule]
		if c.applies(&v.marks, w.base.day) && r.Otherwise == "" && v.unmet&c.duties != 0 {
			w.reason(r, r.Text, r.When, &v.marks, class)
		}
	}
	if o2, _ := Lookup("O02"); v.outcome != Deny {
		text := o2.Otherwise
		if fact, _ := o2.failing(&v.marks); fact == always {
			text = o2.Text
		}
		w.reason(&o2, text, nil, &v.marks, class)
	}
	for _, id := range [2]string{"F12", "N01"} {
		if r, _ := Lookup(id); v.outcome != Deny {
			if fact, _ := r.failing(&v.marks); fact == always {
				w.reason(&r, r.Text, r.When, &v.marks, class)
			}
		}
	}
}

// nearly explains a basis that fails only by conditions that a rule governs: the
// agreement is there, but it lacks a term.
func (w *writer) nearly(r *Rule, v *verdict, class string) {
	var bad []Condition
	for _, c := range r.When {
		if v.marks.has(c) {
			continue
		}
		if conditions[c].rule == ruleNone || conditions[c].remedy == "" {
			return
		}
		bad = append(bad, c)
	}
	for _, c := range bad {
		if c != actsForSource && c != duaSigned { // without any agreement there is nothing to say about it
			w.governed(c, &v.marks, class)
		} else {
			return
		}
	}
}

// governed adds the rule that governs a condition, with the documents it was read from.
func (w *writer) governed(c Condition, m *marks, class string) {
	id := conditions[c].rule
	if id == ruleNone {
		return
	}
	r, ok := Lookup(id)
	if !ok {
		return
	}
	w.reason(&r, r.Text, []Condition{c}, m, class)
}

// reason adds a reason once; a second mention adds its facts and documents.
func (w *writer) reason(r *Rule, text string, on []Condition, m *marks, class string, documents ...string) {
	at := slices.IndexFunc(w.d.Reasons, func(o Reason) bool { return o.Rule == r.ID && o.Text == text })
	if at < 0 {
		w.d.Reasons = append(w.d.Reasons, Reason{Rule: r.ID, Version: r.Version, Citation: r.Citation, Effect: r.Effect, Text: text, Class: class})
		at = len(w.d.Reasons) - 1
	} else if w.d.Reasons[at].Class != class {
		w.d.Reasons[at].Class = ""
	}
	out := &w.d.Reasons[at]
	add := func(list *[]string, s string) {
		if s != "" && !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	for _, c := range on {
		for _, part := range components(c) {
			add(&out.Facts, part.Text(m.has(part)))
			for _, s := range w.details(part, m.has(part)) {
				add(&out.Facts, s)
			}
			for _, s := range w.documents(part) {
				add(&out.Documents, s)
			}
		}
	}
	for _, s := range documents {
		add(&out.Documents, s)
	}
}

// components resolves a condition that sums up others.
func components(c Condition) []Condition {
	if c == partiesFit {
		return []Condition{partiesActive, personActive, personTrained}
	}
	return []Condition{c}
}

// chainOf returns the agreements that a condition was read from.
func (w *writer) chainOf(c Condition) []*Agreement {
	var out []*Agreement
	links := []link(nil)
	switch c {
	case actsForSource, principalBound, chainSigned, chainInForce, chainComplete, chainScope, chainAggregates:
		links = w.acting
	case holderPermitted, mayDeidentify:
		links = w.holding
	case chainUnviolated:
		links = slices.Concat(w.acting, w.holding)
	case duaSigned, duaInForce, duaComplete, duaScope:
		if w.dua != nil {
			return []*Agreement{w.dua}
		}
	case participates:
		if w.member != nil {
			return []*Agreement{w.member}
		}
	}
	for _, l := range links {
		if l.by != nil {
			out = append(out, l.by)
		}
	}
	return out
}

// documents names the agreements a condition was read from, with their versions.
func (w *writer) documents(c Condition) []string {
	var out []string
	for _, a := range w.chainOf(c) {
		out = append(out, a.ID+" v"+strconv.Itoa(a.Version))
	}
	return out
}

// details says which agreement fails a condition, and in what.
func (w *writer) details(c Condition, holds bool) []string {
	if holds {
		return nil
	}
	var out []string
	if c == chainSigned || c == chainInForce || c == actsForSource {
		for _, l := range w.acting {
			if l.by == nil {
				out = append(out, "no agreement between "+l.from+" and "+l.to)
			}
		}
	}
	day := w.base.day
	for _, a := range w.chainOf(c) {
		name := a.ID + " v" + strconv.Itoa(a.Version)
		switch c {
		case chainSigned, duaSigned:
			if a.Signed == 0 || a.Signed > day {
				out = append(out, name+" is not signed")
			}
		case chainInForce, duaInForce, participates, holderPermitted, principalBound:
			out = append(out, life(a, day, name)...)
		case chainComplete, duaComplete:
			for _, m := range instrument.Check(a.Instrument) {
				out = append(out, name+" lacks: "+m.Title+" ("+m.Citation+")")
			}
		case chainScope, duaScope:
			if t := a.Instrument.Terms; !t.Permits(w.request.Purpose, w.request.Activity) {
				out = append(out, name+" permits only: "+strings.Join(words(t), ", "))
			}
		case chainAggregates:
			if !a.Instrument.Terms.Aggregate {
				out = append(out, name+" does not permit aggregation")
			}
		}
	}
	return out
}

// life says why an agreement is not in force on the day.
func life(a *Agreement, day civil.Date, name string) []string {
	switch {
	case a.InForce(day):
		return nil
	case a.Signed == 0 || a.Signed > day:
		return []string{name + " is not signed"}
	case a.Terminated != 0 && day >= a.Terminated:
		return []string{name + " was terminated on " + a.Terminated.String()}
	case a.End != 0 && day > a.End:
		return []string{name + " ended on " + a.End.String()}
	}
	return []string{name + " starts on " + a.Start.String()}
}

// words lists the purposes and activities of terms.
func words(t instrument.Terms) []string {
	var out []string
	for _, p := range t.Purposes {
		out = append(out, string(p))
	}
	for _, a := range t.Activities {
		out = append(out, string(a))
	}
	return out
}
