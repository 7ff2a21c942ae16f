package identity

import (
	"context"
	"strings"
	"testing"
	"unicode"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
	"chaperone.example/ledger/scenario"
	"pgregory.net/rapid"
)

func TestScenarios(t *testing.T) {
	scenario.Run(t, Kind, Types, ledger.Command[User](Invite{}), Join{}, signIn{}, fail{}, signOut{}, Disable{}, Enable{}, RegisterRecipient{})
}

func TestEventsFrozen(t *testing.T) { scenario.Frozen(t, Types) }

// A probe asks the source within a reading.
type probe []string

func (probe) Action() string { return "identity.self" }
func (q probe) Answer(ctx context.Context, r *ledger.Reading) (map[string]string, error) {
	return Source{}.Names(ctx, r, q)
}

func TestRecipient(t *testing.T) {
	const public = "age1yhm4gctwfmrpz87tdslm550wrx6m79y9f2hdzt0lndjnehwj0ukqrjpyx5"
	const private = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
	for _, tt := range []struct{ name, in, want, says string }{
		{"a public key", public, public, ""},
		{"with white space around", " " + public + "\n", public, ""},
		{"a private key", private, "", "private key"},
		{"a private key in small letters", strings.ToLower(private), "", "private key"},
		{"a file with both", "# public key: " + public + "\n" + private, "", "private key"},
		{"nothing", " ", "", "enter your public key"},
		{"a letter changed", strings.Replace(public, "y", "x", 1), "", "not an age public key"},
		{"cut off", public[:40], "", "not an age public key"},
		{"an SSH key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ", "", "not an age public key"},
	} {
		got, err := recipient(tt.in)
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if tt.says == "" && err == nil {
			continue
		}
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		} else if strings.Contains(err.Error(), "SECRET-KEY-1") || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: the message repeats the key", tt.name)
		}
	}
}

// Every letter in its cases is one letter. The dotless and the dotted i of Turkish
// become the plain one.
func TestNormaliseFoldsEveryLetter(t *testing.T) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if !unicode.IsLetter(r) {
			continue
		}
		want := normalise(string(r))
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			if got := normalise(string(f)); got != want {
				t.Errorf("%U is %q, %U is %q", r, want, f, got)
			}
		}
		for _, other := range []rune{unicode.ToLower(r), unicode.ToUpper(r), unicode.ToTitle(r)} {
			if got := normalise(string(other)); got != want {
				t.Errorf("%U is %q, its other case %U is %q", r, want, other, got)
			}
		}
	}
}

// Whatever is entered: normalising twice is normalising once, and neither case nor
// space around it makes another name.
func TestNormaliseProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringN(0, 60, 200).Draw(t, "login")
		n := normalise(s)
		if again := normalise(n); again != n {
			t.Fatalf("normalise(%q) = %q, and again %q", s, n, again)
		}
		for _, variant := range []string{" " + s, s + "\u200b", strings.ToLower(s)} {
			if got := normalise(variant); got != n && strings.EqualFold(strings.ToUpper(s), s) {
				t.Fatalf("normalise(%q) = %q, of %q it is %q", variant, got, s, n)
			}
		}
	})
}

func FuzzNormalise(f *testing.F) {
	f.Add("Ruth@Alder.example")
	f.Add("\u202eｒｕｔｈ\u00ad@x")
	f.Fuzz(func(t *testing.T, s string) {
		if n := normalise(s); normalise(n) != n {
			t.Errorf("normalise(%q) = %q is not a fixed point", s, n)
		}
	})
}

func FuzzRecipient(f *testing.F) {
	f.Add("age1yhm4gctwfmrpz87tdslm550wrx6m79y9f2hdzt0lndjnehwj0ukqrjpyx5")
	f.Add("AGE-SECRET-KEY-1GFPYYSJZ")
	f.Fuzz(func(t *testing.T, s string) {
		key, err := recipient(s)
		if err == nil && !strings.HasPrefix(key, "age1") || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("recipient = %q, %v", key, err)
		}
	})
}
