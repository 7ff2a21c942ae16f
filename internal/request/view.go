package request

import (
	"context"
	_ "embed"
	"encoding/json"
	"time"

	"chaperone.example/law"
	"chaperone.example/ledger"
)

//go:embed view.sql
var schema string

// View keeps the list of requests, the steps of each, and the decisions with what
// they were computed from. It holds no words of a request: where they are sealed is
// remembered by the position of their record.
func View() ledger.View {
	return ledger.View{Name: "request", Schema: schema, Apply: apply}
}

func apply(ctx context.Context, tx ledger.Tx, r ledger.Record, e ledger.Event) error {
	at := r.Time.UTC().Format(time.RFC3339Nano)
	exec := func(query string, args ...any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	}
	step := func(what string, version int, outcome, decision string) error {
		return exec(`insert into request_step (request, step, seq, at, what, org, person, version, outcome, decision) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			r.ID(), r.Version, r.Seq, at, what, r.Actor.Org, r.Actor.ID, version, outcome, decision)
	}
	settle := func(status Status, version int) error {
		if err := exec(`update request set status = $1, changed = $2 where id = $3`, string(status), at, r.ID()); err != nil {
			return err
		}
		return step(string(status), version, "", "")
	}
	switch e := e.(type) {
	case Submitted:
		if err := exec(`insert into request (id, recipient, discloser, person, status, outcome, version, purpose, activity, asked, given, form_asked, form, submitted, changed, decision, details)
			values ($1, $2, $3, $4, '', '', 1, $5, $6, $7, 0, $8, '', $9, $9, '', $10)`,
			r.ID(), e.Recipient, e.Ask.Discloser, e.By, string(e.Ask.Purpose), string(e.Ask.Activity), len(e.Ask.Elements), e.Ask.Form.String(), at, r.Seq); err != nil {
			return err
		}
		return step("submitted", 1, "", "")
	case Amended:
		if err := exec(`update request set version = $1, asked = $2, form_asked = $3, changed = $4, details = $5 where id = $6`,
			e.Version, len(e.Ask.Elements), e.Ask.Form.String(), at, r.Seq, r.ID()); err != nil {
			return err
		}
		return step("amended", e.Version, "", "")
	case Decided:
		return decided(r, e, at, exec, step)
	case Approved:
		return settle(Granted, e.Version)
	case Refused:
		return settle(Declined, e.Version)
	case Withdrawn:
		return settle(Gone, e.Version)
	}
	return nil
}

func decided(r ledger.Record, e Decided, at string, exec func(string, ...any) error, step func(string, int, string, string) error) error {
	d, err := e.Decision()
	if err != nil {
		return err
	}
	status := Awaiting
	if e.Outcome == law.Deny {
		status = Denied
	}
	kept, transformed, _ := Tally(d)
	if err := exec(`update request set status = $1, outcome = $2, given = $3, form = $4, changed = $5, decision = $6 where id = $7`,
		string(status), string(e.Outcome), kept+transformed, e.Form.String(), at, e.ID, r.ID()); err != nil {
		return err
	}
	event, err := json.Marshal(e)
	if err != nil {
		return err
	}
	// The same question at the same moment has the same id: once is enough.
	if err := exec(`insert into request_decision (id, request, event) values ($1, $2, $3) on conflict do nothing`, e.ID, r.ID(), string(event)); err != nil {
		return err
	}
	return step("decided: "+string(e.Cause), e.Version, string(e.Outcome), e.ID)
}
