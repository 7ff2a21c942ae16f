package inspect

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func known() *Known {
	k := NewKnown()
	k.names("Roe, Jane Q.")
	k.Add('H', "33094445")
	k.Add('G', "390-70-1671")
	k.Add('D', "617-555-3550")
	k.Add('B', "858 Sawayn Parade")
	k.Add('R', "fe07e69a-4d6d-4e11-a675-de69f62de5f3")
	k.names("White")
	k.Add('A', "Reséndez908")
	return k
}

// DLP-1: what must be found, however it is written.
func TestFinds(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Kind
	}{
		{"for Jane", Identifier},
		{"JANE", Identifier},
		{"mrn:33094445", Identifier},
		{"SSN 390701671", Identifier},
		{"(617) 555 3550", Identifier},
		{"6175553550", Identifier},
		{"858 sawayn parade unit 61", Identifier},
		{"urn:uuid:fe07e69a-4d6d-4e11-a675-de69f62de5f3", Identifier},
		{"RESÉNDEZ908", Identifier},
		{base64.StdEncoding.EncodeToString([]byte("called by Jane Roe")), Identifier},
		{base64.RawURLEncoding.EncodeToString([]byte("called by Jane Roe?")), Identifier},
		{base64.StdEncoding.EncodeToString([]byte(url.QueryEscape("xJane Roe"))), Identifier},
		{"name=" + strings.ReplaceAll(url.QueryEscape("Jane Roe"), "+", "%20"), Identifier},
		{"&#74;ane", Identifier},
		{"other 123-45-6789 number", SSN},
		{"call 802-555-0100 now", Telephone},
		{"call (802) 555-0100", Telephone},
		{"1EG4-TE5-MK72", PlanNumber},
		{"from ann@mail.example today", Email},
		{"see http://hospital.example/ann", Web},
		{"http://hl7.org/fhir?x=ann", Web},
		{"at 10.0.199.81", Internet},
		{"seen 2024-03-14", FineDate},
		{"2024-03", FineDate},
		{"20240314", FineDate},
		{"on 3/14/2024", FineDate},
		{"March 14", FineDate},
		{"14 Mar 2024", FineDate},
		{"2024-03-14T05:06:07Z", FineDate},
		{"a 97-year-old man", OldAge},
		{"101 yo", OldAge},
	} {
		b, err := json.Marshal(map[string]any{"a": []any{map[string]any{"b": tt.text}}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Look{Known: known(), Years: true}.JSON(context.Background(), bytes.NewReader(append([]byte("{}\n"), b...)))
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Kind == tt.want })
		if i < 0 {
			t.Errorf("%q: found %v, want %s", tt.text, r.Findings, tt.want)
			continue
		}
		if f := r.Findings[i]; f.Place != "a.b" || f.Line != 2 || !f.Certain {
			t.Errorf("%q: %+v, want a certain finding at a.b in line 2", tt.text, f)
		}
	}
}

