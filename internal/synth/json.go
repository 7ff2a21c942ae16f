package synth

import "strconv"

// An object is a JSON object: names and values in turn, in the order they are
// written. Values may be a string, int, bool, raw, object, list or nil; empty ones
// are left out, since FHIR has no empty elements. A resource written this way reads like
// the resource.
type object []any

type list []any

// raw is JSON already: a decimal as it is to be written, or one of the small objects
// that occur many times.
type raw string

func appendJSON(buf []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(buf, v)
	case int:
		return strconv.AppendInt(buf, int64(v), 10)
	case bool:
		return strconv.AppendBool(buf, v)
	case raw:
		return append(buf, v...)
	case list:
		buf = append(buf, '[')
		first := true
		for _, e := range v {
			if empty(e) {
				continue
			}
			if !first {
				buf = append(buf, ',')
			}
			first = false
			buf = appendJSON(buf, e)
		}
		return append(buf, ']')
	case object:
		buf = append(buf, '{')
		first := true
		for i := 0; i+1 < len(v); i += 2 {
			if empty(v[i+1]) {
				continue
			}
			if !first {
				buf = append(buf, ',')
			}
			first = false
			buf = append(appendString(buf, v[i].(string)), ':')
			buf = appendJSON(buf, v[i+1])
		}
		return append(buf, '}')
	}
	return append(buf, "null"...)
}

// empty reports whether there is nothing in v, however deep.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case raw:
		return v == ""
	case list:
		for _, e := range v {
			if !empty(e) {
				return false
			}
		}
		return true
	case object:
		for i := 1; i < len(v); i += 2 {
			if !empty(v[i]) {
				return false
			}
		}
		return true
	}
	return false
}

// appendString writes a valid UTF-8 string (ours are) as RFC 8259 wants it.
func appendString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		buf = append(buf, s[from:i]...)
		switch from = i + 1; c {
		case '"', '\\':
			buf = append(buf, '\\', c)
		case '\n':
			buf = append(buf, '\\', 'n')
		default:
			const hex = "0123456789abcdef"
			buf = append(buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(buf, s[from:]...), '"')
}
