package cohort

import (
	"bytes"
	"strconv"
	"strings"
)

// Columns knows which columns of an encounter extract tell of a patient, by their
// names.
type Columns struct {
	diagnoses, procedures []int
	drg                   int
	age, days             int
	token, record         int
}

// Header finds the columns.
func Header(names []string) Columns {
	c := Columns{drg: -1, age: -1, days: -1, token: -1, record: -1}
	for i, name := range names {
		stem := strings.TrimRight(name, "0123456789")
		switch {
		case stem == "dx":
			c.diagnoses = append(c.diagnoses, i)
		case stem == "pr":
			c.procedures = append(c.procedures, i)
		case name == "ms_drg":
			c.drg = i
		case name == "age_years":
			c.age = i
		case name == "age_days":
			c.days = i
		case name == "patient_token":
			c.token = i
		case name == "mrn":
			c.record = i
		}
	}
	return c
}

func at(values [][]byte, i int) []byte {
	if i < 0 || i >= len(values) {
		return nil
	}
	return bytes.TrimSpace(values[i])
}

// Row returns the marks of a row and the identifiers of its patient.
func (c Columns) Row(k *Coder, values [][]byte) (Marks, [2]Identifier) {
	var m Marks
	for _, i := range c.diagnoses {
		m |= k.Code("ICD10CM", at(values, i))
	}
	for _, i := range c.procedures {
		m |= k.Code("ICD10PCS", at(values, i))
	}
	m |= k.Code("MSDRG", at(values, c.drg))
	if n, err := strconv.Atoi(strings.TrimSuffix(string(at(values, c.age)), "+")); err == nil {
		m |= Aged(n)
	} else if len(at(values, c.days)) > 0 {
		m |= Minor // only infants have their age in days
	}
	return m, [2]Identifier{{'t', at(values, c.token)}, {'m', at(values, c.record)}}
}
