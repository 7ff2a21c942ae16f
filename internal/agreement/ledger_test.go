package agreement

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"chaperone.example/internal/fault"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/scenario"
)

// registry stands for the module of organizations.
type registry map[string]law.Organization

func (g registry) Organization(_ context.Context, _ *ledger.Reading, id string) (law.Organization, error) {
	o, ok := g[id]
	if !ok {
		return o, ledger.Unknown("organization")
	}
	o.ID = id
	return o, nil
}

var parties = registry{
	hospital:    {Is: []law.Status{law.CoveredEntity}},
	rival:       {Is: []law.Status{law.CoveredEntity}},
	hub:         {Is: []law.Status{law.Associate}},
	"o-both":    {Is: []law.Status{law.CoveredEntity, law.Associate}},
	"o-cloud":   {Is: []law.Status{law.SubcontractorOrg}},
	"o-archive": {Is: []law.Status{law.SubcontractorOrg}},
	"o-gone":    {Is: []law.Status{law.Associate}, Inactive: true},
}

func officer(org string) ledger.Actor {
	return ledger.Actor{ID: "u-" + org, Org: org, Role: "privacy-officer"}
}

type house struct {
	*testing.T
	*ledger.Desk
	clock *ledgertest.Clock
	n     int
}

func openHouse(t *testing.T) *house {
	desk, clock := ledgertest.Open(t, []ledger.Types{Types}, View())
	return &house{T: t, Desk: desk, clock: clock}
}

func (h *house) offer(up, down, by, template string, change func(*instrument.Instrument)) string {
	h.Helper()
	h.n++
	id := "a-" + strconv.Itoa(h.n)
	in, ok := instrument.Template(template)
	if !ok {
		h.Fatalf("no template %s", template)
	}
	if change != nil {
		change(&in)
	}
	_, err := ledger.Do(h.Context(), h.Desk, officer(by), Kind, id, Offer{Upstream: up, Downstream: down, Instrument: in, Parties: parties, Note: "a note about " + id})
	if err != nil {
		h.Fatal(err)
	}
	return id
}

func (h *house) do(id, org string, c ledger.Command[Contract]) error {
	_, err := ledger.Do(h.Context(), h.Desk, officer(org), Kind, id, c)
	return err
}

func (h *house) must(id, org string, c ledger.Command[Contract]) {
	h.Helper()
	if err := h.do(id, org, c); err != nil {
		h.Fatal(err)
	}
}

func (h *house) force(up, down, template string) string {
	h.Helper()
	id := h.offer(up, down, down, template, nil)
	h.must(id, up, Sign{Version: 1})
	h.must(id, down, Sign{Version: 1})
	return id
}

func ask[T any](h *house, org string, q ledger.Question[T]) T {
	h.Helper()
	got, err := ledger.Ask(h.Context(), h.Desk, officer(org), q)
	if err != nil {
		h.Fatal(err)
	}
	return got
}

// The story of issue 2: a draft lacks a term, is amended, signed, terminated (AGR-1).
func TestStory(t *testing.T) {
	h := openHouse(t)
	id := h.offer(hospital, hub, hub, "baa", func(in *instrument.Instrument) {
		in.Clauses = slices.DeleteFunc(in.Clauses, func(c string) bool { return c == "baa.report" })
	})
	if err := h.do(id, hospital, Sign{Version: 1}); !fault.Is(err, fault.Refused) {
		t.Fatalf("a draft without the duty to report was signed: %v", err)
	}
	h.must(id, hospital, Amend{Version: 1, Instrument: baa(t)})
	h.must(id, hospital, Sign{Version: 2})
	if err := h.do(id, hub, Sign{Version: 1}); !fault.Is(err, fault.Conflict) {
		t.Errorf("signing the version before: %v", err)
	}
	h.must(id, hub, Sign{Version: 2})
	h.must(id, hospital, Terminate{Reason: Convenience, Note: "moving in-house"})

	s := ask(h, hub, Show{ID: id})
	if s.Row.Status != Ended || s.Row.Next != GiveUp || s.Row.By != civil.On(ledgertest.Start)+ReturnWithin {
		t.Errorf("after the termination: %+v", s.Row)
	}
	var types []string
	for i, e := range s.History {
		types = append(types, e.Type)
		if i > 0 && e.Seq <= s.History[i-1].Seq {
			t.Errorf("history out of order: %+v", s.History)
		}
	}
	want := []string{"agreement.offered", "agreement.amended", "agreement.signed", "agreement.signed", "agreement.terminated", "agreement.return-due"}
	if !slices.Equal(types, want) {
		t.Errorf("history %v, want %v", types, want)
	}
	if n := s.History[4].Note; n != "moving in-house" {
		t.Errorf("the note of the termination: %q", n)
	}
	if got := s.Contract.Digest(s.Contract.Versions[1]); got == "" || len(s.Contract.Versions[1].Signatures) != 2 {
		t.Errorf("signatures: %+v", s.Contract.Versions[1].Signatures)
	}
	ledgertest.CheckRebuild(t, h.Log)
}

