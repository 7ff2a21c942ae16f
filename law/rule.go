package law

import (
	"slices"

	"chaperone.example/law/civil"
)

// An Effect is what a rule does.
type Effect string

// The effects.
const (
	Grants    Effect = "basis"      // B: a ground that permits
	Validates Effect = "validity"   // A: what a document or fact must satisfy for a basis to rest on it
	Filters   Effect = "filter"     // F: takes elements, days or precision away
	Bars      Effect = "bar"        // D: refuses, whatever the basis
	Obliges   Effect = "obligation" // O: attaches a duty
)

// A Rule is one rule of the book, as a value. A basis holds, a bar refuses, a
// filter takes away and an obligation attaches when all conditions of When hold
// and none of Unless does. A validity rule governs conditions that others read.
type Rule struct {
	ID       string
	Version  int
	Title    string
	Citation string
	Effect   Effect
	Text     string     // what the rule says, in plain words
	From, To civil.Date // first and last day it is in force; zero is open
	When     []Condition
	Unless   []Condition

	Cap       Form   // basis: the most identifying form it permits; filter: the most identifying form it leaves
	Exempt    bool   // basis: the minimum necessary standard does not apply, 164.502(b)(2)
	Accounted bool   // basis: disclosures are in the accounting, 164.528(a)(1)
	Duties    []Duty // obligation: what has to be done
	Otherwise string // what it means that the rule did not apply, where that is worth saying
	More      string // filter: what would have to change to get more
	Exception string // information-blocking exception a refusal by this rule rests on: its section

	keeps keeper // filter: which elements it leaves
}

// A keeper names which elements a filter leaves; the reading of the facts fills
// them in.
type keeper uint8

const (
	keepsAll keeper = iota
	keepsProfile
	keepsAgreement
	keepsUnprotected // not under Part 2
	keepsNoPsychotherapy
	keeperCount
)

// Reads lists the conditions the rule reads, by their stable names.
func (r Rule) Reads() []string {
	var out []string
	for _, c := range slices.Concat(r.When, r.Unless) {
		out = append(out, c.String())
	}
	for i := range conditions {
		if conditions[i].rule == r.ID && !slices.Contains(out, conditions[i].name) {
			out = append(out, conditions[i].name)
		}
	}
	return out
}

// InForce reports whether the rule is in force on the day.
func (r Rule) InForce(day civil.Date) bool { return day.Within(r.From, r.To) }

// Rules returns the rule book, in its order: bars, bases in order of preference,
// validity, filters, obligations.
func Rules() []Rule { return slices.Clone(theBook.rules) }

// Lookup returns the rule with the id.
func Lookup(id string) (Rule, bool) {
	if i := theBook.find(id); i >= 0 {
		return theBook.rules[i], true
	}
	return Rule{}, false
}

// RuleBook returns the hash of the rule book: of every rule and condition, so
// that a recorded decision names the law it was made under.
func RuleBook() string { return theBook.hash }

// A book is the rules, made ready to apply.
type book struct {
	rules                                   []Rule
	bars, bases, filters, obliges           []compiled
	forms                                   [Identified + 1]uint8 // the filter of each form
	least, minimum, related, unknown, codes uint8                 // F02, F01, B05, F14 and O13, by place
	hash                                    string
}

// A compiled rule has its conditions as sets.
type compiled struct {
	when, unless marks
	from, to     civil.Date
	duties       dutySet
	cap          Form
	keeps        keeper
	exempt       bool
	accounted    bool
	rule         uint8 // place in the book
}

// theBook is the rule book; it never changes while the program runs.
var theBook = compile(slices.Concat(bars, bases, validities, filters, obligations))

func compile(rules []Rule) *book {
	b := &book{rules: rules}
	for i, r := range rules {
		c := compiled{from: r.From, to: r.To, duties: dutiesOf(r.Duties), cap: r.Cap, keeps: r.keeps, exempt: r.Exempt, accounted: r.Accounted, rule: uint8(i)}
		for _, w := range r.When {
			c.when.set(w, true)
		}
		for _, u := range r.Unless {
			c.unless.set(u, true)
		}
		switch r.Effect {
		case Bars:
			b.bars = append(b.bars, c)
		case Grants:
			b.bases = append(b.bases, c)
		case Filters:
			if r.keeps != keepsAll || r.Cap != NoForm {
				b.filters = append(b.filters, c)
			}
		case Obliges:
			b.obliges = append(b.obliges, c)
		}
	}
	b.forms = [...]uint8{SafeHarbor: b.at("F06"), Expert: b.at("F16"), Limited: b.at("F05"), Identified: b.at("F02")}
	b.least, b.minimum, b.related, b.unknown, b.codes = b.at("F02"), b.at("F01"), b.at("B05"), b.at("F14"), b.at("O13")
	b.hash = digest(struct {
		Rules      []Rule
		Conditions [][5]string
		Elements   any
	}{rules, conditionTexts(), catalogue.elements})
	return b
}

func conditionTexts() [][5]string {
	out := make([][5]string, len(conditions))
	for i, c := range conditions {
		out[i] = [5]string{c.name, c.yes, c.no, c.rule, c.remedy}
	}
	return out
}

func (b *book) find(id string) int {
	return slices.IndexFunc(b.rules, func(r Rule) bool { return r.ID == id })
}

// at is the place of a rule that is known to be in the book.
func (b *book) at(id string) uint8 { return uint8(b.find(id)) }

// applies reports whether the rule is in force on the day and its conditions hold.
func (c *compiled) applies(m *marks, day civil.Date) bool {
	return m.all(&c.when) && m.none(&c.unless) && day.Within(c.from, c.to)
}
