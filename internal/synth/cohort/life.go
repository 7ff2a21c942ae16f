package cohort

import (
	"slices"
	"strings"
	"time"

	"chaperone.example/internal/synth/chance"
)

// live gives a person their stays in the time of the extract. Inpatient stays come
// one after the other: after each the hospital's readmission effect decides
// whether the next one is an unplanned readmission within thirty days or comes
// later; so every unplanned readmission there is, is one of the links, and nobody
// is readmitted by accident. Visits fill the time between. Nothing follows a death.
func (w *World) live(p *Person, d *chance.Draw) {
	w.admissions(p, d)
	if p.Death.IsZero() && p.AgeAt(w.End) >= 65 && d.Yes(.03) { // at home, after the last stay
		last := w.Start.AddDate(0, 0, 5)
		for _, s := range p.Stays {
			last = later(last, s.Discharge)
		}
		if left := DaysBetween(last, w.End); left > 3 {
			p.Death = Day(last).AddDate(0, 0, d.Between(2, left))
		}
	}
	w.visit(p, d)
	slices.SortFunc(p.Stays, func(a, b Stay) int { return a.Admit.Compare(b.Admit) })
	w.number(p)
	w.link(p)
}

// number gives the stays their member-local keys.
func (w *World) number(p *Person) {
	for i := range p.Stays {
		p.Stays[i].Key = w.Mint.Keyed(10, "encounter", p.Stays[i].Hospital, p.Ordinal, i)
	}
}

// admissions lives through the inpatient stays, from one to the next.
func (w *World) admissions(p *Person, d *chance.Draw) {
	age := p.AgeAt(w.Start)
	perMonth := []float64{.010, .028, .050, .080}[band(age)] * (1 + float64(.12*float64(len(p.Chronic))))
	if p.Traits&(Opioids|Drinking|LivesHIV|Psychiatric|Cancer) != 0 {
		perMonth += .05
	}
	if len(p.Members) > 1 { // who goes to several hospitals goes often
		perMonth += .06
	}
	wait := func() int { return int(d.Exponential(30.4 / perMonth)) }

	at := p.Members[0].Hospital
	when := Day(w.Start).AddDate(0, 0, 3+wait())
	why := w.choose(p, age, d)
	switch {
	case p.Traits&Born != 0:
		when, why = p.Birth, newborn
	case p.Traits&Mother != 0:
		when = Day(w.Start).AddDate(0, 0, 3+d.Below(max(1, w.days()-8)))
		why = vaginal
	case len(p.Members) > 1 && d.Yes(.4):
		at = w.other(p, at, d)
	}
	for {
		s := w.admit(p, &why, at, when, d)
		again := w.readmission(p, &s, &why, d)
		if !w.keep(p, s) {
			return
		}
		if s.Disposition == "02" && len(p.Members) > 1 {
			at = w.other(p, at, d)
			s = w.transfer(p, &why, at, s.Discharge, d)
			again = w.readmission(p, &s, &why, d)
			if !w.keep(p, s) {
				return
			}
		}
		when = Day(s.Discharge)
		switch {
		case again: // sooner rather than later
			when = when.AddDate(0, 0, 1+min(d.Below(30), d.Below(30)))
			if len(p.Members) > 1 && d.Yes(.6) {
				at = w.other(p, at, d)
			}
			why = w.complication(p, why, d)
		case p.Traits&Cancer != 0 && d.Yes(.5):
			when = when.AddDate(0, 0, d.Between(18, 28))
			why = named("chemotherapy")
		default:
			when = when.AddDate(0, 0, 31+wait())
			why = w.choose(p, age, d)
			if len(p.Members) > 1 && d.Yes(.3) {
				at = w.other(p, at, d)
			}
		}
	}
}

// admit makes the stay for a reason; births and deliveries have their own ways.
func (w *World) admit(p *Person, why *reason, at int, when time.Time, d *chance.Draw) Stay {
	switch {
	case why.mdc == 15:
		return w.birth(p, at, d)
	case why.mdc == 14:
		return w.delivery(p, at, when, d)
	}
	s := w.admission(p, why, at, when, d)
	if n := len(p.Stays); n > 0 && s.EDArrival.Before(p.Stays[n-1].Discharge) {
		s.EDArrival, s.EDDecision, s.EDDepart = time.Time{}, time.Time{}, time.Time{} // came straight from the other hospital
	}
	return s
}

// keep adds an inpatient stay, unless the patient was not yet discharged when the
// extract was made, and reports whether life goes on after it.
func (w *World) keep(p *Person, s Stay) bool {
	if !s.Discharge.Before(w.End) {
		return false
	}
	p.Stays = append(p.Stays, s)
	if s.Disposition == "20" {
		p.Death = s.Discharge
		return false
	}
	return true
}

