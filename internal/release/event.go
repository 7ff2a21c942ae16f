// Package release gives out what a decision permits, and keeps account of it.
//
// An approved request is fulfilled by building a package: the chosen datasets are
// read from the vault, filtered to the elements, population and time that the
// decision left, de-identified to its form, pseudonymized for this recipient alone,
// put together with a manifest of hashes and the terms that travel with it, and
// encrypted to the recipients' own keys (REL-1). The hub cannot open the package
// afterwards. It is offered to named people until it expires; every view and every
// download is an event, and a download rests on the law as it is at that moment,
// so that the end of an agreement stops what is still on offer.
//
// From the same events come the disclosure log (REL-2) and, for one patient, the
// accounting of disclosures of 45 CFR 164.528.
package release

import (
	"time"

	"chaperone.example/internal/release/quarantine"
	"chaperone.example/law/cohort"
	"chaperone.example/ledger"
)

// Types declares the events of the module.
var Types = ledger.Types{
	"release.offered":    Offered{},
	"release.held":       Held{},
	"release.cleared":    Cleared{},
	"release.viewed":     Viewed{},
	"release.downloaded": Downloaded{},
	"release.revoked":    Revoked{},
	"release.destroyed":  Destroyed{},
	"release.accounted":  Accounted{},
	"release.log-viewed": LogViewed{},
}

type (
	// Offered says that a package was built and may be fetched.
	Offered struct {
		Request     string        `json:"request"`
		Discloser   string        `json:"discloser"`
		Recipient   string        `json:"recipient"` // organization
		People      []string      `json:"people"`    // users who may fetch it
		Datasets    []string      `json:"datasets"`
		Decision    string        `json:"decision"` // id of the decision that permits it
		Purpose     string        `json:"purpose"`
		Basis       string        `json:"basis"`     // rule of the basis
		Authority   string        `json:"authority"` // its citation
		Form        string        `json:"form"`
		Elements    []string      `json:"elements"`
		Withheld    []string      `json:"withheld"`        // elements asked for and not given
		From        string        `json:"from,omitempty"`  // first date of service, inclusive
		Until       string        `json:"until,omitempty"` // last one
		Duties      []string      `json:"duties"`          // obligations of the decision
		Accountable bool          `json:"accountable"`     // 45 CFR 164.528: stands in a patient's accounting
		Files       []File        `json:"files"`
		Patients    int           `json:"patients"`           // different people in the package, as far as the data tell
		Unlinked    int64         `json:"unlinked"`           // records that do not tell whose they are: no accounting finds them
		LeftOut     []cohort.Left `json:"left_out,omitempty"` // the suppression report
		Labels      []string      `json:"labels,omitempty"`   // of sensitivity, of anything in the package: its high-water mark (HL7)
		Package     string        `json:"package"`            // object in the vault
		Bytes       int64         `json:"bytes"`
		SHA256      string        `json:"sha256"` // of the encrypted package
		Index       string        `json:"index"`  // object that tells whether a patient is in it
		Expires     time.Time     `json:"expires"`
		DestroyBy   string        `json:"destroy_by,omitempty"` // date by which the recipient destroys it
	}
	// A File is one file inside the package.
	File struct {
		Dataset  string `json:"dataset"`
		Name     string `json:"name"`
		Format   string `json:"format"`
		Records  int64  `json:"records"`  // rows or resources given
		Excluded int64  `json:"excluded"` // rows or resources left out; in tens, rounded up, where patients were
		SHA256   string `json:"sha256"`   // of the plain file
		Source   string `json:"source"`   // SHA-256 of the dataset it was made from
		Profile  string `json:"profile"`  // de-identification profile and version
	}
	// Held says that a package was built and that the second look at it found something:
	// nobody can fetch it, and the recipient does not know of it, until a second person
	// of the discloser has decided (DLP-1).
	Held struct {
		Offer Offered `json:"offer"`
		Suspicion
	}
	// Cleared says that a second person looked at what was found and let the package go:
	// from then on it is on offer.
	Cleared struct {
		Ground  Ground    `json:"ground"`
		Expires time.Time `json:"expires"`
	}
	// Viewed says that somebody looked at what is on offer.
	Viewed struct {
		What string `json:"what"`
	}
	// Downloaded says that somebody of the recipient fetched the package: the
	// disclosure.
	Downloaded struct {
		SHA256 string `json:"sha256"`
	}
	// Revoked ends the offer before it expires; the package is destroyed with it.
	Revoked struct {
		Reason Reason `json:"reason"`
	}
	// Destroyed says that the hub destroyed the package, since its time was over.
	Destroyed struct{}
	// Accounted says that an accounting of disclosures was made for one patient, who
	// is known here only by a keyed digest.
	Accounted struct {
		Patient []byte `json:"patient"`
		From    string `json:"from"`    // first day
		To      string `json:"to"`      // last day
		Entries int    `json:"entries"` // that the patient was told of
		Exempt  int    `json:"exempt"`  // that 45 CFR 164.528(a)(1) exempts
	}
	// LogViewed says that somebody read the disclosure log, or took it away as a file.
	LogViewed struct {
		Entries int  `json:"entries"`
		Export  bool `json:"export"`
	}
)

// A Suspicion is what the second look at a package found.
type Suspicion struct {
	Findings []quarantine.Finding `json:"findings"` // the first of them
	Found    int64                `json:"count"`    // how many there are
	Sure     int64                `json:"sure"`     // of these, not by chance
	Evidence string               `json:"evidence"` // object: the texts in which they stand
}

// A Reason says why an offer ended early. It is a closed vocabulary: free text does
// not belong in an event.
type Reason string

// The reasons of a revocation.
const (
	AgreementEnded Reason = "agreement-ended"
	BuiltInError   Reason = "built-in-error"
	NoLongerNeeded Reason = "no-longer-needed"
	Suspected      Reason = "suspected-incident"
	Identifying    Reason = "identifying"
)

// Reasons lists them in the order of a form.
func Reasons() []Reason {
	return []Reason{AgreementEnded, BuiltInError, NoLongerNeeded, Suspected, Identifying}
}

// Title returns the reason in words, "" for one that is not in the vocabulary.
func (r Reason) Title() string {
	switch r {
	case AgreementEnded:
		return "The agreement it rests on has ended"
	case BuiltInError:
		return "It was built in error"
	case NoLongerNeeded:
		return "The project no longer needs it"
	case Suspected:
		return "An incident is suspected"
	case Identifying:
		return "It holds what may identify somebody"
	}
	return ""
}

// A Ground says why a second person let a package go.
type Ground string

// The grounds of a clearance.
const (
	Chance    Ground = "chance"
	Permitted Ground = "permitted"
)

// Grounds lists those on which a package in a form may go, in the order of a form. What
// is called de-identified holds no identifier, whatever anybody permits.
func Grounds(form string) []Ground {
	if form == "safe-harbor" {
		return []Ground{Chance}
	}
	return []Ground{Chance, Permitted}
}

// Title returns the ground in words, "" for one that is not in the vocabulary.
func (g Ground) Title() string {
	switch g {
	case Chance:
		return "Every finding was looked at: none of them is about a person"
	case Permitted:
		return "What was found may stand in this form, under the agreement"
	}
	return ""
}
