package law

import "math/bits"

// A verdict is what the rules say of a scene: places in the book and sets, no
// text. It is filled in place.
type verdict struct {
	outcome  Outcome
	marks    marks // of the scene, and what the decision itself found
	bar      int   // first bar that refuses, or -1
	basis    int   // basis taken, or -1
	form     Form
	lowered  bool       // a less identifying form serves the purpose
	keep     set        // released as they are
	change   set        // released changed
	by       [128]uint8 // for what is not kept: rule that took it, by place
	duties   dutySet
	unmet    dutySet
	window   Window
	narrowed [2]bool // the agreement or dataset, and the relationship, took days away
}

// weigh applies the book to the scene.
//
// Bars refuse. Then every basis is tried in order of preference, and the first
// that permits the form asked for is taken. Filters take elements away, the form
// is lowered to the least that serves, obligations attach, and one that cannot be
// fulfilled refuses.
func (b *book) weigh(s *scene, v *verdict) {
	v.outcome, v.bar, v.basis, v.form, v.lowered, v.keep, v.change, v.duties, v.unmet = Deny, -1, -1, NoForm, false, set{}, set{}, 0, 0
	v.window, v.narrowed = s.window, [2]bool{}
	v.marks = s.marks
	m := &v.marks
	m.set(partiesFit, m.has(partiesActive) && m.has(personActive) && m.has(personTrained))
	for i := range b.bars {
		if b.bars[i].applies(m, s.day) {
			v.bar = int(b.bars[i].rule)
			break
		}
	}
	var basis *compiled
	for i := range b.bases {
		if c := &b.bases[i]; c.cap >= s.wanted && c.applies(m, s.day) {
			basis = c
			break
		}
	}
	if basis != nil {
		v.basis = int(basis.rule)
	}
	if v.bar >= 0 || basis == nil || s.wanted == NoForm {
		return
	}
	deidentified := basis.cap <= Expert
	m.set(notPHI, deidentified)
	m.set(exemptBasis, basis.exempt)
	m.set(exemptPHI, basis.exempt && !deidentified)
	m.set(accountedBasis, basis.accounted)

	left, ceiling := s.asked, s.wanted
	for i := range b.filters {
		c := &b.filters[i]
		if !c.applies(m, s.day) {
			continue
		}
		if c.keeps != keepsAll {
			v.take(&left, s.keeps[c.keeps], c.rule)
		}
		if c.cap != NoForm {
			ceiling = min(ceiling, c.cap)
		}
	}
	v.form = ceiling
	if !basis.exempt {
		if least := s.least(left); least < v.form {
			v.form, v.lowered = least, true
		}
	}
	b.shape(s, v, left)
	v.window, v.narrowed[0] = v.window.narrow(s.limit)
	if basis.rule == b.related {
		v.window, v.narrowed[1] = v.window.narrow(s.shared)
	}
	if v.keep.or(v.change).empty() || v.window.empty() {
		v.form = NoForm
		return
	}
	whole := !s.unknown && v.keep == s.asked && v.form == s.wanted && !v.narrowed[0] && !v.narrowed[1]
	m.set(withheld, !whole)
	m.set(getsLimited, v.form == Limited)
	m.set(getsIdentified, v.form == Identified)
	m.set(getsCodes, v.change.overlaps(catalogue.direct))
	for i := range b.obliges {
		if b.obliges[i].applies(m, s.day) {
			v.duties |= b.obliges[i].duties
		}
	}
	if v.unmet = v.duties &^ s.can; v.unmet != 0 {
		v.form, v.keep, v.change = NoForm, set{}, set{}
		return
	}
	v.outcome = RightSize
	if whole {
		v.outcome = Permit
	}
}

// take removes from left what keep does not hold, and notes the rule.
func (v *verdict) take(left *set, keep set, rule uint8) {
	lost := left.minus(keep)
	v.note(lost, rule)
	*left = left.and(keep)
}

// note says that the rule took or changed the elements.
func (v *verdict) note(elements set, rule uint8) {
	for w, word := range elements {
		for ; word != 0; word &= word - 1 {
			v.by[w<<6+bits.TrailingZeros64(word)] = rule
		}
	}
}

// least is the least identifying form in which all of the elements serve.
func (s *scene) least(left set) Form {
	switch {
	case left.overlaps(s.needs[Identified]):
		return Identified
	case left.overlaps(s.needs[Limited]):
		if !s.expert.empty() && left.minus(s.expert).empty() {
			return Expert
		}
		return Limited
	case !s.marks.has(mayDeidentify):
		return Limited
	case left.overlaps(s.needs[Expert]):
		return Expert
	}
	return SafeHarbor
}

// shape splits what is left into what the form keeps, changes and drops.
func (b *book) shape(s *scene, v *verdict, left set) {
	keep, change := catalogue.keeps[v.form], catalogue.changes[v.form]
	rule := b.forms[v.form]
	if v.form == Expert {
		change = change.minus(s.expert)
		keep = s.expert
	}
	if v.lowered {
		rule = b.least
	}
	v.keep, v.change = left.and(keep), left.and(change)
	v.note(left.minus(v.keep), rule)
	v.note(v.change.and(catalogue.direct), b.codes)
}
