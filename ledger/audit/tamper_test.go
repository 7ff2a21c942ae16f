package audit_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chaperone.example/ledger"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/ledgertest"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/store"
)

// every is how many bytes lie between two that are altered. With CHAPERONE_COMPLETE=1 it
// is every byte, which takes minutes.
func every() int {
	if os.Getenv("CHAPERONE_COMPLETE") == "1" {
		return 1
	}
	return 1201
}

// records of the ledger that is altered.
const records = 300

// altered makes a ledger of 300 records, with sealed details, some of them disposed of,
// and a checkpoint that is kept; and lifts what keeps a record from being changed, as
// whoever owns the file can.
func altered(t *testing.T) (*sql.DB, *proof.Policy) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	db := ledgertest.OpenDB(t, path)
	c, vkey := ledgertest.Counting(t, db)
	d := ledgertest.Desk(t, c)
	for i := range records - 1 {
		id := fmt.Sprint(i % 6)
		if i < 6 {
			ledgertest.Do(t, d, id, ledgertest.Begin{With: []string{"south", "east", "west"}[i%3]})
		} else {
			ctx := ledger.Once(t.Context(), fmt.Sprint("k", i))
			if _, err := ledger.Do(ctx, d, ledgertest.Alice, ledgertest.Counts, id, ledgertest.Add{By: i, Note: []string{"", "a detail"}[i%2], Who: fmt.Sprint("s-", i%5)}); err != nil {
				t.Fatal(err)
			}
		}
		if i == 200 {
			signed, err := d.Log.Checkpoint(t.Context())
			if err == nil {
				err = d.Log.Cosigned(t.Context(), signed)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := d.Log.Dispose(t.Context(), ledgertest.Alice, ledger.Disposal{Subject: "s-1", Reason: "retention"}); err != nil {
		t.Fatal(err)
	}
	d.Log.Close()
	db.Close()
	if db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(off)&_pragma=journal_mode(wal)"); err == nil {
		t.Cleanup(func() { db.Close() })
		policy, err := proof.ParsePolicy(proof.FormatPolicy(vkey))
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{`drop trigger record_is_final`, `drop trigger record_is_kept`} {
			if _, err := db.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		if err := verdict(t, "nothing", db, policy); err != nil {
			t.Fatal(err)
		}
		return db, policy
	} else {
		t.Fatal(err)
	}
	return nil, nil
}

// verdict audits a database, and fails when that panics or takes longer than it may.
func verdict(t *testing.T, what string, db *sql.DB, policy *proof.Policy) error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				t.Errorf("%s: panic: %v", what, p)
				done <- nil
			}
		}()
		_, err := audit.Database(context.Background(), db)
		if err == nil {
			err = audit.Checkpoints(context.Background(), db, policy)
		}
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(30 * time.Second):
		t.Fatalf("%s: the audit hangs", what)
		return nil
	}
}

// A cell is a value in a table.
type cell struct {
	table, column string
	rowid         int64
	value         any
}

func (c cell) String() string { return fmt.Sprintf("%s.%s of row %d", c.table, c.column, c.rowid) }

func (c cell) set(db *sql.DB, v any) error {
	_, err := db.Exec(`update `+c.table+` set `+c.column+` = $1 where rowid = $2`, v, c.rowid)
	return err
}

// cells returns the values of the tables that an audit covers, by their columns.
func cells(t *testing.T, db *sql.DB) []cell {
	t.Helper()
	var out []cell
	tables := []store.Table{store.Record, store.Sealed, store.Tile, store.Party, store.Note}
	names := map[string][]string{"head": {"size", "root", "time"}}
	order := []string{"head"}
	for _, s := range tables {
		names[s.Name] = s.Columns()
		order = append(order, s.Name)
	}
	for _, name := range order {
		for _, column := range names[name] {
			rs, err := db.Query(`select rowid, ` + column + ` from ` + name + ` order by rowid`)
			if err != nil {
				t.Fatal(err)
			}
			for rs.Next() {
				c := cell{table: name, column: column}
				if err := rs.Scan(&c.rowid, &c.value); err != nil {
					t.Fatal(err)
				}
				if b, ok := c.value.([]byte); ok {
					c.value = bytes.Clone(b)
				}
				out = append(out, c)
			}
			rs.Close()
		}
	}
	return out
}

// flip alters one bit of byte i of a value.
func flip(v any, i, n int) any {
	bit := byte(1) << n
	switch v := v.(type) {
	case int64:
		return v ^ int64(bit)<<(8*i)
	case string:
		b := []byte(v)
		b[i] ^= bit
		return string(b)
	default:
		b := bytes.Clone(v.([]byte))
		b[i] ^= bit
		return b
	}
}

