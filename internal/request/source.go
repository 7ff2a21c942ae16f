package request

import (
	"context"
	"slices"

	"chaperone.example/internal/fault"
	"chaperone.example/law"
	"chaperone.example/law/cohort"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Sources is what requests need to know of the rest of the program. Whoever wires it
// reads with [ledger.Read], so that a decision cannot outlive the facts it rests on.
type Sources struct {
	Facts     Facts
	Directory Directory
	Datasets  Datasets
	Can       []law.Duty // obligations that releases are able to fulfil; one that is missing here is a no
}

// A Matter is what facts are gathered for.
type Matter struct {
	Who     ledger.Actor // who asks; at approval still the person who asked
	Request law.Request
	Project law.Project // the organizations of the project besides the two
}

// Facts gathers what the law needs to know.
type Facts interface {
	// For returns organizations, the agreements between them and up their chains, the
	// person's account and training, profiles, patient classes, overlays. The classes
	// are of all data that the organization asked could release, so that a decision is
	// the same whichever datasets are chosen. The project and the
	// dataset are filled in here.
	For(ctx context.Context, r *ledger.Reading, m Matter) (law.Facts, error)
}

// A Directory knows organizations and people.
type Directory interface {
	// Organizations lists those that the actor's organization may ask, its own included.
	Organizations(ctx context.Context, r *ledger.Reading) ([]Organization, error)
	// Recipients lists the people of the actor's organization with a registered key.
	Recipients(ctx context.Context, r *ledger.Reading) ([]Recipient, error)
	// Names returns what the organizations, users and agreements with these ids are called,
	// as far as the actor may know. Who is missing is shown by the task or organization.
	Names(ctx context.Context, r *ledger.Reading, ids []string) (map[string]string, error)
}

// An Organization can be asked for data.
type Organization struct{ ID, Name string }

// A Recipient can receive data: packages are encrypted to the key.
type Recipient struct {
	ID   string
	Name string
	Role phi.Role
	Key  string // public, for recognition
}

// Datasets knows the datasets of the actor's own organization.
type Datasets interface {
	// Available lists those that data can be released from.
	Available(ctx context.Context, r *ledger.Reading) ([]Dataset, error)
	// Dataset returns one of them; what is not the organization's own is unknown.
	Dataset(ctx context.Context, r *ledger.Reading, id string) (Dataset, error)
}

// A Dataset is what data can be released from.
type Dataset struct {
	ID       string     `json:"id"`
	Name     string     `json:"name,omitempty"`
	Format   string     `json:"format,omitempty"`
	Records  int        `json:"records,omitempty"`
	Elements []string   `json:"elements"`        // phi element ids it holds
	Window   law.Window `json:"window,omitzero"` // dates it covers, open where not known
}

// holds reports whether the dataset holds any of the elements.
func (d Dataset) holds(any ...string) bool {
	return slices.ContainsFunc(any, func(e string) bool { return slices.Contains(d.Elements, e) })
}

// Lacks says what the dataset would have to hold to tell who is in the population.
func (d Dataset) Lacks(p Population) string {
	switch {
	case !d.holds("encounter.discharge-date", "encounter.admit-date", "unit.month"):
		return "dates of encounters"
	case len(p.Classes) > 0 && !d.holds("encounter.class"):
		return "encounter classes"
	case (p.MinAge > 0 || p.MaxAge != nil) && !d.holds("patient.age", "patient.birth-date"):
		return "ages"
	case len(p.Diagnoses) > 0 && !d.holds("encounter.diagnosis", "clinical.condition"):
		return "diagnoses"
	}
	return ""
}

// Overlaps reports whether the dataset covers any day of the window.
func (d Dataset) Overlaps(w law.Window) bool {
	return (d.Window.From == 0 || w.Until == 0 || d.Window.From <= w.Until) && (d.Window.Until == 0 || d.Window.Until >= w.From)
}

// hull is the span of days that the datasets cover together.
func hull(sets []Dataset) law.Window {
	var w law.Window
	for i, d := range sets {
		if i == 0 {
			w = d.Window
			continue
		}
		if d.Window.From < w.From {
			w.From = d.Window.From // zero is open, and before every day
		}
		if w.Until != 0 && (d.Window.Until == 0 || d.Window.Until > w.Until) {
			w.Until = d.Window.Until
		}
	}
	return w
}

// question is what is put to the law.
func (s Sources) question(who ledger.Actor, a Ask) Matter {
	return Matter{Who: who,
		Request: law.Request{Discloser: a.Discloser, Recipient: who.Org, Role: phi.Role(who.Role), Purpose: a.Purpose, Activity: a.Activity,
			Form: a.Form, Elements: a.Elements, Window: a.Window, Can: s.Can},
		Project: law.Project{Consortium: a.Consortium, Combines: a.Combines}}
}

// gather collects the facts for an ask of who, drawing on the datasets if they are chosen.
func (s Sources) gather(ctx context.Context, r *ledger.Reading, who ledger.Actor, a Ask, sets []Dataset) (law.Facts, error) {
	m := s.question(who, a)
	m.Request.At = r.Now()
	f, err := s.Facts.For(ctx, r, m)
	if err != nil {
		return law.Facts{}, err
	}
	f.Project, f.Dataset = m.Project, law.Dataset{Window: hull(sets)}
	f.Agreements = slices.Clone(f.Agreements)
	for i := range f.Agreements {
		// What the parties wrote in their own words no rule reads, and the facts are recorded
		// in the event, where both organizations see them.
		t := &f.Agreements[i].Instrument.Terms
		t.Coordination, t.CounselSummary, t.Safeguards = "", "", nil
	}
	return f, nil
}

// Standing asks the law again about an approved request, on the facts as they are
// now, and refuses when what was approved is no longer permitted: a release that is
// being built, and an open link, rest on it. The streams it reads guard what is
// appended with r.
//
// With the decision of now comes who goes out by it, of the datasets as they are now;
// whoever was left out when it was approved stays out.
func (s Sources) Standing(ctx context.Context, r *ledger.Reading, q Inquiry) (law.Decision, *cohort.Inclusion, error) {
	var who *cohort.Inclusion
	if q.Status != Granted {
		return law.Decision{}, who, fault.New(fault.Refused, "the request is not approved: nothing can be released on it")
	}
	known, err := s.gather(ctx, r, q.who(), q.Ask, nil)
	if err != nil {
		return law.Decision{}, who, err
	}
	m := s.question(q.who(), q.Ask)
	m.Request.At = r.Now().UTC()
	now := law.Decide(m.Request, known)
	then, err := q.Decision()
	if err != nil {
		return now, who, err
	}
	var why string
	switch {
	case now.Outcome == law.Deny:
		why = "the law no longer permits what was approved: " + Why(now)
	case !same(then, now):
		why = "the law no longer gives the answer that was approved: " + Difference(then, now)
	default:
		return now, cohort.Includes(now, then, known), nil
	}
	names, err := s.names(ctx, r, append(Agreements(why), q.Recipient, q.Ask.Discloser))
	if err != nil {
		return now, who, err
	}
	return now, who, fault.New(fault.Refused, "%s", Worded(names, why))
}
