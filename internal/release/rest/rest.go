// Package rest serves releases, the disclosure log and accountings of disclosures as
// JSON: the same commands and questions as the pages, through the same doors.
package rest

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/release"
	"chaperone.example/internal/release/index"
	"chaperone.example/internal/release/quarantine"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/web"
	"chaperone.example/law/cohort"
	"chaperone.example/ledger"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// A Row is a release in the list.
type Row struct {
	ID        string     `json:"id"`
	Request   string     `json:"request"`
	Discloser string     `json:"discloser" doc:"Organization"`
	Recipient string     `json:"recipient" doc:"Organization"`
	Purpose   string     `json:"purpose"`
	Form      string     `json:"form" doc:"safe-harbor or limited"`
	Records   int64      `json:"records"`
	Patients  int        `json:"patients"`
	Downloads int        `json:"downloads"`
	Offered   time.Time  `json:"offered"`
	Expires   time.Time  `json:"expires"`
	Status    string     `json:"status" doc:"open, held, expired or revoked"`
	Barred    string     `json:"barred,omitempty" doc:"Of an open one: why the law no longer permits it"`
	Mine      bool       `json:"mine" doc:"It is for you to fetch"`
	Revoked   *time.Time `json:"revoked,omitempty"`
	Reason    string     `json:"reason,omitempty" doc:"Of the revocation"`
}

// A Sheet is one release.
type Sheet struct {
	Row
	People      []string       `json:"people" doc:"Users who can fetch and open it"`
	Decision    string         `json:"decision"`
	Basis       string         `json:"basis" doc:"Rule"`
	Authority   string         `json:"authority" doc:"Its citation"`
	Elements    []string       `json:"elements"`
	Withheld    []string       `json:"withheld" doc:"Asked for and not given"`
	LeftOut     []cohort.Left  `json:"left_out" doc:"Patients left out by the decision, by class, in tens rounded up"`
	Labels      []string       `json:"labels" doc:"Labels of sensitivity (HL7) of anything in the package"`
	From        string         `json:"from,omitempty" doc:"First date of service"`
	Until       string         `json:"until,omitempty" doc:"Last date of service"`
	Obligations []Obligation   `json:"obligations"`
	Accountable bool           `json:"accountable" doc:"Stands in the accountings of its patients (45 CFR 164.528)"`
	Files       []release.File `json:"files"`
	Bytes       int64          `json:"bytes" doc:"Of the encrypted package"`
	SHA256      string         `json:"sha256" doc:"Of the encrypted package"`
	DestroyBy   string         `json:"destroy_by,omitempty"`
	Found       int64          `json:"found,omitempty" doc:"How many things the second look found that may identify somebody; none, and it was on offer at once"`
	Ground      string         `json:"ground,omitempty" doc:"On which a second person let it go nevertheless"`
	History     []Step         `json:"history" doc:"Oldest first"`
}

// An Obligation is a duty that goes with the data.
type Obligation struct {
	Duty     string `json:"duty"`
	Text     string `json:"text"`
	Citation string `json:"citation"`
}

// A Set is a line of the register of de-identified and limited data sets.
type Set struct {
	Row
	Law       string   `json:"law" doc:"Citation of what it is called"`
	Method    []string `json:"method" doc:"Profiles that made its files"`
	Authority string   `json:"authority" doc:"Citation on which it may be used"`
	Elements  []string `json:"elements"`
	Duties    []string `json:"duties"`
	Datasets  []string `json:"datasets" doc:"It was made from; of what was received, none"`
	DestroyBy string   `json:"destroy_by,omitempty"`
}

// A Step is something that happened to a release.
type Step struct {
	Seq  int64     `json:"seq" doc:"Position in the ledger"`
	At   time.Time `json:"at"`
	Type string    `json:"type"`
	By   string    `json:"by" doc:"User"`
	Org  string    `json:"org"`
}

// A Disclosure is a line of the disclosure log.
type Disclosure struct {
	Seq         int64     `json:"seq" doc:"Position in the ledger"`
	At          time.Time `json:"at"`
	Release     string    `json:"release"`
	Discloser   string    `json:"discloser"`
	Recipient   string    `json:"recipient"`
	By          string    `json:"by" doc:"User who fetched it"`
	Purpose     string    `json:"purpose"`
	Basis       string    `json:"basis"`
	Authority   string    `json:"authority"`
	Form        string    `json:"form"`
	Elements    []string  `json:"elements"`
	Withheld    []string  `json:"withheld"`
	Duties      []string  `json:"duties"`
	Records     int64     `json:"records"`
	Patients    int       `json:"patients"`
	Accountable bool      `json:"accountable"`
}

