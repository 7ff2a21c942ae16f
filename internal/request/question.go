package request

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/purpose"
	"chaperone.example/ledger"
)

// A Side is how the actor's organization is concerned.
type Side string

// The sides. An organization that asks itself is on both.
const (
	Either   Side = ""
	Asking   Side = "asking" // we ask
	AskedOf  Side = "asked"  // our data
	pageSize      = 100      // requests on a page of the list
)

// List asks for the requests of the actor's organization: first those that await the
// actor's own side, oldest first, then the others, newest first.
type List struct {
	Side    Side
	Status  Status // empty: any
	Page    int    // from 0
	All     bool   // every page at once, for an export
	Sources Sources
}

// Action implements [ledger.Question].
func (List) Action() string { return "request.list" }

// A Listing answers [List].
type Listing struct {
	Rows  []Row
	Await int // requests that await a decision of the actor's organization
	Ours  int // requests of the actor's organization that are open
	More  bool
}

// A Row is one request of a list.
type Row struct {
	ID            string
	Project       string // opened for display; "(disposed of)" when it was
	Recipient     string // organization that asks, by name
	Discloser     string // organization asked, by name
	Theirs        bool   // the data are the actor's organization's
	Mine          bool   // the actor's organization asks
	AwaitsMe      bool   // the actor's organization has to decide
	Status        Status
	Outcome       law.Outcome
	Version       int
	Purpose       purpose.Kind
	Activity      purpose.Activity
	Asked, Given  int // elements
	Form          law.Form
	Submitted     time.Time
	Changed       time.Time
	details       int64
	recipient, of string
}

// Answer implements [ledger.Question].
func (q List) Answer(ctx context.Context, r *ledger.Reading) (Listing, error) {
	var out Listing
	org := r.Scope().Org
	err := r.DB().QueryRowContext(ctx, `select
		coalesce(sum(case when q.discloser = $1 and q.status = 'awaiting' then 1 else 0 end), 0),
		coalesce(sum(case when q.recipient = $1 and q.status in ('awaiting', 'denied') then 1 else 0 end), 0)
		from request q join stream_party sp on sp.stream = 'request/' || q.id and sp.org = $1`, org).Scan(&out.Await, &out.Ours)
	if err != nil {
		return out, fmt.Errorf("request: count: %w", err)
	}
	query := `select q.id, q.recipient, q.discloser, q.status, q.outcome, q.version, q.purpose, q.activity, q.asked, q.given, q.form, q.submitted, q.changed, q.details
		from request q join stream_party sp on sp.stream = 'request/' || q.id and sp.org = $1
		where ($2 = '' or $2 = q.status) and ($3 = '' or $3 = 'asking' and q.recipient = $1 or $3 = 'asked' and q.discloser = $1)
		order by case when q.discloser = $1 and q.status = 'awaiting' then 0 else 1 end,
			case when q.discloser = $1 and q.status = 'awaiting' then q.submitted else '' end, q.changed desc, q.id`
	args := []any{org, string(q.Status), string(q.Side)}
	if !q.All {
		query += ` limit $4 offset $5`
		args = append(args, pageSize+1, max(q.Page, 0)*pageSize)
	}
	if out.Rows, err = rows(ctx, r.DB(), query, args...); err != nil {
		return out, err
	}
	if !q.All && len(out.Rows) > pageSize {
		out.Rows, out.More = out.Rows[:pageSize], true
	}
	var ids []string
	for _, x := range out.Rows {
		ids = append(ids, x.recipient, x.of)
	}
	names, err := q.Sources.names(ctx, r, ids)
	if err != nil {
		return out, err
	}
	for i := range out.Rows {
		x := &out.Rows[i]
		x.Mine, x.Theirs = x.recipient == org, x.of == org
		x.AwaitsMe = x.Theirs && x.Status == Awaiting
		x.Recipient, x.Discloser = named(names, x.recipient), named(names, x.of)
		d, err := open[Details](ctx, r, x.details)
		if err != nil {
			return out, err
		}
		if x.Project = d.Project; x.Project == "" {
			x.Project = disposed
		}
	}
	return out, nil
}

const disposed = "(disposed of)"

func rows(ctx context.Context, db ledger.Reader, query string, args ...any) ([]Row, error) {
	rs, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("request: list: %w", err)
	}
	defer rs.Close()
	var out []Row
	for rs.Next() {
		var x Row
		var form, submitted, changed string
		if err := rs.Scan(&x.ID, &x.recipient, &x.of, &x.Status, &x.Outcome, &x.Version, &x.Purpose, &x.Activity, &x.Asked, &x.Given, &form, &submitted, &changed, &x.details); err != nil {
			return nil, fmt.Errorf("request: list: %w", err)
		}
		if err := x.Form.UnmarshalText([]byte(form)); err != nil {
			return nil, err
		}
		if x.Submitted, err = time.Parse(time.RFC3339Nano, submitted); err != nil {
			return nil, err
		}
		if x.Changed, err = time.Parse(time.RFC3339Nano, changed); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rs.Err()
}

// open opens sealed details; what was disposed of is empty.
func open[T any](ctx context.Context, r *ledger.Reading, seq int64) (T, error) {
	var v T
	err := r.Details(ctx, seq, &v)
	if errors.Is(err, ledger.ErrDisposed) {
		err = nil
	}
	return v, err
}

func (s Sources) names(ctx context.Context, r *ledger.Reading, ids []string) (map[string]string, error) {
	slices.Sort(ids)
	return s.Directory.Names(ctx, r, slices.Compact(ids))
}

func named(names map[string]string, id string) string {
	if n := names[id]; n != "" {
		return n
	}
	return id
}

