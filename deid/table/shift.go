package table

import (
	"chaperone.example/deid/day"
	"chaperone.example/deid/input"
	"chaperone.example/deid/method"
	"chaperone.example/deid/tally"
)

// findPatient finds the column that says whose a row is, if dates are to move with their
// patient: the patient's token, else the medical record number.
func (t *transformer) findPatient() error {
	if t.job.Method.Dates != method.Shifted {
		return nil
	}
	for _, id := range []string{"patient.token", "patient.mrn"} {
		if i, ok := t.first[id]; ok {
			t.whose = i
			return nil
		}
	}
	return &input.Error{Line: 1, Problem: "dates are to move with their patient, and no column says whose a row is", Remedy: "give a table with the patient token or medical record number; the column need not be released"}
}

// shifted writes a date moved as all dates of its patient move. Without a patient it does
// not stay: it may be somebody's all the same.
func (t *transformer) shifted(counts *tally.Counts, b []byte) {
	if len(t.patient) == 0 {
		counts[tally.Dropped]++
		return
	}
	mark := len(t.out)
	out, ok := day.Move(t.out, b, t.job.Method.AsOf.Year, t.days)
	if t.out = out; !ok {
		t.out = t.out[:mark]
		counts[tally.Malformed]++
		return
	}
	counts[tally.Shifted]++
}
