// Package group lets many callers share a piece of work that costs the same for one as
// for a thousand, such as waiting for a disk: while it is done for some, others gather
// for the next time.
package group

import (
	"runtime"
	"sync"
)

// A Queue is where callers gather. Any number may put; one takes.
type Queue[T any] struct {
	mu      sync.Mutex
	waiting []T
	closed  bool
	news    chan struct{} // holds one while there is something to take
}

// New returns an empty queue.
func New[T any]() *Queue[T] { return &Queue[T]{news: make(chan struct{}, 1)} }

// Put adds v, and reports false if the queue is closed.
func (q *Queue[T]) Put(v T) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, v)
	if len(q.waiting) == 1 {
		q.wake()
	}
	return true
}

func (q *Queue[T]) wake() {
	select {
	case q.news <- struct{}{}:
	default:
	}
}

// Take waits until there is something, lets callers who are about to put do so, and
// returns at most so many, in the order in which they came. It reports false once the
// queue is closed and empty.
func (q *Queue[T]) Take(most int) ([]T, bool) {
	// Whoever has just been served puts again as soon as it runs. Without yielding to them
	// there would be two groups that take turns, each half as large.
	for n := -1; ; {
		runtime.Gosched()
		q.mu.Lock()
		had := n
		n = len(q.waiting)
		q.mu.Unlock()
		if n == had || n >= most {
			break
		}
	}
	for {
		q.mu.Lock()
		if n := min(len(q.waiting), most); n > 0 {
			out := q.waiting[:n:n]
			if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
				q.waiting = nil
			}
			q.mu.Unlock()
			return out, true
		}
		closed := q.closed
		q.mu.Unlock()
		if closed {
			return nil, false
		}
		<-q.news
	}
}

// Close lets nobody put any more. What was put can still be taken.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake()
}
