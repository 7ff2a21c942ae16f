package instrument

import (
	"slices"
	"strconv"
	"strings"
)

// A Clause is something an agreement says, with the section that asks for it.
type Clause struct {
	ID       string // "baa.report": stable
	Title    string // plain name
	Citation string // section and paragraph
	Needs    string // what the clause has to say, for a checklist
	Text     string // the clause in our own words; {upstream}, {downstream} and {name of a term} are filled in
	required []Kind
	optional []Kind
}

var associates = []Kind{BusinessAssociate, Subcontractor}

// clauses lists every clause, in the order of the law.
var clauses = []Clause{
	{"baa.uses", "Permitted and required uses", "45 CFR 164.504(e)(2)(i)",
		"state the permitted and required uses and disclosures, none of which would violate the Privacy Rule if the covered entity did it itself",
		"{downstream} may use and disclose the information only for: {purposes}{activities}. Nothing here allows a use or disclosure that {upstream} could not lawfully make itself.", associates, nil},
	{"baa.no-other-use", "No other use", "45 CFR 164.504(e)(2)(ii)(A)",
		"not use or further disclose the information other than as permitted or required by the contract or by law",
		"{downstream} will not use or further disclose the information other than this agreement or the law permits or requires. Further use: {further_use}.", associates, nil},
	{"baa.safeguards", "Safeguards", "45 CFR 164.504(e)(2)(ii)(B)",
		"use appropriate safeguards, and comply with the Security Rule for electronic information, to prevent other uses",
		"{downstream} uses appropriate safeguards to prevent uses and disclosures that this agreement does not allow{safeguards}{transfer}{residency}.", associates, nil},
	{"baa.report", "Report of unpermitted uses and breaches", "45 CFR 164.504(e)(2)(ii)(C), 164.410",
		"report to the covered entity any use or disclosure not provided for, including breaches of unsecured information",
		"{downstream} reports to {upstream} every use or disclosure that this agreement does not provide for, breaches of unsecured information included, {breach_hours}{coordination}.", associates, nil},
	{"baa.subcontractors", "Subcontractors", "45 CFR 164.504(e)(2)(ii)(D), 164.502(e)(1)(ii)",
		"ensure that subcontractors agree to the same restrictions and conditions",
		"{flow_down}", associates, nil},
	{"baa.access", "Access by individuals", "45 CFR 164.504(e)(2)(ii)(E), 164.524",
		"make information available so that individuals get access",
		"{downstream} makes information in a designated record set available within ten days of being asked, so that {upstream} can give individuals access.", associates, nil},
	{"baa.amendment", "Amendment", "45 CFR 164.504(e)(2)(ii)(F), 164.526",
		"make information available for amendment and incorporate amendments",
		"{downstream} makes information available for amendment and incorporates the amendments that {upstream} passes on.", associates, nil},
	{"baa.accounting", "Accounting of disclosures", "45 CFR 164.504(e)(2)(ii)(G), 164.528",
		"make available the information required for an accounting of disclosures",
		"{downstream} records the disclosures it makes and hands {upstream} what an accounting to an individual needs.", associates, nil},
	{"baa.delegated", "Delegated duties", "45 CFR 164.504(e)(2)(ii)(H)",
		"comply with the rules that apply to the covered entity when carrying out its obligation",
		"Where {downstream} carries out a duty of {upstream} under the Privacy Rule, it follows the rules that bind {upstream} in that duty.", associates, nil},
	{"baa.books", "Books and records", "45 CFR 164.504(e)(2)(ii)(I)",
		"make internal practices, books and records available to the Secretary",
		"{downstream} opens its practices, books and records about the information to the Secretary of Health and Human Services.", associates, nil},
	{"baa.return", "Return or destruction", "45 CFR 164.504(e)(2)(ii)(J)",
		"at the end return or destroy all information, or, where infeasible, extend the protections and limit use to what makes it infeasible",
		"When this agreement ends, {downstream} will {at_end} all information, copies and derivatives included. Where that is infeasible it says why, extends the protections of this agreement, and uses the information only for what makes return or destruction infeasible.", associates, nil},
	{"baa.termination", "Termination for violation", "45 CFR 164.504(e)(2)(iii)",
		"allow the covered entity to terminate for a material breach",
		"{upstream} may terminate this agreement if {downstream} has violated a material term.", associates, nil},
	{"baa.security-rule", "Security Rule", "45 CFR 164.314(a)(2)(i)(A)",
		"comply with the applicable requirements of the Security Rule",
		"{downstream} complies with the requirements of 45 CFR part 164 subpart C that apply to it.", associates, nil},
	{"baa.security-subcontractors", "Subcontractors under the Security Rule", "45 CFR 164.314(a)(2)(i)(B)",
		"ensure that subcontractors that hold electronic information agree to comply with the Security Rule by contract",
		"Every subcontractor that creates, receives, maintains or transmits electronic information for {downstream} is bound by a contract that meets 45 CFR 164.314(a).", associates, nil},
	{"baa.security-incidents", "Report of security incidents", "45 CFR 164.314(a)(2)(i)(C), 164.410",
		"report security incidents, including breaches of unsecured information",
		"{downstream} reports every security incident it becomes aware of to {upstream}.", associates, nil},
	{"baa.aggregation", "Data aggregation", "45 CFR 164.504(e)(2)(i)(B), 164.501",
		"permit data aggregation for the health care operations of the covered entity",
		"{downstream} may combine the information with that of its other covered entities for data analyses of their respective health care operations.", nil, associates},
	{"baa.management", "Management and administration", "45 CFR 164.504(e)(2)(i)(A), (e)(4)",
		"permit use for the business associate's own management and administration",
		"{downstream} may use the information for its proper management and administration and its legal responsibilities, and disclose it for them where the law requires or the recipient gives the assurances of 45 CFR 164.504(e)(4)(ii).", nil, associates},
	{"baa.deidentification", "De-identification", "45 CFR 164.502(d), 164.514(a)-(b)",
		"permit the creation of de-identified data and limited data sets",
		"{downstream} may de-identify the information under 45 CFR 164.514(b) and create limited data sets for the purposes of this agreement. It will not re-identify anybody.", nil, associates},
	{"baa.part2", "Substance-use records", "42 CFR 2.11, 2.12(c)(4)",
		"acknowledge being bound by 42 CFR Part 2",
		"{downstream} acknowledges that it is fully bound by 42 CFR part 2 for substance-use records it receives, and will resist in judicial proceedings any effort to obtain them except as that part permits.", []Kind{ServiceOrg}, associates},
	{"baa.cloud", "Cloud storage", "45 CFR 164.308(b), 164.502(e)",
		"say that holding encrypted information without the key is still holding it",
		"{downstream} is a business associate of {upstream} even where it holds the information encrypted and without the key.", nil, associates},

	{"dua.uses", "Permitted uses", "45 CFR 164.514(e)(4)(ii)(C)(1), (ii)(A)",
		"establish the permitted uses and disclosures, none that would violate the Privacy Rule if the covered entity did it",
		"{downstream} uses the limited data set only for: {purposes}{activities}.", []Kind{DataUse}, nil},
	{"dua.who", "Who may use it", "45 CFR 164.514(e)(4)(ii)(B)",
		"establish who is permitted to use or receive the limited data set",
		"Only {downstream} and {recipients} may use or receive the limited data set.", []Kind{DataUse}, nil},
	{"dua.no-further-use", "No further use", "45 CFR 164.514(e)(4)(ii)(C)(1)",
		"not use or further disclose other than as permitted or required by law",
		"{downstream} will not use or further disclose the limited data set otherwise, except as the law requires.", []Kind{DataUse}, nil},
	{"dua.safeguards", "Safeguards", "45 CFR 164.514(e)(4)(ii)(C)(2)",
		"use appropriate safeguards to prevent other uses",
		"{downstream} uses appropriate safeguards to prevent other uses and disclosures{safeguards}{transfer}{residency}.", []Kind{DataUse}, nil},
	{"dua.report", "Report", "45 CFR 164.514(e)(4)(ii)(C)(3)",
		"report uses or disclosures not provided for",
		"{downstream} reports to {upstream} every use or disclosure that this agreement does not provide for, {breach_hours}.", []Kind{DataUse}, nil},
	{"dua.agents", "Agents", "45 CFR 164.514(e)(4)(ii)(C)(4)",
		"ensure that agents agree to the same restrictions",
		"Every agent to whom {downstream} gives the limited data set agrees to the same restrictions and conditions.", []Kind{DataUse}, nil},
	{"dua.no-reidentification", "No re-identification or contact", "45 CFR 164.514(e)(4)(ii)(C)(5)",
		"not identify the information or contact the individuals",
		"{downstream} will not identify the individuals nor contact them.", []Kind{DataUse}, nil},

	{"consortium.purpose", "Purpose of the consortium", "platform",
		"state what members' data are used for",
		"The consortium uses the data of {upstream} only for: {purposes}{activities}.", []Kind{Participation}, nil},
	{"consortium.minimum", "Minimum necessary", "45 CFR 164.502(b)",
		"state that only the minimum necessary is contributed and released",
		"{upstream} contributes, and {downstream} releases, only what the purpose needs, in the least sensitive form that serves it.", []Kind{Participation}, nil},
	{"consortium.no-reidentification", "No re-identification", "platform; 45 CFR 164.514(e)(4)(ii)(C)(5)",
		"forbid identifying patients, and other members, from what is received",
		"No member identifies a patient, or another member, from what it receives.", []Kind{Participation}, nil},
	{"consortium.reports", "Recipients of reports", "platform",
		"state who receives reports and the smallest count shown",
		"Reports go only to {recipients} and show no count below {small_cell}.", []Kind{Participation}, nil},
	{"consortium.further-use", "Limits on further use", "platform",
		"limit further use of reports and data",
		"Further use: {further_use}.", []Kind{Participation}, nil},
	{"consortium.incidents", "Incident coordination", "45 CFR 164.308(a)(6), 164.410",
		"state how an incident that touches several members is handled",
		"{downstream} reports an incident to every member it touches {breach_hours}{coordination}. Each member keeps its own duties to notify.", []Kind{Participation}, nil},
	{"consortium.duties", "Duties stay", "45 CFR 164.302, 164.530",
		"state that joining transfers none of a member's duties",
		"Joining transfers none of {upstream}'s duties under HIPAA: its policies, training, risk analysis and officers remain its own.", []Kind{Participation}, nil},
	{"consortium.exit", "Leaving", "platform",
		"state what happens to a member's data when it leaves",
		"When {upstream} leaves, {downstream} will {at_end} its data; results already published stay.", []Kind{Participation}, nil},

	{"ohca.joint", "Joint arrangement", "45 CFR 160.103",
		"state that the members hold themselves out as a joint arrangement, or operate a clinically integrated setting",
		"{upstream} and {downstream} hold themselves out to the public as taking part in a joint arrangement.", []Kind{Arrangement}, nil},
	{"ohca.activity", "Joint activity", "45 CFR 160.103",
		"name the joint activity: utilization review, quality assessment, or payment with shared risk",
		"They take part together in: {purposes}{activities}.", []Kind{Arrangement}, nil},

	{"qsoa.services", "Services to the program", "42 CFR 2.11",
		"state the services provided to the Part 2 program",
		"{downstream} provides services to {upstream}: {purposes}{activities}.", []Kind{ServiceOrg}, nil},
}

