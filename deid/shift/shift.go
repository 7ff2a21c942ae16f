// Package shift moves the dates of each patient by a number of days that only the holder
// of a key can compute, for expert determinations (45 CFR 164.514(b)(1)).
//
// All dates of a patient move by the same number of days, in every file and format, as
// long as the key and the patient's identifier are the same; so every interval stays: ages,
// lengths of stay, time to readmission. Two patients move differently, so that a
// known date of one says nothing about another.
//
// A shifted date is still a date: this is not Safe Harbor, which lets only the year stay
// (164.514(b)(2)(i)(C)). Whoever knows one true date of a patient knows them all; the
// seasons blur by as much as the span allows and no more. That is for the expert to
// weigh.
package shift

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Spans between which an offset is drawn, in days to either side.
const (
	MinSpan     = 7
	DefaultSpan = 182
	MaxSpan     = 3650
)

// A Calendar knows the offset of every patient. It may be used by several goroutines at
// once.
type Calendar struct {
	key  []byte
	span int
}

// New returns the calendar of a data owner's key of at least 32 bytes, for the data
// that goes to one recipient: another recipient has other offsets. Offsets lie between
// -span and span and are never 0.
func New(master []byte, recipient string, span int) (*Calendar, error) {
	switch {
	case len(master) < 32:
		return nil, errors.New("shift: the key needs at least 32 bytes")
	case recipient == "":
		return nil, errors.New("shift: name the recipient, so that its offsets are its own")
	case span < MinSpan || span > MaxSpan:
		return nil, errors.New("shift: dates move by at most 7 to 3,650 days to either side")
	}
	key, err := hkdf.Key(sha256.New, master, nil, "chaperone date shift v1\x00"+recipient, 32)
	if err != nil {
		return nil, err
	}
	return &Calendar{key, span}, nil
}

// Days returns by how many days the dates of a patient move: the same for the same
// identifier, byte for byte.
func (c *Calendar) Days(patient []byte) int {
	mac := hmac.New(sha256.New, c.key)
	mac.Write(patient)
	var sum [sha256.Size]byte
	n := int(binary.BigEndian.Uint64(mac.Sum(sum[:0])) % uint64(2*c.span)) // of numbers so large the remainder is as good as uniform
	if n -= c.span; n >= 0 {
		n++
	}
	return n
}
