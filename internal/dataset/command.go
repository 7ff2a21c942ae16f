package dataset

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"chaperone.example/internal/dataset/intake"
	"chaperone.example/internal/fault"
	"chaperone.example/law/label"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Register enters a dataset into the inventory of the actor's organization.
type Register struct {
	Format      intake.Format `json:"format"`
	Source      Source        `json:"source"`
	Environment Environment   `json:"environment"`
	Repository  string        `json:"repository"`
	PHI         bool          `json:"contains_phi"`
	Part2       Provenance    `json:"part2,omitempty"` // unstated: it can be declared later
	Label       Label         `json:"label"`
	Approved    []Repository  `json:"approved"` // by the operator; [Store.Register] fills it in
}

// Longest title and name of a system, in bytes.
const maxLabel = 200

// Action implements [ledger.Command].
func (Register) Action() string { return "dataset.register" }

// Begins implements [ledger.Beginning].
func (Register) Begins() {}

// Decide implements [ledger.Command].
func (c Register) Decide(_ Holding, m ledger.Moment) ([]ledger.Event, error) {
	title, system := strings.TrimSpace(c.Label.Title), strings.TrimSpace(c.Label.System)
	at := slices.IndexFunc(c.Approved, func(r Repository) bool { return r.ID == c.Repository })
	switch {
	case title == "" || len(title) > maxLabel:
		return nil, fault.New(fault.Invalid, "give the dataset a title of at most %d bytes", maxLabel)
	case system == "" || len(system) > maxLabel:
		return nil, fault.New(fault.Invalid, "name the system that the data come from, in at most %d bytes", maxLabel)
	case !c.Format.Known():
		return nil, fault.New(fault.Invalid, "choose a format: %s", list(intake.Formats()))
	case !known(c.Source, Sources()):
		return nil, fault.New(fault.Invalid, "choose a kind of source: %s", list(Sources()))
	case !known(c.Environment, Environments()):
		return nil, fault.New(fault.Invalid, "choose an environment: %s", list(Environments()))
	case at < 0:
		return nil, fault.New(fault.Refused, "the repository is not approved for storing data; choose one of: %s", list(names(c.Approved)))
	case c.Part2 != Unstated && !known(c.Part2, Provenances()):
		return nil, fault.New(fault.Invalid, "say whether a substance-use program made the records: %s", list(Provenances()))
	case c.PHI && c.Environment != Production:
		return nil, noPHI(c.Environment, "register the dataset in the production environment, or de-identify it first")
	}
	events := []ledger.Event{ledger.Sealed{
		Event: Registered{Owner: m.Actor.Org, Format: c.Format, Source: c.Source, Environment: c.Environment,
			Repository: c.Repository, Region: c.Approved[at].Region, PHI: c.PHI},
		Subject: "dataset/" + m.ID, Details: Label{title, system},
	}}
	if c.Part2 != Unstated {
		events = append(events, Declared{c.Part2})
	}
	return events, nil
}

// noPHI is the rule of DAT-4 in words.
func noPHI(e Environment, remedy string) error {
	return fault.New(fault.Refused, "a %s environment takes no protected health information: nobody's task there needs it (45 CFR 164.308(a)(4), 164.502(b)); %s", e, remedy)
}

func list[T ~string](all []T) string {
	s := make([]string, len(all))
	for i, v := range all {
		s[i] = string(v)
	}
	return strings.Join(s, ", ")
}

func names(all []Repository) []string {
	s := make([]string, len(all))
	for i, r := range all {
		s[i] = r.ID
	}
	return s
}

// Receive records that a file was accepted and sealed. It is issued by
// [Store.Receive], which has read the file.
type Receive struct {
	Object  string         `json:"object,omitempty"`
	SHA256  string         `json:"sha256"`
	Bytes   int64          `json:"bytes"`
	Finding intake.Finding `json:"finding"`
}

// MarshalJSON leaves the object out: the same file sent again has another one, and is
// still the same command.
func (c Receive) MarshalJSON() ([]byte, error) {
	type plain Receive
	c.Object = ""
	return json.Marshal(plain(c))
}

// Action implements [ledger.Command].
func (Receive) Action() string { return "dataset.receive" }

// Decide implements [ledger.Command].
func (c Receive) Decide(h Holding, _ ledger.Moment) ([]ledger.Event, error) {
	if err := h.receivable(); err != nil {
		return nil, err
	}
	if sum, err := hex.DecodeString(c.SHA256); c.Object == "" || err != nil || len(sum) != 32 {
		return nil, fault.New(fault.Invalid, "no file was received")
	}
	identifies := c.Finding.Identifying()
	if identifies && h.Environment != Production {
		return nil, noPHI(h.Environment, "leave the identifying columns out, or register the dataset in the production environment")
	}
	before, replaces := h.Current()
	if replaces && before.SHA256 == c.SHA256 {
		return nil, fault.New(fault.Refused, "the file is the same as version %d, byte for byte; there is nothing to replace", before.Version)
	}
	got := Received{Version: len(h.Versions) + 1, Object: c.Object, SHA256: c.SHA256, Bytes: c.Bytes, Records: c.Finding.Records, Types: c.Finding.Types,
		First: c.Finding.First, Last: c.Finding.Last, Identifies: identifies, Replaces: before.Version}
	fields, element := make([]string, 0, len(c.Finding.Fields)), map[string]string{}
	var kept []Change
	confirmed := before.Confirmed
	for _, f := range c.Finding.Fields {
		fields, element[f.Name] = append(fields, f.Name), f.Element.ID
		got.Fields = append(got.Fields, intake.Tally{Name: f.Name, N: f.Filled})
		if to, ok := before.Corrected[f.Name]; ok {
			element[f.Name] = to
			from, _ := phi.Lookup(f.Element.ID)
			e, _ := phi.Lookup(to)
			kept = append(kept, Change{Field: f.Name, From: f.Element.ID, To: to, Stricter: Stricter(from, e)})
		}
		if was, ok := before.Element(f.Name); !ok || was != element[f.Name] {
			confirmed = false
		}
	}
	events := []ledger.Event{got, Classified{Version: got.Version, Basis: Catalogue, Elements: classify(fields, element), Changes: kept}}
	if len(c.Finding.Patients) > 0 {
		events = append(events, Labelled{got.Version, label.Version, c.Finding.Patients})
	}
	if confirmed { // the same fields as a steward confirmed before
		events = append(events, Confirmed{got.Version})
	}
	return events, nil
}

