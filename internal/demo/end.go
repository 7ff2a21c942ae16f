package demo

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"chaperone.example/internal/agreement"
	"chaperone.example/internal/app"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/history"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/release"
	"chaperone.example/internal/request"
	"chaperone.example/internal/synth"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/purpose"
	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/proof"
	"chaperone.example/phi"
	"filippo.io/age"
)

// The requests of the story.
const (
	readmission = "q-readmission"    // to the first hospital: approved and released
	second      = "q-readmission-2"  // to the second: its agreement ends
	denied      = "q-incomplete"     // to the one whose draft lacks a term
	afterwards  = "q-after-the-end"  // to the second, when the agreement has ended
	waiting     = "q-length-of-stay" // left for the newcomer to decide
)

// elements is what the coordinator ticks: too many.
func elements() []string {
	return []string{
		"patient.name", "patient.mrn", "patient.ssn", "patient.birth-date", "patient.token", "patient.age", "patient.sex", "patient.race-ethnicity", "patient.zip", "patient.telephone",
		"encounter.key", "encounter.class", "encounter.hospital", "encounter.admit-date", "encounter.discharge-date", "encounter.admission-type", "encounter.disposition",
		"encounter.diagnosis", "encounter.procedure", "encounter.drg", "encounter.length-of-stay", "encounter.cost", "encounter.payer",
		"clinical.condition", "clinical.condition-date", "clinical.observation", "clinical.medication", "clinical.note", "clinical.substance-use",
	}
}

// details is what the coordinator writes about the project of a request.
func details(id string) request.Details {
	switch id {
	case waiting:
		return request.Details{
			Project:   "Shorter stays",
			Statement: "Compare the length of stay by diagnosis-related group and discharge disposition between the hospitals of the collaborative, and find what delays a discharge.",
			WhyMore:   "Stays are counted in days from admission to discharge.",
		}
	case afterwards:
		return request.Details{
			Project:   "Fewer readmissions, second round",
			Statement: "Count unplanned readmissions within 30 days of discharge again, after the first measures.",
			WhyMore:   "Days between discharge and the next admission are needed.",
		}
	}
	return request.Details{
		Project:   "Fewer readmissions within 30 days",
		Statement: "Count unplanned readmissions within 30 days of discharge by service and disposition, and find the stays where a call within two days could have helped.",
		WhyMore:   "Days between discharge and the next admission are needed.",
	}
}

// submit sends what a coordinator asks of a hospital, and returns the decision.
func (s *Story) submit(ctx context.Context, id string, h hospital, activity purpose.Activity, people []string, what []string) (law.Decision, error) {
	who := actor(collaborative, phi.QualityCoordinator)
	c := request.Submit{
		Ask: request.Ask{
			Discloser: h.org(), Purpose: purpose.Operations, Activity: activity, Consortium: collaborative,
			Population: request.Population{Classes: []request.Class{request.Inpatient}, MinAge: 18},
			Window:     law.Window{From: civil.Of(2024, time.January, 1), Until: civil.Of(2024, time.December, 31)},
			Elements:   what, Form: law.Identified, Recipients: people, Retention: 365,
		},
		Details: details(id),
		Sources: s.app.Sources,
	}
	if err := do(ctx, s, who, request.Kind, id, "submit "+id, c); err != nil {
		return law.Decision{}, err
	}
	f, err := ledger.Ask(ctx, s.app.Desk, who, request.One{ID: id, Sources: s.app.Sources})
	return f.Decision, err
}

