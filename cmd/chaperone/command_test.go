package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs a command line and returns what it printed and its exit code.
func command(t *testing.T, args ...string) (out, said string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, terminal{&o, &e})
	return o.String(), e.String(), code
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestHelpListsCommandsAndExitCodes(t *testing.T) {
	out, _, code := command(t, "--help")
	for _, want := range []string{"chaperone demo", "Exit codes", "serve", "deid", "decide", "verify", "synth", "rebuild"} {
		if !strings.Contains(out, want) {
			t.Errorf("the help does not say %q:\n%s", want, out)
		}
	}
	if code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if out, _, code := command(t); code != exitOK || !strings.Contains(out, "chaperone demo") {
		t.Errorf("without arguments: exit code %d, %q", code, out)
	}
}

func TestWrongCommandLines(t *testing.T) {
	for name, args := range map[string][]string{
		"unknown command": {"frobnicate"}, "unknown flag": {"version", "--loud"},
		"missing flag": {"verify", write(t, "p", "")},
	} {
		if out, said, code := command(t, args...); code != exitUsage || said == "" || out != "" {
			t.Errorf("%s: exit code %d, out %q, said %q", name, code, out, said)
		}
	}
}

// Bad input: a clear error with file, line and remedy; nothing is written.
func TestDeidRefusesBadFiles(t *testing.T) {
	for name, c := range map[string]struct{ format, text, want string }{
		"truncated CSV":    {"csv", "sex,age_years\nF,4\nM", "line 3"},
		"unknown column":   {"csv", "sex,favourite_colour\nF,red\n", "column"},
		"invalid UTF-8":    {"csv", "sex\n\xff\xfe\n", "UTF-8"},
		"duplicate keys":   {"fhir", `{"resourceType":"Patient","id":"a","id":"b"}` + "\n", "line 1"},
		"truncated JSON":   {"fhir", `{"resourceType":"Patient","id":"a"` + "\n", "document ends"},
		"not JSON":         {"fhir", "PK\x03\x04\n", "line 1"},
		"unclosed quote":   {"csv", "sex,comment\nF,\"never closed\n", "quote"},
		"not the format":   {"fhir", "sex\nF\n", "line 1"},
		"empty":            {"csv", "", "empty"},
		"a NUL in a table": {"csv", "sex\nF\x00\n", "NUL"},
	} {
		t.Run(name, func(t *testing.T) {
			in, out := write(t, "in", c.text), filepath.Join(t.TempDir(), "out")
			_, said, code := command(t, "deid", "--profile", "safe-harbor", "--format", c.format, "--in", in, "--out", out)
			if code != exitBadFile || !strings.Contains(said, in) || !strings.Contains(said, c.want) || !strings.Contains(said, "Nothing was changed") {
				t.Errorf("exit code %d, said %q, want %q", code, said, c.want)
			}
			if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestDeidRefusesDerivedCodesUnderSafeHarbor(t *testing.T) {
	key := write(t, "key", strings.Repeat("k", 32))
	_, said, code := command(t, "deid", "--profile", "safe-harbor", "--format", "csv", "--in", write(t, "in.csv", "sex\nF\n"), "--out", filepath.Join(t.TempDir(), "out"), "--key", key)
	if code != exitBadFile || !strings.Contains(said, "164.514(c)") {
		t.Errorf("exit code %d, said %q", code, said)
	}
}

func TestDeidKeyedCodesAreTheRecipientsOwn(t *testing.T) {
	key := write(t, "key", strings.Repeat("k", 32))
	in := write(t, "in.csv", "patient_token,sex\nt-1,F\nt-2,M\n")
	make := func(recipient string) string {
		out := filepath.Join(t.TempDir(), "out")
		if _, said, code := command(t, "deid", "--profile", "limited-data-set", "--format", "csv", "--in", in, "--out", out, "--key", key, "--recipient", recipient); code != exitOK {
			t.Fatal(said)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if a, b := make("a"), make("a"); a != b {
		t.Error("the codes of one recipient differ between two runs")
	}
	if make("a") == make("b") {
		t.Error("two recipients have the same codes")
	}
}

// Every disclosure scenario is decided as its file expects.
func TestDecideScenarios(t *testing.T) {
	files, err := filepath.Glob("../../law/testdata/disclosures/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	out, said, code := command(t, append([]string{"decide"}, files...)...)
	if code != exitOK || said != "" || !strings.Contains(out, "D01: right-size") {
		t.Errorf("exit code %d, said %q", code, said)
	}
	if out, _, code := command(t, "decide", "--explain", files[0]); code != exitOK || !strings.Contains(out, "holds  B05") || !strings.Contains(out, "164.506(c)(4)") {
		t.Errorf("--explain: exit code %d, %s", code, out)
	}
	if out, _, code := command(t, "decide", "--json", files[0]); code != exitOK || !strings.Contains(out, `"outcome":"right-size"`) {
		t.Errorf("--json: exit code %d, %s", code, out)
	}
}

func TestDecideNamesWhatIsWrong(t *testing.T) {
	bad := write(t, "case.yaml", "case: x\nrequest:\n  pourpose: operations\n")
	_, said, code := command(t, "decide", bad)
	if code != exitBadFile || !strings.Contains(said, bad+":3") {
		t.Errorf("exit code %d, said %q, want the file and line 3", code, said)
	}
}

func TestBreachScenarios(t *testing.T) {
	files, err := filepath.Glob("../../law/testdata/incidents/*.yaml")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d incidents, %v", len(files), err)
	}
	if out, said, code := command(t, append([]string{"breach"}, files...)...); code != exitOK || said != "" || out == "" {
		t.Errorf("exit code %d, said %q", code, said)
	}
	if out, _, code := command(t, "breach", "--explain", files[0]); code != exitOK || !strings.Contains(out, "45 CFR") {
		t.Errorf("--explain: exit code %d, %s", code, out)
	}
}

// DEC-1: recorded decisions come out the same again, and a changed one is found.
func TestReplayAndWhatIf(t *testing.T) {
	record, _, code := command(t, "decide", "--record", "../../law/testdata/disclosures/D05.yaml")
	if code != exitOK {
		t.Fatal(code)
	}
	file := write(t, "record.json", record)
	if out, said, code := command(t, "replay", file); code != exitOK || !strings.Contains(out, "byte for byte") {
		t.Errorf("exit code %d, said %q", code, said)
	}
	forged := write(t, "forged.json", strings.Replace(record, `"outcome":"right-size"`, `"outcome":"permit"`, 1))
	if _, said, code := command(t, "replay", forged); code != exitFailed || !strings.Contains(said, "differs") {
		t.Errorf("a forged decision: exit code %d, said %q", code, said)
	}
	if _, said, code := command(t, "whatif", file); code != exitBadFile || !strings.Contains(said, "--agreement") {
		t.Errorf("without a change: exit code %d, said %q", code, said)
	}
	if _, said, code := command(t, "whatif", file, "--agreement", write(t, "a.json", `{"id":"x","nonsense":1}`)); code != exitBadFile || !strings.Contains(said, "nonsense") {
		t.Errorf("an unknown key: exit code %d, said %q", code, said)
	}
}

func TestRules(t *testing.T) {
	if out, _, code := command(t, "rules"); code != exitOK || strings.Count(out, "45 CFR") < 50 {
		t.Errorf("exit code %d, %d bytes", code, len(out))
	}
	if out, _, code := command(t, "rules", "F01"); code != exitOK || !strings.Contains(out, "164.502(b)") {
		t.Errorf("exit code %d, %s", code, out)
	}
	if _, said, code := command(t, "rules", "Z99"); code != exitBadFile || said == "" {
		t.Errorf("no such rule: exit code %d", code)
	}
}

func TestSynthWantsAnEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	if _, said, code := command(t, "synth", "--hospitals", "1", "--patients", "5", "--months", "1", "--out", dir); code != exitOK {
		t.Fatalf("exit code %d, %s", code, said)
	}
	if _, said, code := command(t, "synth", "--hospitals", "1", "--patients", "5", "--months", "1", "--out", dir); code != exitBadFile || !strings.Contains(said, "not empty") {
		t.Errorf("exit code %d, said %q", code, said)
	}
}

func TestVersion(t *testing.T) {
	if out, _, code := command(t, "version"); code != exitOK || !strings.HasPrefix(out, "chaperone ") {
		t.Errorf("exit code %d, %q", code, out)
	}
}
