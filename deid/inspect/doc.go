// Package inspect takes a second look at a release before it leaves.
//
// It shares no code with what made the release: it reads the output with the standard
// library's readers and knows nothing of profiles or paths. It looks for four things:
//
//   - identifiers of the people of the batch, as [Known] has collected them from the
//     input: as whole words, written as they are, in other case, as digits without
//     their signs, and behind base64, URL or HTML encoding;
//   - patterns of identifiers: social security, telephone and plan numbers, addresses of
//     mail, web and internet, and, where only years may stay, dates and ages over 89;
//   - in tables, people who stand alone: how many rows share their combination of
//     quasi-identifying values with fewer than the threshold of others;
//   - in tables of counts, cells of one to ten people.
//
// A [Finding] says what was found and where, and never repeats it. What is found
// quarantines the release until a second person has decided (DLP-1). A finding that is
// not Certain may be chance: a family called White.
package inspect

// A Kind is what a finding is about.
type Kind string

const (
	Identifier Kind = "identifier of the batch"
	SSN        Kind = "social security number"
	Telephone  Kind = "telephone number"
	Email      Kind = "email address"
	Web        Kind = "web address"
	Internet   Kind = "internet address"
	PlanNumber Kind = "Medicare number"
	FineDate   Kind = "date finer than the year"
	OldAge     Kind = "age over 89"
	SmallClass Kind = "combination of values shared by too few"
	SmallCell  Kind = "count of one to ten people"
)

// A Finding is one thing found, without what it is.
type Finding struct {
	Kind    Kind   `json:"kind"`
	Letter  string `json:"letter,omitempty"` // for an identifier of the batch: its letter in 45 CFR 164.514(b)(2)(i)
	Line    int64  `json:"line"`             // of the output, counted from 1
	Place   string `json:"place"`            // member or column
	Certain bool   `json:"certain"`          // false: may be chance
}

// A Report is the result of a look.
type Report struct {
	Records  int64        `json:"records"`
	Certain  int64        `json:"certain"`  // findings that are certain
	Possible int64        `json:"possible"` // findings that may be chance
	ByKind   map[Kind]int `json:"by_kind"`
	Findings []Finding    `json:"findings"` // the first of them
	Classes  *Classes     `json:"classes,omitempty"`
}

// Classes says how alone people stand in a table.
type Classes struct {
	Columns   []string `json:"columns"`   // the quasi-identifying columns
	Classes   int      `json:"classes"`   // combinations of their values
	Smallest  int      `json:"smallest"`  // rows of the rarest
	Threshold int      `json:"threshold"` // rows that a class should have
	Below     int      `json:"below"`     // classes with fewer
	Alone     int      `json:"alone"`     // rows in those classes
}

// Clean reports whether nothing was found.
func (r Report) Clean() bool { return r.Certain == 0 && r.Possible == 0 }
