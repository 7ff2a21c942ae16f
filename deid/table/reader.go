package table

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"unicode/utf8"

	"chaperone.example/deid/input"
)

// A reader splits CSV (RFC 4180) into records of fields, in bounded memory.
type reader struct {
	lines  *input.Lines
	sep    byte
	record []byte   // the unquoted text of a record that has quotes
	fields [][]byte // of the record read last; valid until the next
	ends   []int
	line   int64 // where the record read last began
	max    int
	plain  bool // no field of the record read last needs quotes
}

func newReader(r io.Reader, max int) *reader {
	if max <= 0 {
		max = input.MaxLine
	}
	return &reader{lines: input.NewLines(r, max), max: max}
}

// header reads the first record and finds out the separator.
func (r *reader) header() ([][]byte, error) {
	b, err := r.next()
	if err == io.EOF {
		return nil, &input.Error{Problem: "the file is empty", Remedy: "give a CSV file whose first line names the columns"}
	}
	if err != nil {
		return nil, err
	}
	r.sep = ','
	for _, s := range []byte(";\t|") {
		if bytes.Count(b, []byte{s}) > bytes.Count(b, []byte{r.sep}) {
			r.sep = s
		}
	}
	return r.split(b)
}

// read returns the fields of the next record, valid until the next call, or io.EOF.
// Empty lines between records are skipped.
func (r *reader) read() ([][]byte, error) {
	for {
		b, err := r.next()
		if err != nil {
			return nil, err
		}
		if len(b) > 0 {
			return r.split(b)
		}
	}
}

// next reads a line and checks its bytes.
func (r *reader) next() ([]byte, error) {
	b, err := r.lines.Next()
	if err != nil {
		return nil, err
	}
	r.line = r.lines.Line()
	return b, r.check(b)
}

func (r *reader) check(b []byte) error {
	if found := bytes.Contains(b, []byte{0}); found {
		return &input.Error{Line: r.lines.Line(), Problem: "the line holds a NUL byte", Remedy: "export the file again as plain UTF-8 text"}
	}
	if !utf8.Valid(b) {
		return &input.Error{Line: r.lines.Line(), Problem: "the line is not valid UTF-8", Remedy: "export the file again as UTF-8"}
	}
	return nil
}

// split splits a record that begins with line b. Quoted fields may go on over lines.
func (r *reader) split(b []byte) ([][]byte, error) {
	r.fields = r.fields[:0]
	if bytes.IndexByte(b, '"') < 0 {
		r.plain = bytes.IndexByte(b, '\r') < 0
		r.fields = r.cut(b)
		return r.fields, nil
	}
	r.plain = false
	if r.simple(b) {
		return r.fields, nil
	}
	r.fields = r.fields[:0]
	r.record, r.ends = r.record[:0], r.ends[:0]
	for {
		var err error
		if len(b) > 0 && b[0] == '"' {
			b, err = r.quoted(b[1:])
		} else {
			i := bytes.IndexByte(b, r.sep)
			if i < 0 {
				i = len(b)
			}
			if bytes.IndexByte(b[:i], '"') >= 0 {
				err = r.flaw("a quote stands inside a field that does not begin with one", "write such a field in quotes and double the quotes inside it")
			}
			r.record = append(r.record, b[:i]...)
			b = b[i:]
		}
		if err != nil {
			return nil, err
		}
		r.ends = append(r.ends, len(r.record))
		if len(b) == 0 {
			break
		}
		b = b[1:] // the separator
	}
	start := 0
	for _, end := range r.ends {
		r.fields = append(r.fields, r.record[start:end])
		start = end
	}
	return r.fields, nil
}

// simple splits a record that is one line and has no quotes inside its quoted fields,
// as most are. If it is none, it returns false and may have left fields.
func (r *reader) simple(b []byte) bool {
	for {
		if len(b) > 0 && b[0] == '"' {
			i := bytes.IndexByte(b[1:], '"') + 1
			if i == 0 || i+1 < len(b) && b[i+1] != r.sep {
				return false
			}
			r.fields = append(r.fields, b[1:i])
			if i+1 == len(b) {
				return true
			}
			b = b[i+2:]
			continue
		}
		i := 0
		for ; i < len(b) && b[i] != r.sep; i++ {
			if b[i] == '"' {
				return false
			}
		}
		r.fields = append(r.fields, b[:i])
		if i == len(b) {
			return true
		}
		b = b[i+1:]
	}
}

// cut splits a line without quotes, eight bytes at a time.
func (r *reader) cut(b []byte) [][]byte {
	const ones, sevens = 0x0101010101010101, 0x7F7F7F7F7F7F7F7F
	start, i := 0, 0
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:]) ^ ones*uint64(r.sep)
		// The high bit of each byte that is the separator.
		for hits := ^((x&sevens + sevens) | x | sevens); hits != 0; hits &= hits - 1 {
			end := i + bits.TrailingZeros64(hits)>>3
			r.fields = append(r.fields, b[start:end])
			start = end + 1
		}
	}
	for ; i < len(b); i++ {
		if b[i] == r.sep {
			r.fields = append(r.fields, b[start:i])
			start = i + 1
		}
	}
	return append(r.fields, b[start:])
}

// quoted reads the rest of a quoted field and returns what follows it: nothing, or
// what begins with a separator.
func (r *reader) quoted(b []byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(b, '"')
		switch {
		case i < 0: // goes on in the next line
			r.record = append(append(r.record, b...), '\n')
			if len(r.record) > r.max {
				return nil, r.flaw("a quoted field does not end", "close the quote; a record may not be longer than the limit for lines")
			}
			next, err := r.lines.Next()
			if err == io.EOF {
				return nil, r.flaw("a quoted field does not end before the file does", "the file may be cut off: export it again")
			}
			if err != nil {
				return nil, err
			}
			if err := r.check(next); err != nil {
				return nil, err
			}
			b = next
		case i+1 < len(b) && b[i+1] == '"':
			r.record = append(r.record, b[:i+1]...)
			b = b[i+2:]
		default:
			r.record = append(r.record, b[:i]...)
			b = b[i+1:]
			if len(b) > 0 && b[0] != r.sep {
				return nil, r.flaw("something stands between the end of a quoted field and the separator", "double the quotes inside quoted fields")
			}
			return b, nil
		}
	}
}

func (r *reader) flaw(problem, remedy string) error {
	return &input.Error{Line: r.line, Column: int64(len(r.ends)) + 1, Problem: problem, Remedy: remedy}
}