func size(v any) int {
	switch v := v.(type) {
	case int64:
		return 8
	case string:
		return len(v)
	default:
		return len(v.([]byte))
	}
}

// rowDiffers reports whether a row of a record or of its details, read alone, cannot be
// read, gives another leaf, so that the root is another, or contradicts itself: then the
// audit of the whole, which reads every row so, refuses it.
func rowDiffers(t *testing.T, db *sql.DB, c cell, leaves [][]byte) bool {
	t.Helper()
	if c.table != "record" && c.table != "sealed" {
		return false
	}
	for e, err := range audit.Stored(t.Context(), db, c.rowid) {
		if err != nil || e.Seq != c.rowid {
			return true
		}
		l, err := e.Leaf()
		if err != nil || !bytes.Equal(l, leaves[e.Seq]) || e.Matches() != nil {
			return true
		}
		rec, err := e.Record()
		return err != nil || e.Sealed != nil && !e.Sealed.Matches(rec.Sealed)
	}
	return true
}

// Bar 2 (LED-1): whatever byte of a record, of sealed details, of a tile, a counter, a
// checkpoint or the head is altered in the database, the audit says so, and neither
// panics nor hangs.
func TestEveryByteOfTheDatabaseMatters(t *testing.T) {
	db, policy := altered(t)
	total, flips, refused, full := 0, 0, 0, 0
	var leaves [][]byte
	for e, err := range audit.Stored(t.Context(), db, 0) {
		if err != nil {
			t.Fatal(err)
		}
		l, err := e.Leaf()
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, l)
	}
	byTable := map[string]int{}
	for _, c := range cells(t, db) {
		for i := range size(c.value) {
			total++
			bits := []int{i % 8}
			if c.table == "head" && every() == 1 {
				bits = []int{0, 1, 2, 3, 4, 5, 6, 7}
			} else if c.table != "head" && total%every() != 0 {
				continue
			}
			for _, bit := range bits {
				flips++
				byTable[c.table]++
				what := fmt.Sprintf("bit %d of byte %d of %v", bit, i, c)
				bad := flip(c.value, i, bit)
				// The key of a row may be its rowid.
				at := c
				if id, ok := bad.(int64); ok && slices.Contains([]string{"seq", "key", "size"}, c.column) && c.table != "head" {
					at.rowid = id
				}
				if err := c.set(db, bad); err != nil { // no such row can be
					refused++
					continue
				}
				if flips%499 == 0 || !rowDiffers(t, db, c, leaves) {
					full++
					if verdict(t, what, db, policy) == nil {
						t.Errorf("%s was altered unnoticed (%q)", what, c.value)
					}
				}
				if err := at.set(db, c.value); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			}
		}
	}
	if err := verdict(t, "as it was", db, policy); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d altered one at a time (%v), %d refused by the database itself, %d audited whole, 0 unnoticed", total, flips, byTable, refused, full)
}

