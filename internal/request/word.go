package request

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The law speaks of organizations and agreements by their ids, and of days in ISO
// 8601, since what it says is recorded. People read names.
var (
	agreementID = regexp.MustCompile(`\ba-[a-z0-9]+(?:-[a-z0-9]+)*`)
	versionOf   = regexp.MustCompile(`\b(a-[a-z0-9]+(?:-[a-z0-9]+)*) v([0-9]+)\b`)
	isoDay      = regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b`)
)

// Agreements returns the ids of the agreements that a text speaks of, each once.
func Agreements(text string) []string {
	ids := agreementID.FindAllString(text, -1)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Worded puts names into what the law says of organizations and agreements, and
// writes days as people do. An agreement without a name is one that the reader is no
// party of.
func Worded(names map[string]string, text string) string {
	text = versionOf.ReplaceAllStringFunc(text, func(s string) string {
		m := versionOf.FindStringSubmatch(s)
		name := names[m[1]]
		if name == "" {
			name = "an agreement between others"
		}
		return "version " + m[2] + " of " + name
	})
	ids := slices.SortedFunc(maps.Keys(names), func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }) // one may begin like another
	var pairs []string
	for _, id := range ids {
		pairs = append(pairs, id, names[id])
	}
	text = strings.NewReplacer(pairs...).Replace(text)
	return isoDay.ReplaceAllStringFunc(text, func(s string) string {
		day, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return s
		}
		return day.Format("Jan 2, 2006")
	})
}
