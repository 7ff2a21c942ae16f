package place

import "testing"

func TestState(t *testing.T) {
	for in, want := range map[string]bool{"VT": true, "vt": true, "New York": true, "Puerto Rico": true, "Boston": false, "": false, "|": false, "VT|VA": false, "XX": false} {
		if got := State([]byte(in)); got != want {
			t.Errorf("State(%q) = %v, want %v", in, got, want)
		}
	}
}

func TestCountry(t *testing.T) {
	for in, want := range map[string]bool{"US": true, "USA": true, "United States": true, "Bo": false, "Boston": false, "": false} {
		if got := Country([]byte(in)); got != want {
			t.Errorf("Country(%q) = %v, want %v", in, got, want)
		}
	}
}
