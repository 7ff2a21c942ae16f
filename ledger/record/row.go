package record

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/store"
)

// A Row is a record as it is stored.
type Row struct {
	Seq int64
	leaf.Opening
}

// Record reads the record of a row.
func (r Row) Record() (Record, error) {
	var rec Record
	if err := json.Unmarshal(r.Event, &rec); err != nil {
		return rec, fmt.Errorf("ledger: record %d: %w", r.Seq, err)
	}
	if rec.Seq != r.Seq {
		return rec, fmt.Errorf("ledger: record %d says it is %d", r.Seq, rec.Seq)
	}
	return rec, nil
}

// Columns begins a query for [Rows].
const Columns = `select seq, salt, tags, event from record`

// Rows yields what a query of [Columns] finds.
func Rows(ctx context.Context, db store.Querier, query string, args ...any) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		rs, err := db.QueryContext(ctx, query, args...)
		if err != nil {
			yield(Row{}, err)
			return
		}
		defer rs.Close()
		for rs.Next() {
			var r Row
			var packed []byte
			if err = rs.Scan(&r.Seq, &r.Salt, &packed, &r.Event); err == nil {
				r.Tags, err = leaf.UnpackTags(packed)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rs.Err(); err != nil {
			yield(Row{}, err)
		}
	}
}

// All yields the records of [Rows].
func All(ctx context.Context, db store.Querier, query string, args ...any) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for row, err := range Rows(ctx, db, query, args...) {
			var r Record
			if err == nil {
				r, err = row.Record()
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// Insertion returns the row of the table record.
func Insertion(r *Record, o leaf.Opening) []any {
	return []any{r.Seq, r.Stream, int64(r.Version), r.Type, r.Time.Format(store.TimeFormat), o.Salt, leaf.PackTags(o.Tags), o.Event}
}
