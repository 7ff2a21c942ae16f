package ledger

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// grew wakes those who follow the ledger.
func (l *Log) grew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.more)
	l.more = make(chan struct{})
}

func (l *Log) growth() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.more
}

// patience is how long a reader waits for news before it looks itself: news may be
// lost, records not.
const patience = time.Second

// Follow yields every record from position seq on, in order and once each, and waits
// for more until ctx ends.
func (l *Log) Follow(ctx context.Context, seq int64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for {
			more := l.growth() // before reading, so that no news is missed
			for r, err := range l.All(ctx, seq) {
				if err == nil && r.Seq != seq {
					err = fmt.Errorf("ledger: record %d is missing", seq)
				}
				if ctx.Err() != nil {
					return
				}
				if !yield(r, err) || err != nil {
					return
				}
				seq++
			}
			if !l.await(ctx, more) {
				return
			}
		}
	}
}

// await returns when there may be more, and false when ctx ended.
func (l *Log) await(ctx context.Context, more <-chan struct{}) bool {
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if l.cfg.Wait != nil {
		go func() {
			select {
			case <-more:
			case <-l.stop:
			case <-wait.Done():
				return
			}
			cancel()
		}()
		l.cfg.Wait(wait)
		return ctx.Err() == nil
	}
	select {
	case <-more:
	case <-l.stop:
		return false
	case <-wait.Done():
	}
	return ctx.Err() == nil
}
