package scene

import (
	"slices"

	"chaperone.example/law/fact"
	"chaperone.example/law/instrument"
	"chaperone.example/law/purpose"
	"chaperone.example/law/rule"
	"chaperone.example/phi"
)

func (x *Reading) readParties() {
	r, f, m := x.Request, x.Facts, &x.Base.Marks
	source := x.Source()
	principal := r.Recipient
	recipient := f.Org(r.Recipient)
	switch {
	case len(r.OnBehalfOf) > 0:
		principal = r.OnBehalfOf[0]
		x.Acting = f.Follow(append(slices.Clone(r.OnBehalfOf), r.Recipient), x.Base.Day)
	case recipient != nil && r.Recipient != source && !recipient.Has(fact.CoveredEntity):
		if path := f.Path(source, r.Recipient); path != nil {
			principal, x.Acting = source, f.Follow(path, x.Base.Day)
		}
	}
	src, who, holder := f.Org(source), f.Org(principal), f.Org(r.Discloser)
	if x.named() {
		x.source, x.recipient = f.Names(source), f.Names(r.Recipient)
		if principal != source {
			x.recipient = append(x.recipient, f.Names(principal)...)
		}
	}
	if src != nil {
		x.sourceState = src.State
	}
	active := func(o *fact.Organization) bool { return o != nil && !o.Inactive }
	is := func(list ...fact.Status) bool {
		return who != nil && slices.ContainsFunc(list, who.Has)
	}
	m.Set(rule.PartiesActive, active(src) && active(who) && active(holder) && active(recipient))
	m.Set(rule.PersonActive, f.Person.Active)
	m.Set(rule.PersonTrained, f.Person.Trained || r.BreakGlass && m.Has(rule.ForTreatment) && f.Found(fact.Emergency, x.Base.Day) != nil)
	m.Set(rule.PersonVerified, f.Person.Verified)
	m.Set(rule.SourceCovered, src != nil && (src.Has(fact.CoveredEntity) || src.Has(fact.HealthPlan)))
	m.Set(rule.SourceProgram, src != nil && src.Has(fact.Part2Program))
	m.Set(rule.OwnUse, principal == source && r.Recipient == source)
	m.Set(rule.RecipientCovered, is(fact.CoveredEntity, fact.HealthPlan))
	m.Set(rule.RecipientProvider, is(fact.Provider))
	m.Set(rule.RecipientPlan, is(fact.HealthPlan))
	m.Set(rule.RecipientCoveredOrProvider, is(fact.CoveredEntity, fact.HealthPlan, fact.Provider))
	m.Set(rule.RecipientPatient, is(fact.ThePatient))
	m.Set(rule.RecipientAuthority, is(fact.PublicHealthOrg) || f.Found(fact.PublicAuthority, x.Base.Day) != nil)
	m.Set(rule.RecipientAbuseAgency, is(fact.AbuseAgency, fact.PublicHealthOrg, fact.LawEnforcementOrg))
	m.Set(rule.RecipientOversight, is(fact.OversightAgency, fact.HHS))
	m.Set(rule.RecipientPolice, is(fact.LawEnforcementOrg))
	m.Set(rule.RecipientCoroner, is(fact.Coroner, fact.FuneralDirector))
	m.Set(rule.RecipientOrganBank, is(fact.OrganBank))
	m.Set(rule.RecipientFunction, is(fact.GovernmentProgram, fact.CorrectionalOrg, fact.CompPayer))
	m.Set(rule.RecipientHHS, is(fact.HHS))
	m.Set(rule.RecipientIntermediary, is(fact.Intermediary) && !is(fact.CoveredEntity, fact.Associate, fact.SubcontractorOrg, fact.Part2Program))
	m.Set(rule.CaringRole, caring(r.Role))
	m.Set(rule.SameOHCA, x.sameArrangement(src, who))
	acts := principal == source && r.Recipient != source && len(x.Acting) > 0
	m.Set(rule.ActsForSource, acts)
	m.Set(rule.ThroughSubcontractor, acts && len(x.Acting) > 1)
	x.readChain()
	x.readHolder(holder)
	x.Service = f.Pick(source, r.Recipient, x.Base.Day, instrument.ServiceOrg)
	m.Set(rule.QSOInForce, x.live(x.Service) || acts && x.sound(x.Acting) && x.bound(x.Acting))
	m.Set(rule.HolderContract, len(x.Acting) > 0 && x.sound(x.Acting) && x.bound(x.Acting) || x.live(x.Service))
	if c := f.Project.Consortium; c != "" {
		m.Set(rule.Consortium, true)
		x.Member = f.Pick(source, c, x.Base.Day, instrument.Participation)
		m.Set(rule.Participates, x.live(x.Member) || c == source)
	}
}

// named reports whether there are documents or rules that name parties.
func (x *Reading) named() bool {
	for i := range x.Facts.Classes {
		if c := &x.Facts.Classes[i]; len(c.Consents) > 0 || len(c.Authorizations) > 0 || len(c.Restrictions) > 0 {
			return true
		}
	}
	return len(x.Facts.Overlays) > 0
}

