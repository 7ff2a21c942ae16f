package deid

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"chaperone.example/deid/day"
	"chaperone.example/deid/method"
	"chaperone.example/deid/zip3"
)

// A Form is a way of the law to de-identify or limit data.
type Form string

const (
	SafeHarbor     Form = "safe-harbor"      // 45 CFR 164.514(b)(2)
	LimitedDataSet Form = "limited-data-set" // 45 CFR 164.514(e)
)

// A Profile is a form with its choices.
type Profile struct {
	Name    string       `json:"name"`
	Version string       `json:"version"`
	Form    Form         `json:"form"`
	ZIP     zip3.Vintage `json:"zip,omitempty"` // the census by which ZIP codes are cut; Safe Harbor only
}

// Standard returns the profile of a form that Chaperone ships: ZIP codes by the
// census of 2020, which is the current one.
func Standard(form Form) (Profile, error) {
	switch form {
	case SafeHarbor:
		return Profile{Name: "chaperone safe harbor", Version: "1", Form: form, ZIP: zip3.Census2020}, nil
	case LimitedDataSet:
		return Profile{Name: "chaperone limited data set", Version: "1", Form: form}, nil
	}
	return Profile{}, fmt.Errorf("deid: no form %q; use %q or %q", string(form), SafeHarbor, LimitedDataSet)
}

// Hash identifies the profile: the SHA-256, in hex, of its canonical JSON.
func (p Profile) Hash() string {
	b, err := json.Marshal(p)
	if err != nil {
		panic("deid: a profile of strings does not marshal: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// method returns the settings that the formats work with.
func (p Profile) method(asOf day.Date) (method.Method, error) {
	switch p.Form {
	case SafeHarbor:
		table, err := zip3.New(p.ZIP)
		if err != nil {
			return method.Method{}, err
		}
		return method.SafeHarbor(table, asOf), nil
	case LimitedDataSet:
		if p.ZIP != "" {
			return method.Method{}, fmt.Errorf("deid: profile %q names a census, but a limited data set keeps ZIP codes whole", p.Name)
		}
		return method.LimitedDataSet(asOf), nil
	}
	return method.Method{}, fmt.Errorf("deid: profile %q has no form that is known; use %q or %q", p.Name, SafeHarbor, LimitedDataSet)
}
