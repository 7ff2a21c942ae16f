package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/release/quarantine"
	"chaperone.example/ledger"
)

// names asks a directory, if there is one, for the names of ids.
func names(ctx context.Context, r *ledger.Reading, d Directory, ids ...string) (map[string]string, error) {
	if d == nil || len(ids) == 0 {
		return map[string]string{}, nil
	}
	slices.Sort(ids)
	return d.Names(ctx, r, slices.Compact(ids))
}

// A Row is a release as lists show it.
type Row struct {
	ID, Request, Discloser, Recipient string
	Form, Purpose                     string
	Records                           int64
	Patients, Downloads               int
	At, Expires, RevokedAt            time.Time
	Status                            Status
	Reason                            Reason
	Mine                              bool   // it is for the person who asks
	Barred                            string // of an open one: why the law no longer permits it
	Names                             map[string]string
}

// Name returns the name of an organization, or its id.
func (x Row) Name(id string) string { return named(x.Names, id) }

func named(names map[string]string, id string) string {
	if n := names[id]; n != "" {
		return n
	}
	return id
}

// List asks for the releases that one's organization gave or was given, newest
// first.
type List struct {
	Request   string    // only of this request, unless empty
	Status    Status    // only those that stand so, unless empty
	Requests  Requests  // asked whether what is open is still permitted; nil: not asked
	Directory Directory // nil: ids stand for names
}

// Action implements [ledger.Question].
func (List) Action() string { return "release.list" }

// Answer implements [ledger.Question].
func (q List) Answer(ctx context.Context, r *ledger.Reading) ([]Row, error) {
	out, err := q.rows(ctx, r)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i := range out {
		x := &out[i]
		ids = append(ids, x.Discloser, x.Recipient)
		if x.Status != Open || q.Requests == nil {
			continue
		}
		o, err := ledger.See(ctx, r, Kind, x.ID)
		if err != nil {
			return nil, err
		}
		if x.Barred, err = barred(ctx, r, q.Requests, o); err != nil {
			return nil, err
		}
	}
	n, err := names(ctx, r, q.Directory, ids...)
	for i := range out {
		out[i].Names = n
	}
	return out, err
}

func (q List) rows(ctx context.Context, r *ledger.Reading) ([]Row, error) {
	rows, err := r.DB().QueryContext(ctx, `select o.id, o.request, o.discloser, o.recipient, o.people, o.form, o.purpose, o.records, o.patients, o.downloads, o.offered, o.expires, o.revoked, o.reason, o.held
		from release_offer o join stream_party p on p.stream = 'release/' || o.id and p.org = $1
		where $2 = '' or o.request = $2 order by o.offered desc, o.id`, r.Scope().Org, q.Request)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		var x Row
		var held bool
		var people, at, expires, revoked string
		if err := rows.Scan(&x.ID, &x.Request, &x.Discloser, &x.Recipient, &people, &x.Form, &x.Purpose, &x.Records, &x.Patients, &x.Downloads, &at, &expires, &revoked, &x.Reason, &held); err != nil {
			return nil, err
		}
		var to []string
		var errs [4]error
		x.At, errs[0] = unstamp(at)
		x.Expires, errs[1] = unstamp(expires)
		x.RevokedAt, errs[2] = unstamp(revoked)
		errs[3] = json.Unmarshal([]byte(people), &to)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, fmt.Errorf("release: %s: %w", x.ID, err)
		}
		x.Mine = x.Recipient == r.Scope().Org && slices.Contains(to, r.Scope().Actor.ID)
		if x.Status = status(held, x.RevokedAt, x.Expires, r.Now()); q.Status == "" || q.Status == x.Status {
			out = append(out, x)
		}
	}
	return out, rows.Err()
}

// A Step is something that happened to a release.
type Step struct {
	Seq    int64 // the record in the ledger
	At     time.Time
	Type   string // of the event: "release.viewed"
	By     string // user
	Role   string // in which the user acted
	Org    string
	Reason Reason // of a revocation
}

