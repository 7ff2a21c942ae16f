package deident

import (
	"chaperone.example/cmd/chaperone/console"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"chaperone.example/deid/composition"
	"chaperone.example/deid/kanon"
	"chaperone.example/deid/rows"
	"chaperone.example/deid/table"
	"chaperone.example/phi"
)

type Anonymize struct {
	In          string   `required:"" type:"existingfile" placeholder:"FILE" help:"The CSV file to read, direct identifiers removed before."`
	Out         string   `required:"" type:"path" placeholder:"FILE" help:"The file to write. It appears only when it is complete."`
	Hierarchies string   `required:"" type:"existingdir" placeholder:"DIR" help:"A folder with COLUMN.csv for each quasi-identifier: a row for each value, the value at every level, the finest first."`
	K           int      `required:"" help:"How many rows must agree in all quasi-identifiers: CMS asks for 11."`
	L           float64  `help:"How diverse the sensitive values of a class must be (l-diversity); needs --sensitive."`
	Diversity   string   `default:"distinct" enum:"distinct,entropy,recursive" help:"Which l-diversity: distinct values, their entropy, or recursive (c,l)."`
	C           float64  `default:"4" help:"The c of recursive (c,l)-diversity."`
	T           float64  `help:"How far the sensitive values of a class may be from those of the table (t-closeness); needs --sensitive."`
	Ground      string   `default:"equal" enum:"equal,hierarchy" help:"The distance of t-closeness: all values equally far apart, or by the hierarchy of the sensitive column."`
	Sensitive   string   `placeholder:"COLUMN" help:"The column that --l and --t protect."`
	Suppress    float64  `help:"The share of rows that may be suppressed, 0 to 1."`
	Local       bool     `help:"Recode locally: keeps far more; values of a column then stand at different levels."`
	Quasi       []string `placeholder:"COLUMN" help:"The quasi-identifiers; all columns with a hierarchy by default."`
	Earlier     []string `type:"existingfile" sep:"none" placeholder:"FILE" help:"An earlier release about the same people, with the column of --person: refuse if the two together single people out."`
	Person      string   `placeholder:"COLUMN" help:"The column that says whose a row is; it is used for --earlier, and not written."`
	JSON        bool     `help:"Print what was done as JSON."`
}

// Help implements kong's longer help.
func (Anonymize) Help() string {
	return `Generalizes and suppresses quasi-identifiers until nobody stands alone, with the least loss,
for an expert determination (45 CFR 164.514(b)(1)). Every cell of a suppressed row becomes "*". Columns
that are no quasi-identifiers stay as they are. Exit code 1: the goal cannot be reached, or earlier
releases and this one together single people out; nothing is written then.`
}

// An Outcome is what anonymize did, as it prints it; there is no value of the data in it.
type Outcome struct {
	Rows       int                 `json:"rows"`
	Suppressed int                 `json:"suppressed"`
	Classes    int                 `json:"classes"`
	Smallest   int                 `json:"smallest_class"`
	Utility    float64             `json:"utility"`
	Levels     map[string]int      `json:"levels,omitempty"` // by column; of the rows that are released; absent after local recoding
	Before     riskFigures         `json:"risk_before"`
	After      riskFigures         `json:"risk_after"`
	Joined     *composition.Report `json:"with_earlier_releases,omitempty"`
}

