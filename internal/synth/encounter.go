package synth

import (
	"strconv"
	"time"

	"chaperone.example/internal/synth/cohort"
)

// columns is the header of encounters.csv: the encounter extract, a discharge
// abstract in the manner of UB-04 and 837I.
func columns() []string {
	c := []string{"encounter_key", "patient_token", "hospital_id", "class", "admit_dt", "discharge_dt", "ed_arrival_dt", "ed_decision_dt", "ed_depart_dt",
		"age_years", "age_days", "sex", "race_eth", "payer", "admit_type", "point_of_origin", "disposition"}
	for _, stem := range []string{"dx", "poa", "pr", "pr_date"} {
		for i := range 25 {
			c = append(c, stem+strconv.Itoa(i+1))
		}
	}
	return append(c, "ms_drg", "drg_version", "mdc", "los_days", "total_charges", "total_cost", "cost_method", "parity", "gest_age_wk", "gravida",
		"icu_days", "vent_hours", "unit_at_event")
}

const timestamp = "2006-01-02T15:04:05-07:00"

func appendHeader(buf []byte, names []string) []byte {
	for i, name := range names {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(buf, name...)
	}
	return append(buf, '\n')
}

// appendRow appends a stay as a row of the extract. No value needs quotes.
func appendRow(buf []byte, w *cohort.World, p *cohort.Person, s *cohort.Stay) []byte {
	h := &w.Hospitals[s.Hospital]
	text := func(v string) { buf = append(append(buf, v...), ',') }
	number := func(n int, known bool) {
		if known {
			buf = strconv.AppendInt(buf, int64(n), 10)
		}
		buf = append(buf, ',')
	}
	moment := func(t time.Time) {
		if !t.IsZero() {
			buf = t.AppendFormat(buf, timestamp)
		}
		buf = append(buf, ',')
	}
	text(s.Key)
	text(p.Token)
	text(h.Slug)
	buf = append(buf, s.Class, ',')
	for _, t := range []time.Time{s.Admit, s.Discharge, s.EDArrival, s.EDDecision, s.EDDepart} {
		moment(t)
	}
	age := p.AgeAt(s.Admit)
	number(min(age, 90), true) // 90 means 90 and over
	number(cohort.DaysBetween(p.Birth, s.Admit), age < 1)
	text(p.Sex())
	text(p.Race.Code)
	number(p.Payer(age), true)
	text(s.AdmitType)
	text(s.Origin)
	text(s.Disposition)
	for i := range 25 {
		if i < len(s.Diagnoses) {
			buf = append(buf, s.Diagnoses[i].Code...)
		}
		buf = append(buf, ',')
	}
	for i := range 25 {
		if i < len(s.Diagnoses) {
			buf = append(buf, s.Diagnoses[i].POA...)
		}
		buf = append(buf, ',')
	}
	for i := range 25 {
		if i < len(s.Procedures) {
			buf = append(buf, s.Procedures[i].Code...)
		}
		buf = append(buf, ',')
	}
	for i := range 25 {
		if i < len(s.Procedures) {
			buf = s.Procedures[i].Date.AppendFormat(buf, time.DateOnly)
		}
		buf = append(buf, ',')
	}
	bed := s.Class == 'I'
	number(s.Group, bed)
	number(drgVersion(s.Discharge), bed)
	number(s.Category, bed)
	number(s.Days, true)
	buf = append(appendCents(buf, s.Charges), ',')
	buf = append(appendCents(buf, s.Cost), ',')
	text(h.CostMethod)
	number(s.Parity, s.Obstetric)
	number(s.Weeks, s.Obstetric)
	number(s.Gravida, s.Obstetric)
	number(s.ICUDays, bed)
	number(s.VentHours, bed)
	return append(append(buf, s.Unit...), '\n')
}

// drgVersion returns the version of the MS-DRG grouper for a discharge: a new one
// takes effect with each federal fiscal year, on 1 October; 2024's is 41.
func drgVersion(discharge time.Time) int {
	year := discharge.Year()
	if discharge.Month() >= time.October {
		year++
	}
	return year - 1983
}

func appendCents(buf []byte, cents int64) []byte {
	buf = strconv.AppendInt(buf, cents/100, 10)
	return append(buf, '.', byte('0'+cents/10%10), byte('0'+cents%10))
}
