package past

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
)

// A Config says what a [Keeper] stands on.
type Config struct {
	Live *ledger.Log
	Dir  string                                                  // where it makes a folder of its own, when it is first needed
	Open func(ctx context.Context, path string) (*sql.DB, error) // opens an embedded database
	Now  func() time.Time

	Patience time.Duration // how long [Keeper.At] waits; zero: 3 seconds
	Most     int64         // records that are gone through at most for one moment; zero: a million
}

// Bounds of what is kept.
const (
	maxHeld  = 8               // copies
	maxJobs  = 4               // moments that are waited for
	idle     = 2 * time.Minute // a copy that was used since is not given up: an answer takes less
	fresh    = time.Minute     // for so long, what is known today is taken as known
	step     = 2000            // records between two looks at the progress
	maxTimes = 16              // times of day that one copy answers for at once
)

// A Keeper keeps the ledger as it stood.
type Keeper struct {
	cfg  Config
	ctx  context.Context // ends with Close
	stop context.CancelFunc
	jobs sync.WaitGroup
	turn chan struct{} // one is computed at a time

	mu   sync.Mutex
	dir  string
	last int // number of the last file
	held map[key]*replica
	wait map[key]*job
}

// A key tells copies apart.
type key struct {
	records int64
	happens int64 // on the clock of happenings: nanoseconds; zero on that of records
}

// A replica is a copy of the ledger as it stood. Fields are guarded by the keeper.
type replica struct {
	path  string
	db    *sql.DB
	made  time.Time
	used  time.Time
	times map[time.Time]*ledger.Log
	order sync.Mutex // one new time at a time
}

// A job computes a replica.
type job struct {
	done  chan struct{} // closed at the end
	err   error         // then
	count atomic.Int64
	all   int64
}

// A Computing is the error while a moment is being computed: ask again.
type Computing struct{ Done, All int64 } // records

func (c *Computing) Error() string {
	return fmt.Sprintf("past: being computed, %d of %d records", c.Done, c.All)
}

// New returns a keeper that holds nothing yet.
func New(c Config) *Keeper {
	if c.Patience == 0 {
		c.Patience = 3 * time.Second
	}
	if c.Most == 0 {
		c.Most = 1_000_000
	}
	k := &Keeper{cfg: c, turn: make(chan struct{}, 1), held: map[key]*replica{}, wait: map[key]*job{}}
	k.ctx, k.stop = context.WithCancel(context.Background())
	return k
}

// Close gives everything up.
func (k *Keeper) Close() error {
	k.stop()
	k.jobs.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	var errs []error
	for _, r := range k.held {
		errs = append(errs, r.db.Close())
	}
	clear(k.held)
	if k.dir != "" {
		errs = append(errs, os.RemoveAll(k.dir))
	}
	return errors.Join(errs...)
}

// Position returns where the ledger stood at a moment.
func (k *Keeper) Position(ctx context.Context, m Moment) (ledger.AsOf, error) {
	h, err := k.cfg.Live.Head(ctx)
	if err != nil {
		return ledger.AsOf{}, err
	}
	when := ledger.AsOf{Records: m.Record + 1}
	switch {
	case !m.At.IsZero():
		when, err = k.cfg.Live.AsOfTime(ctx, m.At)
	case m.Record >= h.N:
		return when, fault.New(fault.Invalid, "there is no record %d yet: the newest is %d", m.Record, h.N-1)
	default:
		for r, e := range k.cfg.Live.All(ctx, m.Record) {
			when.Happens, err = r.Time, e
			break
		}
	}
	if m.Clock == Happened {
		when.Known = h.N
	}
	return when, err
}

// At returns the ledger as it stood at a moment. It fails with a [Computing] if that
// takes longer than the keeper's patience; what was begun goes on.
func (k *Keeper) At(ctx context.Context, m Moment) (*ledger.Log, error) {
	when, err := k.Position(ctx, m)
	if err != nil {
		return nil, err
	}
	id := key{records: when.Records}
	if when.Known > 0 {
		id.happens = when.Happens.UnixNano()
	}
	r, err := k.replica(ctx, id, when)
	if err != nil {
		return nil, err
	}
	return k.view(ctx, r, when)
}

