package law

import (
	"chaperone.example/law/rule"
	"chaperone.example/law/scene"
)

// Decide answers the request by the facts and the rule book in force on the
// request's date. It is a pure function: the same request and facts give the same
// bytes.
func Decide(r Request, f Facts) Decision {
	d := Prepare(&r, &f).Explain()
	d.Facts, d.Request = DigestFacts(&f), Digest(&r)
	d.ID = d.Hash()
	return d
}

// A Case is a request and its facts, read once and ready to weigh. It may be
// weighed from several goroutines at once.
type Case struct {
	reading *scene.Reading
	classes []Class
	scenes  []scene.Scene
	book    *rule.Book
}

// Prepare reads the request and the facts. Neither may change while the case is in
// use.
func Prepare(r *Request, f *Facts) *Case { return PrepareUnder(theBook, r, f) }

// PrepareUnder reads the request and the facts for another rule book, to see what
// a changed rule would decide.
func PrepareUnder(b *rule.Book, r *Request, f *Facts) *Case {
	return open(b, scene.Read(r, f))
}

func open(b *rule.Book, x *scene.Reading) *Case {
	c := &Case{reading: x, classes: x.Facts.Classes, book: b}
	if len(c.classes) == 0 {
		c.classes = []Class{{ID: "all"}}
	}
	c.scenes = make([]scene.Scene, len(c.classes))
	for i := range c.classes {
		c.scenes[i] = x.Of(&c.classes[i])
	}
	return c
}

// A Known is facts made ready for many requests: what the agreements lack and cover
// is found once. It may be used from several goroutines at once.
type Known struct{ facts *scene.Known }

// Know makes the facts ready. They may not change while it is in use.
func Know(f *Facts) Known { return Known{scene.Know(f)} }

// Prepare reads a request by the facts, as [Prepare] does.
func (k Known) Prepare(r *Request) *Case { return open(theBook, k.facts.Read(r)) }

// Classes is how many classes of patients the case has.
func (c *Case) Classes() int { return len(c.scenes) }

// Weigh fills in the verdict of class i. It allocates nothing.
func (c *Case) Weigh(i int, v *Verdict) { weigh(c.book, &c.scenes[i], v) }

// Explain weighs every class and writes the decision with its reasons; hashes of
// the request and the facts, and the decision's own, are left to [Decide].
func (c *Case) Explain() Decision {
	d := Decision{LawAsOf: c.reading.Base.Day.String(), RuleBook: c.book.Hash, Parts: make([]Part, 0, len(c.scenes))}
	w := writer{Reading: c.reading, c: c, book: c.book, d: &d, scenes: c.scenes, told: make([]Verdict, len(c.scenes))}
	for i := range c.scenes {
		c.Weigh(i, &w.told[i])
		w.part(i, &c.classes[i])
	}
	w.finish()
	return d
}

// refusal is the place of the rule that denied the part.
func (c *Case) refusal(v *Verdict) uint8 {
	switch {
	case v.bar >= 0:
		return uint8(v.bar)
	case v.basis < 0:
		return c.book.At("G01")
	case v.unmet != 0:
		return c.book.At("N03")
	case v.window.Empty() && v.narrowed[1]:
		return c.book.At("F08")
	case v.window.Empty():
		return c.book.At("F11")
	case len(c.reading.Order) > 0:
		return v.by[c.reading.Order[0]]
	}
	return c.book.Places.Unknown
}

// Each says of every element asked for, in order, what becomes of it and by which rule:
// the explanation that policy engines give, without words. It allocates nothing.
func (c *Case) Each(v *Verdict, say func(element string, t Treatment, r *Rule)) {
	refused := v.refused()
	for _, i := range c.reading.Order {
		place, t := v.by[i], Dropped
		switch {
		case refused:
			place = c.refusal(v)
		case v.keep.Has(i):
			t, place = Kept, c.book.Places.Minimum
			if v.marks.Any(rule.ExemptBasis, rule.FoundMinimum) {
				place = uint8(v.basis)
			}
		case v.change.Has(i):
			t = Transformed
		}
		say(scene.Catalogue.Elements[i].ID, t, &c.book.Rules[place])
	}
}
