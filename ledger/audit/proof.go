package audit

import (
	"errors"
	"fmt"

	"chaperone.example/ledger"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/proof"
	"golang.org/x/mod/sumdb/tlog"
)

// A Verdict is what a proof proves.
type Verdict struct {
	proof.Signed
	Record ledger.Record
}

// Proof checks a proof of a record against the policy. Keys come from the policy,
// never from the proof.
func Proof(policy *proof.Policy, p proof.Proof) (Verdict, error) {
	var v Verdict
	if p.Extra == nil {
		return v, errors.New("the proof carries no opening, so it does not say what was recorded")
	}
	var o leaf.Opening
	if err := leaf.Strict(p.Extra, &o); err != nil {
		return v, fmt.Errorf("the opening is malformed: %w", err)
	}
	data, err := o.Bytes(p.Index)
	if err != nil {
		return v, fmt.Errorf("the opening is malformed: %w", err)
	}
	if v.Signed, err = policy.Check(p, tlog.RecordHash(data)); err != nil {
		return v, err
	}
	v.Record, err = Entry{Seq: p.Index, Event: o.Event}.Record()
	if err != nil {
		return v, fmt.Errorf("the record is malformed: %w", err)
	}
	return v, nil
}
