// Package cohort puts patients into classes by what their records show: labels of
// sensitivity, provenance from a substance-use program, age under eighteen.
//
// Whoever reads a dataset row by row gives the codes of each row to a [Coder] and
// the marks it answers to a [Tally], under the patient's identifiers. What is known
// of one row is known of the patient: a discharge without a sensitive code belongs
// to the same patient as the one that has it. The tally then says how many patients
// have the same marks, and a [Division] groups those into the classes that a
// decision is made for. Reading the same file again gives the same classes, so that
// a release can leave out whoever the decision left out (PAT-2, DEC-1).
//
// Labels come from package label and keep code and provenance apart: a code never
// says that a record is protected by 42 CFR Part 2, but where it is not known
// whether a program made the records, those that show substance use are treated as
// if one had.
package cohort

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"chaperone.example/law/fact"
	"chaperone.example/law/label"
	"chaperone.example/law/overlay"
)

// Marks are what records show of a patient: a set.
type Marks uint16

// Marks beside the labels, which take the lowest bits in the order of [label.Labels].
const (
	Minor Marks = 1 << 14 // under eighteen at an encounter
	Adult Marks = 1 << 13 // eighteen or older at an encounter
)

// of returns the mark of a label, none if it is not one.
func of(l label.Label) Marks {
	if i := slices.Index(label.Labels(), l); i >= 0 {
		return 1 << i
	}
	return 0
}

// Has reports whether a label is among the marks.
func (m Marks) Has(l label.Label) bool { return m&of(l) != 0 }

// Labels lists the labels among the marks.
func (m Marks) Labels() []label.Label {
	var out []label.Label
	for i, l := range label.Labels() {
		if m&(1<<i) != 0 {
			out = append(out, l)
		}
	}
	return out
}

// minor says whether the patient is a minor: whoever was one at any encounter is,
// and one whose age no row tells is not known to be none.
func (m Marks) minor() fact.Answer {
	switch {
	case m&Minor != 0:
		return fact.Yes
	case m&Adult != 0:
		return fact.No
	}
	return fact.Unknown
}

// Aged returns the mark of an age in whole years at an encounter.
func Aged(years int) Marks {
	if years < 18 {
		return Minor
	}
	return Adult
}

// A Coder labels codes. It remembers what it answered, so that a column of codes
// costs a look-up a row; the zero value is ready.
type Coder struct{ known map[string]Marks }

// most is how many different codes a coder remembers.
const most = 1 << 16

// actCode is the code system of the labels themselves.
const actCode = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

// Code returns the marks of a code of a system, which is a name of package label's
// table or a FHIR URI. A security label of HL7 stands for itself.
func (c *Coder) Code(system string, code []byte) Marks {
	if len(code) == 0 || len(code) > 20 {
		return 0
	}
	key := make([]byte, 0, 128)
	key = append(append(append(key, system...), 0), code...)
	if m, ok := c.known[string(key)]; ok {
		return m
	}
	var m Marks
	if system == actCode {
		m = of(label.Label(code))
	} else {
		for _, l := range label.Sensitive(system, string(code)) {
			m |= of(l)
		}
	}
	if c.known == nil {
		c.known = map[string]Marks{}
	}
	if len(c.known) < most {
		c.known[string(key)] = m
	}
	return m
}

// A Count says how many patients have the same marks.
type Count struct {
	Labels   []label.Label `json:"labels,omitempty"`
	Minor    fact.Answer   `json:"minor,omitzero"`
	Patients int           `json:"patients"`
}

// marks turns a count back into what it counts.
func (c Count) marks() Marks {
	var m Marks
	for _, l := range c.Labels {
		m |= of(l)
	}
	switch c.Minor {
	case fact.Yes:
		m |= Minor
	case fact.No:
		m |= Adult
	}
	return m
}

// Has reports whether the patients have a label.
func (c Count) Has(l label.Label) bool { return slices.Contains(c.Labels, l) }

// Part2 says whether the patients' records are handled under 42 CFR Part 2, as
// [Marks.Part2].
func (c Count) Part2(program fact.Answer) fact.Answer { return c.marks().Part2(program) }

