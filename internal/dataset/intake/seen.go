package intake

import "hash/maphash"

// A seen set finds repeated keys in eight bytes a key: it keeps 64-bit hashes under
// a random seed. Among ten million different keys, two share a hash with a chance of
// about one in four hundred thousand; the file would be refused wrongly.
type seen struct {
	seed  maphash.Seed
	slots []uint64 // zero is free
	n     int
}

func newSeen() *seen { return &seen{seed: maphash.MakeSeed(), slots: make([]uint64, 1<<10)} }

// add reports whether key was there before.
func (s *seen) add(key []byte) bool {
	if s.n*4 >= len(s.slots)*3 {
		old := s.slots
		s.slots = make([]uint64, 2*len(old))
		for _, h := range old {
			if h != 0 {
				*s.slot(h) = h
			}
		}
	}
	h := maphash.Bytes(s.seed, key) | 1
	p := s.slot(h)
	if *p == h {
		return true
	}
	*p = h
	s.n++
	return false
}

func (s *seen) slot(h uint64) *uint64 {
	mask := uint64(len(s.slots) - 1)
	for i := h >> 1 & mask; ; i = (i + 1) & mask {
		if s.slots[i] == 0 || s.slots[i] == h {
			return &s.slots[i]
		}
	}
}
