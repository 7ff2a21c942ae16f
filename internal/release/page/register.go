package page

import (
	"net/http"
	"strconv"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/release"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
)

func (p Page) sets(r *http.Request) ([]release.Set, error) {
	return ledger.Ask(r.Context(), p.Builder.Desk, access.Actor(r.Context()), release.Sets{Directory: p.Directory})
}

// register shows the de-identified and limited data sets, given and received (DAT-3).
func (p Page) register(w http.ResponseWriter, r *http.Request) error {
	sets, err := p.sets(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, registerPage(register{sets: sets, org: access.Actor(r.Context()).Org}))
}

func (p Page) registerCSV(w http.ResponseWriter, r *http.Request) error {
	sets, err := p.sets(r)
	if err != nil {
		return err
	}
	header := []string{"Release", "Form", "Law", "Method", "From", "To", "Permitted use", "Authority", "Obligations", "Elements", "Records", "Made from datasets", "Built", "Offer expires", "Destroy by", "Status"}
	return web.CSV(w, "register-of-data-sets.csv", header, func(yield func([]string) bool) {
		for _, s := range sets {
			if !yield([]string{s.ID, s.Form, s.Basis(), strings.Join(s.Method, "; "), s.Name(s.Discloser), s.Name(s.Recipient), s.Purpose, s.Authority, strings.Join(s.Duties, " "), strings.Join(s.Elements, " "),
				strconv.FormatInt(s.Records, 10), strings.Join(s.Datasets, " "), stamp(s.At), stamp(s.Expires), s.DestroyBy, string(s.Status)}) {
				return
			}
		}
	})
}

// A register is the page of it.
type register struct {
	sets []release.Set
	org  string
}

// where says between whom a set goes.
func (v register) where(s release.Set) string {
	if s.Discloser == v.org {
		return "To " + s.Name(s.Recipient)
	}
	return "From " + s.Name(s.Discloser)
}

// until says by when a set is to be destroyed.
func until(s release.Set) string {
	if s.DestroyBy == "" {
		return "No date agreed"
	}
	return day(s.DestroyBy)
}
