package request_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/request"
	"chaperone.example/internal/request/requesttest"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/purpose"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/scenario"
	"github.com/google/go-cmp/cmp"
)

func TestScenarios(t *testing.T) {
	scenario.Run(t, request.Kind, request.Types, ledger.Command[request.Inquiry](request.Submit{}), request.Amend{}, request.Reconsider{}, request.Approve{}, request.Refuse{}, request.Withdraw{})
}

func TestEventsAreFrozen(t *testing.T) { scenario.Frozen(t, request.Types) }

func do(t *testing.T, w *requesttest.World, a ledger.Actor, id string, c ledger.Command[request.Inquiry]) error {
	t.Helper()
	_, err := ledger.Do(t.Context(), w.Desk, a, request.Kind, id, c)
	return err
}

func approve(w *requesttest.World, datasets ...string) request.Approve {
	return request.Approve{Datasets: datasets, Sources: w.Sources}
}

func line(d law.Decision, element string) law.Line {
	for _, l := range d.Lines {
		if l.Element == element {
			return l
		}
	}
	return law.Line{}
}

// REQ-2: an overly broad request is right-sized element by element, and every line
// has its rule, citation and reason.
func TestSubmitRightSizes(t *testing.T) {
	w := requesttest.Open(t)
	f := w.Submit(t, "q-1", requesttest.Ask())
	if f.Status != request.Awaiting || f.Decision.Outcome != law.RightSize {
		t.Fatalf("status %q, outcome %q; want awaiting, right-size", f.Status, f.Decision.Outcome)
	}
	for element, want := range map[string]law.Treatment{"patient.name": law.Dropped, "patient.ssn": law.Dropped, "clinical.note": law.Dropped, "clinical.substance-use": law.Dropped,
		"encounter.diagnosis": law.Kept, "encounter.discharge-date": law.Kept, "patient.token": law.Transformed} {
		if got := line(f.Decision, element); got.Treatment != want {
			t.Errorf("%s is %q (%s), want %q", element, got.Treatment, got.Reason, want)
		}
	}
	if len(f.Decision.Lines) != len(f.Ask.Elements) {
		t.Errorf("%d lines for %d elements", len(f.Decision.Lines), len(f.Ask.Elements))
	}
	for _, l := range f.Decision.Lines {
		if l.Rule == "" || l.Citation == "" || l.Reason == "" || l.Treatment == law.Dropped && l.More == "" {
			t.Errorf("line %+v does not explain itself", l)
		}
	}
	if f.Decision.Form != law.Limited {
		t.Errorf("form %v: want the least identifying that serves, a limited data set (REQ-3)", f.Decision.Form)
	}
	if f.Details != requesttest.Words() {
		t.Errorf("details %+v", f.Details)
	}
	ledgertest.CheckRebuild(t, w.Desk.Log)
}

func TestSubmitIsDeniedWithoutAgreement(t *testing.T) {
	w := requesttest.Open(t)
	w.End(t)
	f := w.Submit(t, "q-1", requesttest.Ask())
	if f.Status != request.Denied {
		t.Fatalf("status %q, want denied", f.Status)
	}
	if why := request.Why(f.Decision); !strings.Contains(why, "a-1 v2 was terminated on 2026-03-15") {
		t.Errorf("Why = %q: does not name the agreement that ended", why)
	}
	if len(f.Decision.Remedies) == 0 || f.Decision.Exception == nil {
		t.Errorf("a denial names remedies (%d) and an information-blocking exception (%v)", len(f.Decision.Remedies), f.Decision.Exception)
	}
	err := do(t, w, requesttest.Steward, "q-1", approve(w, "d-encounters"))
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "nobody can approve what it denies") {
		t.Errorf("approving what is denied: %v", err)
	}
}

func TestLapsedTrainingDenies(t *testing.T) {
	w := requesttest.Open(t)
	w.Untrained = true
	f := w.Submit(t, "q-1", requesttest.Ask())
	if why := request.Why(f.Decision); f.Status != request.Denied || !strings.Contains(why, "training is not") {
		t.Errorf("status %q, why %q", f.Status, why)
	}
}

// An obligation that nobody is able to fulfil is a no: without an enforcement point
// everything is denied.
func TestObligationsThatCannotBeMetDeny(t *testing.T) {
	w := requesttest.Open(t)
	w.Sources.Can = nil
	if f := w.Submit(t, "q-1", requesttest.Ask()); f.Status != request.Denied || !strings.Contains(request.Why(f.Decision), "cannot fulfil") {
		t.Errorf("status %q: %s", f.Status, request.Why(f.Decision))
	}
}

