// Package postgres opens a PostgreSQL database for a ledger that several processes
// share, and tells them when one of them appended.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"chaperone.example/ledger/store"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// connections is the most that one process holds: PostgreSQL refuses those beyond its
// own limit (100 unless it was raised), and several processes share it.
const connections = 24

// Open opens the database at a URL (postgres://user@host/name). Every commit is durable
// before it is acknowledged, whatever the server's default is. Errors never show the
// URL, which may hold a password.
func Open(ctx context.Context, url string) (*sql.DB, error) {
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("postgres: the address of the database is malformed: want postgres://user@host/name")
	}
	c.RuntimeParams["synchronous_commit"] = "on"
	c.RuntimeParams["application_name"] = "chaperone"
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	var fsync string
	if err := db.QueryRowContext(ctx, `select current_setting('fsync')`).Scan(&fsync); err != nil {
		return nil, errors.Join(fmt.Errorf("postgres: %s does not answer: %w", c.Host, err), db.Close())
	}
	if fsync != "on" {
		return nil, errors.Join(errors.New("postgres: the server runs with fsync = off: what it acknowledges may be lost"), db.Close())
	}
	return db, nil
}

// A Listener hears when any process appended.
type Listener struct{ conn *sql.Conn }

// Listen begins to listen, on a connection of its own.
func Listen(ctx context.Context, db *sql.DB) (*Listener, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.ExecContext(ctx, `listen `+store.Channel); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &Listener{c}, nil
}

// Wait returns when there is news, or an error when ctx ends. It is a tail.Waker.
func (l *Listener) Wait(ctx context.Context) error {
	return l.conn.Raw(func(c any) error {
		_, err := c.(*stdlib.Conn).Conn().WaitForNotification(ctx)
		return err
	})
}

// Close gives the connection back.
func (l *Listener) Close() error {
	_, err := l.conn.ExecContext(context.Background(), `unlisten *`)
	return errors.Join(err, l.conn.Close())
}
