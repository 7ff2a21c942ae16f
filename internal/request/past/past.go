// Package past makes the decisions of requests again with a change, a draft agreement
// or a pack of rules, and says which would have come out otherwise (DEC-1).
package past

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chaperone.example/internal/request"
	"chaperone.example/law/replay"
	"chaperone.example/ledger"
)

// WhatIf asks what a change would have meant for the newest decisions of the
// requests of the actor's organization (DEC-1): each is made again from its recorded
// question and facts, with the change, and nothing is recorded.
type WhatIf struct {
	Change replay.Change
	Ours   bool // only requests for the actor's organization's own data
}

// mostPast is how many requests are looked at, the newest first.
const mostPast = 500

// Action implements [ledger.Question].
func (WhatIf) Action() string { return "request.whatif" }

// An Answer answers [WhatIf].
type Answer struct {
	Looked  int // decisions that were made again
	More    bool
	Changed []Consequence
}

// A Consequence is a decision that would have come out otherwise.
type Consequence struct {
	Request string
	Project string // opened for display
	At      time.Time
	replay.Difference
}

// Answer implements [ledger.Question].
func (q WhatIf) Answer(ctx context.Context, r *ledger.Reading) (Answer, error) {
	var out Answer
	rs, err := r.DB().QueryContext(ctx, `select q.id, q.details, q.changed, d.event from request q join stream_party sp on sp.stream = 'request/' || q.id and sp.org = $1
		join request_decision d on d.request = q.id and d.id = q.decision where ($2 = 0 or q.discloser = $1) order by q.changed desc, q.id limit $3`, r.Scope().Org, btoi(q.Ours), mostPast+1)
	if err != nil {
		return out, fmt.Errorf("request: what if: %w", err)
	}
	defer rs.Close()
	var found []Consequence
	var details []int64
	var records []replay.Record
	for rs.Next() {
		var c Consequence
		var changed, event string
		var seq int64
		if err := rs.Scan(&c.Request, &seq, &changed, &event); err != nil {
			return out, fmt.Errorf("request: what if: %w", err)
		}
		if len(found) == mostPast {
			out.More = true
			break
		}
		if c.At, err = time.Parse(time.RFC3339Nano, changed); err != nil {
			return out, err
		}
		rec, err := record(event)
		if err != nil {
			return out, err
		}
		found, details, records = append(found, c), append(details, seq), append(records, rec)
	}
	if err := rs.Err(); err != nil {
		return out, err
	}
	out.Looked = len(found)
	for i := range found {
		diff, err := replay.WhatIf(records[i:i+1], q.Change)
		if err != nil {
			return out, err
		}
		if len(diff) == 0 {
			continue
		}
		found[i].Difference = diff[0]
		var d request.Details
		if err := r.Details(ctx, details[i], &d); err != nil && !errors.Is(err, ledger.ErrDisposed) {
			return out, err
		}
		if found[i].Project = d.Project; d.Project == "" {
			found[i].Project = "(disposed of)"
		}
		out.Changed = append(out.Changed, found[i])
	}
	return out, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// record reads a recorded decision.
func record(event string) (replay.Record, error) {
	var d request.Decided
	var rec replay.Record
	if err := json.Unmarshal([]byte(event), &d); err != nil {
		return rec, fmt.Errorf("request: what if: %w", err)
	}
	for _, part := range []struct {
		from json.RawMessage
		to   any
	}{{d.Asked, &rec.Request}, {d.Known, &rec.Facts}, {d.Answer, &rec.Decision}} {
		if err := json.Unmarshal(part.from, part.to); err != nil {
			return rec, fmt.Errorf("request: what if, decision %s: %w", d.ID, err)
		}
	}
	rec.Decision.ID = d.ID
	return rec, nil
}
