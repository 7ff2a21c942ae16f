package demo

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/law"
	"chaperone.example/phi"
)

// Password is that of every person of the demonstration. They never existed.
const Password = "nine quiet goats abide"

// An organization of the consortium.
type organization struct {
	id, name, domain string
	is               []law.Status
	roles            []phi.Role
}

const (
	collaborative = "o-collaborative"
	msp           = "o-harbor-it"
	cloud         = "o-stratus-cloud"
	community     = "o-riverside-partner"
)

var (
	hospitalRoles = []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.DataSteward, phi.QualityCoordinator, phi.CareCoordinator, phi.Analyst}
	hubRoles      = []phi.Role{phi.Administrator, phi.PrivacyOfficer, phi.SecurityOfficer, phi.QualityCoordinator, phi.Analyst, phi.CommitteeMember, phi.Auditor}
)

// consortium returns the organizations: the one that runs the hub first.
func consortium(hospitals []hospital) []organization {
	all := []organization{{collaborative, "Quality Collaborative (synthetic)", "collaborative.example", []law.Status{law.Associate, law.Aggregator}, hubRoles}}
	for _, h := range hospitals {
		all = append(all, organization{h.org(), h.name, h.slug + ".example", []law.Status{law.CoveredEntity, law.Provider}, hospitalRoles})
	}
	return append(all,
		organization{msp, "Harbor Managed IT (synthetic)", "harbor-it.example", []law.Status{law.Associate}, []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.Technician}},
		organization{cloud, "Stratus Cloud (synthetic)", "stratus-cloud.example", []law.Status{law.SubcontractorOrg}, []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.Technician}},
		organization{community, "Riverside Community Partner (synthetic)", "riverside-partner.example", []law.Status{law.CommunityPartner}, []phi.Role{phi.PrivacyOfficer, phi.SecurityOfficer, phi.CareCoordinator}},
	)
}

// A hospital of the synthetic data.
type hospital struct{ slug, name string }

func (h hospital) org() string { return "o-" + h.slug }

// user returns the id of the person with a role in an organization.
func user(org string, role phi.Role) string {
	return "u-" + strings.TrimPrefix(org, "o-") + "-" + string(role)
}

// login returns the sign-in name: data-steward@alder-general.example.
func (o organization) login(role phi.Role) string { return string(role) + "@" + o.domain }

// display names a person by the job, so that nobody is invented.
func display(role phi.Role) string { return capital(access.Title(role)) + " (synthetic)" }

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// secret is the authenticator's secret of a person: known, since it protects
// nothing.
func secret(login string) string {
	sum := sha256.Sum256([]byte("chaperone demo " + login))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20])
}
