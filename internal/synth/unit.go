package synth

import (
	"fmt"
	"io"
	"strconv"

	"chaperone.example/internal/synth/chance"
	"chaperone.example/internal/synth/cohort"
)

// unitColumns is the header of unit_months.csv.
var unitColumns = []string{"hospital_id", "unit_id", "unit_type", "month", "patient_days", "central_line_days", "catheter_days", "clabsi", "cauti", "cdi",
	"falls", "injury_falls", "predicted_clabsi", "predicted_cauti", "nursing_hours"}

// writeUnits writes one row per unit and month. Predicted counts are those of an
// average hospital; the observed ones follow the hospital's effect. The counts are
// of the whole unit, not only of the patients in the extract.
func writeUnits(w *cohort.World, h *cohort.Hospital, out io.Writer) (rows int, err error) {
	buf := appendHeader(nil, unitColumns)
	for u, ward := range h.Units {
		for month := range w.Config.Months {
			d := chance.New(w.Config.Seed, chance.ForUnit, uint64((h.Index*len(h.Units)+u)*cohort.MaxMonths+month))
			first := cohort.Day(w.Start).AddDate(0, month, 0)
			days := cohort.DaysBetween(first, first.AddDate(0, 1, 0)) * ward.Beds * d.Between(68, 95) / 100
			count := func(rate float64) int { return int(rate * float64(days) * float64(d.Between(85, 115)) / 100) }
			line, catheter := count(ward.Line), count(ward.Catheter)
			infection := chance.Exp(h.Effect.Infection)
			predictedCLABSI, predictedCAUTI := float64(line)*ward.CLABSI, float64(catheter)*ward.CAUTI
			falls := d.Poisson(float64(days) * ward.Falls * chance.Exp(h.Effect.Falls))
			injured := 0
			for range falls {
				if d.Yes(.24) {
					injured++
				}
			}
			buf = append(buf, h.Slug+","+h.Slug+"-"+ward.ID+","+ward.Kind+","+first.Format("2006-01")...)
			for _, n := range []int{days, line, catheter, d.Poisson(predictedCLABSI * infection), d.Poisson(predictedCAUTI * infection),
				d.Poisson(float64(days) * ward.CDI * infection), falls, injured} {
				buf = strconv.AppendInt(append(buf, ','), int64(n), 10)
			}
			buf = fmt.Appendf(buf, ",%.4f,%.4f,%d\n", predictedCLABSI, predictedCAUTI, int(float64(days)*ward.NursingHours))
			rows++
		}
	}
	_, err = out.Write(buf)
	return rows, err
}
