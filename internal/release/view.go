package release

import (
	"context"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"time"

	"chaperone.example/ledger"
)

//go:embed view.sql
var schema string

// View is the tables of releases, disclosures and accountings.
func View() ledger.View { return ledger.View{Name: "release", Schema: schema, Apply: project} }

func project(ctx context.Context, tx ledger.Tx, r ledger.Record, e ledger.Event) error {
	exec := func(q string, a ...any) error { _, err := tx.ExecContext(ctx, q, a...); return err }
	switch e := e.(type) {
	case Held:
		if err := project(ctx, tx, r, e.Offer); err != nil {
			return err
		}
		return exec(`update release_offer set held = 1 where id = $1`, r.ID())
	case Cleared:
		return exec(`update release_offer set held = 0, expires = $1 where id = $2`, stamp(e.Expires), r.ID())
	case Offered:
		var lists [5]string
		for i, l := range [][]string{e.People, e.Elements, e.Withheld, e.Duties, e.Datasets} {
			b, err := json.Marshal(l)
			if err != nil {
				return err
			}
			lists[i] = string(b)
		}
		accountable := 0
		if e.Accountable {
			accountable = 1
		}
		return exec(`insert into release_offer (id, request, discloser, recipient, people, purpose, basis, authority, form, elements, withheld, duties, datasets, accountable, records, patients, unlinked, index_object, offered, expires, revoked, reason, downloads, held)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, '', '', 0, 0)`,
			r.ID(), e.Request, e.Discloser, e.Recipient, lists[0], e.Purpose, e.Basis, e.Authority, e.Form, lists[1], lists[2], lists[3], lists[4],
			accountable, e.Records(), e.Patients, e.Unlinked, e.Index, stamp(r.Time), stamp(e.Expires))
	case Downloaded:
		if err := exec(`update release_offer set downloads = downloads + 1 where id = $1`, r.ID()); err != nil {
			return err
		}
		return exec(`insert into release_disclosure (seq, release, at, by_user) values ($1, $2, $3, $4)`, r.Seq, r.ID(), stamp(r.Time), r.Actor.ID)
	case Revoked:
		return exec(`update release_offer set revoked = $1, reason = $2 where id = $3`, stamp(r.Time), string(e.Reason), r.ID())
	case Accounted:
		return exec(`insert into release_accounting (seq, org, patient, at, by_user, entries) values ($1, $2, $3, $4, $5, $6)`,
			r.Seq, r.Actor.Org, hex.EncodeToString(e.Patient), stamp(r.Time), r.Actor.ID, e.Entries)
	}
	return nil
}

// stamp writes a time so that its order is that of the text.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func unstamp(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, text)
}
