package fhir

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"chaperone.example/deid/code"
	"chaperone.example/deid/day"
	"chaperone.example/deid/method"
	"chaperone.example/deid/zip3"
)

var asOf = day.Date{Year: 2026, Month: 7, Day: 1}

func safeHarbor(t testing.TB) method.Method {
	t.Helper()
	table, err := zip3.New(zip3.Census2020)
	if err != nil {
		t.Fatal(err)
	}
	return method.SafeHarbor(table, asOf)
}

func book() *code.Book { return code.NewBook(rand.NewChaCha8([32]byte{1})) }

// transform runs a job over a text and fails the test on error.
func transform(t testing.TB, job Job, in string) (string, Result) {
	t.Helper()
	if job.Codes == nil {
		job.Codes = book()
	}
	var out bytes.Buffer
	res, err := Transform(context.Background(), job, strings.NewReader(in), &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), res
}

// shared returns the content of a file of the shared data, and skips the test when
// it is not there.
func shared(t testing.TB, elem ...string) []byte {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "shared", "data"}, elem...)...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("shared data is not here: %v", err)
	}
	return b
}

// visible returns every string and key of a JSON text and what it hides: its
// base64 and URL decodings.
func visible(t testing.TB, line []byte) []string {
	t.Helper()
	var v any
	if err := json.Unmarshal(line, &v); err != nil {
		t.Fatalf("output is not JSON: %v", err)
	}
	var all []string
	add := func(s string) {
		all = append(all, s)
		if d, err := url.QueryUnescape(s); err == nil && d != s {
			all = append(all, d)
		}
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			if d, err := enc.DecodeString(s); err == nil {
				all = append(all, string(d))
			}
		}
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				add(k)
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		case string:
			add(v)
		case float64:
			add(fmt.Sprint(v))
		}
	}
	walk(v)
	return all
}

// holdsToken reports whether s holds value as a whole token: not inside a longer
// word or number.
func holdsToken(s, value string) bool {
	edge := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	for i := 0; ; {
		j := strings.Index(s[i:], value)
		if j < 0 {
			return false
		}
		i += j
		before, after := rune(' '), rune(' ')
		for _, r := range s[:i] {
			before = r
		}
		for _, r := range s[i+len(value):] {
			after = r
			break
		}
		if edge(before) && edge(after) {
			return true
		}
		i += len(value)
	}
}

var fineDate = regexp.MustCompile(`(^|[^0-9])(19|20)\d\d-[01]\d($|[^0-9])`)

