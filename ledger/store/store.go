// Package store is the database under a ledger: what differs between SQLite and
// PostgreSQL, the tables, and the connection that writes.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/tlog"
)

//go:embed schema.sql
var schema string

const headSchema = `create table if not exists head (id integer primary key check (id = 1), size integer not null, root blob not null, time text not null)`

// A Querier answers SQL queries.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	RowQuerier
}

// A RowQuerier answers queries for one row.
type RowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// An Execer changes a database.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// A Dialect is what differs between the databases under a ledger. The SQL of the
// ledger and of its views is written for SQLite, in words that PostgreSQL understands
// but for the names of types.
type Dialect struct {
	Name  string
	Begin string // starts a transaction that will write
	Head  string // reads the head, and keeps others from writing until the end
	// Advance moves the head to a size, root and time, and tells readers in other
	// processes that there is more.
	Advance string
	each    string // makes rows of the JSON array of texts in $1, as s.value
	guard   string // statements that keep records from being changed
	pg      bool   // PostgreSQL
}

var sqlite = Dialect{
	Name: "SQLite", Begin: `begin immediate`, Head: ReadHead,
	Advance: advance,
	each:    `json_each($1) s`,
	guard: `create trigger if not exists record_is_final before update on record begin select raise(abort, 'the ledger is append-only'); end;
		create trigger if not exists record_is_kept before delete on record begin select raise(abort, 'the ledger is append-only'); end;`,
}

var postgres = Dialect{
	Name: "PostgreSQL", pg: true, Begin: `begin isolation level read committed`, Head: ReadHead + ` for update`,
	Advance: `with moved as (` + advance + ` returning 1) select pg_notify('` + Channel + `', '') from moved`,
	each:    `jsonb_array_elements_text($1::jsonb) as s(value)`,
	// A full tile of 8 KiB does not fit a page, and hashes do not compress.
	guard: `alter table tile alter column hashes set storage external;
		create or replace function record_is_final() returns trigger language plpgsql as $$ begin raise exception 'the ledger is append-only'; end $$;
		create or replace trigger record_is_final before update or delete or truncate on record for each statement execute function record_is_final();`,
}

const advance = `update head set size = $1, root = $2, time = $3 where id = 1`

// Channel is what PostgreSQL notifies when the ledger has grown.
const Channel = "chaperone_ledger"

// DialectOf asks the database what it is.
func DialectOf(ctx context.Context, db RowQuerier) (*Dialect, error) {
	var version string
	if db.QueryRowContext(ctx, `select sqlite_version()`).Scan(&version) == nil {
		return &sqlite, nil
	}
	var number string
	if err := db.QueryRowContext(ctx, `select current_setting('server_version_num')`).Scan(&number); err != nil {
		return nil, fmt.Errorf("the database is neither SQLite nor PostgreSQL: %w", err)
	}
	if n, err := strconv.Atoi(number); err != nil || n < 150000 {
		return nil, fmt.Errorf("PostgreSQL %s is too old: this program needs 15 or later", number)
	}
	return &postgres, nil
}

var (
	integerType = regexp.MustCompile(`\binteger\b`)
	blobType    = regexp.MustCompile(`\bblob\b`)
)

// Clean returns statements that leave no deleted content in files beside the tables.
func (d *Dialect) Clean() string {
	if d.pg {
		return ""
	}
	return `pragma wal_checkpoint(truncate)`
}

// Schema translates the SQL that makes tables.
func (d *Dialect) Schema(text string) string {
	if !d.pg {
		return text
	}
	text = integerType.ReplaceAllString(text, "bigint")
	text = blobType.ReplaceAllString(text, "bytea")
	return strings.ReplaceAll(text, " without rowid", "")
}

