// Package casefile reads cases that a compliance officer writes: a disclosure to
// be decided, or an incident to be judged, as one page of YAML each.
//
// A file says what is known and nothing else; what it does not say is unknown.
// Reading is strict. A key that does not exist, a key written twice, a word
// outside a closed list and a value of the wrong kind are all reported, each with
// file, line, column and what to write instead; then nothing is decided.
//
// The formats are described in docs/law/case-files.md; law/testdata holds one file
// for every scenario.
package casefile

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"chaperone.example/law"
	"chaperone.example/law/breach"
	"chaperone.example/law/civil"
	"chaperone.example/law/consent"
	"chaperone.example/law/fact"
	"chaperone.example/law/instrument"
	"chaperone.example/law/overlay"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// A Disclosure is a case to decide.
type Disclosure struct {
	Case    string
	Title   string
	Request law.Request
	Facts   law.Facts
	Expect  *Expectation // what the file says the decision should be; nil if it does not
}

// An Expectation is what a scenario says about its decision. Every list names what
// has to be there; there may be more.
type Expectation struct {
	Outcome     law.Outcome `json:"outcome"`
	Form        law.Form    `json:"form"`
	Basis       string      `json:"basis"`
	Rules       []string    `json:"rules"`       // named in reasons or bases
	Citations   []string    `json:"citations"`   // parts of citations named
	Kept        []string    `json:"kept"`        // elements
	Transformed []string    `json:"transformed"` //
	Dropped     []string    `json:"dropped"`     //
	Duties      []law.Duty  `json:"duties"`
	NoDuties    []law.Duty  `json:"no_duties"`
	Remedies    []string    `json:"remedies"`  // words that a remedy holds
	Facts       []string    `json:"facts"`     // words that a reason holds
	Failing     []failing   `json:"failing"`   // bases, with the fact that fails them
	Withheld    []string    `json:"withheld"`  // classes that are denied
	Released    []string    `json:"released"`  // classes that are not
	Exception   string      `json:"exception"` // information-blocking exception
	Until       civil.Date  `json:"until"`     // last day released to the first class
}

type failing struct {
	Rule string `json:"rule"`
	Fact string `json:"fact"`
}

// disclosure is the file as it is written.
type disclosure struct {
	Case           string               `json:"case"`
	Title          string               `json:"title"`
	Note           string               `json:"note"`
	Organizations  []fact.Organization  `json:"organizations"`
	Agreements     []agreement          `json:"agreements"`
	Person         fact.Person          `json:"person"`
	Profiles       []profile            `json:"profiles"`
	Dataset        fact.Dataset         `json:"dataset"`
	Project        fact.Project         `json:"project"`
	Determinations []fact.Determination `json:"determinations"`
	Classes        []class              `json:"patients"`
	Overlays       []overlay.Pack       `json:"overlays"`
	Settings       fact.Settings        `json:"settings"`
	Request        request              `json:"request"`
	Expect         *Expectation         `json:"expect"`
}

// An agreement starts from a template, or names its kind and clauses.
type agreement struct {
	fact.Agreement
	Template   string          `json:"template"`
	Kind       instrument.Kind `json:"kind"`
	Clauses    []string        `json:"clauses"`
	With       []string        `json:"with"`    // clauses added to the template's
	Without    []string        `json:"without"` // clauses taken from it
	Terms      node            `json:"terms"`   // changes of its terms
	Instrument unused          `json:"instrument"`
}

// unused hides a field of an embedded struct that a file does not write.
type unused struct{}

// A profile may list element ids alone.
type profile struct {
	fact.Profile
	Needs    []fact.Need `json:"needs"`
	Elements []string    `json:"elements"` // needed in the least form
}

type class struct {
	fact.Class
	ID             string          `json:"class"`
	Authorizations []authorization `json:"authorizations"`
	Consents       []part2         `json:"consents"`
}

// Documents hold all their items unless the file takes some away.
type authorization struct {
	consent.Authorization
	Without []string `json:"without"`
}

type part2 struct {
	consent.Part2
	Without []string `json:"without"`
}

type request struct {
	law.Request
	Cannot []law.Duty `json:"cannot"` // what the releasing system cannot fulfil; it can do the rest
}

