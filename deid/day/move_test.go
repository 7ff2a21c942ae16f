package day

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMove(t *testing.T) {
	for in, want := range map[string]string{
		"2024-02-28": "2024-03-09", "20240228": "20240309", "20240228123456": "20240309123456", "2024-02-28T12:34:56Z": "2024-03-09T12:34:56Z", "02/28/2024": "2024-03-09",
		"28-Feb-2024 12:30": "2024-03-09 12:30", "2024-02": "2024-02", "2024-12": "2024-12", "2024": "2024", "2023-12-25T23:59:59.5-05:00": "2024-01-04T23:59:59.5-05:00",
	} {
		got, ok := Move(nil, []byte(in), 2026, 10)
		if !ok || string(got) != want {
			t.Errorf("Move(%s, 10) = %s, %v, want %s", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "soon", "2024-13-01", "2024-02-28x", "12:30:00"} {
		if got, ok := Move(nil, []byte(in), 2026, 10); ok || len(got) > 0 {
			t.Errorf("Move(%q) = %q", in, got)
		}
	}
}

// Every interval stays.
func TestMoveKeepsIntervals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := func(name string) time.Time {
			return time.Date(1990, 1, 1+rapid.IntRange(0, 15000).Draw(t, name), 0, 0, 0, 0, time.UTC)
		}
		a, b, n := day("a"), day("b"), rapid.IntRange(-400, 400).Draw(t, "days")
		move := func(d time.Time) time.Time {
			out, ok := Move(nil, []byte(d.Format(time.DateOnly)), 2040, n)
			if !ok {
				t.Fatal(d)
			}
			moved, err := time.Parse(time.DateOnly, string(out))
			if err != nil {
				t.Fatal(err)
			}
			return moved
		}
		if move(a).Sub(move(b)) != a.Sub(b) || move(a).Sub(a) != time.Duration(n)*24*time.Hour {
			t.Fatalf("%v and %v moved by %d to %v and %v", a, b, n, move(a), move(b))
		}
	})
}
