package inspect

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Look says what to look for.
type Look struct {
	Known     *Known   // identifiers of the batch; nil for none
	Years     bool     // of dates only years may stand, and no age over 89: Safe Harbor
	Quasi     []string // tables: the columns whose combination may single somebody out
	Require   bool     // tables: a class smaller than the threshold is a finding, and not only reported
	Counts    []string // tables: the columns that count people
	Threshold int      // the smallest class or count that may stand; 0 means 11, the rule of CMS
	Keep      int      // how many findings to list; 0 means 100
	// Show, if set, is given every finding that is listed, with the text it was found in:
	// for the person who decides about it. It must be kept as what it may be.
	Show func(f Finding, in string)
}

// threshold is the cell size that CMS asks for: no cell of 1 to 10.
const threshold = 11

type looker struct {
	Look
	report  Report
	line    int64
	classes map[string]int
	doubts  doubts
}

func (l Look) start() *looker {
	if l.Threshold == 0 {
		l.Threshold = threshold
	}
	if l.Keep == 0 {
		l.Keep = 100
	}
	return &looker{Look: l, report: Report{ByKind: map[Kind]int{}, Findings: []Finding{}}, doubts: doubts{of: map[string]*doubt{}}}
}

func (l *looker) found(f Finding, in string) {
	f.Line = l.line
	if !f.Certain && l.doubts.hold(f, in) {
		return
	}
	l.add(f, in, 1)
}

// add reports n findings, of which one is listed.
func (l *looker) add(f Finding, in string, n int64) {
	if f.Certain {
		l.report.Certain += n
	} else {
		l.report.Possible += n
	}
	l.report.ByKind[f.Kind] += int(n)
	if len(l.report.Findings) < l.Keep {
		l.report.Findings = append(l.report.Findings, f)
		if l.Show != nil {
			l.Show(f, in)
		}
	}
}

// text looks at one string and at what is encoded in it.
func (l *looker) text(place, s string) {
	l.plain(place, s)
	l.decoded(place, s, 2)
}

// decoded looks behind encodings, and behind encodings of encodings to a depth.
func (l *looker) decoded(place, s string, depth int) {
	if depth == 0 || len(s) < 4 {
		return
	}
	look := func(d string) {
		if d != s && d != "" && utf8.ValidString(d) {
			l.plain(place, d)
			l.decoded(place, d, depth-1)
		}
	}
	if strings.IndexByte(s, '%') >= 0 {
		if d, err := url.PathUnescape(s); err == nil {
			look(d)
		}
	}
	if strings.IndexByte(s, '&') >= 0 {
		look(html.UnescapeString(s))
	}
	if len(s) >= 8 && strings.IndexByte(s, ' ') < 0 {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
			if d, err := enc.DecodeString(s); err == nil {
				look(string(d))
				break
			}
		}
	}
}

// plain looks at a text as it stands.
func (l *looker) plain(place, s string) {
	if l.Known != nil && l.Known.Len() > 0 {
		l.Known.hits(s, func(letter byte, certain bool) bool {
			l.found(Finding{Kind: Identifier, Letter: string(letter), Place: place, Certain: certain}, s)
			return true
		})
	}
	like(s, l.Years, func(k Kind) {
		l.found(Finding{Kind: k, Place: place, Certain: true}, s)
	})
}

// JSON looks at a stream of JSON values: NDJSON, or a document.
func (l Look) JSON(ctx context.Context, r io.Reader) (Report, error) {
	k := l.start()
	lines := &lineCounter{r: bufio.NewReaderSize(r, 64<<10)}
	d := json.NewDecoder(lines)
	d.UseNumber()
	var keys []string // the path of members, "" for arrays
	expectKey := false
	inObject := []bool{}
	for {
		t, err := d.Token()
		if err == io.EOF {
			k.settle(nil)
			return k.report, nil
		}
		if err != nil {
			return k.report, fmt.Errorf("inspect: the output is not readable as JSON at byte %d", d.InputOffset())
		}
		k.line = lines.at(d.InputOffset())
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{', '[':
				if len(inObject) == 0 {
					k.report.Records++
					if k.report.Records%256 == 0 && ctx.Err() != nil {
						return k.report, ctx.Err()
					}
				}
				inObject = append(inObject, t == '{')
				keys = append(keys, "")
				expectKey = t == '{'
				continue
			default:
				inObject = inObject[:len(inObject)-1]
				keys = keys[:len(keys)-1]
			}
		case string:
			if expectKey {
				before := k.report.Certain + k.report.Possible
				k.text("a member's name", t)
				if k.report.Certain+k.report.Possible > before {
					t = "…" // it must not be repeated
				}
				keys[len(keys)-1] = t
				expectKey = false
				continue
			}
			k.text(path(keys), t)
		case json.Number:
			k.number(path(keys), string(t))
		}
		expectKey = len(inObject) > 0 && inObject[len(inObject)-1]
	}
}

