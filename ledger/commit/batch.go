package commit

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/record"
	"chaperone.example/ledger/store"
	"golang.org/x/mod/sumdb/tlog"
)

// A batch is what one transaction appends.
type batch struct {
	w        *Writer
	versions map[string]int // of the streams that the requests name
	rows     []pending
	size     int64 // of the ledger with the rows
	sees     map[[2]string]bool
	once     map[[2]string]once
	counted  map[string]bool // parties whose number changed
	salts    []byte          // random, to be used up
	broken   error           // the transaction cannot go on
}

// A pending record is written when the batch is complete.
type pending struct {
	record.Record
	leaf.Opening
	sealed Event
}

// once is what is remembered of a command with an idempotency key.
type once struct {
	digest  []byte
	receipt Receipt
}

func (w *Writer) batch(ctx context.Context, requests []*Request) (*batch, error) {
	var streams, orgs []string
	versions := make(map[string]int, len(requests))
	need := func(stream string) {
		if v, ok := w.trunk.versions[stream]; ok {
			versions[stream] = v
		} else {
			streams = append(streams, stream)
		}
	}
	events := 0
	for _, r := range requests {
		events += max(len(r.Events), 1)
		need(r.Stream)
		for _, g := range r.Guards {
			need(g.Stream)
		}
		for _, org := range r.Parties {
			if _, ok := w.trunk.parties[org]; !ok {
				orgs = append(orgs, org)
			}
		}
	}
	if err := w.count(ctx, orgs); err != nil {
		return nil, err
	}
	if len(streams) > 0 {
		slices.Sort(streams)
		found, err := w.c.Dialect.Versions(ctx, w.session, slices.Compact(streams))
		if err != nil {
			return nil, err
		}
		maps.Copy(versions, found)
	}
	b := &batch{w: w, versions: versions, size: w.trunk.size, sees: map[[2]string]bool{}, once: map[[2]string]once{}, counted: map[string]bool{}}
	b.rows, b.salts = make([]pending, 0, events), make([]byte, events*leaf.SaltSize)
	_, err := io.ReadFull(w.c.Rand, b.salts)
	return b, err
}

// count makes sure that the writer knows how many events parties have.
func (w *Writer) count(ctx context.Context, orgs []string) error {
	if len(orgs) == 0 {
		return nil
	}
	slices.Sort(orgs)
	counts, err := w.c.Dialect.Counts(ctx, w.session, slices.Compact(orgs))
	for org, n := range counts {
		if _, ok := w.trunk.parties[org]; !ok { // what the batch counted is newer
			w.trunk.parties[org] = n
		}
	}
	return err
}

// add appends the events of one request, or says why not; then the batch is as if the
// request had not come.
func (b *batch) add(ctx context.Context, r *Request) (Receipt, error) {
	if r.Key != "" {
		if o, ok := b.once[[2]string{r.Actor.ID, r.Key}]; ok {
			o.receipt.Repeated = true
			if !bytes.Equal(o.digest, r.Digest) {
				return o.receipt, &keyReused{}
			}
			return o.receipt, nil
		}
		if receipt, done, err := Repeated(ctx, b.w.session, r.Actor, r.Key, r.Digest); done || err != nil {
			return receipt, err
		}
	}
	version := b.versions[r.Stream]
	if r.Version != AnyVersion && version != r.Version {
		return Receipt{}, &Conflict{r.Stream}
	}
	for _, g := range r.Guards {
		if b.versions[g.Stream] != g.Version {
			return Receipt{}, &Conflict{g.Stream}
		}
	}
	if r.Dispose != nil {
		if err := b.disposal(ctx, r); err != nil {
			b.broken = err
			return Receipt{}, err
		}
	}
	at := b.w.last
	if now := b.w.c.Now().UTC().Truncate(time.Microsecond); now.After(at) {
		at = now
	}
	before := len(b.rows)
	err := b.make(r, at, version)
	if err == nil {
		err = b.project(ctx, b.rows[before:])
	}
	if err != nil {
		b.rows = b.rows[:before]
		if r.Dispose != nil { // what it deleted must not stay deleted
			b.broken = err
		}
		return Receipt{}, err
	}
	rows := b.rows[before:]
	receipt := Receipt{First: b.size, Last: b.size + int64(len(rows)) - 1, Version: version + len(rows)}
	b.size += int64(len(rows))
	if len(rows) > 0 {
		for _, party := range rows[len(rows)-1].Parties {
			b.w.trunk.parties[party.Org], b.counted[party.Org] = party.N, true
			if pair := [2]string{r.Stream, party.Org}; !b.w.trunk.sees[pair] {
				b.sees[pair] = true
			}
		}
	}
	b.w.last, b.versions[r.Stream] = at, receipt.Version
	if r.Key != "" {
		b.once[[2]string{r.Actor.ID, r.Key}] = once{r.Digest, receipt}
	}
	return receipt, nil
}

// make adds the records of a request.
func (b *batch) make(r *Request, at time.Time, version int) error {
	orgs := slices.Compact(slices.Sorted(slices.Values(r.Parties)))
	for i, e := range r.Events {
		b.rows = append(b.rows, pending{sealed: e})
		p := &b.rows[len(b.rows)-1]
		p.Record = record.Record{Seq: b.size + int64(i), Stream: r.Stream, Version: version + 1 + i, Type: e.Type, Time: at, Actor: r.Actor, Body: e.Body}
		if len(orgs) > 0 {
			p.Parties = make([]record.Party, len(orgs))
		}
		for k, org := range orgs {
			p.Parties[k] = record.Party{Org: org, N: b.w.trunk.parties[org] + 1 + int64(i)}
		}
		if e.Ciphertext != nil {
			p.Sealed = leaf.Sealing(e.Salt, e.Subject, e.Ciphertext)
		}
		p.Salt, b.salts = b.salts[:leaf.SaltSize:leaf.SaltSize], b.salts[leaf.SaltSize:]
		if !b.w.bare {
			p.Tags = b.w.tags(p.Parties)
		}
		var err error
		if p.Event, err = p.Record.Append(make([]byte, 0, 384+len(p.Body))); err != nil {
			return err
		}
	}
	return nil
}

