package cohort

import (
	"math"
	"slices"
	"time"

	"chaperone.example/internal/synth/chance"
)

// A Diagnosis is an ICD-10-CM code without the dot. POA says whether it was present
// on admission: Y, N, U, W, or 1 for a code that needs no flag; only inpatient
// stays have one.
type Diagnosis struct{ Code, POA string }

// A Procedure is an ICD-10-PCS code and its day.
type Procedure struct {
	Code string
	Date time.Time
}

// A Stay is one encounter: of class I (inpatient), E (emergency), O (outpatient) or
// B (observation).
type Stay struct {
	Key                             string
	Hospital                        int
	Class                           byte
	Why                             string // in words
	Admit, Discharge                time.Time
	EDArrival, EDDecision, EDDepart time.Time // zero if not by way of the emergency department
	AdmitType, Origin, Disposition  string    // UB-04 form locators 14, 15, 17
	Diagnoses                       []Diagnosis
	Procedures                      []Procedure
	Group, Category                 int   // MS-DRG and MDC
	Days                            int   // length of stay in midnights
	Cost, Charges                   int64 // cents
	Obstetric                       bool
	Parity, Gravida, Weeks          int
	ICUDays, VentHours              int
	Unit                            string // where a hospital-acquired event happened: an NHSN location code
	Ward                            int    // index in Hospital.Units
	Planned                         bool
	Program                         bool // in the opioid treatment program
	Therapy                         bool // a psychotherapy session
	Staff                           int  // index in Hospital.Staff
	Risk                            Risk
}

// Risk holds the probabilities of an average hospital for this stay: what a perfect
// risk model would expect.
type Risk struct {
	Death, Readmission float64
	Counted            bool // an index stay for readmission, with time enough to follow up
	Readmitted         bool
}

// A Link is an unplanned readmission.
type Link struct {
	Index, Next *Stay
	Days        int // from discharge to admission, 1 to 30
}

// Has reports whether one of the diagnoses begins with a prefix.
func (s *Stay) Has(prefix string) bool {
	return slices.ContainsFunc(s.Diagnoses, func(x Diagnosis) bool { return len(x.Code) >= len(prefix) && x.Code[:len(prefix)] == prefix })
}

// clash reports whether coding rules forbid a secondary diagnosis beside a
// principal one.
func clash(principal, secondary string) bool {
	switch {
	case principal[:3] == secondary[:3]:
		return true
	case secondary == "I10":
		return principal[:3] == "I11" || principal[:3] == "I13"
	case principal[:2] == "J4":
		return secondary[:2] == "J4"
	}
	return false
}

// admission makes an inpatient stay that begins at about t. It decides everything
// but the disposition's consequences, which live sees to.
func (w *World) admission(p *Person, r *reason, hospitalIndex int, t time.Time, d *chance.Draw) Stay {
	h := &w.Hospitals[hospitalIndex]
	s := Stay{Hospital: hospitalIndex, Class: 'I', Why: r.name, Category: r.mdc, Ward: r.ward, Planned: r.planned, Staff: d.Below(len(h.Staff))}
	w.arrive(&s, h, r, t, d)
	age := p.AgeAt(s.Admit)

	principal := chance.Pick(d, r.codes)
	if principal == "I110" && slices.ContainsFunc(p.Chronic, func(c Comorbidity) bool { return c.Code == "N1831" }) {
		principal = "I130" // heart and chronic kidney disease are presumed related: guideline I.C.9.a.3
	}
	s.Diagnoses = append(s.Diagnoses, Diagnosis{principal, flag(principal, "Y")})
	level, die := 2, r.die+ageOdds(age)
	add := func(code, poa string, codeLevel int, odds float64) {
		if len(s.Diagnoses) < 25 && !s.Has(code) && !clash(principal, code) {
			s.Diagnoses = append(s.Diagnoses, Diagnosis{code, flag(code, poa)})
			level, die = min(level, codeLevel), die+odds
		}
	}
	for _, c := range r.with {
		add(c.Code, "Y", c.level, 0)
	}
	if r.ward != maternity {
		for _, c := range acute {
			if d.Yes(c.chance * severity(age)) {
				add(c.Code, poaOf(d), c.level, c.die)
			}
		}
		for _, c := range p.Chronic {
			add(c.Code, "Y", c.level, c.die)
		}
	}
	for _, c := range p.history() {
		add(c, "Y", 2, 0)
	}
	if r.ward == icu || d.Yes(.06) {
		s.ICUDays = d.Between(1, 4)
	}
	s.Days = max(1, int(d.Lognormal(r.days*h.Effect.LengthOfStay*[]float64{1.35, 1.1, .92}[level], .45)+.5))
	switch {
	case r.planned && r.ward == surgical && d.Yes(.15):
		s.Days = 0 // went home the same day
	case r.mdc == 15:
		s.Days = min(s.Days, 4)
	}
	if r.procedures != nil {
		for _, code := range chance.Pick(d, r.procedures) {
			s.Procedures = append(s.Procedures, Procedure{code, Day(s.Admit).AddDate(0, 0, d.Below(min(2, s.Days+1)))})
		}
	}
	if s.Has("J9601") && d.Yes(.35) {
		s.VentHours = d.Between(6, 160)
		s.ICUDays = max(s.ICUDays, 1+s.VentHours/24)
		s.Days = max(s.Days, s.ICUDays)
		die += 1.2
	}
	w.harm(&s, h, d, add)

	s.Group = r.drg[level]
	s.Risk.Death = chance.Expit(die)
	s.dispose(h, r, age, d.Yes(chance.Expit(die+h.Effect.Mortality)), d)
	s.bound()
	s.leave(h, d)
	if s.Disposition == "20" {
		s.Group = expired(s.Group)
	}
	s.price(h, r.cost*[]float64{1.7, 1.12, .85}[level]*(.55+float64(.45*float64(s.Days))/r.days), d)
	return s
}

