package release

import (
	"context"

	"chaperone.example/ledger"
)

// A Permit is what an approved request lets out, by the law as it is when asked.
type Permit struct {
	Request, Discloser, Recipient string
	People                        []string // users of the recipient
	Datasets                      []string
	Decision                      string // id
	Purpose                       string
	Basis, Authority              string // rule and citation
	Form                          string // of the law: safe-harbor, limited, identified
	Elements, Withheld            []string
	From, Until                   string   // dates of discharge, inclusive; empty for open
	Classes                       []string // of encounters, by their letter; empty for all
	Diagnoses                     []string // prefixes of ICD-10-CM codes without dot; empty for all
	MinAge, MaxAge                int      // years at the encounter, inclusive; MaxAge -1 for no limit
	Duties                        []string
	Accountable                   bool // 45 CFR 164.528
	RetentionDays                 int
}

// Requests says what a request permits now. It reads the request, the agreements
// and whatever else the decision rests on through the reading, so that a release
// cannot race the end of any of them, and answers with a fault that names the rule
// when the request does not permit a release (any more).
type Requests interface {
	Permit(ctx context.Context, r *ledger.Reading, request string) (Permit, error)
}
