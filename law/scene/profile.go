package scene

import (
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
	p := fact.Profile{ID: "standard", Version: 1, Role: role, Purpose: k, Activity: a}
	for _, e := range Catalogue.Elements {
		if !e.Needed(role) {
			continue
		}
		n := fact.Need{Element: e.ID, Form: fact.SafeHarbor}
		if aboutOne(k, a) {
			n.Form, n.Why = fact.Identified, "the purpose concerns this patient"
		} else if countsDays(a) && daysMatter[e.ID] {
			n.Form, n.Why = fact.Limited, "quality is counted in days between admission, procedure, discharge and the next event"
		}
		p.Needs = append(p.Needs, n)
	}
	return p
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
