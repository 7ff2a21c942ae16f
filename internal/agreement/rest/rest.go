// Package rest serves agreements as JSON: the same commands and questions as the
// pages, through the same doors.
package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/agreement"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/vault"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/ledger"
)

// A ContractRow is an agreement in the list.
type ContractRow struct {
	ID       string `json:"id"`
	Kind     string `json:"kind" doc:"baa, subcontractor, dua, participation, ohca or qsoa"`
	Other    string `json:"other" doc:"The other party"`
	Upstream bool   `json:"upstream" doc:"The data are one's own"`
	Status   string `json:"status"`
	Version  int    `json:"version" doc:"The version that governs, else the newest"`
	Pending  int    `json:"pending,omitempty" doc:"The version that waits for signatures"`
	Missing  int    `json:"missing" doc:"Required terms that are missing"`
	Start    string `json:"start,omitempty" doc:"First day"`
	End      string `json:"end,omitempty" doc:"Last day"`
	Next     string `json:"next,omitempty" doc:"What one's own organization has to do next"`
	By       string `json:"by,omitempty" doc:"The day by which to do it"`
}

func row(r agreement.Row) ContractRow {
	return ContractRow{r.ID, string(r.Kind), r.Other, r.Upstream, string(r.Status), r.Version, r.Pending, r.Missing, r.Start.String(), r.End.String(), string(r.Next), r.By.String()}
}

// A Contract is one agreement.
type Contract struct {
	ContractRow
	Owner       string               `json:"upstream_organization" doc:"Whose data it is"`
	Recipient   string               `json:"downstream_organization" doc:"Who receives"`
	Versions    []ContractVersion    `json:"versions"`
	Termination *ContractTermination `json:"termination,omitempty"`
	Return      *ReturnDuty          `json:"return,omitempty" doc:"The duty to return or destroy the data, once the end has started it"`
	Reviews     []ContractReview     `json:"reviews" doc:"One's own organization's, newest first"`
	History     []ContractEvent      `json:"history" doc:"Oldest first"`
}

// A ContractVersion is one text of an agreement.
type ContractVersion struct {
	Version    int                   `json:"version"`
	By         string                `json:"by"`
	Instrument instrument.Instrument `json:"instrument"`
	Start      string                `json:"start,omitempty"`
	End        string                `json:"end,omitempty"`
	Signed     string                `json:"signed,omitempty" doc:"The day on which the second party signed"`
	Withdrawn  bool                  `json:"withdrawn,omitempty"`
	Digest     string                `json:"digest" doc:"What a signature commits to: SHA-256, hexadecimal"`
	Signatures []ContractSignature   `json:"signatures"`
	Missing    []instrument.Missing  `json:"missing" doc:"What the law requires and the version lacks: it cannot be signed"`
	Broad      []instrument.Flag     `json:"broad" doc:"Terms that grant more than they should"`
}

// A ContractSignature is that of one party.
type ContractSignature struct {
	Org string    `json:"org"`
	By  string    `json:"by" doc:"Id of the person"`
	At  time.Time `json:"at"`
}

// A ContractTermination is how an agreement ended.
type ContractTermination struct {
	By        string `json:"by"`
	Reason    string `json:"reason"`
	Effective string `json:"effective" doc:"First day on which it no longer holds"`
}

// A ReturnDuty is to return or destroy the data.
type ReturnDuty struct {
	Org string `json:"org"`
	How string `json:"how"`
	Due string `json:"due"`
}

// A ContractReview is one's own review of a version.
type ContractReview struct {
	Seq      int64     `json:"seq" doc:"Position in the ledger"`
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Version  int       `json:"version"`
	Reviewer string    `json:"reviewer"`
	Finding  string    `json:"finding"`
	Note     string    `json:"note,omitempty"`
}

// A ContractEvent is a moment of the history.
type ContractEvent struct {
	Seq     int64     `json:"seq" doc:"Position in the ledger"`
	At      time.Time `json:"at"`
	Type    string    `json:"type"`
	Org     string    `json:"org"`
	Version int       `json:"version,omitempty"`
	Note    string    `json:"note,omitempty"`
}

