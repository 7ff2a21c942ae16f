package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"chaperone.example/ledger/leaf"
	"golang.org/x/mod/sumdb/tlog"
)

// A Guard is a stream that must still be at a version when an append commits,
// because the decision rests on it.
type Guard struct {
	Stream  string
	Version int
}

// A Receipt acknowledges an append: it is durable.
type Receipt struct {
	First, Last int64 // positions of the events in the ledger
	Version     int   // of the stream, after the append
	Repeated    bool  // the same idempotency key came before: nothing was appended now
	Tree        tlog.Tree
}

// anyVersion appends whatever the version of the stream is.
const anyVersion = -1

// A request is an append on its way through the writer.
type request struct {
	ctx     context.Context
	stream  string
	version int // of the stream before, or anyVersion
	guards  []Guard
	actor   Actor
	parties []string
	events  []encoded
	key     string // idempotency key of the actor, or ""
	digest  []byte
	dispose *Disposal // what is disposed of; its event is made by the writer
	done    chan result
}

type encoded struct {
	name       string
	body       []byte
	subject    string // of the sealed details, if any
	salt       []byte
	ciphertext []byte
}

type result struct {
	receipt Receipt
	err     error
}

// append encodes and seals the events, hands them to the writer and waits until
// they are durable.
func (l *Log) append(ctx context.Context, r *request, events []Event) (Receipt, error) {
	for _, e := range events {
		enc, err := l.encode(ctx, r.stream, e)
		if err != nil {
			return Receipt{}, err
		}
		r.events = append(r.events, enc)
	}
	for _, text := range append([]string{r.stream, r.actor.ID, r.key}, r.parties...) {
		if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
			return Receipt{}, errors.New("ledger: a name holds a zero byte or is not UTF-8")
		}
	}
	r.ctx, r.done = ctx, make(chan result, 1)
	select {
	case l.queue <- r:
	case <-l.stop:
		return Receipt{}, errors.New("ledger: closed")
	case <-ctx.Done():
		return Receipt{}, ctx.Err()
	}
	// From here on the append may become durable: its outcome is awaited even if
	// the caller has lost interest.
	res := <-r.done
	return res.receipt, res.err
}

func (l *Log) encode(ctx context.Context, stream string, e Event) (encoded, error) {
	s, sealed := e.(Sealed)
	if sealed {
		e = s.Event
	}
	var enc encoded
	var err error
	if enc.name, enc.body, err = l.types.Encode(e); err != nil {
		return enc, fmt.Errorf("ledger: %w", err)
	}
	if !sealed {
		return enc, nil
	}
	if s.Subject == "" || strings.ContainsRune(s.Subject, 0) || !utf8.ValidString(s.Subject) {
		return enc, errors.New("ledger: sealed details need a subject, in UTF-8 and without a zero byte")
	}
	plain, err := leaf.Marshal(s.Details)
	if err != nil {
		return enc, err
	}
	enc.subject, enc.salt = s.Subject, make([]byte, leaf.SaltSize)
	if _, err := io.ReadFull(l.cfg.Rand, enc.salt); err != nil {
		return enc, err
	}
	enc.ciphertext, err = l.cfg.Sealer.Seal(ctx, s.Subject, sealAAD(stream, enc.name), plain)
	return enc, err
}

// A conflict reports that a stream moved on between reading and appending.
type conflict struct{ stream string }

func (c *conflict) Error() string { return "ledger: " + c.stream + " changed meanwhile" }

func (c *conflict) Fault() (string, string) {
	kind, _, _ := strings.Cut(c.stream, "/")
	return "conflict", "somebody else changed this " + kind + " meanwhile: look at it again, then decide"
}

type keyReused struct{}

func (*keyReused) Error() string { return "ledger: the idempotency key was used for something else" }

func (*keyReused) Fault() (string, string) {
	return "conflict", "this idempotency key was used for another request: use a fresh one"
}

func (l *Log) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// fail makes err the end of all writing.
func (l *Log) fail(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = fmt.Errorf("ledger: a commit failed, and nothing more is written until the program is started again: %w", err)
	return l.broken
}
