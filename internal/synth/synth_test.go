package synth_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/synth"
)

var update = flag.Bool("update", false, "write testdata/golden.txt anew")

// small has every kind of record in it.
var small = synth.Config{Hospitals: 3, Patients: 80, Months: 6, Seed: 7}

// A folder keeps written files in memory.
type folder map[string]*file

type file struct {
	bytes.Buffer
	closed bool
}

func (f *file) Close() error { f.closed = true; return nil }

func (f folder) create(name string) (io.WriteCloser, error) {
	if f[name] != nil {
		return nil, errors.New("created twice")
	}
	f[name] = &file{}
	return f[name], nil
}

func consortium(t testing.TB, cfg synth.Config) (folder, synth.Summary) {
	t.Helper()
	f := folder{}
	sum, err := synth.Write(cfg, f.create)
	if err != nil {
		t.Fatal(err)
	}
	return f, sum
}

func (f folder) truth(t testing.TB) synth.Truth {
	t.Helper()
	truth, err := synth.ReadTruth(bytes.NewReader(f["truth.json"].Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return truth
}

// The files are the same byte for byte for the same configuration, on any machine
// and with any Go. If a change means to alter them, run with -update.
func TestFilesAreGolden(t *testing.T) {
	f, _ := consortium(t, small)
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if !f[name].closed {
			t.Errorf("%s was not closed", name)
		}
		fmt.Fprintf(&got, "%x  %s\n", sha256.Sum256(f[name].Bytes()), name)
	}
	const golden = "testdata/golden.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the files changed:\n%swant\n%s", got.String(), want)
	}
}

func TestSeedsDiffer(t *testing.T) {
	a, _ := consortium(t, synth.Config{Hospitals: 1, Patients: 5, Months: 2, Seed: 1})
	b, _ := consortium(t, synth.Config{Hospitals: 1, Patients: 5, Months: 2, Seed: 2})
	for name := range a {
		if bytes.Equal(a[name].Bytes(), b[name].Bytes()) {
			t.Errorf("%s does not depend on the seed", name)
		}
	}
}

// header is the extract's, as the consortium's data agreement lists it.
func header() []string {
	h := strings.Fields(`encounter_key patient_token hospital_id class admit_dt discharge_dt ed_arrival_dt ed_decision_dt ed_depart_dt age_years age_days
		sex race_eth payer admit_type point_of_origin disposition`)
	for _, stem := range []string{"dx", "poa", "pr", "pr_date"} {
		for i := range 25 {
			h = append(h, stem+strconv.Itoa(i+1))
		}
	}
	return append(h, strings.Fields(`ms_drg drg_version mdc los_days total_charges total_cost cost_method parity gest_age_wk gravida icu_days vent_hours unit_at_event`)...)
}

// rows reads a CSV file as one map per row.
func rows(t testing.TB, f *file, want []string) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(f.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(all[0], want) {
		t.Fatalf("header %v, want %v", all[0], want)
	}
	var list []map[string]string
	for _, r := range all[1:] {
		m := map[string]string{}
		for i, v := range r {
			m[all[0][i]] = v
		}
		list = append(list, m)
	}
	return list
}

