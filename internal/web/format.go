package web

import (
	"strconv"
	"time"
)

// Date writes a day as "Nov 24, 2026"; the zero time is a dash.
func Date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Format("Jan 2, 2006")
}

// Time writes a moment as "Nov 24, 2026, 15:04 UTC"; the zero time is a dash.
func Time(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("Jan 2, 2006, 15:04 UTC")
}

// Gap says how much later than it happened something was recorded, "recorded 3 days
// later". Up to a day is not worth a word.
func Gap(happened, recorded time.Time) string {
	gap := recorded.Sub(happened)
	if happened.IsZero() || recorded.IsZero() || gap <= 24*time.Hour {
		return ""
	}
	return "recorded " + Plural(int64(gap/(24*time.Hour)), "day", "days") + " later"
}

// Count writes a whole number with its thousands apart: 5298 is "5,298".
func Count[N ~int | ~int64 | ~int32 | ~uint | ~uint64 | ~uint32](n N) string {
	var digits, sign string
	if n < 0 {
		digits, sign = strconv.FormatInt(int64(n), 10)[1:], "−"
	} else {
		digits = strconv.FormatUint(uint64(n), 10)
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Plural writes a number with the noun that agrees with it: "1 record", "2 records".
func Plural[N ~int | ~int64 | ~int32 | ~uint | ~uint64 | ~uint32](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Bytes writes a size in decimal units: 1500000 is "1.5 MB".
func Bytes(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, unit := float64(n)/1000, "kB"
	for _, u := range []string{"MB", "GB", "TB"} {
		if v < 999.95 {
			break
		}
		v, unit = v/1000, u
	}
	s := strconv.FormatFloat(v, 'f', 1, 64)
	if s[len(s)-2:] == ".0" {
		s = s[:len(s)-2]
	}
	return s + " " + unit
}

// Short is the beginning of a hash or another long name, for reading; show the
// whole with [Hash] where it can be copied.
func Short(hash string) string {
	const n = 12
	if len(hash) <= n {
		return hash
	}
	return hash[:n]
}
