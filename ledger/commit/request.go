package commit

import (
	"context"
	"errors"
	"strings"
	"sync"

	"chaperone.example/ledger/notary"
	"chaperone.example/ledger/record"
	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/tlog"
)

// A Guard is a stream that must still be at a version when an append commits,
// because the decision rests on it.
type Guard struct {
	Stream  string
	Version int
}

// AnyVersion appends whatever the version of the stream is.
const AnyVersion = -1

// A Request is an append on its way through the writer.
type Request struct {
	Stream  string
	Version int // of the stream before, or [AnyVersion]
	Guards  []Guard
	Actor   record.Actor
	Parties []string
	Events  []Event
	Key     string    // idempotency key of the actor, or ""
	Digest  []byte    // of what is asked for with the key
	Dispose *Disposal // what is disposed of; its event is made by the writer

	ctx  context.Context
	done chan result
}

// An Event is encoded, and its details are sealed.
type Event struct {
	Type       string
	Body       []byte // what leaf.Marshal makes of it
	Subject    string // of the sealed details, if any
	Salt       []byte
	Ciphertext []byte
}

type result struct {
	receipt Receipt
	err     error
}

// A Receipt acknowledges an append: it is durable.
type Receipt struct {
	First, Last int64 // positions of the events in the ledger
	Version     int   // of the stream, after the append
	Repeated    bool  // the same idempotency key came before: nothing was appended now
	Tree        tlog.Tree

	shared *shared // by all appends of the commit; nil if repeated
}

// shared is what the proofs of one commit need: they ask neither the database nor
// anybody else.
type shared struct {
	notary *notary.Notary
	head   tlog.Tree
	rows   []pending
	tiles  map[tree.Key][]byte
	sign   func() ([]byte, error) // the checkpoint of head, once for all
}

// ErrRepeated is why a receipt that was given before has no proof in it: ask the ledger.
var ErrRepeated = errors.New("ledger: the append is of an earlier commit: ask the ledger for its proof")

// Proof returns the proof (C2SP tlog-proof) that the record at position seq, which the
// receipt is for, is in the ledger, against the signed head of the very commit. It is
// made from what the commit left in memory, on the time of the caller; the head is
// signed once for all callers of the commit that ask. Witnesses have not cosigned it
// yet: a proof that cites them is to be had a little later, from the ledger.
func (r Receipt) Proof(seq int64) ([]byte, error) {
	s := r.shared
	if s == nil {
		return nil, ErrRepeated
	}
	if seq < r.First || seq > r.Last {
		return nil, errors.New("ledger: the receipt is not for that record")
	}
	p := &s.rows[seq-s.rows[0].Seq]
	if !p.Concerns(p.Actor.Org) { // who is no party gets no opening
		return nil, errors.New("ledger: the actor's organization is no party of the record")
	}
	signed, err := s.sign()
	if err != nil {
		return nil, err
	}
	return notary.Proof(record.Row{Seq: seq, Opening: p.Opening}, signed, s.head.N, tree.Kept(s.tiles))
}

func share(n *notary.Notary, head tlog.Tree, rows []pending, tiles map[tree.Key][]byte) *shared {
	return &shared{n, head, rows, tiles, sync.OnceValues(func() ([]byte, error) { return n.Sign(head) })}
}

// A Conflict reports that a stream moved on between reading and appending.
type Conflict struct{ Stream string }

func (c *Conflict) Error() string { return "ledger: " + c.Stream + " changed meanwhile" }

// Fault says it to people.
func (c *Conflict) Fault() (string, string) {
	kind, _, _ := strings.Cut(c.Stream, "/")
	return "conflict", "somebody else changed this " + kind + " meanwhile: look at it again, then decide"
}

type keyReused struct{}

func (*keyReused) Error() string { return "ledger: the idempotency key was used for something else" }

func (*keyReused) Fault() (string, string) {
	return "conflict", "this idempotency key was used for another request: use a fresh one"
}
