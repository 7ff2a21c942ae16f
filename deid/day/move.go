package day

import "time"

// Move appends the date b, in any form that [Parse] reads, moved by a number of days: a
// compact date stays compact, any other becomes YYYY-MM-DD; what it does not say it does
// not say after either, a month or year being moved from its middle; a time of day
// stays.
func Move(out, b []byte, latest, days int) ([]byte, bool) {
	b = trim(b)
	d, n, ok := iso(b)
	packed := false
	if !ok {
		d, n, ok = compact(b)
		packed = ok
	}
	if !ok {
		d, n, ok = slashed(b, latest)
	}
	if !ok {
		d, n, ok = named(b, latest)
	}
	if _, whole := Parse(b, latest); !ok || !whole {
		return out, false
	}
	month, of := d.Month, d.Day
	if month == 0 {
		month, of = 7, 1
	} else if of == 0 {
		of = 15
	}
	t := time.Date(d.Year, time.Month(month), of+days, 0, 0, 0, 0, time.UTC)
	layout := time.DateOnly
	switch {
	case packed:
		layout, n = "20060102", 8
	case d.Month == 0:
		layout = "2006"
	case d.Day == 0:
		layout = "2006-01"
	}
	return append(t.AppendFormat(out, layout), b[n:]...), true
}
