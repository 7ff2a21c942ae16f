// Package intake reads a file that a member wants to contribute, once, as a stream,
// and says either what is in it or everything that is wrong with it (DAT-5).
//
// Three formats are known: the encounter extract and the unit-month table, both CSV
// after RFC 4180 with the columns of package intake and no others, and a FHIR R4
// bulk export as NDJSON. Every column and every path stands for an element of the
// catalogue of package phi (DAT-2); what stands for none is refused.
//
// The rules of the package: memory does not grow with the size of a line or with the
// number of problems; nothing is repaired or guessed; an archive or a compressed
// file is never opened; and a [Problem] names line, column and remedy but never a
// value, because a value may identify a patient.
package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"chaperone.example/deid/input"
	"chaperone.example/law/cohort"
	"chaperone.example/phi"
)

// A Format is a kind of file that members contribute.
type Format string

// The formats.
const (
	Encounters Format = "encounter-csv"  // one row an encounter
	UnitMonths Format = "unit-month-csv" // one row a unit and month: counts, no patients
	Resources  Format = "fhir-ndjson"    // one FHIR R4 resource a line
)

// Formats returns all formats, the most common first.
func Formats() []Format { return []Format{Encounters, Resources, UnitMonths} }

// Title returns the format in words.
func (f Format) Title() string {
	switch f {
	case Encounters:
		return "Encounter extract (CSV)"
	case UnitMonths:
		return "Unit-month table (CSV)"
	case Resources:
		return "FHIR R4 export (NDJSON)"
	}
	return "Unknown format"
}

// Known reports whether f is one of the formats.
func (f Format) Known() bool { return slices.Contains(Formats(), f) }

// Rules bound what is accepted. The zero value accepts identifiers and has the
// default limits.
type Rules struct {
	NoIdentifiers bool // refuse direct and quasi-identifiers (DAT-4)
	MaxLine       int  // bytes; 0 means 1 MiB for a row, 16 MiB for a resource
	MaxProblems   int  // how many different ones are gathered before reading stops; 0 means 20
}

// A Field is a column or a path that the file uses.
type Field struct {
	Name    string // "dx1", "Patient.birthDate"
	Element phi.Element
	Filled  int64 // how often it holds a value
}

// A Tally counts the records of one kind.
type Tally struct {
	Name string `json:"name"`
	N    int64  `json:"n"`
}

// A Finding is what an accepted file holds: counts and names, no values.
type Finding struct {
	Records int64
	Types   []Tally // of FHIR: resources by type, in the order of their names
	Fields  []Field // columns in their order; paths in the order of their names
	First   string  // first and last month of service, "2026-03"; empty if unknown
	Last    string
	// Patients counts those with the same labels of sensitivity and age group; none
	// for a table that has no patients.
	Patients []cohort.Count
}

// Identifying reports whether the file uses a field that identifies a person, alone
// or in combination.
func (f Finding) Identifying() bool {
	return slices.ContainsFunc(f.Fields, func(x Field) bool { return identifying(x.Element) })
}

func identifying(e phi.Element) bool { return e.Class == phi.Direct || e.Class == phi.Quasi }

// A Problem is one thing that keeps a file from being accepted.
type Problem struct {
	Line   int64  `json:"line,omitempty"`   // counted from 1; 0 when it is the file as a whole
	Column int64  `json:"column,omitempty"` // of a table: the column, from 1; of JSON: the byte of the line
	Field  string `json:"field,omitempty"`  // a name of the format, never one of the file's own
	Text   string `json:"problem"`
	Remedy string `json:"remedy"`
	Again  int64  `json:"again,omitempty"` // how often it was met after that

	inJSON bool // Column is a byte
}

