package rulebook

import (
	"cmp"
	"slices"
	"strings"

	"chaperone.example/law"
	"chaperone.example/law/report"
	"chaperone.example/law/rule"
)

// A Rule is a rule of the book as it is shown: what `chaperone rules` prints.
type Rule struct {
	ID        string   `json:"id"`
	Version   int      `json:"version"`
	Title     string   `json:"title"`
	Citation  string   `json:"citation"`
	Effect    string   `json:"effect"`
	Text      string   `json:"text"`
	From      string   `json:"from,omitempty"` // first day in force; empty: always was
	To        string   `json:"to,omitempty"`   // last day; empty: open
	When      []string `json:"when"`           // it applies if all of this is so
	Unless    []string `json:"unless"`         // and none of this
	Reads     []string `json:"reads"`          // facts, by their stable names
	Duties    []string `json:"duties"`
	Otherwise string   `json:"otherwise,omitempty"`
	More      string   `json:"more,omitempty"`      // what would have to change to get more
	Exception string   `json:"exception,omitempty"` // what a refusal rests on, 45 CFR part 171
	Proofs    []string `json:"proofs"`              // scenarios that prove it
}

// Rules lists the rules of the book that hold every word of the search, in id, title,
// citation, text or what they read, and have the effect; empty finds all. Order is
// that of the book.
func Rules(search, effect string) []Rule {
	words := strings.Fields(strings.ToLower(search))
	proofs := report.Proofs()
	var out []Rule
	for _, r := range law.Rules() {
		if effect != "" && string(r.Effect) != effect {
			continue
		}
		x := shown(r)
		x.Proofs = proofs[r.ID]
		all := strings.ToLower(strings.Join(slices.Concat([]string{x.ID, x.Title, x.Citation, x.Text}, x.When, x.Unless, x.Reads, x.Duties), " "))
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(all, w) }) {
			out = append(out, x)
		}
	}
	// The id of a rule that was searched for comes first.
	slices.SortStableFunc(out, func(a, b Rule) int {
		return cmp.Compare(rank(a.ID, search), rank(b.ID, search))
	})
	return out
}

func rank(id, search string) int {
	if strings.EqualFold(id, strings.TrimSpace(search)) {
		return 0
	}
	return 1
}

func shown(r law.Rule) Rule {
	x := Rule{ID: r.ID, Version: r.Version, Title: r.Title, Citation: r.Citation, Effect: string(r.Effect), Text: r.Text, Reads: r.Reads(), Otherwise: r.Otherwise, More: r.More,
		When: []string{}, Unless: []string{}, Duties: []string{}, Proofs: []string{}}
	if r.From != 0 {
		x.From = r.From.String()
	}
	if r.To != 0 {
		x.To = r.To.String()
	}
	for _, c := range r.When {
		if c != rule.Always {
			x.When = append(x.When, c.Text(true))
		}
	}
	for _, c := range r.Unless {
		x.Unless = append(x.Unless, c.Text(true))
	}
	for _, d := range r.Duties {
		x.Duties = append(x.Duties, d.Text())
	}
	if r.Exception != "" {
		x.Exception = r.Exception + ", " + rule.ExceptionTitle(r.Exception)
	}
	return x
}

// Effects lists what rules do, with words for each.
func Effects() [][2]string {
	return [][2]string{
		{string(rule.Bars), "Bars: refuse, whatever the basis"},
		{string(rule.Grants), "Bases: permit"},
		{string(rule.GrantsSUD), "Bases of 42 CFR Part 2"},
		{string(rule.Validates), "Validity: what documents must satisfy"},
		{string(rule.Filters), "Filters: take elements, days or precision away"},
		{string(rule.Obliges), "Obligations: attach duties"},
	}
}
