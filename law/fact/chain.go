package fact

import (
	"slices"

	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
)

// Follow looks up the agreement of every step of a path of organizations.
func (f *Facts) Follow(path []string, day civil.Date) []Link {
	var out []Link
	for i := 0; i+1 < len(path); i++ {
		out = append(out, Link{path[i], path[i+1], f.Pick(path[i], path[i+1], day, instrument.BusinessAssociate, instrument.Subcontractor)})
	}
	return out
}

// Pick returns the agreement of one of the kinds between two organizations that
// counts on the day: one in force before one that is not, then the one signed
// last, then the highest version, then the first listed.
func (f *Facts) Pick(from, to string, day civil.Date, kinds ...instrument.Kind) *Agreement {
	var best *Agreement
	for i := range f.Agreements {
		a := &f.Agreements[i]
		if a.From != from || a.To != to || !slices.Contains(kinds, a.Instrument.Kind) {
			continue
		}
		if best == nil || rank(a, best, day) {
			best = a
		}
	}
	return best
}

// rank reports whether a counts before b on the day.
func rank(a, b *Agreement, day civil.Date) bool {
	if x, y := a.InForce(day), b.InForce(day); x != y {
		return x
	}
	if a.Signed != b.Signed {
		return a.Signed > b.Signed
	}
	return a.Version > b.Version
}

// Path returns the shortest chain of organizations from one to the other over
// business associate and subcontractor agreements, signed or not; nil if there is
// none.
func (f *Facts) Path(from, to string) []string {
	type step struct {
		at   string
		from int // place of the step before
	}
	var room [8]step
	seen := append(room[:0], step{from, -1}) // breadth first: what is seen is the queue as well
	for n := 0; n < len(seen); n++ {
		at := seen[n].at
		if at == to {
			var out []string
			for i := n; i >= 0; i = seen[i].from {
				out = append(out, seen[i].at)
			}
			slices.Reverse(out)
			return out
		}
		for i := range f.Agreements {
			a := &f.Agreements[i]
			if k := a.Instrument.Kind; a.From != at || a.To == "" || k != instrument.BusinessAssociate && k != instrument.Subcontractor {
				continue
			}
			if !slices.ContainsFunc(seen, func(s step) bool { return s.at == a.To }) {
				seen = append(seen, step{a.To, n})
			}
		}
	}
	return nil
}

// A Link is one step of a chain of agreements.
type Link struct {
	From, To string
	By       *Agreement // nil: there is none
}
