package agreement

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"chaperone.example/internal/fault"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/law/purpose"
	"chaperone.example/ledger"
)

// Parties tells what an organization is. It reads the organization's stream by
// [ledger.Read], and answers [ledger.Unknown] for one that does not exist.
type Parties interface {
	Organization(ctx context.Context, r *ledger.Reading, id string) (law.Organization, error)
}

// maxNote is the longest note, in characters.
const maxNote = 4000

// Offer starts a contract. The actor's organization is one of the two parties.
type Offer struct {
	Upstream   string // organization whose data it is
	Downstream string // organization that receives
	Instrument instrument.Instrument
	Start, End civil.Date // first and last day; none: when both have signed, open
	Note       string     // to the other party

	Parties Parties            `json:"-"`
	Between []law.Organization // what Gather found of the two
}

// Action implements [ledger.Command].
func (Offer) Action() string { return "agreement.offer" }

// Begins implements [ledger.Beginning].
func (Offer) Begins() {}

// Gather implements [ledger.Gatherer].
func (c Offer) Gather(ctx context.Context, r *ledger.Reading, _ Contract) (ledger.Command[Contract], error) {
	c.Between = nil
	for _, id := range []string{c.Upstream, c.Downstream} {
		if !isID(id) {
			return nil, ledger.Unknown("organization")
		}
		o, err := c.Parties.Organization(ctx, r, id)
		if err != nil {
			return nil, err
		}
		c.Between = append(c.Between, o)
	}
	return c, nil
}

// Decide implements [ledger.Command].
func (c Offer) Decide(s Contract, m ledger.Moment) ([]ledger.Event, error) {
	if len(s.Versions) > 0 {
		return nil, fault.New(fault.Refused, "this agreement exists already: propose an amendment instead")
	}
	switch {
	case c.Upstream == c.Downstream:
		return nil, fault.New(fault.Invalid, "an agreement needs two organizations: choose another one")
	case m.Actor.Org == "" || m.Actor.Org != c.Upstream && m.Actor.Org != c.Downstream:
		return nil, fault.New(fault.Invalid, "your own organization has to be one of the two parties")
	case len(c.Between) != 2 || c.Between[0].ID != c.Upstream || c.Between[1].ID != c.Downstream:
		return nil, ledger.Unknown("organization")
	}
	for _, o := range c.Between {
		if o.Inactive {
			return nil, fault.New(fault.Refused, "one of the two organizations is no longer active: nothing can be agreed with it")
		}
	}
	if err := fits(c.Instrument.Kind, c.Between[0].Is); err != nil {
		return nil, err
	}
	if err := proposal(c.Instrument, c.Start, c.End, c.Note, m); err != nil {
		return nil, err
	}
	e := Offered{Upstream: c.Upstream, Downstream: c.Downstream, By: m.Actor.Org, Instrument: tidy(c.Instrument), Start: c.Start, End: c.End}
	return []ledger.Event{with(m, e, c.Note)}, nil
}

// Amend proposes a changed version. It voids the signatures under a version that was
// not yet signed by both; one that was stays in force until the new one is.
type Amend struct {
	Version    int // the version that is changed: the newest
	Instrument instrument.Instrument
	Start, End civil.Date
	Note       string
}

// Action implements [ledger.Command].
func (Amend) Action() string { return "agreement.amend" }

// Decide implements [ledger.Command].
func (c Amend) Decide(s Contract, m ledger.Moment) ([]ledger.Event, error) {
	if err := open(s, m, c.Version); err != nil {
		return nil, err
	}
	last := s.Latest()
	// What was agreed stays sayable: a start in the past may be carried over.
	start := c.Start
	if start == last.Start && last.Signed != 0 {
		start = 0
	}
	if c.Instrument.Kind != s.Kind() {
		return nil, fault.New(fault.Invalid, "an amendment cannot turn this into another kind of agreement: offer that as an agreement of its own")
	}
	if err := proposal(c.Instrument, start, c.End, c.Note, m); err != nil {
		return nil, err
	}
	in := tidy(c.Instrument)
	if same(in, last.Instrument) && c.Start == last.Start && c.End == last.End && !last.Withdrawn {
		return nil, fault.New(fault.Refused, "nothing differs from version %d: change a term or a day first", last.N)
	}
	e := Amended{Version: last.N + 1, By: m.Actor.Org, Instrument: in, Start: start, End: c.End}
	return []ledger.Event{with(m, e, c.Note)}, nil
}

// Renew proposes the terms last signed until a later day.
type Renew struct {
	Version int        // the newest version, as the actor saw it
	End     civil.Date // the new last day
	Note    string
}

// Action implements [ledger.Command].
func (Renew) Action() string { return "agreement.renew" }

