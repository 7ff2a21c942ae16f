package release

import (
	"slices"
	"strings"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
)

// Kind is the family of release streams.
var Kind = ledger.Kind[Offer]{Name: "release", Apply: apply, Sees: func(o Offer) []string { return slices.Compact([]string{o.Discloser, o.Recipient}) }}

// An Offer is the state of one release.
type Offer struct {
	Offered
	ID        string
	Seq       int64  // the record of the offer in the ledger
	By        string // user who built it
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
func (o Offer) Status(now time.Time) Status { return status(o.RevokedAt, o.Expires, now) }

func status(revoked, expires, now time.Time) Status {
	switch {
	case !revoked.IsZero():
		return Ended
	case !now.Before(expires):
		return Expired
	}
	return Open
}

func apply(o Offer, r ledger.Record, e ledger.Event) Offer {
	switch e := e.(type) {
	case Offered:
		o = Offer{Offered: e, ID: r.ID(), Seq: r.Seq, By: r.Actor.ID, At: r.Time}
	case Downloaded:
		o.Downloads++
	case Revoked:
		o.RevokedAt, o.Reason = r.Time, e.Reason
	}
	return o
}

// For reports whether the package is for a user.
func (o Offer) For(user string) bool { return slices.Contains(o.People, user) }

// deny says why an actor may not fetch the package, as far as the offer itself tells.
func (o Offer) deny(a ledger.Actor, now time.Time) error {
	switch {
	case a.Org != o.Recipient:
		return fault.New(fault.Forbidden, "the package is encrypted to the recipient; only they can fetch and open it")
	case !o.For(a.ID):
		return fault.New(fault.Forbidden, "the package is for other people of your organization: ask one of the recipients named in the request")
	case o.Status(now) == Ended:
		return fault.New(fault.Refused, "the offer was revoked: %s", lower(o.Reason.Title()))
	case o.Status(now) == Expired:
		return fault.New(fault.Refused, "the offer expired on %s: ask the data steward to build it again", o.Expires.UTC().Format("January 2, 2006"))
	}
	return nil
}

// lower makes a sentence's first letter small, to go on after a colon.
func lower(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
