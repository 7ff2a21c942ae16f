// Package pack writes a ledger, or one organization's part of it, to one file that
// anybody verifies offline, and reads it again.
//
// A pack is text. Its first line is a header in JSON:
//
//	{"pack":"chaperone ledger pack v1","origin":"…","records":300,"org":"…","key":"…"}
//
// where org and key, the party key of the organization, are there in the pack of an
// organization only. A line for each record of the ledger follows, in order: what opens
// the leaf, with the sealed details as ciphertext if there are any; or, for a record
// that is none of the organization's, the closed leaf, which says nothing about it. All
// leaves are there, so that the root can be computed, and so that nothing can be left
// out: the organization's n-th event carries a tag that only the key gives.
//
// After the word "checkpoint" on a line of its own comes the signed head of the log.
// The last line is "sum " and the SHA-256 of all before it, which tells damage from
// forgery. Every line of JSON must be in canonical form.
package pack

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/proof"
	"golang.org/x/mod/sumdb/tlog"
)

const format = "chaperone ledger pack v1"

// A header is the first line.
type header struct {
	Pack    string `json:"pack"`
	Origin  string `json:"origin"`
	Records int64  `json:"records"`
	Org     string `json:"org,omitempty"`
	Key     []byte `json:"key,omitempty"`
}

// A line is a record: open or closed.
type line struct {
	Open   *leaf.Opening `json:"open,omitempty"`
	Sealed *sealed       `json:"sealed,omitempty"`
	Leaf   *leaf.Closed  `json:"leaf,omitempty"`
}

type sealed struct {
	Subject    string `json:"subject"`
	Salt       []byte `json:"salt"`
	Ciphertext []byte `json:"ciphertext"`
}

const (
	checkpointLine = "checkpoint\n"
	sumPrefix      = "sum "
	maxLine        = 16 << 20 // a record with its sealed details
)

// Whole says that a pack is of the whole ledger.
var Whole = Part{}

// A Part is what one organization gets.
type Part struct {
	Org string // empty: everything
	Key []byte // the party key of the organization
}

// Write writes the records of a database up to a signed checkpoint of it. Sealed
// details stay encrypted; without them (bare), the pack proves what happened and holds
// no copy of what may have to be forgotten.
func Write(ctx context.Context, w io.Writer, db ledger.Reader, checkpoint []byte, part Part, bare bool) error {
	c, err := proof.ReadCheckpoint(checkpoint)
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	sum := sha256.New()
	out := bufio.NewWriter(io.MultiWriter(w, sum))
	if err := writeLine(out, header{format, c.Origin, c.Tree.N, part.Org, part.Key}); err != nil {
		return err
	}
	var n int64
	for e, err := range audit.Stored(ctx, db, 0) {
		if err != nil {
			return err
		}
		if n == c.Tree.N {
			break
		}
		l, err := lineOf(e, part, bare)
		if err != nil {
			return fmt.Errorf("pack: record %d: %w", e.Seq, err)
		}
		if err := writeLine(out, l); err != nil {
			return err
		}
		n++
	}
	if n != c.Tree.N {
		return fmt.Errorf("pack: %d records are present, the checkpoint covers %d", n, c.Tree.N)
	}
	out.WriteString(checkpointLine)
	out.Write(checkpoint)
	if err := out.Flush(); err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%x\n", sumPrefix, sum.Sum(nil))
	return err
}

func writeLine(w *bufio.Writer, v any) error {
	b, err := leaf.Marshal(v)
	if err != nil {
		return err
	}
	w.Write(b)
	if err := w.WriteByte('\n'); err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return nil
}

func lineOf(e audit.Entry, part Part, bare bool) (line, error) {
	o := leaf.Opening{Salt: e.Salt, Tags: e.Tags, Event: e.Event}
	if part.Org != "" {
		rec, err := e.Record()
		if err != nil {
			return line{}, err
		}
		if !slices.ContainsFunc(rec.Parties, func(p ledger.Party) bool { return p.Org == part.Org }) {
			c, err := o.Close(e.Seq)
			return line{Leaf: &c}, err
		}
	}
	l := line{Open: &o}
	if e.Sealed != nil && !bare {
		l.Sealed = &sealed{e.Sealed.Subject, e.Sealed.Salt, e.Sealed.Ciphertext}
	}
	return l, nil
}

