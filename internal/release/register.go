package release

import (
	"context"
	"slices"

	"chaperone.example/ledger"
)

// A Set is a de-identified or limited data set that an organization gave or was given
// (DAT-3): how it was made, what it may be used for and until when, and from what.
type Set struct {
	Row
	Authority string   // citation on which it may be used
	Method    []string // profiles that made its files, and their versions
	Elements  []string
	Duties    []string // law.Duty: what goes with it
	Datasets  []string // it was made from; of what was received, the discloser's own business
	DestroyBy string   // date by which the recipient destroys it, or ""
}

// Basis cites how the law calls data made so.
func (s Set) Basis() string {
	switch s.Form {
	case "safe-harbor":
		return "45 CFR 164.514(b)(2)"
	case "expert":
		return "45 CFR 164.514(b)(1)"
	case "limited":
		return "45 CFR 164.514(e)"
	}
	return ""
}

// Sets asks for the register of de-identified and limited data sets that one's
// organization gave or was given, newest first.
type Sets struct{ Directory Directory } // nil: ids stand for names

// Action implements [ledger.Question].
func (Sets) Action() string { return "release.list" }

// Answer implements [ledger.Question].
func (q Sets) Answer(ctx context.Context, r *ledger.Reading) ([]Set, error) {
	rows, err := List{}.rows(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []Set
	var ids []string
	for _, x := range rows {
		s := Set{Row: x}
		if s.Basis() == "" {
			continue
		}
		o, err := ledger.See(ctx, r, Kind, x.ID)
		if err != nil {
			return nil, err
		}
		s.Authority, s.Elements, s.Duties, s.Datasets, s.DestroyBy = o.Authority, o.Elements, o.Duties, o.Datasets, o.DestroyBy
		for _, f := range o.Files {
			s.Method = append(s.Method, f.Profile)
		}
		slices.Sort(s.Method)
		s.Method = slices.Compact(s.Method)
		if x.Discloser != r.Scope().Org {
			s.Datasets = nil
		}
		ids = append(ids, x.Discloser, x.Recipient)
		out = append(out, s)
	}
	n, err := names(ctx, r, q.Directory, ids...)
	for i := range out {
		out[i].Names = n
	}
	return out, err
}
