package vault

import (
	"crypto/fips140"
	"crypto/md5"
	"os"
	"os/exec"
	"testing"
)

// LED-1: the vault works where nothing but the cryptography of FIPS 140-3 may be used.
// Its tests run again in a process where anything else panics.
func TestUnderFIPS(t *testing.T) {
	const again = "VAULT_UNDER_FIPS"
	if os.Getenv(again) != "" {
		if !fips140.Enabled() || !forbidden() {
			t.Fatal("MD5 can be used: the process is not restricted")
		}
		return
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), again+"=1", "GODEBUG=fips140=only")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// forbidden reports whether MD5 may not be used.
func forbidden() (is bool) {
	defer func() { is = recover() != nil }()
	md5.Sum(nil)
	return false
}
