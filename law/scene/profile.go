package scene

import (
	"slices"

	"chaperone.example/law/fact"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// StandardProfile is the minimum-necessary profile that holds where no profile of
// the facts fits: the elements the role ordinarily needs (phi.Element.Roles), each
// in the least identifying form in which it is of any use. For quality work the
// dates of the stay are needed to the day, because readmission, mortality and
// length of stay are counted in days. Care for a patient, paying for it and other
// purposes that concern one patient need to know who it is. It is no standard protocol: each request
// under it is reviewed.
func StandardProfile(role phi.Role, k purpose.Kind, a purpose.Activity) fact.Profile {
	p := standard(role, k, a).profile(&fact.Request{Role: role, Purpose: k, Activity: a})
	p.Needs = slices.Clone(p.Needs)
	return p
}

// A kind of task, as far as the standard profile tells them apart.
type task struct {
	role             phi.Role
	aboutOne, inDays bool
}

// norm is what the standard profile holds for a kind of task.
type norm struct {
	list  []fact.Need
	keeps Set
	needs [fact.Identified + 1]Set
}

// norms are the standard profiles of every role; a role that is not there needs
// nothing.
var norms = func() map[task]*norm {
	out := map[task]*norm{}
	var roles []phi.Role // that need any element
	for i := range Catalogue.Elements {
		roles = append(roles, Catalogue.Elements[i].Roles...)
	}
	slices.Sort(roles)
	for _, role := range slices.Compact(roles) {
		for _, t := range []task{{role, true, false}, {role, false, true}, {role, false, false}} {
			n := new(norm)
			for i := range Catalogue.Elements {
				e := &Catalogue.Elements[i]
				switch {
				case !e.Needed(role):
				case t.aboutOne:
					n.list = append(n.list, fact.Need{Element: e.ID, Form: fact.Identified, Why: "the purpose concerns this patient"})
				case t.inDays && daysMatter[e.ID]:
					n.list = append(n.list, fact.Need{Element: e.ID, Form: fact.Limited, Why: "quality is counted in days between admission, procedure, discharge and the next event"})
				default:
					n.list = append(n.list, fact.Need{Element: e.ID, Form: fact.SafeHarbor})
				}
			}
			n.keeps, n.needs = new(Scene).forms(n.list)
			out[t] = n
		}
	}
	return out
}()

func standard(role phi.Role, k purpose.Kind, a purpose.Activity) *norm {
	one := aboutOne(k, a)
	if n := norms[task{role, one, !one && countsDays(a)}]; n != nil {
		return n
	}
	return new(norm)
}

// profile is the norm as the profile of a request. Its needs are shared.
func (n *norm) profile(r *fact.Request) fact.Profile {
	return fact.Profile{ID: "standard", Version: 1, Role: r.Role, Purpose: r.Purpose, Activity: r.Activity, Needs: n.list}
}

// aboutOne reports whether the purpose concerns one patient at a time, rather than
// what many have in common.
func aboutOne(k purpose.Kind, a purpose.Activity) bool {
	switch k {
	case purpose.Operations:
		return a == purpose.CaseManagement
	case purpose.Research, purpose.PublicHealth, purpose.Oversight, purpose.Management, purpose.CommercialOffer:
		return false
	}
	return true
}

// countsDays reports whether the activity counts days.
func countsDays(a purpose.Activity) bool {
	switch a {
	case purpose.QualityAssessment, purpose.PatientSafety, purpose.PopulationHealth, purpose.Comparison, purpose.PeerReview, purpose.CaseManagement:
		return true
	}
	return false
}

var daysMatter = map[string]bool{"encounter.admit-date": true, "encounter.discharge-date": true, "encounter.procedure-date": true,
	"encounter.ed-times": true, "patient.death-date": true}
