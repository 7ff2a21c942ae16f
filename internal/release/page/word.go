package page

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/release"
	"chaperone.example/internal/release/quarantine"
	"chaperone.example/internal/web"
	"chaperone.example/phi"
)

// standing says where an offer stands, for a file.
func standing(s release.Status, barred string) string {
	if s == release.Open && barred != "" {
		return "stopped"
	}
	return string(s)
}

// badge is where an offer stands, to one of its two parties.
func badge(s release.Status, barred string, mine bool, downloads int) (web.Tone, string) {
	switch {
	case s == release.Ended:
		return web.Bad, "Revoked"
	case s == release.Expired:
		return web.Plain, "Expired"
	case s == release.Quarantined:
		return web.Wait, "Held"
	case barred != "":
		return web.Bad, "Stopped"
	case mine && downloads == 0:
		return web.Wait, "Ready to fetch"
	case downloads > 0:
		return web.Good, "Fetched"
	}
	return web.Info, "On offer"
}

// A catalogue is the list of releases.
type catalogue struct {
	rows        []release.Row
	status      release.Status
	org         string
	mayBuild    bool
	mayDownload bool
}

// ready counts what waits for the person to fetch it.
func (c catalogue) ready() (n int) {
	for _, x := range c.rows {
		if c.mayDownload && x.Mine && x.Status == release.Open && x.Barred == "" && x.Downloads == 0 {
			n++
		}
	}
	return n
}

// stopped counts the open offers that the law no longer permits.
func (c catalogue) stopped() (n int) {
	for _, x := range c.rows {
		if x.Barred != "" {
			n++
		}
	}
	return n
}

// held counts the packages that wait for a second person.
func (c catalogue) held() (n int) {
	for _, x := range c.rows {
		if x.Status == release.Quarantined {
			n++
		}
	}
	return n
}

// next is what is to be done about a release, in a few words.
func (c catalogue) next(x release.Row) string {
	given := x.Discloser == c.org
	switch {
	case x.Status == release.Quarantined:
		return "Look at what was found, and decide"
	case x.Status == release.Open && x.Barred != "" && given:
		return "Revoke it: the law no longer permits it"
	case x.Status == release.Open && x.Barred != "":
		return "Nothing can be fetched: open it to see why"
	case x.Status == release.Open && x.Mine && c.mayDownload && x.Downloads == 0:
		return "Fetch it before " + web.Date(x.Expires)
	case x.Status == release.Open && x.Downloads == 0:
		return "Wait for the recipient, until " + web.Date(x.Expires)
	case x.Status == release.Expired && x.Downloads == 0 && given && c.mayBuild:
		return "Build it again if it is still needed"
	case x.Status == release.Expired && x.Downloads == 0:
		return "Ask the data steward to build it again"
	}
	return "Nothing"
}

// direction says which way the data go.
func (c catalogue) direction(x release.Row) string {
	switch c.org {
	case x.Discloser:
		return "To " + x.Name(x.Recipient)
	}
	return "From " + x.Name(x.Discloser)
}

// A draft is a release that could be built.
type draft struct {
	release.Draft
	request string
	refusal string // why nothing can be built
	form    *web.Form
	once    string
}

func (d draft) name(id string) string {
	if n := d.Names[id]; n != "" {
		return n
	}
	return id
}

// people counts people of an organization, and names those whom the reader may know.
func people(users []string, names map[string]string, organization string) string {
	text := web.Plural(len(users), "person", "people") + " of " + organization
	var known []string
	for _, u := range users {
		if n := names[u]; n != "" {
			known = append(known, n)
		}
	}
	if len(known) > 0 {
		text += " (" + strings.Join(known, ", ") + ")"
	}
	return text
}

func (d draft) facts() []web.Fact {
	return []web.Fact{
		{Term: "To", Value: d.name(d.Recipient)},
		{Term: "Purpose", Value: d.Purpose},
		{Term: "Form", Value: release.FormTitle(d.Form)},
		{Term: "Authority", Value: d.Authority + " (rule " + d.Basis + ")"},
		{Term: "Dates of discharge", Value: span(d.From, d.Until)},
		{Term: "Datasets", Value: web.Plural(len(d.Datasets), "dataset", "datasets")},
		{Term: "Elements", Value: elements(d.Elements)},
	}
}

// span writes a time frame of two dates, either of which may be open.
func span(from, until string) string {
	switch {
	case from == "" && until == "":
		return "All"
	case from == "":
		return "Until " + day(until)
	case until == "":
		return "From " + day(from)
	}
	return day(from) + " to " + day(until)
}

// day writes a date of an event as the pages do.
func day(s string) string {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return s
	}
	return web.Date(t)
}

// elements puts elements in words.
func elements(ids []string) string {
	if len(ids) == 0 {
		return "None"
	}
	titles := make([]string, len(ids))
	for i, id := range ids {
		titles[i] = release.ElementTitle(id)
	}
	return strings.Join(titles, ", ")
}

// A sheet is one release as its page shows it.
type sheet struct {
	release.Sheet
	form        *web.Form
	org         string
	me          string // who looks
	mine        bool   // it is for them
	mayDownload bool
	mayClear    bool
	mayRevoke   bool
	mayRebuild  bool
}

// fetched reports whether who looks has fetched it already.
func (v sheet) fetched() bool {
	return slices.ContainsFunc(v.Downloads, func(d release.Step) bool { return d.By == v.me })
}

func (v sheet) title() string {
	if v.Discloser == v.org && v.Recipient != v.org {
		return "Release to " + v.Name(v.Recipient)
	}
	return "Release from " + v.Name(v.Discloser)
}

