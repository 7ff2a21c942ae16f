package policy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"chaperone.example/law"
	"chaperone.example/law/rule"
	"chaperone.example/law/scene"
)

// Cedar is the rule book as Cedar policies: bases permit, bars and filters forbid. It
// is given more than package law is: every condition is read beforehand, and so is
// what each filter leaves. Forms, obligations, failed bases and remedies, which Cedar
// has no words for, are left out.
type Cedar struct {
	policies *cedar.PolicySet
	rules    int
}

// NewCedar writes the policies from the book.
func NewCedar() (*Cedar, error) {
	var b strings.Builder
	n := 0
	for _, r := range rule.All() {
		head := "forbid (principal, action == Action::\"disclose\", resource)"
		var when []string
		switch r.Effect {
		case rule.Grants:
			head = "permit (principal, action == Action::\"disclose\", resource)"
		case rule.GrantsSUD:
			head = "permit (principal, action == Action::\"disclose-part2\", resource)"
		case rule.Bars:
		case rule.Filters:
			if r.Keeps == rule.KeepsAll {
				continue
			}
			when = append(when, "!resource.keeps.contains("+strconv.Itoa(int(r.Keeps))+")")
		default:
			continue
		}
		for _, c := range r.When {
			when = append(when, "context["+strconv.Quote(c.String())+"]")
		}
		for _, c := range r.Unless {
			when = append(when, "!context["+strconv.Quote(c.String())+"]")
		}
		fmt.Fprintf(&b, "@id(%q)\n%s\nwhen { %s };\n", r.ID, head, strings.Join(when, " && "))
		n++
	}
	p, err := cedar.NewPolicySetFromBytes("book.cedar", []byte(b.String()))
	if err != nil {
		return nil, err
	}
	return &Cedar{p, n}, nil
}

// Asked is a request about one class of patients, with all that Cedar needs read.
type Asked struct {
	entities types.EntityMap
	requests []cedar.Request
}

// Ask reads the request for the first class of patients.
func Ask(r *law.Request, f *law.Facts) Asked {
	x := scene.Read(r, f)
	class := law.Class{ID: "all"}
	if len(f.Classes) > 0 {
		class = f.Classes[0]
	}
	s := x.Of(&class)
	s.Marks.Set(rule.PartiesFit, s.Marks.Has(rule.PartiesActive) && s.Marks.Has(rule.PersonActive) && s.Marks.Has(rule.PersonTrained))
	context := types.RecordMap{}
	for _, c := range rule.Conditions() {
		context[types.String(c.String())] = types.Boolean(s.Marks.Has(c))
	}
	out := Asked{entities: types.EntityMap{}}
	who := types.NewEntityUID("Organization", types.String(r.Recipient))
	out.entities[who] = types.Entity{UID: who}
	shared := types.NewRecord(context)
	for _, i := range x.Order {
		id := types.NewEntityUID("Element", types.String(scene.Catalogue.Elements[i].ID))
		var keeps []types.Value
		for k, set := range s.Keeps {
			if set.Has(i) {
				keeps = append(keeps, types.Long(k))
			}
		}
		out.entities[id] = types.Entity{UID: id, Attributes: types.NewRecord(types.RecordMap{"keeps": types.NewSet(keeps...)})}
		out.requests = append(out.requests, cedar.Request{Principal: who, Action: types.NewEntityUID("Action", "disclose"), Resource: id, Context: shared})
	}
	return out
}

// Decide authorizes every element asked for, and counts the reasons that were given.
func (c *Cedar) Decide(a Asked) (kept, reasons int) {
	for _, r := range a.requests {
		d, why := cedar.Authorize(c.policies, a.entities, r)
		if d == types.Allow {
			kept++
		}
		reasons += len(why.Reasons)
	}
	return kept, reasons
}
