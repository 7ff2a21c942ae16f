package release

import (
	"context"
	"io"

	"chaperone.example/deid"
	"chaperone.example/internal/fault"
	"chaperone.example/law/cohort"
	"chaperone.example/law/fact"
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
	Form                          string // of the law: safe-harbor, expert, limited, identified
	Elements, Withheld            []string
	From, Until                   string   // dates of discharge, inclusive; empty for open
	Classes                       []string // of encounters, by their letter; empty for all
	// Patients are the classes of patients that go out; whoever is of another is left out
	// (42 CFR Part 2, overlays). Nil: the decision knew no classes, and decided everybody
	// alike.
	Patients       *cohort.Inclusion
	Diagnoses      []string // prefixes of ICD-10-CM codes without dot; empty for all
	MinAge, MaxAge int      // years at the encounter, inclusive; MaxAge -1 for no limit
	Duties         []string // law.Duty
	Accountable    bool     // 45 CFR 164.528
	RetentionDays  int
	// Terms are the clauses of the agreements that the release rests on, to travel with
	// the data (45 CFR 164.514(e)(4)); none, and the package has no TERMS.txt.
	Terms []Clause
}

// A Clause is a term of an agreement in words.
type Clause struct{ Title, Citation, Text string }

// Requests says what a request permits now. It reads the request, the agreements
// and whatever else the decision rests on through the reading, so that a release
// cannot race the end of any of them, and answers with a fault that names the rule
// when the request does not permit a release (any more).
type Requests interface {
	Permit(ctx context.Context, r *ledger.Reading, request string) (Permit, error)
}

// A Source is a dataset to release from, as it was received.
type Source struct {
	ID     string
	Format deid.Format
	SHA256 string // of the plain file
	// Program says whether a substance-use program made the records (42 CFR 2.11), as
	// far as it was declared.
	Program fact.Answer
	// Corrected tells for which fields (columns, FHIR paths) the steward set another
	// element than their names say, and which.
	Corrected map[string]string
	Open      func(context.Context) (io.ReadCloser, error)
}

// Datasets opens the datasets of the actor's own organization.
type Datasets interface {
	Source(ctx context.Context, r *ledger.Reading, id string) (Source, error)
}

// Keys knows the public keys that recipients registered.
type Keys interface {
	// Recipient returns the age public key of a user, or "" if none is registered.
	Recipient(ctx context.Context, r *ledger.Reading, user string) (string, error)
}

// A Directory knows the display names, of the organizations and users with these ids,
// that the actor may know. One that is missing is shown by its task or its id.
type Directory interface {
	Names(ctx context.Context, r *ledger.Reading, ids []string) (map[string]string, error)
}

// profile returns the de-identification that makes a form that the law decided. The
// law's forms that no package can be built in are refused with what can be done.
func profile(form string) (deid.Profile, error) {
	switch form {
	case "safe-harbor":
		return deid.Standard(deid.SafeHarbor)
	case "limited":
		return deid.Standard(deid.LimitedDataSet)
	case "expert":
		return deid.Profile{}, fault.New(fault.Refused, "the decision lets the data go de-identified by an expert's determination (45 CFR 164.514(b)(1)); this hub has no such profile to apply. Have the request amended to Safe Harbor or a limited data set")
	case "identified":
		return deid.Profile{}, fault.New(fault.Refused, "the decision lets identifiable data go, and this hub builds packages only in de-identified form or as a limited data set (45 CFR 164.514(b), (e)). Have the request amended to one of these")
	}
	return deid.Profile{}, fault.New(fault.Refused, "the decision names no form in which the data may go: have the request decided again")
}

// FormTitle returns a form of the law in words.
func FormTitle(form string) string {
	switch form {
	case "safe-harbor":
		return "De-identified (Safe Harbor)"
	case "expert":
		return "De-identified (expert determination)"
	case "limited":
		return "Limited data set"
	case "identified":
		return "Identifiable"
	}
	return form
}
