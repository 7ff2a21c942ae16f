// Package composition tells whether several releases about the same people, each of which
// hides everybody, together single somebody out.
//
// k-anonymity does not compose: whoever knows a person's class in two releases knows
// that the person is in both, and what the two classes have in common may be one person
// (Ganta, Kasiviswanathan, Smith, "Composition attacks and auxiliary information in data
// privacy", KDD 2008). The owner of the data can compute it exactly, for it knows which
// rows are whose. A joint class is the people who have the same values of the
// quasi-identifiers in every release, being absent from a release counting as a value of
// its own: so a release that grew by two people, or lacks two, is found as well.
//
// Nothing here is ever shown to a recipient. Persons are named by keys that only need to
// be the same in all releases.
package composition

import (
	"errors"
	"iter"
)

// A Row is a person's row of a release: who, and the values of the quasi-identifiers as
// they were or will be published, joined by any byte that stands in none of them.
type Row struct{ Person, Class string }

// A Release is the rows of a release. A person with several rows is in all their
// classes; each combination counts.
type Release = iter.Seq[Row]

// A Report says what releases tell together. It holds no value of the data.
type Report struct {
	K        int   `json:"k"`
	Releases int   `json:"releases"`
	People   int   `json:"people"`
	Alone    []int `json:"alone"`   // by release: people in classes below k in it by itself
	Classes  int   `json:"classes"` // joint ones
	Smallest int   `json:"smallest"`
	Below    int   `json:"below"`  // people in joint classes below k
	Single   int   `json:"single"` // people whom the releases together single out
	// Changed counts the people in joint classes below k that consist of those who are in
	// some releases and not in others: what taking one from another shows.
	Changed int `json:"changed"`
}

// Clean reports whether the releases together still hide everybody among k.
func (r Report) Clean() bool { return r.Below == 0 }

// Check joins releases, the earlier ones and the new one, and counts what k does not hold
// for. It keeps a few words in memory for each person. Exposed, if not nil, is told who is
// in a joint class below k, so that the new release can leave them out.
func Check(k int, releases []Release, exposed func(person string)) (Report, error) {
	switch {
	case k < 2:
		return Report{}, errors.New("composition: k must be at least 2")
	case len(releases) < 2:
		return Report{}, errors.New("composition: joining needs at least two releases")
	}
	r := Report{K: k, Releases: len(releases)}
	joint := map[string]string{} // by person: the classes so far
	for n, release := range releases {
		in := map[string]string{}
		sizes := map[string]int{}
		for row := range release {
			if _, again := in[row.Person]; again {
				in[row.Person] += "\x1e" + row.Class
				continue
			}
			in[row.Person] = row.Class
		}
		for _, class := range in {
			sizes[class]++
		}
		alone := 0
		for person, class := range in {
			if sizes[class] < k {
				alone++
			}
			if _, known := joint[person]; !known { // absent from all before
				joint[person] = absences(n)
			}
		}
		for person, classes := range joint {
			if class, ok := in[person]; ok {
				joint[person] = classes + "+" + class + "\x1d"
			} else {
				joint[person] = classes + absences(1)
			}
		}
		r.Alone = append(r.Alone, alone)
	}
	sizes := map[string]int{}
	for _, classes := range joint {
		sizes[classes]++
	}
	r.People, r.Classes = len(joint), len(sizes)
	for _, n := range sizes {
		if r.Smallest == 0 || n < r.Smallest {
			r.Smallest = n
		}
	}
	for person, classes := range joint {
		n := sizes[classes]
		if n >= k {
			continue
		}
		r.Below++
		if n == 1 {
			r.Single++
		}
		if hasAbsence(classes) {
			r.Changed++
		}
		if exposed != nil {
			exposed(person)
		}
	}
	return r, nil
}

// absences is the value of n releases that a person is not in.
func absences(n int) string {
	b := make([]byte, 0, 2*n)
	for range n {
		b = append(b, '-', '\x1d')
	}
	return string(b)
}

func hasAbsence(classes string) bool {
	for i := 0; i < len(classes); i++ {
		if classes[i] == '-' {
			return true
		}
		for classes[i] != '\x1d' {
			i++
		}
	}
	return false
}
