package breach

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"chaperone.example/law/civil"
	"chaperone.example/law/fact"
)

// Version names the rules of this package; a recorded assessment keeps it, so that
// it can be made again.
const Version = "breach 1 (45 CFR 164.400-414; 42 CFR 2.16)"

// A Verdict is what the incident is.
type Verdict string

// The verdicts. Only the first makes anybody notify.
const (
	Breach         Verdict = "breach"
	NotPHI         Verdict = "no health information"
	WasPermitted   Verdict = "permitted"
	Secured        Verdict = "secured"
	Excluded       Verdict = "excluded"
	LowProbability Verdict = "low probability of compromise"
)

// An Assessment is the answer.
type Assessment struct {
	Version      string      `json:"version"`
	Verdict      Verdict     `json:"verdict"`
	Why          []Reason    `json:"why"`
	Discovered   []Discovery `json:"discovered"`
	Notices      []Notice    `json:"notices"` // earliest first
	Contract     []Contract  `json:"contract,omitempty"`
	NotRequired  []NotNeeded `json:"not_required,omitempty"`
	Holds        []Held      `json:"holds,omitempty"`
	Keep         []Reason    `json:"keep"`              // what to keep, and other duties that stay
	Flags        []string    `json:"flags,omitempty"`   // for counsel
	Missing      []string    `json:"missing,omitempty"` // facts that were taken at their worst because nobody stated them
	Alternatives []Notice    `json:"alternatives,omitempty"`
}

// A Reason is a sentence with its section.
type Reason struct {
	Citation string `json:"citation"`
	Text     string `json:"text"`
}

// A Discovery is the day the clock of a party began.
type Discovery struct {
	Party   string     `json:"party"`
	On      civil.Date `json:"on,omitzero"` // none: not yet
	Imputed bool       `json:"imputed,omitempty"`
	Actual  civil.Date `json:"actual,omitzero"` // first day of actual knowledge, where diligence gave an earlier one
}

// A Notice is a notification that is due.
type Notice struct {
	By       string     `json:"by"`
	To       string     `json:"to"` // individuals, HHS, HHS annual log, HHS Part 2, media TX, the id of whom an associate works for …
	Due      civil.Date `json:"due"`
	Internal civil.Date `json:"internal,omitzero"` // the working day before, where the outer date falls on a weekend
	Basis    string     `json:"basis"`
	Text     string     `json:"text,omitempty"`
	Sent     civil.Date `json:"sent,omitzero"`
	Late     int        `json:"late,omitempty"`    // days after the outer date it was sent
	Overdue  int        `json:"overdue,omitempty"` // days past the outer date on the day of the assessment, not sent
}

// A Contract is a contractual clock, apart from the legal ones.
type Contract struct {
	By   string     `json:"by"`
	To   string     `json:"to"`
	Due  civil.Date `json:"due"`
	Met  civil.Date `json:"met,omitzero"`
	Late int        `json:"late,omitempty"`
	Text string     `json:"text"`
}

// NotNeeded is a notification that is not required, and why.
type NotNeeded struct {
	By    string `json:"by"`
	To    string `json:"to"`
	Basis string `json:"basis"`
	Text  string `json:"text"`
}

// Held is a hold with its last day.
type Held struct {
	Party   string     `json:"party,omitempty"`
	From    civil.Date `json:"from"`
	Through civil.Date `json:"through"`
	Basis   string     `json:"basis"`
}

// part2Compliance is the day from which 42 CFR 2.16(b) has to be met.
var part2Compliance = civil.Of(2026, 2, 16)

// outer is the outer limit, in calendar days after discovery, 164.404(b), 164.410(b).
const outer = 60

// Assess judges the incident, with the State packs that apply to it.
func Assess(in Incident, packs []Pack) Assessment {
	a := &assessment{in: &in, packs: packs, out: Assessment{Version: Version}}
	a.judge()
	a.hold()
	a.discover()
	if a.out.Verdict == Breach {
		for i := range in.Parties {
			a.party(&in.Parties[i])
		}
		a.edges()
	}
	a.keep()
	a.settle()
	return a.out
}

