// Package civil holds dates without a time of day or a zone, as laws and
// agreements use them. Deadlines are counted in calendar days.
package civil

import (
	"fmt"
	"time"
)

// A Date is a day of the Gregorian calendar. The zero Date means "none"; dates
// compare with < and ==, and subtract to a number of days.
type Date int32

// epoch is the day before 1 January of year 1, so that every real date is positive.
var epoch = time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC)

// Of returns the date of a year, month and day.
func Of(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()/86400 - epoch.Unix()/86400)
}

// On returns the date of t in t's own zone; the zero time has no date.
func On(t time.Time) Date {
	if t.IsZero() {
		return 0
	}
	y, m, d := t.Date()
	return Of(y, m, d)
}

// Parse reads a date like 2026-01-31; the empty string is the zero Date.
func Parse(s string) (Date, error) {
	if s == "" {
		return 0, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return 0, fmt.Errorf("%q is not a date: write it like 2026-01-31", s)
	}
	return Of(t.Year(), t.Month(), t.Day()), nil
}

// Time returns midnight UTC of the date.
func (d Date) Time() time.Time {
	if d == 0 {
		return time.Time{}
	}
	return time.Unix(epoch.Unix()+int64(d)*86400, 0).UTC()
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.Time().Weekday() }

// Year returns the year.
func (d Date) Year() int { return d.Time().Year() }

// String returns the date like 2026-01-31, empty for the zero Date.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// MarshalText writes the date as String does.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Date) UnmarshalText(b []byte) error {
	v, err := Parse(string(b))
	if err == nil {
		*d = v
	}
	return err
}

// Within reports whether d lies between from and to, both included; a zero bound is open.
func (d Date) Within(from, to Date) bool { return (from == 0 || d >= from) && (to == 0 || d <= to) }
