package identity

import (
	"bytes"
	"context"
	"crypto/fips140"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"golang.org/x/text/unicode/norm"
)

// period is how long a code is shown, RFC 6238.
const period = 30

// An authenticator is a shared secret from which an app computes six digits every 30
// seconds (RFC 6238). It is kept in the vault.
type authenticator struct {
	Secret    string `json:"secret"` // base32
	Algorithm string `json:"algorithm"`
}

// newAuthenticator makes a secret of 160 bits, as RFC 4226 recommends. The algorithm
// is SHA-1, which every app knows and which HMAC does not weaken, except where FIPS
// mode is enforced and forbids it.
func newAuthenticator() authenticator {
	secret := make([]byte, 20)
	rand.Read(secret)
	return authenticator{base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret), algorithm()}
}

func algorithm() string {
	if fips140.Enforced() {
		return otp.AlgorithmSHA256.String()
	}
	return otp.AlgorithmSHA1.String()
}

// usable reports whether the algorithm may be used: a secret that was enrolled before
// FIPS mode was enforced may not, and its owner needs a new invitation.
func (a authenticator) usable() bool {
	return a.Algorithm == otp.AlgorithmSHA256.String() || !fips140.Enforced()
}

// code returns the code of a step.
func (a authenticator) code(step int64) (string, error) {
	if !a.usable() {
		return "", errors.New("identity: in FIPS mode an authenticator of SHA-1 must be enrolled anew")
	}
	opts := hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	if a.Algorithm == otp.AlgorithmSHA256.String() {
		opts.Algorithm = otp.AlgorithmSHA256
	}
	return hotp.GenerateCodeCustom(a.Secret, uint64(step), opts)
}

// check returns the step that a code is of: the present one, the one before or the
// one after, since clocks differ. Every one of them is compared.
func (a authenticator) check(code string, now time.Time) (step int64, ok bool, err error) {
	if code = digits(code); !a.usable() {
		return 0, false, nil // like a wrong code: nothing is told
	}
	for s := now.Unix()/period - 1; s <= now.Unix()/period+1; s++ {
		want, err := a.code(s)
		if err != nil {
			return 0, false, fmt.Errorf("identity: the secret of an authenticator is unusable")
		}
		if subtle.ConstantTimeCompare([]byte(code), []byte(want)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok, nil
}

// digits takes out of a code what people and apps put between the digits.
func digits(code string) string {
	if len(code) > 64 {
		return ""
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || c == '-' {
			return -1
		}
		return c
	}, norm.NFKC.String(code))
}

// uri returns what an app reads from the picture.
func (a authenticator) uri(login string) string {
	q := url.Values{"secret": {a.Secret}, "issuer": {"Chaperone"}, "algorithm": {a.Algorithm}, "digits": {"6"}, "period": {fmt.Sprint(period)}}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/Chaperone:" + login, RawQuery: q.Encode()}
	return u.String()
}

// An Enrolment is what a person needs to set up an authenticator.
type Enrolment struct {
	Login   string
	Secret  string // in groups of four, to type
	URI     string // for a link on the same phone
	Picture string // QR code, as a data URL
}

func (a authenticator) enrolment(login string) (Enrolment, error) {
	e := Enrolment{Login: login, URI: a.uri(login), Secret: grouped(a.Secret, 4, " ")}
	key, err := otp.NewKeyFromURL(e.URI)
	if err != nil {
		return e, fmt.Errorf("identity: the address of an authenticator is malformed")
	}
	img, err := key.Image(232, 232)
	if err != nil {
		return e, fmt.Errorf("identity: the picture of an authenticator: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return e, err
	}
	e.Picture = "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
	return e, nil
}

func grouped(s string, n int, sep string) string {
	var parts []string
	for ; len(s) > n; s = s[n:] {
		parts = append(parts, s[:n])
	}
	return strings.Join(append(parts, s), sep)
}

func putAuthenticator(ctx context.Context, v Keeper, user, name string, a authenticator) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return v.Put(ctx, subject(user), name, b)
}

func getAuthenticator(ctx context.Context, v Keeper, user, name string) (a authenticator, err error) {
	b, err := v.Get(ctx, subject(user), name)
	if err != nil {
		return a, err
	}
	if json.Unmarshal(b, &a) != nil {
		return a, fmt.Errorf("identity: the secret of an authenticator is malformed")
	}
	return a, nil
}
