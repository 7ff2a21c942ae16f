package law

import (
	"math/rand/v2"
	"testing"

	"chaperone.example/law/rule"
	"chaperone.example/law/scene"
)

// Cases are the scenarios, as places of the fact lattice to start from; the test of
// scenarios, outside the package because it reads files, fills them in.
var Cases func(t *testing.T) []*Case

// inputs are the conditions that facts set; the rest the decision finds itself.
func inputs() []rule.Condition {
	found := map[rule.Condition]bool{rule.Always: true, rule.PartiesFit: true, rule.ExemptBasis: true, rule.ExemptPHI: true, rule.AccountedBasis: true,
		rule.NotPHI: true, rule.GetsLimited: true, rule.GetsIdentified: true, rule.GetsCodes: true, rule.GetsPart2: true, rule.ByConsent: true, rule.NoticeDue: true,
		rule.ByEmergency: true, rule.ByBreakGlass: true, rule.AlertDue: true, rule.Withheld: true, rule.Part2Basis: true,
		// set by the form asked for
		rule.WantsIdentified: true, rule.WantsLimited: true, rule.WantsDeidentified: true, rule.WantsExpert: true,
		// properties of their own
		rule.OverlayStrips: true, rule.MemberStrips: true, rule.AgreedRestriction: true, rule.PaidRestriction: true}
	var out []rule.Condition
	for _, c := range rule.Conditions() {
		if !found[c] {
			out = append(out, c)
		}
	}
	return out
}

// Over the lattice around every scenario, whole up to fifteen conditions at a
// time: at least a million decisions in which
//
//   - every permit has a basis that holds, and no bar;
//   - nothing is released that was not asked for;
//   - a limited data set holds no direct identifier, and de-identified data none of
//     the identifiers that Safe Harbor removes;
//   - substance-use records go only on a basis of Part 2;
//   - every obligation can be met;
//   - an overlay, and a restriction, never widens.
func TestLattice(t *testing.T) {
	var scenes []scene.Scene
	for _, c := range Cases(t) {
		scenes = append(scenes, c.scenes...)
	}
	all := inputs()
	rng := rand.New(rand.NewPCG(1, 2))
	decisions := 0
	const width = 14
	for round := 0; decisions < 1_000_000; round++ {
		s := scenes[round%len(scenes)]
		s.Reform(Form(1 + rng.IntN(4)))
		if round%2 == 1 {
			s.Can &^= 1 << rng.IntN(len(Duties())) // something cannot be fulfilled
		}
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		narrow := rule.Condition(0)
		keeper := rule.KeepsAll
		switch rng.IntN(4) {
		case 0:
			narrow, keeper = rule.OverlayStrips, rule.KeepsOverlay
		case 1:
			narrow, keeper = rule.MemberStrips, rule.KeepsMember
		case 2:
			narrow, keeper = rule.AgreedRestriction, rule.KeepsUnrestricted
		case 3:
			narrow, keeper = rule.PaidRestriction, rule.KeepsUnpaid
		}
		s.Marks.Set(narrow, false)
		keeps := scene.Set{rng.Uint64(), rng.Uint64()}
		for n := range 1 << width {
			flip := n ^ n>>1 ^ (n - 1 ^ (n-1)>>1) // Gray code: one condition at a time
			if n > 0 {
				for b := range width {
					if flip>>b&1 == 1 {
						s.Marks.Set(all[b], !s.Marks.Has(all[b]))
					}
				}
			}
			s.Keeps[rule.KeepsUnprotected] = scene.Set{} // as the reading does for a program's record
			if !s.Marks.Has(rule.Part2Record) {
				s.Keeps[rule.KeepsUnprotected] = scene.Full().Minus(scene.Catalogue.Part2)
			}
			var v Verdict
			weigh(theBook, &s, &v)
			holds(t, &s, &v)
			decisions++
			if n%4 == 0 {
				narrower := s
				narrower.Marks.Set(narrow, true)
				narrower.Keeps[keeper] = keeps
				var u Verdict
				weigh(theBook, &narrower, &u)
				holds(t, &narrower, &u)
				decisions++
				if u.outcome > v.outcome || u.form > v.form || !u.keep.Minus(v.keep).Empty() || !u.keep.Or(u.change).Minus(v.keep.Or(v.change)).Empty() || v.duties&^u.duties != 0 && u.outcome > 0 && u.form == v.form && u.keep == v.keep {
					t.Fatalf("%s widens: %s in form %s became %s in form %s", narrow, v.Outcome(), v.form, u.Outcome(), u.form)
				}
			}
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d decisions", decisions)
}

func holds(t *testing.T, s *scene.Scene, v *Verdict) {
	released := v.keep.Or(v.change)
	if v.outcome == 0 {
		if !released.Empty() || v.form != NoForm {
			t.Error("a refusal releases something")
		}
		return
	}
	x := scene.Catalogue
	switch {
	case v.basis < 0 || v.bar >= 0:
		t.Errorf("%s without a basis, or over a bar", v.Outcome())
	case !released.Minus(s.Asked).Empty():
		t.Error("something is released that was not asked for")
	case v.form > s.Wanted:
		t.Errorf("form %s is more than was asked, %s", v.form, s.Wanted)
	case v.duties&^s.Can != 0:
		t.Error("an obligation cannot be met")
	case v.form == Limited && v.keep.Overlaps(x.Direct):
		t.Error("a limited data set holds a direct identifier")
	case v.form == SafeHarbor && !v.keep.Minus(x.Keeps[SafeHarbor]).Empty():
		t.Error("de-identified data hold an identifier")
	case v.form > Expert && v.sud < 0 && !v.marks.Has(rule.OutsideRule) && (v.marks.Has(rule.Part2Record) || released.Overlaps(x.Part2)) && v.marks.Has(rule.Part2Labelled):
		t.Error("substance-use records go without a basis of Part 2")
	}
	if c := theBook.Bases; v.basis >= 0 {
		for i := range c {
			if int16(c[i].Place) == v.basis && (!c[i].Applies(&v.marks, s.Day) && theBook.Rules[v.basis].ID != "" && !c[i].Applies(&s.Marks, s.Day)) {
				t.Errorf("basis %s does not hold", theBook.Rules[v.basis].ID)
			}
		}
	}
}
