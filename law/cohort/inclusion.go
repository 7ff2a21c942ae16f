package cohort

import (
	"slices"

	"chaperone.example/law"
)

// An Inclusion says which classes of patients a decision lets through.
type Inclusion struct {
	Division Division `json:"division"`
	// Classes are those let through. A patient of any other stays out, of one that the
	// decision did not know, too.
	Classes []string `json:"classes"`
}

// Holds reports whether a class is let through.
func (n Inclusion) Holds(class string) bool { return slices.Contains(n.Classes, class) }

// Includes reads from a decision, and the facts it was made from, which patients go
// out: those of the classes that it lets through, without those that an earlier
// decision denied. It is nil where no classes are known and everybody was decided
// alike.
func Includes(d, earlier law.Decision, known law.Facts) *Inclusion {
	if len(known.Classes) == 0 {
		return nil
	}
	n := &Inclusion{Division: Divide(known.Overlays)}
	for _, p := range d.Parts {
		denied := slices.ContainsFunc(earlier.Parts, func(q law.Part) bool { return q.Class == p.Class && q.Outcome == law.Deny })
		if p.Outcome != law.Deny && !denied {
			n.Classes = append(n.Classes, p.Class)
		}
	}
	return n
}

// A Left is a class of patients that a release left out, with how many of its
// population, in tens rounded up: few might point to somebody, and both organizations
// read it.
type Left struct {
	Class    string `json:"class"`
	Patients int    `json:"patients"`
}

// A Suppression says how many patients a rule keeps back, for both organizations to
// see: in tens, since few might point to somebody.
type Suppression struct {
	Class    string   `json:"class"` // in words
	Patients string   `json:"patients"`
	Rule     string   `json:"rule"`
	Title    string   `json:"title"` // of the rule
	Citation string   `json:"citation"`
	Withheld []string `json:"withheld,omitempty"` // elements, where the patients themselves go out; empty: they are left out
}

// Suppressions lists what a decision keeps back of some patients and not of others.
// Where it treats everybody alike there is none: the decision itself says it.
func Suppressions(d law.Decision) []Suppression {
	var out []Suppression
	if len(d.Parts) < 2 {
		return nil
	}
	whole := map[string]bool{}
	for _, l := range d.Lines {
		whole[l.Element] = l.Treatment == law.Dropped
	}
	for _, p := range d.Parts {
		if p.Outcome == law.Deny {
			out = append(out, suppression(p, p.Refusal, nil))
			continue
		}
		by := map[string][]string{}
		var rules []string
		for _, l := range p.Lines {
			// The strictest part decides for all, so what this one withholds of its own is
			// what another would have kept.
			if l.Treatment == law.Dropped && whole[l.Element] && slices.ContainsFunc(d.Parts, func(q law.Part) bool { return keeps(q, l.Element) }) {
				if by[l.Rule] == nil {
					rules = append(rules, l.Rule)
				}
				by[l.Rule] = append(by[l.Rule], l.Title)
			}
		}
		for _, rule := range rules {
			out = append(out, suppression(p, rule, by[rule]))
		}
	}
	return out
}

func keeps(p law.Part, element string) bool {
	return p.Outcome != law.Deny && slices.ContainsFunc(p.Lines, func(l law.Line) bool { return l.Element == element && l.Treatment != law.Dropped })
}

func suppression(p law.Part, rule string, withheld []string) Suppression {
	r, _ := law.Lookup(rule)
	return Suppression{Title(p.Class), Shown(p.Count), rule, r.Title, r.Citation, withheld}
}