// ask has a coordinator ask three hospitals: one may, one more may, one may not yet.
func (s *Story) ask(ctx context.Context) error {
	people, err := s.registerKeys(ctx)
	if err != nil {
		return err
	}
	first := s.hospitals[0]
	d, err := s.submit(ctx, readmission, first, purpose.QualityAssessment, people, elements())
	if err != nil {
		return err
	}
	if d.Outcome != law.RightSize {
		return fmt.Errorf("demo: the request was to be right-sized, and the outcome is %s", d.Outcome)
	}
	counts := map[law.Treatment]int{}
	for _, l := range d.Lines {
		counts[l.Treatment]++
	}
	if err := s.ok("asked of %s: %d elements, identifiable. Decided: right-sized to a %s, on the basis %s (rule %s)", first.name, len(d.Lines), request.FormTitle(d.Form), basisTitle(d), d.Basis); err != nil {
		return err
	}
	if err := s.say("       %d elements kept, %d changed, %d withheld; for example:", counts[law.Kept], counts[law.Transformed], counts[law.Dropped]); err != nil {
		return err
	}
	for _, want := range []string{"patient.ssn", "patient.token", "encounter.discharge-date", "clinical.note"} {
		for _, l := range d.Lines {
			if l.Element == want {
				if err := s.line(l); err != nil {
					return err
				}
			}
		}
	}
	if _, err := s.submit(ctx, second, s.hospitals[1], purpose.QualityAssessment, people, elements()); err != nil {
		return err
	}
	if _, err := s.submit(ctx, waiting, first, purpose.Comparison, people, elements()); err != nil {
		return err
	}
	if err := s.ok("the same asked of %s; a request of another project awaits the steward of %s", s.hospitals[1].name, first.name); err != nil {
		return err
	}
	return s.askIncomplete(ctx, people)
}

// basisTitle is what the basis of a decision is called.
func basisTitle(d law.Decision) string {
	r, _ := law.Lookup(d.Basis)
	return r.Title
}

// line prints what becomes of an element, in the words of the pages.
func (s *Story) line(l law.Line) error {
	what := string(l.Treatment)
	switch l.Treatment {
	case law.Dropped:
		what = "withheld"
	case law.Transformed:
		what = "changed"
	}
	if l.As != "" {
		what += ": " + l.As
	}
	if err := s.say("       %-26s %s (%s, %s)\n         %s", l.Title, what, l.Rule, l.Citation, l.Reason); err != nil || l.More == "" {
		return err
	}
	return s.say("         To get more: %s", l.More)
}

// askIncomplete shows that nothing flows on a draft, and that it would once the
// draft is mended.
func (s *Story) askIncomplete(ctx context.Context, people []string) error {
	h := s.incomplete()
	d, err := s.submit(ctx, denied, h, purpose.QualityAssessment, people, elements())
	if err != nil {
		return err
	}
	if d.Outcome != law.Deny {
		return fmt.Errorf("demo: a request without an agreement was to be denied, and the outcome is %s", d.Outcome)
	}
	if err := s.ok("asked of %s, whose agreement is not signed: denied. %s", h.name, s.why(d)); err != nil {
		return err
	}
	if err := s.mend(ctx); err != nil {
		return err
	}
	return s.ok("%s: the draft is amended with the missing term and signed by both; from now on it holds", h.name)
}

// why returns the failing fact of the basis that nearly held, and the exception the
// refusal rests on.
func (s *Story) why(d law.Decision) string {
	var out []string
	for _, b := range d.Bases {
		if !b.Holds && b.Rule == "B07" {
			out = append(out, fmt.Sprintf("%s (%s): %s.", b.Title, b.Citation, b.Failing))
		}
	}
	if d.Exception != nil {
		out = append(out, fmt.Sprintf("The refusal rests on %s.", d.Exception.Citation))
	}
	return strings.Join(out, " ")
}

// registerKeys makes a key for each recipient and registers its public half.
func (s *Story) registerKeys(ctx context.Context) ([]string, error) {
	var people []string
	for _, role := range []phi.Role{phi.QualityCoordinator, phi.Analyst} {
		who := actor(collaborative, role)
		key, err := s.recipientKey(who.ID)
		if err != nil {
			return nil, err
		}
		if err := do(ctx, s, who, identity.Kind, who.ID, "key "+who.ID, identity.RegisterRecipient{Key: key.Recipient().String()}); err != nil {
			return nil, err
		}
		people = append(people, who.ID)
	}
	return people, s.ok("%d recipients registered a public key; the private keys are in %s, outside the hub's data", len(people), recipientsDir)
}

