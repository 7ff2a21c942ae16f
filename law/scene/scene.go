// Package scene reads a request and its facts into what the rules read: yes-or-no
// conditions and sets of elements.
//
// A [Reading] holds what all patients share and what was found on the way, for
// explanation; [Reading.Of] makes the [Scene] of one class of patients. Reading
// looks things up and may allocate; weighing a scene does not.
package scene

import (
	"slices"

	"chaperone.example/law/civil"
	"chaperone.example/law/fact"
	"chaperone.example/law/rule"
)

// A Scene is a request and the facts about one class of patients, as the rules
// read them.
type Scene struct {
	Marks   rule.Marks
	Day     civil.Date
	Wanted  fact.Form
	Asked   Set
	Unknown bool                     // an element asked for is not in the catalogue
	Needs   [fact.Identified + 1]Set // the profile, by least form in which the purpose is served
	Keeps   [rule.KeeperCount]Set    // what each keeper leaves
	Expert  Set                      // what the expert determination lets stay
	Can     fact.DutySet
	Extra   fact.DutySet // duties that overlays add
	Window  fact.Window  // asked for
	Limit   fact.Window  // of the agreement and the dataset
	Shared  fact.Window  // of the recipient's relationship
}

// Reform changes the form asked for.
func (s *Scene) Reform(f fact.Form) {
	s.Wanted = f
	m := &s.Marks
	m.Set(rule.WantsIdentified, f == fact.Identified)
	m.Set(rule.WantsLimited, f >= fact.SafeHarbor && f <= fact.Limited)
	m.Set(rule.WantsDeidentified, f == fact.SafeHarbor || f == fact.Expert)
	m.Set(rule.WantsExpert, f == fact.Expert)
	if f != fact.Expert {
		m.Set(rule.ExpertHolds, true)
	}
}

// A Reading is what the request and the facts say, before patients are told apart.
type Reading struct {
	Request *fact.Request
	Facts   *fact.Facts
	Profile fact.Profile
	Acting  []fact.Link // source, or whom the recipient acts for, to the recipient
	Holding []fact.Link // source to discloser
	DUA     *fact.Agreement
	Member  *fact.Agreement // participation agreement of the source
	Service *fact.Agreement // qualified service organization agreement
	Unknown []string        // elements that are not in the catalogue
	Order   []int           // elements asked for, in the order asked, without duplicates
	Base    Scene

	source, recipient []string // ids and what they are, as documents may name them
	sourceState       string
	documents         []document // of the agreements, by place
}

// Read reads what every class of patients shares.
func Read(r *fact.Request, f *fact.Facts) *Reading {
	return read(r, f, make([]document, len(f.Agreements)))
}

func read(r *fact.Request, f *fact.Facts, documents []document) *Reading {
	x := &Reading{Request: r, Facts: f, documents: documents, Order: make([]int, 0, len(r.Elements))}
	s := &x.Base
	s.Day, s.Window, s.Can, s.Limit = civil.On(r.At), r.Window, fact.DutiesOf(r.Can), f.Dataset.Window
	s.Marks.Set(rule.Always, true)
	for _, id := range r.Elements {
		i, ok := Catalogue.Lookup(id)
		switch {
		case !ok && !slices.Contains(x.Unknown, id):
			x.Unknown = append(x.Unknown, id)
		case ok && !s.Asked.Has(i):
			s.Asked.Add(i)
			x.Order = append(x.Order, i)
		}
	}
	s.Unknown = len(x.Unknown) > 0
	for k := range s.Keeps {
		s.Keeps[k] = Full()
	}
	s.Keeps[rule.KeepsNoPsychotherapy] = Full().Minus(Catalogue.psychotherapy)
	s.Keeps[rule.KeepsNoCounseling] = Full().Minus(Catalogue.counseling)
	s.Keeps[rule.KeepsLocate] = Catalogue.locate
	s.Keeps[rule.KeepsFundraising] = Catalogue.fundraising
	x.readForm()
	x.readPurpose()
	x.readParties()
	x.readFindings()
	x.readProfile()
	x.readDataUse()
	return x
}

// Source is the covered entity whose data they are.
func (x *Reading) Source() string {
	if x.Request.Source != "" {
		return x.Request.Source
	}
	return x.Request.Discloser
}

// Principal is the organization for whose purpose the data would be used.
func (x *Reading) Principal() string {
	if len(x.Acting) > 0 {
		return x.Acting[0].From
	}
	return x.Request.Recipient
}

func (x *Reading) readForm() {
	s := &x.Base
	s.Reform(x.Request.Form)
	d := x.Facts.Dataset
	held := d.ExpertUntil != 0 && s.Day <= d.ExpertUntil
	s.Marks.Set(rule.ExpertHolds, held || s.Wanted != fact.Expert)
	if held {
		for _, id := range d.ExpertKeeps {
			if i, ok := Catalogue.Lookup(id); ok && !Catalogue.Direct.Has(i) && !Catalogue.Elements[i].FreeText {
				s.Expert.Add(i)
			}
		}
	}
}

// readProfile reads what the task needs, and how precisely: at least in the least
// form in which the element exists at all.
func (x *Reading) readProfile() {
	s := &x.Base
	s.Marks.Set(rule.AsksEntire, !Catalogue.Clinical.Empty() && Catalogue.Clinical.Minus(s.Asked).Empty())
	p, ok := x.Facts.ProfileFor(x.Request)
	if !ok {
		n := standard(x.Request.Role, x.Request.Purpose, x.Request.Activity)
		p = n.profile(x.Request)
		if s.Expert.Empty() {
			x.Profile, s.Keeps[rule.KeepsProfile], s.Needs = p, n.keeps, n.needs
			return
		}
	}
	x.Profile = p
	s.Marks.Set(rule.ProfileRoutine, p.Routine)
	s.Keeps[rule.KeepsProfile], s.Needs = s.forms(p.Needs)
}

// exists reports whether the form has the element, as it is or changed. An expert form
// is only what a determination makes it.
func (s *Scene) exists(i int, form fact.Form) bool {
	if form == fact.Expert {
		return s.Expert.Has(i) || !s.Expert.Empty() && Catalogue.Changes[form].Has(i)
	}
	return Catalogue.Keeps[form].Has(i) || Catalogue.Changes[form].Has(i)
}

// forms sorts the elements of a profile by the least form in which they serve and
// exist.
func (s *Scene) forms(needs []fact.Need) (all Set, by [fact.Identified + 1]Set) {
	for _, n := range needs {
		i, ok := Catalogue.Lookup(n.Element)
		if !ok {
			continue
		}
		form := max(n.Form, fact.SafeHarbor)
		for form < fact.Identified && !s.exists(i, form) {
			form++
		}
		all.Add(i)
		by[form].Add(i)
	}
	return all, by
}