// number looks at a number: only known identifiers can be told from it.
func (l *looker) number(place, s string) {
	if l.Known == nil || len(s) < 7 || strings.IndexByte(s, '.') >= 0 {
		return
	}
	l.Known.hits(s, func(letter byte, certain bool) bool {
		l.found(Finding{Kind: Identifier, Letter: string(letter), Place: place, Certain: certain}, s)
		return true
	})
}

// path writes the members that lead to a value. Names that are too long or hold
// digits are not repeated.
func path(keys []string) string {
	var b strings.Builder
	for _, k := range keys {
		if k == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		if len(k) > 40 || strings.ContainsAny(k, "0123456789 @") {
			k = "…"
		}
		b.WriteString(k)
	}
	return b.String()
}

// A lineCounter tells in which line an offset lies; offsets come in rising order.
type lineCounter struct {
	r      io.Reader
	breaks []int64 // offsets of line ends not yet passed
	n      int64
	line   int64
}

func (c *lineCounter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	for i, x := range b[:n] {
		if x == '\n' {
			c.breaks = append(c.breaks, c.n+int64(i))
		}
	}
	c.n += int64(n)
	return n, err
}

func (c *lineCounter) at(offset int64) int64 {
	i := 0
	for i < len(c.breaks) && c.breaks[i] < offset {
		i++
	}
	c.line += int64(i)
	c.breaks = c.breaks[i:]
	return c.line + 1
}

// NewReader returns a reader of a CSV file whose separator is the comma, semicolon, tab
// or bar that its first line has most of. Records share their memory.
func NewReader(r io.Reader) (*csv.Reader, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(64 << 10)
	if err != nil && err != io.EOF {
		return nil, err
	}
	first, _, _ := strings.Cut(string(head), "\n")
	c := csv.NewReader(br)
	c.ReuseRecord = true
	for _, sep := range ";\t|" {
		if strings.Count(first, string(sep)) > strings.Count(first, string(c.Comma)) {
			c.Comma = sep
		}
	}
	return c, nil
}

// Table looks at a CSV file with a header.
func (l Look) Table(ctx context.Context, r io.Reader) (Report, error) {
	k := l.start()
	c, err := NewReader(r)
	if err != nil {
		return k.report, err
	}
	header, err := c.Read()
	if err != nil {
		return k.report, errors.New("inspect: the output is not readable as CSV: no header")
	}
	header = append([]string(nil), header...)
	k.line = 1
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
		k.text("the header", name)
	}
	quasi, err := indices(column, l.Quasi)
	if err != nil {
		return k.report, err
	}
	counts, err := indices(column, l.Counts)
	if err != nil {
		return k.report, err
	}
	k.classes = map[string]int{}
	cells := make([]cells, len(header))
	for {
		row, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return k.report, fmt.Errorf("inspect: the output is not readable as CSV after line %d", k.line)
		}
		line, _ := c.FieldPos(0)
		k.line = int64(line)
		if k.report.Records++; k.report.Records%1024 == 0 && ctx.Err() != nil {
			return k.report, ctx.Err()
		}
		for i, v := range row {
			cells[i].count(v)
			k.text(header[i], v)
		}
		for _, i := range counts {
			if n, err := strconv.ParseFloat(strings.TrimSpace(row[i]), 64); err == nil && n > 0 && n < float64(k.Threshold) {
				k.found(Finding{Kind: SmallCell, Place: header[i], Certain: true}, row[i])
			}
		}
		if len(quasi) > 0 {
			var key strings.Builder
			for _, i := range quasi {
				key.WriteString(row[i])
				key.WriteByte(0)
			}
			k.classes[key.String()]++
		}
	}
	k.sizes()
	measures := map[string]int64{}
	for i, c := range cells {
		if c.measure() {
			measures[header[i]] = c.filled
		}
	}
	k.settle(measures)
	return k.report, nil
}

func indices(column map[string]int, names []string) ([]int, error) {
	var is []int
	for _, name := range names {
		i, ok := column[name]
		if !ok {
			return nil, fmt.Errorf("inspect: the output has no column %q", name)
		}
		is = append(is, i)
	}
	return is, nil
}

// sizes reports the classes of a table.
func (l *looker) sizes() {
	if len(l.Quasi) == 0 || len(l.classes) == 0 {
		return
	}
	c := &Classes{Columns: l.Quasi, Classes: len(l.classes), Threshold: l.Threshold, Smallest: 1 << 62}
	for _, n := range l.classes {
		c.Smallest = min(c.Smallest, n)
		if n < l.Threshold {
			c.Below++
			c.Alone += n
		}
	}
	l.report.Classes = c
	if c.Below > 0 && l.Require {
		l.line = 0
		l.found(Finding{Kind: SmallClass, Place: strings.Join(l.Quasi, ", "), Certain: true}, "")
	}
}
