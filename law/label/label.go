// Package label says how sensitive a coded entry is, by code and by where it comes
// from, and keeps the two apart.
//
// A code shows that an entry is about substance use. Whether the record is
// protected by 42 CFR Part 2 depends on who made it (42 CFR 2.11, 2.12): a record
// of a Part 2 program is, whatever its codes, and a general hospital's entry with
// the same code is not. So a code gives the HL7 sensitivity label ETH, provenance
// gives the policy label 42CFRPart2, and neither stands for the other.
//
// The table is ours, versioned, with the source of every line. It labels by code
// and by prefix of codes, so that codes added within a block are covered before
// the next revision; what it labels too much costs a look, what it misses costs a
// patient. Nicotine is a category of its own, and so are poisonings, which say
// nothing of a disorder.
package label

import (
	"slices"
	"strings"
)

// Version names the table.
const Version = "labels 1 (2026-11-01)"

// A Label is a code of HL7 ActCode: a sensitivity, or the policy 42CFRPart2.
type Label string

// The labels.
const (
	Part2     Label = "42CFRPart2" // made by a Part 2 program; never given by a code
	Substance Label = "ETH"        // substance use
	HIV       Label = "HIV"
	Mental    Label = "PSY"  // psychiatric disorder
	Genetic   Label = "GDIS" // genetic disease
	Sexual    Label = "SEX"  // sexual and reproductive health
	Violence  Label = "SDV"  // sexual assault, abuse, domestic violence
	Sickle    Label = "SICKLE"
)

// Labels lists the labels.
func Labels() []Label {
	return []Label{Part2, Substance, HIV, Mental, Genetic, Sexual, Violence, Sickle}
}

// A Category tells apart what has one label, or none of its own.
type Category string

// The categories.
const (
	Disorder  Category = "substance use"
	Treatment Category = "substance-use treatment"
	Screening Category = "substance-use screening"
	Nicotine  Category = "nicotine"  // no label
	Poisoning Category = "poisoning" // no label: not by itself a disorder
	Organ     Category = "organ damage by alcohol"
	Other     Category = ""
)

// A Finding is what the table says of a code.
type Finding struct {
	Label    Label // empty: a category without a label
	Category Category
	Source   string // where the line comes from
}

// A row of the table: codes of a system that begin with a prefix, or are it.
type row struct {
	system   string
	codes    string // separated by blanks; a trailing * means every code that begins so
	label    Label
	category Category
	source   string
}

// The sources of the table.
const (
	cms    = "CMS, substance-use codes withheld from claims feeds, list of April 2026 (CC0)"
	consen = "SAMHSA Consent2Share value sets of 2018 (Apache-2.0)"
	own    = "blocks of the code system, by title"
)

var table = []row{
	{"ICD10CM", "F10* F11* F12* F13* F14* F15* F16* F18* F19*", Substance, Disorder, cms},
	{"ICD10CM", "F55* R780 Z7141 Z7151", Substance, Disorder, cms},
	{"ICD10CM", "K70* P043 P0441 P0449 P961 O9931*", Substance, Organ, consen},
	{"ICD10CM", "F17* Z720 Z87891 O9933* T652*", "", Nicotine, own},
	{"ICD10CM", "T40* T51* T50901* T50902* T50904* T50905* T50991* T50992* T50994*", "", Poisoning, consen},
	{"ICD10PCS", "HZ*", Substance, Treatment, cms},
	{"ICD9CM", "291* 292* 303* 304* 7903 V6542", Substance, Disorder, cms},
	{"ICD9CM", "305 3050* 3052* 3053* 3054* 3055* 3056* 3057* 3058* 3059*", Substance, Disorder, cms},
	{"ICD9CM", "3051* V1582", "", Nicotine, own},
	{"ICD9PROC", "9445 9446 9453 9454 946*", Substance, Treatment, cms},
	{"MSDRG", "522 523 894 895 896 897", Substance, Disorder, cms},
	{"CPT", "0078U 4306F 4320F 99408 99409", Substance, Screening, cms},
	{"HCPCS", "G0137 G0532 G0533 G0534 G0535 G0536 G1028 G2011 G2067 G2068 G2069 G2070 G2071 G2072 G2073 G2074 G2075 G2076 G2077 G2078 G2079 G2080", Substance, Treatment, cms},
	{"HCPCS", "G2086 G2087 G2088 G2172 G2215 G2216 G9562 G9578 G9584 G9621 M1034 M1035 J0570 Q9991 Q9992 S9475", Substance, Treatment, cms},
	{"HCPCS", "H0005 H0006 H0007 H0008 H0009 H0010 H0011 H0012 H0013 H0014 H0015 H0020 H0034 H0047 H0050 H2035 H2036 T1006 T1007 T1008 T1009 T1010 T1011 T1012", Substance, Treatment, cms},
	{"RXNORM", "1819 6813 7243 7407 42347 581646 602959 636230 636556 151358 152092 218734", Substance, Treatment, consen},

	{"ICD10CM", "B20* Z21* O987* R75* Z206*", HIV, Other, own},
	{"ICD9CM", "042* V08* 79571", HIV, Other, own},
	{"ICD10CM", "F2* F3* F4* F5* F60* F61* F62* F63* F64* F65* F66* F68* F69* F9*", Mental, Other, own},
	{"ICD10CM", "Z14* Z15* Q90* Q91* Q92* Q93* Q95* Q96* Q97* Q98* Q99*", Genetic, Other, own},
	{"ICD10CM", "A50* A51* A52* A53* A54* A55* A56* A57* A58* A59* A60* A63* A64* O0* Z30* Z332 Z640", Sexual, Other, own},
	{"ICD10CM", "T74* T76* Y07* Z0441 Z0442 Z6911* Z6912", Violence, Other, own},
	{"ICD10CM", "D57*", Sickle, Other, own},
}

