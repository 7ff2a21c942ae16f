// Package purpose names what protected health information may be used or
// disclosed for (DEC-2), each purpose with the section that governs it.
//
// A purpose is one of the closed list below; "health care operations" is further
// told apart by activity, because 45 CFR 164.506(c)(4) lets one covered entity
// disclose for some operations of another and not for the rest.
package purpose

// A Kind is one purpose. The names are stable: agreements and events hold them.
type Kind string

// The purposes.
const (
	Treatment       Kind = "treatment"
	Payment         Kind = "payment"
	Operations      Kind = "operations"
	Individual      Kind = "individual"         // to the individual or a personal representative
	Authorization   Kind = "authorization"      // what a signed authorization describes
	RequiredByLaw   Kind = "required-by-law"    // a statute, regulation or court order compels it
	PublicHealth    Kind = "public-health"      // surveillance, investigation, intervention
	AbuseReport     Kind = "abuse-report"       // victims of abuse, neglect, domestic violence
	Oversight       Kind = "oversight"          // audits, inspections, licensure
	Judicial        Kind = "judicial"           // judicial and administrative proceedings
	LawEnforcement  Kind = "law-enforcement"    //
	Decedent        Kind = "decedent"           // coroners, medical examiners, funeral directors
	OrganDonation   Kind = "organ-donation"     //
	Research        Kind = "research"           // generalizable knowledge, told apart from quality improvement
	SeriousThreat   Kind = "serious-threat"     // to avert a serious and imminent threat
	Government      Kind = "government"         // military, national security, protective services
	Custody         Kind = "custody"            // correctional institutions
	WorkersComp     Kind = "workers-comp"       // workers' compensation
	Directory       Kind = "directory"          // facility directory
	Family          Kind = "family"             // persons involved in the individual's care
	Enforcement     Kind = "hhs"                // the Secretary's investigations and compliance reviews
	Marketing       Kind = "marketing"          //
	Fundraising     Kind = "fundraising"        //
	Underwriting    Kind = "underwriting"       //
	Management      Kind = "associate-business" // a business associate's own management and administration
	CommercialOffer Kind = "commercial"         // any other commercial use, such as a data broker's
)

// An Entry describes a purpose.
type Entry struct {
	Kind     Kind
	Title    string
	Citation string
}

var entries = [...]Entry{
	{Treatment, "Treatment of a patient", "45 CFR 164.501, 164.506(c)(1)-(2)"},
	{Payment, "Payment for health care", "45 CFR 164.501, 164.506(c)(3)"},
	{Operations, "Health care operations", "45 CFR 164.501, 164.506(c)(1), (4), (5)"},
	{Individual, "The patient's own access", "45 CFR 164.502(a)(1)(i), 164.524"},
	{Authorization, "As the patient authorized", "45 CFR 164.508"},
	{RequiredByLaw, "Required by law", "45 CFR 164.512(a)"},
	{PublicHealth, "Public health", "45 CFR 164.512(b)"},
	{AbuseReport, "Report of abuse, neglect or domestic violence", "45 CFR 164.512(b)(1)(ii), (c)"},
	{Oversight, "Health oversight", "45 CFR 164.512(d)"},
	{Judicial, "Judicial or administrative proceeding", "45 CFR 164.512(e)"},
	{LawEnforcement, "Law enforcement", "45 CFR 164.512(f)"},
	{Decedent, "Coroner, medical examiner or funeral director", "45 CFR 164.512(g)"},
	{OrganDonation, "Organ, eye or tissue donation", "45 CFR 164.512(h)"},
	{Research, "Research", "45 CFR 164.501, 164.512(i)"},
	{SeriousThreat, "Serious and imminent threat", "45 CFR 164.512(j)"},
	{Government, "Specialized government function", "45 CFR 164.512(k)"},
	{Custody, "Correctional institution or custody", "45 CFR 164.512(k)(5)"},
	{WorkersComp, "Workers' compensation", "45 CFR 164.512(l)"},
	{Directory, "Facility directory", "45 CFR 164.510(a)"},
	{Family, "Persons involved in the patient's care", "45 CFR 164.510(b)"},
	{Enforcement, "Investigation by the Secretary of HHS", "45 CFR 164.502(a)(2)(ii)"},
	{Marketing, "Marketing", "45 CFR 164.501, 164.508(a)(3)"},
	{Fundraising, "Fundraising", "45 CFR 164.514(f)"},
	{Underwriting, "Underwriting", "45 CFR 164.502(a)(5)(i), 164.514(g)"},
	{Management, "A business associate's own management", "45 CFR 164.504(e)(4)"},
	{CommercialOffer, "Commercial use", "45 CFR 164.502(a)(5)(ii)"},
}

