package synth

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"chaperone.example/internal/synth/chance"
	"chaperone.example/internal/synth/cohort"
)

// A note is a clinical narrative and what in it identifies somebody.
type note struct {
	id, kind string
	loinc    string // of the kind of document
	text     strings.Builder
	points   int // code points written
	spans    []span
}

// A span marks text[start:end), counted in code points.
type span struct {
	start, end  int
	label, text string
}

func (n *note) say(s string) {
	n.text.WriteString(s)
	n.points += utf8.RuneCountInString(s)
}

func (n *note) mark(label, s string) {
	start := n.points
	n.say(s)
	n.spans = append(n.spans, span{start, n.points, label, s})
}

// tell writes a template. {LABEL} stands for the next value and marks it; {} for the
// next value, unmarked.
func (n *note) tell(template string, values ...string) {
	for {
		before, rest, found := strings.Cut(template, "{")
		n.say(before)
		if !found {
			return
		}
		label, after, _ := strings.Cut(rest, "}")
		if label == "" {
			n.say(values[0])
		} else {
			n.mark(label, values[0])
		}
		values, template = values[1:], after
	}
}

func (n *note) json(patient, encounter string) object {
	spans := make(list, len(n.spans))
	for i, s := range n.spans {
		spans[i] = object{"start", s.start, "end", s.end, "label", s.label, "text", s.text}
	}
	return object{"id", n.id, "patient", patient, "encounter", encounter, "type", n.kind, "text", n.text.String(), "spans", spans}
}

// part2Notice is the short statement that must go with a disclosure of Part 2
// records: 42 CFR 2.32(a)(2).
const part2Notice = "42 CFR part 2 prohibits unauthorized use or disclosure of these records.\n"

// wantsNote reports whether somebody wrote a note about the stay.
func wantsNote(s *cohort.Stay, d *chance.Draw) bool {
	u := d.Unit()
	switch {
	case s.Class == 'I', s.Class == 'B', s.Program, s.Therapy:
		return true
	case s.Class == 'E':
		return u < .6
	}
	return u < .3
}

// write writes the note of a stay.
func write(h *cohort.Hospital, p *cohort.Person, s *cohort.Stay, m cohort.Membership, d *chance.Draw) *note {
	n := &note{id: "note-" + s.Key, kind: "progress note", loinc: "11506-3"}
	doctor := h.Staff[s.Staff]
	date := dateStyle(d)
	switch {
	case s.Program:
		n.kind = "opioid treatment program note"
		n.say("OPIOID TREATMENT PROGRAM\n" + part2Notice)
	case s.Therapy:
		n.kind = "psychotherapy note"
		n.say("PSYCHOTHERAPY SESSION, kept separate from the medical record\n")
	case s.Class == 'I':
		n.kind, n.loinc = "discharge summary", "18842-5"
		n.say("DISCHARGE SUMMARY\n")
	case s.Class == 'E', s.Class == 'B':
		n.kind, n.loinc = "emergency department note", "34111-5"
		n.say("EMERGENCY DEPARTMENT\n")
	default:
		n.say("CLINIC NOTE\n")
	}
	n.tell("{HOSPITAL}\nPatient: {NAME}   MRN {MRN}   DOB {DATE}\n", strings.TrimSuffix(h.Name, " (synthetic)"), written(p, d), m.MRN, p.Birth.Format(date))
	if s.Class == 'I' {
		n.tell("Admitted {DATE}, discharged {DATE}. Attending Dr. {NAME}.\n\n", s.Admit.Format(date), s.Discharge.Format(date), doctor.Given+" "+doctor.Family)
	} else {
		n.tell("Seen {DATE} by Dr. {NAME}.\n\n", s.Admit.Format(date), doctor.Family)
	}
	n.opening(p, s)
	for _, x := range s.Diagnoses[1:min(len(s.Diagnoses), 5)] {
		if x.Code[0] != 'Z' {
			n.say("Also: " + strings.ToLower(cohort.Title(x.Code)) + " (" + cohort.Dotted(x.Code) + ").\n")
		}
	}
	n.course(p, s, d)
	n.social(p, s, d)
	switch {
	case s.Disposition == "20":
		n.tell("Pronounced dead on {DATE}; {} {NAME} was told by telephone, {PHONE}.\n", s.Discharge.Format(date), p.Contact.Relation,
			p.Contact.Given+" "+p.Contact.Family, p.Contact.Phone)
	case s.Class == 'I' && s.Disposition == "01":
		next := chance.Pick(d, h.Staff)
		n.tell("Home. Follow-up with {NAME}, MD on {DATE}.\n", next.Given+" "+next.Family, s.Discharge.AddDate(0, 0, d.Between(5, 20)).Format(date))
	}
	n.tell("Electronically signed, {NAME}, {DATE}\n", doctor.Given+" "+doctor.Family, s.Discharge.Format(date))
	return n
}

