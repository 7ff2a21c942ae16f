// Package audit recomputes a ledger from what was stored or exported, and says the first
// thing that is wrong with it. It needs no running ledger and no key but those of the
// policy.
package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"chaperone.example/ledger"
	"chaperone.example/ledger/leaf"
	"chaperone.example/ledger/proof"
	"chaperone.example/ledger/store"
	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/tlog"
)

// A Report is what an audit found in order.
type Report struct {
	Tree      tlog.Tree
	Streams   int
	Sealed    int             // records whose sealed details are present and match
	Disposals map[int64]int64 // records whose details were disposed of, and by which record
}

// Disposed returns how many records had their details disposed of.
func (r Report) Disposed() int { return len(r.Disposals) }

// Database recomputes the whole ledger from its records: every leaf, every tile, the
// root, the density of streams, of party numbers and of time, and the commitment
// to every sealed detail. The first thing that is wrong is returned as an error
// that names the record.
func Database(ctx context.Context, db ledger.Reader) (Report, error) {
	a := NewAuditor()
	want, _, err := store.Head(ctx, db, store.ReadHead)
	if err != nil {
		return Report{}, fmt.Errorf("ledger: %w", err)
	}
	for e, err := range Stored(ctx, db, 0) {
		if err != nil {
			return Report{}, fmt.Errorf("ledger: after record %d: %w", a.edge.Size()-1, err)
		}
		if err := a.Add(e); err != nil {
			return Report{}, fmt.Errorf("ledger: %w", err)
		}
		if err := e.matches(); err != nil {
			return Report{}, fmt.Errorf("ledger: record %d: %w", e.Seq, err)
		}
	}
	tiles := a.edge.Flush()
	rep, err := a.Finish()
	switch {
	case err != nil:
		return rep, fmt.Errorf("ledger: %w", err)
	case rep.Tree.N != want.N:
		return rep, fmt.Errorf("ledger: %d records are present, the head says %d", rep.Tree.N, want.N)
	case rep.Tree.Hash != want.Hash:
		return rep, fmt.Errorf("ledger: the records give the root %v, the head says %v: a record was altered", rep.Tree.Hash, want.Hash)
	}
	if err := auditTiles(ctx, db, tiles); err != nil {
		return rep, err
	}
	for _, check := range []func(context.Context, ledger.Reader) error{a.headTime, a.counters, a.visible, a.shreds} {
		if err := check(ctx, db); err != nil {
			return rep, err
		}
	}
	var sealed int
	if err := db.QueryRowContext(ctx, `select count(*) from sealed`).Scan(&sealed); err != nil {
		return rep, err
	}
	if sealed != rep.Sealed {
		return rep, fmt.Errorf("ledger: %d sealed details belong to no record", sealed-rep.Sealed)
	}
	return rep, nil
}

// An Auditor checks a ledger entry by entry, wherever the entries come from.
type Auditor struct {
	edge      *tree.Edge
	streams   map[string]int
	parties   map[string]int64
	sees      map[[2]string]bool // stream and party
	last      ledger.Record
	sealed    int
	missing   map[int64]bool  // records with details that are not there
	disposals map[int64]int64 // records whose details a record says it disposed of
}

// NewAuditor returns an auditor of an empty ledger.
func NewAuditor() *Auditor {
	return &Auditor{edge: tree.NewEdge(), streams: map[string]int{}, parties: map[string]int64{}, sees: map[[2]string]bool{}, missing: map[int64]bool{}, disposals: map[int64]int64{}}
}

// Add checks the next entry.
func (a *Auditor) Add(e Entry) error {
	if e.Seq != a.edge.Size() {
		return fmt.Errorf("record %d is missing: the next one present is %d", a.edge.Size(), e.Seq)
	}
	if err := a.add(e); err != nil {
		return fmt.Errorf("record %d: %w", e.Seq, err)
	}
	return nil
}

