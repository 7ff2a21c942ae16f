package expert

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// A Determination is the expert's document.
type Determination struct {
	ID     string `json:"id"`
	Expert Person `json:"expert"`
	Data   Data   `json:"data"`
	Method Method `json:"method"`
	Result Result `json:"result"`
	// Conditions are what the determination rests on: who may receive the data, what they
	// promise, what it may not be joined with.
	Conditions []string `json:"conditions"`
	Determined string   `json:"determined"` // the day, YYYY-MM-DD
	Review     string   `json:"review"`     // the day by which it is looked at again
	Expires    string   `json:"expires"`    // the last day on which data may be released under it
	// Statement is the expert's own words that the risk is very small.
	Statement string `json:"statement"`
}

// A Person is the expert.
type Person struct {
	Name           string   `json:"name"`
	Organization   string   `json:"organization"`
	Qualifications []string `json:"qualifications"` // degrees, training, experience with the methods
	Independent    bool     `json:"independent"`    // not employed by those who release or receive the data
	Disclosure     string   `json:"disclosure"`     // if not independent: the relation, and why it does not matter
}

// Data is what the determination is about.
type Data struct {
	Description  string   `json:"description"`
	Source       string   `json:"source"`
	Records      int64    `json:"records"`
	Population   float64  `json:"population"` // the people that the records are a sample of
	Quasi        []string `json:"quasi_identifiers"`
	Sensitive    []string `json:"sensitive,omitempty"`
	Recipients   []string `json:"anticipated_recipients"`
	ReleaseModel string   `json:"release_model"` // Public, Registered or Controlled
}

// The ways in which data reaches its recipients.
const (
	Public     = "public"     // anybody
	Registered = "registered" // known recipients under terms
	Controlled = "controlled" // in an environment of the discloser
)

// Method is what was done and by which principles.
type Method struct {
	Principles   []string `json:"principles"` // the generally accepted methods, with their sources
	Transforms   []string `json:"transforms"` // dates shifted, generalizations, suppression …
	Attackers    []string `json:"attackers"`  // prosecutor, journalist, marketer; what they know
	ProfileHash  string   `json:"profile_sha256,omitempty"`
	Differencing string   `json:"differencing"` // how earlier releases of the same people were considered
}

// Result is what was measured on the data as it is to be released, with the thresholds
// that the expert chose.
type Result struct {
	K            int      `json:"k"` // rows of the smallest class
	Threshold    float64  `json:"threshold"`
	Highest      float64  `json:"highest_risk"`       // prosecutor
	AtRisk       float64  `json:"records_at_risk"`    // share above the threshold
	Average      float64  `json:"average_risk"`       // marketer
	Unique       float64  `json:"population_unique"`  // estimated share
	AverageLimit float64  `json:"average_limit"`      // what the expert holds to be very small
	UniqueLimit  float64  `json:"unique_limit"`       // likewise
	AtRiskLimit  float64  `json:"at_risk_limit"`      // likewise
	Models       []string `json:"models,omitempty"`   // l-diversity, t-closeness and their parameters
	Suppressed   float64  `json:"suppressed"`         // share of rows
	Utility      float64  `json:"utility"`            // one minus the mean loss
	UniqueGroups string   `json:"unique_populations"` // which small groups were found, and what was done (DEI-4)
}

// A Flaw is what a determination lacks.
type Flaw struct {
	Field   string `json:"field"`
	Problem string `json:"problem"`
}

// An Incomplete is the error of a determination that has flaws.
type Incomplete struct{ Flaws []Flaw }

// Error lists them all.
func (e *Incomplete) Error() string {
	s := make([]string, len(e.Flaws))
	for i, f := range e.Flaws {
		s[i] = f.Field + ": " + f.Problem
	}
	return "expert: the determination is not complete (45 CFR 164.514(b)(1)): " + strings.Join(s, "; ")
}

// MaxYears is how long a determination may hold.
const MaxYears = 3

