package access

import (
	"slices"

	"chaperone.example/phi"
)

// The groups of roles that the grants speak of.
var (
	members    = []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.QualityCoordinator, phi.CareCoordinator, phi.DataSteward, phi.Analyst, phi.Technician, phi.CommitteeMember, phi.Auditor, phi.Administrator}
	everybody  = append([]phi.Role{Anyone}, members...)
	signers    = []phi.Role{phi.PrivacyOfficer}
	stewards   = []phi.Role{phi.DataSteward}
	approvers  = []phi.Role{phi.DataSteward, phi.PrivacyOfficer}
	requesters = []phi.Role{phi.QualityCoordinator, phi.CareCoordinator, phi.Analyst}
	admins     = []phi.Role{phi.Administrator}
	keepers    = []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.Administrator}
	overseers  = []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.Auditor}
	inquirers  = slices.Concat(requesters, approvers, []phi.Role{phi.SecurityOfficer, phi.Auditor})
)

// Grants is who may do what. It is read by people: keep it in the order of the
// product, one line an action.
func Grants() []Grant {
	return []Grant{
		{"page.public", "see the public pages", everybody},
		{"identity.sign-in", "sign in", everybody},
		{"identity.join", "take up an invitation", everybody},
		{"identity.sign-out", "sign out", everybody},
		{"home.see", "see the home page", members},
		{"identity.self", "see and manage the own account", members},
		{"identity.people", "see the people of the own organization", keepers},
		{"identity.manage", "give people access and end it", keepers},

		{"org.directory", "see which organizations take part", members},
		{"org.workspace", "see the own organization's officers, gaps and chain of custody", members},
		{"org.manage", "designate officers and say who handles the organization's data", keepers},
		{"org.register", "register and close organizations of the hub", admins},

		{"agreement.list", "see the agreements of the own organization", members},
		{"agreement.see", "read an agreement of the own organization", members},
		{"agreement.chain", "see the chain of custody below the own organization", members},
		{"agreement.offer", "offer an agreement", signers},
		{"agreement.amend", "propose an amendment", signers},
		{"agreement.review", "record a review of an agreement", signers},
		{"agreement.sign", "sign an agreement", signers},
		{"agreement.renew", "propose a renewal", signers},
		{"agreement.withdraw", "withdraw or decline a draft agreement", signers},
		{"agreement.terminate", "terminate an agreement", signers},

		{"dataset.list", "see the inventory of the own organization's datasets", inquirers},
		{"dataset.see", "see a dataset", inquirers},
		{"dataset.register", "register a dataset", stewards},
		{"dataset.receive", "send the file of a dataset", stewards},
		{"dataset.classify", "confirm or correct the classification of a dataset", approvers},
		{"dataset.retire", "retire a dataset", approvers},
		{"dataset.use", "open a dataset's data for an approved release", approvers},

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

		{"release.list", "see the releases of the own organization", inquirers},
		{"release.see", "see a release", inquirers},
		{"release.build", "build a release from an approved request", stewards},
		{"release.download", "fetch a released package", requesters},
		{"release.clear", "see what was found in a held release, and let it go", approvers},
		{"release.revoke", "revoke a release", approvers},
		{"disclosure.list", "read the own organization's disclosure log", overseers},
		{"disclosure.account", "make the accounting of disclosures for a patient", signers},

		{"ledger.see", "see the ledger's head and own records", members},
		{"ledger.prove", "export a proof", members},
	}
}

