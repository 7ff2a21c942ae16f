package identity

import (
	"context"
	_ "embed"
	"time"

	"chaperone.example/ledger"
)

//go:embed view.sql
var schema string

// View keeps one row a person. It holds no name: the row knows which record's
// sealed details do.
func View() ledger.View { return ledger.View{Name: "identity", Schema: schema, Apply: project} }

func project(ctx context.Context, tx ledger.Tx, r ledger.Record, e ledger.Event) error {
	set := func(assign string, args ...any) error {
		_, err := tx.ExecContext(ctx, `update identity_user set `+assign+` where id = $1`, append([]any{r.ID()}, args...)...)
		return err
	}
	switch e := e.(type) {
	case Registered:
		_, err := tx.ExecContext(ctx, `insert into identity_user (id, org, role, login, invitation, until, details, disabled, code, epoch, recipient, since, seen) values ($1, $2, $3, $4, '', '', $5, 0, '', 0, '', $6, '')`,
			r.ID(), e.Org, string(e.Role), e.Login, r.Seq, r.Time.Format(time.RFC3339Nano))
		return err
	case Invited:
		return set(`invitation = $2, until = $3`, e.Code, e.Until.Format(time.RFC3339Nano))
	case PasswordSet:
		return set(`invitation = '', until = '', epoch = epoch + 1`)
	case AuthenticatorEnrolled:
		return set(`code = $2, epoch = epoch + 1`, e.Credential)
	case SignedIn:
		return set(`seen = $2`, r.Time.Format(time.RFC3339Nano))
	case Disabled:
		return set(`disabled = 1, invitation = '', until = '', code = '', epoch = epoch + 1`)
	case Enabled:
		return set(`disabled = 0`)
	case RecipientRegistered:
		return set(`recipient = $2`, e.Key)
	}
	return nil
}
