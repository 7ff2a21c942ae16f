package proof

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// A Policy says which logs are trusted and which witnesses must have cosigned
// (C2SP tlog-policy).
type Policy struct {
	logs      []note.Verifier
	witnesses map[string]Witness
	order     []string // names of witnesses, as the file lists them
	groups    map[string]group
	quorum    string
}

// A Witness cosigns the heads of logs that it saw grow.
type Witness struct {
	Name string // in the policy
	Key  note.Verifier
	URL  string // where it takes submissions; may be empty
}

type group struct {
	need    int
	members []string
}

// FormatPolicy returns the policy that trusts one log by its verifier keys, without
// witnesses.
func FormatPolicy(vkeys ...string) []byte {
	var b bytes.Buffer
	for _, k := range vkeys {
		fmt.Fprintf(&b, "log %s\n", k)
	}
	b.WriteString("quorum none\n")
	return b.Bytes()
}

// ParsePolicy reads a policy file. Errors name the line.
func ParsePolicy(data []byte) (*Policy, error) {
	p := &Policy{witnesses: map[string]Witness{}, groups: map[string]group{}}
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
		v, err := newLogKey(f[1])
		if err != nil {
			return err
		}
		p.logs = append(p.logs, v)
		return once(keys, keyPart(f[1]), "key")
	case f[0] == "witness" && (len(f) == 3 || len(f) == 4):
		v, err := NewCosigner(f[2])
		if err != nil {
			return err
		}
		if err := p.declare(f[1]); err != nil {
			return err
		}
		w := Witness{Name: f[1], Key: v}
		if len(f) == 4 {
			w.URL = f[3]
		}
		p.witnesses[f[1]], p.order = w, append(p.order, f[1])
		return once(keys, keyPart(f[2]), "key")
	case f[0] == "group" && len(f) >= 4:
		return p.group(f[1], f[2], f[3:], used)
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

func (p *Policy) group(name, need string, members []string, used map[string]bool) error {
	if err := p.declare(name); err != nil {
		return err
	}
	g := group{members: members}
	switch need {
	case "any":
		g.need = 1
	case "all":
		g.need = len(members)
	default:
		k, err := strconv.Atoi(need)
		if err != nil || k < 1 || k > len(members) || strconv.Itoa(k) != need {
			return fmt.Errorf("a group needs %q, %q or a number from 1 to its %d members", "any", "all", len(members))
		}
		g.need = k
	}
	for _, m := range members {
		if !p.known(m) {
			return fmt.Errorf("%q is not a witness or group of a line above", m)
		}
		if err := once(used, m, "member"); err != nil {
			return err
		}
	}
	p.groups[name] = g
	return nil
}

// keyPart identifies the public key of a verifier key, whatever its name.
func keyPart(vkey string) string {
	raw, err := b64.DecodeString(vkey[strings.LastIndex(vkey, "+")+1:])
	if err != nil || len(raw) == 0 {
		return vkey
	}
	return string(raw[1:])
}

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

// Uncosigned returns the policy that trusts the same logs and wants no cosignature, for
// who has better evidence than witnesses: the anchor of the ledger itself.
func (p *Policy) Uncosigned() *Policy {
	q := *p
	q.quorum = "none"
	return &q
}

// Witnesses returns the witnesses in the order of the file.
func (p *Policy) Witnesses() []Witness {
	var ws []Witness
	for _, name := range p.order {
		ws = append(ws, p.witnesses[name])
	}
	return ws
}

// Logs returns the names of the logs in the order of the file.
func (p *Policy) Logs() []string {
	var names []string
	for _, l := range p.logs {
		names = append(names, l.Name())
	}
	return names
}

// Trusts reports whether the policy trusts the log with this verifier key.
func (p *Policy) Trusts(vkey string) bool {
	v, err := newLogKey(vkey)
	return err == nil && slices.ContainsFunc(p.logs, func(l note.Verifier) bool {
		return l.Name() == v.Name() && l.KeyHash() == v.KeyHash()
	})
}

// Signed is a checkpoint whose signatures were checked.
type Signed struct {
	Checkpoint
	Witnesses []string  // in the policy, whose cosignatures were found, in alphabetical order
	Since     time.Time // the newest time of a cosignature; zero if there is none
}

// Open checks the signatures of a checkpoint and returns what it says. When only
// cosignatures are wanting, the error is a [Short] and what was found is returned.
func (p *Policy) Open(checkpoint []byte) (Signed, error) {
	var s Signed
	known := slices.Clone(p.logs)
	for _, w := range p.witnesses {
		known = append(known, w.Key)
	}
	n, err := note.Open(checkpoint, note.VerifierList(known...))
	var unverified *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unverified):
		return s, errors.New("the checkpoint is not signed by a log that the policy trusts")
	case err != nil:
		return s, errors.New("the signature of the checkpoint is wrong, or the checkpoint is malformed: it was altered")
	}
	if !canonical(checkpoint, n) {
		return s, errors.New("the checkpoint is not in canonical form: it was altered")
	}
	c, err := ParseCheckpoint(n.Text)
	if err != nil {
		return s, err
	}
	if !slices.ContainsFunc(p.logs, func(v note.Verifier) bool { return v.Name() == c.Origin && signature(n, v) != nil }) {
		return s, errors.New("the checkpoint is not signed by the log that it names")
	}
	s.Checkpoint = c
	for name, w := range p.witnesses {
		if sig := signature(n, w.Key); sig != nil {
			s.Witnesses = append(s.Witnesses, name)
			if at := timestamp(sig); at.After(s.Since) {
				s.Since = at
			}
		}
	}
	slices.Sort(s.Witnesses)
	if p.quorum != "none" && !p.holds(p.quorum, s.Witnesses) {
		return s, &Short{Quorum: p.quorum, Found: len(s.Witnesses), Known: len(p.witnesses)}
	}
	return s, nil
}

// A Short reports a checkpoint that the log signed, and too few witnesses cosigned.
type Short struct {
	Quorum       string
	Found, Known int
}

func (s *Short) Error() string {
	return fmt.Sprintf("the policy wants the cosignatures of %s; found %d of %d witnesses", s.Quorum, s.Found, s.Known)
}

// canonical reports whether every signature line is exactly what its signature is
// written as: base64 with unused bits set would be a byte that could change
// unnoticed. Lines of signers that the policy does not know are allowed by the
// format; they prove nothing and change nothing, but must be well-formed.
func canonical(msg []byte, n *note.Note) bool {
	rest, ok := bytes.CutPrefix(msg, []byte(n.Text+"\n"))
	if !ok {
		return false
	}
	for _, s := range append(slices.Clone(n.Sigs), n.UnverifiedSigs...) {
		if _, err := b64.DecodeString(s.Base64); err != nil {
			return false
		}
	}
	return bytes.Count(rest, []byte("\n")) == len(n.Sigs)+len(n.UnverifiedSigs)
}

// signature returns the bytes of the signature by v, or nil.
func signature(n *note.Note, v note.Verifier) []byte {
	for _, s := range n.Sigs {
		if s.Name == v.Name() && s.Hash == v.KeyHash() {
			if b, err := b64.DecodeString(s.Base64); err == nil && len(b) > 4 {
				return b[4:]
			}
		}
	}
	return nil
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
