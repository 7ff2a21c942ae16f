package law_test

import (
	"fmt"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// A quality collaborative, business associate of a hospital, asks for more than a
// readmission project needs.
func Example() {
	baa, _ := instrument.Template("baa")
	facts := law.Facts{
		Organizations: []law.Organization{
			{ID: "hospital", Is: []law.Status{law.CoveredEntity, law.Provider}},
			{ID: "collaborative", Is: []law.Status{law.Associate}},
		},
		Agreements: []law.Agreement{{ID: "baa-7", Version: 1, From: "hospital", To: "collaborative", Instrument: baa, Signed: civil.Of(2026, 1, 5)}},
		Person:     law.Person{Active: true, Trained: true, Verified: true},
	}
	request := law.Request{
		At:        time.Date(2026, 11, 15, 9, 0, 0, 0, time.UTC),
		Discloser: "hospital", Recipient: "collaborative",
		Role: phi.QualityCoordinator, Purpose: purpose.Operations, Activity: purpose.QualityAssessment,
		Form:     law.Identified,
		Elements: []string{"patient.name", "patient.age", "patient.token", "encounter.admit-date", "encounter.diagnosis"},
		Can:      law.Duties(),
	}
	d := law.Decide(request, facts)
	fmt.Println(d.Outcome, d.Form, d.Basis)
	for _, l := range d.Lines {
		fmt.Printf("%-20s %-11s %s, %s\n", l.Element, l.Treatment, l.Rule, l.Citation)
	}

	facts.Agreements[0].Terminated = civil.Of(2026, 11, 1)
	d = law.Decide(request, facts)
	fmt.Println(d.Outcome, "because", d.Reasons[1].Facts[1])
	fmt.Println("remedy:", d.Remedies[0].Changes[0])
	// Output:
	// right-size limited B07
	// patient.name         dropped     F01, 45 CFR 164.502(b), 164.514(d)
	// patient.age          kept        F01, 45 CFR 164.502(b), 164.514(d)
	// patient.token        transformed O13, 45 CFR 164.514(c)
	// encounter.admit-date kept        F01, 45 CFR 164.502(b), 164.514(d)
	// encounter.diagnosis  kept        F01, 45 CFR 164.502(b), 164.514(d)
	// deny because baa-7 v1 was terminated on 2026-11-01
	// remedy: renew the agreement, or sign a new one: baa-7 v1 was terminated on 2026-11-01
}
