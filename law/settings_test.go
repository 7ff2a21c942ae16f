package law_test

import (
	"slices"
	"testing"

	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/consent"
	"chaperone.example/law/fact"
	"chaperone.example/law/purpose"
)

// Where the law is unsure, the default holds until a setting says otherwise.
func TestUnsurePoints(t *testing.T) {
	care := consent.Part2{ID: "c", Version: 1, Kind: consent.Care, Items: consent.AllPart2Items(), Expires: consent.Expiry{Event: "none"}, Signed: civil.Of(2026, 3, 1)}
	revoked := care
	revoked.Revoked = civil.Of(2026, 10, 1)
	old := care
	old.Kind, old.Recipients, old.Signed = consent.Named, []string{"hospital-b"}, civil.Of(2025, 3, 1)
	has := func(d law.Decision, duty law.Duty) bool {
		return slices.ContainsFunc(d.Obligations, func(o law.Obligation) bool { return o.Duty == duty })
	}
	outcome := func(d law.Decision) bool { return d.Outcome != law.Deny }
	for _, test := range []struct {
		name  string
		class law.Class
		found []fact.Finding
		set   func(*law.Settings)
		is    func(law.Decision) bool
		usual bool
	}{
		{"onward after revocation", law.Class{Part2: law.Yes, Received: fact.ByCare, Consents: []consent.Part2{revoked}}, nil, func(s *law.Settings) { s.RevokedOnward = true }, outcome, false},
		{"notice on redisclosure", law.Class{Part2: law.Yes, Received: fact.ByCare}, nil, func(s *law.Settings) { s.NoticeOnFirstOnly = true }, func(d law.Decision) bool { return has(d, law.Part2Notice) }, true},
		{"consent on an old form", law.Class{Part2: law.Yes, Consents: []consent.Part2{old}}, nil, func(s *law.Settings) { s.RejectOldConsents = true }, outcome, true},
		{"accounting of Part 2", law.Class{Part2: law.Yes, Consents: []consent.Part2{care}}, nil, func(s *law.Settings) { s.Part2Accounting = true }, func(d law.Decision) bool { return has(d, law.Part2Account) }, false},
		{"emergency over refusal", law.Class{Part2: law.Yes}, []fact.Finding{fact.Emergency, fact.PatientRefuses}, func(s *law.Settings) { s.EmergencyOverRefusal = true }, outcome, false},
	} {
		r := request("hospital-a", "hospital-b")
		r.Purpose, r.Activity, r.Elements = "treatment", "", []string{"patient.name", "clinical.medication"}
		f := facts()
		test.class.ID = "patient"
		f.Classes = []law.Class{test.class}
		for _, k := range test.found {
			f.Determinations = append(f.Determinations, law.Determination{Kind: k})
		}
		if got := test.is(law.Decide(r, f)); got != test.usual {
			t.Errorf("%s: %v by default", test.name, got)
		}
		test.set(&f.Settings)
		if got := test.is(law.Decide(r, f)); got == test.usual {
			t.Errorf("%s: the setting changes nothing", test.name)
		}
	}
}

// Two half-valid consents do not make a valid one.
func TestHalfConsentsDoNotAddUp(t *testing.T) {
	right := consent.Part2{ID: "expired", Kind: consent.Named, Items: consent.AllPart2Items(), Recipients: []string{"hospital-b"}, Signed: civil.Of(2026, 3, 1), Expires: consent.Expiry{On: civil.Of(2026, 4, 1)}}
	other := right
	other.ID, other.Expires.On, other.Purposes = "for research", civil.Of(2027, 4, 1), []purpose.Kind{purpose.Research}
	r := request("hospital-a", "hospital-b")
	r.Purpose, r.Activity, r.Elements = "treatment", "", []string{"patient.name"}
	f := facts()
	f.Classes = []law.Class{{ID: "p", Part2: law.Yes, Consents: []consent.Part2{right, other}}}
	check(t, law.Decide(r, f), law.Deny, "P02")
}
