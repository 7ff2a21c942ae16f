package law

import (
	"slices"
	"strconv"
	"strings"

	"chaperone.example/law/civil"
	"chaperone.example/law/fact"
	"chaperone.example/law/rule"
	"chaperone.example/law/scene"
)

// obligations lists what has to be done, with the values that follow from the
// agreements.
func (w *writer) obligations() {
	if w.d.Outcome == Deny {
		return
	}
	for _, list := range [3][]rule.Compiled{w.book.Bases, w.book.SUD, w.book.Obliges} {
		for i := range list {
			c := &list[i]
			if c.Duties == 0 {
				continue
			}
			r := &w.book.Rules[c.Place]
			w.due(r, func(v *Verdict) bool {
				switch r.Effect {
				case rule.Grants:
					return v.basis == int16(c.Place)
				case rule.GrantsSUD:
					return v.sud == int16(c.Place) && v.marks.Has(rule.GetsPart2)
				}
				return c.Applies(&v.marks, w.Base.Day)
			}, r.Duties)
		}
	}
	extra := fact.DutySet(0)
	for k := range w.scenes {
		extra |= w.scenes[k].Extra
	}
	if r, ok := w.book.Lookup("S01"); ok {
		for _, duty := range extra.List() {
			bit := fact.DutiesOf([]Duty{duty})
			w.due(r, func(v *Verdict) bool { return v.duties&bit != 0 }, []Duty{duty})
		}
	}
}

// due adds the duties of a rule for the classes in which it applies.
func (w *writer) due(r *Rule, applies func(*Verdict) bool, duties []Duty) {
	due, class := 0, ""
	for k := range w.told {
		if v := &w.told[k]; v.outcome > 0 && applies(v) {
			due++
			class = w.d.Parts[k].Class
		}
	}
	if due == 0 {
		return
	}
	if due == len(w.told) || due > 1 {
		class = ""
	}
	for _, duty := range duties {
		if !slices.ContainsFunc(w.d.Obligations, func(o Obligation) bool { return o.Duty == duty }) {
			w.d.Obligations = append(w.d.Obligations, Obligation{Duty: duty, Rule: r.ID, Version: r.Version, Citation: r.Citation,
				Text: duty.Text(), Params: w.params(duty), Class: class})
		}
	}
}

// params are the values of a duty.
func (w *writer) params(duty Duty) []Param {
	var list []string
	switch duty {
	case SmallCells:
		cell := w.Facts.Settings.SmallCell
		if cell == 0 {
			cell = 11
		}
		if w.Member != nil {
			cell = max(cell, w.Member.Instrument.Terms.SmallCell)
		}
		return []Param{{"smallest-count", strconv.Itoa(cell)}}
	case DestroyBy:
		days := 0
		for _, l := range w.Acting {
			if l.By == nil {
				continue
			}
			if n := l.By.Instrument.Terms.RetentionDays; n > 0 && (days == 0 || n < days) {
				days = n
			}
		}
		if days == 0 {
			return nil // an overlay asks for it, and no agreement says when
		}
		return []Param{{"by", (w.Base.Day + civil.Date(days)).String()}, {"days", strconv.Itoa(days)}}
	case TransferBy:
		list = common(w.Acting, func(l fact.Link) []string { return l.By.Instrument.Terms.Transfer })
		if len(list) > 0 {
			return []Param{{"methods", strings.Join(list, " ")}}
		}
	case KeepWithin:
		list = common(w.Acting, func(l fact.Link) []string { return l.By.Instrument.Terms.Residency })
		if len(list) > 0 {
			return []Param{{"regions", strings.Join(list, " ")}}
		}
	case DataUseTerms:
		if w.DUA != nil {
			return []Param{{"agreement", w.name(w.DUA)}}
		}
	}
	return nil
}

