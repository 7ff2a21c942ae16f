package table

import (
	"bytes"

	"chaperone.example/deid/day"
)

// clinicalCode reports whether b may be a code of ICD-10, ICD-9, CPT or HCPCS: up to
// eight letters and digits with a point, and of plain numbers only those of at most
// five digits, or of seven, as ICD-10-PCS has them.
func clinicalCode(b []byte) bool {
	digits := 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '.' || c == '-':
		default:
			return false
		}
	}
	return len(b) <= 8 && (digits < len(b) || digits <= 5 || digits == 7)
}

// amount reports whether b is a number of at most nine digits before the point.
func amount(b []byte) bool {
	if b[0] == '-' || b[0] == '$' {
		b = b[1:]
	}
	whole, fraction, point := bytes.Cut(b, []byte("."))
	return len(whole) > 0 && len(whole) <= 9 && onlyDigits(whole, "") && (!point || len(fraction) <= 6 && (len(fraction) == 0 || onlyDigits(fraction, "")))
}

// category reports whether b may be one of a few values: a short word or code and
// nothing that looks like a name with a number, a date, a telephone number or an
// address.
func category(b []byte) bool {
	if len(b) > 40 || (b[0] == '+' || b[0] == '-') && len(b) > 1 {
		return false
	}
	run, longest, groups := 0, 0, 0
	for _, c := range b {
		if c == '@' || c == '\n' || c == ':' || c == '=' {
			return false
		}
		if c >= '0' && c <= '9' {
			if run == 0 {
				groups++
			}
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	if b[0] >= '0' && b[0] <= '9' { // as every date does
		if d, ok := day.Parse(b, 2100); ok && d.Day > 0 {
			return false
		}
	}
	return longest <= 6 && groups <= 2
}
