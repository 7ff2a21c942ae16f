package access

import (
	"slices"

	"chaperone.example/phi"
)

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
	inquirers  = slices.Concat(requesters, approvers, []phi.Role{phi.SecurityOfficer, phi.Auditor})
)

// Grants is who may do what. It is read by people: keep it in the order of the
// product, one line an action.
func Grants() []Grant {
	return []Grant{
		{"page.public", "see the public pages", everybody},
		{"identity.sign-in", "sign in", everybody},
		{"home.see", "see the home page", members},

		{"request.list", "see the requests of the own organization", inquirers},
		{"request.see", "see a request", inquirers},
		{"request.decision", "see how a request was decided, and from what", inquirers},
		{"request.replay", "have a recorded decision made again", inquirers},
		{"request.submit", "ask for data", requesters},
		{"request.amend", "narrow a request", requesters},
		{"request.withdraw", "withdraw a request", requesters},
		{"request.reconsider", "have a request decided again", append(slices.Clone(requesters), approvers...)},
		{"request.approve", "approve a request for the own organization's data", approvers},
		{"request.refuse", "refuse a request for the own organization's data", approvers},

		{"ledger.see", "see the ledger's head and own records", members},
		{"ledger.prove", "export a proof", members},
	}
}

// Routes is every door of the program.
func Routes() []Route {
	return []Route{
		{"GET /{$}", "home.see"},
		{"GET /static/", "page.public"},
		{"GET /requests", "request.list"},
		{"GET /requests.csv", "request.list"},
		{"GET /requests/new", "request.submit"},
		{"POST /requests", "request.submit"},
		{"GET /requests/{id}", "request.see"},
		{"GET /requests/{id}/decision.csv", "request.decision"},
		{"GET /requests/{id}/replay", "request.replay"},
		{"GET /requests/{id}/amend", "request.amend"},
		{"POST /requests/{id}/amend", "request.amend"},
		{"POST /requests/{id}/reconsider", "request.reconsider"},
		{"POST /requests/{id}/approve", "request.approve"},
		{"POST /requests/{id}/refuse", "request.refuse"},
		{"POST /requests/{id}/withdraw", "request.withdraw"},
		{"GET /api/v1/requests", "request.list"},
		{"POST /api/v1/requests", "request.submit"},
		{"GET /api/v1/requests/{id}", "request.see"},
		{"GET /api/v1/requests/{id}/decision", "request.decision"},
		{"GET /api/v1/requests/{id}/replay", "request.replay"},
		{"POST /api/v1/requests/{id}/amend", "request.amend"},
		{"POST /api/v1/requests/{id}/reconsider", "request.reconsider"},
		{"POST /api/v1/requests/{id}/approve", "request.approve"},
		{"POST /api/v1/requests/{id}/refuse", "request.refuse"},
		{"POST /api/v1/requests/{id}/withdraw", "request.withdraw"},

		{"GET /ledger", "ledger.see"},
		{"GET /ledger/{seq}", "ledger.see"},
		{"GET /ledger/{seq}/proof", "ledger.prove"},
		{"GET /ledger/policy", "ledger.see"},
		{"GET /log/checkpoint", "page.public"}, // the standard log: commitments, which anybody may mirror
		{"GET /log/tile/{path...}", "page.public"},
		{"GET /api/openapi.json", "page.public"},
		{"GET /api/v1/ledger", "ledger.see"},
		{"GET /api/v1/ledger/{seq}", "ledger.see"},
		{"GET /api/v1/ledger/{seq}/proof", "ledger.prove"},
		{"GET /api/v1/ledger-policy", "ledger.see"},
	}
}
