// Package rows reads and writes tables as CSV row by row, for the parts of
// de-identification that look at whole columns: generalization, risk and fingerprints.
//
// Input is CSV as RFC 4180 has it, UTF-8, with a header that names every column once; the
// separator is the comma, semicolon, tab or bar that the header has most of. What is
// wrong with it comes back as [*input.Error], with line, column and remedy and without a
// value. The fast path of package table, which only ever looks at one row, has a
// reader of its own.
package rows

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"chaperone.example/deid/input"
)

// A Reader reads a table.
type Reader struct {
	Header    []string
	Separator rune
	csv       *csv.Reader
	limit     *limiter
	line      int
}

// NewReader reads the header of a table. No record may be longer than max bytes; 0
// means [input.MaxLine].
func NewReader(r io.Reader, max int) (*Reader, error) {
	header, err := NewPlainReader(r, max)
	if err != nil {
		return nil, err
	}
	names, err := header.Read()
	if err == io.EOF {
		return nil, &input.Error{Problem: "the file is empty", Remedy: "give a CSV file whose first line names the columns"}
	}
	if err != nil {
		return nil, err
	}
	header.Header = append([]string(nil), names...)
	seen := map[string]bool{}
	for i, name := range header.Header {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
			return nil, &input.Error{Line: 1, Column: int64(i) + 1, Problem: "the column has no name", Remedy: "name every column in the first line"}
		case seen[name]:
			return nil, &input.Error{Line: 1, Column: int64(i) + 1, Problem: "the column has the same name as one before it", Remedy: "give every column its own name"}
		}
		header.Header[i], seen[name] = name, true
	}
	return header, nil
}

// NewPlainReader returns a reader of rows without a header, as hierarchies are written.
func NewPlainReader(r io.Reader, max int) (*Reader, error) {
	if max <= 0 {
		max = input.MaxLine
	}
	limit := &limiter{r: r, max: int64(max)}
	br := bufio.NewReaderSize(limit, 64<<10)
	head, err := br.Peek(64 << 10)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if strings.HasPrefix(string(head), "\ufeff") {
		if _, err := br.Discard(len("\ufeff")); err != nil {
			return nil, err
		}
		head = head[len("\ufeff"):]
	}
	first, _, _ := strings.Cut(string(head), "\n")
	rows := &Reader{csv: csv.NewReader(br), Separator: ',', limit: limit}
	for _, sep := range ";\t|" {
		if strings.Count(first, string(sep)) > strings.Count(first, string(rows.Separator)) {
			rows.Separator = sep
		}
	}
	rows.csv.Comma, rows.csv.ReuseRecord = rows.Separator, true
	return rows, nil
}

// Read returns the next row, valid until the next call, or io.EOF after the last.
func (r *Reader) Read() ([]string, error) {
	record, err := r.csv.Read()
	r.limit.record()
	var bad *csv.ParseError
	switch {
	case err == nil:
	case err == io.EOF:
		return nil, io.EOF
	case errors.As(err, &bad):
		return nil, complaint(bad)
	default:
		return nil, err
	}
	r.line, _ = r.csv.FieldPos(0)
	for i, field := range record {
		if strings.IndexByte(field, 0) >= 0 {
			return nil, &input.Error{Line: int64(r.line), Column: int64(i) + 1, Problem: "the field holds a NUL byte", Remedy: "export the file again as plain UTF-8 text"}
		}
		if !utf8.ValidString(field) {
			return nil, &input.Error{Line: int64(r.line), Column: int64(i) + 1, Problem: "the field is not valid UTF-8", Remedy: "export the file again as UTF-8"}
		}
	}
	return record, nil
}

// Line is the line at which the row that Read returned last begins.
func (r *Reader) Line() int64 { return int64(r.line) }

// Index returns the place of a column; columns are named as in the header.
func (r *Reader) Index(name string) (int, error) {
	for i, n := range r.Header {
		if n == name {
			return i, nil
		}
	}
	return 0, &input.Error{Line: 1, Problem: fmt.Sprintf("there is no column %q", name), Remedy: "name a column as the first line does"}
}

// complaint says what encoding/csv found wrong.
func complaint(bad *csv.ParseError) error {
	e := &input.Error{Line: int64(bad.Line), Problem: "the line is not readable as CSV", Remedy: "export the file again as CSV"}
	switch bad.Err {
	case csv.ErrFieldCount:
		e.Line = int64(bad.StartLine)
		e.Problem, e.Remedy = "the line has another number of fields than the first", "the file may be cut off, or a field with a separator lacks its quotes"
	case csv.ErrBareQuote:
		e.Problem, e.Remedy = "a quote stands inside a field that does not begin with one", "write such a field in quotes and double the quotes inside it"
	case csv.ErrQuote:
		e.Problem, e.Remedy = "a quoted field does not end, or something follows its end", "close the quote, and double the quotes inside quoted fields"
	}
	return e
}

// A limiter ends a record that is too long, so that a lost quote does not read a whole
// file into memory.
type limiter struct {
	r     io.Reader
	max   int64
	since int64 // bytes since the last record was complete
}

func (l *limiter) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	// The buffer before csv reads ahead by as much as it holds.
	if l.since += int64(n); l.since > l.max+128<<10 {
		return 0, &input.Error{Problem: "a record is longer than the limit", Remedy: "close the quote that does not end, or raise the limit"}
	}
	return n, err
}

func (l *limiter) record() { l.since = 0 }

// A Writer writes a table.
type Writer struct{ csv *csv.Writer }

// NewWriter returns a writer with a separator, that of the input ordinarily.
func NewWriter(w io.Writer, separator rune) *Writer {
	c := csv.NewWriter(w)
	c.Comma = separator
	return &Writer{c}
}

// Write writes a row.
func (w *Writer) Write(row []string) error { return w.csv.Write(row) }

// Flush hands on what is buffered, and returns the first error there was.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