// replica waits for a copy.
func (k *Keeper) replica(ctx context.Context, id key, when ledger.AsOf) (*replica, error) {
	r, j, err := k.begin(id, when)
	if r != nil || err != nil {
		return r, err
	}
	patience := time.NewTimer(k.cfg.Patience)
	defer patience.Stop()
	select {
	case <-j.done:
		if j.err != nil {
			return nil, j.err
		}
		if r, _, err = k.begin(id, when); r == nil && err == nil {
			err = &Computing{0, j.all}
		}
		return r, err
	case <-patience.C:
		return nil, &Computing{j.count.Load(), j.all}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// begin returns the copy if it is there, or the job that makes it.
func (k *Keeper) begin(id key, when ledger.AsOf) (*replica, *job, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.cfg.Now()
	if r := k.held[id]; r != nil && (id.happens == 0 || now.Sub(r.made) < fresh) {
		r.used = now
		return r, nil, nil
	}
	if j := k.wait[id]; j != nil {
		return nil, j, nil
	}
	if k.ctx.Err() != nil {
		return nil, nil, fault.New(fault.Refused, "the hub is stopping")
	}
	if len(k.wait) >= maxJobs {
		return nil, nil, fault.New(fault.Refused, "other moments of the past are being computed: try again in a minute")
	}
	from, _ := k.nearest(when.Records)
	j := &job{done: make(chan struct{}), all: when.Records - from.records}
	if j.all > k.cfg.Most {
		return nil, nil, fault.New(fault.Refused, "that moment has %d records before it, too many to go through for a page: ask the operator, who has \"chaperone ledger show --as-of\"", when.Records)
	}
	k.wait[id] = j
	k.jobs.Go(func() {
		j.err = k.compute(id, when, j)
		k.mu.Lock()
		delete(k.wait, id)
		k.mu.Unlock()
		close(j.done)
	})
	return nil, j, nil
}

// nearest returns the copy on the clock of records that is nearest before a position.
// The caller holds the lock.
func (k *Keeper) nearest(records int64) (key, *replica) {
	var best key
	var found *replica
	for id, r := range k.held {
		if id.happens == 0 && id.records <= records && (found == nil || id.records > best.records) {
			best, found = id, r
		}
	}
	return best, found
}

// compute makes a copy and keeps it.
func (k *Keeper) compute(id key, when ledger.AsOf, j *job) error {
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-k.ctx.Done():
		return k.ctx.Err()
	}
	if id.happens != 0 { // what was recorded by then comes first, and is of use by itself
		k.mu.Lock()
		have := k.held[key{records: id.records}]
		k.mu.Unlock()
		if have == nil {
			plain := ledger.AsOf{Records: when.Records, Happens: when.Happens}
			if err := k.carry(key{records: id.records}, plain, j); err != nil {
				return err
			}
		}
	}
	return k.carry(id, when, j)
}

// carry makes a copy from the nearest one before it.
func (k *Keeper) carry(id key, when ledger.AsOf, j *job) (err error) {
	path, from, base, err := k.file(when.Records)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(path))
		}
	}()
	if base != nil {
		if _, err := base.db.ExecContext(k.ctx, `vacuum into $1`, path); err != nil {
			return fmt.Errorf("past: %w", err)
		}
	}
	db, err := k.cfg.Open(k.ctx, path)
	if err != nil {
		return err
	}
	var log *ledger.Log
	for at := min(from.records+step, when.Records); ; at = min(at+step, when.Records) {
		part := ledger.AsOf{Records: at, Happens: when.Happens}
		if at == when.Records {
			part = when
		}
		if log, err = k.cfg.Live.Past(k.ctx, db, part); err != nil {
			return errors.Join(err, db.Close())
		}
		j.count.Store(at - from.records)
		if at == when.Records {
			break
		}
	}
	now := k.cfg.Now()
	k.mu.Lock()
	old := k.held[id]
	k.held[id] = &replica{path: path, db: db, made: now, used: now, times: map[time.Time]*ledger.Log{when.Happens: log}}
	gone := k.spare(now)
	if old != nil {
		gone = append(gone, old)
	}
	k.mu.Unlock()
	for _, r := range gone { // waits for what is being read
		err = errors.Join(err, r.db.Close(), remove(r.path))
	}
	return err
}

// file names a new file, and finds the copy to begin with.
func (k *Keeper) file(records int64) (path string, from key, base *replica, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dir == "" {
		if k.dir, err = folder(k.cfg.Dir); err != nil {
			return "", from, nil, err
		}
	}
	k.last++
	from, base = k.nearest(records)
	if base != nil {
		base.used = k.cfg.Now()
	}
	return filepath.Join(k.dir, fmt.Sprintf("%d.db", k.last)), from, base, nil
}

// spare takes out the copies that are too many, those first that were not used longest.
// The caller holds the lock.
func (k *Keeper) spare(now time.Time) (gone []*replica) {
	for len(k.held) > maxHeld {
		var oldest key
		var found *replica
		for id, r := range k.held {
			if now.Sub(r.used) > idle && (found == nil || r.used.Before(found.used)) {
				oldest, found = id, r
			}
		}
		if found == nil && len(k.held) <= 2*maxHeld {
			return gone
		}
		if found == nil { // all are in use; the newest is the one that was asked for
			for id, r := range k.held {
				if found == nil || r.used.Before(found.used) {
					oldest, found = id, r
				}
			}
		}
		delete(k.held, oldest)
		gone = append(gone, found)
	}
	return gone
}

// view returns the log on a copy for a time: what has expired depends on it.
func (k *Keeper) view(ctx context.Context, r *replica, when ledger.AsOf) (*ledger.Log, error) {
	r.order.Lock()
	defer r.order.Unlock()
	if log := r.times[when.Happens]; log != nil {
		return log, nil
	}
	log, err := k.cfg.Live.Past(ctx, r.db, ledger.AsOf{Records: when.Records, Happens: when.Happens})
	if err != nil {
		return nil, err
	}
	if len(r.times) >= maxTimes {
		clear(r.times)
	}
	r.times[when.Happens] = log
	return log, nil
}

func remove(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
