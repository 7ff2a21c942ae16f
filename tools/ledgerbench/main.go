// Ledgerbench measures the ledger against others that make each append durable and keep a
// Merkle tree: immudb's store in its synchronous mode, and tessera on POSIX files. Every
// appender waits for the acknowledgement of its own event before the next. All run in
// turn, in the same process and on the same disk, so that a busy machine hinders all.
//
//	go run . -dir FOLDER             ledger, immudb and tessera, in 5 rounds
//	go run . -dir FOLDER -size 1e7   the processor time of an append at so many records
//
// It is a module of its own: immudb's licence (BUSL 1.1) lets it be measured, not shipped.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"chaperone.example/ledger"
	"github.com/codenotary/immudb/embedded/logger"
	"github.com/codenotary/immudb/embedded/store"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite"
)

var (
	dir       = flag.String("dir", os.TempDir(), "a folder on the disk to measure")
	rounds    = flag.Int("rounds", 5, "interleaved rounds")
	span      = flag.Duration("span", 1500*time.Millisecond, "how long each runs in a round")
	appenders = flag.String("appenders", "1,64,512,2000", "how many append at a time")
	syncEvery = flag.Duration("immudb-sync", time.Millisecond, "immudb's sync frequency: its default of 20 ms makes a single appender wait for it")
	batchAge  = flag.Duration("tessera-age", 2*time.Millisecond, "tessera's greatest age of a batch: its default of 250 ms makes a single appender wait for it")
	batchSize = flag.Uint("tessera-batch", 1024, "tessera's greatest batch")
	size      = flag.Float64("size", 0, "measure the processor time of an append to a ledger of so many records, against one of ten thousand")
)

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	root, err := os.MkdirTemp(*dir, "ledgerbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	if *size > 0 {
		return sizes(ctx, root, int(*size))
	}
	return peers(ctx, root)
}

// An appending is something that makes an event durable before it returns.
type appending struct {
	name   string
	append func(ctx context.Context, stream string, version int) error
	close  func() error
}

func peers(ctx context.Context, root string) error {
	for _, text := range strings.Split(*appenders, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		var all []*appending
		for _, open := range []func(context.Context, string) (*appending, error){openLedger, openImmudb, openTessera} {
			a, err := open(ctx, filepath.Join(root, fmt.Sprint(n, "-", len(all))))
			if err != nil {
				return err
			}
			all = append(all, a)
		}
		rates, costs := make([][]float64, len(all)), make([][]float64, len(all))
		for r := range *rounds {
			for i, a := range all {
				rate, cost, err := measure(ctx, a, n, fmt.Sprint(r))
				if err != nil {
					return fmt.Errorf("%s: %w", a.name, err)
				}
				rates[i], costs[i] = append(rates[i], rate), append(costs[i], cost)
			}
		}
		for i, a := range all {
			var ratios []float64
			for r := range *rounds {
				ratios = append(ratios, rates[0][r]/rates[i][r])
			}
			fmt.Printf("%4d appenders  %-8s %7.0f/s  %6.1f µs of processor an event  ledger is %.2f times as fast [%.2f..%.2f]\n", n, a.name,
				median(rates[i]), median(costs[i]), median(ratios), slices.Min(ratios), slices.Max(ratios))
			if err := a.close(); err != nil {
				return fmt.Errorf("%s: %w", a.name, err)
			}
		}
	}
	return nil
}

