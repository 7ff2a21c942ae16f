package page

import (
	"net/http"

	"chaperone.example/internal/agreement"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
)

func (p Page) links(r *http.Request) (viewer, []agreement.Link, error) {
	v, err := p.viewer(r)
	if err != nil {
		return v, nil, err
	}
	links, err := ledger.Ask(r.Context(), p.Desk, v.actor, agreement.Links{})
	return v, links, err
}

func (p Page) chain(w http.ResponseWriter, r *http.Request) error {
	v, links, err := p.links(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, chainPage(v, links))
}

func (p Page) chainCSV(w http.ResponseWriter, r *http.Request) error {
	v, links, err := p.links(r)
	if err != nil {
		return err
	}
	return web.CSV(w, "chain-of-custody.csv", []string{"From", "To", "Agreement", "Status", "Live"}, func(yield func([]string) bool) {
		for _, l := range links {
			word := "no"
			if l.Live {
				word = "yes"
			}
			if !yield([]string{v.name(l.From), v.name(l.To), l.Kind.Title(), string(l.Status), word}) {
				return
			}
		}
	})
}