type assessment struct {
	in    *Incident
	packs []Pack
	out   Assessment
	found map[string]*Discovery
}

func (a *assessment) why(citation, format string, args ...any) {
	a.out.Why = append(a.out.Why, Reason{citation, fmt.Sprintf(format, args...)})
}

func (a *assessment) missing(ok bool, text string) {
	if !ok && !slices.Contains(a.out.Missing, text) {
		a.out.Missing = append(a.out.Missing, text)
	}
}

// judge asks the questions in the order of the law. A "no" counts only with
// evidence and two approvers, 164.414(b).
func (a *assessment) judge() {
	in := a.in
	approved := len(in.Evidence) > 0 && len(in.Approvers) > 1 && in.Approvers[0] != "" && slices.ContainsFunc(in.Approvers[1:], func(s string) bool { return s != "" && s != in.Approvers[0] })
	no := func(v Verdict, citation, text string) bool {
		if !approved {
			a.why(citation, "%s, but it is not documented with evidence and two approvers, so the presumption of a breach stands", text)
			a.missing(false, "evidence and two approvers for: "+text)
			return false
		}
		a.out.Verdict = v
		a.why(citation, "%s", text)
		return true
	}
	a.missing(in.PHI != fact.Unknown, "whether protected health information is concerned; taken as yes")
	a.missing(in.Permitted != fact.Unknown, "whether the use or disclosure was permitted; taken as no")
	if in.PHI == fact.No && no(NotPHI, "45 CFR 160.103, 164.402", "no protected health information is concerned") {
		return
	}
	if in.Permitted == fact.Yes && no(WasPermitted, "45 CFR 164.402", "the use or disclosure was permitted") {
		return
	}
	p := in.Protection
	if p.secured() && no(Secured, "45 CFR 164.402 \"unsecured\"; HHS guidance, 74 FR 19006", "the information was not unsecured: encrypted or destroyed as the guidance says, and the key was safe") {
		return
	}
	if p.Encrypted == fact.Yes && p.Locked != fact.Yes {
		a.why("45 CFR 164.402 \"unsecured\"; HHS guidance, 74 FR 19006", "it was encrypted, but was open at the time or may have been, so it was unsecured")
	} else if p.Encrypted == fact.Yes && p.KeySafe != fact.Yes {
		a.why("45 CFR 164.402 \"unsecured\"; HHS guidance, 74 FR 19006", "it was encrypted, but the key may have been lost too, so it was unsecured")
	}
	if in.Exclusion.Kind != "" {
		citation := "45 CFR 164.402 breach (1)(" + map[ExclusionKind]string{WorkforceAccess: "i", Inadvertent: "ii", NotRetained: "iii"}[in.Exclusion.Kind] + ")"
		if in.Exclusion.holds() {
			if no(Excluded, citation, "the exclusion applies: "+string(in.Exclusion.Kind)) {
				return
			}
		} else {
			a.why(citation, "the exclusion is claimed, but not all facts it needs are known to be so")
		}
	}
	if in.Factors.low() && no(LowProbability, "45 CFR 164.402 breach (2)", "a low probability of compromise is shown on all four factors") {
		return
	}
	a.out.Verdict = Breach
	if in.Factors != (Factors{}) && !in.Factors.low() {
		a.why("45 CFR 164.402 breach (2)", "not all four factors are low")
	}
	a.why("45 CFR 164.402 breach (2), 164.414(b)", "an impermissible use or disclosure of unsecured information is presumed to be a breach, and the presumption is not rebutted")
}

