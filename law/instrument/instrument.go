// Package instrument reads agreements as machine-readable terms (AGR-1, AGR-2).
//
// An [Instrument] is what an agreement says: the clauses its text contains, by
// the ids of this package, and the [Terms] that gate data. The package knows
// which clauses the law requires of each kind, in which words of our own, under
// which section; [Check] names what a draft lacks, [Broad] flags what grants more
// than it should, and [Render] prints the clauses with the terms filled in.
//
// Whether an agreement is signed, in force or terminated is not its text and not
// known here: package law takes those facts beside the instrument.
//
// Nothing here is legal advice; templates are a start for counsel.
package instrument

import (
	"fmt"
	"slices"
	"strings"

	"chaperone.example/law/civil"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// A Kind is one kind of agreement. The names are stable: events hold them.
type Kind string

// The kinds of agreement.
const (
	BusinessAssociate Kind = "baa"           // covered entity and business associate, 45 CFR 164.504(e)(2)
	Subcontractor     Kind = "subcontractor" // business associate and its subcontractor, 45 CFR 164.504(e)(5)
	DataUse           Kind = "dua"           // limited data set, 45 CFR 164.514(e)(4)
	Participation     Kind = "participation" // a member and its consortium
	Arrangement       Kind = "ohca"          // organized health care arrangement, 45 CFR 160.103
	ServiceOrg        Kind = "qsoa"          // qualified service organization, 42 CFR 2.11
)

// Kinds lists the kinds of agreement.
func Kinds() []Kind {
	return []Kind{BusinessAssociate, Subcontractor, DataUse, Participation, Arrangement, ServiceOrg}
}

// Title returns the plain name of the kind, empty if it is unknown.
func (k Kind) Title() string {
	switch k {
	case BusinessAssociate:
		return "Business associate agreement"
	case Subcontractor:
		return "Subcontractor business associate agreement"
	case DataUse:
		return "Data use agreement for a limited data set"
	case Participation:
		return "Participation agreement"
	case Arrangement:
		return "Organized health care arrangement"
	case ServiceOrg:
		return "Qualified service organization agreement"
	}
	return ""
}

// An Instrument is what an agreement says.
type Instrument struct {
	Kind    Kind     `json:"kind"`
	Clauses []string `json:"clauses"` // ids of the clauses the text contains, such as "baa.report"
	Terms   Terms    `json:"terms"`
}

// Terms are the parts of an agreement that gate data (AGR-2). A list that is
// empty permits nothing, unless its comment says otherwise.
type Terms struct {
	Purposes       []purpose.Kind     `json:"purposes"`                  // what the recipient may use the data for
	Activities     []purpose.Activity `json:"activities,omitempty"`      // which operations; empty: all of them
	Elements       []string           `json:"elements,omitempty"`        // phi element ids; empty: all elements of the classes
	Classes        []phi.Class        `json:"classes,omitempty"`         // classes of PHI; empty: all but sensitive and Part 2
	Recipients     []string           `json:"recipients,omitempty"`      // organizations that may receive reports; empty: the parties only
	FurtherUse     FurtherUse         `json:"further_use,omitempty"`     // empty: none
	Aggregate      bool               `json:"aggregate"`                 // may combine with other entities' data, 164.504(e)(2)(i)(B)
	Deidentify     bool               `json:"deidentify"`                // may create de-identified data or limited data sets, 164.502(d)
	Manage         bool               `json:"manage"`                    // may use for its own management and administration, 164.504(e)(4)
	Safeguards     []string           `json:"safeguards,omitempty"`      // safeguards asked for beyond the Security Rule
	BreachHours    int                `json:"breach_hours,omitempty"`    // report of a breach within so many hours of discovery; 0: as the law says
	Coordination   string             `json:"coordination,omitempty"`    // who leads when an incident touches both
	FlowDown       bool               `json:"flow_down"`                 // subcontractors allowed, under the same restrictions
	Residency      []string           `json:"residency,omitempty"`       // regions the data may rest in; empty: not limited
	AtEnd          AtEnd              `json:"at_end,omitempty"`          // what happens to the data when the agreement ends
	Transfer       []string           `json:"transfer,omitempty"`        // methods of transfer; empty: any that encrypts to the recipient
	Agent          bool               `json:"agent"`                     // the recipient is an agent under federal common law: its knowledge is imputed
	DataFrom       civil.Date         `json:"data_from,omitzero"`        // first day of data covered; none: not limited
	DataUntil      civil.Date         `json:"data_until,omitzero"`       // last day of data covered
	RetentionDays  int                `json:"retention_days,omitempty"`  // a release is destroyed after so many days; 0: at the end
	SmallCell      int                `json:"small_cell,omitempty"`      // smallest count a report may show
	CounselSummary string             `json:"counsel_summary,omitempty"` // counsel's review, in a sentence
}

// FurtherUse says what the recipient may do with the data beyond the stated purposes.
type FurtherUse string

// How far further use goes.
const (
	NoFurtherUse     FurtherUse = "none"
	DerivedOnly      FurtherUse = "aggregates"    // publish aggregates under the small-cell rule
	DeidentifiedOnly FurtherUse = "de-identified" // use de-identified data for other purposes
	Unrestricted     FurtherUse = "unrestricted"  // flagged by Broad, and never an authority for disclosure
)

// AtEnd says what happens to the data when the agreement ends, 164.504(e)(2)(ii)(J).
type AtEnd string

// What happens at the end.
const (
	Return          AtEnd = "return"
	Destroy         AtEnd = "destroy"
	ReturnOrDestroy AtEnd = "return-or-destroy"
)

// The methods of transfer an agreement can name.
const (
	Portal  = "portal"  // authenticated, expiring link
	Package = "package" // archive encrypted to the recipient
	FHIR    = "fhir"    // between record systems
	Direct  = "direct"  // Direct secure messaging
)

// Methods lists the methods of transfer.
func Methods() []string { return []string{Portal, Package, FHIR, Direct} }

// Has reports whether the text contains the clause.
func (in Instrument) Has(clause string) bool { return slices.Contains(in.Clauses, clause) }

// Permits reports whether the terms allow use for the purpose and, for health
// care operations, for the activity.
func (t Terms) Permits(k purpose.Kind, a purpose.Activity) bool {
	if k == purpose.Management {
		return t.Manage
	}
	if !slices.Contains(t.Purposes, k) {
		return false
	}
	if k != purpose.Operations || len(t.Activities) == 0 {
		return true
	}
	return slices.Contains(t.Activities, a) || a == purpose.DataAggregation && t.Aggregate || a == purpose.DeIdentifying && t.Deidentify
}

// Covers reports whether the terms allow the element.
func (t Terms) Covers(e phi.Element) bool {
	if len(t.Elements) > 0 {
		return slices.Contains(t.Elements, e.ID)
	}
	if len(t.Classes) > 0 {
		return slices.Contains(t.Classes, e.Class)
	}
	return e.Class != phi.Sensitive && e.Class != phi.Part2
}

// A Missing is something the instrument has to say and does not, or says in a way
// that cannot be read.
type Missing struct {
	Term     string `json:"term"`     // clause id, or "terms." and the name of a field
	Title    string `json:"title"`    // plain name
	Citation string `json:"citation"` // the section that asks for it
	Text     string `json:"text"`     // what it has to say
}

// Check names everything the instrument lacks, in the order of the law. An empty
// answer means that the agreement may be signed; package law lets nothing flow
// over an instrument for which Check has an answer (rules A01, A04).
func Check(in Instrument) []Missing {
	if in.Kind.Title() == "" {
		return []Missing{{"kind", "Kind of agreement", "", fmt.Sprintf("%q is no kind of agreement: use one of %v", in.Kind, Kinds())}}
	}
	var out []Missing
	for _, c := range clauses {
		if c.RequiredIn(in.Kind) && !in.Has(c.ID) {
			out = append(out, Missing{c.ID, c.Title, c.CitationIn(in.Kind), c.Needs})
		}
	}
	for _, id := range in.Clauses {
		if c, ok := Lookup(id); !ok || !c.usedIn(in.Kind) {
			out = append(out, Missing{id, "Unknown clause", "", fmt.Sprintf("%q is no clause of this kind of agreement", id)})
		}
	}
	return append(out, in.Terms.check(in.Kind)...)
}

// Complete reports whether Check has no answer, for those who ask often and need no
// words.
func Complete(in Instrument) bool {
	need, known := demands[in.Kind]
	if !known {
		return false
	}
	at := 0 // instruments list clauses in the order of the law, as a rule
	for _, id := range need.required {
		if at < len(in.Clauses) && in.Clauses[at] == id {
			at++
			continue
		}
		i := slices.Index(in.Clauses, id)
		if i < 0 {
			return false
		}
		at = i + 1
	}
	for i, id := range in.Clauses {
		if (i >= len(need.used) || need.used[i] != id) && !slices.Contains(need.used, id) {
			return false
		}
	}
	return len(in.Terms.check(in.Kind)) == 0
}

// demand is which clauses a kind of agreement must hold, and which it may.
type demand struct{ required, used []string }

var demands = func() map[Kind]demand {
	out := map[Kind]demand{}
	for _, k := range Kinds() {
		var d demand
		for _, c := range clauses {
			if c.RequiredIn(k) {
				d.required = append(d.required, c.ID)
			}
			if c.usedIn(k) {
				d.used = append(d.used, c.ID)
			}
		}
		out[k] = d
	}
	return out
}()

// uses is the section that asks an agreement of the kind for its permitted uses.
func (k Kind) uses() string {
	switch k {
	case BusinessAssociate:
		return "45 CFR 164.504(e)(2)(i)"
	case Subcontractor:
		return "45 CFR 164.504(e)(5)"
	case DataUse:
		return "45 CFR 164.514(e)(4)(ii)(C)(1)"
	case ServiceOrg:
		return "42 CFR 2.11"
	case Arrangement:
		return "45 CFR 160.103"
	}
	return "platform"
}

// check finds values that gate data but cannot be read, or that the law rules out.
func (t Terms) check(k Kind) []Missing {
	var out []Missing
	add := func(term, title, citation, format string, a ...any) {
		out = append(out, Missing{"terms." + term, title, citation, fmt.Sprintf(format, a...)})
	}
	uses := k.uses()
	if len(t.Purposes) == 0 {
		add("purposes", "Permitted purposes", uses, "name at least one permitted purpose")
	}
	for _, p := range t.Purposes {
		if _, ok := p.Index(); !ok {
			add("purposes", "Permitted purposes", uses, "%q is no purpose", p)
		}
		if k == DataUse && p != purpose.Research && p != purpose.PublicHealth && p != purpose.Operations {
			add("purposes", "Permitted purposes", "45 CFR 164.514(e)(3)(i)", "a limited data set is for research, public health or health care operations only, not for %s", p)
		}
	}
	for _, a := range t.Activities {
		if !a.Known() {
			add("activities", "Permitted operations", uses, "%q is no activity of health care operations", a)
		}
	}
	for _, id := range t.Elements {
		e, ok := phi.Lookup(id)
		if !ok {
			add("elements", "Elements of PHI", uses, "%q is no element of the catalogue", id)
		}
		if k == DataUse && ok && (!e.Identifier.InLimitedDataSet() || e.Street) {
			add("elements", "Elements of PHI", "45 CFR 164.514(e)(2)", "a limited data set cannot hold %s", id)
		}
	}
	if t.BreachHours < 0 || t.BreachHours > 60*24 {
		add("breach_hours", "Breach report", "45 CFR 164.410(b)", "a breach is reported without unreasonable delay and at most 60 days (1440 hours) after discovery")
	}
	switch t.FurtherUse {
	case "", NoFurtherUse, DerivedOnly, DeidentifiedOnly, Unrestricted:
	default:
		add("further_use", "Further use", uses, "%q is not a limit on further use", t.FurtherUse)
	}
	switch t.AtEnd {
	case Return, Destroy, ReturnOrDestroy:
	case "":
		if k == BusinessAssociate || k == Subcontractor {
			add("at_end", "Return or destruction", "45 CFR 164.504(e)(2)(ii)(J)", "say whether the data are returned, destroyed, or either")
		}
	default:
		add("at_end", "Return or destruction", "45 CFR 164.504(e)(2)(ii)(J)", "%q is not one of return, destroy, return-or-destroy", t.AtEnd)
	}
	for _, m := range t.Transfer {
		if !slices.Contains(Methods(), m) {
			add("transfer", "Transfer methods", "45 CFR 164.312(e)", "%q is no method of transfer: use one of %s", m, strings.Join(Methods(), ", "))
		}
	}
	if t.DataUntil != 0 && t.DataUntil < t.DataFrom {
		add("data_until", "Dates of data", uses, "the last day of data covered is before the first")
	}
	return out
}

// A Flag is a term that grants more than it should (AGR-1). It does not stop the
// agreement; it is to be seen by whoever reviews it.
type Flag struct {
	Term     string `json:"term"`
	Citation string `json:"citation"`
	Text     string `json:"text"`
}

// Broad flags overly broad terms.
func Broad(in Instrument) []Flag {
	var out []Flag
	t := in.Terms
	add := func(term, citation, text string) { out = append(out, Flag{"terms." + term, citation, text}) }
	if len(t.Purposes) > 4 {
		add("purposes", "45 CFR 164.504(e)(2)(i)", "more than four purposes: state those the service needs")
	}
	for _, p := range t.Purposes {
		switch p {
		case purpose.Marketing, purpose.CommercialOffer, purpose.Underwriting, purpose.Fundraising:
			add("purposes", "45 CFR 164.502(a)(5), 164.508(a)(3)-(4)", string(p)+" is not a use a covered entity can hand on without the individual's authorization")
		case purpose.Management:
			add("purposes", "45 CFR 164.504(e)(4)", "management and administration is permitted by its own clause, not as a purpose")
		}
	}
	if slices.Contains(t.Purposes, purpose.Operations) && len(t.Activities) == 0 {
		add("activities", "45 CFR 164.501", "all health care operations are permitted: name the activities of the service")
	}
	if len(t.Elements) == 0 && len(t.Classes) == 0 {
		add("elements", "45 CFR 164.502(b)", "no elements or classes of PHI are named, so every clinical, operational and identifying element is covered")
	}
	if len(t.Elements) == 0 && slices.Contains(t.Classes, phi.Part2) {
		add("classes", "42 CFR 2.12(d)(2)", "substance-use records are covered as a class: name the elements")
	}
	switch t.FurtherUse {
	case Unrestricted:
		add("further_use", "45 CFR 164.504(e)(2)(ii)(A), 164.514(e)(4)(ii)(C)(1)", "further use is not limited")
	case DeidentifiedOnly:
		add("further_use", "45 CFR 164.502(d)", "de-identified data may be used for anything: say for what, and forbid sale and re-identification")
	}
	if t.BreachHours == 0 && (in.Kind == BusinessAssociate || in.Kind == Subcontractor) {
		add("breach_hours", "45 CFR 164.410(b)", "no hours for reporting a breach: only the 60-day limit of the law holds")
	}
	if t.BreachHours > 10*24 {
		add("breach_hours", "45 CFR 164.410(b)", "more than ten days to report a breach leaves the covered entity little time of its own sixty")
	}
	if t.FlowDown && !in.Has("baa.subcontractors") && in.Kind != Participation {
		add("flow_down", "45 CFR 164.504(e)(2)(ii)(D)", "subcontractors are allowed without the clause that binds them")
	}
	if len(t.Residency) == 0 && (in.Kind == BusinessAssociate || in.Kind == Subcontractor) {
		add("residency", "platform", "no region is named: the data may rest anywhere")
	}
	if len(t.Recipients) > 0 && slices.Contains(t.Recipients, "*") {
		add("recipients", "45 CFR 164.502(a)(3)", "reports may go to anybody")
	}
	return out
}