// A refusal is answered by asking for less, and its note goes with it.
func TestAmendAfterRefusal(t *testing.T) {
	w := requesttest.Open(t)
	w.Submit(t, "q-1", requesttest.Ask())
	if err := do(t, w, requesttest.Officer, "q-1", request.Refuse{Reason: request.TooMuch, Note: request.Note{Text: "Half a year is enough."}}); err != nil {
		t.Fatal(err)
	}
	less := requesttest.Ask()
	less.Window.Until = civil.Of(2025, time.June, 30)
	if err := do(t, w, requesttest.Analyst, "q-1", request.Amend{Ask: less, Details: requesttest.Words(), Sources: w.Sources}); err != nil {
		t.Fatal(err)
	}
	if f := w.See(t, requesttest.Officer, "q-1"); f.Status != request.Awaiting || f.Refusal != "" || f.Note.Text != "" || f.By != requesttest.Coordinator.ID {
		t.Errorf("status %q, refusal %q, note %q, by %s", f.Status, f.Refusal, f.Note.Text, f.By)
	}
}

// 45 CFR 164.514(d)(3)(ii), two persons: whoever asked does not approve, even with
// the role for it and within one organization; somebody else there does.
func TestTwoPersons(t *testing.T) {
	w := requesttest.Open(t)
	a := requesttest.Ask()
	a.Basis, a.Recipients = "", []string{requesttest.Ward.ID}
	if err := do(t, w, requesttest.Ward, "q-own", request.Submit{Ask: a, Details: requesttest.Words(), Sources: w.Sources}); err != nil {
		t.Fatal(err)
	}
	self := requesttest.Ward
	self.Role = requesttest.Steward.Role
	if err := do(t, w, self, "q-own", approve(w, "d-encounters")); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "second person") {
		t.Errorf("self approval: %v", err)
	}
	c := approve(w, "d-encounters")
	c.Partial = true
	if err := do(t, w, requesttest.Officer, "q-own", c); err != nil {
		t.Errorf("a second person of the same organization: %v", err)
	}
}

func TestApprove(t *testing.T) {
	w := requesttest.Open(t)
	f := w.Submit(t, "q-1", requesttest.Ask())
	if _, err := f.Permit(); !fault.Is(err, fault.Refused) {
		t.Errorf("a permit before approval: %v", err)
	}
	c := approve(w, "d-encounters")
	c.Decision = f.Decision.ID
	if err := do(t, w, requesttest.Steward, "q-1", c); err != nil {
		t.Fatal(err)
	}
	f = w.See(t, requesttest.Coordinator, "q-1")
	p, err := f.Permit()
	if err != nil {
		t.Fatal(err)
	}
	if f.Status != request.Granted || p.ApprovedBy != requesttest.Steward.ID || !slices.Equal(p.Datasets, []string{"d-encounters"}) || p.Decision != f.Decided.ID {
		t.Errorf("permit %+v", p)
	}
	if p.Form != law.Limited || p.Retention != 180 || p.Basis != "B07" || p.Citation == "" || p.Window != requesttest.Ask().Window {
		t.Errorf("form %v, retention %d, basis %q %q, window %v", p.Form, p.Retention, p.Basis, p.Citation, p.Window)
	}
	for _, g := range p.Elements {
		if g.Element == "patient.name" || g.Element == "clinical.substance-use" {
			t.Errorf("the permit holds %s", g.Element)
		}
	}
	if !slices.ContainsFunc(p.Obligations, func(o law.Obligation) bool { return o.Duty == law.Encrypt }) {
		t.Error("the permit lost its obligations")
	}
	// The person whose account and training count is still the one who asked.
	if r, err := ledger.Ask(t.Context(), w.Desk, requesttest.Steward, request.Ruling{ID: "q-1"}); err != nil || r.Cause != request.AtApproval || !strings.Contains(string(r.Known), requesttest.Coordinator.ID) {
		t.Errorf("facts at %s: %s (%v)", r.Cause, r.Known, err)
	}
	ledgertest.CheckRebuild(t, w.Desk.Log)
}

