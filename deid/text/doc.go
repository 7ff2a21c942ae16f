// Package text finds identifiers in the free text of clinical notes.
//
// Free text is blocked by default: a release holds none. This package is for the scrub
// mode, in which somebody has decided that the notes are needed and that a small
// remaining risk is acceptable. It finds the eighteen identifiers of 45 CFR
// 164.514(b)(2)(i) by
//
//   - the shape of numbers (telephone, social security, record and account numbers,
//     dates, ages over 89, ZIP codes, licences, plates, serial numbers) and of addresses of
//     mail, web and internet, read by hand-written automata, and by what stands before
//     them;
//   - names: a word that begins with a capital and is neither English nor medicine is
//     taken for one; a word that is both a word and a name, such as May, counts by its
//     neighbours, by titles ("Dr."), relations ("daughter") and labels ("Patient name:");
//     eponyms (Crohn's disease, Foley catheter) do not;
//   - places, hospitals and employers by a gazetteer and by what stands around them;
//   - the identifiers that are known of the patient from the structured record (seeds), and
//     every name that was found once, wherever it stands again.
//
// No regular expression is used. A [Scrubber] is made once and used for many notes.
//
// # Limits
//
// The package is tuned for notes in American English. It was not evaluated on notes of
// real patients. It does not find that a story is about one person only: that is "actual
// knowledge" (45 CFR 164.514(b)(2)(ii)), and for people.
package text

// A Label says what a span is.
type Label string

const (
	Name     Label = "NAME"
	Date     Label = "DATE"
	Age      Label = "AGE" // over 89
	Phone    Label = "PHONE"
	Email    Label = "EMAIL"
	SSN      Label = "SSN"
	Number   Label = "ID" // of a record, plan, account, licence, vehicle, device or anything else
	Web      Label = "URL"
	Internet Label = "IP"
	Street   Label = "STREET"
	City     Label = "CITY"
	ZIP      Label = "ZIP"
	Place    Label = "PLACE" // a hospital, an employer
)

// A Span is a part of a text, in bytes, that identifies or may identify somebody.
type Span struct {
	Start, End int
	Label      Label
}
