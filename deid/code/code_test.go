package code

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func seeded(s byte) *Book { return NewBook(rand.NewChaCha8([32]byte{s})) }

// DEI-2: codes are written like ids of FHIR, random ones as UUID version 4.
func TestForm(t *testing.T) {
	keyed, err := NewKeyed(bytes.Repeat([]byte{7}, 32), "benchmark collaborative")
	if err != nil {
		t.Fatal(err)
	}
	for version, c := range map[string]Coder{"4": seeded(1), "8": keyed} {
		got, err := c.Code("Patient", []byte("33094445"))
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-` + version + `[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(got.String()) {
			t.Errorf("code = %s, want a UUID of version %s", got, version)
		}
	}
}

// The digits are those of the standard library.
func TestDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Code
		copy(c[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "code"))
		h := hex.EncodeToString(c[:])
		if want := h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]; c.String() != want {
			t.Fatalf("%x is written %s, want %s", c[:], c, want)
		}
	})
}

// 45 CFR 164.514(c): a random code does not depend on the value.
func TestBookIsNotDerived(t *testing.T) {
	a, _ := seeded(1).Code("Patient", []byte("Ann"))
	b, _ := seeded(1).Code("Patient", []byte("Bob"))
	if a != b {
		t.Error("with the same randomness, two values got different first codes: the code depends on the value")
	}
	c, _ := seeded(2).Code("Patient", []byte("Ann"))
	if a == c {
		t.Error("with other randomness, the code stayed the same: it does not depend on the randomness")
	}
}

func TestBookRemembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := seeded(3)
		seen := map[Key]Code{}
		back := map[Code]Key{}
		for range rapid.IntRange(1, 60).Draw(t, "n") {
			k := Key{rapid.SampledFrom([]string{"Patient", "Encounter"}).Draw(t, "space"), rapid.StringN(0, 3, -1).Draw(t, "value")}
			c, err := b.Code(k.Space, []byte(k.Value))
			if err != nil {
				t.Fatal(err)
			}
			if was, ok := seen[k]; ok && was != c {
				t.Fatal("the same value got two codes")
			}
			if other, ok := back[c]; ok && other != k {
				t.Fatal("two values got the same code")
			}
			seen[k], back[c] = c, k
		}
		again := NewBook(strings.NewReader(""))
		for k, c := range b.All() {
			again.Put(k, c)
		}
		if again.Len() != len(seen) {
			t.Fatalf("restored %d codes, want %d", again.Len(), len(seen))
		}
		for k, want := range seen {
			if got, err := again.Code(k.Space, []byte(k.Value)); err != nil || got != want {
				t.Fatalf("restored code %v, %v, want %v", got, err, want)
			}
		}
	})
}

func TestRandomnessFails(t *testing.T) {
	if _, err := NewBook(strings.NewReader("short")).Code("Patient", []byte("33094445")); err == nil {
		t.Error("no error when the source of randomness is dry")
	} else if strings.Contains(err.Error(), "33094445") {
		t.Error("the error repeats the identifier")
	}
}

func TestKeyed(t *testing.T) {
	master := bytes.Repeat([]byte{7}, 32)
	a, _ := NewKeyed(master, "a")
	b, _ := NewKeyed(master, "b")
	ca, _ := a.Code("Patient", []byte("1"))
	ca2, _ := a.Code("Patient", []byte("1"))
	cb, _ := b.Code("Patient", []byte("1"))
	other, _ := a.Code("PatientX", []byte("1"))
	shifted, _ := a.Code("Patien", []byte("t1"))
	if ca != ca2 {
		t.Error("the same value got two codes")
	}
	if ca == cb {
		t.Error("two recipients got the same code")
	}
	if ca == other || ca == shifted {
		t.Error("two spaces got the same code")
	}
	// Frozen, and computed independently from RFC 5869 and RFC 2104: a change of derivation would break every limited data set in the field.
	if got, want := hex.EncodeToString(ca[:]), "2aeb26e1e58f80558c73d2271c18a9e9"; got != want {
		t.Errorf("keyed code = %s, want %s", got, want)
	}
	if _, err := NewKeyed(master[:31], "a"); err == nil {
		t.Error("a key of 31 bytes was accepted")
	}
	if _, err := NewKeyed(master, ""); err == nil {
		t.Error("a recipient without a name was accepted")
	}
}