// transfer makes the stay at the hospital a patient is moved to, on the same day.
func (w *World) transfer(p *Person, why *reason, at int, from time.Time, d *chance.Draw) Stay {
	s := w.admission(p, why, at, from, d)
	if s.Disposition == "02" {
		s.Disposition = "01"
	}
	z := w.Hospitals[at].Region.zone
	moved := DaysBetween(s.Admit, z.at(from.Add(90*time.Minute)))
	s.Admit = z.at(from.Add(90 * time.Minute))
	s.Days = max(1, s.Days)
	s.Discharge = z.clock(s.Admit, s.Days, 15, s.Discharge.Minute())
	for i := range s.Procedures {
		s.Procedures[i].Date = clampDay(s.Procedures[i].Date.AddDate(0, 0, moved), s.Admit, s.Discharge)
	}
	s.EDArrival, s.EDDecision, s.EDDepart = time.Time{}, time.Time{}, time.Time{}
	s.Origin, s.Planned = "4", false
	return s
}

func clampDay(t, from, to time.Time) time.Time {
	if t.Before(Day(from)) {
		return Day(from)
	}
	if t.After(Day(to)) {
		return Day(to)
	}
	return t
}

// readmission decides whether an unplanned readmission follows, and counts the stay
// as an index stay as the hospital-wide measure does: an adult, discharged alive,
// not moved to another acute hospital, not against advice; not Psychiatric, not for
// Cancer treatment, and so long before the end that a readmission is over by then.
func (w *World) readmission(p *Person, s *Stay, why *reason, d *chance.Draw) bool {
	odds := why.readmit + float64(.12*float64(min(5, len(p.Chronic))))
	if p.Traits&(Opioids|Drinking|Psychiatric) != 0 {
		odds += .3
	}
	u := d.Unit()
	switch s.Disposition {
	case "20", "02", "07", "50", "51":
		return false
	}
	s.Risk.Readmission = chance.Expit(odds)
	s.Risk.Counted = p.AgeAt(s.Admit) >= 18 && why.mdc != 19 && why.mdc != 17 && DaysBetween(s.Discharge, w.End) > 45
	return u < chance.Expit(odds+w.Hospitals[s.Hospital].Effect.Readmission)
}

// choose draws why a person of an age is admitted.
func (w *World) choose(p *Person, age int, d *chance.Draw) reason {
	special := []struct {
		what   Trait
		reason reason
		chance float64
	}{{Opioids, overdose, .35}, {Opioids, withdrawn, .35}, {Drinking, alcohol, .55}, {Psychiatric, psychosis, .5}, {LivesHIV, hiv, .4}}
	for _, s := range special {
		if p.Traits&s.what != 0 && d.Yes(s.chance) {
			return s.reason
		}
	}
	weights := make([]int, len(reasons))
	for i, r := range reasons {
		weights[i] = r.weights[band(age)]
		if r.mdc == 17 && p.Traits&Cancer == 0 {
			weights[i] = 0
		}
	}
	return reasons[d.Weighted(weights)]
}

// complication draws why a person comes back: half the time for the same illness.
func (w *World) complication(p *Person, before reason, d *chance.Draw) reason {
	if !before.planned && before.mdc != 14 && before.mdc != 15 && d.Yes(.5) {
		return before
	}
	for range 50 {
		if r := w.choose(p, p.AgeAt(w.Start), d); !r.planned {
			return r
		}
	}
	return named("sepsis")
}

func named(name string) reason {
	return reasons[slices.IndexFunc(reasons, func(r reason) bool { return r.name == name })]
}

func (w *World) other(p *Person, at int, d *chance.Draw) int {
	for {
		if m := chance.Pick(d, p.Members); m.Hospital != at {
			return m.Hospital
		}
	}
}

// band numbers the four ages of life of reason.weights.
func band(age int) int {
	switch {
	case age < 18:
		return 0
	case age < 65:
		return 1
	case age < 80:
		return 2
	}
	return 3
}

// visit adds what does not need a bed: visits to the emergency department and the
// clinics, observation, the opioid treatment program every month, psychotherapy,
// antenatal care; and sees to it that every hospital has seen its patient.
func (w *World) visit(p *Person, d *chance.Draw) {
	from, to := later(Day(w.Start), p.Birth.AddDate(0, 0, 10)), w.End
	if !p.Death.IsZero() {
		to = p.Death
	}
	span := DaysBetween(from, to) - 4
	if p.Traits&Born == 0 || span > 20 {
		for range d.Poisson(.28 * float64(w.Config.Months)) {
			v := visits[w.weighted(p, d)]
			if span < 1 {
				break
			}
			hospital := p.Members[0].Hospital
			if len(p.Members) > 1 && d.Yes(.3) {
				hospital = w.other(p, hospital, d)
			}
			w.fit(p, w.call(p, hospital, v.class, v.code, from.AddDate(0, 0, 3+d.Below(span)), d))
		}
	}
	for month := range w.Config.Months {
		first := Day(w.Start).AddDate(0, month, 0)
		if p.Traits&InProgram != 0 {
			s := w.call(p, p.Members[0].Hospital, 'O', "F1120", first.AddDate(0, 0, 4+d.Below(20)), d)
			s.Program, s.Why = true, "opioid treatment program"
			s.Procedures = append(s.Procedures, Procedure{"HZ81ZZZ", Day(s.Admit)})
			w.fit(p, s)
		}
		if p.Traits&Psychiatric != 0 && month%2 == 0 {
			s := w.call(p, p.Members[0].Hospital, 'O', p.history()[0], first.AddDate(0, 0, 4+d.Below(20)), d)
			s.Therapy, s.Why = true, "psychotherapy"
			w.fit(p, s)
		}
	}
	reproductive := "Z332"
	if p.Male {
		reproductive = "F649"
	}
	for _, v := range []struct {
		what Trait
		code string
	}{{Genetic, "Z7183"}, {LivesHIV, "B20"}, {Reproductive, reproductive}} {
		if p.Traits&v.what != 0 && span > 0 {
			w.fit(p, w.call(p, p.Members[0].Hospital, 'O', v.code, from.AddDate(0, 0, 3+d.Below(span)), d))
		}
	}
	for i, m := range p.Members {
		if !slices.ContainsFunc(p.Stays, func(s Stay) bool { return s.Hospital == m.Hospital }) {
			code := "Z0000"
			if p.AgeAt(w.Start) < 18 {
				code = "Z00129"
			}
			w.fit(p, w.call(p, m.Hospital, 'O', code, Day(w.Start).AddDate(0, 0, i), d))
		}
	}
}

