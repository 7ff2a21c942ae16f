package agreement

import (
	"slices"
	"testing"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/ledger"
	"chaperone.example/ledger/scenario"

	"pgregory.net/rapid"
)

const (
	hospital = "o-hospital"
	hub      = "o-hub"
	rival    = "o-rival"
)

var between = []law.Organization{{ID: hospital, Is: []law.Status{law.CoveredEntity}}, {ID: hub, Is: []law.Status{law.Associate}}}

// baa returns a complete business associate agreement without some clauses.
func baa(t interface{ Fatal(...any) }, without ...string) instrument.Instrument {
	in, ok := instrument.Template("baa")
	if !ok {
		t.Fatal("no template baa")
	}
	in.Clauses = slices.DeleteFunc(in.Clauses, func(id string) bool { return slices.Contains(without, id) })
	return in
}

// AGR-1: no sequence of commands brings into force what both parties have not signed
// in the same version, or what lacks a required term. The reckoning is kept apart
// from the state: it looks at the events alone.
func TestNothingInForceUnsigned(t *testing.T) {
	drafts := []instrument.Instrument{baa(t), baa(t, "baa.report"), baa(t, "baa.return", "baa.termination"), baa(t)}
	drafts[3].Terms.BreachHours = 24
	rapid.Check(t, func(t *rapid.T) {
		var c Contract
		now := scenario.Now
		signed, text := map[int]map[string]bool{}, map[int]instrument.Instrument{}
		terminated := civil.Date(0)
		day := func(label string) civil.Date {
			if rapid.Bool().Draw(t, label+"?") {
				return 0
			}
			return civil.On(now) + civil.Date(rapid.IntRange(-5, 60).Draw(t, label))
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20*24).Draw(t, "hours")) * time.Hour)
			org := rapid.SampledFrom([]string{hospital, hub, hospital, hub, rival}).Draw(t, "org")
			version := len(c.Versions) - rapid.IntRange(0, 1).Draw(t, "stale")
			draft := rapid.SampledFrom(drafts).Draw(t, "draft")
			commands := []ledger.Command[Contract]{
				Sign{Version: version}, Sign{Version: version}, Sign{Version: version},
				Amend{Version: version, Instrument: draft, Start: day("start"), End: day("end")},
				Renew{Version: version, End: day("until")},
				Withdraw{Version: version},
				Terminate{Reason: rapid.SampledFrom([]Cause{EndOfTerm, MaterialBreach, Convenience}).Draw(t, "reason"), Effective: day("effective")},
			}
			if len(c.Versions) == 0 {
				commands = []ledger.Command[Contract]{Offer{Upstream: hospital, Downstream: hub, Instrument: draft, Start: day("start"), End: day("end"), Between: between}}
			}
			command := rapid.SampledFrom(commands).Draw(t, "command")
			m := ledger.Moment{Now: now, ID: "a-1", Actor: ledger.Actor{ID: "u-" + org, Org: org}}
			events, err := command.Decide(c, m)
			if err == nil && org == rival {
				t.Fatalf("a stranger did %T", command)
			}
			for _, e := range events {
				if s, ok := e.(ledger.Sealed); ok {
					e = s.Event
				}
				c = apply(c, ledger.Record{Stream: "agreement/a-1", Time: now, Actor: m.Actor}, e)
				switch e := e.(type) {
				case Offered:
					text[1] = e.Instrument
				case Amended:
					text[e.Version] = e.Instrument
				case Renewed:
					text[e.Version] = text[e.Of]
				case Signed:
					if signed[e.Version] == nil {
						signed[e.Version] = map[string]bool{}
					}
					signed[e.Version][e.Org] = true
				case Terminated:
					terminated = e.Effective
				}
			}
			for _, ahead := range []int{0, 1, 30, 90} {
				at := now.AddDate(0, 0, ahead)
				fact := c.Fact(at)
				live := fact.InForce(civil.On(at)) && len(instrument.Check(fact.Instrument)) == 0
				if (c.Status(at) == InForce) != live {
					t.Fatalf("status %q, but to the law in force is %v: %+v", c.Status(at), live, fact)
				}
				if !live {
					continue
				}
				if s := signed[fact.Version]; !s[hospital] || !s[hub] {
					t.Fatalf("version %d is in force with the signatures %v", fact.Version, s)
				}
				if m := instrument.Check(text[fact.Version]); len(m) > 0 {
					t.Fatalf("version %d is in force and lacks %v", fact.Version, m)
				}
				if terminated != 0 && civil.On(at) >= terminated {
					t.Fatalf("in force on %v, though terminated from %v", civil.On(at), terminated)
				}
			}
		}
	})
}