// arrive sets the times of coming in, the type of admission and its origin.
func (w *World) arrive(s *Stay, h *Hospital, r *reason, t time.Time, d *chance.Draw) {
	z := h.Region.zone
	switch {
	case r.planned:
		s.Admit, s.AdmitType, s.Origin = z.clock(t, 0, d.Between(6, 9), d.Below(60)), "3", "1"
	case r.mdc == 14:
		s.Admit, s.AdmitType, s.Origin = z.clock(t, 0, d.Between(1, 22), d.Below(60)), chance.Pick(d, []string{"1", "2", "3"}), "1"
	case r.mdc == 15:
		s.Admit, s.AdmitType, s.Origin = z.clock(t, 0, d.Between(1, 22), d.Below(60)), "4", "5"
	default:
		s.AdmitType, s.Origin = chance.Pick(d, []string{"1", "1", "1", "2"}), chance.Pick(d, []string{"1", "1", "1", "1", "1", "2", "5"})
		s.Admit = z.clock(t, 0, d.Between(1, 22), d.Below(60))
		if d.Yes(.78) { // through the emergency department; admitted when the decision is made
			s.EDDecision = s.Admit
			s.EDArrival = z.at(s.Admit.Add(-time.Duration(d.Lognormal(165*h.Effect.EDTime, .4)) * time.Minute))
			s.EDDepart = z.at(s.Admit.Add(time.Duration(d.Lognormal(95*h.Effect.EDTime, .6)) * time.Minute))
		}
	}
}

// leave sets the discharge from the length of stay.
func (s *Stay) leave(h *Hospital, d *chance.Draw) {
	s.Discharge = h.Region.zone.clock(s.Admit, s.Days, d.Between(11, 19), d.Below(60))
	if s.Days == 0 {
		s.Discharge = h.Region.zone.at(s.Admit.Add(time.Duration(d.Between(200, 400)) * time.Minute))
		s.Days = DaysBetween(s.Admit, s.Discharge)
	}
	if !s.EDDepart.IsZero() && s.EDDepart.After(s.Discharge) {
		s.EDDepart = s.Discharge
	}
}

