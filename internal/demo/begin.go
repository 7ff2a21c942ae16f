package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"chaperone.example/internal/agreement"
	"chaperone.example/internal/dataset"
	"chaperone.example/internal/dataset/intake"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/org"
	"chaperone.example/law/instrument"
	"chaperone.example/ledger"
	"chaperone.example/phi"
	"filippo.io/age"
)

// join registers the organizations, their people and their officers.
func (s *Story) join(ctx context.Context) error {
	hub := s.orgs[0]
	if _, err := org.Found(ctx, s.app.Log, hub.id, hub.name, "", hub.is...); err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	if err := s.populate(ctx, hub); err != nil {
		return err
	}
	for _, o := range s.orgs[1:] {
		if err := do(ctx, s, actor(hub.id, phi.Administrator), org.Kind, o.id, "register "+o.id, org.Register{Name: o.name, Is: o.is}); err != nil {
			return err
		}
		if err := s.populate(ctx, o); err != nil {
			return err
		}
	}
	people := 0
	for _, o := range s.orgs {
		people += len(o.roles)
		for _, d := range []struct {
			duty org.Duty
			role phi.Role
		}{{org.Privacy, phi.PrivacyOfficer}, {org.Security, phi.SecurityOfficer}, {org.Contact, phi.PrivacyOfficer}} {
			c := org.Designate{Duty: d.duty, User: user(o.id, d.role), Roster: identity.Source{}}
			if err := do(ctx, s, actor(o.id, phi.SecurityOfficer), org.Kind, o.id, "designate "+string(d.duty), c); err != nil {
				return err
			}
		}
	}
	return s.ok("%d organizations: a collaborative, %d competing hospitals, an MSP, its cloud, a community partner; %d people, one for each job", len(s.orgs), len(s.hospitals), people)
}

