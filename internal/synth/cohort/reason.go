package cohort

// A reason is why somebody is admitted: a principal diagnosis and what usually
// goes with it. Codes are ICD-10-CM and ICD-10-PCS of fiscal years 2024 to 2026
// without the dot; groups are MS-DRG version 41 to 43 (CMS, public domain).
type reason struct {
	name       string
	codes      []string      // principal diagnoses, one is chosen
	with       []Comorbidity // secondary diagnoses that always go with it
	procedures [][]string    // one set is chosen; nil if none
	mdc        int
	drg        [3]int  // with a major complication or comorbidity, with a minor one, with neither
	days       float64 // median length of stay
	cost       float64 // median cost in dollars
	die        float64 // log-odds of death at age 65 to 74 without complication
	readmit    float64 // log-odds of unplanned readmission within thirty days
	ward       int
	planned    bool
	weights    [4]int // how often, for ages under 18, 18 to 64, 65 to 79, 80 and over
}

var reasons = []reason{
	{name: "heart failure", codes: []string{"I110"}, with: []Comorbidity{{Code: "I5023", level: 2}}, mdc: 5, drg: [3]int{291, 292, 293}, days: 4.2, cost: 9800, die: -3.9, readmit: -1.35, ward: medical, weights: [4]int{0, 6, 16, 20}},
	{name: "diastolic heart failure", codes: []string{"I110"}, with: []Comorbidity{{Code: "I5033", level: 2}}, mdc: 5, drg: [3]int{291, 292, 293}, days: 4.0, cost: 9300, die: -4.0, readmit: -1.4, ward: medical, weights: [4]int{0, 2, 7, 12}},
	{name: "non-ST elevation myocardial infarction", codes: []string{"I214"}, procedures: [][]string{nil, {"4A023N7", "B2111ZZ"}}, mdc: 5, drg: [3]int{280, 281, 282}, days: 3.1, cost: 11200, die: -3.6, readmit: -1.8, ward: stepDown, weights: [4]int{0, 5, 8, 7}},
	{name: "ST elevation myocardial infarction", codes: []string{"I2109", "I2119", "I2111"}, procedures: [][]string{{"027034Z", "4A023N7", "B2111ZZ"}}, mdc: 5, drg: [3]int{321, 322, 322}, days: 2.8, cost: 22500, die: -3.2, readmit: -2.1, ward: icu, weights: [4]int{0, 4, 4, 2}},
	{name: "atrial fibrillation", codes: []string{"I4891", "I480"}, mdc: 5, drg: [3]int{308, 309, 310}, days: 2.6, cost: 6400, die: -5.2, readmit: -1.9, ward: stepDown, weights: [4]int{0, 5, 9, 8}},
	{name: "ischemic stroke", codes: []string{"I63511", "I63512", "I63411", "I639"}, mdc: 1, drg: [3]int{64, 65, 66}, days: 4.3, cost: 11900, die: -3.4, readmit: -2.0, ward: stepDown, weights: [4]int{0, 4, 9, 10}},
	{name: "intracerebral hemorrhage", codes: []string{"I619", "I611"}, mdc: 1, drg: [3]int{64, 65, 66}, days: 5.6, cost: 17800, die: -1.5, readmit: -2.0, ward: icu, weights: [4]int{0, 1, 2, 2}},
	{name: "pneumonia", codes: []string{"J189", "J159", "J13"}, mdc: 4, drg: [3]int{193, 194, 195}, days: 3.9, cost: 8300, die: -4.0, readmit: -1.7, ward: medical, weights: [4]int{8, 9, 12, 14}},
	{name: "COVID-19", codes: []string{"U071"}, with: []Comorbidity{{Code: "J1282", level: 0}}, mdc: 4, drg: [3]int{177, 178, 179}, days: 4.9, cost: 11800, die: -3.3, readmit: -2.0, ward: medical, weights: [4]int{1, 3, 5, 6}},
	{name: "exacerbation of chronic obstructive pulmonary disease", codes: []string{"J441"}, mdc: 4, drg: [3]int{190, 191, 192}, days: 3.4, cost: 7300, die: -4.7, readmit: -1.5, ward: medical, weights: [4]int{0, 6, 11, 6}},
	{name: "asthma exacerbation", codes: []string{"J45901", "J4541"}, mdc: 4, drg: [3]int{202, 203, 203}, days: 2.3, cost: 5200, die: -7.5, readmit: -2.6, ward: medical, weights: [4]int{22, 4, 1, 0}},
	{name: "bronchiolitis", codes: []string{"J210", "J218"}, mdc: 4, drg: [3]int{202, 203, 203}, days: 2.1, cost: 4800, die: -8, readmit: -3, ward: medical, weights: [4]int{18, 0, 0, 0}},
	{name: "sepsis", codes: []string{"A419", "A4151", "A4101"}, mdc: 18, drg: [3]int{871, 872, 872}, days: 5.1, cost: 13900, die: -2.9, readmit: -1.6, ward: medical, weights: [4]int{2, 14, 18, 19}},
	{name: "septic shock", codes: []string{"A419", "A4151"}, with: []Comorbidity{{Code: "R6521", level: 0}, {Code: "N170", level: 0}}, mdc: 18, drg: [3]int{871, 872, 872}, days: 7.8, cost: 24800, die: -1.3, readmit: -1.5, ward: icu, weights: [4]int{1, 4, 6, 6}},
	{name: "urinary tract infection", codes: []string{"N390"}, mdc: 11, drg: [3]int{689, 690, 690}, days: 3.2, cost: 6300, die: -5.1, readmit: -1.7, ward: medical, weights: [4]int{4, 4, 7, 11}},
	{name: "acute kidney failure", codes: []string{"N179"}, mdc: 11, drg: [3]int{682, 683, 684}, days: 3.9, cost: 8100, die: -4.2, readmit: -1.5, ward: medical, weights: [4]int{0, 6, 9, 9}},
	{name: "gastrointestinal hemorrhage", codes: []string{"K922", "K921"}, procedures: [][]string{nil, {"0DJ08ZZ"}}, mdc: 6, drg: [3]int{377, 378, 379}, days: 3.3, cost: 8500, die: -4.5, readmit: -1.8, ward: medical, weights: [4]int{0, 5, 7, 8}},
	{name: "intestinal obstruction", codes: []string{"K56609"}, mdc: 6, drg: [3]int{388, 389, 390}, days: 3.5, cost: 7100, die: -4.7, readmit: -2.0, ward: surgical, weights: [4]int{1, 4, 5, 5}},
	{name: "acute appendicitis", codes: []string{"K3580"}, procedures: [][]string{{"0DTJ4ZZ"}}, mdc: 6, drg: [3]int{397, 398, 399}, days: 1.7, cost: 10400, die: -8, readmit: -3, ward: surgical, weights: [4]int{14, 5, 1, 0}},
	{name: "acute cholecystitis", codes: []string{"K8000"}, procedures: [][]string{{"0FT44ZZ"}}, mdc: 7, drg: [3]int{417, 418, 419}, days: 2.9, cost: 13600, die: -5.8, readmit: -2.5, ward: surgical, weights: [4]int{1, 7, 4, 3}},
	{name: "cancer of the sigmoid colon", codes: []string{"C187"}, procedures: [][]string{{"0DTN4ZZ"}}, mdc: 6, drg: [3]int{329, 330, 331}, days: 4.8, cost: 19800, die: -4.6, readmit: -2.1, ward: surgical, planned: true, weights: [4]int{0, 2, 3, 2}},
	{name: "coronary bypass", codes: []string{"I25110"}, procedures: [][]string{{"021109W", "5A1221Z"}}, mdc: 5, drg: [3]int{235, 236, 236}, days: 6.4, cost: 41000, die: -4.2, readmit: -2.0, ward: icu, planned: true, weights: [4]int{0, 2, 3, 0}},
	{name: "hip fracture", codes: []string{"S72141A", "S72142A"}, procedures: [][]string{{"0QS636Z"}, {"0QS736Z"}}, mdc: 8, drg: [3]int{480, 481, 482}, days: 4.9, cost: 16800, die: -4.2, readmit: -2.0, ward: surgical, weights: [4]int{0, 1, 5, 14}},
	{name: "osteoarthritis of the knee", codes: []string{"M1711", "M1712"}, procedures: [][]string{{"0SRC0J9"}, {"0SRD0J9"}}, mdc: 8, drg: [3]int{469, 470, 470}, days: 1.7, cost: 15400, die: -8, readmit: -3.1, ward: surgical, planned: true, weights: [4]int{0, 6, 12, 3}},
	{name: "osteoarthritis of the hip", codes: []string{"M1611", "M1612"}, procedures: [][]string{{"0SR90J9"}, {"0SRB0J9"}}, mdc: 8, drg: [3]int{469, 470, 470}, days: 1.7, cost: 15100, die: -8, readmit: -3.1, ward: surgical, planned: true, weights: [4]int{0, 4, 8, 3}},
	{name: "cellulitis of the leg", codes: []string{"L03115", "L03116"}, mdc: 9, drg: [3]int{602, 603, 603}, days: 3.2, cost: 6000, die: -6.2, readmit: -2.1, ward: medical, weights: [4]int{4, 7, 4, 3}},
	{name: "diabetic ketoacidosis", codes: []string{"E1110"}, mdc: 10, drg: [3]int{637, 638, 639}, days: 2.7, cost: 7600, die: -5.6, readmit: -1.5, ward: stepDown, weights: [4]int{3, 6, 2, 1}},
	{name: "sickle-cell crisis", codes: []string{"D5700"}, mdc: 16, drg: [3]int{811, 812, 812}, days: 3.9, cost: 7400, die: -6.5, readmit: -.8, ward: medical, weights: [4]int{4, 3, 0, 0}},
	{name: "chemotherapy", codes: []string{"Z5111"}, with: []Comorbidity{{Code: "C8338", level: 1}}, procedures: [][]string{{"3E03305"}}, mdc: 17, drg: [3]int{846, 847, 848}, days: 3.1, cost: 12200, die: -5.5, readmit: -2, ward: medical, planned: true, weights: [4]int{2, 2, 2, 0}},
}

