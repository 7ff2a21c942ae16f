package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"

	"chaperone.example/ledger"
)

// Views returns a hash of the content of every view, by table, to compare a rebuilt
// database with one that was kept up to date.
func Views(ctx context.Context, l *ledger.Log) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, t := range append(l.Tables(), "stream_party") {
		rs, err := l.DB().QueryContext(ctx, `select * from `+t)
		if err != nil {
			return nil, err
		}
		out[t], err = digestRows(rs)
		if err != nil {
			return nil, fmt.Errorf("ledger: snapshot of %s: %w", t, err)
		}
	}
	return out, nil
}

// digestRows hashes rows as a multiset: the order in which a database returns them
// is not part of a view.
func digestRows(rs *sql.Rows) ([]byte, error) {
	defer rs.Close()
	columns, err := rs.Columns()
	if err != nil {
		return nil, err
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	var sums [][]byte
	for rs.Next() {
		if err := rs.Scan(values...); err != nil {
			return nil, err
		}
		h := sha256.New()
		for i, v := range values {
			fmt.Fprintf(h, "%s=%T:%v\x00", columns[i], *v.(*any), *v.(*any))
		}
		sums = append(sums, h.Sum(nil))
	}
	h := sha256.New()
	slices.SortFunc(sums, bytes.Compare)
	for _, s := range sums {
		h.Write(s)
	}
	return h.Sum(nil), rs.Err()
}
