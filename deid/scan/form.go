package scan

import "bytes"

// Form tells from the first bytes of a file whether it is a document, that is a
// resource written over lines or a Bundle on one long line, and whether it is a
// Bundle. A file whose first line is a whole object is NDJSON.
func Form(head []byte) (document, bundle bool) {
	head = bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))
	s := Scanner{In: head}
	if s.Space() != '{' {
		return false, false
	}
	start, line := s.Pos, bytes.IndexByte(head[s.Pos:], '\n')
	if line >= 0 {
		line += start
	}
	if s.Skip(0) && (line < 0 || s.Pos <= line) {
		return false, false
	}
	end := s.Pos
	s = Scanner{In: head}
	typ, ok := s.StringAt(start, "resourceType", 1)
	bundle = ok && string(typ) == "Bundle"
	return bundle || line >= 0 && line < end, bundle
}
