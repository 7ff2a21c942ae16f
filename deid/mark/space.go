package mark

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"

	"chaperone.example/deid/code"
)

// A Space is the pseudonyms of one recipient: a [code.Coder] that turns the codes of
// another into codes that only this recipient has, and that carry a tag by which the
// owner's key recognizes them. A leaked row with its id names the recipient; two
// recipients cannot match their codes.
//
// A code of a space is a function of the code within and of the key, and of nothing
// else. Over random codes it stays what 45 CFR 164.514(c) allows: it is "not derived
// from or related to information about the individual".
type Space struct {
	inner code.Coder
	key   [32]byte
}

// NewSpace returns the space of a recipient over the codes of inner.
func NewSpace(key Key, recipient string, inner code.Coder) *Space {
	return &Space{inner: inner, key: key.derive("space", recipient)}
}

// Code returns the recipient's code of a value.
func (s *Space) Code(space string, value []byte) (code.Code, error) {
	c, err := s.inner.Code(space, value)
	if err != nil {
		return code.Code{}, err
	}
	return s.Recode(c), nil
}

// Derived reports whether the codes within are computed from identifiers.
func (s *Space) Derived() bool { return s.inner.Derived() }

// tagSize is how much of a code is its tag; a random code has the tag of a space with
// probability 2^-32.
const tagSize = 4

// Recode returns the recipient's code for a code: 90 pseudorandom bits and the tag. The
// version of the UUID stays, so that a reader can still tell random from keyed.
func (s *Space) Recode(c code.Code) code.Code {
	var out code.Code
	sum := Key(s.key).derive("code", string(c[:]))
	copy(out[:], sum[:])
	out[6] = out[6]&0x0f | c[6]&0xf0
	out[8] = out[8]&0x3f | 0x80
	tag := s.tag(out)
	copy(out[len(out)-tagSize:], tag[:])
	return out
}

func (s *Space) tag(c code.Code) [tagSize]byte {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write(c[:len(c)-tagSize])
	var sum [sha256.Size]byte
	return [tagSize]byte(mac.Sum(sum[:0]))
}

// Has reports whether a code is of the space.
func (s *Space) Has(c code.Code) bool {
	tag := s.tag(c)
	return hmac.Equal(tag[:], c[len(c)-tagSize:])
}

// Codes is some of the codes that stand in a leak.
type Codes map[code.Code]bool

// maxCodes is how many codes are looked at: those that come first in the order of
// their last bytes, which is as good as random.
const maxCodes = 1024

// ReadCodes returns codes that stand in a file of any text format: whatever is
// written like a UUID. It reads in bounded memory.
func ReadCodes(r io.Reader) (Codes, error) {
	codes := Codes{}
	limit := byte(0xff) // of the last byte but tagSize
	br := bufio.NewReaderSize(r, 64<<10)
	for {
		window, err := br.Peek(br.Size())
		if err != nil && err != io.EOF {
			return nil, err
		}
		for i := 0; i+code.Size <= len(window); {
			// A hyphen must stand at 8; from any other place skip to the next hyphen.
			if window[i+8] != '-' {
				next := bytes.IndexByte(window[i+9:], '-')
				if next < 0 {
					break
				}
				i += next + 1
				continue
			}
			c, ok := parse(window[i : i+code.Size])
			if !ok {
				i++
				continue
			}
			if c[len(c)-tagSize-1] <= limit {
				codes[c] = true
			}
			for len(codes) > 2*maxCodes && limit > 0 {
				limit /= 2
				for c := range codes {
					if c[len(c)-tagSize-1] > limit {
						delete(codes, c)
					}
				}
			}
			i += code.Size
		}
		if err == io.EOF {
			return codes, nil
		}
		if _, err := br.Discard(len(window) - code.Size + 1); err != nil {
			return nil, err
		}
	}
}

// parse reads a code as it is written.
func parse(b []byte) (code.Code, bool) {
	var c code.Code
	if b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return c, false
	}
	var digits [32]byte
	n := copy(digits[:], b[:8])
	n += copy(digits[n:], b[9:13])
	n += copy(digits[n:], b[14:18])
	n += copy(digits[n:], b[19:23])
	copy(digits[n:], b[24:])
	_, err := hex.Decode(c[:], digits[:])
	return c, err == nil
}

// odds returns, for a recipient, the decimal logarithm of the odds against so many of
// the codes carrying its tag by chance: by the union bound, matches of n codes have a
// probability of at most C(n, matches) 2^(-32 matches).
func (c Codes) odds(s *Space) float64 {
	n, matches := float64(len(c)), 0.0
	for found := range c {
		if s.Has(found) {
			matches++
		}
	}
	if matches == 0 {
		return 0
	}
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(matches + 1)
	d, _ := math.Lgamma(n - matches + 1)
	return max(0, matches*8*tagSize*math.Log10(2)-(a-b-d)/math.Ln10)
}
