// Package job does what is due from time to time and belongs to no request: sweeping
// away what has expired. A job asks the ledger what is due, so that nothing is forgotten
// when the program was down, and does it so that doing it twice, or by two processes at
// once, does no harm.
package job

import (
	"context"
	"sync"
	"time"
)

// A Job is done again and again.
type Job struct {
	Name  string // for people
	Every time.Duration
	// Do does what is due now and returns how many things it did.
	Do func(ctx context.Context) (int, error)
}

// A Run says how a job went.
type Run struct {
	At   time.Time // when it ended; zero: it has not run yet
	Did  int
	Err  error
	Last time.Time // when it last ended well
}

// A Runner does jobs, one at a time.
type Runner struct {
	Jobs   []Job
	Now    func() time.Time
	Report func(Job, Run) // told of every run that did something or failed

	mu   sync.Mutex
	runs map[string]Run
}

// Run does every job at once, and then when its time has come, until ctx ends.
func (r *Runner) Run(ctx context.Context) {
	var wg sync.WaitGroup
	turn := make(chan struct{}, 1)
	for _, j := range r.Jobs {
		wg.Go(func() {
			t := time.NewTicker(j.Every)
			defer t.Stop()
			for {
				turn <- struct{}{}
				r.do(ctx, j)
				<-turn
				select {
				case <-t.C:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	wg.Wait()
}

// Once does every job one time.
func (r *Runner) Once(ctx context.Context) {
	for _, j := range r.Jobs {
		r.do(ctx, j)
	}
}

func (r *Runner) do(ctx context.Context, j Job) {
	if ctx.Err() != nil {
		return
	}
	did, err := j.Do(ctx)
	if err != nil && ctx.Err() != nil {
		return // the program is stopping
	}
	run := Run{At: r.Now().UTC(), Did: did, Err: err}
	r.mu.Lock()
	if r.runs == nil {
		r.runs = map[string]Run{}
	}
	if run.Last = run.At; err != nil {
		run.Last = r.runs[j.Name].Last
	}
	r.runs[j.Name] = run
	r.mu.Unlock()
	if r.Report != nil && (err != nil || did > 0) {
		r.Report(j, run)
	}
}

// Last returns how the job of a name went the last time.
func (r *Runner) Last(name string) Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.runs[name]
}
