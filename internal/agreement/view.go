package agreement

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"chaperone.example/ledger"
)

//go:embed view.sql
var schema string

// View finds agreements by party and keeps their history with its positions in the
// ledger. What a contract says and where it stands is folded from its stream, so that
// it cannot come apart from what decisions rest on.
func View() ledger.View { return ledger.View{Name: "agreement", Schema: schema, Apply: project} }

func project(ctx context.Context, tx ledger.Tx, r ledger.Record, e ledger.Event) error {
	noted := 0
	if r.Sealed != nil {
		noted = 1
	}
	at := r.Time.UTC().Format(time.RFC3339Nano)
	org, version := r.Actor.Org, 0
	switch e := e.(type) {
	case Reviewed:
		return exec(ctx, tx, `insert into agreement_review (id, agreement, version, org, person, reviewer, finding, at, seq, noted) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			r.ID(), e.Agreement, e.Version, e.Org, r.Actor.ID, string(e.Reviewer), string(e.Finding), at, r.Seq, noted)
	case Offered:
		if err := exec(ctx, tx, `insert into agreement (id, upstream, downstream) values ($1, $2, $3)`, r.ID(), e.Upstream, e.Downstream); err != nil {
			return err
		}
		version = 1
	case Amended:
		version = e.Version
	case Renewed:
		version = e.Version
	case Signed:
		version = e.Version
	case Withdrawn:
		version = e.Version
	case Terminated:
	case ReturnDue:
		org = e.Org
	default:
		return nil
	}
	return exec(ctx, tx, `insert into agreement_moment (agreement, seq, at, type, org, person, version, noted) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.ID(), r.Seq, at, r.Type, org, r.Actor.ID, version, noted)
}

func exec(ctx context.Context, tx ledger.Tx, query string, args ...any) error {
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("agreement: view: %w", err)
	}
	return nil
}
