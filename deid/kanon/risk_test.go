package kanon

import (
	"math"
	"testing"
)

// Issue 5 bar 6: the risk figures that ARX publishes for Adult as it is.
func TestAdultRisk(t *testing.T) {
	const usa = 318_540_000
	for _, tt := range []struct {
		columns                         []string
		atRisk, average, unique, pitman float64
		zayatz                          float64
	}{
		{[]string{"sex", "age", "race"}, .0389, .0175, .0021, 3.01e-7, 4.34e-6},
		{adultColumns[:8], .8894, .6004, .4649, .02966, .2162},
		{adultColumns, .9167, .6466, .5143, .03890, .2646},
	} {
		r := adult(t, tt.columns, "").Risk(.09)
		pitman, err := r.Pitman(usa)
		t.Logf("%d columns: at risk %.4f, highest %g, average %.4f, sample unique %.4f, Pitman %.4g %v, Zayatz %.4g", len(tt.columns), r.AtRisk, r.Highest, r.Average, r.SampleUnique, pitman, err, r.Zayatz(usa))
		if math.Abs(r.AtRisk-tt.atRisk) > 6e-5 || r.Highest != 1 || math.Abs(r.Average-tt.average) > 6e-5 || math.Abs(r.SampleUnique-tt.unique) > 6e-5 {
			t.Errorf("%d columns: want at risk %.4f, average %.4f, unique %.4f", len(tt.columns), tt.atRisk, tt.average, tt.unique)
		}
		if math.Abs(r.Zayatz(usa)/tt.zayatz-1) > .01 {
			t.Errorf("%d columns: Zayatz %.4g, want %.4g", len(tt.columns), r.Zayatz(usa), tt.zayatz)
		}
		if err != nil || math.Abs(pitman/tt.pitman-1) > .01 {
			t.Errorf("%d columns: Pitman %.4g, %v, want %.4g", len(tt.columns), pitman, err, tt.pitman)
		}
	}
}
