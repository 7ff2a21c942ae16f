// Package rest serves the inventory of datasets as JSON: the same commands and
// questions as the pages, through the same doors.
package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/dataset"
	"chaperone.example/internal/dataset/intake"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/web"
	"chaperone.example/law/cohort"
	"chaperone.example/ledger"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// A Row is a dataset in the inventory.
type Row struct {
	ID          string    `json:"id"`
	Title       string    `json:"title"`
	System      string    `json:"system" doc:"The source system"`
	Source      string    `json:"source" doc:"Its kind"`
	Format      string    `json:"format" doc:"encounter-csv, fhir-ndjson or unit-month-csv"`
	Environment string    `json:"environment" doc:"production, test or training"`
	Repository  string    `json:"repository" doc:"Where it is kept"`
	Region      string    `json:"region"`
	PHI         bool      `json:"contains_phi" doc:"As declared, or because its fields identify people"`
	Status      string    `json:"status" doc:"awaiting file, to be confirmed, ready or retired"`
	Version     int       `json:"version" doc:"0 before a file was received"`
	Records     int64     `json:"records"`
	Bytes       int64     `json:"bytes"`
	SHA256      string    `json:"sha256,omitempty"`
	First       string    `json:"first_month,omitempty"`
	Last        string    `json:"last_month,omitempty"`
	Changed     time.Time `json:"changed"`
	Releases    []Edge    `json:"releases"`
}

// An Edge leads to a release of the dataset.
type Edge struct {
	ID        string    `json:"id"`
	Recipient string    `json:"recipient"`
	Form      string    `json:"form"`
	At        time.Time `json:"at"`
}

func row(x dataset.Row) Row {
	r := Row{x.ID, x.Label.Title, x.Label.System, string(x.Source), string(x.Format), string(x.Environment), x.Repository, x.Region, x.PHI, string(x.Status),
		x.Version, x.Records, x.Bytes, x.SHA256, x.First, x.Last, x.Changed, []Edge{}}
	for _, e := range x.Releases {
		r.Releases = append(r.Releases, Edge{e.ID, e.Recipient, e.Form, e.At})
	}
	return r
}

// A Sheet is one dataset.
type Sheet struct {
	Row
	Elements []dataset.Element `json:"elements" doc:"What the fields of the current version stand for, and which roles need it"`
	Fields   []intake.Tally    `json:"fields" doc:"How often each column or path is filled"`
	Types    []intake.Tally    `json:"types,omitempty" doc:"FHIR resources by type"`
	Part2    string            `json:"part2,omitempty" doc:"Whether a substance-use program made the records: none, program or mixed; empty if nobody has said"`
	Patients []cohort.Count    `json:"patients" doc:"How many patients of the current version have which labels of sensitivity"`
	Versions []Version         `json:"versions" doc:"Lineage, oldest first"`
	History  []Event           `json:"history" doc:"Newest first"`
}

// A Version is one file that was received.
type Version struct {
	Version   int       `json:"version"`
	At        time.Time `json:"at"`
	Records   int64     `json:"records"`
	Bytes     int64     `json:"bytes"`
	SHA256    string    `json:"sha256"`
	Replaces  int       `json:"replaces,omitempty"`
	Confirmed bool      `json:"confirmed"`
}

// An Event is something that happened.
type Event struct {
	Seq     int64     `json:"seq" doc:"Position in the ledger"`
	At      time.Time `json:"at"`
	Type    string    `json:"type"`
	Person  string    `json:"person" doc:"Id of who did it"`
	Reason  string    `json:"reason,omitempty" doc:"Work item"`
	Version int       `json:"version,omitempty"`
	Note    string    `json:"note,omitempty"`
	Changes int       `json:"changes,omitempty"`
}

func sheet(s dataset.Sheet) Sheet {
	out := Sheet{Row: row(s.Row), Part2: string(s.Holding.Part2), Patients: []cohort.Count{}, Elements: []dataset.Element{}, Fields: []intake.Tally{}, Versions: []Version{}, History: []Event{}}
	if v, ok := s.Holding.Current(); ok {
		out.Elements, out.Fields, out.Types = v.Elements, v.Fields, v.Types
		out.Patients = append(out.Patients, v.Patients...)
	}
	for _, v := range s.Holding.Versions {
		out.Versions = append(out.Versions, Version{v.Version, v.At, v.Records, v.Bytes, v.SHA256, v.Replaces, v.Confirmed})
	}
	for _, m := range s.History {
		out.History = append(out.History, Event(m))
	}
	return out
}

// registration is the input of a new dataset.
type registration struct {
	Key  string `header:"Idempotency-Key" doc:"Sent again with the same key, it is one dataset"`
	Body struct {
		Title       string `json:"title" minLength:"1" maxLength:"200" doc:"Do not name patients"`
		System      string `json:"system" minLength:"1" maxLength:"200" doc:"The source system"`
		Source      string `json:"source" enum:"ehr,billing,laboratory,registry,surveillance,warehouse,other"`
		Format      string `json:"format" enum:"encounter-csv,fhir-ndjson,unit-month-csv"`
		Environment string `json:"environment" enum:"production,test,training"`
		Repository  string `json:"repository" doc:"One that the operator approved"`
		PHI         bool   `json:"contains_phi"`
		Part2       string `json:"part2,omitempty" enum:"none,program,mixed" doc:"Whether a substance-use program made the records (42 CFR Part 2); can be declared later"`
	}
}

type classification struct {
	ID   string `path:"id"`
	Body struct {
		Version int                  `json:"version" minimum:"1" doc:"That was looked at"`
		Changes []dataset.Correction `json:"changes,omitempty" maxItems:"2000" doc:"A stricter element needs no reason"`
	}
}

