package page

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/agreement"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// A sheet is one agreement as it is shown to one of its parties.
type sheet struct {
	agreement.Sheet
	viewer  viewer
	version agreement.Version // the one that is shown
	people  map[string]string
}

// chosen picks the version that the address asks for, else the one that matters now.
func chosen(r *http.Request, s agreement.Sheet) (agreement.Version, error) {
	q := r.URL.Query().Get("version")
	if q == "" {
		if v, ok := s.Contract.Pending(); ok {
			return v, nil
		}
		v, _ := s.Contract.Version(s.Row.Version)
		return v, nil
	}
	n, err := strconv.Atoi(q)
	v, ok := s.Contract.Version(n)
	if err != nil || !ok {
		return v, ledger.Unknown("version")
	}
	return v, nil
}

func (p Page) sheet(r *http.Request) (sheet, error) {
	v, s, err := p.look(r)
	if err != nil {
		return sheet{}, err
	}
	x := sheet{Sheet: s, viewer: v}
	if x.version, err = chosen(r, s); err != nil {
		return x, err
	}
	var ids []string
	for _, e := range s.History {
		ids = append(ids, e.Person)
	}
	for _, e := range s.Reviews {
		ids = append(ids, e.Person)
	}
	slices.Sort(ids)
	x.people, err = p.Directory.People(r.Context(), v.actor, slices.Compact(ids))
	return x, err
}

func (p Page) show(w http.ResponseWriter, r *http.Request) error {
	x, err := p.sheet(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, showPage(x))
}

func (p Page) termsCSV(w http.ResponseWriter, r *http.Request) error {
	x, err := p.sheet(r)
	if err != nil {
		return err
	}
	return web.CSV(w, "agreement-terms.csv", []string{"Id", "Term", "Check", "What it says", "Citation", "Warning"}, func(yield func([]string) bool) {
		for _, t := range x.check() {
			if !yield([]string{t.ID, t.Title, string(t.Mark), t.Text, t.Citation, t.Warning}) {
				return
			}
		}
	})
}

// changes shows what differs between two versions: by default between the version
// that the viewer's organization signed last, or the one before, and the newest.
func (p Page) changes(w http.ResponseWriter, r *http.Request) error {
	v, s, err := p.look(r)
	if err != nil {
		return err
	}
	to := s.Contract.Latest()
	from, ok := s.Contract.LastSigned(v.actor.Org)
	if !ok || from.N == to.N {
		from, _ = s.Contract.Version(max(to.N-1, 1))
	}
	for name, which := range map[string]*agreement.Version{"from": &from, "to": &to} {
		if q := r.URL.Query().Get(name); q != "" {
			n, err := strconv.Atoi(q)
			x, ok := s.Contract.Version(n)
			if err != nil || !ok {
				return ledger.Unknown("version")
			}
			*which = x
		}
	}
	return web.Render(w, r, http.StatusOK, changesPage(v, s, from, to))
}

func (x sheet) check() []agreement.Term {
	return agreement.Check(x.version.Instrument, x.viewer.name(x.Contract.Upstream), x.viewer.name(x.Contract.Downstream), x.viewer.name)
}

// sorted splits the check: what needs attention, the other clauses of the text, and
// the other terms that gate data.
func sorted(terms []agreement.Term) (attention, text, gates []agreement.Term) {
	for _, t := range terms {
		switch {
		case t.Mark != agreement.Present:
			attention = append(attention, t)
		case strings.HasPrefix(t.ID, "terms."):
			gates = append(gates, t)
		default:
			text = append(text, t)
		}
	}
	return attention, text, gates
}

// until is the last day of the version that is shown, or of the agreement if it was
// terminated before.
func (x sheet) until() string {
	if x.Contract.Termination.Effective != 0 && x.version.N == x.Row.Version {
		return ending(x.Row)
	}
	return lastDay(x.version)
}

// ending is the last day of an agreement. One that was terminated on its first day has
// none.
func ending(r agreement.Row) string {
	if r.End != 0 && r.End < r.Start {
		return "None: it ended on its first day"
	}
	return day(r.End)
}

// plain picks the terms that a person asks about first.
func (x sheet) plain() (facts []web.Fact) {
	for _, t := range agreement.Describe(x.version.Instrument.Terms, x.viewer.name) {
		switch t.ID {
		case "terms.purposes", "terms.activities", "terms.elements", "terms.further_use", "terms.aggregate", "terms.deidentify", "terms.flow_down", "terms.breach_hours", "terms.at_end":
			facts = append(facts, web.Fact{Term: t.Title, Value: t.Text})
		}
	}
	return facts
}

// who names the actor of an event, for the organization acted for.
func (x sheet) who(person, org string) string {
	if name := x.people[person]; name != "" {
		return name + ", " + x.viewer.name(org)
	}
	return x.viewer.name(org)
}

