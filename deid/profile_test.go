package deid

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"chaperone.example/deid/zip3"
)

// DEI-5: a profile whose rules are weaker than its label is refused, rule by rule.
func TestLint(t *testing.T) {
	for _, form := range []Form{SafeHarbor, LimitedDataSet} {
		if flaws := Lint(profile(t, form)); len(flaws) > 0 {
			t.Errorf("the standard profile of %s: %v", form, flaws)
		}
	}
	for _, tt := range []struct {
		name   string
		form   Form
		change func(*Profile)
		rules  []string
	}{
		{"full dates are not Safe Harbor", SafeHarbor, func(p *Profile) { p.Dates = Whole }, []string{"dates"}},
		{"all ages are not Safe Harbor", SafeHarbor, func(p *Profile) { p.Ages = Whole }, []string{"ages"}},
		{"whole ZIP codes are not Safe Harbor", SafeHarbor, func(p *Profile) { p.ZIP = Whole }, []string{"zip"}},
		{"nor is an old census", SafeHarbor, func(p *Profile) { p.ZIP = zip3.Census2000 }, []string{"zip"}},
		{"the union of the censuses is", SafeHarbor, func(p *Profile) { p.ZIP = zip3.Union }, nil},
		{"cities are not Safe Harbor", SafeHarbor, func(p *Profile) { p.Cities = true }, []string{"cities"}},
		{"nor are keyed codes", SafeHarbor, func(p *Profile) { p.Codes = Keyed }, []string{"codes"}},
		{"a limited data set called Safe Harbor", LimitedDataSet, func(p *Profile) { p.Form = SafeHarbor }, []string{"dates", "ages", "zip", "cities", "codes"}},
		{"a limited data set may be stricter", LimitedDataSet, func(p *Profile) { p.Dates, p.ZIP, p.Cities, p.Codes = YearOnly, zip3.Census2000, false, Random }, nil},
		{"a rule that is no choice", LimitedDataSet, func(p *Profile) { p.Dates = "month" }, []string{"dates"}},
		{"a rule that is absent", SafeHarbor, func(p *Profile) { p.Ages = "" }, []string{"ages"}},
		{"no name", SafeHarbor, func(p *Profile) { p.Version = " " }, []string{"name"}},
		{"no form", SafeHarbor, func(p *Profile) { p.Form = "anonymous" }, []string{"form"}},
	} {
		p := profile(t, tt.form)
		tt.change(&p)
		var rules []string
		for _, f := range Lint(p) {
			rules = append(rules, f.Rule)
			if f.Remedy == "" || f.Problem == "" {
				t.Errorf("%s: %+v lacks a problem or remedy", tt.name, f)
			}
		}
		if !slices.Equal(rules, tt.rules) {
			t.Errorf("%s: flaws in %v, want %v", tt.name, rules, tt.rules)
		}
		j := job(t, CSV, tt.form)
		j.Profile = p
		_, err := Transform(context.Background(), j, strings.NewReader("sex\nF\n"), &bytes.Buffer{})
		var perr *ProfileError
		if warning := tt.name == "nor is an old census"; errors.As(err, &perr) != (len(tt.rules) > 0 && !warning) {
			t.Errorf("%s: Transform: %v", tt.name, err)
		}
	}
}

func TestParseProfile(t *testing.T) {
	p := profile(t, SafeHarbor)
	back, err := ParseProfile(p.JSON())
	if err != nil || back != p {
		t.Errorf("a profile read back: %+v, %v", back, err)
	}
	for name, in := range map[string]string{
		"misspelt":   `{"name":"x","version":"1","form":"safe-harbor","date":"year"}`,
		"twice":      `{"name":"x","name":"y"}`,
		"other case": `{"Name":"x"}`,
		"trailing":   `{"name":"x"} {}`,
		"not JSON":   `name: x`,
		"an array":   `[]`,
	} {
		if p, err := ParseProfile([]byte(in)); err == nil {
			t.Errorf("%s: accepted as %+v", name, p)
		}
	}
}

// The hash of the shipped profiles is part of every manifest: a change of it is a new
// version of the profile.
func TestStandardProfilesAreFrozen(t *testing.T) {
	for form, want := range map[Form]string{
		SafeHarbor:     "6f33160847a82df4",
		LimitedDataSet: "e78046bbb56b1328",
	} {
		if got := profile(t, form).Hash(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: hash %s, want %s…", form, got, want)
		}
	}
}

// DEI-5: profiles and manifests are signed, and the signature holds only for the bytes,
// the kind and the keys that are trusted.
func TestSeal(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	public := key.Public().(ed25519.PublicKey)
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32)).Public().(ed25519.PublicKey)
	p := profile(t, SafeHarbor)
	s, err := SignProfile(p, key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenProfile(b, other, public); err != nil || got != p {
		t.Errorf("a sealed profile: %+v, %v", got, err)
	}
	if _, err := OpenProfile(b, other); err == nil {
		t.Error("a key that is not trusted was accepted")
	}
	if _, err := OpenProfile(b); err == nil {
		t.Error("a seal was accepted without any trusted key")
	}
	if _, err := OpenManifest(b, public); err == nil {
		t.Error("a profile was accepted as a manifest")
	}
	if _, err := OpenProfile(bytes.Replace(b, []byte(`2020`), []byte(`2010`), 1), public); err == nil {
		t.Error("a changed profile was accepted")
	}
	weak := p
	weak.Dates = Whole
	if _, err := SignProfile(weak, key); err == nil {
		t.Error("a profile that does not earn its label was signed")
	}
	forged, err := seal(SealedProfile, weak.JSON(), key)
	if err != nil {
		t.Fatal(err)
	}
	if fb, _ := json.Marshal(forged); true {
		if _, err := OpenProfile(fb, public); err == nil {
			t.Error("a signed profile that does not earn its label was opened")
		}
	}
	var out bytes.Buffer
	m, err := Transform(context.Background(), job(t, CSV, SafeHarbor), strings.NewReader("sex\nF\n"), &out)
	if err != nil {
		t.Fatal(err)
	}
	ms, err := SignManifest(m, key)
	if err != nil {
		t.Fatal(err)
	}
	mb, err := json.Marshal(ms)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenManifest(mb, public); err != nil || got.Output != m.Output {
		t.Errorf("a sealed manifest: %+v, %v", got.Output, err)
	}
}

func FuzzParseProfile(f *testing.F) {
	f.Add([]byte(`{"name":"x","version":"1","form":"safe-harbor","dates":"year","ages":"over-89","zip":"2020","cities":false,"codes":"random"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseProfile(b)
		if err != nil {
			return
		}
		if back, err := ParseProfile(p.JSON()); err != nil || back != p && strings.ToValidUTF8(string(b), "") == string(b) {
			t.Errorf("%+v became %+v, %v", p, back, err)
		}
		Lint(p)
	})
}
