package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/store"
	"chaperone.example/ledger/vocabulary"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Reader answers SQL queries; it cannot write.
type Reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// A Tx is what a view is brought up to date with.
type Tx interface {
	Reader
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// A View is a set of tables computed from the ledger. Apply runs in the
// transaction that appends, so a view is never behind and never ahead; it may read
// the record and the tables of the view, and nothing else.
type View struct {
	Name   string // of the view, for progress and errors
	Schema string // "create table if not exists …" statements
	Apply  func(ctx context.Context, tx Tx, r Record, e Event) error
}

// A Sealer encrypts the details that the ledger must be able to forget.
type Sealer interface {
	// Seal encrypts plaintext under the key of subject, which is made if need be.
	Seal(ctx context.Context, subject string, aad, plaintext []byte) (ciphertext []byte, err error)
	// Open reverses Seal. It returns [ErrDisposed] when the key was destroyed.
	Open(ctx context.Context, subject string, aad, ciphertext []byte) (plaintext []byte, err error)
}

// ErrDisposed reports that sealed details were disposed of.
var ErrDisposed = errors.New("ledger: the details were disposed of")

// A Config says how a [Log] is put together. Everything is required but what is said
// to be optional.
type Config struct {
	DB     *sql.DB // one database that holds the ledger and its views: SQLite or PostgreSQL
	Origin string  // the name of the log in its checkpoints
	Now    func() time.Time
	Rand   io.Reader // salts
	Types  []Types
	Older  []Upcast // how old versions of events are read; optional
	Views  []View   // optional
	Sealer Sealer
	Secret []byte      // from which party keys are derived; see [leaf.PartyKey]
	Signer note.Signer // signs checkpoints; its name is the origin
	Second note.Signer // adds a second signature, such as ML-DSA-44; optional
	Anchor Anchor      // what the database is compared with when it is opened; optional
}

// A Log is the ledger in a SQL database.
type Log struct {
	db      *sql.DB
	dialect *store.Dialect
	cfg     Config
	types   *vocabulary.Vocabulary
	queue   chan *request
	stop    chan struct{}
	stopped chan struct{}
	once    sync.Once
	live    *Log // of which this is the past; nil if it is not

	mu     sync.Mutex // guards the fields below
	broken error      // after a failed commit: nothing is written any more
	states map[string]folded
	more   chan struct{} // closed when the ledger grows
	signed []byte        // the newest checkpoint that was signed
}

type folded struct {
	version int
	state   any
}

// Open prepares the database and starts the writer. Close stops it.
func Open(ctx context.Context, c Config) (*Log, error) {
	switch {
	case c.DB == nil || c.Now == nil || c.Rand == nil || c.Sealer == nil || c.Signer == nil:
		return nil, errors.New("ledger: incomplete configuration")
	case len(c.Secret) < 32:
		return nil, errors.New("ledger: the tag secret has fewer than 32 bytes")
	case c.Signer.Name() != c.Origin:
		return nil, fmt.Errorf("ledger: the signing key is of %q, the log is %q", c.Signer.Name(), c.Origin)
	}
	words, err := wordsOf(append(slices.Clone(c.Types), Types{DisposedType: Disposed{}}), c.Older)
	if err != nil {
		return nil, err
	}
	d, err := store.DialectOf(ctx, c.DB)
	if err != nil {
		return nil, err
	}
	if err := d.Prepare(ctx, c.DB, schemas(c.Views)...); err != nil {
		return nil, fmt.Errorf("ledger: schema: %w", err)
	}
	l := &Log{db: c.DB, dialect: d, cfg: c, types: words, queue: make(chan *request), stop: make(chan struct{}), stopped: make(chan struct{}),
		states: map[string]folded{}, more: make(chan struct{})}
	w := &writer{log: l, keys: map[string][]byte{}}
	if err := w.begin(ctx); err != nil {
		w.close()
		return nil, err
	}
	w.abandon(ctx)
	if c.Anchor != nil {
		if err := CheckAnchor(ctx, c.DB, c.Anchor); err != nil {
			w.close()
			return nil, err
		}
	}
	if err := l.shred(ctx); err != nil {
		w.close()
		return nil, err
	}
	go w.run()
	return l, nil
}

func schemas(views []View) (s []string) {
	for _, v := range views {
		s = append(s, v.Schema)
	}
	return s
}

// Close waits for the writer to finish what it began. The database stays open.
func (l *Log) Close() {
	l.once.Do(func() { close(l.stop) })
	<-l.stopped
}

// DB returns the database for reading.
func (l *Log) DB() Reader { return l.db }

// Origin returns the name of the log.
func (l *Log) Origin() string { return l.cfg.Origin }

// Now returns the time by the clock of the ledger.
func (l *Log) Now() time.Time { return l.cfg.Now().UTC() }

// Head returns the size and the root hash of the ledger.
func (l *Log) Head(ctx context.Context) (tlog.Tree, error) { return head(ctx, l.db) }

func head(ctx context.Context, db store.RowQuerier) (tlog.Tree, error) {
	t, _, err := store.Head(ctx, db, store.ReadHead)
	if err != nil {
		err = fmt.Errorf("ledger: %w", err)
	}
	return t, err
}

const recordColumns = `select seq, salt, tags, event from record`

// Records yields the records of stream in order, from version after+1 on.
func (l *Log) Records(ctx context.Context, stream string, after int) iter.Seq2[Record, error] {
	return records(ctx, l.db, recordColumns+` where stream = $1 and version > $2 order by version`, stream, after)
}

// All yields every record of the ledger from position seq on.
func (l *Log) All(ctx context.Context, seq int64) iter.Seq2[Record, error] {
	return records(ctx, l.db, recordColumns+` where seq >= $1 order by seq`, seq)
}

func records(ctx context.Context, db Reader, query string, args ...any) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for row, err := range rows(ctx, db, query, args...) {
			var r Record
			if err == nil {
				r, err = row.record()
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// A row is a record as it is stored.
type row struct {
	seq int64
	leaf.Opening
}

func (r row) record() (Record, error) {
	var rec Record
	if err := json.Unmarshal(r.Event, &rec); err != nil {
		return rec, fmt.Errorf("ledger: record %d: %w", r.seq, err)
	}
	if rec.Seq != r.seq {
		return rec, fmt.Errorf("ledger: record %d says it is %d", r.seq, rec.Seq)
	}
	return rec, nil
}

func rows(ctx context.Context, db Reader, query string, args ...any) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		rs, err := db.QueryContext(ctx, query, args...)
		if err != nil {
			yield(row{}, err)
			return
		}
		defer rs.Close()
		for rs.Next() {
			var r row
			var packed []byte
			if err = rs.Scan(&r.seq, &r.Salt, &packed, &r.Event); err == nil {
				r.Tags, err = leaf.UnpackTags(packed)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rs.Err(); err != nil {
			yield(row{}, err)
		}
	}
}

// Details opens the sealed details of the record at seq into v. It returns
// [ErrDisposed] when they were disposed of, and does nothing when there are none.
func (l *Log) Details(ctx context.Context, r Record, v any) error {
	if r.Sealed == nil {
		return nil
	}
	var subject string
	var ciphertext []byte
	if l.live != nil { // there is one copy, so that it can be destroyed
		return l.live.Details(ctx, r, v)
	}
	err := l.db.QueryRowContext(ctx, `select subject, ciphertext from sealed where seq = $1`, r.Seq).Scan(&subject, &ciphertext)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrDisposed
	}
	if err != nil {
		return err
	}
	plain, err := l.cfg.Sealer.Open(ctx, subject, sealAAD(r.Stream, r.Type), ciphertext)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}

func sealAAD(stream, typ string) []byte {
	return []byte("chaperone sealed v1\x00" + stream + "\x00" + typ)
}

// Grown returns a channel that is closed when this process next appends.
func (l *Log) Grown() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.more
}

func (l *Log) grew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.more)
	l.more = make(chan struct{})
}
