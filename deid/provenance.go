package deid

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Provenance returns the manifest as a FHIR R4 Provenance resource: which data was made of
// which by which profile, when and by whom. Data and profile are named by their hashes
// (RFC 6920), as neither has an address; there is no value of the data in it. Who is the
// organization that de-identified, and recorded is when it says so.
func (m Manifest) Provenance(who string, recorded time.Time) ([]byte, error) {
	if strings.TrimSpace(who) == "" || recorded.IsZero() {
		return nil, errors.New("deid: a Provenance says who de-identified the data, and when")
	}
	target, err := named(m.Output.SHA256)
	if err != nil {
		return nil, err
	}
	source, err := named(m.Input.SHA256)
	if err != nil {
		return nil, err
	}
	profile, err := named(m.ProfileHash)
	if err != nil {
		return nil, err
	}
	type object map[string]any // marshalled with sorted keys, so the same manifest gives the same bytes
	coded := func(system, code string) object {
		return object{"coding": []object{{"system": "http://terminology.hl7.org/CodeSystem/" + system, "code": code}}}
	}
	data := func(name string) object {
		return object{"identifier": object{"system": "urn:ietf:rfc:3986", "value": name}}
	}
	activity := "deidentify"
	if m.Profile.Form == LimitedDataSet { // still protected health information
		activity = "pseudonymize"
	}
	agents := []object{{"type": coded("provenance-participant-type", "assembler"), "who": object{"display": who}}}
	if m.Build != "" {
		agents = append(agents, object{"type": coded("provenance-participant-type", "performer"), "who": object{"type": "Device", "display": "chaperone " + m.Build}})
	}
	return json.Marshal(object{
		"resourceType": "Provenance",
		"target":       []object{data(target)},
		"recorded":     recorded.UTC().Format(time.RFC3339),
		"policy":       []string{profile},
		"activity":     coded("iso-21089-lifecycle", activity),
		"agent":        agents,
		"entity":       []object{{"role": "source", "what": data(source)}},
	})
}

// named writes a SHA-256 in hex as a named-information URI (RFC 6920).
func named(hash string) (string, error) {
	b, err := hex.DecodeString(hash)
	if err != nil || len(b) != 32 {
		return "", errors.New("deid: the manifest lacks a hash: it is not one of a finished job")
	}
	return "ni:///sha-256;" + base64.RawURLEncoding.EncodeToString(b), nil
}
