package casefile

import (
	"fmt"
	"slices"
	"strings"

	"chaperone.example/law"
)

// Misses says in what the decision is not as expected, a line each.
func (e *Expectation) Misses(d law.Decision) []string {
	var out []string
	miss := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	if e.Outcome != "" && d.Outcome != e.Outcome {
		miss("outcome is %s, expected %s", d.Outcome, e.Outcome)
	}
	if e.Form != law.NoForm && d.Form != e.Form {
		miss("form is %s, expected %s", d.Form, e.Form)
	}
	if e.Basis != "" && d.Basis != e.Basis {
		miss("basis is %s, expected %s", d.Basis, e.Basis)
	}
	var rules, citations, facts []string
	for _, r := range d.Reasons {
		rules, citations = append(rules, r.Rule), append(citations, r.Citation)
		facts = append(append(facts, r.Facts...), r.Documents...)
	}
	for _, o := range d.Obligations {
		citations = append(citations, o.Citation)
	}
	for _, b := range d.Bases {
		rules, citations = append(rules, b.Rule), append(citations, b.Citation)
	}
	contains := func(what string, among, want []string) {
		for _, s := range want {
			if !slices.ContainsFunc(among, func(have string) bool { return strings.Contains(have, s) }) {
				miss("%s %q is not named", what, s)
			}
		}
	}
	for _, id := range e.Rules {
		if !slices.Contains(rules, id) {
			miss("rule %s is not named", id)
		}
	}
	contains("citation", citations, e.Citations)
	contains("fact", facts, e.Facts)
	for _, want := range []struct {
		as  law.Treatment
		ids []string
	}{{law.Kept, e.Kept}, {law.Transformed, e.Transformed}, {law.Dropped, e.Dropped}} {
		for _, id := range want.ids {
			i := slices.IndexFunc(d.Lines, func(l law.Line) bool { return l.Element == id })
			if i < 0 || d.Lines[i].Treatment != want.as {
				miss("%s is not %s", id, want.as)
			}
		}
	}
	has := func(duty law.Duty) bool {
		return slices.ContainsFunc(d.Obligations, func(o law.Obligation) bool { return o.Duty == duty })
	}
	for _, duty := range e.Duties {
		if !has(duty) {
			miss("the duty %s is not there", duty)
		}
	}
	for _, duty := range e.NoDuties {
		if has(duty) {
			miss("the duty %s is there", duty)
		}
	}
	var remedies []string
	for _, r := range d.Remedies {
		remedies = append(remedies, strings.Join(r.Changes, "; "))
	}
	contains("remedy", remedies, e.Remedies)
	for _, f := range e.Failing {
		i := slices.IndexFunc(d.Bases, func(b law.Basis) bool { return b.Rule == f.Rule })
		switch {
		case i < 0:
			miss("basis %s was not tried", f.Rule)
		case d.Bases[i].Fact != f.Fact:
			miss("basis %s fails by %q, expected %q", f.Rule, d.Bases[i].Fact, f.Fact)
		}
	}
	for _, p := range d.Parts {
		if p.Outcome == law.Deny && slices.Contains(e.Released, p.Class) || p.Outcome != law.Deny && slices.Contains(e.Withheld, p.Class) {
			miss("class %q: %s", p.Class, p.Outcome)
		}
	}
	if e.Exception != "" && (d.Exception == nil || d.Exception.Citation != e.Exception) {
		miss("the refusal does not rest on %s", e.Exception)
	}
	if e.Until != 0 && d.Parts[0].Window.Until != e.Until {
		miss("the window ends on %s, expected %s", d.Parts[0].Window.Until, e.Until)
	}
	return out
}
