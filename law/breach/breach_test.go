package breach_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"chaperone.example/law/breach"
	"chaperone.example/law/casefile"
	"chaperone.example/law/civil"
	"chaperone.example/law/fact"
)

// Every incident is judged as its file says (INC-3, INC-4).
func TestIncidents(t *testing.T) {
	files, err := filepath.Glob("../testdata/incidents/*.yaml")
	if err != nil || len(files) < 16 {
		t.Fatalf("%d incidents, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, err := casefile.ReadIncident(filepath.Base(file), data)
			if err != nil {
				t.Fatal(err)
			}
			if c.Expect == nil {
				t.Fatal("the scenario expects nothing")
			}
			a := breach.Assess(c.Facts, c.Packs)
			for _, miss := range c.Expect.Misses(a) {
				t.Error(miss)
			}
			for _, n := range a.Notices {
				if n.Basis == "" {
					t.Errorf("%s tells %s without a basis", n.By, n.To)
				}
			}
		})
	}
}

// incident draws any incident of an associate chain and up to three covered entities.
func incident(t *rapid.T) breach.Incident {
	answer := rapid.SampledFrom([]fact.Answer{fact.Unknown, fact.No, fact.Yes})
	level := rapid.SampledFrom([]breach.Level{"", breach.Low, breach.Low, breach.Low, breach.Moderate, breach.High})
	day := func(label string) civil.Date {
		return civil.Of(2025, 11, 1) + civil.Date(rapid.IntRange(0, 500).Draw(t, label))
	}
	in := breach.Incident{PHI: answer.Draw(t, "phi"), Permitted: answer.Draw(t, "permitted"),
		Protection: breach.Protection{Encrypted: answer.Draw(t, "encrypted"), KeySafe: answer.Draw(t, "key"), Locked: answer.Draw(t, "locked")},
		Factors:    breach.Factors{Nature: level.Draw(t, "nature"), Recipient: level.Draw(t, "recipient"), Acquired: level.Draw(t, "acquired"), Mitigation: level.Draw(t, "mitigation")},
	}
	if rapid.Bool().Draw(t, "documented") {
		in.Evidence, in.Approvers = []string{"hash"}, []string{"one", "two"}
	}
	if rapid.Bool().Draw(t, "excluded") {
		in.Exclusion = breach.Exclusion{Kind: rapid.SampledFrom(breach.ExclusionKinds()).Draw(t, "exclusion"), GoodFaith: answer.Draw(t, "good faith"), InScope: answer.Draw(t, "scope"),
			SameEntity: answer.Draw(t, "same"), NoFurther: answer.Draw(t, "further"), CouldRetain: answer.Draw(t, "retain")}
	}
	in.Parties = []breach.Party{{ID: "sub", Knew: []breach.Knowledge{{On: day("sub knew")}}}, {ID: "ba"}}
	in.Edges = []breach.Edge{{From: "sub", To: "ba", Agent: answer.Draw(t, "sub agent"), Told: day("sub told")}}
	for _, id := range []string{"ce1", "ce2", "ce3"}[:rapid.IntRange(1, 3).Draw(t, "entities")] {
		n := rapid.IntRange(0, 1200).Draw(t, id+" people")
		p := breach.Party{ID: id, Covered: true, Part2: rapid.Bool().Draw(t, id+" part 2"),
			Counts: []breach.Count{{Total: n, Part2: rapid.IntRange(0, n).Draw(t, id+" part2"), Residents: map[string]int{"TX": rapid.IntRange(0, n).Draw(t, id+" in TX")}}}}
		if rapid.Bool().Draw(t, id+" knew") {
			p.Knew = []breach.Knowledge{{On: day(id + " day"), Knowable: rapid.Bool().Draw(t, id+" knowable")}}
		}
		in.Parties = append(in.Parties, p)
		in.Edges = append(in.Edges, breach.Edge{From: "ba", To: id, Agent: answer.Draw(t, id+" agent"), Told: day(id + " told")})
	}
	if rapid.Bool().Draw(t, "held") {
		from := day("hold")
		in.Holds = []breach.Hold{{From: from, Written: true, Until: from + civil.Date(rapid.IntRange(0, 200).Draw(t, "hold days"))}}
	}
	return in
}

