// Package code gives people, encounters and every other thing with an identifier
// a new name.
//
// There are two kinds of code, and the law tells them apart:
//
//   - A [Book] hands out random codes and remembers them. Under 45 CFR 164.514(c) a
//     de-identified record may carry a code only if it "is not derived from or
//     related to information about the individual": this is that code. The book is
//     the mechanism of re-identification; whoever holds it keeps it in the vault.
//   - A [Keyed] coder computes codes with HMAC-SHA-256 under a key of one recipient.
//     Nothing need be remembered and every release to the recipient agrees, but the
//     code is derived from the identifier: it is for limited data sets and expert
//     determinations only, never for Safe Harbor.
//
// A code is 128 bits, written like a UUID so that it may stand wherever FHIR wants
// an id.
package code

import (
	"bufio"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"iter"
)

// Size is the number of characters of a written code.
const Size = 36

// A Code is a new name for something.
type Code [16]byte

// Append writes the code to b in the form of a UUID.
func (c Code) Append(b []byte) []byte {
	var out [Size]byte
	c.put(out[:])
	return append(b, out[:]...)
}

// Put writes the code over the first [Size] bytes of b.
func (c Code) Put(b []byte) { c.put(b[:Size]) }

func (c Code) put(b []byte) {
	hex.Encode(b[0:8], c[0:4])
	b[8] = '-'
	hex.Encode(b[9:13], c[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], c[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], c[8:10])
	b[23] = '-'
	hex.Encode(b[24:36], c[10:16])
}

// String returns the written code.
func (c Code) String() string { return string(c.Append(nil)) }

// uuid sets the version and variant bits of RFC 9562: 4 for random codes, 8 for
// keyed ones, so that a reader can tell which they hold.
func (c *Code) uuid(version byte) {
	c[6] = c[6]&0x0f | version<<4
	c[8] = c[8]&0x3f | 0x80
}

// A Coder names things. The same value in the same space always gets the same
// code. It is used by one goroutine at a time.
type Coder interface {
	// Code returns the code of a value. Space keeps equal values of different kinds
	// apart, "Patient" and "Encounter" for example. The value is only valid during
	// the call.
	Code(space string, value []byte) (Code, error)
	// Derived reports whether codes are computed from the values, which 45 CFR
	// 164.514(c) forbids for de-identified data.
	Derived() bool
}

// A Key is what a code stands for.
type Key struct{ Space, Value string }

// A Book is a Coder of random codes. It grows by about 150 bytes for every value it
// has met.
type Book struct {
	random *bufio.Reader
	spaces map[string]map[string]Code
}

// NewBook returns an empty book that draws its codes from random, which outside of
// tests is crypto/rand.Reader.
func NewBook(random io.Reader) *Book {
	return &Book{random: bufio.NewReaderSize(random, 1024), spaces: map[string]map[string]Code{}}
}

// Code returns the code of the value, drawing a new one if it is the first time.
func (b *Book) Code(space string, value []byte) (Code, error) {
	if c, ok := b.spaces[space][string(value)]; ok {
		return c, nil
	}
	var c Code
	if _, err := io.ReadFull(b.random, c[:]); err != nil {
		return Code{}, errors.New("code: the source of randomness failed; nothing may be released without it")
	}
	c.uuid(4)
	b.put(space, string(value), c)
	return c, nil
}

// Derived reports false: codes are random.
func (b *Book) Derived() bool { return false }

func (b *Book) put(space, value string, c Code) {
	m := b.spaces[space]
	if m == nil {
		m = map[string]Code{}
		b.spaces[space] = m
	}
	m[value] = c
}

// Put enters a code that was handed out before, as kept in the vault.
func (b *Book) Put(k Key, c Code) { b.put(k.Space, k.Value, c) }

// All yields every code of the book, in no order. Keys are identifiers: this is for
// the vault and for nothing else.
func (b *Book) All() iter.Seq2[Key, Code] {
	return func(yield func(Key, Code) bool) {
		for space, m := range b.spaces {
			for value, c := range m {
				if !yield(Key{space, value}, c) {
					return
				}
			}
		}
	}
}

// Len is the number of codes handed out.
func (b *Book) Len() int {
	n := 0
	for _, m := range b.spaces {
		n += len(m)
	}
	return n
}

// Keyed is a Coder whose codes are HMAC-SHA-256 of the value, cut to 128 bits.
type Keyed struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

// NewKeyed returns a coder for one recipient. Its key is derived from master with
// HKDF-SHA-256 (RFC 5869) and the recipient's name, so that two recipients cannot
// match their codes. Master has at least 32 bytes.
func NewKeyed(master []byte, recipient string) (*Keyed, error) {
	if len(master) < 32 {
		return nil, errors.New("code: a master key needs at least 32 bytes")
	}
	if recipient == "" {
		return nil, errors.New("code: name the recipient, so that its codes are its own")
	}
	key, err := hkdf.Key(sha256.New, master, nil, "chaperone pseudonym v1\x00"+recipient, 32)
	if err != nil {
		return nil, err
	}
	return &Keyed{mac: hmac.New(sha256.New, key)}, nil
}

// Code returns the code of the value.
func (k *Keyed) Code(space string, value []byte) (Code, error) {
	k.mac.Reset()
	var n [4]byte // length before content, so that space and value cannot run together
	n[0], n[1], n[2], n[3] = byte(len(space)>>24), byte(len(space)>>16), byte(len(space)>>8), byte(len(space))
	k.mac.Write(n[:])
	io.WriteString(k.mac, space)
	k.mac.Write(value)
	var c Code
	copy(c[:], k.mac.Sum(k.sum[:0]))
	c.uuid(8)
	return c, nil
}

// Derived reports true.
func (k *Keyed) Derived() bool { return true }
