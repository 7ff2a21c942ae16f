package deident

import (
	"chaperone.example/cmd/chaperone/console"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"chaperone.example/deid/kanon"
	"chaperone.example/deid/rows"
	"chaperone.example/deid/table"
	"chaperone.example/deid/unique"
	"chaperone.example/phi"
)

type Risk struct {
	File       string   `arg:"" type:"existingfile" help:"The CSV file as it is to be released."`
	Quasi      []string `placeholder:"COLUMN" help:"What somebody may know of a person; by default the columns that are known to be quasi-identifiers."`
	Threshold  float64  `default:"0.09" help:"The risk above which a record counts as at risk: .09 is that of the European Medicines Agency and Health Canada."`
	Population float64  `placeholder:"PEOPLE" help:"How many people the records are a sample of: estimates who is unique among them."`
	Rare       int      `placeholder:"K" help:"Look for small groups too: combinations of up to --size columns that fewer than K rows share."`
	Size       int      `default:"2" help:"Columns in a combination for --rare, 1 to 4."`
	Also       []string `placeholder:"COLUMN" help:"Further columns for --rare: a rare diagnosis is no quasi-identifier, but may be known."`
	Limit      float64  `help:"The highest risk of a record that is acceptable: exit code 1 above it."`
	JSON       bool     `help:"Print the figures as JSON."`
}

// Help implements kong's longer help.
func (Risk) Help() string {
	return `Prints the risks of prosecutor, journalist and marketer, and on request estimates of the people
who are unique in the population (Pitman, Zayatz) and the small groups. The figures are those of an
expert determination (45 CFR 164.514(b)(1)); whether they are very small, the expert says.`
}

// riskFigures are the figures of kanon.Risk, as they are printed.
type riskFigures struct {
	Rows         int      `json:"rows"` // that are released
	Classes      int      `json:"classes"`
	Smallest     int      `json:"smallest_class"`
	Highest      float64  `json:"prosecutor_highest"`
	AtRisk       float64  `json:"records_at_risk"`
	Threshold    float64  `json:"threshold"`
	Average      float64  `json:"marketer_average"`
	SampleUnique float64  `json:"sample_unique"`
	Pitman       *float64 `json:"population_unique_pitman,omitempty"`
	Zayatz       *float64 `json:"population_unique_zayatz,omitempty"`
}

func figures(r kanon.Risk) riskFigures {
	return riskFigures{Rows: r.Rows, Classes: r.Classes, Smallest: r.Smallest(), Highest: r.Highest, AtRisk: r.AtRisk, Threshold: r.Threshold, Average: r.Average, SampleUnique: r.SampleUnique}
}

// A smallGroup is a kind of small group.
type smallGroup struct {
	Columns []string `json:"columns"`
	Groups  int      `json:"groups"`
	Rows    int      `json:"rows"`
	Single  int      `json:"single"`
}

