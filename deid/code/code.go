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
	"encoding/binary"
	"errors"
	"hash"
	"hash/maphash"
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
	c.Put(out[:])
	return append(b, out[:]...)
}

// Put writes the code over the first [Size] bytes of b.
func (c Code) Put(b []byte) {
	b = b[:Size]
	spread(b[0:], c[0:4])
	b[8] = '-'
	low := spread(b[9:], c[4:8])
	b[13] = '-'
	binary.LittleEndian.PutUint32(b[14:], uint32(low>>32))
	b[18] = '-'
	low = spread(b[19:], c[8:12])
	b[23] = '-'
	binary.LittleEndian.PutUint32(b[24:], uint32(low>>32))
	spread(b[28:], c[12:16])
}

// spread writes four bytes as eight hexadecimal digits, all at once in one word, and
// returns the word.
func spread(b, c []byte) uint64 {
	x := uint64(binary.LittleEndian.Uint32(c)) // the first byte lowest
	x = (x | x<<16) & 0x0000FFFF0000FFFF
	x = (x | x<<8) & 0x00FF00FF00FF00FF
	x = (x>>4 | x<<8) & 0x0F0F0F0F0F0F0F0F // the high digit first
	letters := ((x + 0x0606060606060606) >> 4) & 0x0101010101010101
	x += 0x3030303030303030 + letters*('a'-'0'-10)
	binary.LittleEndian.PutUint64(b, x)
	return x
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

// A Book is a Coder of random codes. It grows by about 120 bytes for every value it
// has met.
//
// It is a hash table of its own, so that a value is looked up by its bytes, in one
// step for space and value together.
type Book struct {
	random  *bufio.Reader
	seed    maphash.Seed
	slots   []uint32 // a power of two of them: where in entries, plus one; 0 is free
	entries []entry
}

type entry struct {
	space, value string
	hash         uint32
	code         Code
}

// NewBook returns an empty book that draws its codes from random, which outside of
// tests is crypto/rand.Reader.
func NewBook(random io.Reader) *Book {
	return &Book{random: bufio.NewReaderSize(random, 1024), seed: maphash.MakeSeed(), slots: make([]uint32, 64)}
}

// Code returns the code of the value, drawing a new one if it is the first time.
func (b *Book) Code(space string, value []byte) (Code, error) {
	h := b.hash(space, value)
	slot := b.find(h, space, value)
	if at := b.slots[slot]; at != 0 {
		return b.entries[at-1].code, nil
	}
	var c Code
	if _, err := io.ReadFull(b.random, c[:]); err != nil {
		return Code{}, errors.New("code: the source of randomness failed; nothing may be released without it")
	}
	c.uuid(4)
	b.add(slot, entry{space, string(value), h, c})
	return c, nil
}

// Derived reports false: codes are random.
func (b *Book) Derived() bool { return false }

// hash mixes a value with its space. The seed is drawn anew for every book, so that
// nobody can prepare values that all fall into one slot.
func (b *Book) hash(space string, value []byte) uint32 {
	h := maphash.Bytes(b.seed, value) + uint64(len(space))*0x9E3779B97F4A7C15
	return uint32(h ^ h>>32)
}

// find returns the slot of a value, or the free one where it belongs.
func (b *Book) find(h uint32, space string, value []byte) uint32 {
	mask := uint32(len(b.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		at := b.slots[i]
		if at == 0 {
			return i
		}
		if e := &b.entries[at-1]; e.hash == h && e.value == string(value) && e.space == space {
			return i
		}
	}
}

// add enters what is not there yet into its free slot.
func (b *Book) add(slot uint32, e entry) {
	b.entries = append(b.entries, e)
	b.slots[slot] = uint32(len(b.entries))
	if 2*len(b.entries) <= len(b.slots) {
		return
	}
	b.slots = make([]uint32, 2*len(b.slots))
	mask := uint32(len(b.slots) - 1)
	for at, e := range b.entries {
		i := e.hash & mask
		for b.slots[i] != 0 {
			i = (i + 1) & mask
		}
		b.slots[i] = uint32(at + 1)
	}
}

// Put enters a code that was handed out before, as kept in the vault.
func (b *Book) Put(k Key, c Code) {
	value := []byte(k.Value)
	h := b.hash(k.Space, value)
	slot := b.find(h, k.Space, value)
	if at := b.slots[slot]; at != 0 {
		b.entries[at-1].code = c
		return
	}
	b.add(slot, entry{k.Space, k.Value, h, c})
}

// All yields every code of the book, in the order in which they were entered. Keys are
// identifiers: this is for the vault and for nothing else.
func (b *Book) All() iter.Seq2[Key, Code] {
	return func(yield func(Key, Code) bool) {
		for _, e := range b.entries {
			if !yield(Key{e.space, e.value}, e.code) {
				return
			}
		}
	}
}

// Len is the number of codes handed out.
func (b *Book) Len() int { return len(b.entries) }

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
