// Package rest serves an organization's own part of the ledger as JSON.
package rest

import (
	"context"
	"encoding/base64"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/history"
	"chaperone.example/internal/rest"
	"chaperone.example/ledger"
)

// A Head is the size and the root of the ledger.
type Head struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root" doc:"Base64 of the root hash"`
}

// A Chapter is a stretch of the organization's own records.
type Chapter struct {
	Head    Head     `json:"head"`
	Records []Record `json:"records" doc:"Newest first"`
	Older   int64    `json:"older" doc:"Ask again with before at this position; -1 if there are none"`
}

// A Record is what stands in the ledger, and when it happened.
type Record struct {
	ledger.Record
	Happened time.Time `json:"happened" doc:"When the record says that it happened: when it was recorded, or before"`
}

type recent struct {
	Stream string `query:"stream" doc:"Only records of this stream: agreement/a-…"`
	Before int64  `query:"before" default:"-1" doc:"Only records before this position"`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"500"`
}

type one struct {
	Seq int64 `path:"seq" minimum:"0" doc:"Position in the ledger"`
}

type behind struct {
	Stream string `query:"stream" doc:"Of what: request/q-…; your own organization if empty"`
}

// A Proven is a record and its proof.
type Proven struct {
	Seq   int64  `json:"seq" doc:"Position in the ledger"`
	Proof string `json:"proof" doc:"A C2SP tlog-proof: save it as a file and verify it offline"`
}

// proof is a text file.
type proof struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// Routes declares the operations.
func Routes(api *rest.API, desk *ledger.Desk, origin string, policy []byte) {
	rest.Get(api, "/ledger", "list-records", "Your organization's records and the head of the ledger", func(ctx context.Context, in *recent) (*rest.Body[Chapter], error) {
		c, err := ledger.Ask(ctx, desk, access.Actor(ctx), history.Recent{Origin: origin, Stream: in.Stream, Before: in.Before, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		records := make([]Record, len(c.Records))
		for i, e := range c.Records {
			records[i] = Record(e)
		}
		return &rest.Body[Chapter]{Body: Chapter{Head{origin, c.Head.N, base64.StdEncoding.EncodeToString(c.Head.Hash[:])}, records, c.Older}}, nil
	})
	rest.Get(api, "/ledger/{seq}", "get-record", "One record of your organization", func(ctx context.Context, in *one) (*rest.Body[Record], error) {
		r, err := ledger.Ask(ctx, desk, access.Actor(ctx), history.One{Seq: in.Seq})
		if err != nil {
			return nil, err
		}
		return &rest.Body[Record]{Body: Record(r)}, nil
	})
	rest.Get(api, "/ledger/{seq}/proof", "prove-record", "A proof (C2SP tlog-proof) of one record", func(ctx context.Context, in *one) (*proof, error) {
		p, err := ledger.Ask(ctx, desk, access.Actor(ctx), history.Proof{Seq: in.Seq})
		if err != nil {
			return nil, err
		}
		return &proof{"text/plain; charset=utf-8", p}, nil
	})
	rest.Get(api, "/ledger/prove", "prove-thing", "The proofs of all records of your organization behind one thing, oldest first", func(ctx context.Context, in *behind) (*rest.Body[[]Proven], error) {
		all, err := ledger.Ask(ctx, desk, access.Actor(ctx), history.Proofs{Behind: history.Behind{Stream: in.Stream}})
		if err != nil {
			return nil, err
		}
		out := make([]Proven, len(all))
		for i, p := range all {
			out[i] = Proven{p.Seq, string(p.File)}
		}
		return &rest.Body[[]Proven]{Body: out}, nil
	})
	rest.Get(api, "/ledger-policy", "get-policy", "The policy file that trusts this ledger", func(context.Context, *rest.None) (*proof, error) {
		return &proof{"text/plain; charset=utf-8", policy}, nil
	})
}
