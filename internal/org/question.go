package org

import (
	"context"

	"chaperone.example/law"
	"chaperone.example/ledger"
)

// An Entry is what every member of the hub sees of an organization.
type Entry struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Is       []law.Status `json:"is"`
	Closed   bool         `json:"closed"`
	Operator bool         `json:"operator" doc:"It runs the hub"`
}

// Directory lists the organizations of the hub by name.
type Directory struct{}

// Action implements [ledger.Question].
func (Directory) Action() string { return "org.directory" }

// Answer implements [ledger.Question]. The directory is the one answer that is not
// bounded by the scope, and it tells nothing but names and kinds.
func (Directory) Answer(ctx context.Context, r *ledger.Reading) ([]Entry, error) {
	rows, err := r.DB().QueryContext(ctx, `select id, name, kinds, closed, operator from org_member order by lower(name), id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []Entry{}
	for rows.Next() {
		var e Entry
		var kinds, operator string
		var closed int
		if err := rows.Scan(&e.ID, &e.Name, &kinds, &closed, &operator); err != nil {
			return nil, err
		}
		e.Is, e.Closed, e.Operator = split(kinds), closed != 0, operator == e.ID
		out = append(out, e)
	}
	return out, rows.Err()
}

// Workspace shows the actor's own organization.
type Workspace struct{}

// Action implements [ledger.Question].
func (Workspace) Action() string { return "org.workspace" }

// Answer implements [ledger.Question].
func (Workspace) Answer(ctx context.Context, r *ledger.Reading) (Member, error) {
	return ledger.See(ctx, r, Kind, r.Scope().Org)
}

// Staff lists the people of the own organization, by id, in words.
type Staff struct{ Roster Roster }

// Action implements [ledger.Question].
func (Staff) Action() string { return "org.workspace" }

// Answer implements [ledger.Question].
func (q Staff) Answer(ctx context.Context, r *ledger.Reading) (map[string]string, error) {
	return q.Roster.Staff(ctx, r)
}

// Agreements knows the agreements behind the chain of custody. Another module keeps
// them.
type Agreements interface {
	// Edges returns the newest state of every business associate and subcontractor
	// agreement of the hub. Package org shows each organization its own chain only.
	Edges(ctx context.Context, r *ledger.Reading) ([]Edge, error)
}

// Chained shows the chain of custody as the actor's organization sees it.
type Chained struct {
	Agreements Agreements // nil: none are known
}

// Action implements [ledger.Question].
func (Chained) Action() string { return "org.workspace" }

// Answer implements [ledger.Question].
func (q Chained) Answer(ctx context.Context, r *ledger.Reading) (Custody, error) {
	var agreements []Edge
	if q.Agreements != nil {
		var err error
		if agreements, err = q.Agreements.Edges(ctx, r); err != nil {
			return Custody{}, err
		}
	}
	declared, err := engagements(ctx, r)
	if err != nil {
		return Custody{}, err
	}
	return Chain(r.Scope().Org, agreements, declared), nil
}

func engagements(ctx context.Context, r *ledger.Reading) ([]Edge, error) {
	rows, err := r.DB().QueryContext(ctx, `select upstream, downstream from org_engagement order by upstream, downstream`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Edge
	for rows.Next() {
		var e Edge
		if err := rows.Scan(&e.From, &e.To); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// A Source answers other modules' questions about organizations. It reads streams,
// so that a decision that rests on the answer is guarded.
type Source struct{}

// Organization returns an organization as the rules see it; a not-found fault if
// there is none.
func (Source) Organization(ctx context.Context, r *ledger.Reading, id string) (law.Organization, error) {
	m, err := ledger.Read(ctx, r, Kind, id)
	if err == nil && m.ID == "" {
		err = ledger.Unknown(Kind.Name)
	}
	return m.Law(), err
}

// Who returns the name of an organization and whether it runs the hub; a not-found
// fault if there is none.
func (Source) Who(ctx context.Context, r *ledger.Reading, id string) (name string, operator bool, err error) {
	m, err := ledger.Read(ctx, r, Kind, id)
	if err == nil && m.ID == "" {
		err = ledger.Unknown(Kind.Name)
	}
	return m.Name, m.Runs(), err
}
