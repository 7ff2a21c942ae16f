package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/proof"
)

type verify struct {
	File   string `arg:"" type:"existingfile" help:"The proof, as exported from the page of a record (*.tlog-proof), or of a thing (*.proofs.zip)."`
	Policy string `required:"" type:"existingfile" placeholder:"FILE" help:"The policy: the public keys that you trust, got by a way that you trust."`
	JSON   bool   `help:"Print the verdict as JSON."`
}

// Help implements kong's longer help.
func (verify) Help() string {
	return `The public key of the ledger comes from the policy, never from the proof. Nothing is
fetched. Exit code 0: every record is in the ledger that was signed. 1: one is not, or a
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
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return c.bundle(t, policy, data)
	}
	v, err := check(policy, data)
	if err != nil {
		return err
	}
	return c.print(t, v)
}

// check verifies one proof.
func check(policy *proof.Policy, data []byte) (audit.Verdict, error) {
	p, err := proof.Parse(data)
	if err != nil {
		return audit.Verdict{}, verdict{fmt.Errorf("does NOT verify: %w", err)}
	}
	v, err := audit.Proof(policy, p)
	if err != nil {
		return v, verdict{fmt.Errorf("does NOT verify: %w", err)}
	}
	return v, nil
}

// maxProofs bounds the files of a bundle.
const maxProofs = 10_000

// bundle verifies the proofs of all records behind a thing, and says whether one between
// them is missing.
func (c verify) bundle(t terminal, policy *proof.Policy, data []byte) error {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return badFile{fmt.Errorf("the file of proofs is damaged: %w", err)}
	}
	if len(z.File) > maxProofs {
		return badFile{fmt.Errorf("the file holds %d files, more than any that was exported", len(z.File))}
	}
	var all []audit.Verdict
	for _, f := range z.File {
		if path.Ext(f.Name) != ".tlog-proof" {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return badFile{fmt.Errorf("the file of proofs is damaged: %w", err)}
		}
		data, err := io.ReadAll(io.LimitReader(r, proof.MaxSize+1))
		if err = errors.Join(err, r.Close()); err != nil {
			return badFile{fmt.Errorf("the file of proofs is damaged: %w", err)}
		}
		v, err := check(policy, data)
		if err != nil {
			return verdict{fmt.Errorf("proof %d of the file: %w", len(all)+1, err)}
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		return badFile{errors.New("the file holds no proof (*.tlog-proof)")}
	}
	slices.SortFunc(all, func(a, b audit.Verdict) int {
		return cmp.Or(strings.Compare(a.Record.Stream, b.Record.Stream), cmp.Compare(a.Record.Version, b.Record.Version))
	})
	for _, v := range all {
		if err := c.print(t, v); err != nil {
			return err
		}
	}
	if c.JSON {
		return nil
	}
	for first := 0; first < len(all); {
		last := first
		for last+1 < len(all) && all[last+1].Record.Stream == all[first].Record.Stream && all[last+1].Record.Version == all[last].Record.Version+1 {
			last++
		}
		from, to := all[first].Record, all[last].Record
		if _, err := fmt.Fprintf(t.out, "%s: versions %d to %d are here, and none between them is missing\n", from.Stream, from.Version, to.Version); err != nil {
			return err
		}
		first = last + 1
	}
	return nil
}

// print says what a proof proves.
func (c verify) print(t terminal, v audit.Verdict) error {
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
	_, err := fmt.Fprintf(t.out, "  details   %s\n", r.Body)
	return err
}
