package term

import (
	"bytes"
	"strings"
)

// unitAtoms are the unit symbols of UCUM (ucum.org, version 2.1) met in clinical data,
// case sensitive, without prefixes.
const unitAtoms = "|m|s|g|rad|K|cd|C|mol|sr|Hz|N|Pa|J|W|A|V|F|Ohm|S|Wb|Cel|T|H|lm|lx|Bq|Gy|Sv|gon|deg|l|L|ar|min|h|d|a|a_t|a_j|a_g|wk|mo|mo_s|mo_j|mo_g|t|bar|u|eV|AU|pc|Ky|Gal|dyn|erg|P|Bi|St|Mx|G|Oe|" +
	"Gb|sb|Lmb|ph|Ci|R|RAD|REM|cal|cal_IT|cal_th|Cal|Btu|HP|tex|B|B[SPL]|B[V]|B[W]|B[kW]|st|Ao|b|att|mho|psi|circ|sph|car|car_Au|smoot|bit|By|Bd|kat|U|Torr|eq|osm|pH|g%|tbl|" +
	"[in_i]|[ft_i]|[yd_i]|[mi_i]|[sin_i]|[sft_i]|[in_us]|[ft_us]|[lb_av]|[oz_av]|[gr]|[dr_av]|[lb_tr]|[oz_tr]|[gal_us]|[qt_us]|[pt_us]|[cup_us]|[foz_us]|[tbs_us]|[tsp_us]|[cup_m]|[foz_m]|[tbs_m]|[tsp_m]|" +
	"[degF]|[degR]|[Cal]|[pH]|[ppth]|[ppm]|[ppb]|[pptr]|[drp]|[Ch]|[IU]|[iU]|[arb'U]|[USP'U]|[GPL'U]|[MPL'U]|[APL'U]|[beth'U]|[anti'Xa'U]|[todd'U]|[dye'U]|[smgy'U]|[bdsk'U]|[ka'U]|[knk'U]|[mclg'U]|[tb'U]|" +
	"[CCID_50]|[TCID_50]|[EID_50]|[PFU]|[FFU]|[CFU]|[BAU]|[AU]|[Amb'a'1'U]|[PNU]|[Lf]|[D'ag'U]|[FEU]|[ELU]|[EU]|[IR]|[MET]|[HPF]|[LPF]|[hnsf'U]|[APS'U]|[diop]|[p'diop]|%[slope]|[mesh_i]|[hp'_X]|[S]|[bit_s]|" +
	"m[H2O]|m[Hg]|[in_i'H2O]|[in_i'Hg]|[PRU]|[wood'U]|[RFC3339]|[NTU]|[FNU]|[kn_i]|[psi]|"

const unitPrefixes = "|Y|Z|E|P|T|G|M|k|h|da|d|c|m|u|n|p|f|a|z|y|Ki|Mi|Gi|Ti|"

// unitWords are words that stand for units, or annotate them, in plain writing.
const unitWords = "|mcg|mg|gm|gms|ml|dl|cc|iu|ug|kg|lb|lbs|oz|cm|mm|km|in|ft|inch|inches|foot|feet|pound|pounds|ounce|ounces|gram|grams|kilogram|kilograms|milligram|milligrams|microgram|micrograms|" +
	"liter|liters|litre|litres|milliliter|milliliters|deciliter|meter|meters|metre|centimeter|centimeters|millimeter|millimeters|" +
	"sec|secs|second|seconds|minute|minutes|min|mins|hr|hrs|hour|hours|day|days|week|weeks|wks|month|months|mos|yr|yrs|year|years|y|" +
	"mmhg|bpm|beat|beats|breath|breaths|per|percent|percentage|ratio|score|points|point|count|counts|cells|cell|copies|copy|index|units|unit|u|meq|mmol|umol|nmol|pmol|mol|mosm|osm|eq|" +
	"celsius|fahrenheit|degree|degrees|degf|degc|f|c|tablet|tablets|tab|tabs|capsule|capsules|cap|caps|dose|doses|puff|puffs|drop|drops|spray|sprays|patch|patches|vial|vials|ampule|ampules|syringe|syringes|" +
	"application|applications|packet|packets|suppository|suppositories|lozenge|lozenges|pack|packs|pen|pens|kit|kits|box|bottle|bottles|each|ea|piece|pieces|inhalation|inhalations|implant|device|" +
	"copies_per_ml|index_val|rbc|wbc|hpf|lpf|creat|creatinine|protein|total|hgb|hb|fibrinogen|feu|ddu|a1c|isr|inr|s_co_ratio|s/co|od|titer|dilution|cfu|colonies|colony|log|log_copies|log10|ph|" +
	"cigarettes|cigarette|packyears|packs_per_day|pack_years|packs/day|drinks|drink|standard_drinks|servings|meals|steps|step|kcal|cal|calories|kilocalories|joules|watts|mets|met|" +
	"usd|dollars|visit|visits|session|sessions|event|events|episode|episodes|fall|falls|person|persons|people|patient|patients|number|no|nominal|ordinal|daly|qaly|" +
	"temperature|volume|weight|mass|height|length|body|surface|area|rate|respirations|resp|heart|pulse|breaths_per_minute|beats_per_minute|am|pm|x|and|of|or|1.73_m2|#|mmole|mmoles|micromol|pg|fl|ng|tbsp|tsp|teaspoon|teaspoons|tablespoon|tablespoons|international|" +
	"a|mo|wk|d|h|s|m|l|g|t|z|"

