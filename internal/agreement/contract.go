package agreement

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/ledger"
)

// A Contract is the state of one agreement. The zero Contract does not exist.
type Contract struct {
	ID          string
	Upstream    string // organization whose data it is
	Downstream  string // organization that receives
	Versions    []Version
	Termination Termination
}

// A Version is one text of a contract. It never changes; a change is a new version.
type Version struct {
	N          int    // from 1
	By         string // organization that proposed it
	Instrument instrument.Instrument
	Start, End civil.Date // first and last day; none: when both have signed, open
	Signatures []Signature
	Signed     civil.Date // day on which the second party signed; none: not signed by both
	Withdrawn  bool
}

// A Signature is that of one party.
type Signature struct {
	Org    string
	Person string // id of the actor
	At     time.Time
}

// A Termination is how a contract ended before, or at, the end of its term. The
// zero Termination is none.
type Termination struct {
	By        string
	Reason    Cause
	Effective civil.Date // first day on which the contract no longer holds
	Return    Duty
}

// A Duty is to return or destroy the data, 45 CFR 164.504(e)(2)(ii)(J).
type Duty struct {
	Org string
	How instrument.AtEnd
	Due civil.Date
}

// Kind is the family of contracts. Both parties see a contract, and nobody else.
var Kind = ledger.Kind[Contract]{Name: "agreement", Apply: apply, Sees: func(c Contract) []string { return []string{c.Upstream, c.Downstream} }}

// apply returns a new state; it never writes into the slices of the old one, which
// is kept and shared.
func apply(c Contract, r ledger.Record, e ledger.Event) Contract {
	day := civil.On(r.Time.UTC())
	switch e := e.(type) {
	case Offered:
		c = Contract{ID: r.ID(), Upstream: e.Upstream, Downstream: e.Downstream}
		c.Versions = []Version{{N: 1, By: e.By, Instrument: e.Instrument, Start: e.Start, End: e.End}}
	case Amended:
		c.Versions = append(slices.Clip(c.Versions), Version{N: e.Version, By: e.By, Instrument: e.Instrument, Start: e.Start, End: e.End})
	case Renewed:
		c.Versions = append(slices.Clip(c.Versions), Version{N: e.Version, By: e.By, Instrument: c.Versions[e.Of-1].Instrument, Start: e.Start, End: e.End})
	case Signed:
		c.Versions = slices.Clone(c.Versions)
		v := &c.Versions[e.Version-1]
		v.Signatures = append(slices.Clip(v.Signatures), Signature{e.Org, r.Actor.ID, r.Time})
		if v.signedBy(c.Upstream) && v.signedBy(c.Downstream) {
			v.Signed = day
		}
	case Withdrawn:
		c.Versions = slices.Clone(c.Versions)
		c.Versions[e.Version-1].Withdrawn = true
	case Terminated:
		c.Termination = Termination{By: e.By, Reason: e.Reason, Effective: e.Effective}
	case ReturnDue:
		c.Termination.Return = Duty(e)
	}
	return c
}

func (v Version) signedBy(org string) bool {
	return slices.ContainsFunc(v.Signatures, func(s Signature) bool { return s.Org == org })
}

// Signature returns the signature of org under the version.
func (v Version) Signature(org string) (Signature, bool) {
	i := slices.IndexFunc(v.Signatures, func(s Signature) bool { return s.Org == org })
	if i < 0 {
		return Signature{}, false
	}
	return v.Signatures[i], true
}

// Party reports whether org is one of the two.
func (c Contract) Party(org string) bool {
	return org != "" && (org == c.Upstream || org == c.Downstream)
}

// Other returns the party that org is not.
func (c Contract) Other(org string) string {
	if org == c.Upstream {
		return c.Downstream
	}
	return c.Upstream
}

// Kind returns what kind of agreement it is; that never changes.
func (c Contract) Kind() instrument.Kind {
	if len(c.Versions) == 0 {
		return ""
	}
	return c.Versions[0].Instrument.Kind
}

// Latest returns the newest version, whatever became of it.
func (c Contract) Latest() Version {
	if len(c.Versions) == 0 {
		return Version{}
	}
	return c.Versions[len(c.Versions)-1]
}

// Version returns the version numbered n.
func (c Contract) Version(n int) (Version, bool) {
	if n < 1 || n > len(c.Versions) {
		return Version{}, false
	}
	return c.Versions[n-1], true
}

// Pending returns the version that waits for signatures, if there is one.
func (c Contract) Pending() (Version, bool) {
	v := c.Latest()
	return v, v.N > 0 && v.Signed == 0 && !v.Withdrawn
}

// Concluded returns the newest version that both parties have signed.
func (c Contract) Concluded() (Version, bool) {
	for _, v := range slices.Backward(c.Versions) {
		if v.Signed != 0 {
			return v, true
		}
	}
	return Version{}, false
}

// LastSigned returns the newest version that org has signed.
func (c Contract) LastSigned(org string) (Version, bool) {
	for _, v := range slices.Backward(c.Versions) {
		if v.signedBy(org) {
			return v, true
		}
	}
	return Version{}, false
}

// Governing returns the version that governs on the day: of those that both had
// signed and that had begun, the newest. It may have expired since.
func (c Contract) Governing(day civil.Date) (Version, bool) {
	for _, v := range slices.Backward(c.Versions) {
		if v.Signed != 0 && v.Signed <= day && v.Start <= day {
			return v, true
		}
	}
	return Version{}, false
}

