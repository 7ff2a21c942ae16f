package main

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const determination = `{"id":"ED-1","expert":{"name":"Example Expert","organization":"Example","qualifications":["Statistics"],"independent":true,"disclosure":""},
"data":{"description":"Stays","source":"Extract","records":10,"population":1000,"quasi_identifiers":["age"],"anticipated_recipients":["Analysts"],"release_model":"registered"},
"method":{"principles":["k-anonymity"],"transforms":["Dates shifted"],"attackers":["Prosecutor"],"differencing":"First release"},
"result":{"k":5,"threshold":0.2,"highest_risk":0.2,"records_at_risk":0,"average_risk":0.1,"population_unique":0,"average_limit":0.1,"unique_limit":0.1,"at_risk_limit":0,"suppressed":0,"utility":0.9,"unique_populations":"None"},
"conditions":["Terms"],"determined":"2026-01-01","review":"2027-01-01","expires":"2027-06-01","statement":"The risk is very small."}`

// DEI-3: data leaves as expert only under the expert's own, valid word.
func TestDeidUnderADetermination(t *testing.T) {
	seed := strings.Repeat("s", 32)
	public := string(ed25519.NewKeyFromSeed([]byte(seed)).Public().(ed25519.PublicKey))
	plain, signed := write(t, "d.json", determination), filepath.Join(t.TempDir(), "signed.json")
	if out, said, code := command(t, "deid", "determination", plain); code != exitOK || !strings.Contains(out, "EXPERT DETERMINATION") {
		t.Fatalf("exit code %d, said %q", code, said)
	}
	if _, said, code := command(t, "deid", "determination", plain, "--sign", write(t, "seed", seed), "--out", signed); code != exitOK {
		t.Fatalf("exit code %d, said %q", code, said)
	}
	lacking := write(t, "d.json", strings.Replace(determination, `["Statistics"]`, `[]`, 1))
	if out, _, code := command(t, "deid", "determination", lacking); code != exitFailed || !strings.HasPrefix(out, "expert.qualifications: ") {
		t.Errorf("a determination that lacks something: exit code %d, %s", code, out)
	}
	in, dir := write(t, "in.csv", "patient_token,admit,discharge\np1,2024-01-30,2024-02-03\n"), t.TempDir()
	key, right := write(t, "key", strings.Repeat("k", 32)), write(t, "pub", public)
	base := []string{"deid", "--profile", "expert", "--format", "csv", "--in", in, "--out", dir + "/out.csv"}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no determination":    {[]string{"--key", key, "--as-of", "2026-07-01"}, "164.514(b)(1)"},
		"not signed":          {[]string{"--key", key, "--as-of", "2026-07-01", "--determination", plain, "--expert-key", right}, "signed"},
		"another expert":      {[]string{"--key", key, "--as-of", "2026-07-01", "--determination", signed, "--expert-key", write(t, "pub", strings.Repeat("x", 32))}, "somebody else"},
		"no key for the date": {[]string{"--as-of", "2026-07-01", "--determination", signed, "--expert-key", right}, "--key"},
		"expired":             {[]string{"--key", key, "--as-of", "2028-07-01", "--determination", signed, "--expert-key", right}, "expired"},
	} {
		_, said, code := command(t, append(base, tt.args...)...)
		if code == exitOK || !strings.Contains(said, tt.want) {
			t.Errorf("%s: exit code %d, said %q", name, code, said)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: left behind: %v, %v", name, left, err)
		}
	}
	if _, said, code := command(t, append(base, "--key", key, "--as-of", "2026-07-01", "--determination", signed, "--expert-key", right, "--manifest", dir+"/m.json")...); code != exitOK {
		t.Fatalf("exit code %d, said %q", code, said)
	}
	out, err := os.ReadFile(dir + "/out.csv")
	if err != nil || strings.Contains(string(out), "2024-01-30") || strings.Contains(string(out), ",2024,") {
		t.Errorf("%s, %v", out, err)
	}
	if m, err := os.ReadFile(dir + "/m.json"); err != nil || !strings.Contains(string(m), `"determination":"`) || !strings.Contains(string(m), `"shifted":2`) {
		t.Errorf("%s, %v", m, err)
	}
}