// An organization that does not exist, one that left, and an id that is none.
func TestOfferToWhom(t *testing.T) {
	h := openHouse(t)
	for to, kind := range map[string]fault.Kind{"o-nobody": fault.NotFound, "../etc": fault.NotFound, "o-gone": fault.Refused, hospital: fault.Invalid} {
		err := h.do("a-9", hospital, Offer{Upstream: hospital, Downstream: to, Instrument: baa(t), Parties: parties})
		if !fault.Is(err, kind) {
			t.Errorf("offered to %s: %v, want %v", to, err, kind)
		}
	}
	if rows := ask(h, hospital, List{}); len(rows) != 0 {
		t.Errorf("a refused offer left %+v", rows)
	}
}

// Another hospital's agreement is answered like one that does not exist (IAM-1).
func TestScope(t *testing.T) {
	h := openHouse(t)
	id := h.offer(hospital, hub, hub, "baa", nil)
	h.must(id, hospital, Sign{Version: 1})
	if _, err := ledger.Do(t.Context(), h.Desk, officer(hospital), Opinions, "v-1", RecordReview{Agreement: id, Version: 1, Reviewer: Counsel, Finding: Acceptable}); err != nil {
		t.Fatal(err)
	}
	outcome := func(id string) (out []string) {
		say := func(err error) {
			k, msg, _ := fault.Of(err)
			out = append(out, string(k)+": "+msg)
		}
		_, err := ledger.Ask(t.Context(), h.Desk, officer(rival), Show{ID: id})
		say(err)
		for _, c := range []ledger.Command[Contract]{Sign{Version: 1}, Amend{Version: 1, Instrument: baa(t)}, Renew{Version: 1}, Withdraw{Version: 1}, Terminate{Reason: Convenience}} {
			say(h.do(id, rival, c))
		}
		_, err = ledger.Do(t.Context(), h.Desk, officer(rival), Opinions, "v-"+id, RecordReview{Agreement: id, Version: 1, Reviewer: Counsel, Finding: Acceptable})
		say(err)
		return out
	}
	theirs, random := outcome(id), outcome("a-doesnotexist")
	if !slices.Equal(theirs, random) || theirs[0] != "not found: there is no such agreement" {
		t.Errorf("a rival hears\n%v\nof an agreement of others, and\n%v\nof none", theirs, random)
	}
	if rows := ask(h, rival, List{}); len(rows) != 0 {
		t.Errorf("a rival's list: %+v", rows)
	}
	if links := ask(h, rival, Links{}); len(links) != 0 {
		t.Errorf("a rival's chain: %+v", links)
	}
}