// play folds events, each by an organization at a time in days from the scenario's.
func play(events ...struct {
	Days int
	Org  string
	E    ledger.Event
}) Contract {
	var c Contract
	for _, e := range events {
		c = apply(c, ledger.Record{Stream: "agreement/a-1", Time: scenario.Now.AddDate(0, 0, e.Days), Actor: ledger.Actor{ID: "u-1", Org: e.Org}}, e.E)
	}
	return c
}

type step = struct {
	Days int
	Org  string
	E    ledger.Event
}

// The status and the next step of each party, day by day.
func TestLife(t *testing.T) {
	today := civil.On(scenario.Now)
	full, less := baa(t), baa(t, "baa.report")
	strict := baa(t)
	strict.Terms.BreachHours = 24
	offered := step{0, hub, Offered{Upstream: hospital, Downstream: hub, By: hub, Instrument: full, Start: today + 10, End: today + 100}}
	both := []step{offered, {1, hub, Signed{Version: 1, Org: hub}}, {2, hospital, Signed{Version: 1, Org: hospital}}}
	with := func(more ...step) []step { return append(slices.Clone(both), more...) }
	for name, c := range map[string]struct {
		steps         []step
		day           int
		status        Status
		hospital, hub Step
	}{
		"offered":             {[]step{offered}, 0, Proposed, Read, Read},
		"terms missing":       {[]step{{0, hub, Offered{Upstream: hospital, Downstream: hub, By: hub, Instrument: less}}}, 0, Incomplete, Mend, Mend},
		"half signed":         {both[:2], 1, Half, Read, Wait},
		"signed, to begin":    {both, 9, Later, Nothing, Nothing},
		"first day":           {both, 10, InForce, Nothing, Nothing},
		"two months left":     {both, 40, InForce, Renewal, Renewal},
		"last day":            {both, 100, InForce, Renewal, Renewal},
		"expired":             {both, 101, Expired, Collect, GiveUp},
		"amendment pending":   {with(step{20, hospital, Amended{Version: 2, By: hospital, Instrument: strict, End: today + 100}}), 20, InForce, Read, Read},
		"amended":             {with(step{20, hospital, Amended{Version: 2, Instrument: strict, End: today + 300}}, step{21, hospital, Signed{Version: 2, Org: hospital}}, step{22, hub, Signed{Version: 2, Org: hub}}), 120, InForce, Nothing, Nothing},
		"amended from a day":  {with(step{20, hospital, Amended{Version: 2, Instrument: strict, Start: today + 150}}, step{21, hospital, Signed{Version: 2, Org: hospital}}, step{22, hub, Signed{Version: 2, Org: hub}}), 120, Later, Nothing, Nothing},
		"amendment withdrawn": {with(step{20, hospital, Amended{Version: 2, Instrument: strict}}, step{21, hub, Withdrawn{Version: 2, By: hub}}), 22, InForce, Nothing, Nothing},
		"renewed":             {with(step{90, hub, Renewed{Version: 2, Of: 1, By: hub, End: today + 400}}, step{91, hospital, Signed{Version: 2, Org: hospital}}, step{92, hub, Signed{Version: 2, Org: hub}}), 150, InForce, Nothing, Nothing},
		"renewal unsigned":    {with(step{90, hub, Renewed{Version: 2, Of: 1, By: hub, End: today + 400}}, step{91, hospital, Signed{Version: 2, Org: hospital}}), 150, Expired, Wait, Read},
		"to be terminated":    {with(step{20, hub, Terminated{Reason: Convenience, Effective: today + 30}}, step{20, hub, ReturnDue{hub, "destroy", today + 60}}), 29, InForce, Nothing, Nothing},
		"terminated":          {with(step{20, hub, Terminated{Reason: Convenience, Effective: today + 30}}, step{20, hub, ReturnDue{hub, "destroy", today + 60}}), 30, Ended, Collect, GiveUp},
		"law asks for more":   {[]step{{0, hub, Offered{Upstream: hospital, Downstream: hub, By: hub, Instrument: less}}, {1, hub, Signed{Version: 1, Org: hub}}, {2, hospital, Signed{Version: 1, Org: hospital}}}, 3, Deficient, Mend, Mend},
		"withdrawn":           {[]step{offered, {1, hub, Withdrawn{Version: 1, By: hub}}}, 2, Dropped, Nothing, Nothing},
	} {
		t.Run(name, func(t *testing.T) {
			k := play(c.steps...)
			at := scenario.Now.AddDate(0, 0, c.day)
			if got := k.Status(at); got != c.status {
				t.Errorf("Status = %q, want %q", got, c.status)
			}
			for org, want := range map[string]Step{hospital: c.hospital, hub: c.hub} {
				if got, _ := k.Next(org, at); got != want {
					t.Errorf("Next(%s) = %q, want %q", org, got, want)
				}
			}
		})
	}
}

