package page

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"chaperone.example/internal/access"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/request"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/purpose"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// A draft is a request being written, anew or to narrow one.
type draft struct {
	form    *web.Form
	choices request.Choices
	ask     request.Ask // what the fields start from
	details request.Details
	old     *request.File // the request being narrowed, if any
	once    string
}

// A group is the elements of one class, as the form shows them.
type group struct {
	class phi.Class
	name  string // of the field
	title string
	hint  string
}

var groups = []group{
	{phi.Operational, "el-operational", "Operational", "Encounter class, cost, unit, workflow."},
	{phi.Clinical, "el-clinical", "Clinical", "Diagnoses, procedures, results. Narrative may hold any identifier and leaves only in identifiable form."},
	{phi.Quasi, "el-quasi", "Dates, places, ages and other indirect identifiers", "They identify in combination. De-identified data hold years and three digits of the ZIP code."},
	{phi.Direct, "el-direct", "Direct identifiers", "They identify a person by themselves. Tokens and keys are replaced by codes of your own; the rest is rarely needed."},
	{phi.Sensitive, "el-sensitive", "Sensitive categories", "Stricter law or custom applies."},
	{phi.Part2, "el-part2", "Substance-use records", "42 CFR part 2: consent or another basis of that part is needed."},
}

// options lists the elements of the group, of those that may be chosen.
func (g group) options(among []string) []web.Option {
	var out []web.Option
	for _, e := range phi.Elements() {
		if e.Class == g.class && (among == nil || slices.Contains(among, e.ID)) {
			out = append(out, web.Option{Value: e.ID, Label: label(e)})
		}
	}
	return out
}

// label is the element's title, told apart from another of the same title by the part
// of the record it is in.
func label(e phi.Element) string {
	for _, o := range phi.Elements() {
		if o.Title == e.Title && o.ID != e.ID {
			subject, _, _ := strings.Cut(e.ID, ".")
			return e.Title + " (" + map[string]string{"patient": "patient", "encounter": "encounter", "clinical": "clinical record"}[subject] + ")"
		}
	}
	return e.Title
}

// maxRetentionDays is the limit of the module: six years.
const maxRetentionDays = 2196

func (p Page) prepare(r *http.Request) (request.Choices, error) {
	return ledger.Ask(r.Context(), p.Desk, access.Actor(r.Context()), request.Prepare{Sources: p.Sources})
}

func (p Page) blank(w http.ResponseWriter, r *http.Request) error {
	c, err := p.prepare(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, draftPage(draft{choices: c, once: vault.NewID(),
		ask: request.Ask{Purpose: purpose.Operations, Form: law.SafeHarbor}}))
}

func (p Page) submit(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	a, d := read(f, nil)
	if f.OK() {
		actor := access.Actor(r.Context())
		id := "q-" + vault.NewID()
		if key := f.Text("once"); key != "" {
			id = request.ID(actor, key)
		}
		_, err := ledger.Do(once(r.Context(), f), p.Desk, actor, request.Kind, id, request.Submit{Ask: a, Details: d, Sources: p.Sources})
		if err == nil {
			return web.Done(w, r, path(id), "The request was sent and decided: read below what the law lets through.")
		}
		if !f.Take(err) {
			return err
		}
	}
	c, err := p.prepare(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, draftPage(draft{form: f, choices: c, once: vault.NewID()}))
}

// narrow shows the form that starts from the request, or, with fit, from what the law
// lets through of it.
func (p Page) narrow(w http.ResponseWriter, r *http.Request) error {
	file, err := p.one(r)
	if err != nil {
		return err
	}
	f, err := web.ReadForm(r, 4<<10)
	if err != nil {
		return err
	}
	ask := file.Ask
	if f.Check("fit") && file.Decision.Outcome != law.Deny {
		ask.Elements = nil
		for _, l := range file.Decision.Lines {
			if l.Treatment != law.Dropped {
				ask.Elements = append(ask.Elements, l.Element)
			}
		}
		ask.Form = file.Decision.Form
	}
	return p.render(w, r, http.StatusOK, nil, &file, ask)
}

