package release

import (
	"context"
	_ "embed"
	"encoding/json"
	"time"

	"chaperone.example/ledger"
)

//go:embed view.sql
var schema string

// View is the tables of releases and disclosures.
func View() ledger.View { return ledger.View{Name: "release", Schema: schema, Apply: project} }

func project(ctx context.Context, tx ledger.Tx, r ledger.Record, e ledger.Event) error {
	exec := func(q string, a ...any) error { _, err := tx.ExecContext(ctx, q, a...); return err }
	switch e := e.(type) {
	case Offered:
		var records int64
		for _, f := range e.Files {
			records += f.Records
		}
		var lists [3][]byte
		for i, l := range [][]string{e.Elements, e.Withheld, e.Duties} {
			var err error
			if lists[i], err = json.Marshal(l); err != nil {
				return err
			}
		}
		accountable := 0
		if e.Accountable {
			accountable = 1
		}
		return exec(`insert into release_offer (id, request, discloser, recipient, purpose, basis, authority, form, elements, withheld, duties, accountable, records, patients, index_object, offered, expires, revoked, reason, downloads)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, '', '', 0)`,
			r.ID(), e.Request, e.Discloser, e.Recipient, e.Purpose, e.Basis, e.Authority, e.Form, string(lists[0]), string(lists[1]), string(lists[2]),
			accountable, records, e.Patients, e.Index, stamp(r.Time), stamp(e.Expires))
	case Downloaded:
		if err := exec(`update release_offer set downloads = downloads + 1 where id = $1`, r.ID()); err != nil {
			return err
		}
		return exec(`insert into release_disclosure (seq, release, at, by_user) values ($1, $2, $3, $4)`, r.Seq, r.ID(), stamp(r.Time), r.Actor.ID)
	case Revoked:
		return exec(`update release_offer set revoked = $1, reason = $2 where id = $3`, stamp(r.Time), string(e.Reason), r.ID())
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
