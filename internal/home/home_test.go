package home

import (
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/web"
	"chaperone.example/phi"
)

// A home page has at most seven things, each with one verb, and none that the role
// may not do.
func TestCardsPerJob(t *testing.T) {
	table, err := access.NewTable(access.Routes(), access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.QualityCoordinator, phi.CareCoordinator, phi.DataSteward, phi.Analyst, phi.Technician, phi.CommitteeMember, phi.Auditor, phi.Administrator} {
		cards := Cards(role, map[string]int{"awaiting": 2})
		if len(cards) == 0 || len(cards) > Most {
			t.Errorf("%s: %d cards", role, len(cards))
		}
		for _, c := range cards {
			if c.Verb == "" || c.Text == "" {
				t.Errorf("%s: %s has no verb or text", role, c.Title)
			}
			path, _, _ := strings.Cut(c.Href, "?")
			if !table.Opens(role, "GET "+path) {
				t.Errorf("%s: the card %q leads to %s, which the role may not open", role, c.Title, c.Href)
			}
		}
	}
}

func TestCountsAreShown(t *testing.T) {
	for _, tt := range []struct {
		role  phi.Role
		card  string
		count string
		n     int
		want  string
	}{
		{phi.DataSteward, "Requests for your data", "awaiting", 1, "1 request awaits your decision"},
		{phi.PrivacyOfficer, "Requests for your data", "awaiting", 2, "2 requests await your decision"},
		{phi.PrivacyOfficer, "Agreements", "agreements", 2, "2 await a signature"},
		{phi.Analyst, "Packages for you", "releases", 1, "1 ready to fetch"},
		{phi.Analyst, "Your requests", "requests", 3, "3 not approved yet"},
		{phi.CareCoordinator, "Your key", "keyless", 1, "No key registered yet"},
		{phi.CareCoordinator, "Your key", "keyless", 0, ""},
	} {
		cards := Cards(tt.role, map[string]int{tt.count: tt.n})
		i := slices.IndexFunc(cards, func(c web.Card) bool { return c.Title == tt.card })
		if i < 0 || cards[i].Note != tt.want {
			t.Errorf("%s: %s with %d %s: %+v, want the note %q", tt.role, tt.card, tt.n, tt.count, cards, tt.want)
		}
	}
}
