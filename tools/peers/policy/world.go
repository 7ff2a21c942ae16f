// Package policy sets package law beside general policy engines: its decisions beside
// an encoding of the same law in Rego, made apart from it, and its speed beside
// theirs (issue 4, bars 4 and 5).
package policy

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/consent"
	"chaperone.example/law/fact"
	"chaperone.example/law/instrument"
	"chaperone.example/law/overlay"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// A World makes random requests in a small world of hospitals, plans, vendors,
// agencies and patients. The same seed makes the same requests.
type World struct{ *rand.Rand }

// New returns the world of a seed.
func New(seed uint64) World { return World{rand.New(rand.NewPCG(seed, 4))} }

// chance is true in p of 100 cases.
func (w World) chance(p int) bool { return w.IntN(100) < p }

func pick[T any](w World, list []T) T { return list[w.IntN(len(list))] }

// some returns a random part of the list, in its order; each with p of 100.
func some[T any](w World, list []T, p int) []T {
	var out []T
	for _, x := range list {
		if w.chance(p) {
			out = append(out, x)
		}
	}
	return out
}

// An agency and the purpose it ordinarily has.
var agencies = []struct {
	id string
	is law.Status
	purpose.Kind
}{
	{"health-department", law.PublicHealthOrg, purpose.PublicHealth}, {"oversight", law.OversightAgency, purpose.Oversight}, {"hhs", law.HHS, purpose.Enforcement},
	{"police", law.LawEnforcementOrg, purpose.LawEnforcement}, {"court", law.Court, purpose.Judicial}, {"abuse-agency", law.AbuseAgency, purpose.AbuseReport},
	{"coroner", law.Coroner, purpose.Decedent}, {"funeral", law.FuneralDirector, purpose.Decedent}, {"organ-bank", law.OrganBank, purpose.OrganDonation},
	{"university", law.Researcher, purpose.Research}, {"veterans", law.GovernmentProgram, purpose.Government}, {"prison", law.CorrectionalOrg, purpose.Custody},
	{"compensation", law.CompPayer, purpose.WorkersComp}, {"exchange", law.Intermediary, purpose.Treatment}, {"broker", law.DataBroker, purpose.CommercialOffer},
	{"patient", law.ThePatient, purpose.Individual}, {"family", law.FamilyMember, purpose.Family}, {"clinic", law.Provider, purpose.Treatment},
}

// Case makes a request and its facts.
func (w World) Case() (law.Request, law.Facts) {
	r := law.Request{At: w.day().Time().Add(9 * time.Hour), Role: pick(w, []phi.Role{phi.QualityCoordinator, phi.Analyst, phi.CareCoordinator}), Can: law.Duties()}
	f := law.Facts{Person: law.Person{Active: !w.chance(2), Trained: !w.chance(3), Verified: !w.chance(2)}}
	hospital := []law.Status{law.CoveredEntity, law.Provider}
	f.Organizations = []law.Organization{
		{ID: "hospital-a", Is: hospital, State: "TX", Inactive: w.chance(1)}, {ID: "hospital-b", Is: hospital, Inactive: w.chance(1)},
		{ID: "hospital-c", Is: hospital}, {ID: "otp", Is: []law.Status{law.CoveredEntity, law.Provider, law.Part2Program}},
		{ID: "plan", Is: []law.Status{law.CoveredEntity, law.HealthPlan}}, {ID: "msp", Is: []law.Status{law.Associate}},
		{ID: "cloud", Is: []law.Status{law.SubcontractorOrg}}, {ID: "archive", Is: []law.Status{law.SubcontractorOrg}},
		{ID: "collaborative", Is: []law.Status{law.Associate, law.Aggregator}},
	}
	for _, a := range agencies {
		f.Organizations = append(f.Organizations, law.Organization{ID: a.id, Is: []law.Status{a.is}})
	}
	w.parties(&r, &f)
	w.agreements(&r, &f)
	r.Form = pick(w, []law.Form{law.Identified, law.Identified, law.Identified, law.Limited, law.SafeHarbor, law.Expert})
	for _, e := range phi.Elements() {
		if w.chance(20) {
			r.Elements = append(r.Elements, e.ID)
		}
	}
	if w.chance(3) {
		r.Elements = nil
		for _, e := range phi.Elements() {
			if e.Class == phi.Clinical {
				r.Elements = append(r.Elements, e.ID)
			}
		}
	}
	if w.chance(2) {
		r.Elements = append(r.Elements, "patient.shoe-size")
	}
	r.BreakGlass, r.Paid = w.chance(4), w.chance(4)
	if w.chance(15) {
		r.Can = slices.DeleteFunc(law.Duties(), func(law.Duty) bool { return w.chance(8) })
	}
	r.Window = w.window(20)
	f.Dataset.Window = w.window(15)
	if w.chance(20) {
		f.Dataset.ExpertUntil = w.day() + 200
		for _, e := range phi.Elements() {
			if w.chance(60) {
				f.Dataset.ExpertKeeps = append(f.Dataset.ExpertKeeps, e.ID)
			}
		}
	}
	if w.chance(1) {
		f.Dataset.Record = fact.Employment
	}
	f.Profiles = []law.Profile{w.profile(&r)}
	f.Determinations = w.findings(r.Purpose)
	for i := range 1 + w.IntN(2) {
		f.Classes = append(f.Classes, w.class(strconv.Itoa(i), &r))
	}
	f.Overlays = w.overlays()
	f.Settings = law.Settings{RevokedOnward: w.chance(20), NoticeOnFirstOnly: w.chance(20), RejectOldConsents: w.chance(20), Part2Accounting: w.chance(20), EmergencyOverRefusal: w.chance(20)}
	return r, f
}

