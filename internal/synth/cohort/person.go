package cohort

import (
	"strconv"
	"strings"
	"time"

	"chaperone.example/internal/synth/canary"
	"chaperone.example/internal/synth/chance"
)

// A Trait is something about a person that tests look for. Most are dealt by the
// person's place at the home hospital rather than by chance, so that even a small
// consortium has each of them.
type Trait int

const (
	Opioids      Trait = 1 << iota // opioid use disorder
	InProgram                      // patient of an opioid treatment program: Part 2 records
	Drinking                       // alcohol use disorder
	LivesHIV                       // HIV
	Psychiatric                    // schizophrenia, bipolar disorder, severe depression
	Genetic                        // Genetic test or disease
	Reproductive                   // termination, gender identity
	Oldest                         // over 89 when the extract begins
	RarePlace                      // lives in a three-digit ZIP area of 20,000 people or fewer
	Born                           // born during the extract
	Mother                         // gives birth during the extract
	Cancer                         // comes back for planned chemotherapy
	Unlinkable                     // has no patient token
)

var labels = []string{"substance-use", "part2", "alcohol", "hiv", "psychiatric", "genetic", "reproductive", "over-89", "rare-zip", "newborn", "obstetric",
	"chemotherapy", "no-token"}

// Labels names the traits of t.
func (t Trait) Labels() []string {
	names := []string{}
	for i, name := range labels {
		if t&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// A Membership makes a person a patient of a hospital.
type Membership struct {
	Hospital int
	MRN, ID  string // ID is the FHIR id of the Patient there
}

// A Contact is a relative or friend.
type Contact struct {
	Given, Family, Relation, Phone string
}

// A Person is somebody who never existed.
type Person struct {
	Ordinal int
	Members []Membership // the home hospital first
	Token   string       // the same everywhere; empty if it cannot be linked
	Traits  Trait

	Male                  bool
	Given, Middle, Family string
	Stem                  string    // the canary inside Family
	Birth, Death          time.Time // Death is zero for the living
	Race                  Race
	Spanish, Married      bool
	Town                  Town
	Street, Phone, Email  string
	SSN, Plan, Licence    string
	Employer, Portal      string
	Contact               Contact
	Chronic               []Comorbidity
	Stays                 []Stay
	Links                 []Link
}

// A Race is an answer to the combined question of OMB's Statistical Policy
// Directive 15 (2024), coded as CDC's code system does.
type Race struct{ Code, Name string }

var races = []Race{{"2106-3", "White"}, {"2054-5", "Black or African American"}, {"2135-2", "Hispanic or Latino"}, {"2028-9", "Asian"},
	{"1002-5", "American Indian or Alaska Native"}, {"2076-8", "Native Hawaiian or Other Pacific Islander"}, {"2131-1", "Other Race"}}

// givenNames are of men, then of women. Some need more than ASCII: offsets of
// spans count code points, and whoever counts bytes finds out.
var givenNames = [2][]string{
	{"James", "Robert", "Michael", "David", "José", "Daniel", "Anthony", "Marcus", "Samuel", "Wei", "Omar", "Andrés", "Patrick", "Elijah", "Henry",
		"Victor", "Raúl", "Thomas", "Isaac", "Dmitri", "Kofi", "Noah", "Walter", "Luis", "Jürgen", "Tyrone", "George", "Arjun", "Caleb", "Martin"},
	{"Mary", "Linda", "Susan", "Zoë", "Karen", "Aisha", "María", "Grace", "Ruth", "Helen", "Mei", "Priya", "Naomi", "Chloé", "Emma", "Olivia",
		"Rosa", "Fatima", "Ingrid", "Dorothy", "Hannah", "Inés", "Keisha", "Joan", "Leah", "Sofía", "Beatrice", "Yuki", "Tamara", "Claire"},
}

var staffNames = []string{"Abbott", "Barnes", "Castillo", "Delgado", "Egan", "Fischer", "Greene", "Hale", "Ibrahim", "Jensen", "Keller", "Lopez", "Mercer",
	"Nguyen", "Okafor", "Patel", "Quinn", "Reyes", "Shah", "Tanaka", "Underwood", "Vance", "Whitfield", "Xu", "Young", "Zimmerman"}

// newPerson makes the person at a place (index) of the home hospital, without
// their stays.
func (w *World) newPerson(home, index int, d *chance.Draw) Person {
	p := Person{Ordinal: home*w.Config.Patients + index}
	for i, h := range w.membersOf(home, index) {
		p.Members = append(p.Members, Membership{h, w.Mint.MRN(w.Hospitals[h].prefix, p.Ordinal, i), w.Mint.UUID("patient", h, p.Ordinal)})
	}
	p.Traits = w.deal(index, len(p.Members) > 1, w.Hospitals[home].Program)
	p.Token = w.Mint.Keyed(16, "patient token", p.Ordinal)
	if p.Traits&Unlinkable != 0 {
		p.Token = ""
	}
	p.Male = d.Yes(.48) && p.Traits&Mother == 0
	age := p.age(d)
	p.Birth = Day(w.Start).AddDate(-age, 0, -d.Below(365))
	if p.Traits&Born != 0 {
		p.Birth = Day(w.Start).AddDate(0, 0, 3+d.Below(max(1, w.days()-8)))
	}

	names := givenNames[1]
	if p.Male {
		names = givenNames[0]
	}
	p.Given, p.Middle = chance.Pick(d, names), string(rune('A'+d.Below(26)))
	p.Stem = Capital(w.Mint.Stem(p.Ordinal, canary.InSurname))
	p.Family = p.Stem
	switch d.Below(25) {
	case 0:
		p.Family = "O'" + p.Stem
	case 1:
		p.Family = "De la " + p.Stem
	case 2:
		p.Family = p.Stem + "-" + chance.Pick(d, staffNames)
	}
	p.Race = races[d.Weighted([]int{58, 13, 18, 6, 1, 1, 3})]
	p.Spanish = p.Race.Name == "Hispanic or Latino" && d.Yes(.4)
	p.Married = age >= 20 && d.Yes(.5)
	p.Town = chance.Pick(d, w.Hospitals[home].Region.Towns)
	if p.Traits&RarePlace != 0 {
		p.Town = chance.Pick(d, rareTowns)
	}
	p.Street = strconv.Itoa(d.Between(1, 9899)) + " " + Capital(w.Mint.Stem(p.Ordinal, canary.InStreet)) + " " + chance.Pick(d, []string{"Street", "Avenue", "Road", "Lane", "Court"})
	p.Phone = w.Mint.Phone(p.Ordinal, 0)
	p.Email = strings.ToLower(p.Middle) + "." + w.Mint.Stem(p.Ordinal, canary.InEmail) + "@mail.example"
	p.SSN, p.Plan, p.Licence = w.Mint.SSN(p.Ordinal), w.Mint.Plan(p.Ordinal), w.Mint.Licence(p.Ordinal)
	p.Employer = Capital(w.Mint.Stem(p.Ordinal, canary.InEmployer)) + " " + chance.Pick(d, []string{"Freight", "Foods", "Tooling", "Schools", "Logistics"})
	p.Portal = "https://portal.example/u/" + w.Mint.Stem(p.Ordinal, canary.InPortal)
	p.Contact = Contact{chance.Pick(d, givenNames[d.Below(2)]), Capital(w.Mint.Stem(p.Ordinal, canary.InContact)),
		chance.Pick(d, []string{"sister", "brother", "friend", "cousin"}), w.Mint.Phone(p.Ordinal, 1)}
	switch {
	case age < 18:
		p.Contact.Relation = "parent"
	case p.Married:
		p.Contact.Relation = "spouse"
	case age > 70:
		p.Contact.Relation = "child"
	}
	if age >= 18 && p.Traits&Mother == 0 {
		for _, c := range chronic {
			likely := c.chance
			if age < 65 {
				likely /= 3
			}
			if d.Yes(likely) {
				p.Chronic = append(p.Chronic, c)
			}
		}
	}
	return p
}

// deal returns the traits of the person at a place of a hospital.
func (w *World) deal(index int, shared, program bool) Trait {
	var t Trait
	if index%20 == 3 {
		t |= Opioids
		if program && index%40 == 3 {
			t |= InProgram
		}
	}
	for _, r := range []struct {
		every, at int
		what      Trait
	}{{20, 11, Drinking}, {50, 7, LivesHIV}, {12, 5, Psychiatric}, {40, 17, Genetic}, {60, 22, Reproductive}, {25, 13, RarePlace}, {45, 19, Cancer},
		{100, 41, Unlinkable}} {
		if index%r.every == r.at {
			t |= r.what
		}
	}
	if shared {
		t &^= Unlinkable
	}
	switch { // one age of life at a time
	case index%33 == 9:
		t |= Oldest
	case index%28 == 2 && !shared:
		t |= Born
		t &^= Opioids | InProgram | Drinking | Psychiatric | Reproductive | Cancer | LivesHIV
	case index%10 == 6:
		t |= Mother
	}
	return t
}

// age draws an age at the beginning of the extract.
func (p *Person) age(d *chance.Draw) int {
	adult := Opioids | Drinking | LivesHIV | Psychiatric | Reproductive | Cancer
	switch {
	case p.Traits&Oldest != 0:
		return d.Between(90, 101)
	case p.Traits&Mother != 0:
		return d.Between(17, 41)
	case p.Traits&adult != 0:
		return d.Between(21, 64)
	}
	switch d.Weighted([]int{14, 44, 30, 12}) {
	case 0:
		return d.Between(1, 17)
	case 1:
		return d.Between(18, 64)
	case 2:
		return d.Between(65, 79)
	}
	return d.Between(80, 89)
}

// AgeAt returns completed years at the day of t.
func (p *Person) AgeAt(t time.Time) int {
	years := t.Year() - p.Birth.Year()
	if t.Month() < p.Birth.Month() || t.Month() == p.Birth.Month() && t.Day() < p.Birth.Day() {
		years--
	}
	return years
}

// Payer returns the expected primary payer at an age, as HCUP codes PAY1:
// 1 Medicare, 2 Medicaid, 3 private insurance, 4 self-pay, 5 no charge, 6 other.
// A person keeps their payer while they are of the same age of life.
func (p *Person) Payer(age int) int {
	n := int(chance.Mix(uint64(p.Ordinal)) % 100)
	switch {
	case age >= 65 && n < 93:
		return 1
	case p.Traits&(InProgram|Opioids) != 0:
		return 2
	case n < 52:
		return 3
	case n < 84:
		return 2
	case n < 88 && age >= 18:
		return 1
	case n < 95:
		return 4
	case n < 97:
		return 5
	}
	return 6
}

// Capital writes an ASCII word with a capital.
func Capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// Sex is M or F.
func (p *Person) Sex() string {
	if p.Male {
		return "M"
	}
	return "F"
}

// At returns the person's membership of a hospital.
func (p *Person) At(hospital int) (Membership, bool) {
	for _, m := range p.Members {
		if m.Hospital == hospital {
			return m, true
		}
	}
	return Membership{}, false
}
