package identity

import (
	"context"
	"net/http"
	"strings"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/identity/session"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
)

type currentKey struct{}

// Current returns the public id of the session that a request is in.
func Current(ctx context.Context) (id string, ok bool) {
	id, ok = ctx.Value(currentKey{}).(string)
	return id, ok
}

// Authenticate finds out who sends a request: it loads the session, and puts the
// actor and the frame of the pages into the context. It loads and saves sessions
// itself; nothing of scs stands before it.
//
// A page's session comes in a cookie. The API takes a bearer token only, and never a
// cookie, so that no foreign page can speak for a person. A session is void when it
// was not used for the idle time, when its lifetime is over, when the person was
// disabled, and when the credentials changed; all of it is checked at every request.
func (d *Door) Authenticate(next http.Handler) http.Handler {
	pages := d.Sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := d.recognise(r.Context())
		if err == nil {
			ctx, err = d.surround(ctx)
		}
		if err != nil {
			web.Error(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		switch {
		case strings.EqualFold(scheme, "bearer") && token != "":
			d.bearer(w, r, strings.TrimSpace(token), next)
		case strings.HasPrefix(r.URL.Path, rest.Prefix+"/"), strings.HasPrefix(r.URL.Path, "/static/"):
			next.ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

func (d *Door) bearer(w http.ResponseWriter, r *http.Request, token string, next http.Handler) {
	ctx, err := d.Sessions.Load(r.Context(), token)
	if err == nil {
		ctx, err = d.recognise(ctx)
	}
	if err == nil && access.Actor(ctx).ID != "" {
		_, _, err = d.Sessions.Commit(ctx) // before the answer: it may be a long one
	}
	if err != nil {
		web.Error(w, r, err)
		return
	}
	next.ServeHTTP(w, r.WithContext(ctx))
}

// recognise puts the actor of a session into the context, if the session holds.
func (d *Door) recognise(ctx context.Context) (context.Context, error) {
	id := d.Sessions.GetString(ctx, session.User)
	if id == "" {
		return ctx, nil
	}
	a, err := ledger.Ask(ctx, d.Desk, ledger.Actor{}, whois{"id", id})
	if err != nil {
		return ctx, err
	}
	now := d.now()
	began, seen := time.Unix(d.Sessions.GetInt64(ctx, session.Began), 0), time.Unix(d.Sessions.GetInt64(ctx, session.Seen), 0)
	if a.id == "" || a.disabled || a.epoch != d.Sessions.GetInt(ctx, session.Epoch) || now.Sub(seen) >= d.Sessions.IdleTimeout || now.Sub(began) >= d.Sessions.Lifetime {
		return ctx, d.Sessions.Destroy(ctx)
	}
	d.Sessions.Put(ctx, session.Seen, now.Unix())
	ctx = context.WithValue(ctx, currentKey{}, d.Sessions.GetString(ctx, session.ID))
	return access.WithActor(ctx, ledger.Actor{ID: a.id, Org: a.org, Role: string(a.role)}), nil
}

// surround puts the frame of the pages into the context.
func (d *Door) surround(ctx context.Context) (context.Context, error) {
	a := access.Actor(ctx)
	if a.ID == "" {
		return ctx, nil
	}
	me, err := ledger.Ask(ctx, d.Desk, a, Me{})
	if err != nil {
		return ctx, err
	}
	org, err := d.Employer(ctx, a, a.Org)
	if err != nil {
		return ctx, err
	}
	f := web.Frame{Person: me.Name, Role: RoleTitle(me.Role), Org: org, Account: "/account"}
	if d.Surround != nil {
		if f.Nav, f.Ledger, err = d.Surround(ctx, a); err != nil {
			return ctx, err
		}
	}
	return web.WithFrame(ctx, f), nil
}
