package store_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/store"
	"chaperone.example/ledger/tree"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"
)

// open returns an empty database with the tables of a ledger.
func open(t *testing.T, s ledgertest.Store) (*sql.DB, *store.Dialect) {
	t.Helper()
	db := s.Open(t, s.Fresh(t))
	d, err := store.DialectOf(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != s.Name {
		t.Fatalf("%s calls itself %s", s.Name, d.Name)
	}
	for range 2 { // the second finds everything there
		if err := d.Prepare(t.Context(), db, "create table if not exists shown (id integer primary key, what blob not null) without rowid;"); err != nil {
			t.Fatal(err)
		}
	}
	return db, d
}

// nasty are texts that a careless statement would break on.
var nasty = []string{"", "a", "it's", `"`, "{a,b}", `\`, "söuth\u2028<&>", "日本", "null", "1", "a\nb", strings.Repeat("x", 5000)}

func tableRows(t store.Table) [][]any {
	var rows [][]any
	for i, text := range nasty {
		var row []any
		for _, name := range t.Columns() {
			switch name {
			case "seq", "key", "size", "n", "first", "last", "version", "views":
				if t.Name == "once" && name == "key" {
					row = append(row, text)
					continue
				}
				row = append(row, int64(i)<<40)
			case "stream", "type", "time", "org", "subject", "actor":
				row = append(row, text)
			default:
				row = append(row, []byte{0, 1, 255, '\'', '\\', byte(i)})
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// LED-1: what is written in bulk reads back the same from each database, and a row that
// is there already is handled as the table says.
func TestRowsReadBack(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, s ledgertest.Store) {
		db, d := open(t, s)
		for _, table := range store.Tables() {
			want := tableRows(table)
			if err := d.Insert(t.Context(), db, table, want); err != nil {
				t.Errorf("%s: %v", table.Name, err)
				continue
			}
			columns := strings.Join(table.Columns(), ", ")
			rs, err := db.QueryContext(t.Context(), `select `+columns+` from `+table.Name)
			if err != nil {
				t.Fatal(err)
			}
			var got [][]any
			for rs.Next() {
				row, err := table.Scan(rs)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, row)
			}
			rs.Close()
			order := func(a, b []any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
			slices.SortFunc(got, order)
			slices.SortFunc(want, order)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", table.Name, diff)
			}
			again := d.Insert(t.Context(), db, table, want[:1])
			if final := slices.Contains([]string{"record", "sealed", "once"}, table.Name); (again != nil) != final {
				t.Errorf("%s: written twice: %v", table.Name, again)
			}
		}
		if err := d.Insert(t.Context(), db, store.Record, nil); err != nil {
			t.Errorf("nothing: %v", err)
		}
	})
}

// The versions of streams and the counts of parties are asked for by any number of names.
func TestVersionsAndCounts(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, s ledgertest.Store) {
		db, d := open(t, s)
		var records, parties [][]any
		versions, counts := map[string]int{}, map[string]int64{}
		for i, name := range nasty {
			for v := range i {
				records = append(records, []any{int64(len(records)), name, int64(v + 1), "t", "", []byte{}, []byte{}, []byte{}})
			}
			parties = append(parties, []any{name, int64(i)})
			versions[name], counts[name] = i, int64(i)
		}
		versions["nobody's"], counts["nobody's"] = 0, 0
		if err := d.Insert(t.Context(), db, store.Record, records); err != nil {
			t.Fatal(err)
		}
		if err := d.Insert(t.Context(), db, store.Party, parties); err != nil {
			t.Fatal(err)
		}
		session, err := d.Session(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		defer session.Discard()
		names := append(slices.Clone(nasty), "nobody's")
		for range 2 { // the second time from the kept statement
			v, err := d.Versions(t.Context(), session, names)
			if diff := cmp.Diff(versions, v); err != nil || diff != "" {
				t.Errorf("versions: %v %s", err, diff)
			}
			n, err := d.Counts(t.Context(), session, names)
			if diff := cmp.Diff(counts, n); err != nil || diff != "" {
				t.Errorf("counts: %v %s", err, diff)
			}
		}
	})
}

// The head is read as it was written, and one that is damaged is refused.
func TestHead(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, s ledgertest.Store) {
		db, d := open(t, s)
		h, at, err := store.Head(t.Context(), db, store.ReadHead)
		if err != nil || h.N != 0 || !at.IsZero() {
			t.Errorf("of an empty ledger: %v, %v, %v", h, at, err)
		}
		root := tlog.Hash{1, 2, 3}
		if _, err := db.ExecContext(t.Context(), d.Advance, 7, root[:], ledgertest.Start.Format(store.TimeFormat)); err != nil {
			t.Fatal(err)
		}
		h, at, err = store.Head(t.Context(), db, store.ReadHead)
		if err != nil || h.N != 7 || h.Hash != root || !at.Equal(ledgertest.Start) {
			t.Errorf("%v, %v, %v", h, at, err)
		}
		for name, damage := range map[string]string{"a short root": `update head set root = $1`, "no root": `update head set root = $1, time = ''`} {
			if _, err := db.ExecContext(t.Context(), damage, []byte{1}); err != nil {
				t.Fatal(err)
			}
			if h, _, err := store.Head(t.Context(), db, store.ReadHead); err == nil {
				t.Errorf("%s passed: %v", name, h)
			}
		}
		if _, err := db.ExecContext(t.Context(), d.Advance, 7, root[:], "yesterday"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := store.Head(t.Context(), db, store.ReadHead); err == nil {
			t.Error("a time that is none passed")
		}
	})
}

func TestTiles(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, s ledgertest.Store) {
		db, d := open(t, s)
		full := slices.Repeat([]byte{7}, tree.Width*tlog.HashSize) // more than fits a page
		key := tree.KeyOf(3, 1<<40)
		for _, data := range [][]byte{full[:32], full} {
			if err := d.Insert(t.Context(), db, store.Tile, [][]any{{int64(key), data}}); err != nil {
				t.Fatal(err)
			}
			if got, err := store.Tiles(t.Context(), db)(key); err != nil || string(got) != string(data) {
				t.Errorf("a tile of %d bytes: %d (%v)", len(data), len(got), err)
			}
		}
		if _, err := store.Tiles(t.Context(), db)(key + 1); err == nil {
			t.Error("a tile that is missing was read")
		}
	})
}

// A database that is none of ours is told so.
func TestOldDatabasesAreRefused(t *testing.T) {
	db := ledgertest.Stores()[0].Open(t, ledgertest.Stores()[0].Fresh(t))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if d, err := store.DialectOf(t.Context(), db); err == nil {
		t.Errorf("a closed database is %s", d.Name)
	}
}
