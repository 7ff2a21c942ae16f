package synth

import (
	"encoding/json"
	"fmt"
	"io"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/synth/canary"
	"chaperone.example/internal/synth/cohort"
)

// Truth is truth.json: all that a test needs to know about people who do not exist.
type Truth struct {
	Format    int            `json:"format"` // 1
	Seed      uint64         `json:"seed"`
	Start     string         `json:"start"` // first day of the extract
	Months    int            `json:"months"`
	People    []Person       `json:"people"`
	Hospitals []HospitalFact `json:"hospitals"`
	Totals    Totals         `json:"totals"`
}

// A Person is who stands behind the records.
type Person struct {
	Token       string        `json:"token"` // patient_token, the same everywhere; empty if the person cannot be linked
	Given       string        `json:"given"`
	Family      string        `json:"family"`
	Sex         string        `json:"sex"`
	BirthDate   string        `json:"birth_date"`
	DeathDate   string        `json:"death_date,omitempty"`
	ZIP         string        `json:"zip"`
	State       string        `json:"state"`
	Memberships []Membership  `json:"memberships"` // the home hospital first
	Labels      []string      `json:"labels"`      // substance-use, part2, alcohol, hiv, psychiatric, genetic, reproductive, over-89, rare-zip, newborn, obstetric, …
	Sensitive   []Sensitive   `json:"sensitive,omitempty"`
	Links       []Readmission `json:"readmissions,omitempty"`
	Canaries    []Canary      `json:"canaries"`
}

// A Membership makes a person a patient of a hospital.
type Membership struct {
	Hospital   string `json:"hospital"`
	MRN        string `json:"mrn"`
	Patient    string `json:"patient"` // the id of the FHIR Patient, and "patient" of the notes
	Encounters int    `json:"encounters"`
}

// A Sensitive encounter has records with stricter rules than HIPAA's.
type Sensitive struct {
	Encounter string   `json:"encounter"` // encounter_key and id of the FHIR Encounter
	Hospital  string   `json:"hospital"`
	Labels    []string `json:"labels"` // part2 (made by a Part 2 program), substance-use, hiv, psychiatric, psychotherapy-note, genetic, reproductive
}

// A Readmission is an unplanned inpatient stay 1 to 30 days after another one that
// ended alive, at home, not in another acute hospital and not against advice. It is the next
// inpatient stay at any member.
type Readmission struct {
	Index         string `json:"index"` // encounter_key
	IndexHospital string `json:"index_hospital"`
	Key           string `json:"readmission"`
	Hospital      string `json:"hospital"`
	Days          int    `json:"days"`
	Counted       bool   `json:"counted"` // the index is an adult's, neither psychiatric nor chemotherapy, and more than 45 days before the end
}

// A Canary is a string of at least eight characters that identifies one person and
// occurs nowhere but in that person's records. It is found without regard to case.
type Canary struct {
	Kind  string `json:"kind"`  // surname, street, email, employer, contact, portal, phone, contact-phone, ssn, plan, licence, mrn, patient-id
	Value string `json:"value"` // of an e-mail address, a street, a portal and an employer only the word that is peculiar to them
}

// A HospitalFact is what a benchmark should find out about a hospital. Expected
// numbers are those of an average hospital with the same patients.
type HospitalFact struct {
	ID                 string  `json:"id"` // hospital_id, and the folder's name
	Name               string  `json:"name"`
	State              string  `json:"state"`
	Beds               int     `json:"beds"`
	Teaching           bool    `json:"teaching"`
	Rural              bool    `json:"rural"`
	OpioidProgram      bool    `json:"opioid_treatment_program"`
	CostMethod         string  `json:"cost_method"`
	Effect             Effect  `json:"effect"`
	Patients           int     `json:"patients"`
	Encounters         int     `json:"encounters"`
	Inpatient          int     `json:"inpatient"`
	Deaths             int     `json:"deaths"`
	ExpectedDeaths     float64 `json:"expected_deaths"`
	IndexStays         int     `json:"index_stays"`
	Readmitted         int     `json:"readmitted"`
	ExpectedReadmitted float64 `json:"expected_readmitted"`
	Notes              int     `json:"notes"`
	Resources          int     `json:"resources"`
	UnitMonths         int     `json:"unit_months"`
}

// Totals count the consortium.
type Totals struct {
	People       int `json:"people"`
	Shared       int `json:"shared"` // patients of more than one hospital
	Encounters   int `json:"encounters"`
	Readmissions int `json:"readmissions"`
	Elsewhere    int `json:"readmissions_elsewhere"` // at another hospital than the index stay
	Canaries     int `json:"canaries"`
}

