package release

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/vault"
	"chaperone.example/ledger"
	"filippo.io/age"
)

// A Builder makes packages and hands them out.
type Builder struct {
	Desk     *ledger.Desk
	Vault    *vault.Vault
	Requests Requests
	Datasets Datasets
	Keys     Keys
	Build    string // version of the program, for the manifests
}

// NewID returns the id of a new release. With a key it is always the same for one
// actor, so that a form that is sent twice builds once.
func NewID(a ledger.Actor, key string) string {
	if key == "" {
		return "r-" + vault.NewID()
	}
	sum := sha256.Sum256([]byte("release\x00" + a.ID + "\x00" + key))
	return "r-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

// A Draft is what would be built from a request now.
type Draft struct {
	Permit
	Keyed   []string // recipients who registered a key, and will be able to open it
	Unkeyed []string // and those who did not
	Names   map[string]string
}

// Prepare asks what would be built from a request now. The error is a fault that says
// why nothing can be.
type Prepare struct {
	*Builder
	Request   string
	Directory Directory
}

// Action implements [ledger.Question].
func (Prepare) Action() string { return "release.build" }

// Answer implements [ledger.Question].
func (q Prepare) Answer(ctx context.Context, r *ledger.Reading) (Draft, error) {
	p, err := q.plan(ctx, r, q.Request)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{Permit: p.permit, Keyed: p.people, Unkeyed: p.unkeyed}
	d.Names, err = names(ctx, r, q.Directory, append([]string{d.Discloser, d.Recipient}, d.People...)...)
	return d, err
}

// A plan is all that a package is made from.
type plan struct {
	permit  Permit
	sources []Source
	people  []string
	unkeyed []string
	keys    []age.Recipient
	now     time.Time
	built   Offer // under the id that was asked for, already
}

// makePlan asks what a request permits now and where it comes from.
type makePlan struct {
	*Builder
	id, request string
}

func (makePlan) Action() string { return "release.build" }

func (q makePlan) Answer(ctx context.Context, r *ledger.Reading) (plan, error) {
	o, err := ledger.Read(ctx, r, Kind, q.id)
	switch {
	case err != nil:
		return plan{}, err
	case o.ID != "" && (o.Discloser != r.Scope().Org || o.Request != q.request):
		return plan{}, fault.New(fault.Conflict, "this was already sent for another release: load the page again, or use another idempotency key")
	case o.ID != "":
		return plan{built: o}, nil
	}
	return q.plan(ctx, r, q.request)
}

func (b *Builder) plan(ctx context.Context, r *ledger.Reading, request string) (plan, error) {
	p := plan{now: r.Now()}
	var err error
	if p.permit, err = b.Requests.Permit(ctx, r, request); err != nil {
		return p, err
	}
	if p.permit.Discloser != r.Scope().Org {
		return p, ledger.Unknown("request")
	}
	if _, err := profile(p.permit.Form); err != nil {
		return p, err
	}
	for _, id := range p.permit.Datasets {
		s, err := b.Datasets.Source(ctx, r, id)
		if err != nil {
			return p, err
		}
		p.sources = append(p.sources, s)
	}
	for _, user := range p.permit.People {
		text, err := b.Keys.Recipient(ctx, r, user)
		if err != nil {
			return p, err
		}
		if text == "" {
			p.unkeyed = append(p.unkeyed, user)
			continue
		}
		key, err := age.ParseX25519Recipient(text)
		if err != nil {
			return p, fmt.Errorf("release: a registered key is malformed: %w", err)
		}
		p.people, p.keys = append(p.people, user), append(p.keys, key)
	}
	if len(p.keys) == 0 {
		return p, noKeys()
	}
	return p, nil
}

// Release builds the package of an approved request and offers it for a time, as
// release id. Nothing is left behind if it fails. Asked for again under the same id,
// it answers with the offer that is there.
func (b *Builder) Release(ctx context.Context, a ledger.Actor, id, request string, life time.Duration) (ledger.Receipt, error) {
	if err := lifetime(life); err != nil {
		return ledger.Receipt{}, err
	}
	a.Reason = request // what datasets are opened for
	p, err := ledger.Ask(ctx, b.Desk, a, makePlan{b, id, request})
	if err != nil {
		return ledger.Receipt{}, err
	}
	if p.built.ID != "" {
		return ledger.Receipt{First: p.built.Seq, Last: p.built.Seq, Version: 1, Repeated: true}, nil
	}
	o, found, err := b.pack(ctx, id, p)
	if err != nil {
		return ledger.Receipt{}, err
	}
	o.Expires = p.now.Add(life).UTC().Truncate(time.Second)
	// The id already makes the command happen once; a key of the caller would be
	// bound to the hash of this very package.
	receipt, err := ledger.Do(ledger.Once(ctx, ""), b.Desk, a, Kind, id, Publish{Offered: o, Suspicion: found, Requests: b.Requests, Datasets: b.Datasets})
	if err != nil {
		return receipt, errors.Join(err, b.discard(ctx, a, id, o, found))
	}
	return receipt, nil
}

// discard deletes what was built for an offer that was not recorded. If that cannot be
// told, a sealed object too many is better than an offer without its package.
func (b *Builder) discard(ctx context.Context, a ledger.Actor, id string, o Offered, found Suspicion) error {
	kept, err := ledger.Ask(context.WithoutCancel(ctx), b.Desk, a, recorded{id})
	if err != nil || kept.Package == o.Package {
		return err
	}
	return errors.Join(b.Vault.Delete(o.Package), b.Vault.Delete(o.Index), b.forget(found.Evidence))
}

// forget deletes the evidence of a quarantine, if there is any.
func (b *Builder) forget(evidence string) error {
	if evidence == "" {
		return nil
	}
	return b.Vault.Delete(evidence)
}

// recorded asks for the offer under an id, the zero one if there is none.
type recorded struct{ id string }

func (recorded) Action() string { return "release.build" }

func (q recorded) Answer(ctx context.Context, r *ledger.Reading) (Offer, error) {
	return ledger.Read(ctx, r, Kind, q.id)
}

// Revoke ends an offer and destroys its package. The index of its patients stays, for
// the accounting of what was fetched before.
func (b *Builder) Revoke(ctx context.Context, a ledger.Actor, id string, reason Reason) (ledger.Receipt, error) {
	receipt, err := ledger.Do(ctx, b.Desk, a, Kind, id, Revoke{reason})
	if err != nil {
		return receipt, err
	}
	o, err := ledger.Ask(ctx, b.Desk, a, decided{"release.revoke", id})
	if err != nil {
		return receipt, err
	}
	return receipt, errors.Join(b.Vault.Delete(o.Package), b.forget(o.Evidence))
}

// Clear lets a package go that the second look held, and deletes the evidence.
func (b *Builder) Clear(ctx context.Context, a ledger.Actor, id string, ground Ground) (ledger.Receipt, error) {
	receipt, err := ledger.Do(ctx, b.Desk, a, Kind, id, Clear{ground})
	if err != nil {
		return receipt, err
	}
	o, err := ledger.Ask(ctx, b.Desk, a, decided{"release.clear", id})
	if err != nil {
		return receipt, err
	}
	return receipt, b.forget(o.Evidence)
}

// decided asks for the offer that was just let go or ended, as whoever may do that.
type decided struct{ action, id string }

func (q decided) Action() string { return q.action }

func (q decided) Answer(ctx context.Context, r *ledger.Reading) (Offer, error) {
	return ledger.See(ctx, r, Kind, q.id)
}

// Open returns the package of a release, after the download is on record: from then on
// it is disclosed. The caller closes it.
func (b *Builder) Open(ctx context.Context, a ledger.Actor, id string) (Offer, io.ReadCloser, error) {
	o, err := ledger.Ask(ctx, b.Desk, a, fetched{id})
	if err != nil {
		return o, nil, err
	}
	// It is opened first, lest a disclosure be recorded of what could not be read.
	in, err := b.Vault.Read(ctx, o.Discloser, o.Package)
	if err != nil {
		return o, nil, fmt.Errorf("release: package of %s: %w", id, err)
	}
	// Every download is a disclosure of its own and rests on the law of its moment, so
	// no idempotency key makes a second one pass as the first.
	if _, err := ledger.Do(ledger.Once(ctx, ""), b.Desk, a, Kind, id, Download{Requests: b.Requests}); err != nil {
		return o, nil, errors.Join(err, in.Close())
	}
	return o, in, nil
}

// Fetch writes the package of a release to what begin returns, after the download is
// on record.
func (b *Builder) Fetch(ctx context.Context, a ledger.Actor, id string, begin func(Offer) io.Writer) error {
	o, in, err := b.Open(ctx, a, id)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(begin(o), in)
	return err
}

// fetched asks for the offer that is to be downloaded.
type fetched struct{ id string }

func (fetched) Action() string { return "release.download" }

func (q fetched) Answer(ctx context.Context, r *ledger.Reading) (Offer, error) {
	o, err := ledger.See(ctx, r, Kind, q.id)
	if err == nil {
		err = o.deny(r.Scope().Actor, r.Now())
	}
	return o, err
}