func (p Page) render(w http.ResponseWriter, r *http.Request, status int, f *web.Form, old *request.File, ask request.Ask) error {
	c, err := p.prepare(r)
	if err != nil {
		return err
	}
	c.Recipients = slices.DeleteFunc(slices.Clone(c.Recipients), func(x request.Recipient) bool { return !slices.Contains(old.Ask.Recipients, x.ID) })
	return web.Render(w, r, status, draftPage(draft{form: f, choices: c, ask: ask, details: old.Details, old: old, once: vault.NewID()}))
}

func (p Page) amend(w http.ResponseWriter, r *http.Request) error {
	file, err := p.one(r)
	if err != nil {
		return err
	}
	f, err := web.ReadForm(r, maxForm)
	if err != nil {
		return err
	}
	a, d := read(f, &file)
	if f.OK() {
		_, err := ledger.Do(once(r.Context(), f), p.Desk, access.Actor(r.Context()), request.Kind, file.ID, request.Amend{Ask: a, Details: d, Sources: p.Sources})
		if err == nil {
			return web.Done(w, r, path(file.ID), "The narrower request was sent and decided.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.render(w, r, http.StatusUnprocessableEntity, f, &file, file.Ask)
}

// read reads the form, recording what is wrong beside each field. What an amendment
// cannot change comes from the old request.
func read(f *web.Form, old *request.File) (request.Ask, request.Details) {
	var a request.Ask
	if old == nil {
		a.Discloser = f.Need("discloser", "Choose the organization whose data you ask for.")
		a.Purpose = purpose.Kind(f.Need("purpose", "Choose the purpose."))
		a.Consortium = f.Text("consortium")
		a.Combines = present(f.All("combines"))
		if a.Purpose == purpose.Operations {
			a.Activity = purpose.Activity(f.Need("activity", "Say which of the health care operations the data are for: the law tells them apart."))
		}
	} else {
		a.Discloser, a.Purpose, a.Activity, a.Consortium, a.Combines = old.Ask.Discloser, old.Ask.Purpose, old.Ask.Activity, old.Ask.Consortium, old.Ask.Combines
	}
	a.Basis = f.Text("basis")
	d := request.Details{Project: f.Need("project", "Enter the project's name."),
		Statement: f.Need("statement", "State the purpose: what the data will be used for."), WhyMore: f.Text("why")}
	a.Population = readPopulation(f)
	for name, problem := range map[string]string{"from": "Enter the first day of discharge.", "until": "Enter the last day of discharge."} {
		if f.Text(name) == "" {
			f.Wrong(name, problem) // the first problem of a field is the one shown
		}
	}
	a.Window.From, a.Window.Until = civil.On(f.Date("from", false)), civil.On(f.Date("until", false))
	if a.Window.From != 0 && a.Window.Until != 0 && a.Window.From > a.Window.Until {
		f.Wrong("until", "The last day is before the first: exchange the two dates.")
	}
	for _, g := range groups {
		a.Elements = append(a.Elements, present(f.All(g.name))...)
	}
	if len(a.Elements) == 0 {
		f.Wrong("elements", "Choose at least one element.")
	}
	form, ok := law.ParseForm(f.Text("form"))
	if !ok {
		f.Wrong("form", "Choose the form in which you want the data.")
	}
	a.Form = form
	if form > law.Expert && d.WhyMore == "" {
		f.Wrong("why", "Say why de-identified data do not serve the purpose.")
	}
	a.Recipients = present(f.NeedAny("recipient", "Choose at least one recipient."))
	if f.Text("retention") == "" {
		f.Wrong("retention", "Enter for how many days the recipients keep the data.")
	}
	a.Retention = f.Int("retention", 1, maxRetentionDays)
	return a, d
}

func readPopulation(f *web.Form) request.Population {
	var p request.Population
	for _, c := range present(f.All("class")) {
		p.Classes = append(p.Classes, request.Class(c))
	}
	if f.Text("min_age") != "" {
		p.MinAge = f.Int("min_age", 0, 120)
	}
	if f.Text("max_age") != "" {
		top := f.Int("max_age", 0, 120)
		p.MaxAge = &top
		if top < p.MinAge {
			f.Wrong("max_age", "The oldest age is below the youngest: exchange the two.")
		}
	}
	var err error
	if p.Diagnoses, err = request.ParseDiagnoses(f.Text("diagnoses")); err != nil {
		_, msg, _ := fault.Of(err)
		f.Wrong("diagnoses", strings.ToUpper(msg[:1])+msg[1:]+".")
	}
	return p
}

// present drops empty values and repeats.
func present(list []string) []string {
	var out []string
	for _, s := range list {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func (d draft) action() string {
	if d.old != nil {
		return path(d.old.ID) + "/amend"
	}
	return "/requests"
}

// elements are those that may be chosen: all, or those of the request being narrowed.
func (d draft) elements() []string {
	if d.old != nil {
		return d.old.Ask.Elements
	}
	return nil
}

// wrong is the problem of the elements as a whole.
func (d draft) wrong(name string) string {
	for _, p := range d.form.Problems() {
		if p.Name == name {
			return p.Text
		}
	}
	return ""
}

func (d draft) organizations() []web.Option {
	var out []web.Option
	for _, o := range d.choices.Organizations {
		label := o.Name
		if o.ID == d.choices.Own {
			label += " (our own)"
		}
		out = append(out, web.Option{Value: o.ID, Label: label})
	}
	return out
}

func (d draft) recipients() []web.Option {
	var out []web.Option
	for _, x := range d.choices.Recipients {
		out = append(out, web.Option{Value: x.ID, Label: x.Name, Hint: sentenceCase(access.Title(x.Role)) + ", key " + web.Short(x.Key)})
	}
	return out
}

func (d draft) classes() []string {
	var out []string
	for _, c := range d.ask.Population.Classes {
		out = append(out, string(c))
	}
	return out
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func age(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func purposes() []web.Option {
	var out []web.Option
	for _, e := range purpose.All() {
		out = append(out, web.Option{Value: string(e.Kind), Label: e.Title})
	}
	return out
}

func activities() []web.Option {
	var out []web.Option
	for _, a := range purpose.Activities() {
		out = append(out, web.Option{Value: string(a), Label: a.Title()})
	}
	return out
}

func bases() []web.Option {
	out := []web.Option{{Value: "", Label: "I do not know: have every basis tried"}}
	for _, r := range request.Bases() {
		out = append(out, web.Option{Value: r.ID, Label: r.Title + " (" + r.Citation + ")"})
	}
	return out
}

func classes() []web.Option {
	var out []web.Option
	for _, c := range request.Classes() {
		out = append(out, web.Option{Value: string(c), Label: c.Title()})
	}
	return out
}

// forms lists the forms, the least identifying first.
func forms(most law.Form) []web.Option {
	all := []web.Option{
		{Value: law.SafeHarbor.String(), Label: "De-identified (Safe Harbor)", Hint: "None of the eighteen identifiers: years instead of dates, three digits of the ZIP code. 45 CFR 164.514(b)(2)."},
		{Value: law.Expert.String(), Label: "De-identified (expert determination)", Hint: "As an expert determined for these data. 45 CFR 164.514(b)(1)."},
		{Value: law.Limited.String(), Label: "Limited data set", Hint: "No direct identifiers; dates, towns and ZIP codes may stay. Needs a data use agreement or another basis. 45 CFR 164.514(e)."},
		{Value: law.Identified.String(), Label: "Identifiable", Hint: "With direct identifiers, where a basis permits them."},
	}
	return all[:most]
}

func sentenceCase(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