// Counsel's advice to one party is not the other's to see.
func TestReviewsArePrivate(t *testing.T) {
	h := openHouse(t)
	id := h.offer(hospital, hub, hub, "baa", nil)
	review := func(org, v string, c RecordReview) error {
		_, err := ledger.Do(t.Context(), h.Desk, officer(org), Opinions, v, c)
		return err
	}
	if err := review(hospital, "v-1", RecordReview{Agreement: id, Version: 1, Reviewer: Counsel, Finding: Objections, Note: "72 hours are too long"}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]RecordReview{
		"no such version":           {Agreement: id, Version: 2, Reviewer: Counsel, Finding: Acceptable},
		"no reviewer":               {Agreement: id, Version: 1, Finding: Acceptable},
		"no finding":                {Agreement: id, Version: 1, Reviewer: Counsel},
		"objections without saying": {Agreement: id, Version: 1, Reviewer: Officer, Finding: Objections},
	} {
		if err := review(hospital, "v-2", c); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	mine, theirs := ask(h, hospital, Show{ID: id}), ask(h, hub, Show{ID: id})
	if len(mine.Reviews) != 1 || mine.Reviews[0].Note != "72 hours are too long" || mine.Reviews[0].Finding != Objections {
		t.Errorf("one's own review: %+v", mine.Reviews)
	}
	if len(theirs.Reviews) != 0 {
		t.Errorf("the other party sees %+v", theirs.Reviews)
	}
	if ok := slices.ContainsFunc(theirs.History, func(e Entry) bool { return e.Type == "agreement.reviewed" }); ok {
		t.Error("the other party's history tells of the review")
	}
	for org, want := range map[string]int{hospital: 2, hub: 1} {
		var records int
		if err := h.Log.DB().QueryRowContext(t.Context(), `select n from party where org = $1`, org).Scan(&records); err != nil || records != want {
			t.Errorf("%s is party of %d records (%v), want %d", org, records, err, want)
		}
	}
	ledgertest.CheckRebuild(t, h.Log)
}

// What waits for oneself comes first.
func TestListOrder(t *testing.T) {
	h := openHouse(t)
	dropped := h.offer(hospital, hub, hub, "dua", nil)
	h.must(dropped, hospital, Withdraw{Version: 1})
	inForce := h.force(hospital, hub, "baa")
	waiting := h.offer(hospital, hub, hub, "participation", nil)
	var got []string
	for _, r := range ask(h, hospital, List{}) {
		got = append(got, r.ID)
		if r.Other != hub || !r.Upstream {
			t.Errorf("%+v: other party %s, upstream %v", r, r.Other, r.Upstream)
		}
	}
	if want := []string{waiting, inForce, dropped}; !slices.Equal(got, want) {
		t.Errorf("list %v, want %v", got, want)
	}
}

// ORG-2: a covered entity sees the chain below its own agreements and no further: not
// what the associate has with other hospitals.
func TestLinks(t *testing.T) {
	h := openHouse(t)
	own := h.force(hospital, hub, "baa")
	h.force(hospital, hub, "participation") // no link: it does not stand in for a business associate agreement
	h.force(rival, hub, "baa")
	h.force(hub, "o-cloud", "subcontractor")
	h.offer("o-cloud", "o-archive", "o-cloud", "subcontractor", nil)
	want := []Link{
		{own, instrument.BusinessAssociate, hospital, hub, true, InForce},
		{"", instrument.Subcontractor, hub, "o-cloud", true, InForce},
		{"", instrument.Subcontractor, "o-cloud", "o-archive", false, Proposed},
	}
	if got := ask(h, hospital, Links{}); !slices.Equal(got, want) {
		t.Errorf("the hospital's chain: %+v, want %+v", got, want)
	}
	// An associate that is a covered entity, too, has agreements about its own patients.
	h.force(rival, "o-both", "baa")
	h.force("o-both", "o-cloud", "baa")
	if got := ask(h, rival, Links{}); slices.ContainsFunc(got, func(l Link) bool { return l.From == "o-both" }) {
		t.Errorf("the rival sees what its associate agreed about others' patients: %+v", got)
	}
	if got := ask(h, "o-archive", Links{}); len(got) != 1 || got[0].ID == "" {
		t.Errorf("the archive's chain: %+v", got)
	}
}

// probe reads facts as a decision does.
type probe struct{ pairs []Pair }

func (probe) Action() string { return "probe" }

func (p probe) Answer(ctx context.Context, r *ledger.Reading) (out []law.Agreement, err error) {
	return Facts(ctx, r, p.pairs...)
}

// A decision gets the agreements on the way from source to recipient, and no others.
func TestFacts(t *testing.T) {
	h := openHouse(t)
	direct := h.force(hospital, hub, "baa")
	part := h.force(hospital, hub, "participation")
	h.force(rival, hub, "baa")
	sub := h.force(hub, "o-cloud", "subcontractor")
	draft := h.offer("o-cloud", "o-archive", "o-cloud", "subcontractor", nil)
	gone := h.offer(hospital, hub, hub, "baa", nil)
	h.must(gone, hub, Withdraw{Version: 1})
	for _, c := range []struct {
		name  string
		pairs []Pair
		want  []string
	}{
		{"direct", []Pair{{hospital, hub}}, []string{direct, part}},
		{"either direction", []Pair{{hub, hospital}}, []string{direct, part}},
		{"through a subcontractor", []Pair{{hospital, "o-cloud"}}, []string{direct, sub}},
		{"through a draft", []Pair{{hospital, "o-archive"}}, []string{direct, sub, draft}},
		{"no way", []Pair{{"o-cloud", rival}}, nil},
		{"twice the same", []Pair{{hospital, hub}, {hospital, hub}}, []string{direct, part}},
		{"oneself", []Pair{{hospital, hospital}}, nil},
	} {
		var got []string
		for _, a := range ask(h, hospital, probe{pairs: c.pairs}) {
			got = append(got, a.ID)
			if a.Signed == 0 && a.ID != draft {
				t.Errorf("%s: %s reads as unsigned", c.name, a.ID)
			}
		}
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A form that is sent twice signs once; signing again is refused.
func TestSignOnce(t *testing.T) {
	h := openHouse(t)
	id := h.offer(hospital, hub, hub, "baa", nil)
	ctx := ledger.Once(t.Context(), "key-1")
	for range 2 {
		if _, err := ledger.Do(ctx, h.Desk, officer(hospital), Kind, id, Sign{Version: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.do(id, hospital, Sign{Version: 1}); !fault.Is(err, fault.Refused) {
		t.Errorf("signing twice: %v", err)
	}
	if v := ask(h, hub, Show{ID: id}).Contract.Latest(); len(v.Signatures) != 1 {
		t.Errorf("signatures %+v", v.Signatures)
	}
}

// What two versions say differently, said in plain words.
func TestChanges(t *testing.T) {
	before, after := Version{N: 1, Instrument: baa(t, "baa.report")}, Version{N: 2, Instrument: baa(t), End: civil.On(scenario.Now) + 365}
	after.Instrument.Terms.BreachHours = 24
	after.Instrument.Terms.Deidentify = false
	var got []string
	for _, c := range Changes(before, after, func(s string) string { return s }) {
		got = append(got, c.ID)
		if c.Before == c.After || c.Title == "" {
			t.Errorf("%+v is no change", c)
		}
	}
	want := []string{"end", "baa.report", "terms.deidentify", "terms.breach_hours"}
	if !slices.Equal(got, want) {
		t.Errorf("changes %v, want %v", got, want)
	}
	if c := Changes(before, before, func(s string) string { return s }); len(c) != 0 {
		t.Errorf("a version differs from itself: %+v", c)
	}
}

// Term by term: what is missing first, then what is too broad, then the rest; nothing twice.
func TestCheck(t *testing.T) {
	in := baa(t, "baa.report", "baa.return")
	in.Terms.FurtherUse = instrument.Unrestricted
	terms := Check(in, "Harbor Hospital", "Lakeside Collaborative", func(s string) string { return s })
	seen := map[string]bool{}
	for _, x := range terms {
		if seen[x.ID] {
			t.Errorf("%s is listed twice", x.ID)
		}
		seen[x.ID] = true
	}
	if terms[0].ID != "baa.report" || terms[0].Mark != Missing || terms[1].ID != "baa.return" || terms[0].Citation == "" {
		t.Errorf("first: %+v, %+v", terms[0], terms[1])
	}
	broad := slices.IndexFunc(terms, func(x Term) bool { return x.ID == "terms.further_use" })
	if broad < 0 || terms[broad].Mark != Broad || terms[broad].Warning == "" || terms[broad+1].Mark == Missing {
		t.Errorf("unlimited further use: %+v", terms)
	}
}

// Every template is in the vocabulary, complete, and coherent.
func TestTemplatesAreReadable(t *testing.T) {
	for _, name := range instrument.Templates() {
		in, _ := instrument.Template(name)
		if err := readable(in); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if m := lacking(in); m != "" {
			t.Errorf("%s lacks %s", name, m)
		}
		if !same(tidy(in), tidy(tidy(in))) {
			t.Errorf("%s: tidy is not idempotent", name)
		}
	}
}
