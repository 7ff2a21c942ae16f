// Package identity keeps the people of a hub: who they are, how they prove it, and
// what follows from it (IAM-1; 45 CFR 164.312(a)(2)(i) unique user identification,
// 164.312(a)(2)(iii) automatic logoff, 164.312(d) authentication,
// 164.308(a)(3)(ii)(C) termination of access).
//
// # What is where
//
// The ledger holds that somebody was registered for an organization in a role, that
// credentials were set, and that the person signed in and out: with opaque ids. A
// name and a sign-in name are sealed details, under the person's own key. The
// password's hash and the secret of the authenticator are in the vault. To find a
// person by sign-in name there is its keyed digest, in the event and in the view.
// Sessions are in a store of their own (package session).
//
// # Signing in
//
// A sign-in takes the sign-in name, the password and the six digits of an
// authenticator (RFC 6238), all at once, so that nothing is learned from half of
// them. Whatever is wrong, the answer is the same, after the same work: an unknown
// name is compared with a decoy. After five failures in a row an account waits,
// and the wait doubles up to an hour; it counts by account, so no spelling of the
// name makes a fresh start. A code is accepted once: the ledger holds the last step
// that was used, and a stream moves only forward, also when two try at once.
//
// # Invitations
//
// An administrator registers a person and gets a code, once, to hand over. With it
// the person sets a password and enrols an authenticator. Nobody ever sets another's
// password. A lost factor is replaced by a new invitation.
package identity

import (
	"time"

	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Registered: a person was given access. Details holds the names.
type Registered struct {
	Org   string   `json:"org"`
	Role  phi.Role `json:"role"`
	Login string   `json:"login"` // keyed digest of the normalised sign-in name, hexadecimal
}

// Details are sealed beside [Registered].
type Details struct {
	Name  string `json:"name"`
	Login string `json:"login"` // the sign-in name as it was entered: an e-mail address
}

// Invited: a code was handed out with which the person sets the credentials.
type Invited struct {
	Code  string    `json:"code"` // SHA-256 of a random code, hexadecimal
	Until time.Time `json:"until"`
}

// PasswordSet: the hash is in the vault under the name that Credential gives.
type PasswordSet struct {
	Credential string `json:"credential"`
	Scheme     string `json:"scheme"`
}

// AuthenticatorEnrolled: the secret is in the vault under the name that Credential
// gives.
type AuthenticatorEnrolled struct {
	Credential string `json:"credential"`
	Algorithm  string `json:"algorithm"`
	Step       int64  `json:"step"` // of the code that proved it; it is used up
}

// SignedIn: with password and authenticator.
type SignedIn struct {
	Session string `json:"session"` // public id of the session
	Step    int64  `json:"step"`    // of the code; it is used up
}

// SignInFailed: somebody tried and failed. What was entered is not kept.
type SignInFailed struct {
	Failures int `json:"failures"` // in a row
}

// Locked: no further try is looked at until then.
type Locked struct {
	Until time.Time `json:"until"`
}

// SignedOut: a session ended before its time.
type SignedOut struct {
	Session string `json:"session"`
}

// Disabled: the person has no access any more. Every session ends.
type Disabled struct{}

// Enabled: the person has it again, with a new invitation.
type Enabled struct{}

// RecipientRegistered: packages for the person are encrypted to this age public key
// (REL-1). The private key never comes here.
type RecipientRegistered struct {
	Key string `json:"key"`
}

// Types are the events of this module.
var Types = ledger.Types{
	"user.registered":             Registered{},
	"user.invited":                Invited{},
	"user.password-set":           PasswordSet{},
	"user.authenticator-enrolled": AuthenticatorEnrolled{},
	"user.signed-in":              SignedIn{},
	"user.sign-in-failed":         SignInFailed{},
	"user.locked":                 Locked{},
	"user.signed-out":             SignedOut{},
	"user.disabled":               Disabled{},
	"user.enabled":                Enabled{},
	"user.recipient-registered":   RecipientRegistered{},
}
