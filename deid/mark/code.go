package mark

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// A Key is the secret of one data owner, from which all its marks follow: whoever has
// it can accuse, and can forge a leak. It stays in the owner's vault.
type Key [32]byte

// NewKey draws a key; random is crypto/rand.Reader outside of tests.
func NewKey(random io.Reader) (Key, error) {
	var k Key
	if _, err := io.ReadFull(random, k[:]); err != nil {
		return Key{}, errors.New("mark: the source of randomness failed; there is no key")
	}
	return k, nil
}

// derive returns the pseudorandom value of labelled parts under the key: HMAC-SHA-256
// over each part behind its length, so that parts cannot run together.
func (k Key) derive(parts ...string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, k[:])
	var n [4]byte
	for _, p := range parts {
		binary.BigEndian.PutUint32(n[:], uint32(len(p)))
		mac.Write(n[:])
		io.WriteString(mac, p)
	}
	var out [sha256.Size]byte
	mac.Sum(out[:0])
	return out
}

// stream returns n pseudorandom 16-bit numbers: HMAC-SHA-256 of a counter under a
// derived key.
func (k Key) stream(n int, parts ...string) []uint16 {
	seed := k.derive(parts...)
	mac := hmac.New(sha256.New, seed[:])
	out := make([]uint16, 0, n+sha256.Size/2)
	var block [sha256.Size]byte
	var counter [4]byte
	for i := uint32(0); len(out) < n; i++ {
		binary.BigEndian.PutUint32(counter[:], i)
		mac.Reset()
		mac.Write(counter[:])
		mac.Sum(block[:0])
		for j := 0; j < len(block); j += 2 {
			out = append(out, binary.BigEndian.Uint16(block[j:]))
		}
	}
	return out[:n]
}

// Sizes of a code. 1,024 bits name two leakers of 1,000 with certainty and three in 97
// of 100 cases, after half of the rows were deleted and a tenth of the bits flipped.
const (
	DefaultBits = 1024
	MinBits     = 64
	MaxBits     = 1 << 14
)

// cutoff keeps the biases away from 0 and 1: a bit that nearly everybody shares tells
// little. Tardos takes 1/(300 c) against c colluders, for a proof with his own score; the
// decoder here has a proof that needs no cutoff, and for the few colluders that can be
// told at these lengths a greater one finds more of them.
const cutoff = 0.03

// A Code is the symmetric Tardos code of one set of data: to each bit a bias, and to
// each recipient a codeword whose bits are drawn by the biases. Nothing is stored;
// everything follows from the key.
type Code struct {
	key  Key
	data string
	bias []uint16 // by bit: of 65,536 draws, so many are 1
}

// NewCode returns the code of the data that is given to several recipients. Its
// name keeps the codes of different data apart: leaks of one tell nothing about
// the other.
func NewCode(key Key, data string, bits int) (*Code, error) {
	if bits < MinBits || bits > MaxBits {
		return nil, fmt.Errorf("mark: a code has %d to %d bits, not %d", MinBits, MaxBits, bits)
	}
	if data == "" {
		return nil, errors.New("mark: name the data, so that its code is its own")
	}
	c := &Code{key: key, data: data}
	// The arcsine density of Tardos 2003: bias sin²φ, φ uniform between the cutoffs.
	low := math.Asin(math.Sqrt(cutoff))
	for _, u := range key.stream(bits, "bias", data) {
		s := math.Sin(low + (math.Pi/2-2*low)*(float64(u)+0.5)/65536)
		c.bias = append(c.bias, uint16(math.Round(s*s*65536)))
	}
	return c, nil
}

// Bits is the length of the code.
func (c *Code) Bits() int { return len(c.bias) }

// Word returns the codeword of a recipient, eight bits to a byte, the lowest first.
func (c *Code) Word(recipient string) []byte {
	word := make([]byte, (len(c.bias)+7)/8)
	for i, u := range c.key.stream(len(c.bias), "word", c.data, recipient) {
		if u < c.bias[i] {
			word[i/8] |= 1 << (i % 8)
		}
	}
	return word
}

// bit is the i-th bit of a word, 0 or 1.
func bit(word []byte, i int) int { return int(word[i/8] >> (i % 8) & 1) }