// All lists every purpose, in the order of this package.
func All() []Entry { return append([]Entry(nil), entries[:]...) }

// Index returns the place of k in the list, and false if k is no purpose.
func (k Kind) Index() (int, bool) {
	for i := range entries {
		if entries[i].Kind == k {
			return i, true
		}
	}
	return 0, false
}

// Describe returns the entry of k; an unknown purpose has an empty one.
func (k Kind) Describe() Entry {
	if i, ok := k.Index(); ok {
		return entries[i]
	}
	return Entry{}
}

// An Activity is one kind of health care operations, by the numbered paragraphs
// of the definition in 45 CFR 164.501.
type Activity string

// The activities.
const (
	QualityAssessment  Activity = "quality-assessment"   // (1) outcomes, guidelines, improvement
	CaseManagement     Activity = "case-management"      // (1) care coordination, case management
	PatientSafety      Activity = "patient-safety"       // (1) patient safety activities, 42 CFR 3.20
	PopulationHealth   Activity = "population-health"    // (1) improving health or reducing cost across a population, protocols
	PeerReview         Activity = "peer-review"          // (2) competence and performance of professionals
	Training           Activity = "training"             // (2) training of professionals and students
	Accreditation      Activity = "accreditation"        // (2) accreditation, licensing, credentialing
	FraudDetection     Activity = "fraud-detection"      // 164.506(c)(4)(ii) fraud and abuse detection or compliance
	ContractRating     Activity = "contract-rating"      // (3) underwriting, premium rating, reinsurance
	LegalAudit         Activity = "legal-audit"          // (4) medical review, legal services, auditing
	BusinessPlanning   Activity = "business-planning"    // (5) planning, cost management, formulary
	BusinessManagement Activity = "business-management"  // (6) general administration
	DataAggregation    Activity = "data-aggregation"     // combining for comparative analysis, 164.501
	DeIdentifying      Activity = "de-identification"    // (6)(v) creating de-identified data or a limited data set
	PracticeManagement Activity = "practice-management"  // (6) running the practice
	Comparison         Activity = "comparative-analysis" // (1) comparing one's own outcomes
)

// activities maps each activity to the paragraph of the definition of health care
// operations it falls under, and whether 164.506(c)(4) covers it.
var activities = [...]struct {
	Activity Activity
	Title    string
	Shared   bool
}{
	{QualityAssessment, "Quality assessment and improvement", true},
	{CaseManagement, "Case management and care coordination", true},
	{PatientSafety, "Patient safety", true},
	{PopulationHealth, "Population-based activities and protocols", true},
	{PeerReview, "Reviewing the competence of professionals", true},
	{Training, "Training", true},
	{Accreditation, "Accreditation and credentialing", true},
	{FraudDetection, "Fraud and abuse detection, compliance", true},
	{ContractRating, "Underwriting and rating of contracts", false},
	{LegalAudit, "Medical review, legal services, auditing", false},
	{BusinessPlanning, "Business planning and cost management", false},
	{BusinessManagement, "Business management and administration", false},
	{DataAggregation, "Data aggregation", false},
	{DeIdentifying, "Creating de-identified data or a limited data set", false},
	{PracticeManagement, "Practice management", false},
	{Comparison, "Comparing one's own outcomes", true},
}

// Activities lists every activity.
func Activities() []Activity {
	out := make([]Activity, len(activities))
	for i := range activities {
		out[i] = activities[i].Activity
	}
	return out
}

// Known reports whether a is one of the list.
func (a Activity) Known() bool { return a.Title() != "" }

// Title returns the plain name of the activity, empty if it is unknown.
func (a Activity) Title() string {
	for i := range activities {
		if activities[i].Activity == a {
			return activities[i].Title
		}
	}
	return ""
}

// Shared reports whether one covered entity may disclose for this operation of
// another: paragraph (1) or (2) of the definition of health care operations, or
// fraud and abuse detection or compliance, 45 CFR 164.506(c)(4).
func (a Activity) Shared() bool {
	for i := range activities {
		if activities[i].Activity == a {
			return activities[i].Shared
		}
	}
	return false
}
