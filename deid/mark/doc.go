// Package mark gives every recipient of a table its own copy of it, so that a leak names
// its source, and nothing that a patient's care or a study rests on is altered.
//
// There are three marks, which a [Plan] names and [Embed] sets:
//
//   - Pseudonyms ([Space]): ids and keys become codes that only this recipient has. Each
//     carries a tag of 32 bits by which the owner's key recognizes it. One or two
//     leaked rows with their ids are enough, whatever became of the rest.
//   - A fingerprint in free choices ([Code], [Carrier]), for leaks without ids: a bit of
//     the recipient's codeword decides, in an amount published to a unit, which of the
//     two multiples around it stands; in a share of the rows, whether a demographic
//     value stands or is withheld. Both are right within what the release says of
//     itself. Clinical values, dates, ages and sex are never carriers; the list is in
//     plan.go.
//   - Canaries: a few synthetic records, at most a thousandth, that no other recipient
//     has. The data use agreement allows for them, the owner's own statistics are made
//     from unmarked data, and they are no patient's: each cell is drawn by itself.
//
// Data that is given for treatment is never marked: a plan for it is refused.
//
// # The code
//
// The code is Tardos' (Tardos, "Optimal probabilistic fingerprint codes", STOC 2003), in
// its symmetric form (Škorić, Katzenbeisser, Celik, "Symmetric Tardos fingerprinting
// codes for arbitrary alphabet sizes", Designs, Codes and Cryptography 46, 2008): a
// coalition that compares its copies and mixes them still shows each of its members. The
// decoder scores by likelihood ratios (Meerwald and Furon, "Toward practical joint
// decoding of binary Tardos fingerprinting codes", IEEE TIFS 7, 2012) instead of by the
// symmetric score, in rounds, and its bound on accusing an innocent is a theorem for
// every length and every attack (see [Code.Accuse]).
//
// # What it costs and what it stands
//
// Which bit a row carries follows from its own cells ([Plan.Identity]) under the owner's
// key: no list of rows is kept, and rows may be deleted, sorted and mixed with others.
// Rows that agree in those cells are marked alike. Three marked rows for each of 1,024
// bits suffice; a table with fewer says so ([Record.Bits]). Who drops or alters the
// columns of the identity, or rounds the carriers again, erases the fingerprint; the
// pseudonyms and canaries are for that. Averaging an amount over many recipients'
// copies tells it to better than its unit: a unit is not a protection against
// recipients who conspire.
//
// The package is pure: the key comes in, and everything follows from it.
package mark
