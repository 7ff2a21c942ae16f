package dataset

import (
	"context"
	"fmt"

	"chaperone.example/internal/fault"
	"chaperone.example/law/cohort"
	"chaperone.example/law/fact"
	"chaperone.example/ledger"
)

// A Provenance says whether a substance-use program made the records of a dataset:
// then 42 CFR Part 2 protects them, whatever their codes (2.11, 2.12).
type Provenance string

// The answers.
const (
	Unstated Provenance = ""        // nobody has said; treated as mixed
	Program  Provenance = "program" // all of it comes from one
	Mixed    Provenance = "mixed"   // some may, and the file does not tell which
	NoneOfIt Provenance = "none"
)

// Provenances returns the answers that can be given.
func Provenances() []Provenance { return []Provenance{NoneOfIt, Program, Mixed} }

// Title returns the answer in words.
func (p Provenance) Title() string {
	switch p {
	case Program:
		return "All of it comes from a Part 2 program"
	case Mixed:
		return "Some of it may, and the file does not tell which"
	case NoneOfIt:
		return "None of it comes from a Part 2 program"
	}
	return "Nobody has said yet"
}

// Answer returns the fact that decisions are made from.
func (p Provenance) Answer() fact.Answer {
	switch p {
	case Program:
		return fact.Yes
	case NoneOfIt:
		return fact.No
	}
	return fact.Unknown
}

// Declared says whether a substance-use program made the records.
type Declared struct {
	Part2 Provenance `json:"part2"`
}

// Labelled says how many patients of a version have which labels of sensitivity, by
// the codes in their records. It names nobody.
type Labelled struct {
	Version  int            `json:"version"`
	Table    string         `json:"table"` // of codes that was applied
	Patients []cohort.Count `json:"patients"`
}

// Declare states the provenance of a dataset's records. It is about the source, so
// it holds for every version.
type Declare struct {
	Part2 Provenance `json:"part2"`
}

// Action implements [ledger.Command].
func (Declare) Action() string { return "dataset.declare" }

// Decide implements [ledger.Command].
func (c Declare) Decide(h Holding, _ ledger.Moment) ([]ledger.Event, error) {
	switch {
	case h.Retired != "":
		return nil, fault.New(fault.Refused, "the dataset was retired")
	case !known(c.Part2, Provenances()):
		return nil, fault.New(fault.Invalid, "say whether a substance-use program made the records: %s", list(Provenances()))
	case c.Part2 == h.Part2:
		return nil, fault.New(fault.Refused, "that is what the dataset says already")
	}
	return []ledger.Event{Declared(c)}, nil
}

// Cohort returns the patients of the version as classes are made from them, and
// false if it was received before patients were labelled, or has none.
func (h Holding) Cohort() (cohort.Set, bool) {
	v, ok := h.Current()
	if !ok || len(v.Patients) == 0 {
		return cohort.Set{}, false
	}
	return cohort.Set{Program: h.Part2.Answer(), Counts: v.Patients}, true
}

// Cohorts returns the patients of every production dataset of an organization that is
// ready, for decisions about its data: whoever asks, so they are read past the scope
// and nothing but counts of them may be shown. What is appended with r is refused if
// one of the datasets has changed by then.
func Cohorts(ctx context.Context, r *ledger.Reading, owner string) ([]cohort.Set, error) {
	rows, err := r.DB().QueryContext(ctx, `select id from dataset_holding where owner = $1 and status = $2 and environment = $3 order by id`, owner, string(Ready), string(Production))
	if err != nil {
		return nil, fmt.Errorf("dataset: cohorts: %w", err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("dataset: cohorts: %w", err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("dataset: cohorts: %w", err)
	}
	var out []cohort.Set
	for _, id := range ids {
		h, err := ledger.Read(ctx, r, Kind, id)
		if err != nil {
			return nil, err
		}
		if s, ok := h.Cohort(); ok && h.Status() == Ready {
			out = append(out, s)
		}
	}
	return out, nil
}
