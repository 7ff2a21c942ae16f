package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// A Report is what an [Audit] found in order.
type Report struct {
	Tree     tlog.Tree
	Streams  int
	Sealed   int // records whose sealed details are present and match
	Disposed int // records whose sealed details were disposed of
}

// Audit recomputes the whole ledger from its records: every leaf, every tile, the
// root, the density of streams, of party numbers and of time, and the commitment
// to every sealed detail. The first thing that is wrong is returned as an error
// that names the record.
func Audit(ctx context.Context, db Reader) (Report, error) {
	var rep Report
	want, err := head(ctx, db)
	if err != nil {
		return rep, fmt.Errorf("ledger: the head cannot be read: %w", err)
	}
	a := auditor{db: db, edge: &edge{dirty: map[int64][]byte{}}, streams: map[string]int{}, parties: map[string]int64{}}
	for r, err := range rows(ctx, db, recordColumns+` order by seq`) {
		if err != nil {
			return rep, fmt.Errorf("ledger: after record %d: %w", a.edge.size-1, err)
		}
		if err := a.check(ctx, r); err != nil {
			return rep, fmt.Errorf("ledger: record %d: %w", a.edge.size, err)
		}
	}
	rep.Tree, rep.Streams, rep.Sealed, rep.Disposed = tlog.Tree{N: a.edge.size}, len(a.streams), a.sealed, a.disposed
	if rep.Tree.Hash, err = a.edge.root(); err != nil {
		return rep, err
	}
	if rep.Tree.N != want.N {
		return rep, fmt.Errorf("ledger: %d records are present, the head says %d", rep.Tree.N, want.N)
	}
	if rep.Tree.Hash != want.Hash {
		return rep, fmt.Errorf("ledger: the records give the root %v, the head says %v: a record was altered", rep.Tree.Hash, want.Hash)
	}
	if err := a.tiles(ctx); err != nil {
		return rep, err
	}
	return rep, a.counters(ctx)
}

type auditor struct {
	db               Reader
	edge             *edge
	streams          map[string]int
	parties          map[string]int64
	last             Record
	sealed, disposed int
}

func (a *auditor) check(ctx context.Context, r row) error {
	if r.seq != a.edge.size {
		return fmt.Errorf("it is missing: the next one present is %d", r.seq)
	}
	leaf, err := r.leaf(r.seq)
	if err != nil {
		return err
	}
	a.edge.push(tlog.RecordHash(leaf))
	var rec Record
	if err := strict(r.Event, &rec); err != nil {
		return err
	}
	var stream, typ, at string
	var version int
	if err := a.db.QueryRowContext(ctx, `select stream, version, type, time from record where seq = $1`, r.seq).Scan(&stream, &version, &typ, &at); err != nil {
		return err
	}
	switch {
	case rec.Seq != r.seq:
		return fmt.Errorf("it says it is record %d", rec.Seq)
	case stream != rec.Stream || version != rec.Version || typ != rec.Type || at != rec.Time.Format(timeFormat):
		return errors.New("its columns differ from the event that is committed to")
	case rec.Version != a.streams[rec.Stream]+1:
		return fmt.Errorf("it is version %d of %s, after version %d", rec.Version, rec.Stream, a.streams[rec.Stream])
	case rec.Time.Before(a.last.Time):
		return errors.New("it was recorded before its predecessor")
	}
	for _, p := range rec.Parties {
		if p.N != a.parties[p.Org]+1 {
			return fmt.Errorf("it is event %d of party %s, after event %d", p.N, p.Org, a.parties[p.Org])
		}
		a.parties[p.Org] = p.N
	}
	if len(r.Tags) != len(rec.Parties) {
		return fmt.Errorf("it has %d tags for %d parties", len(r.Tags), len(rec.Parties))
	}
	a.streams[rec.Stream], a.last = rec.Version, rec
	return a.checkSealed(ctx, rec)
}

func (a *auditor) checkSealed(ctx context.Context, rec Record) error {
	var salt, ciphertext []byte
	err := a.db.QueryRowContext(ctx, `select salt, ciphertext from sealed where seq = $1`, rec.Seq).Scan(&salt, &ciphertext)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if rec.Sealed != nil {
			a.disposed++
		}
		return nil
	case err != nil:
		return err
	case !bytes.Equal(commit("chaperone sealed v1", salt, ciphertext), rec.Sealed):
		return errors.New("its sealed details are not those that it commits to")
	}
	a.sealed++
	return nil
}

// tiles compares the stored tiles with those that the records give.
func (a *auditor) tiles(ctx context.Context) error {
	want := a.edge.flush()
	rs, err := a.db.QueryContext(ctx, `select key, hashes from tile`)
	if err != nil {
		return err
	}
	defer rs.Close()
	for rs.Next() {
		var key int64
		var data []byte
		if err := rs.Scan(&key, &data); err != nil {
			return err
		}
		if !bytes.Equal(want[key], data) {
			return fmt.Errorf("ledger: tile %d/%d differs from the records", key>>48, key&(1<<48-1))
		}
		delete(want, key)
	}
	for key := range want {
		return fmt.Errorf("ledger: tile %d/%d is missing", key>>48, key&(1<<48-1))
	}
	return rs.Err()
}

func (a *auditor) counters(ctx context.Context) error {
	rs, err := a.db.QueryContext(ctx, `select org, n from party`)
	if err != nil {
		return err
	}
	defer rs.Close()
	for rs.Next() {
		var org string
		var n int64
		if err := rs.Scan(&org, &n); err != nil {
			return err
		}
		if a.parties[org] != n {
			return fmt.Errorf("ledger: party %s has %d events, its counter says %d", org, a.parties[org], n)
		}
		delete(a.parties, org)
	}
	if len(a.parties) > 0 {
		return fmt.Errorf("ledger: %d parties have no counter", len(a.parties))
	}
	return rs.Err()
}

// Snapshot returns a hash of the content of every view, to compare a rebuilt
// database with one that was kept up to date.
func (l *Log) Snapshot(ctx context.Context) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, t := range append(l.Tables(), "stream_party") {
		rs, err := l.db.QueryContext(ctx, `select * from `+t)
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