// harm adds what goes wrong in a hospital: pressure injury (PSI 03), infection of a
// line or catheter, falls. Such diagnoses do not raise the payment group (the
// hospital-acquired conditions of CMS).
func (w *World) harm(s *Stay, h *Hospital, d *chance.Draw, add func(string, string, int, float64)) {
	if s.Days >= 3 && s.Ward != maternity {
		if d.Yes(chance.Expit(-4.6 + h.Effect.PressureInjury)) {
			add(chance.Pick(d, []string{"L89153", "L89154"}), chance.Pick(d, []string{"N", "N", "N", "U"}), 2, .3)
			s.Unit = h.Units[s.Ward].Kind
		} else if d.Yes(.012) {
			add("L89153", "Y", 2, .3) // came with it: not the hospital's
		}
	}
	if s.ICUDays > 2 && d.Yes(.02*chance.Exp(h.Effect.Infection)) {
		add("T80211A", "N", 2, .5)
		s.Unit = h.Units[icu].Kind
	}
	if s.Days >= 3 && s.Ward != maternity && d.Yes(.006*chance.Exp(h.Effect.Infection)) {
		add("T83511A", "N", 2, .1)
		add("N390", "N", 2, .1)
		s.Unit = h.Units[s.Ward].Kind
	}
	if s.Days >= 2 && d.Yes(.008*chance.Exp(h.Effect.Falls)) {
		add("S0990XA", "N", 2, 0)
		add("W1830XA", "N", 2, 0)
		s.Unit = h.Units[s.Ward].Kind
	}
}

// dispose sets the patient discharge status (UB-04 form locator 17).
func (s *Stay) dispose(h *Hospital, r *reason, age int, dies bool, d *chance.Draw) {
	switch {
	case dies:
		s.Disposition = "20"
		s.Days = d.Between(min(1, s.Days), s.Days)
	case r.mdc == 14 || r.mdc == 15:
		s.Disposition = "01"
	case r.mdc == 20 && d.Yes(.12), d.Yes(.008):
		s.Disposition = "07" // against medical advice
	case h.Rural && d.Yes(.05), d.Yes(.012):
		s.Disposition = "02" // to another acute hospital
	case age >= 75 && d.Yes(.04):
		s.Disposition = chance.Pick(d, []string{"50", "51"})
	case age >= 65:
		s.Disposition = []string{"01", "06", "03", "62"}[d.Weighted([]int{44, 28, 23, 5})]
	default:
		s.Disposition = []string{"01", "06", "03"}[d.Weighted([]int{88, 8, 4})]
	}
}

// bound fits what happened in the stay into its length.
func (s *Stay) bound() {
	last := Day(s.Admit).AddDate(0, 0, s.Days)
	for i := range s.Procedures {
		if s.Procedures[i].Date.After(last) {
			s.Procedures[i].Date = last
		}
	}
	s.ICUDays, s.VentHours = min(s.ICUDays, s.Days), min(s.VentHours, 24*max(1, s.Days))
	if s.VentHours > 0 {
		s.Procedures = append(s.Procedures, Procedure{ventilation(s.VentHours), Day(s.Admit)})
	}
}

// price sets cost and charges around a median in dollars.
func (s *Stay) price(h *Hospital, median float64, d *chance.Draw) {
	cost := d.Lognormal(median*h.Effect.Cost, .28)
	s.Cost = int64(math.Floor(float64(cost*100) + .5))
	s.Charges = int64(math.Floor(float64(cost/h.ccr*100) + .5))
}

func flag(code, poa string) string {
	if exempt(code) {
		return "1"
	}
	return poa
}

func poaOf(d *chance.Draw) string {
	return []string{"Y", "N", "U", "W"}[d.Weighted([]int{86, 11, 2, 1})]
}

func ventilation(hours int) string {
	switch {
	case hours < 24:
		return "5A1935Z"
	case hours <= 96:
		return "5A1945Z"
	}
	return "5A1955Z"
}

// ageOdds are the log-odds of death an age adds to those of 65 to 74.
func ageOdds(age int) float64 {
	switch {
	case age < 18:
		return -1.8
	case age < 45:
		return -1.2
	case age < 65:
		return -.5
	case age < 75:
		return 0
	case age < 85:
		return .45
	}
	return .85
}

// severity scales how often acute complications come.
func severity(age int) float64 {
	switch {
	case age < 18:
		return .25
	case age < 45:
		return .5
	case age < 65:
		return .8
	}
	return 1.1
}

// history returns the codes that a person's traits put on every stay.
func (p *Person) history() []string {
	var codes []string
	for _, c := range []struct {
		what Trait
		code string
	}{{Opioids, "F1120"}, {Drinking, "F1020"}, {LivesHIV, "B20"}, {Psychiatric, []string{"F209", "F3112", "F332"}[p.Ordinal%3]},
		{Genetic, []string{"Z1501", "G10"}[p.Ordinal%2]}, {Cancer, "C8338"}} {
		if p.Traits&c.what != 0 {
			codes = append(codes, c.code)
		}
	}
	return codes
}
