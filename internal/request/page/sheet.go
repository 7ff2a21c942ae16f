package page

import (
	"slices"
	"strconv"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/request"
	"chaperone.example/internal/web"
	"chaperone.example/law"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// A sheet is a request as the page shows it to one actor.
type sheet struct {
	request.File
	asker, asked          bool // which organization the actor is of; maybe both
	self                  bool // the actor asked
	mayApprove, mayRefuse bool
	mayAmend, mayWithdraw bool
	mayReconsider         bool
	mayBuild              bool      // a release from it
	releases              []Release // built on it, newest first
	approve, refuse       *web.Form
	once                  string
}

// badge says a status with its tone; theirs is true for the organization that has to
// decide.
func badge(s request.Status, awaitsMe bool) (web.Tone, string) {
	switch s {
	case request.Denied:
		return web.Bad, "Denied by the law"
	case request.Awaiting:
		if awaitsMe {
			return web.Wait, "Awaits your decision"
		}
		return web.Wait, "Awaiting approval"
	case request.Granted:
		return web.Good, "Approved"
	case request.Declined:
		return web.Bad, "Refused"
	case request.Gone:
		return web.Plain, "Withdrawn"
	}
	return web.Plain, string(s)
}

// verdict says the answer of the law in one sentence to whoever reads it.
func (v sheet) verdict() (web.Tone, string) {
	d := v.Decision
	who := "They"
	if v.asker {
		who = "You"
	}
	kept, changed, dropped := request.Tally(d)
	all := kept + changed + dropped
	switch d.Outcome {
	case law.Deny:
		return web.Bad, "Nothing may be shared on this request"
	case law.Permit:
		return web.Good, who + " may receive everything asked for, in the form asked for"
	}
	if dropped == 0 {
		return web.Warn, who + " may receive all " + strconv.Itoa(all) + " elements, but not quite as asked"
	}
	return web.Warn, who + " may receive " + strconv.Itoa(kept+changed) + " of the " + strconv.Itoa(all) + " elements asked for"
}

// count writes a number and what so many do.
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}

// explanation says more of it, in a sentence or two.
func (v sheet) explanation() string {
	d := v.Decision
	if d.Outcome == law.Deny {
		return v.Word(request.Why(d))
	}
	var parts []string
	kept, changed, dropped := request.Tally(d)
	if changed > 0 || dropped > 0 {
		s := count(kept, "stays as it is", "stay as they are")
		if changed > 0 {
			s += ", " + count(changed, "is", "are") + " given in a less identifying way"
		}
		if dropped > 0 {
			s += ", " + count(dropped, "is", "are") + " withheld"
		}
		parts = append(parts, s+".")
	}
	if slices.ContainsFunc(d.Parts, func(p law.Part) bool { return p.Outcome == law.Deny }) {
		parts = append(parts, "Some patients are left out altogether: see Which patients.")
	}
	if d.Form == v.Ask.Form {
		parts = append(parts, "The form is the one asked for: "+request.FormTitle(d.Form)+".")
	} else {
		parts = append(parts, "The form is less identifying than asked: "+request.FormTitle(d.Form)+" instead of "+request.FormTitle(v.Ask.Form)+".")
	}
	return strings.Join(parts, " ")
}

// next says whose turn it is.
func (v sheet) next() string {
	switch v.Status {
	case request.Awaiting:
		if v.asked && v.mayApprove && v.self {
			return "You asked for these data yourself, so a second person of your organization decides."
		}
		if v.mayApprove {
			return "Read what would go out, then approve or refuse at the end of this page."
		}
		if v.reviewed() {
			return v.Name(v.Ask.Discloser) + " reviews it next: a data steward or the privacy officer decides."
		}
		return "No review of the single request is needed; " + v.Name(v.Ask.Discloser) + " chooses the datasets next."
	case request.Granted:
		by := "Approved by " + v.Name(v.Ask.Discloser) + ". "
		switch {
		case len(v.releases) > 0:
			return by + "A release was built from it."
		case v.mayBuild:
			return by + "Build the release from it."
		case v.asker:
			return by + "Its data steward builds a release from it; you then fetch it under Releases."
		}
		return by + "A data steward builds a release from it."
	case request.Denied:
		if v.asker {
			return "See below what would have to change. When it has changed, have the request decided again; or narrow it."
		}
		return "Nobody can approve what the law denies. It can be decided again when the facts have changed."
	}
	return ""
}

