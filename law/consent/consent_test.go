package consent_test

import (
	"slices"
	"testing"

	"chaperone.example/law/civil"
	"chaperone.example/law/consent"
	"chaperone.example/law/purpose"
)

var today = civil.Of(2026, 11, 15)

func authorization() consent.Authorization {
	return consent.Authorization{ID: "a", Version: 1, Items: consent.AllAuthorizationItems(), Recipients: []string{"insurer"},
		Expires: consent.Expiry{On: today + 30}, Signed: today - 30}
}

func care() consent.Part2 {
	return consent.Part2{ID: "c", Version: 1, Kind: consent.Care, Items: consent.AllPart2Items(), Expires: consent.Expiry{Event: "none"}, Signed: civil.Of(2026, 3, 1)}
}

// 45 CFR 164.508(b)(2): each defect alone is found, with its section (PAT-1).
func TestAuthorizationDefects(t *testing.T) {
	if d := authorization().Check(today); len(d) > 0 {
		t.Fatalf("a whole authorization: %+v", d)
	}
	for _, item := range consent.AllAuthorizationItems() {
		a := authorization()
		a.Items = slices.DeleteFunc(slices.Clone(a.Items), func(s string) bool { return s == item })
		if d := a.Check(today); len(d) != 1 || d[0].Item != item || d[0].Citation == "" {
			t.Errorf("without %s: %+v", item, d)
		}
	}
	for name, change := range map[string]func(*consent.Authorization){
		"expiration":  func(a *consent.Authorization) { a.Expires = consent.Expiry{} },
		"signature":   func(a *consent.Authorization) { a.Signed = 0 },
		"expired":     func(a *consent.Authorization) { a.Expires.On = today - 1 },
		"revoked":     func(a *consent.Authorization) { a.Revoked = today },
		"compound":    func(a *consent.Authorization) { a.Compound = true },
		"conditioned": func(a *consent.Authorization) { a.Conditioned = true },
		"false":       func(a *consent.Authorization) { a.KnownFalse = true },
	} {
		a := authorization()
		change(&a)
		if d := a.Check(today); len(d) != 1 || d[0].Item != name {
			t.Errorf("%s: %+v", name, d)
		}
	}
	a := authorization()
	a.Expires.On, a.Revoked = today, today+1 // the last day counts; a revocation to come does not
	if d := a.Check(today); len(d) > 0 {
		t.Errorf("on the last day: %+v", d)
	}
}

// 42 CFR 2.31: ten elements for treatment, payment and operations, nine for others (PAT-2).
func TestPart2Defects(t *testing.T) {
	if d := care().Check(today, false); len(d) > 0 {
		t.Fatalf("a whole consent: %+v", d)
	}
	for _, item := range consent.AllPart2Items() {
		c := care()
		c.Items = slices.DeleteFunc(slices.Clone(c.Items), func(s string) bool { return s == item })
		if d := c.Check(today, false); len(d) != 1 || d[0].Item != item {
			t.Errorf("without %s: %+v", item, d)
		}
		c.Kind = consent.Named
		if d := c.Check(today, false); (len(d) == 0) != (item == "redisclosure") {
			t.Errorf("a named consent without %s: %+v", item, d)
		}
	}
	old := care()
	old.Signed = consent.NewForm - 1
	if d := old.Check(today, false); len(d) != 1 || d[0].Item != "form" {
		t.Errorf("a consent for care on an old form: %+v", d)
	}
	old.Kind = consent.Named
	if d := old.Check(today, false); len(d) != 0 {
		t.Errorf("a named consent on an old form: %+v", d)
	}
	if d := old.Check(today, true); len(d) != 1 || d[0].Item != "form" {
		t.Errorf("a named consent on an old form, where these are rejected: %+v", d)
	}
	ended := care()
	ended.Expires = consent.Expiry{Event: "end of treatment", Happened: today - 1}
	if d := ended.Check(today, false); len(d) != 1 || d[0].Item != "expired" {
		t.Errorf("after the end of treatment: %+v", d)
	}
	if d := ended.Check(today-1, false); len(d) != 0 {
		t.Errorf("on the day treatment ended: %+v", d)
	}
}

