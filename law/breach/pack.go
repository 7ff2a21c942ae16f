package breach

import (
	"fmt"
	"slices"
	"strconv"

	"chaperone.example/law/civil"
)

// A Pack holds the breach law of one State, as data with its source.
type Pack struct {
	State     string     `json:"state"`
	Source    string     `json:"source"`
	Read      civil.Date `json:"read"`
	Confirmed bool       `json:"confirmed"` // by counsel; until then every date is marked
	Rules     []Rule     `json:"rules"`
}

// A Rule is one notification that a State asks for.
type Rule struct {
	To            string     `json:"to"`                      // "TX attorney general"
	AtLeast       int        `json:"at_least"`                // residents
	Days          int        `json:"days"`                    // calendar days
	Determination bool       `json:"determination,omitempty"` // from the determination that it is a breach; else from discovery
	Data          []string   `json:"data,omitempty"`          // all of these kinds of data have to be concerned
	Citation      string     `json:"citation"`
	Text          string     `json:"text"`
	From          civil.Date `json:"from,omitzero"`
	Through       civil.Date `json:"until,omitzero"`
}

// Check names what is wrong with the pack; an empty answer means it may be used.
func (p Pack) Check() []string {
	var out []string
	if len(p.State) != 2 {
		out = append(out, "a pack names its State in two letters")
	}
	if p.Source == "" || p.Read == 0 {
		out = append(out, "pack "+p.State+": say where the law was read (source) and when (read)")
	}
	for _, r := range p.Rules {
		if r.To == "" || r.Days <= 0 || r.Citation == "" || r.AtLeast < 1 {
			out = append(out, "pack "+p.State+": a rule names whom to tell, from how many residents, within how many days, and its citation")
		}
	}
	return out
}

// Texas is the example pack: Business and Commerce Code 521.053 as amended from 1
// September 2023. Confirm with counsel.
func Texas() Pack {
	return Pack{State: "TX", Source: "Tex. Bus. & Com. Code 521.053(b), (i) (SB 768)", Read: civil.Of(2026, 11, 1), Rules: []Rule{
		{To: "TX attorney general", AtLeast: 250, Days: 30, Determination: true, Data: []string{"computerized"}, Citation: "Tex. Bus. & Com. Code 521.053(i)",
			Text: "electronic form, 250 residents or more, as soon as practicable and at most 30 days after the determination", From: civil.Of(2023, 9, 1)},
		{To: "TX residents", AtLeast: 1, Days: 60, Determination: true, Data: []string{"computerized"}, Citation: "Tex. Bus. & Com. Code 521.053(b)",
			Text: "without unreasonable delay and at most 60 days after the determination; the notice to individuals may serve"},
	}}
}

// overlay adds what State packs ask for, and flags States without one.
func (a *assessment) overlay(p *Party, c Count, d *Discovery) {
	for _, state := range c.states() {
		if c.Residents[state] == 0 {
			continue
		}
		i := slices.IndexFunc(a.packs, func(k Pack) bool { return k.State == state })
		if i < 0 {
			a.flag("%s: no pack is loaded for this State, whose law may ask for more or sooner: ask counsel", state)
			continue
		}
		pack := &a.packs[i]
		if !pack.Confirmed {
			a.flag("%s: the pack is not confirmed by counsel (%s, read %s)", state, pack.Source, pack.Read)
		}
		for _, r := range pack.Rules {
			a.stateRule(p, c.Residents[state], d, r)
		}
	}
}

func (a *assessment) stateRule(p *Party, residents int, d *Discovery, r Rule) {
	lacks := slices.ContainsFunc(r.Data, func(k string) bool { return len(a.in.Data) > 0 && !slices.Contains(a.in.Data, k) })
	if !d.On.Within(r.From, r.Through) || lacks {
		return
	}
	if residents < r.AtLeast {
		a.not(p.ID, r.To, r.Citation, "fewer than "+strconv.Itoa(r.AtLeast)+" residents")
		return
	}
	from, text := d.On, r.Text
	if r.Determination {
		if a.in.Determined != 0 {
			from = a.in.Determined
		} else {
			text += "; counted from discovery, because no day of determination is recorded"
		}
	}
	a.out.Notices = append(a.out.Notices, Notice{By: p.ID, To: r.To, Due: from + civil.Date(r.Days), Basis: r.Citation, Text: text})
}

func (a *assessment) flag(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(a.out.Flags, s) {
		a.out.Flags = append(a.out.Flags, s)
	}
}
