package commit

import (
	"context"
	"slices"

	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/record"
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

// disposal deletes what a disposal is about and makes its event.
func (b *batch) disposal(ctx context.Context, r *Request) error {
	s := b.w.session
	e := Disposed{Records: []int64{}, Reason: r.Dispose.Reason}
	parties := map[string]bool{}
	for rec, err := range record.All(ctx, s, `select r.seq, r.salt, r.tags, r.event from record r join sealed d on d.seq = r.seq where d.subject = $1 order by r.seq`, r.Dispose.Subject) {
		if err != nil {
			return err
		}
		e.Records = append(e.Records, rec.Seq)
		for _, p := range rec.Parties {
			parties[p.Org] = true
		}
	}
	for i, p := range b.rows { // appended by this very batch
		if p.sealed.Subject == r.Dispose.Subject && p.Sealed != nil {
			e.Records = append(e.Records, p.Seq)
			b.rows[i].sealed.Ciphertext = nil
			for _, q := range p.Parties {
				parties[q.Org] = true
			}
		}
	}
	for org := range parties {
		r.Parties = append(r.Parties, org)
	}
	slices.Sort(r.Parties)
	if err := b.w.count(ctx, r.Parties); err != nil {
		return err
	}
	if _, err := s.ExecContext(ctx, `delete from sealed where subject = $1`, r.Dispose.Subject); err != nil {
		return err
	}
	if _, err := s.ExecContext(ctx, `insert into shred (subject) values ($1) on conflict do nothing`, r.Dispose.Subject); err != nil {
		return err
	}
	body, err := leaf.Marshal(e)
	r.Events = []Event{{Type: DisposedType, Body: body}}
	return err
}
