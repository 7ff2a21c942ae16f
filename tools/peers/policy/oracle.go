package policy

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"chaperone.example/law"
	"chaperone.example/phi"
)

//go:embed disclosure.rego
var module string

// An Oracle decides by the encoding in Rego.
type Oracle struct{ query rego.PreparedEvalQuery }

// An Answer is what is decided about one class of patients.
type Answer struct {
	Outcome string   `json:"outcome"`
	Form    string   `json:"form"`
	Kept    []string `json:"kept"`
	Changed []string `json:"changed"`
}

// locate lists the items of 45 CFR 164.512(f)(2)(i) and fundraising those of
// 164.514(f)(1), of the catalogue.
var (
	locate = []string{"patient.name", "patient.street", "patient.city", "patient.county", "patient.state", "patient.zip", "patient.birth-date", "patient.ssn",
		"patient.death-date", "patient.age", "patient.sex", "patient.race-ethnicity", "encounter.admit-date", "encounter.ed-times", "encounter.discharge-date"}
	fundraising = []string{"patient.name", "patient.street", "patient.city", "patient.county", "patient.state", "patient.zip", "patient.telephone", "patient.email",
		"patient.birth-date", "patient.age", "patient.sex", "encounter.admit-date", "encounter.discharge-date", "encounter.location", "encounter.disposition",
		"clinical.practitioner", "encounter.payer"}
)

// NewOracle compiles the encoding; the catalogue of elements is data to it.
func NewOracle(ctx context.Context) (*Oracle, error) {
	catalogue := map[string]any{}
	for _, e := range phi.Elements() {
		letter := ""
		if e.Identifier != 0 {
			letter = string(rune(e.Identifier))
		}
		catalogue[e.ID] = map[string]any{"class": string(e.Class), "identifier": letter, "street": e.Street, "free_text": e.FreeText}
	}
	set := func(list []string) map[string]any {
		out := map[string]any{}
		for _, id := range list {
			out[id] = true
		}
		return out
	}
	store := inmem.NewFromObject(map[string]any{"catalogue": catalogue, "locate_items": set(locate), "fundraising_items": set(fundraising)})
	q, err := rego.New(rego.Query("data.disclosure.decision"), rego.Module("disclosure.rego", module), rego.Store(store)).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	return &Oracle{q}, nil
}

// Input is a request with its facts, as the oracle reads it: parsed beforehand, so that
// no JSON is in what is measured.
func Input(r law.Request, f law.Facts) (ast.Value, error) {
	j, err := json.Marshal(map[string]any{"request": r, "facts": f})
	if err != nil {
		return nil, err
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(j))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return ast.InterfaceToValue(v)
}

// Decide answers for each class of patients.
func (o *Oracle) Decide(ctx context.Context, in ast.Value) (map[string]Answer, error) {
	v, err := o.Eval(ctx, in)
	if err != nil {
		return nil, err
	}
	j, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out map[string]Answer
	return out, json.Unmarshal(j, &out)
}

// Eval answers as the engine does.
func (o *Oracle) Eval(ctx context.Context, in ast.Value) (any, error) {
	rs, err := o.query.Eval(ctx, rego.EvalParsedInput(in))
	if err != nil {
		return nil, err
	}
	if len(rs) != 1 {
		return nil, fmt.Errorf("policy: the oracle has %d answers", len(rs))
	}
	return rs[0].Expressions[0].Value, nil
}

// Ours is what package law decides, in the same words.
func Ours(d law.Decision) map[string]Answer {
	out := map[string]Answer{}
	for i := range d.Parts {
		p := &d.Parts[i]
		a := Answer{Outcome: string(p.Outcome), Form: p.Form.String(), Kept: []string{}, Changed: []string{}}
		for _, l := range p.Lines {
			switch l.Treatment {
			case law.Kept:
				a.Kept = append(a.Kept, l.Element)
			case law.Transformed:
				a.Changed = append(a.Changed, l.Element)
			}
		}
		out[p.Class] = a
	}
	return out
}
