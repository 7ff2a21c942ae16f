// Package commit is the group commit of a ledger: appends that come while the disk is
// busy share the next transaction and its one fsync, and each gets its own durable
// acknowledgement, with the proof of what it appended.
package commit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"chaperone.example/ledger/group"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/notary"
	"chaperone.example/ledger/record"
	"chaperone.example/ledger/store"
	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/tlog"
)

// maxBatch bounds how many appends share one commit.
const maxBatch = 2048

// A Config says what a [Writer] works with.
type Config struct {
	DB      *sql.DB
	Dialect *store.Dialect
	Now     func() time.Time
	Rand    io.Reader // salts
	Secret  []byte    // from which party keys are derived
	Notary  *notary.Notary
	// Project brings the views up to date with a record, in the transaction that
	// appends it. Optional.
	Project func(context.Context, *store.Session, record.Record) error
	// Committed is called when a head is durable, before the appends are acknowledged.
	// An error of it is the end of all writing.
	Committed func(tlog.Tree) error
}

// A Writer is the one goroutine of a process that appends. Writers of other processes
// wait for the head: what the writer remembers of the tree holds only as long as the
// head has not moved.
type Writer struct {
	c       Config
	queue   *group.Queue[*Request]
	started bool
	stopped chan struct{}

	mu     sync.Mutex
	broken error // after a failed commit: nothing is written any more

	// The rest is the goroutine's own.
	session *store.Session // nil: connect again
	trunk   *trunk         // nil: read it again
	last    time.Time      // of the newest record: time does not run backwards
	taggers map[string]*leaf.Tagger
	bare    bool // leave out the evidence: to measure what it costs
}

// New returns a writer, after it saw that the tiles in the database give the root that
// is the head.
func New(ctx context.Context, c Config) (*Writer, error) {
	w := &Writer{c: c, queue: group.New[*Request](), stopped: make(chan struct{}), taggers: map[string]*leaf.Tagger{}}
	if err := w.begin(ctx); err != nil {
		w.release()
		return nil, err
	}
	w.abandon(ctx)
	return w, nil
}

// Start lets the writer write.
func (w *Writer) Start() {
	w.started = true
	go w.run()
}

// Close waits until what was asked for is written, and takes nothing any more.
func (w *Writer) Close() {
	w.queue.Close()
	if w.started {
		<-w.stopped
	} else {
		w.release()
	}
}

// release gives the connection back.
func (w *Writer) release() {
	if w.session != nil {
		w.session.Discard()
		w.session = nil
	}
}

// Append hands r to the writer and waits until it is durable.
func (w *Writer) Append(ctx context.Context, r *Request) (Receipt, error) {
	if err := r.check(); err != nil {
		return Receipt{}, err
	}
	if err := ctx.Err(); err != nil {
		return Receipt{}, err
	}
	r.ctx, r.done = ctx, make(chan result, 1)
	if !w.queue.Put(r) {
		return Receipt{}, errors.New("ledger: closed")
	}
	// From here on the append may become durable: its outcome is awaited even if
	// the caller has lost interest.
	res := <-r.done
	return res.receipt, res.err
}

func (r *Request) check() error {
	bad := malformed(r.Stream) || malformed(r.Actor.ID) || malformed(r.Key)
	for _, org := range r.Parties {
		bad = bad || malformed(org)
	}
	if bad {
		return errors.New("ledger: a name holds a zero byte or is not UTF-8")
	}
	return nil
}

func malformed(name string) bool {
	return strings.IndexByte(name, 0) >= 0 || !utf8.ValidString(name)
}

func (w *Writer) run() {
	defer close(w.stopped)
	defer w.release()
	for {
		requests, ok := w.queue.Take(maxBatch)
		if !ok {
			return
		}
		w.commit(requests)
	}
}

// commit appends requests in one transaction and tells each its outcome. A request
// that fails alone is rejected alone; when the transaction fails, no request of it is
// acknowledged. When the commit itself fails the log stops writing, since after a
// failed fsync nobody knows what the disk holds.
func (w *Writer) commit(requests []*Request) {
	results := make([]result, len(requests))
	w.mu.Lock()
	err := w.broken
	w.mu.Unlock()
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

// fail makes err the end of all writing.
func (w *Writer) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = fmt.Errorf("ledger: a commit failed, and nothing more is written until the program is started again: %w", err)
	return w.broken
}

func (w *Writer) write(requests []*Request, results []result) error {
	ctx := context.Background() // a batch has many callers: none may cancel the others
	if err := w.begin(ctx); err != nil {
		return err
	}
	ended := false
	defer func() {
		if !ended {
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
		kept := w.trunk // nothing grew
		w.abandon(ctx)
		w.trunk, ended = kept, true
		return nil
	}
	shared, err := b.flush(ctx)
	if err != nil {
		return fmt.Errorf("ledger: write: %w", err)
	}
	if _, err := w.session.ExecContext(ctx, `commit`); err != nil {
		return w.fail(err)
	}
	ended = true
	if err := w.c.Committed(shared.head); err != nil {
		return w.fail(err)
	}
	for i := range results {
		results[i].receipt.Tree = shared.head
		if results[i].err == nil && !results[i].receipt.Repeated {
			results[i].receipt.shared = shared
		}
	}
	return nil
}

// begin starts a transaction that no other writer can interleave with, and sees to it
// that the writer knows the tree as it is.
func (w *Writer) begin(ctx context.Context) (err error) {
	if w.session == nil {
		if w.session, err = w.c.Dialect.Session(ctx, w.c.DB); err != nil {
			return fmt.Errorf("ledger: connect: %w", err)
		}
	}
	if _, err := w.session.ExecContext(ctx, w.c.Dialect.Begin); err != nil {
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
func (w *Writer) abandon(ctx context.Context) {
	w.trunk = nil
	if _, err := w.session.ExecContext(ctx, `rollback`); err != nil {
		w.session.Discard()
		w.session = nil
	}
}

// A trunk is what the writer remembers of the ledger while nobody else appends.
type trunk struct {
	size     int64
	edge     *tree.Edge
	parties  map[string]int64   // number of events so far, of the parties met
	versions map[string]int     // of the streams met
	sees     map[[2]string]bool // streams with organizations that are known to see them
}

// remembered bounds each map of a trunk but that of the parties.
const remembered = 1 << 16

func newTrunk(size int64, edge *tree.Edge) *trunk {
	return &trunk{size, edge, map[string]int64{}, map[string]int{}, map[[2]string]bool{}}
}

// load reads the tree again if it is not where the writer left it.
func (w *Writer) load(ctx context.Context) error {
	h, at, err := store.Head(ctx, w.session, w.c.Dialect.Head)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if w.trunk != nil && w.trunk.size == h.N {
		return nil
	}
	if w.trunk != nil && w.trunk.size > h.N {
		return w.fail(fmt.Errorf("the database holds %d records, and had %d: it was restored from a backup or cut off", h.N, w.trunk.size))
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
	w.trunk, w.last = newTrunk(h.N, edge), at
	return nil
}