// A Division says which patients are told apart: by 42 CFR Part 2 always, by other
// labels and by age only where a rule does, so that a decision has few classes.
type Division struct {
	Labels []label.Label `json:"labels,omitempty"`
	Minors bool          `json:"minors,omitempty"`
}

// Divide returns the division that the rules of packs need.
func Divide(packs []overlay.Pack) Division {
	var d Division
	for _, p := range packs {
		for _, r := range p.Rules {
			d.Minors = d.Minors || r.Minors
			for _, l := range r.Labels {
				if x := label.Label(l); x != label.Part2 && of(x) != 0 && !slices.Contains(d.Labels, x) {
					d.Labels = append(d.Labels, x)
				}
			}
		}
	}
	slices.Sort(d.Labels)
	return d
}

// Part2 says whether records are handled under 42 CFR Part 2: because a program
// made them, as declared of their dataset (program) or labelled on a record; or
// because that is not known and a code shows substance use.
func (m Marks) Part2(program fact.Answer) fact.Answer {
	switch {
	case m.Has(label.Part2) || program == fact.Yes:
		return fact.Yes
	case program == fact.No:
		return fact.No
	case m.Has(label.Substance):
		return fact.Yes
	}
	return fact.Unknown
}

// The first words of the names of classes.
const (
	Protected   = "part2"         // handled under 42 CFR Part 2
	General     = "general"       // from no program
	Uncertain   = "part2-unknown" // no code of substance use, and it is not known whether from a program
	minorSuffix = "+minor"
)

// Class names the class of a patient with the marks, in a dataset of which it was
// declared whether a program made it.
func (d Division) Class(m Marks, program fact.Answer) string {
	name := Uncertain
	switch m.Part2(program) {
	case fact.Yes:
		name = Protected
	case fact.No:
		name = General
	}
	for _, l := range d.Labels {
		if m.Has(l) {
			name += "+" + string(l)
		}
	}
	if d.Minors && m.minor() != fact.No {
		name += minorSuffix
	}
	return name
}

// Title says the name of a class in words.
func Title(class string) string {
	first, rest, _ := strings.Cut(class, "+")
	text := ""
	switch first {
	case Protected:
		text = "Patients with substance-use records under 42 CFR Part 2"
	case General:
		text = "Patients without records of a substance-use program"
	case Uncertain:
		text = "Patients without a code of substance use, in data whose origin is not declared"
	case "all":
		return "All patients"
	default:
		return class
	}
	for word := range strings.SplitSeq(rest, "+") {
		switch word {
		case "":
		case "minor":
			text += ", minors or of unknown age"
		default:
			text += ", labelled " + word
		}
	}
	return text
}

// A Set is a dataset as classes are made from it.
type Set struct {
	Program fact.Answer // whether a substance-use program made the records
	Counts  []Count
}

// Classes returns the classes of patients of the sets, in the order of their names,
// with what is known of each. The labels of a class are those that any of its
// patients has. Counts are in tens, rounded up ([Band]): they are recorded with the
// decision, where the one who asks sees them.
func (d Division) Classes(sets ...Set) []fact.Class {
	type sum struct {
		marks    Marks
		part2    fact.Answer
		minor    fact.Answer
		patients int
	}
	all := map[string]*sum{}
	for _, s := range sets {
		for _, c := range s.Counts {
			m := c.marks()
			name := d.Class(m, s.Program)
			x, ok := all[name]
			if !ok {
				x = &sum{part2: m.Part2(s.Program), minor: m.minor()}
				all[name] = x
			}
			if x.minor != m.minor() {
				x.minor = fact.Unknown
			}
			x.marks |= m
			x.patients += c.Patients
		}
	}
	var out []fact.Class
	for name, x := range all {
		c := fact.Class{ID: name, Count: Band(x.patients), Part2: x.part2, Minor: x.minor}
		for _, l := range x.marks.Labels() {
			c.Labels = append(c.Labels, string(l))
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b fact.Class) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Band rounds a count of patients up to tens: a count of one to ten, which might
// point to somebody, cannot be told from any other of them.
func Band(n int) int { return (n + 9) / 10 * 10 }

// Shown says a count in tens in words.
func Shown(n int) string {
	switch {
	case n <= 0:
		return "none"
	case n <= 10:
		return "1 to 10"
	}
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return "up to " + s
}