// measure returns appends a second, and the processor time of each in microseconds.
func measure(ctx context.Context, a *appending, appenders int, tag string) (rate, cost float64, err error) {
	var n atomic.Int64
	var failed atomic.Value
	var wg sync.WaitGroup
	begin, used := time.Now(), processor()
	for i := range appenders {
		wg.Go(func() {
			for k := 0; time.Since(begin) < *span; k++ {
				if err := a.append(ctx, fmt.Sprintf("count/%s-%d-%d", tag, i, k/8), k%8); err != nil {
					failed.Store(err)
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	if err, ok := failed.Load().(error); ok {
		return 0, 0, err
	}
	return float64(n.Load()) / time.Since(begin).Seconds(), float64((processor() - used).Microseconds()) / float64(n.Load()), nil
}

func processor() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

// sizes compares the processor time of an append to a large ledger with that of one to a
// small one, at 64 appenders and without views.
func sizes(ctx context.Context, root string, large int) error {
	const small = 10_000
	var all []*appending
	for _, n := range []int{small, large} {
		a, d, err := openDesk(ctx, filepath.Join(root, fmt.Sprint(n)))
		if err != nil {
			return err
		}
		begin, used := time.Now(), processor()
		if err := fill(ctx, d, n); err != nil {
			return err
		}
		fmt.Printf("filled %d records in %v, %.1f µs of processor each\n", n, time.Since(begin).Round(time.Second), float64((processor()-used).Microseconds())/float64(n))
		all = append(all, a)
	}
	var ratios []float64
	for r := range *rounds {
		var costs []float64
		for _, a := range all {
			_, cost, err := measure(ctx, a, 64, fmt.Sprint(rand.Text()[:8], r))
			if err != nil {
				return err
			}
			costs = append(costs, cost)
		}
		fmt.Printf("round %d: %.1f µs at %d records, %.1f µs at %d\n", r+1, costs[0], small, costs[1], large)
		ratios = append(ratios, costs[1]/costs[0])
	}
	fmt.Printf("an append to %d records costs %.2f times one to %d [%.2f..%.2f]\n", large, median(ratios), small, slices.Min(ratios), slices.Max(ratios))
	for _, a := range all {
		if err := a.close(); err != nil {
			return err
		}
	}
	return nil
}

// fill appends n records in streams with random names of eight records.
func fill(ctx context.Context, d *ledger.Desk, n int) error {
	const workers = 512
	var left atomic.Int64
	left.Store(int64(n))
	var failed atomic.Value
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for left.Add(-8) > -8 && failed.Load() == nil {
				if _, err := ledger.Ask(ctx, d, alice, looked{stream: "count/" + rand.Text()[:16], times: 8}); err != nil {
					failed.Store(err)
				}
			}
		})
	}
	wg.Wait()
	err, _ := failed.Load().(error)
	return err
}

// payload is an event of the size that the product's have: some 500 bytes as a record.
type payload struct {
	Package   string `json:"package"`
	Recipient string `json:"recipient"`
	Bytes     int    `json:"bytes"`
	Manifest  string `json:"manifest"`
	Basis     string `json:"basis"`
}

var (
	alice = ledger.Actor{ID: "p-7d1f", Org: "north", Role: "steward", Reason: "request/5ac1"}
	one   = payload{"pkg-4f1c09b2a77e4c5d", "key-9b3e71c05d2f4a68", 1834022, "sha256:7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069", "45 CFR 164.506(c)(4)"}
	plain = bytes.Repeat([]byte("0123456789abcdef"), 32) // for those who store bytes
)

// looked records that something was seen, through the door of the ledger.
type looked struct {
	stream string
	times  int
}

func (looked) Action() string                                          { return "package.see" }
func (looked) Answer(context.Context, *ledger.Reading) (string, error) { return "", nil }
func (q looked) Accesses(string, ledger.Moment) []ledger.Access {
	out := make([]ledger.Access, q.times)
	for i := range out {
		out[i] = ledger.Access{Stream: q.stream, Event: one, Parties: []string{"north", "south"}}
	}
	return out
}

type gate struct{}

func (gate) Permit(_ context.Context, a ledger.Actor, _ string) (ledger.Scope, error) {
	return ledger.Scope{Actor: a, Org: a.Org}, nil
}

type noSealer struct{}

func (noSealer) Seal(context.Context, string, []byte, []byte) ([]byte, error) {
	return nil, errors.New("nothing is sealed here")
}
func (noSealer) Open(context.Context, string, []byte, []byte) ([]byte, error) {
	return nil, ledger.ErrDisposed
}

func newSigner() (note.Signer, error) {
	skey, _, err := note.GenerateKey(rand.Reader, "ledger.bench")
	if err != nil {
		return nil, err
	}
	return note.NewSigner(skey)
}

func openLedger(ctx context.Context, path string) (*appending, error) {
	a, _, err := openDesk(ctx, path)
	return a, err
}

func openDesk(ctx context.Context, path string) (*appending, *ledger.Desk, error) {
	db, err := sql.Open("sqlite", "file:"+path+".db?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(10000)&_txlock=immediate")
	if err != nil {
		return nil, nil, err
	}
	signer, err := newSigner()
	if err != nil {
		return nil, nil, err
	}
	l, err := ledger.Open(ctx, ledger.Config{DB: db, Origin: "ledger.bench", Now: time.Now, Rand: rand.Reader, Types: []ledger.Types{{"package.seen": payload{}}},
		Sealer: noSealer{}, Secret: make([]byte, 32), Signer: signer})
	if err != nil {
		return nil, nil, err
	}
	d := &ledger.Desk{Log: l, Gate: gate{}}
	return &appending{"ledger", func(ctx context.Context, stream string, _ int) error {
		_, err := ledger.Ask(ctx, d, alice, looked{stream, 1})
		return err
	}, func() error { l.Close(); return db.Close() }}, d, nil
}

// openImmudb opens immudb's store: one transaction an event, acknowledged when it is
// synced.
func openImmudb(_ context.Context, path string) (*appending, error) {
	s, err := store.Open(path, store.DefaultOptions().WithSynced(true).WithSyncFrequency(*syncEvery).WithMaxActiveTransactions(4096).
		WithMaxConcurrency(2500).WithMaxWaitees(4096).WithMaxTxEntries(16).WithLogger(logger.NewSimpleLoggerWithLevel("immudb", os.Stderr, logger.LogError)))
	if err != nil {
		return nil, err
	}
	return &appending{"immudb", func(ctx context.Context, stream string, version int) error {
		tx, err := s.NewWriteOnlyTx(ctx)
		if err != nil {
			return err
		}
		if err := tx.Set(fmt.Appendf(nil, "%s/%d", stream, version), nil, plain); err != nil {
			return errors.Join(err, tx.Cancel())
		}
		_, err = tx.AsyncCommit(ctx) // durable, and indexed in the background
		return err
	}, s.Close}, nil
}

// openTessera opens a tessera log on files: an entry is acknowledged when its place in
// the log is durable.
func openTessera(ctx context.Context, path string) (*appending, error) {
	signer, err := newSigner()
	if err != nil {
		return nil, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: path})
	if err != nil {
		return nil, err
	}
	a, shutdown, _, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().WithCheckpointSigner(signer).
		WithCheckpointInterval(time.Second).WithBatching(*batchSize, *batchAge).WithPushback(8192))
	if err != nil {
		return nil, err
	}
	return &appending{"tessera", func(ctx context.Context, stream string, version int) error {
		_, err := a.Add(ctx, tessera.NewEntry(fmt.Appendf(nil, "%s/%d %s", stream, version, plain)))()
		return err
	}, func() error { return shutdown(ctx) }}, nil
}
