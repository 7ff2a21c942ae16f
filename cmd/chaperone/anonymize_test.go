package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/cmd/chaperone/deident"
	engine "chaperone.example/deid"
)

// people is a table of synthetic people, and the hierarchies of its columns.
func people(t *testing.T) (file, hierarchies string) {
	t.Helper()
	dir := t.TempDir()
	var b, ages strings.Builder
	b.WriteString("person,age,sex,dx1\n")
	for i := range 120 {
		fmt.Fprintf(&b, "p%d,%d,%s,I%02d\n", i, 20+i%40, []string{"F", "M"}[i/40%2], i%7)
	}
	for a := 20; a < 60; a++ {
		fmt.Fprintf(&ages, "%d,%d-%d,%d-%d,*\n", a, a/5*5, a/5*5+4, a/20*20, a/20*20+19)
	}
	for name, text := range map[string]string{"table.csv": b.String(), "h/age.csv": ages.String(), "h/sex.csv": "F,*\nM,*\n"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "table.csv"), filepath.Join(dir, "h")
}

func TestAnonymize(t *testing.T) {
	file, h := people(t)
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"globally":         {[]string{"--k", "5"}, `"levels":{"age":1,"sex":0}`},
		"locally":          {[]string{"--k", "5", "--local"}, `"smallest_class":`},
		"diverse":          {[]string{"--k", "5", "--l", "3", "--sensitive", "dx1"}, `"suppressed":0`},
		"by entropy":       {[]string{"--k", "5", "--l", "2.5", "--diversity", "entropy", "--sensitive", "dx1"}, `"suppressed":0`},
		"recursively":      {[]string{"--k", "5", "--l", "2", "--diversity", "recursive", "--sensitive", "dx1"}, `"suppressed":0`},
		"close":            {[]string{"--k", "5", "--t", "0.5", "--sensitive", "dx1"}, `"suppressed":0`},
		"some columns":     {[]string{"--k", "5", "--quasi", "age"}, `"levels":{"age":1}`},
		"with suppression": {[]string{"--k", "7", "--suppress", "0.2"}, `"rows":120`},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.csv")
			printed, said, code := command(t, append([]string{"anonymize", "--in", file, "--out", out, "--hierarchies", h, "--json", "--person", "person"}, tt.args...)...)
			if code != exitOK || !strings.Contains(printed, tt.want) {
				t.Fatalf("exit code %d, said %q, %s", code, said, printed)
			}
			var done deident.Outcome
			if err := json.Unmarshal([]byte(printed), &done); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(b)), "\n")
			if lines[0] != "age,sex,dx1" || len(lines) != 121 {
				t.Fatalf("%d lines, header %q", len(lines), lines[0])
			}
			classes := map[string]int{}
			for _, l := range lines[1:] {
				if l != "*,*,*" {
					classes[l[:strings.LastIndexByte(l, ',')]]++
				}
			}
			if name != "some columns" {
				for class, n := range classes {
					if n < done.Smallest || n < 5 {
						t.Errorf("class %q has %d rows, the report says %d at least", class, n, done.Smallest)
					}
				}
			}
		})
	}
}

