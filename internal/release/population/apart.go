package population

import (
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"slices"

	"chaperone.example/deid/table"
	"chaperone.example/internal/fault"
	"chaperone.example/law/cohort"
	"chaperone.example/law/fact"
)

// apart tells patients of the population apart by what their records show, and
// leaves out those whose class the decision does not let through.
type apart struct {
	cohort.Inclusion
	coder cohort.Coder
	tally *cohort.Tally
	marks cohort.Marks      // of all who are in
	out   map[string]people // who was left out, by class
	loose map[string]int    // rows left out that do not tell whose they are
}

// A file of the release, to be read for what it shows.
type file struct {
	fhir bool
	open func() (io.ReadCloser, error)
}

// Add names a file of the release, for Divide: an encounter extract, or a FHIR export.
func (g *Group) Add(fhir bool, open func() (io.ReadCloser, error)) {
	g.files = append(g.files, file{fhir, open})
}

// Divide leaves out, from now on, patients of classes that are not included. It reads
// every file of the release for what its records show: what one of them shows of a
// patient is known in all.
func (g *Group) Divide(n cohort.Inclusion) error {
	g.apart = &apart{Inclusion: n, tally: cohort.NewTally(), out: map[string]people{}, loose: map[string]int{}}
	for _, f := range g.files {
		in, err := f.open()
		if err != nil {
			return err
		}
		if f.fhir {
			err = g.learnResources(in)
		} else {
			err = g.learnRows(in)
		}
		if err := errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	return nil
}

// learnRows reads an encounter extract for what it shows of its patients.
func (g *Group) learnRows(r io.Reader) error {
	in := csv.NewReader(r)
	in.ReuseRecord, in.FieldsPerRecord = true, -1
	var columns cohort.Columns
	var values [][]byte
	for first := true; ; first = false {
		row, err := in.Read()
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, new(*csv.ParseError)):
			return fault.New(fault.Invalid, "a row of the dataset cannot be taken apart: send the dataset again")
		case err != nil:
			return err
		case first:
			columns = cohort.Header(row)
			continue
		}
		values = values[:0]
		for _, v := range row {
			values = append(values, []byte(v))
		}
		marks, ids := columns.Row(&g.apart.coder, values)
		g.apart.tally.Add(marks, ids[:]...)
	}
}

// learnResources reads a FHIR export for what it shows of its patients.
func (g *Group) learnResources(r io.Reader) error {
	return lines(r, func(line []byte) error {
		if x := g.apart.coder.Read(line); x.Patient != "" {
			g.apart.tally.Add(x.Marks, x.Identifiers()...)
		}
		return nil
	})
}

// codes are the elements that hold codes, with their systems. The last two are what a
// steward may have set a column of diagnoses to.
var codes = []struct{ element, system string }{
	{"encounter.diagnosis", "ICD10CM"}, {"encounter.procedure", "ICD10PCS"}, {"encounter.drg", "MSDRG"}, {"clinical.substance-use", "ICD10CM"}, {"clinical.sensitive", "ICD10CM"},
}

// row reports whether a row's patient is included.
func (a *apart) row(r table.Row, asOf int, program fact.Answer) bool {
	var own cohort.Marks
	for _, c := range codes {
		for code := range r.Values(c.element) {
			own |= a.coder.Code(c.system, []byte(code))
		}
	}
	token, record := r.Value("patient.token"), r.Value("patient.mrn")
	if token == "" && record == "" {
		if n := rowAge(r, asOf); n >= 0 {
			own |= cohort.Aged(n)
		}
	}
	return a.holds(a.tally.Of(own, cohort.Identifier{Kind: 't', Value: []byte(token)}, cohort.Identifier{Kind: 'm', Value: []byte(record)}), program, token, record)
}

// patient reports whether a patient of a FHIR export is included.
func (a *apart) patient(id string, numbers []string, program fact.Answer) bool {
	ids := []cohort.Identifier{{Kind: 'f', Value: []byte(id)}}
	for _, n := range numbers {
		ids = append(ids, cohort.Identifier{Kind: 'm', Value: []byte(n)})
	}
	return a.holds(a.tally.Of(0, ids...), program, append([]string{"Patient/" + id}, numbers...)...)
}

func (a *apart) holds(m cohort.Marks, program fact.Answer, ids ...string) bool {
	class := a.Division.Class(m, program)
	if a.Holds(class) {
		a.marks |= m
		return true
	}
	if a.out[class] == nil {
		a.out[class] = people{}
	}
	if !a.out[class].add(ids...) {
		a.loose[class]++
	}
	return false
}

// Apart reports whether patients were left out by what their records show.
func (g *Group) Apart() bool { return g.apart != nil && len(g.apart.out) > 0 }

// LeftOut says how many patients of the population were left out, by class.
func (g *Group) LeftOut() []cohort.Left {
	if g.apart == nil {
		return nil
	}
	var out []cohort.Left
	for _, class := range slices.Sorted(maps.Keys(g.apart.out)) {
		out = append(out, cohort.Left{Class: class, Patients: cohort.Band(g.apart.out[class].count() + g.apart.loose[class])})
	}
	return out
}

// Labels returns the labels of sensitivity of all who are in.
func (g *Group) Labels() []string {
	if g.apart == nil {
		return nil
	}
	var out []string
	for _, l := range g.apart.marks.Labels() {
		out = append(out, string(l))
	}
	return out
}

// FindIn is [Group.Find] of a file that it opens.
func (g *Group) FindIn(open func() (io.ReadCloser, error), program fact.Answer) (Selection, error) {
	in, err := open()
	if err != nil {
		return Selection{}, err
	}
	defer in.Close()
	return g.Find(in, program)
}
