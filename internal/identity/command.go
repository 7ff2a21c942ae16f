package identity

import (
	"context"
	"crypto/subtle"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
	"chaperone.example/phi"
	"filippo.io/age"
)

// invitationLife is how long an invitation holds.
const invitationLife = 72 * time.Hour

// Organizations knows the organizations that people work for. Another module keeps
// them.
type Organizations interface {
	// Who returns the name of an organization and whether it runs the hub; a not-found
	// fault if there is none.
	Who(ctx context.Context, r *ledger.Reading, id string) (name string, operator bool, err error)
}

// Register gives a person access. Login is the digest of the sign-in name in
// Details; see [Door.Invite], which makes both.
type Register struct {
	Org     string   `json:"org"`
	Role    phi.Role `json:"role"`
	Login   string   `json:"login"`
	Code    string   `json:"code"` // digest of the invitation
	Details Details  `json:"details"`

	Orgs     Organizations `json:"-"`
	operator bool          // the actor's organization runs the hub
	first    bool          // nobody works for the organization yet
	taken    bool
}

// Action implements [ledger.Command].
func (Register) Action() string { return "identity.manage" }

// Begins implements [ledger.Beginning].
func (Register) Begins() {}

// Gather looks up the organizations and whether the sign-in name is taken. The view
// refuses a second one in any case.
func (c Register) Gather(ctx context.Context, r *ledger.Reading, _ User) (ledger.Command[User], error) {
	var err error
	if _, _, err = c.Orgs.Who(ctx, r, c.Org); err != nil {
		return nil, err
	}
	if _, c.operator, err = c.Orgs.Who(ctx, r, r.Scope().Org); err != nil {
		return nil, err
	}
	var people, same int
	err = r.DB().QueryRowContext(ctx, `select coalesce(sum(case when org = $1 then 1 else 0 end), 0), coalesce(sum(case when login = $2 then 1 else 0 end), 0) from identity_user`, c.Org, c.Login).Scan(&people, &same)
	c.first, c.taken = people == 0, same > 0
	return c, err
}

// Decide implements [ledger.Command].
func (c Register) Decide(_ User, now ledger.Moment) ([]ledger.Event, error) {
	if c.Org != now.Actor.Org {
		switch {
		case !c.operator:
			return nil, ledger.Unknown("organization")
		case !c.first:
			return nil, fault.New(fault.Refused, "that organization has people of its own: its administrator registers the others")
		case c.Role != phi.Administrator:
			return nil, fault.New(fault.Refused, "for another organization, register its first administrator: that person registers the others")
		}
	}
	if c.taken {
		return nil, fault.New(fault.Refused, "this sign-in name is taken: use another e-mail address of the person")
	}
	return register(c.Org, c.Role, c.Login, c.Details, now, Invited{c.Code, now.Now.Add(invitationLife)})
}

// Limits of what is entered.
const (
	maxName  = 120
	maxLogin = 254 // characters of an e-mail address
)

func register(org string, role phi.Role, login string, d Details, now ledger.Moment, more ...ledger.Event) ([]ledger.Event, error) {
	d.Name, d.Login = strings.Join(strings.Fields(d.Name), " "), strings.TrimSpace(d.Login)
	printable := func(s string) bool {
		return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
	}
	switch {
	case d.Name == "" || utf8.RuneCountInString(d.Name) > maxName || !printable(d.Name):
		return nil, fault.New(fault.Invalid, "enter the person's name, in at most %d characters", maxName)
	case normalise(d.Login) == "" || utf8.RuneCountInString(d.Login) > maxLogin || !printable(d.Login):
		return nil, fault.New(fault.Invalid, "enter the person's e-mail address as sign-in name, in at most %d characters", maxLogin)
	case !slices.Contains(Roles(), role):
		return nil, fault.New(fault.Invalid, "choose the person's role")
	}
	return append([]ledger.Event{ledger.Sealed{Event: Registered{org, role, login}, Subject: subject(now.ID), Details: d}}, more...), nil
}

// subject names a person to the vault.
func subject(id string) string { return Kind.Name + "/" + id }

// Invite gives a person of the own organization a new invitation: a first one that
// was lost, or a lost factor.
type Invite struct {
	Code string `json:"code"` // digest
}

// Action implements [ledger.Command].
func (Invite) Action() string { return "identity.manage" }

// Decide implements [ledger.Command].
func (c Invite) Decide(u User, now ledger.Moment) ([]ledger.Event, error) {
	switch {
	case u.Disabled:
		return nil, fault.New(fault.Refused, "this person's access is disabled: enable it first")
	case u.ID == now.Actor.ID:
		return nil, fault.New(fault.Refused, "nobody invites themselves: ask another administrator or officer")
	}
	return []ledger.Event{Invited{c.Code, now.Now.Add(invitationLife)}}, nil
}

// Join takes an invitation up. Whoever calls has checked the code of the new
// authenticator, and put both credentials into the vault.
type Join struct {
	Invitation string `json:"invitation"` // digest
	Password   string `json:"password"`   // names of the credentials
	Scheme     string `json:"scheme"`
	Code       string `json:"code"`
	Algorithm  string `json:"algorithm"`
	Step       int64  `json:"step"`
}

// Action implements [ledger.Command].
func (Join) Action() string { return "identity.join" }

// Decide implements [ledger.Command].
func (c Join) Decide(u User, now ledger.Moment) ([]ledger.Event, error) {
	if err := u.invited(c.Invitation, now.Now); err != nil {
		return nil, err
	}
	return []ledger.Event{PasswordSet{c.Password, c.Scheme}, AuthenticatorEnrolled{c.Code, c.Algorithm, c.Step}}, nil
}

