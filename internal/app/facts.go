package app

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"chaperone.example/deid"
	"chaperone.example/internal/agreement"
	"chaperone.example/internal/dataset"
	"chaperone.example/internal/dataset/intake"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/org"
	"chaperone.example/internal/release"
	"chaperone.example/internal/request"
	requestpage "chaperone.example/internal/request/page"
	"chaperone.example/internal/rulebook"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/cohort"
	"chaperone.example/law/instrument"
	"chaperone.example/ledger"
)

// The modules refer to each other by identifier only. What one needs to know of
// another is declared by the one that needs it, and met here.
type facts struct {
	orgs     org.Source
	people   identity.Source
	store    *dataset.Store
	requests request.Sources
}

// For gathers the facts of a decision: the organizations of the matter, every
// agreement between them and up their chains, and the person who asked.
func (f *facts) For(ctx context.Context, r *ledger.Reading, m request.Matter) (law.Facts, error) {
	var out law.Facts
	q := m.Request
	source := q.Source
	if source == "" {
		source = q.Discloser
	}
	pairs := []agreement.Pair{{From: source, To: q.Recipient}}
	if source != q.Discloser {
		pairs = append(pairs, agreement.Pair{From: source, To: q.Discloser})
	}
	if c := m.Project.Consortium; c != "" {
		pairs = append(pairs, agreement.Pair{From: source, To: c})
	}
	for _, c := range m.Project.Combines {
		pairs = append(pairs, agreement.Pair{From: c, To: q.Recipient})
	}
	var err error
	if out.Agreements, err = agreement.Facts(ctx, r, pairs...); err != nil {
		return out, err
	}
	ids := []string{source, q.Discloser, q.Recipient, m.Project.Consortium}
	ids = append(ids, m.Project.Combines...)
	for _, a := range out.Agreements {
		ids = append(ids, a.From, a.To)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if id == "" {
			continue
		}
		o, err := f.orgs.Organization(ctx, r, id)
		if err != nil {
			return out, err
		}
		out.Organizations = append(out.Organizations, o)
	}
	if out.Overlays, err = rulebook.Packs(ctx, r, source, civil.On(q.At)); err != nil {
		return out, err
	}
	sets, err := dataset.Cohorts(ctx, r, source)
	if err != nil {
		return out, err
	}
	out.Classes = cohort.Divide(out.Overlays).Classes(sets...)
	u, err := f.people.User(ctx, r, m.Who.ID)
	if err != nil {
		return out, err
	}
	// Until training is recorded in the program, the administrator who registers a
	// person answers for it; ending the access ends both.
	out.Person = law.Person{ID: u.ID, Active: u.Ready(), Trained: u.Ready(), Verified: u.Ready()}
	return out, nil
}

