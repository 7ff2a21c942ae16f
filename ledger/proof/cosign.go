package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"filippo.io/mldsa"
	"golang.org/x/mod/sumdb/note"
)

// The types of signature, as the first byte of a public key says them.
const (
	typeEd25519 = 0x01 // a log's own (C2SP signed-note)
	typeCosign  = 0x04 // Ed25519 with a time (C2SP tlog-cosignature)
	typeMLDSA44 = 0x06 // ML-DSA-44 with a time, which a quantum computer does not forge (likewise)
)

// newLogKey reads the verifier key of a log: Ed25519, or ML-DSA-44 as the second
// signature of a log is.
func newLogKey(vkey string) (note.Verifier, error) {
	if v, err := note.NewVerifier(vkey); err == nil {
		return v, nil
	}
	if v, err := NewCosigner(vkey); err == nil && v.typ == typeMLDSA44 {
		return v, nil
	}
	return nil, errors.New("not the public key of a log (Ed25519 or ML-DSA-44)")
}

// A Cosigner verifies timestamped signatures (C2SP tlog-cosignature): those of
// witnesses, and the ML-DSA-44 signature of a log.
type Cosigner struct {
	name string
	id   uint32
	typ  byte
	ed   ed25519.PublicKey
	ml   *mldsa.PublicKey
}

// NewCosigner reads a verifier key: NAME+ID+KEY, of type 0x04 or 0x06.
func NewCosigner(vkey string) (*Cosigner, error) {
	bad := errors.New("not the public key of a witness (an Ed25519 or ML-DSA-44 cosignature)")
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 || parts[0] == "" || len(parts[0]) > 255 {
		return nil, bad
	}
	id, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil || len(parts[1]) != 8 {
		return nil, bad
	}
	raw, err := b64.DecodeString(parts[2])
	if err != nil || len(raw) < 1 {
		return nil, bad
	}
	c := &Cosigner{name: parts[0], id: uint32(id), typ: raw[0]}
	key := raw[1:]
	switch {
	case c.typ == typeCosign && len(key) == ed25519.PublicKeySize:
		c.ed = key
	case c.typ == typeMLDSA44 && len(key) == mldsa.MLDSA44PublicKeySize:
		if c.ml, err = mldsa.NewPublicKey(mldsa.MLDSA44(), key); err != nil {
			return nil, bad
		}
	default:
		return nil, bad
	}
	if keyID(c.name, raw) != c.id {
		return nil, errors.New("the id of the public key does not belong to it: a letter was mistyped")
	}
	return c, nil
}

// keyID is how a signature line says which key it is by.
func keyID(name string, typed []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), typed...))
	return binary.BigEndian.Uint32(sum[:])
}

// Name implements [note.Verifier].
func (c *Cosigner) Name() string { return c.name }

// KeyHash implements [note.Verifier].
func (c *Cosigner) KeyHash() uint32 { return c.id }

// Verify implements [note.Verifier].
func (c *Cosigner) Verify(msg, sig []byte) bool {
	if len(sig) < 8 {
		return false
	}
	t, sig := binary.BigEndian.Uint64(sig), sig[8:]
	if t > 1<<63-1 {
		return false
	}
	if c.typ == typeCosign {
		return len(sig) == ed25519.SignatureSize && ed25519.Verify(c.ed, timed(t, msg), sig)
	}
	m, err := treeMessage(c.name, t, msg)
	return err == nil && len(sig) == mldsa.MLDSA44SignatureSize && mldsa.Verify(c.ml, m, sig, nil) == nil
}

// timed is the message of an Ed25519 cosignature.
func timed(t uint64, msg []byte) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", t, msg)
}

// treeMessage is the message of an ML-DSA-44 cosignature of a whole tree: the
// structure cosigned_message, with a start of zero.
func treeMessage(name string, t uint64, msg []byte) ([]byte, error) {
	c, err := ParseCheckpoint(string(msg))
	if err != nil {
		return nil, err
	}
	if len(name) > 255 || len(c.Origin) > 255 {
		return nil, errors.New("a name of more than 255 bytes")
	}
	b := append([]byte("subtree/v1\n\x00"), byte(len(name)))
	b = append(b, name...)
	b = binary.BigEndian.AppendUint64(b, t)
	b = append(append(b, byte(len(c.Origin))), c.Origin...)
	b = binary.BigEndian.AppendUint64(b, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Tree.N))
	return append(b, c.Tree.Hash[:]...), nil
}

// timestamp returns the time of a cosignature that was verified, or zero for a
// signature that has none.
func timestamp(sig []byte) time.Time {
	if len(sig) != 8+ed25519.SignatureSize && len(sig) != 8+mldsa.MLDSA44SignatureSize {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(sig)), 0).UTC()
}

// A CosignKey makes timestamped signatures.
type CosignKey struct {
	*Cosigner
	vkey string
	now  func() time.Time
	sign func(msg []byte) ([]byte, error)
}

// NewMLDSA44 makes the ML-DSA-44 key that follows from a seed of 32 bytes.
func NewMLDSA44(name string, seed []byte, now func() time.Time) (*CosignKey, error) {
	key, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed)
	if err != nil {
		return nil, err
	}
	return newCosignKey(name, append([]byte{typeMLDSA44}, key.PublicKey().Bytes()...), now, func(msg []byte) ([]byte, error) {
		return key.SignDeterministic(msg, nil)
	})
}

// NewCosignEd25519 makes the Ed25519 key of a witness from a seed of 32 bytes.
func NewCosignEd25519(name string, seed []byte, now func() time.Time) (*CosignKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("a seed of %d bytes", len(seed))
	}
	key := ed25519.NewKeyFromSeed(seed)
	return newCosignKey(name, append([]byte{typeCosign}, key.Public().(ed25519.PublicKey)...), now, func(msg []byte) ([]byte, error) {
		return ed25519.Sign(key, msg), nil
	})
}

func newCosignKey(name string, typed []byte, now func() time.Time, sign func([]byte) ([]byte, error)) (*CosignKey, error) {
	vkey := fmt.Sprintf("%s+%08x+%s", name, keyID(name, typed), b64.EncodeToString(typed))
	c, err := NewCosigner(vkey)
	if err != nil {
		return nil, err
	}
	return &CosignKey{c, vkey, now, sign}, nil
}

// VerifierKey returns the public key as policies write it.
func (k *CosignKey) VerifierKey() string { return k.vkey }

// Sign implements [note.Signer].
func (k *CosignKey) Sign(msg []byte) ([]byte, error) {
	t := uint64(k.now().Unix())
	m := timed(t, msg)
	if k.typ == typeMLDSA44 {
		var err error
		if m, err = treeMessage(k.name, t, msg); err != nil {
			return nil, err
		}
	}
	sig, err := k.sign(m)
	return append(binary.BigEndian.AppendUint64(nil, t), sig...), err
}
