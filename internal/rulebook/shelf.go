package rulebook

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
	"chaperone.example/ledger"
)

// A Shelf is one pack of one organization: every version that was adopted.
type Shelf struct {
	Owner    string
	Versions []Version // in the order in which they were adopted
	Retired  civil.Date
}

// A Version is a pack as it was adopted.
type Version struct {
	Pack      overlay.Pack
	Effective civil.Date
	Until     civil.Date // first day without it, because the pack was retired; none: open
	By        string
	At        time.Time
}

// Kind is the family of streams of packs. Only the organization itself sees one.
var Kind = ledger.Kind[Shelf]{
	Name: "rulebook",
	Apply: func(s Shelf, r ledger.Record, e ledger.Event) Shelf {
		switch e := e.(type) {
		case Adopted:
			s.Owner, s.Retired = e.Owner, 0
			s.Versions = append(slices.Clip(s.Versions), Version{Pack: e.Pack, Effective: e.Effective, By: r.Actor.ID, At: r.Time})
		case Retired:
			s.Retired, s.Versions = e.Effective, slices.Clone(s.Versions)
			for i := range s.Versions {
				if v := &s.Versions[i]; v.Until == 0 || v.Until > e.Effective {
					v.Until = e.Effective
				}
			}
		}
		return s
	},
	Sees: func(s Shelf) []string { return []string{s.Owner} },
}

// ID is the stream of a pack of an organization.
func ID(owner, pack string) string {
	sum := sha256.Sum256([]byte("rulebook\x00" + owner + "\x00" + pack))
	return "p-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

// Newest returns the version adopted last; there is one.
func (s Shelf) Newest() Version { return s.Versions[len(s.Versions)-1] }

// On returns the version that applies on a day, and false if none does. Of two that
// take effect on the same day, the one adopted later does.
func (s Shelf) On(day civil.Date) (Version, bool) {
	best := -1
	for i, v := range s.Versions {
		if v.Effective <= day && (v.Until == 0 || day < v.Until) && (best < 0 || v.Effective >= s.Versions[best].Effective) {
			best = i
		}
	}
	if best < 0 {
		return Version{}, false
	}
	return s.Versions[best], true
}

// A Standing is where a pack stands on a day.
type Standing string

// The standings.
const (
	InForce Standing = "in force"
	Coming  Standing = "takes effect later"
	Ended   Standing = "retired"
)

// Standing returns where the pack stands on a day.
func (s Shelf) Standing(day civil.Date) Standing {
	if _, ok := s.On(day); ok {
		return InForce
	}
	if s.Retired != 0 {
		return Ended
	}
	return Coming
}