// Reasons that belong to people with a certain history.
var (
	psychosis = reason{name: "recurrent severe depression", codes: []string{"F332", "F209", "F3112"}, mdc: 19, drg: [3]int{885, 885, 885}, days: 6.4, cost: 8200, die: -8, readmit: -1.7, ward: behavioral}
	withdrawn = reason{name: "opioid withdrawal", codes: []string{"F1123"}, procedures: [][]string{{"HZ2ZZZZ"}}, mdc: 20, drg: [3]int{896, 897, 897}, days: 3.6, cost: 5600, die: -6.5, readmit: -1.5, ward: medical}
	overdose  = reason{name: "opioid overdose", codes: []string{"T40411A", "T401X1A", "T402X1A"}, with: []Comorbidity{{Code: "F1120", level: 2}, {Code: "J9601", level: 0}}, mdc: 21, drg: [3]int{917, 918, 918}, days: 2.2, cost: 7900, die: -3.4, readmit: -1.6, ward: icu}
	alcohol   = reason{name: "alcohol withdrawal", codes: []string{"F10239", "F10231"}, procedures: [][]string{{"HZ2ZZZZ"}}, mdc: 20, drg: [3]int{896, 897, 897}, days: 3.7, cost: 6600, die: -5.2, readmit: -1.5, ward: medical}
	hiv       = reason{name: "HIV disease with pneumocystosis", codes: []string{"B20"}, with: []Comorbidity{{Code: "B59", level: 0}}, mdc: 25, drg: [3]int{974, 975, 976}, days: 6.1, cost: 14700, die: -3.1, readmit: -1.4, ward: medical}

	vaginal  = reason{name: "delivery", codes: []string{"O80"}, procedures: [][]string{{"10E0XZZ"}}, mdc: 14, drg: [3]int{805, 806, 807}, days: 1.9, cost: 4900, die: -9.5, readmit: -4, ward: maternity}
	cesarean = reason{name: "cesarean delivery", codes: []string{"O76", "O620", "O82"}, procedures: [][]string{{"10D00Z1"}}, mdc: 14, drg: [3]int{786, 787, 788}, days: 2.9, cost: 8300, die: -9, readmit: -3.7, ward: maternity}
	newborn  = reason{name: "live birth", codes: []string{"Z3800", "Z3801"}, mdc: 15, drg: [3]int{794, 794, 795}, days: 1.9, cost: 1900, die: -8, readmit: -3.6, ward: maternity}
)

