package intake

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"chaperone.example/deid/input"
	"chaperone.example/law/cohort"
)

// A row is one line of a table, taken apart.
type row struct {
	values  [][]byte
	names   []string
	at      map[string]int // column → index
	pairs   [][2]int       // a column that needs another: poa1 needs dx1
	scratch []byte
}

// value returns the value of a column, nil when the table has no such column.
func (r *row) value(name string) []byte {
	if i, ok := r.at[name]; ok && i < len(r.values) {
		return r.values[i]
	}
	return nil
}

// flaws of the form of a line, by what split returns.
const (
	flawQuote  = "a quoted value does not end on its line"
	flawBare   = "a quote stands inside a value that is not quoted"
	flawBehind = "something stands between a closing quote and the next comma"
)

// split takes a line apart by RFC 4180, without line breaks inside quotes: no column
// needs them, and a line remains a row. It returns the column (from 1) and the flaw
// of a line that cannot be taken apart.
func (r *row) split(line []byte) (column int, flaw string) {
	r.values, r.scratch = r.values[:0], r.scratch[:0]
	for {
		if len(line) == 0 || line[0] != '"' {
			v, rest, more := bytes.Cut(line, []byte{','})
			if bytes.IndexByte(v, '"') >= 0 {
				return len(r.values) + 1, flawBare
			}
			r.values = append(r.values, v)
			if !more {
				return 0, ""
			}
			line = rest
			continue
		}
		start := len(r.scratch)
		for line = line[1:]; ; {
			i := bytes.IndexByte(line, '"')
			if i < 0 {
				return len(r.values) + 1, flawQuote
			}
			r.scratch = append(r.scratch, line[:i]...)
			line = line[i+1:]
			if len(line) == 0 || line[0] != '"' {
				break
			}
			r.scratch, line = append(r.scratch, '"'), line[1:]
		}
		// A later growth of scratch moves it; what was cut out before stays valid.
		r.values = append(r.values, r.scratch[start:len(r.scratch):len(r.scratch)])
		if len(line) == 0 {
			return 0, ""
		}
		if line[0] != ',' {
			return len(r.values), flawBehind
		}
		line = line[1:]
	}
}

// checkTable checks a table line by line.
func checkTable(lines *input.Lines, end *tail, t table, rules Rules, n *notes) (Finding, error) {
	header, err := nextLine(lines)
	if err == io.EOF {
		n.whole("the file is empty", "export it again and see that it has content")
		return Finding{}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	c := &tableCheck{t: t, rules: rules, n: n, keys: newSeen(), people: cohort.NewTally()}
	if err := c.header(header); err != nil || c.kinds == nil {
		return Finding{}, err
	}
	for {
		line, err := nextLine(lines)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = c.row(lines.Line(), line)
		}
		if err != nil {
			return Finding{}, err
		}
	}
	switch {
	case c.records == 0 && len(n.problems) == 0:
		n.whole("the file has a header but no rows", "export it again with the rows")
	case end.last != '\n':
		n.cutOff(lines.Line())
	}
	return c.finding(), nil
}

// nextLine returns the next line that is not blank.
func nextLine(lines *input.Lines) ([]byte, error) {
	for {
		line, err := lines.Next()
		if err != nil || len(bytes.TrimSpace(line)) > 0 {
			return line, err
		}
	}
}

type tableCheck struct {
	t     table
	rules Rules
	n     *notes

	r       row
	kinds   []*column // by position; nil for a column that is not known
	fields  []Field
	filled  []int64
	keys    *seen
	keyAt   []int
	monthAt []int
	keyBuf  []byte

	whose  cohort.Columns
	coder  cohort.Coder
	people *cohort.Tally

	records     int64
	first, last []byte
}

