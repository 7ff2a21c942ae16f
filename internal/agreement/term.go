package agreement

import (
	"slices"
	"strconv"
	"strings"

	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/phi"
)

// A Mark is how a term of a version fares in the check.
type Mark string

// The marks.
const (
	Present Mark = "present"
	Missing Mark = "missing"
	Broad   Mark = "overly broad"
)

// A Term is one line of an agreement as a person reads it: a clause of the text, or
// a machine-readable term that gates data.
type Term struct {
	ID       string // clause id, or "terms." and the name of a field
	Title    string
	Citation string
	Text     string // what it says in plain words; of a missing term, what it has to say
	Mark     Mark
	Warning  string // of an overly broad term: why
}

// Names turns the id of an organization into its name.
type Names func(org string) string

// Check reads a version term by term: first what is missing and too broad, then the
// rest in the order of the law. The two parties are called by their names.
func Check(in instrument.Instrument, upstream, downstream string, names Names) []Term {
	broad := instrument.Broad(in)
	flags := func(id string) (text []string) {
		for _, f := range broad {
			if f.Term == id {
				text = append(text, f.Text+" ("+f.Citation+")")
			}
		}
		return text
	}
	var out []Term
	missing := instrument.Check(in)
	for _, m := range missing {
		out = append(out, Term{m.Term, m.Title, m.Citation, m.Text, Missing, ""})
	}
	lacks := func(id string) bool {
		return slices.ContainsFunc(missing, func(m instrument.Missing) bool { return m.Term == id })
	}
	var lines []Term
	named := in
	named.Terms.Recipients = nil
	for _, r := range in.Terms.Recipients {
		named.Terms.Recipients = append(named.Terms.Recipients, names(r))
	}
	for _, s := range instrument.Render(named, upstream, downstream) {
		lines = append(lines, Term{s.ID, s.Title, s.Citation, s.Text, Present, ""})
	}
	lines = append(lines, Describe(in.Terms, names)...)
	for i := range lines {
		if w := flags(lines[i].ID); len(w) > 0 {
			lines[i].Mark, lines[i].Warning = Broad, strings.Join(w, "; ")
		}
	}
	lines = slices.DeleteFunc(lines, func(t Term) bool { return lacks(t.ID) })
	slices.SortStableFunc(lines, func(a, b Term) int {
		if x, y := a.Mark == Broad, b.Mark == Broad; x != y {
			if x {
				return -1
			}
			return 1
		}
		return 0
	})
	return append(out, lines...)
}

