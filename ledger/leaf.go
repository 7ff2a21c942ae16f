package ledger

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
)

const (
	saltSize = 32
	tagSize  = 16
)

// An opening is what shows a party that a leaf is about its event.
type opening struct {
	Salt  []byte   `json:"salt"`
	Tags  [][]byte `json:"tags,omitempty"`
	Event []byte   `json:"event"` // the stored JSON of the record
}

type leafJSON struct {
	V int      `json:"v"`
	N int64    `json:"n"`
	C []byte   `json:"c"`
	T [][]byte `json:"t,omitempty"`
}

// leaf returns the bytes that the tree hashes for the record at n.
func (o opening) leaf(n int64) ([]byte, error) {
	if len(o.Salt) != saltSize {
		return nil, fmt.Errorf("the salt has %d bytes, not %d", len(o.Salt), saltSize)
	}
	for i, tag := range o.Tags {
		if len(tag) != tagSize {
			return nil, fmt.Errorf("tag %d has %d bytes, not %d", i, len(tag), tagSize)
		}
		if i > 0 && bytes.Compare(o.Tags[i-1], tag) >= 0 {
			return nil, fmt.Errorf("tag %d is out of order", i)
		}
	}
	return marshal(leafJSON{1, n, commit("chaperone leaf v1", o.Salt, o.Event), o.Tags})
}

func commit(domain string, salt, data []byte) []byte {
	h := sha256.New()
	h.Write([]byte(domain))
	h.Write([]byte{0})
	h.Write(salt)
	h.Write(data)
	return h.Sum(nil)
}

// sealing is the commitment to sealed details.
func sealing(salt []byte, subject string, ciphertext []byte) []byte {
	return commit("chaperone sealed v1", salt, append([]byte(subject+"\x00"), ciphertext...))
}

// PartyKey derives the key by which org finds its own leaves from the ledger's
// tag secret. The organization may be given its key; it reveals nobody else's.
func PartyKey(secret []byte, org string) []byte {
	return mac(secret, "chaperone party key v1\x00", []byte(org))
}

// PartyTag is the tag of the n-th event of the party that holds key.
func PartyTag(key []byte, n int64) []byte {
	return mac(key, "chaperone party v1\x00", binary.BigEndian.AppendUint64(nil, uint64(n)))[:tagSize]
}

func mac(key []byte, domain string, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(domain))
	h.Write(data)
	return h.Sum(nil)
}

func tags(secret []byte, parties []Party) [][]byte {
	var t [][]byte
	for _, p := range parties {
		t = append(t, PartyTag(PartyKey(secret, p.Org), p.N))
	}
	slices.SortFunc(t, bytes.Compare)
	return t
}
