package release

import (
	"context"
	"slices"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
)

// How long an offer stands: 14 days unless it is built for less or more, 30 at most.
const (
	Lifetime    = 14 * day24
	MaxLifetime = 30 * day24
	day24       = 24 * time.Hour
)

// Publish offers a package that has been built, or holds it if the second look at it
// found something.
type Publish struct {
	Offered
	Suspicion
	Requests Requests `json:"-"`
	Datasets Datasets `json:"-"`
	Permit   *Permit  // what the request permits at this moment; gathered
	Sources  []string // SHA-256 of the datasets at this moment, in the order of the files; gathered
}

// Action implements [ledger.Command].
func (Publish) Action() string { return "release.build" }

// Begins implements [ledger.Beginning].
func (Publish) Begins() {}

// Gather implements [ledger.Gatherer].
func (c Publish) Gather(ctx context.Context, r *ledger.Reading, _ Offer) (ledger.Command[Offer], error) {
	p, err := c.Requests.Permit(ctx, r, c.Request)
	if err != nil {
		return c, err
	}
	c.Permit, c.Sources = &p, nil
	for _, f := range c.Files {
		s, err := c.Datasets.Source(ctx, r, f.Dataset)
		if err != nil {
			return c, err
		}
		c.Sources = append(c.Sources, s.SHA256)
	}
	return c, nil
}

// Decide implements [ledger.Command]. What was built must be what is permitted now:
// between the two the request may have been withdrawn, an agreement ended or a dataset
// been replaced.
func (c Publish) Decide(_ Offer, m ledger.Moment) ([]ledger.Event, error) {
	switch {
	case c.Permit == nil || c.Permit.Discloser != m.Actor.Org:
		return nil, ledger.Unknown("request")
	case c.Permit.Decision != c.Decision:
		return nil, fault.New(fault.Conflict, "the decision on this request changed while the package was built: build it again")
	case !slices.EqualFunc(c.Files, c.Sources, func(f File, now string) bool { return f.Source == now }):
		return nil, fault.New(fault.Conflict, "a dataset was replaced while the package was built: build it again")
	case len(c.People) == 0:
		return nil, noKeys()
	}
	if err := lifetime(c.Expires.Sub(m.Now)); err != nil {
		return nil, err
	}
	if c.Found > 0 {
		return []ledger.Event{Held{c.Offered, c.Suspicion}}, nil
	}
	return []ledger.Event{c.Offered}, nil
}

// Clear lets a package go that is held. It takes a second person.
type Clear struct{ Ground Ground }

// Action implements [ledger.Command].
func (Clear) Action() string { return "release.clear" }

// Decide implements [ledger.Command]. The offer stands as long as it would have.
func (c Clear) Decide(o Offer, m ledger.Moment) ([]ledger.Event, error) {
	switch {
	case m.Actor.Org != o.Discloser:
		return nil, ledger.Unknown("release")
	case o.Status(m.Now) != Quarantined:
		return nil, fault.New(fault.Refused, "this release is not held: nothing is left to decide about it")
	case m.Actor.ID == o.By:
		return nil, fault.New(fault.Forbidden, "you built this package: somebody else decides whether it may leave")
	case c.Ground.Title() == "":
		return nil, fault.New(fault.Invalid, "choose why it may leave from the list")
	case !slices.Contains(Grounds(o.Form), c.Ground):
		return nil, fault.New(fault.Refused, "what is called de-identified may hold no identifier (45 CFR 164.514(b)(2)): if a finding is about a person, end the release and have the dataset mended")
	}
	return []ledger.Event{Cleared{c.Ground, m.Now.Add(o.Expires.Sub(o.At)).UTC().Truncate(time.Second)}}, nil
}

func noKeys() error {
	return fault.New(fault.Refused, "none of the recipients has registered a key to encrypt to: ask them to register one on their account page")
}

// lifetime refuses what no offer may stand for. Building takes some of it.
func lifetime(d time.Duration) error {
	if d <= 0 || d > MaxLifetime {
		return fault.New(fault.Invalid, "an offer stands for 1 to %d days", MaxLifetime/day24)
	}
	return nil
}

// Download fetches the package: from then on it is disclosed.
type Download struct {
	Requests Requests `json:"-"`
	Barred   string   // why the law does not permit the release any more; gathered
}

// Action implements [ledger.Command].
func (Download) Action() string { return "release.download" }

// Gather implements [ledger.Gatherer].
func (c Download) Gather(ctx context.Context, r *ledger.Reading, o Offer) (ledger.Command[Offer], error) {
	var err error
	c.Barred, err = barred(ctx, r, c.Requests, o)
	return c, err
}

// barred asks why the law does not permit a release any more; "" if it does.
func barred(ctx context.Context, r *ledger.Reading, requests Requests, o Offer) (string, error) {
	p, err := requests.Permit(ctx, r, o.Request)
	if kind, text, ok := fault.Of(err); ok && kind == fault.Refused {
		return text, nil
	}
	if err == nil && p.Decision != o.Decision {
		return "the request was decided anew since this package was built", nil
	}
	return "", err
}

// Decide implements [ledger.Command].
func (c Download) Decide(o Offer, m ledger.Moment) ([]ledger.Event, error) {
	if err := o.deny(m.Actor, m.Now); err != nil {
		return nil, err
	}
	if c.Barred != "" {
		return nil, fault.New(fault.Refused, "%s", c.Barred)
	}
	return []ledger.Event{Downloaded{SHA256: o.SHA256}}, nil
}

// Revoke ends an offer before it expires.
type Revoke struct{ Reason Reason }

// Action implements [ledger.Command].
func (Revoke) Action() string { return "release.revoke" }

// Decide implements [ledger.Command].
func (c Revoke) Decide(o Offer, m ledger.Moment) ([]ledger.Event, error) {
	switch {
	case m.Actor.Org != o.Discloser:
		return nil, fault.New(fault.Forbidden, "only the organization that released it can revoke it")
	case c.Reason.Title() == "":
		return nil, fault.New(fault.Invalid, "choose a reason from the list")
	case o.Status(m.Now) == Ended:
		return nil, nil
	}
	return []ledger.Event{Revoked(c)}, nil
}
