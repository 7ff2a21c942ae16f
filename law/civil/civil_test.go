package civil_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"chaperone.example/law/civil"
)

func TestDates(t *testing.T) {
	d := civil.Of(2026, 3, 2)
	if d+60 != civil.Of(2026, 5, 1) || (civil.Of(2027, 12, 31)+60).String() != "2028-02-29" || (civil.Of(2026, 12, 31)+60).String() != "2027-03-01" {
		t.Error("sixty days after are counted wrongly")
	}
	if d.Weekday() != time.Monday || d.Year() != 2026 {
		t.Errorf("%s is a %s of %d", d, d.Weekday(), d.Year())
	}
	zone := time.FixedZone("", -6*3600)
	if civil.On(time.Date(2026, 3, 2, 23, 0, 0, 0, zone)) != d || civil.On(time.Time{}) != 0 {
		t.Error("a moment's date is that of its own zone, and the zero time has none")
	}
	for _, bad := range []string{"2026-02-30", "2026-2-3", "tomorrow", "0000-01-01", "2026-01-01T00:00:00Z"} {
		if _, err := civil.Parse(bad); err == nil {
			t.Errorf("Parse(%q) found a date", bad)
		}
	}
	if !d.Within(0, 0) || !d.Within(d, d) || d.Within(d+1, 0) || d.Within(0, d-1) {
		t.Error("Within counts its ends, and a zero end is open")
	}
}

func TestDatesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := civil.Date(rapid.IntRange(0, 3_000_000).Draw(t, "day"))
		b, err := d.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back civil.Date
		if err := back.UnmarshalText(b); err != nil || back != d {
			t.Errorf("%d became %q, then %d (%v)", d, b, back, err)
		}
	})
}