// day is a day in one of the years that matter: the attestation's, the old consents', now.
func (w World) day() civil.Date {
	return pick(w, []civil.Date{civil.Of(2024, 3, 1), civil.Of(2025, 3, 1), civil.Of(2025, 6, 18), civil.Of(2026, 11, 15), civil.Of(2026, 11, 15), civil.Of(2026, 11, 15)})
}

// around is a day around a day.
func (w World) around(d civil.Date) civil.Date { return d + civil.Date(w.IntN(401)-200) }

func (w World) window(p int) (out law.Window) {
	if w.chance(p) {
		out.From = civil.Of(2024, 1, 1) + civil.Date(w.IntN(300))
	}
	if w.chance(p) {
		out.Until = civil.Of(2024, 10, 1) + civil.Date(w.IntN(300))
	}
	return out
}

// parties picks who asks whom, and mostly a purpose that fits.
func (w World) parties(r *law.Request, f *law.Facts) {
	care := []purpose.Kind{purpose.Treatment, purpose.Payment, purpose.Operations, purpose.Operations}
	r.Discloser = pick(w, []string{"hospital-a", "hospital-a", "otp"})
	switch w.IntN(10) {
	case 0, 1:
		r.Recipient, r.Purpose = pick(w, []string{"hospital-b", "plan", "otp"}), pick(w, care)
	case 2, 3:
		r.Recipient, r.Purpose = pick(w, []string{"msp", "cloud", "archive", "collaborative"}), pick(w, append(care, purpose.Management))
	case 4:
		r.Source, r.Discloser, r.Recipient = r.Discloser, "msp", pick(w, []string{"cloud", "hospital-a", "hospital-b"})
		r.Purpose = purpose.Operations
		if r.Recipient == "cloud" && w.chance(50) {
			r.OnBehalfOf = []string{r.Source, "msp"}
		}
	case 5:
		r.Recipient, r.Purpose = r.Discloser, pick(w, append(care, purpose.Fundraising, purpose.Marketing, purpose.Underwriting))
	default:
		a := pick(w, agencies)
		r.Recipient, r.Purpose = a.id, a.Kind
	}
	if w.chance(10) {
		r.Purpose = pick(w, purpose.All()).Kind
	}
	if r.Purpose == purpose.Operations {
		r.Activity = pick(w, []purpose.Activity{purpose.QualityAssessment, purpose.QualityAssessment, purpose.PeerReview, purpose.BusinessPlanning, purpose.ContractRating, purpose.DataAggregation, purpose.DeIdentifying})
	}
	if w.chance(15) {
		f.Project = law.Project{ID: "p", Consortium: "collaborative"}
		if w.chance(60) {
			f.Project.Combines = []string{"hospital-a", "hospital-b"}
		}
	}
	if w.chance(10) {
		f.Organizations[0].OHCA, f.Organizations[1].OHCA = []string{"valley"}, some(w, []string{"valley"}, 80)
	}
}