// Organizations lists the organizations that can be asked for data: those that the
// directory has open.
func (f *facts) Organizations(ctx context.Context, r *ledger.Reading) ([]request.Organization, error) {
	all, err := org.Directory{}.Answer(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []request.Organization
	for _, e := range all {
		if !e.Closed {
			out = append(out, request.Organization{ID: e.ID, Name: e.Name})
		}
	}
	return out, nil
}

// Recipients lists the colleagues who registered a key.
func (f *facts) Recipients(ctx context.Context, r *ledger.Reading) ([]request.Recipient, error) {
	all, err := f.people.Colleagues(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []request.Recipient
	for _, p := range all {
		if p.Recipient != "" {
			out = append(out, request.Recipient{ID: p.ID, Name: p.Name, Role: p.Role, Key: p.Recipient})
		}
	}
	return out, nil
}

// Names returns what organizations, people and agreements are called, as far as the
// actor may know.
func (f *facts) Names(ctx context.Context, r *ledger.Reading, ids []string) (map[string]string, error) {
	var people []string
	out := map[string]string{}
	for _, id := range ids {
		if strings.HasPrefix(id, "u-") {
			people = append(people, id)
			continue
		}
		if strings.HasPrefix(id, "a-") {
			name, err := f.agreement(ctx, r, id)
			if err != nil {
				return nil, err
			}
			if name != "" {
				out[id] = name
			}
			continue
		}
		name, _, err := f.orgs.Who(ctx, r, id)
		switch {
		case err == nil:
			out[id] = name
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	names, err := f.people.Names(ctx, r, people)
	if err != nil {
		return nil, err
	}
	maps.Copy(out, names)
	return out, nil
}

// agreement says in words which agreement has an id, to its parties: nothing to
// others.
func (f *facts) agreement(ctx context.Context, r *ledger.Reading, id string) (string, error) {
	c, err := ledger.See(ctx, r, agreement.Kind, id)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	up, _, err := f.orgs.Who(ctx, r, c.Upstream)
	if err != nil {
		return "", err
	}
	down, _, err := f.orgs.Who(ctx, r, c.Downstream)
	kind := c.Kind().Title()
	return "the " + strings.ToLower(kind[:1]) + kind[1:] + " of " + up + " with " + down, err
}

// Available lists the own datasets from which data can be released.
func (f *facts) Available(ctx context.Context, r *ledger.Reading) ([]request.Dataset, error) {
	all, err := dataset.Available(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []request.Dataset
	for _, d := range all {
		if releasable(d) == nil {
			out = append(out, asRequested(d))
		}
	}
	return out, nil
}

// Dataset returns one of them.
func (f *facts) Dataset(ctx context.Context, r *ledger.Reading, id string) (request.Dataset, error) {
	d, err := dataset.Of(ctx, r, id)
	if err == nil {
		err = releasable(d)
	}
	return asRequested(d), err
}

// releasable says why data cannot be released from a dataset, if so (DAT-4).
func releasable(d dataset.Facts) error {
	switch {
	case d.Environment != dataset.Production:
		return fault.New(fault.Refused, "data are released from production datasets only; this one is for %s", d.Environment.Title())
	case d.Format == intake.UnitMonths:
		return fault.New(fault.Refused, "unit-month tables hold counts and no patients: they are contributed to benchmarks, not released")
	}
	return nil
}

func asRequested(d dataset.Facts) request.Dataset {
	out := request.Dataset{ID: d.ID, Name: d.Title, Format: string(d.Format), Records: int(d.Records), Elements: d.Holds()}
	if first, err := time.Parse("2006-01", d.First); err == nil {
		out.Window.From = civil.On(first)
	}
	if last, err := time.Parse("2006-01", d.Last); err == nil {
		out.Window.Until = civil.On(last.AddDate(0, 1, -1))
	}
	return out
}

// Works reports whether a user works for an organization.
func (f *facts) Works(ctx context.Context, r *ledger.Reading, user, organization string) error {
	return f.people.Works(ctx, r, user, organization)
}

// Edges returns the agreements of the chain of custody.
func (f *facts) Edges(ctx context.Context, r *ledger.Reading) ([]org.Edge, error) {
	links, err := agreement.Links{}.Answer(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []org.Edge
	for _, l := range links {
		e := org.Edge{From: l.From, To: l.To, Agreement: l.ID, Live: l.Live}
		if !l.Live {
			e.Gap = "the agreement is " + string(l.Status)
		}
		out = append(out, e)
	}
	return out, nil
}

// permits answers what a request lets out now, for releases.
type permits struct {
	sources request.Sources
	orgs    org.Source
}

func (p permits) Permit(ctx context.Context, r *ledger.Reading, id string) (release.Permit, error) {
	q, err := ledger.See(ctx, r, request.Kind, id)
	if err != nil {
		return release.Permit{}, err
	}
	allowed, err := q.Permit()
	if err != nil {
		return release.Permit{}, err
	}
	_, patients, err := p.sources.Standing(ctx, r, q)
	if err != nil {
		return release.Permit{}, err
	}
	out := release.Permit{
		Request: id, Discloser: allowed.Discloser, Recipient: allowed.Recipient, People: allowed.Recipients, Datasets: allowed.Datasets,
		Decision: allowed.Decision, Purpose: purposeTitle(allowed), Basis: allowed.Basis, Authority: allowed.Citation, Form: allowed.Form.String(),
		Patients: patients, Diagnoses: allowed.Population.Diagnoses, MinAge: allowed.Population.MinAge, MaxAge: -1, RetentionDays: allowed.Retention,
	}
	if allowed.Population.MaxAge != nil {
		out.MaxAge = *allowed.Population.MaxAge
	}
	if out.Terms, err = p.terms(ctx, r, allowed); err != nil {
		return out, err
	}
	for _, c := range allowed.Population.Classes {
		out.Classes = append(out.Classes, string(c))
	}
	for _, g := range allowed.Elements {
		out.Elements = append(out.Elements, g.Element)
	}
	for _, e := range q.Ask.Elements {
		if !slices.Contains(out.Elements, e) {
			out.Withheld = append(out.Withheld, e)
		}
	}
	if w := allowed.Window; w.From != 0 {
		out.From = w.From.String()
	}
	if w := allowed.Window; w.Until != 0 {
		out.Until = w.Until.String()
	}
	for _, o := range allowed.Obligations {
		out.Duties = append(out.Duties, string(o.Duty))
		out.Accountable = out.Accountable || o.Duty == law.Account
	}
	slices.Sort(out.Duties)
	out.Duties = slices.Compact(out.Duties)
	return out, nil
}

// released is what was built on requests, for their pages.
type released struct{ *App }

func (a released) Of(ctx context.Context, who ledger.Actor, id string) ([]requestpage.Release, error) {
	rows, err := ledger.Ask(ctx, a.Desk, who, release.List{Request: id})
	var out []requestpage.Release
	for _, x := range rows {
		out = append(out, requestpage.Release{ID: x.ID, At: x.At})
	}
	return out, err
}

// terms returns the clauses of the agreements in force between the two, to travel
// with the data (45 CFR 164.514(e)(4), 164.504(e)).
func (p permits) terms(ctx context.Context, r *ledger.Reading, allowed request.Permit) ([]release.Clause, error) {
	agreements, err := agreement.Facts(ctx, r, agreement.Pair{From: allowed.Discloser, To: allowed.Recipient})
	if err != nil {
		return nil, err
	}
	var out []release.Clause
	for _, a := range agreements {
		if !a.InForce(civil.On(r.Now())) {
			continue
		}
		from, _, err := p.orgs.Who(ctx, r, a.From)
		if err != nil {
			return nil, err
		}
		to, _, err := p.orgs.Who(ctx, r, a.To)
		if err != nil {
			return nil, err
		}
		for _, s := range instrument.Render(a.Instrument, from, to) {
			out = append(out, release.Clause{Title: s.Title, Citation: s.Citation, Text: s.Text})
		}
	}
	return out, nil
}

func purposeTitle(p request.Permit) string {
	if p.Activity != "" {
		return p.Purpose.Describe().Title + ": " + p.Activity.Title()
	}
	return p.Purpose.Describe().Title
}

// holdings opens datasets for releases.
type holdings struct{ store *dataset.Store }

func (h holdings) Source(ctx context.Context, r *ledger.Reading, id string) (release.Source, error) {
	d, err := dataset.Of(ctx, r, id)
	if err != nil {
		return release.Source{}, err
	}
	s := release.Source{ID: id, SHA256: d.SHA256, Corrected: d.Corrected, Program: d.Part2.Answer()}
	switch d.Format {
	case intake.Encounters:
		s.Format = deid.CSV
	case intake.Resources:
		s.Format = deid.FHIR
	default:
		return s, errors.New("app: a dataset of this format is not released row by row")
	}
	actor := r.Scope().Actor
	s.Open = func(ctx context.Context) (io.ReadCloser, error) {
		in, _, err := h.store.Open(ctx, actor, id)
		return in, err
	}
	return s, nil
}

// keys knows the public keys of recipients.
type keys struct{ people identity.Source }

func (k keys) Recipient(ctx context.Context, r *ledger.Reading, user string) (string, error) {
	u, err := k.people.User(ctx, r, user)
	if err != nil || !u.Ready() {
		return "", err
	}
	return u.Recipient, nil
}

// edges is where datasets went: the other end of the map of uses and disclosures.
type edges struct{ facts *facts }

func (e edges) Of(ctx context.Context, r *ledger.Reading, id string) ([]dataset.Edge, error) {
	rows, err := release.List{}.Answer(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []dataset.Edge
	for _, row := range rows {
		o, err := ledger.Read(ctx, r, release.Kind, row.ID)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(o.Datasets, id) {
			continue
		}
		name, _, err := e.facts.orgs.Who(ctx, r, o.Recipient)
		if err != nil {
			return nil, err
		}
		out = append(out, dataset.Edge{ID: row.ID, Recipient: name, Form: o.Form, At: row.At, Href: "/releases/" + row.ID})
	}
	return out, nil
}
