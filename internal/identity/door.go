package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/identity/password"
	"chaperone.example/internal/identity/session"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
	"chaperone.example/phi"
	"github.com/alexedwards/scs/v2"
)

// A Keeper keeps secrets. It is the vault.
type Keeper interface {
	Put(ctx context.Context, subject, name string, secret []byte) error
	Get(ctx context.Context, subject, name string) ([]byte, error)
	Derive(use string) ([]byte, error)
}

// A Config says what a [Door] stands on. Everything is required but Surround and
// Pad.
type Config struct {
	Desk     *ledger.Desk
	Vault    Keeper
	Orgs     Organizations
	Sessions *scs.SessionManager // over Store, from web.Site
	Store    *session.Store

	// Surround returns the navigation and the ledger's head that stand around the
	// pages of an actor.
	Surround func(ctx context.Context, a ledger.Actor) ([]web.NavItem, web.Head, error)

	// Pad is the least time that a failed sign-in takes, so that the time does not
	// tell whether there is such an account: a known one has a failure recorded. Zero
	// means 400 ms; negative, none.
	Pad time.Duration
}

// A Door lets people in and out.
type Door struct {
	Config
	login []byte // key of the digests of sign-in names
	decoy password.Decoy
	work  chan struct{} // bounds how many hashes are computed at once: each takes 19 MiB
}

// NewDoor makes a door.
func NewDoor(c Config) (*Door, error) {
	if c.Pad == 0 {
		c.Pad = 400 * time.Millisecond
	}
	key, err := c.Vault.Derive("sign-in names")
	if err != nil {
		return nil, err
	}
	decoy, err := password.NewDecoy()
	return &Door{Config: c, login: key, decoy: decoy, work: make(chan struct{}, 4)}, err
}

func (d *Door) now() time.Time { return d.Desk.Log.Now() }

// errSignIn is the answer to every sign-in that fails.
func errSignIn() error {
	return fault.New(fault.Forbidden, "The sign-in name, the password and the code do not fit together, or the code was used already. After five failures in a row an account waits: half a minute at first, an hour at most.")
}

// A Signed is a person who has just signed in.
type Signed struct {
	Actor   ledger.Actor
	Session string // public id
	epoch   int
}

// verify checks a sign-in and records its outcome. Every failure is the same fault,
// after the same work. Many tries at the same time are no way around the lockout: the
// ledger puts them in a row, and what is right counts only if its place is before the
// fifth failure.
func (d *Door) verify(ctx context.Context, login, pass, code string) (Signed, error) {
	start := time.Now()
	s, err := d.try(ledger.Once(ctx, ""), digest(d.login, login), pass, code) // a code is used once: there is no doing it again
	if err != nil {
		d.pad(ctx, start)
	}
	return s, err
}