// caring reports whether the role cares for patients (phi.CareCoordinator is the
// one such role of the catalogue).
func caring(r phi.Role) bool { return r == phi.CareCoordinator }

// readHolder reads by what right the discloser holds data that are another's.
func (x *Reading) readHolder(holder *fact.Organization) {
	r, f, m := x.Request, x.Facts, &x.Base.Marks
	source := x.Source()
	holds := r.Discloser != source
	m.Set(rule.HolderIsAssociate, holds)
	m.Set(rule.DiscloserCoveredOrAssociate, holder != nil && (holder.Has(fact.CoveredEntity) || holder.Has(fact.HealthPlan) || holder.Has(fact.Associate) || holder.Has(fact.SubcontractorOrg)))
	deidentify, permitted := true, true
	if holds {
		path := f.Path(source, r.Discloser)
		if i := slices.Index(r.OnBehalfOf, r.Discloser); i > 0 && r.OnBehalfOf[0] == source {
			path = r.OnBehalfOf[:i+1]
		}
		x.Holding = f.Follow(path, x.Base.Day)
		permitted = len(x.Holding) > 0 && (r.Recipient == source || x.sound(x.Holding) && x.inScope(x.Holding))
		for _, l := range x.Holding {
			deidentify = deidentify && l.By != nil && l.By.Instrument.Terms.Deidentify
		}
		deidentify = deidentify && len(x.Holding) > 0
	}
	m.Set(rule.HolderPermitted, permitted)
	m.Set(rule.MayDeidentify, deidentify)
	unviolated := true
	for _, links := range [2][]fact.Link{x.Acting, x.Holding} {
		for _, l := range links {
			unviolated = unviolated && (l.By == nil || !l.By.Violated)
		}
	}
	m.Set(rule.ChainUnviolated, unviolated)
}

// live reports whether the agreement is there, in force, complete and not violated.
func (x *Reading) live(a *fact.Agreement) bool {
	return a != nil && a.InForce(x.Base.Day) && !a.Violated && x.complete(a)
}

// sameArrangement reports whether two organizations share a documented organized
// health care arrangement: by registration, or by an agreement in force.
func (x *Reading) sameArrangement(a, b *fact.Organization) bool {
	if a == nil || b == nil || a == b {
		return false
	}
	for _, o := range a.OHCA {
		if slices.Contains(b.OHCA, o) {
			return true
		}
	}
	for _, pair := range [2][2]string{{a.ID, b.ID}, {b.ID, a.ID}} {
		g := x.Facts.Pick(pair[0], pair[1], x.Base.Day, instrument.Arrangement)
		if x.live(g) && g.Instrument.Terms.Permits(x.Request.Purpose, x.Request.Activity) {
			return true
		}
	}
	return false
}

// readChain reads the agreements between whom the recipient acts for and the recipient.
func (x *Reading) readChain() {
	s, m := &x.Base, &x.Base.Marks
	signed, force, complete, scope, aggregate := true, true, true, true, true
	for i, l := range x.Acting {
		if l.By == nil {
			signed, force, complete, scope, aggregate = false, false, false, false, false
			continue
		}
		t := &l.By.Instrument.Terms
		signed = signed && l.By.Signed != 0 && l.By.Signed <= s.Day
		force = force && (l.By.InForce(s.Day) || l.By.Survives(s.Day, x.Request.Purpose))
		complete = complete && x.complete(l.By)
		scope = scope && t.Permits(x.Request.Purpose, x.Request.Activity) && (i == len(x.Acting)-1 || t.FlowDown)
		aggregate = aggregate && t.Aggregate
		x.limitBy(l.By)
	}
	for _, c := range x.Facts.Project.Combines {
		if c != x.Source() {
			m.Set(rule.Combines, true)
			a := x.Facts.Pick(c, x.firstAssociate(), s.Day, instrument.BusinessAssociate)
			aggregate = aggregate && x.live(a) && a.Instrument.Terms.Aggregate
		}
	}
	some := len(x.Acting) > 0
	m.Set(rule.ChainSigned, signed && some)
	m.Set(rule.ChainInForce, force && some)
	m.Set(rule.ChainComplete, complete && some)
	m.Set(rule.ChainScope, scope && some)
	m.Set(rule.ChainAggregates, aggregate && some)
	m.Set(rule.PrincipalBound, signed && force && complete && scope)
}

// firstAssociate is the business associate that combines: the first after the source.
func (x *Reading) firstAssociate() string {
	if len(x.Acting) > 0 {
		return x.Acting[0].To
	}
	return x.Request.Recipient
}

