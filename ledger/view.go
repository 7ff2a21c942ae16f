package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"chaperone.example/ledger/notary"
	"chaperone.example/ledger/record"
	"chaperone.example/ledger/store"
)

// Tables returns the tables that the views declare, in their order.
func (l *Log) Tables() []string {
	var names []string
	for _, v := range l.cfg.Views {
		for line := range strings.Lines(v.Schema) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "create table if not exists "); ok {
				name, _, _ := strings.Cut(rest, " ")
				names = append(names, name)
			}
		}
	}
	return names
}

// Rebuild drops every view and computes it again from the ledger, in one
// transaction. Progress is told the number of records done and of all.
func (l *Log) Rebuild(ctx context.Context, progress func(done, all int64)) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, _, err := store.Head(ctx, tx, l.dialect.Head); err != nil { // nobody appends meanwhile
		return err
	}
	for _, t := range l.Tables() {
		if _, err := tx.ExecContext(ctx, `drop table if exists `+t); err != nil {
			return fmt.Errorf("ledger: rebuild: drop %s: %w", t, err)
		}
	}
	if _, err := tx.ExecContext(ctx, `delete from stream_party; delete from unbuilt`); err != nil {
		return err
	}
	for _, s := range schemas(l.cfg.Views) {
		if _, err := tx.ExecContext(ctx, l.dialect.Schema(s)); err != nil {
			return fmt.Errorf("ledger: rebuild: %w", err)
		}
	}
	h, err := notary.Head(ctx, tx)
	if err != nil {
		return err
	}
	if err := l.replay(ctx, tx, 0, h.N, progress); err != nil {
		return err
	}
	return tx.Commit()
}

// replay brings the views up to date with the records from one position to another.
func (l *Log) replay(ctx context.Context, tx *sql.Tx, from, to int64, progress func(done, all int64)) error {
	const batch = 1000 // a transaction may not run statements while it reads rows
	for ; from < to; from += batch {
		var recs []Record
		for r, err := range record.All(ctx, tx, record.Columns+` where seq >= $1 and seq < $2 order by seq`, from, min(from+batch, to)) {
			if err != nil {
				return err
			}
			recs = append(recs, r)
		}
		for _, r := range recs {
			for _, p := range r.Parties {
				if _, err := tx.ExecContext(ctx, `insert into stream_party (stream, org) values ($1, $2) on conflict do nothing`, r.Stream, p.Org); err != nil {
					return err
				}
			}
			if err := l.project(ctx, tx, r); err != nil {
				return err
			}
		}
		if progress != nil {
			progress(min(from+batch, to), to)
		}
	}
	return nil
}

// project brings the views up to date with r.
func (l *Log) project(ctx context.Context, tx Tx, r Record) error {
	e, err := l.decode(r)
	if err != nil {
		return err
	}
	for _, v := range l.cfg.Views {
		if err := v.Apply(ctx, tx, r, e); err != nil {
			return fmt.Errorf("ledger: view %s at record %d, %s: %w", v.Name, r.Seq, r.Type, err)
		}
	}
	return nil
}