func assess(in breach.Incident) breach.Assessment {
	return breach.Assess(in, []breach.Pack{breach.Texas()})
}

// key joins what counts as the same notification: to HHS at once or in the annual log.
func key(n breach.Notice) string {
	return n.By + "/" + strings.TrimSuffix(n.To, " annual log")
}

// notLater fails if a notification of a is missing from b, or due later there.
func notLater(t *rapid.T, what string, a, b breach.Assessment) {
	due := map[string]civil.Date{}
	for _, n := range b.Notices {
		due[key(n)] = n.Due
	}
	for _, n := range a.Notices {
		if d, ok := due[key(n)]; !ok || d > n.Due {
			t.Errorf("%s: %s was due %s, now %s (still there: %v)", what, key(n), n.Due, d, ok)
		}
	}
}

// 1. Making a factor worse, or unknown, never ends a breach.
func TestWorseFactorNeverEndsABreach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := incident(t)
		before := assess(in)
		worse := rapid.SampledFrom([]breach.Level{"", breach.Moderate, breach.High}).Draw(t, "worse")
		f := []*breach.Level{&in.Factors.Nature, &in.Factors.Recipient, &in.Factors.Acquired, &in.Factors.Mitigation}[rapid.IntRange(0, 3).Draw(t, "which")]
		*f = worse
		if after := assess(in); before.Verdict == breach.Breach && after.Verdict != breach.Breach {
			t.Errorf("breach became %s", after.Verdict)
		}
	})
}

// 2. More people never remove a notification nor move one later.
func TestMorePeopleNeverRelieve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := incident(t)
		before := assess(in)
		more := rapid.IntRange(1, 900).Draw(t, "more")
		in.Parties = append([]breach.Party(nil), in.Parties...)
		c := in.Parties[2].Counts[0]
		in.Parties[2].Counts = []breach.Count{{Total: c.Total + more, Part2: c.Part2 + more, Residents: map[string]int{"TX": c.Residents["TX"] + more}}}
		notLater(t, "more people", before, assess(in))
	})
}

// 3. Earlier discovery never moves a deadline later.
func TestEarlierDiscoveryIsNeverLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := incident(t)
		before := assess(in)
		in.Parties = append([]breach.Party(nil), in.Parties...)
		in.Parties[0].Knew = []breach.Knowledge{{On: in.Parties[0].Knew[0].On - civil.Date(rapid.IntRange(1, 300).Draw(t, "earlier"))}}
		after := assess(in)
		due := map[string]civil.Date{}
		for _, n := range after.Notices {
			due[key(n)] = n.Due
		}
		for _, n := range before.Notices {
			if d, ok := due[key(n)]; ok && d > n.Due {
				t.Errorf("%s moved from %s to %s", key(n), n.Due, d)
			}
		}
	})
}

// 4. An agency edge never moves a deadline later.
func TestAgencyIsNeverLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := incident(t)
		i := rapid.IntRange(0, len(in.Edges)-1).Draw(t, "edge")
		in.Edges[i].Agent = fact.No
		before := assess(in)
		in.Edges = append([]breach.Edge(nil), in.Edges...)
		in.Edges[i].Agent = fact.Yes
		after := assess(in)
		due := map[string]civil.Date{}
		for _, n := range after.Notices {
			due[key(n)] = n.Due
		}
		for _, n := range before.Notices {
			if d, ok := due[key(n)]; ok && d > n.Due {
				t.Errorf("%s moved from %s to %s", key(n), n.Due, d)
			}
		}
	})
}

