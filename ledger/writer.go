package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/store"
	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/tlog"
)

// maxBatch bounds how many appends share one commit.
const maxBatch = 1024

// A writer is the one goroutine of a process that appends. Requests that wait while it
// commits share the next commit, so that many appenders share one fsync. Writers of
// other processes wait for the head: what the writer remembers of the tree holds only
// as long as the head has not moved.
type writer struct {
	log     *Log
	session *store.Session    // nil: connect again
	edge    *tree.Edge        // nil: read it again
	parties map[string]int64  // number of events so far, of the parties met
	last    time.Time         // of the newest record: time does not run backwards
	keys    map[string][]byte // party keys, derived once
}

// close gives the connection back.
func (w *writer) close() {
	if w.session != nil {
		w.session.Discard()
		w.session = nil
	}
}

func (w *writer) run() {
	defer close(w.log.stopped)
	defer w.close()
	for {
		var requests []*request
		select {
		case <-w.log.stop:
			return
		case r := <-w.log.queue:
			requests = append(requests, r)
		}
	drain:
		for len(requests) < maxBatch {
			select {
			case r := <-w.log.queue:
				requests = append(requests, r)
			default:
				break drain
			}
		}
		w.commit(requests)
	}
}

// commit appends requests in one transaction and tells each its outcome. A request
// that fails alone is rejected alone; when the transaction fails, no request of it is
// acknowledged. When the commit itself fails the log stops writing, since after a
// failed fsync nobody knows what the disk holds.
func (w *writer) commit(requests []*request) {
	results := make([]result, len(requests))
	err := w.log.err()
	if err == nil {
		err = w.write(requests, results)
	}
	for i, r := range requests {
		if err != nil {
			results[i] = result{err: err}
		}
		r.done <- results[i]
	}
}

func (w *writer) write(requests []*request, results []result) error {
	ctx := context.Background() // a batch has many callers: none may cancel the others
	if err := w.begin(ctx); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed {
			w.abandon(ctx)
		}
	}()
	b, err := w.batch(ctx, requests)
	if err != nil {
		return fmt.Errorf("ledger: read: %w", err)
	}
	for i, r := range requests {
		if results[i].err = r.ctx.Err(); results[i].err == nil {
			results[i].receipt, results[i].err = b.add(ctx, r)
		}
		if b.broken != nil {
			return b.broken
		}
	}
	if len(b.rows) == 0 {
		return nil
	}
	head, err := b.flush(ctx)
	if err != nil {
		return fmt.Errorf("ledger: write: %w", err)
	}
	if _, err := w.session.ExecContext(ctx, `commit`); err != nil {
		return w.log.fail(err)
	}
	committed = true
	if a := w.log.cfg.Anchor; a != nil {
		if err := a.Advance(head); err != nil {
			return w.log.fail(err)
		}
	}
	for i := range results {
		results[i].receipt.Tree = head
	}
	w.log.grew()
	return nil
}

// begin starts a transaction that no other writer can interleave with, and sees to it
// that the writer knows the tree as it is.
func (w *writer) begin(ctx context.Context) (err error) {
	if w.session == nil {
		if w.session, err = w.log.dialect.Session(ctx, w.log.db); err != nil {
			return fmt.Errorf("ledger: connect: %w", err)
		}
	}
	if _, err := w.session.ExecContext(ctx, w.log.dialect.Begin); err != nil {
		w.session.Discard()
		w.session = nil
		return fmt.Errorf("ledger: begin: %w", err)
	}
	if err = w.load(ctx); err != nil {
		w.abandon(ctx)
	}
	return err
}

// abandon ends a transaction without a trace.
func (w *writer) abandon(ctx context.Context) {
	w.edge = nil
	if _, err := w.session.ExecContext(ctx, `rollback`); err != nil {
		w.session.Discard()
		w.session = nil
	}
}

// load reads the tree again if it is not where the writer left it.
func (w *writer) load(ctx context.Context) error {
	h, at, err := store.Head(ctx, w.session, w.log.dialect.Head)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if w.edge != nil && w.edge.Size() == h.N {
		return nil
	}
	if w.edge != nil && w.edge.Size() > h.N {
		return w.log.fail(fmt.Errorf("the database holds %d records, and had %d: it was restored from a backup or cut off", h.N, w.edge.Size()))
	}
	edge, err := tree.Load(h.N, store.Tiles(ctx, w.session))
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	root, err := edge.Root()
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if root != h.Hash {
		return fmt.Errorf("ledger: the tiles give the root %v, the head says %v: the database was altered", root, h.Hash)
	}
	w.edge, w.last, w.parties = edge, at, map[string]int64{}
	return nil
}