// What a good release is full of and what must not be taken for an identifier.
func TestLeaves(t *testing.T) {
	for _, s := range []string{
		"2024", "44054006", "428191000124101", "2345-7", "Glucose [Mass/volume] in Serum or Plasma", "6ae6783f-4fbd-491b-aeb8-8b73a48ed247", "urn:oid:2.16.840.1.113883.6.238",
		"http://terminology.hl7.org/CodeSystem/v3-ActCode", "https://deidentified.invalid/Patient/6ae6783f-4fbd-491b-aeb8-8b73a48ed247", "1.2.840.10008.5.1.4.1.1.1.1", "mL/min/{1.73_m2}", "Janet", "Roem", "x33094445",
		"133094445", "S72.001A", "90 years", "90+", "140/90", "may contain nuts", "marker", "10D00Z1", "169152.31", "en-US", "decimal 5",
	} {
		b, err := json.Marshal(map[string]string{"a": s})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Look{Known: known(), Years: true}.JSON(context.Background(), bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if !r.Clean() {
			t.Errorf("%q: %v", s, r.Findings)
		}
	}
	r, err := Look{Known: known(), Years: true}.JSON(context.Background(), strings.NewReader(`{"race":"White"}`))
	if err != nil {
		t.Fatal(err)
	}
	if r.Certain != 0 || r.Possible != 1 {
		t.Errorf("a race that is somebody's name: %d certain, %d possible, want 0 and 1", r.Certain, r.Possible)
	}
	r, err = Look{Known: known()}.JSON(context.Background(), strings.NewReader(`{"a":"2024-03-14","b":97}`))
	if err != nil || !r.Clean() {
		t.Errorf("a limited data set may have dates: %v, %v", r.Findings, err)
	}
}

func TestTable(t *testing.T) {
	var in strings.Builder
	in.WriteString("sex,zip,falls\n")
	for range 12 {
		in.WriteString("F,021,0\n")
	}
	in.WriteString("M,021,3\nM,021,Jane\n")
	r, err := Look{Known: known(), Require: true, Quasi: []string{"sex", "zip"}, Counts: []string{"falls"}}.Table(context.Background(), strings.NewReader(in.String()))
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Classes; c == nil || c.Classes != 2 || c.Smallest != 2 || c.Below != 1 || c.Alone != 2 || c.Threshold != 11 {
		t.Errorf("classes %+v", r.Classes)
	}
	for kind, want := range map[Kind]int{SmallClass: 1, SmallCell: 1, Identifier: 1} {
		if r.ByKind[kind] != want {
			t.Errorf("%s: %d, want %d (%v)", kind, r.ByKind[kind], want, r.Findings)
		}
	}
	if _, err := (Look{Quasi: []string{"age"}}).Table(context.Background(), strings.NewReader("sex\nF\n")); err == nil {
		t.Error("a column that is not there was accepted")
	}
	if _, err := (Look{}).Table(context.Background(), strings.NewReader("sex,age\nF,4\nSecret77x\n")); err == nil || strings.Contains(err.Error(), "Secret77x") {
		t.Errorf("a bad row: %v", err)
	}
}

// Findings never repeat what they found.
func TestReportIsValueFree(t *testing.T) {
	r, err := Look{Known: known(), Years: true}.JSON(context.Background(), strings.NewReader(`{"Jane":{"33094445":"Jane Roe 617-555-3550 2024-03-04"}}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if r.Certain < 4 {
		t.Errorf("%d certain findings, want at least 4", r.Certain)
	}
	for _, s := range []string{"33094445", "Jane", "Roe", "3550", "03-04"} {
		if bytes.Contains(b, []byte(s)) {
			t.Errorf("the report repeats %s: %s", s, b)
		}
	}
}

// The automaton finds what a search for each word finds.
func TestAutomaton(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfNDistinct(rapid.StringMatching(`[ab]{1,4}`), 1, 12, rapid.ID).Draw(t, "words")
		sort.Strings(words)
		text := rapid.StringMatching(`[abc]{0,40}`).Draw(t, "text")
		var list [][]byte
		var want []string
		for _, w := range words {
			list = append(list, []byte(w))
			for i := range text {
				if strings.HasPrefix(text[i:], w) {
					want = append(want, fmt.Sprint(w, i+len(w)))
				}
			}
		}
		var got []string
		newAutomaton(list).find([]byte(text), func(w int32, end int) bool {
			got = append(got, fmt.Sprint(words[w], end))
			return true
		})
		sort.Strings(got)
		sort.Strings(want)
		if !slices.Equal(got, want) {
			t.Fatalf("in %q found %v, want %v", text, got, want)
		}
	})
}

// The identifiers of the sample are collected, are all found in the sample itself, and
// none in a trace of it.
func TestCollect(t *testing.T) {
	in, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "fhir-r4", "sample.ndjson"))
	if err != nil {
		t.Skipf("shared data is not here: %v", err)
	}
	k := NewKnown()
	if err := k.FHIR(bytes.NewReader(in), false); err != nil {
		t.Fatal(err)
	}
	var truth struct {
		Values map[string][]string `json:"values"`
	}
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "fhir-r4", "identifiers.json"))
	if err != nil {
		t.Skip(err)
	}
	if err := json.Unmarshal(b, &truth); err != nil {
		t.Fatal(err)
	}
	for letter, values := range truth.Values {
		for _, v := range values {
			hit := false
			k.hits("x "+v+" y", func(byte, bool) bool { hit = true; return false })
			if !hit {
				t.Errorf("an identifier of kind %s was not collected", letter)
			}
		}
	}
	r, err := Look{Known: k, Years: true}.JSON(context.Background(), bytes.NewReader(in[:1<<20]))
	if err == nil || r.Certain < 1000 {
		t.Errorf("the first megabyte of the sample: %d certain findings, %v; want thousands and an error at its cut", r.Certain, err)
	}
}

func FuzzLook(f *testing.F) {
	f.Add([]byte(`{"a":"Jane 2024-03-14 617-555-3550"}`))
	f.Add([]byte("a,b\nJane,10.0.0.1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l := Look{Known: known(), Years: true, Keep: 3}
		if _, err := l.JSON(context.Background(), bytes.NewReader(b)); err != nil && strings.Contains(err.Error(), "Jane") {
			t.Error("the error repeats the input")
		}
		if _, err := l.Table(context.Background(), bytes.NewReader(b)); err != nil && strings.Contains(err.Error(), "Jane") {
			t.Error("the error repeats the input")
		}
	})
}
