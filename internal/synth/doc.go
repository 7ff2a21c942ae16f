// Package synth makes a consortium of hospitals and the records of people who never
// existed, for demonstrations and for the tests of everything else.
//
// For each hospital it writes four files about the same people:
//
//	HOSPITAL/encounters.csv   the encounter extract: one row per encounter
//	HOSPITAL/unit_months.csv  one row per unit and month: device days, infections, falls
//	HOSPITAL/fhir.ndjson      FHIR R4 resources, one per line, references resolved in the file
//	HOSPITAL/notes.jsonl      clinical notes, with the spans that identify somebody
//
// and one file, truth.json ([Truth]), that says what is behind them: who is who
// across hospitals, which records are sensitive, which stays are readmissions, how
// much better or worse than average each hospital is ([Effect]), and the canaries.
//
// How the files join: encounter_key of a row is the id of the FHIR Encounter and
// "encounter" of the note; patient_token is an identifier of the FHIR Patient; the
// id of the FHIR Patient is "patient" of the note.
//
// A canary is a string that occurs in one person's records and nowhere else: the
// surname, the street, the e-mail address, numbers. Whoever finds one where it must not
// be has found a leak ([Sweep]). Words among the canaries are pronounceable but
// belong to no language; the numbers are of kinds that are never issued.
//
// The output is a function of the configuration alone, byte for byte, on any
// machine. A person is a function of the seed and their number, so nothing is kept
// while writing: memory does not grow with the number of people.
//
// What it is not: clinically subtle. Diagnoses, costs and times follow plausible
// marginal distributions of our own choosing, not fitted ones, and the effect of a
// hospital acts on log-odds in the plainest way, so that a method can be tested for
// finding it. Codes are real (ICD-10-CM, ICD-10-PCS and MS-DRG of fiscal years 2024
// to 2026, LOINC, RxNorm, CVX); the payment group is assigned from a table, not by
// the grouper.
//
// This material contains content from LOINC (http://loinc.org). LOINC is copyright
// Regenstrief Institute, Inc. and the LOINC Committee, and is available at no cost under
// the license at http://loinc.org/license.
package synth
