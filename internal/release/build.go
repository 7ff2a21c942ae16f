package release

import (
	"archive/zip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"chaperone.example/deid"
	"chaperone.example/deid/code"
	"chaperone.example/deid/day"
	"chaperone.example/deid/fhir"
	"chaperone.example/deid/input"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/vault"
	"chaperone.example/ledger"
	"filippo.io/age"
)

// A Source is a dataset to release from, as it was received.
type Source struct {
	ID     string
	Format deid.Format
	SHA256 string // of the plain file
	Open   func(context.Context) (io.ReadCloser, error)
}

// Datasets opens the datasets of the actor's own organization.
type Datasets interface {
	Source(ctx context.Context, r *ledger.Reading, id string) (Source, error)
}

// Keys knows the public keys that recipients registered.
type Keys interface {
	// Recipient returns the age public key of a user, or "" if none is registered.
	Recipient(ctx context.Context, r *ledger.Reading, user string) (string, error)
}

// A Builder makes packages.
type Builder struct {
	Desk     *ledger.Desk
	Vault    *vault.Vault
	Requests Requests
	Datasets Datasets
	Keys     Keys
	Build    string // version of the program, for the manifests
}

// A plan is all that a package is made from.
type plan struct {
	permit  Permit
	sources []Source
	people  []string
	keys    []age.Recipient
	now     time.Time
}

// makePlan asks what a request permits now and where it comes from.
type makePlan struct {
	*Builder
	request string
}

func (makePlan) Action() string { return "release.build" }

func (q makePlan) Answer(ctx context.Context, r *ledger.Reading) (plan, error) {
	p := plan{now: r.Now()}
	var err error
	if p.permit, err = q.Requests.Permit(ctx, r, q.request); err != nil {
		return p, err
	}
	if p.permit.Discloser != r.Scope().Org {
		return p, ledger.Unknown("request")
	}
	for _, id := range p.permit.Datasets {
		s, err := q.Datasets.Source(ctx, r, id)
		if err != nil {
			return p, err
		}
		p.sources = append(p.sources, s)
	}
	for _, user := range p.permit.People {
		text, err := q.Keys.Recipient(ctx, r, user)
		if err != nil {
			return p, err
		}
		if text == "" {
			continue
		}
		key, err := age.ParseX25519Recipient(text)
		if err != nil {
			return p, fmt.Errorf("release: a registered key is malformed: %w", err)
		}
		p.people, p.keys = append(p.people, user), append(p.keys, key)
	}
	if len(p.keys) == 0 {
		return p, fault.New(fault.Refused, "none of the recipients has registered a key to encrypt to: ask them to register one on their account page")
	}
	return p, nil
}

// Release builds the package of an approved request and offers it for a time, as
// release id. Nothing is left behind if it fails.
func (b *Builder) Release(ctx context.Context, a ledger.Actor, id, request string, life time.Duration) (ledger.Receipt, error) {
	p, err := ledger.Ask(ctx, b.Desk, a, makePlan{b, request})
	if err != nil {
		return ledger.Receipt{}, err
	}
	o, err := b.pack(ctx, id, p)
	if err != nil {
		return ledger.Receipt{}, err
	}
	o.Expires = p.now.Add(life).UTC().Truncate(time.Second)
	receipt, err := ledger.Do(ctx, b.Desk, a, Kind, id, Publish{Offered: o, Requests: b.Requests})
	if err != nil {
		return receipt, errors.Join(err, b.Vault.Delete(o.Package), b.Vault.Delete(o.Index))
	}
	return receipt, nil
}

// pack builds the package and the index of its patients as objects of the vault.
func (b *Builder) pack(ctx context.Context, id string, p plan) (Offered, error) {
	m := p.permit
	o := Offered{Request: m.Request, Discloser: m.Discloser, Recipient: m.Recipient, People: p.people, Datasets: m.Datasets, Decision: m.Decision,
		Purpose: m.Purpose, Basis: m.Basis, Authority: m.Authority, Form: m.Form, Elements: m.Elements, Withheld: m.Withheld,
		From: m.From, Until: m.Until, Duties: m.Duties, Accountable: m.Accountable}
	if m.RetentionDays > 0 {
		o.DestroyBy = p.now.AddDate(0, 0, m.RetentionDays).UTC().Format(time.DateOnly)
	}
	people, err := newPopulation(m)
	if err != nil {
		return o, err
	}
	w, err := b.Vault.Create(ctx, m.Discloser)
	if err != nil {
		return o, err
	}
	defer w.Abort()
	sealed, err := age.Encrypt(w, p.keys...)
	if err != nil {
		return o, err
	}
	archive := zip.NewWriter(sealed)
	codes, err := b.codes(ctx, m)
	if err != nil {
		return o, err
	}
	defer codes.abort()
	for i, s := range p.sources {
		f, err := b.add(ctx, archive, fmt.Sprintf("data-%d", i+1), s, m, people, codes, p.now)
		if err != nil {
			return o, err
		}
		o.Files = append(o.Files, f)
	}
	if err := addText(archive, "README.txt", terms(id, o), p.now); err != nil {
		return o, err
	}
	if err := errors.Join(archive.Close(), sealed.Close(), codes.commit(), w.Commit()); err != nil {
		return o, err
	}
	o.Package, o.Bytes, o.SHA256, o.Patients = w.ID, w.Size(), hex.EncodeToString(w.Sum()), len(people.seen)
	if o.Index, err = (Register{b.Vault}).write(ctx, m.Discloser, people.seen); err != nil {
		return o, errors.Join(err, b.Vault.Delete(o.Package))
	}
	return o, nil
}

