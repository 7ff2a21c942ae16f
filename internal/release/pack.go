package release

import (
	"archive/zip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"chaperone.example/deid"
	"chaperone.example/deid/day"
	"chaperone.example/deid/input"
	"chaperone.example/deid/table"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/release/digest"
	"chaperone.example/internal/release/index"
	"chaperone.example/internal/release/population"
	"chaperone.example/internal/release/quarantine"
	"chaperone.example/law/cohort"
	"chaperone.example/phi"
	"filippo.io/age"
)

// pack builds the package and the index of its patients as objects of the vault, and
// tells what the second look at it found.
func (b *Builder) pack(ctx context.Context, id string, p plan) (o Offered, found Suspicion, err error) {
	m := p.permit
	o = Offered{Request: m.Request, Discloser: m.Discloser, Recipient: m.Recipient, People: p.people, Datasets: m.Datasets, Decision: m.Decision,
		Purpose: m.Purpose, Basis: m.Basis, Authority: m.Authority, Form: m.Form, Elements: m.Elements, Withheld: m.Withheld,
		From: m.From, Until: m.Until, Duties: m.Duties, Accountable: m.Accountable}
	if m.RetentionDays > 0 {
		o.DestroyBy = p.now.AddDate(0, 0, m.RetentionDays).UTC().Format(time.DateOnly)
	}
	group, err := population.New(population.Criteria{From: m.From, Until: m.Until, Classes: m.Classes, Diagnoses: m.Diagnoses, MinAge: m.MinAge, MaxAge: m.MaxAge})
	if err != nil {
		return o, found, err
	}
	if m.Patients != nil {
		for _, s := range p.sources {
			group.Add(s.Format == deid.FHIR, func() (io.ReadCloser, error) { return s.Open(ctx) })
		}
		if err := group.Divide(*m.Patients); err != nil {
			return o, found, err
		}
	}
	codes, err := b.codes(ctx, m)
	if err != nil {
		return o, found, err
	}
	defer codes.abort()
	w, err := b.Vault.Create(ctx, m.Discloser)
	if err != nil {
		return o, found, err
	}
	defer func() { w.Abort() }() // nothing after Commit
	sealed, err := age.Encrypt(w, p.keys...)
	if err != nil {
		return o, found, err
	}
	a := &archive{zip.NewWriter(sealed), p.now.UTC()}
	guard := &quarantine.Guard{Vault: b.Vault, Org: m.Discloser}
	for i, s := range p.sources {
		f, err := b.add(ctx, a, fmt.Sprintf("data-%d", i+1), s, m, group, codes, guard)
		if err != nil {
			return o, found, err
		}
		o.Files = append(o.Files, f)
	}
	o.Patients, o.Unlinked, o.Labels, o.LeftOut = group.Count(), group.Unlinked(), group.Labels(), group.LeftOut()
	if o.Records() == 0 && len(o.LeftOut) > 0 {
		return o, found, fault.New(fault.Refused, "the decision leaves out every patient of the population in the chosen datasets: there is nothing to release. The page of the request says which rule it rests on")
	}
	if o.Records() == 0 {
		return o, found, fault.New(fault.Refused, "no record of the chosen datasets is in the population and time frame of the request: there is nothing to release")
	}
	if err := a.terms(id, o, m.Terms); err != nil {
		return o, found, err
	}
	for _, finish := range []func() error{a.zip.Close, sealed.Close, codes.commit, w.Commit} {
		if err := finish(); err != nil {
			return o, found, err
		}
	}
	o.Package, o.Bytes, o.SHA256 = w.ID, w.Size(), hex.EncodeToString(w.Sum())
	if o.Index, err = (index.Register{Vault: b.Vault}).Write(ctx, m.Discloser, group.Identifiers()); err != nil {
		return o, found, errors.Join(err, b.Vault.Delete(o.Package))
	}
	if guard.Count > 0 {
		if found.Evidence, err = guard.Seal(ctx); err != nil {
			return o, found, errors.Join(err, b.Vault.Delete(o.Package), b.Vault.Delete(o.Index))
		}
		found.Findings, found.Found, found.Sure = guard.Findings(), guard.Count, guard.Sure
	}
	return o, found, nil
}

// Records returns how many records the files hold.
func (o Offered) Records() (n int64) {
	for _, f := range o.Files {
		n += f.Records
	}
	return n
}

// An archive is the ZIP file of a package.
type archive struct {
	zip *zip.Writer
	at  time.Time
}

func (a *archive) create(name string) (io.Writer, error) {
	return a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.at})
}

