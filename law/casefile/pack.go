package casefile

import (
	"errors"
	"reflect"

	"chaperone.example/law/overlay"
)

// ReadPack reads a pack of overlay rules, with the keys of docs/law/case-files.md. A
// member pack that names no member is of the member given; a pack without a version
// is the first. The error joins every *[Error] found: what would widen the law is
// refused here, at its line.
func ReadPack(name string, data []byte, member string) (overlay.Pack, error) {
	d := &decoder{file: name}
	body := d.parse(data)
	if body == nil {
		return overlay.Pack{}, errors.Join(d.errors...)
	}
	var p overlay.Pack
	d.decode(body, reflect.ValueOf(&p).Elem(), "a pack of rules")
	p.Version = max(p.Version, 1)
	if p.Level == overlay.Member && p.Member == "" {
		p.Member = member
	}
	if len(d.errors) == 0 {
		for _, text := range p.Check(CheckWords()) {
			d.fail(body, "correct the pack", "%s", text)
		}
	}
	if len(d.errors) > 0 {
		return overlay.Pack{}, errors.Join(d.errors...)
	}
	return p, nil
}
