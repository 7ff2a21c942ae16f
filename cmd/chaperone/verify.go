package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/proof"
)

type verify struct {
	File   string `arg:"" type:"existingfile" help:"The proof, as exported from the page of a record (*.tlog-proof)."`
	Policy string `required:"" type:"existingfile" placeholder:"FILE" help:"The policy: the public keys that you trust, got by a way that you trust."`
	JSON   bool   `help:"Print the verdict as JSON."`
}

// Help implements kong's longer help.
func (verify) Help() string {
	return `The public key of the ledger comes from the policy, never from the proof. Nothing is
fetched. Exit code 0: the record is in the ledger that was signed. 1: it is not, or the
proof was altered.`
}

func (c verify) Run(t terminal) error {
	policyText, err := os.ReadFile(c.Policy)
	if err != nil {
		return badFile{err}
	}
	policy, err := proof.ParsePolicy(policyText)
	if err != nil {
		return badFile{err}
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		return badFile{err}
	}
	p, err := proof.Parse(data)
	if err != nil {
		return verdict{fmt.Errorf("does NOT verify: %w", err)}
	}
	v, err := audit.Proof(policy, p)
	if err != nil {
		return verdict{fmt.Errorf("does NOT verify: %w", err)}
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(struct {
			Verified  bool          `json:"verified"`
			Origin    string        `json:"origin"`
			Size      int64         `json:"size"`
			Root      string        `json:"root"`
			Witnesses []string      `json:"witnesses"`
			Record    ledger.Record `json:"record"`
		}{true, v.Origin, v.Tree.N, v.Tree.Hash.String(), append([]string{}, v.Witnesses...), v.Record})
	}
	r := v.Record
	fmt.Fprintf(t.out, "verified: record %d of the ledger %s (signed at %d records)\n", r.Seq, v.Origin, v.Tree.N)
	fmt.Fprintf(t.out, "  what      %s\n  about     %s, version %d\n  recorded  %s\n  by        %s\n", r.Type, r.Stream, r.Version, r.Time.Format("2006-01-02 15:04:05 MST"), strings.TrimSpace(r.Actor.Role+" "+r.Actor.ID))
	for _, p := range r.Parties {
		fmt.Fprintf(t.out, "  party     %s (its event %d)\n", p.Org, p.N)
	}
	if len(v.Witnesses) > 0 {
		fmt.Fprintf(t.out, "  witnesses %s\n", strings.Join(v.Witnesses, ", "))
	}
	_, err = fmt.Fprintf(t.out, "  details   %s\n", r.Body)
	return err
}
