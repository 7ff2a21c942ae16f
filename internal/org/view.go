package org

import (
	"context"
	_ "embed"
	"strings"
	"time"

	"chaperone.example/law"
	"chaperone.example/ledger"
)

//go:embed view.sql
var schema string

// View keeps the directory and the declared engagements.
func View() ledger.View { return ledger.View{Name: "org", Schema: schema, Apply: project} }

func project(ctx context.Context, tx ledger.Tx, r ledger.Record, e ledger.Event) error {
	var err error
	switch e := e.(type) {
	case Registered:
		_, err = tx.ExecContext(ctx, `insert into org_member (id, name, kinds, state, operator, closed, since) values ($1, $2, $3, $4, $5, 0, $6)`,
			r.ID(), e.Name, join(e.Is), e.State, e.Operator, r.Time.Format(time.RFC3339Nano))
	case Engaged:
		_, err = tx.ExecContext(ctx, `insert into org_engagement (upstream, downstream) values ($1, $2)`, r.ID(), e.Organization)
	case EngagementEnded:
		_, err = tx.ExecContext(ctx, `delete from org_engagement where upstream = $1 and downstream = $2`, r.ID(), e.Organization)
	case Closed:
		_, err = tx.ExecContext(ctx, `update org_member set closed = 1 where id = $1`, r.ID())
	case Reopened:
		_, err = tx.ExecContext(ctx, `update org_member set closed = 0 where id = $1`, r.ID())
	}
	return err
}

func join(is []law.Status) string {
	var words []string
	for _, s := range is {
		words = append(words, string(s))
	}
	return strings.Join(words, " ")
}

func split(s string) []law.Status {
	var is []law.Status
	for word := range strings.FieldsSeq(s) {
		is = append(is, law.Status(word))
	}
	return is
}
