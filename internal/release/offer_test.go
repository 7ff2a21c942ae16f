package release_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/release"
	"chaperone.example/internal/release/index"
	"chaperone.example/internal/release/releasetest"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"filippo.io/age"
)

// records returns the types of the records of a stream, oldest first.
func records(t *testing.T, w *releasetest.World, stream string) []string {
	t.Helper()
	var out []string
	for r, err := range w.Desk.Log.Records(t.Context(), stream, 0) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Type)
	}
	return out
}

// REL-1: the download is on record before the first byte is sent.
func TestDownloadIsRecordedFirst(t *testing.T) {
	w := releasetest.Open(t)
	w.Grant("q-1", releasetest.Permit())
	o := w.Release("r-1", "q-1")
	began := false
	err := w.Builder.Fetch(t.Context(), releasetest.Analyst, "r-1", func(release.Offer) io.Writer {
		began = true
		if got := records(t, w, "release/r-1"); got[len(got)-1] != "release.downloaded" {
			t.Errorf("before the first byte the records are %v", got)
		}
		return brokenPipe{}
	})
	if err == nil || !began {
		t.Errorf("began %v, error %v: want the error of the reader who went away", began, err)
	}
	log, err := ledger.Ask(t.Context(), w.Desk, releasetest.Officer, release.Log{})
	if err != nil || len(log) != 1 || log[0].By != releasetest.Analyst.ID || log[0].Records != o.Records() {
		t.Errorf("a download that broke off is a disclosure all the same: %+v, %v", log, err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// What may not be fetched is not: not one byte, and no record of a disclosure.
func TestNothingIsFetched(t *testing.T) {
	for _, x := range []struct {
		name  string
		who   ledger.Actor
		set   func(*testing.T, *releasetest.World)
		kind  fault.Kind
		words string
	}{
		{"not a recipient", releasetest.Colleague, nil, fault.Forbidden, "other people of your organization"},
		{"the discloser", releasetest.Steward, nil, fault.Forbidden, "encrypted to the recipient"},
		{"another organization", releasetest.Stranger, nil, fault.NotFound, "no such release"},
		{"expired", releasetest.Coordinator, func(_ *testing.T, w *releasetest.World) { w.Clock.Advance(release.Lifetime) }, fault.Refused, "expired on March 29, 2026"},
		{"revoked", releasetest.Coordinator, func(t *testing.T, w *releasetest.World) { revoke(t, w, "r-1") }, fault.Refused, "revoked: an incident is suspected"},
		{"the agreement has ended", releasetest.Coordinator, func(_ *testing.T, w *releasetest.World) { w.End("q-1") }, fault.Refused, "terminated on 2026-03-15"},
		{"the agreement ends this moment", releasetest.Coordinator, func(_ *testing.T, w *releasetest.World) { w.Between = func() { w.End("q-1") } }, fault.Refused, "terminated on 2026-03-15"},
		{"decided anew", releasetest.Coordinator, func(_ *testing.T, w *releasetest.World) {
			p := releasetest.Permit()
			p.Decision = "decision-2"
			w.Change("q-1", p)
		}, fault.Refused, "decided anew"},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := releasetest.Open(t)
			w.Grant("q-1", releasetest.Permit())
			w.Release("r-1", "q-1")
			if x.set != nil {
				x.set(t, w)
			}
			err := w.Builder.Fetch(t.Context(), x.who, "r-1", func(release.Offer) io.Writer {
				t.Error("it began to send")
				return io.Discard
			})
			if !fault.Is(err, x.kind) || !strings.Contains(err.Error(), x.words) {
				t.Errorf("%v, want %s: … %s", err, x.kind, x.words)
			}
			if slices.Contains(records(t, w, "release/r-1"), "release.downloaded") {
				t.Error("a disclosure is on record that did not happen")
			}
		})
	}
}

func revoke(t *testing.T, w *releasetest.World, id string) {
	t.Helper()
	if _, err := w.Builder.Revoke(t.Context(), releasetest.Steward, id, release.Suspected); err != nil {
		t.Fatal(err)
	}
}

// An idempotency key that served one download does not open the package for ever.
func TestADownloadIsNotRepeated(t *testing.T) {
	w := releasetest.Open(t)
	w.Grant("q-1", releasetest.Permit())
	w.Release("r-1", "q-1")
	ctx := ledger.Once(t.Context(), "key-1")
	fetch := func() error {
		return w.Builder.Fetch(ctx, releasetest.Coordinator, "r-1", func(release.Offer) io.Writer { return io.Discard })
	}
	for range 2 {
		if err := fetch(); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.See(releasetest.Steward, "r-1").Offer.Downloads; n != 2 {
		t.Errorf("%d downloads on record, want 2", n)
	}
	w.End("q-1")
	if err := fetch(); !fault.Is(err, fault.Refused) {
		t.Errorf("with the key of an earlier download, after the agreement ended: %v", err)
	}
}

// The package is encrypted to the people named, and to nobody else who has a key.
func TestOnlyRecipientsOpenIt(t *testing.T) {
	w := releasetest.Open(t)
	p := releasetest.Permit()
	p.People = []string{releasetest.Coordinator.ID, releasetest.Colleague.ID} // the colleague has no key
	w.Grant("q-1", p)
	o := w.Release("r-1", "q-1")
	if !slices.Equal(o.People, []string{releasetest.Coordinator.ID}) {
		t.Errorf("offered to %v", o.People)
	}
	sealed, err := w.Fetch(releasetest.Coordinator, "r-1")
	if err != nil {
		t.Fatal(err)
	}
	unpack(t, sealed, w.Persons[releasetest.Coordinator.ID])
	if bytes.Contains(sealed, []byte("encounter_key")) || bytes.Contains(sealed, []byte("PK\x03\x04")) {
		t.Error("the package is not encrypted")
	}
	if _, err := age.Decrypt(bytes.NewReader(sealed), w.Persons[releasetest.Analyst.ID]); err == nil {
		t.Error("somebody who is not named opened it")
	}
}

// A revocation destroys the package and keeps what accountings need.
func TestRevokeDestroysThePackage(t *testing.T) {
	w := releasetest.Open(t)
	w.Grant("q-1", releasetest.Permit())
	o := w.Release("r-1", "q-1")
	if _, err := w.Fetch(releasetest.Coordinator, "r-1"); err != nil {
		t.Fatal(err)
	}
	revoke(t, w, "r-1")
	if got := w.Objects(); !slices.Equal(got, []string{o.Index}) {
		t.Errorf("objects %v, want the index alone", got)
	}
	s := w.See(releasetest.Coordinator, "r-1")
	if s.Status != release.Ended || s.Reason != release.Suspected {
		t.Errorf("status %s, reason %s", s.Status, s.Reason)
	}
	found := 0
	for _, p := range w.Truth.People {
		if p.Token != "" {
			found += len(account(t, w, p.Token).Other)
		}
	}
	if found != o.Patients {
		t.Errorf("after the revocation accountings find %d patients, want %d", found, o.Patients)
	}
	ledgertest.CheckRebuild(t, w.Desk.Log)
}

func account(t *testing.T, w *releasetest.World, identifier string) release.Accounting {
	t.Helper()
	a, err := ledger.Ask(t.Context(), w.Desk, releasetest.Officer, release.Account{Identifier: identifier, Index: index.Register{Vault: w.Vault}, Directory: w})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// REL-2, 45 CFR 164.528: an accounting finds exactly the patients who are in what was
// fetched, by any identifier that the hospital's records give them.
func TestAccountingFindsExactlyWhoIsIn(t *testing.T) {
	w := releasetest.Open(t)
	p := releasetest.Permit()
	p.Datasets = []string{releasetest.Encounters, releasetest.Resources}
	p.Form, p.Authority, p.Accountable = "limited", "45 CFR 164.512(i)", true
	w.Grant("q-1", p)
	w.Release("r-1", "q-1")
	in := map[string]bool{}
	for _, r := range rows(t, w.File(releasetest.Encounters)) {
		if inPopulation(t, r) {
			in[r["patient_token"]] = true
		}
	}
	delete(in, "")
	someone := ""
	for token := range in {
		someone = token
	}
	if a := account(t, w, someone); len(a.Entries)+len(a.Other) > 0 {
		t.Error("what was offered and never fetched is no disclosure")
	}
	for range 3 {
		if _, err := w.Fetch(releasetest.Coordinator, "r-1"); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(24 * time.Hour)
	}
	both := 0
	for _, person := range w.Truth.People {
		m := person.Memberships[0]
		for _, identifier := range []string{person.Token, m.MRN, " Patient/" + m.Patient + " "} {
			if identifier == "" || person.Token == "" {
				continue
			}
			a := account(t, w, identifier)
			if (len(a.Entries) == 1) != in[person.Token] || len(a.Other) > 0 {
				t.Errorf("a patient who is in the release (%v): %d entries by an identifier, %d exempt", in[person.Token], len(a.Entries), len(a.Other))
			}
			if len(a.Entries) == 1 {
				both++
				if e := a.Entries[0]; e.Times != 3 || !e.At.Equal(ledgertest.Start) || !e.Last.Equal(ledgertest.Start.Add(48*time.Hour)) || !strings.Contains(e.Description(), "diagnos") || a.Name(e.Recipient) != "Lakeside Quality Collaborative" {
					t.Fatalf("entry %+v: want three disclosures, the first and the last, what it was and to whom", e)
				}
			}
		}
	}
	if both != 3*len(in) {
		t.Errorf("%d found, want %d people by 3 identifiers", both, len(in))
	}
}

// What is not listed to the patient is shown to the officer with its reason.
func TestAccountingSaysWhyNot(t *testing.T) {
	for _, x := range []struct {
		name, form, authority string
		accountable           bool
		citation              string // of the exemption; none: listed
	}{
		{"de-identified", "safe-harbor", "45 CFR 164.502(e)(1)(i), 164.504(e)", false, "45 CFR 164.502(d)(2)"},
		{"limited data set", "limited", "45 CFR 164.514(e)", false, "45 CFR 164.528(a)(1)(viii)"},
		{"the law asks for it", "limited", "45 CFR 164.512(b)(1)", true, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := releasetest.Open(t)
			p := releasetest.Permit()
			p.Form, p.Authority, p.Accountable = x.form, x.authority, x.accountable
			w.Grant("q-1", p)
			w.Release("r-1", "q-1")
			if _, err := w.Fetch(releasetest.Coordinator, "r-1"); err != nil {
				t.Fatal(err)
			}
			for _, r := range rows(t, w.File(releasetest.Encounters)) {
				if !inPopulation(t, r) || r["patient_token"] == "" {
					continue
				}
				a := account(t, w, r["patient_token"])
				switch {
				case x.citation == "" && (len(a.Entries) != 1 || len(a.Other) != 0):
					t.Errorf("listed %d, exempt %d", len(a.Entries), len(a.Other))
				case x.citation != "" && (len(a.Entries) != 0 || len(a.Other) != 1 || a.Other[0].Exempt.Citation != x.citation || a.Other[0].Exempt.Reason == ""):
					t.Errorf("listed %d, exempt %+v, want one by %s", len(a.Entries), a.Other, x.citation)
				}
				break
			}
		})
	}
}

// 45 CFR 164.528(d), (c)(2): the accounting is on record, without the identifier, and
// a second one within twelve months is told.
func TestAccountingIsOnRecord(t *testing.T) {
	w := releasetest.Open(t)
	const identifier = "MRN-0000-SECRET"
	if a := account(t, w, identifier); !a.Earlier.IsZero() || len(a.Entries)+len(a.Other) > 0 {
		t.Errorf("of somebody unknown: %+v", a)
	}
	w.Clock.Advance(time.Hour)
	if a := account(t, w, identifier); !a.Earlier.Equal(ledgertest.Start) {
		t.Errorf("Earlier = %v", a.Earlier)
	}
	if a := account(t, w, "another"); !a.Earlier.IsZero() {
		t.Errorf("another patient's Earlier = %v", a.Earlier)
	}
	n := 0
	for r, err := range w.Desk.Log.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(r.Body), identifier) || strings.Contains(string(r.Body), hex.EncodeToString([]byte(identifier))) {
			t.Error("the identifier is in the ledger")
		}
		var e release.Accounted
		if r.Type == "release.accounted" && json.Unmarshal(r.Body, &e) == nil && e.To == "2026-03-15" && e.From == "2020-03-15" {
			n++
		}
	}
	if n != 3 {
		t.Errorf("%d accountings on record, want 3", n)
	}
	ask := func(q release.Account) error {
		q.Index = index.Register{Vault: w.Vault}
		_, err := ledger.Ask(t.Context(), w.Desk, releasetest.Officer, q)
		return err
	}
	day := func(y int) time.Time { return time.Date(y, 3, 1, 0, 0, 0, 0, time.UTC) }
	for name, q := range map[string]release.Account{
		"nobody":           {Identifier: " "},
		"before six years": {Identifier: "x", From: day(2019)},
		"tomorrow":         {Identifier: "x", To: day(2027)},
		"backwards":        {Identifier: "x", From: day(2025), To: day(2024)},
	} {
		if err := ask(q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ledgertest.CheckRebuild(t, w.Desk.Log)
}

// Another organization's accounting of the same identifier finds its own disclosures
// only, and its digest of a patient is another.
func TestAccountingStaysInTheOrganization(t *testing.T) {
	w := releasetest.Open(t)
	w.Grant("q-1", releasetest.Permit())
	w.Release("r-1", "q-1")
	if _, err := w.Fetch(releasetest.Coordinator, "r-1"); err != nil {
		t.Fatal(err)
	}
	index := index.Register{Vault: w.Vault}
	for _, p := range w.Truth.People {
		a, err := ledger.Ask(t.Context(), w.Desk, releasetest.Overseer, release.Account{Identifier: p.Memberships[0].MRN, Index: index})
		if err != nil || len(a.Entries)+len(a.Other) > 0 {
			t.Fatalf("the recipient's accounting: %+v, %v", a, err)
		}
	}
	mine, err := index.Patient(t.Context(), releasetest.Steward.Org, "x")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := index.Patient(t.Context(), releasetest.Coordinator.Org, "x")
	if err != nil || bytes.Equal(mine, theirs) {
		t.Error("two organizations have one digest for a patient")
	}
}

// REL-2: the log has a line a download, with all that a reviewer asks; both parties
// read their own, and reading is on record.
func TestLog(t *testing.T) {
	w := releasetest.Open(t)
	w.Grant("q-1", releasetest.Permit())
	w.Release("r-1", "q-1")
	for _, a := range []ledger.Actor{releasetest.Coordinator, releasetest.Analyst} {
		if _, err := w.Fetch(a, "r-1"); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(48 * time.Hour)
	}
	ask := func(a ledger.Actor, q release.Log) []release.Disclosure {
		t.Helper()
		q.Directory = w
		l, err := ledger.Ask(t.Context(), w.Desk, a, q)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	all := ask(releasetest.Officer, release.Log{})
	if len(all) != 2 || all[0].By != releasetest.Analyst.ID || all[1].By != releasetest.Coordinator.ID {
		t.Fatalf("log %+v", all)
	}
	d, p := all[0], releasetest.Permit()
	if d.Purpose != p.Purpose || d.Authority != p.Authority || d.Basis != p.Basis || !slices.Equal(d.Elements, p.Elements) || !slices.Equal(d.Withheld, p.Withheld) || !slices.Equal(d.Duties, p.Duties) ||
		d.Name(d.Recipient) != "Lakeside Quality Collaborative" || d.Names[d.By] != "" {
		t.Errorf("line %+v", d)
	}
	if mine := ask(releasetest.Overseer, release.Log{}); len(mine) != 2 || mine[0].Name(mine[0].By) != "Sasha Sample" || mine[0].Datasets != nil {
		t.Errorf("the recipient's log: %+v", mine)
	}
	day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	for name, x := range map[string]struct {
		who  ledger.Actor
		q    release.Log
		want int
	}{
		"given":              {releasetest.Officer, release.Log{Given: true}, 2},
		"received":           {releasetest.Officer, release.Log{Received: true}, 0},
		"received there":     {releasetest.Overseer, release.Log{Received: true}, 2},
		"form":               {releasetest.Officer, release.Log{Form: "safe-harbor"}, 2},
		"other form":         {releasetest.Officer, release.Log{Form: "limited"}, 0},
		"with them":          {releasetest.Officer, release.Log{Other: releasetest.Coordinator.Org}, 2},
		"with others":        {releasetest.Officer, release.Log{Other: releasetest.University.Org}, 0},
		"first day":          {releasetest.Officer, release.Log{From: day(15), To: day(15)}, 1},
		"second":             {releasetest.Officer, release.Log{From: day(16), To: day(17)}, 1},
		"between":            {releasetest.Officer, release.Log{From: day(16), To: day(16)}, 0},
		"a page":             {releasetest.Officer, release.Log{Limit: 1}, 1},
		"the next":           {releasetest.Officer, release.Log{Before: all[0].Seq, Limit: 5}, 1},
		"a stranger's":       {releasetest.Stranger, release.Log{}, 0},
		"a stranger's, with": {releasetest.Stranger, release.Log{Other: releasetest.Steward.Org}, 0},
	} {
		if got := ask(x.who, x.q); len(got) != x.want {
			t.Errorf("%s: %d lines, want %d", name, len(got), x.want)
		}
	}
	if got := records(t, w, "disclosure-log/"+releasetest.Overseer.Org); !slices.Equal(got, []string{"release.log-viewed", "release.log-viewed"}) {
		t.Errorf("reading the log is on record as %v", got)
	}
}

// Another organization's release answers like none, to every question and command.
func TestScope(t *testing.T) {
	w := releasetest.Open(t)
	w.Grant("q-1", releasetest.Permit())
	w.Release("r-1", "q-1")
	before, err := w.Desk.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func(ctx context.Context, id, request string) error{
		"see": func(ctx context.Context, id, _ string) error {
			_, err := ledger.Ask(ctx, w.Desk, releasetest.Stranger, release.See{ID: id, Requests: w, Directory: w})
			return err
		},
		"prepare": func(ctx context.Context, _, request string) error {
			_, err := ledger.Ask(ctx, w.Desk, releasetest.Stranger, release.Prepare{Builder: w.Builder, Request: request})
			return err
		},
		"build": func(ctx context.Context, _, request string) error {
			_, err := w.Builder.Release(ctx, releasetest.Stranger, "r-2", request, release.Lifetime)
			return err
		},
		"build as the recipient": func(ctx context.Context, _, request string) error {
			_, err := w.Builder.Release(ctx, releasetest.Coordinator, "r-2", request, release.Lifetime)
			return err
		},
		"download": func(ctx context.Context, id, _ string) error {
			return w.Builder.Fetch(ctx, releasetest.Stranger, id, func(release.Offer) io.Writer { return io.Discard })
		},
		"revoke": func(ctx context.Context, id, _ string) error {
			_, err := w.Builder.Revoke(ctx, releasetest.Stranger, id, release.Suspected)
			return err
		},
	} {
		theirs, none := try(t.Context(), "r-1", "q-1"), try(t.Context(), "r-none", "q-none")
		if !fault.Is(theirs, fault.NotFound) || none == nil || theirs.Error() != none.Error() {
			t.Errorf("%s: another's %v, none %v", name, theirs, none)
		}
	}
	if rows, err := ledger.Ask(t.Context(), w.Desk, releasetest.Stranger, release.List{}); err != nil || len(rows) > 0 {
		t.Errorf("a stranger's list has %d rows, %v", len(rows), err)
	}
	if after, err := w.Desk.Log.Head(t.Context()); err != nil || after != before {
		t.Errorf("the strangers left records: %v", err)
	}
}

// A look is on record; the recipient is not told who looks among the disclosers.
func TestLooksAreRecorded(t *testing.T) {
	w := releasetest.Open(t)
	w.Grant("q-1", releasetest.Permit())
	w.Release("r-1", "q-1") // looks at it once, as the steward
	w.See(releasetest.Officer, "r-1")
	w.See(releasetest.Coordinator, "r-1")
	if s := w.See(releasetest.Coordinator, "r-1"); s.Views != 1 {
		t.Errorf("the recipient sees %d looks, want its own", s.Views)
	}
	if s := w.See(releasetest.Officer, "r-1"); s.Views != 4 || len(s.Steps) != 5 {
		t.Errorf("the discloser sees %d looks in %d steps, want all", s.Views, len(s.Steps))
	}
	ledgertest.CheckRebuild(t, w.Desk.Log)
}

// The list tells where each release stands, and what the law says of it by now.
func TestList(t *testing.T) {
	w := releasetest.Open(t)
	for _, x := range []string{"1", "2", "3"} {
		w.Grant("q-"+x, releasetest.Permit())
		w.Release("r-"+x, "q-"+x)
		w.Clock.Advance(time.Minute)
	}
	w.End("q-2")
	revoke(t, w, "r-3")
	ask := func(a ledger.Actor, q release.List) map[string]release.Row {
		t.Helper()
		q.Requests, q.Directory = w, w
		rows, err := ledger.Ask(t.Context(), w.Desk, a, q)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]release.Row{}
		for _, x := range rows {
			out[x.ID] = x
		}
		return out
	}
	all := ask(releasetest.Coordinator, release.List{})
	if all["r-1"].Status != release.Open || all["r-1"].Barred != "" || !all["r-1"].Mine {
		t.Errorf("%+v", all["r-1"])
	}
	if !strings.Contains(all["r-2"].Barred, "terminated") || all["r-3"].Status != release.Ended || all["r-3"].Barred != "" {
		t.Errorf("%+v, %+v", all["r-2"], all["r-3"])
	}
	if ask(releasetest.Colleague, release.List{})["r-1"].Mine {
		t.Error("a colleague who is no recipient is told to fetch it")
	}
	if got := ask(releasetest.Steward, release.List{Status: release.Ended}); len(got) != 1 {
		t.Errorf("revoked: %v", got)
	}
	if got := ask(releasetest.Steward, release.List{Request: "q-1"}); len(got) != 1 {
		t.Errorf("of a request: %v", got)
	}
	w.Clock.Advance(release.Lifetime)
	if got := ask(releasetest.Steward, release.List{Status: release.Expired}); len(got) != 2 {
		t.Errorf("expired: %v", got)
	}
}
