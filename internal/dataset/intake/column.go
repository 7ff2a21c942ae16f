package intake

import "slices"

import "time"

// A kind is what the values of a column look like.
type kind struct {
	ok     func([]byte) bool
	flaw   string // what is wrong with a value that is not ok
	remedy string
}

// A column is one that a table may have.
type column struct {
	name   string
	kind   kind
	needed bool // the table must have it
	filled bool // every row must have a value
}

// matches returns a kind whose values are of min to max bytes that in accepts.
func matches(min, max int, in func(byte) bool, flaw, remedy string) kind {
	return kind{func(v []byte) bool {
		if len(v) < min || len(v) > max {
			return false
		}
		for _, c := range v {
			if !in(c) {
				return false
			}
		}
		return true
	}, flaw, remedy}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isAlnum(c byte) bool { return isDigit(c) || isUpper(c) || c >= 'a' && c <= 'z' }
func isKey(c byte) bool   { return isAlnum(c) || c == '-' || c == '_' || c == '.' || c == ':' }

// oneOf returns a kind with a closed list of values.
func oneOf(remedy string, values ...string) kind {
	return kind{func(v []byte) bool {
		return slices.Contains(values, string(v))
	}, "the value is not in the code list of the column", remedy}
}

// whole returns a kind of whole numbers from lo to hi.
func whole(lo, hi int, remedy string) kind {
	return kind{func(v []byte) bool {
		n, ok := number(v)
		return ok && n >= lo && n <= hi
	}, "the value is not a whole number within the bounds of the column", remedy}
}

// number reads up to nine digits.
func number(v []byte) (int, bool) {
	if len(v) == 0 || len(v) > 9 {
		return 0, false
	}
	n := 0
	for _, c := range v {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// decimal returns a kind of numbers with at most digits before the point and places
// after it, not negative.
func decimal(digits, places int, remedy string) kind {
	return kind{func(v []byte) bool {
		point := len(v)
		for i, c := range v {
			switch {
			case c == '.' && point == len(v):
				point = i
			case !isDigit(c):
				return false
			}
		}
		after := len(v) - point - 1
		return point >= 1 && point <= digits && (point == len(v) || after >= 1 && after <= places)
	}, "the value is not a number of the form that the column takes", remedy}
}

// text is a kind of free values on one line, for the directly identifying columns.
func text(max int) kind {
	return kind{func(v []byte) bool { return len(v) <= max }, "the value is too long for the column", "shorten it to what the column is for"}
}

var (
	key  = matches(1, 128, isKey, "the value is not a key", "use letters, digits, dash, underscore, dot and colon, at most 128")
	code = matches(1, 40, isKey, "the value is not a code", "use the code, not its name: letters, digits, dash, underscore, dot and colon, at most 40")

	timestamp = kind{func(v []byte) bool { _, ok := parseMoment(v); return ok },
		"the value is not a local time with its offset", "write it as 2026-03-15T14:05:00-05:00"}
	day   = kind{isDay, "the value is not a date", "write it as 2026-03-15"}
	month = kind{func(v []byte) bool { return len(v) == 7 && isDay(append(append(make([]byte, 0, 10), v...), "-01"...)) },
		"the value is not a month", "write it as 2026-03"}

	diagnosis = kind{isDiagnosis, "the value is not an ICD-10-CM code", "write the code in capitals without the dot, such as I5023"}
	procedure = matches(7, 7, func(c byte) bool { return isDigit(c) || isUpper(c) && c != 'I' && c != 'O' },
		"the value is not an ICD-10-PCS code", "write all seven characters of the code in capitals, such as 02703DZ")
	zip = kind{isZIP, "the value is not a ZIP code", "write five digits, or nine with a dash"}
)

// isDiagnosis reports whether v has the shape of an ICD-10-CM code without its dot:
// a letter, a digit, and one to five letters or digits.
func isDiagnosis(v []byte) bool {
	if len(v) < 3 || len(v) > 7 || !isUpper(v[0]) || !isDigit(v[1]) {
		return false
	}
	for _, c := range v[2:] {
		if !isDigit(c) && !isUpper(c) {
			return false
		}
	}
	return true
}

func isZIP(v []byte) bool {
	if len(v) != 5 && !(len(v) == 10 && v[5] == '-') {
		return false
	}
	for i, c := range v {
		if i != 5 && !isDigit(c) {
			return false
		}
	}
	return true
}

// A moment is a time of the extract.
type moment struct {
	unix int64 // seconds
	day  int64 // number of the local day
}

func isDay(v []byte) bool {
	_, ok := parseDay(v)
	return ok
}

// parseDay reads "2026-03-15" of the years 1850 to 2199.
func parseDay(v []byte) (time.Time, bool) {
	if len(v) != 10 || v[4] != '-' || v[7] != '-' {
		return time.Time{}, false
	}
	y, ok1 := number(v[:4])
	m, ok2 := number(v[5:7])
	d, ok3 := number(v[8:10])
	if !ok1 || !ok2 || !ok3 || y < 1850 || y > 2199 || m < 1 || m > 12 || d < 1 {
		return time.Time{}, false
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, t.Day() == d
}

// parseMoment reads RFC 3339 times, whose seconds may be left out: local time and
// its offset from UTC.
func parseMoment(v []byte) (moment, bool) {
	if len(v) < 17 || v[10] != 'T' || v[13] != ':' {
		return moment{}, false
	}
	date, ok := parseDay(v[:10])
	hour, ok1 := number(v[11:13])
	minute, ok2 := number(v[14:16])
	if !ok || !ok1 || !ok2 || hour > 23 || minute > 59 {
		return moment{}, false
	}
	rest, second := v[16:], 0
	if rest[0] == ':' {
		if len(rest) < 4 {
			return moment{}, false
		}
		if second, ok = number(rest[1:3]); !ok || second > 60 {
			return moment{}, false
		}
		if rest = rest[3:]; rest[0] == '.' {
			i := 1
			for i < len(rest) && isDigit(rest[i]) {
				i++
			}
			if i == 1 || i > 10 || i == len(rest) {
				return moment{}, false
			}
			rest = rest[i:]
		}
	}
	offset, ok := parseOffset(rest)
	local := date.Unix() + int64(hour*3600+minute*60+second)
	return moment{local - offset, date.Unix() / 86400}, ok
}

// parseOffset reads "Z" or "-05:00" in seconds.
func parseOffset(v []byte) (int64, bool) {
	if string(v) == "Z" {
		return 0, true
	}
	if len(v) != 6 || v[0] != '+' && v[0] != '-' || v[3] != ':' {
		return 0, false
	}
	h, ok1 := number(v[1:3])
	m, ok2 := number(v[4:6])
	if !ok1 || !ok2 || h > 14 || m > 59 {
		return 0, false
	}
	seconds := int64(h*3600 + m*60)
	if v[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}
