package release

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/release/index"
	"chaperone.example/ledger"
)

// AccountingYears is how far back an accounting reaches: 45 CFR 164.528(a)(1).
const AccountingYears = 6

// An Accounting is the answer to a patient who asks who got their information.
type Accounting struct {
	From, To time.Time
	Entries  []Entry   // that 45 CFR 164.528 lists, oldest first
	Other    []Entry   // that it exempts, shown to the officer alone, with the reason
	Blind    int64     // records disclosed in the time that do not tell whose they are
	Earlier  time.Time // when this patient was last given an accounting in the past twelve months
	Names    map[string]string
	patient  []byte
}

// Name returns the name of an organization, or its id.
func (a Accounting) Name(id string) string { return named(a.Names, id) }

// An Entry is what one release disclosed of a patient. Where it was fetched more than
// once it stands as 45 CFR 164.528(b)(3) allows: the first disclosure, how often, and
// the last.
type Entry struct {
	Disclosure
	Times  int
	Last   time.Time
	Exempt Exemption
}

// An Exemption says why a disclosure is not listed to the patient; the zero one is
// none.
type Exemption struct{ Reason, Citation string }

// exemption returns why 45 CFR 164.528 does not list a disclosure, from its form and
// from the section it rests on. The law's duty to account goes before; and what no
// exemption is known for is listed.
func exemption(d Disclosure) Exemption {
	if d.Accountable {
		return Exemption{}
	}
	switch d.Form {
	case "safe-harbor", "expert":
		return Exemption{"De-identified before it left: it was not information about the patient any more", "45 CFR 164.502(d)(2)"}
	case "limited":
		return Exemption{"Part of a limited data set", "45 CFR 164.528(a)(1)(viii)"}
	}
	for _, x := range []struct{ section, reason, citation string }{
		{"164.502(a)(1)(i)", "Given to the patient", "45 CFR 164.528(a)(1)(ii)"},
		{"164.502(e)", "Given to a business associate to carry out treatment, payment or health care operations", "45 CFR 164.528(a)(1)(i)"},
		{"164.504(e)", "Given to a business associate to carry out treatment, payment or health care operations", "45 CFR 164.528(a)(1)(i)"},
		{"164.506", "To carry out treatment, payment or health care operations", "45 CFR 164.528(a)(1)(i)"},
		{"164.508", "The patient authorized it", "45 CFR 164.528(a)(1)(iv)"},
		{"164.510", "For the facility's directory, or to persons involved in the patient's care", "45 CFR 164.528(a)(1)(v)"},
		{"164.512(k)(2)", "For national security or intelligence purposes", "45 CFR 164.528(a)(1)(vi)"},
		{"164.512(k)(5)", "To a correctional institution or law enforcement official having custody", "45 CFR 164.528(a)(1)(vii)"},
	} {
		if strings.HasPrefix(d.Authority, "45 CFR "+x.section) {
			return Exemption{x.reason, x.citation}
		}
	}
	return Exemption{}
}

// Account asks for the accounting of disclosures for one patient, by an identifier
// that the organization's own records use: a record number, the token of the encounter
// extract, or "Patient/ID" of a FHIR export.
type Account struct {
	Identifier string         `json:"-"` // never leaves the question
	From, To   time.Time      // days, inclusive; zero: the six years until today
	Index      index.Register `json:"-"`
	Directory  Directory      `json:"-"` // nil: ids stand for names
}

// Action implements [ledger.Question].
func (Account) Action() string { return "disclosure.account" }

// Answer implements [ledger.Question].
func (q Account) Answer(ctx context.Context, r *ledger.Reading) (Accounting, error) {
	now := r.Now().UTC()
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	a := Accounting{From: q.From, To: q.To}
	if a.To.IsZero() {
		a.To = today
	}
	if a.From.IsZero() {
		a.From = today.AddDate(-AccountingYears, 0, 0)
	}
	switch {
	case strings.TrimSpace(q.Identifier) == "":
		return a, fault.New(fault.Invalid, "enter the patient's identifier")
	case a.From.Before(today.AddDate(-AccountingYears, 0, 0)):
		return a, fault.New(fault.Invalid, "an accounting reaches back %d years at most (45 CFR 164.528(a)(1)): choose a later first day", AccountingYears)
	case a.To.Before(a.From) || a.To.After(today):
		return a, fault.New(fault.Invalid, "the last day must not be before the first nor after today")
	}
	org := r.Scope().Org
	var err error
	if a.patient, err = q.Index.Patient(ctx, org, q.Identifier); err != nil {
		return a, err
	}
	if a.Earlier, err = earlier(ctx, r, a.patient, now.AddDate(-1, 0, 0)); err != nil {
		return a, err
	}
	all, err := Log{From: a.From, To: a.To, Given: true}.lines(ctx, r)
	if err != nil {
		return a, err
	}
	slices.Reverse(all)
	var found []Entry // one a release
	at := map[string]int{}
	for _, d := range all {
		i, seen := at[d.Release]
		if !seen { // the index of a release is read once, however often it was fetched
			has, err := q.Index.Has(ctx, org, d.index, a.patient)
			if err != nil {
				return a, err
			}
			if i = -1; has {
				i = len(found)
				found = append(found, Entry{Disclosure: d, Exempt: exemption(d)})
			}
			at[d.Release] = i
			a.Blind += d.Unlinked
		}
		if i >= 0 {
			found[i].Times++
			found[i].Last = d.At
		}
	}
	ids := []string{org}
	for _, e := range found {
		ids = append(ids, e.Recipient)
		if e.Exempt == (Exemption{}) {
			a.Entries = append(a.Entries, e)
		} else {
			a.Other = append(a.Other, e)
		}
	}
	a.Names, err = names(ctx, r, q.Directory, ids...)
	return a, err
}

// earlier returns when the patient was last given an accounting since a day; the zero
// time if never. The first in twelve months is free: 45 CFR 164.528(c)(2).
func earlier(ctx context.Context, r *ledger.Reading, patient []byte, since time.Time) (time.Time, error) {
	var at string
	err := r.DB().QueryRowContext(ctx, `select coalesce(max(at), '') from release_accounting where org = $1 and patient = $2 and at >= $3`,
		r.Scope().Org, hex.EncodeToString(patient), stamp(since)).Scan(&at)
	if err != nil {
		return time.Time{}, err
	}
	return unstamp(at)
}

// Accesses implements [ledger.Watched]: 45 CFR 164.528(d) wants the accounting that
// was given documented.
func (q Account) Accesses(a Accounting, m ledger.Moment) []ledger.Access {
	return []ledger.Access{{Stream: logStream(m.Actor.Org), Parties: []string{m.Actor.Org},
		Event: Accounted{Patient: a.patient, From: a.From.Format(time.DateOnly), To: a.To.Format(time.DateOnly), Entries: len(a.Entries), Exempt: len(a.Other)}}}
}

// Description says briefly what was disclosed, as 45 CFR 164.528(b)(2)(iii) asks.
func (e Entry) Description() string {
	titles := make([]string, len(e.Elements))
	for i, id := range e.Elements {
		titles[i] = lower(ElementTitle(id))
	}
	return FormTitle(e.Form) + ": " + strings.Join(titles, ", ")
}
