// Package law decides what may be disclosed, and says why and why not.
//
// [Decide] takes a [Request] and the [Facts] and gives a [Decision]: permit,
// right-size or deny; element by element what is kept, changed or dropped; the
// basis it rests on and every basis that failed, with the fact that failed it;
// the obligations that come with it; and, for a refusal, the smallest changes
// that would make it lawful and the information-blocking exception it rests on.
// It is a pure function: the same request and facts give the same bytes, so that a
// recorded decision can be checked years later.
//
// # How a decision comes about
//
// The rule book ([Rules]) is a table of values. A rule reads conditions, which are
// yes-or-no facts with a name ([Condition]), and has one effect:
//
//   - a bar refuses, whatever else holds;
//   - a basis permits, up to a form; all are tried, the first that holds in the
//     order of the book is taken;
//   - a validity rule governs a condition that bases rest on, such as "the
//     agreement holds all required terms";
//   - a filter takes elements, days or precision away; filters intersect;
//   - an obligation attaches a duty; one that the enforcement point cannot fulfil
//     is a no.
//
// What is not known permits nothing and restricts as if it were so. Rules have
// dates: the book in force on the request's date applies.
//
// # Least sensitive form first
//
// The form asked for is a ceiling. Unless the minimum necessary standard is waived
// for the basis (treatment, the individual, authorization, required by law), the
// decision releases the least identifying [Form] in which every remaining element
// serves the purpose. An element raises the form only if the minimum-necessary
// [Profile] of the role and purpose says that the purpose needs it more precisely,
// or if the element does not exist in a lesser form.
//
// # Classes of patients
//
// Patients about whom the same facts hold form a [Class], and the decision has a
// [Part] for each; cost does not depend on how many patients there are. Patients
// of a part that is denied are left out of a release.
//
// Nothing here is legal advice.
package law
