package replay_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/law"
	"chaperone.example/law/casefile"
	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
	"chaperone.example/law/replay"
)

// records are the disclosure scenarios, decided.
func records(t testing.TB) []replay.Record {
	t.Helper()
	files, err := filepath.Glob("../testdata/disclosures/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	var out []replay.Record
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := casefile.ReadDisclosure(file, data)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, replay.New(c.Request, c.Facts))
	}
	return out
}

func TestRecordedDecisionsDecideAgain(t *testing.T) {
	for _, r := range records(t) {
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := replay.Read("record.json", data) // as years later, from what was written
		if err != nil {
			t.Fatal(err)
		}
		if err := replay.Check(*back); err != nil {
			t.Errorf("%s: %v", r.Decision.ID, err)
		}
		back.Decision.Outcome = law.Permit
		back.Decision.Form = law.Identified
		back.Decision.Lines = nil
		if err := replay.Check(*back); !errors.Is(err, replay.ErrDiffers) {
			t.Errorf("a changed decision: %v", err)
		}
		back.Facts.Person.Verified = !back.Facts.Person.Verified
		if err := replay.Check(*back); !errors.Is(err, replay.ErrInputs) {
			t.Errorf("changed facts: %v", err)
		}
		back.Decision.RuleBook = "another"
		if err := replay.Check(*back); !errors.Is(err, replay.ErrRuleBook) {
			t.Errorf("another rule book: %v", err)
		}
	}
}

func TestReadIsStrict(t *testing.T) {
	for _, bad := range []string{"", "[]", `{"request":{},"more":1}`, `{"request":{}} {}`, `{"request":{"form":"naked"}}`} {
		if _, err := replay.Read("x.json", []byte(bad)); err == nil || !strings.Contains(err.Error(), "x.json") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestWhatIf(t *testing.T) {
	all := records(t)
	if diff, err := replay.WhatIf(all, replay.Change{}); err != nil || len(diff) != 0 {
		t.Errorf("no change differs: %v, %v", diff, err)
	}
	a := all[4].Facts.Agreements[0] // D05, the agreement of hospital and provider
	a.Terminated = civil.Of(2026, 11, 1)
	diff, err := replay.WhatIf(all[4:5], replay.Change{Agreement: &a})
	if err != nil || len(diff) != 1 || diff[0].After != law.Deny || len(diff[0].Lines) == 0 {
		t.Errorf("terminated agreement: %+v, %v", diff, err)
	}
	if all[4].Facts.Agreements[0].Terminated != 0 {
		t.Error("the record was changed")
	}
	pack := overlay.Pack{ID: "member", Version: 1, Level: overlay.Member, Member: "hospital-a", Rules: []overlay.Rule{{ID: "no", Citation: "board", Text: "nothing", Deny: true}}}
	diff, err = replay.WhatIf(all[:1], replay.Change{Overlay: &pack})
	if err != nil || len(diff) != 1 || diff[0].After != law.Deny {
		t.Errorf("overlay: %+v, %v", diff, err)
	}
	b5, _ := law.Lookup("B05")
	b5.To = civil.Of(2020, 1, 1)
	diff, err = replay.WhatIf(all[:1], replay.Change{Rule: &b5})
	if err != nil || len(diff) != 1 || diff[0].After != law.Deny {
		t.Errorf("rule out of force: %+v, %v", diff, err)
	}
	b5.Effect = law.Bars
	if _, err := replay.WhatIf(all[:1], replay.Change{Rule: &b5}); err == nil {
		t.Error("a rule changed its effect")
	}
	b5.ID = "Z99"
	if _, err := replay.WhatIf(all[:1], replay.Change{Rule: &b5}); err == nil {
		t.Error("an unknown rule was changed")
	}
}

// Whatever is in a file: it is a record or an error that names the file; and a record
// decides again or does not, without failing.
func FuzzRead(f *testing.F) {
	for i, r := range records(f) {
		if i%20 == 0 {
			data, err := json.Marshal(r)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte(`{"request":{"at":"2026-01-01T00:00:00Z"},"facts":{"overlays":[{"broken":true}],"classes":[{"restrictions":[{}]}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := replay.Read("x.json", data)
		if err != nil {
			if !strings.Contains(err.Error(), "x.json") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		_ = replay.Check(*r) // nothing recorded may make it fail
		again := replay.New(r.Request, r.Facts)
		if err := replay.Check(again); err != nil {
			t.Errorf("what was just decided does not decide again: %v", err)
		}
	})
}
