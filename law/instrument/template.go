package instrument

import "chaperone.example/law/purpose"

// Templates lists the names that [Template] knows.
func Templates() []string {
	return []string{"baa", "cloud", "subcontractor", "participation", "dua", "ohca", "qsoa"}
}

// Template returns a complete instrument to start from: every required clause,
// and terms of a quality collaborative that names no more than it needs. The
// caller owns it and may change anything; Check says when it has gone too far.
func Template(name string) (Instrument, bool) {
	quality := []purpose.Activity{purpose.QualityAssessment, purpose.PatientSafety, purpose.PopulationHealth, purpose.Comparison, purpose.DataAggregation}
	safeguards := []string{"encryption at rest and in transit", "multi-factor authentication", "unique users and audit logs", "role-based access"}
	const lead = "the party where it began leads, and both keep evidence"
	switch name {
	case "baa":
		return with(BusinessAssociate, Terms{
			Purposes: []purpose.Kind{purpose.Operations}, Activities: quality, FurtherUse: DerivedOnly,
			Aggregate: true, Deidentify: true, Manage: true, Safeguards: safeguards, BreachHours: 72, Coordination: lead, FlowDown: true,
			Residency: []string{"US"}, AtEnd: ReturnOrDestroy, Transfer: []string{Portal, Package}, RetentionDays: 365, SmallCell: 11,
		}, "baa.aggregation", "baa.management", "baa.deidentification"), true
	case "cloud":
		return with(BusinessAssociate, Terms{
			Purposes: []purpose.Kind{purpose.Operations}, Activities: []purpose.Activity{purpose.BusinessManagement}, FurtherUse: NoFurtherUse,
			Safeguards: safeguards, BreachHours: 24, Coordination: lead, FlowDown: true, Residency: []string{"US"}, AtEnd: Destroy, Transfer: []string{Package},
		}, "baa.cloud"), true
	case "subcontractor":
		return with(Subcontractor, Terms{
			Purposes: []purpose.Kind{purpose.Operations}, Activities: quality, FurtherUse: NoFurtherUse,
			Aggregate: true, Safeguards: safeguards, BreachHours: 48, Coordination: lead, FlowDown: false,
			Residency: []string{"US"}, AtEnd: ReturnOrDestroy, Transfer: []string{Portal, Package},
		}, "baa.aggregation"), true
	case "participation":
		return with(Participation, Terms{
			Purposes: []purpose.Kind{purpose.Operations}, Activities: quality, FurtherUse: DerivedOnly,
			Aggregate: true, BreachHours: 72, Coordination: lead, AtEnd: ReturnOrDestroy, SmallCell: 11,
		}), true
	case "dua":
		return with(DataUse, Terms{
			Purposes: []purpose.Kind{purpose.Operations}, Activities: quality, FurtherUse: NoFurtherUse,
			Safeguards: safeguards, BreachHours: 72, AtEnd: Destroy, Transfer: []string{Portal, Package}, Residency: []string{"US"},
		}), true
	case "ohca":
		return with(Arrangement, Terms{
			Purposes: []purpose.Kind{purpose.Operations}, Activities: []purpose.Activity{purpose.QualityAssessment, purpose.PeerReview},
		}), true
	case "qsoa":
		return with(ServiceOrg, Terms{
			Purposes: []purpose.Kind{purpose.Operations}, Activities: []purpose.Activity{purpose.PracticeManagement, purpose.LegalAudit},
			FurtherUse: NoFurtherUse, BreachHours: 72,
		}), true
	}
	return Instrument{}, false
}

// with returns an instrument of the kind with every required clause and the given optional ones.
func with(k Kind, t Terms, optional ...string) Instrument {
	in := Instrument{Kind: k, Terms: t}
	for _, c := range Required(k) {
		in.Clauses = append(in.Clauses, c.ID)
	}
	in.Clauses = append(in.Clauses, optional...)
	return in
}
