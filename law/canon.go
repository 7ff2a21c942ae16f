package law

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"chaperone.example/law/scene"
)

// Digest is the hash of the request that decisions carry, over its JSON.
func Digest(r *Request) string {
	var room [1024]byte
	return hash(r.AppendJSON(room[:0]))
}

// DigestFacts is the hash of the facts that decisions carry, over their JSON.
func DigestFacts(f *Facts) string { return digest(f) }

// Weighed is the hash of what the rules say of every class: which conditions hold,
// which bar or basis decides, what becomes of each element and by which rule, which
// duties come with it and for which days. Together with the request, the facts and
// the rule book it determines every word of the decision, at a hundredth of the cost
// of writing them; package replay compares it.
func (c *Case) Weighed() string {
	sum := sha256.New()
	var room [512]byte
	var v Verdict
	for i := range c.scenes {
		c.Weigh(i, &v)
		sum.Write(v.append(room[:0]))
	}
	return hex.EncodeToString(sum.Sum(room[:0]))
}

// append appends the verdict in bytes of fixed size.
func (v *Verdict) append(b []byte) []byte {
	le := binary.LittleEndian
	flags := byte(0)
	for i, on := range [...]bool{v.lowered, v.narrowed[0], v.narrowed[1]} {
		if on {
			flags |= 1 << i
		}
	}
	b = append(b, v.outcome, byte(v.form), flags)
	for _, w := range v.marks {
		b = le.AppendUint64(b, w)
	}
	for _, p := range [...]int16{v.bar, v.basis, v.sud} {
		b = le.AppendUint16(b, uint16(p))
	}
	for _, s := range [...]scene.Set{v.keep, v.change, {uint64(v.duties), uint64(v.unmet)}} {
		b = le.AppendUint64(le.AppendUint64(b, s[0]), s[1])
	}
	b = le.AppendUint32(le.AppendUint32(b, uint32(v.window.From)), uint32(v.window.Until))
	return append(b, v.by[:]...)
}