// Clauses lists every clause, in the order of the law.
func Clauses() []Clause { return slices.Clone(clauses) }

// Lookup returns the clause with the id.
func Lookup(id string) (Clause, bool) {
	for _, c := range clauses {
		if c.ID == id {
			return c, true
		}
	}
	return Clause{}, false
}

// Required lists the clauses that an agreement of the kind has to contain.
func Required(k Kind) []Clause {
	return slices.DeleteFunc(Clauses(), func(c Clause) bool { return !c.RequiredIn(k) })
}

// RequiredIn reports whether an agreement of the kind has to contain the clause.
func (c Clause) RequiredIn(k Kind) bool { return slices.Contains(c.required, k) }

// usedIn reports whether an agreement of the kind may contain the clause.
func (c Clause) usedIn(k Kind) bool { return c.RequiredIn(k) || slices.Contains(c.optional, k) }

// CitationIn returns the section that asks for the clause in that kind of
// agreement: subcontractor contracts follow the same rules by 164.504(e)(5).
func (c Clause) CitationIn(k Kind) string {
	if k == Subcontractor && strings.HasPrefix(c.ID, "baa.") {
		if strings.Contains(c.Citation, "164.314") {
			return c.Citation + ", 164.314(a)(2)(iii)"
		}
		return c.Citation + ", 164.504(e)(5)"
	}
	return c.Citation
}

