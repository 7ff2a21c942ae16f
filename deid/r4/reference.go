package r4

import "bytes"

// LowerUUID reports whether b is a UUID, and writes its letters small if it is.
func LowerUUID(b []byte) bool {
	if len(b) != 36 || b[8] != '-' || b[13] != '-' || b[18] != '-' || b[23] != '-' {
		return false
	}
	for i, c := range b {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == '-' && (i == 8 || i == 13 || i == 18 || i == 23)) {
			return false
		}
	}
	for i, c := range b {
		if c >= 'A' && c <= 'F' {
			b[i] = c + 'a' - 'A'
		}
	}
	return true
}

// ValidID checks the form of an id of R4, generously: underscores and length are
// often wrong in the field.
func ValidID(b []byte) bool {
	for _, c := range b {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return len(b) >= 1 && len(b) <= 256
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
