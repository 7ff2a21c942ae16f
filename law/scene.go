package law

import (
	"slices"

	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/law/purpose"
)

// A scene is a request and the facts about one class of patients, read into
// conditions and sets of elements. Weighing a scene allocates nothing.
type scene struct {
	marks   marks
	day     civil.Date
	wanted  Form
	asked   set
	needs   [Identified + 1]set // by least form in which the purpose is served
	keeps   [keeperCount]set    // what each filter leaves
	expert  set                 // what the expert determination lets stay
	can     dutySet
	unknown bool   // an element asked for is not in the catalogue
	window  Window // asked for
	limit   Window // of the agreement and the dataset
	shared  Window // of the recipient's relationship
}

// A reading is what was found on the way, for explanation; the rules read none of it.
type reading struct {
	request *Request
	facts   *Facts
	profile Profile
	acting  []link // source (or principal) to recipient
	holding []link // source to discloser
	dua     *Agreement
	member  *Agreement
	unknown []string // elements that are not in the catalogue
	order   []int    // elements asked for, in the order asked, without duplicates
	base    scene
}

// A link is one step of a chain of agreements.
type link struct {
	from, to string
	by       *Agreement // nil: there is none
}

// read turns the request and the facts into a scene that every class shares.
func read(r *Request, f *Facts) *reading {
	x := &reading{request: r, facts: f}
	s := &x.base
	s.day, s.wanted, s.window, s.can = civil.On(r.At), r.Form, r.Window, dutiesOf(r.Can)
	s.limit = f.Dataset.Window
	m := &s.marks
	m.set(always, true)
	for _, id := range r.Elements {
		i, ok := catalogue.lookup(id)
		switch {
		case !ok && !slices.Contains(x.unknown, id):
			x.unknown = append(x.unknown, id)
		case ok && !s.asked.has(i):
			s.asked.add(i)
			x.order = append(x.order, i)
		}
	}
	s.unknown = len(x.unknown) > 0
	x.readForm(m)
	x.readParties(m)
	x.readPurpose(m)
	x.readProfile()
	x.readDataUse(m)
	return x
}

func (x *reading) source() string {
	if x.request.Source != "" {
		return x.request.Source
	}
	return x.request.Discloser
}

// org finds an organization, nil if it is not known.
func (f *Facts) org(id string) *Organization {
	for i := range f.Organizations {
		if f.Organizations[i].ID == id {
			return &f.Organizations[i]
		}
	}
	return nil
}

func (x *reading) readForm(m *marks) {
	w := x.request.Form
	m.set(wantsDeidentified, w == SafeHarbor || w == Expert)
	m.set(wantsLimited, w >= SafeHarbor && w <= Limited)
	m.set(wantsIdentified, w == Identified)
	m.set(wantsExpert, w == Expert)
	d := x.facts.Dataset
	held := d.ExpertUntil != 0 && x.base.day <= d.ExpertUntil
	m.set(expertHolds, held || w != Expert)
	if held {
		for _, id := range d.ExpertKeeps {
			if i, ok := catalogue.lookup(id); ok && !catalogue.direct.has(i) && !catalogue.elements[i].FreeText {
				x.base.expert.add(i)
			}
		}
	}
}

