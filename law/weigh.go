package law

import (
	"math/bits"

	"chaperone.example/law/fact"
	"chaperone.example/law/rule"
	"chaperone.example/law/scene"
)

// A Verdict is what the rules say of one class of patients: places in the book and
// sets of elements, no text. It is filled in place and holds no pointer.
type Verdict struct {
	outcome  uint8      // 0 deny, 1 right-size, 2 permit
	marks    rule.Marks // of the scene, and what the decision itself found
	bar      int16      // first bar that refuses, or -1
	basis    int16      // basis taken, or -1
	sud      int16      // basis of 42 CFR part 2 taken, or -1
	form     fact.Form
	lowered  bool              // a less identifying form serves the purpose
	keep     scene.Set         // released as they are
	change   scene.Set         // released changed
	by       [scene.Size]uint8 // for what is not kept: rule that took it, by place
	duties   fact.DutySet
	unmet    fact.DutySet
	window   fact.Window
	narrowed [2]bool // the agreement or dataset, and the relationship, took days away
}

var outcomes = [...]Outcome{Deny, RightSize, Permit}

// Outcome is permit, right-size or deny.
func (v *Verdict) Outcome() Outcome { return outcomes[v.outcome] }

// Form is the most identifying form released.
func (v *Verdict) Form() Form { return v.form }

// Released is how many elements are released, as they are or changed.
func (v *Verdict) Released() int { return v.keep.Len() + v.change.Len() }

// refused reports whether nothing goes whatever the element.
func (v *Verdict) refused() bool {
	return v.bar >= 0 || v.basis < 0 || v.unmet != 0 || v.window.Empty()
}

// weigh applies the book to the scene. It allocates nothing.
//
// Bars refuse. Then every basis is tried in order of preference, and the first
// that permits the form asked for is taken; where substance-use records may be
// concerned, a basis of 42 CFR part 2 is looked for as well. Filters take elements
// away, the form is lowered to the least that serves, obligations attach, and one
// that cannot be fulfilled refuses.
//
// What overlays and restrictions withhold can only narrow. Because fewer elements
// may mean fewer obligations, a scene they touch is first weighed without them:
// what is refused then stays refused.
func weigh(b *rule.Book, s *scene.Scene, v *Verdict) {
	if s.Marks.Any(narrowing[:]...) || s.Extra != 0 {
		t := *s
		for _, c := range narrowing {
			t.Marks.Set(c, false)
		}
		t.Extra = 0
		if weighOnce(b, &t, v); v.outcome == 0 {
			return
		}
	}
	weighOnce(b, s, v)
}

// narrowing are the conditions under which overlays and restrictions withhold.
var narrowing = [...]rule.Condition{rule.OverlayStrips, rule.MemberStrips, rule.AgreedRestriction, rule.PaidRestriction}

func weighOnce(b *rule.Book, s *scene.Scene, v *Verdict) {
	*v = Verdict{bar: -1, basis: -1, sud: -1, window: s.Window, marks: s.Marks}
	m := &v.marks
	m.Set(rule.PartiesFit, m.Has(rule.PartiesActive) && m.Has(rule.PersonActive) && m.Has(rule.PersonTrained))
	for i := range b.Bars {
		if b.Bars[i].Applies(m, s.Day) {
			v.bar = int16(b.Bars[i].Place)
			break
		}
	}
	basis := first(b.Bases, m, s)
	if basis != nil {
		v.basis = int16(basis.Place)
	}
	var sud *rule.Compiled
	if m.Has(rule.Part2Labelled) {
		if sud = firstSUD(b.SUD, m, s); sud != nil {
			v.sud = int16(sud.Place)
			m.Set(rule.Part2Basis, true)
		}
	}
	if v.bar >= 0 || basis == nil || s.Wanted == NoForm {
		return
	}
	deidentified := basis.Cap <= Expert
	m.Set(rule.NotPHI, deidentified || m.Has(rule.OutsideRule))
	m.Set(rule.ExemptBasis, basis.Exempt)
	m.Set(rule.ExemptPHI, basis.Exempt && !deidentified)
	m.Set(rule.AccountedBasis, basis.Accounted)
	m.Set(rule.ByBreakGlass, basis.Role == rule.InEmergency)

	left, ceiling := s.Asked, s.Wanted
	if basis.Keeps != rule.KeepsAll {
		v.take(&left, s.Keeps[basis.Keeps], basis.Scope)
	}
	if sud != nil && !deidentified {
		ceiling = v.protect(b, s, sud, &left, ceiling)
	}
	for i := range b.Filters {
		if c := &b.Filters[i]; c.Keeps != rule.KeepsAll && c.Applies(m, s.Day) {
			v.take(&left, s.Keeps[c.Keeps], c.Place)
		}
	}
	v.form = ceiling
	if !basis.Exempt && !m.Has(rule.FoundMinimum) {
		if least := leastForm(s, left); least < v.form {
			v.form, v.lowered = least, true
		}
	}
	v.shape(b, s, left, sud)
	v.window, v.narrowed[0] = v.window.Narrow(s.Limit)
	if basis.Place == b.Places.Related {
		v.window, v.narrowed[1] = v.window.Narrow(s.Shared)
	}
	released := v.keep.Or(v.change)
	if released.Empty() || v.window.Empty() {
		v.form = NoForm
		return
	}
	whole := !s.Unknown && v.keep == s.Asked && v.form == s.Wanted && !v.narrowed[0] && !v.narrowed[1]
	part2 := v.form > Expert && (m.Has(rule.Part2Record) || m.Has(rule.Part2Labelled) && released.Overlaps(scene.Catalogue.Part2))
	m.Set(rule.Withheld, !whole)
	m.Set(rule.GetsLimited, v.form == Limited)
	m.Set(rule.GetsIdentified, v.form == Identified)
	m.Set(rule.GetsCodes, v.change.Overlaps(scene.Catalogue.Direct))
	m.Set(rule.GetsPart2, part2)
	m.Set(rule.AlertDue, m.Has(rule.ByEmergency) && part2 || m.Has(rule.ByBreakGlass))
	v.duties = basis.Duties | s.Extra
	if part2 && sud != nil {
		v.duties |= sud.Duties
	}
	for i := range b.Obliges {
		if c := &b.Obliges[i]; c.Applies(m, s.Day) {
			v.duties |= c.Duties
		}
	}
	if v.unmet = v.duties &^ s.Can; v.unmet != 0 {
		v.form, v.keep, v.change = NoForm, scene.Set{}, scene.Set{}
		return
	}
	v.outcome = 1
	if whole {
		v.outcome = 2
	}
}

