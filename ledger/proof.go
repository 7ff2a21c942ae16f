package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const proofHeader = "c2sp.org/tlog-proof@v1"

// Checkpoint returns the signed head of the ledger (C2SP tlog-checkpoint), signing
// it if need be. Only a durable head is ever signed.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	h, err := l.Head(ctx)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: checkpointText(l.cfg.Origin, h)}, l.cfg.Signer)
}

func checkpointText(origin string, t tlog.Tree) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, t.N, b64.EncodeToString(t.Hash[:]))
}

func parseCheckpoint(text string) (origin string, t tlog.Tree, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return "", t, errors.New("the checkpoint does not have three lines: origin, size, root")
	}
	n, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != lines[1] {
		return "", t, errors.New("the size in the checkpoint is not a number")
	}
	root, err := b64.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", t, errors.New("the root in the checkpoint is not a hash")
	}
	t.N = n
	copy(t.Hash[:], root)
	return lines[0], t, nil
}

// Prove returns a proof (C2SP tlog-proof) that the record at seq is in the ledger,
// with the opening that shows what the record says. Only a party of the record
// gets it.
func (r *Reading) Prove(ctx context.Context, seq int64) ([]byte, error) {
	for row, err := range rows(ctx, r.log.db, recordColumns+` where seq = $1`, seq) {
		if err != nil {
			return nil, err
		}
		rec, err := row.record()
		if err != nil {
			return nil, err
		}
		if rec.party(r.scope.Org) {
			return r.log.prove(ctx, row)
		}
	}
	return nil, &unknown{"record"}
}

func (l *Log) prove(ctx context.Context, row row) ([]byte, error) {
	extra, err := marshal(row.opening)
	if err != nil {
		return nil, err
	}
	checkpoint, err := l.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	text, _, _ := strings.Cut(string(checkpoint), "\n\n")
	_, tree, err := parseCheckpoint(text + "\n")
	if err != nil {
		return nil, err
	}
	hashes, err := tlog.ProveRecord(tree.N, row.seq, tileReader(ctx, l.db))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", proofHeader, b64.EncodeToString(extra), row.seq)
	for _, h := range hashes {
		fmt.Fprintf(&b, "%s\n", b64.EncodeToString(h[:]))
	}
	b.WriteByte('\n')
	b.Write(checkpoint)
	return b.Bytes(), nil
}

// A Proof is a tlog-proof taken apart. Nothing in it is believed before
// [Policy.Verify] has checked it.
type Proof struct {
	extra      []byte
	index      int64
	hashes     tlog.RecordProof
	checkpoint []byte
}

// maxProof bounds what [ParseProof] reads: no record comes near it.
const maxProof = 1 << 20

// ParseProof reads a proof strictly: every byte of it is accounted for.
func ParseProof(data []byte) (Proof, error) {
	var p Proof
	if len(data) > maxProof {
		return p, fmt.Errorf("the proof has %d bytes; none is larger than %d", len(data), maxProof)
	}
	head, rest, ok := strings.Cut(string(data), "\n\n")
	if !ok {
		return p, errors.New("the proof has no checkpoint: the file is cut off")
	}
	p.checkpoint = []byte(rest)
	lines := strings.Split(head, "\n")
	if lines[0] != proofHeader {
		return p, fmt.Errorf("line 1: not a proof: it does not start with %q", proofHeader)
	}
	n := 1
	var err error
	if n < len(lines) {
		if text, ok := strings.CutPrefix(lines[n], "extra "); ok {
			if p.extra, err = b64.DecodeString(text); err != nil {
				return p, fmt.Errorf("line %d: the opening is not base64", n+1)
			}
			n++
		}
	}
	if n >= len(lines) {
		return p, errors.New("the proof names no index: the file is cut off")
	}
	text, ok := strings.CutPrefix(lines[n], "index ")
	p.index, err = strconv.ParseInt(text, 10, 64)
	if !ok || err != nil || p.index < 0 || strconv.FormatInt(p.index, 10) != text {
		return p, fmt.Errorf("line %d: want %q and a number", n+1, "index ")
	}
	for n++; n < len(lines); n++ {
		h, err := b64.DecodeString(lines[n])
		if err != nil || len(h) != tlog.HashSize {
			return p, fmt.Errorf("line %d: not the base64 of a hash", n+1)
		}
		p.hashes = append(p.hashes, tlog.Hash(h))
	}
	return p, nil
}