// A Reader reads a pack once, from front to back, in little memory.
type Reader struct {
	Origin  string
	Records int64 // in the ledger, open or closed
	Part    Part

	in   *bufio.Reader
	sum  hash.Hash
	next int64
	row  int // line number, from 1
}

// NewReader reads the header.
func NewReader(r io.Reader) (*Reader, error) {
	p := &Reader{in: bufio.NewReaderSize(r, 64<<10), sum: sha256.New()}
	var h header
	b, err := p.line()
	if err == nil {
		err = leaf.Strict(b, &h)
	}
	if err != nil || h.Pack != format || h.Records < 0 || (h.Org == "") != (h.Key == nil) {
		return nil, fmt.Errorf("line 1: not a ledger pack: it does not start with the header of %q", format)
	}
	p.Origin, p.Records, p.Part = h.Origin, h.Records, Part{h.Org, h.Key}
	return p, nil
}

// line returns the next line without its end.
func (p *Reader) line() ([]byte, error) {
	p.row++
	var b []byte
	for {
		part, err := p.in.ReadSlice('\n')
		b = append(b, part...)
		switch {
		case err == nil:
			p.sum.Write(b)
			return b[:len(b)-1], nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("line %d: the file is cut off", p.row)
		case len(b) > maxLine:
			return nil, fmt.Errorf("line %d: longer than any record", p.row)
		}
	}
}

// An Item is a record of a pack: open, or closed.
type Item struct {
	audit.Entry              // if it is open
	Closed      *leaf.Closed // if not
}

// Leaf returns the bytes that the tree hashes.
func (i Item) Leaf() ([]byte, error) {
	if i.Closed != nil {
		return leaf.Marshal(i.Closed)
	}
	return i.Entry.Leaf()
}

// Next returns the next record, or io.EOF after the last.
func (p *Reader) Next() (Item, error) {
	var i Item
	if p.next == p.Records {
		return i, io.EOF
	}
	b, err := p.line()
	if err != nil {
		return i, err
	}
	var l line
	if err := leaf.Strict(b, &l); err != nil {
		return i, fmt.Errorf("line %d: %w", p.row, err)
	}
	switch {
	case (l.Open == nil) == (l.Leaf == nil) || l.Sealed != nil && l.Open == nil:
		return i, fmt.Errorf("line %d: neither an open record nor a closed one", p.row)
	case l.Leaf != nil:
		if l.Leaf.N != p.next {
			return i, fmt.Errorf("line %d: record %d stands in the place of record %d", p.row, l.Leaf.N, p.next)
		}
		if _, err := leaf.Parse(b[len(`{"leaf":`) : len(b)-1]); err != nil {
			return i, fmt.Errorf("line %d: %w", p.row, err)
		}
		i.Closed = l.Leaf
	default:
		i.Entry = audit.Entry{Seq: p.next, Salt: l.Open.Salt, Tags: l.Open.Tags, Event: l.Open.Event}
		if l.Sealed != nil {
			i.Sealed = &audit.SealedDetails{Subject: l.Sealed.Subject, Salt: l.Sealed.Salt, Ciphertext: l.Sealed.Ciphertext}
		}
	}
	p.next++
	return i, nil
}

// Finish returns the checkpoint, after the last record, and checks that the file is
// whole.
func (p *Reader) Finish() ([]byte, error) {
	b, err := p.line()
	if err != nil {
		return nil, err
	}
	if string(b)+"\n" != checkpointLine {
		return nil, fmt.Errorf("line %d: want the checkpoint after the last of %d records", p.row, p.Records)
	}
	var signed bytes.Buffer
	for {
		sum := hex.EncodeToString(p.sum.Sum(nil))
		if b, err = p.line(); err != nil {
			return nil, err
		}
		if text, ok := strings.CutPrefix(string(b), sumPrefix); ok {
			if text != sum {
				return nil, fmt.Errorf("line %d: the sum of the file is not the one it was written with: it was damaged", p.row)
			}
			break
		}
		if signed.Len()+len(b) > proof.MaxSize {
			return nil, fmt.Errorf("line %d: the checkpoint does not end", p.row)
		}
		signed.Write(b)
		signed.WriteByte('\n')
	}
	if _, err := p.in.ReadByte(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the end of the pack")
	}
	return signed.Bytes(), nil
}

// hashLeaf returns the hash of the leaf of a record.
func hashLeaf(i Item) (tlog.Hash, error) {
	b, err := i.Leaf()
	if err != nil {
		return tlog.Hash{}, err
	}
	return tlog.RecordHash(b), nil
}