// reviewed reports whether the law wants the single request reviewed.
func (v sheet) reviewed() bool {
	return slices.ContainsFunc(v.Decision.Obligations, func(o law.Obligation) bool { return o.Duty == law.Approve })
}

// treatment says what becomes of a group of elements, with its tone.
func treatment(g request.Group) (web.Tone, string) {
	n := web.Plural(len(g.Lines), "element", "elements")
	switch g.Treatment {
	case law.Kept:
		return web.Good, n + " as they are"
	case law.Transformed:
		return web.Warn, n + " changed"
	}
	return web.Bad, n + " withheld"
}

func lineTone(t law.Treatment) (web.Tone, string) {
	switch t {
	case law.Kept:
		return web.Good, "Kept"
	case law.Transformed:
		return web.Warn, "Changed"
	}
	return web.Bad, "Withheld"
}

// titles lists the elements of a group in words.
func titles(g request.Group) string {
	var out []string
	for _, l := range g.Lines {
		out = append(out, l.Title)
		if l.Title == "" {
			out[len(out)-1] = l.Element
		}
	}
	return strings.Join(out, ", ")
}

// whole reports whether every element was withheld for the same reason: the answer
// already says it.
func (v sheet) whole() bool { return v.Decision.Outcome == law.Deny }

// ladder is the forms from the least identifying on, with what the law made of each
// (REQ-3).
func (v sheet) ladder() []web.Fact {
	var out []web.Fact
	d := v.Decision
	for _, f := range []law.Form{law.SafeHarbor, law.Limited, law.Identified} {
		text := ""
		switch {
		case f == d.Form:
			text = "This is the form given"
			if f == v.Ask.Form {
				text += ", as asked for"
			}
			text += "."
		case f < d.Form || d.Form == law.NoForm && f < v.Ask.Form:
			text = "It would not serve: " + v.short(f)
		case f <= v.Ask.Form && d.Form != law.NoForm:
			text = "Asked for, but not needed or not permitted: see the elements changed and withheld above."
		default:
			continue
		}
		out = append(out, web.Fact{Term: sentenceCase(request.FormTitle(f)), Value: text})
	}
	return out
}

// short says which elements the law keeps that a less identifying form would not.
func (v sheet) short(f law.Form) string {
	var lost, why []string
	for _, l := range v.Decision.Lines {
		e, ok := phi.Lookup(l.Element)
		if l.Treatment != law.Kept || !ok || e.Identifier == 0 && !e.FreeText {
			continue
		}
		if f == law.Limited && e.Identifier.InLimitedDataSet() && !e.Street && e.Class != phi.Direct && !e.FreeText {
			continue
		}
		lost = append(lost, l.Title)
		if _, reason, ok := strings.Cut(l.Reason, ": "); ok && !slices.Contains(why, reason) {
			why = append(why, reason)
		}
	}
	if len(lost) == 0 {
		return "the person who asked says why, below."
	}
	s := "it would lose or coarsen " + strings.Join(lost, ", ")
	if len(why) > 0 {
		s += ", needed because " + strings.TrimSuffix(strings.Join(why, " "), ".")
	}
	return s + "."
}

// basis is the basis that holds, if one does.
func (v sheet) basis() (law.Basis, bool) {
	i := slices.IndexFunc(v.Decision.Bases, func(b law.Basis) bool { return b.Rule == v.Decision.Basis })
	if i < 0 {
		return law.Basis{}, false
	}
	return v.Decision.Bases[i], true
}