// While an amendment is negotiated, and until its first day, what was signed before
// governs; a declared breach stops everything at once (AGR-1, 45 CFR 164.504(e)(1)(ii)).
func TestFact(t *testing.T) {
	today := civil.On(scenario.Now)
	strict := baa(t)
	strict.Terms.BreachHours = 24
	steps := []step{
		{0, hub, Offered{Upstream: hospital, Downstream: hub, By: hub, Instrument: baa(t)}},
		{0, hub, Signed{Version: 1, Org: hub}}, {1, hospital, Signed{Version: 1, Org: hospital}},
		{5, hub, Amended{Version: 2, By: hub, Instrument: strict, Start: today + 20}},
		{6, hub, Signed{Version: 2, Org: hub}}, {7, hospital, Signed{Version: 2, Org: hospital}},
	}
	for _, c := range []struct{ steps, day, version, hours int }{{3, 5, 1, 72}, {4, 5, 1, 72}, {6, 19, 1, 72}, {6, 20, 2, 24}} {
		f := play(steps[:c.steps]...).Fact(scenario.Now.AddDate(0, 0, c.day))
		if f.Version != c.version || f.Instrument.Terms.BreachHours != c.hours || f.From != hospital || f.To != hub || f.ID != "a-1" {
			t.Errorf("after %d events on day %d: version %d with %d hours (%+v), want %d with %d", c.steps, c.day, f.Version, f.Instrument.Terms.BreachHours, f, c.version, c.hours)
		}
	}
	for cause, violated := range map[Cause]bool{MaterialBreach: true, Convenience: false} {
		f := play(append(steps, step{30, hospital, Terminated{Reason: cause, Effective: today + 60}})...).Fact(scenario.Now.AddDate(0, 0, 31))
		if f.Violated != violated || f.Terminated != today+60 || !f.InForce(today+59) || f.InForce(today+60) {
			t.Errorf("terminated for %s: %+v", cause, f)
		}
	}
}

// Folding never writes into a state that somebody else holds.
func TestApplyLeavesTheOldState(t *testing.T) {
	before := play(step{0, hub, Offered{Upstream: hospital, Downstream: hub, By: hub, Instrument: baa(t)}}, step{0, hub, Signed{Version: 1, Org: hub}})
	one := apply(before, ledger.Record{Time: scenario.Now}, Signed{Version: 1, Org: hospital})
	two := apply(before, ledger.Record{Time: scenario.Now}, Withdrawn{Version: 1, By: hospital})
	if v := before.Versions[0]; len(v.Signatures) != 1 || v.Withdrawn || v.Signed != 0 {
		t.Errorf("the old state was changed: %+v", v)
	}
	if one.Versions[0].Withdrawn || two.Versions[0].Signed != 0 {
		t.Errorf("two futures of one state share memory: %+v, %+v", one.Versions[0], two.Versions[0])
	}
}
