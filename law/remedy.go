package law

import (
	"slices"
	"strconv"
	"strings"

	"chaperone.example/law/civil"
)

// obligations lists what has to be done, with the values that follow from the
// agreements.
func (w *writer) obligations() {
	for i := range theBook.obliges {
		c := &theBook.obliges[i]
		r := &theBook.rules[c.rule]
		due := 0
		class := ""
		for k := range w.told {
			if v := &w.told[k]; v.outcome != Deny && c.applies(&v.marks, w.base.day) {
				due++
				class = w.d.Parts[k].Class
			}
		}
		if due == 0 {
			continue
		}
		if due == len(w.told) || len(w.told) == 1 {
			class = ""
		}
		for _, duty := range r.Duties {
			if slices.ContainsFunc(w.d.Obligations, func(o Obligation) bool { return o.Duty == duty }) {
				continue
			}
			w.d.Obligations = append(w.d.Obligations, Obligation{Duty: duty, Rule: r.ID, Version: r.Version, Citation: r.Citation,
				Text: duties[slices.IndexFunc(duties[:], func(e dutyEntry) bool { return e.duty == duty })].text, Params: w.params(duty), Class: class})
		}
	}
}

// params are the values of a duty.
func (w *writer) params(duty Duty) []Param {
	var list []string
	switch duty {
	case SmallCells:
		cell := w.facts.Settings.SmallCell
		if cell == 0 {
			cell = 11
		}
		if w.member != nil {
			cell = max(cell, w.member.Instrument.Terms.SmallCell)
		}
		return []Param{{"smallest-count", strconv.Itoa(cell)}}
	case DestroyBy:
		days := 0
		for _, l := range w.acting {
			if l.by == nil {
				continue
			}
			if n := l.by.Instrument.Terms.RetentionDays; n > 0 && (days == 0 || n < days) {
				days = n
			}
		}
		return []Param{{"by", (w.base.day + civil.Date(days)).String()}, {"days", strconv.Itoa(days)}}
	case TransferBy:
		list = common(w.acting, func(l link) []string { return l.by.Instrument.Terms.Transfer })
		return []Param{{"methods", strings.Join(list, " ")}}
	case KeepWithin:
		list = common(w.acting, func(l link) []string { return l.by.Instrument.Terms.Residency })
		return []Param{{"regions", strings.Join(list, " ")}}
	case DataUseTerms:
		return []Param{{"agreement", w.dua.ID + " v" + strconv.Itoa(w.dua.Version)}}
	}
	return nil
}

// common is what every link that names anything has in common.
func common(links []link, of func(link) []string) []string {
	var out []string
	for _, l := range links {
		if l.by == nil {
			continue
		}
		names := of(l)
		switch {
		case len(names) == 0:
		case out == nil:
			out = slices.Clone(names)
		default:
			out = slices.DeleteFunc(out, func(s string) bool { return !slices.Contains(names, s) })
		}
	}
	return out
}

// most is how many remedies a decision lists.
const most = 6

// remedies looks for the smallest changes that would make more lawful, tries
// each, and lists those that work, fewest changes first.
func (w *writer) remedies() {
	var found []Remedy
	for k := range w.told {
		if w.told[k].outcome == Deny {
			found = append(found, w.relieve(&w.scenes[k], &w.told[k])...)
		}
	}
	slices.SortStableFunc(found, func(a, b Remedy) int { return len(a.Changes) - len(b.Changes) })
	for _, r := range found {
		same := func(o Remedy) bool { return slices.Equal(o.Changes, r.Changes) }
		if len(w.d.Remedies) < most && !slices.ContainsFunc(w.d.Remedies, same) {
			w.d.Remedies = append(w.d.Remedies, r)
		}
	}
}

