package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"unicode/utf8"

	"chaperone.example/deid/code"
	"chaperone.example/deid/day"
	"chaperone.example/deid/input"
	"chaperone.example/deid/method"
	"chaperone.example/deid/place"
	"chaperone.example/deid/tally"
	"chaperone.example/deid/text"
	"chaperone.example/phi"
)

// A Job says how to de-identify a table.
type Job struct {
	Method      method.Method
	Columns     []Column        // what the columns are, by name; those not listed are known by their name
	DropUnknown bool            // remove columns that stand for no element instead of refusing the table
	Elements    map[string]bool // the phi elements to keep, by ID; nil: all that the method lets stay
	Codes       code.Coder      // new names for keys and tokens
	Filter      Filter          // which rows to keep
	MaxLine     int             // the longest record, in bytes; 0: input.MaxLine
}

// A Filter leaves out rows that are none of the request's business. The zero Filter
// lets all pass.
type Filter struct {
	// Date names the phi element whose column must lie between From and To, both
	// inclusive ("encounter.discharge-date"). A row without a readable date is left out.
	Date     string
	From, To day.Date
	// Is lists, by phi element, the values of which a row must have one
	// ("encounter.class": "I").
	Is map[string][]string
	// Keep is any further condition, nil for none.
	Keep func(Row) bool
}

// A Row is one row of the input, before anything is done to it. It is valid only
// during the call it is passed to.
type Row struct {
	fields  [][]byte
	columns map[string]int
	all     []Column
}

// Values yields the values of all columns that stand for a phi element, the empty
// ones left out: every diagnosis of a stay.
func (r Row) Values(element string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, c := range r.all {
			if c.Element != element || i >= len(r.fields) {
				continue
			}
			if v := bytes.TrimSpace(r.fields[i]); len(v) > 0 && !yield(string(v)) {
				return
			}
		}
	}
}

// Value returns the value of the first column that stands for a phi element, "" if
// there is none.
func (r Row) Value(element string) string {
	if i, ok := r.columns[element]; ok {
		return string(bytes.TrimSpace(r.fields[i]))
	}
	return ""
}

// A Result says what was done.
type Result struct {
	In, Out  uint64      // rows read and written
	Filtered uint64      // rows that the filter left out
	Sheet    tally.Sheet // by column
	Columns  []Column    // what the columns were taken for
	Kept     []bool      // by column: it is in the output
}

// Transform reads a table from r and writes what may stay of it to w. After an error
// what was written to w is not complete and must not be used. Errors about the input
// are [*input.Error].
func Transform(ctx context.Context, job Job, r io.Reader, w io.Writer) (Result, error) {
	t := &transformer{job: job, in: newReader(r, job.MaxLine), first: map[string]int{}}
	if err := t.header(); err != nil {
		return t.result, err
	}
	err := t.rows(ctx, w)
	t.result.Sheet = tally.Sheet{}
	for i, c := range t.columns {
		if t.counts[i] != (tally.Counts{}) {
			t.result.Sheet.Merge(tally.Sheet{c.Name: t.counts[i]})
		}
	}
	t.result.Columns, t.result.Kept = t.columns, t.stays
	return t.result, err
}

type transformer struct {
	job     Job
	in      *reader
	columns []Column
	stays   []bool
	counts  []tally.Counts
	first   map[string]int // the first column of each element
	whose   int            // the column of the patient, if dates move
	patient []byte         // of the row, and by how much its dates move
	days    int
	plans   []plan         // what is done to each column
	dated   []int          // the columns that hold dates, in order
	aged    []int          // and those that tell the age of the person
	named   []int          // and those that name the person, whose values are looked for in notes
	seeds   []string       // of the row
	notes   *text.Scrubber // nil where no column holds notes
	out     []byte
	end     string // of every line, as the header's
	result  Result
}

// A plan is what is done to a column, and what is remembered of its row and of its
// last one.
type plan struct {
	Treatment
	stays bool
	gone  tally.Action // what is counted when it does not stay
	years bool         // an age over 89 is written as a number
	date  day.Date     // of the row
	dated bool         // it is one
	last  []byte       // the value that was found plain last: what follows is often the same
}