// tried lists the other bases: the one that was named first, then those that hold too.
func (v sheet) tried() []law.Basis {
	out := slices.DeleteFunc(slices.Clone(v.Decision.Bases), func(b law.Basis) bool { return b.Rule == v.Decision.Basis })
	rank := func(b law.Basis) int {
		switch {
		case v.believed(b):
			return 0
		case b.Holds:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b law.Basis) int { return rank(a) - rank(b) })
	return out
}

// disappointed is the basis that was named, if it fails.
func (v sheet) disappointed() (law.Basis, bool) {
	i := slices.IndexFunc(v.Decision.Bases, func(b law.Basis) bool { return v.believed(b) && !b.Holds })
	if i < 0 {
		return law.Basis{}, false
	}
	return v.Decision.Bases[i], true
}

// believed reports whether whoever asked named the basis.
func (v sheet) believed(b law.Basis) bool { return v.Ask.Basis == b.Rule }

// ruleText is the plain text of a rule.
func ruleText(id string) string {
	r, _ := law.Lookup(id)
	return r.Text
}

// grounds are the facts and documents that the basis rests on.
func (v sheet) grounds() []web.Fact {
	var facts, documents []string
	for _, r := range v.Decision.Reasons {
		if r.Effect != law.Grants && r.Effect != law.Validates {
			continue
		}
		for _, s := range r.Facts {
			if !slices.Contains(facts, s) {
				facts = append(facts, s)
			}
		}
		for _, s := range r.Documents {
			if !slices.Contains(documents, s) {
				documents = append(documents, s)
			}
		}
	}
	var out []web.Fact
	if len(facts) > 0 {
		out = append(out, web.Fact{Term: "It rests on", Value: v.Word(sentenceCase(strings.Join(facts, "; ")) + ".")})
	}
	if len(documents) > 0 {
		out = append(out, web.Fact{Term: "Documents", Show: documented(v, documents)})
	}
	return out
}

// params says the values of an obligation.
func params(o law.Obligation) string {
	var out []string
	for _, p := range o.Params {
		switch {
		case p.Value == "":
		case p.Name == "days":
			out = append(out, "("+p.Value+" days)")
		case p.Name == "smallest-count":
			out = append(out, "no count below "+p.Value)
		default:
			out = append(out, strings.Join(strings.Fields(p.Value), ", "))
		}
	}
	return strings.Join(out, " ")
}

// smallest leaves out remedies that ask for more changes than another that leads as far.
// Those that mend an agreement which the two have already come first: it is what they
// set out from.
func smallest(list []law.Remedy) []law.Remedy {
	mends := func(r law.Remedy) int {
		if len(request.Agreements(strings.Join(r.Changes, " "))) > 0 {
			return 0
		}
		return 1
	}
	list = slices.SortedStableFunc(slices.Values(list), func(a, b law.Remedy) int { return mends(a) - mends(b) })
	return slices.DeleteFunc(slices.Clone(list), func(r law.Remedy) bool {
		return slices.ContainsFunc(list, func(s law.Remedy) bool {
			return len(s.Changes) < len(r.Changes) && s.Form >= r.Form && !slices.ContainsFunc(s.Changes, func(c string) bool { return !slices.Contains(r.Changes, c) })
		})
	})
}

// outcome says what a remedy leads to.
func outcome(r law.Remedy) string {
	if r.Outcome == law.Permit {
		return "Then everything asked for could go out, in " + request.FormTitle(r.Form) + " form."
	}
	return "Then the request could be right-sized, in the form: " + request.FormTitle(r.Form) + "."
}

