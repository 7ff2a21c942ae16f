package home

import (
	"testing"

	"chaperone.example/internal/access"
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
			if !table.Opens(role, "GET "+c.Href) {
				t.Errorf("%s: the card %q leads to %s, which the role may not open", role, c.Title, c.Href)
			}
		}
	}
}

func TestCountsAreShown(t *testing.T) {
	for _, c := range Cards(phi.DataSteward, map[string]int{"awaiting": 2}) {
		if c.Href == "/requests" && c.Note != "2 awaiting a decision" {
			t.Errorf("note %q", c.Note)
		}
	}
}
