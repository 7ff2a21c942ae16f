package page

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/dataset"
	"chaperone.example/internal/dataset/intake"
	"chaperone.example/internal/web"
	"chaperone.example/phi"
)

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// status returns the tone and the word of a status.
func status(s dataset.Status) (web.Tone, string) {
	switch s {
	case dataset.Awaiting:
		return web.Wait, "Awaiting file"
	case dataset.Unconfirmed:
		return web.Wait, "To be confirmed"
	case dataset.Ready:
		return web.Good, "Ready"
	}
	return web.Plain, "Retired"
}

// months returns the months of service in words: "Jan 2024 to Dec 2025".
func months(first, last string) string {
	if first == "" {
		return ""
	}
	if first == last {
		return monthWord(first)
	}
	return monthWord(first) + " to " + monthWord(last)
}

func monthWord(s string) string {
	t, err := time.Parse("2006-01", s)
	if err != nil {
		return s
	}
	return t.Format("Jan 2006")
}

// title returns the title of an element.
func title(id string) string {
	if e, ok := phi.Lookup(id); ok {
		return e.Title
	}
	return id
}

// roles returns roles in words.
func roles(all []phi.Role) string {
	words := make([]string, len(all))
	for i, r := range all {
		words[i] = access.Title(r)
	}
	return strings.Join(words, ", ")
}

// A group is the elements of one class.
type group struct {
	class    phi.Class
	elements []dataset.Element
}

// groups orders elements by class, what identifies first.
func groups(elements []dataset.Element) []group {
	var all []group
	for _, c := range []phi.Class{phi.Direct, phi.Quasi, phi.Part2, phi.Sensitive, phi.Clinical, phi.Operational} {
		g := group{class: c}
		for _, e := range elements {
			if e.Class == c {
				g.elements = append(g.elements, e)
			}
		}
		if len(g.elements) > 0 {
			all = append(all, g)
		}
	}
	return all
}

// classWord returns the tone, the word and the meaning of a class.
func classWord(c phi.Class) (tone web.Tone, word, meaning string) {
	switch c {
	case phi.Direct:
		return web.Bad, "Direct identifiers", "Each identifies a person by itself. They go only to those whose task needs them, and never with de-identified data."
	case phi.Quasi:
		return web.Warn, "Quasi-identifiers", "Dates, places and ages identify in combination. They are coarsened, or go under a data use agreement."
	case phi.Part2:
		return web.Warn, "Substance-use records (42 CFR Part 2)", "They need the patient's consent, or an agreement under Part 2."
	case phi.Sensitive:
		return web.Warn, "Sensitive", "Categories with stricter law or custom."
	case phi.Clinical:
		return web.Info, "Clinical", "What was found and done."
	}
	return web.Plain, "Operational", "Units, workflow and cost."
}

// id of a class for anchors.
func classID(c phi.Class) string { return strings.ReplaceAll(string(c), " ", "-") }

// filled returns how often a field holds a value.
func filled(v dataset.Version, field string) int64 {
	i := slices.IndexFunc(v.Fields, func(t intake.Tally) bool { return t.Name == field })
	if i < 0 {
		return 0
	}
	return v.Fields[i].N
}

func filledAll(v dataset.Version, fields []string) (n int64) {
	for _, f := range fields {
		n += filled(v, f)
	}
	return n
}

// fieldOptions are the fields of a version: those that are numbered also together.
func fieldOptions(v dataset.Version) []web.Option {
	var all []web.Option
	for _, e := range v.Elements {
		ranges := dataset.Ranges(e.Fields)
		for _, r := range ranges {
			if !slices.Contains(e.Fields, r) {
				all = append(all, web.Option{Value: r, Label: r + " (" + title(e.ID) + ")"})
			}
		}
		for _, f := range e.Fields {
			all = append(all, web.Option{Value: f, Label: f + " (" + title(e.ID) + ")"})
		}
	}
	return all
}

// expand returns the fields that an option of fieldOptions means. What is no option
// stands for itself, and is refused by the command.
func expand(v dataset.Version, option string) []string {
	stem, span, ok := cutNumber(option)
	if !ok {
		return []string{option}
	}
	var fields []string
	for n := span[0]; n <= span[1]; n++ {
		name := stem + strconv.Itoa(n)
		if _, ok := v.Element(name); !ok {
			return []string{option}
		}
		fields = append(fields, name)
	}
	return fields
}

// cutNumber takes "dx1–25" apart.
func cutNumber(s string) (stem string, span [2]int, ok bool) {
	from, to, ok := strings.Cut(s, "–")
	if !ok {
		return "", span, false
	}
	stem = strings.TrimRight(from, "0123456789")
	first, err1 := strconv.Atoi(from[len(stem):])
	last, err2 := strconv.Atoi(to)
	return stem, [2]int{first, last}, err1 == nil && err2 == nil && first <= last && last-first < 1000
}

func elementOptions() []web.Option {
	var all []web.Option
	for _, e := range phi.Elements() {
		all = append(all, web.Option{Value: e.ID, Label: e.Title + " (" + string(e.Class) + ")"})
	}
	return all
}

func reasonOptions() []web.Option {
	var all []web.Option
	for _, r := range dataset.Reasons() {
		all = append(all, web.Option{Value: string(r), Label: r.Title()})
	}
	return all
}

func endingOptions() []web.Option {
	var all []web.Option
	for _, e := range dataset.Endings() {
		all = append(all, web.Option{Value: string(e), Label: e.Title()})
	}
	return all
}