// worded makes a sentence of what the law says, with the names of the parties for
// their ids.
func (v sheet) worded(s string) string {
	s = strings.NewReplacer(v.Recipient, v.Name(v.Recipient), v.Discloser, v.Name(v.Discloser)).Replace(s)
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

// who names a person as far as the viewer may know: by name, or by the task and the
// organization.
func (v sheet) who(user, role, org string) string {
	name := v.Names[user]
	switch {
	case name == "" && role == "":
		return user
	case name == "":
		name = "A " + access.Title(phi.Role(role))
	}
	return name + ", " + v.Name(org)
}

func (v sheet) facts() []web.Fact {
	facts := []web.Fact{
		{Term: "From", Value: v.Name(v.Discloser)},
		{Term: "To", Value: v.Name(v.Recipient)},
		{Term: "Purpose", Value: v.Purpose},
		{Term: "Authority", Value: v.Authority + " (rule " + v.Basis + ")"},
		{Term: "Form", Value: release.FormTitle(v.Form)},
		{Term: "Dates of discharge", Value: span(v.From, v.Until)},
		{Term: "Patients", Value: v.patients()},
		{Term: "Built", Show: web.When(v.At)},
		{Term: "Expires", Show: web.When(v.Expires)},
	}
	if v.DestroyBy != "" {
		facts = append(facts, web.Fact{Term: "To be destroyed by", Value: day(v.DestroyBy)})
	}
	return facts
}

func (v sheet) patients() string {
	text := web.Plural(v.Patients, "patient", "patients")
	if v.Unlinked > 0 {
		text += ", and " + web.Plural(v.Unlinked, "record that does not tell whose it is", "records that do not tell whose they are")
	}
	return text
}

// accounted says whether the release stands in accountings.
func (v sheet) accounted() string {
	if v.Accountable {
		return "Each download stands in the accountings of its patients (45 CFR 164.528)."
	}
	return "Downloads are in the disclosure log. The accounting for a patient names why this one is not listed there."
}

// history is what happened, without the views, which are counted.
func (v sheet) history() []web.Moment {
	out := make([]web.Moment, 0, len(v.Steps))
	for _, s := range v.Steps {
		m := web.Moment{At: s.At, Who: v.who(s.By, s.Role, s.Org), Href: "/ledger/" + strconv.FormatInt(s.Seq, 10)}
		switch s.Type {
		case "release.offered":
			m.What, m.Tone = "Built and offered", web.Good
		case "release.held":
			m.What, m.Tone, m.Note = "Built, and held for a second person", web.Wait, "The second look found "+web.Plural(int(v.Found), "thing", "things")
		case "release.cleared":
			m.What, m.Tone, m.Note = "Let go by a second person", web.Good, v.Ground.Title()
		case "release.downloaded":
			m.What, m.Tone = "Downloaded", web.Info
		case "release.revoked":
			m.What, m.Tone, m.Note = "Revoked", web.Bad, s.Reason.Title()
		default:
			continue
		}
		out = append(out, m)
	}
	return out
}

// command is how the package is opened.
func (v sheet) command() string {
	return "age --decrypt --identity key.txt --output release.zip release-" + v.ID + ".zip.age"
}

// suspicion says how much the second look found.
func (v sheet) suspicion() string {
	text := web.Plural(int(v.Found), "thing that may identify somebody", "things that may identify somebody")
	switch by := v.Found - v.Sure; {
	case by == v.Found:
		return text + ", and all may be chance"
	case by > 0:
		return text + ", of which " + web.Plural(int(by), "one may be chance", strconv.FormatInt(by, 10)+" may be chance")
	}
	return text
}

// letters are the identifiers of 45 CFR 164.514(b)(2)(i), in words.
var letters = map[string]string{"A": "a name", "B": "a place smaller than a state", "C": "a date", "D": "a telephone number", "E": "a fax number", "F": "an email address", "G": "a social security number",
	"H": "a medical record number", "I": "a health plan number", "J": "an account number", "K": "a certificate or license number", "L": "a vehicle's number", "M": "a device's number", "N": "a web address",
	"O": "an internet address", "P": "a biometric identifier", "Q": "a photograph", "R": "another unique code"}

// kind puts a finding in words.
func kind(f quarantine.Finding) string {
	if w := letters[f.Letter]; w != "" {
		return "What the dataset holds as " + w
	}
	return strings.ToUpper(f.Kind[:1]) + f.Kind[1:]
}

// chance says whether a finding may be one.
func chance(f quarantine.Finding) string {
	if f.Sure {
		return "Unlikely"
	}
	return "Possible"
}

// grounds are the options of the clearance.
func (v sheet) grounds() []web.Option {
	var out []web.Option
	for _, g := range release.Grounds(v.Form) {
		out = append(out, web.Option{Value: string(g), Label: g.Title()})
	}
	return out
}

// reasons are the options of the revocation.
func reasons() []web.Option {
	var out []web.Option
	for _, r := range release.Reasons() {
		out = append(out, web.Option{Value: string(r), Label: r.Title()})
	}
	return out
}

// A journal is the disclosure log.
type journal struct {
	filter
	lines      []release.Disclosure
	org        string
	next       string
	mayAccount bool
}

func accounted(d release.Disclosure) string {
	if d.Accountable {
		return "yes"
	}
	return "no"
}

// by names who fetched a disclosure.
func by(d release.Disclosure) string {
	if n := d.Names[d.By]; n != "" {
		return n
	}
	return "One of its recipients"
}

// An answer is an accounting.
type answer struct {
	release.Accounting
	org string
}

// times says how often and until when, as 45 CFR 164.528(b)(3) wants.
func times(e release.Entry) string {
	if e.Times == 1 {
		return web.Date(e.At)
	}
	return web.Date(e.At) + "; " + strconv.Itoa(e.Times) + " times in all, the last on " + web.Date(e.Last)
}
