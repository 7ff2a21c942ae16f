// Package fhir de-identifies FHIR R4 resources in one streaming pass.
//
// # What may stay
//
// The package keeps nothing that it does not know. The StructureDefinitions of R4
// are compiled into a table of every path of every resource with its type and the
// value set it is bound to; what is done at a path follows from its type:
//
//   - numbers and booleans stay;
//   - codes stay if they are in the value set that R4 binds the path to; codings stay if
//     their system is a standard one and the code is one of it, or, without a system,
//     if the code is in the bound value set; the display of a coding stays with it, and
//     the text of a concept if it repeats a display that stays;
//   - dates become their year under Safe Harbor; times of day and instants, which
//     cannot hold a year alone, go; a date 90 or more years before the as-of date goes
//     with its year;
//   - the year of a birth goes if the person would be over 89 at death or, without a
//     date of death, at the as-of date; an age over 89 becomes 90 with the comparator >=;
//   - ids and references get a new name from the [code.Coder], the same name for the
//     same thing, so that every reference that resolved still resolves;
//   - ZIP codes become their first three digits as far as the census allows; States and
//     countries stay; coordinates go;
//   - names, telecoms, identifiers, narrative, notes, attachments, addresses of the web
//     and all other free text go, wherever they stand, as do extensions that are not
//     listed in extension.go and the extensions of primitives ("_birthDate").
//
// A path, an extension or a resource type that is not known is removed and counted,
// never passed on. A value of the wrong JSON type counts as malformed and is removed.
//
// # Form
//
// Input is NDJSON, one resource on a line, or a document: a resource written over
// lines, or a Bundle, whose entries are read one after another and written as a Bundle
// again. It is checked as strictly as JSON and
// UTF-8 allow, also in what is removed: duplicate keys are an error (readers disagree
// on which one counts), keys are compared after unescaping, nesting ends at
// [scan.MaxDepth].
//
// # Limits
//
// Dropping the extension of a modifierExtension changes what a resource says; such
// extensions are counted as unknown so that a steward sees them. The displays of
// standard codings are trusted unless they look like an identifier (see
// term.Plain): the second look over a release is for the rest.
package fhir
