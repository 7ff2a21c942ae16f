package shift

import (
	"bytes"
	"strconv"
	"testing"
)

var master = bytes.Repeat([]byte{7}, 32)

func TestDays(t *testing.T) {
	a, err := New(master, "a", 10)
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(master, "b", 10)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[int]int{}
	differ := false
	for i := range 20000 {
		id := []byte(strconv.Itoa(i))
		d := a.Days(id)
		if d != a.Days(id) {
			t.Fatal("a patient moves by two offsets")
		}
		differ = differ || d != b.Days(id)
		counts[d]++
	}
	if !differ {
		t.Error("two recipients have the same offsets")
	}
	if len(counts) != 20 || counts[0] > 0 || counts[11] > 0 || counts[-11] > 0 {
		t.Errorf("offsets %v, want -10 to 10 without 0", counts)
	}
	for d, n := range counts {
		if n < 850 || n > 1150 { // 1000 expected, 5 standard deviations are 154
			t.Errorf("offset %d: %d of 20,000 patients", d, n)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, call := range map[string]func() (*Calendar, error){
		"a short key":  func() (*Calendar, error) { return New(master[:31], "a", 10) },
		"no recipient": func() (*Calendar, error) { return New(master, "", 10) },
		"a short span": func() (*Calendar, error) { return New(master, "a", 1) },
		"a long span":  func() (*Calendar, error) { return New(master, "a", 10000) },
	} {
		if _, err := call(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