// asked is what was asked for, term by term.
func (v sheet) facts() []web.Fact {
	a := v.Ask
	why := a.Purpose.Describe().Title
	if a.Purpose == purpose.Operations {
		why += ": " + strings.ToLower(a.Activity.Title())
	}
	basis := "Left to the law"
	if r, ok := law.Lookup(a.Basis); ok {
		basis = r.Title + " (" + r.Citation + ")"
	}
	out := []web.Fact{
		{Term: "Purpose", Value: why},
		{Term: "Lawful basis believed", Value: basis},
		{Term: "Patients and encounters", Value: population(a.Population)},
		{Term: "Discharged", Value: web.Date(a.Window.From.Time()) + " to " + web.Date(a.Window.Until.Time())},
		{Term: "Form wanted", Value: sentenceCase(request.FormTitle(a.Form))},
		{Term: "Recipients", Value: v.people(a.Recipients)},
		{Term: "Retention", Value: web.Plural(a.Retention, "day", "days")},
	}
	if a.Consortium != "" {
		out = append(out, web.Fact{Term: "Consortium of", Value: v.Name(a.Consortium)})
	}
	if len(a.Combines) > 0 {
		out = append(out, web.Fact{Term: "Combined with data of", Value: v.names(a.Combines)})
	}
	words := func(term, s string) {
		if v.Disposed {
			s = "The words of this request were disposed of."
		}
		if s != "" {
			out = append(out, web.Fact{Term: term, Value: s})
		}
	}
	words("Purpose statement", v.Details.Statement)
	if !v.Disposed {
		words("Why not less identifying", v.Details.WhyMore)
	}
	return out
}

// people names those who receive, or says how many there are where the reader may not
// know them.
func (v sheet) people(ids []string) string {
	var out []string
	unknown := 0
	for _, id := range ids {
		if name := v.Names[id]; name != "" {
			out = append(out, name)
		} else {
			unknown++
		}
	}
	if unknown > 0 {
		out = append(out, web.Plural(unknown, "person", "people")+" of "+v.Name(v.Recipient))
	}
	return strings.Join(out, ", ")
}

// person names who acted and for which organization; the people of others are not
// named.
func (v sheet) person(id, org string) string {
	if name := v.Names[id]; name != "" {
		return name + ", " + v.Name(org)
	}
	return v.Name(org)
}

// dataset is what a dataset is called, to those who hold it.
func (v sheet) dataset(id string) string {
	i := slices.IndexFunc(v.Datasets, func(d request.Dataset) bool { return d.ID == id })
	if i < 0 {
		return ""
	}
	return v.Datasets[i].Name
}

func (v sheet) names(ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, v.Name(id))
	}
	return strings.Join(out, ", ")
}

// population says in words whose encounters are wanted.
func population(p request.Population) string {
	var kinds []string
	for _, c := range p.Classes {
		kinds = append(kinds, strings.ToLower(c.Title()))
	}
	s := "All encounters"
	if len(kinds) > 0 {
		s = sentenceCase(strings.Join(kinds, ", "))
	}
	switch {
	case p.MinAge > 0 && p.MaxAge != nil:
		s += ", aged " + strconv.Itoa(p.MinAge) + " to " + strconv.Itoa(*p.MaxAge)
	case p.MinAge > 0:
		s += ", aged " + strconv.Itoa(p.MinAge) + " and over"
	case p.MaxAge != nil:
		s += ", aged up to " + strconv.Itoa(*p.MaxAge)
	}
	if len(p.Diagnoses) > 0 {
		s += ", with a diagnosis that begins with " + strings.Join(p.Diagnoses, ", ")
	}
	return s
}

// history is what happened, oldest first.
func (v sheet) history() []web.Moment {
	var out []web.Moment
	for _, s := range v.Steps {
		m := web.Moment{At: s.At, Who: v.person(s.Person, s.Org), Href: "/ledger/" + strconv.FormatInt(s.Seq, 10), Tone: web.Info}
		switch {
		case s.What == "submitted":
			m.What = "Request submitted"
		case s.What == "amended":
			m.What = "Narrowed to version " + strconv.Itoa(s.Version)
		case s.Decision != "":
			m.What, m.Tone = "Decided by the law", web.Good
			m.Note = map[string]string{"permit": "Permitted as asked.", "right-size": "Right-sized: less than asked.", "deny": "Denied."}[s.Outcome]
			if s.Outcome == "deny" {
				m.Tone = web.Bad
			}
			if c, ok := strings.CutPrefix(s.What, "decided: "); ok && c != string(request.AtSubmission) {
				m.What += ", at " + c
			}
		case s.What == string(request.Granted):
			m.What, m.Tone = "Approved", web.Good
		case s.What == string(request.Declined):
			m.What, m.Tone = "Refused", web.Bad
			m.Note = v.Refusal.Title()
		case s.What == string(request.Gone):
			m.What, m.Tone = "Withdrawn", web.Plain
		}
		out = append(out, m)
	}
	return out
}