// header matches the first line with the columns that are known. It leaves kinds nil
// when the rows cannot be checked.
func (c *tableCheck) header(line []byte) error {
	if !utf8.Valid(line) {
		return c.n.add(Problem{Line: 1, Text: "the header is not UTF-8", Remedy: "export the file as UTF-8"})
	}
	if column, flaw := c.r.split(line); flaw != "" {
		return c.n.add(Problem{Line: 1, Column: int64(column), Text: flaw, Remedy: "export the file as CSV by RFC 4180, without line breaks inside values"})
	}
	known := make(map[string]*column, len(c.t.columns))
	for i := range c.t.columns {
		known[c.t.columns[i].name] = &c.t.columns[i]
	}
	any := slices.ContainsFunc(c.r.values, func(v []byte) bool { return known[string(v)] != nil })
	if !any {
		p := Problem{Line: 1, Text: "the first line names no column of the format", Remedy: "begin the file with a header of the format's column names, separated by commas"}
		if len(c.r.values) == 1 && bytes.ContainsAny(line, ";\t|") {
			p.Text = "the columns are not separated by commas"
		}
		return c.n.add(p)
	}
	kinds := make([]*column, len(c.r.values))
	c.r.at = map[string]int{}
	for i, v := range c.r.values {
		name := string(v)
		spec := known[name]
		if _, twice := c.r.at[name]; spec != nil && twice {
			if err := c.n.add(Problem{Line: 1, Column: int64(i + 1), Field: name, Text: "the column " + name + " stands twice", Remedy: "keep one of the two"}); err != nil {
				return err
			}
			continue
		}
		e, ok := c.t.element(name)
		if spec == nil || !ok {
			if err := c.n.add(unknownColumn(i, name, known)); err != nil {
				return err
			}
			c.r.names = append(c.r.names, "")
			continue
		}
		if c.rules.NoIdentifiers && identifying(e) {
			if err := c.n.add(Problem{Line: 1, Column: int64(i + 1), Field: name, Text: "the column " + name + " holds a " + string(e.Class) + ", and this environment takes none",
				Remedy: "leave the column out, or register the dataset in the production environment"}); err != nil {
				return err
			}
		}
		kinds[i], c.r.at[name] = spec, i
		c.r.names = append(c.r.names, name)
		c.fields = append(c.fields, Field{Name: name, Element: e})
	}
	for _, spec := range c.t.columns {
		if _, ok := c.r.at[spec.name]; spec.needed && !ok {
			if err := c.n.add(Problem{Line: 1, Field: spec.name, Text: "the column " + spec.name + " is missing", Remedy: "add it; every row needs it"}); err != nil {
				return err
			}
		}
	}
	for _, name := range c.t.key {
		if i, ok := c.r.at[name]; ok {
			c.keyAt = append(c.keyAt, i)
		}
	}
	for _, name := range c.t.month {
		if i, ok := c.r.at[name]; ok {
			c.monthAt = append(c.monthAt, i)
		}
	}
	for i := 1; i <= Numbered; i++ {
		for _, p := range [][2]string{{"poa", "dx"}, {"pr_date", "pr"}} {
			a, ok1 := c.r.at[p[0]+strconv.Itoa(i)]
			b, ok2 := c.r.at[p[1]+strconv.Itoa(i)]
			if ok1 && ok2 {
				c.r.pairs = append(c.r.pairs, [2]int{a, b})
			}
		}
	}
	c.kinds, c.filled = kinds, make([]int64, len(kinds))
	c.whose = cohort.Header(c.r.names)
	return nil
}

// unknownColumn says that a column is in no catalogue. The name is repeated only if
// it cannot be a value: a file without a header has a patient in its first line.
func unknownColumn(i int, name string, known map[string]*column) Problem {
	p := Problem{Line: 1, Column: int64(i + 1), Text: "the column is not in the format", Remedy: "remove it, or rename it to the column of the format that it is"}
	plain := strings.ToLower(strings.TrimSpace(name))
	switch {
	case known[plain] != nil:
		p.Field, p.Remedy = plain, "write "+plain+" in small letters and without spaces"
	case name == "":
		p.Text, p.Remedy = "the column has no name", "remove the column, or name it"
	case identifier(name):
		p.Text = "the column " + name + " is not in the format"
	}
	return p
}