func (w *World) weighted(p *Person, d *chance.Draw) int {
	weights := make([]int, len(visits))
	for i, v := range visits {
		if weights[i] = v.weight; v.adult && p.AgeAt(w.Start) < 18 {
			weights[i] = 0
		}
	}
	return d.Weighted(weights)
}

// fit adds a visit unless it would overlap another Stay, fall outside the extract
// or outside the person's life.
func (w *World) fit(p *Person, s Stay) {
	first := begins(&s)
	if !s.Discharge.Before(w.End) || first.Before(w.Start) || first.Before(p.Birth) || !p.Death.IsZero() && !s.Discharge.Before(p.Death) {
		return
	}
	for _, o := range p.Stays {
		if begin := begins(&o); first.Before(o.Discharge.Add(time.Hour)) && s.Discharge.After(begin.Add(-time.Hour)) {
			return
		}
	}
	p.Stays = append(p.Stays, s)
}

// begins is when a stay begins, the emergency department included.
func begins(s *Stay) time.Time {
	if !s.EDArrival.IsZero() {
		return s.EDArrival
	}
	return s.Admit
}

// call makes a visit.
func (w *World) call(p *Person, at int, class byte, code string, when time.Time, d *chance.Draw) Stay {
	h := &w.Hospitals[at]
	z := h.Region.zone
	s := Stay{Hospital: at, Class: class, Why: strings.ToLower(Title(code)), AdmitType: "9", Origin: "1", Disposition: "01", Ward: medical, Staff: d.Below(len(h.Staff))}
	s.Diagnoses = append(s.Diagnoses, Diagnosis{Code: code})
	for _, c := range p.Chronic {
		if len(s.Diagnoses) < 6 && !clash(code, c.Code) {
			s.Diagnoses = append(s.Diagnoses, Diagnosis{Code: c.Code})
		}
	}
	for _, c := range p.history() {
		if !s.Has(c) && !clash(code, c) {
			s.Diagnoses = append(s.Diagnoses, Diagnosis{Code: c})
		}
	}
	switch class {
	case 'E':
		s.AdmitType = "1"
		s.Admit = z.clock(when, 0, d.Between(6, 23), d.Below(60))
		s.Discharge = z.at(s.Admit.Add(time.Duration(d.Lognormal(178*h.Effect.EDTime, .45)) * time.Minute))
		s.EDArrival, s.EDDepart = s.Admit, s.Discharge
		if d.Yes(.02) {
			s.Disposition = "07"
		}
		s.price(h, 640, d)
	case 'B':
		s.AdmitType = "1"
		s.Admit = z.clock(when, 0, d.Between(8, 22), d.Below(60))
		s.Discharge = z.at(s.Admit.Add(time.Duration(d.Between(14, 40)) * time.Hour))
		s.EDArrival, s.EDDepart = z.at(s.Admit.Add(-time.Duration(d.Between(60, 240))*time.Minute)), z.at(s.Admit.Add(time.Duration(d.Between(5, 90))*time.Minute))
		s.EDDecision = s.Admit
		s.price(h, 2100, d)
	default:
		s.AdmitType = "3"
		s.Admit = z.clock(when, 0, d.Between(8, 16), d.Below(12)*5)
		s.Discharge = z.at(s.Admit.Add(time.Duration(d.Between(3, 14)*5) * time.Minute))
		s.price(h, 190, d)
	}
	s.Days = DaysBetween(s.Admit, s.Discharge)
	return s
}

// link notes the unplanned readmissions within thirty days, from what happened.
func (w *World) link(p *Person) {
	var before *Stay
	for i := range p.Stays {
		s := &p.Stays[i]
		if s.Class != 'I' {
			continue
		}
		if before != nil && !s.Planned && before.Risk.Readmission > 0 {
			if days := DaysBetween(before.Discharge, s.Admit); days >= 1 && days <= 30 {
				before.Risk.Readmitted = true
				p.Links = append(p.Links, Link{before, s, days})
			}
		}
		before = s
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
