// Package day reads civil dates as they stand in health data and answers the two
// questions that de-identification asks of them: which year, and is this person
// over 89.
//
// Dates may be partial (a year, a year and month). Where a part is missing, [Age]
// takes whatever makes the person oldest, so that a doubt never keeps the birth
// year of somebody who may be 90.
package day

// A Date is a civil date. Month and Day are zero when unknown.
type Date struct{ Year, Month, Day int }

// IsZero reports whether nothing is known.
func (d Date) IsZero() bool { return d == Date{} }

// Compare orders dates; a missing part comes first.
func (d Date) Compare(e Date) int {
	return (d.Year*10000 + d.Month*100 + d.Day) - (e.Year*10000 + e.Month*100 + e.Day)
}

// CertainlyBefore reports whether d is before e; a missing part decides nothing.
func (d Date) CertainlyBefore(e Date) bool {
	switch {
	case d.Year != e.Year:
		return d.Year < e.Year
	case d.Month == 0 || e.Month == 0:
		return false
	case d.Month != e.Month:
		return d.Month < e.Month
	case d.Day == 0 || e.Day == 0:
		return false
	}
	return d.Day < e.Day
}

// Age is the age in whole years, on the day at, of somebody born on the day born.
// Missing parts are read so that the age is the greatest possible one.
func Age(born, at Date) int {
	if born.Month == 0 {
		born.Month, born.Day = 1, 1
	} else if born.Day == 0 {
		born.Day = 1
	}
	if at.Month == 0 {
		at.Month, at.Day = 12, 31
	} else if at.Day == 0 {
		at.Day = 31
	}
	age := at.Year - born.Year
	if at.Month < born.Month || at.Month == born.Month && at.Day < born.Day {
		age--
	}
	return age
}

// Aggregate is the age from which 45 CFR 164.514(b)(2)(i)(C) lets ages only stay
// together, as "90 or older".
const Aggregate = 90

// ParseFHIR reads a FHIR date, dateTime or instant: YYYY, YYYY-MM, YYYY-MM-DD, or
// the last with a time of day and zone.
func ParseFHIR(b []byte) (Date, bool) {
	d, n, ok := iso(b)
	if !ok || n == len(b) {
		return d, ok
	}
	if d.Day == 0 || b[n] != 'T' {
		return Date{}, false
	}
	return d, clock(b[n+1:], true)
}

// Parse reads a date in any of the forms met in extracts: the FHIR forms, 20240131
// and 20240131123000, 01/31/2024 and 01/31/24 (month first, as in the United
// States), 31-Jan-2024 and 31-Jan-24; a time of day may follow after "T" or a
// space. Two-digit years are those of the hundred years that end with the year
// latest.
func Parse(b []byte, latest int) (Date, bool) {
	b = trim(b)
	if len(b) < 4 {
		return Date{}, false
	}
	d, n, ok := iso(b)
	if !ok {
		d, n, ok = compact(b)
	}
	if !ok {
		d, n, ok = slashed(b, latest)
	}
	if !ok {
		d, n, ok = named(b, latest)
	}
	if !ok {
		return Date{}, false
	}
	if n == len(b) {
		return d, true
	}
	if d.Day == 0 || b[n] != 'T' && b[n] != ' ' {
		return Date{}, false
	}
	return d, clock(b[n+1:], false)
}

func trim(b []byte) []byte {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	for len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	return b
}