// plan settles what is done to the columns.
func (t *transformer) plan() {
	t.plans = make([]plan, len(t.columns))
	for i, c := range t.columns {
		p := plan{Treatment: c.Treatment, stays: t.stays[i], years: c.Name == "age_years"}
		switch {
		case c.Element == "":
			p.gone = tally.Unknown
		case c.Treatment == Remove || c.Treatment == City && !t.job.Method.Cities:
			p.gone = tally.Dropped
		default:
			p.gone = tally.Unneeded
		}
		switch c.Treatment {
		case Date:
			t.dated = append(t.dated, i)
		case BirthDate:
			t.dated, t.aged = append(t.dated, i), append(t.aged, i)
		case Age, AgeDays:
			t.aged = append(t.aged, i)
		case Scrub:
			t.notes = text.New()
		}
		if e, ok := phi.Lookup(c.Element); ok && !e.FreeText && (e.Street || e.Class == phi.Direct) {
			t.named = append(t.named, i)
		}
		t.plans[i] = p
	}
}

// header reads the header, decides about every column and writes the new header.
func (t *transformer) header() error {
	names, err := t.in.header()
	if err != nil {
		return err
	}
	t.end = t.in.lines.End()
	given := map[string]Column{}
	for _, c := range t.job.Columns {
		given[c.Name] = c
	}
	seen := map[string]bool{}
	for i, b := range names {
		name := string(bytes.TrimSpace(b))
		if seen[name] {
			return t.columnFlaw(i, "has the same name as a column before it", "give every column its own name")
		}
		seen[name] = true
		c, ok := given[name]
		if ok {
			delete(given, name)
		} else {
			if c = Named(name); c.Element == note && t.job.Method.Scrub {
				c.Treatment = Scrub
			}
		}
		if c.Element == "" && c.Treatment != Remove {
			return t.columnFlaw(i, "has a treatment but stands for no element", "say which element it stands for")
		}
		if c.Element == "" && !ok && !t.job.DropUnknown {
			return t.columnFlaw(i, "is not a column that is known", "say which element it stands for, or have unknown columns removed")
		}
		if c.Element != "" {
			e, known := phi.Lookup(c.Element)
			if !known {
				return t.columnFlaw(i, "stands for an element that is not in the catalogue", "use an element of the catalogue")
			}
			if weaker(c.Treatment, e, name) && !(c.Treatment == Scrub && c.Element == note && t.job.Method.Scrub) {
				return t.columnFlaw(i, "has a treatment that its element does not allow", fmt.Sprintf("treat it as %q", treatment(e, name)))
			}
			if _, ok := t.first[c.Element]; !ok {
				t.first[c.Element] = i
			}
		}
		if c.Element == "" {
			c.Name = fmt.Sprintf("(unknown column %d)", i+1) // a name that is not known may be a value
		}
		t.columns = append(t.columns, c)
		t.stays = append(t.stays, t.columnStays(c))
		if c.Treatment == Token && t.job.Codes == nil {
			return errors.New("table: a job needs a coder for keys")
		}
	}
	if len(given) > 0 {
		return &input.Error{Line: 1, Problem: fmt.Sprintf("%d of the columns that were described are not in the header", len(given)), Remedy: "describe the columns as the header names them"}
	}
	t.counts = make([]tally.Counts, len(t.columns))
	t.plan()
	if err := t.checkFilter(); err != nil {
		return err
	}
	if err := t.findPatient(); err != nil {
		return err
	}
	kept := 0
	for i, c := range t.columns {
		if t.stays[i] {
			t.separator(kept)
			t.text([]byte(c.Name))
			kept++
		}
	}
	if kept == 0 {
		return &input.Error{Line: 1, Problem: "no column of the table may stay", Remedy: "check the header, and which elements were decided"}
	}
	t.out = append(t.out, t.end...)
	return nil
}

// note is the element of free text that may be scrubbed.
const note = "clinical.note"

// weaker reports whether a treatment that the caller chose does less than the element
// asks for. Only its own treatment, or the removal, is allowed; the treatments of
// values that identify nobody may stand for each other.
func weaker(c Treatment, e phi.Element, name string) bool {
	own := treatment(e, name)
	harmless := func(t Treatment) bool { return t == Code || t == Number || t == Category }
	age := func(t Treatment) bool { return t == Age || t == AgeDays }
	return c != Remove && c != own && !(harmless(c) && harmless(own)) && !(age(c) && age(own))
}

// columnStays reports whether a column is in the output.
func (t *transformer) columnStays(c Column) bool {
	switch {
	case c.Treatment == Remove:
		return false
	case c.Treatment == City && !t.job.Method.Cities:
		return false
	}
	return t.job.Elements == nil || t.job.Elements[c.Element]
}