// discover finds each party's day, and carries an agent's knowledge upward.
func (a *assessment) discover() {
	a.found = map[string]*Discovery{}
	actual := map[string]civil.Date{}
	for i := range a.in.Parties {
		p := &a.in.Parties[i]
		d := &Discovery{Party: p.ID}
		for _, k := range p.Knew {
			switch {
			case k.Wrongdoer || k.On == 0:
				continue
			case k.Knowable:
				if a.in.NotDiligence == "" {
					d.On = earlier(d.On, k.On)
				}
			default:
				d.On, actual[p.ID] = earlier(d.On, k.On), earlier(actual[p.ID], k.On)
			}
		}
		a.found[p.ID] = d
	}
	for range a.in.Edges { // far enough for the longest chain
		for i := range a.in.Edges {
			e := &a.in.Edges[i]
			from, to := a.found[e.From], a.found[e.To]
			if from == nil || to == nil {
				continue
			}
			if e.Told != 0 {
				if earlier(to.On, e.Told) != to.On {
					to.On, to.Imputed = e.Told, false
				}
				actual[e.To] = earlier(actual[e.To], e.Told)
			}
			if e.Agent != fact.No && from.On != 0 && earlier(to.On, from.On) != to.On {
				to.On, to.Imputed = from.On, true
			}
			a.missing(e.Agent != fact.Unknown, "whether "+e.From+" is an agent of "+e.To+"; taken as yes")
		}
	}
	for i := range a.in.Parties {
		d := a.found[a.in.Parties[i].ID]
		if act := actual[d.Party]; act != 0 && act > d.On {
			d.Actual = act
		}
		a.out.Discovered = append(a.out.Discovered, *d)
	}
}

