// Package foresight joins the packs of rules with the requests that were decided: what
// would a pack have meant for them (DEC-1).
package foresight

import (
	"context"

	"chaperone.example/internal/request/past"
	"chaperone.example/internal/rulebook"
	"chaperone.example/law/overlay"
	whatif "chaperone.example/law/replay"
	"chaperone.example/ledger"
)

// Packs says what a pack of rules would have meant for the decisions about an
// organization's data.
func Packs(desk *ledger.Desk) rulebook.Looking {
	return func(ctx context.Context, who ledger.Actor, p overlay.Pack) (rulebook.Past, error) {
		found, err := ledger.Ask(ctx, desk, who, past.WhatIf{Change: whatif.Change{Overlay: &p}, Ours: true})
		if err != nil {
			return rulebook.Past{}, err
		}
		out := rulebook.Past{Looked: found.Looked, More: found.More, Changed: []rulebook.Change{}}
		for _, c := range found.Changed {
			x := rulebook.Change{Request: c.Request, Project: c.Project, Before: c.Before, After: c.After, Withheld: []string{}}
			for _, l := range c.Lines {
				x.Withheld = append(x.Withheld, l.Element)
			}
			out.Changed = append(out.Changed, x)
		}
		return out, nil
	}
}