// ReadTruth reads truth.json.
func ReadTruth(r io.Reader) (Truth, error) {
	var t Truth
	if err := json.NewDecoder(r).Decode(&t); err != nil {
		return Truth{}, fault.New(fault.Invalid, "truth.json: %v: write it again with chaperone synth", err)
	}
	if t.Format != 1 {
		return Truth{}, fault.New(fault.Invalid, "truth.json has format %d, this program reads format 1: write it again with chaperone synth", t.Format)
	}
	return t, nil
}

// Canaries lists every planted canary.
func (t Truth) Canaries() []Canary {
	var all []Canary
	for _, p := range t.People {
		all = append(all, p.Canaries...)
	}
	return all
}

// A truthWriter writes truth.json as the people come by.
type truthWriter struct {
	out    io.Writer
	totals Totals
	comma  string
}

func (t *truthWriter) begin(cfg Config) error {
	_, err := fmt.Fprintf(t.out, "{\"format\":1,\"seed\":%d,\"start\":%q,\"months\":%d,\"people\":[", cfg.Seed, cfg.Start.Format("2006-01-02"), cfg.Months)
	return err
}

func (t *truthWriter) person(w *cohort.World, p *cohort.Person) error {
	f := Person{Token: p.Token, Given: p.Given, Family: p.Family, Sex: p.Sex(), BirthDate: p.Birth.Format("2006-01-02"), ZIP: p.Town.ZIP,
		State: p.Town.State, Labels: p.Traits.Labels()}
	if !p.Death.IsZero() {
		f.DeathDate = p.Death.Format("2006-01-02")
	}
	f.Canaries = []Canary{{"surname", p.Stem}, {"street", cohort.Capital(w.Mint.Stem(p.Ordinal, canary.InStreet))}, {"email", w.Mint.Stem(p.Ordinal, canary.InEmail)},
		{"employer", cohort.Capital(w.Mint.Stem(p.Ordinal, canary.InEmployer))}, {"contact", p.Contact.Family}, {"portal", w.Mint.Stem(p.Ordinal, canary.InPortal)},
		{"phone", p.Phone}, {"contact-phone", p.Contact.Phone}, {"ssn", p.SSN}, {"plan", p.Plan}, {"licence", p.Licence}}
	for _, m := range p.Members {
		n := 0
		for _, s := range p.Stays {
			if s.Hospital == m.Hospital {
				n++
			}
		}
		f.Memberships = append(f.Memberships, Membership{w.Hospitals[m.Hospital].Slug, m.MRN, m.ID, n})
		f.Canaries = append(f.Canaries, Canary{"mrn", m.MRN}, Canary{"patient-id", m.ID})
	}
	for i := range p.Stays {
		s := &p.Stays[i]
		if names := labels(s); len(names) > 0 {
			f.Sensitive = append(f.Sensitive, Sensitive{s.Key, w.Hospitals[s.Hospital].Slug, names})
		}
	}
	for _, l := range p.Links {
		from, to := w.Hospitals[l.Index.Hospital].Slug, w.Hospitals[l.Next.Hospital].Slug
		f.Links = append(f.Links, Readmission{l.Index.Key, from, l.Next.Key, to, l.Days, l.Index.Risk.Counted})
		if from != to {
			t.totals.Elsewhere++
		}
	}
	t.totals.People++
	t.totals.Encounters += len(p.Stays)
	t.totals.Readmissions += len(p.Links)
	t.totals.Canaries += len(f.Canaries)
	if len(p.Members) > 1 {
		t.totals.Shared++
	}
	line, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("truth.json: %w", err)
	}
	_, err = fmt.Fprintf(t.out, "%s\n%s", t.comma, line)
	t.comma = ","
	return err
}

func (t *truthWriter) end(hospitals []HospitalFact) error {
	list, err := json.Marshal(hospitals)
	if err != nil {
		return fmt.Errorf("truth.json: %w", err)
	}
	totals, err := json.Marshal(t.totals)
	if err != nil {
		return fmt.Errorf("truth.json: %w", err)
	}
	_, err = fmt.Fprintf(t.out, "\n],\"hospitals\":%s,\"totals\":%s}\n", list, totals)
	return err
}

// labels names what makes the records of a stay sensitive.
func labels(s *cohort.Stay) []string {
	var names []string
	if s.Program {
		names = append(names, "part2")
	}
	if s.Has("F10") || s.Has("F11") || s.Has("T40") {
		names = append(names, "substance-use")
	}
	if s.Has("B20") || s.Has("Z21") {
		names = append(names, "hiv")
	}
	if s.Has("F20") || s.Has("F31") || s.Has("F33") {
		names = append(names, "psychiatric")
	}
	if s.Therapy {
		names = append(names, "psychotherapy-note")
	}
	if s.Has("Z15") || s.Has("G10") || s.Has("Z7183") {
		names = append(names, "genetic")
	}
	if s.Has("Z332") || s.Has("F649") {
		names = append(names, "reproductive")
	}
	return names
}
