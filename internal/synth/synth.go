package synth

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"

	"chaperone.example/internal/synth/cohort"
)

// Config says how large a consortium to make. Equal configurations make equal files.
type Config = cohort.Config

// Effect is what a hospital does to its patients beyond what they brought with them.
type Effect = cohort.Effect

// Create opens a file to be written, by its name relative to the output folder, with
// forward slashes: "truth.json", "alder-general/fhir.ndjson".
type Create func(name string) (io.WriteCloser, error)

// Summary is what was written.
type Summary struct {
	Hospitals []HospitalFact
	Totals    Totals
}

// Write makes the consortium and writes its files through create. It holds one
// person in memory at a time. On an error files may be incomplete.
func Write(cfg Config, create Create) (sum Summary, err error) {
	w, err := cohort.New(cfg)
	if err != nil {
		return Summary{}, err
	}
	files := opener{create: create}
	defer func() { err = errors.Join(err, files.close()) }()

	truth := truthWriter{out: files.open("truth.json")}
	if err := truth.begin(w.Config); err != nil {
		return Summary{}, err
	}
	for i := range w.Hospitals {
		fact, err := writeHospital(w, &w.Hospitals[i], &files, &truth)
		if err != nil {
			return Summary{}, fmt.Errorf("synth: %s: %w", w.Hospitals[i].Slug, err)
		}
		sum.Hospitals = append(sum.Hospitals, fact)
	}
	sum.Totals = truth.totals
	return sum, truth.end(sum.Hospitals)
}

// writeHospital writes the four files of a hospital and tells the truth about the
// persons whose home it is.
func writeHospital(w *cohort.World, h *cohort.Hospital, files *opener, truth *truthWriter) (HospitalFact, error) {
	fact := HospitalFact{ID: h.Slug, Name: h.Name, State: h.Region.State, Beds: h.Beds, Teaching: h.Teaching, Rural: h.Rural, OpioidProgram: h.Program,
		CostMethod: h.CostMethod, Effect: h.Effect}
	own := opener{create: files.create}
	rows, fhir, notes, units := own.open(h.Slug+"/encounters.csv"), own.open(h.Slug+"/fhir.ndjson"), own.open(h.Slug+"/notes.jsonl"), own.open(h.Slug+"/unit_months.csv")
	err := func() (err error) {
		if fact.UnitMonths, err = writeUnits(w, h, units); err != nil {
			return err
		}
		if _, err := rows.Write(appendHeader(nil, columns())); err != nil {
			return err
		}
		b := bundle{out: fhir, notes: notes, world: w, hospital: h}
		if err := b.house(); err != nil {
			return err
		}
		var row []byte
		err = w.Patients(h.Index, func(p *cohort.Person) error {
			fact.Patients++
			if p.Members[0].Hospital == h.Index {
				if err := truth.person(w, p); err != nil {
					return err
				}
			}
			row = row[:0]
			for i := range p.Stays {
				if s := &p.Stays[i]; s.Hospital == h.Index {
					row = appendRow(row, w, p, s)
					fact.count(s)
				}
			}
			if _, err := rows.Write(row); err != nil {
				return err
			}
			return b.patient(p)
		})
		fact.Resources, fact.Notes = b.resources, b.written
		return err
	}()
	fact.ExpectedDeaths, fact.ExpectedReadmitted = round(fact.ExpectedDeaths), round(fact.ExpectedReadmitted)
	return fact, errors.Join(err, own.close())
}

func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

func (f *HospitalFact) count(s *cohort.Stay) {
	f.Encounters++
	if s.Class != 'I' {
		return
	}
	f.Inpatient++
	f.ExpectedDeaths += s.Risk.Death
	if s.Disposition == "20" {
		f.Deaths++
	}
	if s.Risk.Counted {
		f.IndexStays++
		f.ExpectedReadmitted += s.Risk.Readmission
		if s.Risk.Readmitted {
			f.Readmitted++
		}
	}
}

// An opener opens files, buffers what is written to them, and closes
// them together.
type opener struct {
	create Create
	files  []opened
}

type opened struct {
	*bufio.Writer
	file io.Closer
}

func (o *opener) open(name string) io.Writer {
	f, err := o.create(name)
	if err != nil {
		return failed{err}
	}
	b := bufio.NewWriterSize(f, 1<<16)
	o.files = append(o.files, opened{b, f})
	return b
}

// failed is a file that could not be opened.
type failed struct{ err error }

func (f failed) Write([]byte) (int, error) { return 0, f.err }

func (o *opener) close() error {
	var errs []error
	for _, f := range o.files {
		errs = append(errs, f.Flush(), f.file.Close())
	}
	return errors.Join(errs...)
}
