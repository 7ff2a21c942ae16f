// Package ledger keeps the one history of a system: an append-only sequence of
// events, each committed to by a leaf of a Merkle tree, from which every view is
// computed. It knows nothing of hospitals and takes a *sql.DB.
//
// # Terms
//
// An [Event] is a plain struct in the past tense that a module records. A stream
// ("agreement/7f3a") holds the events about one thing, in versions dense from 1;
// a [Kind] says how they fold into a state. A [Record] is an event in its place.
// A party is an organization that the event concerns and that may see it.
//
// [Do] and [Ask] are the only doors. Do asks the [Gate], folds the stream, lets
// the command decide, and appends events and views in one transaction; it is
// acknowledged only when it is durable. Ask answers within the [Scope] that the
// gate minted, and records the access first where the question says so.
//
// # What the tree commits to
//
// The leaf of record n is the JSON object
//
//	{"v":1,"n":n,"c":"<commitment>","t":["<tag>",…]}
//
// with the members in this order and no white space. The commitment is the
// standard base64 of SHA-256("chaperone leaf v1" ‖ 0 ‖ salt ‖ event), where salt
// is 32 random bytes and event is the stored JSON of the record. Whoever holds
// the event and its salt (an opening) can check it against the leaf; whoever does
// not learns nothing, so that competing organizations can mirror one log.
//
// Each party numbers its own events densely from 1. A tag is the first 16 bytes of
// HMAC-SHA256(party key, "chaperone party v1" ‖ 0 ‖ number as 8 bytes big endian);
// the tags of a leaf are sorted. A party that knows its key finds all of its
// leaves, and, because its next number is in no leaf, that none was left out.
//
// An event holds no personal detail. What must be kept beside it goes through
// [Sealed]: the details are encrypted by the [Sealer] under the key of a subject,
// and the event commits to SHA-256("chaperone sealed v1" ‖ 0 ‖ salt ‖ subject ‖ 0 ‖
// ciphertext). Destroying the key and the ciphertext is the disposal; a [Disposed]
// event names the records, and every proof stays valid.
//
// The tree is that of RFC 6962 in 256-wide tiles, its heads are C2SP
// tlog-checkpoints, and a proof ([Log.Prove]) is a C2SP tlog-proof whose extra
// line carries the opening.
package ledger
