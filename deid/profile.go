package deid

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"chaperone.example/deid/day"
	"chaperone.example/deid/method"
	"chaperone.example/deid/scan"
	"chaperone.example/deid/zip3"
)

// A Form is a label of the law for data that was de-identified or limited. A profile
// claims one, and [Lint] says whether its rules earn it.
type Form string

const (
	SafeHarbor     Form = "safe-harbor"      // 45 CFR 164.514(b)(2)
	LimitedDataSet Form = "limited-data-set" // 45 CFR 164.514(e)
	Expert         Form = "expert"           // 45 CFR 164.514(b)(1)
)

// The choices of a profile. What no profile can change, because no form allows it, is
// not a choice: names, numbers that identify, street addresses, addresses of mail and
// web, images and free text are always removed.
const (
	YearOnly = "year"    // dates: the year stays
	Shifted  = "shifted" // dates: all of a patient's move by the same number of days, under a key
	Whole    = "full"    // dates, ages, ZIP codes: all of it stays

	Aggregated = "over-89" // ages over 89 become "90 or older", and birth years that tell of them go

	Blocked = "blocked" // text: free text is removed
	Scrub   = "scrub"   // text: notes stay, and what is found to identify in them is replaced

	Random = "random" // codes are drawn: 45 CFR 164.514(c)
	Keyed  = "keyed"  // codes are computed under a key of the recipient
)

// A Profile is a form with its rules: declarative, versioned, and the same at every
// member.
type Profile struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Form    Form   `json:"form"` // what the result may be called

	Dates  string       `json:"dates"`          // YearOnly, Shifted or Whole
	Ages   string       `json:"ages"`           // Aggregated or Whole
	ZIP    zip3.Vintage `json:"zip"`            // the census by which ZIP codes are cut to three digits, or Whole
	Cities bool         `json:"cities"`         // towns and cities stay
	Codes  string       `json:"codes"`          // Random or Keyed; a limited data set may have either
	Text   string       `json:"text,omitempty"` // notes: Blocked or "", or Scrub

	// Determination is the hash of the expert's determination (package expert) on which the
	// label Expert rests.
	Determination string `json:"determination,omitempty"`
}

// Standard returns the profile of a form that Chaperone ships. ZIP codes are cut by
// the census of 2020, which is the current one.
func Standard(form Form) (Profile, error) {
	switch form {
	case SafeHarbor:
		return Profile{Name: "chaperone safe harbor", Version: "1", Form: form, Dates: YearOnly, Ages: Aggregated, ZIP: zip3.Census2020, Codes: Random}, nil
	case LimitedDataSet:
		return Profile{Name: "chaperone limited data set", Version: "1", Form: form, Dates: Whole, Ages: Whole, ZIP: Whole, Cities: true, Codes: Keyed}, nil
	case Expert: // to be completed with the determination
		return Profile{Name: "chaperone expert determination", Version: "1", Form: form, Dates: Shifted, Ages: Aggregated, ZIP: zip3.Census2020, Codes: Keyed}, nil
	}
	return Profile{}, fmt.Errorf("deid: no form %q; use %q, %q or %q", string(form), SafeHarbor, LimitedDataSet, Expert)
}

// JSON returns the canonical form: the members in the order above, no white space.
func (p Profile) JSON() []byte {
	b, err := json.Marshal(p)
	if err != nil {
		panic("deid: a profile of strings does not marshal: " + err.Error())
	}
	return b
}

// Hash identifies the profile: the SHA-256, in hex, of its canonical JSON.
func (p Profile) Hash() string {
	sum := sha256.Sum256(p.JSON())
	return hex.EncodeToString(sum[:])
}