// Describe says in plain words what the machine-readable terms permit, a line a
// term, in an order that never changes (AGR-2).
func Describe(t instrument.Terms, names Names) []Term {
	var purposes, activities, elements, recipients []string
	for _, p := range t.Purposes {
		purposes = append(purposes, p.Describe().Title)
	}
	for _, a := range t.Activities {
		activities = append(activities, a.Title())
	}
	for _, id := range t.Elements {
		e, _ := phi.Lookup(id)
		elements = append(elements, e.Title)
	}
	for _, o := range t.Recipients {
		recipients = append(recipients, names(o))
	}
	information := "All clinical, operational and identifying elements; no sensitive categories and no substance-use records."
	if len(elements) > 0 {
		information = "Only: " + strings.Join(elements, ", ") + "."
	} else if len(t.Classes) > 0 {
		var classes []string
		for _, c := range t.Classes {
			classes = append(classes, ClassTitle(c))
		}
		information = "Only elements of these classes: " + strings.Join(classes, ", ") + "."
	}
	either := func(b bool, yes, no string) string {
		if b {
			return yes
		}
		return no
	}
	list := func(of []string, none string) string {
		if len(of) == 0 {
			return none
		}
		return upper(strings.Join(of, "; ")) + "."
	}
	return []Term{
		line("purposes", "Permitted purposes", "45 CFR 164.504(e)(2)(i)", list(purposes, "None.")),
		line("activities", "Permitted operations", "45 CFR 164.501", list(activities, "All health care operations.")),
		line("elements", "Information covered", "45 CFR 164.502(b)", information),
		line("window", "Dates of the information", "45 CFR 164.502(b)", span(t.DataFrom, t.DataUntil)),
		line("recipients", "Recipients of reports", "45 CFR 164.502(a)(3)", list(recipients, "The parties only.")),
		line("further_use", "Further use", "45 CFR 164.504(e)(2)(ii)(A)", FurtherUseTitle(t.FurtherUse)+"."),
		line("aggregate", "Combining with others' data", "45 CFR 164.504(e)(2)(i)(B)", either(t.Aggregate, "Allowed, for analyses of the operations of those whose data are combined.", "Not allowed.")),
		line("deidentify", "De-identifying", "45 CFR 164.502(d)", either(t.Deidentify, "The recipient may create de-identified data and limited data sets.", "Not allowed.")),
		line("manage", "Recipient's own management", "45 CFR 164.504(e)(4)", either(t.Manage, "The recipient may use the information for its own management and administration.", "Not allowed.")),
		line("flow_down", "Subcontractors", "45 CFR 164.504(e)(2)(ii)(D)", either(t.FlowDown, "Allowed, each bound to the same restrictions.", "Not allowed.")),
		line("agent", "Agency", "45 CFR 160.402(c)", either(t.Agent, "The recipient is an agent: what it knows counts as known to the other party.", "The recipient is no agent of the other party.")),
		line("safeguards", "Safeguards beyond the Security Rule", "45 CFR 164.504(e)(2)(ii)(B)", list(t.Safeguards, "None named.")),
		line("breach_hours", "Report of a breach", "45 CFR 164.410(b)", either(t.BreachHours > 0, "Within "+strconv.Itoa(t.BreachHours)+" hours of discovery.", "Without unreasonable delay and within 60 days of discovery.")),
		line("coordination", "Coordination of incidents", "45 CFR 164.308(a)(6)", either(t.Coordination != "", upper(t.Coordination)+".", "Not settled.")),
		line("residency", "Where the data may rest", "platform", list(regions(t.Residency), "Not limited.")),
		line("transfer", "Ways of transfer", "45 CFR 164.312(e)", list(methods(t.Transfer), "Any that encrypts to the recipient.")),
		line("retention_days", "Keeping a release", "45 CFR 164.502(b)", either(t.RetentionDays > 0, "Destroyed after "+strconv.Itoa(t.RetentionDays)+" days.", "Until the agreement ends.")),
		line("small_cell", "Smallest count shown", "platform", either(t.SmallCell > 0, strconv.Itoa(t.SmallCell)+" patients.", "11 patients.")),
		line("at_end", "When it ends", "45 CFR 164.504(e)(2)(ii)(J)", AtEndTitle(t.AtEnd)+"."),
	}
}

func line(id, title, citation, text string) Term {
	return Term{"terms." + id, title, citation, text, Present, ""}
}

func span(from, until civil.Date) string {
	switch {
	case from == 0 && until == 0:
		return "Not limited."
	case from == 0:
		return "Until " + day(until) + "."
	case until == 0:
		return "From " + day(from) + "."
	}
	return day(from) + " to " + day(until) + "."
}

func day(d civil.Date) string { return d.Time().Format("Jan 2, 2006") }

func upper(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// A Change is one term that differs between two versions.
type Change struct {
	ID       string
	Title    string
	Citation string
	Before   string // empty: it was not there
	After    string // empty: it is gone
}

// Changes says term by term what differs between two versions of a contract. Terms
// are compared as they are said, so nothing that a person could read is left out.
func Changes(before, after Version, names Names) []Change {
	var out []Change
	add := func(id, title, citation, was, is string) {
		if was != is {
			out = append(out, Change{id, title, citation, was, is})
		}
	}
	days := func(v Version) (string, string) {
		start, end := "When both have signed", "Until terminated"
		if v.Start != 0 {
			start = day(v.Start)
		}
		if v.End != 0 {
			end = day(v.End)
		}
		return start, end
	}
	s0, e0 := days(before)
	s1, e1 := days(after)
	add("start", "First day", "", s0, s1)
	add("end", "Last day", "", e0, e1)
	text := func(v Version, c instrument.Clause) string {
		if v.Instrument.Has(c.ID) {
			return "In the text: " + c.Needs + "."
		}
		return ""
	}
	for _, c := range instrument.Clauses() {
		add(c.ID, c.Title, c.CitationIn(after.Instrument.Kind), text(before, c), text(after, c))
	}
	was, is := Describe(before.Instrument.Terms, names), Describe(after.Instrument.Terms, names)
	for i := range was {
		add(was[i].ID, was[i].Title, was[i].Citation, was[i].Text, is[i].Text)
	}
	return out
}