// A comorbidity is a secondary diagnosis.
type Comorbidity struct {
	Code   string
	level  int     // 0 major, 1 minor, 2 neither: its place in reason.Group
	chance float64 // per stay (acute) or per person (chronic), before age
	die    float64 // added log-odds
}

// acute ones arise with the illness or in the hospital.
var acute = []Comorbidity{
	{"J9601", 0, .09, 1.1}, {"G9341", 0, .06, .6}, {"N170", 0, .02, .9}, {"E43", 0, .03, .7}, {"I2699", 0, .012, .7}, {"J690", 0, .02, .9},
	{"N179", 1, .15, .5}, {"E871", 1, .10, .2}, {"D62", 1, .08, .2}, {"E440", 1, .04, .3}, {"J9611", 1, .03, .3}, {"E870", 1, .03, .6},
	{"E876", 2, .11, 0}, {"D649", 2, .10, 0}, {"E8342", 2, .05, 0}, {"I959", 2, .06, .1},
}

// chronic ones a person carries from stay to stay; chance is for age 65 and over,
// a third of it below.
var chronic = []Comorbidity{
	{"I10", 2, .62, 0}, {"E119", 2, .27, 0}, {"E785", 2, .50, -.1}, {"I2510", 2, .27, 0}, {"J449", 2, .16, .1}, {"N1831", 2, .16, .1},
	{"I4820", 1, .12, .2}, {"F32A", 2, .15, 0}, {"E669", 2, .22, 0}, {"K219", 2, .26, 0}, {"G4733", 2, .13, 0}, {"E039", 2, .15, 0},
	{"Z87891", 2, .30, 0}, {"Z794", 2, .11, 0}, {"Z7901", 2, .14, 0}, {"N186", 0, .025, .6}, {"G309", 2, .06, .3}, {"C3490", 1, .02, .6},
}

