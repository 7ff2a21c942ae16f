package deid

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// What may be sealed.
const (
	SealedProfile  = "deid profile v1"
	SealedManifest = "deid manifest v1"
)

// A Seal is a signed document: a profile, so that every member uses the one that the
// consortium agreed, or a manifest, so that a recipient can tell that it is the
// discloser's.
type Seal struct {
	Kind      string          `json:"kind"`      // SealedProfile or SealedManifest
	Body      json.RawMessage `json:"body"`      // canonical JSON
	Key       string          `json:"key"`       // which key: the first 16 hex digits of the SHA-256 of the public key
	Signature []byte          `json:"signature"` // Ed25519 (RFC 8032) over kind, a zero byte, and body
}

// KeyID is the short name of a public key in a [Seal].
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// SignProfile seals a profile. A profile with flaws is not signed.
func SignProfile(p Profile, key ed25519.PrivateKey) (Seal, error) {
	if err := p.check(); err != nil {
		return Seal{}, err
	}
	return seal(SealedProfile, p.JSON(), key)
}

// SignManifest seals a manifest.
func SignManifest(m Manifest, key ed25519.PrivateKey) (Seal, error) {
	b, err := m.JSON()
	if err != nil {
		return Seal{}, err
	}
	return seal(SealedManifest, b, key)
}

func seal(kind string, body []byte, key ed25519.PrivateKey) (Seal, error) {
	if len(key) != ed25519.PrivateKeySize {
		return Seal{}, errors.New("deid: sealing needs an Ed25519 private key")
	}
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return Seal{}, errors.New("deid: sealing needs an Ed25519 private key")
	}
	return Seal{Kind: kind, Body: body, Key: KeyID(public), Signature: ed25519.Sign(key, signed(kind, body))}, nil
}

func signed(kind string, body []byte) []byte {
	return append(append([]byte(kind), 0), body...)
}

// OpenProfile reads a sealed profile. The key must be one of those the caller trusts,
// not one that the seal brings along.
func OpenProfile(b []byte, trusted ...ed25519.PublicKey) (Profile, error) {
	body, err := open(SealedProfile, b, trusted)
	if err != nil {
		return Profile{}, err
	}
	p, err := ParseProfile(body)
	if err != nil {
		return Profile{}, err
	}
	return p, p.check()
}

// OpenManifest reads a sealed manifest, as [OpenProfile] does.
func OpenManifest(b []byte, trusted ...ed25519.PublicKey) (Manifest, error) {
	body, err := open(SealedManifest, b, trusted)
	if err != nil {
		return Manifest{}, err
	}
	var m Manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return Manifest{}, errors.New("deid: the seal holds no manifest")
	}
	return m, nil
}

func open(kind string, b []byte, trusted []ed25519.PublicKey) ([]byte, error) {
	var s Seal
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, errors.New("deid: this is not a sealed document")
	}
	if s.Kind != kind {
		return nil, fmt.Errorf("deid: the seal is for something else than a %s", kind)
	}
	for _, key := range trusted {
		if len(key) == ed25519.PublicKeySize && KeyID(key) == s.Key {
			if !ed25519.Verify(key, signed(s.Kind, s.Body), s.Signature) {
				return nil, errors.New("deid: the signature does not fit: the document was changed after it was signed")
			}
			return s.Body, nil
		}
	}
	return nil, errors.New("deid: the document is signed with a key that is not trusted here; ask who signed it")
}
