package mark

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"chaperone.example/deid/table"
	"chaperone.example/law/purpose"
)

// A Plan says where the marks of a table go. All recipients of the data have the same
// plan; what differs is their codewords.
type Plan struct {
	Data    string       `json:"data"`           // the name of the data, the same for all its recipients
	Purpose purpose.Kind `json:"purpose"`        // what the data is given for; never treatment
	Bits    int          `json:"bits,omitempty"` // of the code; 0 means DefaultBits
	// Pseudonyms are the columns of codes, which become the recipient's own.
	Pseudonyms []string  `json:"pseudonyms,omitempty"`
	Carriers   []Carrier `json:"carriers"`
	// Identity lists the columns by which a row is known again in a leak, so those that a
	// leaker is least likely to drop. Empty means all that are neither carriers nor
	// pseudonyms. In a k-anonymous table it must be exactly the other
	// quasi-identifiers: then all rows of a class are marked alike, and classes merge
	// but never split.
	Identity []string `json:"identity,omitempty"`
	// Canaries is how many synthetic records each recipient gets; at most a thousandth of
	// the rows. Not for k-anonymous tables, where a record of its own would stand out.
	Canaries int `json:"canaries,omitempty"`
}

// The kinds of free choice.
const (
	// Round: an amount that is published to a unit. Of the two multiples around it, both
	// are within the unit; the codeword chooses.
	Round = "round"
	// Withhold: a demographic value that stands in a row or is withheld from it. The
	// codeword chooses in a share of the rows; in the others the value stands.
	Withhold = "withhold"
)

// A Carrier is a column with a free choice in its cells.
type Carrier struct {
	Column  string  `json:"column"`
	Kind    string  `json:"kind"`              // Round or Withhold
	Element string  `json:"element,omitempty"` // what the column is, if its name does not tell
	Unit    float64 `json:"unit,omitempty"`    // Round
	Share   float64 `json:"share,omitempty"`   // Withhold: of the rows, 0 to 1
	As      string  `json:"as,omitempty"`      // Withhold: what stands instead; "" is an empty cell
}

// free lists the elements whose values may carry a choice, with its kind. It is an
// allow-list: no clinical value, no date, age or sex is on it, for studies and care
// rest on those.
var free = map[string]string{
	"encounter.cost":         Round,
	"patient.race-ethnicity": Withhold, "patient.language": Withhold, "patient.marital-status": Withhold,
	"patient.city": Withhold, "patient.county": Withhold, "patient.state": Withhold, "patient.zip": Withhold,
}

// ErrCare is the error of a plan for data that is given for care.
var ErrCare = errors.New("mark: data given for treatment is never marked; send it as it is")