// An Accounting is the answer for one patient.
type Accounting struct {
	From    string  `json:"from" doc:"First day"`
	To      string  `json:"to" doc:"Last day"`
	Entries []Entry `json:"entries" doc:"What 45 CFR 164.528(b)(2) lists to the patient"`
	Exempt  []Entry `json:"exempt" doc:"What 45 CFR 164.528(a)(1) exempts: for the officer, not for the patient"`
	Blind   int64   `json:"unlinked" doc:"Records disclosed in the time that do not tell whose they are"`
}

// An Entry is what one release disclosed of the patient.
type Entry struct {
	Date        time.Time `json:"date" doc:"Of the first disclosure"`
	Times       int       `json:"times"`
	Last        time.Time `json:"last" doc:"Of the last disclosure"`
	Release     string    `json:"release"`
	Recipient   string    `json:"recipient" doc:"Organization"`
	Name        string    `json:"recipient_name"`
	Description string    `json:"description" doc:"What was disclosed"`
	Purpose     string    `json:"purpose"`
	Authority   string    `json:"authority"`
	Reason      string    `json:"exempt_because,omitempty"`
	Citation    string    `json:"exempt_by,omitempty"`
}

func row(x release.Row) Row {
	out := Row{ID: x.ID, Request: x.Request, Discloser: x.Discloser, Recipient: x.Recipient, Purpose: x.Purpose, Form: x.Form, Records: x.Records, Patients: x.Patients,
		Downloads: x.Downloads, Offered: x.At, Expires: x.Expires, Status: string(x.Status), Barred: x.Barred, Mine: x.Mine, Reason: string(x.Reason)}
	if !x.RevokedAt.IsZero() {
		out.Revoked = &x.RevokedAt
	}
	return out
}

func sheet(s release.Sheet, a ledger.Actor) Sheet {
	out := Sheet{Row: row(release.Row{ID: s.ID, Request: s.Request, Discloser: s.Discloser, Recipient: s.Recipient, Purpose: s.Purpose, Form: s.Form, Records: s.Records(),
		Patients: s.Patients, Downloads: s.Offer.Downloads, At: s.At, Expires: s.Expires, Status: s.Status, Barred: s.Barred, Reason: s.Reason, RevokedAt: s.RevokedAt,
		Mine: a.Org == s.Recipient && s.For(a.ID)}),
		People: list(s.People), Decision: s.Decision, Basis: s.Basis, Authority: s.Authority, Elements: list(s.Elements), Withheld: list(s.Withheld), LeftOut: list(s.LeftOut), Labels: list(s.Labels), From: s.From, Until: s.Until,
		Obligations: []Obligation{}, Accountable: s.Accountable, Files: list(s.Files), Bytes: s.Bytes, SHA256: s.SHA256, DestroyBy: s.DestroyBy, Found: s.Found, Ground: string(s.Ground), History: []Step{}}
	for _, o := range release.Obligations(s.Duties) {
		out.Obligations = append(out.Obligations, Obligation(o))
	}
	for _, x := range s.Steps {
		out.History = append(out.History, Step{x.Seq, x.At, x.Type, x.By, x.Org})
	}
	return out
}

// list is never null in JSON.
func list[T any](of []T) []T { return append([]T{}, of...) }

func entries(a release.Accounting, of []release.Entry) []Entry {
	out := []Entry{}
	for _, e := range of {
		out = append(out, Entry{Date: e.At, Times: e.Times, Last: e.Last, Release: e.Release, Recipient: e.Recipient, Name: a.Name(e.Recipient), Description: e.Description(), Purpose: e.Purpose,
			Authority: e.Authority, Reason: e.Exempt.Reason, Citation: e.Exempt.Citation})
	}
	return out
}

type listIn struct {
	Request string `query:"request" maxLength:"64" doc:"Only of this request"`
	Status  string `query:"status" enum:"open,held,expired,revoked" doc:"Only those that stand so"`
}

type buildIn struct {
	slow
	Key  string `header:"Idempotency-Key"`
	Body struct {
		Request string `json:"request" maxLength:"64" doc:"An approved request for your organization's data"`
		Days    int    `json:"days,omitempty" minimum:"1" maximum:"30" default:"14" doc:"How long the offer stands"`
	}
}

