package release

import (
	"context"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
)

// Lifetime is how long an offer stands unless it is built for less.
const Lifetime = 14 * 24 * time.Hour

// Publish offers a package that has been built.
type Publish struct {
	Offered
	Requests Requests `json:"-"`
	Permit   *Permit  // what the request permits at this moment; gathered
}

// Action implements [ledger.Command].
func (Publish) Action() string { return "release.build" }

// Begins implements [ledger.Beginning].
func (Publish) Begins() {}

// Gather implements [ledger.Gatherer].
func (c Publish) Gather(ctx context.Context, r *ledger.Reading, _ Offer) (ledger.Command[Offer], error) {
	p, err := c.Requests.Permit(ctx, r, c.Request)
	c.Permit = &p
	return c, err
}

// Decide implements [ledger.Command]. What was built must be what is permitted now:
// between the two the request may have been withdrawn or an agreement ended.
func (c Publish) Decide(o Offer, m ledger.Moment) ([]ledger.Event, error) {
	switch {
	case c.Permit == nil || c.Permit.Discloser != m.Actor.Org:
		return nil, ledger.Unknown("request")
	case c.Permit.Decision != c.Decision:
		return nil, fault.New(fault.Conflict, "the decision on this request changed while the package was built: build it again")
	case len(c.People) == 0:
		return nil, fault.New(fault.Refused, "none of the recipients has registered a key to encrypt to: ask them to register one on their account page")
	case !c.Expires.After(m.Now):
		return nil, fault.New(fault.Invalid, "the offer must expire in the future")
	}
	return []ledger.Event{c.Offered}, nil
}

// Download fetches the package: from then on it is disclosed.
type Download struct {
	Requests Requests `json:"-"`
}

// Action implements [ledger.Command].
func (Download) Action() string { return "release.download" }

// Gather implements [ledger.Gatherer]. It fails when the law does not permit the
// release any more, with the reason.
func (c Download) Gather(ctx context.Context, r *ledger.Reading, o Offer) (ledger.Command[Offer], error) {
	_, err := c.Requests.Permit(ctx, r, o.Request)
	return c, err
}

// Decide implements [ledger.Command].
func (Download) Decide(o Offer, m ledger.Moment) ([]ledger.Event, error) {
	switch {
	case m.Actor.Org != o.Recipient:
		return nil, fault.New(fault.Forbidden, "the package is encrypted to the recipient; only they can fetch and open it")
	case !o.offeredTo(m.Actor.ID):
		return nil, fault.New(fault.Forbidden, "the package is for other people of your organization: ask one of the recipients named in the request")
	case o.Status(m.Now) == Ended:
		return nil, fault.New(fault.Refused, "the offer was revoked: %s", Reasons()[o.Reason])
	case o.Status(m.Now) == Expired:
		return nil, fault.New(fault.Refused, "the offer expired on %s: ask the steward to build it again", o.Expires.Format("January 2, 2006"))
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
	case Reasons()[c.Reason] == "":
		return nil, fault.New(fault.Invalid, "choose a reason")
	case o.Status(m.Now) == Ended:
		return nil, nil
	}
	return []ledger.Event{Revoked(c)}, nil
}
