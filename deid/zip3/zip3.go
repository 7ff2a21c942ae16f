// Package zip3 decides how much of a ZIP code may stay under the Safe Harbor
// method of de-identification.
//
// 45 CFR 164.514(b)(2)(i)(B) lets the first three digits of a ZIP code stay if,
// "according to the current publicly available data from the Bureau of the
// Census", all ZIP codes with those three digits together hold more than 20,000
// people; otherwise the three digits are changed to 000.
//
// Which prefixes are restricted depends on the census, so every [Table] has a
// [Vintage], and a manifest names it together with the table's hash. A prefix that
// a vintage does not know (military, the Pacific, foreign, not assigned) is
// restricted: the package fails closed.
//
// A ZIP code is read as it stands in the data: five digits, nine digits with or
// without a hyphen, spaces around it. Anything else, a code that lost its leading
// zero included, gives 000.
package zip3

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// A Vintage names the census by which prefixes are restricted.
type Vintage string

const (
	Census2000 Vintage = "2000"  // the 17 prefixes that HHS published in its guidance of 2012
	Census2010 Vintage = "2010"  // 2010 ZCTA populations
	Census2020 Vintage = "2020"  // 2020 ZCTA populations: the current data, and the default
	Union      Vintage = "union" // restricted in any of the three
)

// Threshold is the population that a prefix must exceed to stay.
const Threshold = 20_000

// Restricted is what stands for a prefix that may not stay.
const Restricted = "000"

// restricted2000 is the list of the HHS Office for Civil Rights, "Guidance
// Regarding Methods for De-identification of Protected Health Information" (2012),
// computed by it from the Census 2000. The populations behind it are not part of
// the guidance.
const restricted2000 = "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893"

//go:embed census2010.txt
var census2010 string

//go:embed census2020.txt
var census2020 string

// A Table says for every prefix whether it may stay. It is not modified after it
// is made and may be shared.
type Table struct {
	vintage Vintage
	allowed [1000]bool
	hash    string
}

// New returns the table of a vintage; the empty vintage means [Census2020].
func New(v Vintage) (*Table, error) {
	t := &Table{vintage: v}
	known2010, known2020 := populations(census2010), populations(census2020)
	in2000 := func(p int) bool {
		// The list names the restricted prefixes only; a prefix is known to it when a
		// later census knows it.
		_, a := known2010[p]
		_, b := known2020[p]
		return (a || b) && !strings.Contains(restricted2000, digits(p))
	}
	in2010 := func(p int) bool { return known2010[p] > Threshold }
	in2020 := func(p int) bool { return known2020[p] > Threshold }
	var may func(int) bool
	switch v {
	case Census2000:
		may = in2000
	case Census2010:
		may = in2010
	case Census2020, "":
		t.vintage, may = Census2020, in2020
	case Union:
		may = func(p int) bool { return in2000(p) && in2010(p) && in2020(p) }
	default:
		return nil, fmt.Errorf("zip3: no census vintage %q; use 2000, 2010, 2020 or union", string(v))
	}
	sum := sha256.New()
	for p := range t.allowed {
		t.allowed[p] = p != 0 && may(p)
		if t.allowed[p] {
			fmt.Fprintln(sum, digits(p))
		}
	}
	t.hash = hex.EncodeToString(sum.Sum(nil))
	return t, nil
}

// Vintage returns the census the table was made from.
func (t *Table) Vintage() Vintage { return t.vintage }

// Hash identifies the table: the SHA-256, in hex, of the prefixes that may stay,
// one on a line.
func (t *Table) Hash() string { return t.hash }

// Allowed reports whether the prefix, 0 to 999, may stay.
func (t *Table) Allowed(prefix int) bool {
	return prefix >= 0 && prefix < len(t.allowed) && t.allowed[prefix]
}

// Generalize returns what may stay of a ZIP code: its first three digits, or
// "000". An empty (or blank) code stays empty.
func (t *Table) Generalize(zip []byte) string {
	zip = trim(zip)
	if len(zip) == 0 {
		return ""
	}
	if !Valid(zip) {
		return Restricted
	}
	p := int(zip[0]-'0')*100 + int(zip[1]-'0')*10 + int(zip[2]-'0')
	if !t.Allowed(p) {
		return Restricted
	}
	return digits(p)
}

// Valid reports whether zip is five digits, or nine with an optional hyphen or
// space after the fifth.
func Valid(zip []byte) bool {
	for i, c := range zip {
		if c < '0' || c > '9' {
			if i != 5 || len(zip) != 10 || (c != '-' && c != ' ') {
				return false
			}
		}
	}
	return len(zip) == 5 || len(zip) == 9 || len(zip) == 10 && (zip[5] == '-' || zip[5] == ' ')
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

func digits(p int) string { return fmt.Sprintf("%03d", p) }

// populations reads one of the embedded tables, which are ours and well formed.
func populations(text string) map[int]int {
	m := make(map[int]int, 1000)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for item := range strings.SplitSeq(strings.TrimSpace(line), ", ") {
			prefix, people, _ := strings.Cut(item, " ")
			p, err1 := strconv.Atoi(prefix)
			n, err2 := strconv.Atoi(people)
			if err1 != nil || err2 != nil {
				panic("zip3: embedded table is damaged: " + item)
			}
			m[p] = n
		}
	}
	return m
}
