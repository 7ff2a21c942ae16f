package release

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"chaperone.example/ledger"
)

// A Row is a release as lists show it.
type Row struct {
	ID, Request, Discloser, Recipient string
	Form, Purpose                     string
	Records                           int64
	Patients, Downloads               int
	At, Expires                       time.Time
	Status                            Status
	Reason                            Reason
}

// List asks for the releases that one's organization gave or was given, newest
// first.
type List struct {
	Request string // only of this request, unless empty
}

// Action implements [ledger.Question].
func (List) Action() string { return "release.list" }

// Answer implements [ledger.Question].
func (q List) Answer(ctx context.Context, r *ledger.Reading) ([]Row, error) {
	rows, err := r.DB().QueryContext(ctx, `select o.id, o.request, o.discloser, o.recipient, o.form, o.purpose, o.records, o.patients, o.downloads, o.offered, o.expires, o.revoked, o.reason
		from release_offer o join stream_party p on p.stream = 'release/' || o.id and p.org = $1
		where $2 = '' or o.request = $2 order by o.offered desc, o.id`, r.Scope().Org, q.Request)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		var x Row
		var at, expires, revoked string
		if err := rows.Scan(&x.ID, &x.Request, &x.Discloser, &x.Recipient, &x.Form, &x.Purpose, &x.Records, &x.Patients, &x.Downloads, &at, &expires, &revoked, &x.Reason); err != nil {
			return nil, err
		}
		if x.At, err = time.Parse(time.RFC3339, at); err != nil {
			return nil, err
		}
		if x.Expires, err = time.Parse(time.RFC3339, expires); err != nil {
			return nil, err
		}
		switch {
		case revoked != "":
			x.Status = Ended
		case !r.Now().Before(x.Expires):
			x.Status = Expired
		default:
			x.Status = Open
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

// See asks for one release. The look is recorded.
type See struct{ ID string }

// Action implements [ledger.Question].
func (See) Action() string { return "release.see" }

// Answer implements [ledger.Question].
func (q See) Answer(ctx context.Context, r *ledger.Reading) (Offer, error) {
	return ledger.See(ctx, r, Kind, q.ID)
}

// Accesses implements [ledger.Watched].
func (q See) Accesses(o Offer, _ ledger.Moment) []ledger.Access {
	return []ledger.Access{{Stream: Kind.Name + "/" + q.ID, Event: Viewed{What: "offer"}, Parties: Kind.Sees(o)}}
}

// A Disclosure is one line of the disclosure log (REL-2): who got what, for what,
// on what authority.
type Disclosure struct {
	Seq                           int64 // the record in the ledger
	At                            time.Time
	Release, Discloser, Recipient string
	By                            string // user who fetched it
	Purpose, Basis, Authority     string
	Form                          string
	Elements, Withheld, Duties    []string
	Records                       int64
	Patients                      int
	Accountable                   bool
	index                         string
}

// Log asks for the disclosures that one's organization made or received, newest
// first.
type Log struct{ From time.Time }

// Action implements [ledger.Question].
func (Log) Action() string { return "disclosure.list" }

// Answer implements [ledger.Question].
func (q Log) Answer(ctx context.Context, r *ledger.Reading) ([]Disclosure, error) {
	rows, err := r.DB().QueryContext(ctx, `select d.seq, d.at, d.by_user, o.id, o.discloser, o.recipient, o.purpose, o.basis, o.authority, o.form, o.elements, o.withheld, o.duties, o.records, o.patients, o.accountable, o.index_object
		from release_disclosure d join release_offer o on o.id = d.release join stream_party p on p.stream = 'release/' || o.id and p.org = $1
		where d.at >= $2 order by d.seq desc`, r.Scope().Org, stamp(q.From))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Disclosure
	for rows.Next() {
		var d Disclosure
		var at, elements, withheld, duties string
		var accountable int
		if err := rows.Scan(&d.Seq, &at, &d.By, &d.Release, &d.Discloser, &d.Recipient, &d.Purpose, &d.Basis, &d.Authority, &d.Form, &elements, &withheld, &duties, &d.Records, &d.Patients, &accountable, &d.index); err != nil {
			return nil, err
		}
		d.Accountable = accountable == 1
		if d.At, err = time.Parse(time.RFC3339, at); err != nil {
			return nil, err
		}
		for _, l := range []struct {
			text string
			list *[]string
		}{{elements, &d.Elements}, {withheld, &d.Withheld}, {duties, &d.Duties}} {
			if err := json.Unmarshal([]byte(l.text), l.list); err != nil {
				return nil, fmt.Errorf("release: disclosure %d: %w", d.Seq, err)
			}
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// Accesses implements [ledger.Watched]: reading the log is itself on record.
func (q Log) Accesses(entries []Disclosure, m ledger.Moment) []ledger.Access {
	return []ledger.Access{{Stream: "disclosure-log/" + m.Actor.Org, Event: LogViewed{len(entries)}, Parties: []string{m.Actor.Org}}}
}

// AccountingYears is how far back an accounting reaches: 45 CFR 164.528(a)(1).
const AccountingYears = 6

// An Accounting is the answer to a patient who asks who got their information.
type Accounting struct {
	From, To time.Time
	Entries  []Disclosure // that 45 CFR 164.528 lists
	Other    []Disclosure // that it exempts, shown to the officer alone, with their authority
	patient  []byte
}

// An Index tells whether a patient, known by a keyed digest, is in a release.
type Index interface {
	// Patient returns the keyed digest of a patient's identifier in an
	// organization's records.
	Patient(ctx context.Context, org, identifier string) ([]byte, error)
	// Has reports whether the index object of an organization holds the digest.
	Has(ctx context.Context, org, object string, digest []byte) (bool, error)
}

// Account asks for the accounting of disclosures for one patient, by the identifier
// that the organization's own records use.
type Account struct {
	Identifier string `json:"-"` // never leaves the question
	Index      Index  `json:"-"`
}

// Action implements [ledger.Question].
func (Account) Action() string { return "disclosure.account" }

// Answer implements [ledger.Question].
func (q Account) Answer(ctx context.Context, r *ledger.Reading) (Accounting, error) {
	a := Accounting{From: r.Now().AddDate(-AccountingYears, 0, 0), To: r.Now()}
	org := r.Scope().Org
	var err error
	if a.patient, err = q.Index.Patient(ctx, org, q.Identifier); err != nil {
		return a, err
	}
	all, err := Log{From: a.From}.Answer(ctx, r)
	if err != nil {
		return a, err
	}
	for _, d := range all {
		if d.Discloser != org {
			continue
		}
		has, err := q.Index.Has(ctx, org, d.index, a.patient)
		if err != nil {
			return a, err
		}
		switch {
		case has && d.Accountable:
			a.Entries = append(a.Entries, d)
		case has:
			a.Other = append(a.Other, d)
		}
	}
	return a, nil
}

// Accesses implements [ledger.Watched]: 45 CFR 164.528(d) wants the accounting that
// was given documented.
func (q Account) Accesses(a Accounting, m ledger.Moment) []ledger.Access {
	return []ledger.Access{{Stream: "disclosure-log/" + m.Actor.Org, Event: Accounted{Patient: a.patient, From: stamp(a.From), Entries: len(a.Entries)}, Parties: []string{m.Actor.Org}}}
}
