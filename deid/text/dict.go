package text

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
	"sync"
)

// wordsgz holds names, towns and English words, compiled by gen.
//
//go:embed words.gz
var wordsgz []byte

// What the lists say of a word.
const (
	isSurname = 1 << iota
	isGiven
	isCity
	isEnglish
	isMedical
	isLikely // ends like a word of medicine, and is in no list
	isTitle
	isCredential
	isLabel
	isPerson
	isNeutral
	isParticle
	isKey
	isMonth
	isOrganization
	isStreet
	isGeneric
	isDateWord
	isCodeSystem
	isNoun
	isWork
)

// listed is what makes a word known.
const listed = isSurname | isGiven | isCity | isEnglish | isMedical

// dictionary returns what the lists say of each word, read once. A town of several
// words is entered under its words joined by spaces, and each of its beginnings under
// prefix.
var dictionary = sync.OnceValue(readDictionary)

// An entry is a word with the lists it is in.
type entry struct {
	flags uint32
	word  string // the same as its key, to share its memory
}

type lists struct {
	words  map[string]entry
	prefix map[string]bool // "cedar" is the beginning of "cedar rapids"
}

func readDictionary() *lists {
	z, err := gzip.NewReader(bytes.NewReader(wordsgz))
	if err != nil {
		panic("text: embedded words: " + err.Error())
	}
	b, err := io.ReadAll(z)
	if err != nil {
		panic("text: embedded words: " + err.Error())
	}
	d := &lists{words: make(map[string]entry, 180_000), prefix: map[string]bool{}}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		flag := uint32(line[0] - '0')
		if line[0] >= 'a' {
			flag = uint32(line[0]-'a') + 10
		}
		word := line[1:]
		d.words[word] = entry{flag, word}
		if flag&isCity != 0 {
			for i := range word {
				if word[i] == ' ' {
					d.prefix[word[:i]] = true
				}
			}
		}
	}
	for w := range strings.FieldsSeq(medicine) {
		d.list(w, isMedical)
	}
	for w := range strings.FieldsSeq(eponyms) {
		d.list(w, isMedical)
	}
	for list, bit := range map[string]uint32{
		titles:        isTitle,
		credentials:   isCredential,
		labels:        isLabel,
		people:        isPerson,
		neutral:       isNeutral,
		particles:     isParticle,
		keys:          isKey,
		monthNames:    isMonth,
		organizations: isOrganization,
		streets:       isStreet,
		generic:       isGeneric,
		dateWords:     isDateWord,
		codeSystems:   isCodeSystem,
		nouns:         isNoun,
		works:         isWork,
	} {
		for w := range strings.SplitSeq(strings.Trim(list, "|"), "|") {
			d.list(w, bit)
		}
	}
	return d
}

// list enters a word into a list.
func (d *lists) list(w string, bit uint32) {
	d.words[w] = entry{d.words[w].flags | bit, w}
}

// suffixes end words of medicine and names of drugs (United States Adopted Names
// stems), so that they need not all be listed.
var suffixes = []string{"itis", "osis", "emia", "aemia", "ectomy", "ostomy", "otomy", "ology", "ologist", "opathy", "plasty", "scopy", "gram", "graphy", "algia", "uria", "penia", "megaly", "oma", "trophy", "plegia", "paresis",
	"pnea", "cardia", "rrhea", "rrhage", "rrhagia", "ptysis", "phagia", "phasia", "lysis", "stenosis", "ectasis", "genic", "tropin", "ergic", "itic", "otic", "emic", "pathic", "oid", "ular", "eal",
	"pril", "olol", "statin", "azole", "mycin", "cillin", "floxacin", "mab", "nib", "pine", "sartan", "xaban", "gliptin", "flozin", "tidine", "prazole", "dipine", "zepam", "zolam", "barbital", "setron", "triptan", "glutide",
	"parin", "bacter", "coccus", "coccal", "monas", "bacillus", "platin", "rubicin", "taxel", "vir", "oxetine", "azepine", "azine", "caine", "curonium", "thiazide", "semide", "terol", "phylline", "lukast", "dronate", "cycline", "sone", "solone", "amide", "amine", "idine", "ium", "ate", "ide", "ine"}

