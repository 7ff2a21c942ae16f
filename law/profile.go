package law

import (
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// StandardProfile is the minimum-necessary profile that holds where no profile of
// the facts fits: the elements the role ordinarily needs (phi.Element.Roles), each
// in the least identifying form in which it is of any use. For quality work the
// dates of the stay are needed to the day, because readmission, mortality and
// length of stay are counted in days. It is no standard protocol: each request
// under it is reviewed.
func StandardProfile(role phi.Role, k purpose.Kind, a purpose.Activity) Profile {
	p := Profile{ID: "standard", Version: 1, Role: role, Purpose: k, Activity: a}
	for _, e := range catalogue.elements {
		if !e.Needed(role) {
			continue
		}
		n := Need{Element: e.ID, Form: SafeHarbor}
		if countsDays(a) && daysMatter[e.ID] {
			n.Form, n.Why = Limited, "quality is counted in days between admission, procedure, discharge and the next event"
		}
		p.Needs = append(p.Needs, n)
	}
	return p
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

// profileFor picks the profile that fits the request best: of those with its
// purpose, one that names its role before one for any role, then one that names
// its activity; later versions first.
func (f *Facts) profileFor(r *Request) (Profile, bool) {
	best, score := -1, -1
	for i := range f.Profiles {
		p := &f.Profiles[i]
		if p.Purpose != r.Purpose || p.Role != "" && p.Role != r.Role || p.Activity != "" && p.Activity != r.Activity {
			continue
		}
		s := 0
		if p.Role != "" {
			s += 2
		}
		if p.Activity != "" {
			s++
		}
		if s > score || s == score && p.Version > f.Profiles[best].Version {
			best, score = i, s
		}
	}
	if best < 0 {
		return Profile{}, false
	}
	return f.Profiles[best], true
}
