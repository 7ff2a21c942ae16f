// Package leaf makes what the Merkle tree of a ledger hashes: salted commitments to
// events, the tags by which parties find their own, and the one form of JSON that is
// committed to. The package comment of ledger specifies the format.
package leaf

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
)

// Sizes in bytes.
const (
	SaltSize = 32
	TagSize  = 16
)

// An Opening is what shows a party that a leaf is about its event.
type Opening struct {
	Salt  []byte   `json:"salt"`
	Tags  [][]byte `json:"tags,omitempty"`
	Event []byte   `json:"event"` // the stored JSON of the record
}

// A Closed leaf is what everybody may see: it says nothing to who holds no opening.
type Closed struct {
	V          int      `json:"v"` // of the format: 1
	N          int64    `json:"n"` // position in the ledger
	Commitment []byte   `json:"c"`
	Tags       [][]byte `json:"t,omitempty"`
}

// Close returns the leaf of the record at n.
func (o Opening) Close(n int64) (Closed, error) {
	if len(o.Salt) != SaltSize {
		return Closed{}, fmt.Errorf("the salt has %d bytes, not %d", len(o.Salt), SaltSize)
	}
	c := Closed{1, n, commit("chaperone leaf v1", o.Salt, o.Event), o.Tags}
	return c, c.check()
}

func (c Closed) check() error {
	if c.V != 1 || c.N < 0 || len(c.Commitment) != sha256.Size {
		return errors.New("not a leaf of version 1")
	}
	for i, tag := range c.Tags {
		if len(tag) != TagSize {
			return fmt.Errorf("tag %d has %d bytes, not %d", i, len(tag), TagSize)
		}
		if i > 0 && bytes.Compare(c.Tags[i-1], tag) >= 0 {
			return fmt.Errorf("tag %d is out of order", i)
		}
	}
	return nil
}

// Bytes returns what the tree hashes for the record at n.
func (o Opening) Bytes(n int64) ([]byte, error) {
	c, err := o.Close(n)
	if err != nil {
		return nil, err
	}
	return c.Bytes(), nil
}

// Bytes returns what [Marshal] makes of the leaf, at a fraction of the cost.
func (c Closed) Bytes() []byte {
	b := make([]byte, 0, 96+len(c.Tags)*27) // a digest has 44 characters, a tag 24
	b = strconv.AppendInt(append(b, `{"v":`...), int64(c.V), 10)
	b = strconv.AppendInt(append(b, `,"n":`...), c.N, 10)
	b = base64.StdEncoding.AppendEncode(append(b, `,"c":"`...), c.Commitment)
	for i, tag := range c.Tags {
		if i == 0 {
			b = append(b, `","t":["`...)
		} else {
			b = append(b, `","`...)
		}
		b = base64.StdEncoding.AppendEncode(b, tag)
	}
	if len(c.Tags) > 0 {
		return append(b, `"]}`...)
	}
	return append(b, `"}`...)
}

// Parse reads a leaf strictly.
func Parse(data []byte) (Closed, error) {
	var c Closed
	if err := Strict(data, &c); err != nil {
		return c, err
	}
	return c, c.check()
}

func commit(domain string, salt, data []byte) []byte {
	b := make([]byte, 0, len(domain)+1+len(salt)+len(data)) // one block of memory, one pass
	b = append(append(append(append(b, domain...), 0), salt...), data...)
	sum := sha256.Sum256(b)
	return sum[:]
}

// Sealing is the commitment to sealed details.
func Sealing(salt []byte, subject string, ciphertext []byte) []byte {
	return commit("chaperone sealed v1", salt, append([]byte(subject+"\x00"), ciphertext...))
}

// PartyKey derives the key by which org finds its own leaves from the ledger's
// tag secret. The organization may be given its key; it reveals nobody else's.
func PartyKey(secret []byte, org string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("chaperone party key v1\x00" + org))
	return h.Sum(nil)
}

// PartyTag is the tag of the n-th event of the party that holds key.
func PartyTag(key []byte, n int64) []byte { return NewTagger(key).Tag(n) }

// A Tagger makes the tags of one party. It serves one goroutine.
type Tagger struct {
	mac hash.Hash // reset, it need not digest the key again
	msg []byte
}

// NewTagger returns the tagger of the party that holds key.
func NewTagger(key []byte) *Tagger {
	return &Tagger{hmac.New(sha256.New, key), []byte(tagDomain)}
}

const tagDomain = "chaperone party v1\x00"

// Tag is the tag of the n-th event of the party.
func (t *Tagger) Tag(n int64) []byte {
	t.mac.Reset()
	t.msg = binary.BigEndian.AppendUint64(t.msg[:len(tagDomain)], uint64(n))
	t.mac.Write(t.msg)
	return t.mac.Sum(make([]byte, 0, sha256.Size))[:TagSize]
}

// PackTags joins tags to one string of bytes.
func PackTags(tags [][]byte) []byte {
	b := make([]byte, 0, len(tags)*TagSize) // not nil: the column is not null
	for _, t := range tags {
		b = append(b, t...)
	}
	return b
}

// UnpackTags reverses [PackTags].
func UnpackTags(b []byte) ([][]byte, error) {
	if len(b)%TagSize != 0 {
		return nil, fmt.Errorf("tags of %d bytes", len(b))
	}
	return slices.Collect(slices.Chunk(b, TagSize)), nil
}

// Marshal is the one way that anything committed to becomes bytes: compact, in
// field order, without the escaping of HTML.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// AppendString appends the JSON string that [Marshal] makes of s.
func AppendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' { // to be escaped, or not ASCII
			quoted, _ := Marshal(s) // a string always has a form
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// Strict decodes JSON that must be exactly what [Marshal] makes of the value.
func Strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New("not the JSON of this format")
	}
	again, err := Marshal(v)
	if err != nil || !bytes.Equal(again, data) {
		return errors.New("not in canonical form")
	}
	return nil
}