func (t *transformer) columnFlaw(i int, problem, remedy string) error {
	return &input.Error{Line: 1, Column: int64(i) + 1, Problem: "the column " + problem, Remedy: remedy}
}

func (t *transformer) checkFilter() error {
	f := t.job.Filter
	need := make([]string, 0, len(f.Is)+1)
	for id := range f.Is {
		need = append(need, id)
	}
	if f.Date != "" {
		need = append(need, f.Date)
	}
	for _, id := range need {
		if _, ok := t.first[id]; !ok {
			return &input.Error{Line: 1, Problem: "the rows are to be chosen by " + id + ", and no column stands for it", Remedy: "give a table with that column, or choose rows by something else"}
		}
	}
	return nil
}

// flushAt is when the output is handed on, in bytes.
const flushAt = 128 << 10

func (t *transformer) rows(ctx context.Context, w io.Writer) error {
	for {
		fields, err := t.in.read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		t.result.In++
		if t.result.In%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if len(fields) != len(t.columns) {
			return &input.Error{Line: t.in.line, Problem: fmt.Sprintf("the line has %d fields, the header %d", len(fields), len(t.columns)),
				Remedy: "the file may be cut off, or a field with a separator lacks its quotes"}
		}
		if !t.passes(fields) {
			t.result.Filtered++
			continue
		}
		if err := t.row(fields); err != nil {
			return err
		}
		t.result.Out++
		if len(t.out) >= flushAt {
			if _, err := w.Write(t.out); err != nil {
				return err
			}
			t.out = t.out[:0]
		}
	}
	_, err := w.Write(t.out)
	return err
}

// passes applies the filter.
func (t *transformer) passes(fields [][]byte) bool {
	f := t.job.Filter
	for id, values := range f.Is {
		v := bytes.TrimSpace(fields[t.first[id]])
		ok := false
		for _, want := range values {
			ok = ok || string(v) == want
		}
		if !ok {
			return false
		}
	}
	if f.Date != "" {
		d, ok := day.Parse(fields[t.first[f.Date]], t.job.Method.AsOf.Year)
		if !ok || !f.From.IsZero() && d.Compare(f.From) < 0 || !f.To.IsZero() && d.Compare(f.To) > 0 {
			return false
		}
	}
	return f.Keep == nil || f.Keep(Row{fields, t.first, t.columns})
}

// row writes one row.
func (t *transformer) row(fields [][]byte) error {
	old, latest := t.judge(fields)
	if t.notes != nil {
		t.seeds = t.seeds[:0]
		for _, i := range t.named {
			t.seeds = append(t.seeds, string(fields[i]))
		}
	}
	if t.job.Method.Dates == method.Shifted {
		if t.patient = trim(fields[t.whose]); len(t.patient) > 0 {
			t.days = t.job.Method.Shift.Days(t.patient)
		}
	}
	kept := 0
	for i := range t.plans {
		p := &t.plans[i]
		if !p.stays {
			t.counts[i][p.gone]++
			continue
		}
		t.separator(kept)
		kept++
		b := trim(fields[i])
		if len(b) == 0 {
			continue
		}
		if err := t.field(i, p, b, old, latest); err != nil {
			return err
		}
	}
	t.out = append(t.out, t.end...)
	return nil
}

// trim cuts white space off both ends.
func trim(b []byte) []byte {
	if n := len(b); n > 0 && (b[0] <= ' ' || b[0] >= utf8.RuneSelf || b[n-1] <= ' ' || b[n-1] >= utf8.RuneSelf) {
		return bytes.TrimSpace(b)
	}
	return b
}

// judge reads the dates of a row and finds out whether its person is over 89, and at
// which day that was judged: the latest date of the row that is not a birth.
func (t *transformer) judge(fields [][]byte) (old bool, latest day.Date) {
	for _, i := range t.dated {
		p := &t.plans[i]
		p.date, p.dated = day.Parse(trim(fields[i]), t.job.Method.AsOf.Year)
		if p.dated && p.Treatment == Date && p.date.Compare(latest) > 0 {
			latest = p.date
		}
	}
	if latest.IsZero() {
		latest = t.job.Method.AsOf
	}
	if t.job.Method.AllAges {
		return false, latest
	}
	for _, i := range t.aged {
		switch p := &t.plans[i]; p.Treatment {
		case BirthDate:
			old = old || p.dated && day.Age(p.date, latest) >= day.Aggregate
		case Age:
			n, ok := years(fields[i])
			old = old || ok && n >= day.Aggregate
		case AgeDays:
			n, ok := years(fields[i])
			old = old || ok && n >= day.Aggregate*365
		}
	}
	return old, latest
}