func (c Risk) Run(ctx context.Context, t console.Terminal) error {
	if !(c.Threshold > 0 && c.Threshold <= 1) || c.Limit < 0 || c.Limit > 1 {
		return console.Bad(errors.New("--threshold and --limit are shares, from 0 to 1"))
	}
	var quasi []string
	var look [][]string // for --rare
	var columns []int
	classes := map[string]int{}
	suppressed := 0
	err := console.ReadFile(c.File, func(r io.Reader) error {
		in, err := rows.NewReader(r, 0)
		if err != nil {
			return err
		}
		if quasi = c.quasi(in.Header); len(quasi) == 0 {
			return errors.New("no column is known to be a quasi-identifier: name them with --quasi")
		}
		if columns, err = places(in, quasi); err != nil {
			return err
		}
		wide, err := places(in, append(slices.Clone(quasi), c.Also...))
		if err != nil {
			return err
		}
		var key strings.Builder
		for n := 0; ; n++ {
			row, err := in.Read()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if n%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			key.Reset()
			stars := 0
			for _, i := range columns {
				v := strings.TrimSpace(row[i])
				if v == unique.Withheld {
					stars++
				}
				key.WriteString(v)
				key.WriteByte(0)
			}
			if stars == len(columns) { // a suppressed row is released of nobody
				suppressed++
				continue
			}
			classes[key.String()]++
			if c.Rare > 0 {
				cells := make([]string, len(wide))
				for j, i := range wide {
					cells[j] = strings.TrimSpace(row[i])
				}
				look = append(look, cells)
			}
		}
	})
	if err != nil {
		return err
	}
	risk := kanon.Measure(classes, c.Threshold)
	if risk.Rows == 0 {
		return console.Bad(fmt.Errorf("%s: no row is released", c.File))
	}
	if c.Population != 0 && c.Population < float64(risk.Rows) {
		return console.Bad(fmt.Errorf("--population: %.0f people are fewer than %d rows", c.Population, risk.Rows))
	}
	f := figures(risk)
	note := ""
	if c.Population > 0 {
		z := risk.Zayatz(c.Population)
		f.Zayatz = &z
		switch p, err := risk.Pitman(c.Population); {
		case errors.Is(err, kanon.ErrNoFit) && risk.SampleUnique == 0:
			p = 0 // nobody is unique in the sample, so nobody of the sample is in the population
			f.Pitman = &p
		case err != nil:
			note = err.Error()
		default:
			f.Pitman = &p
		}
	}
	groups, err := c.groups(ctx, look, append(slices.Clone(quasi), c.Also...))
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(t.Out).Encode(struct {
			Quasi      []string     `json:"quasi_identifiers"`
			Suppressed int          `json:"suppressed"`
			Risk       riskFigures  `json:"risk"`
			Groups     []smallGroup `json:"small_groups,omitempty"`
		}{quasi, suppressed, f, groups})
		if err != nil {
			return err
		}
	} else {
		c.print(t, quasi, suppressed, f, note, groups)
	}
	if c.Limit > 0 && f.Highest > c.Limit {
		return console.No("the highest risk of a record is %.4f, above %.4f", f.Highest, c.Limit)
	}
	return nil
}

// quasi says what somebody may know of a person.
func (c Risk) quasi(header []string) []string {
	if len(c.Quasi) > 0 {
		return c.Quasi
	}
	var out []string
	for _, name := range header {
		if e, ok := phi.Lookup(table.Named(name).Element); ok && e.Class == phi.Quasi {
			out = append(out, name)
		}
	}
	return out
}

func places(in *rows.Reader, names []string) ([]int, error) {
	var out []int
	for _, name := range names {
		i, err := in.Index(name)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

func (c Risk) groups(ctx context.Context, look [][]string, names []string) ([]smallGroup, error) {
	if c.Rare == 0 {
		return nil, nil
	}
	tab, err := unique.NewTable(look)
	if err != nil {
		return nil, console.Bad(err)
	}
	found, err := tab.Find(ctx, unique.Search{K: c.Rare, Size: c.Size})
	if errors.Is(err, context.Canceled) {
		return nil, err
	}
	if err != nil {
		return nil, console.Bad(err)
	}
	var out []smallGroup
	for _, g := range found {
		s := smallGroup{Groups: g.Groups, Rows: g.Rows, Single: g.Single}
		for _, i := range g.Columns {
			s.Columns = append(s.Columns, names[i])
		}
		out = append(out, s)
	}
	return out, nil
}

func (c Risk) print(t console.Terminal, quasi []string, suppressed int, f riskFigures, note string, groups []smallGroup) {
	line := func(what, format string, a ...any) { fmt.Fprintf(t.Out, "%-44s %s\n", what, fmt.Sprintf(format, a...)) }
	line("known of a person", "%s", strings.Join(quasi, ", "))
	line("rows", "%d, and %d suppressed", f.Rows, suppressed)
	line("classes", "%d, the smallest of %d rows", f.Classes, f.Smallest)
	line("highest risk of a record (prosecutor)", "%.6f", f.Highest)
	line(fmt.Sprintf("records above %g", f.Threshold), "%.6f", f.AtRisk)
	line("average risk (marketer)", "%.6f", f.Average)
	line("unique in the table", "%.6f", f.SampleUnique)
	if f.Pitman != nil {
		line("unique in the population, Pitman", "%.3g", *f.Pitman)
	}
	if f.Zayatz != nil {
		line("unique in the population, Zayatz", "%.3g", *f.Zayatz)
	}
	if note != "" {
		line("unique in the population, Pitman", "none: %s", note)
	}
	for _, g := range groups {
		line("small groups by "+strings.Join(g.Columns, " and "), "%d, of %d rows, %d of them alone", g.Groups, g.Rows, g.Single)
	}
	if c.Rare > 0 && len(groups) == 0 {
		line("small groups", "none below %d in %d columns", c.Rare, c.Size)
	}
}
