package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"time"

	"chaperone.example/ledger/excerpt"
	"chaperone.example/ledger/notary"
	"chaperone.example/ledger/record"
	"chaperone.example/ledger/store"
)

// An AsOf names a moment of the past on two clocks.
type AsOf struct {
	Records int64     // what had been recorded: the first so many records
	Happens time.Time // the time for which is asked; if zero, that of the last of them
	Known   int64     // later ones of the first so many count, too, if they say that they happened by then
}

// A Dated event says when it happened, where that may be long before it is recorded. The
// zero time says nothing, and a time to come counts as that of the record.
type Dated interface{ Happened() time.Time }

// Happened returns when a record says that its event happened: when it was recorded,
// unless the event is [Dated].
func (l *Log) Happened(r Record) (time.Time, error) {
	e, err := l.decode(r)
	if d, ok := e.(Dated); ok && err == nil && !d.Happened().IsZero() && d.Happened().Before(r.Time) {
		return d.Happened(), nil
	}
	return r.Time, err
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

// Past computes the ledger as it stood into a database, which the caller opens and
// throws away: an empty one, or one that holds an earlier past without late records,
// which is carried on. After an error the database is of no use. The result answers
// questions on a context of [At]; it cannot be appended to. Sealed
// details are those of today: what was disposed of since stays so.
func (l *Log) Past(ctx context.Context, into *sql.DB, when AsOf) (*Log, error) {
	h, err := l.Head(ctx)
	if err != nil {
		return nil, err
	}
	if when.Records < 0 || when.Records > h.N || when.Known > h.N || when.Records == 0 && when.Happens.IsZero() {
		return nil, fmt.Errorf("ledger: there is no position %d: the ledger holds %d records", max(when.Records, when.Known), h.N)
	}
	if when.Happens.IsZero() {
		if when.Happens, err = store.TimeOf(ctx, l.db, when.Records-1); err != nil {
			return nil, err
		}
	}
	root, err := l.Root(ctx, when.Records)
	if err != nil {
		return nil, err
	}
	d, err := store.DialectOf(ctx, into)
	if err != nil {
		return nil, err
	}
	if err := d.Prepare(ctx, into, schemas(l.cfg.Views)...); err != nil {
		return nil, fmt.Errorf("ledger: schema: %w", err)
	}
	p := &Log{Notary: notary.New(into, l.cfg.Origin, l.cfg.signers()...), db: into, dialect: d, cfg: l.cfg, types: l.types, live: l,
		states: map[string]folded{}, more: make(chan struct{})}
	p.cfg.DB, p.cfg.Anchor, p.cfg.Now = into, nil, func() time.Time { return when.Happens }
	tx, err := into.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	had, err := notary.Head(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := excerpt.Extend(ctx, d, tx, l.db, when.Records, root); err != nil {
		return nil, err
	}
	if err := p.replay(ctx, tx, had.N, when.Records, nil); err != nil {
		return nil, err
	}
	if err := p.late(ctx, tx, when); err != nil {
		return nil, err
	}
	return p, tx.Commit()
}

// late adds what was recorded afterwards of what had happened by then. Nothing happens in
// a stream before it begins.
func (l *Log) late(ctx context.Context, tx *sql.Tx, when AsOf) error {
	dated := l.types.Names(reflect.TypeFor[Dated]()) // names of the program's own
	if len(dated) == 0 {
		return nil
	}
	for r, err := range record.All(ctx, l.live.db, record.Columns+` where seq >= $1 and seq < $2 and type in ('`+strings.Join(dated, "', '")+`') order by seq`, when.Records, when.Known) {
		if err != nil {
			return err
		}
		at, err := l.Happened(r)
		if err != nil {
			return err
		}
		begun, err := l.dialect.Versions(ctx, tx, []string{r.Stream})
		if err != nil {
			return err
		}
		if at.After(when.Happens) || r.Version > 1 && begun[r.Stream] == 0 {
			continue
		}
		if err := excerpt.Add(ctx, l.dialect, tx, l.live.db, r.Seq); err != nil {
			return err
		}
		if err := l.replay(ctx, tx, r.Seq, r.Seq+1, nil); err != nil {
			return err
		}
	}
	return nil
}

type atKey struct{}

// At has every [Ask] on ctx answered as the ledger stood in the past, if past is of the
// same ledger. The gate permits by the rules and roles of today, and a [Watched] question
// is recorded today. [Do] refuses to do anything on such a context.
func At(ctx context.Context, past *Log) context.Context {
	return context.WithValue(ctx, atKey{}, past)
}

// at returns the log that questions on ctx are asked of.
func (d *Desk) at(ctx context.Context) *Log {
	if p, ok := ctx.Value(atKey{}).(*Log); ok && p.live == d.Log {
		return p
	}
	return d.Log
}

// errPast is the answer to a command in the past.
type errPast struct{}

func (errPast) Error() string { return "ledger: the past cannot be changed" }
func (errPast) Fault() (string, string) {
	return "refused", "you are looking at the past, where nothing can be changed: go back to now first"
}
