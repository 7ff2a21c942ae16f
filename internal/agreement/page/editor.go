package page

import (
	"slices"
	"strconv"
	"strings"

	"chaperone.example/internal/agreement"
	"chaperone.example/internal/web"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/law/purpose"
	"chaperone.example/phi"
)

// An editor is the form in which a party changes an agreement term by term: what it
// starts from, and what was entered.
type editor struct {
	form       *web.Form
	instrument instrument.Instrument
	start, end civil.Date
	viewer     viewer
}

// associate reports whether the permissions have clauses of their own.
func associate(k instrument.Kind) bool {
	return k == instrument.BusinessAssociate || k == instrument.Subcontractor
}

// tied reports whether a clause is in the text exactly if a permission is given, so
// that it is no choice of its own.
func tied(k instrument.Kind, clause string) bool {
	return associate(k) && slices.ContainsFunc(agreement.Permissions(), func(p agreement.Permission) bool { return p.Clause == clause })
}

// read returns the instrument that was entered; k is the kind, which no form changes.
func read(f *web.Form, k instrument.Kind) instrument.Instrument {
	in := instrument.Instrument{Kind: k, Clauses: f.All("clause")}
	t := &in.Terms
	t.Purposes = as[purpose.Kind](f.All("purpose"))
	t.Activities = as[purpose.Activity](f.All("activity"))
	t.Classes = as[phi.Class](f.All("class"))
	t.Elements = f.All("element")
	t.Recipients = f.All("recipient")
	t.FurtherUse = instrument.FurtherUse(f.Text("further_use"))
	t.Safeguards = f.All("safeguard")
	t.Coordination = f.Text("coordination")
	t.Residency = f.All("region")
	t.AtEnd = instrument.AtEnd(f.Text("at_end"))
	t.Transfer = f.All("transfer")
	t.DataFrom, t.DataUntil = date(f, "data_from"), date(f, "data_until")
	number := func(name string, max int) int {
		if f.Text(name) == "" {
			return 0
		}
		return f.Int(name, 1, max)
	}
	t.BreachHours, t.RetentionDays, t.SmallCell = number("breach_hours", 60*24), number("retention_days", 36500), number("small_cell", 1000)
	for _, p := range agreement.Permissions() {
		if slices.Contains(f.All("permit"), p.ID) {
			*p.Of(t) = true
			if p.Clause != "" && associate(k) {
				in.Clauses = append(in.Clauses, p.Clause)
			}
		}
	}
	return in
}

func as[T ~string](s []string) []T {
	var out []T
	for _, x := range s {
		out = append(out, T(x))
	}
	return out
}

// chosen returns what is ticked: as entered, or as the draft has it.
func (e editor) chosen(name string, draft []string) []string {
	if e.form != nil {
		return e.form.All(name)
	}
	return draft
}

// clauses splits the clauses that the kind can contain: those that the law requires,
// and those that are a choice.
func (e editor) clauses() (required, optional []web.Option) {
	for _, c := range agreement.ClauseOptions(e.instrument.Kind) {
		o := web.Option{Value: c.ID, Label: c.Title, Hint: sentence(c.Needs) + ". " + c.CitationIn(e.instrument.Kind) + "."}
		switch {
		case tied(e.instrument.Kind, c.ID):
		case c.RequiredIn(e.instrument.Kind):
			required = append(required, o)
		default:
			optional = append(optional, o)
		}
	}
	return required, optional
}

// common are the purposes that are always offered; the rest are behind a line.
var common = []purpose.Kind{purpose.Operations, purpose.Treatment, purpose.Payment, purpose.Research, purpose.PublicHealth}

func (e editor) purposes() (first, more []web.Option) {
	on := e.chosen("purpose", strs(e.instrument.Terms.Purposes))
	for _, p := range agreement.PurposeOptions(e.instrument.Kind) {
		o := web.Option{Value: string(p.Kind), Label: p.Title, Hint: p.Citation}
		if slices.Contains(common, p.Kind) || slices.Contains(on, string(p.Kind)) {
			first = append(first, o)
		} else {
			more = append(more, o)
		}
	}
	return first, more
}

func (e editor) activities() (out []web.Option) {
	for _, a := range purpose.Activities() {
		out = append(out, web.Option{Value: string(a), Label: a.Title()})
	}
	return out
}

func (e editor) classes() (out []web.Option) {
	for _, c := range agreement.Classes() {
		out = append(out, web.Option{Value: string(c), Label: sentence(agreement.ClassTitle(c))})
	}
	return out
}

func (e editor) elements() (out []web.Option) {
	for _, x := range phi.Elements() {
		out = append(out, web.Option{Value: x.ID, Label: x.Title, Hint: sentence(agreement.ClassTitle(x.Class))})
	}
	return out
}

// recipients lists the directory, and whoever the draft names beside it.
func (e editor) recipients() (out []web.Option) {
	for _, o := range e.viewer.orgs {
		out = append(out, web.Option{Value: o.ID, Label: o.Name})
	}
	for _, id := range e.chosen("recipient", e.instrument.Terms.Recipients) {
		if !slices.ContainsFunc(out, func(o web.Option) bool { return o.Value == id }) {
			out = append(out, web.Option{Value: id, Label: e.viewer.name(id)})
		}
	}
	return out
}

func (e editor) permissions() (out []web.Option) {
	for _, p := range agreement.Permissions() {
		o := web.Option{Value: p.ID, Label: p.Title}
		if c, ok := instrument.Lookup(p.Clause); ok && associate(e.instrument.Kind) {
			o.Hint = "Puts the clause “" + strings.ToLower(c.Title) + "” into the text. " + c.Citation + "."
		}
		out = append(out, o)
	}
	return out
}

func (e editor) permitted() (out []string) {
	in := e.instrument
	for _, p := range agreement.Permissions() {
		if *p.Of(&in.Terms) {
			out = append(out, p.ID)
		}
	}
	return out
}

func options(values []string, title func(string) string) (out []web.Option) {
	for _, v := range values {
		out = append(out, web.Option{Value: v, Label: title(v)})
	}
	return out
}

func (e editor) furtherUses() []web.Option {
	return options(strs(agreement.FurtherUses()), func(s string) string { return agreement.FurtherUseTitle(instrument.FurtherUse(s)) })
}

func (e editor) atEnds() []web.Option {
	return options(strs(agreement.AtEnds()), func(s string) string { return agreement.AtEndTitle(instrument.AtEnd(s)) })
}

func (e editor) safeguards() []web.Option { return options(agreement.Safeguards(), sentence) }

func (e editor) coordinations() []web.Option { return options(agreement.Coordinations(), sentence) }

func (e editor) transfers() []web.Option { return options(instrument.Methods(), agreement.MethodTitle) }

func (e editor) regions() (out []web.Option) {
	for _, r := range agreement.Regions() {
		out = append(out, web.Option{Value: r.Code, Label: r.Title})
	}
	return out
}

func strs[T ~string](of []T) (out []string) {
	for _, x := range of {
		out = append(out, string(x))
	}
	return out
}

// positive writes a number, empty for none.
func positive(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