// give approves two requests, builds their packages, and has a recipient open one.
func (s *Story) give(ctx context.Context) error {
	first, other := s.hospitals[0], s.hospitals[1]
	for _, r := range []struct {
		hospital
		request, release string
		files            []string
	}{
		{first, readmission, "r-readmission", []string{"encounters.csv", "fhir.ndjson"}},
		{other, second, "r-readmission-2", []string{"encounters.csv"}},
	} {
		var datasets []string
		for _, f := range r.files {
			datasets = append(datasets, s.datasetID(r.hospital, f))
		}
		steward := actor(r.org(), phi.DataSteward)
		approve := request.Approve{Datasets: datasets, Partial: true, Sources: s.app.Sources}
		if err := do(ctx, s, steward, request.Kind, r.request, "approve "+r.request, approve); err != nil {
			return err
		}
		o, err := s.offerOf(ctx, steward, r.release)
		if fault.Is(err, fault.NotFound) {
			if _, err = s.app.Builder.Release(ctx, steward, r.release, r.request, release.Lifetime); err == nil {
				o, err = s.offerOf(ctx, steward, r.release)
			}
		}
		if err != nil {
			return err
		}
		if err := s.ok("%s approved and built: %s", r.name, describe(o)); err != nil {
			return err
		}
	}
	return s.fetch(ctx)
}

func describe(o release.Offer) string {
	var files []string
	for _, f := range o.Files {
		files = append(files, fmt.Sprintf("%s with %d records", f.Name, f.Records))
	}
	return fmt.Sprintf("%s; %s, %d patients under codes of this recipient's own, %d elements withheld; encrypted, expires %s",
		strings.Join(files, ", "), strings.ToLower(release.FormTitle(o.Form)), o.Patients, len(o.Withheld), day(o.Expires))
}

func day(t time.Time) string { return t.Format("Jan 2, 2006") }

func (s *Story) offerOf(ctx context.Context, who ledger.Actor, id string) (release.Offer, error) {
	sheet, err := ledger.Ask(ctx, s.app.Desk, who, release.See{ID: id})
	return sheet.Offer, err
}

// fetch has the coordinator download the package, open it with the private key and
// find no patient in it.
func (s *Story) fetch(ctx context.Context) error {
	who := actor(collaborative, phi.QualityCoordinator)
	path := filepath.Join(s.dir, recipientsDir, "release-r-readmission.zip.age")
	sealed, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		sealed, err = s.download(ctx, who, "r-readmission", path)
	}
	if err != nil {
		return err
	}
	if err := s.ok("the quality coordinator downloaded the package (%d bytes); the download is on record", len(sealed)); err != nil {
		return err
	}
	key, err := s.recipientKey(who.ID)
	if err != nil {
		return err
	}
	plain, err := age.Decrypt(bytes.NewReader(sealed), key)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(plain)
	if err != nil {
		return err
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	truth, err := readTruth(s.dir)
	if err != nil {
		return err
	}
	sweep := synth.NewSweep(truth.Canaries())
	var names []string
	for _, f := range archive.File {
		in, err := f.Open()
		if err != nil {
			return err
		}
		found, err := sweep.Find(in)
		if err := errors.Join(err, in.Close()); err != nil {
			return err
		}
		if len(found) > 0 {
			return fmt.Errorf("demo: %s holds %d identifiers of patients", f.Name, len(found))
		}
		names = append(names, f.Name)
	}
	return s.ok("opened with the private key: %s; none of the %d planted identifiers is in it", strings.Join(names, ", "), len(truth.Canaries()))
}

// download fetches a package to a file.
func (s *Story) download(ctx context.Context, who ledger.Actor, id, path string) ([]byte, error) {
	var b bytes.Buffer
	if err := s.app.Builder.Fetch(ctx, who, id, func(release.Offer) io.Writer { return &b }); err != nil {
		return nil, err
	}
	if err := os.WriteFile(path+".part", b.Bytes(), 0o600); err != nil {
		return nil, err
	}
	return b.Bytes(), os.Rename(path+".part", path)
}

// account shows the disclosure log, the accounting for a patient, and a proof.
func (s *Story) account(ctx context.Context) error {
	first := s.hospitals[0]
	officer := actor(first.org(), phi.PrivacyOfficer)
	log, err := ledger.Ask(ctx, s.app.Desk, officer, release.Log{})
	if err != nil {
		return err
	}
	if len(log) == 0 {
		return errors.New("demo: the disclosure log is empty")
	}
	d := log[len(log)-1]
	if err := s.ok("disclosure log of %s: %s to %s, %s, on %s, %d records", first.name, day(d.At), s.name(d.Recipient), d.Purpose, d.Authority, d.Records); err != nil {
		return err
	}
	patient, err := s.patient(first)
	if err != nil {
		return err
	}
	accounting, err := ledger.Ask(ctx, s.app.Desk, officer, release.Account{Identifier: patient, Index: s.app.Register})
	if err != nil {
		return err
	}
	if len(accounting.Entries)+len(accounting.Other) == 0 {
		return errors.New("demo: the accounting misses a patient whose stay was released")
	}
	if err := s.ok("accounting for one patient (45 CFR 164.528): disclosures to list: %d; exempt, as health care operations: %d", len(accounting.Entries), len(accounting.Other)); err != nil {
		return err
	}
	return s.prove(ctx, officer, d.Seq)
}