// Decide implements [ledger.Command].
func (c Renew) Decide(s Contract, m ledger.Moment) ([]ledger.Event, error) {
	if err := open(s, m, c.Version); err != nil {
		return nil, err
	}
	last, ok := s.Concluded()
	_, pending := s.Pending()
	switch {
	case !ok:
		return nil, fault.New(fault.Refused, "this agreement was never signed by both parties: there is nothing to renew")
	case pending:
		return nil, fault.New(fault.Refused, "version %d waits for signatures: sign it, change its last day by an amendment, or withdraw it first", s.Latest().N)
	case last.End == 0:
		return nil, fault.New(fault.Refused, "this agreement has no last day: it holds until it is terminated, and needs no renewal")
	case c.End <= last.End:
		return nil, fault.New(fault.Invalid, "the new last day has to come after %s, the last day so far", last.End)
	}
	if err := proposal(last.Instrument, 0, c.End, c.Note, m); err != nil {
		return nil, err
	}
	e := Renewed{Version: s.Latest().N + 1, Of: last.N, By: m.Actor.Org, End: c.End}
	return []ledger.Event{with(m, e, c.Note)}, nil
}

// Sign signs a version for the actor's organization. A version that lacks a required
// term cannot be signed (AGR-1).
type Sign struct {
	Version int // the one that was read
}

// Action implements [ledger.Command].
func (Sign) Action() string { return "agreement.sign" }

// Decide implements [ledger.Command].
func (c Sign) Decide(s Contract, m ledger.Moment) ([]ledger.Event, error) {
	if err := open(s, m, c.Version); err != nil {
		return nil, err
	}
	v := s.Latest()
	missing := lacking(v.Instrument)
	switch {
	case v.Withdrawn:
		return nil, fault.New(fault.Refused, "version %d was withdrawn or declined: propose an amendment to go on", v.N)
	case v.signedBy(m.Actor.Org):
		return nil, fault.New(fault.Refused, "your organization has signed version %d already", v.N)
	case missing != "":
		return nil, fault.New(fault.Refused, "version %d cannot be signed, because a required term is missing: %s. Propose an amendment that adds it; then both parties sign that version", v.N, missing)
	case v.End != 0 && v.End < civil.On(m.Now.UTC()):
		return nil, fault.New(fault.Refused, "the last day of version %d, %s, has passed: propose an amendment with a later one", v.N, v.End)
	}
	return []ledger.Event{Signed{Version: v.N, Org: m.Actor.Org, Digest: s.Digest(v)}}, nil
}

// Withdraw takes back, or declines, the version that waits for signatures.
type Withdraw struct {
	Version int
	Note    string
}

// Action implements [ledger.Command].
func (Withdraw) Action() string { return "agreement.withdraw" }

// Decide implements [ledger.Command].
func (c Withdraw) Decide(s Contract, m ledger.Moment) ([]ledger.Event, error) {
	if err := open(s, m, c.Version); err != nil {
		return nil, err
	}
	if _, pending := s.Pending(); !pending {
		return nil, fault.New(fault.Refused, "no version waits for signatures: an agreement that both have signed is terminated, not withdrawn")
	}
	if err := short(c.Note); err != nil {
		return nil, err
	}
	return []ledger.Event{with(m, Withdrawn{Version: c.Version, By: m.Actor.Org}, c.Note)}, nil
}

// Terminate ends a contract that both parties have signed. A termination that has not
// yet taken effect can be brought forward for a material breach, and in no other way
// changed.
type Terminate struct {
	Reason    Cause
	Effective civil.Date // first day on which it no longer holds; none: today, or the day after the last at the end of the term
	ReturnBy  civil.Date // last day to return or destroy the data; none: [ReturnWithin] days after it ended
	Note      string
}

// Action implements [ledger.Command].
func (Terminate) Action() string { return "agreement.terminate" }

