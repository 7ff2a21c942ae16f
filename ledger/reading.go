package ledger

import (
	"context"
	"slices"
	"time"

	"chaperone.example/ledger/record"
	"golang.org/x/mod/sumdb/tlog"
)

// A Reading is what a decision or an answer may read: within a scope, and
// remembering which streams it looked at.
type Reading struct {
	log    *Log
	scope  Scope
	guards []Guard
}

// Scope returns what the gate minted for the actor.
func (r *Reading) Scope() Scope { return r.scope }

// DB returns the views. What a decision rests on must come from [Read], which is
// guarded; an answer must stay within the scope, by [Reading.Visible], by [See] or
// by joining stream_party.
func (r *Reading) DB() Reader { return r.log.db }

// Now returns the time by the clock of the ledger.
func (r *Reading) Now() time.Time { return r.log.Now() }

// Visible reports whether the scope may see a stream.
func (r *Reading) Visible(ctx context.Context, stream string) (bool, error) {
	var n int
	err := r.log.db.QueryRowContext(ctx, `select count(*) from stream_party where stream = $1 and org = $2`, stream, r.scope.Org).Scan(&n)
	return n > 0, err
}

// Details opens the sealed details of the record at seq into v, for a party of the
// record. It returns [ErrDisposed] when they were disposed of, and does nothing
// when there are none.
func (r *Reading) Details(ctx context.Context, seq int64, v any) error {
	rec, err := r.Record(ctx, seq)
	if err != nil {
		return err
	}
	return r.log.Details(ctx, rec, v)
}

// Read folds a stream into its state for a decision. A stream that does not exist
// reads as the zero state.
func Read[S any](ctx context.Context, r *Reading, k Kind[S], id string) (S, error) {
	state, version, err := load(ctx, r.log, k, id)
	if err == nil {
		r.guards = append(r.guards, Guard{Stream: k.Name + "/" + id, Version: version})
	}
	return state, err
}

// See is [Read] within the scope: what the scope may not see is answered like what
// does not exist. What it may see of the past, too, is for those who may see it today.
func See[S any](ctx context.Context, r *Reading, k Kind[S], id string) (S, error) {
	state, err := Read(ctx, r, k, id)
	if err == nil && (r.guards[len(r.guards)-1].Version == 0 || !slices.Contains(k.Sees(state), r.scope.Org)) {
		err = &unknown{k.Name}
	}
	if err == nil && r.log.live != nil {
		_, err = See(ctx, &Reading{log: r.log.live, scope: r.scope}, k, id)
	}
	if err != nil {
		var none S
		return none, err
	}
	return state, nil
}

// Own returns the newest records that the scope's organization is a party of,
// before position before (or the end, if negative), newest first; only those of
// stream, unless it is empty.
func (r *Reading) Own(ctx context.Context, stream string, before int64, limit int) ([]Record, error) {
	if before < 0 {
		before = 1<<62 - 1
	}
	var out []Record
	for rec, err := range record.All(ctx, r.log.db, `select r.seq, r.salt, r.tags, r.event from record r join stream_party p on p.stream = r.stream and p.org = $1
		where r.seq < $2 and ($3 = '' or r.stream = $3) order by r.seq desc`, r.scope.Org, before, stream) {
		if err != nil {
			return nil, err
		}
		if rec.Concerns(r.scope.Org) {
			out = append(out, rec)
		}
		if len(out) == limit {
			break
		}
	}
	return out, nil
}

// Record returns the record at seq, to a party of it.
func (r *Reading) Record(ctx context.Context, seq int64) (Record, error) {
	for rec, err := range record.All(ctx, r.log.db, record.Columns+` where seq = $1`, seq) {
		if err != nil {
			return Record{}, err
		}
		if rec.Concerns(r.scope.Org) {
			return rec, nil
		}
	}
	return Record{}, &unknown{"record"}
}

// Happened returns when a record says that its event happened.
func (r *Reading) Happened(rec Record) (time.Time, error) { return r.log.Happened(rec) }

// Head returns the size and the root of the ledger.
func (r *Reading) Head(ctx context.Context) (tlog.Tree, error) { return r.log.Head(ctx) }

// Prove returns a proof (C2SP tlog-proof) that the record at seq is in the ledger,
// with the opening that shows what the record says. Only a party of the record
// gets it.
func (r *Reading) Prove(ctx context.Context, seq int64) ([]byte, error) {
	for row, err := range record.Rows(ctx, r.log.db, record.Columns+` where seq = $1`, seq) {
		if err != nil {
			return nil, err
		}
		rec, err := row.Record()
		if err != nil {
			return nil, err
		}
		if rec.Concerns(r.scope.Org) && r.log.live != nil { // the newest head proves the past, too
			return r.log.live.Prove(ctx, row)
		}
		if rec.Concerns(r.scope.Org) {
			return r.log.Prove(ctx, row)
		}
	}
	return nil, &unknown{"record"}
}