func sheet(s agreement.Sheet) Contract {
	c := s.Contract
	out := Contract{ContractRow: row(s.Row), Owner: c.Upstream, Recipient: c.Downstream, Reviews: []ContractReview{}, History: []ContractEvent{}}
	for _, v := range c.Versions {
		x := ContractVersion{Version: v.N, By: v.By, Instrument: v.Instrument, Start: v.Start.String(), End: v.End.String(), Signed: v.Signed.String(), Withdrawn: v.Withdrawn,
			Digest: c.Digest(v), Signatures: []ContractSignature{}, Missing: list(instrument.Check(v.Instrument)), Broad: list(instrument.Broad(v.Instrument))}
		for _, sig := range v.Signatures {
			x.Signatures = append(x.Signatures, ContractSignature{sig.Org, sig.Person, sig.At})
		}
		out.Versions = append(out.Versions, x)
	}
	if t := c.Termination; t.Effective != 0 {
		out.Termination = &ContractTermination{t.By, string(t.Reason), t.Effective.String()}
	}
	if d, ok := c.Return(s.At); ok {
		out.Return = &ReturnDuty{d.Org, string(d.How), d.Due.String()}
	}
	for _, r := range s.Reviews {
		out.Reviews = append(out.Reviews, ContractReview{r.Seq, r.At, r.Person, r.Version, string(r.Reviewer), string(r.Finding), r.Note})
	}
	for _, e := range s.History {
		out.History = append(out.History, ContractEvent{e.Seq, e.At, e.Type, e.Org, e.Version, e.Note})
	}
	return out
}

// list is never null in JSON.
func list[T any](of []T) []T { return append([]T{}, of...) }

// An AgreementProposal is a version that a party proposes: a template, or an instrument with the
// values of package law/instrument.
type AgreementProposal struct {
	Template   string                 `json:"template,omitempty" doc:"Start from a template: baa, cloud, subcontractor, participation, dua, ohca, qsoa; the instrument is then left out"`
	Instrument *instrument.Instrument `json:"instrument,omitempty" doc:"Kind, clauses and machine-readable terms"`
	Start      string                 `json:"start,omitempty" format:"date" doc:"First day; none: when both have signed"`
	End        string                 `json:"end,omitempty" format:"date" doc:"Last day; none: until it is terminated"`
	Note       string                 `json:"note,omitempty" maxLength:"4000" doc:"To the other party; kept sealed"`
}

// read returns what a proposal says.
func (p AgreementProposal) read() (in instrument.Instrument, start, end civil.Date, err error) {
	switch {
	case p.Instrument != nil && p.Template != "":
		return in, 0, 0, fault.New(fault.Invalid, "send a template or an instrument, not both")
	case p.Instrument != nil:
		in = *p.Instrument
	default:
		var ok bool
		if in, ok = instrument.Template(p.Template); !ok {
			return in, 0, 0, fault.New(fault.Invalid, "send an instrument, or name a template: baa, cloud, subcontractor, participation, dua, ohca or qsoa")
		}
	}
	if start, err = date("start", p.Start); err == nil {
		end, err = date("end", p.End)
	}
	return in, start, end, err
}

func date(field, s string) (civil.Date, error) {
	d, err := civil.Parse(s)
	if err != nil {
		return 0, fault.New(fault.Invalid, "%s is no date: write it like 2026-01-31", field)
	}
	return d, nil
}

type offerIn struct {
	Key  string `header:"Idempotency-Key"`
	Body struct {
		Upstream   string `json:"upstream" maxLength:"64" doc:"Organization whose data it is"`
		Downstream string `json:"downstream" maxLength:"64" doc:"Organization that receives"`
		AgreementProposal
	}
}

type amendIn struct {
	rest.ByID
	Body struct {
		Version int `json:"version" minimum:"1" doc:"The newest version, as you saw it"`
		AgreementProposal
	}
}

type versionIn struct {
	rest.ByID
	Body struct {
		Version int    `json:"version" minimum:"1" doc:"The version that you have read"`
		Note    string `json:"note,omitempty" maxLength:"4000"`
	}
}

type signIn struct {
	rest.ByID
	Body struct {
		Version int `json:"version" minimum:"1" doc:"The version that you have read"`
	}
}

type renewIn struct {
	rest.ByID
	Body struct {
		Version int    `json:"version" minimum:"1" doc:"The newest version, as you saw it"`
		End     string `json:"end" format:"date" doc:"The new last day"`
		Note    string `json:"note,omitempty" maxLength:"4000"`
	}
}

type reviewIn struct {
	rest.ByID
	Key  string `header:"Idempotency-Key"`
	Body struct {
		Version  int    `json:"version" minimum:"1"`
		Reviewer string `json:"reviewer" enum:"counsel,privacy-officer"`
		Finding  string `json:"finding" enum:"acceptable,objections"`
		Note     string `json:"note,omitempty" maxLength:"4000" doc:"Seen by one's own organization only; kept sealed"`
	}
}

type terminateIn struct {
	rest.ByID
	Body struct {
		Reason    string `json:"reason" enum:"end-of-term,material-breach,convenience"`
		Effective string `json:"effective,omitempty" format:"date" doc:"First day on which it no longer holds; none: today, or the day after the last at the end of the term"`
		ReturnBy  string `json:"return_by,omitempty" format:"date" doc:"Last day to return or destroy the data; none: 30 days after it ends"`
		Note      string `json:"note,omitempty" maxLength:"4000"`
	}
}

// A receipt acknowledges a command.
type receipt = rest.Body[rest.Receipt]