// Decide implements [ledger.Command].
func (c Terminate) Decide(s Contract, m ledger.Moment) ([]ledger.Event, error) {
	if !s.Party(m.Actor.Org) {
		return nil, ledger.Unknown("agreement")
	}
	today := civil.On(m.Now.UTC())
	v, ok := s.Governing(today)
	if !ok {
		v, ok = s.Scheduled(today)
	}
	effective := c.Effective
	if effective == 0 {
		effective = today
	}
	last, _ := s.Concluded()
	before := s.Termination.Effective
	switch {
	case !ok:
		return nil, fault.New(fault.Refused, "this agreement was never signed by both parties: withdraw or decline the draft instead")
	case before != 0 && before <= today:
		return nil, fault.New(fault.Refused, "this agreement was terminated already, with effect from %s", before)
	case s.Status(m.Now) == Expired:
		return nil, fault.New(fault.Refused, "this agreement has expired: it ended by itself, and the data are to be returned or destroyed")
	case c.Reason.Title() == "":
		return nil, fault.New(fault.Invalid, "choose why it is terminated: end of the term, material breach, or convenience")
	case c.Reason == EndOfTerm && last.End == 0:
		return nil, fault.New(fault.Invalid, "this agreement has no last day, so it cannot end with its term: choose another reason and a day")
	case c.Reason == EndOfTerm && c.Effective != 0 && c.Effective != last.End+1:
		return nil, fault.New(fault.Invalid, "the term ends on %s, so it ends with effect from %s: leave the day empty, or choose another reason", last.End, last.End+1)
	case effective < today:
		return nil, fault.New(fault.Invalid, "a termination cannot take effect in the past: choose %s or later", today)
	}
	if c.Reason == EndOfTerm {
		effective = last.End + 1
	}
	due := c.ReturnBy
	if due == 0 {
		due = effective + ReturnWithin
	}
	switch {
	case before != 0 && (c.Reason != MaterialBreach || effective >= before):
		return nil, fault.New(fault.Refused, "this agreement was terminated already, with effect from %s. Only a material breach can bring that forward", before)
	case due < effective:
		return nil, fault.New(fault.Invalid, "the data cannot be due for return before the agreement ends: choose %s or later", effective)
	case effective > today+maxAhead:
		return nil, fault.New(fault.Invalid, "the day is more than ten years ahead: check the year")
	}
	if err := short(c.Note); err != nil {
		return nil, err
	}
	events := []ledger.Event{with(m, Terminated{By: m.Actor.Org, Reason: c.Reason, Effective: effective}, c.Note)}
	if how := v.Instrument.Terms.AtEnd; how != "" {
		events = append(events, ReturnDue{Org: s.Downstream, How: how, Due: due})
	}
	return events, nil
}

// open refuses a command about the newest version of a contract that is over, or of
// which the actor has not seen the newest version.
func open(s Contract, m ledger.Moment, version int) error {
	switch last := s.Latest(); {
	case !s.Party(m.Actor.Org):
		return ledger.Unknown("agreement")
	case s.Termination.Effective != 0:
		return fault.New(fault.Refused, "this agreement was terminated with effect from %s: offer a new one", s.Termination.Effective)
	case version < 1 || version > last.N:
		return fault.New(fault.Invalid, "this agreement has no such version: the newest is %d", last.N)
	case version < last.N:
		return fault.New(fault.Conflict, "version %d was proposed meanwhile: read it, then decide", last.N)
	}
	return nil
}

// maxAhead is how far ahead a day may lie, in days: farther is a slip of the keyboard.
const maxAhead = 3653

// proposal checks what a party wants to propose. A required term that is missing does
// not stop a proposal, only a signature.
func proposal(in instrument.Instrument, start, end civil.Date, note string, m ledger.Moment) error {
	if err := readable(in); err != nil {
		return err
	}
	today := civil.On(m.Now.UTC())
	switch {
	case start != 0 && start < today:
		return fault.New(fault.Invalid, "the first day, %s, has passed. An agreement cannot cover what was shared before it was made: choose %s or later, or leave the day empty (days are days in UTC)", start, today)
	case end != 0 && end < max(start, today):
		return fault.New(fault.Invalid, "the last day, %s, comes before the first: choose a later one, or leave it empty", end)
	case start > today+maxAhead || end > today+10*maxAhead:
		return fault.New(fault.Invalid, "a day lies too many years ahead: check the year")
	}
	return short(note)
}

func short(note string) error {
	if utf8.RuneCountInString(note) > maxNote {
		return fault.New(fault.Invalid, "the note is too long: it can have %d characters", maxNote)
	}
	return nil
}

// with seals the note beside the event, under the key of the agreement.
func with(m ledger.Moment, e ledger.Event, note string) ledger.Event {
	if note = strings.TrimSpace(note); note == "" {
		return e
	}
	return ledger.Sealed{Event: e, Subject: "agreement/" + m.ID, Details: Note{note}}
}

// tidy brings an instrument into the one form in which it is recorded: clauses in
// the order of the law, and lists never null, so that what is equal has equal digests.
func tidy(in instrument.Instrument) instrument.Instrument {
	said := in.Clauses
	in.Clauses = []string{}
	for _, c := range instrument.Clauses() {
		if slices.Contains(said, c.ID) {
			in.Clauses = append(in.Clauses, c.ID)
		}
	}
	if in.Terms.Purposes == nil {
		in.Terms.Purposes = []purpose.Kind{}
	}
	return in
}

// same reports whether two instruments say the same.
func same(a, b instrument.Instrument) bool {
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && bytes.Equal(x, y)
}
