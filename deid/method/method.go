// Package method says what is done to each kind of value: the knobs of
// de-identification that every format shares.
//
// 45 CFR 164.514 knows three methods, and each is a setting of the knobs: Safe Harbor
// ((b)(2)), the limited data set ((e)) and the expert determination ((b)(1)). What is
// removed in all of them (names, numbers, addresses, free text …) is not a knob.
package method

import (
	"chaperone.example/deid/day"
	"chaperone.example/deid/shift"
	"chaperone.example/deid/zip3"
)

// Dates says what becomes of dates.
type Dates uint8

const (
	Years   Dates = iota // the year stays: 45 CFR 164.514(b)(2)(i)(C)
	Full                 // dates and times stay: limited data set
	Shifted              // each patient's dates move by the same number of days: expert determination
)

// A Method is a setting of the knobs. The zero value, with a ZIP table, is the
// strictest.
type Method struct {
	Dates   Dates
	AllAges bool            // ages over 89 stay as they are
	ZIP     *zip3.Table     // ZIP codes become three digits by this table; nil: they stay whole
	Cities  bool            // towns and cities stay
	Scrub   bool            // notes stay, without what identifies in them; otherwise they go
	Shift   *shift.Calendar // by how much the dates of a patient move, when they do
	AsOf    day.Date        // the day at which ages are judged when nothing in the record says otherwise
}

// SafeHarbor is the method of 45 CFR 164.514(b)(2), with the ZIP table of a census.
func SafeHarbor(zip *zip3.Table, asOf day.Date) Method {
	return Method{ZIP: zip, AsOf: asOf}
}

// LimitedDataSet is the limited data set of 45 CFR 164.514(e): dates, towns, States
// and ZIP codes stay.
func LimitedDataSet(asOf day.Date) Method {
	return Method{Dates: Full, AllAges: true, Cities: true, AsOf: asOf}
}

// Old reports whether the method removes the year of a date because it tells of an
// age over 89: the date is 90 years or more before the as-of date. Years and months
// without a day count as their first day.
func (m Method) Old(d day.Date) bool {
	return !m.AllAges && day.Age(d, m.AsOf) >= day.Aggregate
}