// ParsePlan reads a plan and checks it. Members it does not know are refused.
func ParsePlan(b []byte) (Plan, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var p Plan
	if err := d.Decode(&p); err != nil {
		return Plan{}, fmt.Errorf("mark: the plan cannot be read: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Plan{}, errors.New("mark: there is something after the end of the plan")
	}
	return p, p.Check()
}

// Check says what is wrong with a plan.
func (p Plan) Check() error {
	switch {
	case p.Purpose == purpose.Treatment:
		return ErrCare
	case p.Purpose == "":
		return errors.New("mark: the plan does not say what the data is given for; data for treatment is never marked")
	case strings.TrimSpace(p.Data) == "":
		return errors.New("mark: the plan does not name the data")
	case p.Bits != 0 && (p.Bits < MinBits || p.Bits > MaxBits):
		return fmt.Errorf("mark: a code has %d to %d bits, not %d", MinBits, MaxBits, p.Bits)
	case p.Canaries < 0 || p.Canaries > 1000:
		return errors.New("mark: a recipient gets 0 to 1,000 canary records")
	case p.Canaries > 0 && len(p.Identity) > 0:
		return errors.New("mark: canary records do not go with an identity of chosen columns: in a k-anonymous table a record of its own stands out")
	case len(p.Carriers) == 0 && len(p.Pseudonyms) == 0 && p.Canaries == 0:
		return errors.New("mark: the plan marks nothing: name carriers, pseudonyms or canaries")
	}
	used := map[string]bool{}
	for _, name := range p.Pseudonyms {
		if used[name] {
			return fmt.Errorf("mark: column %q stands twice in the plan", name)
		}
		used[name] = true
	}
	for _, c := range p.Carriers {
		if used[c.Column] {
			return fmt.Errorf("mark: column %q stands twice in the plan", c.Column)
		}
		used[c.Column] = true
		if err := c.check(); err != nil {
			return err
		}
	}
	for _, name := range p.Identity {
		if used[name] {
			return fmt.Errorf("mark: column %q is marked, so rows cannot be known again by it", name)
		}
	}
	return nil
}

func (c Carrier) check() error {
	element := table.Named(c.Column).Element
	if element == "" {
		element = c.Element
	}
	if c.Kind != Round && c.Kind != Withhold {
		return fmt.Errorf("mark: column %q: %q is no kind of choice; use %q or %q", c.Column, c.Kind, Round, Withhold)
	}
	if c.Element != "" && c.Element != element {
		return fmt.Errorf("mark: column %q is known to be %s", c.Column, element)
	}
	if kind := free[element]; kind != c.Kind {
		if element == "" {
			return fmt.Errorf("mark: column %q: say which element it stands for", c.Column)
		}
		return fmt.Errorf("mark: column %q (%s) is not free to %s: clinical values, dates, ages and sex are never altered", c.Column, element, c.Kind)
	}
	switch {
	case c.Kind == Round && !(c.Unit >= 0.01 && c.Unit <= 1e6 && isCents(c.Unit)):
		return fmt.Errorf("mark: column %q: the unit lies between 0.01 and 1,000,000, in whole hundredths", c.Column)
	case c.Kind == Withhold && !(c.Share > 0 && c.Share <= 1):
		return fmt.Errorf("mark: column %q: the share of rows lies above 0 and is at most 1", c.Column)
	}
	return nil
}

func isCents(unit float64) bool { return math.Abs(unit*100-math.Round(unit*100)) < 1e-6 }

// bits is the length of the code.
func (p Plan) bits() int {
	if p.Bits == 0 {
		return DefaultBits
	}
	return p.Bits
}

// layout is a plan laid over a header.
type layout struct {
	pseudonyms []int
	carriers   []int // by carrier; -1 where a leak lacks the column
	identity   []int
	names      []string // of the identity
}

// lay lays a plan over the header of data that is to be marked: every column must be
// there.
func (p Plan) lay(header []string) (layout, error) {
	var l layout
	place := func(name string) (int, error) {
		if i := slices.Index(header, name); i >= 0 {
			return i, nil
		}
		return 0, fmt.Errorf("mark: the table has no column %q, which the plan names", name)
	}
	for _, c := range p.Carriers {
		i, err := place(c.Column)
		if err != nil {
			return l, err
		}
		l.carriers = append(l.carriers, i)
	}
	for _, name := range p.Pseudonyms {
		i, err := place(name)
		if err != nil {
			return l, err
		}
		l.pseudonyms = append(l.pseudonyms, i)
	}
	l.names = slices.Clone(p.Identity)
	if len(l.names) == 0 {
		for i, name := range header {
			if !slices.Contains(l.carriers, i) && !slices.Contains(l.pseudonyms, i) {
				l.names = append(l.names, name)
			}
		}
	}
	slices.Sort(l.names)
	for _, name := range l.names {
		i, err := place(name)
		if err != nil {
			return l, err
		}
		l.identity = append(l.identity, i)
	}
	if len(l.identity) == 0 {
		return l, errors.New("mark: no column is left by which a row could be known again")
	}
	return l, nil
}
