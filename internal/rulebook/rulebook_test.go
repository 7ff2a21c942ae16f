package rulebook

import (
	"context"
	"strings"
	"testing"

	"chaperone.example/internal/fault"
	"chaperone.example/law"
	"chaperone.example/law/casefile"
	"chaperone.example/law/civil"
	"chaperone.example/law/overlay"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/scenario"
	"chaperone.example/phi"
)

func TestScenarios(t *testing.T) { scenario.Run(t, Kind, Types, Adopt{}, Replace{}, Retire{}) }

func TestEventsFrozen(t *testing.T) { scenario.Frozen(t, Types) }

var officer = ledger.Actor{ID: "u-1", Org: "o-1", Role: string(phi.PrivacyOfficer)}

type parties struct{}

func (parties) Organization(_ context.Context, _ *ledger.Reading, id string) (law.Organization, error) {
	return law.Organization{ID: id, State: "OH"}, nil
}

func read(t *testing.T, text string) overlay.Pack {
	t.Helper()
	p, err := casefile.ReadPack("pack", []byte(text), officer.Org)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const own = "id: own\nlevel: member\nsource: policy 7\nread: 2026-01-01\nrules:\n  - {id: r1, citation: policy 7, text: Costs stay., strip: [encounter.cost]}\n"

// the packs that decisions are made with on a day.
type packs struct {
	owner string
	day   civil.Date
}

func (packs) Action() string { return "request.submit" }

func (q packs) Answer(ctx context.Context, r *ledger.Reading) ([]overlay.Pack, error) {
	return Packs(ctx, r, q.owner, q.day)
}

// A pack applies from its day on, is replaced and retired from theirs; whoever asks,
// decisions about the owner's data are made with it, and nobody else lists it.
func TestLife(t *testing.T) {
	desk, _ := ledgertest.Open(t, []ledger.Types{Types}, View())
	ctx := t.Context()
	today := civil.On(desk.Log.Now())
	id, _, err := Enter(ctx, desk, officer, read(t, own), today+5, parties{})
	if err != nil {
		t.Fatal(err)
	}
	stranger := ledger.Actor{ID: "u-2", Org: "o-2", Role: string(phi.PrivacyOfficer)}
	versions := func(day civil.Date, want ...int) {
		t.Helper()
		got, err := ledger.Ask(ctx, desk, stranger, packs{officer.Org, day})
		if err != nil || len(got) != len(want) || len(got) > 0 && got[0].Version != want[0] {
			t.Errorf("on %s: %+v, %v, want version %v", day, got, err, want)
		}
	}
	versions(today + 4)
	versions(today+5, 1)
	if _, _, err := Enter(ctx, desk, officer, read(t, own), today, parties{}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "next version") {
		t.Errorf("version 1 again: %v", err)
	}
	if _, _, err := Enter(ctx, desk, officer, read(t, strings.Replace(own, "level", "version: 2\nlevel", 1)), today+8, parties{}); err != nil {
		t.Fatal(err)
	}
	versions(today+7, 1)
	versions(today+8, 2)
	if _, err := ledger.Do(ctx, desk, officer, Kind, id, Retire{today + 9}); err != nil {
		t.Fatal(err)
	}
	versions(today+8, 2)
	versions(today + 9)
	if _, _, err := Enter(ctx, desk, officer, read(t, strings.Replace(own, "level", "version: 3\nlevel", 1)), today+12, parties{}); err != nil {
		t.Fatal(err)
	}
	versions(today + 11) // what was retired does not come back
	versions(today+12, 3)

	rows, err := ledger.Ask(ctx, desk, officer, List{})
	if err != nil || len(rows) != 1 || rows[0].Newest().Pack.Version != 3 || rows[0].Standing != Coming {
		t.Errorf("%+v, %v", rows, err)
	}
	if rows, err := ledger.Ask(ctx, desk, stranger, List{}); err != nil || len(rows) != 0 {
		t.Errorf("a stranger lists %+v, %v", rows, err)
	}
	if _, err := ledger.Ask(ctx, desk, stranger, One{id}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger reads: %v", err)
	}
	if _, err := ledger.Do(ctx, desk, stranger, Kind, id, Retire{today + 20}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a stranger retires: %v", err)
	}
	ledgertest.CheckRebuild(t, desk.Log)
}

// A State's pack is of the organization's own State.
func TestState(t *testing.T) {
	desk, _ := ledgertest.Open(t, []ledger.Types{Types}, View())
	const pack = "id: state\nlevel: state\nstate: XX\nsource: code\nread: 2026-01-01\nrules:\n  - {id: r1, citation: code, text: HIV stays., labels: [HIV], deny: yes}\n"
	today := civil.On(desk.Log.Now())
	if _, _, err := Enter(t.Context(), desk, officer, read(t, strings.Replace(pack, "XX", "TX", 1)), today, parties{}); !fault.Is(err, fault.Refused) {
		t.Errorf("another State's: %v", err)
	}
	if _, _, err := Enter(t.Context(), desk, officer, read(t, strings.Replace(pack, "XX", "OH", 1)), today, parties{}); err != nil {
		t.Error(err)
	}
}

// DEC-1: the rule book as shown is the rule book that decides, with the cases that
// prove each rule.
func TestRules(t *testing.T) {
	all := Rules("", "")
	if len(all) != len(law.Rules()) {
		t.Errorf("%d rules, want %d", len(all), len(law.Rules()))
	}
	for i, r := range law.Rules() {
		if x := all[i]; x.ID != r.ID || x.Text != r.Text || x.Citation != r.Citation || len(x.Reads) != len(r.Reads()) {
			t.Errorf("rule %s is shown as %+v", r.ID, x)
		}
	}
	if got := Rules("p02", ""); len(got) == 0 || got[0].ID != "P02" || len(got[0].Proofs) == 0 {
		t.Errorf("search for a rule: %+v", got)
	}
	if got := Rules("minimum necessary", "filter"); len(got) == 0 {
		t.Error("nothing about the minimum necessary")
	}
	if got := Rules("zyxwv", ""); len(got) != 0 {
		t.Errorf("%d rules hold a word that is none", len(got))
	}
}