// Scheduled returns the version that both have signed and that begins next.
func (c Contract) Scheduled(day civil.Date) (next Version, ok bool) {
	for _, v := range c.Versions {
		if v.Signed != 0 && v.Start > day && (!ok || v.Start <= next.Start) {
			next, ok = v, true
		}
	}
	return next, ok
}

// Digest returns what a signature under the version commits to: the hexadecimal
// SHA-256 of the JSON of the parties, the days and the machine-readable terms.
func (c Contract) Digest(v Version) string {
	b, err := json.Marshal(struct {
		Agreement  string                `json:"agreement"`
		Version    int                   `json:"version"`
		Upstream   string                `json:"upstream"`
		Downstream string                `json:"downstream"`
		Instrument instrument.Instrument `json:"instrument"`
		Start      civil.Date            `json:"start"`
		End        civil.Date            `json:"end"`
	}{c.ID, v.N, c.Upstream, c.Downstream, v.Instrument, v.Start, v.End})
	if err != nil {
		panic(err) // strings, numbers and dates always marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// A Status is where a contract stands on a day.
type Status string

// The statuses.
const (
	Nowhere    Status = ""
	Incomplete Status = "terms missing"          // a draft that cannot be signed yet
	Proposed   Status = "waiting for signatures" // a draft
	Half       Status = "signed by one party"
	Later      Status = "signed, not yet begun"
	InForce    Status = "in force"
	Deficient  Status = "signed, terms missing" // the law asks for more than was signed
	Expired    Status = "expired"
	Ended      Status = "terminated"
	Dropped    Status = "withdrawn"
)

// Statuses lists every status.
func Statuses() []Status {
	return []Status{Incomplete, Proposed, Half, Later, InForce, Deficient, Expired, Ended, Dropped}
}

// Status returns where the contract stands at a moment not before its last event.
func (c Contract) Status(at time.Time) Status {
	day := civil.On(at.UTC())
	v, governed := c.Governing(day)
	_, scheduled := c.Scheduled(day)
	switch {
	case len(c.Versions) == 0:
		return Nowhere
	case c.Termination.Effective != 0 && day >= c.Termination.Effective:
		return Ended
	case !governed && scheduled:
		return Later
	case governed && v.End != 0 && v.End < day && scheduled:
		return Later
	case governed && v.End != 0 && v.End < day:
		return Expired
	case governed && len(instrument.Check(v.Instrument)) > 0:
		return Deficient
	case governed:
		return InForce
	}
	v, pending := c.Pending()
	switch {
	case !pending:
		return Dropped
	case len(instrument.Check(v.Instrument)) > 0:
		return Incomplete
	case len(v.Signatures) > 0:
		return Half
	}
	return Proposed
}

// Fact returns the contract as package law reads it, at a moment not before its
// last event: the version that governs, else the one that will, else the newest
// draft, which is unsigned and permits nothing.
//
// From the day on which a termination for material breach is declared the contract
// counts as violated, even before the termination takes effect: whoever knows of a
// violation that is not cured must not go on (45 CFR 164.504(e)(1)(ii)-(iii)).
func (c Contract) Fact(at time.Time) law.Agreement {
	day := civil.On(at.UTC())
	v, ok := c.Governing(day)
	if !ok {
		if v, ok = c.Scheduled(day); !ok {
			v = c.Latest()
		}
	}
	return law.Agreement{
		ID: c.ID, Version: v.N, From: c.Upstream, To: c.Downstream, Instrument: v.Instrument,
		Signed: v.Signed, Start: v.Start, End: v.End,
		Terminated: c.Termination.Effective, Violated: c.Termination.Reason == MaterialBreach,
	}
}

// ReturnWithin is by when the data must have been returned or destroyed after an
// agreement ended, in days, where the parties set no other day. The law says "at
// termination" and sets no number; thirty days are customary in agreements.
const ReturnWithin = 30

// Return returns the duty to return or destroy the data that the end of the contract
// has started: from its termination, or since its last day passed.
func (c Contract) Return(at time.Time) (Duty, bool) {
	if c.Termination.Return.Due != 0 {
		return c.Termination.Return, true
	}
	if v, ok := c.Concluded(); ok && c.Status(at) == Expired && v.Instrument.Terms.AtEnd != "" {
		return Duty{c.Downstream, v.Instrument.Terms.AtEnd, v.End + ReturnWithin}, true
	}
	return Duty{}, false
}

// A Step is what a party has to do next.
type Step string

// The steps.
const (
	Nothing Step = ""
	Mend    Step = "add the missing terms"
	Read    Step = "read and sign"
	Wait    Step = "wait for the other party"
	Renewal Step = "renew"
	GiveUp  Step = "return or destroy the data"
	Collect Step = "obtain proof of return or destruction"
)

// RenewAhead is how long before its last day a contract asks to be renewed, in days.
const RenewAhead = 60

// Next returns what org has to do about the contract next, and the day by which it
// has to be done, if there is one.
func (c Contract) Next(org string, at time.Time) (Step, civil.Date) {
	day := civil.On(at.UTC())
	if v, ok := c.Pending(); ok && c.Termination.Effective == 0 {
		switch {
		case len(instrument.Check(v.Instrument)) > 0:
			return Mend, 0
		case !v.signedBy(org):
			return Read, 0
		}
		return Wait, 0
	}
	if c.Status(at) == Deficient {
		return Mend, 0
	}
	if d, ok := c.Return(at); ok && c.Status(at) != InForce {
		if d.Org == org {
			return GiveUp, d.Due
		}
		return Collect, d.Due
	}
	if v, ok := c.Concluded(); ok && c.Termination.Effective == 0 && v.End != 0 && v.End-day <= RenewAhead {
		return Renewal, v.End
	}
	return Nothing, 0
}
