// Package access says who may do what: one table of routes, one table of grants,
// and the gate that both doors of the ledger ask.
//
// A route that is not in [Routes] does not start, and an action that is not in
// [Grants] is permitted to nobody. Roles are tasks, not titles (IAM-2, 45 CFR
// 164.308(a)(4)). What the gate mints is a scope: the organization whose streams
// the actor may see. Nothing is ever looked up by an id alone.
package access

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Anyone is the role of a visitor who has not signed in.
const Anyone phi.Role = ""

// A Route is one door of the program: an HTTP method and path pattern, and the
// action that passing it amounts to.
type Route struct {
	Pattern string // as net/http.ServeMux takes it: "GET /agreements/{id}"
	Action  string // in [Grants]
}

// A Grant says which roles may do an action.
type Grant struct {
	Action string
	Why    string // what the action is, for the person who reads the table
	Roles  []phi.Role
}

// A Table is the authorization of the whole program.
type Table struct {
	grants map[string]Grant
	routes map[string]string // pattern → action
}

// NewTable checks the two lists against each other. Every route needs a grant.
func NewTable(routes []Route, grants []Grant) (*Table, error) {
	t := &Table{map[string]Grant{}, map[string]string{}}
	for _, g := range grants {
		if _, dup := t.grants[g.Action]; dup {
			return nil, fmt.Errorf("access: the action %s is granted twice", g.Action)
		}
		t.grants[g.Action] = g
	}
	for _, r := range routes {
		if _, dup := t.routes[r.Pattern]; dup {
			return nil, fmt.Errorf("access: the route %s is listed twice", r.Pattern)
		}
		if _, ok := t.grants[r.Action]; !ok {
			return nil, fmt.Errorf("access: the route %s needs %s, which nobody is granted", r.Pattern, r.Action)
		}
		t.routes[r.Pattern] = r.Action
	}
	return t, nil
}

// May reports whether role may do action.
func (t *Table) May(role phi.Role, action string) bool {
	g, ok := t.grants[action]
	return ok && slices.Contains(g.Roles, role)
}

// Opens reports whether role may pass the route of a pattern.
func (t *Table) Opens(role phi.Role, pattern string) bool {
	action, ok := t.routes[pattern]
	return ok && t.May(role, action)
}

// Permit implements [ledger.Gate].
func (t *Table) Permit(_ context.Context, a ledger.Actor, action string) (ledger.Scope, error) {
	g, ok := t.grants[action]
	if !ok {
		return ledger.Scope{}, fmt.Errorf("access: the action %s is in no grant", action)
	}
	if !slices.Contains(g.Roles, phi.Role(a.Role)) {
		return ledger.Scope{}, forbidden(g, phi.Role(a.Role))
	}
	return ledger.Scope{Actor: a, Org: a.Org}, nil
}

func forbidden(g Grant, role phi.Role) error {
	if role == Anyone {
		return fault.New(fault.Forbidden, "sign in first")
	}
	var who []string
	for _, r := range g.Roles {
		who = append(who, Title(r))
	}
	return fault.New(fault.Forbidden, "a %s may not %s; that is for: %s", Title(role), g.Why, strings.Join(who, ", "))
}

// Title returns a role in words: "privacy officer".
func Title(r phi.Role) string {
	if r == phi.Technician {
		return "MSP technician"
	}
	return strings.ReplaceAll(string(r), "-", " ")
}

// A Mux serves the routes of a table and nothing else.
type Mux struct {
	table   *Table
	mux     *http.ServeMux
	refused http.Handler // answers a visitor who may not pass
	mounted map[string]bool
	errs    []string
}

// NewMux returns a mux without handlers. Refused answers for a route that the
// actor may not pass; it finds the fault with [Refusal].
func NewMux(t *Table, refused http.Handler) *Mux {
	return &Mux{table: t, mux: http.NewServeMux(), refused: refused, mounted: map[string]bool{}}
}

// Handle mounts h at a pattern of the table, behind its action.
func (m *Mux) Handle(pattern string, h http.Handler) {
	action, ok := m.table.routes[pattern]
	if !ok {
		m.errs = append(m.errs, pattern+" is in no line of the authorization table")
		return
	}
	m.mounted[pattern] = true
	g := m.table.grants[action]
	m.mux.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if role := phi.Role(Actor(r.Context()).Role); !slices.Contains(g.Roles, role) {
			m.refused.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), refusalKey{}, forbidden(g, role))))
			return
		}
		h.ServeHTTP(w, r)
	}))
}

// HandleFunc mounts f, as [Mux.Handle] does.
func (m *Mux) HandleFunc(pattern string, f func(http.ResponseWriter, *http.Request)) {
	m.Handle(pattern, http.HandlerFunc(f))
}

// Err reports handlers that are not in the table and lines of the table that have
// no handler. A program with either does not start.
func (m *Mux) Err() error {
	errs := slices.Clone(m.errs)
	for pattern := range m.table.routes {
		if !m.mounted[pattern] {
			errs = append(errs, pattern+" is in the authorization table, but nothing serves it")
		}
	}
	if len(errs) == 0 {
		return nil
	}
	slices.Sort(errs)
	return fmt.Errorf("access: %s", strings.Join(errs, "; "))
}

// ServeMux returns what serves the routes, each behind its action.
func (m *Mux) ServeMux() *http.ServeMux { return m.mux }

// ServeHTTP implements http.Handler.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

type (
	actorKey   struct{}
	refusalKey struct{}
)

// WithActor attaches the signed-in actor to ctx.
func WithActor(ctx context.Context, a ledger.Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// Actor returns the signed-in actor, or nobody.
func Actor(ctx context.Context) ledger.Actor {
	a, _ := ctx.Value(actorKey{}).(ledger.Actor)
	return a
}

// Refusal returns why the request may not pass its route.
func Refusal(ctx context.Context) error {
	err, _ := ctx.Value(refusalKey{}).(error)
	return err
}
