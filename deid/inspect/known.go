package inspect

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Known is the identifiers of the people of a batch. Add to it first, then look; it is
// not for several goroutines.
type Known struct {
	words   map[string]byte // folded → letter of 45 CFR 164.514(b)(2)(i)
	numbers map[string]byte // digits only → letter
	sorted  [][]byte
	auto    *automaton
}

// NewKnown returns an empty set.
func NewKnown() *Known {
	return &Known{words: map[string]byte{}, numbers: map[string]byte{}}
}

// Shortest is the length of the shortest identifier that is looked for, in characters:
// shorter ones are found everywhere by chance.
const Shortest = 3

// Add adds an identifier with its letter, 'A' (a name) to 'R'.
func (k *Known) Add(letter byte, value string) {
	value = strings.TrimSpace(value)
	if utf8.RuneCountInString(value) < Shortest {
		return
	}
	k.auto = nil
	k.words[fold(value)] = letter
	if d := digitsOf(value); len(d) >= 7 && len(d)*2 >= len(value) {
		k.numbers[d] = letter
	}
}

// Len is the number of identifiers.
func (k *Known) Len() int { return len(k.words) }

// fold brings a text into the form in which identifiers are compared.
func fold(s string) string { return strings.ToLower(s) }

func digitsOf(s string) string {
	var d []byte
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			d = append(d, s[i])
		}
	}
	return string(d)
}

func (k *Known) build() {
	if k.auto != nil {
		return
	}
	k.sorted = k.sorted[:0]
	for w := range k.words {
		k.sorted = append(k.sorted, []byte(w))
	}
	slices.SortFunc(k.sorted, bytes.Compare)
	k.auto = newAutomaton(k.sorted)
}

// common lists words that are names as well: a hit on them alone is not certain.
const common = "|white|black|brown|green|gray|grey|gold|silver|rose|red|blue|may|april|june|august|summer|winter|day|week|will|hope|grace|faith|joy|long|short|young|old|small|little|rich|wise|strong|" +
	"king|queen|prince|bishop|pope|cook|baker|butler|carpenter|mason|miller|smith|taylor|turner|walker|hunter|fisher|shepherd|potter|porter|page|park|parks|hill|field|fields|wood|woods|brook|brooks|lake|rivers|stone|" +
	"church|temple|house|hall|barn|ford|mills|wells|pool|marsh|moss|reed|rice|bean|berry|lamb|bass|fox|wolf|bird|bush|flower|flowers|branch|rush|love|case|cases|price|cash|mark|frank|grant|drew|art|dean|earl|" +
	"male|female|other|asian|home|inpatient|outpatient|left|right|head|hand|arms|legg|foot|knee|heart|bone|blood|pain|burns|cruz|ana|tests|best|good|bright|sharp|swift|rapid|normal|positive|hodgkin|crohn|parkinson|alzheimer|" +
	"washington|virginia|georgia|carolina|dakota|texas|florida|montana|nevada|jordan|france|china|israel|holland|ireland|england|german|french|spanish|english|"

// isCommon reports whether a word, as a whole text, is on the list.
func isCommon(s string) bool { return strings.Contains(common, "|"+fold(s)+"|") }

// hits calls found with the letter of every identifier that stands in text as a whole
// word, and whether the hit is certain, until found returns false.
func (k *Known) hits(text string, found func(letter byte, certain bool) bool) {
	k.build()
	folded := []byte(fold(text))
	same := len(folded) == len(text)
	going := true
	k.auto.find(folded, func(w int32, end int) bool {
		word := k.sorted[w]
		start := end - len(word)
		if !edge(folded, start, end) {
			return true
		}
		letter := k.words[string(word)]
		certain := true
		if short := len(word) <= 5 && digitsOf(string(word)) == string(word); short {
			if fraction(folded, start, end) {
				return true
			}
			certain = false // a ZIP code, an amount, a count: chance
		} else if letter == 'A' || letter == 'B' {
			certain = !isCommon(string(word))
			// A short name in small letters is a word more often than a name.
			if same && len(word) < 5 && strings.ToLower(text[start:end]) == text[start:end] {
				certain = false
			}
		}
		going = found(letter, certain)
		return going
	})
	if going {
		k.numberHits(text, found)
	}
}

// fraction reports whether the number is a part of one with a decimal point.
func fraction(text []byte, start, end int) bool {
	return end+1 < len(text) && text[end] == '.' && isDigit(text[end+1]) || start > 1 && text[start-1] == '.' && isDigit(text[start-2])
}

// edge reports whether a word stands free: no letter or digit before or after it.
func edge(text []byte, start, end int) bool {
	before, _ := utf8.DecodeLastRune(text[:start])
	after, _ := utf8.DecodeRune(text[end:])
	free := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	return (start == 0 || free(before)) && (end == len(text) || free(after))
}

// numberHits looks for identifiers by their digits: every run of digits with single
// signs between them is compared without the signs.
func (k *Known) numberHits(text string, found func(letter byte, certain bool) bool) {
	if len(k.numbers) == 0 {
		return
	}
	for i := 0; i < len(text); {
		if !isDigit(text[i]) {
			i++
			continue
		}
		j, digits := i, 0
		for j < len(text) && (isDigit(text[j]) || j+1 < len(text) && strings.IndexByte("-. ()/", text[j]) >= 0 && (isDigit(text[j+1]) || text[j] == ')' || text[j] == ' ')) {
			if isDigit(text[j]) {
				digits++
			}
			j++
		}
		if digits >= 7 {
			run := text[i:j]
			if d := digitsOf(run); d != run { // as it stands it was found above
				if letter, ok := k.numbers[d]; ok && !found(letter, true) {
					return
				}
			} else if letter, ok := k.numbers[d]; ok && k.words[d] == 0 && !found(letter, true) {
				return
			}
		}
		i = j
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