func (a *archive) text(name, text string) error {
	w, err := a.create(name)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	return err
}

// add transforms one dataset into the archive, with its manifest beside it.
func (b *Builder) add(ctx context.Context, a *archive, name string, s Source, m Permit, group *population.Group, codes coder, guard *quarantine.Guard) (File, error) {
	p, err := profile(m.Form)
	if err != nil {
		return File{}, err
	}
	job := deid.Job{Format: s.Format, Profile: p, Elements: m.Elements, Codes: codes, Build: b.Build,
		AsOf: day.Date{Year: a.at.Year(), Month: int(a.at.Month()), Day: a.at.Day()}}
	var chosen population.Selection
	extension := ".csv"
	if s.Format == deid.FHIR {
		extension = ".ndjson"
		if err := s.separable(m.Elements); err != nil {
			return File{}, err
		}
		if chosen, err = group.FindIn(func() (io.ReadCloser, error) { return s.Open(ctx) }, s.Program); err != nil {
			return File{}, err
		}
		job.Resources.Patients = chosen.Patient
		job.Resources.From, job.Resources.To = group.Dates()
	} else {
		job.Rows, job.Columns = group.Rows(a.at.Year(), s.Program), s.columns()
	}
	in, err := s.Open(ctx)
	if err != nil {
		return File{}, err
	}
	defer in.Close()
	out, err := a.create(name + extension)
	if err != nil {
		return File{}, err
	}
	again, err := guard.Begin(ctx, name+extension)
	if err != nil {
		return File{}, err
	}
	defer again.Abort() // nothing after Commit
	// Hashed as it is read, before the sieve: what came in must be what was received.
	read := digest.New(in)
	dropped := func() uint64 { return 0 }
	var from io.Reader = read
	if s.Format == deid.FHIR {
		sieve := population.Sift(read, chosen)
		from, dropped = sieve, sieve.Dropped
	}
	manifest, err := deid.Transform(ctx, job, from, io.MultiWriter(out, again))
	var flaw *input.Error
	if errors.As(err, &flaw) {
		return File{}, fault.New(fault.Invalid, "dataset %s cannot be released: %v", s.ID, flaw)
	}
	if err != nil {
		return File{}, err
	}
	manifest.Input = deid.Digest{Bytes: read.N, SHA256: read.Hex()}
	manifest.Records.In += dropped()
	manifest.Records.Filtered += dropped()
	if group.Apart() {
		// How many records were left out would tell how many those of few patients are.
		in := manifest.Records.Out + uint64(cohort.Band(int(manifest.Records.In-manifest.Records.Out)))
		manifest.Records.Filtered += in - manifest.Records.In
		manifest.Records.In = in
	}
	if manifest.Input.SHA256 != s.SHA256 {
		return File{}, fmt.Errorf("release: dataset %s is not what was received", s.ID)
	}
	if err := again.Look(ctx, job, manifest, s.Open); err != nil {
		return File{}, err
	}
	text, err := manifest.JSON()
	if err != nil {
		return File{}, err
	}
	if err := a.text(name+".manifest.json", string(text)+"\n"); err != nil {
		return File{}, err
	}
	return File{Dataset: s.ID, Name: name + extension, Format: string(s.Format), Records: int64(manifest.Records.Out), Excluded: int64(manifest.Records.In - manifest.Records.Out),
		SHA256: manifest.Output.SHA256, Source: s.SHA256, Profile: p.Name + " " + p.Version}, nil
}

// columns returns what the steward says that columns are, where their names say
// otherwise. A treatment weaker than the element asks for is refused by package deid.
func (s Source) columns() []table.Column {
	var out []table.Column
	for name, id := range s.Corrected {
		c := table.Column{Name: name, Element: id, Treatment: table.Named(name).Treatment}
		if e, ok := phi.Lookup(id); !ok || e.Class == phi.Direct || e.FreeText || e.Street {
			c.Treatment = table.Remove
		} else if e.Identifier == phi.Date {
			c.Treatment = table.Date
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b table.Column) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// separable refuses a FHIR export of which a field was set to an element that the
// decision withholds, while the element that its path says goes: the transform knows
// fields by their paths.
func (s Source) separable(elements []string) error {
	for path, id := range s.Corrected {
		e, _ := phi.FHIRElement(path)
		if slices.Contains(elements, e.ID) && !slices.Contains(elements, id) {
			return fault.New(fault.Refused, "in dataset %s the field %s was set to %s, which the decision withholds, and it cannot be taken out of the rest of %s: send the dataset without the field", s.ID, path, id, e.ID)
		}
	}
	return nil
}
