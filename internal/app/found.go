package app

import (
	"context"

	"chaperone.example/internal/identity"
	"chaperone.example/internal/org"
	"chaperone.example/internal/vault"
	"chaperone.example/law"
	"chaperone.example/phi"
)

// A Founding is the first organization of a hub, which runs it, and its first
// administrator.
type Founding struct {
	Organization, State string
	Is                  []law.Status
	Name, Login         string
}

// Found registers both, once in the life of a hub, and returns the code of the
// administrator's invitation.
func (a *App) Found(ctx context.Context, f Founding) (code string, err error) {
	o := "o-" + vault.NewID()
	if _, err := org.Found(ctx, a.Log, o, f.Organization, f.State, f.Is...); err != nil {
		return "", err
	}
	return identity.Bootstrap(ctx, a.Log, a.Vault, "u-"+vault.NewID(), identity.Newcomer{Org: o, Role: phi.Administrator, Name: f.Name, Login: f.Login})
}
