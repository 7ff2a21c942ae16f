package release

import (
	"fmt"
	"slices"
	"strings"

	"chaperone.example/law"
	"chaperone.example/law/cohort"
	"chaperone.example/phi"
)

// terms puts in what travels with the data: what it is, what it may be used for, what
// has to be done, how to check it, and the clauses it was given under.
func (a *archive) terms(id string, o Offered, clauses []Clause) error {
	if err := a.text("README.txt", readme(id, o, len(clauses) > 0)); err != nil {
		return err
	}
	if len(clauses) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "The clauses under which release %s was given.\n", id)
	for i, c := range clauses {
		fmt.Fprintf(&b, "\n%d. %s", i+1, c.Title)
		if c.Citation != "" {
			fmt.Fprintf(&b, " (%s)", c.Citation)
		}
		fmt.Fprintf(&b, "\n%s\n", c.Text)
	}
	return a.text("TERMS.txt", b.String())
}

func readme(id string, o Offered, clauses bool) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	line("Release %s", id)
	line("")
	line("Purpose: %s. It may be used for nothing else.", o.Purpose)
	line("Authority: %s (rule %s). Decision %s.", o.Authority, o.Basis, o.Decision)
	line("Form: %s.", FormTitle(o.Form))
	if o.DestroyBy != "" {
		line("Destroy every copy by %s and certify it.", o.DestroyBy)
	}
	line("Do not try to identify anybody in it, and do not contact anybody in it.")
	line("Codes in place of identifiers are yours alone: a copy of this data names its recipient.")
	if clauses {
		line("TERMS.txt holds the clauses of the agreements it was given under.")
	}
	if len(o.Labels) > 0 {
		line("Labels of sensitivity (HL7), of anything in it: %s. They go with every copy.", strings.Join(o.Labels, ", "))
	}
	for _, x := range o.LeftOut {
		line("Left out by the decision: %s (%s).", cohort.Title(x.Class), cohort.Shown(x.Patients))
	}
	line("")
	line("What has to be done with it:")
	for _, d := range Obligations(o.Duties) {
		line("  - %s (%s)", d.Text, d.Citation)
	}
	line("")
	line("Elements in it:")
	for _, e := range o.Elements {
		line("  - %s (%s)", ElementTitle(e), e)
	}
	line("")
	line("Files and the SHA-256 of each. Check with: sha256sum FILE")
	for _, f := range o.Files {
		line("  %s  %s  (%d records; profile %s)", f.SHA256, f.Name, f.Records, f.Profile)
	}
	line("Beside each file, its manifest says what was done to which field, and how often.")
	return b.String()
}

// An Obligation is a duty in words.
type Obligation struct {
	Duty, Text, Citation string
}

// Obligations puts duties in words, by the rules of the law that attach them, in the
// order of the rule book.
func Obligations(duties []string) []Obligation {
	var out []Obligation
	rest := slices.Clone(duties)
	for _, r := range law.Rules() {
		for _, d := range r.Duties {
			if i := slices.Index(rest, string(d)); i >= 0 {
				out = append(out, Obligation{string(d), r.Text, r.Citation})
				rest = slices.Delete(rest, i, i+1)
			}
		}
	}
	for _, d := range rest {
		out = append(out, Obligation{Duty: d, Text: strings.ReplaceAll(d, "-", " ")})
	}
	return out
}

// ElementTitle returns an element of the catalogue in words.
func ElementTitle(id string) string {
	if e, ok := phi.Lookup(id); ok {
		return e.Title
	}
	return id
}