// DEI-3: a release that hides everybody, but not together with an earlier one, is refused
// and not written.
func TestAnonymizeJoinsEarlierReleases(t *testing.T) {
	file, h := people(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	fewer := write(t, "fewer.csv", lines[0]+strings.Join(lines[3:], "")) // two people came later
	release := func(in string) string {
		out := filepath.Join(t.TempDir(), "out.csv")
		// The earlier release as its owner keeps it, with the persons.
		if _, said, code := command(t, "anonymize", "--in", in, "--out", out, "--hierarchies", h, "--k", "5"); code != exitOK {
			t.Fatal(said)
		}
		return out
	}
	out := filepath.Join(t.TempDir(), "new.csv")
	args := []string{"anonymize", "--in", file, "--out", out, "--hierarchies", h, "--k", "5", "--person", "person", "--earlier"}
	if printed, said, code := command(t, append(args, release(file))...); code != exitOK || !strings.Contains(printed, "with 1 earlier releases") {
		t.Errorf("the same people: exit code %d, said %q", code, said)
	}
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	if _, said, code := command(t, append(args, release(fewer))...); code != exitFailed || !strings.Contains(said, "2 of 120 people") {
		t.Errorf("two more people: exit code %d, said %q", code, said)
	}
	if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAnonymizeRefuses(t *testing.T) {
	file, h := people(t)
	bad := t.TempDir()
	if err := os.WriteFile(filepath.Join(bad, "age.csv"), []byte("20,a\n21\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"a value that is not in its hierarchy": {[]string{"--in", write(t, "a.csv", "age,sex\n20,F\n99,F\n"), "--hierarchies", h, "--k", "2"}, exitBadFile, "row 2"},
		"a broken hierarchy":                   {[]string{"--in", file, "--hierarchies", bad, "--k", "2"}, exitBadFile, "age.csv: line 2"},
		"no hierarchy":                         {[]string{"--in", file, "--hierarchies", t.TempDir(), "--k", "2"}, exitBadFile, "no column"},
		"a direct identifier":                  {[]string{"--in", write(t, "a.csv", "ssn,sex\n1,F\n"), "--hierarchies", h, "--k", "2"}, exitBadFile, "direct identifier"},
		"k of one":                             {[]string{"--in", file, "--hierarchies", h, "--k", "1"}, exitBadFile, "at least 2"},
		"k of too many":                        {[]string{"--in", file, "--hierarchies", h, "--k", "121"}, exitFailed, "no combination"},
		"l without sensitive":                  {[]string{"--in", file, "--hierarchies", h, "--k", "2", "--l", "2"}, exitBadFile, "--sensitive"},
		"sensitive and quasi":                  {[]string{"--in", file, "--hierarchies", h, "--k", "2", "--l", "2", "--sensitive", "age"}, exitBadFile, "--quasi"},
		"no such column":                       {[]string{"--in", file, "--hierarchies", h, "--k", "2", "--quasi", "height"}, exitBadFile, `"height"`},
		"a broken row":                         {[]string{"--in", write(t, "a.csv", "age,sex\n20,F\nSECRET\n"), "--hierarchies", h, "--k", "2"}, exitBadFile, "line 3"},
		"no rows":                              {[]string{"--in", write(t, "a.csv", "age,sex\n"), "--hierarchies", h, "--k", "2"}, exitBadFile, "no rows"},
		"earlier without person":               {[]string{"--in", file, "--hierarchies", h, "--k", "2", "--earlier", file}, exitBadFile, "--person"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.csv")
			_, said, code := command(t, append([]string{"anonymize", "--out", out}, tt.args...)...)
			if code != tt.code || !strings.Contains(said, tt.want) || strings.Contains(said, "SECRET") {
				t.Errorf("exit code %d, said %q, want %q", code, said, tt.want)
			}
			if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// Who interrupts a command finds nothing half written.
func TestCancelLeavesNothing(t *testing.T) {
	file, h := people(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out := filepath.Join(t.TempDir(), "out.csv")
	long := write(t, "long.csv", "sex,zip,charge,patient_token\n"+strings.Repeat("F,02138,10,t\n", 3000))
	plan := write(t, "plan.json", markPlan)
	for _, args := range [][]string{
		{"anonymize", "--in", file, "--out", out, "--hierarchies", h, "--k", "5"},
		{"deid", "--profile", "safe-harbor", "--format", "csv", "--in", long, "--out", out},
		{"mark", "--plan", plan, "--key", write(t, "key", strings.Repeat("k", 32)), "--recipient", "r", "--in", long, "--out", out, "--record", out + ".json"},
	} {
		var o, e strings.Builder
		if code := run(ctx, args, terminal{&o, &e}); code != exitFailed || !strings.Contains(e.String(), "interrupted") {
			t.Errorf("%s: exit code %d, said %q", args[0], code, e.String())
		}
	}
	if err := writeWhole(out, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		return ctx.Err()
	}); err == nil {
		t.Error("a cancelled write is taken for a whole one")
	}
	if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestRisk(t *testing.T) {
	file, _ := people(t)
	out, said, code := command(t, "risk", file, "--quasi", "age,sex", "--population", "5000", "--rare", "2", "--also", "dx1")
	const want = `known of a person                            age, sex
rows                                         120, and 0 suppressed
classes                                      80, the smallest of 1 rows
highest risk of a record (prosecutor)        1.000000
records above 0.09                           1.000000
average risk (marketer)                      0.666667
unique in the table                          0.333333
`
	if code != exitOK || !strings.HasPrefix(out, want) || !strings.Contains(out, "Zayatz") || !strings.Contains(out, "small groups by age and sex") || !strings.Contains(out, "40, of 40 rows, 40 of them alone") {
		t.Errorf("exit code %d, said %q, printed\n%s", code, said, out)
	}
	if out, _, code := command(t, "risk", file, "--json"); code != exitOK || !strings.Contains(out, `"quasi_identifiers":["age","sex"]`) || !strings.Contains(out, `"prosecutor_highest":1,`) {
		t.Errorf("--json: exit code %d, %s", code, out)
	}
	if _, said, code := command(t, "risk", file, "--limit", "0.2"); code != exitFailed || !strings.Contains(said, "above 0.2000") {
		t.Errorf("above the limit: exit code %d, said %q", code, said)
	}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no such column":       {[]string{file, "--quasi", "height"}, `"height"`},
		"no quasi-identifier":  {[]string{write(t, "a.csv", "colour\nred\n")}, "--quasi"},
		"a small population":   {[]string{file, "--population", "5"}, "fewer than"},
		"a threshold of two":   {[]string{file, "--threshold", "2"}, "--threshold"},
		"all rows suppressed":  {[]string{write(t, "a.csv", "age,sex\n*,*\n")}, "no row"},
		"a broken row":         {[]string{write(t, "a.csv", "age,sex\nSECRET\n")}, "line 2"},
		"combinations of nine": {[]string{file, "--rare", "2", "--size", "9"}, "1 to 4"},
	} {
		if _, said, code := command(t, append([]string{"risk"}, tt.args...)...); code != exitBadFile || !strings.Contains(said, tt.want) || strings.Contains(said, "SECRET") {
			t.Errorf("%s: exit code %d, said %q", name, code, said)
		}
	}
}

// DEI-5: a stronger label than the rules earn is refused, by lint and by deid.
func TestDeidLint(t *testing.T) {
	p, err := engine.Standard(engine.SafeHarbor)
	if err != nil {
		t.Fatal(err)
	}
	good := write(t, "good.json", string(p.JSON()))
	p.Dates, p.Cities = engine.Whole, true
	weak := write(t, "weak.json", string(p.JSON()))
	if out, said, code := command(t, "deid", "lint", good); code != exitOK || !strings.Contains(out, "earns the label safe-harbor") {
		t.Errorf("exit code %d, said %q, %s", code, said, out)
	}
	if out, said, code := command(t, "deid", "lint", weak); code != exitFailed || strings.Count(out, "flaw: ") != 2 || !strings.Contains(out, "164.514(b)(2)(i)(C)") || !strings.Contains(said, "do not earn") {
		t.Errorf("exit code %d, said %q, %s", code, said, out)
	}
	if out, _, code := command(t, "deid", "lint", "--json", weak); code != exitFailed || !strings.Contains(out, `"earned":false`) {
		t.Errorf("--json: exit code %d, %s", code, out)
	}
	if out, _, code := command(t, "deid", "lint", "limited-data-set"); code != exitOK || !strings.Contains(out, "limited-data-set") {
		t.Errorf("a shipped profile: exit code %d, %s", code, out)
	}
	for name, file := range map[string]string{"no such file": "nowhere.json", "a misspelt rule": write(t, "p.json", `{"dats":"year"}`)} {
		if _, said, code := command(t, "deid", "lint", file); code != exitBadFile || !strings.Contains(said, file) {
			t.Errorf("%s: exit code %d, said %q", name, code, said)
		}
	}
	in, out := write(t, "in.csv", "sex,zip,city\nF,02138,Salem\n"), filepath.Join(t.TempDir(), "out.csv")
	if _, said, code := command(t, "deid", "--profile", good, "--format", "csv", "--in", in, "--out", out); code != exitOK {
		t.Errorf("deid with a profile of one's own: exit code %d, said %q", code, said)
	}
	if _, said, code := command(t, "deid", "--profile", weak, "--format", "csv", "--in", in, "--out", out); code == exitOK || !strings.Contains(said, "does not earn its label") {
		t.Errorf("deid with a profile that lies: exit code %d, said %q", code, said)
	}
}

func TestDeidImport(t *testing.T) {
	config := write(t, "ms.json", `{"fhirPathRules": [
{"path": "nodesByType('HumanName')", "method": "redact"},
{"path": "nodesByType('ContactPoint')", "method": "redact"},
{"path": "nodesByType('Address')", "method": "redact"},
{"path": "nodesByType('Identifier')", "method": "redact"},
{"path": "nodesByType('Attachment')", "method": "redact"},
{"path": "nodesByType('Narrative')", "method": "redact"},
{"path": "nodesByType('date')", "method": "dateShift"}]}`)
	out := filepath.Join(t.TempDir(), "profile.json")
	printed, said, code := command(t, "deid", "import", config, "--from", "microsoft", "--name", "theirs", "--out", out)
	if code != exitOK || !strings.Contains(printed, config+":8: cannot be expressed: nodesByType('date') dateShift") || !strings.Contains(said, "limited-data-set; 7 rules, of which 1") {
		t.Errorf("exit code %d, said %q, %s", code, said, printed)
	}
	if _, said, code := command(t, "deid", "lint", out); code != exitOK {
		t.Errorf("the profile does not pass: %s", said)
	}
	strict := filepath.Join(t.TempDir(), "strict.json")
	if _, _, code := command(t, "deid", "import", config, "--from", "microsoft", "--name", "theirs", "--strict", "--out", strict); code != exitFailed {
		t.Errorf("--strict: exit code %d", code)
	}
	if _, err := os.Stat(strict); err == nil {
		t.Error("--strict wrote a profile")
	}
	if _, said, code := command(t, "deid", "import", config, "--from", "google", "--name", "theirs", "--out", strict); code != exitBadFile || !strings.Contains(said, "fieldMetadataList") {
		t.Errorf("the wrong tool: exit code %d, said %q", code, said)
	}
}

func TestDeidEval(t *testing.T) {
	notes := write(t, "notes.jsonl", `{"id":"1","text":"Seen on 03/04/2024 for asthma.","spans":[{"start":8,"end":18,"label":"DATE"}]}`+"\n")
	if out, said, code := command(t, "deid", "eval", notes); code != exitOK || !strings.Contains(out, "DATE") || !strings.Contains(out, "1 of      1 found") {
		t.Errorf("exit code %d, said %q, %s", code, said, out)
	}
	if _, said, code := command(t, "deid", "eval", write(t, "bad", "SECRET")); code != exitBadFile || strings.Contains(said, "SECRET") {
		t.Errorf("exit code %d, said %q", code, said)
	}
}