// ParseProfile reads a profile from JSON. It refuses members it does not know, members
// that stand twice or in other case, and anything after the end: a misspelt rule must
// not be taken for a rule that is absent.
func ParseProfile(b []byte) (Profile, error) {
	s := scan.Scanner{In: b}
	if !s.Skip(0) {
		return Profile{}, fmt.Errorf("deid: the profile is not one JSON object: %s", s.Problem)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return Profile{}, errors.New("deid: the profile is not one JSON object")
	}
	for name := range members {
		if strings.ToLower(name) != name {
			return Profile{}, fmt.Errorf("deid: the profile has a member %q; names are written in small letters", name)
		}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var p Profile
	if err := d.Decode(&p); err != nil {
		return Profile{}, fmt.Errorf("deid: the profile cannot be read: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Profile{}, errors.New("deid: there is something after the end of the profile")
	}
	return p, nil
}

// A Flaw is a rule of a profile that does not go with its label, or that is no rule.
type Flaw struct {
	Rule     string `json:"rule"`     // the member of the profile
	Problem  string `json:"problem"`  // what is wrong
	Citation string `json:"citation"` // the provision, or ""
	Remedy   string `json:"remedy"`   // what to do
	Warning  bool   `json:"warning"`  // to be thought about; the profile may be used
}

// String returns the flaw in one sentence.
func (f Flaw) String() string {
	if f.Citation == "" {
		return fmt.Sprintf("%s: %s; %s", f.Rule, f.Problem, f.Remedy)
	}
	return fmt.Sprintf("%s: %s (%s); %s", f.Rule, f.Problem, f.Citation, f.Remedy)
}

// Lint returns what is wrong with a profile, nothing if its rules earn its label. A
// profile with a flaw that is more than a warning is neither signed nor used.
func Lint(p Profile) []Flaw {
	var flaws []Flaw
	add := func(rule, problem, citation, remedy string) {
		flaws = append(flaws, Flaw{Rule: rule, Problem: problem, Citation: citation, Remedy: remedy})
	}
	if strings.TrimSpace(p.Name) == "" || strings.TrimSpace(p.Version) == "" {
		add("name", "a profile needs a name and a version", "", "give both; a changed profile is a new version")
	}
	oneOf := func(rule, value string, allowed ...string) {
		if slices.Contains(allowed, value) {
			return
		}
		add(rule, fmt.Sprintf("%q is no choice", value), "", "use "+strings.Join(allowed, " or "))
	}
	oneOf("form", string(p.Form), string(SafeHarbor), string(LimitedDataSet), string(Expert))
	oneOf("dates", p.Dates, YearOnly, Shifted, Whole)
	oneOf("ages", p.Ages, Aggregated, Whole)
	oneOf("codes", p.Codes, Random, Keyed)
	oneOf("zip", string(p.ZIP), string(zip3.Census2000), string(zip3.Census2010), string(zip3.Census2020), string(zip3.Union), Whole)
	oneOf("text", p.Text, "", Blocked, Scrub)
	if p.Text == Scrub {
		add("text", "a scrubber finds nearly all that identifies in a note, and the label asks for all of it", "45 CFR 164.514(b)(2), (e)(2)",
			"have the notes looked at by a person before they leave, or block them")
		flaws[len(flaws)-1].Warning = true
	}
	if b, err := hex.DecodeString(p.Determination); p.Form == Expert && (err != nil || len(b) != sha256.Size) {
		add("determination", "an expert has to have determined that the risk is very small, and none is named", "45 CFR 164.514(b)(1)", "give the SHA-256 of the determination, or call the result a limited data set")
	}
	if p.Form != Expert && p.Determination != "" {
		add("determination", "only the label expert rests on a determination", "", "leave it out, or use expert")
	}
	if p.Form != SafeHarbor {
		return flaws
	}
	stronger := "or call the result a limited data set"
	if p.Dates == Whole || p.Dates == Shifted {
		add("dates", "of dates only the year may stay", "45 CFR 164.514(b)(2)(i)(C)", "use year, "+stronger)
	}
	if p.Ages == Whole {
		add("ages", "ages over 89 and the years that tell of them may only stay together", "45 CFR 164.514(b)(2)(i)(C)", "use over-89, "+stronger)
	}
	if p.ZIP == Whole {
		add("zip", "of ZIP codes three digits may stay at most", "45 CFR 164.514(b)(2)(i)(B)", "name a census, "+stronger)
	}
	if p.ZIP == zip3.Census2000 || p.ZIP == zip3.Census2010 {
		add("zip", "the census is not the current one", "45 CFR 164.514(b)(2)(i)(B)", "use 2020, or union, which restricts what any of them does")
		flaws[len(flaws)-1].Warning = true // HHS itself still publishes the list of 2000
	}
	if p.Cities {
		add("cities", "towns and cities are smaller than a State", "45 CFR 164.514(b)(2)(i)(B)", "leave them out, "+stronger)
	}
	if p.Codes == Keyed {
		add("codes", "codes may not be derived from information about the individual", "45 CFR 164.514(c)", "use random, "+stronger)
	}
	return flaws
}

// A ProfileError is the error of a job whose profile has flaws.
type ProfileError struct{ Flaws []Flaw }

// Error returns all flaws.
func (e *ProfileError) Error() string {
	s := make([]string, len(e.Flaws))
	for i, f := range e.Flaws {
		s[i] = f.String()
	}
	return "deid: the profile does not earn its label: " + strings.Join(s, ". ")
}

// check returns a [ProfileError] if the profile may not be used.
func (p Profile) check() error {
	var grave []Flaw
	for _, f := range Lint(p) {
		if !f.Warning {
			grave = append(grave, f)
		}
	}
	if len(grave) > 0 {
		return &ProfileError{grave}
	}
	return nil
}

// method returns the settings that the formats work with.
func (p Profile) method(asOf day.Date) (method.Method, error) {
	if err := p.check(); err != nil {
		return method.Method{}, err
	}
	m := method.Method{AllAges: p.Ages == Whole, Cities: p.Cities, Scrub: p.Text == Scrub, AsOf: asOf}
	switch p.Dates {
	case Whole:
		m.Dates = method.Full
	case Shifted:
		m.Dates = method.Shifted
	}
	if p.ZIP != Whole {
		table, err := zip3.New(p.ZIP)
		if err != nil {
			return method.Method{}, err
		}
		m.ZIP = table
	}
	return m, nil
}