// Bar 2 (LED-1): rows that are deleted, swapped, doubled, cut off, reordered or slipped in.
func TestAlteredRows(t *testing.T) {
	db, policy := altered(t)
	try := func(what string, statements ...string) {
		t.Helper()
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range statements {
			res, err := tx.Exec(q)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if n, _ := res.RowsAffected(); n == 0 {
				t.Fatalf("%s: nothing was altered by %s", what, q)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if verdict(t, what, db, policy) == nil {
			t.Errorf("%s: unnoticed", what)
		}
	}
	// Each is undone from a copy of every table.
	tables := []string{"record", "sealed", "tile", "party", "stream_party", "checkpoint", "head", "shred"}
	for _, s := range tables {
		if _, err := db.Exec(`create table kept_` + s + ` as select * from ` + s); err != nil {
			t.Fatal(err)
		}
	}
	undo := func() {
		t.Helper()
		for _, s := range tables {
			if _, err := db.Exec(`delete from ` + s + `; insert into ` + s + ` select * from kept_` + s); err != nil {
				t.Fatal(s, err)
			}
		}
	}
	step := 29
	if every() == 1 {
		step = 1
	}
	n := 0
	for seq := 0; seq < records; seq += step {
		m := (seq + 7) % records
		for what, q := range map[string][]string{
			"deleted":           {fmt.Sprintf(`delete from record where seq = %d`, seq)},
			"deleted and moved": {fmt.Sprintf(`delete from record where seq = %d`, seq), fmt.Sprintf(`update record set seq = -seq where seq > %d or seq = 0`, seq), `update record set seq = -seq - 1 where seq < 0`},
			"swapped": {fmt.Sprintf(`update record set seq = 9000 where seq = %d`, seq), fmt.Sprintf(`update record set seq = %d where seq = %d`, seq, m),
				fmt.Sprintf(`update record set seq = %d where seq = 9000`, m)},
			"doubled at the end":            {fmt.Sprintf(`insert into record select %d, stream, version + 9000, type, time, salt, tags, event from record where seq = %d`, records, seq)},
			"replaced":                      {fmt.Sprintf(`update record set (salt, tags, event) = (select salt, tags, event from record where seq = %d) where seq = %d`, m, seq)},
			"event replaced":                {fmt.Sprintf(`update record set event = (select event from record where seq = %d) where seq = %d`, m, seq)},
			"cut off":                       {fmt.Sprintf(`delete from record where seq >= %d`, seq)},
			"cut off, and the head with it": {fmt.Sprintf(`delete from record where seq >= %d`, seq), fmt.Sprintf(`update head set size = %d`, seq)},
		} {
			if seq == records-1 && what == "deleted and moved" || seq == 0 && strings.HasPrefix(what, "deleted and moved") {
				continue // there is nothing after it, or zero has no other sign
			}
			try(fmt.Sprintf("record %d %s", seq, what), q...)
			undo()
			n++
		}
	}
	var sealed []int64
	rs, err := db.Query(`select seq from sealed`)
	if err != nil {
		t.Fatal(err)
	}
	for rs.Next() {
		var seq int64
		if err := rs.Scan(&seq); err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, seq)
	}
	rs.Close()
	for i := 0; i < len(sealed); i += step {
		a, b := sealed[i], sealed[(i+1)%len(sealed)]
		for what, q := range map[string][]string{
			"deleted": {fmt.Sprintf(`delete from sealed where seq = %d`, a)},
			"moved":   {fmt.Sprintf(`update sealed set seq = seq + 90000 where seq = %d`, a)},
			"swapped": {fmt.Sprintf(`update sealed set seq = 9000 where seq = %d`, a), fmt.Sprintf(`update sealed set seq = %d where seq = %d`, a, b), fmt.Sprintf(`update sealed set seq = %d where seq = 9000`, b)},
			"doubled": {fmt.Sprintf(`insert into sealed select 90000, subject, salt, ciphertext from sealed where seq = %d`, a)},
		} {
			try(fmt.Sprintf("details of %d %s", a, what), q...)
			undo()
			n++
		}
	}
	for what, q := range map[string][]string{
		"details come back":                 {`insert into sealed select r.seq, 's-1', s.salt, s.ciphertext from record r, sealed s where r.seq = 21 limit 1`},
		"a tile deleted":                    {`delete from tile where key = 0`},
		"the newest tile deleted":           {`delete from tile where key = 1`},
		"a tile doubled":                    {`insert into tile select 7, hashes from tile where key = 0`},
		"tiles swapped":                     {`update tile set key = 900 where key = 0`, `update tile set key = 0 where key = 1`, `update tile set key = 1 where key = 900`},
		"a tile cut off":                    {`update tile set hashes = substr(hashes, 1, 32) where key = 0`},
		"a tile grown":                      {`update tile set hashes = hashes || hashes where key = 1`},
		"all tiles deleted":                 {`delete from tile`},
		"a time written otherwise":          {`update head set time = replace(time, '.', ',')`},
		"no head":                           {`delete from head`},
		"all records deleted":               {`delete from record`},
		"a counter deleted":                 {`delete from party where org = 'south'`},
		"a counter for nobody":              {`insert into party values ('nobody', 1)`},
		"counters swapped":                  {`update party set n = (select max(n) from party) where org = 'south'`},
		"a stream seen by another":          {`insert into stream_party values ('count/0', 'west')`},
		"a stream hidden":                   {`delete from stream_party where org = 'south' and stream = 'count/0'`},
		"a key to be destroyed":             {`insert into shred values ('s-2')`},
		"a checkpoint of elsewhere":         {`update checkpoint set size = 100`},
		"a checkpoint of less than nothing": {`update checkpoint set size = -9223372036854775607`},
		"a head of less than nothing":       {`update head set size = -1`},
		"an empty head":                     {`update head set size = 0, root = x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', time = ''`},
	} {
		try(what, q...)
		undo()
		n++
	}
	if err := verdict(t, "as it was", db, policy); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d alterations of rows, 0 unnoticed", n)
}
