package inspect

import (
	"fmt"
	"strings"
	"testing"
)

// A family called White and a ZIP code among amounts are no alarm; a surname beside
// the diagnosis and a column of ZIP codes are (DLP-1).
func TestDoubts(t *testing.T) {
	known := func() *Known {
		k := NewKnown()
		k.Add('A', "White")
		k.Add('A', "Quillfeather")
		k.Add('B', "48213")
		return k
	}
	table := func(header string, rows int, row func(i int) string) string {
		var b strings.Builder
		b.WriteString(header + "\n")
		for i := range rows {
			b.WriteString(row(i) + "\n")
		}
		return b.String()
	}
	for _, tt := range []struct {
		name           string
		csv            string
		certain, maybe int64
	}{
		{"a race that is a name as well", table("race,n", 40, func(i int) string { return "White,1" }), 0, 0},
		{"the same word in few rows", table("note,n", 10, func(i int) string { return "White,1" }), 0, 10},
		{"the word within a text", table("note,n", 40, func(i int) string { return fmt.Sprintf("seen by White %d,1", i) }), 0, 40},
		{"a rare name, however often", table("note,n", 40, func(i int) string { return "Quillfeather,1" }), 40, 0},
		{"one amount in forty is a ZIP code", table("cost,n", 40, func(i int) string { return fmt.Sprintf("%d,1", 48213+i) }), 0, 0},
		{"a column of ZIP codes", table("cost,n", 40, func(i int) string { return "48213,1" }), 0, 40},
		{"a ZIP code where words stand", table("note,n", 40, func(i int) string { return []string{"48213,1", "home,1", "home,1", "home,1"}[min(i, 3)] }), 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Look{Known: known()}.Table(t.Context(), strings.NewReader(tt.csv))
			if err != nil {
				t.Fatal(err)
			}
			if r.Certain != tt.certain || r.Possible != tt.maybe {
				t.Errorf("%d certain and %d possible, want %d and %d", r.Certain, r.Possible, tt.certain, tt.maybe)
			}
			if len(r.Findings) == 0 != (tt.certain+tt.maybe == 0) {
				t.Errorf("%d findings listed", len(r.Findings))
			}
		})
	}
	t.Run("JSON", func(t *testing.T) {
		r, err := Look{Known: known()}.JSON(t.Context(), strings.NewReader(strings.Repeat(`{"race":"White"}`+"\n", 11)+`{"note":"White"}`))
		if err != nil || r.Possible != 1 || r.Findings[0].Line != 12 {
			t.Errorf("%+v (%v), want one in line 12", r, err)
		}
	})
	t.Run("too many to tell apart are reported", func(t *testing.T) {
		r, err := Look{Known: known()}.Table(t.Context(), strings.NewReader(table("note,n", most+100, func(i int) string { return fmt.Sprintf("White %d,1", i) })))
		if err != nil || r.Possible != most+100 {
			t.Errorf("%d possible (%v), want %d", r.Possible, err, most+100)
		}
	})
}
