package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// A dialect is what differs between the databases under a ledger. The SQL of the
// ledger and of its views is written for SQLite, in words that PostgreSQL understands
// but for the names of types.
type dialect struct {
	name  string
	begin string // starts a transaction that will write
	head  string // reads the head, and keeps others from writing until the end
	wake  string // tells readers in other processes that there is more
	each  string // makes rows of the JSON array of texts in $1, as s.value
	guard string // statements that keep records from being changed
	pg    bool
}

var sqlite = dialect{
	name: "SQLite", begin: `begin immediate`, head: `select size, root, time from head where id = 1`,
	each: `json_each($1) s`,
	guard: `create trigger if not exists record_is_final before update on record begin select raise(abort, 'the ledger is append-only'); end;
		create trigger if not exists record_is_kept before delete on record begin select raise(abort, 'the ledger is append-only'); end;`,
}

var postgres = dialect{
	name: "PostgreSQL", pg: true, begin: `begin isolation level read committed`, head: `select size, root, time from head where id = 1 for update`,
	wake: `select pg_notify('` + Channel + `', '')`,
	each: `jsonb_array_elements_text($1::jsonb) as s(value)`,
	// A full tile of 8 KiB does not fit a page, and hashes do not compress.
	guard: `alter table tile alter column hashes set storage external;
		create or replace function record_is_final() returns trigger language plpgsql as $$ begin raise exception 'the ledger is append-only'; end $$;
		create or replace trigger record_is_final before update or delete or truncate on record for each statement execute function record_is_final();`,
}

// Channel is what PostgreSQL notifies when the ledger has grown.
const Channel = "chaperone_ledger"

// dialectOf asks the database what it is.
func dialectOf(ctx context.Context, db Reader) (*dialect, error) {
	var version string
	if db.QueryRowContext(ctx, `select sqlite_version()`).Scan(&version) == nil {
		return &sqlite, nil
	}
	var number string
	if err := db.QueryRowContext(ctx, `select current_setting('server_version_num')`).Scan(&number); err != nil {
		return nil, fmt.Errorf("ledger: the database is neither SQLite nor PostgreSQL: %w", err)
	}
	if n, err := strconv.Atoi(number); err != nil || n < 150000 {
		return nil, fmt.Errorf("ledger: PostgreSQL %s is too old: this program needs 15 or later", number)
	}
	return &postgres, nil
}

var (
	integerType = regexp.MustCompile(`\binteger\b`)
	blobType    = regexp.MustCompile(`\bblob\b`)
)

// schema translates the SQL that makes tables.
func (d *dialect) schema(text string) string {
	if !d.pg {
		return text
	}
	text = integerType.ReplaceAllString(text, "bigint")
	text = blobType.ReplaceAllString(text, "bytea")
	return strings.ReplaceAll(text, " without rowid", "")
}

// prepare makes the tables of the ledger and of its views. Processes that do so at the
// same time wait for each other.
func (d *dialect) prepare(ctx context.Context, db *sql.DB, views []View) error {
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
	for _, s := range append([]string{schema}, schemas(views)...) {
		if _, err := tx.ExecContext(ctx, d.schema(s)); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, d.guard); err != nil {
		return err
	}
	root, err := tlog.TreeHash(0, nil)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `insert into head (id, size, root, time) values (1, 0, $1, '') on conflict do nothing`, root[:]); err != nil {
		return err
	}
	return tx.Commit()
}

// A column of a table, and the PostgreSQL type of its elements.
type column struct{ name, typ string }

// A table is what the writer fills in bulk.
type table struct {
	name     string
	columns  []column
	conflict string // what happens to rows that are there already
}

var (
	recordTable = table{"record", []column{{"seq", "bigint"}, {"stream", "text"}, {"version", "bigint"}, {"type", "text"}, {"time", "text"}, {"salt", "bytea"}, {"tags", "bytea"}, {"event", "bytea"}}, ""}
	sealedTable = table{"sealed", []column{{"seq", "bigint"}, {"subject", "text"}, {"salt", "bytea"}, {"ciphertext", "bytea"}}, ""}
	tileTable   = table{"tile", []column{{"key", "bigint"}, {"hashes", "bytea"}}, " on conflict (key) do update set hashes = excluded.hashes"}
	partyTable  = table{"party", []column{{"org", "text"}, {"n", "bigint"}}, " on conflict (org) do update set n = excluded.n"}
	seesTable   = table{"stream_party", []column{{"stream", "text"}, {"org", "text"}}, " on conflict do nothing"}
	onceTable   = table{"once", []column{{"actor", "text"}, {"key", "text"}, {"digest", "bytea"}, {"first", "bigint"}, {"last", "bigint"}, {"version", "bigint"}}, ""}
	noteTable   = table{"checkpoint", []column{{"size", "bigint"}, {"note", "bytea"}}, " on conflict (size) do update set note = excluded.note"}
)

// insert writes rows, in one statement where the database has arrays.
func (d *dialect) insert(ctx context.Context, tx Tx, t table, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	names, slots := make([]string, len(t.columns)), make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i], slots[i] = c.name, "$"+strconv.Itoa(i+1)
		if d.pg {
			slots[i] += "::" + c.typ + "[]"
		}
	}
	into := "insert into " + t.name + " (" + strings.Join(names, ", ") + ") "
	if d.pg {
		_, err := tx.ExecContext(ctx, into+"select * from unnest("+strings.Join(slots, ", ")+")"+t.conflict, transpose(t.columns, rows)...)
		return wrap(t.name, err)
	}
	query := into + "values (" + strings.Join(slots, ", ") + ")" + t.conflict
	for _, r := range rows {
		if _, err := tx.ExecContext(ctx, query, r...); err != nil {
			return wrap(t.name, err)
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

// versions returns the version that each stream is at.
func (d *dialect) versions(ctx context.Context, db Reader, streams []string) (map[string]int, error) {
	names, err := json.Marshal(streams)
	if err != nil {
		return nil, err
	}
	// The subquery reads the end of an index; grouping would read whole streams.
	rs, err := db.QueryContext(ctx, `select s.value, (select coalesce(max(r.version), 0) from record r where r.stream = s.value) from `+d.each, string(names))
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	out := make(map[string]int, len(streams))
	for rs.Next() {
		var stream string
		var version int
		if err := rs.Scan(&stream, &version); err != nil {
			return nil, err
		}
		out[stream] = version
	}
	return out, rs.Err()
}

// A session is one connection with its prepared statements: SQLite would compile every
// statement again. It implements [Tx] for whoever writes in its transaction.
type session struct {
	*sql.Conn
	kept map[string]*sql.Stmt // nil: the driver keeps them
}

func newSession(ctx context.Context, db *sql.DB, d *dialect) (*session, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{Conn: c}
	if !d.pg {
		s.kept = map[string]*sql.Stmt{}
	}
	return s, nil
}

// statement returns the prepared statement for a query, or nil if it is not kept.
func (s *session) statement(ctx context.Context, query string) *sql.Stmt {
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

// ExecContext implements [Tx].
func (s *session) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if st := s.statement(ctx, query); st != nil {
		return st.ExecContext(ctx, args...)
	}
	return s.Conn.ExecContext(ctx, query, args...)
}

// QueryRowContext implements [Tx].
func (s *session) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if st := s.statement(ctx, query); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return s.Conn.QueryRowContext(ctx, query, args...)
}

// discard closes the session and its connection, whatever state that is in.
func (s *session) discard() {
	for _, st := range s.kept {
		st.Close()
	}
	s.Conn.Raw(func(any) error { return driver.ErrBadConn })
	s.Conn.Close()
}
