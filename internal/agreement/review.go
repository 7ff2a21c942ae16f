package agreement

import (
	"context"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
)

// An Opinion is the state of one review. Counsel's advice is privileged: the other
// party of the contract sees neither the finding nor that there was a review.
type Opinion struct {
	Reviewed
}

// Opinions is the family of reviews, a stream a review.
var Opinions = ledger.Kind[Opinion]{
	Name: "agreement-review",
	Apply: func(o Opinion, _ ledger.Record, e ledger.Event) Opinion {
		if e, ok := e.(Reviewed); ok {
			o.Reviewed = e
		}
		return o
	},
	Sees: func(o Opinion) []string { return []string{o.Org} },
}

// RecordReview records what counsel or the privacy officer found in a version. It
// begins a stream of [Opinions].
type RecordReview struct {
	Agreement string // id
	Version   int
	Reviewer  Reader
	Finding   Finding
	Note      string // what has to change, or why it is acceptable: seen by one's own organization only

	Contract Contract `json:"-"` // what Gather found
}

// Action implements [ledger.Command].
func (RecordReview) Action() string { return "agreement.review" }

// Begins implements [ledger.Beginning].
func (RecordReview) Begins() {}

// Gather implements [ledger.Gatherer].
func (c RecordReview) Gather(ctx context.Context, r *ledger.Reading, _ Opinion) (ledger.Command[Opinion], error) {
	var err error
	c.Contract, err = ledger.See(ctx, r, Kind, c.Agreement)
	return c, err
}

// Decide implements [ledger.Command].
func (c RecordReview) Decide(_ Opinion, m ledger.Moment) ([]ledger.Event, error) {
	v, ok := c.Contract.Version(c.Version)
	switch {
	case !c.Contract.Party(m.Actor.Org):
		return nil, ledger.Unknown("agreement")
	case !ok:
		return nil, fault.New(fault.Invalid, "this agreement has no such version: the newest is %d", c.Contract.Latest().N)
	case c.Reviewer.Title() == "":
		return nil, fault.New(fault.Invalid, "say who reviewed it: counsel or the privacy officer")
	case c.Finding.Title() == "":
		return nil, fault.New(fault.Invalid, "say what the review found: acceptable as it is, or changes needed")
	case c.Finding == Objections && c.Note == "":
		return nil, fault.New(fault.Invalid, "say what has to change")
	}
	if err := short(c.Note); err != nil {
		return nil, err
	}
	e := Reviewed{Agreement: c.Agreement, Version: v.N, Org: m.Actor.Org, Reviewer: c.Reviewer, Finding: c.Finding}
	if c.Note == "" {
		return []ledger.Event{e}, nil
	}
	return []ledger.Event{ledger.Sealed{Event: e, Subject: "agreement-review/" + m.ID, Details: Note{c.Note}}}, nil
}
