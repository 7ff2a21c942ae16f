// Package rest is the API of identity: signing in, the own account, the people of an
// organization.
package rest

import (
	"context"
	"net/http"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/vault"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Credentials sign a client in, like a person.
type Credentials struct {
	Body struct {
		Login    string `json:"login" maxLength:"254"`
		Password string `json:"password" maxLength:"1024"`
		Code     string `json:"code" maxLength:"20" doc:"Six digits of the authenticator; each works once"`
	}
}

// A Token is sent as "Authorization: Bearer …" from then on.
type Token struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires" doc:"At the latest; 15 minutes without a request end it before"`
}

// An Invitation is to be handed over to the person: the code is shown once.
type Invitation struct {
	ID   string `json:"id" doc:"Of the person"`
	Code string `json:"code" doc:"With which the person sets up the account, within three days"`
}

// A Newcomer is somebody to register.
type Newcomer struct {
	Body struct {
		Org   string   `json:"org,omitempty" doc:"Another organization than the own one: the operator registers its first administrator"`
		Role  phi.Role `json:"role"`
		Name  string   `json:"name"`
		Login string   `json:"login" doc:"E-mail address"`
	}
}

// A Key is an age public key.
type Key struct {
	Body struct {
		Key string `json:"key" doc:"age public key: starts with age1. A private key is refused"`
	}
}

// An Account is one's own.
type Account struct {
	identity.Person
	Org string `json:"org"`
}

// Routes adds the operations to the API.
func Routes(api *rest.API, door *identity.Door) {
	rest.Post(api, "/sign-in", "sign-in", "Sign in", http.StatusOK, func(ctx context.Context, in *Credentials) (*rest.Body[Token], error) {
		token, expires, _, err := door.Token(ctx, in.Body.Login, in.Body.Password, in.Body.Code)
		if err != nil {
			return nil, err
		}
		return &rest.Body[Token]{Body: Token{token, expires}}, nil
	})
	rest.Post(api, "/sign-out", "sign-out", "Sign out", http.StatusNoContent, func(ctx context.Context, _ *rest.None) (*rest.None, error) {
		return nil, door.SignOut(ctx, access.Actor(ctx))
	})
	rest.Get(api, "/account", "account", "The own account", func(ctx context.Context, _ *rest.None) (*rest.Body[Account], error) {
		a := access.Actor(ctx)
		me, err := ledger.Ask(ctx, door.Desk, a, identity.Me{})
		if err != nil {
			return nil, err
		}
		return &rest.Body[Account]{Body: Account{me, a.Org}}, nil
	})
	rest.Post(api, "/account/key", "register-key", "Register the public key that packages are encrypted to", http.StatusOK, func(ctx context.Context, in *Key) (*rest.Body[rest.Receipt], error) {
		a := access.Actor(ctx)
		r, err := ledger.Do(ctx, door.Desk, a, identity.Kind, a.ID, identity.RegisterRecipient{Key: in.Body.Key})
		if err != nil {
			return nil, err
		}
		return rest.Acknowledge(a.ID, r), nil
	})
	rest.Get(api, "/people", "people", "The people of the own organization", func(ctx context.Context, _ *rest.None) (*rest.Body[[]identity.Person], error) {
		all, err := ledger.Ask(ctx, door.Desk, access.Actor(ctx), identity.People{})
		if err != nil {
			return nil, err
		}
		return &rest.Body[[]identity.Person]{Body: all}, nil
	})
	rest.Post(api, "/people", "register-person", "Register a person and invite", http.StatusCreated, func(ctx context.Context, in *Newcomer) (*rest.Body[Invitation], error) {
		a, id := access.Actor(ctx), "u-"+vault.NewID()
		n := identity.Newcomer{Org: in.Body.Org, Role: in.Body.Role, Name: in.Body.Name, Login: in.Body.Login}
		if n.Org == "" {
			n.Org = a.Org
		}
		code, _, err := door.Register(ctx, a, id, n)
		return invitation(id, code, err)
	})
	rest.Post(api, "/people/{id}/invite", "invite-person", "Give a person a new invitation", http.StatusOK, func(ctx context.Context, in *rest.ByID) (*rest.Body[Invitation], error) {
		code, _, err := door.Invite(ctx, access.Actor(ctx), in.ID)
		return invitation(in.ID, code, err)
	})
	rest.Post(api, "/people/{id}/enable", "enable-person", "Give a person access again", http.StatusOK, func(ctx context.Context, in *rest.ByID) (*rest.Body[Invitation], error) {
		code, _, err := door.Enable(ctx, access.Actor(ctx), in.ID)
		return invitation(in.ID, code, err)
	})
	rest.Post(api, "/people/{id}/disable", "disable-person", "End a person's access and sessions", http.StatusOK, func(ctx context.Context, in *rest.ByID) (*rest.Body[rest.Receipt], error) {
		r, err := door.Disable(ctx, access.Actor(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return rest.Acknowledge(in.ID, r), nil
	})
}

func invitation(id, code string, err error) (*rest.Body[Invitation], error) {
	if err != nil {
		return nil, err
	}
	return &rest.Body[Invitation]{Body: Invitation{id, code}}, nil
}
