package scene

import (
	"slices"

	"chaperone.example/law/consent"
	"chaperone.example/law/fact"
	"chaperone.example/law/overlay"
	"chaperone.example/law/purpose"
	"chaperone.example/law/rule"
)

// readFindings reads what people have determined.
func (x *Reading) readFindings() {
	f, s, m := x.Facts, &x.Base, &x.Base.Marks
	found := func(k fact.Finding) bool { return f.Found(k, s.Day) != nil }
	// only narrows what a keeper leaves to the elements the finding lists.
	only := func(k rule.Keeper, kinds ...fact.Finding) {
		for _, kind := range kinds {
			if d := f.Found(kind, s.Day); d != nil && len(d.Elements) > 0 {
				s.Keeps[k] = s.Keeps[k].And(Catalogue.of(d.Elements))
			}
		}
	}
	m.Set(rule.FoundStatute, found(fact.Statute))
	only(rule.KeepsStatute, fact.Statute)
	m.Set(rule.FoundMinimum, found(fact.StatedMinimum) && x.reliable())
	m.Set(rule.FoundEntire, found(fact.EntireRecord))
	m.Set(rule.FoundAbuse, found(fact.AbuseBelief))
	m.Set(rule.FoundReportable, found(fact.AbuseReportable))
	m.Set(rule.FoundOrder, found(fact.CourtOrder) || found(fact.ProtectionOrder))
	m.Set(rule.FoundSubpoena, found(fact.Subpoena))
	m.Set(rule.FoundAssurances, found(fact.Assurances))
	m.Set(rule.ProcessOrdered, m.Has(rule.FoundOrder) || m.Has(rule.FoundSubpoena) && m.Has(rule.FoundAssurances))
	only(rule.KeepsOrdered, fact.CourtOrder, fact.ProtectionOrder)
	process := found(fact.Process)
	m.Set(rule.FoundPolice, process || found(fact.LocateRequest) || found(fact.CrimeVictim) || found(fact.SuspiciousDeath) || found(fact.CrimeOnPremises) || found(fact.CrimeInEmergency))
	m.Set(rule.FoundLocate, found(fact.LocateRequest) && !process)
	m.Set(rule.FoundResearch, found(fact.Waiver) || found(fact.Preparatory) || found(fact.ResearchDecedents))
	m.Set(rule.FoundPreparatory, found(fact.Preparatory) && !found(fact.Waiver))
	complete := true
	if w := f.Found(fact.Waiver, s.Day); w != nil {
		for _, item := range fact.WaiverItems() {
			complete = complete && slices.Contains(w.Items, item)
		}
	}
	m.Set(rule.WaiverComplete, complete)
	m.Set(rule.FoundThreat, found(fact.ThreatBelief))
	m.Set(rule.FoundFunction, found(fact.FunctionStated))
	m.Set(rule.FoundPreference, found(fact.Preference))
	m.Set(rule.FoundEmergency, found(fact.Emergency))
	only(rule.KeepsEmergency, fact.Emergency)
	m.Set(rule.EmergencyTreatment, m.Has(rule.ForTreatment) && found(fact.Emergency))
	m.Set(rule.PatientRefuses, found(fact.PatientRefuses) && !f.Settings.EmergencyOverRefusal)
	m.Set(rule.FoundPart2Order, found(fact.ProtectionOrder))
	m.Set(rule.FoundPart2Research, found(fact.Part2Research))
	m.Set(rule.FoundPart2Audit, found(fact.Part2Audit))
	m.Set(rule.FoundPart2Crime, found(fact.Part2Crime) && m.Any(rule.ForPolice, rule.ForAbuse))
	m.Set(rule.FoundRepresentative, found(fact.Representative))
	m.Set(rule.FoundEndangerment, found(fact.Endangerment))
	m.Set(rule.FoundSuspension, found(fact.Suspension))
	m.Set(rule.FoundAttestation, found(fact.Attestation))
	m.Set(rule.FoundSaleException, found(fact.SaleException))
	m.Set(rule.FoundMarketingException, found(fact.MarketingException))
	m.Set(rule.FoundLongTermCare, found(fact.LongTermCare))
	m.Set(rule.FoundLitigation, found(fact.Litigation))
	m.Set(rule.FoundOriginator, found(fact.Originator) && m.Has(rule.ForTreatment))
	m.Set(rule.Part2AccountingOn, f.Settings.Part2Accounting)
}

