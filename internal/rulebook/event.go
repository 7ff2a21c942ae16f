// Package rulebook shows the rules that decisions are made by, and keeps the rules
// that an organization adds to them (DEC-1, REQ-2).
//
// # The law
//
// State law that is more stringent than HIPAA survives it (45 CFR 160.203(b)), and an
// organization may be stricter than either. Both come as packs of package
// law/overlay: data in a closed vocabulary that withholds elements, adds duties or
// refuses, and has no word that permits. The privacy officer of an organization adopts
// a pack for the organization's own data from a day on, replaces it by a later version,
// and retires it. What ships is an empty example; whether a pack says what the State's
// law says is for counsel to confirm, and a pack says whether counsel has.
//
// # Terms
//
// A [Shelf] is one pack of one organization with all its versions. From the day on
// which a version takes effect, every decision about the organization's data is made
// with it; decisions made before stay as they are recorded. The rules of a pack are
// recorded with the decisions they shape, where the organization that asks reads them:
// they say nothing of patients, and nothing may be in them that should not be read.
package rulebook

import (
	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
	"chaperone.example/ledger"
)

// Adopted says that an organization adds the rules of a pack, or a new version of it,
// from a day on.
type Adopted struct {
	Owner     string       `json:"owner"` // organization whose data the pack is about
	Pack      overlay.Pack `json:"pack"`
	Effective civil.Date   `json:"effective"` // first day
}

// Retired says that the pack does not apply any more.
type Retired struct {
	Effective civil.Date `json:"effective"` // first day without it
}

// Types are the events of the module.
var Types = ledger.Types{
	"rulebook.adopted": Adopted{},
	"rulebook.retired": Retired{},
}