// A Sheet is one release with what happened to it.
type Sheet struct {
	Offer
	Status    Status
	Barred    string // of an open one: why the law no longer permits it
	Downloads []Step // oldest first
	Steps     []Step // all but views, and the newest views; oldest first
	Views     int    // how often it was looked at
	Names     map[string]string
}

// Name returns the name of an organization or user, or the id.
func (s Sheet) Name(id string) string { return named(s.Names, id) }

// See asks for one release. The look is recorded.
type See struct {
	ID        string
	Requests  Requests  // asked whether what is open is still permitted; nil: not asked
	Directory Directory // nil: ids stand for names
}

// Action implements [ledger.Question].
func (See) Action() string { return "release.see" }

// shown is how many of the newest records of a release are read for its history.
const shown = 500

// Answer implements [ledger.Question].
func (q See) Answer(ctx context.Context, r *ledger.Reading) (Sheet, error) {
	o, err := ledger.See(ctx, r, Kind, q.ID)
	if err != nil {
		return Sheet{}, err
	}
	s := Sheet{Offer: o, Status: o.Status(r.Now())}
	if s.Status == Open && q.Requests != nil {
		if s.Barred, err = barred(ctx, r, q.Requests, o); err != nil {
			return s, err
		}
	}
	records, err := r.Own(ctx, Kind.Name+"/"+q.ID, -1, shown)
	if err != nil {
		return s, err
	}
	slices.Reverse(records)
	ids := append([]string{o.Discloser, o.Recipient, o.By}, o.People...)
	for _, rec := range records {
		step := Step{Seq: rec.Seq, At: rec.Time, Type: rec.Type, By: rec.Actor.ID, Role: rec.Actor.Role, Org: rec.Actor.Org}
		ids = append(ids, step.By, step.Org)
		switch rec.Type {
		case "release.viewed":
			s.Views++
		case "release.downloaded":
			s.Downloads = append(s.Downloads, step)
		case "release.revoked":
			step.Reason = o.Reason
		}
		s.Steps = append(s.Steps, step)
	}
	s.Names, err = names(ctx, r, q.Directory, ids...)
	return s, err
}

// Evidence asks for what the second look found in a release that is held, as it stands
// in the files, for the second person who decides; nothing if it is not held (any more).
// The look is recorded.
type Evidence struct {
	*Builder
	ID string
}

// Action implements [ledger.Question].
func (Evidence) Action() string { return "release.clear" }

// Answer implements [ledger.Question].
func (q Evidence) Answer(ctx context.Context, r *ledger.Reading) ([]quarantine.Evidence, error) {
	o, err := ledger.See(ctx, r, Kind, q.ID)
	switch {
	case err != nil:
		return nil, err
	case o.Discloser != r.Scope().Org:
		return nil, ledger.Unknown("release")
	case o.Status(r.Now()) != Quarantined:
		return nil, nil // deleted when that was decided
	}
	return quarantine.Open(ctx, q.Vault, o.Discloser, o.Evidence)
}

// Accesses implements [ledger.Watched].
func (q Evidence) Accesses(_ []quarantine.Evidence, m ledger.Moment) []ledger.Access {
	return []ledger.Access{{Stream: Kind.Name + "/" + q.ID, Event: Viewed{What: "evidence"}, Parties: []string{m.Actor.Org}}}
}

// Accesses implements [ledger.Watched]. The discloser sees who looks at what it offers;
// who looks among its own is its own business.
func (q See) Accesses(s Sheet, m ledger.Moment) []ledger.Access {
	return []ledger.Access{{Stream: Kind.Name + "/" + q.ID, Event: Viewed{What: "offer"}, Parties: slices.Compact([]string{s.Discloser, m.Actor.Org})}}
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
	Datasets                      []string
	Records, Unlinked             int64
	Patients                      int
	Accountable                   bool
	Names                         map[string]string
	index                         string
}

// Name returns the name of an organization or user, or the id.
func (d Disclosure) Name(id string) string { return named(d.Names, id) }

