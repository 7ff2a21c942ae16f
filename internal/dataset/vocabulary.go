package dataset

import "slices"

// A Source is the kind of system that data come from.
type Source string

// The sources, structured ones first.
const (
	HealthRecord Source = "ehr"
	Billing      Source = "billing"
	Laboratory   Source = "laboratory"
	Registry     Source = "registry"
	Surveillance Source = "surveillance"
	Warehouse    Source = "warehouse"
	Other        Source = "other"
)

// Sources returns all sources.
func Sources() []Source {
	return []Source{HealthRecord, Billing, Laboratory, Registry, Surveillance, Warehouse, Other}
}

// Title returns the source in words.
func (s Source) Title() string {
	switch s {
	case HealthRecord:
		return "Electronic health record"
	case Billing:
		return "Billing and claims"
	case Laboratory:
		return "Laboratory"
	case Registry:
		return "Registry"
	case Surveillance:
		return "Infection surveillance and safety reports"
	case Warehouse:
		return "Data warehouse"
	}
	return "Other"
}

// An Environment is what a copy of data is for (DAT-4).
type Environment string

// The environments. Only production takes identifiers.
const (
	Production Environment = "production"
	Test       Environment = "test"
	Training   Environment = "training"
)

// Environments returns all environments.
func Environments() []Environment { return []Environment{Production, Test, Training} }

// Title returns the environment in words.
func (e Environment) Title() string {
	switch e {
	case Production:
		return "Production"
	case Test:
		return "Test"
	case Training:
		return "Training"
	}
	return "Unknown"
}

// A Repository is a place that the operator approved for storing data.
type Repository struct {
	ID     string `json:"id"`     // "hub-vault"
	Region string `json:"region"` // "us-east"
}

// A Basis is what a classification rests on.
type Basis string

// The bases.
const (
	Catalogue Basis = "catalogue" // columns and paths looked up, earlier corrections kept
	Person    Basis = "person"    // a person corrected it
)

// A Reason is why a field is classified less strictly than before.
type Reason string

// The reasons.
const (
	Remapped    Reason = "remapped"    // the source uses the field for something else
	Generalized Reason = "generalized" // it is coarsened before it gets here
	Constant    Reason = "constant"    // it holds the same for everybody, or nothing
	Determined  Reason = "determined"  // an expert's determination is on file
)

// Reasons returns all reasons.
func Reasons() []Reason { return []Reason{Remapped, Generalized, Constant, Determined} }

// Title returns the reason in words.
func (r Reason) Title() string {
	switch r {
	case Remapped:
		return "The source uses the field for something else"
	case Generalized:
		return "The values are coarsened before they get here"
	case Constant:
		return "The field holds the same for everybody, or nothing"
	case Determined:
		return "An expert's determination is on file"
	}
	return "None"
}

// An Ending is why a dataset is retired.
type Ending string

// The endings.
const (
	NotNeeded  Ending = "not-needed"
	Superseded Ending = "superseded" // by another dataset
	Flawed     Ending = "flawed"     // its quality does not suffice
	Misplaced  Ending = "misplaced"  // it should not be here
)

// Endings returns all endings.
func Endings() []Ending { return []Ending{NotNeeded, Superseded, Flawed, Misplaced} }

// Title returns the ending in words.
func (e Ending) Title() string {
	switch e {
	case NotNeeded:
		return "No longer needed"
	case Superseded:
		return "Superseded by another dataset"
	case Flawed:
		return "Its quality does not suffice"
	case Misplaced:
		return "It should not be here"
	}
	return "Unknown"
}

// A Status is where a holding stands.
type Status string

// The statuses, in their order.
const (
	Awaiting    Status = "awaiting file"
	Unconfirmed Status = "to be confirmed"
	Ready       Status = "ready"
	Ended       Status = "retired"
)

func known[T comparable](v T, all []T) bool { return slices.Contains(all, v) }