func (x sheet) history() (out []web.Moment) {
	for _, e := range x.History {
		n := strconv.Itoa(e.Version)
		m := web.Moment{At: e.At, Who: x.who(e.Person, e.Org), Note: e.Note, Tone: web.Info}
		if x.viewer.can("ledger.see") {
			m.Href = "/ledger/" + strconv.FormatInt(e.Seq, 10)
		}
		if e.Gone {
			m.Note = "The note was disposed of."
		}
		switch e.Type {
		case "agreement.offered":
			m.What = "Offered"
		case "agreement.amended":
			m.What, m.Tone = "Version "+n+" proposed", web.Wait
		case "agreement.renewed":
			m.What, m.Tone = "Renewal proposed as version "+n, web.Wait
		case "agreement.signed":
			m.What, m.Tone = "Version "+n+" signed", web.Good
		case "agreement.withdrawn":
			m.What, m.Tone = "Version "+n+" withdrawn", web.Plain
		case "agreement.terminated":
			m.What, m.Tone = "Terminated", web.Bad
		case "agreement.return-due":
			m.What, m.Who, m.Tone = "Return or destruction of the data due", x.viewer.name(e.Org), web.Warn
		}
		out = append(out, m)
	}
	return out
}

// actions are the forms that the viewer can open now, the most pressing first.
type action struct {
	href, label string
	pressing    bool // somebody waits for it
}

func (x sheet) actions() (out []action) {
	c := x.Contract
	at := "/agreements/" + c.ID
	add := func(ok bool, permission, path, label string, pressing bool) {
		if ok && x.viewer.can(permission) {
			out = append(out, action{at + path, label, pressing})
		}
	}
	pending, isPending := c.Pending()
	concluded, isConcluded := c.Concluded()
	_, signed := pending.Signature(x.viewer.actor.Org)
	goes := c.Termination.Effective == 0
	live := x.Row.Status == agreement.InForce || x.Row.Status == agreement.Later || x.Row.Status == agreement.Deficient
	lacks := isPending && len(missing(pending)) > 0
	add(goes && lacks, "agreement.amend", "/amend", "Add the missing terms", true)
	add(goes && isPending && !signed && !lacks, "agreement.sign", "/sign", "Sign version "+strconv.Itoa(pending.N), true)
	add(goes && isConcluded && !isPending && concluded.End != 0, "agreement.renew", "/renew", "Renew", x.Row.Next == agreement.Renewal || x.Row.Status == agreement.Expired)
	add(goes && !lacks, "agreement.amend", "/amend", "Propose an amendment", x.Row.Status == agreement.Deficient)
	add(true, "agreement.review", "/review", "Record a review", false)
	add(isConcluded && live, "agreement.terminate", "/terminate", "Terminate", false)
	return out
}

// mayWithdraw reports whether the viewer can take back or decline the pending version.
func (x sheet) mayWithdraw() (agreement.Version, bool) {
	v, ok := x.Contract.Pending()
	return v, ok && x.Contract.Termination.Effective == 0 && x.viewer.can("agreement.withdraw")
}

// withdrawal names that from the viewer's side.
func (x sheet) withdrawal(v agreement.Version) string {
	if v.By == x.viewer.actor.Org {
		return "Withdraw version " + strconv.Itoa(v.N)
	}
	return "Decline version " + strconv.Itoa(v.N)
}

// objections returns the viewer's own newest review of the version, if it asked for
// changes.
func objections(s agreement.Sheet, version int) (agreement.Review, bool) {
	for _, r := range s.Reviews {
		if r.Version == version {
			return r, r.Finding == agreement.Objections
		}
	}
	return agreement.Review{}, false
}

// standing says where a version stands.
func standing(c agreement.Contract, v agreement.Version, s agreement.Sheet) (web.Tone, string) {
	governing, governs := c.Governing(today(s))
	switch {
	case v.Withdrawn:
		return web.Plain, "Withdrawn"
	case v.Signed == 0 && v.N < c.Latest().N:
		return web.Plain, "Replaced before both signed"
	case v.Signed == 0 && len(missing(v)) > 0:
		return web.Warn, "Terms missing"
	case v.Signed == 0:
		return web.Wait, "Waiting for signatures"
	case governs && v.N == governing.N && s.Row.Status == agreement.InForce:
		return web.Good, "In force"
	case v.Start > today(s):
		return web.Info, "Signed, not yet begun"
	case governs && v.N == governing.N:
		return tone(s.Row.Status), sentence(string(s.Row.Status))
	}
	return web.Plain, "Replaced"
}

func markTone(m agreement.Mark) web.Tone {
	switch m {
	case agreement.Missing:
		return web.Bad
	case agreement.Broad:
		return web.Warn
	}
	return web.Good
}

// roleOf is the role in words of who looks, for the sentence beside a signature.
func roleOf(v viewer) string { return access.Title(phi.Role(v.actor.Role)) }