func (x *reading) readParties(m *marks) {
	r, f := x.request, x.facts
	source := x.source()
	principal := r.Recipient
	chain := r.OnBehalfOf
	recipient := f.org(r.Recipient)
	switch {
	case len(chain) > 0:
		principal = chain[0]
		x.acting = f.follow(append(slices.Clone(chain), r.Recipient), x.base.day)
	case recipient != nil && r.Recipient != source && !recipient.has(CoveredEntity):
		if path := f.path(source, r.Recipient); path != nil {
			principal, x.acting = source, f.follow(path, x.base.day)
		}
	}
	src, who, holder := f.org(source), f.org(principal), f.org(r.Discloser)
	active := func(o *Organization) bool { return o != nil && !o.Inactive }
	m.set(partiesActive, active(src) && active(who) && active(holder) && active(recipient))
	m.set(personActive, f.Person.Active)
	m.set(personTrained, f.Person.Trained)
	m.set(personVerified, f.Person.Verified)
	m.set(sourceCovered, src != nil && src.has(CoveredEntity))
	m.set(sourceProgram, src != nil && src.has(Part2Program))
	m.set(ownUse, principal == source && r.Recipient == source)
	m.set(recipientCovered, who != nil && (who.has(CoveredEntity) || who.has(HealthPlan)))
	m.set(recipientProvider, who != nil && who.has(Provider))
	m.set(recipientPlan, who != nil && who.has(HealthPlan))
	m.set(recipientCoveredOrProvider, m.has(recipientCovered) || m.has(recipientProvider))
	m.set(sameOHCA, x.sameArrangement(src, who))
	acts := principal == source && r.Recipient != source && len(x.acting) > 0
	m.set(actsForSource, acts)
	m.set(actsThroughSubcontractor, acts && len(x.acting) > 1)
	x.readChain(m)

	// Whoever holds another entity's data does so under that entity's agreement.
	holds := r.Discloser != source
	m.set(holderIsAssociate, holds)
	deidentify, permitted := true, true
	if holds {
		path := f.path(source, r.Discloser)
		if i := slices.Index(chain, r.Discloser); i > 0 && chain[0] == source {
			path = chain[:i+1]
		}
		x.holding = f.follow(path, x.base.day)
		permitted = len(x.holding) > 0 && (r.Recipient == source || x.sound(x.holding) && x.inScope(x.holding))
		for _, l := range x.holding {
			deidentify = deidentify && l.by != nil && l.by.Instrument.Terms.Deidentify
		}
		deidentify = deidentify && len(x.holding) > 0
	}
	m.set(holderPermitted, permitted)
	m.set(mayDeidentify, deidentify)
	unviolated := true
	for _, l := range slices.Concat(x.acting, x.holding) {
		unviolated = unviolated && (l.by == nil || !l.by.Violated)
	}
	m.set(chainUnviolated, unviolated)
	if c := f.Project.Consortium; c != "" {
		m.set(consortium, true)
		x.member = f.pick(source, c, x.base.day, instrument.Participation)
		m.set(participates, x.member != nil && x.member.InForce(x.base.day) && len(instrument.Check(x.member.Instrument)) == 0)
	}
}

// sameArrangement reports whether two organizations share a documented organized
// health care arrangement: by registration, or by an agreement in force.
func (x *reading) sameArrangement(a, b *Organization) bool {
	if a == nil || b == nil || a == b {
		return false
	}
	for _, o := range a.OHCA {
		if slices.Contains(b.OHCA, o) {
			return true
		}
	}
	for _, pair := range [2][2]string{{a.ID, b.ID}, {b.ID, a.ID}} {
		g := x.facts.pick(pair[0], pair[1], x.base.day, instrument.Arrangement)
		if g != nil && g.InForce(x.base.day) && len(instrument.Check(g.Instrument)) == 0 && g.Instrument.Terms.Permits(x.request.Purpose, x.request.Activity) {
			return true
		}
	}
	return false
}

// readChain reads the agreements between whom the recipient acts for and the recipient.
func (x *reading) readChain(m *marks) {
	s := &x.base
	s.keeps[keepsAgreement] = full()
	signed, force, complete, scope, aggregate := true, true, true, true, true
	for i, l := range x.acting {
		if l.by == nil {
			signed, force, complete, scope, aggregate = false, false, false, false, false
			continue
		}
		t := &l.by.Instrument.Terms
		signed = signed && l.by.Signed != 0 && l.by.Signed <= s.day
		force = force && (l.by.InForce(s.day) || l.by.survives(s.day, x.request.Purpose))
		complete = complete && len(instrument.Check(l.by.Instrument)) == 0
		scope = scope && t.Permits(x.request.Purpose, x.request.Activity) && (i == len(x.acting)-1 || t.FlowDown)
		aggregate = aggregate && t.Aggregate
		x.limitBy(l.by)
	}
	for _, c := range x.facts.Project.Combines {
		if c != x.source() {
			m.set(combines, true)
			a := x.facts.pick(c, x.firstAssociate(), s.day, instrument.BusinessAssociate)
			aggregate = aggregate && a != nil && a.InForce(s.day) && a.Instrument.Terms.Aggregate
		}
	}
	m.set(chainSigned, signed && len(x.acting) > 0)
	m.set(chainInForce, force && len(x.acting) > 0)
	m.set(chainComplete, complete && len(x.acting) > 0)
	m.set(chainScope, scope && len(x.acting) > 0)
	m.set(chainAggregates, aggregate && len(x.acting) > 0)
	m.set(principalBound, signed && force && complete && scope)
}

// firstAssociate is the business associate that combines: the first after the source.
func (x *reading) firstAssociate() string {
	if len(x.acting) > 0 {
		return x.acting[0].to
	}
	return x.request.Recipient
}