// reliable reports whether the requester is one whose statement may be relied on,
// 164.514(d)(3)(iii): a public official, a covered entity, a professional of its
// workforce or business associate, a researcher with documents.
func (x *Reading) reliable() bool {
	m := &x.Base.Marks
	return m.Any(rule.RecipientAuthority, rule.RecipientOversight, rule.RecipientPolice, rule.RecipientCoroner, rule.RecipientHHS, rule.RecipientCovered, rule.ActsForSource) ||
		m.Has(rule.ForResearch) && x.Facts.Found(fact.Waiver, x.Base.Day) != nil
}

// Of returns the scene of one class.
func (x *Reading) Of(c *fact.Class) Scene {
	s := x.Base
	m := &s.Marks
	day := s.Day
	m.Set(rule.SourceRelated, slices.Contains(c.Related, x.Source()))
	m.Set(rule.RecipientRelated, slices.Contains(c.Related, x.Principal()))
	m.Set(rule.Pertains, c.Pertains == fact.Yes)
	s.Shared = c.Window
	m.Set(rule.Died, c.Died != 0 && c.Died <= day)
	m.Set(rule.OutsideRule, x.Facts.Dataset.Record != "" || c.Died != 0 && c.Died.Year()+50 < day.Year())
	if m.Has(rule.FoundResearch) && !m.Has(rule.Died) && x.Facts.Found(fact.Waiver, day) == nil && x.Facts.Found(fact.Preparatory, day) == nil {
		m.Set(rule.FoundResearch, false) // research on decedents is of decedents only
	}
	m.Set(rule.Minor, c.Minor == fact.Yes)
	m.Set(rule.OptedOut, c.OptedOut != fact.No)
	m.Set(rule.OtherAddress, c.OtherAddress)
	has := func(label string) bool { return slices.Contains(c.Labels, label) }
	m.Set(rule.LabelHIV, has("HIV"))
	m.Set(rule.LabelMental, has("PSY") || has("BH"))
	m.Set(rule.LabelGenetic, has("GDIS") || m.Has(rule.ForUnderwriting) && s.Asked.Overlaps(Catalogue.Sensitive))
	m.Set(rule.LabelReproductive, has("SEX") || has("REPRO"))
	x.readPart2(&s, c)
	x.readAuthorizations(&s, c)
	x.readRestrictions(&s, c)
	x.readOverlays(&s, c)
	return s
}