func TestScope(t *testing.T) {
	c := care()
	if !c.Names([]string{"program"}, []string{"x", "provider"}) || c.Names([]string{"program"}, []string{"x", "law-enforcement"}) {
		t.Error("a consent for care names treating providers, plans and who helps, and nobody else")
	}
	if !c.For(purpose.Payment) || c.For(purpose.Judicial) || c.For(purpose.Research) {
		t.Error("a consent for care is for treatment, payment and operations")
	}
	c.Disclosers = []string{"other"}
	if c.Names([]string{"program"}, []string{"provider"}) {
		t.Error("another discloser's consent was taken")
	}
	p := consent.Part2{Kind: consent.Proceedings}
	if !p.For(purpose.Judicial) || p.For(purpose.Treatment) {
		t.Error("a consent for proceedings is for proceedings alone")
	}
	a := authorization()
	a.Purposes = []purpose.Kind{purpose.Research}
	if !a.For(purpose.Research) || a.For(purpose.Marketing) || !a.Names([]string{"h"}, []string{"insurer"}) || a.Names([]string{"h"}, []string{"bank"}) {
		t.Error("an authorization covers what it says")
	}
}

// 42 CFR 2.14.
func TestMinors(t *testing.T) {
	for _, test := range []struct {
		by           []string
		minor, alone bool
		want         bool
	}{
		{nil, false, false, true}, {[]string{"representative"}, false, false, true}, {[]string{"parent"}, false, false, false},
		{[]string{"minor"}, true, true, true}, {[]string{"parent"}, true, true, false},
		{[]string{"minor"}, true, false, false}, {[]string{"minor", "parent"}, true, false, true}, {nil, true, false, false},
	} {
		c := care()
		c.SignedBy = test.by
		if got := c.SignedRightly(test.minor, test.alone); got != test.want {
			t.Errorf("signed by %v, minor %v, alone %v: %v", test.by, test.minor, test.alone, got)
		}
	}
}

// The days on which documents begin, change and end (45 CFR 164.508(b)(2), 42 CFR 2.31(c)).
func TestFirstAndLastDays(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*consent.Part2)
		want   string // the defect; empty: none
	}{
		"signed today":           {func(c *consent.Part2) { c.Signed = today }, ""},
		"signed tomorrow":        {func(c *consent.Part2) { c.Signed = today + 1 }, "signature"},
		"not signed":             {func(c *consent.Part2) { c.Signed = 0 }, "signature"},
		"the new form's day":     {func(c *consent.Part2) { c.Signed = consent.NewForm }, ""},
		"the old form's last":    {func(c *consent.Part2) { c.Signed = consent.NewForm - 1 }, "form"},
		"revoked today":          {func(c *consent.Part2) { c.Revoked = today }, "revoked"},
		"revoked tomorrow":       {func(c *consent.Part2) { c.Revoked = today + 1 }, ""},
		"no end stated":          {func(c *consent.Part2) { c.Expires = consent.Expiry{} }, "expiration"},
		"ends today":             {func(c *consent.Part2) { c.Expires = consent.Expiry{On: today} }, ""},
		"ended yesterday":        {func(c *consent.Part2) { c.Expires = consent.Expiry{On: today - 1} }, "expired"},
		"known to be false":      {func(c *consent.Part2) { c.KnownFalse = true }, "false"},
		"neither end nor a line": {func(c *consent.Part2) { c.Expires = consent.Expiry{}; c.Items = without(c.Items, "expiration") }, "expiration"},
	} {
		c := care()
		test.change(&c)
		switch d := c.Check(today, false); {
		case test.want == "" && len(d) > 0, test.want != "" && (len(d) != 1 || d[0].Item != test.want):
			t.Errorf("%s: %+v, want %q alone", name, d, test.want)
		}
	}
	a := authorization()
	a.Signed = today
	if d := a.Check(today); len(d) > 0 {
		t.Errorf("an authorization signed today: %+v", d)
	}
	a.Expires, a.Items = consent.Expiry{}, without(a.Items, "expiration")
	if d := a.Check(today); len(d) != 1 || d[0].Item != "expiration" {
		t.Errorf("an authorization without an end is told so once: %+v", d)
	}
}

func without(list []string, item string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == item })
}

// 42 CFR 2.31(d): a consent for proceedings is for every kind of them; one that names its
// purposes is for those.
func TestProceedingsAndNamedPurposes(t *testing.T) {
	for k, want := range map[purpose.Kind]bool{purpose.Judicial: true, purpose.LawEnforcement: true, purpose.Oversight: true, purpose.Payment: false} {
		if got := (consent.Part2{Kind: consent.Proceedings}).For(k); got != want {
			t.Errorf("a consent for proceedings, for %s: %v", k, got)
		}
	}
	named := consent.Part2{Kind: consent.Named, Purposes: []purpose.Kind{purpose.Research}}
	if !named.For(purpose.Research) || named.For(purpose.Treatment) || !(consent.Part2{Kind: consent.Named}).For(purpose.Treatment) {
		t.Error("a named consent is for the purposes it names, or for all")
	}
}
