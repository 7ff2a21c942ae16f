package page

import (
	"net/url"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/history"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// words says in words what happened, by the type of the event.
func words(typ string) string {
	if s := sentences[typ]; s != "" {
		return s
	}
	noun, verb, _ := strings.Cut(typ, ".")
	return upper(noun) + " " + strings.ReplaceAll(verb, "-", " ")
}

// sentences are the types whose own words do not read well.
var sentences = map[string]string{
	"agreement.return-due":            "Duty to return or destroy began",
	"dataset.classified":              "Dataset classified",
	"dataset.confirmed":               "Classification confirmed",
	"dataset.opened":                  "Dataset opened for use",
	"dataset.received":                "File received and sealed",
	"organization.engaged":            "Engagement recorded",
	"organization.engagement-ended":   "Engagement ended",
	"organization.officer-designated": "Officer designated",
	"release.accounted":               "Accounted to a patient",
	"release.destroyed":               "Package destroyed after its time",
	"release.log-viewed":              "Disclosure log read",
	"release.offered":                 "Release built and offered",
	"request.decided":                 "Decided by the law",
	"user.authenticator-enrolled":     "Authenticator set up",
	"user.disabled":                   "Access ended",
	"user.enabled":                    "Access given again",
	"user.invited":                    "Person invited",
	"user.locked":                     "Sign-in locked",
	"user.password-set":               "Password set",
	"user.recipient-registered":       "Key registered",
	"user.registered":                 "Person registered",
	"user.sign-in-failed":             "Sign-in failed",
	"user.signed-in":                  "Signed in",
	"user.signed-out":                 "Signed out",
}

// A place is where streams of a kind have their page.
type place struct{ noun, path string }

var places = map[string]place{
	"agreement":      {"Agreement", "/agreements/"},
	"dataset":        {"Dataset", "/datasets/"},
	"disclosure-log": {"Disclosure log", ""},
	"organization":   {"Organization", ""},
	"release":        {"Release", "/releases/"},
	"request":        {"Request", "/requests/"},
	"user":           {"Person", ""},
}

// page is where what a stream is about is shown, if anywhere.
func page(stream string) string {
	kind, id, _ := strings.Cut(stream, "/")
	if p := places[kind]; p.path != "" {
		return p.path + url.PathEscape(id)
	}
	return ""
}

// titles is what streams, organizations and users are called, by stream or id.
type titles map[string]string

// about says what a stream is about.
func (t titles) about(stream string) string {
	kind, id, _ := strings.Cut(stream, "/")
	noun := places[kind].noun
	title := t[stream]
	switch {
	case noun == "":
		return stream
	case title == "":
		return noun + " " + id
	case kind == "agreement":
		return upper(title)
	case kind == "organization":
		return title
	case kind == "release":
		return noun + " " + title
	}
	return noun + ": " + title
}

// actor says who acted: people of the own organization by name, others by their task.
func (t titles) actor(a ledger.Actor) string {
	org := t[a.Org]
	if org == "" {
		org = a.Org
	}
	who := t[a.ID]
	switch {
	case who == "" && a.Role != "":
		who = upper(access.Title(phi.Role(a.Role)))
	case who == "":
		who = upper(a.ID)
		if strings.HasPrefix(a.ID, "u-") {
			who = "A person"
		}
	}
	if org == "" {
		return who
	}
	return who + ", " + org
}

// parties are the organizations that see a record.
func (t titles) parties(r history.Entry) string {
	var s []string
	for _, p := range r.Parties {
		name := t[p.Org]
		if name == "" {
			name = p.Org
		}
		s = append(s, name)
	}
	return strings.Join(s, ", ")
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
