package agreement

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/ledger"
)

// A Row is an agreement as lists show it, to one of its parties.
type Row struct {
	ID       string
	Kind     instrument.Kind
	Other    string // the other party
	Upstream bool   // the data are one's own
	Version  int    // that governs, else the newest
	Pending  int    // version that waits for signatures; 0: none
	Missing  int    // required terms that the version in question lacks
	Status   Status
	Start    civil.Date // first day, or the day of the second signature
	End      civil.Date // last day, or the day before a termination takes effect; none: open
	Next     Step
	By       civil.Date // by when the next step is to be done; none: no day
}

// row shows c to org at a moment.
func (c Contract) row(org string, at time.Time) Row {
	f := c.Fact(at)
	r := Row{ID: c.ID, Kind: c.Kind(), Other: c.Other(org), Upstream: org == c.Upstream, Version: f.Version, Status: c.Status(at), Start: max(f.Start, f.Signed), End: f.End}
	if t := c.Termination.Effective; t != 0 && (r.End == 0 || t <= r.End) {
		r.End = t - 1
	}
	in := f.Instrument
	if v, ok := c.Pending(); ok && c.Termination.Effective == 0 {
		r.Pending, in = v.N, v.Instrument
		if f.Signed == 0 {
			r.Start = v.Start
		}
	}
	r.Missing = len(instrument.Check(in))
	r.Next, r.By = c.Next(org, at)
	return r
}

// List asks for the agreements of one's own organization: first those that wait for
// it, then those in force, then the rest (AGR-5).
type List struct{}

// Action implements [ledger.Question].
func (List) Action() string { return "agreement.list" }

