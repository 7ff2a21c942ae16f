package cohort

import (
	"fmt"
	"math"

	"chaperone.example/internal/synth/canary"
	"chaperone.example/internal/synth/chance"
)

// An Effect is what a hospital does to its patients beyond what they brought with
// them: the quantity a benchmark tries to recover. All zeros and ones mean the
// average hospital.
type Effect struct {
	Mortality      float64 `json:"mortality_log_odds"`
	Readmission    float64 `json:"readmission_log_odds"`
	Cesarean       float64 `json:"cesarean_log_odds"`
	PressureInjury float64 `json:"pressure_injury_log_odds"`
	Infection      float64 `json:"infection_log_rate"` // CLABSI, CAUTI and C. difficile
	Falls          float64 `json:"falls_log_rate"`
	Cost           float64 `json:"cost_multiplier"`
	LengthOfStay   float64 `json:"length_of_stay_multiplier"`
	EDTime         float64 `json:"ed_time_multiplier"`
}

// A Hospital is a member of the consortium.
type Hospital struct {
	Index      int
	Slug, Name string
	Region     Region
	Beds       int
	Teaching   bool
	Rural      bool
	Program    bool    // runs an opioid treatment program (a Part 2 program, 42 CFR 2.11)
	ccr        float64 // ratio of cost to charges
	CostMethod string  // "actual" or "ccr"
	prefix     string  // of its medical record numbers
	Effect     Effect
	Staff      []Practitioner
	Units      []Unit
}

// A Practitioner works at a hospital. The NPI begins with 9: none does.
type Practitioner struct {
	Given, Family, NPI, ID string
}

// A Unit is a ward. Rates of infection are per device day, of C. difficile and falls
// per patient day.
type Unit struct {
	ID, Name, Kind      string // Kind is an NHSN location code
	Beds                int
	Line, Catheter      float64 // device days per patient day
	CLABSI, CAUTI, CDI  float64
	Falls, NursingHours float64 // per patient day
}

var trees = []string{"Alder", "Juniper", "Hawthorn", "Linden", "Rowan", "Sycamore", "Tamarack", "Willow", "Aspen", "Birch", "Cedar", "Dogwood", "Elm",
	"Fir", "Hazel", "Ironwood", "Larch", "Maple", "Myrtle", "Oak", "Poplar", "Redbud", "Spruce", "Walnut", "Yew", "Hemlock", "Magnolia", "Mesquite",
	"Sassafras", "Tupelo", "Catalpa", "Buckeye", "Hickory", "Laurel", "Madrone", "Mulberry", "Persimmon", "Pinyon", "Sumac", "Witch Hazel"}

var houses = []string{"General", "Regional Medical Center", "Memorial", "Community Hospital", "University Hospital", "Medical Center"}

// titled names hospital i: plainly invented, and the same for every seed.
func titled(i int) (slug, name string) {
	name = trees[i%len(trees)] + " " + houses[(i+i/len(trees))%len(houses)]
	if n := i / (len(trees) * len(houses)); n > 0 {
		name += fmt.Sprintf(" %d", n+1)
	}
	return slugged(name), name + " (synthetic)"
}

func slugged(name string) string {
	b := []byte(name)
	for i, c := range b {
		switch {
		case c == ' ':
			b[i] = '-'
		case 'A' <= c && c <= 'Z':
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

var wards = []Unit{
	{"icu", "Medical-surgical intensive care", "IN:ACUTE:CC:MS", 12, .50, .62, .0009, .0012, .0006, .0009, 16.5},
	{"step", "Step-down", "IN:ACUTE:STEP", 18, .24, .28, .0007, .0010, .0006, .0022, 10.5},
	{"med", "Medical ward", "IN:ACUTE:WARD:M", 36, .13, .17, .0007, .0012, .0007, .0031, 8.1},
	{"surg", "Surgical ward", "IN:ACUTE:WARD:S", 30, .12, .19, .0006, .0011, .0004, .0021, 8.4},
	{"ldp", "Labor, delivery and postpartum", "IN:ACUTE:WARD:LD_PP", 20, .01, .12, .0002, .0006, .0001, .0006, 11.0},
	{"bhv", "Behavioral health", "IN:ACUTE:WARD:BHV", 16, 0, .01, 0, .0006, .0001, .0038, 7.6},
}

// places of wards, by what happens in them.
const (
	icu = iota
	stepDown
	medical
	surgical
	maternity
	behavioral
)

func newHospitals(cfg Config, m canary.Mint) []Hospital {
	all := make([]Hospital, cfg.Hospitals)
	places := regions()
	for i := range all {
		h := &all[i]
		d := chance.New(cfg.Seed, chance.ForHospital, uint64(i))
		h.Index, h.Region = i, places[i%len(places)]
		h.Slug, h.Name = titled(i)
		h.Beds = d.Between(3, 40) * 15
		h.Teaching, h.Rural = h.Beds > 300 && d.Yes(.7), h.Beds < 150 && d.Yes(.6)
		h.Program = i%3 == 0
		h.ccr = float64(d.Between(180, 450)) / 1000
		h.CostMethod = []string{"actual", "ccr"}[i%2]
		h.prefix = string([]byte{'A' + byte(i%26), 'A' + byte(i/26%26)})
		for j := range 10 {
			h.Staff = append(h.Staff, Practitioner{chance.Pick(d, givenNames[j%2]), chance.Pick(d, staffNames), fmt.Sprintf("9%09d", d.Below(1_000_000_000)),
				m.UUID("practitioner", i, j)})
		}
		for _, w := range wards {
			w.Beds = max(4, w.Beds*h.Beds/220)
			h.Units = append(h.Units, w)
		}
		h.Effect = Effect{Cost: 1, LengthOfStay: 1, EDTime: 1}
	}
	if cfg.Effects != nil {
		for i := range all {
			all[i].Effect = cfg.Effects[i]
		}
		return all
	}
	spread(cfg.Seed, all)
	return all
}

// spread gives every hospital its effects: for each of them evenly spaced values in
// a random order, so that every consortium has its best and its worst.
func spread(seed uint64, all []Hospital) {
	d := chance.New(seed, chance.ForEffects, 0)
	assign := func(width float64, set func(e *Effect, x float64)) {
		order := make([]int, len(all))
		for i := range order {
			j := d.Below(i + 1)
			order[i], order[j] = order[j], i
		}
		for i, rank := range order {
			x := 0.0
			if len(all) > 1 {
				x = float64(width * (float64(2*rank)/float64(len(all)-1) - 1))
			}
			set(&all[i].Effect, math.Round(x*1000)/1000)
		}
	}
	assign(.6, func(e *Effect, x float64) { e.Mortality = x })
	assign(.5, func(e *Effect, x float64) { e.Readmission = x })
	assign(.5, func(e *Effect, x float64) { e.Cesarean = x })
	assign(.7, func(e *Effect, x float64) { e.PressureInjury = x })
	assign(.6, func(e *Effect, x float64) { e.Infection = x })
	assign(.5, func(e *Effect, x float64) { e.Falls = x })
	assign(.25, func(e *Effect, x float64) { e.Cost = math.Round(chance.Exp(x)*1000) / 1000 })
	assign(.18, func(e *Effect, x float64) { e.LengthOfStay = math.Round(chance.Exp(x)*1000) / 1000 })
	assign(.4, func(e *Effect, x float64) { e.EDTime = math.Round(chance.Exp(x)*1000) / 1000 })
}
