package agreement

import (
	"slices"
	"strings"

	"chaperone.example/internal/fault"
	"chaperone.example/law"
	"chaperone.example/law/instrument"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// The texts that terms may hold. They are closed lists, because terms stand in
// events and an event must not hold what somebody typed.

// Safeguards lists the safeguards that an agreement can name beyond the Security Rule.
func Safeguards() []string {
	return []string{"encryption at rest and in transit", "multi-factor authentication", "unique users and audit logs", "role-based access",
		"annual risk analysis shared with the other party", "background checks of the workforce", "penetration test every year", "no use on removable media"}
}

// Coordinations lists who can lead when an incident touches both parties.
func Coordinations() []string {
	standard, _ := instrument.Template("baa")
	return []string{standard.Terms.Coordination, "the party whose data it is leads", "the recipient leads and informs the other party daily"}
}

// A Region is a place where data may rest.
type Region struct{ Code, Title string }

// Regions lists the regions that an agreement can name.
func Regions() []Region {
	return []Region{{"US", "United States"}, {"PR", "Puerto Rico"}, {"CA", "Canada"}, {"EU", "European Union"}, {"GB", "United Kingdom"}}
}

func regions(codes []string) []string {
	var out []string
	for _, code := range codes {
		for _, r := range Regions() {
			if r.Code == code {
				out = append(out, r.Title)
			}
		}
	}
	return out
}

// MethodTitle returns a method of transfer in plain words.
func MethodTitle(m string) string {
	switch m {
	case instrument.Portal:
		return "Authenticated link that expires"
	case instrument.Package:
		return "Archive encrypted to the recipient"
	case instrument.FHIR:
		return "FHIR between record systems"
	case instrument.Direct:
		return "Direct secure messaging"
	}
	return ""
}

func methods(of []string) []string {
	var out []string
	for _, m := range of {
		out = append(out, MethodTitle(m))
	}
	return out
}

// FurtherUses lists the limits on further use.
func FurtherUses() []instrument.FurtherUse {
	return []instrument.FurtherUse{instrument.NoFurtherUse, instrument.DerivedOnly, instrument.DeidentifiedOnly, instrument.Unrestricted}
}

// FurtherUseTitle returns a limit on further use in plain words.
func FurtherUseTitle(f instrument.FurtherUse) string {
	switch f {
	case instrument.DerivedOnly:
		return "Aggregates under the small-cell rule may be published"
	case instrument.DeidentifiedOnly:
		return "De-identified data may be used for other purposes"
	case instrument.Unrestricted:
		return "Not limited"
	}
	return "None"
}

// AtEnds lists what can happen to the data when an agreement ends.
func AtEnds() []instrument.AtEnd {
	return []instrument.AtEnd{instrument.ReturnOrDestroy, instrument.Return, instrument.Destroy}
}

// AtEndTitle returns what happens to the data at the end in plain words.
func AtEndTitle(a instrument.AtEnd) string {
	switch a {
	case instrument.Return:
		return "The data are returned"
	case instrument.Destroy:
		return "The data are destroyed"
	case instrument.ReturnOrDestroy:
		return "The data are returned or destroyed"
	}
	return "Nothing is said about the data"
}

// Classes lists the classes of PHI that an agreement can name.
func Classes() []phi.Class {
	return []phi.Class{phi.Direct, phi.Quasi, phi.Clinical, phi.Operational, phi.Sensitive, phi.Part2}
}

// ClassTitle returns a class of PHI in plain words.
func ClassTitle(c phi.Class) string {
	switch c {
	case phi.Direct:
		return "direct identifiers"
	case phi.Quasi:
		return "dates, places and ages"
	case phi.Clinical:
		return "clinical information"
	case phi.Operational:
		return "operational information"
	case phi.Sensitive:
		return "sensitive categories"
	case phi.Part2:
		return "substance-use records (42 CFR Part 2)"
	}
	return ""
}

// readable refuses an instrument that says anything outside the closed lists, or
// whose text and machine-readable terms contradict each other. What the law misses
// in it is not its business: a draft may lack terms, but it may not hold riddles.
func readable(in instrument.Instrument) error {
	t := in.Terms
	bad := func(what string) error {
		return fault.New(fault.Invalid, "the terms name %s that is not in the list, or twice the same: choose from the form, or from the API's document", what)
	}
	clause := func(id string) bool { _, ok := instrument.Lookup(id); return ok }
	element := func(id string) bool { _, ok := phi.Lookup(id); return ok }
	kind := func(p purpose.Kind) bool { _, ok := p.Index(); return ok }
	region := func(code string) bool {
		return slices.ContainsFunc(Regions(), func(r Region) bool { return r.Code == code })
	}
	recipient := func(id string) bool { return isID(id) || id == "*" }
	switch {
	case in.Kind.Title() == "":
		return bad("a kind of agreement")
	case stray(in.Clauses, clause):
		return bad("a clause")
	case stray(t.Purposes, kind):
		return bad("a purpose")
	case stray(t.Activities, purpose.Activity.Known):
		return bad("an activity of health care operations")
	case stray(t.Elements, element):
		return bad("an element")
	case stray(t.Classes, func(c phi.Class) bool { return slices.Contains(Classes(), c) }):
		return bad("a class of information")
	case len(t.Recipients) > maxRecipients || stray(t.Recipients, recipient):
		return bad("a recipient of reports")
	case stray(t.Safeguards, func(s string) bool { return slices.Contains(Safeguards(), s) }):
		return bad("a safeguard")
	case stray(t.Residency, region):
		return bad("a region")
	case stray(t.Transfer, func(m string) bool { return slices.Contains(instrument.Methods(), m) }):
		return bad("a way of transfer")
	case t.Coordination != "" && !slices.Contains(Coordinations(), t.Coordination):
		return bad("a way to coordinate incidents")
	case t.FurtherUse != "" && !slices.Contains(FurtherUses(), t.FurtherUse):
		return bad("a limit on further use")
	case t.AtEnd != "" && !slices.Contains(AtEnds(), t.AtEnd):
		return bad("a duty at the end")
	case t.CounselSummary != "":
		return fault.New(fault.Invalid, "counsel's review does not belong into the terms, which the other party reads: record it as a review of your own")
	case t.BreachHours < 0 || t.RetentionDays < 0 || t.SmallCell < 0:
		return fault.New(fault.Invalid, "hours, days and counts cannot be negative")
	case t.BreachHours > 1<<20 || t.RetentionDays > 1<<20 || t.SmallCell > 1<<20:
		return fault.New(fault.Invalid, "hours, days and counts cannot be above a million")
	}
	return coherent(in)
}

// maxRecipients is how many recipients of reports an agreement can name.
const maxRecipients = 200

// stray reports whether a list holds something that is not known, or twice the same.
func stray[T comparable](list []T, known func(T) bool) bool {
	for i, x := range list {
		if !known(x) || slices.Contains(list[:i], x) {
			return true
		}
	}
	return false
}

// coherent compares what the text of an associate's agreement permits with what the
// machine-readable terms permit: the text binds the parties, the terms gate the data.
func coherent(in instrument.Instrument) error {
	if in.Kind != instrument.BusinessAssociate && in.Kind != instrument.Subcontractor {
		return nil
	}
	for _, p := range Permissions() {
		if p.Clause != "" && *p.Of(&in.Terms) != in.Has(p.Clause) {
			c, _ := instrument.Lookup(p.Clause)
			return fault.New(fault.Invalid, "the text and the terms contradict each other about %s (%s): permit it in both, or in neither", strings.ToLower(c.Title), c.Citation)
		}
	}
	return nil
}

// A Permission is a term that is allowed or not.
type Permission struct {
	ID     string // as the JSON of the terms names it
	Title  string
	Clause string // that an associate's agreement contains exactly if it is allowed; may be empty
	Of     func(*instrument.Terms) *bool
}

// Permissions lists the terms that are allowed or not.
func Permissions() []Permission {
	return []Permission{
		{"aggregate", "Combine the data with that of others", "baa.aggregation", func(t *instrument.Terms) *bool { return &t.Aggregate }},
		{"deidentify", "Create de-identified data and limited data sets", "baa.deidentification", func(t *instrument.Terms) *bool { return &t.Deidentify }},
		{"manage", "Use it for the recipient's own management and administration", "baa.management", func(t *instrument.Terms) *bool { return &t.Manage }},
		{"flow_down", "Use subcontractors, bound to the same restrictions", "", func(t *instrument.Terms) *bool { return &t.FlowDown }},
		{"agent", "Act as an agent: what the recipient knows counts as known", "", func(t *instrument.Terms) *bool { return &t.Agent }},
	}
}

// isID reports whether s has the shape of an organization's id: letters, digits and
// dashes after "o-". It holds no name.
func isID(s string) bool {
	rest, ok := strings.CutPrefix(s, "o-")
	return ok && rest != "" && len(rest) <= 40 && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// lacking says what keeps a version from being signed, or "".
func lacking(in instrument.Instrument) string {
	var out []string
	for _, m := range instrument.Check(in) {
		s := m.Title
		if m.Citation != "" {
			s += " (" + m.Citation + ")"
		}
		out = append(out, s+", which has to say: "+m.Text)
	}
	return strings.Join(out, "; ")
}

// fits refuses a kind of agreement between organizations for which the law does not
// provide it.
func fits(k instrument.Kind, up []law.Status) error {
	has := func(any ...law.Status) bool {
		return slices.ContainsFunc(any, func(s law.Status) bool { return slices.Contains(up, s) })
	}
	switch k {
	case instrument.BusinessAssociate, instrument.Arrangement:
		if !has(law.CoveredEntity, law.HealthPlan) {
			return fault.New(fault.Refused, "a %s is about a covered entity's data (45 CFR 160.103)", lower(k.Title()))
		}
	case instrument.DataUse:
		if !has(law.CoveredEntity, law.HealthPlan, law.Associate, law.SubcontractorOrg) {
			return fault.New(fault.Refused, "a data use agreement is about data that a covered entity or its business associate holds (45 CFR 164.514(e)(4))")
		}
	case instrument.Subcontractor:
		if !has(law.Associate, law.SubcontractorOrg, law.Aggregator) {
			return fault.New(fault.Refused, "a subcontractor agreement is a business associate's with its subcontractor (45 CFR 164.504(e)(5))")
		}
	case instrument.ServiceOrg:
		if !has(law.Part2Program) {
			return fault.New(fault.Refused, "a qualified service organization serves a Part 2 program (42 CFR 2.11)")
		}
	}
	return nil
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// PurposeOptions lists the purposes that an agreement of the kind can name: a limited
// data set goes only for three of them, 45 CFR 164.514(e)(3)(i).
func PurposeOptions(k instrument.Kind) []purpose.Entry {
	if k != instrument.DataUse {
		return purpose.All()
	}
	return slices.DeleteFunc(purpose.All(), func(e purpose.Entry) bool {
		return e.Kind != purpose.Research && e.Kind != purpose.PublicHealth && e.Kind != purpose.Operations
	})
}

// ClauseOptions lists the clauses that an agreement of the kind can contain.
func ClauseOptions(k instrument.Kind) []instrument.Clause {
	all := instrument.Clauses()
	return slices.DeleteFunc(all, func(c instrument.Clause) bool {
		return slices.ContainsFunc(instrument.Check(instrument.Instrument{Kind: k, Clauses: []string{c.ID}}), func(m instrument.Missing) bool { return m.Term == c.ID })
	})
}
