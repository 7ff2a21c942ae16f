package scene

import (
	"chaperone.example/law/fact"
	"chaperone.example/law/instrument"
)

// A Known is facts made ready for many requests: what an agreement lacks and what
// it covers is found once. It may be read from several goroutines at once; the
// facts must not change while it is in use.
type Known struct {
	facts      *fact.Facts
	agreements []document // by place in the facts
}

// document is what was found about an agreement.
type document struct {
	read, complete bool
	covers         Set
}

// Know makes the facts ready.
func Know(f *fact.Facts) *Known {
	k := &Known{f, make([]document, len(f.Agreements))}
	for i := range f.Agreements {
		k.agreements[i].of(&f.Agreements[i])
	}
	return k
}

// Read reads a request by the facts.
func (k *Known) Read(r *fact.Request) *Reading { return read(r, k.facts, k.agreements) }

// Facts are what is known.
func (k *Known) Facts() *fact.Facts { return k.facts }

func (d *document) of(a *fact.Agreement) {
	d.read, d.complete = true, instrument.Complete(a.Instrument)
	t := &a.Instrument.Terms
	if len(t.Elements) > 0 {
		d.covers = Catalogue.of(t.Elements)
		return
	}
	for i := range Catalogue.Elements {
		if t.Covers(Catalogue.Elements[i]) {
			d.covers.Add(i)
		}
	}
}

// about returns what is known of an agreement of the facts.
func (x *Reading) about(a *fact.Agreement) *document {
	for i := range x.Facts.Agreements {
		if &x.Facts.Agreements[i] == a {
			d := &x.documents[i]
			if !d.read {
				d.of(a)
			}
			return d
		}
	}
	return new(document) // an agreement that is not of the facts is not complete
}

func (x *Reading) complete(a *fact.Agreement) bool { return x.about(a).complete }

func (x *Reading) covers(a *fact.Agreement) Set { return x.about(a).covers }
