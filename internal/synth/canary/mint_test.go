package canary

import (
	"regexp"
	"testing"
)

// The bijection needs a stride prime to the size of each range.
func TestStrideIsPrimeToEveryRange(t *testing.T) {
	for _, size := range []uint64{stemCount, 100 * 40 * 10_000, 1_000_000_000, 712 * 10_000, 10 * 10 * 20 * 20 * 10 * 20 * 20 * 100, 100_000_000} {
		a, b := size, uint64(stride)
		for b != 0 {
			a, b = b, a%b
		}
		if a != 1 {
			t.Errorf("stride and %d share the factor %d", size, a)
		}
	}
}

func TestRangesHoldEverybody(t *testing.T) {
	for name, have := range map[string]uint64{"stems": stemCount / stemPlaces, "phones": 712 * 10_000 / 2, "ssns": 100 * 40 * 10_000,
		"mrns": 1_000_000_000 / MaxMemberships, "licences": 100_000_000} {
		if have < MaxPeople {
			t.Errorf("%s: enough for %d people, want %d", name, have, MaxPeople)
		}
	}
}

func TestShapes(t *testing.T) {
	m := New(9)
	for _, c := range []struct {
		name  string
		make  func(person int) string
		shape string
	}{
		{"stem", func(n int) string { return m.Stem(n, InSurname) }, `^[a-z]{8,11}$`},
		{"ssn", m.SSN, `^9\d\d-[1-4]\d-\d{4}$`},
		{"mrn", func(n int) string { return m.MRN("AG", n, 1) }, `^AG\d{9}$`},
		{"phone", func(n int) string { return m.Phone(n, 0) }, `^[2-9]([02-8]\d|1[02-9])-555-\d{4}$`},
		{"plan", m.Plan, `^1S\d\d-[A-Z]{2}\d-[A-Z]{2}\d\d$`},
		{"licence", m.Licence, `^S\d\d-\d{3}-\d{3}$`},
		{"uuid", func(n int) string { return m.UUID("patient", n) }, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$`},
	} {
		shape := regexp.MustCompile(c.shape)
		seen := map[string]bool{}
		for n := range 20_000 {
			v := c.make(n)
			if !shape.MatchString(v) {
				t.Errorf("%s: %q does not match %s", c.name, v, c.shape)
			}
			if seen[v] {
				t.Errorf("%s: %q twice", c.name, v)
			}
			seen[v] = true
		}
	}
}

// A stem inside another one would accuse the wrong person.
func TestNoStemIsPartOfAnother(t *testing.T) {
	m := New(4)
	all := map[string]bool{}
	for n := range 20_000 {
		for place := range stemPlaces {
			all[m.Stem(n, place)] = true
		}
	}
	if len(all) != 20_000*stemPlaces {
		t.Fatalf("%d different stems, want %d", len(all), 20_000*stemPlaces)
	}
	for s := range all {
		for from := range len(s) {
			for to := from + 8; to <= len(s); to++ {
				if part := s[from:to]; part != s && all[part] {
					t.Errorf("%q is part of %q", part, s)
				}
			}
		}
	}
}

func TestTokensAreKeyed(t *testing.T) {
	a, b := New(1), New(2)
	if a.Keyed(16, "patient token", 5) == b.Keyed(16, "patient token", 5) {
		t.Error("two seeds make the same token")
	}
	if a.Keyed(16, "patient token", 5) == a.Keyed(16, "encounter", 5) {
		t.Error("two labels make the same token")
	}
	if got := len(a.Keyed(16, "x")); got != 32 {
		t.Errorf("a token of 16 bytes has %d digits, want 32", got)
	}
}