// first returns the first basis that applies and permits the form asked for. An
// expert form exists only by a determination, whatever else would permit it.
func first(bases []rule.Compiled, m *rule.Marks, s *scene.Scene) *rule.Compiled {
	for i := range bases {
		if c := &bases[i]; c.Cap >= s.Wanted && (s.Wanted != Expert || c.Cap == Expert) && c.Applies(m, s.Day) {
			return c
		}
	}
	return nil
}

// firstSUD returns the first basis of Part 2 that applies. One that permits less
// than the form asked for is taken only for records that are protected as a whole,
// whose form it then lowers.
func firstSUD(bases []rule.Compiled, m *rule.Marks, s *scene.Scene) *rule.Compiled {
	for i := range bases {
		if c := &bases[i]; c.Applies(m, s.Day) && (c.Cap >= s.Wanted || m.Has(rule.Part2Record)) {
			return c
		}
	}
	return nil
}

// protect takes from the substance-use records what their basis does not cover,
// notes what it means for the obligations, and returns the form it permits.
func (v *Verdict) protect(b *rule.Book, s *scene.Scene, sud *rule.Compiled, left *scene.Set, ceiling Form) Form {
	m := &v.marks
	m.Set(rule.ByConsent, sud.Role == rule.ByPatientConsent)
	m.Set(rule.NoticeDue, sud.Role == rule.ByPatientConsent || sud.Role == rule.ByRedisclosure && m.Has(rule.Redisclosure))
	m.Set(rule.ByEmergency, sud.Role == rule.InEmergency)
	if sud.Keeps != rule.KeepsAll {
		held := s.Keeps[sud.Keeps].Or(s.Keeps[rule.KeepsUnprotected])
		v.take(left, held, sud.Scope)
	}
	return min(ceiling, sud.Cap)
}

// take removes from left what keep does not hold, and notes the rule.
func (v *Verdict) take(left *scene.Set, keep scene.Set, place uint8) {
	v.note(left.Minus(keep), place)
	*left = left.And(keep)
}

// note says that the rule took or changed the elements.
func (v *Verdict) note(elements scene.Set, place uint8) {
	for w, word := range elements {
		for ; word != 0; word &= word - 1 {
			v.by[w<<6+bits.TrailingZeros64(word)] = place
		}
	}
}

// leastForm is the least identifying form in which all of the elements serve.
func leastForm(s *scene.Scene, left scene.Set) Form {
	switch {
	case left.Overlaps(s.Needs[Identified]):
		return Identified
	case left.Overlaps(s.Needs[Limited]):
		if s.Marks.Has(rule.MayDeidentify) && !s.Expert.Empty() && left.Minus(s.Expert).Empty() {
			return Expert
		}
		return Limited
	case !s.Marks.Has(rule.MayDeidentify):
		return Limited
	case left.Overlaps(s.Needs[Expert]):
		return Expert
	}
	return SafeHarbor
}

// shape splits what is left into what the form keeps, changes and drops.
func (v *Verdict) shape(b *rule.Book, s *scene.Scene, left scene.Set, sud *rule.Compiled) {
	keep, change := scene.Catalogue.Keeps[v.form], scene.Catalogue.Changes[v.form]
	place := b.Places.Forms[v.form]
	if v.form == Expert {
		keep, change = s.Expert, change.Minus(s.Expert)
	}
	switch {
	case v.lowered:
		place = b.Places.Least
	case v.form < s.Wanted && sud != nil:
		place = sud.Place
	}
	v.keep, v.change = left.And(keep), left.And(change)
	v.note(left.Minus(v.keep), place)
	v.note(v.change.And(scene.Catalogue.Direct), b.Places.Coding)
}
