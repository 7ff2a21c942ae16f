package method

import (
	"testing"

	"chaperone.example/deid/day"
)

// DEI-3: a date tells of an age over 89 when it is 90 years past.
func TestOld(t *testing.T) {
	asOf := day.Date{Year: 2026, Month: 7, Day: 1}
	safe, limited := SafeHarbor(nil, asOf), LimitedDataSet(asOf)
	for d, want := range map[day.Date]bool{
		{Year: 1936, Month: 7, Day: 1}: true, {Year: 1936, Month: 7, Day: 2}: false, {Year: 1936}: true, {Year: 1937}: false, {Year: 2030}: false,
	} {
		if got := safe.Old(d); got != want {
			t.Errorf("Safe Harbor: Old(%v) = %v, want %v", d, got, want)
		}
		if limited.Old(d) {
			t.Errorf("limited data set: Old(%v), but all ages stay", d)
		}
	}
}
