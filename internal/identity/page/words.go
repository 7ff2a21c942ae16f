package page

import (
	"slices"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/web"
	"chaperone.example/phi"
)

// blank returns a form with the problems of f but without what was entered in a
// field: a code that was sent is used up.
func blank(f *web.Form, name string) *web.Form {
	if f == nil {
		return nil
	}
	b := &web.Form{}
	for _, p := range f.Problems() {
		if p.Name == name {
			b.Wrong(p.Name, p.Text)
		}
	}
	return b
}

// yours says to a person what the table says of everybody: "Offer an agreement".
func yours(why string) string {
	why = strings.ReplaceAll(why, "the own ", "your ")
	return strings.ToUpper(why[:1]) + why[1:]
}

// A task is what a role may do with things of one kind.
type task struct {
	Noun string
	May  []string
}

// nouns are the kinds of things, by what stands before the dot in the name of an action.
var nouns = map[string]string{
	"home": "Your work", "identity": "Account and people", "org": "Organizations", "agreement": "Agreements", "dataset": "Datasets",
	"request": "Requests", "release": "Releases", "disclosure": "Disclosures", "ledger": "Ledger",
}

// tasksOf groups what a role is granted by noun, in the order of the grants.
func tasksOf(role phi.Role) []task {
	var out []task
	for _, g := range access.Grants() {
		if !granted(g, role) || granted(g, access.Anyone) {
			continue
		}
		kind, _, _ := strings.Cut(g.Action, ".")
		noun := nouns[kind]
		if noun == "" {
			noun = strings.ToUpper(kind[:1]) + kind[1:]
		}
		i := slices.IndexFunc(out, func(t task) bool { return t.Noun == noun })
		if i < 0 {
			i, out = len(out), append(out, task{Noun: noun})
		}
		out[i].May = append(out[i].May, yours(g.Why))
	}
	return out
}

func keyLabel(have string) string {
	if have == "" {
		return "Public key"
	}
	return "Another public key, instead"
}

func newcomerTitle(org string) string {
	if org == "" {
		return "Register a person"
	}
	return "Register its first administrator"
}

// tasks says what each role does: roles are tasks, not titles (IAM-2).
func tasks(r phi.Role) string {
	switch r {
	case phi.PrivacyOfficer:
		return "Signs agreements, answers for disclosures, handles complaints."
	case phi.SecurityOfficer:
		return "Watches over access, keys and incidents."
	case phi.QualityCoordinator:
		return "Asks for data to compare and improve care."
	case phi.CareCoordinator:
		return "Arranges the care of single patients across organizations."
	case phi.DataSteward:
		return "Registers datasets and decides on requests for them."
	case phi.Analyst:
		return "Asks for de-identified or limited data and works with them."
	case phi.Technician:
		return "Keeps systems running for clients; sees no patients."
	case phi.CommitteeMember:
		return "Decides with others on the rules of the collaborative."
	case phi.Auditor:
		return "Reads what happened, and changes nothing."
	case phi.Administrator:
		return "Registers people and ends their access."
	}
	return ""
}

func roles() []web.Option {
	var out []web.Option
	for _, r := range identity.Roles() {
		out = append(out, web.Option{Value: string(r), Label: identity.RoleTitle(r), Hint: tasks(r)})
	}
	return out
}