// Routes declares the operations.
func Routes(api *rest.API, desk *ledger.Desk, parties agreement.Parties) {
	do := func(ctx context.Context, id string, c ledger.Command[agreement.Contract]) (*receipt, error) {
		r, err := ledger.Do(ctx, desk, access.Actor(ctx), agreement.Kind, id, c)
		if err != nil {
			return nil, err
		}
		return rest.Acknowledge(id, r), nil
	}
	rest.Get(api, "/agreements", "list-agreements", "Your organization's agreements", func(ctx context.Context, _ *rest.None) (*rest.Body[[]ContractRow], error) {
		rows, err := ledger.Ask(ctx, desk, access.Actor(ctx), agreement.List{})
		if err != nil {
			return nil, err
		}
		out := rest.Body[[]ContractRow]{Body: []ContractRow{}}
		for _, r := range rows {
			out.Body = append(out.Body, row(r))
		}
		return &out, nil
	})
	rest.Get(api, "/agreements/{id}", "get-agreement", "One agreement: its versions, checks, signatures and history", func(ctx context.Context, in *rest.ByID) (*rest.Body[Contract], error) {
		s, err := ledger.Ask(ctx, desk, access.Actor(ctx), agreement.Show{ID: in.ID})
		if err != nil {
			return nil, err
		}
		return &rest.Body[Contract]{Body: sheet(s)}, nil
	})
	rest.Post(api, "/agreements", "offer-agreement", "Offer an agreement", http.StatusCreated, func(ctx context.Context, in *offerIn) (*receipt, error) {
		text, start, end, err := in.Body.read()
		if err != nil {
			return nil, err
		}
		b := in.Body
		return do(ctx, begin(ctx, "a-", in.Key), agreement.Offer{Upstream: b.Upstream, Downstream: b.Downstream, Instrument: text, Start: start, End: end, Note: b.Note, Parties: parties})
	})
	rest.Post(api, "/agreements/{id}/amend", "amend-agreement", "Propose a changed version", http.StatusOK, func(ctx context.Context, in *amendIn) (*receipt, error) {
		text, start, end, err := in.Body.read()
		if err != nil {
			return nil, err
		}
		return do(ctx, in.ID, agreement.Amend{Version: in.Body.Version, Instrument: text, Start: start, End: end, Note: in.Body.Note})
	})
	rest.Post(api, "/agreements/{id}/sign", "sign-agreement", "Sign a version for your organization", http.StatusOK, func(ctx context.Context, in *signIn) (*receipt, error) {
		return do(ctx, in.ID, agreement.Sign{Version: in.Body.Version})
	})
	rest.Post(api, "/agreements/{id}/withdraw", "withdraw-agreement", "Withdraw or decline a version that waits for signatures", http.StatusOK, func(ctx context.Context, in *versionIn) (*receipt, error) {
		return do(ctx, in.ID, agreement.Withdraw{Version: in.Body.Version, Note: in.Body.Note})
	})
	rest.Post(api, "/agreements/{id}/renew", "renew-agreement", "Propose the same terms until a later day", http.StatusOK, func(ctx context.Context, in *renewIn) (*receipt, error) {
		end, err := date("end", in.Body.End)
		if err != nil {
			return nil, err
		}
		return do(ctx, in.ID, agreement.Renew{Version: in.Body.Version, End: end, Note: in.Body.Note})
	})
	rest.Post(api, "/agreements/{id}/terminate", "terminate-agreement", "Terminate an agreement that both have signed", http.StatusOK, func(ctx context.Context, in *terminateIn) (*receipt, error) {
		effective, err := date("effective", in.Body.Effective)
		if err != nil {
			return nil, err
		}
		due, err := date("return_by", in.Body.ReturnBy)
		if err != nil {
			return nil, err
		}
		return do(ctx, in.ID, agreement.Terminate{Reason: agreement.Cause(in.Body.Reason), Effective: effective, ReturnBy: due, Note: in.Body.Note})
	})
	rest.Post(api, "/agreements/{id}/review", "review-agreement", "Record your organization's own review of a version", http.StatusCreated, func(ctx context.Context, in *reviewIn) (*receipt, error) {
		id, b := begin(ctx, "v-", in.Key), in.Body
		r, err := ledger.Do(ctx, desk, access.Actor(ctx), agreement.Opinions, id, agreement.RecordReview{Agreement: in.ID, Version: b.Version, Reviewer: agreement.Reader(b.Reviewer), Finding: agreement.Finding(b.Finding), Note: b.Note})
		if err != nil {
			return nil, err
		}
		return rest.Acknowledge(id, r), nil
	})
}

// begin returns the id of a new stream. With an idempotency key it follows from the
// key, so that a request that is sent again leads to the same stream.
func begin(ctx context.Context, prefix, key string) string {
	if key == "" {
		return prefix + vault.NewID()
	}
	sum := sha256.Sum256([]byte(access.Actor(ctx).ID + "\x00" + key))
	return prefix + hex.EncodeToString(sum[:13])
}
