package rulebook

import (
	"context"
	_ "embed"
	"fmt"

	"chaperone.example/ledger"
)

//go:embed view.sql
var schema string

// View keeps which packs each organization has.
func View() ledger.View {
	return ledger.View{Name: "rulebook", Schema: schema, Apply: func(ctx context.Context, tx ledger.Tx, r ledger.Record, e ledger.Event) error {
		a, ok := e.(Adopted)
		if !ok {
			return nil
		}
		_, err := tx.ExecContext(ctx, `insert into rulebook_pack (id, owner, pack) values ($1, $2, $3) on conflict (id) do nothing`, r.ID(), a.Owner, a.Pack.ID)
		if err != nil {
			return fmt.Errorf("rulebook: view: %w", err)
		}
		return nil
	}}
}
