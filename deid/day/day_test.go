package day

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]Date{
		"2024-01-31": {2024, 1, 31}, "2024": {2024, 0, 0}, "2024-02": {2024, 2, 0}, " 2024-01-31 ": {2024, 1, 31},
		"2023-05-13T18:58:00Z": {2023, 5, 13}, "2023-05-13 18:58": {2023, 5, 13}, "2018-09-26T11:58:37.651-07:00": {2018, 9, 26},
		"20240924": {2024, 9, 24}, "202409241530": {2024, 9, 24}, "20240924153059": {2024, 9, 24},
		"06/26/2025": {2025, 6, 26}, "6/5/2025": {2025, 6, 5}, "26/06/2025": {2025, 6, 26}, "07/06/25 00:20": {2025, 7, 6}, "08/25/32": {1932, 8, 25},
		"04-Oct-2023": {2023, 10, 4}, "4-OCT-23": {2023, 10, 4}, "04 oct 2023 8:15 PM": {}, "04 oct 2023 08:15 PM": {2023, 10, 4},
		"": {}, "hello": {}, "2024-13-01": {}, "2024-02-30": {}, "2024-1-1": {}, "0931-01-01": {}, "2024-01-31x": {}, "2024-01-31T": {}, "1/2": {}, "12/2024": {},
		"2024-00-10": {}, "123456789": {}, "2024-01-31T25:00:00Z": {}, "202400": {}, "2024T10:00:00Z": {}, "99/99/2024": {},
	} {
		got, ok := Parse([]byte(in), 2026)
		if ok != !want.IsZero() || ok && got != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", in, got, ok, want)
		}
	}
}

func TestParseFHIR(t *testing.T) {
	for in, ok := range map[string]bool{
		"2024": true, "2024-02": true, "2024-02-29": true, "2024-02-29T11:00:00Z": true, "2024-02-29T11:00:00.123+05:30": true,
		"2024-02-29T11:00Z": false, "2024-02-29T11:00:00": false, "20240229": false, "02/29/2024": false, "2024-02-29 11:00:00Z": false, "x": false,
	} {
		if _, got := ParseFHIR([]byte(in)); got != ok {
			t.Errorf("ParseFHIR(%q) = %v, want %v", in, got, ok)
		}
	}
}

// DEI-3: 89 may stay, 90 may not; a doubt is read as older.
func TestAge(t *testing.T) {
	for _, tt := range []struct {
		born, at Date
		want     int
	}{
		{Date{1934, 5, 20}, Date{2024, 5, 19}, 89},
		{Date{1934, 5, 20}, Date{2024, 5, 20}, 90},
		{Date{1934, 0, 0}, Date{2024, 1, 1}, 90},
		{Date{1934, 12, 31}, Date{2024, 0, 0}, 90},
		{Date{1934, 6, 0}, Date{2024, 6, 1}, 90},
		{Date{2024, 2, 29}, Date{2025, 2, 28}, 0},
	} {
		if got := Age(tt.born, tt.at); got != tt.want {
			t.Errorf("Age(%v, %v) = %d, want %d", tt.born, tt.at, got, tt.want)
		}
	}
}

// Whatever form a date is written in, it is read as the same day.
func TestFormsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Date{rapid.IntRange(1927, 2026).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 28).Draw(t, "day")}
		for _, s := range []string{
			fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day), fmt.Sprintf("%04d%02d%02d", d.Year, d.Month, d.Day),
			fmt.Sprintf("%d/%d/%d", d.Month, d.Day, d.Year), fmt.Sprintf("%02d/%02d/%02d 10:11", d.Month, d.Day, d.Year%100),
			fmt.Sprintf("%d-%s-%d", d.Day, months[3*d.Month-3:3*d.Month], d.Year),
		} {
			if got, ok := Parse([]byte(s), 2026); !ok || got != d {
				t.Errorf("Parse(%q) = %v, %v, want %v", s, got, ok, d)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2024-01-31", "06/26/2025", "04-Oct-2023", "20240924", "2018-09-26T11:58:37.651-07:00", "07/06/25 00:20"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, ok := Parse(b, 2026); ok && !d.valid() {
			t.Errorf("Parse accepted an impossible date %v", d)
		}
		ParseFHIR(b)
	})
}
