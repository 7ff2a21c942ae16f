package law

import (
	"slices"
	"strconv"
	"strings"

	"chaperone.example/law/consent"
	"chaperone.example/law/fact"
	"chaperone.example/law/instrument"
	"chaperone.example/law/overlay"
	"chaperone.example/law/rule"
	"chaperone.example/law/scene"
)

// agreements returns the agreements that a condition was read from; the list is
// good until the next call.
func (w *writer) agreements(c rule.Condition) []*Agreement {
	w.found = w.found[:0]
	var links []fact.Link
	switch c {
	case rule.ActsForSource, rule.PrincipalBound, rule.ChainSigned, rule.ChainInForce, rule.ChainComplete, rule.ChainScope, rule.ChainAggregates:
		links = w.Acting
	case rule.HolderPermitted, rule.MayDeidentify:
		links = w.Holding
	case rule.ChainUnviolated:
		links = slices.Concat(w.Acting, w.Holding)
	case rule.DUASigned, rule.DUAInForce, rule.DUAComplete, rule.DUAScope:
		w.find(w.DUA)
	case rule.Participates:
		w.find(w.Member)
	case rule.QSOInForce:
		w.find(w.Service)
	}
	for _, l := range links {
		w.find(l.By)
	}
	return w.found
}

func (w *writer) find(a *Agreement) {
	if a != nil {
		w.found = append(w.found, a)
	}
}

// documented reports whether documents has anything to name.
func (w *writer) documented(c rule.Condition, k int) bool {
	if len(w.agreements(c)) > 0 {
		return true
	}
	if f, ok := scene.Finding(c); ok {
		if d := w.Facts.Found(f, w.Base.Day); d != nil && d.Document != "" {
			return true
		}
	}
	return len(w.consents(c, k)) > 0 || len(w.authorizations(c, k)) > 0
}

// documents adds the names of what a condition was read from, with versions.
func (w *writer) documents(c rule.Condition, k int, to *[]string) {
	for _, a := range w.agreements(c) {
		w.once(to, w.name(a))
	}
	if f, ok := scene.Finding(c); ok {
		if d := w.Facts.Found(f, w.Base.Day); d != nil {
			w.once(to, d.Document)
		}
	}
	for _, p := range w.consents(c, k) {
		w.once(to, p.ID+" v"+strconv.Itoa(p.Version))
	}
	for _, a := range w.authorizations(c, k) {
		w.once(to, a.ID+" v"+strconv.Itoa(a.Version))
	}
}

// consents are the Part 2 consents that a condition was read from.
func (w *writer) consents(c rule.Condition, k int) []*consent.Part2 {
	var kind consent.Kind
	switch c {
	case rule.CareConsent, rule.CareConsentValid, rule.CareConsentRevoked:
		kind = consent.Care
	case rule.NamedConsent, rule.NamedConsentFor, rule.NamedConsentValid:
		kind = consent.Named
	case rule.ProceedingsConsent:
		kind = consent.Proceedings
	case rule.CounselingConsent:
		kind = consent.Counseling
	case rule.ConsentSigner:
	default:
		return nil
	}
	if len(w.Facts.Classes) == 0 {
		return nil
	}
	var out []*consent.Part2
	class := &w.Facts.Classes[k]
	for i := range class.Consents {
		if p := &class.Consents[i]; p.Kind == kind || kind == "" && (p.Kind == consent.Care || p.Kind == consent.Named) {
			out = append(out, p)
		}
	}
	return out
}

// authorizations are the authorizations that a condition was read from.
func (w *writer) authorizations(c rule.Condition, k int) []*consent.Authorization {
	switch c {
	case rule.AuthorizationNames, rule.AuthorizationFor, rule.AuthorizationValid, rule.AuthorizationPaid, rule.AuthorizationMarketing, rule.AuthorizationNotes:
	default:
		return nil
	}
	if len(w.Facts.Classes) == 0 {
		return nil
	}
	var out []*consent.Authorization
	class := &w.Facts.Classes[k]
	for i := range class.Authorizations {
		if a := &class.Authorizations[i]; a.Psychotherapy == (c == rule.AuthorizationNotes) {
			out = append(out, a)
		}
	}
	return out
}

// overlays names the rules of packs that a filter carried out.
func (w *writer) overlays(id string, k int) []string {
	if id != "S01" && id != "N02" {
		return nil
	}
	c := Class{}
	if len(w.Facts.Classes) > 0 {
		c = w.Facts.Classes[k]
	}
	var out []string
	for i := range w.Facts.Overlays {
		p := &w.Facts.Overlays[i]
		member := p.Level == overlay.Member || p.Broken
		if member != (id == "N02") || !p.AppliesTo(w.Source(), w.State()) {
			continue
		}
		if p.Broken {
			out = append(out, p.ID+" v"+strconv.Itoa(p.Version)+" (cannot be read)")
		}
		for j := range p.Rules {
			if r := &p.Rules[j]; r.Matches(w.Overlaid(&c)) {
				name := p.ID + " v" + strconv.Itoa(p.Version) + " " + r.ID + ", " + r.Citation
				if !p.Confirmed {
					name += " (confirm with counsel)"
				}
				out = append(out, name)
			}
		}
	}
	return out
}