// agreements signs, mostly rightly, what the parties need.
func (w World) agreements(r *law.Request, f *law.Facts) {
	day := civil.On(r.At)
	add := func(template, from, to string, p int) {
		if !w.chance(p) {
			return
		}
		in, ok := instrument.Template(template)
		if !ok {
			return
		}
		a := law.Agreement{ID: template + "-" + from + "-" + to, Version: 1 + w.IntN(2), From: from, To: to, Instrument: in, Signed: day - 300, Start: day - 300}
		t := &a.Instrument.Terms
		switch w.IntN(12) {
		case 0:
			a.Instrument.Clauses = slices.Delete(slices.Clone(in.Clauses), 0, 1)
		case 1:
			a.Signed = pick(w, []civil.Date{0, day + 10})
		case 2:
			a.End = w.around(day)
		case 3:
			a.Terminated = w.around(day)
			a.Infeasible = some(w, []purpose.Kind{r.Purpose, purpose.RequiredByLaw}, 50)
		case 4:
			a.Violated = w.chance(50)
		}
		if w.chance(50) && template != "dua" {
			t.Purposes = []purpose.Kind{purpose.Treatment, purpose.Payment, purpose.Operations}
		}
		if w.chance(40) {
			t.Activities = nil
		}
		if template == "dua" && w.chance(50) {
			t.Purposes = []purpose.Kind{purpose.Research, purpose.PublicHealth, purpose.Operations}
		}
		if w.chance(10) {
			t.Purposes = []purpose.Kind{pick(w, purpose.All()).Kind}
		}
		if w.chance(10) {
			t.AtEnd = ""
		}
		t.Aggregate, t.Deidentify, t.FlowDown, t.Manage = w.chance(80), w.chance(70), w.chance(85), w.chance(70)
		if w.chance(20) {
			t.Classes = some(w, []phi.Class{phi.Direct, phi.Quasi, phi.Sensitive, phi.Part2, phi.Clinical, phi.Operational}, 60)
		}
		if w.chance(10) && template != "dua" {
			for _, e := range phi.Elements() {
				if w.chance(70) {
					t.Elements = append(t.Elements, e.ID)
				}
			}
		}
		if w.chance(50) {
			t.Residency, t.Transfer, t.RetentionDays = nil, nil, 0
		}
		if w.chance(10) {
			t.DataFrom, t.DataUntil = civil.Of(2024, 3, 1), civil.Of(2025, 3, 1)
		}
		if (template == "baa" || template == "subcontractor") && w.chance(40) {
			a.Instrument.Clauses = append(slices.Clone(a.Instrument.Clauses), "baa.part2")
		}
		f.Agreements = append(f.Agreements, a)
	}
	source := r.Source
	if source == "" {
		source = r.Discloser
	}
	for _, from := range []string{"hospital-a", "hospital-b", "otp"} {
		add("baa", from, "collaborative", 85)
	}
	add("baa", source, "msp", 85)
	add("subcontractor", "msp", "cloud", 85)
	add("subcontractor", "cloud", "archive", 85)
	add("participation", source, "collaborative", 75)
	add("dua", source, r.Recipient, 45)
	add("ohca", source, r.Recipient, 15)
	add("qsoa", source, r.Recipient, 20)
}

// profile is what the task needs.
func (w World) profile(r *law.Request) law.Profile {
	p := law.Profile{ID: "p", Version: 1, Purpose: r.Purpose, Routine: w.chance(40)}
	if w.chance(50) {
		p.Role = r.Role
	}
	if w.chance(50) {
		p.Activity = r.Activity
	}
	strict := w.chance(50)
	for _, e := range phi.Elements() {
		if !w.chance(60) {
			continue
		}
		n := law.Need{Element: e.ID}
		if !strict || w.chance(10) {
			n.Form = pick(w, []law.Form{law.NoForm, law.SafeHarbor, law.Expert, law.Limited, law.Limited, law.Identified})
		}
		p.Needs = append(p.Needs, n)
	}
	return p
}

