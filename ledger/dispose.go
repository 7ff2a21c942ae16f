package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A Disposal asks that the sealed details of a subject be destroyed (45 CFR
// 164.310(d)(2)(i)): the ciphertext is deleted in the transaction that records it, then
// the key is destroyed. Leaves and proofs stay as they are.
type Disposal struct {
	Subject string
	Reason  string // code or work item: never a personal detail
}

// Disposed records that the sealed details of earlier records were destroyed. It
// stands in the stream disposal/SUBJECT, and every party of those records is a party
// of it.
type Disposed struct {
	Records []int64 `json:"records"` // whose details are gone, in their order
	Reason  string  `json:"reason"`
}

// DisposedType is the name of [Disposed]; every log knows it.
const DisposedType = "ledger.disposed"

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
	receipt, err := l.append(ctx, &request{stream: "disposal/" + d.Subject, version: anyVersion, actor: a, dispose: &d}, nil)
	if err != nil {
		return receipt, err
	}
	return receipt, l.shred(ctx)
}

// disposal deletes what a disposal is about and makes its event.
func (b *batch) disposal(ctx context.Context, r *request) error {
	s := b.w.session
	e := Disposed{Records: []int64{}, Reason: r.dispose.Reason}
	parties := map[string]bool{}
	for row, err := range rows(ctx, s, `select r.seq, r.salt, r.tags, r.event from record r join sealed d on d.seq = r.seq where d.subject = $1 order by r.seq`, r.dispose.Subject) {
		if err != nil {
			return err
		}
		rec, err := row.record()
		if err != nil {
			return err
		}
		e.Records = append(e.Records, rec.Seq)
		for _, p := range rec.Parties {
			parties[p.Org] = true
		}
	}
	for i, p := range b.rows { // appended by this very batch
		if p.sealed.subject == r.dispose.Subject && p.Sealed != nil {
			e.Records = append(e.Records, p.Seq)
			b.rows[i].sealed.ciphertext = nil
			for _, q := range p.Parties {
				parties[q.Org] = true
			}
		}
	}
	for org := range parties {
		if err := b.w.count(ctx, org); err != nil {
			return err
		}
		r.parties = append(r.parties, org)
	}
	slices.Sort(r.parties)
	if _, err := s.ExecContext(ctx, `delete from sealed where subject = $1`, r.dispose.Subject); err != nil {
		return err
	}
	if _, err := s.ExecContext(ctx, `insert into shred (subject) values ($1) on conflict do nothing`, r.dispose.Subject); err != nil {
		return err
	}
	enc, err := b.w.log.encode(ctx, r.stream, e)
	r.events = []encoded{enc}
	return err
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