// details says which document fails a condition, and in what.
func (w *writer) details(c rule.Condition, holds bool, k int) []string {
	if holds {
		return nil
	}
	var out []string
	if c == rule.ChainSigned || c == rule.ChainInForce || c == rule.ActsForSource {
		for _, l := range w.Acting {
			if l.By == nil {
				out = append(out, "no agreement between "+l.From+" and "+l.To)
			}
		}
	}
	day := w.Base.Day
	for _, a := range w.agreements(c) {
		name := w.name(a)
		switch c {
		case rule.ChainSigned, rule.DUASigned:
			if a.Signed == 0 || a.Signed > day {
				out = append(out, name+" is not signed")
			}
		case rule.ChainInForce, rule.DUAInForce:
			out = append(out, prefixed(name, a.Standing(day))...)
		case rule.Participates, rule.HolderPermitted, rule.PrincipalBound, rule.QSOInForce:
			out = append(out, prefixed(name, a.Standing(day))...)
			out = append(out, lacks(a, name)...)
			out = append(out, w.permits(a, name)...)
		case rule.ChainComplete, rule.DUAComplete:
			out = append(out, lacks(a, name)...)
		case rule.ChainScope, rule.DUAScope:
			out = append(out, w.permits(a, name)...)
			if !a.Instrument.Terms.FlowDown && len(w.Acting) > 1 && a != w.Acting[len(w.Acting)-1].By {
				out = append(out, name+" allows no subcontractors")
			}
		case rule.ChainAggregates:
			if !a.Instrument.Terms.Aggregate {
				out = append(out, name+" does not permit aggregation")
			}
		}
	}
	for _, p := range w.consents(c, k) {
		out = append(out, defects(p.ID, p.Version, p.Check(day, w.Facts.Settings.RejectOldConsents))...)
	}
	for _, a := range w.authorizations(c, k) {
		out = append(out, defects(a.ID, a.Version, a.Check(day))...)
	}
	if c == rule.WaiverComplete {
		if d := w.Facts.Found(fact.Waiver, day); d != nil {
			for _, item := range fact.WaiverItems() {
				if !slices.Contains(d.Items, item) {
					out = append(out, "the waiver lacks: "+item)
				}
			}
		}
	}
	return out
}

// prefixed is what is said of a document, if anything is.
func prefixed(name, said string) []string {
	if said == "" {
		return nil
	}
	return []string{name + said}
}

// defects words the defects of a document.
func defects(id string, version int, list []consent.Defect) []string {
	var out []string
	for _, d := range list {
		out = append(out, id+" v"+strconv.Itoa(version)+": "+d.Text+" ("+d.Citation+")")
	}
	return out
}

// lacks says which required terms an agreement lacks.
func lacks(a *Agreement, name string) []string {
	var out []string
	for _, m := range instrument.Check(a.Instrument) {
		out = append(out, name+" lacks: "+m.Title+" ("+m.Citation+")")
	}
	return out
}

// permits says what an agreement permits, if not what was asked.
func (w *writer) permits(a *Agreement, name string) []string {
	t := a.Instrument.Terms
	if a.Instrument.Kind == instrument.Participation || t.Permits(w.Request.Purpose, w.Request.Activity) {
		return nil
	}
	var words []string
	for _, p := range t.Purposes {
		words = append(words, string(p))
	}
	for _, x := range t.Activities {
		words = append(words, string(x))
	}
	return []string{name + " permits only: " + strings.Join(words, ", ")}
}

// once appends s if it is new.
func once(list *[]string, s string) {
	if s != "" && !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}

// once appends s if it is new, in the room that the writer has for words.
func (w *writer) once(list *[]string, s string) {
	if len(*list) > 0 || s == "" {
		once(list, s)
		return
	}
	const some = 3 // most reasons have no more
	if cap(w.words)-len(w.words) < some {
		w.words = make([]string, 0, 16*some)
	}
	n := len(w.words)
	w.words = w.words[: n+some : cap(w.words)]
	*list = append(w.words[n:n:n+some], s)
}

// fits are the conditions that PartiesFit sums up.
var fits = [...]rule.Condition{rule.PartiesActive, rule.PersonActive, rule.PersonTrained}

// components resolves a condition that sums up others.
func components(c rule.Condition) []rule.Condition {
	switch c {
	case rule.PartiesFit:
		return fits[:]
	case rule.Always:
		return nil
	}
	return []rule.Condition{c}
}
