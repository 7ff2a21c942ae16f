package ledgertest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaperone.example/ledger/postgres"
)

// A Store is a kind of database that a ledger runs on.
type Store struct {
	Name string
	// Fresh makes an empty database and returns how to open it again and again, by any
	// process.
	Fresh func(t testing.TB) (address string)
	Open  func(t testing.TB, address string) *sql.DB
}

// Stores returns every kind of database that a ledger runs on. PostgreSQL is the server
// that the environment variable CHAPERONE_POSTGRES names; without it, its tests are
// skipped, or fail if CHAPERONE_REQUIRE_ALL is 1.
func Stores() []Store {
	return []Store{
		{"SQLite", func(t testing.TB) string { return filepath.Join(t.TempDir(), "ledger.db") }, OpenDB},
		{"PostgreSQL", freshPostgres, openPostgres},
	}
}

// Each runs a test on an empty database of each kind.
func Each(t *testing.T, test func(t *testing.T, s Store)) {
	for _, s := range Stores() {
		t.Run(s.Name, func(t *testing.T) { test(t, s) })
	}
}

func freshPostgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("CHAPERONE_POSTGRES")
	if server == "" {
		if os.Getenv("CHAPERONE_REQUIRE_ALL") == "1" {
			t.Fatal("CHAPERONE_POSTGRES names no PostgreSQL server, and nothing may be skipped")
		}
		t.Skip("skipped: CHAPERONE_POSTGRES names no PostgreSQL server (postgres://user@host/postgres)")
	}
	admin := openPostgres(t, server)
	name := "ledger_" + strings.ToLower(rand.Text()[:12])
	if _, err := admin.ExecContext(t.Context(), `create database `+name+` template template0 lc_collate 'C' lc_ctype 'C'`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), `drop database `+name+` with (force)`); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("CHAPERONE_POSTGRES is not a URL")
	}
	u.Path = "/" + name
	return u.String()
}

func openPostgres(t testing.TB, address string) *sql.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
