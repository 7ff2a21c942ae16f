package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// normalise folds the spellings of a sign-in name into one: case, width and other
// compatibility forms, white space, and what is invisible. A name that cannot be
// shown is empty.
func normalise(login string) string {
	if len(login) > 4*maxLogin {
		return ""
	}
	strip := func(s string) string {
		return strings.Map(func(c rune) rune {
			if unicode.IsSpace(c) || unicode.In(c, unicode.Cf, unicode.Cc, unicode.Zs, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
				return -1
			}
			return c
		}, s)
	}
	s := strip(strings.ToValidUTF8(login, ""))
	// Full folding turns ß into ss, but leaves out letters whose small form is the newer
	// one (Cherokee): so each is brought to its capital and back first.
	fold := func(s string) string {
		return cases.Fold().String(strings.ToLower(strings.ToUpper(s)))
	}
	// Folding can bring out new compatibility forms, and composition new foldings: to
	// a fixed point, which is reached in two rounds for all but contrived input.
	for range 4 {
		next := strip(norm.NFKC.String(fold(norm.NFKC.String(s))))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// digest returns the keyed digest of a sign-in name: whoever reads the ledger can
// neither read the name nor try one out.
func digest(key []byte, login string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(normalise(login)))
	return hex.EncodeToString(h.Sum(nil))
}

// invitationDigest returns the digest of an invitation's code. The code has 100
// random bits, so that the digest needs no key.
func invitationDigest(code string) string {
	code = strings.Map(func(c rune) rune {
		if c == '-' || unicode.IsSpace(c) {
			return -1
		}
		return unicode.ToUpper(c)
	}, code)
	sum := sha256.Sum256([]byte("chaperone invitation v1\x00" + code))
	return hex.EncodeToString(sum[:])
}