// datasets are the choices of the steward, with what each would lack.
func (v sheet) datasets() []web.Option {
	var out []web.Option
	for _, d := range v.Datasets {
		var lacks []string
		held := 0
		for _, l := range v.Decision.Lines {
			if l.Treatment == law.Dropped {
				continue
			}
			if slices.Contains(d.Elements, l.Element) {
				held++
			} else {
				lacks = append(lacks, l.Title)
			}
		}
		hint := web.Plural(d.Records, "record", "records")
		if d.Window.From != 0 || d.Window.Until != 0 {
			hint += ", " + web.Date(d.Window.From.Time()) + " to " + web.Date(d.Window.Until.Time())
		}
		if why := d.Lacks(v.Ask.Population); why != "" {
			out = append(out, web.Option{Value: d.ID, Label: d.Name, Hint: hint + ". Cannot be used: it holds no " + why + ", so the population cannot be told.", Disabled: true})
			continue
		}
		switch {
		case !d.Overlaps(v.Ask.Window):
			out = append(out, web.Option{Value: d.ID, Label: d.Name, Hint: hint + ". Covers none of the days asked for.", Disabled: true})
			continue
		case held == 0:
			out = append(out, web.Option{Value: d.ID, Label: d.Name, Hint: hint + ". Holds none of the elements permitted.", Disabled: true})
			continue
		case len(lacks) == 0:
			hint += ". Holds every element permitted."
		default:
			hint += ". Lacks: " + strings.Join(lacks, ", ") + "."
		}
		out = append(out, web.Option{Value: d.ID, Label: d.Name, Hint: hint})
	}
	return out
}

func reasons() []web.Option {
	var out []web.Option
	for _, g := range request.Grounds() {
		out = append(out, web.Option{Value: string(g), Label: g.Title(), Hint: g.Citation()})
	}
	return out
}

// byline says who asks whom.
func (v sheet) byline() string {
	asker := v.Names[v.By]
	if asker == "" {
		asker = "A " + access.Title(v.Role)
	}
	if v.Recipient == v.Ask.Discloser {
		return asker + " of " + v.Name(v.Recipient) + " asks for the organization's own data."
	}
	return asker + " of " + v.Name(v.Recipient) + " asks " + v.Name(v.Ask.Discloser) + " for data."
}

func (v sheet) title() string {
	if v.Details.Project == "" {
		return "Request " + v.ID
	}
	return v.Details.Project
}

// approved is what was approved, from which datasets, by whom.
func (v sheet) approved() []web.Fact {
	p, err := v.Permit()
	if err != nil {
		return nil
	}
	var missing []string
	for _, id := range p.Missing {
		if e, ok := phi.Lookup(id); ok {
			missing = append(missing, e.Title)
		}
	}
	out := []web.Fact{
		{Term: "Approved by", Value: v.person(p.ApprovedBy, p.Discloser)},
		{Term: "On", Show: web.When(p.ApprovedAt)},
		{Term: "From", Show: sources(v, p.Datasets)},
		{Term: "Discharged", Value: web.Date(p.Window.From.Time()) + " to " + web.Date(p.Window.Until.Time())},
		{Term: "Retention", Value: web.Plural(p.Retention, "day", "days")},
	}
	if len(missing) > 0 {
		out = append(out, web.Fact{Term: "Not held", Value: strings.Join(missing, ", ")})
	}
	return out
}
