package zip3

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// DEI-3: the restricted prefixes of each vintage, as published or computed.
func TestRestrictedPrefixes(t *testing.T) {
	tests := []struct {
		vintage    Vintage
		restricted []string // known prefixes that must not stay
		stay       []string
	}{
		{Census2000, []string{"036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884", "890", "893"},
			[]string{"021", "369", "981"}},
		{Census2010, []string{"036", "059", "102", "202", "203", "204", "205", "369", "556", "692", "753", "772", "821", "823", "878", "879", "884", "893"},
			[]string{"063", "790", "830", "831", "890", "021"}},
		{Census2020, []string{"036", "059", "102", "202", "203", "204", "205", "369", "556", "692", "753", "772", "821", "823", "878", "879", "884", "893"},
			[]string{"063", "790", "830", "831", "890", "021", "576"}},
		{Union, []string{"063", "790", "830", "831", "890", "369", "772", "036"}, []string{"021", "576"}},
	}
	for _, tt := range tests {
		table, err := New(tt.vintage)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range tt.restricted {
			if got := table.Generalize([]byte(p + "01")); got != Restricted {
				t.Errorf("%s: Generalize(%s01) = %q, want 000", tt.vintage, p, got)
			}
		}
		for _, p := range tt.stay {
			if got := table.Generalize([]byte(p + "99-1234")); got != p {
				t.Errorf("%s: Generalize(%s99-1234) = %q, want %s", tt.vintage, p, got, p)
			}
		}
		for _, p := range []string{"000", "005", "008", "091", "340", "962", "969"} {
			if got := table.Generalize([]byte(p + "01")); got != Restricted {
				t.Errorf("%s: unknown prefix %s gave %q, want 000: fail closed", tt.vintage, p, got)
			}
		}
	}
}

func TestGeneralizeForms(t *testing.T) {
	table, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	if table.Vintage() != Census2020 {
		t.Errorf("default vintage = %s, want 2020", table.Vintage())
	}
	for in, want := range map[string]string{
		"": "", "  ": "", "48449": "484", " 38863-6279 ": "388", "388636279": "388", "38863 6279": "388",
		"5901": "000", "K1A 0B1": "000", "1": "000", "48449-": "000", "48449-62791": "000", "4844-96279": "000", "484": "000", "٤٨٤٤٩": "000",
	} {
		if got := table.Generalize([]byte(in)); got != want {
			t.Errorf("Generalize(%q) = %q, want %q", in, got, want)
		}
	}
	if _, err := New("1990"); err == nil {
		t.Error("New(1990) gave no error")
	}
}

// All 1,000 prefixes against the published populations, when they are at hand.
func TestAgainstCensus(t *testing.T) {
	for _, v := range []Vintage{Census2010, Census2020} {
		path := filepath.Join("..", "..", "..", "shared", "data", "census", "zip3_pop_"+string(v)+".csv")
		f, err := os.Open(path)
		if err != nil {
			t.Skipf("census populations are not here: %v", err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		over := map[int]bool{}
		for _, r := range rows {
			p, _ := strconv.Atoi(r[0])
			n, err := strconv.Atoi(r[1])
			if err != nil {
				t.Fatal(err)
			}
			over[p] = n > Threshold
		}
		table, err := New(v)
		if err != nil {
			t.Fatal(err)
		}
		for p := range 1000 {
			if got := table.Allowed(p); got != over[p] {
				t.Errorf("%s: Allowed(%03d) = %v, want %v", v, p, got, over[p])
			}
		}
	}
}
