// Package input reads untrusted files line by line in bounded memory, and says what
// is wrong with them in a way that a person can act on and that repeats nothing of
// what they hold.
package input

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"
)

// An Error is a flaw of an input file. It never repeats a value: values may identify
// a patient.
type Error struct {
	Line    int64  // counted from 1; 0 when the flaw is not in one line
	Column  int64  // byte of the line, or field of a table, counted from 1; 0 when unknown
	Problem string // what is wrong
	Remedy  string // what to do
}

// Error returns the flaw with its place and remedy.
func (e *Error) Error() string {
	where := ""
	switch {
	case e.Line > 0 && e.Column > 0:
		where = fmt.Sprintf("line %d, column %d: ", e.Line, e.Column)
	case e.Line > 0:
		where = fmt.Sprintf("line %d: ", e.Line)
	}
	return where + e.Problem + "; " + e.Remedy
}

// MaxLine is the longest line that is read when the caller sets no limit: 16 MiB.
const MaxLine = 16 << 20

// Lines reads lines of at most a given length.
type Lines struct {
	r    *bufio.Reader
	max  int
	buf  []byte // a line longer than the reader's buffer
	line int64
	crlf bool // whether the line read last ended in a carriage return too
}

// NewLines returns a reader of the lines of r. A line longer than max bytes is an
// error; max 0 means [MaxLine].
func NewLines(r io.Reader, max int) *Lines {
	if max <= 0 {
		max = MaxLine
	}
	return &Lines{r: bufio.NewReaderSize(r, 256<<10), max: max}
}

// End is how the line that Next returned last ended: with a line feed, or with a
// carriage return before it.
func (l *Lines) End() string {
	if l.crlf {
		return "\r\n"
	}
	return "\n"
}

// Line is the number of the line that Next returned last.
func (l *Lines) Line() int64 { return l.line }

// Next returns the next line without its end, valid until the next call. A byte
// order mark at the start of the file is skipped. It returns io.EOF after the last
// line.
func (l *Lines) Next() ([]byte, error) {
	l.buf = l.buf[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		if n := len(l.buf) + len(part); n > l.max+2 || n == l.max+2 && err == io.EOF { // with and without its end
			return nil, &Error{Line: l.line + 1, Problem: "the line is longer than " + size(l.max),
				Remedy: "write one record on a line, or raise the limit for lines"}
		}
		switch err {
		case nil:
			if len(l.buf) > 0 {
				part = append(l.buf, part...)
				l.buf = part
			}
			return l.finish(part[:len(part)-1]), nil
		case bufio.ErrBufferFull:
			if need := len(l.buf) + len(part); need > cap(l.buf) { // not more than a line may need
				l.buf = append(make([]byte, 0, max(need, min(2*need, l.max+2))), l.buf...)
			}
			l.buf = append(l.buf, part...)
		case io.EOF:
			if len(l.buf)+len(part) == 0 {
				return nil, io.EOF
			}
			l.buf = append(l.buf, part...)
			return l.finish(l.buf), nil
		default:
			return nil, err
		}
	}
}

func (l *Lines) finish(b []byte) []byte {
	l.line++
	l.crlf = len(b) > 0 && b[len(b)-1] == '\r'
	if l.crlf {
		b = b[:len(b)-1]
	}
	if l.line == 1 && len(b) >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF {
		b = b[3:]
	}
	return b
}

// Chunks reads whole lines, many at a time, for work that is shared out.
type Chunks struct {
	r    io.Reader
	max  int
	rest []byte // what was read of the next line
	line int64
	err  error
}

// A Chunk is some lines of a file.
type Chunk struct {
	Text []byte // with the ends of the lines; the last may lack its own
	Line int64  // the number of the first, counted from 1
}

// chunk is how many bytes are read together.
const chunk = 256 << 10

// NewChunks returns a reader of the lines of r. A line longer than max bytes is an
// error; max 0 means [MaxLine].
func NewChunks(r io.Reader, max int) *Chunks {
	if max <= 0 {
		max = MaxLine
	}
	return &Chunks{r: r, max: max, line: 1}
}

// Next reads the next lines into the memory of c. It returns io.EOF after the last.
func (k *Chunks) Next(c *Chunk) error {
	c.Line = k.line
	c.Text = append(c.Text[:0], k.rest...)
	k.rest = k.rest[:0]
	searched := 0
	for k.err == nil {
		if len(c.Text) >= chunk {
			if i := bytes.LastIndexByte(c.Text[searched:], '\n'); i >= 0 {
				i += searched + 1
				k.rest = append(k.rest, c.Text[i:]...)
				c.Text = c.Text[:i]
				k.line += int64(bytes.Count(c.Text, []byte{'\n'}))
				return nil
			}
			if searched = len(c.Text); searched > k.max+2 {
				return k.long(c.Line)
			}
		}
		if len(c.Text)+chunk/4 > cap(c.Text) { // not more than a line may need
			grown := min(max(2*cap(c.Text), chunk+chunk/4), max(k.max, chunk)+chunk)
			c.Text = append(make([]byte, 0, max(grown, len(c.Text)+chunk/4)), c.Text...)
		}
		var n int
		n, k.err = k.r.Read(c.Text[len(c.Text) : len(c.Text)+chunk/4])
		c.Text = c.Text[:len(c.Text)+n]
	}
	if k.err != io.EOF {
		return k.err
	}
	if len(c.Text) == 0 {
		return io.EOF
	}
	return nil
}

func (k *Chunks) long(line int64) error {
	return &Error{Line: line, Problem: "the line is longer than " + size(k.max), Remedy: "write one record on a line, or raise the limit for lines"}
}

// Cut takes the first line off a chunk, without its end, and returns it with its
// number; io.EOF when there is none. A byte order mark at the start of the file is
// skipped.
func (k *Chunks) Cut(c *Chunk) (line []byte, number int64, err error) {
	if len(c.Text) == 0 {
		return nil, 0, io.EOF
	}
	number = c.Line
	c.Line++
	i := bytes.IndexByte(c.Text, '\n')
	if i < 0 {
		line, c.Text = c.Text, nil
	} else {
		line, c.Text = c.Text[:i], c.Text[i+1:]
	}
	if len(line) > k.max+1 {
		return nil, number, k.long(number)
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if number == 1 {
		line = bytes.TrimPrefix(line, []byte("\xEF\xBB\xBF"))
	}
	return line, number, nil
}

func size(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// BadUTF8 returns where in b, counted from 1, the first byte stands that is not UTF-8, 0
// if there is none.
func BadUTF8(b []byte) int64 {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return int64(i) + 1
		}
		i += n
	}
	return 0
}