// common is what every link that names anything has in common.
func common(links []fact.Link, of func(fact.Link) []string) []string {
	var out []string
	for _, l := range links {
		if l.By == nil {
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
		switch v := &w.told[k]; {
		case v.outcome > 0:
		case v.unmet != 0:
			if r, ok := w.fulfil(k); ok {
				found = append(found, r)
			}
		default:
			found = append(found, w.relieve(k)...)
		}
	}
	slices.SortStableFunc(found, func(a, b Remedy) int { return len(a.Changes) - len(b.Changes) })
	for _, r := range found {
		smaller := func(o Remedy) bool { // what needs no more, or is the same
			return !slices.ContainsFunc(o.Changes, func(c string) bool { return !slices.Contains(r.Changes, c) })
		}
		if len(w.d.Remedies) < most && !slices.ContainsFunc(w.d.Remedies, smaller) {
			w.d.Remedies = append(w.d.Remedies, r)
		}
	}
}

// relieve finds remedies for one class that is denied. At the form asked for and
// at each lesser one it takes every basis, and where substance-use records stand
// in the way every basis of Part 2, collects the conditions that would have to
// change, together with those that bars want, and weighs again.
func (w *writer) relieve(k int) []Remedy {
	var out []Remedy
	s := &w.scenes[k]
	for form := s.Wanted; form >= SafeHarbor; form-- {
		if form == Expert {
			continue // an expert determination is a project of its own
		}
		t := *s
		t.Reform(form)
		bars, ok := w.yields(&t)
		if !ok {
			continue
		}
		for i := range w.book.Bases {
			c := &w.book.Bases[i]
			if c.Cap < form || !c.InForce(s.Day) {
				continue
			}
			changes, ok := missing(&w.book.Rules[c.Place], &t.Marks)
			if !ok {
				continue
			}
			changes = slices.Concat(bars, changes)
			if r, ok := w.try(t, form, changes, k); ok {
				out = append(out, r)
				continue
			}
			for j := range w.book.SUD {
				p := &w.book.SUD[j]
				more, ok := missing(&w.book.Rules[p.Place], &t.Marks)
				if !ok || len(more) == 0 || !p.InForce(s.Day) {
					continue
				}
				if r, ok := w.try(t, form, slices.Concat(changes, more), k); ok {
					out = append(out, r)
				}
			}
		}
	}
	return out
}

// yields lists the conditions that, changed, stop every bar, and false if one
// cannot be stopped.
func (w *writer) yields(t *scene.Scene) ([]rule.Condition, bool) {
	m := t.Marks
	m.Set(rule.PartiesFit, m.Has(rule.PartiesActive) && m.Has(rule.PersonActive) && m.Has(rule.PersonTrained))
	var out []rule.Condition
	for i := range w.book.Bars {
		if c := &w.book.Bars[i]; c.Applies(&m, t.Day) {
			way, ok := yield(&w.book.Rules[c.Place], &m)
			if !ok {
				return nil, false
			}
			out = append(out, way...)
		}
	}
	return out, true
}

// try weighs the scene with the conditions changed, and words the remedy if that
// helps.
func (w *writer) try(t scene.Scene, form Form, changes []rule.Condition, k int) (Remedy, bool) {
	for _, x := range changes {
		t.Marks.Set(x, true)
		if x == rule.AuthorizationNames || x == rule.AuthorizationValid || x == rule.AuthorizationFor {
			t.Keeps[rule.KeepsAuthorized] = scene.Full() // a new authorization describes what is asked
		}
	}
	var u Verdict
	weigh(w.book, &t, &u)
	if u.outcome == 0 {
		return Remedy{}, false
	}
	r := Remedy{Rule: w.book.Rules[u.basis].ID, Outcome: u.Outcome(), Form: u.form}
	if form != w.scenes[k].Wanted {
		r.Changes = append(r.Changes, "ask for "+describe(form)+" instead")
	}
	for _, x := range changes {
		if !implied(x, changes) {
			once(&r.Changes, w.change(x, k))
		}
	}
	return r, len(r.Changes) > 0
}

// fulfil is the remedy for obligations that cannot be met, and false if meeting them
// does not help. What is withheld may come with duties of its own, so that one look is
// not enough.
func (w *writer) fulfil(k int) (Remedy, bool) {
	t, u := w.scenes[k], w.told[k]
	for u.unmet != 0 {
		t.Can |= u.unmet
		weigh(w.book, &t, &u)
	}
	r := Remedy{Rule: "N03", Outcome: u.Outcome(), Form: u.form}
	for _, duty := range (t.Can &^ w.scenes[k].Can).List() {
		r.Changes = append(r.Changes, "release through a system that can fulfil: "+string(duty))
	}
	return r, u.outcome > 0
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

// missing lists the conditions a basis still needs, and false if one of them
// cannot be brought about.
func missing(r *Rule, m *rule.Marks) ([]rule.Condition, bool) {
	var out []rule.Condition
	for _, c := range r.When {
		if m.Has(c) {
			continue
		}
		// A covered entity that wants data for its own ends cannot make itself the
		// source's business associate to get them.
		if c.Remedy() == "" || c == rule.ActsForSource && m.Has(rule.RecipientCovered) {
			return nil, false
		}
		out = append(out, c)
	}
	return out, !slices.ContainsFunc(r.Unless, m.Has)
}

// yield lists the conditions that, made true, stop a bar, and false if there are
// none.
func yield(r *Rule, m *rule.Marks) ([]rule.Condition, bool) {
	for _, u := range r.Unless {
		var out []rule.Condition
		able := true
		for _, c := range components(u) {
			if !m.Has(c) {
				able = able && c.Remedy() != ""
				out = append(out, c)
			}
		}
		if able && len(out) > 0 {
			return out, true
		}
	}
	return nil, false
}

// implied reports whether another change brings this one about: a new document is
// complete, in force and in scope.
func implied(c rule.Condition, changes []rule.Condition) bool {
	has := func(o rule.Condition) bool { return slices.Contains(changes, o) }
	switch c {
	case rule.ChainSigned, rule.ChainComplete, rule.ChainScope, rule.ChainAggregates:
		return has(rule.ActsForSource)
	case rule.ChainInForce:
		return has(rule.ActsForSource) || has(rule.ChainSigned)
	case rule.DUAInForce, rule.DUAComplete, rule.DUAScope:
		return has(rule.DUASigned)
	case rule.AuthorizationValid, rule.AuthorizationFor:
		return has(rule.AuthorizationNames)
	case rule.CareConsentValid:
		return has(rule.CareConsent)
	case rule.NamedConsentFor, rule.NamedConsentValid:
		return has(rule.NamedConsent)
	case rule.ConsentSigner:
		return has(rule.CareConsent) || has(rule.NamedConsent)
	}
	return false
}

// change words the change of a condition, with the document it is about and what
// is missing there.
func (w *writer) change(c rule.Condition, k int) string {
	if details := w.details(c, false, k); len(details) > 0 {
		return c.Remedy() + ": " + strings.Join(details, "; ")
	}
	return c.Remedy()
}
