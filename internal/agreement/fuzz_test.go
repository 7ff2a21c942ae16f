package agreement

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/fault"
	"chaperone.example/law/instrument"
	"chaperone.example/law/purpose"
	"chaperone.example/ledger"
	"chaperone.example/ledger/scenario"
	"chaperone.example/phi"
)

// words is every text that a term may hold.
func words() map[string]bool {
	w := map[string]bool{"*": true, "": true}
	add := func(of ...string) {
		for _, s := range of {
			w[s] = true
		}
	}
	for _, k := range instrument.Kinds() {
		add(string(k))
	}
	for _, c := range instrument.Clauses() {
		add(c.ID)
	}
	for _, p := range purpose.All() {
		add(string(p.Kind))
	}
	for _, a := range purpose.Activities() {
		add(string(a))
	}
	for _, e := range phi.Elements() {
		add(e.ID)
	}
	for _, c := range Classes() {
		add(string(c))
	}
	for _, r := range Regions() {
		add(r.Code)
	}
	for _, f := range FurtherUses() {
		add(string(f))
	}
	for _, a := range AtEnds() {
		add(string(a))
	}
	add(Safeguards()...)
	add(Coordinations()...)
	add(instrument.Methods()...)
	return w
}

// Whatever is sent as terms, an offer is refused with a fault, or its event holds
// nothing but words of the closed lists, ids and dates; and what is recorded can be
// read, checked and compared.
func FuzzOffer(f *testing.F) {
	for _, name := range instrument.Templates() {
		in, _ := instrument.Template(name)
		b, err := json.Marshal(in)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"kind":"dua","clauses":["Mary Smith"],"terms":{"recipients":["o-1","*"],"coordination":"call Mary"}}`))
	f.Add([]byte(`{"kind":"ohca","clauses":[],"terms":{"purposes":["operations","operations"],"counsel_summary":"Mary"}}`))
	known := words()
	f.Fuzz(func(t *testing.T, data []byte) {
		var in instrument.Instrument
		if json.Unmarshal(data, &in) != nil {
			return
		}
		c := Offer{Upstream: hospital, Downstream: hub, Instrument: in, Between: slices.Clone(between)}
		m := ledger.Moment{Now: scenario.Now, ID: "a-1", Actor: ledger.Actor{ID: "u-1", Org: hospital}}
		events, err := c.Decide(Contract{}, m)
		if err != nil {
			if _, msg, ok := fault.Of(err); !ok || strings.Contains(msg, "Mary") {
				t.Fatalf("no fault for a person, or one that repeats what was sent: %v", err)
			}
			return
		}
		b, err := json.Marshal(events[0].(Offered).Instrument)
		if err != nil {
			t.Fatal(err)
		}
		var tree any
		if err := json.Unmarshal(b, &tree); err != nil {
			t.Fatal(err)
		}
		var walk func(any)
		walk = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				for k, x := range v {
					if k != "data_from" && k != "data_until" {
						walk(x)
					}
				}
			case []any:
				for _, x := range v {
					walk(x)
				}
			case string:
				if !known[v] && !isID(v) {
					t.Fatalf("the event holds %q", v)
				}
			}
		}
		walk(tree)
		state := apply(Contract{}, ledger.Record{Stream: "agreement/a-1", Time: scenario.Now, Actor: m.Actor}, events[0])
		name := func(id string) string { return id }
		if len(Check(state.Latest().Instrument, "Up", "Down", name)) == 0 || len(Changes(state.Latest(), state.Latest(), name)) != 0 {
			t.Fatal("what was offered cannot be read")
		}
	})
}
