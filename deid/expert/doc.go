// Package expert holds the record of an expert determination, the second way of 45 CFR
// 164.514(b) to de-identified data.
//
// The law asks that "a person with appropriate knowledge of and experience with
// generally accepted statistical and scientific principles and methods" applies them,
// determines "that the risk is very small that the information could be used, alone or
// in combination with other reasonably available information, by an anticipated
// recipient to identify an individual", and "documents the methods and results of the
// analysis that justify such determination" (164.514(b)(1)). Guidance of the Department
// of Health and Human Services (2012) names no number and no certificate; that a
// determination ends, and is looked at again before, is the practice of the field, and
// here it is required.
//
// A [Determination] is that document as data: who, by what method, over which data and
// for which recipients, with which results, under which conditions, until when. It is
// complete or it is not: [Determination.Check] names what is missing. The expert signs
// its canonical form ([Sign], [Open]), and a profile or a release refers to it by its
// hash.
package expert
