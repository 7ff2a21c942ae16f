package expert

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

func sortFlaws(flaws []Flaw) {
	slices.SortStableFunc(flaws, func(a, b Flaw) int { return cmp.Compare(a.Field, b.Field) })
}

// A Section is a part of the report; pages and prints are made of them.
type Section struct {
	Title string
	Lines []Line
}

// A Line is a term with what is said of it.
type Line struct {
	Term   string
	Values []string
}

// Report returns the determination in the order in which it is read: what was
// determined and until when, by whom, over what, how, and with which results.
func (d Determination) Report() []Section {
	one := func(term, value string) Line { return Line{term, []string{value}} }
	percent := func(v float64) string { return strconv.FormatFloat(100*v, 'g', 4, 64) + " %" }
	independent := "yes"
	if !d.Expert.Independent {
		independent = "no: " + d.Expert.Disclosure
	}
	profile := d.Method.ProfileHash
	if profile == "" {
		profile = "none named"
	}
	result := []Line{
		one("Smallest class", fmt.Sprintf("%d rows", d.Result.K)),
		one("Highest risk of one record (prosecutor)", percent(d.Result.Highest)),
		one("Records above "+percent(d.Result.Threshold), percent(d.Result.AtRisk)+", at most "+percent(d.Result.AtRiskLimit)),
		one("Average risk (marketer)", percent(d.Result.Average)+", at most "+percent(d.Result.AverageLimit)),
		one("Unique in the population, estimated", percent(d.Result.Unique)+", at most "+percent(d.Result.UniqueLimit)),
		one("Rows suppressed", percent(d.Result.Suppressed)),
		one("Utility that is left", percent(d.Result.Utility)),
		one("Unique populations", d.Result.UniqueGroups),
	}
	if len(d.Result.Models) > 0 {
		result = append(result, Line{"Models", d.Result.Models})
	}
	data := []Line{one("What", d.Data.Description), one("Source", d.Data.Source), one("Records", strconv.FormatInt(d.Data.Records, 10)),
		one("Population", strconv.FormatFloat(d.Data.Population, 'f', 0, 64)), {"Quasi-identifiers", d.Data.Quasi}}
	if len(d.Data.Sensitive) > 0 {
		data = append(data, Line{"Sensitive", d.Data.Sensitive})
	}
	data = append(data, Line{"Anticipated recipients", d.Data.Recipients}, one("Release", d.Data.ReleaseModel))
	return []Section{
		{"Determination", []Line{one("Number", d.ID), one("Statement", d.Statement), one("Determined", d.Determined), one("Review by", d.Review), one("Expires", d.Expires),
			{"Conditions", d.Conditions}}},
		{"Expert", []Line{one("Name", d.Expert.Name), one("Organization", d.Expert.Organization), {"Qualifications", d.Expert.Qualifications}, one("Independent", independent)}},
		{"Data", data},
		{"Method", []Line{{"Principles", d.Method.Principles}, {"Transformations", d.Method.Transforms}, {"Attackers", d.Method.Attackers}, one("Earlier releases", d.Method.Differencing),
			one("Profile", profile)}},
		{"Result", result},
	}
}

// Print writes the report as plain text, of lines of at most 88 columns where words
// allow.
func (d Determination) Print(w io.Writer) error {
	var b strings.Builder
	b.WriteString("EXPERT DETERMINATION\n45 CFR 164.514(b)(1)\n")
	for _, s := range d.Report() {
		fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(s.Title))
		for _, l := range s.Lines {
			if len(l.Values) == 1 {
				wrap(&b, "  "+l.Term+": "+l.Values[0], "    ")
				continue
			}
			wrap(&b, "  "+l.Term+":", "    ")
			for _, v := range l.Values {
				wrap(&b, "    - "+v, "      ")
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// wrap writes a paragraph with a hanging indent.
func wrap(b *strings.Builder, text, indent string) {
	lead := text[:len(text)-len(strings.TrimLeft(text, " "))]
	column := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			b.WriteString(lead)
			column = len(lead)
		case column+1+len(word) > 88:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	b.WriteByte('\n')
}