// findings determines a few things at random, and often what the purpose asks for.
func (w World) findings(k purpose.Kind) []law.Determination {
	usual := map[purpose.Kind][]law.Finding{
		purpose.Treatment: {fact.Emergency}, purpose.RequiredByLaw: {fact.Statute}, purpose.AbuseReport: {fact.AbuseBelief, fact.AbuseReportable},
		purpose.Judicial: {fact.CourtOrder, fact.Subpoena, fact.Assurances}, purpose.LawEnforcement: {fact.Process, fact.LocateRequest}, purpose.Research: {fact.Waiver},
		purpose.SeriousThreat: {fact.ThreatBelief}, purpose.Government: {fact.FunctionStated}, purpose.Custody: {fact.FunctionStated}, purpose.WorkersComp: {fact.FunctionStated},
		purpose.Family: {fact.Preference}, purpose.Directory: {fact.Preference}, purpose.Marketing: {fact.MarketingException}, purpose.CommercialOffer: {fact.SaleException},
		purpose.Individual: {fact.Representative},
	}
	var out []law.Determination
	add := func(kind law.Finding) {
		d := law.Determination{Kind: kind}
		if w.chance(10) {
			d.On, d.Until = civil.Of(2025, 1, 1), civil.Of(2025, 12, 31)
		}
		if w.chance(25) {
			for _, e := range phi.Elements() {
				if w.chance(50) {
					d.Elements = append(d.Elements, e.ID)
				}
			}
		}
		if kind == fact.Waiver {
			d.Items = some(w, fact.WaiverItems(), 95)
		}
		out = append(out, d)
	}
	all := append(some(w, fact.Findings(), 4), some(w, usual[k], 60)...)
	slices.Sort(all)
	for _, kind := range slices.Compact(all) {
		add(kind)
	}
	return out
}

