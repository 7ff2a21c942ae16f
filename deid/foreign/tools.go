package foreign

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"chaperone.example/deid/zip3"
)

// Microsoft reads the configuration of Microsoft's FHIR anonymizer: fhirPathRules, of
// which the first that matches a node decides, and parameters.
func Microsoft(doc []byte, name string) (Import, error) {
	var c struct {
		FHIRVersion string          `json:"fhirVersion"`
		Rules       json.RawMessage `json:"fhirPathRules"`
		Parameters  struct {
			Ages       bool     `json:"enablePartialAgesForRedact"`
			Dates      bool     `json:"enablePartialDatesForRedact"`
			ZIPs       bool     `json:"enablePartialZipCodesForRedact"`
			Restricted []string `json:"restrictedZipCodeTabulationAreas"`
		} `json:"parameters"`
	}
	if err := json.Unmarshal(doc, &c); err != nil {
		return Import{}, syntax(doc, err)
	}
	if c.FHIRVersion != "" && c.FHIRVersion != "R4" {
		return Import{}, fmt.Errorf("foreign: the configuration is for FHIR %s; profiles are for R4", c.FHIRVersion)
	}
	rules, err := array(doc, "fhirPathRules")
	if err != nil {
		return Import{}, err
	}
	if len(rules) == 0 {
		return Import{}, errors.New("foreign: the configuration has no fhirPathRules")
	}
	m := newMaker(name)
	m.partial.ages, m.partial.dates, m.partial.zips = c.Parameters.Ages, c.Parameters.Dates, c.Parameters.ZIPs
	for _, e := range rules {
		var r struct{ Path, Method string }
		if err := json.Unmarshal(e.raw, &r); err != nil || r.Path == "" || r.Method == "" {
			return Import{}, fmt.Errorf("foreign: line %d: a rule needs a path and a method", e.line)
		}
		v := other
		switch strings.ToLower(r.Method) {
		case "keep":
			v = keep
		case "redact":
			v = redact
		case "cryptohash":
			v = hash
		case "dateshift":
			v = shift
		case "perturb", "encrypt", "substitute", "generalize":
		default:
			return Import{}, fmt.Errorf("foreign: line %d: %q is no method of the anonymizer", e.line, r.Method)
		}
		m.rule(e.line, r.Path, r.Method, v)
	}
	for _, t := range []string{"date", "dateTime", "instant"} {
		if !m.decided[string(dates)+" "+t] {
			m.bar("no rule is about every " + t)
		}
	}
	// Their list of restricted prefixes is one of a census, or a mistake: the census of 2020
	// restricts prefixes that it lacks.
	if len(c.Parameters.Restricted) > 0 && !m.loosened(zips) {
		line := 1 + strings.Count(string(doc[:strings.Index(string(doc), "restrictedZipCodeTabulationAreas")]), "\n")
		r := Rule{Line: line, Rule: "restrictedZipCodeTabulationAreas", Became: Stricter, Why: "every prefix that any census from 2000 to 2020 restricts is restricted"}
		m.profile.ZIP = zip3.Union
		m.out.Rules = append(m.out.Rules, r)
	}
	return m.finish()
}

// Google reads the field list of a DeidentifyConfig of the Cloud Healthcare API:
// fhir.fieldMetadataList with actions, or fhirFieldConfig.fieldMetadataList with a method
// for each list of paths. What no field names is treated by the profile of the API, whose
// choice is to transform: names and the like are redacted and dates are shifted.
func Google(doc []byte, name string) (Import, error) {
	var probe map[string]json.RawMessage
	if err := json.Unmarshal(doc, &probe); err != nil {
		return Import{}, syntax(doc, err)
	}
	var fields []element
	for _, keys := range [][]string{{"fhir", "fieldMetadataList"}, {"fhirFieldConfig", "fieldMetadataList"}, {"config", "fhir", "fieldMetadataList"}, {"config", "fhirFieldConfig", "fieldMetadataList"}} {
		found, err := array(doc, keys...)
		if err != nil {
			return Import{}, err
		}
		fields = append(fields, found...)
	}
	if len(fields) == 0 {
		return Import{}, errors.New("foreign: the configuration has no fieldMetadataList")
	}
	m := newMaker(name)
	for _, e := range fields {
		var f map[string]json.RawMessage
		var paths []string
		if err := json.Unmarshal(e.raw, &f); err != nil || json.Unmarshal(f["paths"], &paths) != nil || len(paths) == 0 {
			return Import{}, fmt.Errorf("foreign: line %d: a field needs paths", e.line)
		}
		method, v, err := googleMethod(f)
		if err != nil {
			return Import{}, fmt.Errorf("foreign: line %d: %w", e.line, err)
		}
		for _, path := range paths {
			as := v
			if method == "TRANSFORM" && slices.Contains(kinds(path), dates) {
				as = shift
			}
			if method == "TRANSFORM" && slices.Contains(kinds(path), ids) {
				as = hash
			}
			m.rule(e.line, path, method, as)
		}
	}
	for _, k := range mustLimited {
		m.removed[k] = m.removed[k] || !m.kept[k] // by its default
	}
	if !m.kept[dates] && !m.cut[dates] {
		m.bar("dates that no field names are shifted (45 CFR 164.514(b)(2)(i)(C))")
	}
	return m.finish()
}

func googleMethod(f map[string]json.RawMessage) (string, verb, error) {
	if raw, ok := f["action"]; ok {
		var action string
		if err := json.Unmarshal(raw, &action); err != nil {
			return "", "", errors.New("the action is not a word")
		}
		switch action {
		case "TRANSFORM":
			return action, redact, nil
		case "INSPECT_AND_TRANSFORM":
			return action, other, nil
		case "DO_NOT_TRANSFORM":
			return action, keep, nil
		}
		return "", "", fmt.Errorf("%q is no action", action)
	}
	for method, v := range map[string]verb{"keepField": keep, "redactField": redact, "removeField": redact, "cryptoHashField": hash, "dateShiftField": shift,
		"characterMaskField": other, "cleanTextField": other, "cleanImageField": other} {
		if _, ok := f[method]; ok {
			return method, v, nil
		}
	}
	return "", "", errors.New("a field needs an action or a method")
}
