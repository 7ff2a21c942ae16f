package law

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"chaperone.example/law/civil"
	"chaperone.example/law/scene"
)

// Digest is the hash of the request that decisions carry, over its JSON.
func Digest(r *Request) string {
	var room [1024]byte
	return hash(appendRequest(room[:0], r))
}

// DigestFacts is the hash of the facts that decisions carry, over their JSON.
func DigestFacts(f *Facts) string { return digest(f) }

// appendRequest appends the JSON of the request, as package json writes it.
func appendRequest(b []byte, r *Request) []byte {
	at, err := r.At.AppendText(append(b, `{"at":"`...))
	if err != nil {
		return b // no such moment is recorded: the digest of nothing, which no decision carries
	}
	b = append(at, `","discloser":`...)
	b = appendString(b, r.Discloser)
	b = appendField(b, `,"source":`, r.Source)
	b = append(b, `,"recipient":`...)
	b = appendString(b, r.Recipient)
	if len(r.OnBehalfOf) > 0 {
		b = appendList(append(b, `,"on_behalf_of":`...), r.OnBehalfOf)
	}
	b = append(b, `,"role":`...)
	b = appendString(b, r.Role)
	b = append(b, `,"purpose":`...)
	b = appendString(b, r.Purpose)
	b = appendField(b, `,"activity":`, r.Activity)
	b = append(b, `,"form":"`...)
	b = append(b, r.Form.String()...)
	b = appendList(append(b, `","elements":`...), r.Elements)
	if r.Window != (Window{}) {
		b = append(b, `,"window":{`...)
		if r.Window.From != 0 {
			b = appendDate(append(b, `"from":`...), r.Window.From)
		}
		if r.Window.Until != 0 {
			if r.Window.From != 0 {
				b = append(b, ',')
			}
			b = appendDate(append(b, `"until":`...), r.Window.Until)
		}
		b = append(b, '}')
	}
	if r.BreakGlass {
		b = append(b, `,"break_glass":true`...)
	}
	if r.Paid {
		b = append(b, `,"paid":true`...)
	}
	if b = append(b, `,"can":`...); slices.Equal(r.Can, everyDuty) {
		b = append(b, everyDutyText...)
	} else {
		b = appendList(b, r.Can)
	}
	return append(b, '}')
}

// Most enforcement points can fulfil every duty.
var (
	everyDuty     = Duties()
	everyDutyText = appendList(nil, everyDuty)
)

func appendField[T ~string](b []byte, name string, s T) []byte {
	if s == "" {
		return b
	}
	return appendString(append(b, name...), s)
}

func appendList[T ~string](b []byte, list []T) []byte {
	if list == nil {
		return append(b, `null`...)
	}
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

func appendDate(b []byte, d civil.Date) []byte {
	b = append(b, '"')
	b = append(b, d.String()...)
	return append(b, '"')
}

// appendString appends the JSON of a string; what is not plain is left to package json.
func appendString[T ~string](b []byte, s T) []byte {
	b = append(b, '"')
	from := len(b)
	b = append(b, s...)
	for _, c := range b[from:] {
		if !plain[c] {
			j, err := json.Marshal(string(s))
			if err != nil {
				panic("law: a string that is not JSON: " + err.Error()) // cannot happen
			}
			return append(b[:from-1], j...)
		}
	}
	return append(b, '"')
}

// plain are the bytes that JSON writes as they are.
var plain = func() (out [256]bool) {
	for c := ' '; c <= '~'; c++ {
		out[c] = !strings.ContainsRune(`"\<>&`, c)
	}
	return out
}()

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
