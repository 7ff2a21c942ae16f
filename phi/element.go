// Package phi names the pieces of health information that Chaperone handles, and
// says how sensitive each one is.
//
// Every column of a table and every path of a FHIR resource that a member
// registers stands for one [Element] of the catalogue. Agreements, requests,
// decisions and de-identification speak of elements, never of columns, so that a
// rule written once holds for every format.
//
// The package is pure: it reads bytes it is given and decides; it opens nothing.
package phi

import "slices"

// A Class says what kind of information an element is, and so how it is guarded.
type Class string

const (
	Direct      Class = "direct identifier" // identifies a person by itself
	Quasi       Class = "quasi-identifier"  // identifies in combination: dates, places, ages
	Sensitive   Class = "sensitive"         // categories with stricter law or custom: HIV, psychiatric, genetic …
	Part2       Class = "part 2"            // substance-use records under 42 CFR Part 2
	Clinical    Class = "clinical"
	Operational Class = "operational" // cost, unit, workflow
)

// An Identifier is one of the eighteen identifiers of 45 CFR 164.514(b)(2)(i), by
// the letter of its paragraph. The zero value means the element is none of them.
type Identifier byte

const (
	Name            Identifier = 'A'
	Geographic      Identifier = 'B' // any subdivision smaller than a State
	Date            Identifier = 'C' // all elements of dates but the year; ages over 89
	Telephone       Identifier = 'D'
	Fax             Identifier = 'E'
	Email           Identifier = 'F'
	SocialSecurity  Identifier = 'G'
	MedicalRecord   Identifier = 'H'
	Beneficiary     Identifier = 'I'
	Account         Identifier = 'J'
	Licence         Identifier = 'K'
	Vehicle         Identifier = 'L'
	Device          Identifier = 'M'
	URL             Identifier = 'N'
	InternetAddress Identifier = 'O'
	Biometric       Identifier = 'P'
	FullFace        Identifier = 'Q'
	OtherUnique     Identifier = 'R' // any other unique number, characteristic or code
)

// InLimitedDataSet reports whether a limited data set may hold the identifier:
// dates, towns, States and ZIP codes may stay and "any other unique" code is not
// among the sixteen of 45 CFR 164.514(e)(2). Street addresses are not, and are
// elements of their own in the catalogue (see [Element.Street]).
func (i Identifier) InLimitedDataSet() bool {
	return i == 0 || i == Date || i == Geographic || i == OtherUnique
}

// A Role is what a person does at work, by task and not by title (IAM-2).
type Role string

const (
	PrivacyOfficer     Role = "privacy-officer"
	SecurityOfficer    Role = "security-officer"
	QualityCoordinator Role = "quality-coordinator"
	CareCoordinator    Role = "care-coordinator"
	DataSteward        Role = "data-steward"
	Analyst            Role = "analyst"
	Technician         Role = "msp-technician"
	CommitteeMember    Role = "committee-member"
	Auditor            Role = "auditor"
	Administrator      Role = "administrator"
)

// An Element is one piece of health information.
type Element struct {
	ID         string     // "patient.birth-date": subject, dot, what of it
	Title      string     // "Date of birth"
	Class      Class      // how it is guarded
	Identifier Identifier // which of the eighteen it is, or zero
	Street     bool       // finer than town: never in a limited data set, 45 CFR 164.514(e)(2)(ii)
	FreeText   bool       // narrative that may hold any identifier
	Roles      []Role     // the tasks that ordinarily need it (DAT-2, 45 CFR 164.514(d)(2)(i))
}

// Needed reports whether the task of role ordinarily needs the element.
func (e Element) Needed(role Role) bool { return slices.Contains(e.Roles, role) }
