package deid

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"chaperone.example/deid/code"
	"chaperone.example/deid/day"
	"chaperone.example/deid/expert"
	"chaperone.example/deid/shift"
	"chaperone.example/deid/tally"
)

// determination is complete; its people do not exist.
func determination() expert.Determination {
	return expert.Determination{ID: "1", Expert: expert.Person{Name: "Example Expert", Organization: "Example", Qualifications: []string{"Statistics"}, Independent: true},
		Data:   expert.Data{Description: "Stays", Source: "Extract", Records: 10, Population: 1000, Quasi: []string{"age"}, Recipients: []string{"Analysts"}, ReleaseModel: expert.Registered},
		Method: expert.Method{Principles: []string{"k-anonymity"}, Transforms: []string{"Dates shifted"}, Attackers: []string{"Prosecutor"}, Differencing: "First release"},
		Result: expert.Result{K: 5, Threshold: .2, Highest: .2, Average: .1, AverageLimit: .1, UniqueLimit: .1, UniqueGroups: "None"}, Conditions: []string{"Terms"},
		Determined: "2026-01-01", Review: "2027-01-01", Expires: "2027-06-01", Statement: "The risk is very small."}
}

func expertJob(t *testing.T, format Format) Job {
	t.Helper()
	d := determination()
	hash, err := d.Hash()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Standard(Expert)
	if err != nil {
		t.Fatal(err)
	}
	p.Determination = hash
	calendar, err := shift.New(bytes.Repeat([]byte{1}, 32), "r", shift.DefaultSpan)
	if err != nil {
		t.Fatal(err)
	}
	keyed, err := code.NewKeyed(bytes.Repeat([]byte{2}, 32), "r")
	if err != nil {
		t.Fatal(err)
	}
	return Job{Format: format, Profile: p, AsOf: day.Date{Year: 2026, Month: 7, Day: 1}, Codes: keyed, Shift: calendar, Determination: &d}
}

