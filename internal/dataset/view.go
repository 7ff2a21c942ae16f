package dataset

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"chaperone.example/ledger"
)

//go:embed view.sql
var schema string

// View keeps the inventory: what each organization holds, which elements are in it,
// and what happened to it.
func View() ledger.View { return ledger.View{Name: "dataset", Schema: schema, Apply: project} }

func project(ctx context.Context, tx ledger.Tx, r ledger.Record, e ledger.Event) error {
	id, at := r.ID(), r.Time.UTC().Format(time.RFC3339Nano)
	exec := func(query string, args ...any) error {
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("dataset: view: %w", err)
		}
		return nil
	}
	moment := func(version int, note string, changes int) error {
		return exec(`insert into dataset_moment (dataset, seq, at, type, person, reason, version, note, changes) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			id, r.Seq, at, r.Type, r.Actor.ID, r.Actor.Reason, version, note, changes)
	}
	switch e := e.(type) {
	case Registered:
		if err := exec(`insert into dataset_holding (id, owner, format, source, environment, repository, region, phi, status, label, version, records, bytes, sha256, first_month, last_month, changed)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 0, '', '', '', $11)`,
			id, e.Owner, string(e.Format), string(e.Source), string(e.Environment), e.Repository, e.Region, btoi(e.PHI), string(Awaiting), r.Seq, at); err != nil {
			return err
		}
		return moment(0, "", 0)
	case Received:
		if err := exec(`update dataset_holding set version = $1, records = $2, bytes = $3, sha256 = $4, first_month = $5, last_month = $6, changed = $7, status = $8,
			phi = case when $9 = 1 then 1 else phi end where id = $10`,
			e.Version, e.Records, e.Bytes, e.SHA256, e.First, e.Last, at, string(Unconfirmed), btoi(e.Identifies), id); err != nil {
			return err
		}
		return moment(e.Version, "", 0)
	case Classified:
		if err := exec(`delete from dataset_element where dataset = $1`, id); err != nil {
			return err
		}
		for _, x := range e.Elements {
			if err := exec(`insert into dataset_element (dataset, element, class, fields) values ($1, $2, $3, $4)`, id, x.ID, string(x.Class), len(x.Fields)); err != nil {
				return err
			}
		}
		return moment(e.Version, string(e.Basis), len(e.Changes))
	case Confirmed:
		if err := exec(`update dataset_holding set status = $1, changed = $2 where id = $3`, string(Ready), at, id); err != nil {
			return err
		}
		return moment(e.Version, "", 0)
	case Opened:
		return moment(e.Version, "", 0)
	case Labelled:
		return moment(e.Version, e.Table, 0)
	case Declared:
		return moment(0, string(e.Part2), 0)
	case Retired:
		if err := exec(`update dataset_holding set status = $1, changed = $2 where id = $3`, string(Ended), at, id); err != nil {
			return err
		}
		return moment(0, string(e.Reason), 0)
	}
	return nil
}