// populate registers the people of an organization.
func (s *Story) populate(ctx context.Context, o organization) error {
	for _, role := range o.roles {
		n := identity.Newcomer{Org: o.id, Role: role, Name: display(role), Login: o.login(role)}
		err := identity.Populate(ctx, s.app.Log, s.app.Vault, user(o.id, role), n, Password, secret(o.login(role)))
		if err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return nil
}

// incomplete is the hospital whose draft lacks a term: the last one.
func (s *Story) incomplete() hospital { return s.hospitals[len(s.hospitals)-1] }

// missingTerm is the clause that the incomplete draft lacks: the duty to report
// what went wrong.
const missingTerm = "baa.report"

// agreementID names the agreement of a kind between two organizations.
func agreementID(kind, upstream, downstream string) string {
	return "a-" + kind + "-" + strings.TrimPrefix(upstream, "o-") + "-" + strings.TrimPrefix(downstream, "o-")[:4]
}

func (s *Story) template(name string) (instrument.Instrument, error) {
	in, ok := instrument.Template(name)
	if !ok {
		return in, fmt.Errorf("demo: there is no template %q", name)
	}
	return in, nil
}

// offer has the downstream organization offer an agreement from a template.
func (s *Story) offer(ctx context.Context, kind, upstream, downstream string, in instrument.Instrument) error {
	c := agreement.Offer{Upstream: upstream, Downstream: downstream, Instrument: in, Parties: org.Source{}}
	return do(ctx, s, actor(downstream, phi.PrivacyOfficer), agreement.Kind, agreementID(kind, upstream, downstream), "offer "+kind+upstream+downstream, c)
}

// sign has both parties sign a version.
func (s *Story) sign(ctx context.Context, kind, upstream, downstream string, version int) error {
	for _, o := range []string{downstream, upstream} {
		id := agreementID(kind, upstream, downstream)
		if err := do(ctx, s, actor(o, phi.PrivacyOfficer), agreement.Kind, id, fmt.Sprint("sign ", id, version), agreement.Sign{Version: version}); err != nil {
			return err
		}
	}
	return nil
}

// agree has the collaborative offer its two agreements to every hospital.
func (s *Story) agree(ctx context.Context) error {
	baa, err := s.template("baa")
	if err != nil {
		return err
	}
	participation, err := s.template("participation")
	if err != nil {
		return err
	}
	subcontractor, err := s.template("subcontractor")
	if err != nil {
		return err
	}
	last := s.incomplete()
	for _, h := range s.hospitals {
		in := baa
		if h == last {
			in.Clauses = slices.DeleteFunc(slices.Clone(in.Clauses), func(c string) bool { return c == missingTerm })
		}
		if err := s.offer(ctx, "baa", h.org(), collaborative, in); err != nil {
			return err
		}
		if err := s.offer(ctx, "participation", h.org(), collaborative, participation); err != nil {
			return err
		}
		if err := s.sign(ctx, "participation", h.org(), collaborative, 1); err != nil {
			return err
		}
		if h == last {
			continue
		}
		if err := s.sign(ctx, "baa", h.org(), collaborative, 1); err != nil {
			return err
		}
	}
	if err := s.ok("business associate and participation agreements offered from templates to %d hospitals; %d signed both", len(s.hospitals), len(s.hospitals)-1); err != nil {
		return err
	}
	first := s.hospitals[0].org()
	for _, a := range []struct {
		kind, up, down string
		in             instrument.Instrument
	}{{"baa", first, msp, baa}, {"subcontractor", msp, cloud, subcontractor}} {
		if err := s.offer(ctx, a.kind, a.up, a.down, a.in); err != nil {
			return err
		}
		if err := s.sign(ctx, a.kind, a.up, a.down, 1); err != nil {
			return err
		}
	}
	if err := s.ok("chain of custody: %s → %s → %s, each step under a signed agreement", s.name(first), s.name(msp), s.name(cloud)); err != nil {
		return err
	}
	return s.refuseIncomplete(ctx)
}

// refuseIncomplete shows that the draft without a required term cannot be signed,
// and that nothing is said to be in force.
func (s *Story) refuseIncomplete(ctx context.Context) error {
	h := s.incomplete()
	id := agreementID("baa", h.org(), collaborative)
	sheet, err := ledger.Ask(ctx, s.app.Desk, actor(h.org(), phi.PrivacyOfficer), agreement.Show{ID: id})
	if err != nil {
		return err
	}
	if sheet.Contract.Latest().N > 1 {
		return s.ok("%s: the draft that lacked a term was amended since", h.name)
	}
	_, err = ledger.Do(ctx, s.app.Desk, actor(h.org(), phi.PrivacyOfficer), agreement.Kind, id, agreement.Sign{Version: 1})
	why, err := refused(err)
	if err != nil {
		return err
	}
	return s.ok("%s cannot sign its draft: %s", h.name, why)
}

// mend amends the incomplete draft and has it signed.
func (s *Story) mend(ctx context.Context) error {
	h := s.incomplete()
	baa, err := s.template("baa")
	if err != nil {
		return err
	}
	id := agreementID("baa", h.org(), collaborative)
	if err := do(ctx, s, actor(collaborative, phi.PrivacyOfficer), agreement.Kind, id, "mend", agreement.Amend{Version: 1, Instrument: baa}); err != nil {
		return err
	}
	return s.sign(ctx, "baa", h.org(), collaborative, 2)
}

// contribute has stewards register, upload and confirm datasets.
func (s *Story) contribute(ctx context.Context) error {
	first, second := s.hospitals[0], s.hospitals[1]
	if err := s.refuseTest(ctx, first); err != nil {
		return err
	}
	for _, d := range []struct {
		hospital
		file   string
		format intake.Format
		title  string
	}{
		{first, "encounters.csv", intake.Encounters, "Encounter extract"},
		{first, "fhir.ndjson", intake.Resources, "FHIR R4 export"},
		{second, "encounters.csv", intake.Encounters, "Encounter extract"},
	} {
		facts, err := s.upload(ctx, d.hospital, d.file, d.format, d.title)
		if err != nil {
			return err
		}
		fields := 0
		for _, e := range facts.Elements {
			fields += len(e.Fields)
		}
		if err := s.ok("%s: %s, %d records, %d fields classified as %d elements, sealed under the hospital's own key, SHA-256 %.12s…", d.name, d.file, facts.Records, fields, len(facts.Elements), facts.SHA256); err != nil {
			return err
		}
	}
	return nil
}

// datasetID names a dataset of a hospital.
func (s *Story) datasetID(h hospital, file string) string {
	return dataset.NewID(actor(h.org(), phi.DataSteward), "demo dataset "+h.slug+" "+file)
}

// upload registers a file, receives it and confirms its classification, each unless
// that is done.
func (s *Story) upload(ctx context.Context, h hospital, file string, format intake.Format, title string) (dataset.Facts, error) {
	steward, id := actor(h.org(), phi.DataSteward), s.datasetID(h, file)
	register := dataset.Register{Format: format, Source: dataset.HealthRecord, Environment: dataset.Production, Repository: "hub-vault", PHI: true, Part2: dataset.NoneOfIt,
		Label: dataset.Label{Title: title, System: "Synthetic generator"}}
	if _, err := s.app.Datasets.Register(ledger.Once(ctx, "demo register "+id), steward, id, register); err != nil {
		return dataset.Facts{}, err
	}
	sheet, err := ledger.Ask(ctx, s.app.Desk, steward, dataset.One{ID: id})
	if err != nil {
		return dataset.Facts{}, err
	}
	if _, received := sheet.Holding.Current(); !received {
		f, err := os.Open(filepath.Join(s.dir, inboxDir, h.slug, file))
		if err != nil {
			return dataset.Facts{}, err
		}
		defer f.Close()
		if _, err := s.app.Datasets.Receive(ctx, steward, id, f); err != nil {
			return dataset.Facts{}, err
		}
	}
	if err := do(ctx, s, steward, dataset.Kind, id, "classify "+id, dataset.Classify{Version: 1}); err != nil {
		return dataset.Facts{}, err
	}
	return ledger.Ask(ctx, s.app.Desk, steward, dataset.Use{ID: id})
}

// refuseTest shows that a test environment takes no PHI (DAT-4).
func (s *Story) refuseTest(ctx context.Context, h hospital) error {
	steward := actor(h.org(), phi.DataSteward)
	_, err := s.app.Datasets.Register(ctx, steward, dataset.NewID(steward, "demo test copy"), dataset.Register{
		Format: intake.Encounters, Source: dataset.HealthRecord, Environment: dataset.Test, Repository: "hub-vault", PHI: true,
		Label: dataset.Label{Title: "Copy for testing", System: "Synthetic generator"}})
	why, err := refused(err)
	if err != nil {
		return err
	}
	return s.ok("%s: a copy for the test environment is refused: %s", h.name, why)
}

// recipientKey returns the private key of a recipient, made at first use. It lies
// outside the hub's data.
func (s *Story) recipientKey(user string) (*age.X25519Identity, error) {
	path := filepath.Join(s.dir, recipientsDir, user+".txt")
	text, err := os.ReadFile(path)
	if err == nil {
		return age.ParseX25519Identity(strings.TrimSpace(string(text)))
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	// Written aside first: a key that was cut off would be lost with what is encrypted
	// to it.
	if err := os.WriteFile(path+".part", []byte(key.String()+"\n"), 0o600); err != nil {
		return nil, err
	}
	return key, os.Rename(path+".part", path)
}
