package overlay_test

import (
	"encoding/json"
	"strings"
	"testing"

	"chaperone.example/law/casefile"
	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

func check(p overlay.Pack) []string { return p.Check(casefile.CheckWords()) }

func TestPacks(t *testing.T) {
	if wrong := check(overlay.Example("ZZ")); len(wrong) > 0 || overlay.Example("ZZ").Confirmed {
		t.Errorf("the example: %v", wrong)
	}
	good := overlay.Rule{ID: "r", Citation: "c", Text: "t", Deny: true}
	for want, change := range map[string]func(*overlay.Pack){
		"two letters":      func(p *overlay.Pack) { p.State = "Texas" },
		"names its member": func(p *overlay.Pack) { p.Level = overlay.Member },
		"state or member":  func(p *overlay.Pack) { p.Level = "county" },
		"where the rules":  func(p *overlay.Pack) { p.Source = "" },
		"an id and":        func(p *overlay.Pack) { p.Version = 0 },
		"id of its own":    func(p *overlay.Pack) { p.Rules = append(p.Rules, good) },
		"citation":         func(p *overlay.Pack) { p.Rules[0].Citation = "" },
		"narrows nothing":  func(p *overlay.Pack) { p.Rules[0].Deny = false },
		"no purpose":       func(p *overlay.Pack) { p.Rules[0].Purposes = []purpose.Kind{"fun"} },
		"can be":           func(p *overlay.Pack) { p.Rules[0].Recipients = []string{"wizard"} },
		"no sensitivity":   func(p *overlay.Pack) { p.Rules[0].Labels = []string{"X"} },
		"no duty":          func(p *overlay.Pack) { p.Rules[0].Oblige = []string{"dance"} },
		"no element":       func(p *overlay.Pack) { p.Rules[0].Strip = []string{"patient.shoe"} },
		"no class":         func(p *overlay.Pack) { p.Rules[0].StripClasses = []phi.Class{"x"} },
	} {
		p := overlay.Example("ZZ")
		p.Rules = []overlay.Rule{good}
		if wrong := check(p); len(wrong) > 0 {
			t.Fatal(wrong)
		}
		change(&p)
		if wrong := strings.Join(check(p), "\n"); !strings.Contains(wrong, want) {
			t.Errorf("want %q, got %q", want, wrong)
		}
	}
}

func TestMatches(t *testing.T) {
	r := overlay.Rule{Purposes: []purpose.Kind{purpose.Treatment}, Recipients: []string{"provider"}, Labels: []string{"HIV"}, From: civil.Of(2026, 1, 1), Minors: true}
	is := overlay.Case{Day: civil.Of(2026, 2, 1), Purpose: purpose.Treatment, Recipient: []string{"x", "provider"}, Labels: []string{"HIV"}, Minor: true}
	if !r.Matches(is) {
		t.Fatal("the rule does not match")
	}
	for name, change := range map[string]func(*overlay.Case){
		"day":       func(c *overlay.Case) { c.Day = civil.Of(2025, 1, 1) },
		"purpose":   func(c *overlay.Case) { c.Purpose = purpose.Payment },
		"recipient": func(c *overlay.Case) { c.Recipient = []string{"x"} },
		"labels":    func(c *overlay.Case) { c.Labels = nil },
		"adult":     func(c *overlay.Case) { c.Minor = false },
	} {
		not := is
		change(&not)
		if r.Matches(not) {
			t.Errorf("another %s matches", name)
		}
	}
	r.Except = []purpose.Kind{purpose.Treatment}
	if r.Matches(is) {
		t.Error("an excepted purpose matches")
	}
	state, member := overlay.Pack{Level: overlay.State, State: "ZZ"}, overlay.Pack{Level: overlay.Member, Member: "m"}
	if !state.AppliesTo("x", "ZZ") || state.AppliesTo("x", "YY") || !member.AppliesTo("m", "") || member.AppliesTo("x", "ZZ") {
		t.Error("a pack applies to another's data")
	}
}

// A rule narrows by any of its words, alone or together.
func TestAnyWordNarrows(t *testing.T) {
	strip, class, oblige := []string{"patient.name"}, []phi.Class{phi.Clinical}, []string{"log"}
	for _, r := range []overlay.Rule{{Strip: strip}, {StripClasses: class}, {Oblige: oblige}, {Strip: strip, StripClasses: class}, {Strip: strip, Oblige: oblige}, {StripClasses: class, Oblige: oblige}, {Strip: strip, StripClasses: class, Oblige: oblige}, {Deny: true}} {
		p := overlay.Example("ZZ")
		r.ID, r.Citation, r.Text = "r", "c", "t"
		p.Rules = []overlay.Rule{r}
		if wrong := check(p); len(wrong) > 0 {
			t.Errorf("%+v: %v", r, wrong)
		}
	}
}

// Whatever a pack says: checking it does not fail, and what is accepted says whose rules
// they are, where they were read, and narrows.
func FuzzPack(f *testing.F) {
	example, _ := json.Marshal(overlay.Example("ZZ"))
	f.Add(example)
	f.Add([]byte(`{"id":"m","version":1,"level":"member","member":"h","source":"board","read":"2026-01-01","rules":[{"id":"1","citation":"c","text":"t","strip":["patient.name"],"oblige":["log"]}]}`))
	f.Add([]byte(`{"level":"state","state":"TX","rules":[{"deny":true,"purposes":["fun"],"labels":["x"]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var p overlay.Pack
		if json.Unmarshal(data, &p) != nil {
			return
		}
		if len(check(p)) > 0 {
			return
		}
		if p.ID == "" || p.Source == "" || p.Read == 0 || p.State == "" && p.Member == "" {
			t.Errorf("accepted: %s", data)
		}
		for _, r := range p.Rules {
			if !r.Deny && len(r.Strip) == 0 && len(r.StripClasses) == 0 && len(r.Oblige) == 0 || r.Citation == "" {
				t.Errorf("accepted a rule that narrows nothing, or from nowhere: %s", data)
			}
		}
	})
}