// relieve finds remedies for one class that is denied: for every basis, at the
// form asked for and at each lesser one, the conditions that would have to
// change, together with those that the bars want.
func (w *writer) relieve(s *scene, v *verdict) []Remedy {
	var out []Remedy
	if v.unmet != 0 {
		return []Remedy{w.fulfil(s, v)}
	}
	var bars []Condition
	for i := range theBook.bars {
		if c := &theBook.bars[i]; c.applies(&v.marks, s.day) {
			way, ok := theBook.rules[c.rule].yield(&v.marks)
			if !ok {
				return nil
			}
			bars = append(bars, way...)
		}
	}
	for form := s.wanted; form >= SafeHarbor; form-- {
		if form == Expert {
			continue // an expert determination is a project of its own
		}
		for i := range theBook.bases {
			c := &theBook.bases[i]
			if c.cap < form {
				continue
			}
			t := *s
			t.reform(form)
			changes, ok := theBook.rules[c.rule].missing(&t.marks)
			if !ok {
				continue
			}
			changes = slices.Concat(bars, changes)
			for _, x := range changes {
				t.marks.set(x, !t.marks.has(x))
			}
			var u verdict
			theBook.weigh(&t, &u)
			if u.outcome == Deny {
				continue
			}
			r := Remedy{Rule: theBook.rules[u.basis].ID, Outcome: u.outcome, Form: u.form}
			if form != s.wanted {
				r.Changes = append(r.Changes, "ask for "+describe(form)+" instead")
			}
			for _, x := range changes {
				if !implied(x, changes) {
					r.Changes = append(r.Changes, w.change(x))
				}
			}
			if len(r.Changes) > 0 {
				out = append(out, r)
			}
		}
	}
	return out
}

// fulfil is the remedy for obligations that cannot be met.
func (w *writer) fulfil(s *scene, v *verdict) Remedy {
	t := *s
	t.can |= v.unmet
	var u verdict
	theBook.weigh(&t, &u)
	r := Remedy{Rule: "N03", Outcome: u.outcome, Form: u.form}
	for i := range duties {
		if v.unmet>>i&1 == 1 {
			r.Changes = append(r.Changes, "release through a system that can fulfil: "+string(duties[i].duty))
		}
	}
	return r
}

// describe names a form with its article.
func describe(f Form) string {
	switch f {
	case Limited:
		return "a limited data set"
	case Expert, SafeHarbor:
		return "de-identified data"
	}
	return "identifiable data"
}

// reform changes the form asked for.
func (s *scene) reform(f Form) {
	s.wanted = f
	s.marks.set(wantsIdentified, f == Identified)
	s.marks.set(wantsLimited, f <= Limited)
	s.marks.set(wantsDeidentified, f <= Expert)
	s.marks.set(wantsExpert, f == Expert)
	if f != Expert {
		s.marks.set(expertHolds, true)
	}
}

// missing lists the conditions a basis still needs, and false if one of them
// cannot be brought about.
func (r *Rule) missing(m *marks) ([]Condition, bool) {
	var out []Condition
	for _, c := range r.When {
		if m.has(c) {
			continue
		}
		// A covered entity that wants data for its own ends cannot make itself the
		// source's business associate to get them.
		if conditions[c].remedy == "" || c == actsForSource && m.has(recipientCovered) {
			return nil, false
		}
		out = append(out, c)
	}
	for _, c := range r.Unless {
		if m.has(c) {
			return nil, false
		}
	}
	return out, true
}

// yield lists the conditions that, changed, stop a bar, and false if none can be.
func (r *Rule) yield(m *marks) ([]Condition, bool) {
	for _, u := range r.Unless {
		var out []Condition
		able := true
		for _, c := range components(u) {
			if !m.has(c) {
				able = able && conditions[c].remedy != ""
				out = append(out, c)
			}
		}
		if able && len(out) > 0 {
			return out, true
		}
	}
	for _, c := range r.When {
		if conditions[c].remedy != "" {
			return []Condition{c}, true
		}
	}
	return nil, false
}

// implied reports whether another change brings this one about: a new agreement
// is complete, in force and in scope.
func implied(c Condition, changes []Condition) bool {
	switch c {
	case chainSigned, chainComplete, chainScope, chainAggregates:
		return slices.Contains(changes, actsForSource)
	case chainInForce:
		return slices.Contains(changes, actsForSource) || slices.Contains(changes, chainSigned)
	case duaInForce, duaComplete, duaScope:
		return slices.Contains(changes, duaSigned)
	}
	return false
}

// change words the change of a condition, with the agreement it is about and what
// is missing there.
func (w *writer) change(c Condition) string {
	if details := w.details(c, false); len(details) > 0 {
		return conditions[c].remedy + ": " + strings.Join(details, "; ")
	}
	return conditions[c].remedy
}
