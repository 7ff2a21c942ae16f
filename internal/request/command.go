package request

import (
	"context"
	"slices"
	"strings"

	"chaperone.example/internal/fault"
	"chaperone.example/law"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Submit asks for data. It starts a stream.
type Submit struct {
	Ask     Ask       `json:"ask"`
	Details Details   `json:"details"`
	Known   law.Facts `json:"known,omitzero"` // gathered, never entered
	Sources Sources   `json:"-"`
}

// Action implements [ledger.Command].
func (Submit) Action() string { return "request.submit" }

// Begins implements [ledger.Beginning].
func (Submit) Begins() {}

// Gather implements [ledger.Gatherer].
func (c Submit) Gather(ctx context.Context, r *ledger.Reading, _ Inquiry) (ledger.Command[Inquiry], error) {
	var err error
	c.Known, err = c.Sources.look(ctx, r, r.Scope().Actor, c.Ask, c.Details)
	return c, err
}

// look checks an ask, finds everybody it names, and gathers the facts.
func (s Sources) look(ctx context.Context, r *ledger.Reading, who ledger.Actor, a Ask, d Details) (law.Facts, error) {
	if err := a.check(); err != nil {
		return law.Facts{}, err
	}
	if err := d.check(a.Form); err != nil {
		return law.Facts{}, err
	}
	orgs, err := s.Directory.Organizations(ctx, r)
	if err != nil {
		return law.Facts{}, err
	}
	named := append([]string{a.Discloser}, a.Combines...)
	if a.Consortium != "" {
		named = append(named, a.Consortium)
	}
	for _, id := range named {
		if !slices.ContainsFunc(orgs, func(o Organization) bool { return o.ID == id }) {
			return law.Facts{}, ledger.Unknown("organization")
		}
	}
	people, err := s.Directory.Recipients(ctx, r)
	if err != nil {
		return law.Facts{}, err
	}
	for _, id := range a.Recipients {
		if !slices.ContainsFunc(people, func(p Recipient) bool { return p.ID == id }) {
			return law.Facts{}, fault.New(fault.NotFound, "there is no such recipient in your organization with a registered key")
		}
	}
	return s.gather(ctx, r, who, a, nil)
}

// Decide implements [ledger.Command].
func (c Submit) Decide(_ Inquiry, m ledger.Moment) ([]ledger.Event, error) {
	if err := c.Ask.check(); err != nil {
		return nil, err
	}
	if err := c.Details.check(c.Ask.Form); err != nil {
		return nil, err
	}
	d, err := c.Sources.decide(1, AtSubmission, m.Actor, c.Ask, c.Known, m.Now)
	if err != nil {
		return nil, err
	}
	return []ledger.Event{
		ledger.Sealed{Event: Submitted{By: m.Actor.ID, Role: phi.Role(m.Actor.Role), Recipient: m.Actor.Org, Ask: c.Ask}, Subject: subject(m.ID), Details: c.Details},
		d,
	}, nil
}

func subject(id string) string { return "request/" + id }

// Amend asks for less than before. It is decided anew, as the next version.
type Amend struct {
	Ask     Ask       `json:"ask"`
	Details Details   `json:"details"`
	Known   law.Facts `json:"known,omitzero"` // gathered, never entered
	Sources Sources   `json:"-"`
}

// Action implements [ledger.Command].
func (Amend) Action() string { return "request.amend" }

// Gather implements [ledger.Gatherer].
func (c Amend) Gather(ctx context.Context, r *ledger.Reading, q Inquiry) (ledger.Command[Inquiry], error) {
	if q.Recipient != r.Scope().Org {
		return c, notAsker
	}
	var err error
	c.Known, err = c.Sources.look(ctx, r, r.Scope().Actor, c.Ask, c.Details)
	return c, err
}

var notAsker = fault.New(fault.Forbidden, "only the organization that asked can do this")

// Decide implements [ledger.Command].
func (c Amend) Decide(q Inquiry, m ledger.Moment) ([]ledger.Event, error) {
	if q.Recipient != m.Actor.Org {
		return nil, notAsker
	}
	if q.Status == Granted || q.Status == Gone {
		return nil, fault.New(fault.Refused, "the request is %s and can no longer be amended: make a new one", q.Status)
	}
	if err := c.Ask.check(); err != nil {
		return nil, err
	}
	if err := c.Details.check(c.Ask.Form); err != nil {
		return nil, err
	}
	if err := q.Ask.narrows(c.Ask); err != nil {
		return nil, err
	}
	d, err := c.Sources.decide(q.Version+1, AtAmendment, q.who(), c.Ask, c.Known, m.Now)
	if err != nil {
		return nil, err
	}
	return []ledger.Event{
		ledger.Sealed{Event: Amended{By: m.Actor.ID, Version: q.Version + 1, Ask: c.Ask}, Subject: subject(m.ID), Details: c.Details},
		d,
	}, nil
}

// Reconsider asks the law again on the facts of today: an agreement may have been
// amended, or have ended. Nothing is recorded when the answer is the same.
type Reconsider struct {
	Known   law.Facts `json:"known,omitzero"` // gathered, never entered
	Sources Sources   `json:"-"`
}

// Action implements [ledger.Command].
func (Reconsider) Action() string { return "request.reconsider" }

// Gather implements [ledger.Gatherer].
func (c Reconsider) Gather(ctx context.Context, r *ledger.Reading, q Inquiry) (ledger.Command[Inquiry], error) {
	var err error
	c.Known, err = c.Sources.gather(ctx, r, q.who(), q.Ask, nil)
	return c, err
}

// Decide implements [ledger.Command].
func (c Reconsider) Decide(q Inquiry, m ledger.Moment) ([]ledger.Event, error) {
	if q.Status != Denied && q.Status != Awaiting {
		return nil, settled(q)
	}
	d, err := c.Sources.decide(q.Version, AtReconsideration, q.who(), q.Ask, c.Known, m.Now)
	if err != nil {
		return nil, err
	}
	before, err := q.Decision()
	if err != nil {
		return nil, err
	}
	after, err := d.Decision()
	if err != nil {
		return nil, err
	}
	if same(before, after) && window(before) == window(after) && slices.Equal(classes(before), classes(after)) && slices.EqualFunc(before.Remedies, after.Remedies, sameChanges) {
		return nil, nil
	}
	return []ledger.Event{d}, nil
}

func sameChanges(a, b law.Remedy) bool { return slices.Equal(a.Changes, b.Changes) }

func settled(q Inquiry) error {
	return fault.New(fault.Refused, "the request is %s: there is nothing left to decide", q.Status)
}

// Approve lets the data go, from datasets that the organization asked chooses.
type Approve struct {
	Decision string    `json:"decision,omitempty"` // the decision that the approver looked at; empty: the newest
	Datasets []string  `json:"datasets"`
	Partial  bool      `json:"partial,omitempty"` // release even without elements that no chosen dataset holds
	Sets     []Dataset `json:"sets,omitempty"`    // gathered, never entered
	Known    law.Facts `json:"known,omitzero"`    // gathered, never entered
	Sources  Sources   `json:"-"`
}

// Action implements [ledger.Command].
func (Approve) Action() string { return "request.approve" }

// Gather implements [ledger.Gatherer].
func (c Approve) Gather(ctx context.Context, r *ledger.Reading, q Inquiry) (ledger.Command[Inquiry], error) {
	if err := c.may(q, r.Scope().Actor); err != nil {
		return c, err
	}
	c.Sets = nil
	for _, id := range c.Datasets {
		d, err := c.Sources.Datasets.Dataset(ctx, r, id)
		if err != nil {
			return c, err
		}
		d.ID = id
		c.Sets = append(c.Sets, d)
	}
	var err error
	c.Known, err = c.Sources.gather(ctx, r, q.who(), q.Ask, c.Sets)
	return c, err
}

// may reports why the actor cannot approve the request as it stands.
func (c Approve) may(q Inquiry, a ledger.Actor) error {
	switch {
	case q.Ask.Discloser != a.Org:
		return notAsked
	case q.Status == Denied:
		return fault.New(fault.Refused, "the law denies this request, and nobody can approve what it denies: the page says what would have to change")
	case q.Status != Awaiting:
		return settled(q)
	case q.By == a.ID:
		return fault.New(fault.Refused, "you asked for these data yourself: a second person decides, so ask another data steward or the privacy officer")
	case c.Decision != "" && c.Decision != q.Decided.ID:
		return fault.New(fault.Conflict, "the request was decided anew since you opened it: look at the newest decision, then approve")
	case len(c.Datasets) == 0:
		return invalid("choose at least one dataset to release from")
	case repeats(c.Datasets):
		return invalid("a dataset is listed twice: list it once")
	}
	return nil
}

var notAsked = fault.New(fault.Forbidden, "only the organization asked decides about its data")

// Decide implements [ledger.Command].
func (c Approve) Decide(q Inquiry, m ledger.Moment) ([]ledger.Event, error) {
	if err := c.may(q, m.Actor); err != nil {
		return nil, err
	}
	fresh, err := c.Sources.decide(q.Version, AtApproval, q.who(), q.Ask, c.Known, m.Now)
	if err != nil {
		return nil, err
	}
	before, err := q.Decision()
	if err != nil {
		return nil, err
	}
	now, err := fresh.Decision()
	if err != nil {
		return nil, err
	}
	if now.Outcome == law.Deny {
		return nil, fault.New(fault.Refused, "the law now denies this request: %s. Nothing was approved", strings.TrimSuffix(Why(now), "."))
	}
	if !same(before, now) {
		return nil, fault.New(fault.Refused, "the law's answer is no longer the one you looked at: %s. Have it decided again, look at the new answer, then approve", strings.TrimSuffix(Difference(before, now), "."))
	}
	missing, err := c.covered(q, now)
	if err != nil {
		return nil, err
	}
	return []ledger.Event{fresh, Approved{By: m.Actor.ID, Version: q.Version, Decision: fresh.ID, Datasets: c.Datasets, Missing: missing}}, nil
}

// covered returns the permitted elements that none of the datasets holds, and refuses
// datasets that cannot serve.
func (c Approve) covered(q Inquiry, d law.Decision) ([]string, error) {
	if len(c.Sets) != len(c.Datasets) {
		return nil, ledger.Unknown("dataset")
	}
	var missing, titles []string
	held := 0
	for _, l := range d.Lines {
		switch {
		case l.Treatment == law.Dropped:
		case slices.ContainsFunc(c.Sets, func(s Dataset) bool { return s.holds(l.Element) }):
			held++
		default:
			missing, titles = append(missing, l.Element), append(titles, l.Title)
		}
	}
	for i, s := range c.Sets {
		if lack := s.Lacks(q.Ask.Population); lack != "" {
			return nil, fault.New(fault.Refused, "dataset %d of those chosen holds no %s, so the population asked for cannot be told in it: choose another", i+1, lack)
		}
		if !slices.ContainsFunc(d.Lines, func(l law.Line) bool { return l.Treatment != law.Dropped && s.holds(l.Element) }) {
			return nil, fault.New(fault.Refused, "dataset %d of those chosen holds none of the elements permitted: leave it out", i+1)
		}
	}
	if held == 0 {
		return nil, fault.New(fault.Refused, "none of the elements permitted is in the datasets chosen: choose others")
	}
	if len(missing) > 0 && !c.Partial {
		return nil, fault.New(fault.Refused, "the datasets chosen do not hold: %s. Choose a further dataset, or say that the data shall go without them", strings.Join(titles, ", "))
	}
	return missing, nil
}

// Refuse declines the request for the organization asked.
type Refuse struct {
	Reason Ground `json:"reason"`
	Note   Note   `json:"note,omitzero"`
}

// A Note is a word to the person who asked. It is sealed.
type Note struct {
	Text string `json:"text,omitempty"`
}

// Action implements [ledger.Command].
func (Refuse) Action() string { return "request.refuse" }

// Decide implements [ledger.Command].
func (c Refuse) Decide(q Inquiry, m ledger.Moment) ([]ledger.Event, error) {
	switch {
	case q.Ask.Discloser != m.Actor.Org:
		return nil, notAsked
	case q.Status != Awaiting && q.Status != Denied:
		return nil, settled(q)
	case c.Reason.Title() == "":
		return nil, invalid("choose the reason of the refusal from the list")
	case c.Reason == Otherwise && strings.TrimSpace(c.Note.Text) == "":
		return nil, invalid("say why in a note: another reason needs words")
	case len([]rune(c.Note.Text)) > maxStatement:
		return nil, invalid("the note is longer than %d characters: shorten it", maxStatement)
	case numbersPerson(c.Note.Text):
		return nil, invalid("the note holds a long number, such as a record number: remove whatever points to a patient")
	}
	e := Refused{By: m.Actor.ID, Version: q.Version, Reason: c.Reason}
	if c.Note.Text == "" {
		return []ledger.Event{e}, nil
	}
	return []ledger.Event{ledger.Sealed{Event: e, Subject: subject(m.ID), Details: c.Note}}, nil
}

// Withdraw takes the request back, for the organization that asked.
type Withdraw struct{}

// Action implements [ledger.Command].
func (Withdraw) Action() string { return "request.withdraw" }

// Decide implements [ledger.Command].
func (Withdraw) Decide(q Inquiry, m ledger.Moment) ([]ledger.Event, error) {
	switch {
	case q.Recipient != m.Actor.Org:
		return nil, notAsker
	case q.Status == Granted:
		return nil, fault.New(fault.Refused, "the request is approved: what is released on it ends with the release, which its steward can revoke")
	case q.Status == Gone:
		return nil, settled(q)
	}
	return []ledger.Event{Withdrawn{By: m.Actor.ID, Version: q.Version}}, nil
}

// A Ground is why the organization asked refuses. The names are stable.
type Ground string

// The grounds.
const (
	NotHeld    Ground = "not-held"
	TooMuch    Ground = "too-much"
	Unclear    Ground = "unclear"
	Restricted Ground = "restricted"
	Unsafe     Ground = "unsafe"
	Infeasible Ground = "infeasible"
	Instead    Ground = "instead"
	Otherwise  Ground = "other"
)

// Grounds lists the grounds of refusal.
func Grounds() []Ground {
	return []Ground{NotHeld, TooMuch, Unclear, Restricted, Unsafe, Infeasible, Instead, Otherwise}
}

// Title says the ground in plain words, empty if it is unknown.
func (g Ground) Title() string {
	switch g {
	case NotHeld:
		return "We do not hold these data"
	case TooMuch:
		return "More is asked for than the purpose needs"
	case Unclear:
		return "The purpose does not follow from the statement or the agreement"
	case Restricted:
		return "Patients asked that these data not be shared, and we agreed"
	case Unsafe:
		return "The safeguards of the recipients are in doubt"
	case Infeasible:
		return "What may be shared cannot be separated from what may not"
	case Instead:
		return "We offer the data in another manner"
	case Otherwise:
		return "Another reason, said in the note"
	}
	return ""
}

// Citation names the law that the ground rests on, with the exception to information
// blocking (45 CFR part 171) where refusing needs one; empty where there is none to name.
func (g Ground) Citation() string {
	switch g {
	case TooMuch, Unclear:
		return "45 CFR 164.502(b), 164.514(d); 171.202(b)"
	case Restricted:
		return "45 CFR 164.522(a); 171.202(e)"
	case Unsafe:
		return "45 CFR 171.203"
	case Infeasible:
		return "45 CFR 171.204"
	case Instead:
		return "45 CFR 171.301"
	}
	return ""
}
