package ledger_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	. "chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
)

type (
	lit1 struct {
		Watts int `json:"watts"`
	}
	lit2 struct {
		Lumen int `json:"lumen"`
	}
	lit struct {
		Lumen  int    `json:"lumen"`
		Colour string `json:"colour"`
	}
)

var (
	lampTypes = Types{"lamp.lit": lit1{}, "lamp.lit.2": lit2{}, "lamp.lit.3": lit{}}
	lampOlder = []Upcast{
		Upcasting(func(e lit1) lit2 { return lit2{e.Watts * 12} }),
		Upcasting(func(e lit2) lit { return lit{e.Lumen, "warm"} }),
	}
	lamps = Kind[[]Event]{
		Name:  "lamp",
		Apply: func(s []Event, _ Record, e Event) []Event { return append(s[:len(s):len(s)], e) },
		Sees:  func([]Event) []string { return []string{"north"} },
	}
)

type light struct{ E Event }

func (light) Action() string                            { return "lamp.light" }
func (light) Begins()                                   {}
func (c light) Decide([]Event, Moment) ([]Event, error) { return []Event{c.E}, nil }

// Every version of an event that was ever recorded is read as the newest, and only the
// newest is recorded: for each line of testdata/upcast.golden, a ledger of its time.
func TestOldVersionsAreReadAsTheNewest(t *testing.T) {
	text, err := os.ReadFile("testdata/upcast.golden")
	if err != nil {
		t.Fatal(err)
	}
	s := ledgertest.Stores()[0]
	seen := 0
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		seen++
		// The program of that time knew the types up to its own.
		c, _ := ledgertest.Counting(t, s.Open(t, s.Fresh(t)))
		c.Views, c.Types, c.Older = nil, []Types{lampTypes}, nil
		d := ledgertest.Desk(t, c)
		body := reflect.New(reflect.TypeOf(lampTypes[f[0]]))
		if err := json.Unmarshal([]byte(f[1]), body.Interface()); err != nil {
			t.Fatal(err)
		}
		old := body.Elem().Interface()
		must[Receipt](t)(Do(t.Context(), d, ledgertest.Alice, lamps, "1", light{old}))
		for r, err := range d.Log.All(t.Context(), 0) {
			if err != nil || string(r.Body) != f[1] || r.Type != f[0] {
				t.Errorf("%s is recorded as %s %s (%v)", f[0], r.Type, r.Body, err)
			}
		}
		d.Log.Close()

		c.Older = lampOlder // today's
		d = ledgertest.Desk(t, c)
		state := must[[]Event](t)(See(t.Context(), NewReading(d.Log, "north"), lamps, "1"))
		if got := fmt.Sprintf("→ %+v", state[0]); got != f[2] {
			t.Errorf("%s %s: %s, want %s", f[0], f[1], got, f[2])
		}
		_, err := Do(t.Context(), d, ledgertest.Alice, lamps, "2", light{old})
		if _, newest := old.(lit); (err == nil) != newest {
			t.Errorf("recording %T today: %v", old, err)
		}
	}
	if seen != len(lampTypes) {
		t.Errorf("%d versions have a golden event, %d are declared", seen, len(lampTypes))
	}
}

func TestUpcastsAreChecked(t *testing.T) {
	s := ledgertest.Stores()[0]
	back := Upcasting(func(lit) lit1 { return lit1{} })
	for name, older := range map[string][]Upcast{
		"undeclared": {Upcasting(func(built) lit { return lit{} })},
		"circle":     append([]Upcast{back}, lampOlder...),
		"twice":      append([]Upcast{lampOlder[0]}, lampOlder...),
	} {
		c, _ := ledgertest.Counting(t, s.Open(t, s.Fresh(t)))
		c.Views, c.Types, c.Older = nil, []Types{lampTypes}, older
		if log, err := Open(t.Context(), c); err == nil {
			log.Close()
			t.Errorf("%s: accepted", name)
		}
	}
}