// A Verdict is what a proof proves.
type Verdict struct {
	Record    Record
	Tree      tlog.Tree // the checkpoint that it is proved against
	Origin    string
	Witnesses []string // whose cosignatures were found
}

// Verify checks a proof against the policy. Keys come from the policy, never from
// the proof.
func (p *Policy) Verify(proof Proof) (Verdict, error) {
	var v Verdict
	var err error
	if v.Origin, v.Tree, v.Witnesses, err = p.Open(proof.checkpoint); err != nil {
		return v, err
	}
	if proof.extra == nil {
		return v, errors.New("the proof carries no opening, so it does not say what was recorded")
	}
	var o opening
	if err := strict(proof.extra, &o); err != nil {
		return v, fmt.Errorf("the opening is malformed: %w", err)
	}
	leaf, err := o.leaf(proof.index)
	if err != nil {
		return v, fmt.Errorf("the opening is malformed: %w", err)
	}
	if proof.index >= v.Tree.N {
		return v, fmt.Errorf("the proof is about record %d, but the checkpoint covers only %d records", proof.index, v.Tree.N)
	}
	if err := tlog.CheckRecord(proof.hashes, v.Tree.N, v.Tree.Hash, proof.index, tlog.RecordHash(leaf)); err != nil {
		return v, fmt.Errorf("the record is not in the ledger that was signed: either the record or its proof was altered (record %d, checkpoint of %d)", proof.index, v.Tree.N)
	}
	if err := strict(o.Event, &v.Record); err != nil {
		return v, fmt.Errorf("the record is malformed: %w", err)
	}
	if v.Record.Seq != proof.index {
		return v, fmt.Errorf("the record says it is number %d, its place is %d", v.Record.Seq, proof.index)
	}
	return v, nil
}

// strict decodes JSON that must be exactly what marshal makes of the value.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New("not the JSON of this format")
	}
	again, err := marshal(v)
	if err != nil || !bytes.Equal(again, data) {
		return errors.New("not in canonical form")
	}
	return nil
}

// Own returns the newest records that the scope's organization is a party of,
// before position before (or the end, if negative), newest first; only those of
// stream, unless it is empty.
func (r *Reading) Own(ctx context.Context, stream string, before int64, limit int) ([]Record, error) {
	if before < 0 {
		before = 1<<62 - 1
	}
	var out []Record
	for rec, err := range records(ctx, r.log.db, `select r.seq, r.salt, r.tags, r.event from record r join stream_party p on p.stream = r.stream and p.org = $1
		where r.seq < $2 and ($3 = '' or r.stream = $3) order by r.seq desc`, r.scope.Org, before, stream) {
		if err != nil {
			return nil, err
		}
		if rec.party(r.scope.Org) {
			out = append(out, rec)
		}
		if len(out) == limit {
			break
		}
	}
	return out, nil
}

// Record returns the record at seq, to a party of it.
func (r *Reading) Record(ctx context.Context, seq int64) (Record, error) {
	for rec, err := range records(ctx, r.log.db, recordColumns+` where seq = $1`, seq) {
		if err != nil {
			return Record{}, err
		}
		if rec.party(r.scope.Org) {
			return rec, nil
		}
	}
	return Record{}, &unknown{"record"}
}

// Head returns the size and the root of the ledger.
func (r *Reading) Head(ctx context.Context) (tlog.Tree, error) { return r.log.Head(ctx) }
