package report

import (
	_ "embed"
	"strings"
)

// provings is written by the tests of this package from the scenarios of
// law/testdata: a rule a line, with the cases that prove it.
//
//go:embed proofs.txt
var provings string

// Proofs maps each rule to the scenarios that prove it: those that expect it by name,
// or else some in whose decision it is named. The scenarios are in law/testdata.
func Proofs() map[string][]string {
	out := map[string][]string{}
	for line := range strings.Lines(provings) {
		if id, cases, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			out[id] = strings.Split(cases, ", ")
		}
	}
	return out
}