func (n *note) opening(p *cohort.Person, s *cohort.Stay) {
	sex := "woman"
	age := p.AgeAt(s.Admit)
	switch {
	case age < 18 && p.Male:
		sex = "boy"
	case age < 18:
		sex = "girl"
	case p.Male:
		sex = "man"
	}
	switch {
	case age > 89:
		n.tell("{AGE90}-year-old {}", strconv.Itoa(age), sex)
	case age < 1:
		n.say(strconv.Itoa(cohort.DaysBetween(p.Birth, s.Admit)) + "-day-old " + sex)
	default:
		n.say(strconv.Itoa(age) + "-year-old " + sex)
	}
	if s.Class == 'I' {
		n.say(" admitted with " + s.Why + ".\n")
	} else {
		n.say(" seen for " + s.Why + ".\n")
	}
}

func (n *note) course(p *cohort.Person, s *cohort.Stay, d *chance.Draw) {
	switch {
	case s.Program:
		n.tell("Methadone {} mg daily, observed. Urine screen {}. Counseled on triggers; employer {EMPLOYER} is not to be called.\n",
			strconv.Itoa(40+5*d.Below(17)), chance.Pick(d, []string{"negative", "positive for fentanyl", "negative"}), p.Employer)
	case s.Therapy:
		n.tell("Talked about the quarrel with {} {NAME} and sleep. No thoughts of self-harm.\n", p.Contact.Relation, p.Contact.Given)
	case s.Obstetric:
		n.say("G" + strconv.Itoa(s.Gravida) + "P" + strconv.Itoa(s.Parity) + ", " + strconv.Itoa(s.Weeks) + " weeks gestation. Apgar 8/9. Mother and baby well.\n")
	case s.Category == 15:
		n.say("Feeding well, passed the hearing screen. Hepatitis B vaccine given.\n")
	case s.Category == 19 || s.Category == 20:
		n.say("Observed on the unit, calm by day 2. CIWA and COWS scores falling. Declined group on weekends.\n")
	case s.Class == 'I':
		n.say(chance.Pick(d, []string{
			"Treated according to protocol with steady improvement. WBC 11.2, lactate 1.8.\n",
			"EF 45-50%. Diuresed 4 L; oxygen weaned from 4 L to room air by day 3.\n",
			"Course notable for delirium, resolved. Pain 7/10 at worst, 2/10 at discharge.\n",
			"Wound clean. Walks 50 m with a walker. Braden 18.\n"}))
		if s.VentHours > 0 {
			n.say("Ventilated for " + strconv.Itoa(s.VentHours) + " hours.\n")
		}
	default:
		n.say(chance.Pick(d, []string{"BP 128/76, HR 72, T 98.6, SpO2 97% RA.\n", "Exam unremarkable. Return if worse.\n", "Reviewed medication; no change.\n"}))
	}
}

// social writes what nobody needs to know and every chart holds.
func (n *note) social(p *cohort.Person, s *cohort.Stay, d *chance.Draw) {
	if d.Yes(.7) {
		n.tell("Lives at {STREET}, {CITY}, {} {ZIP}. Home tel {PHONE}.\n", p.Street, p.Town.City, p.Town.State, p.Town.ZIP, p.Phone)
	}
	if d.Yes(.5) {
		n.tell("Contact: {} {NAME}, {PHONE}.\n", p.Contact.Relation, p.Contact.Given+" "+p.Contact.Family, p.Contact.Phone)
	}
	if age := p.AgeAt(s.Admit); age >= 18 && age < 70 && !s.Program && d.Yes(.4) {
		n.tell("Works at {EMPLOYER}.\n", p.Employer)
	}
	switch d.Below(5) {
	case 0:
		n.tell("Results to {EMAIL} or {URL}.\n", p.Email, p.Portal)
	case 1:
		n.tell("SSN on file {SSN}.\n", p.SSN)
	case 2:
		if p.Payer(p.AgeAt(s.Admit)) == 1 {
			n.tell("Medicare {PLAN}.\n", p.Plan)
		}
	}
}

// written is the person's name in one of the ways people write it.
func written(p *cohort.Person, d *chance.Draw) string {
	switch d.Below(4) {
	case 0:
		return p.Family + ", " + p.Given
	case 1:
		return strings.ToUpper(p.Family + ", " + p.Given)
	case 2:
		return p.Given + " " + p.Middle + ". " + p.Family
	}
	return p.Given + " " + p.Family
}

func dateStyle(d *chance.Draw) string {
	return chance.Pick(d, []string{"01/02/2006", "1/2/06", time.DateOnly, "January 2, 2006", "02-Jan-2006"})
}