// A Section is one clause of an agreement, ready to read.
type Section struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Citation string `json:"citation"`
	Text     string `json:"text"`
}

// Render prints the clauses of the instrument with its terms filled in; upstream
// is the name of the party whose data it is, downstream that of the recipient.
func Render(in Instrument, upstream, downstream string) []Section {
	fill := strings.NewReplacer(in.Terms.words(upstream, downstream)...)
	var out []Section
	for _, c := range clauses {
		if in.Has(c.ID) {
			out = append(out, Section{c.ID, c.Title, c.CitationIn(in.Kind), fill.Replace(c.Text)})
		}
	}
	return out
}

// words returns placeholder and text, in turn, for every term.
func (t Terms) words(upstream, downstream string) []string {
	var purposes, activities []string
	for _, p := range t.Purposes {
		purposes = append(purposes, strings.ToLower(p.Describe().Title))
	}
	for _, a := range t.Activities {
		activities = append(activities, strings.ToLower(a.Title()))
	}
	when := func(cond bool, s string) string {
		if cond {
			return s
		}
		return ""
	}
	hours := "without unreasonable delay and at most sixty days after discovery"
	if t.BreachHours > 0 {
		hours = "without unreasonable delay and at most " + strconv.Itoa(t.BreachHours) + " hours after discovery"
	}
	further := map[FurtherUse]string{NoFurtherUse: "none", "": "none", DerivedOnly: "aggregates under the small-cell rule only",
		DeidentifiedOnly: "de-identified data only, without sale or re-identification", Unrestricted: "not limited"}[t.FurtherUse]
	atEnd := map[AtEnd]string{Return: "return", Destroy: "destroy", ReturnOrDestroy: "return or destroy", "": "return or destroy"}[t.AtEnd]
	flow := "{downstream} uses no subcontractor for the information; any that is later agreed is bound to the same restrictions, conditions and requirements."
	if t.FlowDown {
		flow = "{downstream} may use subcontractors, each bound in writing to the same restrictions, conditions and requirements, and tells {upstream} who they are."
	}
	flow = strings.NewReplacer("{upstream}", upstream, "{downstream}", downstream).Replace(flow)
	recipients := "the parties"
	if len(t.Recipients) > 0 {
		recipients = strings.Join(t.Recipients, ", ")
	}
	cell := t.SmallCell
	if cell == 0 {
		cell = 11 // the cell size of CMS's suppression policy
	}
	return []string{"{upstream}", upstream, "{downstream}", downstream,
		"{purposes}", strings.Join(purposes, "; "),
		"{activities}", when(len(activities) > 0, ", namely "+strings.Join(activities, "; ")),
		"{further_use}", further, "{at_end}", atEnd, "{flow_down}", flow, "{breach_hours}", hours,
		"{coordination}", when(t.Coordination != "", "; "+t.Coordination),
		"{safeguards}", when(len(t.Safeguards) > 0, ", among them: "+strings.Join(t.Safeguards, "; ")),
		"{transfer}", when(len(t.Transfer) > 0, "; it is transferred only by: "+strings.Join(t.Transfer, ", ")),
		"{residency}", when(len(t.Residency) > 0, "; it rests only in: "+strings.Join(t.Residency, ", ")),
		"{recipients}", recipients, "{small_cell}", strconv.Itoa(cell)}
}
