package app

import (
	"context"
	"maps"
	"strings"

	"chaperone.example/internal/agreement"
	"chaperone.example/internal/dataset"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/org"
	"chaperone.example/internal/release"
	"chaperone.example/internal/request"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// titles tells what the streams of the ledger are about, to those who may see it.
type titles struct{ *App }

// Titles returns what streams ("request/q-…"), organizations and users are called.
func (t titles) Titles(ctx context.Context, r *ledger.Reading, ids []string) (map[string]string, error) {
	out := map[string]string{}
	var plain []string
	for _, id := range ids {
		kind, rest, is := strings.Cut(id, "/")
		if !is {
			plain = append(plain, id)
			continue
		}
		title, err := t.title(ctx, r, kind, rest)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if title != "" {
			out[id] = title
		}
	}
	names, err := t.facts.Names(ctx, r, plain)
	maps.Copy(out, names)
	return out, err
}

// title is empty where the actor's role may not see what the stream is about.
func (t titles) title(ctx context.Context, r *ledger.Reading, kind, id string) (string, error) {
	may := func(action string) bool { return t.table.May(phi.Role(r.Scope().Actor.Role), action) }
	switch {
	case kind == agreement.Kind.Name && may(agreement.Show{}.Action()):
		name, err := t.facts.agreement(ctx, r, id)
		return strings.TrimPrefix(name, "the "), err
	case kind == request.Kind.Name && may(request.One{}.Action()):
		f, err := request.One{ID: id, Sources: t.Sources}.Answer(ctx, r)
		if err != nil || f.Details.Project == "" {
			return "", err
		}
		return "“" + f.Details.Project + "”, asked of " + f.Name(f.Ask.Discloser), nil
	case kind == release.Kind.Name && may(release.See{}.Action()):
		o, err := ledger.See(ctx, r, release.Kind, id)
		if err != nil {
			return "", err
		}
		way, other := "to ", o.Recipient
		if o.Recipient == r.Scope().Org {
			way, other = "from ", o.Discloser
		}
		name, _, err := t.facts.orgs.Who(ctx, r, other)
		return way + name, err
	case kind == dataset.Kind.Name && may(dataset.One{}.Action()):
		s, err := dataset.One{ID: id}.Answer(ctx, r)
		return s.Label.Title, err
	case kind == identity.Kind.Name:
		names, err := t.facts.people.Names(ctx, r, []string{id})
		return names[id], err
	case kind == org.Kind.Name, kind == "disclosure-log":
		name, _, err := t.facts.orgs.Who(ctx, r, id)
		return name, err
	}
	return "", nil
}
