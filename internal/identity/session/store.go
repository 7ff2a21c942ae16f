// Package session keeps the sessions of signed-in people, in a database of its own
// outside the ledger: they are of the moment, and the ledger records what counts of
// them (signed in, signed out).
//
// The store is handed the hash of a token and never the token (scs,
// HashTokenInStore), so that whoever reads the file can enter with nothing in it.
package session

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/alexedwards/scs/v2"
	_ "modernc.org/sqlite" // the embedded database
)

//go:embed store.sql
var schema string

// What a session holds. The values are put there by package identity.
const (
	User  = "user"  // id of the person
	ID    = "id"    // public id of the session, safe to show and to record
	Began = "began" // when, Unix seconds
	Seen  = "seen"  // when last used, Unix seconds
	Epoch = "epoch" // of the person's credentials
)

// A Store keeps sessions. It implements scs.CtxStore.
type Store struct {
	db  *sql.DB
	now func() time.Time
}

// Open opens the store in a file, which is made if it does not exist. Now is the
// real time, by which scs computes the expiry.
func Open(ctx context.Context, path string, now func() time.Time) (*Store, error) {
	// Sessions may be lost with the power: people sign in again. So a commit need not
	// wait for the disk.
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=secure_delete(on)&_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, fmt.Errorf("session: %w", errors.Join(err, db.Close()))
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("session: %w", errors.Join(err, db.Close()))
	}
	return &Store{db, now}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// FindCtx implements scs.CtxStore.
func (s *Store) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	err := s.db.QueryRowContext(ctx, `select data from session where token = $1 and expires > $2 and ended = 0`, token, s.now().Unix()).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("session: %w", err)
	}
	return data, true, nil
}

// CommitCtx implements scs.CtxStore. A session that has ended stays so: a request
// that was under way when it ended must not bring it back.
func (s *Store) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	_, values, err := scs.GobCodec{}.Decode(data)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	user, _ := values[User].(string)
	id, _ := values[ID].(string)
	began, _ := values[Began].(int64)
	seen, _ := values[Seen].(int64)
	_, err = s.db.ExecContext(ctx, `insert into session (token, person, id, began, seen, expires, data, ended) values ($1, $2, $3, $4, $5, $6, $7, 0)
		on conflict (token) do update set person = excluded.person, id = excluded.id, began = excluded.began, seen = excluded.seen, expires = excluded.expires, data = excluded.data where session.ended = 0`,
		token, user, id, began, seen, expires.Unix(), data)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

// DeleteCtx implements scs.CtxStore.
func (s *Store) DeleteCtx(ctx context.Context, token string) error {
	return s.end(ctx, `token = $1`, token)
}

func (s *Store) end(ctx context.Context, where string, args ...any) error {
	_, err := s.db.ExecContext(ctx, `update session set ended = 1, data = x'' where ended = 0 and `+where, args...)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

// Find implements scs.Store, which has no context.
func (s *Store) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit implements scs.Store.
func (s *Store) Commit(token string, data []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expires)
}

// Delete implements scs.Store.
func (s *Store) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// A Session is what a person sees of one of the own sessions.
type Session struct {
	ID    string
	Began time.Time
	Seen  time.Time
}

// Of returns the sessions of a person that have not ended, the last used first.
func (s *Store) Of(ctx context.Context, user string) ([]Session, error) {
	rows, err := s.db.QueryContext(ctx, `select id, began, seen from session where person = $1 and expires > $2 and ended = 0 order by seen desc, id`, user, s.now().Unix())
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	defer rows.Close()
	var out []Session
	for rows.Next() {
		var x Session
		var began, seen int64
		if err := rows.Scan(&x.ID, &began, &seen); err != nil {
			return nil, fmt.Errorf("session: %w", err)
		}
		x.Began, x.Seen = time.Unix(began, 0).UTC(), time.Unix(seen, 0).UTC()
		out = append(out, x)
	}
	return out, rows.Err()
}

// End ends the session with a public id, if it is that person's.
func (s *Store) End(ctx context.Context, user, id string) error {
	return s.end(ctx, `person = $1 and id = $2`, user, id)
}

// EndAll ends every session of a person.
func (s *Store) EndAll(ctx context.Context, user string) error {
	return s.end(ctx, `person = $1`, user)
}

// Purge forgets sessions that nobody could use any more, and returns how many.
func (s *Store) Purge(ctx context.Context) (int, error) {
	res, err := s.db.ExecContext(ctx, `delete from session where expires <= $1`, s.now().Unix())
	if err != nil {
		return 0, fmt.Errorf("session: %w", err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}