// years reads a whole number, perhaps with a fraction or a plus sign after it.
func years(b []byte) (int, bool) {
	if len(b) > 0 && len(b) <= 3 && onlyDigits(b, "") {
		n := 0
		for _, c := range b {
			n = 10*n + int(c-'0')
		}
		return n, true
	}
	b = bytes.TrimRight(bytes.TrimSpace(b), "+")
	f, err := strconv.ParseFloat(string(b), 64)
	return int(min(max(f, -1), 1e9)), err == nil
}

// field writes what may stay of one value, which is not empty and has no space around
// it.
func (t *transformer) field(i int, p *plan, b []byte, old bool, latest day.Date) error {
	counts := &t.counts[i]
	switch p.Treatment {
	case Date, BirthDate:
		birth := p.Treatment == BirthDate
		switch {
		case !p.dated:
			counts[tally.Malformed]++
		case birth && old || !t.job.Method.AllAges && !birth && day.Age(p.date, latest) >= day.Aggregate:
			counts[tally.Aggregated]++
		case t.job.Method.Dates == method.Full:
			counts[tally.Kept]++
			t.text(b)
		case t.job.Method.Dates == method.Shifted:
			t.shifted(counts, b)
		default:
			counts[tally.Generalized]++
			t.out = strconv.AppendInt(t.out, int64(p.date.Year), 10)
		}
	case Age, AgeDays:
		n, ok := years(b)
		switch {
		case !ok || n < 0:
			counts[tally.Malformed]++
		case old && p.Treatment == AgeDays:
			counts[tally.Aggregated]++
		case old && p.years:
			counts[tally.Aggregated]++
			t.out = append(t.out, "90"...)
		case old:
			counts[tally.Aggregated]++
			t.out = append(t.out, "90+"...)
		default:
			counts[tally.Kept]++
			t.text(b)
		}
	case ZIP:
		if t.job.Method.ZIP != nil {
			counts[tally.Generalized]++
			t.text([]byte(t.job.Method.ZIP.Generalize(b)))
			return nil
		}
		t.ifPlain(p, counts, b, func(b []byte) bool { return len(b) <= 10 && onlyDigits(b, "- ") })
	case Token:
		c, err := t.job.Codes.Code(t.columns[i].Element, b)
		if err != nil {
			return err
		}
		counts[tally.Recoded]++
		t.out = c.Append(t.out)
	case City:
		t.ifPlain(p, counts, b, func(b []byte) bool { return len(b) <= 60 && !bytes.ContainsAny(b, "0123456789@") })
	case State:
		t.ifPlain(p, counts, b, place.State)
	case Code:
		t.ifPlain(p, counts, b, clinicalCode)
	case Number:
		t.ifPlain(p, counts, b, func(b []byte) bool { return amount(b) || category(b) })
	case Scrub:
		counts[tally.Scrubbed]++
		t.text([]byte(t.notes.Scrub(string(b), t.seeds)))
	case Category:
		t.ifPlain(p, counts, b, category)
	}
	return nil
}

// ifPlain writes a value that is plain.
func (t *transformer) ifPlain(p *plan, counts *tally.Counts, b []byte, plain func([]byte) bool) {
	if string(b) != string(p.last) {
		if !plain(b) {
			counts[tally.Malformed]++
			return
		}
		p.last = append(p.last[:0], b...)
	}
	counts[tally.Kept]++
	t.text(b)
}

func (t *transformer) separator(n int) {
	if n > 0 {
		t.out = append(t.out, t.in.sep)
	}
}

// text writes a field, in quotes where it needs them.
func (t *transformer) text(b []byte) {
	if t.in.plain || !t.special(b) {
		t.out = append(t.out, b...)
		return
	}
	t.out = append(t.out, '"')
	for _, c := range b {
		if c == '"' {
			t.out = append(t.out, '"')
		}
		t.out = append(t.out, c)
	}
	t.out = append(t.out, '"')
}

// special reports whether a field needs quotes.
func (t *transformer) special(b []byte) bool {
	for _, c := range b {
		if c == '"' || c == '\r' || c == '\n' || c == t.in.sep {
			return true
		}
	}
	return false
}
