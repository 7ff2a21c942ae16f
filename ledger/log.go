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

	"chaperone.example/ledger/commit"
	"chaperone.example/ledger/notary"
	"chaperone.example/ledger/record"
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

// A Log is the ledger in a SQL database. Its [notary.Notary] serves the tree and vouches
// for it.
type Log struct {
	*notary.Notary
	db      *sql.DB
	dialect *store.Dialect
	cfg     Config
	types   *vocabulary.Vocabulary
	writer  *commit.Writer // nil: this is the past
	live    *Log           // of which this is the past; nil if it is not

	mu     sync.Mutex // guards the fields below
	states map[string]folded
	more   chan struct{} // closed when the ledger grows
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
	l := &Log{Notary: notary.New(c.DB, c.Origin, c.signers()...), db: c.DB, dialect: d, cfg: c, types: words, states: map[string]folded{}, more: make(chan struct{})}
	wc := commit.Config{DB: c.DB, Dialect: d, Now: c.Now, Rand: c.Rand, Secret: c.Secret, Notary: l.Notary, Committed: l.committed}
	if len(c.Views) > 0 {
		wc.Project = func(ctx context.Context, tx *store.Session, r Record) error { return l.project(ctx, tx, r) }
	}
	if l.writer, err = commit.New(ctx, wc); err != nil {
		return nil, err
	}
	if c.Anchor != nil {
		err = CheckAnchor(ctx, c.DB, c.Anchor)
	}
	if err == nil {
		err = l.shred(ctx)
	}
	if err != nil {
		l.writer.Close()
		return nil, err
	}
	l.writer.Start()
	return l, nil
}

// signers sign every checkpoint.
func (c Config) signers() []note.Signer {
	if c.Second == nil {
		return []note.Signer{c.Signer}
	}
	return []note.Signer{c.Signer, c.Second}
}

func schemas(views []View) (s []string) {
	for _, v := range views {
		s = append(s, v.Schema)
	}
	return s
}

// Close waits for the writer to finish what it began. The database stays open.
func (l *Log) Close() {
	if l.writer != nil {
		l.writer.Close()
	}
}

// DB returns the database for reading.
func (l *Log) DB() Reader { return l.db }

// Now returns the time by the clock of the ledger.
func (l *Log) Now() time.Time { return l.cfg.Now().UTC() }

// Records yields the records of stream in order, from version after+1 on.
func (l *Log) Records(ctx context.Context, stream string, after int) iter.Seq2[Record, error] {
	return record.All(ctx, l.db, record.Columns+` where stream = $1 and version > $2 order by version`, stream, after)
}

// All yields every record of the ledger from position seq on.
func (l *Log) All(ctx context.Context, seq int64) iter.Seq2[Record, error] {
	return record.All(ctx, l.db, record.Columns+` where seq >= $1 order by seq`, seq)
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

// committed is called before the appends of a durable head are acknowledged.
func (l *Log) committed(head tlog.Tree) error {
	if l.cfg.Anchor != nil {
		if err := l.cfg.Anchor.Advance(head); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.more)
	l.more = make(chan struct{})
	return nil
}
