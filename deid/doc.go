// Package deid takes out of health data what identifies people.
//
// The law knows two ways to a smaller duty that need no consent, and each is a [Form]:
//
//   - [SafeHarbor], 45 CFR 164.514(b)(2): all eighteen kinds of identifiers are gone,
//     of dates only the year stays, of ZIP codes three digits at most. The result is
//     not protected health information any more.
//   - [LimitedDataSet], 45 CFR 164.514(e): sixteen kinds are gone; dates, towns, States
//     and ZIP codes stay. The result is still protected health information, for
//     research, public health and health care operations, under a data use agreement.
//
// A [Profile] is a form with its choices, named, versioned and hashed, so that every
// member gets the same result. [Transform] reads FHIR R4 or CSV once, in bounded
// memory, and writes what the profile lets stay of the elements that were decided:
// whatever it does not know, it removes and counts. The [Manifest] says what was done
// where and how often, and repeats no value, so that it may be shown to anybody.
//
// The work is done by the packages below: fhir and table read the formats, zip3, day,
// place and code know ZIP codes, dates, places and codes, tally counts, input reads
// lines and words its complaints. Errors about the input are [*input.Error]: they name
// the place and the remedy and never a value.
//
// # What it does not do
//
// Free text is removed, not read. Safe Harbor also demands that the discloser has no
// actual knowledge that what remains could identify somebody ((b)(2)(ii)); a rare
// diagnosis in a small town may. That is for people, helped by a second look over the
// output.
package deid
