package ledger

import (
	"context"
	"errors"
	"fmt"

	"chaperone.example/ledger/commit"
)

// How sealed details are disposed of, and what records it.
type (
	Disposal = commit.Disposal
	Disposed = commit.Disposed
)

// DisposedType is the name of [Disposed]; every log knows it.
const DisposedType = commit.DisposedType

// A Shredder is a [Sealer] that can destroy the key of a subject. It is final, and no
// error if the key was destroyed before.
type Shredder interface {
	Destroy(ctx context.Context, subject string) error
}

// Dispose destroys the sealed details of a subject on behalf of an actor who was
// permitted to. When it returns without an error, neither key nor ciphertext is left
// in the ledger; a failure in between is made good when the ledger is next opened.
func (l *Log) Dispose(ctx context.Context, a Actor, d Disposal) (Receipt, error) {
	if _, ok := l.cfg.Sealer.(Shredder); !ok {
		return Receipt{}, errors.New("ledger: the sealer cannot destroy keys")
	}
	if d.Subject == "" || d.Reason == "" {
		return Receipt{}, errors.New("ledger: a disposal needs a subject and a reason")
	}
	receipt, err := l.append(ctx, &commit.Request{Stream: "disposal/" + d.Subject, Version: commit.AnyVersion, Actor: a, Dispose: &d})
	if err != nil {
		return receipt, err
	}
	return receipt, l.shred(ctx)
}

// shred destroys the keys that recorded disposals are about.
func (l *Log) shred(ctx context.Context) error {
	subjects, err := l.shreddable(ctx)
	if err != nil || len(subjects) == 0 {
		return err
	}
	s, ok := l.cfg.Sealer.(Shredder)
	if !ok {
		return errors.New("ledger: a disposal is not complete, and the sealer cannot destroy keys")
	}
	for _, subject := range subjects {
		if err := s.Destroy(ctx, subject); err != nil {
			return fmt.Errorf("ledger: a disposal is recorded, and its key is not destroyed yet: %w", err)
		}
		if _, err := l.db.ExecContext(ctx, `delete from shred where subject = $1`, subject); err != nil {
			return err
		}
	}
	if clean := l.dialect.Clean(); clean != "" { // no copy of the ciphertext stays in a log of the database
		_, err = l.db.ExecContext(ctx, clean)
	}
	return err
}

func (l *Log) shreddable(ctx context.Context) (subjects []string, err error) {
	rs, err := l.db.QueryContext(ctx, `select subject from shred`)
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	for rs.Next() {
		var s string
		if err := rs.Scan(&s); err != nil {
			return nil, err
		}
		subjects = append(subjects, s)
	}
	return subjects, rs.Err()
}
