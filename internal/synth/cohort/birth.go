package cohort

import (
	"fmt"
	"time"

	"chaperone.example/internal/synth/chance"
)

// delivery makes the stay in which a Mother gives birth. Whether by cesarean
// depends on parity, on what speaks for it, and on the hospital.
func (w *World) delivery(p *Person, at int, when time.Time, d *chance.Draw) Stay {
	parity := d.Weighted([]int{42, 32, 16, 7, 3})
	gravida := parity + 1 + d.Weighted([]int{75, 18, 7})
	weeks := 34 + d.Weighted([]int{1, 2, 4, 9, 18, 38, 22, 6})
	twins, breech, previa := d.Yes(.03), d.Yes(.04), d.Yes(.006)
	scar := parity > 0 && d.Yes(.25)

	odds, indication := -2.2, []string{"O76", "O620", "O82"}
	if parity == 0 {
		odds, indication = -1.1, []string{"O76", "O620"}
	}
	for _, c := range []struct {
		is   bool
		odds float64
		code string
	}{{twins, 1.8, "O30043"}, {scar, 4, "O34211"}, {breech, 4.5, "O321XX0"}, {previa, 6, "O4403"}} {
		if c.is {
			odds, indication = odds+c.odds, []string{c.code}
		}
	}
	r := vaginal
	if d.Yes(chance.Expit(odds + w.Hospitals[at].Effect.Cesarean)) {
		r = cesarean
		r.codes = indication
	} else if twins || scar || breech || previa {
		r.codes = indication
	}
	r.with = []Comorbidity{{Code: fmt.Sprintf("Z3A%d", weeks), level: 2}, {Code: "Z370", level: 2}}
	if twins {
		r.with[1].Code = "Z372"
	}
	extra := ""
	switch n := d.Below(1000); { // O80 is for the uncomplicated only: guideline I.C.15.n
	case n < 55:
		r.with = append(r.with, Comorbidity{Code: "O1414", level: 1})
	case n < 100:
		r.with = append(r.with, Comorbidity{Code: "O721", level: 1})
	case n < 104:
		r.with = append(r.with, Comorbidity{Code: "O1502", level: 0})
	case n < 109:
		r.with, extra = append(r.with, Comorbidity{Code: "O723", level: 0}), "30233N1"
	case n < 115:
		r.with, extra = append(r.with, Comorbidity{Code: "O721", level: 1}), "30233N1"
	case n < 117:
		r.with, extra = append(r.with, Comorbidity{Code: "O723", level: 0}), "0UT90ZZ"
	}
	if last := len(r.with) - 1; last > 1 && r.codes[0] == "O80" {
		r.codes = []string{r.with[last].Code}
	}
	s := w.admission(p, &r, at, when, d)
	if extra != "" {
		s.Procedures = append(s.Procedures, Procedure{extra, Day(s.Admit)})
	}
	s.Obstetric, s.Parity, s.Gravida, s.Weeks = true, parity, gravida, weeks
	return s
}

// birth makes a newborn's first stay.
func (w *World) birth(p *Person, at int, d *chance.Draw) Stay {
	s := w.admission(p, &newborn, at, p.Birth, d)
	switch n := d.Below(100); {
	case n < 8:
		s.Diagnoses, s.Group = append(s.Diagnoses, Diagnosis{"P0739", "Y"}), 792
	case n < 12:
		s.Diagnoses, s.Group = append(s.Diagnoses, Diagnosis{"P221", "Y"}), 794
	case n < 24:
		s.Diagnoses = append(s.Diagnoses, Diagnosis{"P599", "N"})
	}
	return s
}