// medical reports whether a word in small letters is one of medicine by its ending.
func medical(low []byte) bool {
	if len(low) < 7 {
		return false
	}
	for _, s := range suffixes {
		if len(low) >= len(s)+3 && string(low[len(low)-len(s):]) == s && (len(s) > 3 || len(low) >= 8) {
			return true
		}
	}
	return false
}

// medicine lists words of medicine, of the calendar and of the heads of notes that no
// list of English words has, in small letters.
const medicine = `
january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
afebrile febrile edema troponin creatinine hemoglobin hematocrit bilirubin albumin lactate ferritin glucose sodium potassium magnesium phosphorus calcium chloride bicarb bicarbonate
lisinopril metoprolol metformin atorvastatin aspirin warfarin heparin insulin levothyroxine albuterol prednisone gabapentin acetaminophen ibuprofen naproxen morphine fentanyl oxycodone hydrocodone tramadol
lasix tylenol advil motrin lipitor crestor zocor plavix coumadin eliquis xarelto pradaxa lovenox synthroid glucophage januvia jardiance ozempic lantus humalog novolog norvasc zestril diovan cozaar toprol coreg
prilosec nexium protonix pepcid zantac zofran reglan benadryl claritin zyrtec singulair advair symbicort spiriva ventolin proventil flonase prozac zoloft lexapro celexa wellbutrin effexor cymbalta xanax ativan valium
klonopin ambien seroquel zyprexa risperdal abilify haldol depakote keppra dilantin lamictal topamax neurontin lyrica flexeril percocet vicodin norco oxycontin dilaudid suboxone narcan humira enbrel remicade
keytruda opdivo rituxan herceptin avastin taxol vancomycin zosyn rocephin ceftriaxone cefepime cefazolin azithromycin amoxicillin augmentin bactrim cipro levaquin flagyl keflex doxycycline tamiflu paxlovid
allergies allergy nkda meds medications labs vitals hpi pmh psh fhx shx ros pe a/p assessment plan impression subjective objective exam heent cv resp abd gi gu msk neuro psych derm skin ext
pt pts patient hx dx rx tx sx fx y/o yo yrs wt ht bmi bp hr rr temp spo2 o2 ra po iv im sq prn bid tid qid qhs qd qod qam qpm ac hs stat
mri ct xr cxr ekg ecg eeg emg us pet echo cbc bmp cmp lfts tsh inr ptt pt ua abg bnp crp esr psa egfr gfr hba1c a1c hdl ldl wbc rbc plt hgb hct mcv
copd chf cad htn dm dm2 t2dm ckd esrd cva tia mi stemi nstemi afib dvt pe gerd uti uri osa ra sle ms als hiv hcv hbv tb mrsa vre cdiff sob doe cp ams loc etoh ivdu
icu micu sicu nicu picu pacu ed er or snf ltac hcpoa dnr dni polst ama nok pcp md do np pa rn lpn cna pharmd phd lcsw msw crna
gcs nyha asa chads2 vasc chads2-vasc apgar ekg cn perrla eomi jvd nad rrr ctab ntnd lungs cor
na cr mg ca cl k hgb phos alt ast alk tbili bun co2 ldh ck ckmb dx sirs qsofa sofa apache phq phq-9 gad gad-7 mmse moca aims cage audit nihss
gravida para g1p0 g2p1 lmp edd iud ob gyn
babinski romberg kernig brudzinski murphy mcburney rovsing homans tinel phalen lachman mcmurray spurling faber thomas trendelenburg
loinc rxnorm snomed icd icd-10 icd-9 cpt hcpcs ndc drg
medicare medicaid hmo ppo nct spo tele telehealth covid covid-19 sars sars-cov-2 influenza rsv
afib bilat bilaterally distally proximally laterally medially dorsally ventrally nonischemic nondisplaced noncontributory nontender nondistended atraumatic normocephalic anicteric
hemodialysis dialysis chemo chemotherapy immunotherapy radiotherapy cholecystectomy appendectomy hysterectomy colonoscopy endoscopy bronchoscopy intubated extubated pacemaker defibrillator catheterization
metastatic adenocarcinoma carcinoma lymphoma leukemia melanoma sarcoma myeloma glioblastoma neoplasm malignancy hyperlipidemia hypertension hypotension tachycardia bradycardia hypothyroidism hyperthyroidism
diabetes mellitus osteoarthritis osteoporosis neuropathy retinopathy nephropathy cardiomyopathy pneumonia bronchitis sinusitis pharyngitis cellulitis sepsis bacteremia pyelonephritis nephrolithiasis cholelithiasis
electronically e-signed esigned cc re dob mrn ssn fax tel ph cell email url ip id dl acct mbi npi dea vin ste apt attn dept rm
american african asian caucasian hispanic latino latina native english spanish french german chinese italian japanese korean vietnamese russian arabic portuguese european indian mexican
america united states usa us
christian catholic jewish muslim hindu buddhist protestant baptist methodist
escherichia salmonella shigella klebsiella legionella bordetella brucella candida aspergillus listeria giardia chlamydia trichomonas treponema borrelia mycoplasma clostridium clostridioides difficile aureus pneumoniae influenzae
internet facebook google zoom skype instagram twitter tiktok youtube amazon
`

