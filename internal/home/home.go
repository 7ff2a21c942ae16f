// Package home is the first page after sign-in: for each job at most seven things,
// each with one verb.
package home

import (
	"context"
	"net/http"
	"slices"

	"chaperone.example/internal/access"
	"chaperone.example/internal/web"
	"chaperone.example/phi"
)

// Most is how many cards a home page has at most.
const Most = 7

// A card is one thing to do, for the roles that do it.
type card struct {
	web.Card
	count string // which of the counts is shown with it
	roles []phi.Role
}

var (
	askers     = []phi.Role{phi.QualityCoordinator, phi.CareCoordinator, phi.Analyst}
	approvers  = []phi.Role{phi.DataSteward, phi.PrivacyOfficer}
	overseers  = []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.Auditor}
	withPeople = []phi.Role{phi.Administrator, phi.SecurityOfficer, phi.PrivacyOfficer}
)

// cards is every card, in the order in which a person with that job would want
// them.
func cards() []card {
	return []card{
		{web.Card{Title: "Ask for data", Text: "Say what for, tick the elements, and see what may be given and why.", Verb: "Ask", Href: "/requests/new"}, "", askers},
		{web.Card{Title: "Your requests", Text: "What you asked for, what was decided, and what would have to change to get more.", Verb: "Follow", Href: "/requests?side=asking"}, "requests", askers},
		{web.Card{Title: "Packages for you", Text: "Releases that are encrypted to your key. Each is on offer for some days only.", Verb: "Fetch", Href: "/releases"}, "releases", askers},
		{web.Card{Title: "Your key", Text: "The public key that packages for you are encrypted to.", Verb: "Set up", Href: "/account"}, "keyless", askers},
		{web.Card{Title: "Requests for your data", Text: "What others ask of your organization, already right-sized. You decide.", Verb: "Decide", Href: "/requests?side=asked"}, "awaiting", approvers},
		{web.Card{Title: "Agreements", Text: "What is offered, in force, about to end; the required terms checked one by one.", Verb: "Review", Href: "/agreements"}, "agreements", []phi.Role{phi.PrivacyOfficer, phi.QualityCoordinator, phi.Technician, phi.CommitteeMember, phi.Auditor, phi.Administrator}},
		{web.Card{Title: "Register a dataset", Text: "Upload an extract. Every element is classified; the file is sealed under your organization's key.", Verb: "Register", Href: "/datasets/new"}, "", []phi.Role{phi.DataSteward}},
		{web.Card{Title: "Datasets", Text: "What your organization holds, where it is, and who needs which element.", Verb: "Browse", Href: "/datasets"}, "", []phi.Role{phi.DataSteward, phi.SecurityOfficer, phi.Auditor}},
		{web.Card{Title: "Releases", Text: "What was given out, to whom, until when. Revoke what must stop.", Verb: "Look", Href: "/releases"}, "", []phi.Role{phi.DataSteward, phi.PrivacyOfficer}},
		{web.Card{Title: "Disclosure log", Text: "Who got what, for what purpose, on what authority.", Verb: "Read", Href: "/disclosures"}, "", overseers},
		{web.Card{Title: "Account to a patient", Text: "Who received one patient's information in the last six years (45 CFR 164.528).", Verb: "Account", Href: "/disclosures/accounting"}, "", []phi.Role{phi.PrivacyOfficer}},
		{web.Card{Title: "People", Text: "Who has access, in which role. Register, disable.", Verb: "Manage", Href: "/people"}, "", withPeople},
		{web.Card{Title: "Organizations", Text: "Members, officers, and the chain of custody with its gaps.", Verb: "See", Href: "/organizations"}, "", []phi.Role{phi.SecurityOfficer, phi.Technician, phi.CommitteeMember, phi.Auditor, phi.Administrator}},
		{web.Card{Title: "Ledger", Text: "Everything that happened and concerns your organization. Prove any line of it.", Verb: "Prove", Href: "/ledger"}, "", nil},
	}
}

// Cards returns the cards of a role. Counts are shown where they are not zero.
func Cards(role phi.Role, counts map[string]int) []web.Card {
	var out []web.Card
	for _, c := range cards() {
		if c.roles != nil && !slices.Contains(c.roles, role) {
			continue
		}
		if n := counts[c.count]; c.count != "" && n > 0 {
			c.Note = waiting(c.count, n)
			c.Tone = web.Wait
		}
		out = append(out, c.Card)
	}
	return out
}

// waiting says in words what a count counts.
func waiting(count string, n int) string {
	switch count {
	case "keyless":
		return "No key registered yet"
	case "requests":
		return web.Count(n) + " not approved yet"
	case "releases":
		return web.Count(n) + " ready to fetch"
	case "awaiting":
		return web.Plural(n, "request awaits", "requests await") + " your decision"
	}
	return web.Plural(n, "awaits", "await") + " a signature"
}

// Page serves /.
type Page struct {
	// Counts says how much awaits the actor: "requests", "releases", "awaiting",
	// "agreements", "keyless".
	Counts func(context.Context) (map[string]int, error)
}

// Routes adds the page to mux.
func (p Page) Routes(mux *access.Mux) { mux.Handle("GET /{$}", web.Handler(p.home)) }

func (p Page) home(w http.ResponseWriter, r *http.Request) error {
	counts, err := p.Counts(r.Context())
	if err != nil {
		return err
	}
	role := phi.Role(access.Actor(r.Context()).Role)
	return web.Render(w, r, http.StatusOK, page(access.Title(role), Cards(role, counts)))
}
