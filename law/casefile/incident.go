package casefile

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"chaperone.example/law/breach"
	"chaperone.example/law/civil"
)

// An Incident is a case of the breach engine.
type Incident struct {
	Case   string
	Title  string
	Facts  breach.Incident
	Packs  []breach.Pack
	Expect *Verdict // what the file says the answer should be; nil if it does not
}

// A Verdict is what a scenario says about its assessment.
type Verdict struct {
	Verdict     breach.Verdict  `json:"verdict"`
	Discovered  []expectedDay   `json:"discovered"`
	Notices     []expectedNote  `json:"notices"`      // all there are, in any order
	NotRequired []string        `json:"not_required"` // whom nobody has to tell
	Contract    []expectedClock `json:"contract"`
	Hold        []breach.Held   `json:"hold"`
	Alternative []expectedNote  `json:"alternatives"` // that have to be there
	Keep        []string        `json:"keep"`         // words of citations to be kept
	Flags       []string        `json:"flags"`        // words of flags
}

type expectedDay struct {
	Party   string     `json:"party"`
	On      civil.Date `json:"on"`
	Imputed bool       `json:"imputed"`
	Actual  civil.Date `json:"actual"`
}

type expectedNote struct {
	By       string     `json:"by"`
	To       string     `json:"to"`
	Due      civil.Date `json:"due"`
	Internal civil.Date `json:"internal"`
	Basis    string     `json:"basis"`
	Late     int        `json:"late"`
	Overdue  int        `json:"overdue"`
}

type expectedClock struct {
	By   string     `json:"by"`
	To   string     `json:"to"`
	Due  civil.Date `json:"due"`
	Late int        `json:"late"`
}

type incident struct {
	Case  string   `json:"case"`
	Title string   `json:"title"`
	Note  string   `json:"note"`
	Packs []string `json:"packs"` // names of packs that ship, such as TX
	breach.Incident
	StatePacks []breach.Pack `json:"state_packs"`
	Expect     *Verdict      `json:"expect"`
}

// ReadIncident reads an incident case. name is the file's name, for errors; the
// error joins every *[Error] found.
func ReadIncident(name string, data []byte) (*Incident, error) {
	d := &decoder{file: name}
	body := d.parse(data)
	if body == nil {
		return nil, errors.Join(d.errors...)
	}
	var in incident
	d.decode(body, reflect.ValueOf(&in).Elem(), "an incident case")
	out := &Incident{Case: in.Case, Title: in.Title, Facts: in.Incident, Packs: in.StatePacks, Expect: in.Expect}
	for _, s := range in.Packs {
		if s == "TX" {
			out.Packs = append(out.Packs, breach.Texas())
		} else {
			d.fail(body, "use TX, or write the pack out under state_packs", "no pack %q ships", short(s))
		}
	}
	for _, p := range out.Packs {
		for _, text := range p.Check() {
			d.fail(body, "correct the pack", "%s", text)
		}
	}
	ids := map[string]bool{}
	for _, p := range in.Parties {
		if p.ID == "" || ids[p.ID] {
			d.fail(body, "give each its own id", "two parties have the same id, or one has none")
		}
		ids[p.ID] = true
		for _, c := range p.Counts {
			sum := 0
			for _, n := range c.Residents {
				sum += n
				if n < 0 {
					d.fail(body, "write 0 or more", "party %s: a count is below zero", p.ID)
				}
			}
			if c.Total < 0 || c.Part2 < 0 || sum > c.Total {
				d.fail(body, "correct the total, or the numbers by State", "party %s: more residents are counted than people", p.ID)
			}
		}
	}
	if len(in.Parties) == 0 {
		d.fail(body, "list them under parties", "the incident names no party")
	}
	for _, e := range in.Edges {
		if !ids[e.From] || !ids[e.To] {
			d.fail(body, "list both under parties", "an edge names a party that is not in this case")
		}
	}
	for _, h := range in.Holds {
		if h.Party != "" && !ids[h.Party] {
			d.fail(body, "list it under parties", "a hold names a party that is not in this case")
		}
		if h.From == 0 || h.Written && h.Until == 0 || h.Until != 0 && h.Until < h.From {
			d.fail(body, "give from, and for a written statement until", "a hold has no beginning or end, or ends before it begins")
		}
	}
	if len(d.errors) > 0 {
		return nil, errors.Join(d.errors...)
	}
	return out, nil
}

// Misses says in what the assessment is not as expected, a line each.
func (e *Verdict) Misses(a breach.Assessment) []string {
	var out []string
	miss := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if e.Verdict != a.Verdict {
		miss("verdict is %s, expected %s", a.Verdict, e.Verdict)
	}
	for _, want := range e.Discovered {
		i := slices.IndexFunc(a.Discovered, func(d breach.Discovery) bool { return d.Party == want.Party })
		if i < 0 || a.Discovered[i] != (breach.Discovery{Party: want.Party, On: want.On, Imputed: want.Imputed, Actual: want.Actual}) {
			miss("discovery of %s: got %+v, expected %+v", want.Party, a.Discovered, want)
		}
	}
	find := func(list []breach.Notice, want expectedNote) {
		i := slices.IndexFunc(list, func(n breach.Notice) bool { return n.By == want.By && n.To == want.To })
		switch {
		case i < 0:
			miss("%s does not tell %s", want.By, want.To)
		case list[i].Due != want.Due || want.Internal != 0 && list[i].Internal != want.Internal || list[i].Late != want.Late || list[i].Overdue != want.Overdue || !strings.Contains(list[i].Basis, want.Basis):
			miss("%s tells %s: got %+v, expected %+v", want.By, want.To, list[i], want)
		}
	}
	for _, want := range e.Notices {
		find(a.Notices, want)
	}
	for _, n := range a.Notices {
		if !slices.ContainsFunc(e.Notices, func(w expectedNote) bool { return w.By == n.By && w.To == n.To }) {
			miss("%s tells %s by %s, which is not expected", n.By, n.To, n.Due)
		}
	}
	for _, want := range e.Alternative {
		find(a.Alternatives, want)
	}
	for _, to := range e.NotRequired {
		if !slices.ContainsFunc(a.NotRequired, func(n breach.NotNeeded) bool { return n.To == to }) {
			miss("it is not said that %s need not be told", to)
		}
	}
	for _, want := range e.Contract {
		if !slices.ContainsFunc(a.Contract, func(c breach.Contract) bool {
			return c.By == want.By && c.To == want.To && c.Due == want.Due && c.Late == want.Late
		}) {
			miss("contract clock: got %+v, expected %+v", a.Contract, want)
		}
	}
	for _, want := range e.Hold {
		if !slices.ContainsFunc(a.Holds, func(h breach.Held) bool { return h.From == want.From && h.Through == want.Through }) {
			miss("hold: got %+v, expected %+v", a.Holds, want)
		}
	}
	for _, want := range e.Keep {
		if !slices.ContainsFunc(a.Keep, func(r breach.Reason) bool { return strings.Contains(r.Citation, want) }) {
			miss("%s is not among what is kept", want)
		}
	}
	for _, want := range e.Flags {
		if !slices.ContainsFunc(a.Flags, func(s string) bool { return strings.Contains(s, want) }) {
			miss("flag %q is missing", want)
		}
	}
	return out
}
