package release

import (
	"context"
	"time"

	"chaperone.example/deid/code"
	"chaperone.example/internal/vault"
)

// A coder names people anew for one recipient.
type coder interface {
	code.Coder
	commit() error // keeps what was given out
	abort()        // forgets what is not kept yet; nothing after commit
}

// codes returns random codes for de-identified data (45 CFR 164.514(c)) and keyed
// ones for a limited data set; both are the recipient's own, so that what two
// recipients hold cannot be put together, and a leaked row names its recipient.
func (b *Builder) codes(ctx context.Context, m Permit) (coder, error) {
	if m.Form != "safe-harbor" {
		master, err := b.Vault.Key(ctx, m.Discloser, "pseudonyms")
		if err != nil {
			return nil, err
		}
		c, err := code.NewKeyed(master, m.Recipient)
		return keyed{c}, err
	}
	return &random{
		open:  func() (*vault.Coder, error) { return b.Vault.Coder(ctx, m.Discloser, "recipient "+m.Recipient) },
		now:   b.Desk.Log.Now,
		given: map[string]code.Code{},
	}, nil
}

type keyed struct{ *code.Keyed }

func (keyed) commit() error { return nil }
func (keyed) abort()        {}

// hold is how long a build may keep others from writing to the vault.
const hold = time.Second

// A random coder takes its codes from the vault's book. The book is a transaction that
// nobody else can write beside, so it is kept in short ones: a code that was given out
// by a build that failed stands for nothing and does no harm.
type random struct {
	open  func() (*vault.Coder, error)
	now   func() time.Time
	book  *vault.Coder // nil: none is open
	since time.Time
	given map[string]code.Code
	key   []byte
}

// Code implements [code.Coder].
func (r *random) Code(space string, value []byte) (code.Code, error) {
	r.key = append(append(append(r.key[:0], space...), 0), value...)
	if c, ok := r.given[string(r.key)]; ok {
		return c, nil
	}
	if r.book != nil && r.now().Sub(r.since) > hold {
		if err := r.commit(); err != nil {
			return code.Code{}, err
		}
	}
	if r.book == nil {
		var err error
		if r.book, err = r.open(); err != nil {
			return code.Code{}, err
		}
		r.since = r.now()
	}
	c, err := r.book.Code(r.key)
	if err != nil {
		return code.Code{}, err
	}
	r.given[string(r.key)] = code.Code(c)
	return code.Code(c), nil
}

// Derived implements [code.Coder].
func (*random) Derived() bool { return false }

func (r *random) commit() error {
	if r.book == nil {
		return nil
	}
	book := r.book
	r.book = nil
	return book.Commit()
}

func (r *random) abort() {
	if r.book != nil {
		r.book.Abort()
		r.book = nil
	}
}
