package synth

import (
	"bytes"
	"encoding/binary"
	"io"
)

// A Sweep looks for canaries in bytes, whatever their format: a database file, a
// log, an archive that is not compressed. Case does not matter.
type Sweep struct {
	filter  [1 << 16]uint64     // a bit for each head there is
	byHead  map[uint64][]folded // by the first eight bytes
	longest int                 // length of the longest canary
}

type folded struct {
	value  []byte
	canary Canary
}

// NewSweep prepares a search for canaries, each of at least eight bytes; shorter ones
// are not looked for.
func NewSweep(canaries []Canary) *Sweep {
	s := &Sweep{byHead: map[uint64][]folded{}}
	for _, c := range canaries {
		v := fold([]byte(c.Value))
		if len(v) < 8 {
			continue
		}
		head := binary.LittleEndian.Uint64(v)
		s.byHead[head] = append(s.byHead[head], folded{v, c})
		slot, bit := s.place(head)
		s.filter[slot] |= bit
		s.longest = max(s.longest, len(v))
	}
	return s
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

func (s *Sweep) place(head uint64) (slot, bit uint64) {
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
		for _, c := range s.in(fold(buf)) {
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

func (s *Sweep) in(b []byte) (found []Canary) {
	for i := 0; i+8 <= len(b); i++ {
		head := binary.LittleEndian.Uint64(b[i:])
		if slot, bit := s.place(head); s.filter[slot]&bit == 0 {
			continue
		}
		for _, f := range s.byHead[head] {
			if bytes.HasPrefix(b[i:], f.value) {
				found = append(found, f.canary)
			}
		}
	}
	return found
}