// systems maps the URIs of FHIR to the names of the table.
var systems = map[string]string{
	"http://hl7.org/fhir/sid/icd-10-cm":                        "ICD10CM",
	"http://www.cms.gov/Medicare/Coding/ICD10":                 "ICD10PCS",
	"http://hl7.org/fhir/sid/icd-9-cm":                         "ICD9CM",
	"http://www.ama-assn.org/go/cpt":                           "CPT",
	"https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "HCPCS",
	"http://www.nlm.nih.gov/research/umls/rxnorm":              "RXNORM",
	"https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software": "MSDRG",
}

// compiled is the table, by system, then by code or prefix.
var compiled = compile()

type lookup struct {
	exact    map[string][]Finding
	prefixes map[string][]Finding
}

func compile() map[string]lookup {
	out := map[string]lookup{}
	for _, r := range table {
		l, ok := out[r.system]
		if !ok {
			l = lookup{map[string][]Finding{}, map[string][]Finding{}}
			out[r.system] = l
		}
		f := Finding{r.label, r.category, r.source}
		for c := range strings.FieldsSeq(r.codes) {
			if p, wild := strings.CutSuffix(c, "*"); wild {
				l.prefixes[p] = append(l.prefixes[p], f)
			} else {
				l.exact[c] = append(l.exact[c], f)
			}
		}
	}
	return out
}

// Of returns what the table says of a code. The system is a name of the table
// (ICD10CM, HCPCS …) or its FHIR URI; dots, blanks and case in the code do not
// matter. An unknown system or code gives nothing.
func Of(system, code string) []Finding {
	if name, ok := systems[system]; ok {
		system = name
	}
	l, ok := compiled[system]
	if !ok {
		return nil
	}
	code = strings.ToUpper(strings.NewReplacer(".", "", " ", "").Replace(code))
	if len(code) > 20 {
		return nil
	}
	out := slices.Clone(l.exact[code])
	for n := 1; n <= len(code); n++ {
		out = append(out, l.prefixes[code[:n]]...)
	}
	return out
}

// Sensitive returns the labels of a code, each once.
func Sensitive(system, code string) []Label {
	var out []Label
	for _, f := range Of(system, code) {
		if f.Label != "" && !slices.Contains(out, f.Label) {
			out = append(out, f.Label)
		}
	}
	return out
}

// A Provenance is what is known of where a record was made.
type Provenance struct {
	Program bool // by a Part 2 program, or received from one
	Known   bool // it is known whether it was
}

// Protected reports whether a record is to be handled under 42 CFR Part 2: when a
// program made it, or when that is not known and a code shows substance use.
func (p Provenance) Protected(labels []Label) bool {
	return p.Program || !p.Known && slices.Contains(labels, Substance)
}

// A Report counts what labels withheld, without saying whose (PAT-2).
type Report struct {
	Version string        `json:"version"`
	Rows    int           `json:"rows"`    // looked at
	Dropped map[Label]int `json:"dropped"` // withheld, by label
}

// NewReport returns an empty report under the table in use.
func NewReport() *Report { return &Report{Version: Version, Dropped: map[Label]int{}} }

// Look counts a row, and says whether it is to be withheld: it has one of the
// labels that are held back. A row with several such labels counts for each.
func (r *Report) Look(labels, held []Label) bool {
	r.Rows++
	drop := false
	for _, l := range labels {
		if slices.Contains(held, l) {
			r.Dropped[l]++
			drop = true
		}
	}
	return drop
}
