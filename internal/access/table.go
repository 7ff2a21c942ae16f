package access

import "chaperone.example/phi"

// The groups of roles that the grants speak of.
var (
	visitors   = []phi.Role{Anyone}
	members    = []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.QualityCoordinator, phi.CareCoordinator, phi.DataSteward, phi.Analyst, phi.Technician, phi.CommitteeMember, phi.Auditor, phi.Administrator}
	everybody  = append([]phi.Role{Anyone}, members...)
	officers   = []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer}
	signers    = []phi.Role{phi.PrivacyOfficer}
	stewards   = []phi.Role{phi.DataSteward}
	approvers  = []phi.Role{phi.DataSteward, phi.PrivacyOfficer}
	requesters = []phi.Role{phi.QualityCoordinator, phi.CareCoordinator, phi.Analyst}
	admins     = []phi.Role{phi.Administrator}
	overseers  = []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.Auditor}
)

// Grants is who may do what. It is read by people: keep it in the order of the
// product, one line an action.
func Grants() []Grant {
	return []Grant{
		{"page.public", "see the public pages", everybody},
		{"identity.sign-in", "sign in", everybody},
		{"home.see", "see the home page", members},

		{"ledger.see", "see the ledger's head and own records", members},
		{"ledger.prove", "export a proof", members},
	}
}

// Routes is every door of the program.
func Routes() []Route {
	return []Route{
		{"GET /{$}", "home.see"},
		{"GET /static/", "page.public"},
		{"GET /ledger", "ledger.see"},
		{"GET /ledger/{seq}", "ledger.see"},
		{"GET /ledger/{seq}/proof", "ledger.prove"},
		{"GET /ledger/policy", "ledger.see"},
		{"GET /api/openapi.json", "page.public"},
		{"GET /api/v1/ledger", "ledger.see"},
		{"GET /api/v1/ledger/{seq}", "ledger.see"},
		{"GET /api/v1/ledger/{seq}/proof", "ledger.prove"},
		{"GET /api/v1/ledger-policy", "ledger.see"},
	}
}