func TestExtract(t *testing.T) {
	const moment = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d`
	shapes := map[string]string{
		"encounter_key": `[0-9a-f]{20}`, "patient_token": `([0-9a-f]{32})?`, "class": `[IEOB]`, "admit_dt": moment, "discharge_dt": moment,
		"ed_arrival_dt": `(` + moment + `)?`, "ed_decision_dt": `(` + moment + `)?`, "ed_depart_dt": `(` + moment + `)?`,
		"age_years": `\d|[1-8]\d|90`, "age_days": `(\d{1,3})?`, "sex": `[MF]`, "race_eth": `\d{4}-\d`, "payer": `[1-6]`, "admit_type": `[1-59]`,
		"point_of_origin": `[1-9A-F]`, "disposition": `01|02|03|06|07|20|50|51|62`, "ms_drg": `([1-9]\d{1,2})?`, "drg_version": `(4[0-4])?`, "mdc": `(\d{1,2})?`,
		"los_days": `\d{1,2}`, "total_charges": `\d+\.\d\d`, "total_cost": `\d+\.\d\d`, "cost_method": `actual|ccr`, "parity": `\d?`, "gest_age_wk": `([34]\d)?`,
		"gravida": `\d?`, "icu_days": `(\d{1,2})?`, "vent_hours": `(\d{1,3})?`, "unit_at_event": `(IN:[A-Z:_]+)?`,
	}
	for i := range 25 {
		n := strconv.Itoa(i + 1)
		shapes["dx"+n], shapes["poa"+n], shapes["pr"+n], shapes["pr_date"+n] = `([A-Z]\d[A-Z0-9]{1,5})?`, `[YNUW1]?`, `([A-HJ-NP-Z0-9]{7})?`, `(\d{4}-\d\d-\d\d)?`
	}
	compiled := map[string]*regexp.Regexp{}
	for column, shape := range shapes {
		compiled[column] = regexp.MustCompile(`^(?:` + shape + `)$`)
	}
	f, sum := consortium(t, small)
	keys := map[string]bool{}
	for _, h := range sum.Hospitals {
		list := rows(t, f[h.ID+"/encounters.csv"], header())
		if len(list) != h.Encounters {
			t.Errorf("%s: %d rows, the summary says %d", h.ID, len(list), h.Encounters)
		}
		for _, r := range list {
			if r["hospital_id"] != h.ID || keys[r["encounter_key"]] {
				t.Errorf("%s: row of %s, key seen before: %v", h.ID, r["hospital_id"], keys[r["encounter_key"]])
			}
			keys[r["encounter_key"]] = true
			for column, shape := range compiled {
				if !shape.MatchString(r[column]) {
					t.Errorf("%s: %s = %q does not match %s", r["encounter_key"], column, r[column], shape)
				}
			}
			for i := range 25 {
				n := strconv.Itoa(i + 1)
				if (r["poa"+n] != "") != (r["dx"+n] != "" && r["class"] == "I") {
					t.Errorf("%s: poa%s = %q beside dx%s = %q in class %s", r["encounter_key"], n, r["poa"+n], n, r["dx"+n], r["class"])
				}
				if (r["pr"+n] != "") != (r["pr_date"+n] != "") {
					t.Errorf("%s: procedure %s without a date, or a date without one", r["encounter_key"], n)
				}
			}
			if (r["age_days"] != "") != (r["age_years"] == "0") {
				t.Errorf("%s: age_years %q, age_days %q", r["encounter_key"], r["age_years"], r["age_days"])
			}
		}
	}
}

// Readmissions found in the extracts by token are the ones in truth.json, as far as
// people can be linked: the next inpatient stay at any member, 1 to 30 days later.
func TestReadmissionsCanBeFound(t *testing.T) {
	f, sum := consortium(t, synth.Config{Hospitals: 4, Patients: 150, Months: 12, Seed: 3})
	byToken := map[string][]map[string]string{}
	for _, h := range sum.Hospitals {
		for _, r := range rows(t, f[h.ID+"/encounters.csv"], header()) {
			if r["class"] == "I" && r["patient_token"] != "" {
				byToken[r["patient_token"]] = append(byToken[r["patient_token"]], r)
			}
		}
	}
	planned := regexp.MustCompile(`^(Z5111|M1[67]|C187|I25110)`) // our planned principal diagnoses
	found := map[[2]string]bool{}
	for _, list := range byToken {
		slices.SortFunc(list, func(a, b map[string]string) int { return at(t, a["admit_dt"]).Compare(at(t, b["admit_dt"])) })
		for i := 1; i < len(list); i++ {
			from, to := list[i-1], list[i]
			out, in := at(t, from["discharge_dt"]), at(t, to["admit_dt"])
			days := int(date(in).Sub(date(out)) / (24 * time.Hour))
			if days >= 1 && days <= 30 && !planned.MatchString(to["dx1"]) && !slices.Contains([]string{"02", "07", "50", "51"}, from["disposition"]) {
				found[[2]string{from["encounter_key"], to["encounter_key"]}] = true
			}
		}
	}
	want := map[[2]string]bool{}
	for _, p := range f.truth(t).People {
		for _, l := range p.Links {
			if p.Token != "" {
				want[[2]string{l.Index, l.Key}] = true
			}
		}
	}
	if !maps.Equal(found, want) || len(want) < 20 {
		t.Errorf("%d readmissions in the extracts, %d in the truth", len(found), len(want))
	}
	if sum.Totals.Elsewhere == 0 {
		t.Error("no readmission at another member")
	}
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func date(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

var unitHeader = strings.Fields(`hospital_id unit_id unit_type month patient_days central_line_days catheter_days clabsi cauti cdi falls injury_falls
	predicted_clabsi predicted_cauti nursing_hours`)

func TestUnitMonths(t *testing.T) {
	f, sum := consortium(t, small)
	for _, h := range sum.Hospitals {
		list := rows(t, f[h.ID+"/unit_months.csv"], unitHeader)
		if len(list) != h.UnitMonths || len(list) != 6*small.Months {
			t.Errorf("%s: %d unit-months, want %d", h.ID, len(list), 6*small.Months)
		}
		for _, r := range list {
			n := func(column string) float64 {
				v, err := strconv.ParseFloat(r[column], 64)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			if n("injury_falls") > n("falls") || n("central_line_days") > n("patient_days") || n("catheter_days") > n("patient_days") || n("patient_days") <= 0 {
				t.Errorf("%s: impossible counts: %v", h.ID, r)
			}
		}
	}
}

// Ten years of unit-months show the effect on infections and falls, within four
// standard errors of a Poisson count.
func TestUnitEffectsAreRecoverable(t *testing.T) {
	effects := []synth.Effect{{Infection: -.6, Falls: -.4, Cost: 1, LengthOfStay: 1, EDTime: 1}, {Infection: .6, Falls: .4, Cost: 1, LengthOfStay: 1, EDTime: 1}}
	f, sum := consortium(t, synth.Config{Hospitals: 2, Patients: 1, Months: 120, Seed: 2, Effects: effects})
	var fallRate [2]float64
	for i, h := range sum.Hospitals {
		var observed, predicted, falls, days float64
		for _, r := range rows(t, f[h.ID+"/unit_months.csv"], unitHeader) {
			for column, into := range map[string]*float64{"clabsi": &observed, "cauti": &observed, "predicted_clabsi": &predicted, "predicted_cauti": &predicted,
				"falls": &falls, "patient_days": &days} {
				v, err := strconv.ParseFloat(r[column], 64)
				if err != nil {
					t.Fatal(err)
				}
				*into += v
			}
		}
		want := predicted * math.Exp(effects[i].Infection)
		if math.Abs(observed-want) > 4*math.Sqrt(want) || want < 50 {
			t.Errorf("%s: %v infections, want about %.0f", h.ID, observed, want)
		}
		fallRate[i] = falls / days
	}
	if got := math.Log(fallRate[1] / fallRate[0]); math.Abs(got-.8) > .15 {
		t.Errorf("falls differ by %.2f on the log scale, want 0.8", got)
	}
}

// lines decodes a file of one JSON object per line.
func lines(t testing.TB, f *file) []map[string]any {
	t.Helper()
	var list []map[string]any
	s := bufio.NewScanner(bytes.NewReader(f.Bytes()))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var o map[string]any
		if err := json.Unmarshal(s.Bytes(), &o); err != nil {
			t.Fatalf("line %d: %v", len(list)+1, err)
		}
		list = append(list, o)
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	return list
}

// visit calls do with every object in v.
func visit(v any, do func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		do(v)
		for _, e := range v {
			visit(e, do)
		}
	case []any:
		for _, e := range v {
			visit(e, do)
		}
	}
}

func TestFHIR(t *testing.T) {
	f, sum := consortium(t, small)
	id := regexp.MustCompile(`^[A-Za-z0-9\-.]{1,64}$`) // FHIR R4 id
	kinds := map[string]int{}
	for _, h := range sum.Hospitals {
		list := lines(t, f[h.ID+"/fhir.ndjson"])
		if len(list) != h.Resources {
			t.Errorf("%s: %d resources, the summary says %d", h.ID, len(list), h.Resources)
		}
		have := map[string]bool{}
		for _, r := range list {
			name := fmt.Sprintf("%s/%s", r["resourceType"], r["id"])
			if have[name] || !id.MatchString(r["id"].(string)) {
				t.Errorf("%s: bad or repeated id %s", h.ID, name)
			}
			have[name] = true
			kinds[r["resourceType"].(string)]++
			if text, ok := r["text"].(map[string]any); ok {
				if err := xml.Unmarshal([]byte(text["div"].(string)), new(struct{ XMLName xml.Name })); err != nil {
					t.Errorf("%s: narrative: %v", name, err)
				}
			}
		}
		for _, r := range list {
			visit(r, func(o map[string]any) {
				if to, ok := o["reference"].(string); ok && !have[to] {
					t.Errorf("%s/%s refers to %s, which is not in the file", r["resourceType"], r["id"], to)
				}
				if len(o) == 0 {
					t.Errorf("%s/%s holds an empty object", r["resourceType"], r["id"])
				}
			})
		}
		if !have["Organization/"+h.ID] || h.OpioidProgram != have["Organization/"+h.ID+"-otp"] {
			t.Errorf("%s: organizations are not as in the truth", h.ID)
		}
	}
	for kind := range strings.FieldsSeq(`Patient Encounter Condition Observation MedicationRequest Procedure Immunization AllergyIntolerance DocumentReference Coverage
		Claim ExplanationOfBenefit Practitioner Organization Location`) {
		if kinds[kind] == 0 {
			t.Errorf("no %s", kind)
		}
	}
}

// The patient of a row is the patient of the resource and of the note.
func TestTheFilesAreOfTheSamePeople(t *testing.T) {
	f, sum := consortium(t, small)
	people := map[string]synth.Person{} // by the id of the Patient
	for _, p := range f.truth(t).People {
		for _, m := range p.Memberships {
			people[m.Patient] = p
		}
	}
	for _, h := range sum.Hospitals {
		subject, period := map[string]string{}, map[string][2]string{}
		codes := map[string][]string{}
		patients := 0
		for _, r := range lines(t, f[h.ID+"/fhir.ndjson"]) {
			switch r["resourceType"] {
			case "Patient":
				patients++
				p := people[r["id"].(string)]
				if r["birthDate"] != p.BirthDate || r["name"].([]any)[0].(map[string]any)["family"] != p.Family {
					t.Errorf("%s: patient %s is another person in the truth", h.ID, r["id"])
				}
			case "Encounter":
				k := r["id"].(string)
				subject[k] = strings.TrimPrefix(r["subject"].(map[string]any)["reference"].(string), "Patient/")
				span := r["period"].(map[string]any)
				period[k] = [2]string{span["start"].(string), span["end"].(string)}
			case "Condition":
				if e, ok := r["encounter"].(map[string]any); ok {
					k := strings.TrimPrefix(e["reference"].(string), "Encounter/")
					code := r["code"].(map[string]any)["coding"].([]any)[0].(map[string]any)["code"].(string)
					codes[k] = append(codes[k], strings.ReplaceAll(code, ".", ""))
				}
			}
		}
		if patients != small.Patients {
			t.Errorf("%s: %d patients, want %d", h.ID, patients, small.Patients)
		}
		for _, r := range rows(t, f[h.ID+"/encounters.csv"], header()) {
			k := r["encounter_key"]
			var dx []string
			for i := range 25 {
				if c := r["dx"+strconv.Itoa(i+1)]; c != "" {
					dx = append(dx, c)
				}
			}
			if p := people[subject[k]]; r["patient_token"] != p.Token || r["sex"] != p.Sex || period[k] != [2]string{r["admit_dt"], r["discharge_dt"]} || !slices.Equal(dx, codes[k]) {
				t.Errorf("%s: row %s and its FHIR encounter differ", h.ID, k)
			}
		}
		for _, n := range lines(t, f[h.ID+"/notes.jsonl"]) {
			if k := n["encounter"].(string); subject[k] != n["patient"] {
				t.Errorf("%s: note %s is about another patient", h.ID, n["id"])
			}
		}
	}
}

func TestNotes(t *testing.T) {
	f, sum := consortium(t, small)
	labels, kinds, wide := map[string]int{}, map[string]int{}, 0
	for _, h := range sum.Hospitals {
		documents := map[string]string{}
		for _, r := range lines(t, f[h.ID+"/fhir.ndjson"]) {
			if r["resourceType"] == "DocumentReference" {
				data := r["content"].([]any)[0].(map[string]any)["attachment"].(map[string]any)["data"].(string)
				text, err := base64.StdEncoding.DecodeString(data)
				if err != nil {
					t.Fatal(err)
				}
				documents[r["id"].(string)] = string(text)
			}
		}
		list := lines(t, f[h.ID+"/notes.jsonl"])
		if len(list) != h.Notes || len(list) != len(documents) {
			t.Errorf("%s: %d notes, %d documents, the summary says %d", h.ID, len(list), len(documents), h.Notes)
		}
		for _, n := range list {
			text := n["text"].(string)
			if documents[n["id"].(string)] != text {
				t.Errorf("%s: note %s is not its document", h.ID, n["id"])
			}
			kinds[n["type"].(string)]++
			points, last := []rune(text), 0
			if len(points) != len(text) {
				wide++
			}
			for _, s := range n["spans"].([]any) {
				span := s.(map[string]any)
				start, end := int(span["start"].(float64)), int(span["end"].(float64))
				if start < last || end <= start || end > len(points) || string(points[start:end]) != span["text"] {
					t.Fatalf("%s: note %s: span %v does not match its text", h.ID, n["id"], span)
				}
				last = end
				labels[span["label"].(string)]++
			}
		}
	}
	for l := range strings.FieldsSeq("NAME MRN DATE AGE90 SSN PLAN PHONE EMAIL URL STREET CITY ZIP EMPLOYER HOSPITAL") {
		if labels[l] == 0 {
			t.Errorf("no span is labelled %s", l)
		}
	}
	for _, k := range []string{"discharge summary", "emergency department note", "progress note", "opioid treatment program note", "psychotherapy note"} {
		if kinds[k] == 0 {
			t.Errorf("no %s", k)
		}
	}
	if wide == 0 {
		t.Error("no note needs more bytes than code points")
	}
}

func BenchmarkWrite(b *testing.B) {
	cfg := synth.Config{Hospitals: 8, Patients: 200, Months: 12, Seed: 1}
	var n counter
	for b.Loop() {
		if _, err := synth.Write(cfg, func(string) (io.WriteCloser, error) { return &n, nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(n) / int64(b.N))
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }
func (c *counter) Close() error                { return nil }

func TestBadConfigIsAFault(t *testing.T) {
	f := folder{}
	_, err := synth.Write(synth.Config{Hospitals: 0, Patients: 1, Months: 1}, f.create)
	if !fault.Is(err, fault.Invalid) || len(f) != 0 {
		t.Errorf("Write = %v and %d files, want an invalid fault and none", err, len(f))
	}
	if _, err := synth.ReadTruth(strings.NewReader(`{"format":2}`)); !fault.Is(err, fault.Invalid) {
		t.Errorf("ReadTruth of format 2 = %v, want an invalid fault", err)
	}
}
