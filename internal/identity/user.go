package identity

import (
	"strings"
	"time"

	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// A User is a person with access, for one organization and in one role.
type User struct {
	ID         string
	Org        string
	Role       phi.Role
	Login      string // digest
	Disabled   bool
	Invitation Invited
	Password   string // names of the credentials in the vault
	Code       string
	Step       int64 // last step of the authenticator that was used
	Failures   int   // in a row
	Locked     time.Time
	Epoch      int // rises when credentials change or access ends: sessions of an older one are void
	Recipient  string
}

// Kind is the stream of a person: "user/u-…". The own organization sees it.
var Kind = ledger.Kind[User]{
	Name:  "user",
	Apply: apply,
	Sees:  func(u User) []string { return []string{u.Org} },
}

func apply(u User, r ledger.Record, e ledger.Event) User {
	switch e := e.(type) {
	case Registered:
		return User{ID: r.ID(), Org: e.Org, Role: e.Role, Login: e.Login}
	case Invited:
		u.Invitation = e
	case PasswordSet:
		u.Password, u.Invitation, u.Failures, u.Locked = e.Credential, Invited{}, 0, time.Time{}
		u.Epoch++
	case AuthenticatorEnrolled:
		u.Code, u.Step = e.Credential, e.Step
		u.Epoch++
	case SignedIn:
		u.Step, u.Failures, u.Locked = e.Step, 0, time.Time{}
	case SignInFailed:
		u.Failures = e.Failures
	case Locked:
		u.Locked = e.Until
	case Disabled:
		u.Disabled, u.Invitation, u.Password, u.Code = true, Invited{}, "", ""
		u.Epoch++
	case Enabled:
		u.Disabled = false
	case RecipientRegistered:
		u.Recipient = e.Key
	}
	return u
}

// Ready reports whether the person has set the credentials.
func (u User) Ready() bool { return u.Password != "" && u.Code != "" }

// Actor returns the person as who acts.
func (u User) Actor() ledger.Actor { return ledger.Actor{ID: u.ID, Org: u.Org, Role: string(u.Role)} }

// Roles lists the roles that a person can have.
func Roles() []phi.Role {
	return []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.QualityCoordinator, phi.CareCoordinator, phi.DataSteward,
		phi.Analyst, phi.Technician, phi.CommitteeMember, phi.Auditor, phi.Administrator}
}

// RoleTitle returns a role in words: "Privacy officer".
func RoleTitle(r phi.Role) string {
	switch r {
	case "":
		return ""
	case phi.Technician:
		return "MSP technician"
	}
	s := strings.ReplaceAll(string(r), "-", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

// The lockout: after so many failures in a row an account waits, and the wait
// doubles.
const (
	tolerated = 5
	firstWait = 30 * time.Second
	longest   = time.Hour
)

// wait returns how long an account waits after so many failures in a row.
func wait(failures int) time.Duration {
	if failures < tolerated {
		return 0
	}
	d := firstWait
	for range failures - tolerated {
		if d *= 2; d >= longest {
			return longest
		}
	}
	return d
}