// Answer implements [ledger.Question].
func (List) Answer(ctx context.Context, r *ledger.Reading) ([]Row, error) {
	contracts, err := own(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []Row
	for _, c := range contracts {
		out = append(out, c.row(r.Scope().Org, r.Now()))
	}
	slices.SortStableFunc(out, func(a, b Row) int { return cmp.Compare(urgency(a), urgency(b)) })
	return out, nil
}

func urgency(r Row) int {
	switch {
	case r.Next != Nothing && r.Next != Wait && r.Status != Ended && r.Status != Expired:
		return 0
	case r.Status == InForce || r.Status == Later || r.Status == Deficient:
		return 1
	case r.Next != Nothing:
		return 2
	}
	return 3
}

// own reads the contracts of which the scope is a party, newest first.
func own(ctx context.Context, r *ledger.Reading) ([]Contract, error) {
	ids, err := column(ctx, r.DB(), `select a.id from agreement a join stream_party sp on sp.stream = 'agreement/' || a.id and sp.org = $1
		join agreement_moment m on m.agreement = a.id group by a.id order by min(m.seq) desc`, r.Scope().Org)
	if err != nil {
		return nil, err
	}
	return read(ctx, r, ids)
}

func read(ctx context.Context, r *ledger.Reading, ids []string) ([]Contract, error) {
	var out []Contract
	for _, id := range ids {
		c, err := ledger.Read(ctx, r, Kind, id)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func column(ctx context.Context, db ledger.Reader, query string, args ...any) (out []string, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("agreement: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, fmt.Errorf("agreement: %w", err)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// A Sheet is all there is to see of one agreement.
type Sheet struct {
	Contract Contract
	Row      Row
	At       time.Time // of the answer
	History  []Entry   // oldest first
	Reviews  []Review  // of one's own organization, newest first
}

// An Entry is a moment of an agreement's history.
type Entry struct {
	Seq     int64 // position in the ledger
	At      time.Time
	Type    string // in [Types]
	Org     string // who did it, or has the duty
	Person  string // id of the actor
	Version int    // 0: it is about no single version
	Note    string // to the other party
	Gone    bool   // the note was disposed of
}

// A Review is one's own review of a version.
type Review struct {
	Seq      int64
	At       time.Time
	Person   string // id of who recorded it
	Version  int
	Reviewer Reader
	Finding  Finding
	Note     string
	Gone     bool
}

// Show asks for one agreement.
type Show struct{ ID string }

// Action implements [ledger.Question].
func (Show) Action() string { return "agreement.see" }

// Answer implements [ledger.Question].
func (q Show) Answer(ctx context.Context, r *ledger.Reading) (s Sheet, err error) {
	c, err := ledger.See(ctx, r, Kind, q.ID)
	if err != nil {
		return s, err
	}
	org := r.Scope().Org
	s = Sheet{Contract: c, Row: c.row(org, r.Now()), At: r.Now()}
	if s.History, err = history(ctx, r, q.ID); err != nil {
		return s, err
	}
	s.Reviews, err = reviews(ctx, r, q.ID, org)
	return s, err
}

func history(ctx context.Context, r *ledger.Reading, id string) (out []Entry, err error) {
	rows, err := r.DB().QueryContext(ctx, `select seq, at, type, org, person, version, noted from agreement_moment where agreement = $1 order by seq`, id)
	if err != nil {
		return nil, fmt.Errorf("agreement: %w", err)
	}
	defer rows.Close()
	var noted []bool
	for rows.Next() {
		var e Entry
		var at string
		var n int
		if err := rows.Scan(&e.Seq, &at, &e.Type, &e.Org, &e.Person, &e.Version, &n); err != nil {
			return nil, fmt.Errorf("agreement: %w", err)
		}
		if e.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return nil, fmt.Errorf("agreement: %w", err)
		}
		out, noted = append(out, e), append(noted, n == 1)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("agreement: %w", err)
	}
	for i := range out {
		if noted[i] {
			if out[i].Note, out[i].Gone, err = note(ctx, r, out[i].Seq); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// reviews selects by organization: the finding of a review is nobody else's.
func reviews(ctx context.Context, r *ledger.Reading, id, org string) (out []Review, err error) {
	rows, err := r.DB().QueryContext(ctx, `select seq, at, person, version, reviewer, finding, noted from agreement_review where agreement = $1 and org = $2 order by seq desc`, id, org)
	if err != nil {
		return nil, fmt.Errorf("agreement: %w", err)
	}
	defer rows.Close()
	var noted []bool
	for rows.Next() {
		var v Review
		var at string
		var n int
		if err := rows.Scan(&v.Seq, &at, &v.Person, &v.Version, &v.Reviewer, &v.Finding, &n); err != nil {
			return nil, fmt.Errorf("agreement: %w", err)
		}
		if v.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return nil, fmt.Errorf("agreement: %w", err)
		}
		out, noted = append(out, v), append(noted, n == 1)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("agreement: %w", err)
	}
	for i := range out {
		if noted[i] {
			if out[i].Note, out[i].Gone, err = note(ctx, r, out[i].Seq); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// note opens the note of a record; gone says that it was disposed of.
func note(ctx context.Context, r *ledger.Reading, seq int64) (text string, gone bool, err error) {
	var n Note
	err = r.Details(ctx, seq, &n)
	if errors.Is(err, ledger.ErrDisposed) {
		return "", true, nil
	}
	return n.Note, false, err
}

// A Link is a business associate or subcontractor agreement as an edge of the chain
// of custody (ORG-2): information may flow from the one to the other only while it is
// live. Other kinds of agreement are no links: they do not stand in for one.
type Link struct {
	ID   string // empty when the link is between two others
	Kind instrument.Kind
	From string // whose data it is, or who passes them on
	To   string
	Live bool
	// Status says why a link is not live.
	Status Status
}

// Links asks for the chain of custody of one's own organization: its own agreements,
// and below its business associates the agreements that bind their subcontractors,
// level by level.
//
// Of those it tells only between whom they are and where they stand: a covered entity
// is entitled to know that the chain holds (45 CFR 164.504(e)(2)(ii)(D), (e)(5)), not
// what two others agreed. The business of an associate with other covered entities
// is no part of the answer.
type Links struct{}

// Action implements [ledger.Question].
func (Links) Action() string { return "agreement.chain" }

// Answer implements [ledger.Question].
func (Links) Answer(ctx context.Context, r *ledger.Reading) ([]Link, error) {
	org, now := r.Scope().Org, r.Now()
	contracts, err := own(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []Link
	seen := map[string]bool{org: true}
	var below []string
	add := func(c Contract, id string) {
		s, k := c.Status(now), c.Kind()
		if s == Dropped || k != instrument.BusinessAssociate && k != instrument.Subcontractor {
			return
		}
		out = append(out, Link{id, k, c.Upstream, c.Downstream, s == InForce, s})
		if !seen[c.Downstream] {
			seen[c.Downstream] = true
			below = append(below, c.Downstream)
		}
	}
	for _, c := range contracts {
		add(c, c.ID)
	}
	for len(below) > 0 {
		at := below[0]
		below = below[1:]
		ids, err := column(ctx, r.DB(), `select id from agreement where upstream = $1 and downstream <> $2 order by id`, at, org)
		if err != nil {
			return nil, err
		}
		next, err := read(ctx, r, ids)
		if err != nil {
			return nil, err
		}
		for _, c := range next {
			if c.Kind() == instrument.Subcontractor {
				add(c, "")
			}
		}
	}
	return out, nil
}

// A Pair names two organizations, the one whose data it is first.
type Pair struct{ From, To string }

// Facts reads the agreements that a decision about each pair rests on: those between
// the two, in either direction, and those along the shortest chains of business
// associate and subcontractor agreements from the one to the other, signed or not. It
// is for the facts of a decision, which may rest on agreements that the actor does
// not see; every stream that is read guards the append.
func Facts(ctx context.Context, r *ledger.Reading, pairs ...Pair) ([]law.Agreement, error) {
	var ids []string
	for _, p := range pairs {
		direct, err := column(ctx, r.DB(), `select id from agreement where upstream = $1 and downstream = $2 or upstream = $2 and downstream = $1`, p.From, p.To)
		if err != nil {
			return nil, err
		}
		chain, err := chains(ctx, r, p)
		if err != nil {
			return nil, err
		}
		ids = append(append(ids, direct...), chain...)
	}
	slices.Sort(ids)
	contracts, err := read(ctx, r, slices.Compact(ids))
	if err != nil {
		return nil, err
	}
	var out []law.Agreement
	for _, c := range contracts {
		if c.Status(r.Now()) != Dropped {
			out = append(out, c.Fact(r.Now()))
		}
	}
	return out, nil
}

// maxHops bounds how far a chain of custody is followed. The longest that is known in
// practice (hospital, collaborative, cloud host, backup, archive) has five.
const maxHops = 8

// chains finds the agreements on the shortest chains from p.From to p.To.
func chains(ctx context.Context, r *ledger.Reading, p Pair) ([]string, error) {
	if p.From == p.To {
		return nil, nil
	}
	type hop struct{ id, from string }
	into := map[string][]hop{} // by the organization that a hop leads to
	level := map[string]int{p.From: 0}
	frontier := []string{p.From}
	for n := 1; n <= maxHops && len(frontier) > 0; n++ {
		if _, found := level[p.To]; found {
			break
		}
		var next []string
		for _, at := range frontier {
			ids, err := column(ctx, r.DB(), `select id from agreement where upstream = $1 order by id`, at)
			if err != nil {
				return nil, err
			}
			contracts, err := read(ctx, r, ids)
			if err != nil {
				return nil, err
			}
			for _, c := range contracts {
				if k := c.Kind(); k != instrument.BusinessAssociate && k != instrument.Subcontractor || c.Status(r.Now()) == Dropped {
					continue
				}
				if l, seen := level[c.Downstream]; !seen {
					level[c.Downstream] = n
					next = append(next, c.Downstream)
				} else if l != n {
					continue
				}
				into[c.Downstream] = append(into[c.Downstream], hop{c.ID, at})
			}
		}
		frontier = next
	}
	var out []string
	back, done := []string{p.To}, map[string]bool{}
	for len(back) > 0 {
		at := back[0]
		back = back[1:]
		for _, h := range into[at] {
			out = append(out, h.id)
			if !done[h.from] {
				done[h.from] = true
				back = append(back, h.from)
			}
		}
	}
	return out, nil
}