type provenance struct {
	ID   string `path:"id"`
	Body struct {
		Part2 string `json:"part2" enum:"none,program,mixed" doc:"Whether a substance-use program made the records (42 CFR Part 2)"`
	}
}

type retirement struct {
	ID   string `path:"id"`
	Body struct {
		Reason string `json:"reason" enum:"not-needed,superseded,flawed,misplaced"`
	}
}

// file is a request whose body is the file. It is read as it arrives: the frame
// would hold it in memory.
type file struct {
	ID   string `path:"id"`
	body io.Reader
}

// Resolve implements huma.Resolver: it takes the body before anybody reads it.
func (f *file) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	web.Slow(w)
	// The store has a limit of its own, which it explains.
	web.AllowBody(r, 1<<62)
	f.body = r.Body
	return nil
}

// Routes declares the operations. Releases may be nil.
func Routes(api *rest.API, store *dataset.Store, releases dataset.Releases) {
	rest.Get(api, "/datasets", "list-datasets", "The inventory of your organization's datasets", func(ctx context.Context, _ *rest.None) (*rest.Body[[]Row], error) {
		rows, err := ledger.Ask(ctx, store.Desk, access.Actor(ctx), dataset.List{Releases: releases})
		if err != nil {
			return nil, err
		}
		out := make([]Row, len(rows))
		for i, x := range rows {
			out[i] = row(x)
		}
		return &rest.Body[[]Row]{Body: out}, nil
	})
	rest.Get(api, "/datasets/{id}", "get-dataset", "One dataset with its classification, lineage and history", func(ctx context.Context, in *rest.ByID) (*rest.Body[Sheet], error) {
		s, err := ledger.Ask(ctx, store.Desk, access.Actor(ctx), dataset.One{ID: in.ID, Releases: releases})
		if err != nil {
			return nil, err
		}
		return &rest.Body[Sheet]{Body: sheet(s)}, nil
	})
	rest.Post(api, "/datasets", "register-dataset", "Register a dataset", http.StatusCreated, func(ctx context.Context, in *registration) (*rest.Body[rest.Receipt], error) {
		a := access.Actor(ctx)
		id := dataset.NewID(a, in.Key)
		b := in.Body
		receipt, err := store.Register(ctx, a, id, dataset.Register{Format: intake.Format(b.Format), Source: dataset.Source(b.Source), Environment: dataset.Environment(b.Environment),
			Repository: b.Repository, PHI: b.PHI, Part2: dataset.Provenance(b.Part2), Label: dataset.Label{Title: b.Title, System: b.System}})
		if err != nil {
			return nil, err
		}
		return rest.Acknowledge(id, receipt), nil
	})
	rest.PostFile(api, "/datasets/{id}/file", "receive-dataset-file", "Send the file of a dataset as the body (application/octet-stream); it is kept whole, or not at all", http.StatusCreated, func(ctx context.Context, in *file) (*rest.Body[rest.Receipt], error) {
		receipt, err := store.Receive(ctx, access.Actor(ctx), in.ID, in.body)
		if err != nil {
			return nil, problem(err)
		}
		return rest.Acknowledge(in.ID, receipt), nil
	})
	rest.Post(api, "/datasets/{id}/classification", "classify-dataset", "Confirm the classification of a version, after corrections if any", http.StatusOK, func(ctx context.Context, in *classification) (*rest.Body[rest.Receipt], error) {
		return do(ctx, store, in.ID, dataset.Classify{Version: in.Body.Version, Changes: in.Body.Changes})
	})
	rest.Post(api, "/datasets/{id}/provenance", "declare-dataset-provenance", "Say whether a substance-use program made the records", http.StatusOK, func(ctx context.Context, in *provenance) (*rest.Body[rest.Receipt], error) {
		return do(ctx, store, in.ID, dataset.Declare{Part2: dataset.Provenance(in.Body.Part2)})
	})
	rest.Post(api, "/datasets/{id}/retirement", "retire-dataset", "Retire a dataset: nothing new is made of it", http.StatusOK, func(ctx context.Context, in *retirement) (*rest.Body[rest.Receipt], error) {
		return do(ctx, store, in.ID, dataset.Retire{Reason: dataset.Ending(in.Body.Reason)})
	})
}

func do(ctx context.Context, store *dataset.Store, id string, c ledger.Command[dataset.Holding]) (*rest.Body[rest.Receipt], error) {
	receipt, err := ledger.Do(ctx, store.Desk, access.Actor(ctx), dataset.Kind, id, c)
	if err != nil {
		return nil, err
	}
	return rest.Acknowledge(id, receipt), nil
}

// problem tells all that is wrong with a file, one field of the problem document
// each.
func problem(err error) error {
	var r *intake.Refusal
	if !errors.As(err, &r) {
		return err
	}
	_, detail, _ := fault.Of(r)
	p := &rest.Problem{Type: "about:blank", Title: http.StatusText(http.StatusUnprocessableEntity), Status: http.StatusUnprocessableEntity, Code: string(fault.Invalid), Detail: detail}
	for _, x := range r.Problems {
		location := "file"
		if x.Line > 0 {
			location = fmt.Sprintf("line %d", x.Line)
		}
		if x.Column > 0 {
			location += fmt.Sprintf(", column %d", x.Column)
		}
		message := x.Text + "; " + x.Remedy
		if x.Again > 0 {
			message += fmt.Sprintf(" (%d more times)", x.Again)
		}
		p.Errors = append(p.Errors, rest.Field{Location: location, Message: message})
	}
	return p
}