// Unit reports whether b is a unit: an expression of UCUM, or plain words for one.
func Unit(b []byte) bool {
	return len(b) > 0 && len(b) <= 60 && (ucum(b) || plainUnit(b))
}

// ucum parses an expression of UCUM: components joined by "." and "/", each a symbol
// with an optional prefix and exponent, a small number, or an annotation of known
// words; parentheses once.
func ucum(b []byte) bool {
	start, square, curly := 0, 0, 0
	for i := 0; i <= len(b); i++ {
		c := byte('/')
		if i < len(b) {
			c = b[i]
		}
		switch {
		case c == '[':
			square++
		case c == ']':
			square--
		case c == '{':
			curly++
		case c == '}':
			curly--
		case square == 0 && curly == 0 && (c == '/' || c == '.'):
			part := bytes.Trim(b[start:i], "()")
			if len(part) == 0 && !(i == 0 && c == '/') { // "/min" is a rate
				return false
			}
			if len(part) > 0 && !ucumPart(part) {
				return false
			}
			start = i + 1
		}
	}
	return square == 0 && curly == 0
}

func ucumPart(b []byte) bool {
	if i := bytes.IndexByte(b, '{'); i >= 0 {
		if b[len(b)-1] != '}' || !annotation(b[i+1:len(b)-1]) {
			return false
		}
		if b = b[:i]; len(b) == 0 {
			return true
		}
	}
	if string(b) == "%" || string(b) == "10*" || string(b) == "10^" {
		return true
	}
	if p, ok := bytes.CutPrefix(b, []byte("10*")); ok {
		return exponent(p)
	}
	if p, ok := bytes.CutPrefix(b, []byte("10^")); ok {
		return exponent(p)
	}
	if Every(b, 1, 3, Digit) {
		return true
	}
	for n := len(b); n > 0 && n >= len(b)-2; n-- {
		if n < len(b) && !exponent(b[n:]) {
			continue
		}
		if atom(b[:n]) {
			return true
		}
	}
	return false
}

func exponent(b []byte) bool {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	return Every(b, 1, 2, Digit)
}

func atom(b []byte) bool {
	if Listed(unitAtoms, b) {
		return true
	}
	for n := 1; n <= 2 && n < len(b); n++ {
		if Listed(unitPrefixes, b[:n]) && Listed(unitAtoms, b[n:]) {
			return true
		}
	}
	return false
}

func annotation(b []byte) bool {
	for part := range bytes.FieldsFuncSeq(bytes.ToLower(b), func(r rune) bool { return r == '_' || r == '-' }) {
		if !Listed(unitWords, part) && !Every(part, 0, 3, func(c byte) bool { return Digit(c) || c == '.' }) {
			return Listed(unitWords, bytes.ToLower(b))
		}
	}
	return true
}

// plainUnit reports whether b is made of known words and small numbers.
func plainUnit(b []byte) bool {
	words := 0
	for part := range bytes.FieldsFuncSeq(bytes.ToLower(b), func(r rune) bool { return strings.ContainsRune(" /-.,()^*%", r) }) {
		n := 0
		for n < len(part) && n < 4 && (Digit(part[n]) || part[n] == '.') {
			n++
		}
		if rest := part[n:]; len(rest) > 0 && (Listed(unitWords, rest) || n > 0 && Letter(rest[0]) && ucumPart(rest)) { // "1.73m2"
			words++
			continue
		}
		if !Every(part, 1, 4, func(c byte) bool { return Digit(c) || c == '.' }) {
			return false
		}
	}
	return words > 0
}

// PerYear says how many of a unit of time make a year; zero for other units.
func PerYear(b []byte) float64 {
	switch string(bytes.ToLower(b)) {
	case "a", "y", "yr", "yrs", "year", "years", "a_j", "a_g", "a_t", "{years}", "{year}":
		return 1
	case "mo", "mos", "month", "months", "mo_j", "mo_g", "mo_s":
		return 12
	case "wk", "wks", "week", "weeks":
		return 52.1775
	case "d", "day", "days":
		return 365.2425
	case "h", "hr", "hrs", "hour", "hours":
		return 8765.82
	}
	return 0
}