// ReadDisclosure reads a disclosure case. name is the file's name, for errors; the
// error joins every *[Error] found.
func ReadDisclosure(name string, data []byte) (*Disclosure, error) {
	d := &decoder{file: name}
	body := d.parse(data)
	if body == nil {
		return nil, errors.Join(d.errors...)
	}
	var in disclosure
	d.decode(body, reflect.ValueOf(&in).Elem(), "a disclosure case")
	out := &Disclosure{Case: in.Case, Title: in.Title, Request: in.Request.Request, Expect: in.Expect}
	out.Facts = law.Facts{Organizations: in.Organizations, Person: in.Person, Dataset: in.Dataset, Project: in.Project,
		Determinations: in.Determinations, Overlays: in.Overlays, Settings: in.Settings}
	for i := range in.Agreements {
		out.Facts.Agreements = append(out.Facts.Agreements, d.agreement(&in.Agreements[i], body))
	}
	for i := range in.Profiles {
		p := in.Profiles[i].Profile
		p.Version = max(p.Version, 1)
		p.Needs = in.Profiles[i].Needs
		for _, id := range in.Profiles[i].Elements {
			p.Needs = append(p.Needs, fact.Need{Element: id})
		}
		out.Facts.Profiles = append(out.Facts.Profiles, p)
	}
	for i := range in.Classes {
		out.Facts.Classes = append(out.Facts.Classes, in.Classes[i].fact())
	}
	if out.Request.Can == nil {
		out.Request.Can = slices.DeleteFunc(law.Duties(), func(x law.Duty) bool { return slices.Contains(in.Request.Cannot, x) })
	}
	d.sound(out, body)
	if len(d.errors) > 0 {
		return nil, errors.Join(d.errors...)
	}
	return out, nil
}

// agreement makes the instrument of an agreement.
func (d *decoder) agreement(a *agreement, body ast.Node) fact.Agreement {
	out := a.Agreement
	out.Version = max(out.Version, 1)
	switch {
	case a.Template != "":
		in, ok := instrument.Template(a.Template)
		if !ok {
			d.fail(body, "use one of: "+strings.Join(instrument.Templates(), ", "), "agreement %s: %q is no template", out.ID, short(a.Template))
		}
		out.Instrument = in
	case a.Kind != "":
		out.Instrument = instrument.Instrument{Kind: a.Kind, Clauses: a.Clauses}
	default:
		d.fail(body, "give its template, or its kind and clauses", "agreement %s says nothing about its text", out.ID)
	}
	for _, id := range slices.Concat(a.Clauses, a.With, a.Without) {
		if _, ok := instrument.Lookup(id); !ok {
			d.fail(body, "see `chaperone rules` for the clauses", "agreement %s: %q is no clause", out.ID, short(id))
		}
	}
	out.Instrument.Clauses = slices.DeleteFunc(append(out.Instrument.Clauses, a.With...), func(id string) bool { return slices.Contains(a.Without, id) })
	if a.Terms.Node != nil {
		d.decode(a.Terms.Node, reflect.ValueOf(&out.Instrument.Terms).Elem(), "terms")
	}
	return out
}

func (c *class) fact() fact.Class {
	out := c.Class
	out.ID = c.ID
	for _, a := range c.Authorizations {
		if a.Items == nil {
			a.Items = consent.AllAuthorizationItems()
		}
		a.Version = max(a.Version, 1)
		a.Items = slices.DeleteFunc(a.Items, func(id string) bool { return slices.Contains(a.Without, id) })
		out.Authorizations = append(out.Authorizations, a.Authorization)
	}
	for _, p := range c.Consents {
		if p.Items == nil {
			p.Items = consent.AllPart2Items()
		}
		p.Version = max(p.Version, 1)
		p.Items = slices.DeleteFunc(p.Items, func(id string) bool { return slices.Contains(p.Without, id) })
		out.Consents = append(out.Consents, p.Part2)
	}
	return out
}