type revokeIn struct {
	rest.ByID
	Body struct {
		Reason string `json:"reason" enum:"agreement-ended,built-in-error,no-longer-needed,suspected-incident,identifying"`
	}
}

type clearIn struct {
	rest.ByID
	Body struct {
		Ground string `json:"ground" enum:"chance,permitted" doc:"chance: no finding is about a person. permitted: the form allows it; never for what is called de-identified"`
	}
}

type downloadIn struct {
	slow
	rest.ByID
}

type logIn struct {
	From   string `query:"from" format:"date" doc:"First day"`
	To     string `query:"to" format:"date" doc:"Last day"`
	Side   string `query:"side" enum:"given,received" doc:"Only what your organization disclosed, or received"`
	Other  string `query:"organization" maxLength:"64" doc:"Only with this organization"`
	Form   string `query:"form" enum:"safe-harbor,limited" doc:"Only in this form"`
	Before int64  `query:"before" minimum:"0" doc:"Only what stands before this position of the ledger: seq of the last line you have"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type accountIn struct {
	Body struct {
		Identifier string `json:"identifier" minLength:"1" maxLength:"200" doc:"Of the patient in your organization's records: a record number, the token of the encounter extract, or Patient/ID of a FHIR export. It is not kept"`
		From       string `json:"from,omitempty" format:"date" doc:"First day; none: six years ago"`
		To         string `json:"to,omitempty" format:"date" doc:"Last day; none: today"`
	}
}

// slow gives an operation that builds or sends a package the time it needs.
type slow struct{}

// Resolve implements huma.Resolver.
func (slow) Resolve(ctx huma.Context) []error {
	_, w := humago.Unwrap(ctx)
	web.Slow(w)
	return nil
}

type receipt = rest.Body[rest.Receipt]

func date(field, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, fault.New(fault.Invalid, "%s is no date: write it like 2026-01-31", field)
	}
	return t, nil
}

func dates(from, to string) (a, b time.Time, err error) {
	if a, err = date("from", from); err == nil {
		b, err = date("to", to)
	}
	return a, b, err
}

// Routes declares the operations.
func Routes(api *rest.API, b *release.Builder, patients index.Register, directory release.Directory) {
	rest.Get(api, "/releases", "list-releases", "What your organization released and what was released to it, newest first", func(ctx context.Context, in *listIn) (*rest.Body[[]Row], error) {
		rows, err := ledger.Ask(ctx, b.Desk, access.Actor(ctx), release.List{Request: in.Request, Status: release.Status(in.Status), Requests: b.Requests})
		if err != nil {
			return nil, err
		}
		out := rest.Body[[]Row]{Body: []Row{}}
		for _, x := range rows {
			out.Body = append(out.Body, row(x))
		}
		return &out, nil
	})
	rest.Get(api, "/releases/register", "list-data-sets", "The register of de-identified and limited data sets that your organization gave or was given, newest first", func(ctx context.Context, _ *struct{}) (*rest.Body[[]Set], error) {
		sets, err := ledger.Ask(ctx, b.Desk, access.Actor(ctx), release.Sets{})
		if err != nil {
			return nil, err
		}
		out := rest.Body[[]Set]{Body: []Set{}}
		for _, s := range sets {
			out.Body = append(out.Body, Set{Row: row(s.Row), Law: s.Basis(), Method: list(s.Method), Authority: s.Authority, Elements: list(s.Elements), Duties: list(s.Duties), Datasets: list(s.Datasets), DestroyBy: s.DestroyBy})
		}
		return &out, nil
	})
	rest.Get(api, "/releases/{id}", "get-release", "One release: what is in it, for whom, and what happened to it. The look is recorded", func(ctx context.Context, in *rest.ByID) (*rest.Body[Sheet], error) {
		a := access.Actor(ctx)
		s, err := ledger.Ask(ctx, b.Desk, a, release.See{ID: in.ID, Requests: b.Requests})
		if err != nil {
			return nil, err
		}
		return &rest.Body[Sheet]{Body: sheet(s, a)}, nil
	})
	rest.Post(api, "/releases", "build-release", "Build the package of an approved request and offer it to its recipients", http.StatusCreated, func(ctx context.Context, in *buildIn) (*receipt, error) {
		a := access.Actor(ctx)
		id := release.NewID(a, in.Key)
		r, err := b.Release(ctx, a, id, in.Body.Request, time.Duration(in.Body.Days)*24*time.Hour)
		if err != nil {
			return nil, err
		}
		return rest.Acknowledge(id, r), nil
	})
	rest.Post(api, "/releases/{id}/revoke", "revoke-release", "End an offer and destroy its package", http.StatusOK, func(ctx context.Context, in *revokeIn) (*receipt, error) {
		r, err := b.Revoke(ctx, access.Actor(ctx), in.ID, release.Reason(in.Body.Reason))
		if err != nil {
			return nil, err
		}
		return rest.Acknowledge(in.ID, r), nil
	})
	rest.Get(api, "/releases/{id}/evidence", "get-release-evidence", "What the second look found in a held release, as it stands in the files, for the second person who decides. The look is recorded", func(ctx context.Context, in *rest.ByID) (*rest.Body[[]quarantine.Evidence], error) {
		found, err := ledger.Ask(ctx, b.Desk, access.Actor(ctx), release.Evidence{Builder: b, ID: in.ID})
		if err != nil {
			return nil, err
		}
		return &rest.Body[[]quarantine.Evidence]{Body: list(found)}, nil
	})
	rest.Post(api, "/releases/{id}/clear", "clear-release", "Let a held release go: somebody else than who built it, after looking at the evidence", http.StatusOK, func(ctx context.Context, in *clearIn) (*receipt, error) {
		r, err := b.Clear(ctx, access.Actor(ctx), in.ID, release.Ground(in.Body.Ground))
		if err != nil {
			return nil, err
		}
		return rest.Acknowledge(in.ID, r), nil
	})
	rest.Post(api, "/releases/{id}/download", "download-release", "Fetch a package (application/octet-stream, age); the download is a disclosure and recorded before the first byte", http.StatusOK, func(ctx context.Context, in *downloadIn) (*huma.StreamResponse, error) {
		o, data, err := b.Open(ctx, access.Actor(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			defer data.Close()
			c.SetHeader("Content-Type", "application/octet-stream")
			c.SetHeader("Content-Disposition", web.Attachment("release-"+o.ID+".zip.age"))
			c.SetHeader("Content-Length", strconv.FormatInt(o.Bytes, 10))
			if _, err := io.Copy(c.BodyWriter(), data); err != nil {
				panic(http.ErrAbortHandler) // what is half sent must not look complete
			}
		}}, nil
	})
	rest.Get(api, "/disclosures", "list-disclosures", "The disclosure log of your organization, newest first. Reading it is recorded", func(ctx context.Context, in *logIn) (*rest.Body[[]Disclosure], error) {
		from, to, err := dates(in.From, in.To)
		if err != nil {
			return nil, err
		}
		lines, err := ledger.Ask(ctx, b.Desk, access.Actor(ctx), release.Log{From: from, To: to, Given: in.Side == "given", Received: in.Side == "received", Other: in.Other, Form: in.Form, Before: in.Before, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		out := rest.Body[[]Disclosure]{Body: []Disclosure{}}
		for _, d := range lines {
			out.Body = append(out.Body, Disclosure{d.Seq, d.At, d.Release, d.Discloser, d.Recipient, d.By, d.Purpose, d.Basis, d.Authority, d.Form, list(d.Elements), list(d.Withheld), list(d.Duties),
				d.Records, d.Patients, d.Accountable})
		}
		return &out, nil
	})
	rest.Post(api, "/disclosures/accounting", "account-disclosures", "The accounting of disclosures for one patient (45 CFR 164.528). The lookup is recorded, the identifier is not kept", http.StatusOK, func(ctx context.Context, in *accountIn) (*rest.Body[Accounting], error) {
		from, to, err := dates(in.Body.From, in.Body.To)
		if err != nil {
			return nil, err
		}
		a, err := ledger.Ask(ctx, b.Desk, access.Actor(ctx), release.Account{Identifier: in.Body.Identifier, From: from, To: to, Index: patients, Directory: directory})
		if err != nil {
			return nil, err
		}
		return &rest.Body[Accounting]{Body: Accounting{From: a.From.Format(time.DateOnly), To: a.To.Format(time.DateOnly), Entries: entries(a, a.Entries), Exempt: entries(a, a.Other), Blind: a.Blind}}, nil
	})
}
