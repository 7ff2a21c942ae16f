// Package breach says whether an incident is a breach of unsecured protected
// health information, and who has to be told by when (45 CFR 164.400-414; 42 CFR
// 2.16). It is pure: the same facts give the same answer years later.
//
// The questions come in the order of the law: is it health information, used or
// disclosed as it may not be; was it unsecured; does an exclusion apply; is a low
// probability of compromise shown on all four factors. A breach is presumed, and
// only documents end the presumption: an answer of "no" needs its evidence and two
// people who approved it. The factors form a lattice and never a score: one that
// is not low, or not known, keeps the presumption.
//
// Days are calendar days. The day of discovery is day 0; the outer date is day 60
// and never a target; nothing rolls over a weekend. Discovery is the first day the
// incident was known, or by reasonable diligence would have been known, to anybody
// of the workforce or an agent other than the wrongdoer. An associate's knowledge
// is its principal's where it is an agent; where nobody has said, it counts as one.
//
// Not legal advice. State law is data in packs, to be confirmed with counsel.
package breach

import (
	"slices"

	"chaperone.example/law/civil"
	"chaperone.example/law/fact"
)

// An Incident is what is known of one.
type Incident struct {
	AsOf         civil.Date  `json:"as_of,omitzero"`         // the day it is judged on; none: lateness is not told
	PHI          fact.Answer `json:"phi,omitzero"`           // protected health information is concerned; unknown: yes
	Permitted    fact.Answer `json:"permitted,omitzero"`     // the use or disclosure was permitted; unknown: no
	Disclosure   fact.Answer `json:"disclosure,omitzero"`    // it went outside the entity; unknown: yes
	Data         []string    `json:"data,omitempty"`         // kinds of data for State packs: computerized, ssn …
	Determined   civil.Date  `json:"determined,omitzero"`    // day it was determined to be a breach, for State clocks
	Protection   Protection  `json:"protection,omitzero"`    //
	Exclusion    Exclusion   `json:"exclusion,omitzero"`     //
	Factors      Factors     `json:"factors,omitzero"`       //
	Evidence     []string    `json:"evidence,omitempty"`     // hashes of the documents a "no" rests on
	Approvers    []string    `json:"approvers,omitempty"`    // who approved a "no"; two different people are needed
	Parties      []Party     `json:"parties"`                //
	Edges        []Edge      `json:"edges,omitempty"`        // who works for whom
	Holds        []Hold      `json:"holds,omitempty"`        // requests of law enforcement to wait
	Tolling      string      `json:"tolling,omitempty"`      // counsel's recorded decision to count the days of a hold out; empty: the conservative reading
	NotDiligence string      `json:"not_diligent,omitempty"` // approved decision that diligence would not have shown it earlier; empty: the earlier day counts
	Sent         []Sent      `json:"sent,omitempty"`         // what has been sent
}

// Protection says whether the information was unsecured when it was lost,
// 164.402 and the Secretary's guidance.
type Protection struct {
	Encrypted fact.Answer `json:"encrypted,omitzero"` // by a method of the guidance (NIST 800-111 at rest; 800-52, 77, 113 or FIPS 140 in motion)
	KeySafe   fact.Answer `json:"key_safe,omitzero"`  // the key or pass phrase was kept apart and was not lost too
	Locked    fact.Answer `json:"locked,omitzero"`    // it was locked at the time: powered off or not logged in
	Destroyed fact.Answer `json:"destroyed,omitzero"` // the media had been destroyed as 800-88 says
}

// secured reports whether the guidance makes the information secured; what is not
// known does not.
func (p Protection) secured() bool {
	return p.Destroyed == fact.Yes || p.Encrypted == fact.Yes && p.KeySafe == fact.Yes && p.Locked == fact.Yes
}

// An ExclusionKind is one of the three exclusions of 164.402 "breach" (1).
type ExclusionKind string

// The exclusions.
const (
	WorkforceAccess ExclusionKind = "workforce"    // (i) unintentional acquisition, access or use by the workforce
	Inadvertent     ExclusionKind = "inadvertent"  // (ii) disclosure between authorized people of the same entity or arrangement
	NotRetained     ExclusionKind = "not-retained" // (iii) the recipient could not reasonably have retained it
)

// ExclusionKinds lists the exclusions.
func ExclusionKinds() []ExclusionKind {
	return []ExclusionKind{WorkforceAccess, Inadvertent, NotRetained}
}

// An Exclusion is claimed with the facts it needs.
type Exclusion struct {
	Kind        ExclusionKind `json:"kind,omitempty"`
	GoodFaith   fact.Answer   `json:"good_faith,omitzero"`   // (i)
	InScope     fact.Answer   `json:"in_scope,omitzero"`     // (i) within the scope of authority
	SameEntity  fact.Answer   `json:"same_entity,omitzero"`  // (ii) both authorized, same entity, associate or arrangement
	NoFurther   fact.Answer   `json:"no_further,omitzero"`   // (i), (ii) not used or disclosed further as it may not be
	CouldRetain fact.Answer   `json:"could_retain,omitzero"` // (iii) the recipient could have retained it
}

