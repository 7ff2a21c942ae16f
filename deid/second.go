package deid

import (
	"context"
	"errors"
	"io"
	"strings"

	"chaperone.example/deid/inspect"
	"chaperone.example/deid/table"
	"chaperone.example/phi"
)

// Collect reads the input of a job and returns the identifiers in it, for the second
// look at what the job writes. It reads with other code than [Transform].
func Collect(ctx context.Context, job Job, r io.Reader) (*inspect.Known, error) {
	known := inspect.NewKnown()
	limited := job.Profile.Form != SafeHarbor // dates and places may stay, or stand moved
	if job.Format == FHIR {
		return known, known.FHIR(r, limited)
	}
	c, err := inspect.NewReader(r)
	if err != nil {
		return nil, err
	}
	header, err := c.Read()
	if err != nil {
		return nil, errors.New("deid: the input is not readable as CSV")
	}
	holds := letters(job, header, limited)
	for n := 0; ; n++ {
		row, err := c.Read()
		if err == io.EOF {
			return known, nil
		}
		if err != nil {
			return nil, errors.New("deid: the input is not readable as CSV to its end")
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		known.Row(holds, row)
	}
}

// letters says which identifier each column holds that must not leave, 0 for none.
func letters(job Job, header []string, limited bool) []byte {
	given := map[string]table.Column{}
	for _, c := range job.Columns {
		given[c.Name] = c
	}
	out := make([]byte, len(header))
	for i, name := range header {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		c, ok := given[name]
		if !ok {
			c = table.Named(name)
		}
		e, ok := phi.Lookup(c.Element)
		if !ok {
			continue
		}
		switch c.Treatment {
		case table.Remove, table.Token:
			out[i] = byte(e.Identifier)
		case table.BirthDate, table.ZIP, table.City:
			if !limited {
				out[i] = byte(e.Identifier)
			}
		}
	}
	return out
}

// SecondLook reads an output again, as package inspect does, before it may leave:
// whatever it finds quarantines the release until a second person has decided. Known
// is what [Collect] returned. Show, unless nil, is given each finding that the report
// lists with the text it was found in, for that person.
func SecondLook(ctx context.Context, m Manifest, known *inspect.Known, r io.Reader, show func(f inspect.Finding, in string)) (inspect.Report, error) {
	look := inspect.Look{Known: known, Years: m.Profile.Form == SafeHarbor, Show: show, Keep: 10_000}
	if m.Format == FHIR {
		return look.JSON(ctx, r)
	}
	for _, c := range m.Columns {
		e, ok := phi.Lookup(c.Element)
		if ok && e.Class == phi.Quasi && c.Kept {
			look.Quasi = append(look.Quasi, c.Name)
		}
	}
	return look.Table(ctx, r)
}
