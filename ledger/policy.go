package ledger

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Policy says which logs are trusted and which witnesses must have cosigned
// (C2SP tlog-policy).
type Policy struct {
	logs      []note.Verifier
	witnesses map[string]note.Verifier
	groups    map[string]group
	quorum    string
}

type group struct {
	need    int
	members []string
}

// FormatPolicy returns the policy that trusts one log by its verifier key, without
// witnesses.
func FormatPolicy(vkey string) []byte { return []byte("log " + vkey + "\nquorum none\n") }

// ParsePolicy reads a policy file. Errors name the line.
func ParsePolicy(data []byte) (*Policy, error) {
	p := &Policy{witnesses: map[string]note.Verifier{}, groups: map[string]group{}}
	keys, used := map[string]bool{}, map[string]bool{}
	for i, line := range strings.Split(string(data), "\n") {
		if err := p.line(line, keys, used); err != nil {
			return nil, fmt.Errorf("policy, line %d: %w", i+1, err)
		}
	}
	if len(p.logs) == 0 {
		return nil, errors.New("policy: it trusts no log: add a line \"log\" with the log's public key")
	}
	if p.quorum == "" {
		return nil, errors.New("policy: no quorum: add \"quorum none\", or name the witnesses that must have cosigned")
	}
	return p, nil
}

func (p *Policy) line(line string, keys, used map[string]bool) error {
	if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }); i >= 0 {
		return fmt.Errorf("a control character at column %d", i+1)
	}
	f := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(f) == 0 || strings.HasPrefix(f[0], "#") {
		return nil
	}
	switch {
	case f[0] == "log" && (len(f) == 2 || len(f) == 3):
		v, err := note.NewVerifier(f[1])
		if err != nil {
			return errors.New("not the public key of a log")
		}
		p.logs = append(p.logs, v)
		return once(keys, keyPart(f[1]), "key")
	case f[0] == "witness" && (len(f) == 3 || len(f) == 4):
		v, err := newCosignature(f[2])
		if err != nil {
			return err
		}
		if err := p.declare(f[1]); err != nil {
			return err
		}
		p.witnesses[f[1]] = v
		return once(keys, keyPart(f[2]), "key")
	case f[0] == "group" && len(f) >= 4:
		if err := p.declare(f[1]); err != nil {
			return err
		}
		g := group{members: f[3:]}
		switch f[2] {
		case "any":
			g.need = 1
		case "all":
			g.need = len(g.members)
		default:
			k, err := strconv.Atoi(f[2])
			if err != nil || k < 1 || k > len(g.members) || strconv.Itoa(k) != f[2] {
				return fmt.Errorf("a group needs %q, %q or a number from 1 to its %d members", "any", "all", len(g.members))
			}
			g.need = k
		}
		for _, m := range g.members {
			if !p.known(m) {
				return fmt.Errorf("%q is not a witness or group of a line above", m)
			}
			if err := once(used, m, "member"); err != nil {
				return err
			}
		}
		p.groups[f[1]] = g
		return nil
	case f[0] == "quorum" && len(f) == 2:
		if p.quorum != "" {
			return errors.New("a second quorum")
		}
		if f[1] != "none" && !p.known(f[1]) {
			return fmt.Errorf("%q is not a witness or group of a line above", f[1])
		}
		p.quorum = f[1]
		return nil
	}
	return errors.New("want: log KEY [URL], witness NAME KEY [URL], group NAME any|all|K MEMBER…, or quorum NAME|none")
}

func keyPart(vkey string) string { return vkey[strings.LastIndex(vkey, "+")+1:] }

func once(seen map[string]bool, name, what string) error {
	if seen[name] {
		return fmt.Errorf("the same %s twice", what)
	}
	seen[name] = true
	return nil
}

func (p *Policy) declare(name string) error {
	if name == "none" || p.known(name) {
		return fmt.Errorf("the name %q is taken", name)
	}
	return nil
}

