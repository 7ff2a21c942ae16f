package r4

import "chaperone.example/deid/term"

// A Verdict says whether a code of a published system, and its display, may stay.
type Verdict struct{ Code, Display bool }

// Verdicts decides on codings and units and remembers what it decided: an export uses
// the same few thousand over and over. It is used by one goroutine.
type Verdicts struct {
	*Definitions
	known map[string]Verdict
	key   []byte
}

// maxVerdicts is how many verdicts are remembered, maxKey how long what they are about
// may be, in bytes.
const (
	maxVerdicts = 8192
	maxKey      = 512
)

// Coding decides on a code of a system and its display.
func (v *Verdicts) Coding(system, code, display []byte) Verdict {
	v.key = append(append(v.key[:0], system...), 0)
	v.key = append(append(append(v.key, code...), 0), display...)
	if known, ok := v.known[string(v.key)]; ok {
		return known
	}
	ok := v.Published(system, code)
	return v.remember(Verdict{ok, ok && term.Plain(display)})
}

// Unit decides on a unit.
func (v *Verdicts) Unit(unit []byte) bool {
	v.key = append(append(v.key[:0], 0xFF), unit...) // no UTF-8 begins with this byte
	if known, ok := v.known[string(v.key)]; ok {
		return known.Code
	}
	return v.remember(Verdict{Code: term.Unit(unit)}).Code
}

func (v *Verdicts) remember(verdict Verdict) Verdict {
	if len(v.key) <= maxKey {
		if v.known == nil || len(v.known) >= maxVerdicts {
			v.known = map[string]Verdict{}
		}
		v.known[string(v.key)] = verdict
	}
	return verdict
}
