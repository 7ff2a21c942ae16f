package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"chaperone.example/ledger/store"
	"chaperone.example/ledger/tree"
	"golang.org/x/mod/sumdb/tlog"
)

// An AsOf names a moment of the past on two clocks.
type AsOf struct {
	Records int64     // what had been recorded: the first so many records
	Happens time.Time // the time for which is asked; if zero, that of the last of them
}

// AsOfTime returns the position at which the ledger stood at a time.
func (l *Log) AsOfTime(ctx context.Context, at time.Time) (AsOf, error) {
	// Times do not run backwards along the ledger, so that the position can be searched;
	// as text they do not sort, since fractions vary in length.
	h, err := l.Head(ctx)
	if err != nil {
		return AsOf{}, err
	}
	low, high := int64(0), h.N // records below low are not after at, those from high on are
	for low < high {
		mid := low + (high-low)/2
		t, err := store.TimeOf(ctx, l.db, mid)
		if err != nil {
			return AsOf{}, err
		}
		if t.After(at) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return AsOf{Records: low, Happens: at}, nil
}

// Past computes the ledger as it stood into an empty database, which the caller opens
// and throws away. The result answers questions, by [AskPast]; it cannot be appended to.
// Sealed details are those of today: what was disposed of since stays so.
func (l *Log) Past(ctx context.Context, into *sql.DB, when AsOf) (*Log, error) {
	h, err := l.Head(ctx)
	if err != nil {
		return nil, err
	}
	if when.Records < 1 || when.Records > h.N {
		return nil, fmt.Errorf("ledger: there is no position %d: the ledger holds %d records", when.Records, h.N)
	}
	if when.Happens.IsZero() {
		if when.Happens, err = store.TimeOf(ctx, l.db, when.Records-1); err != nil {
			return nil, err
		}
	}
	d, err := store.DialectOf(ctx, into)
	if err != nil {
		return nil, err
	}
	if err := d.Prepare(ctx, into, schemas(l.cfg.Views)...); err != nil {
		return nil, fmt.Errorf("ledger: schema: %w", err)
	}
	p := &Log{db: into, dialect: d, cfg: l.cfg, types: l.types, live: l, states: map[string]folded{}, more: make(chan struct{}),
		stop: make(chan struct{}), broken: errors.New("ledger: the past cannot be changed")}
	close(p.stop)
	p.cfg.DB, p.cfg.Anchor, p.cfg.Now = into, nil, func() time.Time { return when.Happens }
	if err := p.copy(ctx, when.Records); err != nil {
		return nil, err
	}
	return p, p.Rebuild(ctx, nil)
}

// copy takes the first records of the live ledger over, and their tree.
func (l *Log) copy(ctx context.Context, size int64) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	edge := tree.NewEdge()
	var batch [][]any
	var last Record
	for r, err := range rows(ctx, l.live.db, recordColumns+` where seq < $1 order by seq`, size) {
		if err != nil {
			return err
		}
		if last, err = r.record(); err != nil {
			return err
		}
		leaf, err := r.Bytes(r.seq)
		if err != nil {
			return err
		}
		edge.Push(tlog.RecordHash(leaf))
		batch = append(batch, recordRow(last, r.Opening))
		if len(batch) == 1000 || r.seq == size-1 {
			if err := l.dialect.Insert(ctx, tx, store.Record, batch); err != nil {
				return err
			}
			batch = nil
		}
	}
	var tiles [][]any
	for key, data := range edge.Flush() {
		tiles = append(tiles, []any{int64(key), data})
	}
	if err := l.dialect.Insert(ctx, tx, store.Tile, tiles); err != nil {
		return err
	}
	root, err := edge.Root()
	if err != nil {
		return err
	}
	// The tree of the past must be the beginning of today's.
	if want, err := l.live.Root(ctx, size); err != nil || root != want {
		return errors.Join(err, fmt.Errorf("ledger: the first %d records do not give the root that they had", size))
	}
	if _, err := tx.ExecContext(ctx, `update head set size = $1, root = $2, time = $3 where id = 1`, size, root[:], last.Time.Format(store.TimeFormat)); err != nil {
		return err
	}
	return tx.Commit()
}

// AskPast answers q for a as the ledger stood in the past. The gate permits by the rules
// and roles of today, and a [Watched] question is recorded today.
func AskPast[T any](ctx context.Context, d *Desk, past *Log, a Actor, q Question[T]) (answer T, err error) {
	return ask(ctx, d, past, a, q)
}