// identifier reports whether s looks like the name of a column and not like a value.
func identifier(s string) bool {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digits++
		case c != '_' && (c < 'a' || c > 'z'):
			return false
		}
	}
	return len(s) > 0 && len(s) <= 40 && s[0] >= 'a' && s[0] <= 'z' && digits <= 2
}

// row checks one line.
func (c *tableCheck) row(at int64, line []byte) error {
	c.records++
	if !utf8.Valid(line) {
		return c.n.add(Problem{Line: at, Column: c.columnOf(line, invalidUTF8(line)), Text: "the row is not UTF-8", Remedy: "export the file as UTF-8"})
	}
	if i := bytes.IndexFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return c.n.add(Problem{Line: at, Column: c.columnOf(line, i), Text: "the row holds a control character", Remedy: "remove it; a value is plain text on one line"})
	}
	if column, flaw := c.r.split(line); flaw != "" {
		return c.n.add(Problem{Line: at, Column: int64(column), Text: flaw, Remedy: "quote the value by RFC 4180, without line breaks inside values"})
	}
	if got, want := len(c.r.values), len(c.kinds); got != want {
		return c.n.add(Problem{Line: at, Text: fmt.Sprintf("the row has %s, but the header names %d", plural(got, "value"), want),
			Remedy: "give every row one value for each column; quote values that hold a comma"})
	}
	for i, v := range c.r.values {
		spec := c.kinds[i]
		if spec == nil {
			continue
		}
		if len(v) == 0 {
			if spec.filled {
				if err := c.problem(at, spec.name, "the value is missing", "every row needs one"); err != nil {
					return err
				}
			}
			continue
		}
		c.filled[i]++
		if !spec.kind.ok(v) {
			if err := c.problem(at, spec.name, spec.kind.flaw, spec.kind.remedy); err != nil {
				return err
			}
		}
	}
	if len(c.keyAt) == len(c.t.key) {
		c.keyBuf = c.keyBuf[:0]
		for _, i := range c.keyAt {
			c.keyBuf = append(append(c.keyBuf, c.r.values[i]...), 0)
		}
		if len(c.keyBuf) > len(c.keyAt) && c.keys.add(c.keyBuf) {
			if err := c.problem(at, c.t.key[0], "an earlier row has the same key", "keep one row for each "+strings.Join(c.t.key, ", ")); err != nil {
				return err
			}
		}
	}
	for _, i := range c.monthAt {
		if v := c.r.values[i]; len(v) >= 7 && c.kinds[i].kind.ok(v) {
			c.first, c.last = widen(c.first, c.last, v[:7])
		}
	}
	if c.t.patients {
		marks, ids := c.whose.Row(&c.coder, c.r.values)
		c.people.Add(marks, ids[:]...)
	}
	return c.t.consistent(&c.r, func(column, text, remedy string) error { return c.problem(at, column, text, remedy) })
}

// widen makes the months first to last hold month.
func widen(first, last, month []byte) ([]byte, []byte) {
	if len(first) == 0 || bytes.Compare(month, first) < 0 {
		first = append(first[:0], month...)
	}
	if bytes.Compare(month, last) > 0 {
		last = append(last[:0], month...)
	}
	return first, last
}

// problem notes what is wrong with the value of a column.
func (c *tableCheck) problem(at int64, column, text, remedy string) error {
	return c.n.add(Problem{Line: at, Column: int64(c.r.at[column] + 1), Field: column, Text: text, Remedy: remedy})
}

// columnOf returns the column in which byte i of a line stands, as far as it can be
// told without taking the line apart.
func (c *tableCheck) columnOf(line []byte, i int) int64 {
	return int64(bytes.Count(line[:i], []byte{','}) + 1)
}

func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}

func (c *tableCheck) finding() Finding {
	for i := range c.fields {
		c.fields[i].Filled = c.filled[c.r.at[c.fields[i].Name]]
	}
	return Finding{Records: c.records, Fields: c.fields, First: string(c.first), Last: string(c.last), Patients: c.people.Counts()}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
