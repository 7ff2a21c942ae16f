// Package digest counts and hashes a dataset as it is read for a release, so that what
// was read can be held against what was received.
package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// A Reader reads through, counting and hashing.
type Reader struct {
	N   int64 // bytes read so far
	in  io.Reader
	sum hash.Hash
}

// New returns a reader of what in holds.
func New(in io.Reader) *Reader { return &Reader{in: in, sum: sha256.New()} }

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	r.sum.Write(p[:n])
	r.N += int64(n)
	return n, err
}

// Hex returns the SHA-256 of what was read so far.
func (r *Reader) Hex() string { return hex.EncodeToString(r.sum.Sum(nil)) }