// The agreements' own limit on retention is shorter than what was asked for.
func TestRetentionIsTheShorter(t *testing.T) {
	w := requesttest.Open(t)
	a := requesttest.Ask()
	a.Retention = 2000
	w.Submit(t, "q-1", a)
	if err := do(t, w, requesttest.Officer, "q-1", approve(w, "d-encounters")); err != nil {
		t.Fatal(err)
	}
	if p, err := w.See(t, requesttest.Steward, "q-1").Permit(); err != nil || p.Retention != 365 {
		t.Errorf("retention %d (%v), want the agreement's 365", p.Retention, err)
	}
}

func TestApprovalsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		actor ledger.Actor
		sets  []string
		kind  fault.Kind
		says  string
	}{
		"by the organization that asked": {requesttest.Coordinator, []string{"d-encounters"}, fault.Forbidden, "only the organization asked"},
		"by a stranger":                  {requesttest.Stranger, []string{"d-encounters"}, fault.NotFound, "no such request"},
		"no dataset":                     {requesttest.Steward, nil, fault.Invalid, "at least one dataset"},
		"a dataset that is not ours":     {requesttest.Steward, []string{"d-elsewhere"}, fault.NotFound, "no such dataset"},
		"twice the same":                 {requesttest.Steward, []string{"d-encounters", "d-encounters"}, fault.Invalid, "twice"},
		"elements that are not there":    {requesttest.Steward, []string{"d-half"}, fault.Refused, "do not hold: ZIP code, Discharge disposition"},
		"population cannot be told":      {requesttest.Steward, []string{"d-units"}, fault.Refused, "encounter classes"},
		"days that are not there":        {requesttest.Steward, []string{"d-old"}, fault.Refused, "denies this request"},
	} {
		t.Run(name, func(t *testing.T) {
			w := requesttest.Open(t)
			w.Submit(t, "q-1", requesttest.Ask())
			err := do(t, w, c.actor, "q-1", approve(w, c.sets...))
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %s: …%s…", err, c.kind, c.says)
			}
			if f := w.See(t, requesttest.Steward, "q-1"); f.Status != request.Awaiting {
				t.Errorf("status %q after a refused approval", f.Status)
			}
		})
	}
}

func TestApprovePartially(t *testing.T) {
	w := requesttest.Open(t)
	w.Submit(t, "q-1", requesttest.Ask())
	c := approve(w, "d-half")
	c.Partial = true
	if err := do(t, w, requesttest.Steward, "q-1", c); err != nil {
		t.Fatal(err)
	}
	p, err := w.See(t, requesttest.Steward, "q-1").Permit()
	if err != nil || !slices.Contains(p.Missing, "encounter.disposition") {
		t.Errorf("missing %v (%v): does not name what is in no dataset", p.Missing, err)
	}
	if want := civil.Of(2025, time.June, 30); p.Window.Until != want {
		t.Errorf("released until %v, want %v: no dataset covers more", p.Window.Until, want)
	}
}

// An agreement that ended between submission and approval ends the request.
func TestAgreementEndedBeforeApproval(t *testing.T) {
	w := requesttest.Open(t)
	w.Submit(t, "q-1", requesttest.Ask())
	w.End(t)
	err := do(t, w, requesttest.Steward, "q-1", approve(w, "d-encounters"))
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "terminated on 2026-03-15") {
		t.Errorf("got %v, want a refusal that names the end of the agreement", err)
	}
	if f := w.See(t, requesttest.Steward, "q-1"); f.Status != request.Awaiting {
		t.Errorf("status %q", f.Status)
	}
	// Decided again it is denied, on record, and mended by signing anew.
	if err := do(t, w, requesttest.Steward, "q-1", request.Reconsider{Sources: w.Sources}); err != nil {
		t.Fatal(err)
	}
	if f := w.See(t, requesttest.Coordinator, "q-1"); f.Status != request.Denied || f.Decided.Cause != request.AtReconsideration {
		t.Errorf("status %q, cause %q", f.Status, f.Decided.Cause)
	}
	w.Sign(t, "")
	if err := do(t, w, requesttest.Coordinator, "q-1", request.Reconsider{Sources: w.Sources}); err != nil {
		t.Fatal(err)
	}
	if f := w.See(t, requesttest.Coordinator, "q-1"); f.Status != request.Awaiting {
		t.Errorf("status %q after the agreement was signed anew", f.Status)
	}
}

