// Package page signs people in and out over HTTP, and shows them their account and
// the people of their organization.
//
// Passwords are read from the form as they were typed; the form package trims what
// people enter elsewhere. Codes of invitations are shown once, on the answer to the
// form that made them, and travel in no address, cookie or log line.
package page

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/identity/session"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Page serves /sign-in, /join, /account and /people.
type Page struct{ Door *identity.Door }

// Routes adds the pages to mux.
func (p Page) Routes(mux *access.Mux) {
	mux.Handle("GET /sign-in", web.Handler(p.signIn))
	mux.Handle("POST /sign-in", web.Handler(p.enter))
	mux.Handle("POST /sign-out", web.Handler(p.signOut))
	mux.Handle("GET /join", web.Handler(p.join))
	mux.Handle("POST /join", web.Handler(p.enrol))
	mux.Handle("POST /join/finish", web.Handler(p.finish))
	mux.Handle("GET /account", web.Handler(p.account))
	mux.Handle("POST /account/key", web.Handler(p.key))
	mux.Handle("POST /account/sessions/{id}/end", web.Handler(p.endSession))
	mux.Handle("GET /people", web.Handler(p.people))
	mux.Handle("GET /people.csv", web.Handler(p.csv))
	mux.Handle("GET /people/new", web.Handler(p.newcomer))
	mux.Handle("POST /people", web.Handler(p.register))
	mux.Handle("POST /people/{id}/invite", web.Handler(p.invite))
	mux.Handle("POST /people/{id}/disable", web.Handler(p.disable))
	mux.Handle("POST /people/{id}/enable", web.Handler(p.enable))
}

// Refused answers a request that may not pass its route: the API with a problem
// document, and visitors who look at a page are sent to sign in, and then there. It is
// for [access.NewMux].
func Refused(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, rest.Prefix+"/") {
		rest.Refuse(w, r, access.Refusal(r.Context()))
		return
	}
	if access.Actor(r.Context()).ID != "" || r.Method != http.MethodGet && r.Method != http.MethodHead {
		web.Error(w, r, access.Refusal(r.Context()))
		return
	}
	to := "/sign-in"
	if r.URL.Path != "/" {
		to += "?" + url.Values{"next": {r.URL.Path}}.Encode() // without the query: it may hold what was searched for
	}
	if err := web.SeeOther(w, r, to); err != nil {
		web.Error(w, r, err)
	}
}

// maxForm is the largest form here, in bytes.
const maxForm = 64 << 10

// read reads a posted form twice: as the form package does, and as it was typed.
func read(r *http.Request) (*web.Form, url.Values, error) {
	web.AllowBody(r, maxForm)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return nil, nil, err
	}
	typed, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "The form could not be read. Go back, reload the page and send it again.")
	}
	return f, typed, nil
}

func (p Page) signIn(w http.ResponseWriter, r *http.Request) error {
	if access.Actor(r.Context()).ID != "" {
		return web.SeeOther(w, r, "/")
	}
	return web.Render(w, r, http.StatusOK, signInPage(nil, web.Local(r.FormValue("next"))))
}

func (p Page) enter(w http.ResponseWriter, r *http.Request) error {
	f, typed, err := read(r)
	if err != nil {
		return err
	}
	next := web.Local(f.Text("next"))
	login := f.Need("login", "Enter your sign-in name.")
	if typed.Get("password") == "" {
		f.Wrong("password", "Enter your password.")
	}
	code := f.Need("code", "Enter the six digits that your authenticator shows.")
	if f.OK() {
		_, err := p.Door.SignIn(r.Context(), login, typed.Get("password"), code)
		if err == nil {
			return web.SeeOther(w, r, next)
		}
		kind, msg, ok := fault.Of(err)
		if !ok || kind != fault.Forbidden {
			return err
		}
		f.Wrong("", msg)
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, signInPage(f, next))
}

func (p Page) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := p.Door.SignOut(r.Context(), access.Actor(r.Context())); err != nil {
		return err
	}
	web.Forget(w)
	return web.Done(w, r, "/sign-in", "You are signed out.")
}

func (p Page) join(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, joinPage(nil))
}

func (p Page) enrol(w http.ResponseWriter, r *http.Request) error {
	f, _, err := read(r)
	if err != nil {
		return err
	}
	if invitation := f.Need("invitation", "Enter the code that you were given."); f.OK() {
		e, err := p.Door.Enrol(r.Context(), invitation)
		if err == nil {
			return web.Render(w, r, http.StatusOK, finishPage(nil, invitation, e))
		}
		if !f.Take(err) {
			return err
		}
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, joinPage(f))
}

func (p Page) finish(w http.ResponseWriter, r *http.Request) error {
	f, typed, err := read(r)
	if err != nil {
		return err
	}
	invitation := f.Text("invitation")
	if typed.Get("password") == "" {
		f.Wrong("password", "Choose a password.")
	}
	code := f.Need("code", "Enter the six digits that your authenticator shows.")
	if f.OK() {
		err := p.Door.Join(r.Context(), invitation, typed.Get("password"), code)
		if err == nil {
			return web.Done(w, r, "/sign-in", "Your account is ready. Wait for the next code, then sign in.")
		}
		if !f.Take(err) {
			return err
		}
	}
	e, err := p.Door.Again(r.Context(), invitation)
	if err != nil {
		f.Take(err)
		return web.Render(w, r, http.StatusUnprocessableEntity, joinPage(f))
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, finishPage(f, invitation, e))
}

// An own is what the account page shows.
type own struct {
	me       identity.Person
	org      string
	may      []task
	sessions []session.Session
	current  string
}