// A batch is what one transaction appends.
type batch struct {
	w        *writer
	versions map[string]int // of the streams that the requests name
	rows     []pending
	sees     map[[2]string]bool
	once     [][]any
	counted  map[string]bool // parties whose number changed
	broken   error           // the transaction cannot go on
}

// A pending record is written when the batch is complete.
type pending struct {
	Record
	leaf.Opening
	sealed encoded
}

func (w *writer) batch(ctx context.Context, requests []*request) (*batch, error) {
	var streams []string
	for _, r := range requests {
		streams = append(streams, r.stream)
		for _, g := range r.guards {
			streams = append(streams, g.Stream)
		}
		for _, org := range r.parties {
			if err := w.count(ctx, org); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(streams)
	versions, err := w.log.dialect.Versions(ctx, w.session, slices.Compact(streams))
	return &batch{w: w, versions: versions, sees: map[[2]string]bool{}, counted: map[string]bool{}}, err
}

// count makes sure that the writer knows how many events a party has.
func (w *writer) count(ctx context.Context, org string) error {
	if _, ok := w.parties[org]; ok {
		return nil
	}
	var n int64
	err := w.session.QueryRowContext(ctx, `select n from party where org = $1`, org).Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	w.parties[org] = n
	return nil
}

// add appends the events of one request, or says why not; then the batch is as if the
// request had not come.
func (b *batch) add(ctx context.Context, r *request) (Receipt, error) {
	if r.key != "" {
		receipt, done, err := repeated(ctx, b.w.session, r.actor, r.key, r.digest)
		if i := slices.IndexFunc(b.once, func(o []any) bool { return o[0] == r.actor.ID && o[1] == r.key }); i >= 0 {
			o := b.once[i]
			receipt, done = Receipt{First: o[3].(int64), Last: o[4].(int64), Version: int(o[5].(int64)), Repeated: true}, true
			if !bytes.Equal(o[2].([]byte), r.digest) {
				err = &keyReused{}
			}
		}
		if done || err != nil {
			return receipt, err
		}
	}
	version := b.versions[r.stream]
	if r.version != anyVersion && version != r.version {
		return Receipt{}, &conflict{r.stream}
	}
	for _, g := range r.guards {
		if b.versions[g.Stream] != g.Version {
			return Receipt{}, &conflict{g.Stream}
		}
	}
	if r.dispose != nil {
		if err := b.disposal(ctx, r); err != nil {
			b.broken = err
			return Receipt{}, err
		}
	}
	at := b.w.last
	if now := b.w.log.Now().Truncate(time.Microsecond); now.After(at) {
		at = now
	}
	rows, err := b.make(r, at, version)
	if err == nil {
		err = b.project(ctx, rows)
	}
	if err != nil {
		if r.dispose != nil { // what it deleted must not stay deleted
			b.broken = err
		}
		return Receipt{}, err
	}
	receipt := Receipt{First: b.w.edge.Size(), Last: b.w.edge.Size() + int64(len(rows)) - 1, Version: version + len(rows)}
	for _, p := range rows {
		data, err := p.Bytes(p.Seq)
		if err != nil {
			b.broken = err
			return Receipt{}, err
		}
		b.w.edge.Push(tlog.RecordHash(data))
		for _, party := range p.Parties {
			b.w.parties[party.Org], b.counted[party.Org] = party.N, true
			b.sees[[2]string{p.Stream, party.Org}] = true
		}
	}
	b.w.last, b.versions[r.stream] = at, receipt.Version
	b.rows = append(b.rows, rows...)
	if r.key != "" {
		b.once = append(b.once, []any{r.actor.ID, r.key, r.digest, receipt.First, receipt.Last, int64(receipt.Version)})
	}
	return receipt, nil
}

// make turns the events of a request into records, without changing anything.
func (b *batch) make(r *request, at time.Time, version int) ([]pending, error) {
	var rows []pending
	orgs := slices.Compact(slices.Sorted(slices.Values(r.parties)))
	for i, e := range r.events {
		p := pending{sealed: e}
		p.Record = Record{Seq: b.w.edge.Size() + int64(i), Stream: r.stream, Version: version + 1 + i, Type: e.name, Time: at, Actor: r.actor, Body: e.body}
		for _, org := range orgs {
			p.Parties = append(p.Parties, Party{org, b.w.parties[org] + 1 + int64(i)})
		}
		if e.ciphertext != nil {
			p.Sealed = leaf.Sealing(e.salt, e.subject, e.ciphertext)
		}
		p.Opening = leaf.Opening{Salt: make([]byte, leaf.SaltSize), Tags: b.w.tags(p.Parties)}
		if _, err := io.ReadFull(b.w.log.cfg.Rand, p.Salt); err != nil {
			return nil, err
		}
		var err error
		if p.Event, err = leaf.Marshal(p.Record); err != nil {
			return nil, err
		}
		rows = append(rows, p)
	}
	return rows, nil
}

// project brings the views up to date with the records of one request. A view that
// refuses undoes what the views did for this request.
func (b *batch) project(ctx context.Context, rows []pending) error {
	l, s := b.w.log, b.w.session
	if len(l.cfg.Views) == 0 {
		return nil
	}
	if _, err := s.ExecContext(ctx, `savepoint request`); err != nil {
		b.broken = fmt.Errorf("ledger: savepoint: %w", err)
		return b.broken
	}
	var failed error
	for _, p := range rows {
		if failed = l.project(ctx, s, p.Record); failed != nil {
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

// recordRow returns the row of the table record.
func recordRow(r Record, o leaf.Opening) []any {
	return []any{r.Seq, r.Stream, int64(r.Version), r.Type, r.Time.Format(store.TimeFormat), o.Salt, leaf.PackTags(o.Tags), o.Event}
}

// flush writes the records, the tiles that changed and the new head.
func (b *batch) flush(ctx context.Context) (tlog.Tree, error) {
	var records, sealed, tiles, parties, sees [][]any
	for _, p := range b.rows {
		records = append(records, recordRow(p.Record, p.Opening))
		if p.sealed.ciphertext != nil {
			sealed = append(sealed, []any{p.Seq, p.sealed.subject, p.sealed.salt, p.sealed.ciphertext})
		}
	}
	for key, data := range b.w.edge.Flush() {
		tiles = append(tiles, []any{int64(key), data})
	}
	for org := range b.counted {
		parties = append(parties, []any{org, b.w.parties[org]})
	}
	for pair := range b.sees {
		sees = append(sees, []any{pair[0], pair[1]})
	}
	root, err := b.w.edge.Root()
	if err != nil {
		return tlog.Tree{}, err
	}
	d, s := b.w.log.dialect, b.w.session
	for _, t := range []struct {
		store.Table
		rows [][]any
	}{{store.Record, records}, {store.Sealed, sealed}, {store.Tile, tiles}, {store.Party, parties}, {store.Sees, sees}, {store.Once, b.once}} {
		if err := d.Insert(ctx, s, t.Table, t.rows); err != nil {
			return tlog.Tree{}, err
		}
	}
	head := tlog.Tree{N: b.w.edge.Size(), Hash: root}
	if _, err := s.ExecContext(ctx, `update head set size = $1, root = $2, time = $3 where id = 1`, head.N, root[:], b.w.last.Format(store.TimeFormat)); err != nil {
		return head, err
	}
	if d.Wake != "" {
		_, err = s.ExecContext(ctx, d.Wake)
	}
	return head, err
}

// repeated looks for the receipt of an earlier command with the same key.
func repeated(ctx context.Context, db store.RowQuerier, a Actor, key string, want []byte) (receipt Receipt, done bool, err error) {
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

// tags returns the tags by which the parties find a record.
func (w *writer) tags(parties []Party) [][]byte {
	var t [][]byte
	for _, p := range parties {
		key, ok := w.keys[p.Org]
		if !ok {
			key = leaf.PartyKey(w.log.cfg.Secret, p.Org)
			w.keys[p.Org] = key
		}
		t = append(t, leaf.PartyTag(key, p.N))
	}
	slices.SortFunc(t, bytes.Compare)
	return t
}