// Routes is every door of the program.
func Routes() []Route {
	return []Route{
		{"GET /{$}", "home.see"},
		{"GET /static/", "page.public"},

		{"GET /sign-in", "identity.sign-in"},
		{"POST /sign-in", "identity.sign-in"},
		{"POST /sign-out", "identity.sign-out"},
		{"GET /join", "identity.join"},
		{"POST /join", "identity.join"},
		{"POST /join/finish", "identity.join"},
		{"GET /account", "identity.self"},
		{"POST /account/key", "identity.self"},
		{"POST /account/sessions/{id}/end", "identity.self"},
		{"GET /people", "identity.people"},
		{"GET /people.csv", "identity.people"},
		{"GET /people/new", "identity.manage"},
		{"POST /people", "identity.manage"},
		{"POST /people/{id}/invite", "identity.manage"},
		{"POST /people/{id}/disable", "identity.manage"},
		{"POST /people/{id}/enable", "identity.manage"},
		{"POST /api/v1/sign-in", "identity.sign-in"},
		{"POST /api/v1/sign-out", "identity.sign-out"},
		{"GET /api/v1/account", "identity.self"},
		{"POST /api/v1/account/key", "identity.self"},
		{"GET /api/v1/people", "identity.people"},
		{"POST /api/v1/people", "identity.manage"},
		{"POST /api/v1/people/{id}/invite", "identity.manage"},
		{"POST /api/v1/people/{id}/disable", "identity.manage"},
		{"POST /api/v1/people/{id}/enable", "identity.manage"},

		{"GET /organizations", "org.directory"},
		{"GET /organizations.csv", "org.directory"},
		{"GET /organizations/new", "org.register"},
		{"POST /organizations", "org.register"},
		{"POST /organizations/officers", "org.manage"},
		{"POST /organizations/engagements", "org.manage"},
		{"POST /organizations/engagements/end", "org.manage"},
		{"POST /organizations/{id}/close", "org.register"},
		{"POST /organizations/{id}/reopen", "org.register"},
		{"GET /api/v1/organizations", "org.directory"},
		{"POST /api/v1/organizations", "org.register"},
		{"POST /api/v1/organizations/{id}/close", "org.register"},
		{"POST /api/v1/organizations/{id}/reopen", "org.register"},
		{"GET /api/v1/workspace", "org.workspace"},
		{"POST /api/v1/workspace/officers", "org.manage"},
		{"POST /api/v1/workspace/engagements", "org.manage"},
		{"POST /api/v1/workspace/engagements/end", "org.manage"},
		{"GET /api/v1/workspace/custody", "org.workspace"},

		{"GET /agreements", "agreement.list"},
		{"GET /agreements.csv", "agreement.list"},
		{"GET /agreements/new", "agreement.offer"},
		{"POST /agreements", "agreement.offer"},
		{"GET /agreements/{id}", "agreement.see"},
		{"GET /agreements/{id}/terms.csv", "agreement.see"},
		{"GET /agreements/{id}/changes", "agreement.see"},
		{"GET /agreements/{id}/amend", "agreement.amend"},
		{"POST /agreements/{id}/amend", "agreement.amend"},
		{"GET /agreements/{id}/sign", "agreement.sign"},
		{"POST /agreements/{id}/sign", "agreement.sign"},
		{"GET /agreements/{id}/review", "agreement.review"},
		{"POST /agreements/{id}/review", "agreement.review"},
		{"GET /agreements/{id}/renew", "agreement.renew"},
		{"POST /agreements/{id}/renew", "agreement.renew"},
		{"GET /agreements/{id}/terminate", "agreement.terminate"},
		{"POST /agreements/{id}/terminate", "agreement.terminate"},
		{"POST /agreements/{id}/withdraw", "agreement.withdraw"},
		{"GET /api/v1/agreements", "agreement.list"},
		{"POST /api/v1/agreements", "agreement.offer"},
		{"GET /api/v1/agreements/{id}", "agreement.see"},
		{"POST /api/v1/agreements/{id}/amend", "agreement.amend"},
		{"POST /api/v1/agreements/{id}/sign", "agreement.sign"},
		{"POST /api/v1/agreements/{id}/review", "agreement.review"},
		{"POST /api/v1/agreements/{id}/renew", "agreement.renew"},
		{"POST /api/v1/agreements/{id}/withdraw", "agreement.withdraw"},
		{"POST /api/v1/agreements/{id}/terminate", "agreement.terminate"},

		{"GET /datasets", "dataset.list"},
		{"GET /datasets.csv", "dataset.list"},
		{"GET /datasets/new", "dataset.register"},
		{"POST /datasets", "dataset.register"},
		{"GET /datasets/{id}", "dataset.see"},
		{"GET /datasets/{id}/elements.csv", "dataset.see"},
		{"GET /datasets/{id}/versions.csv", "dataset.see"},
		{"GET /datasets/{id}/file", "dataset.receive"},
		{"POST /datasets/{id}/file", "dataset.receive"},
		{"GET /datasets/{id}/classification", "dataset.classify"},
		{"POST /datasets/{id}/classification", "dataset.classify"},
		{"GET /datasets/{id}/retirement", "dataset.retire"},
		{"POST /datasets/{id}/retirement", "dataset.retire"},
		{"GET /api/v1/datasets", "dataset.list"},
		{"POST /api/v1/datasets", "dataset.register"},
		{"GET /api/v1/datasets/{id}", "dataset.see"},
		{"POST /api/v1/datasets/{id}/file", "dataset.receive"},
		{"POST /api/v1/datasets/{id}/classification", "dataset.classify"},
		{"POST /api/v1/datasets/{id}/retirement", "dataset.retire"},

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

		{"GET /releases", "release.list"},
		{"GET /releases.csv", "release.list"},
		{"GET /releases/new", "release.build"},
		{"POST /releases", "release.build"},
		{"GET /releases/{id}", "release.see"},
		{"POST /releases/{id}/download", "release.download"},
		{"GET /releases/{id}/evidence", "release.clear"},
		{"POST /releases/{id}/clear", "release.clear"},
		{"POST /releases/{id}/revoke", "release.revoke"},
		{"GET /disclosures", "disclosure.list"},
		{"GET /disclosures.csv", "disclosure.list"},
		{"GET /disclosures/accounting", "disclosure.account"},
		{"POST /disclosures/accounting", "disclosure.account"},
		{"GET /api/v1/releases", "release.list"},
		{"POST /api/v1/releases", "release.build"},
		{"GET /api/v1/releases/{id}", "release.see"},
		{"POST /api/v1/releases/{id}/download", "release.download"},
		{"GET /api/v1/releases/{id}/evidence", "release.clear"},
		{"POST /api/v1/releases/{id}/clear", "release.clear"},
		{"POST /api/v1/releases/{id}/revoke", "release.revoke"},
		{"GET /api/v1/disclosures", "disclosure.list"},
		{"POST /api/v1/disclosures/accounting", "disclosure.account"},

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