func (p Page) account(w http.ResponseWriter, r *http.Request) error {
	return p.showAccount(w, r, http.StatusOK, nil)
}

func (p Page) showAccount(w http.ResponseWriter, r *http.Request, status int, f *web.Form) error {
	ctx, a := r.Context(), access.Actor(r.Context())
	var o own
	var err error
	if o.me, err = ledger.Ask(ctx, p.Door.Desk, a, identity.Me{}); err != nil {
		return err
	}
	if o.org, err = p.Door.Employer(ctx, a, a.Org); err != nil {
		return err
	}
	if o.sessions, err = p.Door.Store.Of(ctx, a.ID); err != nil {
		return err
	}
	o.current, _ = identity.Current(ctx)
	o.may = tasksOf(phi.Role(a.Role))
	return web.Render(w, r, status, accountPage(f, o))
}

func granted(g access.Grant, role phi.Role) bool {
	return slices.Contains(g.Roles, role)
}

func (p Page) key(w http.ResponseWriter, r *http.Request) error {
	f, _, err := read(r)
	if err != nil {
		return err
	}
	a := access.Actor(r.Context())
	_, err = ledger.Do(r.Context(), p.Door.Desk, a, identity.Kind, a.ID, identity.RegisterRecipient{Key: f.Text("key")})
	if err == nil {
		return web.Done(w, r, "/account", "Your key is registered. New packages for you are encrypted to it.")
	}
	kind, msg, ok := fault.Of(err)
	if !ok || kind != fault.Invalid {
		return err
	}
	// What was entered is not sent back: it may be a private key.
	blank := &web.Form{}
	blank.Wrong("key", strings.ToUpper(msg[:1])+msg[1:]+".")
	return p.showAccount(w, r, http.StatusUnprocessableEntity, blank)
}

func (p Page) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := p.Door.EndSession(r.Context(), access.Actor(r.Context()), r.PathValue("id")); err != nil {
		return err
	}
	return web.Done(w, r, "/account", "That session is ended.")
}

func (p Page) people(w http.ResponseWriter, r *http.Request) error {
	a := access.Actor(r.Context())
	all, err := ledger.Ask(r.Context(), p.Door.Desk, a, identity.People{})
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, peoplePage(all, a.ID))
}

func (p Page) csv(w http.ResponseWriter, r *http.Request) error {
	all, err := ledger.Ask(r.Context(), p.Door.Desk, access.Actor(r.Context()), identity.People{})
	if err != nil {
		return err
	}
	return web.CSV(w, "people.csv", []string{"Name", "Sign-in name", "Role", "Status", "Registered", "Last sign-in", "Public key"}, func(yield func([]string) bool) {
		for _, x := range all {
			seen := ""
			if !x.Seen.IsZero() {
				seen = web.Time(x.Seen)
			}
			if !yield([]string{x.Name, x.Login, identity.RoleTitle(x.Role), string(x.Status), web.Time(x.Since), seen, x.Recipient}) {
				return
			}
		}
	})
}

func (p Page) newcomer(w http.ResponseWriter, r *http.Request) error {
	return p.showNewcomer(w, r, http.StatusOK, nil, r.FormValue("org"))
}

// showNewcomer shows the form to register somebody, for another organization than the
// own one if org says so: its first administrator.
func (p Page) showNewcomer(w http.ResponseWriter, r *http.Request, status int, f *web.Form, org string) error {
	a := access.Actor(r.Context())
	if org == a.Org {
		org = ""
	}
	name := ""
	if org != "" {
		var err error
		if name, err = p.Door.Employer(r.Context(), a, org); err != nil {
			return err
		}
	}
	return web.Render(w, r, status, newcomerPage(f, org, name))
}

func (p Page) register(w http.ResponseWriter, r *http.Request) error {
	f, _, err := read(r)
	if err != nil {
		return err
	}
	a := access.Actor(r.Context())
	n := identity.Newcomer{Org: f.Text("org"), Role: phi.Role(f.Text("role"))}
	if n.Org == "" {
		n.Org = a.Org
	}
	n.Name = f.Need("name", "Enter the person's name.")
	n.Login = f.Need("login", "Enter the person's e-mail address.")
	f.Need("role", "Choose what the person does.")
	if f.OK() {
		code, _, err := p.Door.Register(r.Context(), a, "u-"+vault.NewID(), n)
		if err == nil {
			return web.Render(w, r, http.StatusOK, invitedPage(n.Name, code))
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showNewcomer(w, r, http.StatusUnprocessableEntity, f, f.Text("org"))
}

func (p Page) invite(w http.ResponseWriter, r *http.Request) error {
	code, _, err := p.Door.Invite(r.Context(), access.Actor(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.invited(w, r, code)
}

func (p Page) enable(w http.ResponseWriter, r *http.Request) error {
	code, _, err := p.Door.Enable(r.Context(), access.Actor(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.invited(w, r, code)
}

// invited shows an invitation to a person who is known already.
func (p Page) invited(w http.ResponseWriter, r *http.Request, code string) error {
	all, err := ledger.Ask(r.Context(), p.Door.Desk, access.Actor(r.Context()), identity.People{})
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.ID == r.PathValue("id") {
			return web.Render(w, r, http.StatusOK, invitedPage(x.Name, code))
		}
	}
	return fmt.Errorf("identity: the person who was just invited is not listed")
}

func (p Page) disable(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.Door.Disable(r.Context(), access.Actor(r.Context()), r.PathValue("id")); err != nil {
		return err
	}
	return web.Done(w, r, "/people", "The access is ended, and so is every session of the person.")
}