// eponyms lists names that stand in medicine for diseases, signs, scores, devices and
// organisms more often than for people.
const eponyms = `
crohn crohns barrett hodgkin hodgkins parkinson parkinsons foley wells ranson glasgow braden apgar romberg alzheimer alzheimers huntington addison cushing graves hashimoto sjogren raynaud behcet bell bells guillain barre
marfan ehlers danlos down turner klinefelter noonan williams wilson wilms ewing paget kaposi burkitt waldenstrom meniere dupuytren charcot tooth friedreich wernicke korsakoff broca tourette asperger
heimlich trendelenburg fowler swan ganz hickman broviac jackson pratt penrose kirschner steinmann holter doppler coombs papanicolaou pap gram wright giemsa ziehl neelsen sabouraud
whipple roux billroth nissen hartmann kocher lichtenstein bankart colles smith jones monteggia galeazzi lisfranc bennett rolando segond
child pugh meld breslow clark gleason fuhrman bloom richardson ishak framingham charlson karnofsky ecog norton morse waterlow hoehn yahr rankin barthel katz lawton folstein mini-mental beck hamilton edinburgh
epstein barr lyme zika ebola hanta coxsackie norwalk marburg hansen pott
peyronie fanconi gilbert dubin rotor crigler najjar gaucher tay sachs niemann pick pompe fabry hurler hunter
henoch schonlein kawasaki takayasu wegener churg strauss buerger goodpasture berger alport bartter gitelman liddle conn sheehan
still felty reiter ludwig vincent quincke stevens johnson lyell ritter hailey darier bowen queyrat mohs tzanck wood
virchow koch mantoux schick schiller schirmer snellen ishihara amsler weber rinne dix hallpike epley
ringer ringers lactated hartmanns dakin dakins burow castellani lugol
valsalva kegel credé leopold bishop ballard dubowitz tanner denver bayley
brugada wolff parkinson-white lown ganong mobitz wenckebach stokes adams austin flint graham steell korotkoff osborn levine
broselow parkland lund browder wallace
mallampati cormack lehane macintosh miller bier yankauer ambu
kussmaul cheyne biot homan hoffmann hoffman chvostek trousseau cullen grey levine osler janeway roth
kaplan meier bonferroni cox fisher student
`

// nouns follow the name of an eponym: "Wells score", "Foley catheter".
const nouns = "|disease|diseases|syndrome|sign|signs|test|tests|score|scores|scale|scales|criteria|criterion|catheter|drain|tube|line|lymphoma|sarcoma|tumor|esophagus|thyroiditis|palsy|chorea|ataxia|contracture|fracture|procedure|" +
	"operation|repair|position|maneuver|manoeuvre|reflex|phenomenon|aphasia|index|stage|staging|class|classification|grade|monitor|stain|smear|agar|solution|lactate|block|arthropathy|anemia|nodes|node|murmur|sounds|respirations|breathing|" +
	"encephalopathy|nevus|ulcer|gangrene|angina|purpura|vasculitis|granulomatosis|exercises|splint|brace|boot|bandage|dressing|forceps|clamp|retractor|laryngoscope|blade|virus|formula|rule|law|triad|tetrad|pentad|line|lines|spots|bodies|body|cells|cell|"
