package release

import (
	"context"
	"errors"

	"chaperone.example/ledger"
)

// hub is who destroys what nobody may fetch any more: the program itself.
const hub = "hub"

// A sweeper is the gate of the sweep, which nobody else passes: it acts for the
// organization whose package it is.
type sweeper struct{}

func (sweeper) Permit(_ context.Context, a ledger.Actor, _ string) (ledger.Scope, error) {
	return ledger.Scope{Actor: a, Org: a.Org}, nil
}

// destroy records that the package of an offer is destroyed. It is for the hub alone.
type destroy struct{}

func (destroy) Action() string { return "release.destroy" }

func (destroy) Decide(o Offer, m ledger.Moment) ([]ledger.Event, error) {
	if o.Status(m.Now) != Expired || !o.Destroyed.IsZero() {
		return nil, nil
	}
	return []ledger.Event{Destroyed{}}, nil
}

// expired asks for the offers that nobody may fetch any more.
type expired struct{}

func (expired) Action() string { return "release.destroy" }

func (expired) Answer(ctx context.Context, r *ledger.Reading) (offers []Offer, err error) {
	rs, err := r.DB().QueryContext(ctx, `select id from release_offer where expires <= $1 or revoked <> '' order by id`, stamp(r.Now()))
	if err != nil {
		return nil, err
	}
	var ids []string
	for rs.Next() {
		var id string
		if err := rs.Scan(&id); err != nil {
			return nil, errors.Join(err, rs.Close())
		}
		ids = append(ids, id)
	}
	if err := errors.Join(rs.Err(), rs.Close()); err != nil {
		return nil, err
	}
	for _, id := range ids {
		o, err := ledger.Read(ctx, r, Kind, id)
		if err != nil {
			return nil, err
		}
		offers = append(offers, o)
	}
	return offers, nil
}

// Sweep destroys the packages of offers that have expired, and records each: once it
// is recorded nobody fetches it, and then it goes. It also completes a revocation that
// was interrupted. The index of patients stays, for the accounting of what was fetched
// (45 CFR 164.528). It returns how many packages it destroyed.
func (b *Builder) Sweep(ctx context.Context) (int, error) {
	desk := &ledger.Desk{Log: b.Desk.Log, Gate: sweeper{}}
	offers, err := ledger.Ask(ctx, desk, ledger.Actor{ID: hub}, expired{})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, o := range offers {
		there, err := b.Vault.Has(o.Package)
		if err != nil {
			return n, err
		}
		if !there {
			continue
		}
		if o.RevokedAt.IsZero() {
			if _, err := ledger.Do(ctx, desk, ledger.Actor{ID: hub, Org: o.Discloser}, Kind, o.ID, destroy{}); err != nil {
				return n, err
			}
		}
		if err := b.Vault.Delete(o.Package); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
