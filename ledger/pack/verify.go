package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/tlog"
)

// A Verdict is what a pack proves.
type Verdict struct {
	proof.Signed
	Part   Part
	Open   int64 // records that are open
	Sealed int   // open records whose sealed details are present and match
	Absent int   // open records whose sealed details the pack leaves out
	// Disposals maps open records whose details were disposed of to the record that
	// says so.
	Disposals map[int64]int64
}

// Verify checks a pack to the last byte. The keys come from the policy, never from the
// pack.
func Verify(r io.Reader, policy *proof.Policy) (Verdict, error) {
	p, err := NewReader(r)
	if err != nil {
		return Verdict{}, err
	}
	if p.Part.Org == "" {
		return verifyWhole(p, policy, nil)
	}
	return verifyPart(p, policy)
}

// Each verifies a pack of everything, and gives each record to do as it is read. What do
// was given is not to be believed before Each has returned without an error.
func Each(r io.Reader, policy *proof.Policy, do func(audit.Entry) error) (Verdict, error) {
	p, err := NewReader(r)
	if err == nil && p.Part.Org != "" {
		err = errors.New("it is the pack of one organization: want one of everything")
	}
	if err != nil {
		return Verdict{}, err
	}
	return verifyWhole(p, policy, do)
}

func verifyWhole(p *Reader, policy *proof.Policy, do func(audit.Entry) error) (Verdict, error) {
	v := Verdict{}
	a := audit.NewAuditor()
	for {
		i, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && i.Closed != nil {
			err = fmt.Errorf("line %d: record %d is closed in a pack of everything", p.row, i.Closed.N)
		}
		if err == nil {
			err = a.Add(i.Entry)
		}
		if err == nil && do != nil {
			err = do(i.Entry)
		}
		if err != nil {
			return v, err
		}
		v.Open++
	}
	rep, err := a.Finish()
	var bare *audit.Missing
	if errors.As(err, &bare) {
		v.Absent, err = len(bare.Records), nil
	}
	if err != nil {
		return v, err
	}
	v.Sealed, v.Disposals = rep.Sealed, rep.Disposals
	return v, v.finish(p, policy, rep.Tree)
}

// finish compares the records with the signed head.
func (v *Verdict) finish(p *Reader, policy *proof.Policy, got tlog.Tree) error {
	signed, err := p.Finish()
	if err != nil {
		return err
	}
	if v.Signed, err = policy.Open(signed); err != nil {
		return err
	}
	v.Part = p.Part
	switch {
	case v.Origin != p.Origin:
		return fmt.Errorf("the pack says it is of %q, its checkpoint is of %q", p.Origin, v.Origin)
	case v.Tree.N != got.N:
		return fmt.Errorf("the pack holds %d records, its checkpoint covers %d", got.N, v.Tree.N)
	case v.Tree.Hash != got.Hash:
		return errors.New("the records do not give the root that was signed: a record was altered, left out or added")
	}
	return nil
}

// verifyPart checks the pack of an organization: that its open records are in the
// ledger, and that they are all of its own.
func verifyPart(p *Reader, policy *proof.Policy) (Verdict, error) {
	v := Verdict{Disposals: map[int64]int64{}}
	edge := tree.NewEdge()
	next, tag := int64(1), leaf.PartyTag(p.Part.Key, 1)
	wants := map[int64]bool{} // records whose details are not in the pack
	for {
		i, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return v, err
		}
		h, err := hashLeaf(i)
		if err != nil {
			return v, fmt.Errorf("line %d: %w", p.row, err)
		}
		edge.Push(h)
		if i.Closed != nil {
			if slices.ContainsFunc(i.Closed.Tags, func(t []byte) bool { return bytes.Equal(t, tag) }) {
				return v, fmt.Errorf("record %d is event %d of %s, and the pack does not show it: it was left out", i.Closed.N, next, p.Part.Org)
			}
			continue
		}
		if err := v.own(i.Entry, p.Part.Org, next, tag, wants); err != nil {
			return v, fmt.Errorf("record %d: %w", i.Seq, err)
		}
		next++
		tag = leaf.PartyTag(p.Part.Key, next)
	}
	for seq := range wants {
		if _, ok := v.Disposals[seq]; !ok {
			v.Absent++
		}
	}
	root, err := edge.Root()
	if err != nil {
		return v, err
	}
	return v, v.finish(p, policy, tlog.Tree{N: edge.Size(), Hash: root})
}

// own checks an open record of an organization's pack.
func (v *Verdict) own(e audit.Entry, org string, next int64, tag []byte, wants map[int64]bool) error {
	rec, err := e.Record()
	if err != nil {
		return err
	}
	if !slices.Contains(rec.Parties, ledger.Party{Org: org, N: next}) || !slices.ContainsFunc(e.Tags, func(t []byte) bool { return bytes.Equal(t, tag) }) {
		return fmt.Errorf("it is not event %d of %s", next, org)
	}
	v.Open++
	switch {
	case e.Sealed != nil && !e.Sealed.Matches(rec.Sealed):
		return errors.New("its sealed details are not those that it commits to")
	case e.Sealed != nil:
		v.Sealed++
	case rec.Sealed != nil:
		wants[rec.Seq] = true
	}
	if rec.Type == ledger.DisposedType {
		var d ledger.Disposed
		if err := leaf.Strict(rec.Body, &d); err != nil {
			return err
		}
		for _, seq := range d.Records {
			if wants[seq] { // a disposal may also be about records of others
				v.Disposals[seq] = rec.Seq
			}
		}
	}
	return nil
}
