package r4

import (
	"bytes"
	"encoding/binary"
)

// What a byte may be part of.
const (
	ofID    = 1 << iota // an id of R4, generously
	ofHex               // a hexadecimal digit
	capital             // one that is a capital letter
	hyphen
)

// bytesOf says what each byte may be part of.
var bytesOf = func() (t [256]byte) {
	for c := range t {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
			t[c] = ofID | ofHex
		case c >= 'A' && c <= 'F':
			t[c] = ofID | ofHex | capital
		case c >= 'g' && c <= 'z', c >= 'G' && c <= 'Z', c == '.', c == '_':
			t[c] = ofID
		case c == '-':
			t[c] = ofID | hyphen
		}
	}
	return t
}()

// SmallUUID reports whether b is a UUID in small letters, as most ids are.
func SmallUUID(b []byte) bool {
	if len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return false
	}
	pair := func(b, c []byte) uint64 {
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(c))<<32
	}
	const highs = 0x8080808080808080
	return hexes(binary.LittleEndian.Uint64(b))&hexes(pair(b[9:], b[14:]))&hexes(pair(b[19:], b[24:]))&hexes(binary.LittleEndian.Uint64(b[28:]))&highs == highs
}

// hexes marks with its high bit each of eight bytes that is a digit or one of a to f.
func hexes(w uint64) uint64 {
	const ones = 0x0101010101010101
	low := w & (ones * 0x7F)
	digit := (low + ones*(0x80-'0')) &^ (low + ones*(0x80-'9'-1))
	letter := (low + ones*(0x80-'a')) &^ (low + ones*(0x80-'f'-1))
	return (digit | letter) &^ w
}

// LowerUUID reports whether b is a UUID, and writes its letters small if it is.
func LowerUUID(b []byte) bool {
	if len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return false
	}
	all, some := byte(ofHex|hyphen), byte(0)
	hyphens := byte(0)
	for _, c := range b {
		t := bytesOf[c]
		all &= t | t>>2&ofHex // a hyphen counts as a digit here, and is counted
		some |= t
		hyphens += t / hyphen
	}
	if all&ofHex == 0 || hyphens != 4 {
		return false
	}
	if some&capital != 0 {
		for i, c := range b {
			if c >= 'A' && c <= 'F' {
				b[i] = c + 'a' - 'A'
			}
		}
	}
	return true
}

// ValidID checks the form of an id of R4, generously: underscores and length are
// often wrong in the field.
func ValidID(b []byte) bool {
	all := byte(ofID)
	for _, c := range b {
		all &= bytesOf[c]
	}
	return all != 0 && len(b) >= 1 && len(b) <= 256
}

// Target takes the address of a resource apart: "…/Type/id" or
// "…/Type/id/_history/version".
func (d *Definitions) Target(b []byte) (typ string, id []byte, ok bool) {
	if i := bytes.Index(b, []byte("/_history/")); i >= 0 {
		b = b[:i]
	}
	i := bytes.LastIndexByte(b, '/')
	if i < 0 || !ValidID(b[i+1:]) {
		return "", nil, false
	}
	id, b = b[i+1:], b[:i]
	if i := bytes.LastIndexByte(b, '/'); i >= 0 {
		b = b[i+1:]
	}
	t, known := d.Resource(b)
	if !known {
		return "", nil, false
	}
	return d.Types[t].Name, id, true
}
