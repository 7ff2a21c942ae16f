package dataset

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"chaperone.example/internal/dataset/intake"
	"chaperone.example/law/cohort"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// A Holding is a dataset of one organization.
type Holding struct {
	Registered
	At       time.Time // of the registration
	Part2    Provenance
	Versions []Version
	Retired  Ending // empty while in use
}

// A Version is one file of a holding and what its fields stand for.
type Version struct {
	Received
	At        time.Time
	Elements  []Element
	Patients  []cohort.Count    // by their labels; empty if received before they were labelled
	Corrected map[string]string // field → element, where a person set it
	Confirmed bool
}

// Kind is the family of dataset streams. Only the owner sees one.
var Kind = ledger.Kind[Holding]{Name: "dataset", Apply: apply, Sees: func(h Holding) []string { return []string{h.Owner} }}

func apply(h Holding, r ledger.Record, e ledger.Event) Holding {
	switch e := e.(type) {
	case Registered:
		h.Registered, h.At = e, r.Time
	case Received:
		h.Versions = append(slices.Clip(h.Versions), Version{Received: e, At: r.Time})
	case Classified:
		h.amend(e.Version, func(v *Version) {
			v.Elements, v.Confirmed = e.Elements, false
			corrected := map[string]string{}
			maps.Copy(corrected, v.Corrected)
			for _, c := range e.Changes {
				corrected[c.Field] = c.To
			}
			v.Corrected = corrected
		})
	case Labelled:
		h.amend(e.Version, func(v *Version) { v.Patients = e.Patients })
	case Declared:
		h.Part2 = e.Part2
	case Confirmed:
		h.amend(e.Version, func(v *Version) { v.Confirmed = true })
	case Retired:
		h.Retired = e.Reason
	}
	return h
}

// amend changes a version in a copy: states are shared.
func (h *Holding) amend(n int, change func(*Version)) {
	if n < 1 || n > len(h.Versions) {
		return
	}
	h.Versions = slices.Clone(h.Versions)
	change(&h.Versions[n-1])
}

// Current returns the version in use, and false before a file was received.
func (h Holding) Current() (Version, bool) {
	if len(h.Versions) == 0 {
		return Version{}, false
	}
	return h.Versions[len(h.Versions)-1], true
}

// Status returns where the holding stands.
func (h Holding) Status() Status {
	v, ok := h.Current()
	switch {
	case h.Retired != "":
		return Ended
	case !ok:
		return Awaiting
	case !v.Confirmed:
		return Unconfirmed
	}
	return Ready
}

// HasPHI reports whether the holding is treated as protected health information:
// because it was declared so, or because a version identifies people.
func (h Holding) HasPHI() bool {
	return h.PHI || slices.ContainsFunc(h.Versions, func(v Version) bool { return v.Identifies })
}

// Element returns the element that a field of the version stands for.
func (v Version) Element(field string) (string, bool) {
	for _, e := range v.Elements {
		if slices.Contains(e.Fields, field) {
			return e.ID, true
		}
	}
	return "", false
}

// classify groups fields by the element that each stands for, in the order of the
// catalogue.
func classify(fields []string, element map[string]string) []Element {
	by := map[string][]string{}
	for _, f := range fields {
		by[element[f]] = append(by[element[f]], f)
	}
	var all []Element
	for _, e := range phi.Elements() {
		if fields := by[e.ID]; len(fields) > 0 {
			x := Element{ID: e.ID, Class: e.Class, Street: e.Street, FreeText: e.FreeText, Roles: e.Roles, Fields: fields}
			if e.Identifier != 0 {
				x.Identifier = string(rune(e.Identifier))
			}
			if x.Roles == nil {
				x.Roles = []phi.Role{}
			}
			all = append(all, x)
		}
	}
	return all
}

// identifies reports whether an element of the class identifies a person, alone or
// in combination.
func identifies(c phi.Class) bool { return identifying(c) > 0 }

// Stricter reports whether an element is guarded in every respect at least as
// strictly as another, and in some respect more: as an identifier, by the law for
// its category, as a narrative, or as a place finer than a town.
func Stricter(than, e phi.Element) bool {
	more := false
	for _, pair := range [][2]int{
		{identifying(than.Class), identifying(e.Class)},
		{special(than.Class), special(e.Class)},
		{btoi(than.FreeText), btoi(e.FreeText)},
		{btoi(than.Street), btoi(e.Street)},
	} {
		if pair[1] < pair[0] {
			return false
		}
		more = more || pair[1] > pair[0]
	}
	return more
}

func identifying(c phi.Class) int {
	switch c {
	case phi.Direct:
		return 2
	case phi.Quasi:
		return 1
	}
	return 0
}

func special(c phi.Class) int {
	switch c {
	case phi.Part2:
		return 2
	case phi.Sensitive:
		return 1
	}
	return 0
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Ranges writes numbered fields together: dx1, poa1, dx2, poa2, sex becomes dx1–2,
// poa1–2, sex. A stem stays where it is met first.
func Ranges(fields []string) []string {
	type run struct{ from, to int }
	var stems []string
	runs := map[string][]run{}
	for _, f := range fields {
		stem := strings.TrimRight(f, "0123456789")
		n, err := strconv.Atoi(f[len(stem):])
		if err != nil || stem == "" {
			stem, n = f, -1 // stands for itself
		}
		r, met := runs[stem]
		if !met {
			stems = append(stems, stem)
		}
		if k := len(r); k > 0 && r[k-1].to+1 == n {
			r[k-1].to = n
		} else {
			r = append(r, run{n, n})
		}
		runs[stem] = r
	}
	var out []string
	for _, stem := range stems {
		for _, r := range runs[stem] {
			switch {
			case r.from < 0:
				out = append(out, stem)
			case r.from == r.to:
				out = append(out, stem+strconv.Itoa(r.from))
			default:
				out = append(out, stem+strconv.Itoa(r.from)+"–"+strconv.Itoa(r.to))
			}
		}
	}
	return out
}

// Facts are what other modules may know of a holding in order to use it.
type Facts struct {
	ID          string
	Owner       string
	Title       string // of the label; empty if it was disposed of
	Format      intake.Format
	Environment Environment
	Region      string
	PHI         bool
	Version     int
	Object      string // in the vault, under the owner's key
	SHA256      string
	Bytes       int64
	Records     int64
	First, Last string // months of service, "2026-03"
	Elements    []Element
	Corrected   map[string]string // field → element, where a person set another than the catalogue's
	Part2       Provenance
}

// Holds returns the ids of the elements.
func (f Facts) Holds() []string {
	ids := make([]string, len(f.Elements))
	for i, e := range f.Elements {
		ids[i] = e.ID
	}
	return ids
}