// add transforms one dataset into the archive, with its manifest beside it.
func (b *Builder) add(ctx context.Context, archive *zip.Writer, name string, s Source, m Permit, people *population, codes coder, now time.Time) (File, error) {
	profile, err := deid.Standard(form(m.Form))
	if err != nil {
		return File{}, err
	}
	job := deid.Job{Format: s.Format, Profile: profile, Elements: m.Elements, Codes: codes, Build: b.Build,
		AsOf: day.Date{Year: now.Year(), Month: int(now.Month()), Day: now.Day()}}
	extension := ".csv"
	if s.Format == deid.FHIR {
		extension = ".ndjson"
		if job.Resources, err = b.chosen(ctx, s, people); err != nil {
			return File{}, err
		}
	} else {
		job.Rows = people.rows()
	}
	in, err := s.Open(ctx)
	if err != nil {
		return File{}, err
	}
	defer in.Close()
	out, err := archive.CreateHeader(&zip.FileHeader{Name: name + extension, Method: zip.Deflate, Modified: now})
	if err != nil {
		return File{}, err
	}
	manifest, err := deid.Transform(ctx, job, in, out)
	var flaw *input.Error
	if errors.As(err, &flaw) {
		return File{}, fault.New(fault.Invalid, "dataset %s cannot be released: %v", s.ID, flaw)
	}
	if err != nil {
		return File{}, err
	}
	if manifest.Input.SHA256 != s.SHA256 {
		return File{}, fmt.Errorf("release: dataset %s is not what was received", s.ID)
	}
	text, err := manifest.JSON()
	if err != nil {
		return File{}, err
	}
	if err := addText(archive, name+".manifest.json", string(text)+"\n", now); err != nil {
		return File{}, err
	}
	return File{Dataset: s.ID, Name: name + extension, Format: string(s.Format), Records: int64(manifest.Records.Out), Excluded: int64(manifest.Records.In - manifest.Records.Out),
		SHA256: manifest.Output.SHA256, Source: s.SHA256, Profile: profile.Name + " " + profile.Version}, nil
}

// chosen reads a FHIR export once for the patients of the population.
func (b *Builder) chosen(ctx context.Context, s Source, people *population) (fhir.Filter, error) {
	in, err := s.Open(ctx)
	if err != nil {
		return fhir.Filter{}, err
	}
	defer in.Close()
	ids, err := people.patients(in)
	if err != nil {
		return fhir.Filter{}, err
	}
	return fhir.Filter{Patients: func(id []byte) bool { return ids[string(id)] }, From: people.from, To: people.until}, nil
}

// form translates the form that the law decided into that of de-identification.
func form(f string) deid.Form {
	if f == "limited" {
		return deid.LimitedDataSet
	}
	return deid.Form(f)
}

// A coder names people anew for one recipient.
type coder struct {
	code.Coder
	commit func() error
	abort  func()
}

// codes returns random codes for de-identified data (45 CFR 164.514(c)) and keyed
// ones for a limited data set; both are the recipient's own, so that what two
// recipients hold cannot be put together, and a leaked row names its recipient.
func (b *Builder) codes(ctx context.Context, m Permit) (coder, error) {
	space := "recipient " + m.Recipient
	if form(m.Form) != deid.SafeHarbor {
		master, err := b.Vault.Key(ctx, m.Discloser, "pseudonyms")
		if err != nil {
			return coder{}, err
		}
		keyed, err := code.NewKeyed(master, m.Recipient)
		return coder{keyed, func() error { return nil }, func() {}}, err
	}
	book, err := b.Vault.Coder(ctx, m.Discloser, space)
	if err != nil {
		return coder{}, err
	}
	return coder{random{book}, book.Commit, book.Abort}, nil
}

type random struct{ book *vault.Coder }

func (r random) Code(space string, value []byte) (code.Code, error) {
	c, err := r.book.Code(append([]byte(space+"\x00"), value...))
	return code.Code(c), err
}

func (random) Derived() bool { return false }

func addText(archive *zip.Writer, name, text string, now time.Time) error {
	w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: now})
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	return err
}

// terms is what travels with the data: what it is, what it may be used for, and how
// to check it.
func terms(id string, o Offered) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	line("Release %s", id)
	line("")
	line("Purpose: %s. It may be used for nothing else.", o.Purpose)
	line("Authority: %s (rule %s). Decision %s.", o.Authority, o.Basis, o.Decision)
	line("Form: %s.", o.Form)
	if o.DestroyBy != "" {
		line("Destroy every copy by %s and certify it.", o.DestroyBy)
	}
	line("Do not try to identify anybody in it, and do not contact anybody in it.")
	line("Codes in place of identifiers are yours alone: a copy of this data names its recipient.")
	line("")
	line("Obligations of the decision: %s.", strings.Join(o.Duties, ", "))
	line("")
	line("Files and the SHA-256 of each:")
	for _, f := range o.Files {
		line("  %s  %s  (%d records; profile %s)", f.SHA256, f.Name, f.Records, f.Profile)
	}
	return b.String()
}

// Fetch writes the package of a release to w, after the download is on record.
func (b *Builder) Fetch(ctx context.Context, a ledger.Actor, id string, begin func(Offer) io.Writer) error {
	if _, err := ledger.Do(ctx, b.Desk, a, Kind, id, Download{Requests: b.Requests}); err != nil {
		return err
	}
	o, err := ledger.Ask(ctx, b.Desk, a, fetched{id})
	if err != nil {
		return err
	}
	in, err := b.Vault.Read(ctx, o.Discloser, o.Package)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(begin(o), in)
	return err
}

// fetched asks for the offer whose download has just been recorded.
type fetched struct{ id string }

func (fetched) Action() string { return "release.download" }

func (q fetched) Answer(ctx context.Context, r *ledger.Reading) (Offer, error) {
	return ledger.See(ctx, r, Kind, q.id)
}
