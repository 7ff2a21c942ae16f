package release

import (
	"slices"
	"time"

	"chaperone.example/ledger"
)

// Kind is the family of release streams.
var Kind = ledger.Kind[Offer]{Name: "release", Apply: apply, Sees: func(o Offer) []string { return []string{o.Discloser, o.Recipient} }}

// An Offer is the state of one release.
type Offer struct {
	Offered
	At        time.Time
	RevokedAt time.Time
	Reason    Reason
	Downloads int
}

// A Status is where an offer stands.
type Status string

// The states of an offer.
const (
	Open    Status = "open"
	Expired Status = "expired"
	Ended   Status = "revoked"
)

// Status returns where the offer stands at a moment.
func (o Offer) Status(now time.Time) Status {
	switch {
	case !o.RevokedAt.IsZero():
		return Ended
	case !now.Before(o.Expires):
		return Expired
	}
	return Open
}

func apply(o Offer, r ledger.Record, e ledger.Event) Offer {
	switch e := e.(type) {
	case Offered:
		o.Offered, o.At = e, r.Time
	case Downloaded:
		o.Downloads++
	case Revoked:
		o.RevokedAt, o.Reason = r.Time, e.Reason
	}
	return o
}

func (o Offer) offeredTo(user string) bool { return slices.Contains(o.People, user) }
