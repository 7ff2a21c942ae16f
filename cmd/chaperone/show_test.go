package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// DEC-1: an operator looks at the ledger, now and as of an earlier moment.
func TestLedgerShow(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "hub")
	chaperone := func(code int, args ...string) string {
		t.Helper()
		var out, words bytes.Buffer
		if got := run(t.Context(), args, terminal{&out, &words}); got != code {
			t.Fatalf("chaperone %s: exit code %d, want %d: %s", strings.Join(args, " "), got, code, words.String())
		}
		return out.String() + words.String()
	}
	chaperone(exitOK, "init", "--dir", dir, "--organization", "Our Collaborative", "--name", "First Administrator", "--login", "admin@our.example")
	if got := chaperone(exitOK, "ledger", "show", "--dir", dir); !strings.Contains(got, "kind  organization: 1") || !strings.Contains(got, "table/org_member") {
		t.Errorf("the kinds are %s", got)
	}
	if got := chaperone(exitOK, "ledger", "show", "user", "--dir", dir); strings.Contains(got, "Administrator") || !strings.HasPrefix(got, "user/u-") {
		t.Errorf("the users are %s", got)
	}
	stream, _, _ := strings.Cut(chaperone(exitOK, "ledger", "show", "organization", "--dir", dir), ":")
	if got := chaperone(exitOK, "ledger", "show", stream, "--dir", dir, "--as-of", "#0"); !strings.Contains(got, "# as of ") || !strings.Contains(got, "1 records") || !strings.Contains(got, "organization.registered") {
		t.Errorf("the organization as of its first record is %s", got)
	}
	if got := chaperone(exitOK, "ledger", "show", "table/org_member", "--dir", dir, "--as-of", "#0", "--clock", "happened"); !strings.Contains(got, "id,name,kinds") || !strings.Contains(got, "Our Collaborative") {
		t.Errorf("the table is %s", got)
	}
	if got := chaperone(exitFailed, "ledger", "show", "user", "--dir", dir, "--as-of", "#0"); !strings.Contains(got, "nothing of it then") {
		t.Errorf("the users as of the first record are %s", got)
	}
	for _, when := range []string{"2999-01-01", "yesterday", "#12345"} {
		chaperone(exitBadFile, "ledger", "show", "--dir", dir, "--as-of", when)
	}
	chaperone(exitBadFile, "ledger", "show", "--dir", dir, "--clock", "happened")
}
