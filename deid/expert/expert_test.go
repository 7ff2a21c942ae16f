package expert

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// complete is a determination that lacks nothing. Its people do not exist.
func complete() Determination {
	return Determination{
		ID:     "ED-2026-01",
		Expert: Person{Name: "Example Expert", Organization: "Example Statistics", Qualifications: []string{"Doctorate in statistics", "Twelve determinations for registries of cancer"}, Independent: true},
		Data: Data{Description: "Inpatient stays of eight hospitals, 2025", Source: "Encounter extract, version 3", Records: 30162, Population: 2e6, Quasi: []string{"age", "sex", "three-digit ZIP code"},
			Sensitive: []string{"principal diagnosis"}, Recipients: []string{"Analysts of the quality collaborative"}, ReleaseModel: Registered},
		Method: Method{Principles: []string{"k-anonymity (Sweeney 2002)"}, Transforms: []string{"Dates shifted by a keyed offset for each patient", "Local recoding of age and ZIP code"},
			Attackers: []string{"Prosecutor: knows that a person is in the data, and age, sex and residence"}, Differencing: "Joined with the release of 2025: no joint class below 11"},
		Result: Result{K: 11, Threshold: .09, Highest: 1. / 11, AtRisk: .5, AtRiskLimit: .6, Average: .02, AverageLimit: .05, Unique: .001, UniqueLimit: .01, Models: []string{"distinct 3-diversity"},
			Suppressed: .02, Utility: .92, UniqueGroups: "Four combinations of rare diagnosis and town, suppressed"},
		Conditions: []string{"Recipients sign the data use agreement", "No linkage with voter lists"}, Determined: "2026-07-01", Review: "2027-07-01", Expires: "2028-07-01",
		Statement: "The risk is very small that an anticipated recipient could identify an individual.",
	}
}

func TestCompleteDetermination(t *testing.T) {
	if flaws := complete().Flaws(); len(flaws) > 0 {
		t.Errorf("a complete determination has flaws: %v", flaws)
	}
}

// DEI-3: whatever the law or practice asks for and is not there is named.
func TestFlawsAreNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Determination)
		field  string
	}{
		"no qualifications":          {func(d *Determination) { d.Expert.Qualifications = nil }, "expert.qualifications"},
		"an empty qualification":     {func(d *Determination) { d.Expert.Qualifications = []string{" "} }, "expert.qualifications"},
		"a silent relation":          {func(d *Determination) { d.Expert.Independent = false }, "expert.disclosure"},
		"no recipients":              {func(d *Determination) { d.Data.Recipients = nil }, "data.anticipated_recipients"},
		"a population too small":     {func(d *Determination) { d.Data.Population = 100 }, "data.population"},
		"no principles":              {func(d *Determination) { d.Method.Principles = nil }, "method.principles"},
		"earlier releases forgotten": {func(d *Determination) { d.Method.Differencing = "" }, "method.differencing"},
		"everybody unique":           {func(d *Determination) { d.Result.K = 1 }, "result.k"},
		"risk above what k allows":   {func(d *Determination) { d.Result.Highest = .5 }, "result.highest_risk"},
		"average above its limit":    {func(d *Determination) { d.Result.Average = .06 }, "result.average_risk"},
		"unique above its limit":     {func(d *Determination) { d.Result.Unique = .02 }, "result.population_unique"},
		"no limit":                   {func(d *Determination) { d.Result.UniqueLimit = 0 }, "result.population_unique"},
		"at risk above its limit":    {func(d *Determination) { d.Result.AtRisk = .7 }, "result.records_at_risk"},
		"unique groups unmentioned":  {func(d *Determination) { d.Result.UniqueGroups = "" }, "result.unique_populations"},
		"no conditions":              {func(d *Determination) { d.Conditions = nil }, "conditions"},
		"no statement":               {func(d *Determination) { d.Statement = "" }, "statement"},
		"no end":                     {func(d *Determination) { d.Expires = "" }, "expires"},
		"an end too far away":        {func(d *Determination) { d.Expires = "2029-07-02" }, "expires"},
		"review after the end":       {func(d *Determination) { d.Review = "2028-07-02" }, "review"},
		"not a day":                  {func(d *Determination) { d.Determined = "1 July" }, "determined"},
		"a model of release":         {func(d *Determination) { d.Data.ReleaseModel = "email" }, "data.release_model"},
	} {
		t.Run(name, func(t *testing.T) {
			d := complete()
			tt.change(&d)
			flaws := d.Flaws()
			if len(flaws) != 1 || flaws[0].Field != tt.field || flaws[0].Problem == "" {
				t.Errorf("flaws %v, want one of %s", flaws, tt.field)
			}
			var incomplete *Incomplete
			if _, err := Sign(d, ed25519.NewKeyFromSeed(make([]byte, 32))); !errors.As(err, &incomplete) {
				t.Errorf("it is signed all the same: %v", err)
			}
		})
	}
	if n := len(Determination{}.Flaws()); n < 20 {
		t.Errorf("an empty determination has only %d flaws", n)
	}
}

func TestStatus(t *testing.T) {
	for day, want := range map[string]Status{"2026-06-30": Early, "2026-07-01": Valid, "2027-06-30": Valid, "2027-07-01": Due, "2028-07-01": Due, "2028-07-02": Expired, "": Expired, "soon": Expired} {
		if got := complete().On(day); got != want {
			t.Errorf("on %q it is %q, want %q", day, got, want)
		}
	}
	d := complete()
	d.Statement = ""
	if got := d.On("2026-08-01"); got != Expired {
		t.Errorf("an incomplete determination is %q", got)
	}
}

func TestSignature(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	expert := key.Public().(ed25519.PublicKey)
	s, err := Sign(complete(), key)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(s, expert)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := d.Hash()
	b, _ := complete().Hash()
	if a != b || len(a) != 64 {
		t.Errorf("what was signed is not what comes out: %s, %s", a, b)
	}
	forged := s
	forged.Determination = json.RawMessage(strings.Replace(string(s.Determination), "2028-07-01", "2028-08-01", 1))
	if _, err := Open(forged, expert); err == nil {
		t.Error("a changed determination is accepted")
	}
	other := ed25519.NewKeyFromSeed(append(make([]byte, 31), 1))
	mine, err := Sign(complete(), other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(mine, expert); err == nil {
		t.Error("a determination that somebody else signed is accepted")
	}
}

func TestReport(t *testing.T) {
	var b strings.Builder
	if err := complete().Print(&b); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/report.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the report is not as in %s; if it should be, run with -update:\n%s", golden, b.String())
	}
}

func FuzzParse(f *testing.F) {
	b, _ := complete().JSON()
	f.Add(b)
	f.Add([]byte(`{"expert":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Parse(b)
		if err != nil {
			return
		}
		d.Flaws()
		if err := d.Print(&strings.Builder{}); err != nil {
			t.Fatal(err)
		}
	})
}