// An agreement that was narrowed since changes the answer: what the steward looked at
// is not what would go out, so nothing is approved until it was decided and read again.
func TestAgreementNarrowedBeforeApproval(t *testing.T) {
	w := requesttest.Open(t)
	w.Submit(t, "q-1", requesttest.Ask())
	w.Sign(t, "", slices.DeleteFunc(requesttest.Ask().Elements, func(e string) bool { return e == "encounter.cost" })...)
	err := do(t, w, requesttest.Steward, "q-1", approve(w, "d-encounters"))
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "Withheld now: Charges and cost") {
		t.Errorf("got %v, want a refusal that names what is withheld now", err)
	}
	if err := do(t, w, requesttest.Steward, "q-1", request.Reconsider{Sources: w.Sources}); err != nil {
		t.Fatal(err)
	}
	if err := do(t, w, requesttest.Steward, "q-1", approve(w, "d-encounters")); err != nil {
		t.Errorf("after it was decided again: %v", err)
	}
}

// The race itself: the agreement ends after the facts were read and before the
// approval is appended. The guard on its stream sends the decision back.
func TestApprovalCannotRaceTermination(t *testing.T) {
	w := requesttest.Open(t)
	w.Submit(t, "q-1", requesttest.Ask())
	raced := false
	w.Between = func() { raced = true; w.End(t) }
	err := do(t, w, requesttest.Steward, "q-1", approve(w, "d-encounters"))
	if !raced {
		t.Fatal("nothing happened in between: the test does not test")
	}
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("got %v, want the refusal that follows from the end of the agreement", err)
	}
	if f := w.See(t, requesttest.Steward, "q-1"); f.Status != request.Awaiting {
		t.Errorf("status %q: the approval slipped through", f.Status)
	}
}

func TestSubmissionCannotRaceTermination(t *testing.T) {
	w := requesttest.Open(t)
	w.Between = func() { w.End(t) }
	if f := w.Submit(t, "q-1", requesttest.Ask()); f.Status != request.Denied {
		t.Errorf("status %q: decided on facts that no longer held", f.Status)
	}
}

func TestApprovalOfAnOlderDecisionConflicts(t *testing.T) {
	w := requesttest.Open(t)
	old := w.Submit(t, "q-1", requesttest.Ask()).Decision.ID
	narrow := requesttest.Ask()
	narrow.Elements = narrow.Elements[3:]
	w.Clock.Advance(time.Hour)
	if err := do(t, w, requesttest.Coordinator, "q-1", request.Amend{Ask: narrow, Details: requesttest.Words(), Sources: w.Sources}); err != nil {
		t.Fatal(err)
	}
	c := approve(w, "d-encounters")
	c.Decision = old
	if err := do(t, w, requesttest.Steward, "q-1", c); !fault.Is(err, fault.Conflict) {
		t.Errorf("approving on an old decision: %v", err)
	}
}

func TestReconsiderSaysNothingNew(t *testing.T) {
	w := requesttest.Open(t)
	w.Submit(t, "q-1", requesttest.Ask())
	before := w.See(t, requesttest.Steward, "q-1").Steps
	if err := do(t, w, requesttest.Steward, "q-1", request.Reconsider{Sources: w.Sources}); err != nil {
		t.Fatal(err)
	}
	if after := w.See(t, requesttest.Steward, "q-1").Steps; len(after) != len(before) {
		t.Errorf("%d steps after asking again, %d before: the same answer was recorded again", len(after), len(before))
	}
}

