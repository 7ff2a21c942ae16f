package intake

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"chaperone.example/internal/synth"
	"chaperone.example/phi"
)

// secret stands for a value that identifies a patient: no message may repeat it.
const secret = "Zebulon"

const head = "encounter_key,hospital_id,class,admit_dt,discharge_dt,age_years,los_days,dx1,poa1,total_cost\n"

const good = "e-1,h-1,I,2026-01-05T08:00:00-05:00,2026-01-09T11:30:00-05:00,71,4,I5023,Y,12840.50\n"

func TestRefusals(t *testing.T) {
	zipped := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write([]byte(s))
		z.Close()
		return b.String()
	}
	for _, c := range []struct {
		name   string
		format Format
		in     string
		want   []string // the problems, in order
	}{
		{"empty", Encounters, "", []string{"the file is empty"}},
		{"only a byte order mark", Encounters, "\ufeff\n", []string{"the file is empty"}},
		{"gzip, a bomb perhaps", Resources, zipped(strings.Repeat("0", 1<<20)), []string{"the file is compressed (gzip); unpack it"}},
		{"zip", Encounters, "PK\x03\x04" + secret, []string{"the file is an archive or a workbook (zip); unpack it"}},
		{"UTF-16", Encounters, "\xff\xfee\x00n\x00", []string{"the file is UTF-16"}},
		{"binary", Resources, "{\x00}", []string{"the file is binary"}},
		{"no header", Encounters, secret + "," + good, []string{"line 1: the first line names no column of the format"}},
		{"semicolons", Encounters, strings.ReplaceAll(head, ",", ";") + good, []string{"line 1: the columns are not separated by commas"}},
		{"header only", Encounters, head, []string{"the file has a header but no rows"}},
		{"truncated in a row", Encounters, head + good + good[:40], []string{"line 3: the file ends in the middle of its last line"}},
		{"truncated in the last value", Encounters, head + strings.TrimSuffix(good, "40.50\n"), []string{"line 2: the file ends in the middle of its last line"}},
		{"unknown column", Encounters, "attending,Doctor " + secret + ",m12345678," + head + "a,b,c," + good, []string{
			"line 1, column 1: the column attending is not in the format; remove it, or rename",
			"line 1, column 2: the column is not in the format",
			"line 1, column 3: the column is not in the format"}},
		{"capital letters in a column", Encounters, strings.Replace(head, "class", "Class ", 1) + good, []string{
			"line 1, column 3: the column is not in the format; write class in small letters",
			"line 1: the column class is missing"}},
		{"a number that no diagnosis has", Encounters, "dx26," + head + "," + good, []string{"line 1, column 1: the column dx26 is not in the format"}},
		{"a column twice", Encounters, "class," + head + "I," + good, []string{"line 1, column 4: the column class stands twice"}},
		{"a column missing", Encounters, strings.Replace(head, "admit_dt,", "", 1) + strings.Replace(good, "2026-01-05T08:00:00-05:00,", "", 1), []string{"line 1: the column admit_dt is missing"}},
		{"too few values", Encounters, head + good + "x," + good, []string{"line 3: the row has 11 values, but the header names 10"}},
		{"invalid UTF-8", Encounters, head + strings.Replace(good, "I5023", "I\xff", 1), []string{"line 2, column 8: the row is not UTF-8"}},
		{"invalid UTF-8 in the header", Encounters, "\xff" + head, []string{"line 1: the header is not UTF-8"}},
		{"control character", Encounters, head + strings.Replace(good, "I5023", "I\x1b5", 1), []string{"line 2, column 8: the row holds a control character"}},
		{"quote without end", Encounters, head + `"` + secret + good, []string{"line 2, column 1: a quoted value does not end on its line"}},
		{"quote inside", Encounters, head + secret + `"x"` + good, []string{"line 2, column 1: a quote stands inside a value"}},
		{"behind a quote", Encounters, head + `"x"` + secret + good, []string{"line 2, column 1: something stands between a closing quote"}},
		{"all wrong values together", Encounters, head + secret + " 1,h 1,X,2026-01-05 08:00,2026-02-30T11:30:00-05:00,93,-4,i50.23,E,$12\n" + good, []string{
			"line 2, column 1: the value is not a key",
			"line 2, column 2: the value is not a code",
			"line 2, column 3: the value is not in the code list",
			"line 2, column 4: the value is not a local time with its offset; write it as",
			"line 2, column 5: the value is not a local time with its offset",
			"line 2, column 6: the value is not a whole number within the bounds of the column; write whole years from 0 to 90",
			"line 2, column 7: the value is not a whole number",
			"line 2, column 8: the value is not an ICD-10-CM code; write the code in capitals without the dot",
			"line 2, column 9: the value is not in the code list of the column",
			"line 2, column 10: the value is not a number"}},
		{"the same problem on many rows", Encounters, head + strings.Repeat(strings.Replace(good, "I5023", "I50.23", 1), 3), []string{
			"line 2, column 8: the value is not an ICD-10-CM code; write the code in capitals without the dot, such as I5023 (2 more times)",
			"line 3, column 1: an earlier row has the same key"}},
		{"a value missing", Encounters, head + strings.Replace(good, "e-1,", ",", 1), []string{"line 2, column 1: the value is missing"}},
		{"discharge before admission", Encounters, head + strings.Replace(good, "2026-01-09", "2026-01-01", 1), []string{"line 2, column 5: the discharge is before the admission"}},
		{"length of stay", Encounters, head + strings.Replace(good, ",4,", ",5,", 1), []string{"line 2, column 7: the length of stay is not the days"}},
		{"present on admission without a diagnosis", Encounters, head + strings.Replace(good, "I5023", "", 1), []string{"line 2, column 9: the value belongs to a code that is empty"}},
		{"a line too long", Encounters, head + good + strings.Repeat("x", 2<<20), []string{"line 3: the line is longer than 1 MiB"}},
		{"more injuries than falls", UnitMonths, "hospital_id,unit_id,month,patient_days,falls,injury_falls\nh,u,2026-01,300,1,2\nh,u,2026-13,3,,\n", []string{
			"line 2, column 6: there are more falls with injury than falls", "line 3, column 3: the value is not a month"}},
		{"a unit month twice", UnitMonths, "hospital_id,unit_id,month,patient_days\nh,u,2026-01,300\nh,u,2026-01,300\n", []string{"line 3, column 1: an earlier row has the same key"}},

		{"duplicate key", Resources, `{"resourceType":"Patient","id":"1","id":"` + secret + `"}` + "\n", []string{"line 1, column 41: an object has the same key twice"}},
		{"duplicate key below", Resources, `{"resourceType":"Patient","name":[{"family":"a","family":"b"}]}` + "\n", []string{"line 1, column 58: an object has the same key twice"}},
		{"a key in two spellings", Resources, `{"resourceType":"Patient","i\u0064":"1","id":"2"}` + "\n", []string{"line 1, column 27: a key is written with an escape"}},
		{"not an object", Resources, `["` + secret + `"]` + "\n", []string{"line 1, column 1: the line is not a JSON object"}},
		{"two on a line", Resources, `{"resourceType":"Patient"}{"resourceType":"Patient"}` + "\n", []string{"line 1, column 27: something follows the record"}},
		{"a document over several lines", Resources, "{\n\"resourceType\":\"Patient\"}\n", []string{"line 1, column 2: the record ends in the middle", "line 2, column 1: the line is not a JSON object"}},
		{"no type", Resources, `{"id":"` + secret + `"}` + "\n", []string{"line 1, column 1: the object does not say what resource it is"}},
		{"unknown type", Resources, `{"resourceType":"` + secret + `"}` + "\n", []string{"line 1, column 1: the resource is of a type that FHIR R4 does not have"}},
		{"a data type", Resources, `{"resourceType":"HumanName"}` + "\n", []string{"line 1, column 1: the resource is of a type that FHIR R4 does not have"}},
		{"bundle", Resources, `{"resourceType":"Bundle","entry":[]}` + "\n", []string{"line 1, column 1: the line is a Bundle"}},
		{"unknown member", Resources, `{"resourceType":"Patient","` + secret + `":{"a":1},"name":[{"x":1}]}` + "\n", []string{
			"line 1, column 37: Patient has a member that FHIR R4 does not know", "line 1, column 58: Patient.name has a member"}},
		{"truncated last line", Resources, `{"resourceType":"Patient","id":"1"}` + "\n" + `{"resourceType":"Patient","id":"` + secret, []string{"line 2: the file ends in the middle of its last line"}},
		{"invalid UTF-8 in JSON", Resources, `{"resourceType":"Patient","id":"` + "\xc3(" + `"}` + "\n", []string{"line 1, column 33: the record is not UTF-8"}},
		{"too deep", Resources, `{"resourceType":"Patient","extension":` + strings.Repeat(`[{"url":"a","extension":`, 100) + "\n", []string{"line 1, column"}},
		{"half a surrogate", Resources, `{"resourceType":"Patient","id":"\ud800"}` + "\n", []string{"line 1, column 33: a string holds half of a surrogate pair"}},
		{"not a date", Resources, `{"resourceType":"Patient","birthDate":"` + secret + `"}` + "\n", []string{"line 1, column 39: the value is not a date or time as FHIR writes them"}},
		{"a time without offset", Resources, `{"resourceType":"Encounter","period":{"start":"2026-01-05T08:00:00"}}` + "\n", []string{"line 1, column 47: the value is not a date"}},
		{"a number for a string", Resources, `{"resourceType":"Patient","id":7}` + "\n", []string{"line 1, column 32: a number, true or false stands where FHIR has a string"}},
		{"a string for an object", Resources, `{"resourceType":"Patient","name":"` + secret + `"}` + "\n", []string{"line 1, column 34: a value stands where FHIR has an object"}},
		{"an object for a string", Resources, `{"resourceType":"Patient","id":{}}` + "\n", []string{"line 1, column 32: an object or array stands where FHIR has a value"}},
		{"the same id twice", Resources, strings.Repeat(`{"resourceType":"Patient","id":"`+secret+`"}`+"\n", 3), []string{"line 2, column 32: an earlier record of the type has the same id; keep one version of each resource (1 more times)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Check(strings.NewReader(c.in), c.format, Rules{})
			var r *Refusal
			if !errors.As(err, &r) {
				t.Fatalf("Check = %v, want a refusal", err)
			}
			for i, p := range r.Problems {
				if i >= len(c.want) || !strings.HasPrefix(p.String(), c.want[i]) {
					t.Errorf("problem %d: %s", i, p)
				}
				if p.Remedy == "" || strings.Contains(fmt.Sprintf("%+v", p), secret) {
					t.Errorf("problem %d has no remedy, or repeats a value: %+v", i, p)
				}
			}
			if len(r.Problems) != len(c.want) {
				t.Errorf("%d problems, want %d", len(r.Problems), len(c.want))
			}
			if kind, msg := r.Fault(); kind != "invalid" || strings.Contains(msg, secret) || !strings.Contains(msg, r.Problems[0].Remedy) {
				t.Errorf("fault %s: %s", kind, msg)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	f, err := Check(strings.NewReader("\ufeff"+head+good+strings.Replace(strings.Replace(good, "e-1", `"e-2"`, 1), "\n", "\r\n", 1)), Encounters, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Records != 2 || f.First != "2026-01" || f.Last != "2026-01" || len(f.Fields) != 10 || !f.Identifying() {
		t.Errorf("%+v", f)
	}
	if x := f.Fields[7]; x.Name != "dx1" || x.Element.ID != "encounter.diagnosis" || x.Filled != 2 {
		t.Errorf("dx1 is %+v", x)
	}
	f, err = Check(strings.NewReader("hospital_id,unit_id,month,patient_days\nh,u,2025-11,300\nh,u,2026-01,300\n"), UnitMonths, Rules{NoIdentifiers: true})
	if err != nil || f.Identifying() || f.First != "2025-11" || f.Last != "2026-01" {
		t.Errorf("unit months: %+v, %v", f, err)
	}
	f, err = Check(strings.NewReader(`{"id":"1","resourceType":"Patient","_birthDate":{"id":"x"},"contained":[{"resourceType":"Organization","name":"x"}],"address":[{"city":"a","line":["b",null],"_line":[null,{"id":"y"}]}]}`), Resources, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, x := range f.Fields {
		got[x.Name] = x.Element.ID
	}
	for path, element := range map[string]string{"Patient.id": "patient.token", "Patient.address": "patient.street", "Patient.address.city": "patient.city",
		"Organization.name": "encounter.hospital", "Patient.birthDate": "patient.birth-date"} {
		if got[path] != element {
			t.Errorf("%s is %q, want %q", path, got[path], element)
		}
	}
	if got["Patient.address.line"] != "" {
		t.Error("Patient.address.line is told apart from Patient.address, though it is the same element")
	}
}

// DAT-4: an environment that takes no identifiers refuses a file that has some,
// whatever was declared about it.
func TestNoIdentifiers(t *testing.T) {
	for format, in := range map[Format]string{
		Encounters: head + good,
		Resources:  `{"resourceType":"Observation","id":"1","subject":{"reference":"Patient/1"}}` + "\n",
	} {
		_, err := Check(strings.NewReader(in), format, Rules{NoIdentifiers: true})
		var r *Refusal
		if !errors.As(err, &r) || !strings.Contains(r.Error(), "this environment takes none") || !strings.Contains(r.Error(), "production") {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// Every column has an element of the catalogue (DAT-2), and no two share a name.
func TestColumnsAreClassified(t *testing.T) {
	for name, table := range map[string]table{"encounter": encounterTable(), "unit-month": unitMonthTable()} {
		names := map[string]bool{}
		for _, c := range table.columns {
			if e, ok := table.element(c.name); !ok || e.ID == "" {
				t.Errorf("%s: %s is in no catalogue", name, c.name)
			}
			if names[c.name] || c.kind.ok == nil || c.kind.remedy == "" {
				t.Errorf("%s: %s stands twice, or is not checked", name, c.name)
			}
			names[c.name] = true
		}
	}
}

func TestMoments(t *testing.T) {
	for in, want := range map[string]moment{
		"2026-03-15T14:05:00-05:00":     {1773601500, 20527},
		"2026-03-15T14:05-05:00":        {1773601500, 20527},
		"2026-03-15T23:59:59.999+14:00": {1773568799, 20527},
		"2024-02-29T00:00:00Z":          {1709164800, 19782},
	} {
		if got, ok := parseMoment([]byte(in)); !ok || got != want {
			t.Errorf("parseMoment(%s) = %v, %v, want %v", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "2026-03-15", "2026-03-15T14:05:00", "2025-02-29T00:00:00Z", "2026-03-15T24:00:00Z", "2026-03-15T14:05:00.Z", "2026-03-15T14:05:00.5",
		"2026-03-15T14:05:00-0500", "2026-03-15 14:05:00Z", "0001-01-01T00:00:00Z", "2026-03-15T14:05:", "2026-03-15T14:05:0"} {
		if _, ok := parseMoment([]byte(in)); ok {
			t.Errorf("parseMoment(%s) is accepted", in)
		}
	}
}

// What the generator writes is accepted whole.
func TestSynthetic(t *testing.T) {
	dir := t.TempDir()
	_, err := synth.Write(synth.Config{Hospitals: 1, Patients: 60, Months: 12, Seed: 7}, func(name string) (io.WriteCloser, error) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		return os.Create(path)
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, format := range map[string]Format{"encounters.csv": Encounters, "unit_months.csv": UnitMonths, "fhir.ndjson": Resources} {
		matches, _ := filepath.Glob(filepath.Join(dir, "*", name))
		if len(matches) != 1 {
			t.Fatalf("%s: %v", name, matches)
		}
		file, err := os.Open(matches[0])
		if err != nil {
			t.Fatal(err)
		}
		f, err := Check(file, format, Rules{})
		file.Close()
		if err != nil {
			var r *Refusal
			if errors.As(err, &r) {
				for _, p := range r.Problems {
					t.Log(p)
				}
			}
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Records == 0 || f.First == "" || f.First > f.Last {
			t.Errorf("%s: %d records from %q to %q", name, f.Records, f.First, f.Last)
		}
	}
}

// The shared FHIR sample has 5,298 resources of 21 types, all of R4.
func TestSample(t *testing.T) {
	file, err := os.Open(shared(t, "fhir-r4/sample.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f, err := Check(bufio.NewReader(file), Resources, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Records != 5298 || len(f.Types) != 21 {
		t.Errorf("%d records of %d types, want 5298 of 21", f.Records, len(f.Types))
	}
	paths := map[string]phi.Element{}
	for _, x := range f.Fields {
		paths[x.Name] = x.Element
	}
	for path, class := range map[string]phi.Class{"Patient.name": phi.Direct, "Patient.birthDate": phi.Quasi, "Patient.address.postalCode": phi.Quasi,
		"Observation.subject": phi.Direct, "Condition.code": phi.Clinical, "Claim.total": phi.Operational, "Encounter.period": phi.Quasi, "Encounter.period.end": phi.Quasi} {
		if e, ok := paths[path]; !ok || e.Class != class {
			t.Errorf("%s is %q (%v), want %q", path, e.Class, ok, class)
		}
	}
	if len(f.Fields) > 1000 {
		t.Errorf("%d paths are too many for a person to confirm", len(f.Fields))
	}
	t.Logf("%d paths, %s to %s", len(f.Fields), f.First, f.Last)
}

// shared finds a file of the shared data, beside the repository.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above")
		}
	}
	path := filepath.Join(dir, "..", "shared", "data", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared data is not here: %s", name)
	}
	return path
}

// An endless reader is a line of a given length.
type endless struct{ n, most int64 }

func (e *endless) Read(b []byte) (int, error) {
	if e.n >= e.most {
		return 0, io.EOF
	}
	for i := range b {
		b[i] = 'Z'
	}
	e.n += int64(len(b))
	return len(b), nil
}

// A line of 2 GB must not fill the memory: the reading gives up at its limit and
// names the line.
func TestEndlessLine(t *testing.T) {
	for format, start := range map[Format]string{Encounters: head + good, Resources: `{"resourceType":"Patient"}` + "\n" + `{"resourceType":"Binary","data":"`} {
		e := &endless{most: 2 << 30}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, err := Check(io.MultiReader(strings.NewReader(start), e), format, Rules{})
		runtime.ReadMemStats(&after)
		var r *Refusal
		if !errors.As(err, &r) || r.Problems[0].Line < 2 || !strings.Contains(r.Error(), "longer than") || strings.Contains(r.Error(), "ZZ") {
			t.Errorf("%s: %v", format, err)
		}
		if e.n > 40<<20 {
			t.Errorf("%s: read %d bytes of the line before giving up", format, e.n)
		}
		if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 96<<20 {
			t.Errorf("%s: the heap grew by %d MiB", format, grown>>20)
		}
	}
}

// Files with many rows that are all wrong in many ways end the reading early.
func TestEnough(t *testing.T) {
	var b strings.Builder
	b.WriteString(head)
	for i := range 100 {
		b.WriteString(strings.Repeat("x,", i) + "\n")
	}
	_, err := Check(strings.NewReader(b.String()), Encounters, Rules{MaxProblems: 5})
	var r *Refusal
	if !errors.As(err, &r) || len(r.Problems) != 5 || !r.More || !strings.Contains(r.Error(), "at least 4 more") {
		t.Errorf("%v", err)
	}
}

// What the reader says is not the file's fault.
func TestBrokenReader(t *testing.T) {
	broken := errors.New("the line went dead")
	_, err := Check(io.MultiReader(strings.NewReader(head+good), errReader{broken}), Encounters, Rules{})
	if !errors.Is(err, broken) {
		t.Errorf("Check = %v, want the reader's error", err)
	}
	if _, err := Check(strings.NewReader("x"), "spreadsheet", Rules{}); err == nil {
		t.Error("an unknown format is accepted")
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func FuzzTable(f *testing.F) {
	f.Add([]byte(head + good))
	f.Add([]byte(strings.ReplaceAll(head, "class", `"class"`) + good + `"a""b",,` + "\r\n"))
	f.Add([]byte("hospital_id,unit_id,month,patient_days\nh,u,2026-01,300\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range []Format{Encounters, UnitMonths} {
			found, err := Check(bytes.NewReader(b), format, Rules{MaxLine: 4096})
			judge(t, found, err)
		}
	})
}

func FuzzResources(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Patient","id":"1","name":[{"family":"\u0041","given":["x",null]}],"_birthDate":{"extension":[{"url":"a","valueDecimal":-1.5e3}]}}` + "\n"))
	f.Add([]byte(`{"contained":[{"resourceType":"Medication","id":"m"}],"resourceType":"MedicationRequest"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		found, err := Check(bytes.NewReader(b), Resources, Rules{MaxLine: 4096})
		judge(t, found, err)
	})
}

// judge checks what is true of every outcome.
func judge(t *testing.T, f Finding, err error) {
	t.Helper()
	var r *Refusal
	switch {
	case err == nil:
		for _, x := range f.Fields {
			if x.Element.ID == "" {
				t.Fatalf("%s is accepted without an element", x.Name)
			}
		}
	case !errors.As(err, &r):
		t.Fatalf("an error that is no refusal: %v", err)
	case len(r.Problems) == 0 || len(r.Problems) > 21:
		t.Fatalf("%d problems", len(r.Problems))
	default:
		for _, p := range r.Problems {
			if p.Text == "" || p.Remedy == "" {
				t.Fatalf("%+v says nothing", p)
			}
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	files := map[string]*bytes.Buffer{}
	if _, err := synth.Write(synth.Config{Hospitals: 1, Patients: 400, Months: 12, Seed: 7}, func(name string) (io.WriteCloser, error) {
		files[filepath.Base(name)] = &bytes.Buffer{}
		return keep{files[filepath.Base(name)]}, nil
	}); err != nil {
		b.Fatal(err)
	}
	for name, format := range map[string]Format{"encounters.csv": Encounters, "fhir.ndjson": Resources} {
		b.Run(string(format), func(b *testing.B) {
			b.SetBytes(int64(files[name].Len()))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Check(bytes.NewReader(files[name].Bytes()), format, Rules{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type keep struct{ *bytes.Buffer }

func (keep) Close() error { return nil }
