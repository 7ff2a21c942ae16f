package term

import "bytes"

const resultWords = "|positive|negative|detected|not detected|reactive|nonreactive|non-reactive|normal|abnormal|high|low|present|absent|none|trace|" +
	"small|moderate|large|clear|cloudy|turbid|hazy|yellow|amber|straw|red|brown|green|colorless|invalid|indeterminate|inconclusive|equivocal|" +
	"susceptible|intermediate|resistant|yes|no|unknown|few|many|rare|occasional|a|b|ab|o|rh positive|rh negative|pending|not done|"

// Result reports whether a string result is a known word, or a number of at
// most four digits before the point with perhaps a comparator and a unit. A longer
// number may be a telephone or record number.
func Result(b []byte) bool {
	low := bytes.ToLower(bytes.TrimSpace(b))
	if Listed(resultWords, low) {
		return true
	}
	for _, c := range []string{"less than or equal to", "greater than or equal to", "less than", "greater than", "more than", "<=", ">=", "<", ">", "~", "-"} {
		if rest, ok := bytes.CutPrefix(low, []byte(c)); ok {
			low = bytes.TrimSpace(rest)
			break
		}
	}
	i := 0
	for i < len(low) && Digit(low[i]) {
		i++
	}
	if i == 0 || i > 4 {
		return false
	}
	if i < len(low) && low[i] == '.' {
		d := i + 1
		for i = d; i < len(low) && Digit(low[i]); i++ {
		}
		if i == d || i > d+6 {
			return false
		}
	}
	rest := bytes.TrimSpace(low[i:])
	return len(rest) == 0 || Unit(rest)
}

// Samples reports whether b is the data of a SampledData: decimals, E, L and U.
func Samples(b []byte) bool {
	for part := range bytes.SplitSeq(b, []byte(" ")) {
		if string(part) == "E" || string(part) == "L" || string(part) == "U" {
			continue
		}
		part = bytes.TrimPrefix(part, []byte("-"))
		if !Every(part, 1, 6, func(c byte) bool { return Digit(c) || c == '.' }) {
			return false
		}
	}
	return true
}