// receivable says why the holding takes no file.
func (h Holding) receivable() error {
	if h.Retired != "" {
		return fault.New(fault.Refused, "the dataset was retired; register a new one")
	}
	return nil
}

// Classify confirms what the fields of a version stand for, after corrections if
// there are any.
type Classify struct {
	Version int          `json:"version"` // that the person looked at
	Changes []Correction `json:"changes,omitempty"`
}

// A Correction maps a field to another element.
type Correction struct {
	Field   string `json:"field"`
	Element string `json:"element"`
	Reason  Reason `json:"reason,omitempty"` // needed unless the element is stricter
}

// Action implements [ledger.Command].
func (Classify) Action() string { return "dataset.classify" }

// Decide implements [ledger.Command].
func (c Classify) Decide(h Holding, m ledger.Moment) ([]ledger.Event, error) {
	v, ok := h.Current()
	switch {
	case h.Retired != "":
		return nil, fault.New(fault.Refused, "the dataset was retired")
	case !ok:
		return nil, fault.New(fault.Refused, "no file was received yet: there is nothing to classify")
	case c.Version != v.Version:
		return nil, fault.New(fault.Conflict, "a newer version of the data was received meanwhile: look at its fields")
	}
	var fields []string
	element := map[string]string{}
	for _, f := range v.Fields {
		fields = append(fields, f.Name)
		element[f.Name], _ = v.Element(f.Name)
	}
	var changes []Change
	for _, x := range c.Changes {
		was, ok := element[x.Field]
		if !ok {
			return nil, fault.New(fault.Invalid, "a correction names a field that the file does not have")
		}
		to, ok := phi.Lookup(x.Element)
		if !ok {
			return nil, fault.New(fault.Invalid, "the correction of %s names an element that is not in the catalogue", x.Field)
		}
		if was == to.ID {
			continue
		}
		change, err := change(x, was, to, phi.Role(m.Actor.Role))
		if err != nil {
			return nil, err
		}
		if identifies(to.Class) && h.Environment != Production {
			return nil, noPHI(h.Environment, "retire the dataset, since "+x.Field+" identifies people")
		}
		element[x.Field] = to.ID
		changes = append(changes, change)
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Field, b.Field) })
	switch {
	case len(changes) > 0:
		return []ledger.Event{Classified{Version: v.Version, Basis: Person, Elements: classify(fields, element), Changes: changes}, Confirmed{v.Version}}, nil
	case v.Confirmed:
		return nil, fault.New(fault.Refused, "the classification is confirmed already")
	}
	return []ledger.Event{Confirmed{v.Version}}, nil
}

// change judges one correction: a stricter element needs no reason, another needs
// one, and a direct identifier is declared none by a privacy officer only.
func change(x Correction, was string, to phi.Element, role phi.Role) (Change, error) {
	from, _ := phi.Lookup(was)
	c := Change{Field: x.Field, From: was, To: to.ID, Stricter: Stricter(from, to)}
	if c.Stricter {
		return c, nil
	}
	c.Reason = x.Reason
	switch {
	case from.Class == phi.Direct && to.Class != phi.Direct && role != phi.PrivacyOfficer:
		return c, fault.New(fault.Refused, "%s is a direct identifier; only a privacy officer may classify it as anything else", x.Field)
	case !known(x.Reason, Reasons()):
		return c, fault.New(fault.Invalid, "%s would be guarded less strictly as %q, or otherwise; give a reason: %s", x.Field, to.Title, list(Reasons()))
	}
	return c, nil
}

// Retire ends the use of a dataset. What was released of it stays recorded, and the
// sealed files are kept until their disposal.
type Retire struct {
	Reason Ending `json:"reason"`
}

// Action implements [ledger.Command].
func (Retire) Action() string { return "dataset.retire" }

// Decide implements [ledger.Command].
func (c Retire) Decide(h Holding, _ ledger.Moment) ([]ledger.Event, error) {
	switch {
	case h.Retired != "":
		return nil, fault.New(fault.Refused, "the dataset is retired already")
	case !known(c.Reason, Endings()):
		return nil, fault.New(fault.Invalid, "choose why the dataset is retired: %s", list(Endings()))
	}
	return []ledger.Event{Retired(c)}, nil
}
