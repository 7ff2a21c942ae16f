// Package password keeps passwords: what is accepted as one, how it is hashed, and
// how a candidate is compared.
//
// The hash is Argon2id (RFC 9106) and, in FIPS 140-3 mode, where Argon2 is not
// approved, PBKDF2 with HMAC-SHA-256 (SP 800-132). The parameters stand in the
// hash, so that they can be raised; a hash with older ones is reported as stale and
// replaced at the next sign-in. A password is compared exactly: not trimmed, not
// folded, not cut (OWASP ASVS 6.2.8).
package password

import (
	"bytes"
	"crypto/fips140"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// The parameters, after the OWASP Password Storage Cheat Sheet.
const (
	argonMemory     = 19 << 10 // KiB
	argonTime       = 2
	argonThreads    = 1
	pbkdfIterations = 600_000

	saltSize = 16
	keySize  = 32
)

// The names of the schemes.
const (
	Argon2id = "argon2id"
	PBKDF2   = "pbkdf2-sha256"
)

// Scheme returns the scheme for new hashes.
func Scheme() string {
	if fips140.Enabled() {
		return PBKDF2
	}
	return Argon2id
}

// Hash hashes a password with a fresh salt under [Scheme]. The form is that of the
// PHC strings: $scheme$parameters$salt$key.
func Hash(password string) ([]byte, error) { return hash(Scheme(), password) }

func hash(scheme, password string) ([]byte, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	params := fmt.Sprintf("m=%d,t=%d,p=%d", argonMemory, argonTime, argonThreads)
	if scheme == PBKDF2 {
		params = fmt.Sprintf("i=%d", pbkdfIterations)
	}
	key, err := derive(scheme, params, password, salt)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "$%s$%s$%s$%s", scheme, params, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

var b64 = base64.RawStdEncoding

// derive computes the key; parameters beyond sane bounds are refused, since a hash
// that was tampered with must not exhaust the machine.
func derive(scheme, params, password string, salt []byte) ([]byte, error) {
	switch scheme {
	case Argon2id:
		var m, t uint32
		var p uint8
		if n, err := fmt.Sscanf(params, "m=%d,t=%d,p=%d", &m, &t, &p); err != nil || n != 3 || m < 8 || m > 1<<18 || t < 1 || t > 10 || p < 1 {
			return nil, errMalformed
		}
		return argon2.IDKey([]byte(password), salt, t, m, p, keySize), nil
	case PBKDF2:
		var i int
		if n, err := fmt.Sscanf(params, "i=%d", &i); err != nil || n != 1 || i < 1 || i > 100_000_000 {
			return nil, errMalformed
		}
		return pbkdf2.Key(sha256.New, password, salt, i, keySize)
	}
	return nil, errMalformed
}

var errMalformed = errors.New("password: the stored hash is malformed")

// Matches reports whether hash is of password, and whether it is stale: made with
// other parameters than new ones are.
func Matches(hash []byte, password string) (ok, stale bool, err error) {
	parts := bytes.Split(hash, []byte("$"))
	if len(parts) != 5 || len(parts[0]) != 0 {
		return false, false, errMalformed
	}
	scheme, params := string(parts[1]), string(parts[2])
	salt, err1 := b64.DecodeString(string(parts[3]))
	want, err2 := b64.DecodeString(string(parts[4]))
	if err1 != nil || err2 != nil || len(want) != keySize {
		return false, false, errMalformed
	}
	got, err := derive(scheme, params, password, salt)
	if err != nil {
		return false, false, err
	}
	current := fmt.Sprintf("m=%d,t=%d,p=%d", argonMemory, argonTime, argonThreads)
	if Scheme() == PBKDF2 {
		current = fmt.Sprintf("i=%d", pbkdfIterations)
	}
	return subtle.ConstantTimeCompare(got, want) == 1, scheme != Scheme() || params != current, nil
}

// A Decoy is compared with when there is no user, so that it takes as long.
type Decoy struct{ hash []byte }

// NewDecoy makes a decoy, of a password that nobody knows.
func NewDecoy() (Decoy, error) {
	h, err := Hash(rand.Text())
	return Decoy{h}, err
}

// Matches takes the time of a comparison, and never matches.
func (d Decoy) Matches(password string) error {
	_, _, err := Matches(d.hash, password)
	return err
}
