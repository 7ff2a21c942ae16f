package deid

import (
	"encoding/json"
	"fmt"
	"slices"

	"chaperone.example/deid/day"
	"chaperone.example/deid/method"
	"chaperone.example/deid/tally"
)

// A Manifest says how a release was made. It holds no value of the data: paths,
// columns, counts and hashes only.
type Manifest struct {
	Format      Format       `json:"format"`
	Profile     Profile      `json:"profile"`
	ProfileHash string       `json:"profile_sha256"`
	Build       string       `json:"build,omitempty"`
	AsOf        string       `json:"as_of"`                      // YYYY-MM-DD
	ZIPVintage  string       `json:"zip_vintage,omitempty"`      // the census of the ZIP table
	ZIPTable    string       `json:"zip_table_sha256,omitempty"` // its hash
	Codes       string       `json:"codes"`                      // "random" or "keyed"
	Elements    []string     `json:"elements"`                   // those that were decided, sorted; null: all
	Selection   *Selection   `json:"selection,omitempty"`
	Columns     []Column     `json:"columns,omitempty"`
	Records     Records      `json:"records"`
	Total       tally.Counts `json:"total"`
	Counts      tally.Sheet  `json:"counts"`  // by path of FHIR or column
	Unknown     []string     `json:"unknown"` // where something was removed that is not known
	Input       Digest       `json:"input"`
	Output      Digest       `json:"output"`
}

// A Selection says which records were looked at.
type Selection struct {
	Date      string              `json:"date,omitempty"` // the element that had to lie between From and To
	From      string              `json:"from,omitempty"`
	To        string              `json:"to,omitempty"`
	Is        map[string][]string `json:"is,omitempty"`        // the values that elements had to have
	Condition bool                `json:"condition,omitempty"` // by a further condition, or a list of patients
}

// A Column is what a column of a table was taken for.
type Column struct {
	Name      string `json:"name"`
	Element   string `json:"element,omitempty"`
	Treatment string `json:"treatment"`
	Kept      bool   `json:"kept"` // in the output
}

// Records counts records: rows or resources.
type Records struct {
	Kind     string `json:"kind"`
	In       uint64 `json:"in"`
	Filtered uint64 `json:"filtered"` // left out by the selection
	Out      uint64 `json:"out"`
}

// A Digest identifies a file.
type Digest struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hex
}

// JSON returns the canonical form: the members in the order above, objects with
// sorted keys, no white space. The same release gives the same bytes.
func (m Manifest) JSON() ([]byte, error) { return json.Marshal(m) }

func (job Job) manifest(m method.Method) Manifest {
	f := Manifest{Format: job.Format, Profile: job.Profile, ProfileHash: job.Profile.Hash(), Build: job.Build, AsOf: iso(job.AsOf), Codes: "random",
		Unknown: []string{}}
	if job.Codes.Derived() {
		f.Codes = "keyed"
	}
	if m.ZIP != nil {
		f.ZIPVintage, f.ZIPTable = string(m.ZIP.Vintage()), m.ZIP.Hash()
	}
	if job.Elements != nil {
		f.Elements = slices.Compact(slices.Sorted(slices.Values(job.Elements)))
	}
	switch job.Format {
	case CSV:
		r := job.Rows
		if r.Date != "" || len(r.Is) > 0 || r.Keep != nil {
			f.Selection = &Selection{Date: r.Date, From: iso(r.From), To: iso(r.To), Is: r.Is, Condition: r.Keep != nil}
		}
	case FHIR:
		r := job.Resources
		if r.Patients != nil || !r.From.IsZero() || !r.To.IsZero() {
			f.Selection = &Selection{From: iso(r.From), To: iso(r.To), Condition: r.Patients != nil}
		}
	}
	return f
}

// summarize fills in what follows from the counts.
func (m *Manifest) summarize() {
	m.Total = m.Counts.Total()
	for _, place := range m.Counts.Places() {
		if m.Counts[place][tally.Unknown] > 0 {
			m.Unknown = append(m.Unknown, place)
		}
	}
}

func iso(d day.Date) string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}