func (d *Door) pad(ctx context.Context, start time.Time) {
	t := time.NewTimer(d.Pad - time.Since(start))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (d *Door) try(ctx context.Context, key, pass, code string) (Signed, error) {
	a, err := ledger.Ask(ctx, d.Desk, ledger.Actor{}, whois{"login", key})
	if err != nil {
		return Signed{}, err
	}
	u, err := ledger.Ask(ctx, d.Desk, ledger.Actor{}, inspect{a.id})
	if err != nil {
		return Signed{}, err
	}
	fits, err := d.fits(ctx, u, pass)
	if err != nil {
		return Signed{}, err
	}
	step, fresh, err := d.step(ctx, u, code)
	if err != nil {
		return Signed{}, err
	}
	visitor := ledger.Actor{ID: "visitor", Org: u.Org}
	if u.ID == "" {
		return Signed{}, errSignIn()
	}
	if fits && fresh {
		s := Signed{Actor: u.Actor(), Session: "s-" + vault.NewID(), epoch: u.Epoch}
		_, err = ledger.Do(ctx, d.Desk, s.Actor, Kind, u.ID, signIn{s.Session, step})
		if _, _, isFault := fault.Of(err); err == nil || !isFault {
			return s, err
		}
	}
	_, err = ledger.Do(ctx, d.Desk, visitor, Kind, u.ID, fail{})
	if _, _, isFault := fault.Of(err); err != nil && !isFault {
		return Signed{}, err
	}
	return Signed{}, errSignIn()
}

// fits compares the password with the person's, or with the decoy's.
func (d *Door) fits(ctx context.Context, u User, pass string) (bool, error) {
	select {
	case d.work <- struct{}{}:
		defer func() { <-d.work }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if len(pass) > 4*password.Max {
		pass = pass[:4*password.Max+1] // longer than any: it cannot fit, and need not be hashed whole
	}
	if u.Password == "" {
		return false, d.decoy.Matches(pass)
	}
	hash, err := d.Vault.Get(ctx, subject(u.ID), u.Password)
	if err != nil {
		return false, err
	}
	ok, stale, err := password.Matches(hash, pass)
	if ok && stale {
		if hash, err = password.Hash(pass); err == nil {
			err = d.Vault.Put(ctx, subject(u.ID), u.Password, hash)
		}
	}
	return ok, err
}

// step returns the step of the code, and whether it is one that was not used yet.
func (d *Door) step(ctx context.Context, u User, code string) (int64, bool, error) {
	a := authenticator{Secret: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Algorithm: algorithm()}
	if u.Code != "" {
		var err error
		if a, err = getAuthenticator(ctx, d.Vault, u.ID, u.Code); err != nil {
			return 0, false, err
		}
	}
	step, ok, err := a.check(code, d.now())
	return step, ok && u.Code != "" && step > u.Step, err
}

// SignIn signs a person in to the session of the request, which gets a new token:
// one that was planted before is worth nothing.
func (d *Door) SignIn(ctx context.Context, login, pass, code string) (Signed, error) {
	s, err := d.verify(ctx, login, pass, code)
	if err != nil {
		return s, err
	}
	return s, d.enter(ctx, s)
}

func (d *Door) enter(ctx context.Context, s Signed) error {
	if err := d.Sessions.Clear(ctx); err != nil {
		return err
	}
	if err := d.Sessions.RenewToken(ctx); err != nil {
		return err
	}
	now := d.now().Unix()
	for k, v := range map[string]any{session.User: s.Actor.ID, session.ID: s.Session, session.Began: now, session.Seen: now, session.Epoch: s.epoch} {
		d.Sessions.Put(ctx, k, v)
	}
	return nil
}

// Token signs a client of the API in, and returns the token that it sends as bearer
// from then on, with the time at which it expires at the latest.
func (d *Door) Token(ctx context.Context, login, pass, code string) (token string, expires time.Time, s Signed, err error) {
	if s, err = d.verify(ctx, login, pass, code); err != nil {
		return "", time.Time{}, s, err
	}
	own, err := d.Sessions.Load(context.WithoutCancel(ctx), "")
	if err != nil {
		return "", time.Time{}, s, err
	}
	if err := d.enter(own, s); err != nil {
		return "", time.Time{}, s, err
	}
	token, _, err = d.Sessions.Commit(own)
	return token, d.now().Add(d.Sessions.Lifetime), s, err
}

// SignOut ends the session of the request. Without one it does nothing.
func (d *Door) SignOut(ctx context.Context, a ledger.Actor) error {
	s, ok := Current(ctx)
	if !ok {
		return nil
	}
	if err := d.Sessions.Destroy(ctx); err != nil {
		return err
	}
	_, err := ledger.Do(ctx, d.Desk, a, Kind, a.ID, signOut{s})
	return err
}

// EndSession ends another session of the actor.
func (d *Door) EndSession(ctx context.Context, a ledger.Actor, id string) error {
	open, err := d.Store.Of(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, s := range open {
		if s.ID == id {
			if err := d.Store.End(ctx, a.ID, id); err != nil {
				return err
			}
			_, err = ledger.Do(ctx, d.Desk, a, Kind, a.ID, signOut{id})
			return err
		}
	}
	return fault.New(fault.NotFound, "there is no such session: it may have ended already")
}

// Disable ends a person's access and sessions.
func (d *Door) Disable(ctx context.Context, a ledger.Actor, id string) (ledger.Receipt, error) {
	r, err := ledger.Do(ctx, d.Desk, a, Kind, id, Disable{})
	if err != nil {
		return r, err
	}
	// The epoch has ended the sessions already; this forgets them.
	return r, d.Store.EndAll(ctx, id)
}

// A Newcomer is somebody to register.
type Newcomer struct {
	Org   string
	Role  phi.Role
	Name  string
	Login string
}

// newInvitation makes a code of 100 random bits and its digest.
func newInvitation() (code, digest string) {
	code = grouped(rand.Text()[:20], 4, "-")
	return code, invitationDigest(code)
}

// Register registers a person as id and returns the invitation's code, to be handed
// over: it is shown once.
func (d *Door) Register(ctx context.Context, a ledger.Actor, id string, n Newcomer) (code string, r ledger.Receipt, err error) {
	code, sum := newInvitation()
	r, err = ledger.Do(ctx, d.Desk, a, Kind, id, Register{Org: n.Org, Role: n.Role, Login: digest(d.login, n.Login), Code: sum, Details: Details{n.Name, n.Login}, Orgs: d.Orgs})
	return code, r, err
}

// Invite gives a person a new invitation.
func (d *Door) Invite(ctx context.Context, a ledger.Actor, id string) (code string, r ledger.Receipt, err error) {
	code, sum := newInvitation()
	r, err = ledger.Do(ctx, d.Desk, a, Kind, id, Invite{sum})
	return code, r, err
}

// Enable gives a person access again, and returns the code of the new invitation.
func (d *Door) Enable(ctx context.Context, a ledger.Actor, id string) (code string, r ledger.Receipt, err error) {
	code, sum := newInvitation()
	r, err = ledger.Do(ctx, d.Desk, a, Kind, id, Enable{sum})
	return code, r, err
}

// pending is the name under which the vault keeps an authenticator that is not
// proved yet.
const pending = "authenticator/pending"

// Enrol checks an invitation and makes an authenticator for the person, who then
// takes the invitation up with [Door.Join].
func (d *Door) Enrol(ctx context.Context, code string) (Enrolment, error) {
	u, err := d.invited(ctx, code)
	if err != nil {
		return Enrolment{}, err
	}
	login, _, err := d.known(ctx, u)
	if err != nil {
		return Enrolment{}, err
	}
	a := newAuthenticator()
	if err := putAuthenticator(ctx, d.Vault, u.ID, pending, a); err != nil {
		return Enrolment{}, err
	}
	return a.enrolment(login)
}

// Again returns the enrolment that [Door.Enrol] began, to show it once more.
func (d *Door) Again(ctx context.Context, code string) (Enrolment, error) {
	u, err := d.invited(ctx, code)
	if err != nil {
		return Enrolment{}, err
	}
	login, _, err := d.known(ctx, u)
	if err != nil {
		return Enrolment{}, err
	}
	a, err := getAuthenticator(ctx, d.Vault, u.ID, pending)
	if err != nil {
		return Enrolment{}, errInvitation()
	}
	return a.enrolment(login)
}

func (d *Door) invited(ctx context.Context, code string) (User, error) {
	sum := invitationDigest(code)
	a, err := ledger.Ask(ctx, d.Desk, ledger.Actor{}, whois{"invitation", sum})
	if err != nil {
		return User{}, err
	}
	u, err := ledger.Ask(ctx, d.Desk, ledger.Actor{}, inspect{a.id})
	if err != nil {
		return User{}, err
	}
	return u, u.invited(sum, d.now())
}

// known returns the sign-in name of a person, and everything that a guesser knows.
func (d *Door) known(ctx context.Context, u User) (login string, all []string, err error) {
	me, err := ledger.Ask(ctx, d.Desk, u.Actor(), Me{})
	if err != nil {
		return "", nil, err
	}
	org, err := d.Employer(ctx, u.Actor(), u.Org)
	return me.Login, []string{me.Name, me.Login, org}, err
}

// Employer returns the name of an organization that people work for.
func (d *Door) Employer(ctx context.Context, a ledger.Actor, id string) (string, error) {
	return ledger.Ask(ctx, d.Desk, a, employer{d.Orgs, id})
}

// employer asks for the name of an organization.
type employer struct {
	orgs Organizations
	id   string
}

func (employer) Action() string { return "identity.self" }

func (q employer) Answer(ctx context.Context, r *ledger.Reading) (string, error) {
	name, _, err := q.orgs.Who(ctx, r, q.id)
	return name, err
}

// Join takes an invitation up: it sets the password and proves the authenticator.
func (d *Door) Join(ctx context.Context, invitation, pass, code string) error {
	u, err := d.invited(ctx, invitation)
	if err != nil {
		return err
	}
	_, known, err := d.known(ctx, u)
	if err != nil {
		return err
	}
	if err := password.Check(pass, known...); err != nil {
		return err
	}
	a, err := getAuthenticator(ctx, d.Vault, u.ID, pending)
	if errors.Is(err, vault.ErrNone) {
		return errInvitation()
	}
	if err != nil {
		return err
	}
	step, ok, err := a.check(code, d.now())
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Invalid, "the code is not the one that the authenticator shows now: wait for the next one, and check that the clock of the device is right")
	}
	p, c, err := d.keep(ctx, u.ID, pass, a)
	if err != nil {
		return err
	}
	if _, err := ledger.Do(ctx, d.Desk, ledger.Actor{ID: u.ID, Org: u.Org}, Kind, u.ID, Join{invitationDigest(invitation), p, password.Scheme(), c, a.Algorithm, step}); err != nil {
		return err
	}
	return d.forget(ctx, u.ID, pending, u.Password, u.Code)
}

// keep puts credentials into the vault under fresh names. They count once an event
// names them; until then those before do.
func (d *Door) keep(ctx context.Context, id, pass string, a authenticator) (p, c string, err error) {
	return keep(ctx, d.Vault, id, pass, a)
}

func keep(ctx context.Context, v Keeper, id, pass string, a authenticator) (p, c string, err error) {
	hash, err := password.Hash(pass)
	if err != nil {
		return "", "", err
	}
	n := vault.NewID()
	p, c = "password/"+n, "authenticator/"+n
	if err := v.Put(ctx, subject(id), p, hash); err != nil {
		return "", "", err
	}
	return p, c, putAuthenticator(ctx, v, id, c, a)
}

// forget overwrites secrets that do not count any more.
func (d *Door) forget(ctx context.Context, id string, secrets ...string) error {
	for _, name := range secrets {
		if name == "" {
			continue
		}
		if err := d.Vault.Put(ctx, subject(id), name, nil); err != nil {
			return fmt.Errorf("identity: forget a credential: %w", err)
		}
	}
	return nil
}
