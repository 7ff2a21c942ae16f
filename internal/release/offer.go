package release

import (
	"slices"
	"strings"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
)

// Kind is the family of release streams.
var Kind = ledger.Kind[Offer]{Name: "release", Apply: apply, Sees: parties}

// parties is who may see a release: the recipient from the moment that it is on offer.
func parties(o Offer) []string {
	if o.Held() {
		return []string{o.Discloser}
	}
	return slices.Compact([]string{o.Discloser, o.Recipient})
}

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
	Destroyed time.Time // when the hub destroyed the package of an offer that expired

	Suspicion        // none, and it was on offer at once
	Ground    Ground // on which it was let go nevertheless
	ClearedBy string
	ClearedAt time.Time
}

// Held reports whether the package waits for a second person.
func (o Offer) Held() bool { return o.Found > 0 && o.ClearedAt.IsZero() }

// A Status is where an offer stands.
type Status string

// The states of an offer.
const (
	Quarantined Status = "held"
	Open        Status = "open"
	Expired     Status = "expired"
	Ended       Status = "revoked"
)

// Status returns where the offer stands at a moment.
func (o Offer) Status(now time.Time) Status { return status(o.Held(), o.RevokedAt, o.Expires, now) }

func status(held bool, revoked, expires, now time.Time) Status {
	switch {
	case !revoked.IsZero():
		return Ended
	case !now.Before(expires):
		return Expired
	case held:
		return Quarantined
	}
	return Open
}

func apply(o Offer, r ledger.Record, e ledger.Event) Offer {
	switch e := e.(type) {
	case Offered:
		o = Offer{Offered: e, ID: r.ID(), Seq: r.Seq, By: r.Actor.ID, At: r.Time}
	case Held:
		o = Offer{Offered: e.Offer, ID: r.ID(), Seq: r.Seq, By: r.Actor.ID, At: r.Time, Suspicion: e.Suspicion}
	case Cleared:
		o.Ground, o.Expires, o.ClearedBy, o.ClearedAt = e.Ground, e.Expires, r.Actor.ID, r.Time
	case Downloaded:
		o.Downloads++
	case Revoked:
		o.RevokedAt, o.Reason = r.Time, e.Reason
	case Destroyed:
		o.Destroyed = r.Time
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
	case o.Status(now) == Quarantined:
		return fault.New(fault.Refused, "the package is held until a second person has looked at what was found in it")
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