func (c Anonymize) Run(ctx context.Context, t console.Terminal) error {
	whole, err := readWhole(ctx, c.In)
	if err != nil {
		return console.Interrupted(err)
	}
	if c.K < 2 || c.Suppress < 0 || c.Suppress > 1 {
		return console.Bad(errors.New("--k is at least 2, and --suppress is a share, from 0 to 1"))
	}
	quasi, hierarchies, err := c.hierarchies(whole.header)
	if err != nil {
		return console.Bad(err)
	}
	tab, goal, err := c.goal(whole, quasi, hierarchies)
	if err != nil {
		return console.Bad(err)
	}
	goal.Progress = t.Progress("combinations of levels")
	var result kanon.Result
	if c.Local {
		result, err = tab.Sweep(ctx, goal)
		if err == nil && float64(result.Suppressed) > c.Suppress*float64(tab.Rows())+.5 && c.Suppress > 0 {
			err = kanon.ErrNone
		}
	} else {
		result, err = tab.Optimal(ctx, goal)
	}
	switch {
	case errors.Is(err, kanon.ErrNone):
		return console.No("%w", err)
	case err != nil:
		return console.Interrupted(err)
	}
	done := Outcome{Rows: tab.Rows(), Suppressed: result.Suppressed, Classes: result.Classes, Smallest: result.Smallest, Utility: result.Utility,
		Before: figures(tab.Risk(.09)), After: figures(result.Risk(.09))}
	for i, level := range result.Levels {
		if done.Levels == nil {
			done.Levels = map[string]int{}
		}
		done.Levels[whole.header[quasi[i]]] = level
	}
	if len(c.Earlier) > 0 {
		joined, err := c.join(ctx, whole, quasi, result)
		if err != nil {
			return err
		}
		if done.Joined = &joined; !joined.Clean() {
			return console.No("together with the earlier releases, %d of %d people are among fewer than %d, %d of them alone; use the levels of the earlier release, a larger k, or leave those people out of both. Nothing was written",
				joined.Below, joined.People, c.K, joined.Single)
		}
	}
	if err := console.WriteWhole(c.Out, func(w io.Writer) error { return c.write(w, whole, quasi, result) }); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(t.Out).Encode(done)
	}
	fmt.Fprintf(t.Out, "%v\n", result)
	fmt.Fprintf(t.Out, "highest risk of a record %.4f, was %.4f; average %.4f, was %.4f\n", done.After.Highest, done.Before.Highest, done.After.Average, done.Before.Average)
	if done.Joined != nil {
		fmt.Fprintf(t.Out, "with %d earlier releases: %d people in %d joint classes, the smallest of %d\n", len(c.Earlier), done.Joined.People, done.Joined.Classes, done.Joined.Smallest)
	}
	return nil
}

// A wholeTable is a table in memory.
type wholeTable struct {
	name      string
	header    []string
	separator rune
	rows      [][]string
}

func readWhole(ctx context.Context, name string) (wholeTable, error) {
	w := wholeTable{name: name}
	err := console.ReadFile(name, func(r io.Reader) error {
		in, err := rows.NewReader(r, 0)
		if err != nil {
			return err
		}
		w.header, w.separator = in.Header, in.Separator
		for {
			row, err := in.Read()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if len(w.rows)%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			trimmed := make([]string, len(row))
			for i, v := range row {
				trimmed[i] = strings.TrimSpace(v)
			}
			w.rows = append(w.rows, trimmed)
		}
	})
	if err == nil && len(w.rows) == 0 {
		err = console.Bad(fmt.Errorf("%s: the table has no rows", name))
	}
	return w, err
}

func (w wholeTable) index(column string) (int, error) {
	if i := slices.Index(w.header, column); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("%s: there is no column %q; the first line names the columns", w.name, column)
}

