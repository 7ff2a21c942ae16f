package inspect

import (
	"cmp"
	"maps"
	"slices"
)

// A finding that may be chance is held back until the whole output is read, for then it
// can be told better: among twenty thousand amounts some are a ZIP code of the batch,
// and where a family is called White, White stands as the race of many. An alarm at
// every release is no alarm.

// doubts are the findings that may be chance, by the place and text they were found in.
type doubts struct {
	of map[string]*doubt
}

// A doubt is one text in one place.
type doubt struct {
	first Finding
	in    string
	n     int64
}

// most is how many doubts are told apart; what is beyond it is reported at once.
const most = 4096

// hold takes a finding unless there are too many to tell apart.
func (d *doubts) hold(f Finding, in string) bool {
	key := f.Place + "\x00" + f.Letter + "\x00" + in
	if x := d.of[key]; x != nil {
		x.n++
		return true
	}
	if len(d.of) >= most {
		return false
	}
	d.of[key] = &doubt{f, in, 1}
	return true
}

// settle reports the doubts that remain when everything is read. Measures tells how
// many values the columns hold that are measures. Two kinds are dropped:
//
//   - a short number in a measure of which at most one in twenty is such a number;
//   - a word that is the whole value at its place as often as a class must have people:
//     that is a category, and tells nobody apart.
func (l *looker) settle(measures map[string]int64) {
	numbers := map[string]int64{}
	for _, d := range l.doubts.of {
		if short(d.in) {
			numbers[d.first.Place] += d.n
		}
	}
	left := slices.SortedFunc(maps.Values(l.doubts.of), func(a, b *doubt) int {
		return cmp.Or(cmp.Compare(a.first.Line, b.first.Line), cmp.Compare(a.first.Place, b.first.Place), cmp.Compare(a.in, b.in), cmp.Compare(a.first.Letter, b.first.Letter))
	})
	for _, d := range left {
		all, measured := measures[d.first.Place]
		switch {
		case measured && short(d.in) && numbers[d.first.Place]*20 <= all:
		case isCommon(d.in) && d.n >= int64(l.Threshold):
		default:
			l.add(d.first, d.in, d.n)
		}
	}
	slices.SortStableFunc(l.report.Findings, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
}

// short reports whether s is a number of at most five digits.
func short(s string) bool { return len(s) <= 5 && s != "" && digitsOf(s) == s }

// cells counts what a column holds.
type cells struct{ filled, numbers int64 }

func (c *cells) count(v string) {
	if v == "" {
		return
	}
	c.filled++
	for i := range len(v) {
		if (v[i] < '0' || v[i] > '9') && v[i] != '.' && v[i] != '-' {
			return
		}
	}
	c.numbers++
}

// measure reports whether at least nine values in ten are numbers.
func (c cells) measure() bool { return c.filled > 0 && c.numbers*10 >= c.filled*9 }
