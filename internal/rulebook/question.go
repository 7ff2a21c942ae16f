package rulebook

import (
	"context"
	"fmt"
	"slices"

	"chaperone.example/internal/fault"
	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
	"chaperone.example/ledger"
)

// A Row is a pack of the own organization.
type Row struct {
	ID string // of the stream
	Shelf
	Standing Standing
}

// List asks for the packs of the own organization, in the order of their ids.
type List struct{}

// Action implements [ledger.Question].
func (List) Action() string { return "rulebook.list" }

// Answer implements [ledger.Question].
func (List) Answer(ctx context.Context, r *ledger.Reading) ([]Row, error) {
	ids, err := ids(ctx, r, `select p.id from rulebook_pack p join stream_party sp on sp.stream = 'rulebook/' || p.id and sp.org = $1 order by p.pack, p.id`, r.Scope().Org)
	if err != nil {
		return nil, err
	}
	out := make([]Row, 0, len(ids))
	for _, id := range ids {
		s, err := ledger.See(ctx, r, Kind, id)
		if err != nil {
			return nil, err
		}
		out = append(out, Row{id, s, s.Standing(civil.On(r.Now()))})
	}
	return out, nil
}

func ids(ctx context.Context, r *ledger.Reading, query string, args ...any) ([]string, error) {
	rows, err := r.DB().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("rulebook: packs: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("rulebook: packs: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// One asks for a pack of the own organization.
type One struct{ ID string }

// Action implements [ledger.Question].
func (One) Action() string { return "rulebook.list" }

// Answer implements [ledger.Question].
func (q One) Answer(ctx context.Context, r *ledger.Reading) (Row, error) {
	s, err := ledger.See(ctx, r, Kind, q.ID)
	return Row{q.ID, s, s.Standing(civil.On(r.Now()))}, err
}

// Packs returns the packs that apply to an organization's data on a day, for
// decisions: whoever asks, so they are read past the scope. What is appended with r
// is refused if one of them has changed by then.
func Packs(ctx context.Context, r *ledger.Reading, owner string, day civil.Date) ([]overlay.Pack, error) {
	ids, err := ids(ctx, r, `select id from rulebook_pack where owner = $1 order by pack, id`, owner)
	if err != nil {
		return nil, err
	}
	var out []overlay.Pack
	for _, id := range ids {
		s, err := ledger.Read(ctx, r, Kind, id)
		if err != nil {
			return nil, err
		}
		if v, ok := s.On(day); ok {
			out = append(out, v.Pack)
		}
	}
	return out, nil
}

// Enter adopts a pack as new, or as the next version of the one with its id, and
// returns the stream of it.
func Enter(ctx context.Context, desk *ledger.Desk, a ledger.Actor, p overlay.Pack, effective civil.Date, parties Parties) (string, ledger.Receipt, error) {
	id := ID(a.Org, p.ID)
	var c ledger.Command[Shelf] = Adopt{Pack: p, Effective: effective, Parties: parties}
	rows, err := ledger.Ask(ctx, desk, a, List{})
	if err != nil {
		return id, ledger.Receipt{}, err
	}
	// A form that is sent twice finds what it made the first time: with version 1 it is
	// the same command again.
	if p.Version > 1 && slices.ContainsFunc(rows, func(x Row) bool { return x.ID == id }) {
		c = Replace{Pack: p, Effective: effective, Parties: parties}
	}
	receipt, err := ledger.Do(ctx, desk, a, Kind, id, c)
	if p.Version == 1 && fault.Is(err, fault.Conflict) {
		err = fault.New(fault.Invalid, "there is a pack %s already: give the new one the next version, or another id", p.ID)
	}
	return id, receipt, err
}