func TestAmendmentsOnlyNarrow(t *testing.T) {
	old := 40
	young := 10
	for name, c := range map[string]struct {
		change func(*request.Ask)
		says   string
	}{
		"fewer elements":       {func(a *request.Ask) { a.Elements = a.Elements[3:10] }, ""},
		"lesser form":          {func(a *request.Ask) { a.Form = law.Limited }, ""},
		"shorter time":         {func(a *request.Ask) { a.Window.From += 31 }, ""},
		"finer diagnosis":      {func(a *request.Ask) { a.Population.Diagnoses = []string{"I502"} }, ""},
		"oldest age":           {func(a *request.Ask) { a.Population.MaxAge = &old }, ""},
		"another element":      {func(a *request.Ask) { a.Elements = append(a.Elements, "patient.email") }, "elements that were not asked for"},
		"another recipient":    {func(a *request.Ask) { a.Recipients = append(a.Recipients, requesttest.Coordinator.ID) }, "recipients who were not named"},
		"longer time":          {func(a *request.Ask) { a.Window.Until++ }, "time frame is longer"},
		"longer retention":     {func(a *request.Ask) { a.Retention++ }, "retention is longer"},
		"every class":          {func(a *request.Ask) { a.Population.Classes = nil }, "population is larger"},
		"younger":              {func(a *request.Ask) { a.Population.MinAge = young }, "population is larger"},
		"another diagnosis":    {func(a *request.Ask) { a.Population.Diagnoses = []string{"J44"} }, "population is larger"},
		"every diagnosis":      {func(a *request.Ask) { a.Population.Diagnoses = nil }, "population is larger"},
		"another purpose":      {func(a *request.Ask) { a.Purpose, a.Activity = purpose.Treatment, "" }, "the purpose"},
		"another organization": {func(a *request.Ask) { a.Discloser = requesttest.Coordinator.Org }, "the organization asked"},
	} {
		t.Run(name, func(t *testing.T) {
			w := requesttest.Open(t)
			a := requesttest.Ask()
			w.Submit(t, "q-1", a)
			c.change(&a)
			err := do(t, w, requesttest.Coordinator, "q-1", request.Amend{Ask: a, Details: requesttest.Words(), Sources: w.Sources})
			if c.says == "" {
				if f := w.See(t, requesttest.Steward, "q-1"); err != nil || f.Version != 2 || f.Decided.Version != 2 || f.Decided.Cause != request.AtAmendment {
					t.Errorf("%v; version %d, decided version %d", err, f.Version, f.Decided.Version)
				}
				ledgertest.CheckRebuild(t, w.Desk.Log)
			} else if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want …%s…", err, c.says)
			}
		})
	}
}

func TestNamesInAnAskAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*request.Ask)
		random func(*request.Ask)
	}{
		"organization asked": {func(a *request.Ask) { a.Discloser = requesttest.Stranger.Org }, func(a *request.Ask) { a.Discloser = "o-nobody" }},
		"consortium":         {func(a *request.Ask) { a.Consortium = requesttest.Stranger.Org }, func(a *request.Ask) { a.Consortium = "o-nobody" }},
		"combined":           {func(a *request.Ask) { a.Combines = []string{requesttest.Stranger.Org} }, func(a *request.Ask) { a.Combines = []string{"o-nobody"} }},
		"recipient":          {func(a *request.Ask) { a.Recipients = []string{requesttest.Steward.ID} }, func(a *request.Ask) { a.Recipients = []string{"u-nobody"} }},
	} {
		t.Run(name, func(t *testing.T) {
			w := requesttest.Open(t)
			foreign, random := requesttest.Ask(), requesttest.Ask()
			c.change(&foreign)
			c.random(&random)
			one := do(t, w, requesttest.Coordinator, "q-1", request.Submit{Ask: foreign, Details: requesttest.Words(), Sources: w.Sources})
			two := do(t, w, requesttest.Coordinator, "q-2", request.Submit{Ask: random, Details: requesttest.Words(), Sources: w.Sources})
			if !fault.Is(one, fault.NotFound) || fmt.Sprint(one) != fmt.Sprint(two) {
				t.Errorf("another's id: %v; a random id: %v; want the same 404", one, two)
			}
		})
	}
}

// DEC-1: what was decided is decided again to the same bytes from the record alone.
func TestReplayEqualsBytes(t *testing.T) {
	w := requesttest.Open(t)
	w.Submit(t, "q-1", requesttest.Ask())
	if err := do(t, w, requesttest.Steward, "q-1", approve(w, "d-encounters")); err != nil {
		t.Fatal(err)
	}
	w.End(t) // the facts of today do not matter
	w.Clock.Advance(3 * 365 * 24 * time.Hour)
	n := 0
	for _, s := range w.See(t, requesttest.Steward, "q-1").Steps {
		if s.Decision == "" {
			continue
		}
		n++
		got, err := ledger.Ask(t.Context(), w.Desk, requesttest.Coordinator, request.Replay{ID: "q-1", Decision: s.Decision})
		if err != nil || !got.Same || got.Recorded != s.Decision || got.Repeated != s.Decision {
			t.Errorf("replay of %s: %+v, %v", s.What, got, err)
		}
		ruling, err := ledger.Ask(t.Context(), w.Desk, requesttest.Steward, request.Ruling{ID: "q-1", Decision: s.Decision})
		if err != nil || string(ruling.Answer) != string(got.Canonical) {
			t.Errorf("the recorded bytes differ from those computed now (%v)", err)
		}
	}
	if n != 2 {
		t.Errorf("%d decisions on record, want two: at submission and at approval", n)
	}
}