// Prepare makes the tables of the ledger and those of the given SQL. Processes that do
// so at the same time wait for each other.
func (d *Dialect) Prepare(ctx context.Context, db *sql.DB, views ...string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if d.pg {
		if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(7246892)`); err != nil {
			return err
		}
	}
	// The head comes first: who holds it keeps writers of other processes waiting, so
	// that they cannot wait for a table while this waits for one of theirs.
	if _, err := tx.ExecContext(ctx, d.Schema(headSchema)); err != nil {
		return err
	}
	root, err := tlog.TreeHash(0, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `insert into head (id, size, root, time) values (1, 0, $1, '') on conflict do nothing`, root[:]); err != nil {
		return err
	}
	if _, _, err := Head(ctx, tx, d.Head); err != nil {
		return err
	}
	for _, s := range append([]string{schema, d.guard}, views...) {
		if _, err := tx.ExecContext(ctx, d.Schema(s)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Head returns the size and root of the ledger, and the time of its newest record. In
// a transaction that writes, the query is that of the dialect.
func Head(ctx context.Context, db RowQuerier, query string) (t tlog.Tree, at time.Time, err error) {
	var root []byte
	var when string
	if err = db.QueryRowContext(ctx, query).Scan(&t.N, &root, &when); err != nil {
		return t, at, fmt.Errorf("the head cannot be read: %w", err)
	}
	if copy(t.Hash[:], root) != tlog.HashSize || len(root) != tlog.HashSize {
		return t, at, fmt.Errorf("the root has %d bytes", len(root))
	}
	if t.N < 0 {
		return t, at, fmt.Errorf("the head says that there are %d records", t.N)
	}
	if t.N > 0 {
		at, err = time.Parse(TimeFormat, when)
	}
	return t, at, err
}

// ReadHead is the query for [Head] outside a transaction that writes.
const ReadHead = `select size, root, time from head where id = 1`

// TimeFormat is how times are stored, in UTC and to the microsecond.
const TimeFormat = time.RFC3339Nano

// TimeOf returns the time of a record.
func TimeOf(ctx context.Context, db RowQuerier, seq int64) (time.Time, error) {
	var at string
	if err := db.QueryRowContext(ctx, `select time from record where seq = $1`, seq).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("ledger: record %d: %w", seq, err)
	}
	return time.Parse(TimeFormat, at)
}

// MarkUnbuilt says that the views are not those of the records: a rebuild clears it.
func MarkUnbuilt(ctx context.Context, db Execer) error {
	_, err := db.ExecContext(ctx, `insert into unbuilt (views) values (1) on conflict do nothing`)
	return err
}

// Unbuilt reports whether the views have to be rebuilt before they are read.
func Unbuilt(ctx context.Context, db RowQuerier) (bool, error) {
	var n int
	err := db.QueryRowContext(ctx, `select count(*) from unbuilt`).Scan(&n)
	return n > 0, err
}

// Tiles reads tiles.
func Tiles(ctx context.Context, db RowQuerier) tree.Tiles {
	return func(k tree.Key) ([]byte, error) {
		var data []byte
		err := db.QueryRowContext(ctx, `select hashes from tile where key = $1`, int64(k)).Scan(&data)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("%v is missing", k)
		}
		return data, err
	}
}

// A column of a table, and the PostgreSQL type of its elements.
type column struct{ name, typ string }

// A Table is filled in bulk.
type Table struct {
	Name     string
	columns  []column
	conflict string // what happens to rows that are there already
}

// The tables of a ledger, with their columns in the order of the rows that
// [Dialect.Insert] takes.
var (
	Record = Table{"record", []column{{"seq", "bigint"}, {"stream", "text"}, {"version", "bigint"}, {"type", "text"}, {"time", "text"}, {"salt", "bytea"}, {"tags", "bytea"}, {"event", "bytea"}}, ""}
	Sealed = Table{"sealed", []column{{"seq", "bigint"}, {"subject", "text"}, {"salt", "bytea"}, {"ciphertext", "bytea"}}, ""}
	Tile   = Table{"tile", []column{{"key", "bigint"}, {"hashes", "bytea"}}, " on conflict (key) do update set hashes = excluded.hashes"}
	Party  = Table{"party", []column{{"org", "text"}, {"n", "bigint"}}, " on conflict (org) do update set n = excluded.n"}
	Sees   = Table{"stream_party", []column{{"stream", "text"}, {"org", "text"}}, " on conflict do nothing"}
	Once   = Table{"once", []column{{"actor", "text"}, {"key", "text"}, {"digest", "bytea"}, {"first", "bigint"}, {"last", "bigint"}, {"version", "bigint"}}, ""}
	Shred  = Table{"shred", []column{{"subject", "text"}}, " on conflict do nothing"}
	Note   = Table{"checkpoint", []column{{"size", "bigint"}, {"note", "bytea"}}, " on conflict (size) do update set note = excluded.note"}
)

// Tables returns the tables of a ledger, but for the head.
func Tables() []Table { return []Table{Record, Sealed, Tile, Party, Sees, Once, Shred, Note} }

// Columns returns the names of the columns.
func (t Table) Columns() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

// Scan reads a row of the columns as [Dialect.Insert] takes it.
func (t Table) Scan(rs *sql.Rows) ([]any, error) {
	into := make([]any, len(t.columns))
	for i, c := range t.columns {
		switch c.typ {
		case "bigint":
			into[i] = new(int64)
		case "text":
			into[i] = new(string)
		default:
			into[i] = new([]byte)
		}
	}
	err := rs.Scan(into...)
	for i, v := range into {
		switch v := v.(type) {
		case *int64:
			into[i] = *v
		case *string:
			into[i] = *v
		case *[]byte:
			into[i] = *v
		}
	}
	return into, err
}

// Insert writes rows, in one statement where the database has arrays.
func (d *Dialect) Insert(ctx context.Context, tx Execer, t Table, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	names, slots := t.Columns(), make([]string, len(t.columns))
	for i, c := range t.columns {
		slots[i] = "?" // SQLite looks the names of parameters up, each time
		if d.pg {
			slots[i] = "$" + strconv.Itoa(i+1) + "::" + c.typ + "[]"
		}
	}
	into := "insert into " + t.Name + " (" + strings.Join(names, ", ") + ") "
	if d.pg {
		_, err := tx.ExecContext(ctx, into+"select * from unnest("+strings.Join(slots, ", ")+")"+t.conflict, transpose(t.columns, rows)...)
		return wrap(t.Name, err)
	}
	query := into + "values (" + strings.Join(slots, ", ") + ")" + t.conflict
	for _, r := range rows {
		if _, err := tx.ExecContext(ctx, query, r...); err != nil {
			return wrap(t.Name, err)
		}
	}
	return nil
}

func wrap(table string, err error) error {
	if err != nil {
		err = fmt.Errorf("table %s: %w", table, err)
	}
	return err
}

// transpose makes an array of each column.
func transpose(columns []column, rows [][]any) []any {
	args := make([]any, len(columns))
	for i, c := range columns {
		switch c.typ {
		case "bigint":
			args[i] = pick[int64](rows, i)
		case "text":
			args[i] = pick[string](rows, i)
		default:
			args[i] = pick[[]byte](rows, i)
		}
	}
	return args
}

func pick[T any](rows [][]any, i int) []T {
	out := make([]T, len(rows))
	for n, r := range rows {
		out[n] = r[i].(T)
	}
	return out
}

// Versions returns the version that each stream is at.
func (d *Dialect) Versions(ctx context.Context, db Querier, streams []string) (map[string]int, error) {
	// The subquery reads the end of an index; grouping would read whole streams.
	return numbers[int](ctx, db, `select s.value, (select coalesce(max(r.version), 0) from record r where r.stream = s.value) from `+d.each, streams)
}

// Counts returns how many events each organization is a party of.
func (d *Dialect) Counts(ctx context.Context, db Querier, orgs []string) (map[string]int64, error) {
	return numbers[int64](ctx, db, `select s.value, (select coalesce(max(p.n), 0) from party p where p.org = s.value) from `+d.each, orgs)
}

// numbers asks for a number for each of many names.
func numbers[N int | int64](ctx context.Context, db Querier, query string, of []string) (map[string]N, error) {
	names, err := json.Marshal(of)
	if err != nil {
		return nil, err
	}
	rs, err := db.QueryContext(ctx, query, string(names))
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	out := make(map[string]N, len(of))
	for rs.Next() {
		var name string
		var n N
		if err := rs.Scan(&name, &n); err != nil {
			return nil, err
		}
		out[name] = n
	}
	return out, rs.Err()
}

// A Session is one connection with its prepared statements: SQLite would compile every
// statement again.
type Session struct {
	*sql.Conn
	kept map[string]*sql.Stmt // nil: the driver keeps them
}

// Session takes a connection for itself.
func (d *Dialect) Session(ctx context.Context, db *sql.DB) (*Session, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &Session{Conn: c}
	if !d.pg {
		s.kept = map[string]*sql.Stmt{}
		// The index of streams is written all over: 64 MB of it stay in memory.
		if _, err := c.ExecContext(ctx, `pragma cache_size = -65536`); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return s, nil
}

// statement returns the prepared statement for a query, or nil if it is not kept.
func (s *Session) statement(ctx context.Context, query string) *sql.Stmt {
	const most = 512
	st, ok := s.kept[query]
	if ok || s.kept == nil || len(s.kept) >= most {
		return st
	}
	st, err := s.Conn.PrepareContext(ctx, query)
	if err != nil {
		return nil // executing it says why
	}
	s.kept[query] = st
	return st
}

// ExecContext implements [Execer].
func (s *Session) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if st := s.statement(ctx, query); st != nil {
		return st.ExecContext(ctx, args...)
	}
	return s.Conn.ExecContext(ctx, query, args...)
}

// QueryContext implements [Querier].
func (s *Session) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if st := s.statement(ctx, query); st != nil {
		return st.QueryContext(ctx, args...)
	}
	return s.Conn.QueryContext(ctx, query, args...)
}

// QueryRowContext implements [RowQuerier].
func (s *Session) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if st := s.statement(ctx, query); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return s.Conn.QueryRowContext(ctx, query, args...)
}

// Discard closes the session and its connection, whatever state that is in.
func (s *Session) Discard() {
	for _, st := range s.kept {
		st.Close()
	}
	s.Conn.Raw(func(any) error { return driver.ErrBadConn })
	s.Conn.Close()
}
