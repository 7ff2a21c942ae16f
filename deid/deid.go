package deid

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"chaperone.example/deid/code"
	"chaperone.example/deid/day"
	"chaperone.example/deid/expert"
	"chaperone.example/deid/fhir"
	"chaperone.example/deid/method"
	"chaperone.example/deid/seed"
	"chaperone.example/deid/shift"
	"chaperone.example/deid/table"
	"chaperone.example/phi"
)

// A Format is how data is written.
type Format string

const (
	FHIR Format = "fhir" // FHIR R4: NDJSON, or one JSON document
	CSV  Format = "csv"  // a table with a header
)

// A Job says what to do.
type Job struct {
	Format  Format
	Profile Profile
	// Elements lists the phi elements that were decided, by ID; everything else is
	// removed. Nil lets all stay that the profile lets stay.
	Elements []string
	// AsOf is the day at which ages are judged when nothing in a record says
	// otherwise: ordinarily today.
	AsOf day.Date
	// Codes gives ids and keys their new names. Safe Harbor asks for random ones
	// ([code.Book]), of which the caller keeps the book in its vault.
	Codes code.Coder
	// Shift says by how much the dates of a patient move, if the profile shifts dates. The
	// patient is the Patient resource's id or the patient token of the table (or, without
	// one, the medical record number): where they are the same, so is the offset.
	Shift *shift.Calendar
	// Determination is the expert's, as opened with the expert's key, if the profile's label
	// is Expert: it must be the one that the profile names, and valid on the as-of day.
	Determination *expert.Determination

	Columns     []table.Column // CSV: what the columns are; those not listed are known by name
	DropUnknown bool           // CSV: remove columns that stand for nothing known instead of refusing the table
	Rows        table.Filter   // CSV: which rows to look at
	Resources   fhir.Filter    // FHIR: which resources to look at
	Seeds       *seed.Seeds    // FHIR, where notes are scrubbed: what is known of the patients (seed.FHIR over the same input)

	MaxRecord int              // the longest record in bytes; 0 means 16 MiB
	Build     string           // the version of the program, for the manifest
	Progress  func(read int64) // told from time to time how many bytes were read; may be nil
}

// ErrDerivedCodes is the error of a job whose profile asks for random codes, as Safe
// Harbor does, and whose codes are computed from identifiers: 45 CFR 164.514(c) allows
// only codes that are "not derived from or related to information about the
// individual".
var ErrDerivedCodes = errors.New("deid: the profile needs random codes, not keyed ones (45 CFR 164.514(c)); use a code book, or a limited data set")

// Transform reads data from r, writes what may stay of it to w, and says what it did.
// After an error, what was written to w is not complete and must not be used: write to
// a temporary place first.
func Transform(ctx context.Context, job Job, r io.Reader, w io.Writer) (Manifest, error) {
	m, err := job.check()
	if err != nil {
		return Manifest{}, err
	}
	var elements map[string]bool
	if job.Elements != nil {
		elements = make(map[string]bool, len(job.Elements))
		for _, id := range job.Elements {
			if _, ok := phi.Lookup(id); !ok {
				return Manifest{}, fmt.Errorf("deid: no element %q in the catalogue", id)
			}
			elements[id] = true
		}
	}
	in := &counter{hash: sha256.New(), r: r, progress: job.Progress}
	out := &counter{hash: sha256.New(), w: w}
	manifest := job.manifest(m)
	switch job.Format {
	case FHIR:
		res, err := fhir.Transform(ctx, fhir.Job{Method: m, Elements: elements, Codes: job.Codes, Filter: job.Resources, Seeds: job.Seeds, MaxLine: job.MaxRecord}, in, out)
		if err != nil {
			return Manifest{}, err
		}
		manifest.Records = Records{Kind: "resources", In: res.In, Filtered: res.Filtered, Out: res.Out}
		manifest.Counts = res.Sheet
	case CSV:
		res, err := table.Transform(ctx, table.Job{Method: m, Elements: elements, Codes: job.Codes, Columns: job.Columns, DropUnknown: job.DropUnknown,
			Filter: job.Rows, MaxLine: job.MaxRecord}, in, out)
		if err != nil {
			return Manifest{}, err
		}
		manifest.Records = Records{Kind: "rows", In: res.In, Filtered: res.Filtered, Out: res.Out}
		manifest.Counts = res.Sheet
		for i, c := range res.Columns {
			manifest.Columns = append(manifest.Columns, Column{Name: c.Name, Element: c.Element, Treatment: string(c.Treatment), Kept: res.Kept[i]})
		}
	}
	manifest.Input, manifest.Output = in.digest(), out.digest()
	manifest.summarize()
	return manifest, nil
}

// check refuses a job that cannot be done lawfully or at all.
func (job Job) check() (method.Method, error) {
	switch {
	case job.Format != FHIR && job.Format != CSV:
		return method.Method{}, fmt.Errorf("deid: no format %q; use %q or %q", string(job.Format), FHIR, CSV)
	case job.Codes == nil:
		return method.Method{}, errors.New("deid: a job needs a coder for ids and keys")
	case job.AsOf.Year == 0 || job.AsOf.Month == 0 || job.AsOf.Day == 0:
		return method.Method{}, errors.New("deid: a job needs the day as of which ages are judged")
	case job.Profile.Codes == Random && job.Codes.Derived():
		return method.Method{}, ErrDerivedCodes
	case job.Profile.Dates == Shifted && job.Shift == nil:
		return method.Method{}, errors.New("deid: the profile shifts dates: a job needs the calendar of the recipient")
	}
	m, err := job.Profile.method(job.AsOf)
	if err != nil {
		return m, err
	}
	m.Shift = job.Shift
	return m, job.determined()
}

// determined refuses the label Expert without the valid determination that it rests on.
func (job Job) determined() error {
	if job.Profile.Form != Expert {
		return nil
	}
	if job.Determination == nil {
		return errors.New("deid: the profile's label rests on an expert's determination: give it (45 CFR 164.514(b)(1))")
	}
	hash, err := job.Determination.Hash()
	switch {
	case err != nil:
		return err
	case hash != job.Profile.Determination:
		return errors.New("deid: the determination is another one than the profile names")
	}
	if err := job.Determination.Check(); err != nil {
		return err
	}
	if s := job.Determination.On(iso(job.AsOf)); s != expert.Valid && s != expert.Due {
		return fmt.Errorf("deid: on the as-of day the determination is %s: ask the expert for a new one", s)
	}
	return nil
}

// A counter counts and hashes what passes through it.
type counter struct {
	r        io.Reader
	w        io.Writer
	hash     hash.Hash
	n        int64
	told     int64
	progress func(int64)
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.hash.Write(b[:n])
	c.n += int64(n)
	if c.progress != nil && (c.n-c.told >= 1<<20 || err == io.EOF) {
		c.told = c.n
		c.progress(c.n)
	}
	return n, err
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.hash.Write(b[:n])
	c.n += int64(n)
	return n, err
}

func (c *counter) digest() Digest {
	return Digest{Bytes: c.n, SHA256: hex.EncodeToString(c.hash.Sum(nil))}
}