func (a *Auditor) add(e Entry) error {
	data, err := e.Leaf()
	if err != nil {
		return err
	}
	a.edge.Push(tlog.RecordHash(data))
	rec, err := e.Record()
	if err != nil {
		return err
	}
	switch {
	case rec.Version != a.streams[rec.Stream]+1:
		return fmt.Errorf("it is version %d of its stream, after version %d", rec.Version, a.streams[rec.Stream])
	case rec.Time.Before(a.last.Time):
		return errors.New("it was recorded before its predecessor")
	case len(e.Tags) != len(rec.Parties):
		return fmt.Errorf("it has %d tags for %d parties", len(e.Tags), len(rec.Parties))
	}
	for _, p := range rec.Parties {
		if p.N != a.parties[p.Org]+1 {
			return fmt.Errorf("it is event %d of a party, after event %d", p.N, a.parties[p.Org])
		}
		a.parties[p.Org] = p.N
		a.sees[[2]string{rec.Stream, p.Org}] = true
	}
	a.streams[rec.Stream], a.last = rec.Version, rec
	if rec.Type == ledger.DisposedType {
		var d ledger.Disposed
		if err := leaf.Strict(rec.Body, &d); err != nil {
			return err
		}
		for _, seq := range d.Records {
			a.disposals[seq] = rec.Seq
		}
	}
	switch {
	case e.Sealed != nil && rec.Sealed == nil:
		return errors.New("it has sealed details that it does not commit to")
	case e.Sealed != nil && !e.Sealed.Matches(rec.Sealed):
		return errors.New("its sealed details are not those that it commits to")
	case e.Sealed != nil:
		a.sealed++
	case rec.Sealed != nil:
		a.missing[rec.Seq] = true
	}
	return nil
}

// Finish checks what only the whole can show, and reports.
func (a *Auditor) Finish() (Report, error) {
	rep := Report{Tree: tlog.Tree{N: a.edge.Size()}, Streams: len(a.streams), Sealed: a.sealed, Disposals: a.disposals}
	var err error
	if rep.Tree.Hash, err = a.edge.Root(); err != nil {
		return rep, err
	}
	for _, seq := range slices.Sorted(maps.Keys(a.disposals)) {
		if !a.missing[seq] {
			return rep, fmt.Errorf("record %d says that it disposed of the details of record %d, which are there, or never were", a.disposals[seq], seq)
		}
	}
	var gone Missing
	for _, seq := range slices.Sorted(maps.Keys(a.missing)) {
		if _, ok := a.disposals[seq]; !ok {
			gone.Records = append(gone.Records, seq)
		}
	}
	if len(gone.Records) > 0 {
		return rep, &gone
	}
	return rep, nil
}

// A Missing reports records whose sealed details are not there, while no record says
// that they were disposed of. All else is in order: what was exported without them is
// like this.
type Missing struct{ Records []int64 }

func (m *Missing) Error() string {
	return fmt.Sprintf("record %d: its sealed details are missing, and no record says that they were disposed of (as of %d records)", m.Records[0], len(m.Records))
}

// auditTiles compares the stored tiles with those that the records give.
func auditTiles(ctx context.Context, db ledger.Reader, want map[tree.Key][]byte) error {
	rs, err := db.QueryContext(ctx, `select key, hashes from tile`)
	if err != nil {
		return err
	}
	defer rs.Close()
	for rs.Next() {
		var key tree.Key
		var data []byte
		if err := rs.Scan((*int64)(&key), &data); err != nil {
			return err
		}
		if w, ok := want[key]; !ok || !bytes.Equal(w, data) {
			return fmt.Errorf("ledger: %v differs from the records", key)
		}
		delete(want, key)
	}
	if err := rs.Err(); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		return fmt.Errorf("ledger: %v is missing", key)
	}
	return nil
}

