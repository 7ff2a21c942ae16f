package app

import (
	"context"
	"errors"
	"time"

	"chaperone.example/internal/job"
	"chaperone.example/internal/release/expiry"
	"chaperone.example/ledger"
)

// jobs is what the hub does from time to time.
func (a *App) jobs() *job.Runner {
	return &job.Runner{Now: a.now, Jobs: []job.Job{
		{Name: "Forget sessions that have ended", Every: time.Hour, Do: a.sessions.Purge},
		{Name: "Destroy packages whose time is over", Every: time.Hour, Do: func(ctx context.Context) (int, error) { return expiry.Sweep(ctx, a.Log, a.Vault) }},
		{Name: "Delete objects that no record cites", Every: 24 * time.Hour, Do: a.sweepObjects},
	}, Report: func(j job.Job, r job.Run) {
		if r.Err != nil {
			a.site.Log.Error("a job failed", "job", j.Name, "err", r.Err)
		} else {
			a.site.Log.Info("a job was done", "job", j.Name, "things", r.Did)
		}
	}}
}

// grace is how old an object is before it may be missed: whoever seals one records it
// in the same request.
const grace = 24 * time.Hour

// sweepObjects deletes the objects of the vault that no record cites: what was sealed
// when the program was killed before it recorded so. Where details cannot be opened any
// more, nobody finds the object that they cite either.
func (a *App) sweepObjects(ctx context.Context) (int, error) {
	old, err := a.Vault.Objects(a.now().Add(-grace))
	if err != nil {
		return 0, err
	}
	missed := map[string]bool{}
	for _, id := range old {
		missed[id] = true
	}
	cite := func(text []byte) { citations(text, func(id string) { delete(missed, id) }) }
	for _, sealed := range []bool{false, true} { // most are cited in the open
		for r, err := range a.Log.All(ctx, 0) {
			if err != nil {
				return 0, err
			}
			if len(missed) == 0 {
				return 0, nil
			}
			if !sealed {
				cite(r.Body)
				continue
			}
			var details rawText
			if err := a.Log.Details(ctx, r, &details); err != nil && !errors.Is(err, ledger.ErrDisposed) {
				return 0, err
			}
			cite(details)
		}
	}
	n := 0
	for id := range missed {
		if err := a.Vault.Drop(id); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// rawText is JSON as it stands.
type rawText []byte

// UnmarshalJSON implements json.Unmarshaler.
func (t *rawText) UnmarshalJSON(data []byte) error {
	*t = append((*t)[:0], data...)
	return nil
}

// citations tells every part of a text that may be the id of an object: 26 letters and
// digits of base32.
func citations(text []byte, tell func(id string)) {
	const length = 26
	run := 0
	for i, c := range text {
		if c < 'a' || c > 'z' {
			if c < '2' || c > '7' {
				run = 0
				continue
			}
		}
		if run++; run >= length {
			tell(string(text[i+1-length : i+1]))
		}
	}
}
