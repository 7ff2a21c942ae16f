package app

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/past"
	"chaperone.example/ledger"
)

// Show writes what the ledger holds, or held as of a moment that [past.Parse] reads, for
// its operator: the records of a stream ("request/q-…"), the streams of a kind
// ("request"), the rows of a table of the views ("table/request") as CSV, or, asked for nothing, the kinds
// and tables there are. There are no names and no details in it: those are sealed.
func (a *App) Show(ctx context.Context, w io.Writer, what, moment, clock string) (err error) {
	log := a.Log
	if moment != "" || clock != "" {
		m, err := past.Parse(moment, clock, a.now())
		if err != nil {
			return err
		}
		// Nobody waits for a page here, so it may take as long as it takes.
		k := past.New(past.Config{Live: a.Log, Dir: filepath.Join(a.place.Dir, pastDir), Open: openPast, Now: a.now, Patience: math.MaxInt64, Most: math.MaxInt64})
		defer k.Close()
		if log, err = k.At(ctx, m); err != nil {
			return err
		}
		h, err := log.Head(ctx)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "# as of %s: %d records, root %v\n", log.Now().Format(time.RFC3339), h.N, h.Hash); err != nil {
			return err
		}
	}
	table, is := strings.CutPrefix(what, "table/")
	switch {
	case what == "":
		return showKinds(ctx, w, log)
	case is && slices.Contains(log.Tables(), table):
		return showTable(ctx, w, log, table)
	case strings.Contains(what, "/"):
		return showStream(ctx, w, log, what)
	}
	return showKind(ctx, w, log, what)
}

func showStream(ctx context.Context, w io.Writer, log *ledger.Log, stream string) error {
	none := true
	for r, err := range log.Records(ctx, stream, 0) {
		if err != nil {
			return err
		}
		none = false
		happened, err := log.Happened(r)
		if err != nil {
			return err
		}
		late := ""
		if !happened.Equal(r.Time) {
			late = ", happened " + happened.Format(time.RFC3339)
		}
		if _, err := fmt.Fprintf(w, "#%d version %d, recorded %s%s: %s by %s\n  %s\n", r.Seq, r.Version, r.Time.Format(time.RFC3339), late, r.Type, strings.TrimSpace(r.Actor.Role+" "+r.Actor.ID), r.Body); err != nil {
			return err
		}
	}
	if none {
		return fault.New(fault.NotFound, "there is no such stream or table, or it had not begun then: \"chaperone ledger show\" lists what there is")
	}
	return nil
}

func showKind(ctx context.Context, w io.Writer, log *ledger.Log, kind string) error {
	rows, err := log.DB().QueryContext(ctx, `select stream, count(*), max(seq) from record where substr(stream, 1, $1) = $2 group by stream order by min(seq)`, len(kind)+1, kind+"/")
	if err != nil {
		return err
	}
	defer rows.Close()
	none := true
	for rows.Next() {
		var stream string
		var n, last int64
		if err := rows.Scan(&stream, &n, &last); err != nil {
			return err
		}
		none = false
		if _, err := fmt.Fprintf(w, "%s: %d records, the last is #%d\n", stream, n, last); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil || !none {
		return err
	}
	return fault.New(fault.NotFound, "there is no kind of that name, or there was nothing of it then: \"chaperone ledger show\" lists them")
}

func showKinds(ctx context.Context, w io.Writer, log *ledger.Log) error {
	kinds := map[string]int{}
	for r, err := range log.All(ctx, 0) {
		if err != nil {
			return err
		}
		kind, _, _ := strings.Cut(r.Stream, "/")
		if r.Version == 1 {
			kinds[kind]++
		}
	}
	var names []string
	for kind := range kinds {
		names = append(names, kind)
	}
	slices.Sort(names)
	for _, kind := range names {
		if _, err := fmt.Fprintf(w, "kind  %s: %d\n", kind, kinds[kind]); err != nil {
			return err
		}
	}
	for _, table := range log.Tables() {
		if _, err := fmt.Fprintf(w, "table/%s\n", table); err != nil {
			return err
		}
	}
	return nil
}

// showTable writes a table of the views, which log itself names.
func showTable(ctx context.Context, w io.Writer, log *ledger.Log, table string) error {
	rows, err := log.DB().QueryContext(ctx, `select * from `+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	cells, into, text := make([]any, len(columns)), make([]any, len(columns)), make([]string, len(columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, c := range cells {
			switch c := c.(type) {
			case nil:
				text[i] = ""
			case []byte:
				text[i] = string(c)
			default:
				text[i] = fmt.Sprint(c)
			}
		}
		if err := out.Write(text); err != nil {
			return err
		}
	}
	out.Flush()
	if err := rows.Err(); err != nil {
		return err
	}
	return out.Error()
}