// Log asks for the disclosures that one's organization made or received, newest
// first.
type Log struct {
	From, To  time.Time // days, inclusive; zero: open
	Given     bool      // only what the own organization disclosed
	Received  bool      // only what it received
	Other     string    // only with this organization, unless empty
	Form      string    // only in this form, unless empty
	Before    int64     // only what stands before this position of the ledger, unless zero
	Limit     int       // at most so many, unless zero
	Export    bool      // the answer is taken away as a file
	Directory Directory // nil: ids stand for names
}

// Action implements [ledger.Question].
func (Log) Action() string { return "disclosure.list" }

// Answer implements [ledger.Question].
func (q Log) Answer(ctx context.Context, r *ledger.Reading) ([]Disclosure, error) {
	if q.Given && q.Received {
		return nil, fault.New(fault.Invalid, "choose what was disclosed, what was received, or neither")
	}
	out, err := q.lines(ctx, r)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, d := range out {
		ids = append(ids, d.Discloser, d.Recipient, d.By)
	}
	n, err := names(ctx, r, q.Directory, ids...)
	for i := range out {
		out[i].Names = n
	}
	return out, err
}

func (q Log) lines(ctx context.Context, r *ledger.Reading) ([]Disclosure, error) {
	from, to, before, limit := "", "9999", int64(1)<<62, q.Limit
	if !q.From.IsZero() {
		from = stamp(q.From)
	}
	if !q.To.IsZero() {
		to = stamp(q.To.AddDate(0, 0, 1))
	}
	if q.Before > 0 {
		before = q.Before
	}
	if limit <= 0 {
		limit = 1 << 40
	}
	side := ""
	switch {
	case q.Given:
		side = "given"
	case q.Received:
		side = "received"
	}
	rows, err := r.DB().QueryContext(ctx, `select d.seq, d.at, d.by_user, o.id, o.discloser, o.recipient, o.purpose, o.basis, o.authority, o.form, o.elements, o.withheld, o.duties, o.datasets, o.records, o.unlinked, o.patients, o.accountable, o.index_object
		from release_disclosure d join release_offer o on o.id = d.release join stream_party p on p.stream = 'release/' || o.id and p.org = $1
		where d.at >= $2 and d.at < $3 and d.seq < $4 and ($5 = '' or $5 = o.form) and ($6 = '' or $6 = o.recipient or $6 = o.discloser)
		and ($7 = '' or ($7 = 'given' and o.discloser = $1) or ($7 = 'received' and o.recipient = $1))
		order by d.seq desc limit $8`, r.Scope().Org, from, to, before, q.Form, q.Other, side, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Disclosure
	for rows.Next() {
		var d Disclosure
		var at, elements, withheld, duties, datasets string
		var accountable int
		if err := rows.Scan(&d.Seq, &at, &d.By, &d.Release, &d.Discloser, &d.Recipient, &d.Purpose, &d.Basis, &d.Authority, &d.Form, &elements, &withheld, &duties, &datasets,
			&d.Records, &d.Unlinked, &d.Patients, &accountable, &d.index); err != nil {
			return nil, err
		}
		d.Accountable = accountable == 1
		if d.At, err = unstamp(at); err != nil {
			return nil, err
		}
		for _, l := range []struct {
			text string
			list *[]string
		}{{elements, &d.Elements}, {withheld, &d.Withheld}, {duties, &d.Duties}, {datasets, &d.Datasets}} {
			if err := json.Unmarshal([]byte(l.text), l.list); err != nil {
				return nil, fmt.Errorf("release: disclosure %d: %w", d.Seq, err)
			}
		}
		if d.Discloser != r.Scope().Org {
			d.Datasets = nil // the discloser's own business
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// Accesses implements [ledger.Watched]: reading the log is itself on record.
func (q Log) Accesses(entries []Disclosure, m ledger.Moment) []ledger.Access {
	return []ledger.Access{{Stream: logStream(m.Actor.Org), Event: LogViewed{len(entries), q.Export}, Parties: []string{m.Actor.Org}}}
}

// logStream is where reading an organization's log, and accountings from it, are
// recorded.
func logStream(org string) string { return "disclosure-log/" + org }