// tags returns the tags by which the parties find a record.
func (w *Writer) tags(parties []record.Party) [][]byte {
	t := make([][]byte, len(parties))
	for i, p := range parties {
		g, ok := w.taggers[p.Org]
		if !ok {
			g = leaf.NewTagger(leaf.PartyKey(w.c.Secret, p.Org))
			w.taggers[p.Org] = g
		}
		t[i] = g.Tag(p.N)
	}
	slices.SortFunc(t, bytes.Compare)
	return t
}

// project brings the views up to date with the records of one request. A view that
// refuses undoes what the views did for this request.
func (b *batch) project(ctx context.Context, rows []pending) error {
	s := b.w.session
	if b.w.c.Project == nil {
		return nil
	}
	if _, err := s.ExecContext(ctx, `savepoint request`); err != nil {
		b.broken = fmt.Errorf("ledger: savepoint: %w", err)
		return b.broken
	}
	var failed error
	for i := range rows {
		if failed = b.w.c.Project(ctx, s, rows[i].Record); failed != nil {
			if _, err := s.ExecContext(ctx, `rollback to savepoint request`); err != nil {
				b.broken = fmt.Errorf("ledger: rollback: %w", err)
			}
			break
		}
	}
	if _, err := s.ExecContext(ctx, `release savepoint request`); err != nil && b.broken == nil {
		b.broken = fmt.Errorf("ledger: release: %w", err)
	}
	return failed
}

// flush writes the records, the tiles that changed and the new head.
func (b *batch) flush(ctx context.Context) (*shared, error) {
	// The tree grows while the database takes the records, which do not depend on it.
	grown := make(chan error, 1)
	const few = 8 // not worth a goroutine
	if len(b.rows) < few {
		grown <- b.grow()
	} else {
		go func() { grown <- b.grow() }()
	}
	err := b.insert(ctx)
	if err = errors.Join(err, <-grown); err != nil {
		return nil, err
	}
	edge, d, s := b.w.trunk.edge, b.w.c.Dialect, b.w.session
	head := tlog.Tree{N: b.size}
	if head.Hash, err = edge.Root(); err != nil {
		return nil, err
	}
	changed := edge.Flush()
	var tiles [][]any
	for _, key := range slices.Sorted(maps.Keys(changed)) {
		tiles = append(tiles, []any{int64(key), changed[key]})
	}
	if err := d.Insert(ctx, s, store.Tile, tiles); err != nil {
		return nil, err
	}
	if _, err := s.ExecContext(ctx, d.Advance, head.N, head.Hash[:], b.w.last.Format(store.TimeFormat)); err != nil {
		return nil, err
	}
	b.w.trunk.size = b.size
	if len(b.w.trunk.versions) > remembered {
		clear(b.w.trunk.versions)
	}
	maps.Copy(b.w.trunk.versions, b.versions)
	maps.Copy(changed, edge.Partial())
	return share(b.w.c.Notary, head, b.rows, changed), nil
}

// grow commits to the records.
func (b *batch) grow() error {
	if b.w.bare {
		return nil
	}
	for i := range b.rows {
		p := &b.rows[i]
		data, err := p.Bytes(p.Seq)
		if err != nil {
			return err
		}
		b.w.trunk.edge.Push(tlog.RecordHash(data))
	}
	return nil
}

// insert writes all but the tree.
func (b *batch) insert(ctx context.Context) error {
	records := make([][]any, len(b.rows))
	var sealed, parties, sees, keys [][]any
	for i := range b.rows {
		p := &b.rows[i]
		records[i] = record.Insertion(&p.Record, p.Opening)
		if p.sealed.Ciphertext != nil {
			sealed = append(sealed, []any{p.Seq, p.sealed.Subject, p.sealed.Salt, p.sealed.Ciphertext})
		}
	}
	for org := range b.counted {
		parties = append(parties, []any{org, b.w.trunk.parties[org]})
	}
	known := b.w.trunk.sees
	if len(known) > remembered {
		clear(known)
	}
	for pair := range b.sees {
		sees = append(sees, []any{pair[0], pair[1]})
		known[pair] = true
	}
	for key, o := range b.once {
		keys = append(keys, []any{key[0], key[1], o.digest, o.receipt.First, o.receipt.Last, int64(o.receipt.Version)})
	}
	for _, t := range []struct {
		store.Table
		rows [][]any
	}{{store.Record, records}, {store.Sealed, sealed}, {store.Party, parties}, {store.Sees, sees}, {store.Once, keys}} {
		if err := b.w.c.Dialect.Insert(ctx, b.w.session, t.Table, t.rows); err != nil {
			return err
		}
	}
	return nil
}

// Repeated looks for the receipt of an earlier command with the same key.
func Repeated(ctx context.Context, db store.RowQuerier, a record.Actor, key string, want []byte) (receipt Receipt, done bool, err error) {
	var digest []byte
	receipt.Repeated = true
	err = db.QueryRowContext(ctx, `select digest, first, last, version from once where actor = $1 and key = $2`, a.ID, key).
		Scan(&digest, &receipt.First, &receipt.Last, &receipt.Version)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Receipt{}, false, nil
	case err == nil && !bytes.Equal(digest, want):
		err = &keyReused{}
	}
	return receipt, true, err
}
