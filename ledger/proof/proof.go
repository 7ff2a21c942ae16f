package proof

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const header = "c2sp.org/tlog-proof@v1"

// MaxSize bounds what [Parse] reads: no proof comes near it.
const MaxSize = 1 << 20

// A Proof shows that an entry is in a log (C2SP tlog-proof). Nothing in it is
// believed before [Policy.Check].
type Proof struct {
	Extra      []byte // what the log's users know to read; nil if there is none
	Index      int64  // of the entry
	Hashes     tlog.RecordProof
	Checkpoint []byte // signed
}

// Bytes returns the file.
func (p Proof) Bytes() []byte {
	var b bytes.Buffer
	b.WriteString(header + "\n")
	if p.Extra != nil {
		fmt.Fprintf(&b, "extra %s\n", b64.EncodeToString(p.Extra))
	}
	fmt.Fprintf(&b, "index %d\n", p.Index)
	for _, h := range p.Hashes {
		fmt.Fprintf(&b, "%s\n", b64.EncodeToString(h[:]))
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// Parse reads a proof strictly: every byte of it is accounted for.
func Parse(data []byte) (Proof, error) {
	var p Proof
	if len(data) > MaxSize {
		return p, fmt.Errorf("the proof has %d bytes; none is larger than %d", len(data), MaxSize)
	}
	head, rest, ok := strings.Cut(string(data), "\n\n")
	if !ok {
		return p, errors.New("the proof has no checkpoint: the file is cut off")
	}
	p.Checkpoint = []byte(rest)
	lines := strings.Split(head, "\n")
	if lines[0] != header {
		return p, fmt.Errorf("line 1: not a proof: it does not start with %q", header)
	}
	n := 1
	var err error
	if n < len(lines) {
		if text, ok := strings.CutPrefix(lines[n], "extra "); ok {
			if p.Extra, err = b64.DecodeString(text); err != nil {
				return p, fmt.Errorf("line %d: the opening is not base64", n+1)
			}
			n++
		}
	}
	if n >= len(lines) {
		return p, errors.New("the proof names no index: the file is cut off")
	}
	text, ok := strings.CutPrefix(lines[n], "index ")
	if ok {
		p.Index, ok = number(text)
	}
	if !ok {
		return p, fmt.Errorf("line %d: want %q and a number", n+1, "index ")
	}
	for n++; n < len(lines); n++ {
		h, ok := hash(lines[n])
		if !ok {
			return p, fmt.Errorf("line %d: not the base64 of a hash", n+1)
		}
		p.Hashes = append(p.Hashes, h)
	}
	return p, nil
}

// Check checks that the entry with this leaf hash is in a log that the policy trusts.
// Keys come from the policy, never from the proof.
func (p *Policy) Check(f Proof, leaf tlog.Hash) (Signed, error) {
	s, err := p.Open(f.Checkpoint)
	if err != nil {
		return s, err
	}
	if f.Index >= s.Tree.N {
		return s, fmt.Errorf("the proof is about record %d, but the checkpoint covers only %d records", f.Index, s.Tree.N)
	}
	if err := tlog.CheckRecord(f.Hashes, s.Tree.N, s.Tree.Hash, f.Index, leaf); err != nil {
		return s, fmt.Errorf("the record is not in the ledger that was signed: either the record or its proof was altered (record %d, checkpoint of %d)", f.Index, s.Tree.N)
	}
	return s, nil
}