// DEI-1, issue 2: the published sample with 11 patients.
func TestSample(t *testing.T) {
	in := shared(t, "fhir-r4", "sample.ndjson")
	var ids struct {
		Values map[string][]string `json:"values"`
		Counts map[string]int      `json:"resource_counts"`
	}
	if err := json.Unmarshal(shared(t, "fhir-r4", "identifiers.json"), &ids); err != nil {
		t.Fatal(err)
	}
	out, res := transform(t, Job{Method: safeHarbor(t)}, string(in))
	if res.In != 5298 || res.Out != 5298 {
		t.Errorf("%d resources in, %d out, want 5298 of each", res.In, res.Out)
	}
	counts := map[string]int{}
	known := map[string]bool{}
	var refs []string
	leaks := 0
	for line := range bytes.Lines([]byte(out)) {
		for _, s := range visible(t, line) {
			for letter, values := range ids.Values {
				for _, v := range values {
					if len(v) > 0 && holdsToken(s, v) {
						if leaks++; leaks < 10 {
							t.Errorf("an identifier of kind %s is in the output", letter)
						}
					}
				}
			}
			if fineDate.MatchString(s) {
				t.Errorf("a date finer than the year is in the output: %s", s)
			}
		}
		if bytes.Contains(line, []byte("latitude")) || bytes.Contains(line, []byte("geolocation")) {
			t.Error("coordinates are in the output")
		}
		var r struct {
			ResourceType, ID string
			Contained        []struct{ ID string }
		}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		counts[r.ResourceType]++
		known[r.ResourceType+"/"+r.ID], known["urn:uuid:"+r.ID] = true, true
		for _, c := range r.Contained {
			known[r.ResourceType+"/"+r.ID+"#"+c.ID] = true
		}
		for _, m := range regexp.MustCompile(`"reference":"([^"]*)"`).FindAllSubmatch(line, -1) {
			ref := string(m[1])
			if ref[0] == '#' {
				ref = r.ResourceType + "/" + r.ID + ref
			}
			refs = append(refs, ref)
		}
	}
	for typ, want := range ids.Counts {
		if counts[typ] != want {
			t.Errorf("%d %s out, want %d", counts[typ], typ, want)
		}
	}
	if len(refs) < 10_000 {
		t.Errorf("only %d references stayed", len(refs))
	}
	for _, ref := range refs {
		if !known[ref] {
			t.Fatalf("reference %s resolves to nothing", ref)
		}
	}
	codings, values := content(t, in)
	codingsOut, valuesOut := content(t, []byte(out))
	lostCodings, all := 0, 0
	for c, n := range codings {
		all += n
		if lost := n - codingsOut[c]; lost > 0 {
			lostCodings += lost
			t.Logf("lost %d of %d codings %s", lost, n, c)
		}
	}
	if float64(lostCodings) > 0.005*float64(all) {
		t.Errorf("%d of %d codings lost, want at most 0.5 %%", lostCodings, all)
	}
	for v, n := range values {
		if valuesOut[v] != n {
			t.Errorf("number %s: %d in, %d out", v, n, valuesOut[v])
		}
	}
	t.Logf("%d of %d codings stayed; total %v", all-lostCodings, all, res.Sheet.Total())
}

// content counts the codings of a stream (with their displays) and its numbers by
// path, coordinates aside.
func content(t *testing.T, ndjson []byte) (codings, numbers map[string]int) {
	codings, numbers = map[string]int{}, map[string]int{}
	sc := bufio.NewScanner(bytes.NewReader(ndjson))
	sc.Buffer(nil, 1<<24)
	for sc.Scan() {
		d := json.NewDecoder(bytes.NewReader(sc.Bytes()))
		d.UseNumber()
		var v map[string]any
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		var walk func(any, string)
		walk = func(v any, path string) {
			switch v := v.(type) {
			case map[string]any:
				if s, ok := v["system"].(string); ok && v["code"] != nil {
					codings[fmt.Sprint(s, "|", v["code"], "|", v["display"])]++
				}
				for k, e := range v {
					walk(e, path+"."+k)
				}
			case []any:
				for _, e := range v {
					walk(e, path)
				}
			case json.Number:
				if !strings.Contains(path, "position") && !strings.Contains(path, "address.extension") {
					numbers[path+"="+v.String()]++
				}
			}
		}
		walk(v, v["resourceType"].(string))
	}
	return codings, numbers
}

// Issue 5, bar 1: planted identifiers.
func TestTraps(t *testing.T) {
	in := shared(t, "deid-dev", "fhir_traps.ndjson")
	var truth struct {
		Canaries []struct{ ID, HIPAA, Value string }
		Keep     []string
	}
	if err := json.Unmarshal(shared(t, "deid-dev", "fhir_traps.truth.json"), &truth); err != nil {
		t.Fatal(err)
	}
	out, _ := transform(t, Job{Method: safeHarbor(t)}, string(in))
	var all []string
	for line := range bytes.Lines([]byte(out)) {
		all = append(all, visible(t, line)...)
	}
	for _, c := range truth.Canaries {
		for _, s := range all {
			if strings.Contains(s, c.Value) {
				t.Errorf("canary %s (%s) leaked in %q", c.ID, c.HIPAA, s)
			}
		}
	}
	for _, k := range truth.Keep {
		if !strings.Contains(out, k) {
			t.Errorf("%q should stay and is gone", k)
		}
	}
	if strings.Contains(out, "1931") {
		t.Error("the birth year of somebody who died at 92 is in the output")
	}
	if strings.Contains(out, "ZqD") {
		t.Error("a part of a canary is in the output")
	}
	if testing.Verbose() {
		t.Log(out)
	}
}