// num reads exactly n digits at the start of b.
func num(b []byte, n int) (int, bool) {
	if len(b) < n {
		return 0, false
	}
	v := 0
	for _, c := range b[:n] {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, true
}

// digits counts the digits at the start of b.
func digits(b []byte) int {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

var lengths = [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// valid checks a date; years are those a health record can speak of.
func (d Date) valid() bool {
	if d.Year < 1800 || d.Year > 2199 || d.Month < 0 || d.Month > 12 || d.Day < 0 {
		return false
	}
	return d.Day <= lengths[d.Month] || d.Month == 0 && d.Day == 0
}

// iso reads YYYY[-MM[-DD]] and returns how many bytes it took.
func iso(b []byte) (Date, int, bool) {
	var d Date
	var ok bool
	if digits(b) != 4 {
		return d, 0, false
	}
	if d.Year, ok = num(b, 4); !ok {
		return d, 0, false
	}
	n := 4
	if len(b) > n && b[n] == '-' {
		if digits(b[n+1:]) != 2 {
			return d, 0, false
		}
		d.Month, _ = num(b[n+1:], 2)
		n += 3
		if d.Month == 0 {
			return d, 0, false
		}
		if len(b) > n && b[n] == '-' {
			if digits(b[n+1:]) != 2 {
				return d, 0, false
			}
			d.Day, _ = num(b[n+1:], 2)
			n += 3
			if d.Day == 0 {
				return d, 0, false
			}
		}
	}
	return d, n, d.valid()
}

// compact reads YYYYMMDD, perhaps followed by HHMM or HHMMSS without a separator.
func compact(b []byte) (Date, int, bool) {
	n := digits(b)
	if n != 8 && n != 12 && n != 14 {
		return Date{}, 0, false
	}
	var d Date
	d.Year, _ = num(b, 4)
	d.Month, _ = num(b[4:], 2)
	d.Day, _ = num(b[6:], 2)
	if n > 8 {
		h, _ := num(b[8:], 2)
		m, _ := num(b[10:], 2)
		s := 0
		if n == 14 {
			s, _ = num(b[12:], 2)
		}
		if h > 23 || m > 59 || s > 60 {
			return d, 0, false
		}
	}
	return d, n, d.valid() && d.Month > 0 && d.Day > 0
}

// slashed reads M/D/YYYY, M/D/YY and the same with dots or hyphens; when the first
// number cannot be a month and the second can, the day stands first.
func slashed(b []byte, latest int) (Date, int, bool) {
	var d Date
	n := digits(b)
	if n < 1 || n > 2 || len(b) <= n {
		return d, 0, false
	}
	sep := b[n]
	if sep != '/' && sep != '-' && sep != '.' {
		return d, 0, false
	}
	d.Month, _ = num(b, n)
	k := digits(b[n+1:])
	if k < 1 || k > 2 || len(b) <= n+1+k || b[n+1+k] != sep {
		return d, 0, false
	}
	d.Day, _ = num(b[n+1:], k)
	n += k + 2
	var ok bool
	var taken int
	if d.Year, taken, ok = year(b[n:], latest); !ok {
		return d, 0, false
	}
	if d.Month > 12 && d.Day <= 12 {
		d.Month, d.Day = d.Day, d.Month
	}
	return d, n + taken, d.valid() && d.Month > 0 && d.Day > 0
}

const months = "janfebmaraprmayjunjulaugsepoctnovdec"

// named reads D-Mon-YYYY, D Mon YYYY, D-Mon-YY; the month by its first three
// letters.
func named(b []byte, latest int) (Date, int, bool) {
	var d Date
	n := digits(b)
	if n < 1 || n > 2 || len(b) < n+6 || b[n] != '-' && b[n] != ' ' && b[n] != '/' {
		return d, 0, false
	}
	d.Day, _ = num(b, n)
	sep := b[n]
	n++
	var low [3]byte
	for i := range low {
		low[i] = b[n+i] | 0x20
	}
	for m := 0; m < len(months); m += 3 {
		if months[m:m+3] == string(low[:]) {
			d.Month = m/3 + 1
		}
	}
	n += 3
	if d.Month == 0 || d.Day == 0 || b[n] != sep {
		return d, 0, false
	}
	n++
	y, taken, ok := year(b[n:], latest)
	d.Year = y
	return d, n + taken, ok && d.valid()
}

// year reads four digits, or two and puts them into the hundred years up to latest.
func year(b []byte, latest int) (y, taken int, ok bool) {
	switch digits(b) {
	case 4:
		y, _ = num(b, 4)
		return y, 4, true
	case 2:
		y, _ = num(b, 2)
		y += latest / 100 * 100
		if y > latest {
			y -= 100
		}
		return y, 2, true
	}
	return 0, 0, false
}

// clock reads hh:mm[:ss[.fraction]] and a zone; strict demands seconds and a zone,
// as FHIR does.
func clock(b []byte, strict bool) bool {
	h, ok1 := num(b, 2)
	if !ok1 || h > 24 || len(b) < 5 || b[2] != ':' {
		return false
	}
	m, ok2 := num(b[3:], 2)
	if !ok2 || m > 59 {
		return false
	}
	b = b[5:]
	if len(b) > 0 && b[0] == ':' {
		s, ok := num(b[1:], 2)
		if !ok || s > 60 {
			return false
		}
		b = b[3:]
		if len(b) > 0 && b[0] == '.' {
			n := digits(b[1:])
			if n == 0 {
				return false
			}
			b = b[1+n:]
		}
	} else if strict {
		return false
	}
	if len(b) == 0 {
		return !strict
	}
	if !strict && b[0] == ' ' {
		b = b[1:]
		if len(b) == 2 && (b[0]|0x20 == 'a' || b[0]|0x20 == 'p') && b[1]|0x20 == 'm' {
			return true
		}
	}
	if len(b) == 1 {
		return b[0] == 'Z'
	}
	if len(b) != 6 || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return false
	}
	zh, ok1 := num(b[1:], 2)
	zm, ok2 := num(b[4:], 2)
	return ok1 && ok2 && zh <= 14 && zm <= 59
}

// Clock reports whether b is a FHIR time, hh:mm:ss with or without a fraction.
func Clock(b []byte) bool {
	if len(b) < 8 || len(b) > 15 {
		return false
	}
	for _, c := range b {
		if (c < '0' || c > '9') && c != ':' && c != '.' {
			return false
		}
	}
	return true
}