func sourceOptions() []web.Option {
	var all []web.Option
	for _, s := range dataset.Sources() {
		all = append(all, web.Option{Value: string(s), Label: s.Title()})
	}
	return all
}

func formatOptions() []web.Option {
	hints := map[intake.Format]string{
		intake.Encounters: "One row an encounter, with the columns of the extract and no others.",
		intake.Resources:  "A bulk export: one FHIR R4 resource a line.",
		intake.UnitMonths: "One row a unit and month: counts and rates, no patients.",
	}
	var all []web.Option
	for _, f := range intake.Formats() {
		all = append(all, web.Option{Value: string(f), Label: f.Title(), Hint: hints[f]})
	}
	return all
}

func environmentOptions() []web.Option {
	hints := map[dataset.Environment]string{
		dataset.Production: "The only one that takes protected health information.",
		dataset.Test:       "Takes no identifiers, whatever is declared about the data.",
		dataset.Training:   "Takes no identifiers, whatever is declared about the data.",
	}
	var all []web.Option
	for _, e := range dataset.Environments() {
		all = append(all, web.Option{Value: string(e), Label: e.Title(), Hint: hints[e]})
	}
	return all
}

func repositoryOptions(all []dataset.Repository) []web.Option {
	var options []web.Option
	for _, r := range all {
		options = append(options, web.Option{Value: r.ID, Label: kept(r.ID, r.Region)})
	}
	return options
}

// history puts what happened into words.
func history(v sheetView) []web.Moment {
	var all []web.Moment
	for _, m := range v.History {
		x := web.Moment{At: m.At, Who: v.names[m.Person]}
		if v.prove {
			x.Href = "/ledger/" + strconv.FormatInt(m.Seq, 10)
		}
		switch n := strconv.Itoa(m.Version); m.Type {
		case "dataset.registered":
			x.What, x.Tone = "Registered", web.Info
		case "dataset.received":
			x.What, x.Tone = "Version "+n+" received and sealed", web.Info
		case "dataset.classified":
			x.What, x.Tone = "Fields of version "+n+" classified from the catalogue", web.Plain
			if m.Changes > 0 {
				x.Note = web.Plural(m.Changes, "earlier correction", "earlier corrections") + " kept"
			}
			if dataset.Basis(m.Note) == dataset.Person {
				x.What, x.Note = "Classification of version "+n+" corrected", web.Plural(m.Changes, "field", "fields")
			}
		case "dataset.confirmed":
			x.What, x.Tone = "Classification of version "+n+" confirmed", web.Good
		case "dataset.opened":
			x.What, x.Tone = "Version "+n+" opened for use", web.Info
			if strings.HasPrefix(m.Reason, "q-") {
				x.What = "Version " + n + " opened to build a release on an approved request"
			} else {
				x.Note = m.Reason
			}
		case "dataset.labelled":
			x.What, x.Note, x.Tone = "Patients of version "+n+" labelled by their codes", m.Note, web.Plain
		case "dataset.declared":
			x.What, x.Note, x.Tone = "Origin of the records stated", dataset.Provenance(m.Note).Title(), web.Info
		case "dataset.retired":
			x.What, x.Note, x.Tone = "Retired", dataset.Ending(m.Note).Title(), web.Plain
		default:
			x.What, x.Tone = m.Type, web.Plain
		}
		all = append(all, x)
	}
	return all
}

// kept says where a dataset is stored: "Hub vault, US".
func kept(repository, region string) string {
	name := strings.ReplaceAll(repository, "-", " ")
	if name == "" {
		return country(region)
	}
	return strings.ToUpper(name[:1]) + name[1:] + ", " + country(region)
}

// country writes the region of a country, "us", as its code: other regions have names.
func country(region string) string {
	if len(region) == 2 {
		return strings.ToUpper(region)
	}
	return region
}

// emptyNext says what to do where there is no dataset, to those who may and to others.
func emptyNext(register bool) string {
	if register {
		return "Register an extract or an export; every column is classified before anything of it can be shared."
	}
	return "Your organization has registered none. A data steward does, before anything of it can be shared."
}

// where returns the place of a problem in words.
func where(p intake.Problem, f intake.Format) string {
	switch {
	case p.Line == 0:
		return "Whole file"
	case p.Column == 0:
		return "Line " + web.Count(p.Line)
	case f == intake.Resources:
		return "Line " + web.Count(p.Line) + ", byte " + web.Count(p.Column)
	}
	return "Line " + web.Count(p.Line) + ", column " + web.Count(p.Column)
}

// content says how much there is, and of when.
func content(x dataset.Row) string {
	s := web.Plural(x.Records, "record", "records")
	if x.First != "" {
		s += ", " + months(x.First, x.Last)
	}
	return s
}

// letters are the identifiers of 45 CFR 164.514(b)(2)(i), in a word or two.
var letters = map[string]string{"A": "Name", "B": "Place", "C": "Date or age", "D": "Telephone", "E": "Fax", "F": "Email", "G": "Social security", "H": "Record number",
	"I": "Plan number", "J": "Account", "K": "Licence", "L": "Vehicle", "M": "Device", "N": "Web address", "O": "Internet address", "P": "Biometric", "Q": "Photograph", "R": "Unique code"}

// identifier says which of the eighteen identifiers an element is.
func identifier(e dataset.Element) string {
	switch {
	case e.Identifier != "":
		return letters[e.Identifier] + " (" + e.Identifier + ")"
	case e.FreeText:
		return "May hold any"
	}
	return "–"
}
