package synth

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"strings"
)

// A Sweep looks for canaries in bytes, whatever their format: a database file, a
// log, a page, an archive that is not compressed. It finds them in letters of any
// case, and in base64 if they are written there as in the records or all in capitals. It does
// not find them in hexadecimal, in UTF-16 or compressed.
type Sweep struct {
	filter  [1 << 16]uint64      // a bit for each head there is
	byHead  map[uint64][]pattern // by the first eight bytes, folded
	longest int                  // length of the longest pattern
}

// A pattern is a canary as it may be written.
type pattern struct {
	value  []byte // folded unless exact
	exact  bool   // the case of letters matters
	canary Canary
}

// NewSweep prepares a search for canaries, each of at least eight bytes; shorter ones
// are not looked for.
func NewSweep(canaries []Canary) *Sweep {
	s := &Sweep{byHead: map[uint64][]pattern{}}
	for _, c := range canaries {
		if len(c.Value) < headSize {
			continue
		}
		s.add(pattern{fold([]byte(c.Value)), false, c})
		for _, v := range []string{c.Value, strings.ToUpper(c.Value)} {
			for shift := range 3 {
				s.add(pattern{inBase64(v, shift), true, c})
			}
		}
	}
	return s
}

const headSize = 8

func (s *Sweep) add(p pattern) {
	head := binary.LittleEndian.Uint64(fold(p.value[:headSize]))
	s.byHead[head] = append(s.byHead[head], p)
	slot, bit := place(head)
	s.filter[slot] |= bit
	s.longest = max(s.longest, len(p.value))
}

// inBase64 returns the digits that depend on nothing but v when v begins at a byte
// that is shift more than a multiple of three. Eight bytes leave nine or ten.
func inBase64(v string, shift int) []byte {
	whole := base64.StdEncoding.AppendEncode(nil, append(make([]byte, shift), v...))
	return whole[(shift*8+5)/6 : (shift+len(v))*8/6]
}

// fold sets bit five of every byte: it makes letters small and leaves digits and
// hyphens as they are.
func fold(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[i] = c | 0x20
	}
	return out
}

func place(head uint64) (slot, bit uint64) {
	h := head * 0x9e3779b97f4a7c15 >> 42 // 22 bits
	return h >> 6, 1 << (h & 63)
}

// Find reads r to its end and returns the canaries in it, each once, in the order
// they appear.
func (s *Sweep) Find(r io.Reader) ([]Canary, error) {
	var found []Canary
	seen := map[Canary]bool{}
	buf := make([]byte, 0, 1<<20)
	for {
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		for _, c := range s.in(buf, fold(buf)) {
			if !seen[c] {
				seen[c] = true
				found = append(found, c)
			}
		}
		switch err {
		case nil:
			keep := min(len(buf), s.longest)
			buf = append(buf[:0], buf[len(buf)-keep:]...)
		case io.EOF, io.ErrUnexpectedEOF:
			return found, nil
		default:
			return found, err
		}
	}
}

func (s *Sweep) in(b, folded []byte) (found []Canary) {
	for i := 0; i+headSize <= len(b); i++ {
		head := binary.LittleEndian.Uint64(folded[i:])
		if slot, bit := place(head); s.filter[slot]&bit == 0 {
			continue
		}
		for _, p := range s.byHead[head] {
			text := folded
			if p.exact {
				text = b
			}
			if bytes.HasPrefix(text[i:], p.value) {
				found = append(found, p.canary)
			}
		}
	}
	return found
}
