// Package dataset keeps the inventory of the data that organizations contribute:
// what each holds, where it is stored, which elements are in it and who needs them
// (DAT-1, DAT-2), from the registration over every version that was received to the
// end of its use.
//
// # The law
//
// A covered entity limits access to protected health information to the roles that
// need it, by the categories of information (45 CFR 164.514(d)(2)), and guards it
// where it rests (164.306(a), 164.312(a)(2)(iv), (c)(1)). So every column and path of
// a file stands for an element of the catalogue of package phi with its class and
// roles, a steward confirms that before the data can be used, and the file is sealed
// under the key of its organization (SEC-1). People who build and train need no
// patients for their task (164.308(a)(4), 164.502(b)): a test or training environment
// takes no identifiers, whatever is declared about the data (DAT-4).
//
// # Terms
//
// A [Holding] is a dataset of one organization. It has versions; each is one file
// that package intake accepted whole, kept in the vault. The title and the name of the
// source system are free text and sealed; events carry codes, counts, hashes and the
// names of columns and paths, which are the format's and never the file's own.
package dataset

import (
	"chaperone.example/internal/dataset/intake"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Registered says that an organization has a dataset. Its details are a [Label].
type Registered struct {
	Owner       string        `json:"owner"` // organization
	Format      intake.Format `json:"format"`
	Source      Source        `json:"source"`
	Environment Environment   `json:"environment"`
	Repository  string        `json:"repository"`
	Region      string        `json:"region"`
	PHI         bool          `json:"contains_phi"` // as declared
}

// A Label is what people call a dataset. It is sealed: a title may name a patient.
type Label struct {
	Title  string `json:"title"`
	System string `json:"system"` // the source system
}

// Received says that a file was accepted whole and sealed in the vault.
type Received struct {
	Version    int            `json:"version"` // dense from 1
	Object     string         `json:"object"`  // in the vault, under the owner's key
	SHA256     string         `json:"sha256"`  // of the plain file, hexadecimal
	Bytes      int64          `json:"bytes"`
	Records    int64          `json:"records"`
	Types      []intake.Tally `json:"types,omitempty"`    // of FHIR: resources by type
	Fields     []intake.Tally `json:"fields"`             // how often each column or path is filled
	First      string         `json:"first,omitempty"`    // month of service, 2026-03
	Last       string         `json:"last,omitempty"`     //
	Identifies bool           `json:"identifies"`         // has direct or quasi-identifiers
	Replaces   int            `json:"replaces,omitempty"` // version, lineage
}

// Classified says what the fields of a version stand for from now on.
type Classified struct {
	Version  int       `json:"version"`
	Basis    Basis     `json:"basis"`
	Elements []Element `json:"elements"`
	Changes  []Change  `json:"changes,omitempty"` // against the classification before
}

// An Element is an element of the catalogue, as it was at the time, with the fields
// that stand for it.
type Element struct {
	ID         string     `json:"element"`
	Class      phi.Class  `json:"class"`
	Identifier string     `json:"identifier,omitempty"` // letter of 45 CFR 164.514(b)(2)(i)
	Street     bool       `json:"street,omitempty"`
	FreeText   bool       `json:"free_text,omitempty"`
	Roles      []phi.Role `json:"roles"`
	Fields     []string   `json:"fields"`
}

// A Change is a correction of the classification.
type Change struct {
	Field    string `json:"field"`
	From     string `json:"from"` // element
	To       string `json:"to"`
	Stricter bool   `json:"stricter,omitempty"`
	Reason   Reason `json:"reason,omitempty"`
}

// Confirmed says that a steward stands by the classification of a version.
type Confirmed struct {
	Version int `json:"version"`
}

// Opened says that the plain data of a version were opened for use; the actor's
// reason is the work item.
type Opened struct {
	Version int `json:"version"`
}

// Retired says that a dataset is not to be used any more.
type Retired struct {
	Reason Ending `json:"reason"`
}

// Types are the events of the module.
var Types = ledger.Types{
	"dataset.registered": Registered{},
	"dataset.received":   Received{},
	"dataset.classified": Classified{},
	"dataset.confirmed":  Confirmed{},
	"dataset.opened":     Opened{},
	"dataset.declared":   Declared{},
	"dataset.labelled":   Labelled{},
	"dataset.retired":    Retired{},
}
