// Package rest serves the rule book, and the packs of rules that an organization adds
// to it, as JSON: the same commands and questions as the pages.
package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/rulebook"
	"chaperone.example/law"
	"chaperone.example/law/casefile"
	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
	"chaperone.example/ledger"
)

// A Book is the rule book.
type Book struct {
	Hash  string          `json:"hash" doc:"Of every rule: decisions name it"`
	Rules []rulebook.Rule `json:"rules"`
}

// A Pack is a pack of rules that the organization adds.
type Pack struct {
	ID        string       `json:"id" doc:"Of the pack here"`
	Standing  string       `json:"standing" doc:"in force, takes effect later or retired"`
	Effective string       `json:"effective" doc:"First day of the newest version"`
	Retired   string       `json:"retired,omitempty" doc:"First day without it"`
	Adopted   time.Time    `json:"adopted"`
	Pack      overlay.Pack `json:"pack" doc:"The newest version"`
}

type adoption struct {
	Body struct {
		Text      string `json:"text" minLength:"1" maxLength:"131072" doc:"The pack in YAML: see docs/law/packs.md"`
		Effective string `json:"effective" format:"date" doc:"First day on which it applies: today or later"`
	}
}

type draft struct {
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"131072" doc:"The pack in YAML: see docs/law/packs.md"`
	}
}

type retirement struct {
	ID   string `path:"id"`
	Body struct {
		Effective string `json:"effective" format:"date" doc:"First day without it: today or later"`
	}
}

// Routes declares the operations.
func Routes(api *rest.API, desk *ledger.Desk, parties rulebook.Parties, past rulebook.Looking) {
	rest.Get(api, "/rules", "list-rules", "The rule book that decisions are made by", func(_ context.Context, _ *rest.None) (*rest.Body[Book], error) {
		return &rest.Body[Book]{Body: Book{law.RuleBook(), rulebook.Rules("", "")}}, nil
	})
	rest.Get(api, "/rules/packs", "list-packs", "The packs of rules that your organization adds", func(ctx context.Context, _ *rest.None) (*rest.Body[[]Pack], error) {
		rows, err := ledger.Ask(ctx, desk, access.Actor(ctx), rulebook.List{})
		if err != nil {
			return nil, err
		}
		out := []Pack{}
		for _, x := range rows {
			out = append(out, shown(x))
		}
		return &rest.Body[[]Pack]{Body: out}, nil
	})
	rest.Get(api, "/rules/packs/{id}", "get-pack", "One pack of rules", func(ctx context.Context, in *rest.ByID) (*rest.Body[Pack], error) {
		x, err := ledger.Ask(ctx, desk, access.Actor(ctx), rulebook.One{ID: in.ID})
		if err != nil {
			return nil, err
		}
		return &rest.Body[Pack]{Body: shown(x)}, nil
	})
	rest.Post(api, "/rules/packs/preview", "preview-pack", "Check a pack of rules, and see what it would have meant for past decisions", http.StatusOK, func(ctx context.Context, in *draft) (*rest.Body[rulebook.Past], error) {
		a := access.Actor(ctx)
		p, err := read(in.Body.Text, a.Org)
		if err != nil {
			return nil, err
		}
		out, err := past(ctx, a, p)
		return &rest.Body[rulebook.Past]{Body: out}, err
	})
	rest.Post(api, "/rules/packs", "adopt-pack", "Adopt a pack of rules for your organization's data, or its next version", http.StatusCreated, func(ctx context.Context, in *adoption) (*rest.Body[rest.Receipt], error) {
		a := access.Actor(ctx)
		effective, err := date(in.Body.Effective)
		if err != nil {
			return nil, err
		}
		p, err := read(in.Body.Text, a.Org)
		if err != nil {
			return nil, err
		}
		id, receipt, err := rulebook.Enter(ctx, desk, a, p, effective, parties)
		if err != nil {
			return nil, err
		}
		return rest.Acknowledge(id, receipt), nil
	})
	rest.Post(api, "/rules/packs/{id}/retire", "retire-pack", "Retire a pack of rules", http.StatusOK, func(ctx context.Context, in *retirement) (*rest.Body[rest.Receipt], error) {
		effective, err := date(in.Body.Effective)
		if err != nil {
			return nil, err
		}
		receipt, err := ledger.Do(ctx, desk, access.Actor(ctx), rulebook.Kind, in.ID, rulebook.Retire{Effective: effective})
		if err != nil {
			return nil, err
		}
		return rest.Acknowledge(in.ID, receipt), nil
	})
}

func shown(x rulebook.Row) Pack {
	v := x.Newest()
	p := Pack{ID: x.ID, Standing: string(x.Standing), Effective: v.Effective.String(), Adopted: v.At, Pack: v.Pack}
	if x.Retired != 0 {
		p.Retired = x.Retired.String()
	}
	return p
}

// read reads a pack. What is wrong with it is told with its lines.
func read(text, org string) (overlay.Pack, error) {
	p, err := casefile.ReadPack("pack", []byte(text), org)
	if err != nil {
		return p, fault.New(fault.Invalid, "the pack cannot be adopted: %v", err)
	}
	if wrong := rulebook.Check(p); len(wrong) > 0 {
		return p, fault.New(fault.Invalid, "the pack cannot be adopted: %s", strings.Join(wrong, "; "))
	}
	return p, nil
}

func date(s string) (civil.Date, error) {
	d, err := civil.Parse(s)
	if err != nil {
		return 0, fault.New(fault.Invalid, "give the day as 2026-01-31")
	}
	return d, nil
}