// A recorded decision or fact that was altered does not replay: the test bites.
func TestReplayFindsAlterations(t *testing.T) {
	w := requesttest.Open(t)
	w.Submit(t, "q-1", requesttest.Ask())
	d, err := ledger.Ask(t.Context(), w.Desk, requesttest.Steward, request.Ruling{ID: "q-1"})
	if err != nil {
		t.Fatal(err)
	}
	for name, alter := range map[string]func(*request.Decided){
		"fact": func(d *request.Decided) {
			d.Known = json.RawMessage(strings.Replace(string(d.Known), `"trained":true`, `"trained":false`, 1))
		},
		"question": func(d *request.Decided) {
			d.Asked = json.RawMessage(strings.Replace(string(d.Asked), `"identified"`, `"limited"`, 1))
		},
		"answer": func(d *request.Decided) {
			d.Answer = json.RawMessage(strings.Replace(string(d.Answer), `"dropped"`, `"kept"`, 1))
		},
	} {
		altered := d
		alter(&altered)
		if got, err := altered.Repeat(); err != nil || got.Same || got.Difference == "" || got.FirstDiffers < 0 {
			t.Errorf("altered %s: %+v, %v", name, got, err)
		}
	}
}

// Nobody but the two organizations sees a request, and theirs cannot be told from none.
func TestScope(t *testing.T) {
	w := requesttest.Open(t)
	w.Submit(t, "q-1", requesttest.Ask())
	ask := func(id string) []error {
		a := requesttest.Stranger
		_, one := ledger.Ask(t.Context(), w.Desk, a, request.One{ID: id, Sources: w.Sources})
		_, ruling := ledger.Ask(t.Context(), w.Desk, a, request.Ruling{ID: id})
		_, replay := ledger.Ask(t.Context(), w.Desk, a, request.Replay{ID: id})
		return []error{one, ruling, replay,
			do(t, w, a, id, approve(w, "d-encounters")), do(t, w, a, id, request.Refuse{Reason: request.NotHeld}), do(t, w, a, id, request.Withdraw{}),
			do(t, w, a, id, request.Reconsider{Sources: w.Sources}), do(t, w, a, id, request.Amend{Ask: requesttest.Ask(), Details: requesttest.Words(), Sources: w.Sources})}
	}
	theirs, none := ask("q-1"), ask("q-none")
	for i := range theirs {
		if !fault.Is(theirs[i], fault.NotFound) || theirs[i].Error() != none[i].Error() {
			t.Errorf("door %d: another's request answers %v, a random id %v", i, theirs[i], none[i])
		}
	}
	l, err := ledger.Ask(t.Context(), w.Desk, requesttest.Stranger, request.List{Sources: w.Sources})
	if err != nil || len(l.Rows) != 0 || l.Await != 0 || l.Ours != 0 {
		t.Errorf("a stranger's list: %+v, %v", l, err)
	}
	if _, err := ledger.Ask(t.Context(), w.Desk, requesttest.Steward, request.Ruling{ID: "q-1", Decision: "no such"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a decision that does not exist: %v", err)
	}
}

func TestListShowsFirstWhatAwaitsMe(t *testing.T) {
	w := requesttest.Open(t)
	for _, id := range []string{"q-1", "q-2", "q-3", "q-4"} {
		w.Submit(t, id, requesttest.Ask())
		w.Clock.Advance(time.Hour)
	}
	if err := do(t, w, requesttest.Coordinator, "q-1", request.Withdraw{}); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Hour)
	if err := do(t, w, requesttest.Steward, "q-4", request.Refuse{Reason: request.Otherwise, Note: request.Note{Text: "Our extract is being corrected; ask again in May."}}); err != nil {
		t.Fatal(err)
	}
	order := func(a ledger.Actor, q request.List) (ids []string) {
		q.Sources = w.Sources
		l, err := ledger.Ask(t.Context(), w.Desk, a, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range l.Rows {
			ids = append(ids, r.ID)
		}
		return ids
	}
	for _, c := range []struct {
		name  string
		actor ledger.Actor
		q     request.List
		want  []string
	}{
		{"steward: waiting ones oldest first", requesttest.Steward, request.List{}, []string{"q-2", "q-3", "q-4", "q-1"}},
		{"coordinator: newest change first", requesttest.Coordinator, request.List{}, []string{"q-4", "q-1", "q-3", "q-2"}},
		{"steward asks nobody", requesttest.Steward, request.List{Side: request.Asking}, nil},
		{"by status", requesttest.Steward, request.List{Side: request.AskedOf, Status: request.Declined}, []string{"q-4"}},
	} {
		if got := order(c.actor, c.q); !cmp.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	l, err := ledger.Ask(t.Context(), w.Desk, requesttest.Steward, request.List{Sources: w.Sources})
	if err != nil || l.Await != 2 || l.Rows[0].Project != requesttest.Words().Project || l.Rows[0].Recipient != "Lakeside Quality Collaborative" {
		t.Errorf("%+v, %v", l, err)
	}
	if f := w.See(t, requesttest.Coordinator, "q-4"); f.Note.Text == "" || f.Refusal != request.Otherwise || f.Status != request.Declined {
		t.Errorf("refused: %q %q %q", f.Status, f.Refusal, f.Note.Text)
	}
	ledgertest.CheckRebuild(t, w.Desk.Log)
}

// No word that a person typed is in an event or a view.
func TestNoFreeTextInTheLedger(t *testing.T) {
	w := requesttest.Open(t)
	w.Submit(t, "q-1", requesttest.Ask())
	if err := do(t, w, requesttest.Steward, "q-1", request.Refuse{Reason: request.TooMuch, Note: request.Note{Text: "Heliotrope"}}); err != nil {
		t.Fatal(err)
	}
	words := []string{"Heliotrope", requesttest.Words().Project, "practices worth copying", "have to be counted", "Robin Sample",
		"the party where it began leads", "multi-factor authentication"} // and nothing that the parties wrote into their agreement
	for r, err := range w.Desk.Log.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range words {
			if strings.Contains(string(r.Body), s) {
				t.Errorf("record %d, %s holds %q", r.Seq, r.Type, s)
			}
		}
	}
	for _, table := range w.Desk.Log.Tables() {
		rs, err := w.Desk.Log.DB().QueryContext(t.Context(), "select * from "+table)
		if err != nil {
			t.Fatal(err)
		}
		cols, err := rs.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rs.Next() {
			cells := make([]any, len(cols))
			for i := range cells {
				cells[i] = new(any)
			}
			if err := rs.Scan(cells...); err != nil {
				t.Fatal(err)
			}
			for i := range cells {
				for _, s := range words {
					if strings.Contains(fmt.Sprint(*cells[i].(*any)), s) {
						t.Errorf("%s.%s holds %q", table, cols[i], s)
					}
				}
			}
		}
		rs.Close()
	}
}

// A release that is being built, and an open link, ask whether the approval still
// stands.
func TestStanding(t *testing.T) {
	w := requesttest.Open(t)
	w.Submit(t, "q-1", requesttest.Ask())
	if _, err := ledger.Ask(t.Context(), w.Desk, requesttest.Steward, standing{"q-1", w.Sources}); !fault.Is(err, fault.Refused) {
		t.Errorf("before approval: %v", err)
	}
	if err := do(t, w, requesttest.Steward, "q-1", approve(w, "d-encounters")); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(48 * time.Hour)
	if d, err := ledger.Ask(t.Context(), w.Desk, requesttest.Steward, standing{"q-1", w.Sources}); err != nil || d.Outcome == law.Deny {
		t.Errorf("two days later: %v, %v", d.Outcome, err)
	}
	w.End(t)
	if _, err := ledger.Ask(t.Context(), w.Desk, requesttest.Steward, standing{"q-1", w.Sources}); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "terminated on Mar 17, 2026") {
		t.Errorf("after the agreement ended: %v", err)
	}
}

type standing struct {
	id      string
	sources request.Sources
}

func (standing) Action() string { return "release.build" }

func (s standing) Answer(ctx context.Context, r *ledger.Reading) (law.Decision, error) {
	q, err := ledger.See(ctx, r, request.Kind, s.id)
	if err != nil {
		return law.Decision{}, err
	}
	d, _, err := s.sources.Standing(ctx, r, q)
	return d, err
}