// limitBy narrows elements, dates and ways of transfer to what the agreement allows.
func (x *reading) limitBy(a *Agreement) {
	s, t := &x.base, &a.Instrument.Terms
	var covered set
	for i, e := range catalogue.elements {
		if t.Covers(e) {
			covered.add(i)
		}
	}
	s.keeps[keepsAgreement] = s.keeps[keepsAgreement].and(covered)
	s.limit, _ = s.limit.narrow(Window{t.DataFrom, t.DataUntil})
	s.marks.set(limitsTransfer, s.marks.has(limitsTransfer) || len(t.Transfer) > 0)
	s.marks.set(limitsRegion, s.marks.has(limitsRegion) || len(t.Residency) > 0)
	s.marks.set(limitsTime, s.marks.has(limitsTime) || t.RetentionDays > 0)
}

// sound reports whether every link is signed, in force and complete.
func (x *reading) sound(links []link) bool {
	for _, l := range links {
		if l.by == nil || !l.by.InForce(x.base.day) && !l.by.survives(x.base.day, x.request.Purpose) || len(instrument.Check(l.by.Instrument)) > 0 {
			return false
		}
	}
	return true
}

// inScope reports whether every link permits the purpose and activity.
func (x *reading) inScope(links []link) bool {
	for _, l := range links {
		if l.by == nil || !l.by.Instrument.Terms.Permits(x.request.Purpose, x.request.Activity) {
			return false
		}
	}
	return true
}

func (x *reading) readPurpose(m *marks) {
	r := x.request
	k := r.Purpose
	m.set(forTreatment, k == purpose.Treatment)
	m.set(forPayment, k == purpose.Payment)
	m.set(forOperations, k == purpose.Operations)
	m.set(forManagement, k == purpose.Management)
	m.set(forCare, m.has(forTreatment) || m.has(forPayment) || m.has(forOperations))
	m.set(limitedPurpose, k == purpose.Research || k == purpose.PublicHealth || k == purpose.Operations)
	m.set(activityShared, r.Activity.Shared())
	m.set(commercial, k == purpose.CommercialOffer)
}

// readProfile reads what the task needs, and how precisely: at least in the least
// form in which the element exists at all.
func (x *reading) readProfile() {
	p, ok := x.facts.profileFor(x.request)
	if !ok {
		p = StandardProfile(x.request.Role, x.request.Purpose, x.request.Activity)
	}
	x.profile = p
	s := &x.base
	s.marks.set(profileRoutine, p.Routine)
	for _, n := range p.Needs {
		i, ok := catalogue.lookup(n.Element)
		if !ok {
			continue
		}
		form := max(n.Form, SafeHarbor)
		for form < Identified && !catalogue.keeps[form].has(i) && !catalogue.changes[form].has(i) && (form != Expert || !s.expert.has(i)) {
			form++
		}
		s.keeps[keepsProfile].add(i)
		s.needs[form].add(i)
	}
}

func (x *reading) readDataUse(m *marks) {
	a := x.facts.pick(x.source(), x.request.Recipient, x.base.day, instrument.DataUse)
	x.dua = a
	if a == nil {
		return
	}
	m.set(duaSigned, a.Signed != 0 && a.Signed <= x.base.day)
	m.set(duaInForce, a.InForce(x.base.day) && !a.Violated)
	m.set(duaComplete, len(instrument.Check(a.Instrument)) == 0)
	m.set(duaScope, a.Instrument.Terms.Permits(x.request.Purpose, x.request.Activity))
}

// of returns the scene of one class; nil stands for patients of whom nothing is known.
func (x *reading) of(c *Class) scene {
	s := x.base
	if c == nil {
		c = &Class{}
	}
	m := &s.marks
	m.set(sourceRelated, slices.Contains(c.Related, x.source()))
	m.set(recipientRelated, slices.Contains(c.Related, x.principal()))
	m.set(pertains, c.Pertains == Yes)
	m.set(part2Record, c.Part2 == Yes || m.has(sourceProgram) && c.Part2 == Unknown)
	m.set(part2Labelled, c.Part2 != No)
	s.shared = c.Window
	s.keeps[keepsAll] = full()
	s.keeps[keepsNoPsychotherapy] = full().minus(catalogue.psychotherapy)
	s.keeps[keepsUnprotected] = full().minus(catalogue.part2)
	if m.has(part2Record) {
		s.keeps[keepsUnprotected] = set{}
	}
	return s
}

// principal is the organization for whose purpose the data would be used.
func (x *reading) principal() string {
	if len(x.acting) > 0 {
		return x.acting[0].from
	}
	return x.request.Recipient
}
