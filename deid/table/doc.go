// Package table de-identifies CSV in one streaming pass.
//
// Every column stands for one element of package phi, by its name or as the caller
// says; a column that stands for none is refused, or removed if the caller says so.
// What is done to a column follows from its element:
//
//   - names, numbers that identify, addresses, free text: the column is removed;
//   - dates become their year under Safe Harbor;
//   - the age of a person, whether in an age column or told by the date of birth, is
//     judged at the latest date of the row, or at the as-of date if the row has none;
//     over 89, the date of birth is emptied and the age becomes "90+" (in the age_years
//     of the encounter extract, which is a number capped at 90, "90"); a date 90 or
//     more years before is emptied;
//   - ZIP codes become three digits as far as the census allows; States stay;
//   - keys and tokens get a new name from the [code.Coder];
//   - codes, categories and numbers stay if they look like what their column should
//     hold; a value that does not is emptied and counted, for it may be something else.
//
// # Form
//
// Input is CSV as RFC 4180 has it, UTF-8, with a header; the separator may be a comma,
// semicolon, tab or bar, the one that the header has most of. Output has the columns that
// stay, in the order of the input, with the same separator.
package table