// patient returns the identifier of a patient whose stay was released: an adult
// inpatient discharged in the year that was asked for.
func (s *Story) patient(h hospital) (string, error) {
	f, err := os.Open(filepath.Join(s.dir, inboxDir, h.slug, "encounters.csv"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return "", err
	}
	column := func(name string) int { return slices.Index(rows[0], name) }
	token, class, age, discharged := column("patient_token"), column("class"), column("age_years"), column("discharge_dt")
	for _, r := range rows[1:] {
		years, err := strconv.Atoi(r[age])
		if err == nil && years >= 18 && r[class] == "I" && strings.HasPrefix(r[discharged], "2024") && r[token] != "" {
			return r[token], nil
		}
	}
	return "", errors.New("demo: nobody of the hospital was released")
}

// prove exports the proof of a record, verifies it, and shows that one changed byte
// is found.
func (s *Story) prove(ctx context.Context, who ledger.Actor, seq int64) error {
	data, err := ledger.Ask(ctx, s.app.Desk, who, history.Proof{Seq: seq})
	if err != nil {
		return err
	}
	path := filepath.Join(s.dir, fmt.Sprintf("record-%d.tlog-proof", seq))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return err
	}
	policy, err := proof.ParsePolicy(s.app.Policy)
	if err != nil {
		return err
	}
	v, err := verify(policy, data)
	if err != nil {
		return err
	}
	if err := s.ok("a proof of that download, verified offline: %s, record %d of a ledger of %d", v.Record.Type, v.Record.Seq, v.Tree.N); err != nil {
		return err
	}
	if err := s.say("       chaperone verify %s --policy %s", path, filepath.Join(s.dir, "policy.txt")); err != nil {
		return err
	}
	forged := bytes.Clone(data)
	forged[len(forged)/3] ^= 1
	if _, err = verify(policy, forged); err == nil {
		return errors.New("demo: a changed byte went unnoticed")
	}
	return s.ok("with one byte changed it does not verify: %v", err)
}

func verify(policy *proof.Policy, data []byte) (audit.Verdict, error) {
	p, err := proof.Parse(data)
	if err != nil {
		return audit.Verdict{}, err
	}
	return audit.Proof(policy, p)
}

// end terminates the second hospital's agreement: its next request is denied and its
// open package stops.
func (s *Story) end(ctx context.Context) error {
	h := s.hospitals[1]
	id := agreementID("baa", h.org(), collaborative)
	if err := do(ctx, s, actor(h.org(), phi.PrivacyOfficer), agreement.Kind, id, "terminate "+id, agreement.Terminate{Reason: agreement.Convenience}); err != nil {
		return err
	}
	if err := s.ok("%s terminated its business associate agreement", h.name); err != nil {
		return err
	}
	var people []string
	for _, role := range []phi.Role{phi.QualityCoordinator, phi.Analyst} {
		people = append(people, user(collaborative, role))
	}
	d, err := s.submit(ctx, afterwards, h, purpose.QualityAssessment, people, elements())
	if err != nil {
		return err
	}
	if d.Outcome != law.Deny {
		return fmt.Errorf("demo: after the end of the agreement the outcome is %s", d.Outcome)
	}
	if err := s.ok("the next request to it is denied. %s", s.why(d)); err != nil {
		return err
	}
	err = s.app.Builder.Fetch(ctx, actor(collaborative, phi.QualityCoordinator), "r-readmission-2", func(release.Offer) io.Writer { return io.Discard })
	why, err := refused(err)
	if err != nil {
		return err
	}
	return s.ok("its package, still on offer, stops: %s", why)
}

// close verifies the whole ledger.
func (s *Story) close(ctx context.Context) error {
	rep, err := app.Audit(ctx, s.app.Place(), nil)
	if err != nil {
		return err
	}
	return s.say("\nledger verified: %d records in %d streams\nroot %s", rep.Tree.N, rep.Streams, hex.EncodeToString(rep.Tree.Hash[:]))
}