// invited returns nil if the digest is of an invitation that holds.
func (u User) invited(digest string, now time.Time) error {
	if u.Disabled || u.Invitation.Code == "" || subtle.ConstantTimeCompare([]byte(digest), []byte(u.Invitation.Code)) != 1 || !now.Before(u.Invitation.Until) {
		return errInvitation()
	}
	return nil
}

func errInvitation() error {
	return fault.New(fault.Refused, "this invitation is not valid, or not any more: check the letters, or ask for a new one")
}

// signIn records a sign-in that was checked.
type signIn struct {
	Session string `json:"session"`
	Step    int64  `json:"step"`
}

func (signIn) Action() string { return "identity.sign-in" }

func (c signIn) Decide(u User, now ledger.Moment) ([]ledger.Event, error) {
	if u.Disabled || !u.Ready() || now.Now.Before(u.Locked) || c.Step <= u.Step {
		return nil, errSignIn()
	}
	return []ledger.Event{SignedIn(c)}, nil
}

// fail records a sign-in that failed. While an account waits nothing is recorded, so
// that nobody can fill the ledger by guessing.
type fail struct{}

func (fail) Action() string { return "identity.sign-in" }

func (fail) Decide(u User, now ledger.Moment) ([]ledger.Event, error) {
	if now.Now.Before(u.Locked) {
		return nil, nil
	}
	n := u.Failures + 1
	events := []ledger.Event{SignInFailed{n}}
	if w := wait(n); w > 0 {
		events = append(events, Locked{now.Now.Add(w)})
	}
	return events, nil
}

// signOut ends a session.
type signOut struct {
	Session string `json:"session"`
}

func (signOut) Action() string { return "identity.self" }

func (c signOut) Decide(u User, now ledger.Moment) ([]ledger.Event, error) {
	if u.ID != now.Actor.ID {
		return nil, ledger.Unknown(Kind.Name)
	}
	return []ledger.Event{SignedOut(c)}, nil
}

// Disable ends a person's access, and every session, at once.
type Disable struct{}

// Action implements [ledger.Command].
func (Disable) Action() string { return "identity.manage" }

// Decide implements [ledger.Command].
func (Disable) Decide(u User, now ledger.Moment) ([]ledger.Event, error) {
	switch {
	case u.ID == now.Actor.ID:
		return nil, fault.New(fault.Refused, "nobody disables their own access: ask another administrator or officer")
	case u.Disabled:
		return nil, nil
	}
	return []ledger.Event{Disabled{}}, nil
}

// Enable gives a person access again, with a new invitation: the old credentials
// stay void until it is taken up.
type Enable struct {
	Code string `json:"code"` // digest
}

// Action implements [ledger.Command].
func (Enable) Action() string { return "identity.manage" }

// Decide implements [ledger.Command].
func (c Enable) Decide(u User, now ledger.Moment) ([]ledger.Event, error) {
	if !u.Disabled {
		return nil, fault.New(fault.Refused, "this person's access is not disabled")
	}
	return []ledger.Event{Enabled{}, Invited{c.Code, now.Now.Add(invitationLife)}}, nil
}

// RegisterRecipient registers the public key that packages for the person are
// encrypted to.
type RegisterRecipient struct {
	Key string `json:"key"`
}

// Action implements [ledger.Command].
func (RegisterRecipient) Action() string { return "identity.self" }

// Decide implements [ledger.Command].
func (c RegisterRecipient) Decide(u User, now ledger.Moment) ([]ledger.Event, error) {
	if u.ID != now.Actor.ID {
		return nil, ledger.Unknown(Kind.Name)
	}
	key, err := recipient(c.Key)
	if err != nil || key == u.Recipient {
		return nil, err
	}
	return []ledger.Event{RecipientRegistered{key}}, nil
}

// recipient checks an age public key. What was entered is never repeated: it may be
// a private key.
func recipient(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", fault.New(fault.Invalid, "enter your public key: it starts with age1")
	case strings.Contains(strings.ToUpper(s), "AGE-SECRET-KEY"):
		return "", fault.New(fault.Invalid, "this is a private key, and it must stay with you. It was not stored. Since it has left your computer, make a new pair and enter the public one, which starts with age1")
	}
	r, err := age.ParseX25519Recipient(s)
	if err != nil {
		return "", fault.New(fault.Invalid, "this is not an age public key: it starts with age1 and has 62 characters; copy the whole line that age-keygen shows after \"Public key:\"")
	}
	return r.String(), nil
}

// setUp registers a person with credentials, without invitation. No role is granted
// its action: see [Bootstrap].
type setUp struct {
	Org       string   `json:"org"`
	Role      phi.Role `json:"role"`
	Login     string   `json:"login"`
	Details   Details  `json:"details"`
	Password  string   `json:"password"` // names of the credentials
	Scheme    string   `json:"scheme"`
	Code      string   `json:"code"`
	Algorithm string   `json:"algorithm"`
	Invite    Invited  `json:"invite"`
}

func (setUp) Action() string { return "identity.set-up" }
func (setUp) Begins()        {}

func (c setUp) Decide(_ User, now ledger.Moment) ([]ledger.Event, error) {
	more := []ledger.Event{PasswordSet{c.Password, c.Scheme}, AuthenticatorEnrolled{c.Code, c.Algorithm, 0}}
	if c.Invite.Code != "" {
		more = []ledger.Event{c.Invite}
	}
	return register(c.Org, c.Role, c.Login, c.Details, now, more...)
}