// String returns the place, the problem and the remedy.
func (p Problem) String() string {
	var b strings.Builder
	switch {
	case p.Line > 0 && p.Column > 0:
		fmt.Fprintf(&b, "line %d, column %d: ", p.Line, p.Column)
	case p.Line > 0:
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	b.WriteString(p.Text + "; " + p.Remedy)
	if p.Again > 0 {
		fmt.Fprintf(&b, " (%d more times)", p.Again)
	}
	return b.String()
}

// A Refusal is why a file was not accepted. It is a fault of kind "invalid".
type Refusal struct {
	Problems []Problem
	More     bool // reading stopped: there may be more
}

// Error returns the first problem and the number of the others.
func (r *Refusal) Error() string { return "intake: " + r.message() }

// Fault implements the contract of package fault.
func (r *Refusal) Fault() (kind, message string) { return "invalid", r.message() }

func (r *Refusal) message() string {
	rest := ""
	switch n := len(r.Problems) - 1; {
	case r.More:
		rest = fmt.Sprintf(" (and at least %d more)", n)
	case n > 0:
		rest = fmt.Sprintf(" (and %d more)", n)
	}
	return "the file was not accepted, and nothing of it was kept: " + r.Problems[0].String() + rest
}

// Check reads r to its end and returns what it holds. The error is a [*Refusal] when
// the file is at fault, and what r returned when it could not be read.
func Check(r io.Reader, f Format, rules Rules) (Finding, error) {
	if rules.MaxProblems <= 0 {
		rules.MaxProblems = 20
	}
	if rules.MaxLine <= 0 {
		rules.MaxLine = 1 << 20
		if f == Resources {
			rules.MaxLine = input.MaxLine
		}
	}
	n := &notes{max: rules.MaxProblems}
	t := &tail{r: r}
	body, err := sniff(t, n)
	if err != nil {
		return Finding{}, err
	}
	var found Finding
	if len(n.problems) == 0 {
		lines := input.NewLines(body, rules.MaxLine)
		switch f {
		case Encounters:
			found, err = checkTable(lines, t, encounterTable(), rules, n)
		case UnitMonths:
			found, err = checkTable(lines, t, unitMonthTable(), rules, n)
		case Resources:
			found, err = checkResources(lines, t, rules, n)
		default:
			return Finding{}, fmt.Errorf("intake: no such format")
		}
	}
	var flaw *input.Error
	switch {
	case errors.Is(err, errEnough):
	case errors.As(err, &flaw): // a line that is too long: what follows cannot be found
		n.add(Problem{Line: flaw.Line, Text: flaw.Problem, Remedy: flaw.Remedy})
		n.stopped = true
	case err != nil:
		return Finding{}, err
	}
	if len(n.problems) > 0 {
		return Finding{}, &Refusal{n.problems, n.stopped}
	}
	return found, nil
}

// errEnough stops the reading when no more problems are gathered.
var errEnough = errors.New("intake: enough problems")

// notes gathers problems: the same one is noted where it is met first, and counted
// after that, so that a steward sees all kinds of them together.
type notes struct {
	problems []Problem
	at       map[noteKey]int
	max      int
	stopped  bool
}

type noteKey struct {
	field, text string
	column      int64 // of a table; a byte of JSON is not part of what is the same
}

// add notes a problem and returns errEnough after the last that is wanted.
func (n *notes) add(p Problem) error {
	k := noteKey{p.Field, p.Text, p.Column}
	if p.inJSON {
		k.column = 0
	}
	if i, ok := n.at[k]; ok {
		n.problems[i].Again++
		return nil
	}
	if len(n.problems) >= n.max {
		return errEnough
	}
	if n.at == nil {
		n.at = map[noteKey]int{}
	}
	n.at[k] = len(n.problems)
	n.problems = append(n.problems, p)
	if len(n.problems) == n.max {
		n.stopped = true
		return errEnough
	}
	return nil
}

// cutOff notes that the last line does not end. What else is wrong with that line
// follows from it.
func (n *notes) cutOff(at int64) {
	n.problems = slices.DeleteFunc(n.problems, func(p Problem) bool { return p.Line == at && p.Again == 0 && at > 1 })
	n.problems = append(n.problems, Problem{Line: at, Text: "the file ends in the middle of its last line: it was cut off",
		Remedy: "send the whole file again; its last line ends with a line break"})
}

// whole notes a problem of the file as a whole.
func (n *notes) whole(text, remedy string) { _ = n.add(Problem{Text: text, Remedy: remedy}) }

// A tail remembers the last byte that was read.
type tail struct {
	r    io.Reader
	last byte
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if n > 0 {
		t.last = p[n-1]
	}
	return n, err
}

// magic lists how files begin that are no text.
var magic = []struct{ start, what, remedy string }{
	{"\x1f\x8b", "the file is compressed (gzip)", unpack},
	{"PK\x03\x04", "the file is an archive or a workbook (zip)", unpackOrSave},
	{"PK\x05\x06", "the file is an empty archive (zip)", unpackOrSave},
	{"PK\x07\x08", "the file is a spanned archive (zip)", unpackOrSave},
	{"BZh", "the file is compressed (bzip2)", unpack},
	{"\xfd7zXZ\x00", "the file is compressed (xz)", unpack},
	{"\x28\xb5\x2f\xfd", "the file is compressed (zstd)", unpack},
	{"7z\xbc\xaf\x27\x1c", "the file is an archive (7z)", unpack},
	{"Rar!\x1a\x07", "the file is an archive (rar)", unpack},
	{"\xd0\xcf\x11\xe0", "the file is an old office document", saveAs},
	{"%PDF", "the file is a PDF", saveAs},
	{"PAR1", "the file is Parquet", saveAs},
	{"SQLite format 3", "the file is a database", saveAs},
	{"\xff\xfe", "the file is UTF-16, not UTF-8", saveAs},
	{"\xfe\xff", "the file is UTF-16, not UTF-8", saveAs},
}

const (
	unpack       = "unpack it and send the plain text file; archives are not opened here"
	unpackOrSave = "unpack it, or save the sheet as CSV, and send the plain text file; archives are not opened here"
	saveAs       = "export it as plain UTF-8 text in the format of the dataset"
)

// sniff looks at how the file begins, notes what cannot be text, and returns a
// reader of the whole.
func sniff(r io.Reader, n *notes) (io.Reader, error) {
	head := make([]byte, 512)
	k, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:k]
	if len(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff")))) == 0 && k < 512 {
		n.whole("the file is empty", "export it again and see that it has content")
	}
	for _, m := range magic {
		if bytes.HasPrefix(head, []byte(m.start)) {
			n.whole(m.what, m.remedy)
			break
		}
	}
	if len(n.problems) == 0 && bytes.IndexByte(head, 0) >= 0 {
		n.whole("the file is binary, not text", saveAs)
	}
	return io.MultiReader(bytes.NewReader(head), r), nil
}