func (a *Auditor) counters(ctx context.Context, db ledger.Reader) error {
	rs, err := db.QueryContext(ctx, `select org, n from party`)
	if err != nil {
		return err
	}
	defer rs.Close()
	found := 0
	for rs.Next() {
		var org string
		var n int64
		if err := rs.Scan(&org, &n); err != nil {
			return err
		}
		if a.parties[org] != n {
			return fmt.Errorf("ledger: party %s has %d events, its counter says %d", org, a.parties[org], n)
		}
		found++
	}
	if found < len(a.parties) {
		return fmt.Errorf("ledger: %d parties have no counter", len(a.parties)-found)
	}
	return rs.Err()
}

// headTime compares the time of the head, letter by letter: one time can be written in
// several ways.
func (a *Auditor) headTime(ctx context.Context, db ledger.Reader) error {
	var size int64
	var root []byte
	var at, want string
	if err := db.QueryRowContext(ctx, store.ReadHead).Scan(&size, &root, &at); err != nil {
		return err
	}
	if a.edge.Size() > 0 {
		want = a.last.Time.Format(store.TimeFormat)
	}
	if at != want {
		return errors.New("ledger: the time of the head is not that of the newest record")
	}
	return nil
}

// visible checks who may see which stream: exactly the parties of its records.
func (a *Auditor) visible(ctx context.Context, db ledger.Reader) error {
	rs, err := db.QueryContext(ctx, `select stream, org from stream_party`)
	if err != nil {
		return err
	}
	defer rs.Close()
	found := 0
	for rs.Next() {
		var pair [2]string
		if err := rs.Scan(&pair[0], &pair[1]); err != nil {
			return err
		}
		if !a.sees[pair] {
			return errors.New("ledger: an organization is said to see a stream that it is no party of")
		}
		found++
	}
	if found != len(a.sees) && rs.Err() == nil {
		return fmt.Errorf("ledger: %d streams are hidden from parties of theirs", len(a.sees)-found)
	}
	return rs.Err()
}

// shreds checks that a key waits for its destruction only where a disposal is recorded.
func (a *Auditor) shreds(ctx context.Context, db ledger.Reader) error {
	rs, err := db.QueryContext(ctx, `select subject from shred`)
	if err != nil {
		return err
	}
	defer rs.Close()
	for rs.Next() {
		var subject string
		if err := rs.Scan(&subject); err != nil {
			return err
		}
		if a.streams["disposal/"+subject] == 0 {
			return errors.New("ledger: a key is marked for destruction, and no record says that its subject was disposed of")
		}
	}
	return rs.Err()
}

// Checkpoints checks the cosigned checkpoints that a database keeps against its records
// and, if it is not nil, a policy.
func Checkpoints(ctx context.Context, db ledger.Reader, policy *proof.Policy) error {
	rs, err := db.QueryContext(ctx, `select size, note from checkpoint`)
	if err != nil {
		return err
	}
	notes := map[int64][]byte{}
	for rs.Next() {
		var size int64
		var note []byte
		if err := rs.Scan(&size, &note); err != nil {
			return errors.Join(err, rs.Close())
		}
		notes[size] = note
	}
	if err := errors.Join(rs.Err(), rs.Close()); err != nil {
		return err
	}
	for size, note := range notes {
		c, err := proof.ReadCheckpoint(note)
		if err == nil && policy != nil {
			_, err = policy.Open(note)
		}
		if err != nil {
			return fmt.Errorf("ledger: the checkpoint at %d records: %w", size, err)
		}
		if c.Tree.N != size { // a size below zero has no root
			return fmt.Errorf("ledger: the checkpoint at %d records says that it is of %d", size, c.Tree.N)
		}
		root, err := tlog.TreeHash(size, tree.Reader(store.Tiles(ctx, db)))
		if err != nil {
			return fmt.Errorf("ledger: the checkpoint at %d records: %w", size, err)
		}
		if c.Tree.N != size || c.Tree.Hash != root {
			return fmt.Errorf("ledger: the checkpoint at %d records is of another history", size)
		}
	}
	return nil
}