// One asks for a request with its newest decision.
type One struct {
	ID      string
	Sources Sources
}

// Action implements [ledger.Question].
func (One) Action() string { return "request.see" }

// A File answers [One]: all there is to see of a request.
type File struct {
	Inquiry
	Details  Details
	Disposed bool // the words of the request were disposed of
	Note     Note // of a refusal
	Decision law.Decision
	Steps    []Step
	Names    map[string]string // of organizations and people, by id
	Datasets []Dataset         // what could be released from, when the actor's organization has to decide
}

// A Step is something that happened to a request.
type Step struct {
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"`
	What     string    `json:"what"`
	Org      string    `json:"org"`
	Person   string    `json:"person"`
	Version  int       `json:"version"`
	Outcome  string    `json:"outcome,omitempty"`
	Decision string    `json:"decision,omitempty"`
}

// Word puts names into what the law says of organizations and agreements.
func (f File) Word(text string) string { return Worded(f.Names, text) }

// Name returns the display name of an organization or person.
func (f File) Name(id string) string { return named(f.Names, id) }

// Answer implements [ledger.Question].
func (q One) Answer(ctx context.Context, r *ledger.Reading) (File, error) {
	var f File
	var err error
	if f.Inquiry, err = ledger.See(ctx, r, Kind, q.ID); err != nil {
		return f, err
	}
	if f.Decision, err = f.Inquiry.Decision(); err != nil {
		return f, err
	}
	if f.Steps, err = steps(ctx, r.DB(), q.ID); err != nil {
		return f, err
	}
	ids := append(Agreements(string(f.Decided.Answer)), f.By, f.Recipient, f.Ask.Discloser, f.Ask.Consortium, f.Approval.By)
	ids = append(ids, f.Ask.Recipients...)
	ids = append(ids, f.Ask.Combines...)
	for _, s := range f.Steps {
		ids = append(ids, s.Person, s.Org)
		switch s.What {
		case "submitted", "amended":
			f.Details, err = open[Details](ctx, r, s.Seq)
			f.Disposed = f.Details == Details{}
		case string(Declined):
			if f.Status != Declined {
				break // it was amended since
			}
			f.Note, err = open[Note](ctx, r, s.Seq)
		}
		if err != nil {
			return f, err
		}
	}
	if f.Names, err = q.Sources.names(ctx, r, slices.DeleteFunc(ids, func(s string) bool { return s == "" })); err != nil {
		return f, err
	}
	if f.Ask.Discloser == r.Scope().Org && (f.Status == Awaiting || f.Status == Granted) {
		f.Datasets, err = q.Sources.Datasets.Available(ctx, r)
	}
	return f, err
}

func steps(ctx context.Context, db ledger.Reader, id string) ([]Step, error) {
	rs, err := db.QueryContext(ctx, `select seq, at, what, org, person, version, outcome, decision from request_step where request = $1 order by step`, id)
	if err != nil {
		return nil, fmt.Errorf("request: steps: %w", err)
	}
	defer rs.Close()
	var out []Step
	for rs.Next() {
		var s Step
		var at string
		if err := rs.Scan(&s.Seq, &at, &s.What, &s.Org, &s.Person, &s.Version, &s.Outcome, &s.Decision); err != nil {
			return nil, fmt.Errorf("request: steps: %w", err)
		}
		if s.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rs.Err()
}

// Ruling asks for a recorded decision with all it was computed from.
type Ruling struct {
	ID       string
	Decision string // which; empty: the newest
}

// Action implements [ledger.Question].
func (Ruling) Action() string { return "request.decision" }

// Answer implements [ledger.Question].
func (q Ruling) Answer(ctx context.Context, r *ledger.Reading) (Decided, error) {
	var d Decided
	state, err := ledger.See(ctx, r, Kind, q.ID)
	if err != nil {
		return d, err
	}
	if q.Decision == "" {
		q.Decision = state.Decided.ID
	}
	var event string
	err = r.DB().QueryRowContext(ctx, `select event from request_decision where request = $1 and id = $2`, q.ID, q.Decision).Scan(&event)
	if errors.Is(err, sql.ErrNoRows) {
		return d, ledger.Unknown("decision")
	}
	if err != nil {
		return d, fmt.Errorf("request: decision: %w", err)
	}
	if err := json.Unmarshal([]byte(event), &d); err != nil {
		return d, fmt.Errorf("request: decision %s: %w", q.Decision, err)
	}
	return d, nil
}

// Replay asks for a recorded decision to be made again from the recorded question and
// facts, and compared byte for byte (DEC-1).
type Replay struct {
	ID       string
	Decision string // which; empty: the newest
}

// Action implements [ledger.Question].
func (Replay) Action() string { return "request.replay" }

// Answer implements [ledger.Question].
func (q Replay) Answer(ctx context.Context, r *ledger.Reading) (Repetition, error) {
	d, err := Ruling(q).Answer(ctx, r)
	if err != nil {
		return Repetition{}, err
	}
	return d.Repeat()
}

// Prepare asks what a new request can choose from.
type Prepare struct{ Sources Sources }

// Action implements [ledger.Question].
func (Prepare) Action() string { return "request.submit" }

// Choices answers [Prepare].
type Choices struct {
	Own           string // the actor's organization
	Organizations []Organization
	Recipients    []Recipient
}

// Answer implements [ledger.Question].
func (q Prepare) Answer(ctx context.Context, r *ledger.Reading) (Choices, error) {
	c := Choices{Own: r.Scope().Org}
	var err error
	if c.Organizations, err = q.Sources.Directory.Organizations(ctx, r); err != nil {
		return c, err
	}
	c.Recipients, err = q.Sources.Directory.Recipients(ctx, r)
	return c, err
}