// class is a class of patients.
func (w World) class(id string, r *law.Request) law.Class {
	day := civil.On(r.At)
	answer := func(unknown, no int) law.Answer {
		switch n := w.IntN(100); {
		case n < unknown:
			return law.Unknown
		case n < unknown+no:
			return law.No
		}
		return law.Yes
	}
	c := law.Class{ID: id, Related: some(w, []string{"hospital-a", "hospital-b", "plan", "otp"}, 85), Pertains: answer(5, 5), Window: w.window(15),
		Part2: answer(25, 50), Labels: some(w, []string{"HIV", "PSY", "GDIS", "SEX"}, 10), Minor: answer(10, 80), ConsentsAlone: answer(30, 30),
		OptedOut: answer(10, 70), OtherAddress: w.chance(5), RestrictionsKnown: answer(15, 0)}
	c.Received = pick(w, []fact.Received{"", fact.AsProgram, fact.ByCare, fact.ByCare, fact.ByNamed, fact.AsHolder, fact.ByEmergency})
	if w.chance(10) {
		c.Died = pick(w, []civil.Date{day - 30, day + 30, civil.Of(1960, 1, 1)})
	}
	expiry := func() consent.Expiry {
		return pick(w, []consent.Expiry{{Event: "none"}, {Event: "none"}, {On: w.around(day)}, {Event: "end of treatment", Happened: w.around(day)}, {}})
	}
	elements := func() (out []string) {
		if w.chance(40) {
			for _, e := range phi.Elements() {
				if w.chance(60) {
					out = append(out, e.ID)
				}
			}
		}
		return out
	}
	to := func() []string { return pick(w, [][]string{{r.Recipient}, {r.Recipient}, {"provider"}, {"somebody"}}) }
	revoked := func() civil.Date {
		if w.chance(12) {
			return w.around(day)
		}
		return 0
	}
	for range w.IntN(3) {
		if !w.chance(35) {
			continue
		}
		a := consent.Authorization{ID: "a", Version: 1, Items: consent.AllAuthorizationItems(), Recipients: to(), Elements: elements(), Expires: expiry(), Signed: day - 100, Revoked: revoked(),
			Psychotherapy: w.chance(15), Remuneration: w.chance(20), Marketing: w.chance(20), Compound: w.chance(3), Conditioned: w.chance(3), KnownFalse: w.chance(3)}
		if w.chance(10) {
			a.Items = some(w, a.Items, 90)
		}
		if w.chance(20) {
			a.Purposes = []purpose.Kind{pick(w, []purpose.Kind{r.Purpose, purpose.Research})}
		}
		if w.chance(10) {
			a.Disclosers = []string{pick(w, []string{r.Discloser, "covered-entity", "somebody"})}
		}
		c.Authorizations = append(c.Authorizations, a)
	}
	for range w.IntN(4) {
		if !w.chance(50) {
			continue
		}
		p := consent.Part2{ID: "p", Version: 1, Kind: pick(w, []consent.Kind{consent.Care, consent.Care, consent.Named, consent.Named, consent.Proceedings, consent.Counseling}), Items: consent.AllPart2Items(),
			Elements: elements(), Expires: expiry(), Signed: pick(w, []civil.Date{day - 20, day - 20, day - 20, civil.Of(2025, 1, 10), 0, day + 5}), Revoked: revoked(), KnownFalse: w.chance(3),
			SignedBy: pick(w, [][]string{nil, nil, {"patient"}, {"minor"}, {"minor", "parent"}, {"representative"}, {"parent"}})}
		if p.Kind != consent.Care || w.chance(30) {
			p.Recipients = to()
		}
		if w.chance(10) {
			p.Items = some(w, p.Items, 90)
		}
		if w.chance(20) {
			p.Purposes = []purpose.Kind{pick(w, []purpose.Kind{r.Purpose, purpose.Research})}
		}
		if w.chance(10) {
			p.Disclosers = []string{pick(w, []string{r.Discloser, "part2-program", "somebody"})}
		}
		c.Consents = append(c.Consents, p)
	}
	for i := range w.IntN(2) {
		if !w.chance(40) {
			continue
		}
		x := law.Restriction{ID: strconv.Itoa(i), PaidInFull: w.chance(50), Elements: elements(), Agreed: pick(w, []civil.Date{0, day - 50, day + 5}), Ended: pick(w, []civil.Date{0, 0, 0, day - 1, day + 1})}
		if w.chance(40) {
			x.Recipients = to()
		}
		if w.chance(20) {
			x.Purposes = []purpose.Kind{pick(w, []purpose.Kind{r.Purpose, purpose.Payment})}
		}
		c.Restrictions = append(c.Restrictions, x)
	}
	return c
}

// overlays are packs of a State and of a member.
func (w World) overlays() []overlay.Pack {
	var out []overlay.Pack
	for _, p := range []overlay.Pack{{ID: "state", Version: 1, Level: overlay.State, State: pick(w, []string{"TX", "CA"})}, {ID: "member", Version: 1, Level: overlay.Member, Member: pick(w, []string{"hospital-a", "otp"})}} {
		if !w.chance(20) {
			continue
		}
		p.Broken = w.chance(8)
		for i := range 1 + w.IntN(2) {
			x := overlay.Rule{ID: strconv.Itoa(i), Citation: "c", Text: "t", Deny: w.chance(8), Minors: w.chance(15), Strip: []string{pick(w, phi.Elements()).ID}}
			if w.chance(30) {
				x.StripClasses = []phi.Class{pick(w, []phi.Class{phi.Direct, phi.Quasi, phi.Sensitive, phi.Clinical})}
			}
			if w.chance(30) {
				x.Labels = []string{pick(w, []string{"HIV", "PSY"})}
			}
			if w.chance(30) {
				x.Oblige = []string{string(pick(w, law.Duties()))}
			}
			if w.chance(20) {
				x.Purposes = []purpose.Kind{pick(w, []purpose.Kind{purpose.Operations, purpose.Treatment})}
			}
			if w.chance(20) {
				x.Except = []purpose.Kind{purpose.Treatment}
			}
			if w.chance(20) {
				x.Recipients = []string{pick(w, []string{"health-plan", "provider", "business-associate"})}
			}
			if w.chance(20) {
				x.From, x.To = civil.Of(2025, 1, 1), civil.Of(2025, 12, 31)
			}
			p.Rules = append(p.Rules, x)
		}
		out = append(out, p)
	}
	return out
}
