package cohort

// titles names the codes used here, in short words of our own.
var titles = map[string]string{
	"A4101": "Sepsis due to methicillin susceptible Staphylococcus aureus", "A4151": "Sepsis due to Escherichia coli", "A419": "Sepsis, unspecified organism",
	"B20": "HIV disease", "B59": "Pneumocystosis", "Z21": "Asymptomatic HIV infection status", "C187": "Malignant neoplasm of sigmoid colon",
	"C3490": "Malignant neoplasm of bronchus or lung", "C8338": "Diffuse large B-cell lymphoma", "D5700": "Hb-SS disease with crisis",
	"D62": "Acute posthemorrhagic anemia", "D649": "Anemia", "E039": "Hypothyroidism", "E1110": "Type 2 diabetes with ketoacidosis",
	"E119": "Type 2 diabetes without complications", "E43": "Severe protein-calorie malnutrition", "E440": "Moderate protein-calorie malnutrition",
	"E669": "Obesity", "E785": "Hyperlipidemia", "E8342": "Hypomagnesemia", "E860": "Dehydration", "E870": "Hypernatremia", "E871": "Hyponatremia",
	"E876": "Hypokalemia", "F1020": "Alcohol dependence", "F10231": "Alcohol dependence with withdrawal delirium", "F10239": "Alcohol dependence with withdrawal",
	"F1120": "Opioid dependence", "F1121": "Opioid dependence, in remission", "F1123": "Opioid dependence with withdrawal", "F209": "Schizophrenia",
	"F3112": "Bipolar disorder, current episode manic", "F32A": "Depression", "F332": "Recurrent major depression, severe", "F411": "Generalized anxiety disorder",
	"F4310": "Post-traumatic stress disorder", "F649": "Gender identity disorder", "G10": "Huntington's disease", "G309": "Alzheimer's disease",
	"G4733": "Obstructive sleep apnea", "G9341": "Metabolic encephalopathy", "I10": "Essential hypertension", "I110": "Hypertensive heart disease with heart failure",
	"I2109": "ST elevation infarction of anterior wall", "I2111": "ST elevation infarction involving right coronary artery",
	"I2119": "ST elevation infarction of inferior wall", "I214": "Non-ST elevation myocardial infarction", "I2510": "Coronary artery disease",
	"I25110": "Coronary artery disease with unstable angina", "I2699": "Pulmonary embolism", "I480": "Paroxysmal atrial fibrillation",
	"I4820": "Chronic atrial fibrillation", "I4891": "Atrial fibrillation", "I5023": "Acute on chronic systolic heart failure",
	"I5033": "Acute on chronic diastolic heart failure", "I611": "Intracerebral hemorrhage in hemisphere, cortical", "I619": "Intracerebral hemorrhage",
	"I63411": "Embolic stroke, right middle cerebral artery", "I63511": "Stroke from occlusion of right middle cerebral artery",
	"I63512": "Stroke from occlusion of left middle cerebral artery", "I639": "Cerebral infarction", "I959": "Hypotension", "J069": "Upper respiratory infection",
	"J1282": "Pneumonia due to COVID-19", "J13": "Pneumococcal pneumonia", "J159": "Bacterial pneumonia", "J189": "Pneumonia", "J210": "RSV bronchiolitis",
	"J218": "Bronchiolitis", "J309": "Allergic rhinitis", "J441": "COPD with acute exacerbation", "J449": "COPD", "J4541": "Moderate persistent asthma with exacerbation",
	"J45901": "Asthma with exacerbation", "J690": "Aspiration pneumonitis", "J9601": "Acute respiratory failure with hypoxia",
	"J9611": "Chronic respiratory failure with hypoxia", "K219": "Gastro-esophageal reflux", "K3580": "Acute appendicitis", "K56609": "Intestinal obstruction",
	"K5900": "Constipation", "K8000": "Gallstones with acute cholecystitis", "K921": "Melena", "K922": "Gastrointestinal hemorrhage",
	"L03115": "Cellulitis of right leg", "L03116": "Cellulitis of left leg", "L89153": "Pressure ulcer of sacral region, stage 3",
	"L89154": "Pressure ulcer of sacral region, stage 4", "M1611": "Osteoarthritis of right hip", "M1612": "Osteoarthritis of left hip",
	"M1711": "Osteoarthritis of right knee", "M1712": "Osteoarthritis of left knee", "M5450": "Low back pain", "N170": "Acute kidney failure with tubular necrosis",
	"N179": "Acute kidney failure", "N1831": "Chronic kidney disease, stage 3a", "N186": "End stage renal disease", "N200": "Kidney stone",
	"N390": "Urinary tract infection", "O1414": "Severe pre-eclampsia complicating childbirth", "O1502": "Eclampsia in pregnancy, third trimester",
	"O321XX0": "Maternal care for breech presentation", "O34211": "Maternal care for scar from previous cesarean", "O4403": "Complete placenta previa, third trimester",
	"O620": "Primary inadequate contractions", "I130": "Hypertensive heart and kidney disease with heart failure", "O721": "Immediate postpartum hemorrhage", "O723": "Postpartum coagulation defects", "O76": "Abnormal fetal heart rate complicating labor",
	"O80": "Full-term uncomplicated delivery", "O82": "Cesarean delivery without indication", "O8612": "Endometritis following delivery",
	"P0739": "Preterm newborn, 36 weeks", "P221": "Transient tachypnea of newborn", "P599": "Neonatal jaundice", "R079": "Chest pain", "R109": "Abdominal pain",
	"R42": "Dizziness", "R55": "Syncope", "R6521": "Severe sepsis with septic shock", "S0990XA": "Head injury", "S72141A": "Displaced fracture of right femur",
	"S72142A": "Displaced fracture of left femur", "S93401A": "Sprain of right ankle", "T401X1A": "Poisoning by heroin, accidental",
	"T402X1A": "Poisoning by other opioids, accidental", "T40411A": "Poisoning by fentanyl, accidental", "T80211A": "Bloodstream infection due to central line",
	"T83511A": "Infection due to indwelling urethral catheter", "U071": "COVID-19", "W1830XA": "Fall on same level", "Z0000": "General adult examination",
	"Z00129": "Routine child examination", "Z1501": "Genetic susceptibility to breast cancer", "Z23": "Immunization", "Z332": "Elective termination of pregnancy", "Z3400": "Supervision of normal first pregnancy",
	"Z3480": "Supervision of normal pregnancy", "Z370": "Single live birth", "Z372": "Twins, both liveborn", "O30043": "Twin pregnancy, dichorionic, third trimester",
	"Z3800": "Single liveborn, delivered vaginally", "Z3801": "Single liveborn, delivered by cesarean", "Z5111": "Encounter for chemotherapy",
	"Z7183": "Nonprocreative genetic counseling", "Z7901": "Long-term use of anticoagulants", "Z794": "Long-term use of insulin", "Z87891": "Former smoker",

	"021109W": "Bypass of two coronary arteries", "027034Z": "Drug-eluting stent in one coronary artery", "0DJ08ZZ": "Endoscopy of upper intestinal tract",
	"0DTJ4ZZ": "Laparoscopic appendectomy", "0DTN4ZZ": "Laparoscopic resection of sigmoid colon", "0FT44ZZ": "Laparoscopic cholecystectomy",
	"0QS636Z": "Nailing of right upper femur", "0QS736Z": "Nailing of left upper femur", "0SR90J9": "Replacement of right hip", "0SRB0J9": "Replacement of left hip",
	"0SRC0J9": "Replacement of right knee", "0SRD0J9": "Replacement of left knee", "0UT90ZZ": "Hysterectomy", "10D00Z1": "Cesarean delivery, low cervical",
	"10E0XZZ": "Vaginal delivery", "30233N1": "Transfusion of red blood cells", "3E03305": "Chemotherapy through a peripheral vein", "4A023N7": "Left heart catheterization",
	"5A1221Z": "Cardiopulmonary bypass", "5A1935Z": "Ventilation under 24 hours", "5A1945Z": "Ventilation 24 to 96 hours", "5A1955Z": "Ventilation over 96 hours",
	"B2111ZZ": "Coronary angiography", "HZ2ZZZZ": "Detoxification", "HZ81ZZZ": "Methadone maintenance",
}

// Title names a code; weeks of gestation are counted, not listed.
func Title(code string) string {
	if t, ok := titles[code]; ok {
		return t
	}
	if len(code) == 5 && code[:3] == "Z3A" {
		return code[3:] + " weeks of gestation"
	}
	return code
}

// Dotted writes an ICD-10-CM code as people and FHIR do.
func Dotted(code string) string {
	if len(code) <= 3 {
		return code
	}
	return code[:3] + "." + code[3:]
}
