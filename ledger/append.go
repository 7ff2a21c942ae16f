package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

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

// timeFormat is how times are stored, in UTC and to the microsecond.
const timeFormat = time.RFC3339Nano

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
	if enc.name, enc.body, err = l.types.encode(e); err != nil || !sealed {
		return enc, err
	}
	plain, err := marshal(s.Details)
	if err != nil {
		return enc, err
	}
	enc.subject, enc.salt = s.Subject, make([]byte, saltSize)
	if _, err := io.ReadFull(l.cfg.Rand, enc.salt); err != nil {
		return enc, err
	}
	enc.ciphertext, err = l.cfg.Sealer.Seal(ctx, s.Subject, sealAAD(stream, enc.name), plain)
	return enc, err
}

// maxBatch bounds how many appends share one commit.
const maxBatch = 1024

// A writer is the one goroutine that appends. Requests that wait while it commits
// share the next commit, so that many appenders share one fsync.
type writer struct {
	log     *Log
	edge    *edge
	parties map[string]int64 // number of events of each party so far
	last    time.Time        // of the newest record: time does not run backwards
}

func (w *writer) load(ctx context.Context) error {
	h, err := head(ctx, w.log.db)
	if err != nil {
		return err
	}
	if w.edge, err = loadEdge(ctx, w.log.db, h.N); err != nil {
		return err
	}
	root, err := w.edge.root()
	if err != nil {
		return err
	}
	if root != h.Hash {
		return fmt.Errorf("ledger: the tiles give the root %v, the head says %v: the database was altered", root, h.Hash)
	}
	w.parties = map[string]int64{}
	rs, err := w.log.db.QueryContext(ctx, `select org, n from party`)
	if err != nil {
		return err
	}
	defer rs.Close()
	for rs.Next() {
		var org string
		var n int64
		if err := rs.Scan(&org, &n); err != nil {
			return err
		}
		w.parties[org] = n
	}
	if err := rs.Err(); err != nil {
		return err
	}
	var at string
	err = w.log.db.QueryRowContext(ctx, `select time from head`).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		w.last, err = time.Parse(timeFormat, at)
	}
	return err
}

func (w *writer) run() {
	defer close(w.log.stopped)
	for {
		var batch []*request
		select {
		case <-w.log.stop:
			return
		case r := <-w.log.queue:
			batch = append(batch, r)
		}
	drain:
		for len(batch) < maxBatch {
			select {
			case r := <-w.log.queue:
				batch = append(batch, r)
			default:
				break drain
			}
		}
		w.commit(batch)
	}
}