// earlier is the earlier of two days, where none is later than any.
func earlier(a, b civil.Date) civil.Date {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// party finds what a covered entity owes.
func (a *assessment) party(p *Party) {
	d := a.found[p.ID]
	if !p.Covered && !p.Part2 {
		return
	}
	if d.On == 0 {
		a.missing(false, "the day "+p.ID+" learned of it; its clock begins when it is told or could know")
		return
	}
	c := p.count(a.in.AsOf)
	filed := p.Part2 && c.Part2 > 0 && d.On >= part2Compliance
	basis := "45 CFR 164.404(b)"
	switch {
	case d.Imputed:
		basis = "45 CFR 164.404(a)(2), (b) (agent's knowledge)"
	case d.Actual != 0:
		basis = "45 CFR 164.404(a)(2) (reasonable diligence), (b)"
	}
	if filed {
		basis += "; 42 CFR 2.16(b)"
	}
	due := d.On + outer
	if !p.Covered { // a Part 2 program that HIPAA does not reach
		if d.On < part2Compliance {
			return
		}
		basis, filed = "42 CFR 2.16(b)", true
	}
	a.notice(p, "individuals", due, basis, "without unreasonable delay, by first-class mail or agreed e-mail", d)
	a.substitute(p, due)
	annual := civil.Of(d.On.Year(), time.December, 31) + outer
	if !p.Covered {
		c.Part2 = max(c.Part2, c.Total)
	} else if c.Total >= 500 {
		a.notice(p, "HHS", due, "45 CFR 164.408(b)", strconv.Itoa(c.Total)+" individuals, 500 or more: contemporaneously with the individuals", d)
	} else {
		a.notice(p, "HHS annual log", annual, "45 CFR 164.408(c)", "fewer than 500 individuals: 60 days after the end of the year of discovery", nil)
		a.not(p.ID, "HHS", "45 CFR 164.408(b)", "fewer than 500 individuals of this entity")
	}
	if filed {
		if c.Part2 >= 500 {
			a.notice(p, "HHS Part 2", due, "42 CFR 2.16(b)", "filed apart from the HIPAA report", d)
		} else {
			a.notice(p, "HHS Part 2 annual log", annual, "42 CFR 2.16(b)", "filed apart from the HIPAA report", nil)
		}
	}
	a.media(p, c, due, d)
	a.overlay(p, c, d)
}

// media finds the States whose media are told: more than 500 residents, 164.406.
func (a *assessment) media(p *Party, c Count, due civil.Date, d *Discovery) {
	sum, told := 0, false
	for _, state := range c.states() {
		n := c.Residents[state]
		sum += n
		if n > 500 {
			told = true
			a.notice(p, "media "+state, due, "45 CFR 164.406", strconv.Itoa(n)+" residents, more than 500", d)
		}
	}
	if c.Total-sum > 500 {
		a.missing(false, "where "+strconv.Itoa(c.Total-sum)+" people of "+p.ID+" live; media may have to be told")
	} else if !told {
		a.not(p.ID, "media", "45 CFR 164.406", "no State has more than 500 residents of this entity")
	}
}

// substitute says how people are told whose address is not good.
func (a *assessment) substitute(p *Party, due civil.Date) {
	switch {
	case p.Unreachable >= 10:
		a.notice(p, "substitute notice", due, "45 CFR 164.404(d)(2)(ii)", "ten or more cannot be reached: home page for 90 days or major media, with a toll-free number for 90 days", nil)
	case p.Unreachable > 0:
		a.notice(p, "substitute notice", due, "45 CFR 164.404(d)(2)(i)", "fewer than ten cannot be reached: another written notice, telephone or other means", nil)
	}
	if p.Urgent {
		a.out.Keep = append(a.out.Keep, Reason{"45 CFR 164.404(d)(3)", "misuse may be imminent: telephone as well, at once"})
	}
}

// not records a notification that is not required.
func (a *assessment) not(by, to, basis, text string) {
	a.out.NotRequired = append(a.out.NotRequired, NotNeeded{by, to, basis, text})
}

// notice adds a notification, moved by holds; d, where given, lets the other
// reading of discovery be shown.
func (a *assessment) notice(p *Party, to string, due civil.Date, basis, text string, d *Discovery) {
	n := Notice{By: p.ID, To: to, Due: due, Basis: basis, Text: text}
	a.moved(&n, p.Covered)
	if d != nil && d.Actual != 0 && !d.Imputed {
		alt := Notice{By: p.ID, To: to, Due: d.Actual + outer, Basis: "45 CFR 164.404(a)(2) (actual knowledge)",
			Text: "only by a recorded, approved decision that reasonable diligence would not have shown it earlier"}
		a.out.Alternatives = append(a.out.Alternatives, alt)
	}
	a.out.Notices = append(a.out.Notices, n)
}

// moved applies the holds that were made to the party, 164.412. Conservative: due
// on the first day after the hold, if that is later than day 60. Tolling, which
// counts the days of the hold out, needs counsel's recorded decision.
func (a *assessment) moved(n *Notice, covered bool) {
	plain := n.Due
	for _, h := range a.in.Holds {
		if h.Party != n.By && !(h.Party == "" && covered) || h.From > n.Due {
			continue // made to somebody else, or when the date had passed
		}
		after := h.through() + 1
		tolled := h.through() + (plain - h.From)
		paragraph := "45 CFR 164.412(a)"
		if !h.Written {
			paragraph = "45 CFR 164.412(b)"
		}
		if after > plain && a.in.Tolling == "" {
			a.out.Alternatives = append(a.out.Alternatives, Notice{By: n.By, To: n.To, Due: tolled, Basis: paragraph,
				Text: "tolling: only with counsel's recorded decision"})
		}
		if a.in.Tolling != "" && tolled > n.Due && h.through() >= h.From {
			n.Due, n.Basis = tolled, paragraph+"; "+a.in.Tolling
		} else if after > n.Due {
			n.Due, n.Basis = after, paragraph
		}
	}
}

// edges finds what associates owe whom they work for, by law and by contract.
func (a *assessment) edges() {
	for i := range a.in.Edges {
		e := &a.in.Edges[i]
		d := a.found[e.From]
		if d == nil || d.On == 0 {
			a.missing(false, "the day "+e.From+" learned of it")
			continue
		}
		n := Notice{By: e.From, To: e.To, Due: d.On + outer, Basis: "45 CFR 164.410(b)", Text: "without unreasonable delay, with the identity of each individual and what the notice needs", Sent: e.Told}
		a.moved(&n, false)
		a.out.Notices = append(a.out.Notices, n)
		due, text := civil.Date(0), ""
		switch {
		case e.BusinessDays > 0:
			due, text = businessDays(d.On, e.BusinessDays), strconv.Itoa(e.BusinessDays)+" business days after discovery"
		case e.Hours > 0:
			due, text = d.On+civil.Date((e.Hours+23)/24), strconv.Itoa(e.Hours)+" hours after discovery"
		}
		if due != 0 {
			c := Contract{By: e.From, To: e.To, Due: due, Met: e.Told, Text: "the agreement asks for a report within " + text}
			switch {
			case e.Told > due:
				c.Late = int(e.Told - due)
				c.Text += ", missed by " + strconv.Itoa(c.Late) + " days: a finding about the associate"
			case e.Told == 0 && a.in.AsOf > due:
				c.Late = int(a.in.AsOf - due)
				c.Text += ", overdue"
			}
			a.out.Contract = append(a.out.Contract, c)
		}
	}
}

// businessDays counts working days, Monday to Friday; holidays are the contract's
// matter and not known here.
func businessDays(from civil.Date, n int) civil.Date {
	for n > 0 {
		from++
		if w := from.Weekday(); w != time.Saturday && w != time.Sunday {
			n--
		}
	}
	return from
}

func (a *assessment) hold() {
	for _, h := range a.in.Holds {
		basis := "45 CFR 164.412(a)"
		if !h.Written {
			basis = "45 CFR 164.412(b)"
			a.missing(h.Officer != "", "the record of the official's identity for the oral statement of "+h.From.String())
		}
		a.out.Holds = append(a.out.Holds, Held{h.Party, h.From, h.through(), basis})
	}
}

// keep lists what stays to be done whatever the verdict.
func (a *assessment) keep() {
	add := func(citation, text string) { a.out.Keep = append(a.out.Keep, Reason{citation, text}) }
	if a.in.PHI != fact.No {
		add("45 CFR 164.414(b), 164.530(j)", "the record of the incident and the reasons for this answer, for six years")
		if a.in.Permitted != fact.Yes && a.in.Disclosure != fact.No {
			add("45 CFR 164.528", "an impermissible disclosure is entered in the accounting of every patient in it, breach or not")
		}
	}
	if len(a.in.Holds) > 0 {
		add("45 CFR 164.412", "no notice goes out during a hold, filings and substitute notice included; the statement itself is evidence")
	}
}

// settle orders the notices, and tells what is late.
func (a *assessment) settle() {
	for i := range a.out.Notices {
		n := &a.out.Notices[i]
		for _, s := range a.in.Sent {
			if s.By == n.By && s.To == n.To {
				n.Sent = earlier(n.Sent, s.On)
			}
		}
		switch n.Due.Weekday() {
		case time.Saturday:
			n.Internal = n.Due - 1
		case time.Sunday:
			n.Internal = n.Due - 2
		}
		switch {
		case n.Sent > n.Due:
			n.Late = int(n.Sent - n.Due)
		case n.Sent == 0 && a.in.AsOf > n.Due:
			n.Overdue = int(a.in.AsOf - n.Due)
		}
	}
	slices.SortStableFunc(a.out.Notices, func(x, y Notice) int { return int(x.Due - y.Due) })
	for _, list := range []*[]Reason{&a.out.Why, &a.out.Keep} {
		if *list == nil {
			*list = []Reason{}
		}
	}
	if a.out.Notices == nil {
		a.out.Notices = []Notice{}
	}
}