func (p *Policy) known(name string) bool {
	_, w := p.witnesses[name]
	_, g := p.groups[name]
	return w || g
}

// Open checks the signatures of a checkpoint and returns what it says.
func (p *Policy) Open(checkpoint []byte) (origin string, tree tlog.Tree, witnesses []string, err error) {
	known := append([]note.Verifier(nil), p.logs...)
	for _, w := range p.witnesses {
		known = append(known, w)
	}
	n, err := note.Open(checkpoint, note.VerifierList(known...))
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		return "", tree, nil, errors.New("the checkpoint is not signed by a log that the policy trusts")
	case err != nil:
		return "", tree, nil, errors.New("the signature of the checkpoint is wrong, or the checkpoint is malformed: it was altered")
	}
	if !canonicalNote(checkpoint, n) {
		return "", tree, nil, errors.New("the checkpoint is not in canonical form: it was altered")
	}
	if origin, tree, err = parseCheckpoint(n.Text); err != nil {
		return "", tree, nil, err
	}
	if !slices.ContainsFunc(p.logs, func(v note.Verifier) bool { return v.Name() == origin && signed(n, v) }) {
		return "", tree, nil, errors.New("the checkpoint is not signed by the log that it names")
	}
	for name, w := range p.witnesses {
		if signed(n, w) {
			witnesses = append(witnesses, name)
		}
	}
	slices.Sort(witnesses)
	if p.quorum != "none" && !p.holds(p.quorum, witnesses) {
		return "", tree, witnesses, fmt.Errorf("the policy wants the cosignatures of %s; found %d of %d witnesses", p.quorum, len(witnesses), len(p.witnesses))
	}
	return origin, tree, witnesses, nil
}

// canonicalNote reports whether every signature line is exactly what its
// signature is written as: base64 with unused bits set, or a line that nobody
// knows, would be a byte that could change unnoticed.
func canonicalNote(msg []byte, n *note.Note) bool {
	var b bytes.Buffer
	b.WriteString(n.Text)
	b.WriteByte('\n')
	if len(n.UnverifiedSigs) > 0 {
		// Lines of signers that the policy does not know are allowed by the format:
		// they prove nothing and change nothing, but must be well-formed.
		for _, s := range n.UnverifiedSigs {
			if _, err := b64.DecodeString(s.Base64); err != nil {
				return false
			}
		}
	}
	rest, ok := bytes.CutPrefix(msg, b.Bytes())
	if !ok {
		return false
	}
	for _, s := range n.Sigs {
		if _, err := b64.DecodeString(s.Base64); err != nil {
			return false
		}
	}
	return bytes.Count(rest, []byte("\n")) == len(n.Sigs)+len(n.UnverifiedSigs)
}

func signed(n *note.Note, v note.Verifier) bool {
	return slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == v.Name() && s.Hash == v.KeyHash() })
}

func (p *Policy) holds(name string, found []string) bool {
	g, ok := p.groups[name]
	if !ok {
		return slices.Contains(found, name)
	}
	n := 0
	for _, m := range g.members {
		if p.holds(m, found) {
			n++
		}
	}
	return n >= g.need
}

// A cosignature verifies witnesses' timestamped signatures: C2SP tlog-cosignature,
// type 0x04 (Ed25519 over "cosignature/v1\ntime T\n" and the note).
type cosignature struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

const cosignatureV1 = 0x04

func newCosignature(vkey string) (*cosignature, error) {
	bad := errors.New("not the public key of a witness (Ed25519 cosignature)")
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, bad
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return nil, bad
	}
	key, err := b64.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignatureV1 {
		return nil, bad
	}
	return &cosignature{parts[0], uint32(hash), ed25519.PublicKey(key[1:])}, nil
}

func (c *cosignature) Name() string    { return c.name }
func (c *cosignature) KeyHash() uint32 { return c.hash }

func (c *cosignature) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	t := binary.BigEndian.Uint64(sig)
	return ed25519.Verify(c.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", t, msg), sig[8:])
}