// sound checks what a file has to say, and that its references meet.
func (d *decoder) sound(c *Disclosure, body ast.Node) {
	r, f := &c.Request, &c.Facts
	need := func(ok bool, key, remedy string) {
		if !ok {
			d.fail(body, remedy, "the request does not say %s", key)
		}
	}
	need(!r.At.IsZero(), "when it is made", "add `at: 2026-11-15` under request")
	need(r.Discloser != "", "who would disclose", "add `discloser:` with an organization's id under request")
	need(r.Recipient != "", "who would receive", "add `recipient:` with an organization's id under request")
	need(r.Purpose != "", "the purpose", "add `purpose:` under request, one of: "+strings.Join(purposes(), ", "))
	need(r.Form != law.NoForm, "the form wanted", "add `form:` under request: safe-harbor, expert, limited or identified")
	need(len(r.Elements) > 0, "which elements", "add `elements:` under request")
	ids := map[string]bool{}
	for _, o := range f.Organizations {
		if o.ID == "" || ids[o.ID] {
			d.fail(body, "give each its own id", "two organizations have the same id, or one has none")
		}
		ids[o.ID] = true
	}
	known := func(id, where string) {
		if id != "" && !ids[id] {
			d.fail(body, "list it under organizations", "%s names %q, which is no organization of this case", where, short(id))
		}
	}
	for _, id := range append([]string{r.Discloser, r.Recipient, r.Source, f.Project.Consortium}, slices.Concat(r.OnBehalfOf, f.Project.Combines)...) {
		known(id, "the request or project")
	}
	for _, a := range f.Agreements {
		known(a.From, "agreement "+a.ID)
		known(a.To, "agreement "+a.ID)
	}
	for _, p := range f.Overlays {
		for _, text := range p.Check(CheckWords()) {
			d.fail(body, "correct the overlay", "%s", text)
		}
	}
}

// CheckWords are the words that overlays may use, for [overlay.Pack.Check]: duties,
// labels, and what a recipient can be.
func CheckWords() (duties, labels, recipients []string) {
	for _, x := range law.Duties() {
		duties = append(duties, string(x))
	}
	for _, s := range law.Statuses() {
		recipients = append(recipients, string(s))
	}
	return duties, []string{"HIV", "PSY", "BH", "GDIS", "SEX", "REPRO", "ETH", "SDV", "SICKLE"}, recipients
}

// vocabulary maps a type to the closed list its values come from.
func vocabulary() map[string][]string {
	return map[string][]string{
		"purpose.Kind":          purposes(),
		"purpose.Activity":      texts(purpose.Activities()),
		"fact.Status":           texts(fact.Statuses()),
		"fact.Finding":          texts(fact.Findings()),
		"fact.Duty":             texts(fact.Duties()),
		"fact.Received":         {string(fact.AsProgram), string(fact.ByCare), string(fact.ByNamed), string(fact.AsHolder), string(fact.ByEmergency)},
		"fact.Record":           {string(fact.Employment), string(fact.Education)},
		"instrument.Kind":       texts(instrument.Kinds()),
		"instrument.FurtherUse": {string(instrument.NoFurtherUse), string(instrument.DerivedOnly), string(instrument.DeidentifiedOnly), string(instrument.Unrestricted)},
		"instrument.AtEnd":      {string(instrument.Return), string(instrument.Destroy), string(instrument.ReturnOrDestroy)},
		"consent.Kind":          texts(consent.Kinds()),
		"breach.ExclusionKind":  texts(breach.ExclusionKinds()),
		"breach.Level":          texts(breach.Levels()),
		"breach.Verdict": {string(breach.Breach), string(breach.NotPHI), string(breach.WasPermitted), string(breach.Secured), string(breach.Excluded),
			string(breach.LowProbability)},
		"overlay.Level": {string(overlay.State), string(overlay.Member)},
		"law.Outcome":   {string(law.Permit), string(law.RightSize), string(law.Deny)},
		"phi.Class":     {string(phi.Direct), string(phi.Quasi), string(phi.Sensitive), string(phi.Part2), string(phi.Clinical), string(phi.Operational)},
		"phi.Role": {string(phi.PrivacyOfficer), string(phi.SecurityOfficer), string(phi.QualityCoordinator), string(phi.CareCoordinator), string(phi.DataSteward),
			string(phi.Analyst), string(phi.Technician), string(phi.CommitteeMember), string(phi.Auditor), string(phi.Administrator)},
	}
}

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = string(s)
	}
	return out
}