// readPart2 reads provenance and consents. The source decides: records of a Part 2
// program are protected as a whole; of others, elements labelled as substance-use
// records are, until it is known that they come from no program.
func (x *Reading) readPart2(s *Scene, c *fact.Class) {
	m, set := &s.Marks, &x.Facts.Settings
	whole := c.Part2 == fact.Yes || m.Has(rule.SourceProgram) && c.Part2 == fact.Unknown
	m.Set(rule.Part2Record, whole)
	m.Set(rule.Part2Labelled, c.Part2 != fact.No)
	s.Keeps[rule.KeepsUnprotected] = Full().Minus(Catalogue.Part2)
	if whole {
		s.Keeps[rule.KeepsUnprotected] = Set{}
	}
	m.Set(rule.ReceivedByCare, c.Received == fact.ByCare)
	m.Set(rule.ReceivedAsHolder, c.Received == fact.AsHolder || c.Received == fact.ByNamed)
	var described Set
	var discloser []string
	if len(c.Consents) > 0 {
		discloser = append(x.Facts.Names(x.Request.Discloser), x.source...)
	}
	for i := range c.Consents {
		p := &c.Consents[i]
		valid := len(p.Check(s.Day, set.RejectOldConsents)) == 0
		if p.Kind == consent.Care && p.Revoked != 0 && p.Revoked <= s.Day && !set.RevokedOnward && !m.Has(rule.OwnUse) {
			m.Set(rule.CareConsentRevoked, true)
		}
		covers := p.For(x.Request.Purpose)
		if !p.Names(discloser, x.recipient) {
			continue
		}
		switch p.Kind {
		case consent.Care:
			if !m.Has(rule.RecipientIntermediary) { // it has to be named, 2.31(a)(4)(ii)
				m.Set(rule.CareConsent, true)
				x.accept(s, c, p, rule.CareConsentValid, covers && valid, &described)
			}
		case consent.Named:
			m.Set(rule.NamedConsent, true)
			m.Set(rule.NamedConsentFor, m.Has(rule.NamedConsentFor) || covers)
			x.accept(s, c, p, rule.NamedConsentValid, covers && valid, &described)
		case consent.Proceedings:
			m.Set(rule.ProceedingsConsent, m.Has(rule.ProceedingsConsent) || valid && covers)
		case consent.Counseling:
			m.Set(rule.CounselingConsent, m.Has(rule.CounselingConsent) || valid && covers)
		}
	}
	if !described.Empty() {
		s.Keeps[rule.KeepsConsented] = described
	}
	m.Set(rule.Redisclosure, m.Has(rule.ReceivedByCare) && !set.NoticeOnFirstOnly)
}

// accept notes a consent that names the recipient: whether it is valid for the
// purpose and signed by whom it should. A mark is set only by a document that
// satisfies all the marks before it, so that two half-valid documents never make a
// whole one. What several valid consents describe adds up.
func (x *Reading) accept(s *Scene, c *fact.Class, p *consent.Part2, mark rule.Condition, valid bool, described *Set) {
	if !valid {
		return
	}
	s.Marks.Set(mark, true)
	if !p.SignedRightly(c.Minor == fact.Yes, c.ConsentsAlone == fact.Yes) {
		return
	}
	s.Marks.Set(rule.ConsentSigner, true)
	if len(p.Elements) == 0 {
		*described = Full()
	} else {
		*described = described.Or(Catalogue.of(p.Elements))
	}
}

// readAuthorizations reads what the patients authorized.
func (x *Reading) readAuthorizations(s *Scene, c *fact.Class) {
	if len(c.Authorizations) == 0 {
		s.Keeps[rule.KeepsAuthorized] = Set{}
		return
	}
	m := &s.Marks
	discloser := append(x.Facts.Names(x.Request.Discloser), x.source...)
	covered := Set{}
	for i := range c.Authorizations {
		a := &c.Authorizations[i]
		if !a.Names(discloser, x.recipient) {
			continue
		}
		valid := len(a.Check(s.Day)) == 0
		if a.Psychotherapy {
			m.Set(rule.AuthorizationNotes, m.Has(rule.AuthorizationNotes) || valid && a.For(x.Request.Purpose))
			if valid && a.For(x.Request.Purpose) {
				covered = covered.Or(Catalogue.psychotherapy)
			}
			continue
		}
		m.Set(rule.AuthorizationNames, true)
		if !a.For(x.Request.Purpose) {
			continue
		}
		m.Set(rule.AuthorizationFor, true)
		if !valid {
			continue
		}
		m.Set(rule.AuthorizationValid, true)
		m.Set(rule.AuthorizationPaid, m.Has(rule.AuthorizationPaid) || a.Remuneration)
		m.Set(rule.AuthorizationMarketing, m.Has(rule.AuthorizationMarketing) || a.Marketing)
		if len(a.Elements) == 0 {
			covered = covered.Or(Full().Minus(Catalogue.psychotherapy))
		} else {
			covered = covered.Or(Catalogue.of(a.Elements))
		}
	}
	s.Keeps[rule.KeepsAuthorized] = covered
}

