// Package tail follows a ledger as it grows, whichever process appends to it: the
// outbox of whoever acts on what was recorded.
package tail

import (
	"context"
	"fmt"
	"iter"
	"time"

	"chaperone.example/ledger"
)

// A Waker returns when another process may have appended, or ctx ends. Nothing depends
// on it but speed: news may be lost, records not.
type Waker func(ctx context.Context) error

// patience is how long a reader waits for news before it looks itself.
const patience = time.Second

// Follow yields every record from position seq on, in order and once each, and waits
// for more until ctx ends. The waker may be nil.
func Follow(ctx context.Context, log *ledger.Log, seq int64, w Waker) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for ctx.Err() == nil {
			more := log.Grown() // before reading, so that no news is missed
			for r, err := range log.All(ctx, seq) {
				if ctx.Err() != nil {
					return
				}
				if err == nil && r.Seq != seq {
					err = fmt.Errorf("ledger: record %d is missing", seq)
				}
				if !yield(r, err) || err != nil {
					return
				}
				seq++
			}
			await(ctx, more, w)
		}
	}
}

// await returns when there may be more.
func await(ctx context.Context, more <-chan struct{}, w Waker) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	news := make(chan struct{})
	if w != nil {
		go func() {
			defer close(news)
			if w(ctx) != nil {
				<-ctx.Done() // the waker is broken: look as often as without
			}
		}()
	}
	select {
	case <-more:
	case <-news:
	case <-ctx.Done():
	}
}
