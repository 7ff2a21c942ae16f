package job

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestJobsRunAtOnceAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var mu sync.Mutex // what the jobs write is read here between their runs
		count := map[string]int{}
		var reports []string
		broken := errors.New("disk on fire")
		r := &Runner{Now: time.Now, Report: func(j Job, _ Run) { mu.Lock(); defer mu.Unlock(); reports = append(reports, j.Name) }, Jobs: []Job{
			{"hourly", time.Hour, func(context.Context) (int, error) { mu.Lock(); defer mu.Unlock(); count["hourly"]++; return 0, nil }},
			{"daily", 24 * time.Hour, func(context.Context) (int, error) { mu.Lock(); defer mu.Unlock(); count["daily"]++; return 2, nil }},
			{"sick", 10 * time.Hour, func(context.Context) (int, error) {
				mu.Lock()
				defer mu.Unlock()
				if count["sick"]++; count["sick"] > 1 {
					return 0, broken
				}
				return 0, nil
			}},
		}}
		if run := r.Last("hourly"); !run.At.IsZero() {
			t.Errorf("before it ran: %+v", run)
		}
		began := time.Now().UTC()
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		synctest.Wait()
		mu.Lock()
		if count["hourly"] != 1 || count["daily"] != 1 || count["sick"] != 1 {
			t.Errorf("at the start: %v", count)
		}
		mu.Unlock()
		time.Sleep(25*time.Hour + time.Minute)
		synctest.Wait()
		mu.Lock()
		if count["hourly"] != 26 || count["daily"] != 2 || count["sick"] != 3 {
			t.Errorf("after 25 hours: %v", count)
		}
		if run := r.Last("sick"); !errors.Is(run.Err, broken) || !run.Last.Equal(began) || !run.At.Equal(began.Add(20*time.Hour)) {
			t.Errorf("the one that fails: %+v", run)
		}
		if len(reports) != 4 { // twice daily, twice sick
			t.Errorf("reports: %v", reports)
		}
		mu.Unlock()
		stop()
		<-done
	})
}