func parse(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, s[:min(10, len(s))])
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// DEI-3: every interval of a patient stays, within a file and between CSV and FHIR; no true
// date is left; two patients move differently.
func TestShiftedDatesKeepIntervals(t *testing.T) {
	table := "patient_token,dob,admit,discharge\np1,1980-02-29,2024-01-30,2024-02-03\np2,1950-07-01,2024-01-30,2024-02-03\np1,1980-02-29,03/05/2025,2025-03-09\n"
	bundle := `{"resourceType":"Patient","id":"p1","birthDate":"1980-02-29"}
{"resourceType":"Encounter","id":"e","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/p1"},"period":{"start":"2024-01-30T10:00:00Z","end":"2024-02-03T11:00:00Z"}}
{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p1"},"onsetDateTime":"2024-02","recordedDate":"2024"}
{"resourceType":"Organization","id":"o","meta":{"lastUpdated":"2024-01-30T10:00:00Z"}}
`
	var csv, fhir, doc bytes.Buffer
	m, err := Transform(context.Background(), expertJob(t, CSV), strings.NewReader(table), &csv)
	if err != nil {
		t.Fatal(err)
	}
	if m.Total[tally.Shifted] != 9 || m.Profile.Form != Expert {
		t.Errorf("%d dates shifted, want 9; form %s", m.Total[tally.Shifted], m.Profile.Form)
	}
	if _, err := Transform(context.Background(), expertJob(t, FHIR), strings.NewReader(bundle), &fhir); err != nil {
		t.Fatal(err)
	}
	for _, true_ := range []string{"1980-02-29", "2024-01-30", "2024-02-03", "2025-03-0"} {
		if strings.Contains(csv.String()+fhir.String(), true_) {
			t.Errorf("a true date is left:\n%s%s", csv.String(), fhir.String())
		}
	}
	var rows [][]string
	for _, l := range strings.Split(strings.TrimSpace(csv.String()), "\n")[1:] {
		rows = append(rows, strings.Split(l, ","))
	}
	moved := parse(t, rows[0][1]).Sub(parse(t, "1980-02-29"))
	for r, want := range map[int][]string{0: {"1980-02-29", "2024-01-30", "2024-02-03"}, 2: {"1980-02-29", "2025-03-05", "2025-03-09"}} {
		for c, d := range want {
			if got := parse(t, rows[r][c+1]).Sub(parse(t, d)); got != moved {
				t.Errorf("row %d, column %d moved by %v, the birth by %v", r, c+1, got, moved)
			}
		}
	}
	if parse(t, rows[1][2]).Sub(parse(t, "2024-01-30")) == moved {
		t.Error("two patients moved alike")
	}
	var resources []map[string]any
	for l := range strings.SplitSeq(strings.TrimSpace(fhir.String()), "\n") {
		var v map[string]any
		if err := json.Unmarshal([]byte(l), &v); err != nil {
			t.Fatal(err)
		}
		resources = append(resources, v)
	}
	period := resources[1]["period"].(map[string]any)
	for name, got := range map[string]time.Duration{"birth": parse(t, resources[0]["birthDate"].(string)).Sub(parse(t, "1980-02-29")),
		"start": parse(t, period["start"].(string)).Sub(parse(t, "2024-01-30")), "end": parse(t, period["end"].(string)).Sub(parse(t, "2024-02-03"))} {
		if got != moved {
			t.Errorf("FHIR %s moved by %v, in the table by %v", name, got, moved)
		}
	}
	if s := period["start"].(string); !strings.HasSuffix(s, "T10:00:00Z") {
		t.Errorf("the time of day became %s", s)
	}
	if strings.Contains(fhir.String(), "lastUpdated") {
		t.Errorf("a date that is no known patient's stays:\n%s", fhir.String())
	}
	whole := `{"resourceType":"Bundle","type":"collection","entry":[` + strings.ReplaceAll(strings.TrimSpace(strings.ReplaceAll(bundle, "{\"resourceType\"", "{\"resource\":{\"resourceType\"")), "\n", "},") + "}]}"
	if _, err := Transform(context.Background(), expertJob(t, FHIR), strings.NewReader(whole), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(doc.String(), period["start"].(string)) || strings.Contains(doc.String(), "lastUpdated") {
		t.Errorf("the Bundle moves otherwise:\n%s", doc.String())
	}
}

// The label expert is refused without the determination that it rests on.
func TestExpertNeedsADetermination(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Job)
		want   string
	}{
		"none":                {func(j *Job) { j.Determination = nil }, "rests on an expert's determination"},
		"none in the profile": {func(j *Job) { j.Profile.Determination = "" }, "none is named"},
		"another":             {func(j *Job) { j.Determination.ID = "2" }, "another one"},
		"expired":             {func(j *Job) { j.AsOf.Year = 2028 }, "expired"},
		"not yet":             {func(j *Job) { j.AsOf.Year = 2025 }, "not yet"},
		"no calendar":         {func(j *Job) { j.Shift = nil }, "calendar"},
		"shifted, Safe Harbor": {func(j *Job) {
			j.Profile.Form, j.Profile.Determination, j.Profile.Codes = SafeHarbor, "", Random
			j.Codes = code.NewBook(bytes.NewReader(nil))
		}, "only the year may stay"},
		"determined, not named": {func(j *Job) { j.Profile.Form = LimitedDataSet }, "only the label expert"},
	} {
		t.Run(name, func(t *testing.T) {
			job := expertJob(t, CSV)
			tt.change(&job)
			var out bytes.Buffer
			if _, err := Transform(context.Background(), job, strings.NewReader("patient_token,dob\np,1980-01-01\n"), &out); err == nil || !strings.Contains(err.Error(), tt.want) || out.Len() > 0 {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	var out bytes.Buffer
	if _, err := Transform(context.Background(), expertJob(t, CSV), strings.NewReader("sex,dob\nF,1980-01-01\n"), &out); err == nil || !strings.Contains(err.Error(), "whose a row is") {
		t.Errorf("a table without patients: %v", err)
	}
}