// holds reports whether the exclusion's facts are all there.
func (e Exclusion) holds() bool {
	switch e.Kind {
	case WorkforceAccess:
		return e.GoodFaith == fact.Yes && e.InScope == fact.Yes && e.NoFurther == fact.Yes
	case Inadvertent:
		return e.SameEntity == fact.Yes && e.NoFurther == fact.Yes
	case NotRetained:
		return e.CouldRetain == fact.No
	}
	return false
}

// A Level is how much one factor speaks for a compromise. Anything but low keeps
// the presumption.
type Level string

// The levels; the empty level is unknown.
const (
	Low      Level = "low"
	Moderate Level = "moderate"
	High     Level = "high"
)

// Levels lists the levels.
func Levels() []Level { return []Level{Low, Moderate, High, "unknown"} }

// Factors are the four of 164.402 "breach" (2).
type Factors struct {
	Nature     Level `json:"nature,omitempty"`     // (i) nature and extent, likelihood of re-identification
	Recipient  Level `json:"recipient,omitempty"`  // (ii) who used it or received it
	Acquired   Level `json:"acquired,omitempty"`   // (iii) whether it was actually acquired or viewed
	Mitigation Level `json:"mitigation,omitempty"` // (iv) how far the risk has been mitigated
}

// low reports whether all four are low.
func (f Factors) low() bool {
	return f.Nature == Low && f.Recipient == Low && f.Acquired == Low && f.Mitigation == Low
}

// A Party is an organization in the incident.
type Party struct {
	ID          string      `json:"id"`
	Covered     bool        `json:"covered"`                 // covered entity, which tells individuals, HHS and media
	Part2       bool        `json:"part2_program,omitempty"` // Part 2 program
	Knew        []Knowledge `json:"knew,omitempty"`          //
	Counts      []Count     `json:"counts,omitempty"`        // of this covered entity's people, each recount
	Unreachable int         `json:"unreachable,omitempty"`   // with insufficient or out-of-date contact information
	Urgent      bool        `json:"urgent,omitempty"`        // imminent misuse: telephone as well, 164.404(d)(3)
}

// Knowledge is a day on which somebody of the party knew, or could have known.
type Knowledge struct {
	On         civil.Date `json:"on"`
	Knowable   bool       `json:"knowable,omitempty"`   // nobody knew, but reasonable diligence would have shown it
	Wrongdoer  bool       `json:"wrongdoer,omitempty"`  // only the person committing the breach knew: it does not count
	Supervisor bool       `json:"supervisor,omitempty"` // for the record; anybody of the workforce counts
}

// A Count is how many of a covered entity's people are affected, as counted on a
// day. A recount changes who is told, never when the clock began.
type Count struct {
	On        civil.Date     `json:"on,omitzero"`
	Total     int            `json:"total"`
	Residents map[string]int `json:"residents,omitempty"` // by State or jurisdiction
	Part2     int            `json:"part2,omitempty"`     // whose substance-use records are concerned
}

// An Edge is a business associate, or subcontractor, and whom it works for.
type Edge struct {
	From         string      `json:"from"`                    // the associate
	To           string      `json:"to"`                      // whom it works for
	Agent        fact.Answer `json:"agent,omitzero"`          // under federal common law; unknown: yes
	Told         civil.Date  `json:"told,omitzero"`           // day it told whom it works for; none: not yet
	BusinessDays int         `json:"business_days,omitempty"` // contract: report within so many business days
	Hours        int         `json:"hours,omitempty"`         // contract: report within so many hours
}

// A Hold is a request of a law enforcement official to wait, 164.412.
type Hold struct {
	Party   string     `json:"party,omitempty"`   // whom it was made to; empty: every covered entity
	From    civil.Date `json:"from"`              // day of the statement
	Written bool       `json:"written"`           // a written statement names its end; an oral one holds for 30 days at most
	Until   civil.Date `json:"until,omitzero"`    // last day of a written hold
	Officer string     `json:"officer,omitempty"` // reference to the record of the official's identity
}

// through is the last day of the hold.
func (h Hold) through() civil.Date {
	if h.Written && h.Until != 0 {
		return h.Until
	}
	oral := h.From + 30
	if h.Until != 0 && h.Until < oral {
		return h.Until
	}
	return oral
}

// Sent is a notice that went out.
type Sent struct {
	By string     `json:"by"`
	To string     `json:"to"` // as in Notice.To
	On civil.Date `json:"on"`
}

// count is the newest count as of a day; the zero day means the newest of all.
func (p *Party) count(day civil.Date) Count {
	var out Count
	for _, c := range p.Counts {
		if (day == 0 || c.On <= day) && c.On >= out.On {
			out = c
		}
	}
	return out
}

// states lists the jurisdictions of a count, in order.
func (c Count) states() []string {
	var out []string
	for s := range c.Residents {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}
