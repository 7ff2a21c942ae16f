// Package expiry destroys the packages of releases whose time is over.
package expiry

import (
	"context"
	"errors"
	"time"

	"chaperone.example/internal/release"
	"chaperone.example/internal/vault"
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

func (destroy) Decide(o release.Offer, m ledger.Moment) ([]ledger.Event, error) {
	if o.Status(m.Now) != release.Expired || !o.Destroyed.IsZero() {
		return nil, nil
	}
	return []ledger.Event{release.Destroyed{}}, nil
}

// expired asks for the offers that nobody may fetch any more.
type expired struct{}

func (expired) Action() string { return "release.destroy" }

func (expired) Answer(ctx context.Context, r *ledger.Reading) (offers []release.Offer, err error) {
	rs, err := r.DB().QueryContext(ctx, `select id from release_offer where expires <= $1 or revoked <> '' order by id`, r.Now().UTC().Format(time.RFC3339))
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
		o, err := ledger.Read(ctx, r, release.Kind, id)
		if err != nil {
			return nil, err
		}
		offers = append(offers, o)
	}
	return offers, nil
}

// Sweep destroys the packages of offers that have expired, and records each: once it
// is recorded nobody fetches it, and then it goes, and with it what a second look found in it. It also completes a revocation that
// was interrupted. The index of patients stays, for the accounting of what was fetched
// (45 CFR 164.528). It returns how many packages it destroyed.
func Sweep(ctx context.Context, log *ledger.Log, v *vault.Vault) (int, error) {
	desk := &ledger.Desk{Log: log, Gate: sweeper{}}
	offers, err := ledger.Ask(ctx, desk, ledger.Actor{ID: hub}, expired{})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, o := range offers {
		there, err := left(v, o)
		if err != nil {
			return n, err
		}
		if !there {
			continue
		}
		if o.RevokedAt.IsZero() {
			if _, err := ledger.Do(ctx, desk, ledger.Actor{ID: hub, Org: o.Discloser}, release.Kind, o.ID, destroy{}); err != nil {
				return n, err
			}
		}
		for _, object := range objects(o) {
			if err := v.Delete(object); err != nil {
				return n, err
			}
		}
		n++
	}
	return n, nil
}

// objects returns what goes with an offer: the package, and the evidence if there is any.
func objects(o release.Offer) []string {
	if o.Evidence == "" {
		return []string{o.Package}
	}
	return []string{o.Package, o.Evidence}
}

// left reports whether there is something of an offer to destroy.
func left(v *vault.Vault, o release.Offer) (bool, error) {
	for _, object := range objects(o) {
		if there, err := v.Has(object); err != nil || there {
			return there, err
		}
	}
	return false, nil
}