// 5. A recount never restarts a clock; a hold never makes a deadline earlier.
func TestRecountsAndHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := incident(t)
		in.Holds = nil
		before := assess(in)
		held := in
		from := civil.Of(2025, 11, 1) + civil.Date(rapid.IntRange(0, 500).Draw(t, "hold from"))
		held.Holds = []breach.Hold{{From: from, Written: rapid.Bool().Draw(t, "written"), Until: from + civil.Date(rapid.IntRange(0, 200).Draw(t, "days"))}}
		notLater(t, "hold lifted", assess(held), before)
		recount := in
		recount.Parties = append([]breach.Party(nil), in.Parties...)
		c := recount.Parties[2].Counts[0]
		c.On = civil.Of(2027, 1, 1)
		recount.Parties[2].Counts = append(append([]breach.Count(nil), recount.Parties[2].Counts...), c)
		a, b := assess(in), assess(recount)
		if x, y := asJSON(a), asJSON(b); x != y {
			t.Errorf("a recount changed the answer:\n%s\n%s", x, y)
		}
	})
}

// 6. Thresholds are each covered entity's own.
func TestThresholdsAreEachEntitysOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := incident(t)
		for _, n := range assess(in).Notices {
			for _, p := range in.Parties {
				if p.ID == n.By && (n.To == "HHS" && p.Counts[0].Total < 500 || strings.HasPrefix(n.To, "media") && p.Counts[0].Residents["TX"] <= 500) {
					t.Errorf("%s tells %s with %+v", n.By, n.To, p.Counts[0])
				}
			}
		}
	})
}

// 7. The same facts give the same answer, and later facts do not change what was
// known on a day.
func TestReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := incident(t)
		in.AsOf = civil.Of(2026, 6, 1)
		then := asJSON(assess(in))
		in.Parties = append([]breach.Party(nil), in.Parties...)
		later := breach.Count{On: in.AsOf + 1, Total: 100000}
		in.Parties[2].Counts = append(append([]breach.Count(nil), in.Parties[2].Counts...), later)
		if again := asJSON(assess(in)); again != then {
			t.Errorf("the answer of that day changed:\n%s\n%s", then, again)
		}
	})
}

// 8. Every "not a breach" has an exclusion or four factors or another ground, with
// evidence and two approvers; every notification has a basis.
func TestEveryNoIsDocumented(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := incident(t)
		a := assess(in)
		if a.Verdict != breach.Breach && (len(in.Evidence) == 0 || len(in.Approvers) < 2 || len(a.Why) == 0) {
			t.Errorf("%s without documents", a.Verdict)
		}
		if a.Verdict != breach.Breach && len(a.Notices) > 0 {
			t.Errorf("%s, but %d notices", a.Verdict, len(a.Notices))
		}
		for _, n := range a.Notices {
			if n.Basis == "" {
				t.Errorf("%s tells %s without a basis", n.By, n.To)
			}
		}
	})
}

// One approver, or the same one twice, does not end the presumption.
func TestTwoDifferentApprovers(t *testing.T) {
	in := breach.Incident{PHI: fact.Yes, Permitted: fact.No, Evidence: []string{"hash"},
		Factors: breach.Factors{Nature: breach.Low, Recipient: breach.Low, Acquired: breach.Low, Mitigation: breach.Low}, Parties: []breach.Party{{ID: "ce", Covered: true}}}
	for _, approvers := range [][]string{nil, {"a"}, {"a", "a"}, {"a", ""}, {"", "a"}} {
		in.Approvers = approvers
		if a := breach.Assess(in, nil); a.Verdict != breach.Breach {
			t.Errorf("approvers %q: %s", approvers, a.Verdict)
		}
	}
	in.Approvers = []string{"a", "b"}
	if a := breach.Assess(in, nil); a.Verdict != breach.LowProbability {
		t.Errorf("two approvers: %s", a.Verdict)
	}
}

func asJSON(a breach.Assessment) string {
	b, err := json.Marshal(a)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
