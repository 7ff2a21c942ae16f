// Package proof holds what is needed to check a transparency log without asking it:
// signed heads (C2SP tlog-checkpoint), the cosignatures of witnesses
// (tlog-cosignature), policies that say whom to trust (tlog-policy), and proofs that
// an entry is in the log (tlog-proof). It knows nothing of what the entries mean.
//
// Everything is parsed strictly: a byte that could be changed without consequence is
// an error.
package proof

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// b64 is strict: bits that do not count must be zero, or a changed byte could go
// unnoticed.
var b64 = base64.StdEncoding.Strict()

// A Checkpoint is what the head of a log says.
type Checkpoint struct {
	Origin string // the name of the log
	Tree   tlog.Tree
}

// String returns the text that is signed: origin, size and root, a line each.
func (c Checkpoint) String() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Tree.N, b64.EncodeToString(c.Tree.Hash[:]))
}

// ParseCheckpoint reads the text of a checkpoint, without its signatures.
func ParseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" || lines[3] != "" {
		return Checkpoint{}, errors.New("the checkpoint does not have three lines: origin, size, root")
	}
	n, ok := number(lines[1])
	if !ok {
		return Checkpoint{}, errors.New("the size in the checkpoint is not a number")
	}
	root, ok := hash(lines[2])
	if !ok {
		return Checkpoint{}, errors.New("the root in the checkpoint is not a hash")
	}
	return Checkpoint{lines[0], tlog.Tree{N: n, Hash: root}}, nil
}

// ReadCheckpoint reads the text of a signed checkpoint without checking a signature:
// for those who signed it themselves.
func ReadCheckpoint(signed []byte) (Checkpoint, error) {
	text, _, ok := strings.Cut(string(signed), "\n\n")
	if !ok {
		return Checkpoint{}, errors.New("the checkpoint is not signed")
	}
	return ParseCheckpoint(text + "\n")
}

// number reads a decimal without a sign or leading zeros.
func number(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == s
}

func hash(s string) (h tlog.Hash, ok bool) {
	b, err := b64.DecodeString(s)
	return h, err == nil && copy(h[:], b) == tlog.HashSize && len(b) == tlog.HashSize
}
