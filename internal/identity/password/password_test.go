package password

import (
	"strings"
	"testing"

	"chaperone.example/internal/fault"
)

func TestHashRoundTrip(t *testing.T) {
	for _, scheme := range []string{Argon2id, PBKDF2} {
		h, err := hash(scheme, "correct pony accumulator clip")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(h), "$"+scheme+"$") {
			t.Errorf("the hash %s does not name %s", h, scheme)
		}
		ok, stale, err := Matches(h, "correct pony accumulator clip")
		if err != nil || !ok || stale != (scheme != Scheme()) {
			t.Errorf("%s: the password matches: %v, stale: %v, %v", scheme, ok, stale, err)
		}
		for _, wrong := range []string{"", "correct pony accumulator clip ", " correct pony accumulator clip", "Correct pony accumulator clip"} {
			if ok, _, err := Matches(h, wrong); ok || err != nil {
				t.Errorf("%s: %q matches: %v, %v", scheme, wrong, ok, err)
			}
		}
	}
}

// Nothing is cut: two passwords that differ at the 73rd byte are two (ASVS 6.2.8).
func TestPasswordsAreNotCut(t *testing.T) {
	long := strings.Repeat("x", 72)
	h, err := Hash(long + "a" + long)
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := Matches(h, long+"b"+long); ok || err != nil {
		t.Errorf("a password that differs at character 73 matches: %v, %v", ok, err)
	}
}

func TestSaltsDiffer(t *testing.T) {
	a, err := Hash("the same password")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Hash("the same password")
	if err != nil {
		t.Fatal(err)
	}
	if string(a) == string(b) {
		t.Error("two hashes of one password are the same")
	}
}

func TestIterations(t *testing.T) {
	if pbkdfIterations < 600_000 {
		t.Errorf("PBKDF2 has %d iterations, want 600,000 or more", pbkdfIterations)
	}
}

func TestMalformedHash(t *testing.T) {
	key := b64.EncodeToString(make([]byte, keySize))
	for _, h := range []string{"", "x", "$argon2id$m=1$a$b", "$md5$i=1$c2FsdA$" + key, "$argon2id$m=99999999,t=1,p=1$c2FsdA$" + key, "$pbkdf2-sha256$i=0$c2FsdA$" + key, "$pbkdf2-sha256$i=9999999999$c2FsdA$" + key, "$argon2id$m=64,t=1,p=1$c2FsdA$AA"} {
		if ok, _, err := Matches([]byte(h), "x"); ok || err == nil {
			t.Errorf("Matches(%q) = %v, %v, want an error", h, ok, err)
		}
	}
}

func TestCheck(t *testing.T) {
	context := []string{"Ruth Abernathy", "ruth.abernathy@alder.example", "Alder Valley Hospital"}
	for _, tt := range []struct {
		name, password string
		ok             bool
	}{
		{"four words", "maple umbrella tariff canoe", true},
		{"small letters only", "mapleumbrellatariff", true},
		{"no letters at all", "907 113 4486 2205", true},
		{"emoji", "🦆🌧🥾📎🧂🪁🚋🎻🦆🪵🧤🍐", true},
		{"twelve characters", "gZ9!kq2#xW7v", true},
		{"eleven characters", "gZ9!kq2#xW7", false},
		{"256 characters", strings.Repeat("maple tariff ", 20)[:256], true},
		{"257 characters", strings.Repeat("maple tariff ", 20)[:257], false},
		{"one character", "aaaaaaaaaaaaaaa", false},
		{"a repeated unit", "abcabcabcabcabc", false},
		{"a row of digits", "123456789012", false},
		{"a row of keys", "qwertyuiopas", false},
		{"backwards", "poiuytrewqpo", false},
		{"a common one with digits", "Password2026!", false},
		{"with letters replaced", "P@$$w0rd1234", false},
		{"two common ones", "welcomewelcome1", false},
		{"a season and a year", "Summer2026!!", false},
		{"the product's name", "chaperone2026", false},
		{"the own name", "RuthAbernathy1", false},
		{"the sign-in name", "ruth.abernathy@", false},
		{"the organization's", "AlderValleyHospital", false},
		{"the name within a long one", "abernathy keeps nine quiet goats", true},
		{"not text", "maple umbrella \xff", false},
	} {
		err := Check(tt.password, context...)
		if (err == nil) != tt.ok {
			t.Errorf("%s: Check = %v", tt.name, err)
		}
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v is not a fault", tt.name, err)
			}
			if strings.Contains(err.Error(), tt.password) {
				t.Errorf("%s: the message repeats the password", tt.name)
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("Password2026!", "Ruth Abernathy")
	f.Add("🦆🌧🥾📎🧂🪁🚋🎻🦆🪵🧤🍐", "")
	f.Fuzz(func(t *testing.T, password, context string) {
		if err := Check(password, context); err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("Check: %v is not a fault", err)
		}
	})
}

func FuzzMatches(f *testing.F) {
	f.Add([]byte("$argon2id$m=64,t=1,p=1$c2FsdA$AA"))
	f.Add([]byte("$pbkdf2-sha256$i=1$c2FsdA$AA"))
	f.Fuzz(func(t *testing.T, hash []byte) {
		if ok, _, _ := Matches(hash, "a password that nobody has"); ok {
			t.Errorf("%q matches", hash)
		}
	})
}