// limitBy narrows elements, dates and ways of transfer to what the agreement allows.
func (x *Reading) limitBy(a *fact.Agreement) {
	s, t := &x.Base, &a.Instrument.Terms
	s.Keeps[rule.KeepsAgreement] = s.Keeps[rule.KeepsAgreement].And(x.covers(a))
	s.Limit, _ = s.Limit.Narrow(fact.Window{From: t.DataFrom, Until: t.DataUntil})
	m := &s.Marks
	m.Set(rule.LimitsTransfer, m.Has(rule.LimitsTransfer) || len(t.Transfer) > 0)
	m.Set(rule.LimitsRegion, m.Has(rule.LimitsRegion) || len(t.Residency) > 0)
	m.Set(rule.LimitsTime, m.Has(rule.LimitsTime) || t.RetentionDays > 0)
}

// sound reports whether every link is signed, in force and complete.
func (x *Reading) sound(links []fact.Link) bool {
	for _, l := range links {
		if l.By == nil || !l.By.InForce(x.Base.Day) && !l.By.Survives(x.Base.Day, x.Request.Purpose) || !x.complete(l.By) {
			return false
		}
	}
	return true
}

// inScope reports whether every link permits the purpose and activity.
func (x *Reading) inScope(links []fact.Link) bool {
	for _, l := range links {
		if l.By == nil || !l.By.Instrument.Terms.Permits(x.Request.Purpose, x.Request.Activity) {
			return false
		}
	}
	return true
}

// bound reports whether every link acknowledges being bound by 42 CFR part 2.
func (x *Reading) bound(links []fact.Link) bool {
	for _, l := range links {
		if l.By == nil || !l.By.Instrument.Has("baa.part2") {
			return false
		}
	}
	return len(links) > 0
}

func (x *Reading) readPurpose() {
	r, m := x.Request, &x.Base.Marks
	k := r.Purpose
	is := func(list ...purpose.Kind) bool { return slices.Contains(list, k) }
	m.Set(rule.ForTreatment, is(purpose.Treatment))
	m.Set(rule.ForPayment, is(purpose.Payment))
	m.Set(rule.ForOperations, is(purpose.Operations))
	m.Set(rule.ForCare, is(purpose.Treatment, purpose.Payment, purpose.Operations))
	m.Set(rule.ForIndividual, is(purpose.Individual))
	m.Set(rule.ForManagement, is(purpose.Management))
	m.Set(rule.ForRequiredByLaw, is(purpose.RequiredByLaw))
	m.Set(rule.ForPublicHealth, is(purpose.PublicHealth))
	m.Set(rule.ForAbuse, is(purpose.AbuseReport))
	m.Set(rule.ForOversight, is(purpose.Oversight))
	m.Set(rule.ForJudicial, is(purpose.Judicial))
	m.Set(rule.ForPolice, is(purpose.LawEnforcement))
	m.Set(rule.ForProceedings, is(purpose.Judicial, purpose.LawEnforcement))
	m.Set(rule.ForDecedent, is(purpose.Decedent))
	m.Set(rule.ForOrgan, is(purpose.OrganDonation))
	m.Set(rule.ForResearch, is(purpose.Research))
	m.Set(rule.ForThreat, is(purpose.SeriousThreat))
	m.Set(rule.ForFunction, is(purpose.Government, purpose.Custody, purpose.WorkersComp))
	m.Set(rule.ForFamily, is(purpose.Directory, purpose.Family))
	m.Set(rule.ForHHS, is(purpose.Enforcement))
	m.Set(rule.ForMarketing, is(purpose.Marketing))
	m.Set(rule.ForFundraising, is(purpose.Fundraising))
	m.Set(rule.ForUnderwriting, is(purpose.Underwriting) || r.Activity == purpose.ContractRating)
	m.Set(rule.LimitedPurpose, is(purpose.Research, purpose.PublicHealth, purpose.Operations))
	m.Set(rule.AttestationPurpose, is(purpose.Oversight, purpose.Judicial, purpose.LawEnforcement, purpose.Decedent))
	m.Set(rule.RequiringPurpose, is(purpose.RequiredByLaw, purpose.PublicHealth, purpose.AbuseReport, purpose.Oversight, purpose.Judicial, purpose.LawEnforcement, purpose.Decedent, purpose.WorkersComp))
	m.Set(rule.AuditPurpose, is(purpose.Oversight, purpose.Operations, purpose.Payment))
	m.Set(rule.ActivityShared, r.Activity.Shared())
	m.Set(rule.Commercial, r.Paid || is(purpose.CommercialOffer))
	m.Set(rule.BreakGlass, r.BreakGlass)
}

func (x *Reading) readDataUse() {
	m := &x.Base.Marks
	a := x.Facts.Pick(x.Source(), x.Request.Recipient, x.Base.Day, instrument.DataUse)
	x.DUA = a
	if a == nil {
		return
	}
	m.Set(rule.DUASigned, a.Signed != 0 && a.Signed <= x.Base.Day)
	m.Set(rule.DUAInForce, a.InForce(x.Base.Day) && !a.Violated)
	m.Set(rule.DUAComplete, x.complete(a))
	m.Set(rule.DUAScope, a.Instrument.Terms.Permits(x.Request.Purpose, x.Request.Activity))
}