// commit appends a batch in one transaction and tells every request its outcome.
// A request that fails alone is rejected alone; when the transaction fails, no
// request of it is acknowledged and the log stops writing, since after a failed
// fsync nobody knows what the disk holds.
func (w *writer) commit(batch []*request) {
	results := make([]result, len(batch))
	err := w.log.err()
	if err == nil {
		err = w.write(batch, results)
	}
	for i, r := range batch {
		if err != nil {
			results[i] = result{err: err}
		}
		r.done <- results[i]
	}
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

func (w *writer) write(batch []*request, results []result) (err error) {
	ctx := context.Background() // a batch has many callers: none may cancel the others
	tx, err := w.log.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("ledger: begin: %w", err)
	}
	defer tx.Rollback()
	next := writer{log: w.log, edge: w.edge.clone(), parties: w.parties, last: w.last}
	wrote := false
	for i, r := range batch {
		if results[i].err = r.ctx.Err(); results[i].err != nil {
			continue
		}
		trial := writer{log: w.log, edge: next.edge.clone(), parties: cloneParties(next.parties, r.parties), last: next.last}
		trial.edge.dirty = next.edge.dirty
		if _, err := tx.ExecContext(ctx, `savepoint request`); err != nil {
			return fmt.Errorf("ledger: savepoint: %w", err)
		}
		results[i].receipt, results[i].err = trial.apply(ctx, tx, r)
		if results[i].err != nil {
			if _, err := tx.ExecContext(ctx, `rollback to request`); err != nil {
				return fmt.Errorf("ledger: rollback: %w", err)
			}
		} else if !results[i].receipt.Repeated {
			next, wrote = trial, true
		}
		if _, err := tx.ExecContext(ctx, `release request`); err != nil {
			return fmt.Errorf("ledger: release: %w", err)
		}
	}
	if !wrote {
		return nil
	}
	tree, err := next.finish(ctx, tx)
	if err != nil {
		return fmt.Errorf("ledger: head: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return w.log.fail(err)
	}
	if a := w.log.cfg.Anchor; a != nil {
		if err := a.Advance(tree); err != nil {
			return w.log.fail(err)
		}
	}
	w.edge, w.parties, w.last = next.edge, next.parties, next.last
	for i := range results {
		results[i].receipt.Tree = tree
	}
	return nil
}

func cloneParties(all map[string]int64, touched []string) map[string]int64 {
	if len(touched) == 0 {
		return all
	}
	c := make(map[string]int64, len(all)+len(touched))
	for k, v := range all {
		c[k] = v
	}
	return c
}

// apply appends the events of one request.
func (w *writer) apply(ctx context.Context, tx *sql.Tx, r *request) (Receipt, error) {
	if r.key != "" {
		receipt, done, err := repeated(ctx, tx, r.actor, r.key, r.digest)
		if done || err != nil {
			return receipt, err
		}
	}
	version, err := streamVersion(ctx, tx, r.stream)
	if err != nil {
		return Receipt{}, err
	}
	if r.version != anyVersion && version != r.version {
		return Receipt{}, &conflict{r.stream}
	}
	for _, g := range r.guards {
		at, err := streamVersion(ctx, tx, g.Stream)
		if err != nil {
			return Receipt{}, err
		}
		if at != g.Version {
			return Receipt{}, &conflict{g.Stream}
		}
	}
	receipt := Receipt{First: w.edge.size}
	if now := w.log.Now().Truncate(time.Microsecond); now.After(w.last) {
		w.last = now
	}
	for _, e := range r.events {
		version++
		if err := w.insert(ctx, tx, r, e, version); err != nil {
			return Receipt{}, err
		}
	}
	receipt.Last, receipt.Version = w.edge.size-1, version
	if r.key != "" {
		_, err = tx.ExecContext(ctx, `insert into once (actor, key, digest, first, last, version) values ($1, $2, $3, $4, $5, $6)`,
			r.actor.ID, r.key, r.digest, receipt.First, receipt.Last, receipt.Version)
	}
	return receipt, err
}

// repeated looks for the receipt of an earlier command with the same key.
func repeated(ctx context.Context, db Reader, a Actor, key string, want []byte) (receipt Receipt, done bool, err error) {
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

func streamVersion(ctx context.Context, db Reader, stream string) (v int, err error) {
	err = db.QueryRowContext(ctx, `select coalesce(max(version), 0) from record where stream = $1`, stream).Scan(&v)
	return v, err
}

// insert writes one record, its leaf and its views.
func (w *writer) insert(ctx context.Context, tx *sql.Tx, r *request, e encoded, version int) error {
	rec := Record{Seq: w.edge.size, Stream: r.stream, Version: version, Type: e.name, Time: w.last, Actor: r.actor, Body: e.body}
	for _, org := range slices.Compact(slices.Sorted(slices.Values(r.parties))) {
		w.parties[org]++
		rec.Parties = append(rec.Parties, Party{org, w.parties[org]})
		if _, err := tx.ExecContext(ctx, `insert into party (org, n) values ($1, $2) on conflict (org) do update set n = excluded.n`, org, w.parties[org]); err != nil {
			return err
		}
	}
	if e.ciphertext != nil {
		rec.Sealed = commit("chaperone sealed v1", e.salt, e.ciphertext)
		if _, err := tx.ExecContext(ctx, `insert into sealed (seq, subject, salt, ciphertext) values ($1, $2, $3, $4)`, rec.Seq, e.subject, e.salt, e.ciphertext); err != nil {
			return err
		}
	}
	o := opening{Salt: make([]byte, saltSize), Tags: tags(w.log.cfg.Secret, rec.Parties)}
	if _, err := io.ReadFull(w.log.cfg.Rand, o.Salt); err != nil {
		return err
	}
	var err error
	if o.Event, err = marshal(rec); err != nil {
		return err
	}
	leaf, err := o.leaf(rec.Seq)
	if err != nil {
		return err
	}
	w.edge.push(tlog.RecordHash(leaf))
	if _, err := tx.ExecContext(ctx, `insert into record (seq, stream, version, type, time, salt, tags, event) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		rec.Seq, rec.Stream, rec.Version, rec.Type, rec.Time.Format(timeFormat), o.Salt, packTags(o.Tags), o.Event); err != nil {
		return err
	}
	return w.log.project(ctx, tx, rec)
}

// finish writes the tiles that changed and the new head.
func (w *writer) finish(ctx context.Context, tx *sql.Tx) (tlog.Tree, error) {
	for key, data := range w.edge.flush() {
		if _, err := tx.ExecContext(ctx, `insert into tile (key, hashes) values ($1, $2) on conflict (key) do update set hashes = excluded.hashes`, key, data); err != nil {
			return tlog.Tree{}, err
		}
	}
	root, err := w.edge.root()
	if err != nil {
		return tlog.Tree{}, err
	}
	_, err = tx.ExecContext(ctx, `insert into head (id, size, root, time) values (1, $1, $2, $3) on conflict (id) do update set size = excluded.size, root = excluded.root, time = excluded.time`,
		w.edge.size, root[:], w.last.Format(timeFormat))
	return tlog.Tree{N: w.edge.size, Hash: root}, err
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