// hierarchies finds the quasi-identifiers and reads their hierarchies.
func (c Anonymize) hierarchies(header []string) (quasi []int, all []*kanon.Hierarchy, err error) {
	for i, name := range header {
		if e, ok := phi.Lookup(table.Named(name).Element); ok && e.Class == phi.Direct && name != c.Person {
			return nil, nil, fmt.Errorf("%s: column %q is a direct identifier (%s), which no generalization helps; remove it first, with `chaperone deid`", c.In, name, e.Title)
		}
		path := filepath.Join(c.Hierarchies, filepath.Base(name)+".csv")
		asked := slices.Contains(c.Quasi, name)
		if len(c.Quasi) > 0 && !asked {
			continue
		}
		h, err := readHierarchy(path)
		if errors.Is(err, os.ErrNotExist) {
			if asked {
				return nil, nil, fmt.Errorf("column %q is a quasi-identifier and has no hierarchy: write %s", name, path)
			}
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		quasi, all = append(quasi, i), append(all, h)
	}
	for _, name := range c.Quasi {
		if !slices.Contains(header, name) {
			return nil, nil, fmt.Errorf("%s: there is no column %q", c.In, name)
		}
	}
	if len(quasi) == 0 {
		return nil, nil, fmt.Errorf("%s: no column of %s has a hierarchy there: write COLUMN.csv for each quasi-identifier", c.Hierarchies, c.In)
	}
	return quasi, all, nil
}

func readHierarchy(path string) (*kanon.Hierarchy, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in, err := rows.NewPlainReader(f, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var all [][]string
	for {
		row, err := in.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, slices.Clone(row))
	}
	h, err := kanon.NewHierarchy(all)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return h, nil
}

// goal puts the table and what it must satisfy together.
func (c Anonymize) goal(w wholeTable, quasi []int, hierarchies []*kanon.Hierarchy) (*kanon.Table, kanon.Goal, error) {
	goal := kanon.Goal{K: c.K, Suppress: c.Suppress}
	sensitive := -1
	if c.Sensitive != "" {
		i, err := w.index(c.Sensitive)
		if err != nil {
			return nil, goal, err
		}
		if slices.Contains(quasi, i) {
			return nil, goal, fmt.Errorf("column %q is sensitive and a quasi-identifier: name the quasi-identifiers with --quasi", c.Sensitive)
		}
		sensitive = i
	} else if c.L != 0 || c.T != 0 {
		return nil, goal, errors.New("--l and --t need --sensitive: the column whose values they protect")
	}
	cells := make([][]string, len(w.rows))
	var values []string
	for r, row := range w.rows {
		for _, i := range quasi {
			cells[r] = append(cells[r], row[i])
		}
		if sensitive >= 0 {
			values = append(values, row[sensitive])
		}
	}
	tab, err := kanon.NewTable(hierarchies, cells, values)
	if err != nil {
		return nil, goal, fmt.Errorf("%s: %w; row 1 is the one after the first line", w.name, err)
	}
	if c.L != 0 {
		switch c.Diversity {
		case "distinct":
			goal.Models = append(goal.Models, kanon.Distinct{L: int(c.L)})
		case "entropy":
			goal.Models = append(goal.Models, kanon.Entropy{L: c.L})
		case "recursive":
			goal.Models = append(goal.Models, kanon.Recursive{C: c.C, L: int(c.L)})
		}
	}
	if c.T != 0 {
		ground := kanon.Ground(kanon.Equal{})
		if c.Ground == "hierarchy" {
			path := filepath.Join(c.Hierarchies, filepath.Base(c.Sensitive)+".csv")
			h, err := readHierarchy(path)
			if err != nil {
				return nil, goal, err
			}
			if ground, err = tab.NewTree(h); err != nil {
				return nil, goal, fmt.Errorf("%s: %w", path, err)
			}
		}
		goal.Models = append(goal.Models, kanon.Closeness{T: c.T, Ground: ground})
	}
	if c.L < 0 || c.T < 0 || c.T > 1 {
		return nil, goal, errors.New("--l is at least 1, and --t lies between 0 and 1")
	}
	return tab, goal, nil
}

// write writes the table with its quasi-identifiers generalized.
func (c Anonymize) write(w io.Writer, whole wholeTable, quasi []int, result kanon.Result) error {
	out := rows.NewWriter(w, whole.separator)
	person := slices.Index(whole.header, c.Person)
	without := func(row []string) []string {
		if person < 0 {
			return row
		}
		return slices.Delete(row, person, person+1)
	}
	if err := out.Write(without(slices.Clone(whole.header))); err != nil {
		return err
	}
	var cells, row []string
	for r := range whole.rows {
		cells = result.Row(cells[:0], r)
		row = append(row[:0], whole.rows[r]...)
		if result.SuppressedRow(r) {
			for i := range row {
				row[i] = "*"
			}
		}
		for i, v := range cells {
			row[quasi[i]] = v
		}
		if err := out.Write(without(row)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// join checks the new release against the earlier ones.
func (c Anonymize) join(ctx context.Context, w wholeTable, quasi []int, result kanon.Result) (composition.Report, error) {
	if c.Person == "" {
		return composition.Report{}, console.Bad(errors.New("--earlier needs --person: the column that says whose a row is"))
	}
	var releases []composition.Release
	for _, name := range c.Earlier {
		old, err := readWhole(ctx, name)
		if err != nil {
			return composition.Report{}, err
		}
		person, err := old.index(c.Person)
		if err != nil {
			return composition.Report{}, console.Bad(err)
		}
		var columns []int
		for _, i := range quasi {
			if at := slices.Index(old.header, w.header[i]); at >= 0 {
				columns = append(columns, at)
			}
		}
		if len(columns) == 0 {
			return composition.Report{}, console.Bad(fmt.Errorf("%s: it has none of the quasi-identifiers of this release", name))
		}
		releases = append(releases, func(yield func(composition.Row) bool) {
			for _, row := range old.rows {
				var class []string
				for _, i := range columns {
					class = append(class, row[i])
				}
				if !yield(composition.Row{Person: row[person], Class: strings.Join(class, "\x1f")}) {
					return
				}
			}
		})
	}
	person, err := w.index(c.Person)
	if err != nil {
		return composition.Report{}, console.Bad(err)
	}
	releases = append(releases, func(yield func(composition.Row) bool) {
		var cells []string
		for r, row := range w.rows {
			cells = result.Row(cells[:0], r)
			if !yield(composition.Row{Person: row[person], Class: strings.Join(cells, "\x1f")}) {
				return
			}
		}
	})
	return composition.Check(c.K, releases, nil)
}