// Flaws returns what is missing or does not fit together, nothing if the determination
// is complete.
func (d Determination) Flaws() []Flaw {
	var flaws []Flaw
	need := func(ok bool, field, problem string) {
		if !ok {
			flaws = append(flaws, Flaw{field, problem})
		}
	}
	text := func(field, v, problem string) { need(strings.TrimSpace(v) != "", field, problem) }
	list := func(field string, v []string, problem string) {
		full := len(v) > 0
		for _, s := range v {
			full = full && strings.TrimSpace(s) != ""
		}
		need(full, field, problem)
	}
	share := func(field string, v float64) { need(v >= 0 && v <= 1, field, "is a share, from 0 to 1") }

	text("id", d.ID, "name the determination")
	text("expert.name", d.Expert.Name, "name the expert")
	text("expert.organization", d.Expert.Organization, "say where the expert works")
	list("expert.qualifications", d.Expert.Qualifications, "list the knowledge of and experience with statistical and scientific methods")
	need(d.Expert.Independent || strings.TrimSpace(d.Expert.Disclosure) != "", "expert.disclosure", "say how the expert is related to the discloser or recipient, and why it does not matter")
	text("data.description", d.Data.Description, "describe the data")
	text("data.source", d.Data.Source, "say where the data is from")
	need(d.Data.Records > 0, "data.records", "say how many records were analyzed")
	need(d.Data.Population >= float64(d.Data.Records), "data.population", "estimate the people that the records are a sample of: at least as many as records")
	list("data.quasi_identifiers", d.Data.Quasi, "list what an anticipated recipient may know of a person")
	list("data.anticipated_recipients", d.Data.Recipients, "say who is anticipated to receive the data")
	need(d.Data.ReleaseModel == Public || d.Data.ReleaseModel == Registered || d.Data.ReleaseModel == Controlled, "data.release_model", "is public, registered or controlled")
	list("method.principles", d.Method.Principles, "name the generally accepted principles and methods, with their sources")
	list("method.transforms", d.Method.Transforms, "say what was done to the data")
	list("method.attackers", d.Method.Attackers, "say which attackers were considered and what they know")
	text("method.differencing", d.Method.Differencing, "say how earlier releases about the same people were considered")
	need(d.Result.K >= 2, "result.k", "the smallest class has at least two rows")
	need(d.Result.Threshold > 0 && d.Result.Threshold <= 1, "result.threshold", "lies above 0 and is at most 1")
	for field, v := range map[string]float64{"result.highest_risk": d.Result.Highest, "result.records_at_risk": d.Result.AtRisk, "result.average_risk": d.Result.Average,
		"result.population_unique": d.Result.Unique, "result.suppressed": d.Result.Suppressed, "result.utility": d.Result.Utility} {
		share(field, v)
	}
	need(d.Result.K < 2 || d.Result.Highest <= 1/float64(d.Result.K)+1e-9, "result.highest_risk", "is more than one divided by the smallest class")
	need(d.Result.AverageLimit > 0 && d.Result.Average <= d.Result.AverageLimit, "result.average_risk", "is above the limit that the expert holds to be very small, or there is no limit")
	need(d.Result.UniqueLimit > 0 && d.Result.Unique <= d.Result.UniqueLimit, "result.population_unique", "is above the limit that the expert holds to be very small, or there is no limit")
	need(d.Result.AtRisk <= d.Result.AtRiskLimit, "result.records_at_risk", "is above the limit that the expert holds to be very small")
	text("result.unique_populations", d.Result.UniqueGroups, "say which small groups were found and what was done about them")
	list("conditions", d.Conditions, "list what the determination rests on")
	text("statement", d.Statement, "the expert states that the risk is very small")
	at, err1 := time.Parse(time.DateOnly, d.Determined)
	need(err1 == nil, "determined", "is a day, YYYY-MM-DD")
	expires, err2 := time.Parse(time.DateOnly, d.Expires)
	need(err2 == nil, "expires", "is a day, YYYY-MM-DD: a determination ends")
	review, err3 := time.Parse(time.DateOnly, d.Review)
	need(err3 == nil, "review", "is a day, YYYY-MM-DD")
	if err1 == nil && err2 == nil && err3 == nil {
		need(expires.After(at) && !expires.After(at.AddDate(MaxYears, 0, 0)), "expires", fmt.Sprintf("lies after the determination, by at most %d years", MaxYears))
		need(review.After(at) && !review.After(expires), "review", "lies after the determination and not after its end")
	}
	sortFlaws(flaws)
	return flaws
}

// Check returns an [*Incomplete] if the determination has flaws.
func (d Determination) Check() error {
	if flaws := d.Flaws(); len(flaws) > 0 {
		return &Incomplete{flaws}
	}
	return nil
}

// A Status is what a determination is worth on a day.
type Status string

// What a determination may be worth.
const (
	Early   Status = "not yet determined"
	Valid   Status = "valid"
	Due     Status = "valid; review is due"
	Expired Status = "expired"
)

// On returns the status on a day, YYYY-MM-DD. A day that cannot be read counts as too
// late.
func (d Determination) On(day string) Status {
	if _, err := time.Parse(time.DateOnly, day); err != nil || d.Check() != nil || day > d.Expires {
		return Expired
	}
	switch {
	case day < d.Determined:
		return Early
	case day >= d.Review:
		return Due
	}
	return Valid
}

// JSON is the canonical form: the members in the order of the struct, no white space.
func (d Determination) JSON() ([]byte, error) { return json.Marshal(d) }

// Hash identifies the determination: the SHA-256, in hex, of its canonical form.
func (d Determination) Hash() (string, error) {
	b, err := d.JSON()
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), err
}

// Parse reads a determination. Members it does not know are refused.
func Parse(b []byte) (Determination, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var d Determination
	if err := dec.Decode(&d); err != nil {
		return d, fmt.Errorf("expert: the determination cannot be read: %v", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return d, errors.New("expert: there is something after the end of the determination")
	}
	return d, nil
}

// Signed is a determination with the expert's signature.
type Signed struct {
	Determination json.RawMessage `json:"determination"` // canonical
	Key           []byte          `json:"key"`           // the expert's Ed25519 public key
	Signature     []byte          `json:"signature"`     // RFC 8032, over "expert determination v1", a zero byte and the canonical form
}

func message(body []byte) []byte { return append([]byte("expert determination v1\x00"), body...) }

// Sign signs a complete determination with the expert's key.
func Sign(d Determination, key ed25519.PrivateKey) (Signed, error) {
	if err := d.Check(); err != nil {
		return Signed{}, err
	}
	if len(key) != ed25519.PrivateKeySize {
		return Signed{}, errors.New("expert: signing needs an Ed25519 private key")
	}
	b, err := d.JSON()
	if err != nil {
		return Signed{}, err
	}
	public := key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]
	return Signed{Determination: b, Key: bytes.Clone(public), Signature: ed25519.Sign(key, message(b))}, nil
}

// Open checks a signed determination. The expert's key is the one that the caller knows,
// not the one that the document brings along.
func Open(s Signed, expert ed25519.PublicKey) (Determination, error) {
	if len(expert) != ed25519.PublicKeySize || !bytes.Equal(s.Key, expert) {
		return Determination{}, errors.New("expert: the determination is signed by somebody else than the expert")
	}
	if !ed25519.Verify(expert, message(s.Determination), s.Signature) {
		return Determination{}, errors.New("expert: the signature does not fit: the determination was changed after it was signed")
	}
	d, err := Parse(s.Determination)
	if err != nil {
		return Determination{}, err
	}
	return d, d.Check()
}
