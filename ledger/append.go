package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"chaperone.example/ledger/commit"
	"chaperone.example/ledger/leaf"
)

// What an append rests on, and what acknowledges it.
type (
	Guard   = commit.Guard
	Receipt = commit.Receipt
)

// append encodes and seals the events, hands them to the writer and waits until they
// are durable.
func (l *Log) append(ctx context.Context, r *commit.Request, events ...Event) (Receipt, error) {
	if l.writer == nil {
		return Receipt{}, errors.New("ledger: the past cannot be changed")
	}
	for _, e := range events {
		enc, err := l.encode(ctx, r.Stream, e)
		if err != nil {
			return Receipt{}, err
		}
		r.Events = append(r.Events, enc)
	}
	return l.writer.Append(ctx, r)
}

func (l *Log) encode(ctx context.Context, stream string, e Event) (commit.Event, error) {
	s, sealed := e.(Sealed)
	if sealed {
		e = s.Event
	}
	var enc commit.Event
	var err error
	if enc.Type, enc.Body, err = l.types.Encode(e); err != nil {
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
	enc.Subject, enc.Salt = s.Subject, make([]byte, leaf.SaltSize)
	if _, err := io.ReadFull(l.cfg.Rand, enc.Salt); err != nil {
		return enc, err
	}
	enc.Ciphertext, err = l.cfg.Sealer.Seal(ctx, s.Subject, sealAAD(stream, enc.Type), plain)
	return enc, err
}