// readRestrictions reads what the patients asked not to be disclosed. Whether a
// visit was paid in full and kept from the plan counts as so when it is not known.
func (x *Reading) readRestrictions(s *Scene, c *fact.Class) {
	m := &s.Marks
	plan := m.Has(rule.RecipientPlan) && m.Any(rule.ForPayment, rule.ForOperations, rule.ForUnderwriting) && !m.Has(rule.OwnUse)
	for i := range c.Restrictions {
		r := &c.Restrictions[i]
		if r.Ended != 0 && r.Ended <= s.Day {
			m.Set(rule.EndedRestriction, true)
			continue
		}
		if r.Agreed > s.Day {
			continue
		}
		held := Full()
		if len(r.Elements) > 0 {
			held = Catalogue.of(r.Elements)
		}
		names := len(r.Recipients) == 0 || slices.ContainsFunc(r.Recipients, func(n string) bool { return slices.Contains(x.recipient, n) })
		switch {
		case !names:
		case r.PaidInFull:
			if plan {
				m.Set(rule.PaidRestriction, true)
				s.Keeps[rule.KeepsUnpaid] = s.Keeps[rule.KeepsUnpaid].Minus(held)
			}
		case restrictable(r, x.Request.Purpose):
			m.Set(rule.AgreedRestriction, true)
			s.Keeps[rule.KeepsUnrestricted] = s.Keeps[rule.KeepsUnrestricted].Minus(held)
		}
	}
	if plan && c.RestrictionsKnown != fact.Yes && len(c.Restrictions) == 0 {
		m.Set(rule.PaidRestriction, true)
		s.Keeps[rule.KeepsUnpaid] = Set{}
	}
}

// restrictable reports whether an agreed restriction binds for the purpose: it may
// concern treatment, payment, operations and persons involved in care.
func restrictable(r *fact.Restriction, k purpose.Kind) bool {
	switch k {
	case purpose.Treatment, purpose.Payment, purpose.Operations, purpose.Family:
		return len(r.Purposes) == 0 || slices.Contains(r.Purposes, k)
	}
	return false
}

// readOverlays applies the packs of the source's State and of the source.
func (x *Reading) readOverlays(s *Scene, c *fact.Class) {
	m := &s.Marks
	at := x.Overlaid(c)
	for i := range x.Facts.Overlays {
		p := &x.Facts.Overlays[i]
		if !p.AppliesTo(x.Source(), x.sourceState) {
			continue
		}
		m.Set(rule.OverlayApplies, true)
		keeper, mark := rule.KeepsOverlay, rule.OverlayStrips
		if p.Level == overlay.Member || p.Broken {
			keeper, mark = rule.KeepsMember, rule.MemberStrips
		}
		if p.Broken {
			m.Set(mark, true)
			s.Keeps[keeper] = Set{}
			continue
		}
		for j := range p.Rules {
			r := &p.Rules[j]
			if !r.Matches(at) {
				continue
			}
			if held := Stripped(r); !held.Empty() {
				m.Set(mark, true)
				s.Keeps[keeper] = s.Keeps[keeper].Minus(held)
			}
			for _, d := range r.Oblige {
				s.Extra |= fact.DutiesOf([]fact.Duty{fact.Duty(d)})
			}
		}
	}
}

// Overlaid is what rules of overlays are matched against for a class.
func (x *Reading) Overlaid(c *fact.Class) overlay.Case {
	return overlay.Case{Day: x.Base.Day, Purpose: x.Request.Purpose, Recipient: x.recipient, Labels: c.Labels, Minor: c.Minor != fact.No}
}

// State is the State of the source, empty if it is not known.
func (x *Reading) State() string { return x.sourceState }

// Stripped is what a rule of an overlay withholds.
func Stripped(r *overlay.Rule) Set {
	if r.Deny {
		return Full()
	}
	held := Catalogue.of(r.Strip)
	for i, e := range Catalogue.Elements {
		if slices.Contains(r.StripClasses, e.Class) {
			held.Add(i)
		}
	}
	return held
}
