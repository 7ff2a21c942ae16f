package intake

import (
	"strconv"

	"chaperone.example/phi"
)

// A table is a format of rows and columns.
type table struct {
	columns []column
	element func(name string) (phi.Element, bool)
	key     []string // columns whose values together occur once
	month   []string // columns that date the row
	// patients says that a row is about a patient, who is labelled by its codes.
	patients bool
	// consistent checks the values of a row against each other.
	consistent func(row *row, report func(column, text, remedy string) error) error
}

// Numbered is how many diagnoses and procedures a row of the extract may have.
const Numbered = 25

// encounterTable is the encounter extract: one row an encounter, after the discharge
// abstract of UB-04 and 837I (form locators FL), with ICD-10 codes of the fiscal year
// and HCUP payer groups. The directly identifying columns at its end are not part of
// a benchmark; a hospital that keeps them in its extract may register them, and they
// are classified as what they are.
func encounterTable() table {
	count := func(hi int) kind {
		return whole(0, hi, "write a whole number from 0 to "+strconv.Itoa(hi))
	}
	money := decimal(10, 2, "write dollars and cents with a point and without signs, such as 12840.50")
	c := []column{
		{name: "encounter_key", kind: key, needed: true, filled: true},
		{name: "patient_token", kind: key},
		{name: "hospital_id", kind: code, needed: true, filled: true},
		{name: "class", kind: oneOf("write I, E, O or B: inpatient, emergency, outpatient, observation", "I", "E", "O", "B"), needed: true, filled: true},
		{name: "admit_dt", kind: timestamp, needed: true, filled: true},
		{name: "discharge_dt", kind: timestamp, needed: true},
		{name: "ed_arrival_dt", kind: timestamp}, {name: "ed_decision_dt", kind: timestamp}, {name: "ed_depart_dt", kind: timestamp},
		{name: "age_years", kind: whole(0, 90, "write whole years from 0 to 90; 90 stands for 90 and over")},
		{name: "age_days", kind: whole(0, 366, "write the days of a child under one year, 0 to 366")},
		{name: "sex", kind: oneOf("write M, F or U (FL11)", "M", "F", "U")},
		{name: "race_eth", kind: code},
		{name: "payer", kind: whole(1, 6, "write the payer group 1 to 6 (HCUP PAY1)")},
		{name: "admit_type", kind: oneOf("write 1 to 5, or 9 (FL14)", "1", "2", "3", "4", "5", "9")},
		{name: "point_of_origin", kind: oneOf("write 1 to 9 or A to F (FL15)", "1", "2", "3", "4", "5", "6", "7", "8", "9", "A", "B", "C", "D", "E", "F")},
		{name: "disposition", kind: matches(2, 2, isDigit, "the value is not a discharge status", "write both digits of the patient discharge status, such as 01 (FL17)")},
		{name: "ms_drg", kind: whole(1, 999, "write the MS-DRG, 1 to 999")},
		{name: "drg_version", kind: whole(1, 99, "write the version of the grouper, such as 43")},
		{name: "mdc", kind: whole(0, 25, "write the major diagnostic category, 0 to 25")},
		{name: "los_days", kind: count(36525)},
		{name: "total_charges", kind: money}, {name: "total_cost", kind: money},
		{name: "cost_method", kind: oneOf("write actual, or ccr for a cost-to-charge ratio", "actual", "ccr")},
		{name: "parity", kind: count(30)}, {name: "gest_age_wk", kind: count(45)}, {name: "gravida", kind: count(30)},
		{name: "icu_days", kind: decimal(5, 2, "write days as a number that is not negative")},
		{name: "vent_hours", kind: decimal(6, 2, "write hours as a number that is not negative")},
		{name: "unit_at_event", kind: code},
		{name: "zip", kind: zip}, {name: "birth_date", kind: day}, {name: "state", kind: matches(2, 2, isUpper, "the value is not a State", "write the two capitals of the postal service")},
		{name: "name", kind: text(200)}, {name: "mrn", kind: text(64)}, {name: "ssn", kind: text(16)}, {name: "telephone", kind: text(40)},
		{name: "email", kind: text(254)}, {name: "street", kind: text(200)}, {name: "city", kind: text(100)},
	}
	poa := oneOf("write Y, N, U, W, or 1 for exempt (FL67)", "Y", "N", "U", "W", "1")
	for i := 1; i <= Numbered; i++ {
		n := strconv.Itoa(i)
		c = append(c, column{name: "dx" + n, kind: diagnosis}, column{name: "poa" + n, kind: poa},
			column{name: "pr" + n, kind: procedure}, column{name: "pr_date" + n, kind: day})
	}
	return table{patients: true, columns: c, element: phi.EncounterColumn, key: []string{"encounter_key"}, month: []string{"admit_dt", "discharge_dt"}, consistent: consistentEncounter}
}