// visits are why people come without staying.
var visits = []struct {
	code   string
	class  byte
	weight int
	adult  bool
}{
	{"R079", 'E', 8, true}, {"R109", 'E', 8, false}, {"S93401A", 'E', 5, false}, {"J069", 'E', 6, false},
	{"R55", 'E', 3, true}, {"N200", 'E', 3, true}, {"S0990XA", 'E', 4, false}, {"R42", 'E', 3, true}, {"K5900", 'E', 2, false},
	{"I10", 'O', 9, true}, {"E119", 'O', 6, true}, {"Z0000", 'O', 8, true}, {"Z23", 'O', 4, false}, {"M5450", 'O', 5, true}, {"J309", 'O', 3, false},
	{"R079", 'B', 5, true}, {"R55", 'B', 3, true}, {"E860", 'B', 2, false},
}

// exempt reports whether a code needs no present-on-admission flag (a small part
// of CMS's yearly list: the codes of ours that are on it).
func exempt(code string) bool {
	switch code[0] {
	case 'Z':
		return true
	case 'O':
		return code == "O80" || code == "O82"
	}
	return code == "W1830XA"
}

// expired are the groups of patients with an infarction who died.
func expired(group int) int {
	if group >= 280 && group <= 282 {
		return group + 3
	}
	return group
}
