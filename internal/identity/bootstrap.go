package identity

import (
	"context"
	"fmt"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/identity/password"
	"chaperone.example/ledger"
)

// installer permits the set-up of people by whoever can start the program on the
// hub's data, and nothing else.
type installer struct{}

func (installer) Permit(_ context.Context, a ledger.Actor, action string) (ledger.Scope, error) {
	if action != (setUp{}).Action() {
		return ledger.Scope{}, fault.New(fault.Forbidden, "only the set-up of people is permitted here")
	}
	return ledger.Scope{Actor: a, Org: a.Org}, nil
}

// Bootstrap registers the first person of a hub as id, and returns the code of the
// invitation: the program prints it once (OWASP ASVS 6.3.2). No page can do it.
func Bootstrap(ctx context.Context, log *ledger.Log, v Keeper, id string, n Newcomer) (code string, err error) {
	code, sum := newInvitation()
	key, err := v.Derive("sign-in names")
	if err != nil {
		return "", err
	}
	return code, install(ctx, log, id, setUp{Org: n.Org, Role: n.Role, Login: digest(key, n.Login), Details: Details{n.Name, n.Login}, Invite: Invited{sum, log.Now().Add(invitationLife)}})
}

// Populate registers a person as id with a password and the secret of an
// authenticator that are known: for a demonstration, whose people never existed. The
// secret is base32; an empty one is made at random.
func Populate(ctx context.Context, log *ledger.Log, v Keeper, id string, n Newcomer, pass, secret string) error {
	key, err := v.Derive("sign-in names")
	if err != nil {
		return err
	}
	if err := password.Check(pass); err != nil {
		return err
	}
	a := newAuthenticator()
	if secret != "" {
		a.Secret = secret
	}
	if _, err := a.code(1); err != nil {
		return fault.New(fault.Invalid, "the secret of the authenticator is not base32")
	}
	p, c, err := keep(ctx, v, id, pass, a)
	if err != nil {
		return err
	}
	return install(ctx, log, id, setUp{Org: n.Org, Role: n.Role, Login: digest(key, n.Login), Details: Details{n.Name, n.Login}, Password: p, Scheme: password.Scheme(), Code: c, Algorithm: a.Algorithm})
}

func install(ctx context.Context, log *ledger.Log, id string, c setUp) error {
	_, err := ledger.Do(ctx, &ledger.Desk{Log: log, Gate: installer{}}, ledger.Actor{ID: "set-up", Org: c.Org}, Kind, id, c)
	return err
}

// Code returns the code that the authenticator of a person shows now, and until
// when. The person is named by id or by sign-in name. It is for a demonstration on
// the own machine: whoever can open the vault can compute it anyway.
func Code(ctx context.Context, db ledger.Reader, v Keeper, person string, now time.Time) (code string, until time.Time, err error) {
	key, err := v.Derive("sign-in names")
	if err != nil {
		return "", until, err
	}
	a, err := find(ctx, db, "id", person)
	if err == nil && a.id == "" {
		a, err = find(ctx, db, "login", digest(key, person))
	}
	if err != nil {
		return "", until, err
	}
	var name string
	if a.id != "" {
		if err := db.QueryRowContext(ctx, `select code from identity_user where id = $1`, a.id).Scan(&name); err != nil {
			return "", until, err
		}
	}
	if name == "" {
		return "", until, fault.New(fault.NotFound, "there is no such person, or none with an authenticator")
	}
	secret, err := getAuthenticator(ctx, v, a.id, name)
	if err != nil {
		return "", until, fmt.Errorf("identity: %w", err)
	}
	step := now.Unix() / period
	code, err = secret.code(step)
	return code, time.Unix((step+1)*period, 0).UTC(), err
}