// consistentEncounter checks what two columns say together.
func consistentEncounter(r *row, report func(column, text, remedy string) error) error {
	admit, ok1 := parseMoment(r.value("admit_dt"))
	discharge, ok2 := parseMoment(r.value("discharge_dt"))
	if ok1 && ok2 {
		if discharge.unix < admit.unix {
			if err := report("discharge_dt", "the discharge is before the admission", "correct the one that is wrong, or their offsets"); err != nil {
				return err
			}
		} else if days, ok := number(r.value("los_days")); ok && int64(days) != discharge.day-admit.day {
			if err := report("los_days", "the length of stay is not the days from admission to discharge", "count the days between the two dates, or leave the column empty"); err != nil {
				return err
			}
		}
	}
	arrival, ok1 := parseMoment(r.value("ed_arrival_dt"))
	depart, ok2 := parseMoment(r.value("ed_depart_dt"))
	if ok1 && ok2 && depart.unix < arrival.unix {
		if err := report("ed_depart_dt", "the departure from the emergency department is before the arrival", "correct the one that is wrong"); err != nil {
			return err
		}
	}
	if years, ok := number(r.value("age_years")); ok && years > 0 && len(r.value("age_days")) > 0 {
		if err := report("age_days", "an age in days is given for a person of a year or more", "leave the column empty from the first birthday on"); err != nil {
			return err
		}
	}
	for _, pair := range r.pairs {
		if len(r.values[pair[0]]) > 0 && len(r.values[pair[1]]) == 0 {
			if err := report(r.names[pair[0]], "the value belongs to a code that is empty in this row", "fill the code, or empty this one"); err != nil {
				return err
			}
		}
	}
	return nil
}

// unitMonthTable is the table of counts by unit and month that infection, fall and
// staffing measures need. It speaks of no patient.
func unitMonthTable() table {
	count := whole(0, 999_999_999, "write a whole number that is not negative")
	rate := decimal(9, 6, "write a number that is not negative")
	return table{
		columns: []column{
			{name: "hospital_id", kind: code, needed: true, filled: true},
			{name: "unit_id", kind: code, needed: true, filled: true},
			{name: "unit_type", kind: code},
			{name: "month", kind: month, needed: true, filled: true},
			{name: "patient_days", kind: count, needed: true, filled: true},
			{name: "central_line_days", kind: count}, {name: "catheter_days", kind: count},
			{name: "clabsi", kind: count}, {name: "cauti", kind: count}, {name: "cdi", kind: count},
			{name: "falls", kind: count}, {name: "injury_falls", kind: count},
			{name: "predicted_clabsi", kind: rate}, {name: "predicted_cauti", kind: rate}, {name: "nursing_hours", kind: rate},
		},
		element: func(name string) (phi.Element, bool) {
			switch name {
			case "hospital_id":
				return phi.Lookup("encounter.hospital")
			case "unit_id", "unit_type", "month":
				return phi.Lookup("unit.month")
			}
			return phi.Lookup("unit.count")
		},
		key: []string{"hospital_id", "unit_id", "month"}, month: []string{"month"},
		consistent: func(r *row, report func(column, text, remedy string) error) error {
			falls, ok1 := number(r.value("falls"))
			injured, ok2 := number(r.value("injury_falls"))
			if ok1 && ok2 && injured > falls {
				return report("injury_falls", "there are more falls with injury than falls", "correct the one that is wrong")
			}
			return nil
		},
	}
}
